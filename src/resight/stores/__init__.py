"""Where vectors are searched: a file is a store, and gives an empty one of `(generation, width)`.

All keep the promise `Store`; `memory_map` is the exact reference. A gallery is the record of its vectors: a
store follows it from its `state`, and can be thrown away. A store that `KEEPS_INDEX` is also told the folder
and the id of the gallery, beside which its index lies, or of which a server has the rows. Its file has also
`check()`, `keep(folder, given, progress)`, `tell(folder, gallery)` and `drop(folder, gallery)`.
"""

from resight.stores._choice import AUTO, EVERY_ROW, choose
from resight.stores._promise import Given, Held, Owners, Rows, Scores, State, Store

__all__ = ["AUTO", "EVERY_ROW", "Given", "Held", "Owners", "Rows", "Scores", "State", "Store", "choose"]
