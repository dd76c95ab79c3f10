"""Opens a data set by its name, or by the path of a folder or CSV of your own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from resight import methods
from resight.addresses import folder_of
from resight.errors import BadQuery, DataMissing, UnknownMethod

if TYPE_CHECKING:
    from resight.dataset import Dataset

VARIABLE = "RESIGHT_DATA"
OWN = "folder"  # the method for what users name by its path


def open_dataset(text: str, root: Path | None = None) -> Dataset:
    """`text` is the path of a folder or CSV, or `name` or `name:setting=value,...` of a data set.

    A named one lies in `root`, else in the folder of its name, with underscores, below $RESIGHT_DATA.
    Where a path and a data set have the same name, the data set is meant: `./name` is the path.
    """
    if not text.strip():
        raise BadQuery("An empty name is no folder, CSV file or data set: name one.")
    folder_of(text, "A data set")
    name, colon, settings = text.partition(":")
    if root is None and not is_dataset(name) and os.path.exists(text):
        return cast("Dataset", methods.find("datasets", OWN)(Path(text)))
    if root is None and not is_dataset(name) and ("/" in text or text.endswith(".csv")):
        raise DataMissing(f"There is no folder or CSV file {text}.")
    if not is_dataset(name):
        raise UnknownMethod("folder, CSV file or data set", text, methods.names("datasets"))
    method = methods.find("datasets", name.replace("_", "-") + colon + settings)
    folder = root or home(name)
    if not os.path.exists(folder):
        raise DataMissing(
            f"The data set {method.name} is not at {folder}: `resight data {method.name}` tells what is "
            "needed, and --root names another folder."
        )
    return cast("Dataset", method(folder))


def is_dataset(name: str) -> bool:
    """Whether a data set has this name, with hyphens or underscores."""
    return methods.has("datasets", name.replace("_", "-"))


def home(name: str) -> Path:
    """The folder of a data set below $RESIGHT_DATA."""
    data = os.environ.get(VARIABLE)
    if name.replace("_", "-") == OWN:
        raise DataMissing("Name your folder or CSV by its path, or with --root.")
    if not data:
        raise DataMissing(
            f"Say where the data set {name} lies, with --root or as a folder below the one that {VARIABLE} "
            f"names; `resight data {name}` tells what is needed."
        )
    return Path(data) / name.replace("-", "_")
