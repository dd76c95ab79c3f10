"""What makes a policy good: a file is a reward, `(examples, *, settings) -> Score`.

A `Score` takes policies as whole numbers (P, n), each the number of a variant, and gives (P,) rewards: the
higher the better. It runs no network: `Examples` hold what every photo is described as through every variant.
"""

from resight.rewards._promise import Examples, Score

__all__ = ["Examples", "Score"]
