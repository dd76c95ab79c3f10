"""What a walk passes over: known folders of thumbnails and deleted files, and what `--exclude` names."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from resight.images.system_folders import is_system_folder
from resight.names import composed


@dataclass(frozen=True)
class Excluded:
    """Globs over relative paths; one without '/' is over the name of each file and folder.

    A folder that matches goes with all that is in it. What a glob spells letter by letter matches, too, so
    that '[2019] Rome' is that folder; names are compared in Unicode's composed form (NFC).
    """

    globs: tuple[str, ...] = ()
    _compiled: tuple[tuple[bool, re.Pattern[str]], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", tuple(map(_compile, self.globs)))

    def matches(self, relative: str) -> bool:
        """Whether a glob names this very file or folder."""
        if not self._compiled:
            return False
        path = composed(relative)
        name = path.rpartition("/")[2]
        return any(glob.fullmatch(name if by_name else path) for by_name, glob in self._compiled)

    def covers(self, relative: str) -> bool:
        """Whether a file is passed over, for itself or for a folder that it is in."""
        folders = list(folders_of(relative))
        return any(map(is_system_folder, folders)) or any(map(self.matches, (*folders, relative)))


def _compile(glob: str) -> tuple[bool, re.Pattern[str]]:
    """Whether it is over names alone, and what it matches."""
    wanted = composed(glob).removeprefix("./").rstrip("/").removesuffix("/**")
    anywhere, wanted = wanted.startswith("**/"), wanted.removeprefix("**/")
    by_name, wanted = "/" not in wanted, wanted.removeprefix("/")
    start = "(?:.*/)?" if anywhere and not by_name else ""
    return by_name, re.compile(f"{start}(?:{re.escape(wanted)}|{fnmatch.translate(wanted)})", re.DOTALL)


def folders_of(relative: str) -> Iterator[str]:
    """The folders that a file is in, the uppermost first."""
    for place, letter in enumerate(relative):
        if letter == "/":
            yield relative[:place]
