"""A recipe measured on a data set, by its protocol, and whatever was not done by it said."""

from resight.evaluator.answers import Evaluation, QueryResult, RankedPhoto
from resight.evaluator.asking import ask
from resight.evaluator.bench import Bench, prepare
from resight.evaluator.comparing import Comparison, Difference, compare
from resight.evaluator.photo_ranking import PhotoRanking
from resight.evaluator.running import evaluate
from resight.evaluator.study import Study
from resight.evaluator.vectors import score_vectors

__all__ = [
    "Bench", "Comparison", "Difference", "Evaluation", "PhotoRanking", "QueryResult", "RankedPhoto", "Study",
    "ask", "compare", "evaluate", "prepare", "score_vectors",
]  # fmt: skip
