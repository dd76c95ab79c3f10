"""Parameters of fitted steps as a safetensors file, named by what is in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from resight.errors import GalleryError
from resight.files import write_whole
from resight.gallery.database import reading_errors
from resight.gallery.vectors import Disk
from resight.methods import Parameters, pack, unpack


def save(folder: Path, parameters: dict[str, Parameters], disk: Disk) -> str:
    """Write the parameters; the file's name, `parameters-ID.safetensors`, whose ID is a hash of its bytes."""
    from safetensors.numpy import save as to_bytes

    data = to_bytes(pack(parameters))
    name = f"parameters-{_digest(data)}.safetensors"
    if not _whole(folder / name):
        write_whole(folder / name, [data], write=disk.write, sync=disk.sync, rename=disk.rename)
    return name


def load(folder: Path, name: str) -> dict[str, Parameters]:
    """The parameters of a file, steps in the order of their names; raises GalleryError for changed bytes."""
    from safetensors.numpy import load as from_bytes

    try:
        with reading_errors(folder):
            data = (folder / name).read_bytes()
    except FileNotFoundError as error:
        raise GalleryError(f"{name} cannot be read ({error.strerror}): run `resight fit`.") from None
    if _digest(data) != identity(name):
        raise GalleryError(f"{name} is damaged: run `resight fit`.")
    return unpack(from_bytes(data))


def _whole(path: Path) -> bool:
    return path.exists() and _digest(path.read_bytes()) == identity(path.name)


def identity(name: str) -> str:
    """The part of the file's name that says what is in it."""
    return name.removeprefix("parameters-").removesuffix(".safetensors")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
