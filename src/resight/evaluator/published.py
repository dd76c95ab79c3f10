"""Figures that papers print, to be shown beside a measured one."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("published.csv")


@dataclass(frozen=True)
class Published:
    """One figure of one table.

    `paper` and `system` in the paper's words. `recipe`: the shipped one that is built like the system, ""
    if none is; what is trained in the paper and not in the recipe stands in `note`. `settings`: those of the
    data set, and "distractors=1M"; "" where the paper does not say. `protocol` as in the data set's truths;
    `measure` as in `resight.metrics`; `value` from 0 to 1, as measures are.
    """

    paper: str
    system: str
    recipe: str
    dataset: str
    settings: str
    protocol: str
    measure: str
    value: float
    note: str

    def __str__(self) -> str:
        name = " ".join(filter(None, (self.protocol, self.measure)))
        how = "; ".join(filter(None, (self.settings, self.note)))
        return f"{self.value:.3f} {name}: {self.system} ({self.paper}{'; ' if how else ''}{how})"


def list_published(dataset: str) -> list[Published]:
    """The figures for a data set, by its name, in the order of the papers; none if no paper has any."""
    return [each for each in _table() if each.dataset == dataset]


@functools.cache
def _table() -> tuple[Published, ...]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return tuple(Published(value=float(row.pop("value")), **row) for row in rows)
