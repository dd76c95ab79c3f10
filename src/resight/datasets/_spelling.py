r"""Paths of a list as the disk spells them: Windows writes them with `\`, and macOS letters in two parts."""

from __future__ import annotations

import functools
import ntpath
import os
import posixpath
from collections.abc import Mapping
from pathlib import Path

from resight.names import composed


class Spelling:
    r"""Paths relative to `root`, each of which a list may spell otherwise than the disk does.

    A path is taken as it is written, if there is such a file. Else its names are compared in Unicode's normal
    form NFC: macOS may hold an e and an accent where the list has an é. Else `\` separates folders.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names = functools.lru_cache(maxsize=16)(self._listed)

    def of(self, path: str) -> str | None:
        """The path in its shortest form, as the disk spells it if it is there; None if it leads out."""
        clean = posixpath.normpath(path)
        if path.isascii() and "\\" not in path and ":" not in path:
            return None if _leads_out(clean) else clean
        if not _leads_out(clean) and (found := self._found(clean)):
            return found
        clean = posixpath.normpath(path.replace("\\", "/"))
        if _leads_out(clean) or ntpath.splitdrive(clean)[0]:
            return None
        return self._found(clean) or clean

    def _found(self, clean: str) -> str | None:
        """The same path in the names of the disk; None if it is not there."""
        folder = ""
        for part in clean.split("/"):
            names = self._names(folder)
            name = names.get(part) or names.get(composed(part))
            if name is None:
                return None
            folder = posixpath.join(folder, name)
        return folder

    def _listed(self, folder: str) -> Mapping[str, str]:
        """The names in a folder, by themselves and by their normal form; none where it is no folder."""
        try:
            names = sorted(os.listdir(self._root / folder))
        except OSError:
            return {}
        return {composed(name): name for name in names} | {name: name for name in names}


def _leads_out(clean: str) -> bool:
    return clean.startswith(("/", "../")) or clean == ".." or "\0" in clean
