"""Photos to descriptors by the sentences of a recipe, and what fits them."""

from resight.describing.describer import Describer, Fitted, describer_like
from resight.describing.fitting import fit

__all__ = ["Describer", "Fitted", "describer_like", "fit"]
