"""The retrieval experiment of MPEG's Compact Descriptors for Visual Search, as in Duan et al., TIP 2016.

What is read, as programs that use the set read it: `database_images.txt`, a path a line, is what is ranked;
`1a_retrieval.txt`, `1b...`, `1c...`, `2...` to `5_retrieval.txt` are the queries, on each line the path of a
query and those of the photos that it should find, between spaces. Paths are relative to the folder of the
set. 1 is mixed text and graphics (the same 1500 queries at three qualities), 2 paintings in museums, 3 frames
of videos, 4 landmarks, 5 common objects.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from resight.dataset import BenchmarkQuery, Dataset, Truth
from resight.datasets._listing import must_be_present
from resight.datasets._photos_by_name import partial
from resight.datasets._spelling import Spelling
from resight.datasets._text import lines
from resight.errors import BadData, BadSetting
from resight.fetching.sources import Source

CATEGORIES = ("1a", "1b", "1c", "2", "3", "4", "5")
DATABASE = "database_images.txt"
NOTE = "for members of MPEG; the photos lie as the lists name them"
NEEDED = (
    Source(DATABASE, "", f"a photo a line; {NOTE}"),
    *(
        Source(f"{each}_retrieval.txt", "", f"a query and what it should find a line; {NOTE}")
        for each in CATEGORIES
    ),
)
ABOUT = "35,000 photos in five categories with 8,313 queries, shared among the members of MPEG."
PHOTOS, QUERIES = 35_000, 8_313


def mpeg_cdvs(root: Path, *, categories: str = "1a+2+3+4+5", lists: str = "") -> Dataset:
    """The queries of `categories`, joined by +; `lists`: the folder below `root` that holds the lists."""
    chosen = categories.split("+")
    if not set(chosen) <= set(CATEGORIES) or len(set(chosen)) < len(chosen):
        raise BadSetting(
            f"'mpeg-cdvs' takes categories out of {'+'.join(CATEGORIES)}, each once, not '{categories}'."
        )
    folder = root / lists
    spelling = Spelling(root)
    numbers = {path: place for place, path in enumerate(_database(folder / DATABASE, spelling))}
    count = len(numbers)
    questions: list[BenchmarkQuery] = []
    for each in chosen:
        questions += _questions(folder / f"{each}_retrieval.txt", spelling, numbers, count)
    _check_once(folder, questions)
    must_be_present(root, tuple(numbers), DATABASE + " and the lists of queries")
    return Dataset(
        "mpeg-cdvs", root, tuple(numbers), np.arange(count), tuple(questions), ("map", "map-trapezoid"),
        "queries of categories " + ", ".join(chosen),
        caveats=(
            *partial("photos", len(numbers), PHOTOS, rounded=True), *_whole(chosen, len(questions)),
        ),
    )  # fmt: skip


def _whole(chosen: list[str], queries: int) -> tuple[str, ...]:
    """Marks of queries that are not those of the protocol."""
    if sorted(chosen) != ["1a", "2", "3", "4", "5"]:
        return ("the categories are not 1a, 2, 3, 4, 5",)
    return partial("queries", queries, QUERIES)


def _check_once(folder: Path, questions: list[BenchmarkQuery]) -> None:
    seen: set[str] = set()
    for each in questions:
        if each.name in seen:
            raise BadData(
                f"The lists in {folder} ask '{each.name}' twice: a query stands on one line, with all that "
                "it should find."
            )
        seen.add(each.name)


def _database(path: Path, spelling: Spelling) -> list[str]:
    """The photos that are ranked, each once."""
    found = [words for _, words in _lines(path, spelling)]
    if any(len(words) > 1 for words in found) or len({words[0] for words in found}) < len(found):
        raise BadData(f"{path} must name one photo a line, and each once.")
    return [words[0] for words in found]


def _questions(path: Path, spelling: Spelling, numbers: dict[str, int], count: int) -> list[BenchmarkQuery]:
    """The queries of a list; those that the database lacks get the next numbers."""
    found = []
    for line, (query, *others) in _lines(path, spelling):
        for other in others:
            if numbers.get(other, count) >= count:
                raise BadData(f"{path}, line {line}: '{other}' is not in {DATABASE}.")
        place = numbers.setdefault(query, len(numbers))
        right = np.unique(np.array([numbers[other] for other in others], np.int64))
        if not np.any(right != place):
            raise BadData(f"{path}, line {line}: the query '{query}' has nothing to find but itself.")
        found.append(BenchmarkQuery(place, {"": Truth(right[right != place])}, name=query))
    if not found:
        raise BadData(f"{path} has no queries.")
    return found


def _lines(path: Path, spelling: Spelling) -> list[tuple[int, list[str]]]:
    """(line, its paths, each in its shortest form), without those that are blank."""
    found = []
    for line, text in lines(
        path, f"the lists of CDVS are {DATABASE} and 1a_retrieval.txt to 5_retrieval.txt."
    ):
        words = []
        for word in text.split():
            clean = spelling.of(word)
            if clean is None:
                raise BadData(f"{path}, line {line}: '{word}' leads out of the folder of the set.")
            words.append(clean)
        found.append((line, words))
    return found
