"""How names of files and instances are compared, whoever wrote them."""

from __future__ import annotations

import unicodedata


def composed(name: str) -> str:
    """A name in Unicode's normal form NFC: a disk of macOS may hold an e and an accent for an é."""
    return unicodedata.normalize("NFC", name)
