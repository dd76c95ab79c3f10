"""The values that rooms hand to each other: Box, Region, Prepared, Descriptor, Match, Hit, Ranking."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from resight.codec import encode
from resight.errors import BadQuery

Vectors = NDArray[np.float32]

WRITTEN = (
    "rank", "score", "path", "relative", "region", "query_region", "self", "match", "through", "gone",
    "warnings", "false_positives",
)  # fmt: skip


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the upright original: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def parse(cls, text: str) -> Box:
        """Read `"x,y,w,h"`, as the command takes it."""
        try:
            x, y, width, height = (float(part) for part in text.split(","))
        except ValueError:
            raise BadQuery(f"A box is four numbers 'x,y,w,h' in pixels, not '{text}'.") from None
        if not (width > 0 and height > 0 and all(map(math.isfinite, (x, y, width, height)))):
            raise BadQuery(f"A box needs a width and a height above zero, and no infinity, not '{text}'.")
        return cls(x, y, width, height)

    def within(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Whole pixels left, top, right, bottom of the part inside a photo of this size."""
        left, top = round(self.x), round(self.y)
        right = min(width, max(left + 1, round(self.x + self.width)))
        bottom = min(height, max(top + 1, round(self.y + self.height)))
        left, top = max(0, left), max(0, top)
        if left >= right or top >= bottom:
            raise BadQuery(
                f"The box {self.x:g},{self.y:g},{self.width:g},{self.height:g} lies outside the photo, "
                f"which is {width} x {height} pixels upright."
            )
        return left, top, right, bottom

    def as_list(self) -> list[float]:
        """`[x, y, width, height]`, rounded to a tenth of a pixel, as JSON and the catalogue hold it."""
        return [round(value, 1) for value in (self.x, self.y, self.width, self.height)]


class Region:
    """The part of a photo that one vector describes: corners (x, y) in pixels of the upright original.

    A value, which nothing changes. It is no dataclass, since the codec writes it as its corners.
    """

    __slots__ = ("_polygon",)

    def __init__(self, polygon: tuple[tuple[float, float], ...]) -> None:
        self._polygon = polygon

    @property
    def polygon(self) -> tuple[tuple[float, float], ...]:
        """The corners."""
        return self._polygon

    @property
    def box(self) -> Box:
        """The smallest rectangle around it."""
        across, down = zip(*self.polygon, strict=True)
        return Box(min(across), min(down), max(across) - min(across), max(down) - min(down))

    def as_list(self, places: int | None = 1) -> list[list[float]]:
        """`[[x, y], ...]`, rounded to a tenth of a pixel, as JSON and the catalogue hold it; None: not."""
        if places is None:
            return [[x, y] for x, y in self.polygon]
        return [[round(x, places), round(y, places)] for x, y in self.polygon]

    @classmethod
    def of(cls, corners: Iterable[Iterable[float]]) -> Region:
        """A region from its corners, as `as_list` gives them."""
        return cls(tuple((float(x), float(y)) for x, y in corners))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Region) and self.polygon == other.polygon

    def __hash__(self) -> int:
        return hash(self.polygon)

    def __repr__(self) -> str:
        return f"Region(polygon={self.polygon!r})"


@dataclass(frozen=True, eq=False)
class Pooled:
    """One layer of one view, pooled: (R, D) float32, a row a region; or (B, R, D) of B photos.

    An array of any library; what a gallery keeps is NumPy's, of one photo.
    """

    rows: Any


@dataclass(frozen=True, eq=False)
class Maps:
    """One layer of one view, not pooled yet: the map, and the regions to be pooled from it.

    `cells`, `places` and `scale` are those of a `FeatureMap`, of one photo or of several that have the same
    regions; `polygons` are corners in shares of the view. What a gallery keeps is NumPy's, of one photo.
    """

    cells: Any
    polygons: tuple[NDArray[np.float64], ...]
    places: NDArray[np.float32] | None = None
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Varied:
    """One photo as a fit on synthetic views is given it: (R, D) rows, and those of each of its views."""

    rows: Vectors
    variants: tuple[Vectors, ...]


