"""The rows of a CSV file of truth, each with the number of its line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from resight.errors import BadData, DataMissing

OTHERS = (";", "\t")  # what may separate columns where commas do not
LONGEST = 1 << 24  # letters of a cell; Python's own 131,072 are too few for the photos of a large landmark


def rows(path: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> Iterator[tuple[int, list[str]]]:
    """(line, cells of the `needed` and then the `optional` columns); "" where an optional one is absent.

    UTF-8, a header first; blank lines and other columns are passed over. Columns are separated by commas, or
    by semicolons or tabs where the header has all `needed` columns so.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            separator = _separator(file.readline(), needed)
            file.seek(0)
            csv.field_size_limit(max(LONGEST, csv.field_size_limit()))
            yield from _read(path, csv.reader(file, delimiter=separator, strict=True), needed, optional)
    except FileNotFoundError:
        raise DataMissing(f"There is no file {path}.") from None
    except UnicodeDecodeError:
        raise BadData(f"{path} is not UTF-8: save it as UTF-8.") from None
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror}.") from None


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
        line = 1
        places = _places(path, header, needed, optional)
        for cells in reader:
            line = reader.line_num  # type: ignore[attr-defined]  # csv.reader's own
            if not cells:
                continue
            if len(cells) != len(header):
                raise BadData(f"{path}, line {line}: {len(cells)} cells, but the header has {len(header)}.")
            read = [cells[place].strip() if place >= 0 else "" for place in places]
            if any("\n" in cell or "\r" in cell for cell in read):
                raise BadData(f"{path}, line {line}: a cell has several lines; close its quotation marks.")
            yield line, read
    except csv.Error as error:
        raise BadData(f"{path}, line {line + 1}: {error}; close its quotation marks.") from None


def _places(path: Path, header: list[str], needed: Sequence[str], optional: Sequence[str]) -> list[int]:
    """Where each column stands, -1 if nowhere; a column that is meant, but would not be read, is refused."""
    missing = [name for name in needed if name not in header]
    if missing:
        raise BadData(
            f"{path}, line 1: there is no column '{missing[0]}'; it must name {', '.join(needed)}, "
            "separated by commas, semicolons or tabs."
        )
    known = (*needed, *optional)
    for name in header:
        if name in known and header.count(name) > 1:
            raise BadData(f"{path}, line 1: two columns are called '{name}'; leave one out.")
        if name not in known and name.lower() in known:
            raise BadData(f"{path}, line 1: the column '{name}' must be written '{name.lower()}'.")
    return [header.index(name) if name in header else -1 for name in known]
