"""Where the files of a data set come from; nothing is downloaded here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A file that a data set needs.

    `file`: its path below the folder of the set. `url`: where its makers publish it. `note`: what it holds
    and what to do with it, in words. `md5`, `sha256`: in hexadecimal, "" where none is published.
    """

    file: str
    url: str
    note: str
    md5: str = ""
    sha256: str = ""