PreparedPart = tuple[tuple[Pooled | Maps, ...], ...]
"""A part of the recipe as `[view][layer]`."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """One photo, described as far as needs no fit: where a gallery begins when it is fitted anew.

    `regions` are those of the vectors that the recipe keeps, if it keeps several. `variants` are synthetic
    views of the photo, prepared for the parts whose fit asks for them; their other parts are empty.
    """

    parts: tuple[PreparedPart, ...]
    regions: tuple[Region, ...] = ()
    variants: tuple[Prepared, ...] = ()


@dataclass(frozen=True)
class Descriptor:
    """(N, D) float32 rows of unit length: one row, or one a region where the recipe keeps them."""

    vectors: Vectors
    regions: tuple[Region, ...] | None
    fingerprint: str


@dataclass(frozen=True, eq=False)
class Match:
    """A photo that geometry verified: points of the query (N, 2) and of the photo (N, 2) that agree.

    All in pixels of the upright originals. `homography` (3, 3) takes the query's points to the photo's;
    `query_region` is the part of the query that was looked for, `region` where it lies in the photo. Where
    the photo agrees not with the query but with another photo that does, `through` is that one's number: the
    points agree with it, and stand in the query where its own homography has them.
    """

    query_points: NDArray[np.float32]
    points: NDArray[np.float32]
    homography: NDArray[np.float64]
    query_region: Region
    region: Region
    through: int | None = None

    @property
    def inliers(self) -> int:
        """How many points agree."""
        return len(self.points)

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it: `points` are `[x, y, x, y]`, in the query and in the photo."""
        pairs = np.concatenate([self.query_points, self.points], axis=1).astype(np.float64)
        return {"inliers": self.inliers, "points": pairs.round(1).tolist()}


@dataclass(frozen=True)
class Hit:
    """One file of a ranking. A higher score is nearer; 1 is the same descriptor.

    `path` is an address, as text, where photos are objects; that is never found to be `gone`, since a search
    asks no network.

    `region` is the part that matched, None when the descriptor covers the whole photo; `query_region` the
    part of the query that it matched; both are None where the recipe keeps no regions, and for a recognised
    query's own file. `self` is true for the query's own file. `match` is what geometry verified, if it did;
    `through` the path, relative as `relative` is, of the photo by way of which it did so. `gone`: the file
    was no longer there when it was found. `warnings` are those of the indexed photo, such as "damaged".

    `false_positives`: the probability that any photo of the gallery comes as high as this hit if none shows
    what the query does; 0 for the query's own content, None where it cannot be told (docs/significance.md).
    """

    rank: int
    score: float
    path: Path | str
    relative: str
    region: Region | None = None
    self: bool = False
    query_region: Region | None = None
    match: Match | None = None
    through: str | None = None
    gone: bool = False
    warnings: tuple[str, ...] = ()
    false_positives: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it: corners and points to a tenth of a pixel, the score to six digits.

        False positives have three significant digits.
        """
        plain = encode(dataclasses.replace(self, match=None), places=1)
        plain |= {"score": round(self.score, 6), "match": self.match.as_dict() if self.match else None}
        if self.false_positives is not None:
            plain["false_positives"] = float(f"{self.false_positives:.3g}")
        return {key: plain[key] for key in WRITTEN}


@dataclass(frozen=True)
class Ranking(Sequence[Hit]):
    """Hits, nearest first. A reranker returns a new one."""

    query: str
    recipe: str
    hits: tuple[Hit, ...]

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def as_dict(self) -> dict[str, Any]:
        """The one JSON object of `resight search --json` (docs/command.md)."""
        return {"query": self.query, "recipe": self.recipe, "hits": [hit.as_dict() for hit in self.hits]}
