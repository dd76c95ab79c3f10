"""A recipe measured on a data set, by its protocol and with whatever was not done by it marked."""

from resight.evaluator.answers import Answer, Evaluation, Placed
from resight.evaluator.comparing import Comparison, Difference, compare
from resight.evaluator.running import evaluate
from resight.evaluator.study import Study

__all__ = ["Answer", "Comparison", "Difference", "Evaluation", "Placed", "Study", "compare", "evaluate"]
