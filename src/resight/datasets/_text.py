"""The lines of a text file of truth, each with its number."""

from __future__ import annotations

from pathlib import Path

from resight.errors import BadData, DataMissing


def lines(path: Path, told: str) -> list[tuple[int, str]]:
    """(line, its text without blanks around it), without those that are blank; UTF-8, with a mark or not.

    `told` ends the sentence that there is no such file. Raises DataMissing and BadData.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataMissing(f"There is no file {path}: {told}") from None
    except UnicodeDecodeError:
        raise BadData(f"{path} is no text in UTF-8: get it from its makers again.") from None
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror}.") from None
    return [(line, words.strip()) for line, words in enumerate(text.splitlines(), 1) if words.strip()]
