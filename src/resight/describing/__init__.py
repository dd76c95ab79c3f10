"""Photos to descriptors by the sentences of a recipe, and what fits them."""

from resight.describing.describer import Describer, Fitted, describer_like
from resight.describing.fitting import fit
from resight.describing.looking import maps_of
from resight.describing.sentences import Sentences

__all__ = ["Describer", "Fitted", "Sentences", "describer_like", "fit", "maps_of"]
