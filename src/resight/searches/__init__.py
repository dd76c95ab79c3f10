"""How policies are searched for: a file is a search, `(score, space, budget, generator, progress) -> Found`.

A search scores `budget` policies at most, and gives the best of them. It is deterministic: all that is random
comes from the NumPy generator. It tells its progress, and raises Stopped where that asks for an end.
"""

from resight.searches._promise import Found, Score, Space

__all__ = ["Found", "Score", "Space"]
