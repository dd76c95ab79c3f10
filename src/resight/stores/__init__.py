"""Where vectors are searched: a file is a store, and gives an empty one of `(generation, width)`.

All keep the promise `Store`; `memory_map` is the exact reference. A gallery is the record of its vectors: a
store follows it from its `state`, and can be thrown away.
"""

from resight.stores._promise import Owners, Rows, Scores, State, Store

__all__ = ["Owners", "Rows", "Scores", "State", "Store"]
