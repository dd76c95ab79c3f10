"""Which store a gallery is searched by: the one that it was told to keep, or the one that suits its size."""

from __future__ import annotations

from resight import methods, places
from resight.methods import Method

AUTO = "auto"
EVERY_ROW = "memory-map"


def choose(named: str, rows: int) -> Method:
    """The store of such a sentence as `faiss:recall=0.95`; of `auto`, the one that suits so many rows.

    A store says `AUTO_FROM` how many rows it suits, and `KEEPS_INDEX` that it keeps an index beside the
    gallery, which its file's `keep` brings up to date. Raises UnknownMethod, and BadSetting.
    """
    return methods.find("stores", suit(rows) if named == AUTO else named)


def suit(rows: int) -> str:
    """Of Resight's own stores the one of the most rows that are needed for it, where so many suffice.

    Those of other packages are for whoever names them: finding them would cost every search.
    """
    from_ = {name: methods.module("stores", name) for name in places.own_names("stores")}
    suited = {
        name: file.AUTO_FROM
        for name, file in from_.items()
        if hasattr(file, "AUTO_FROM") and rows >= file.AUTO_FROM and file.is_installed()
    }
    return max(suited, key=lambda name: suited[name], default=EVERY_ROW)
