"""The rows of a CSV file of truth, each with the number of its line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from resight.errors import BadData, DataMissing

OTHERS = (";", "\t")  # what may separate columns where commas do not


def rows(path: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> Iterator[tuple[int, list[str]]]:
    """(line, cells of the `needed` and then the `optional` columns); "" where an optional one is absent.

    UTF-8, a header first; blank lines and other columns are passed over. Columns are separated by commas, or
    by semicolons or tabs where the header has all `needed` columns so.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            separator = _separator(file.readline(), needed)
            file.seek(0)
            yield from _read(path, csv.reader(file, delimiter=separator), needed, optional)
    except FileNotFoundError:
        raise DataMissing(f"There is no file {path}.") from None
    except UnicodeDecodeError:
        raise BadData(f"{path} is not UTF-8: save it as UTF-8.") from None


def _separator(header: str, needed: Sequence[str]) -> str:
    """A comma, unless the header can only be read with another: spreadsheets of many countries write it."""
    for separator in (",", *OTHERS):
        with suppress(csv.Error, StopIteration):
            if set(needed) <= {name.strip() for name in next(csv.reader([header], delimiter=separator))}:
                return separator
    return ","


def _read(
    path: Path, reader: Iterator[list[str]], needed: Sequence[str], optional: Sequence[str]
) -> Iterator[tuple[int, list[str]]]:
    line = 0
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in needed if name not in header]
        if missing:
            raise BadData(
                f"{path}, line 1: there is no column '{missing[0]}'; it must name {', '.join(needed)}, "
                "separated by commas, semicolons or tabs."
            )
        places = [header.index(name) if name in header else -1 for name in (*needed, *optional)]
        for cells in reader:
            line = reader.line_num  # type: ignore[attr-defined]  # csv.reader's own
            if not cells:
                continue
            if len(cells) != len(header):
                raise BadData(f"{path}, line {line}: {len(cells)} cells, but the header has {len(header)}.")
            yield line, [cells[place].strip() if place >= 0 else "" for place in places]
    except csv.Error as error:
        raise BadData(f"{path}, line {line + 1}: {error}.") from None
