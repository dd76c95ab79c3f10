"""Names of files in what people read: nothing in them moves a cursor, and a shell takes them back."""

from __future__ import annotations

import os
import sys
import unicodedata

UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, format (such as right to left), bytes of no text, breaks
JOINERS = "\u200c\u200d"  # of this kind, too, but part of how names in Persian, Hindi and emoji are spelt


def quoted(name: str) -> str:
    r"""A name as it is; one that cannot be shown as `$'caf\351.jpg'`, which bash, zsh and ksh read back."""
    if all(map(_seen, name)) and not name.startswith("$'"):
        return name
    return f"$'{''.join(_inside(letter) for letter in name)}'"


def printable(line: str) -> str:
    r"""A line with names in it: what cannot be shown stands as the octal number of its bytes, `\033`."""
    return "".join(letter if _seen(letter) else _octal(letter) for letter in line)


def _seen(letter: str) -> bool:
    if unicodedata.category(letter) in UNSEEN and letter not in JOINERS:
        return False
    try:
        letter.encode(sys.stdout.encoding or "utf8")
    except UnicodeEncodeError:
        return False
    return True


def _inside(letter: str) -> str:
    """A letter between $' and '."""
    if letter in "\\'":
        return f"\\{letter}"
    return letter if _seen(letter) else _octal(letter)


def _octal(letter: str) -> str:
    """Of each byte, as the name has it on the disk."""
    try:
        data = os.fsencode(letter)
    except UnicodeEncodeError:  # half a letter of UTF-16, such as no name of a file has
        data = letter.encode("utf8", "surrogatepass")
    return "".join(f"\\{byte:03o}" for byte in data)
