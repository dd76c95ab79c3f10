"""What answers look like, as OpenAPI tells it; a test holds real answers to it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Point = tuple[float, float]
Mark = Literal["same", "different"]


class Strict(BaseModel):
    """No field is left unsaid."""

    model_config = ConfigDict(extra="forbid")


class ProblemAnswer(BaseModel):
    """A problem (RFC 9457): `detail` is a sentence that says what to do."""

    type: str
    title: str
    status: int
    detail: str


class Indexing(Strict):
    """How far a running `resight index` is."""

    what: str
    done: int
    total: int | None
    rate: float
    left_s: float | None


class GalleryAnswer(Strict):
    """One gallery."""

    name: str
    images: int
    files: int
    recipe: str
    writable: bool
    markable: bool
    readable_originals: bool
    rerankers: list[str]
    describer: Literal["loading", "ready", "failed"]
    indexing: Indexing | None


class LimitsAnswer(Strict):
    """How large a photo may be that is uploaded."""

    upload_bytes: int
    upload_pixels: int


class GalleriesAnswer(Strict):
    """All of them."""

    galleries: list[GalleryAnswer]
    limits: LimitsAnswer


class ListedAnswer(Strict):
    """A photo in a list."""

    id: str
    path: str
    width: int
    height: int


class PageAnswer(Strict):
    """Some photos of a folder; `next` asks for those behind."""

    images: list[ListedAnswer]
    folders: list[str]
    next: str | None
    total: int


class MarkedAnswer(Strict):
    """A photo that was marked beside another."""

    id: str
    mark: Mark


class ImageAnswer(ListedAnswer):
    """One photo; `paths` are all files that hold it."""

    paths: list[str]
    warnings: list[str]
    marks: list[MarkedAnswer]


class UploadAnswer(Strict):
    """An upload: its upright size, and where its preview is."""

    id: str
    width: int
    height: int
    format: str
    warnings: list[str]
    preview: str


class PointsAnswer(Strict):
    """Points that agree, each pair at the same place of both lists."""

    query: list[Point]
    hit: list[Point]


class HitAnswer(ListedAnswer):
    """One image of a ranking; corners and points are shares."""

    rank: int
    score: float
    copies: int
    self: bool
    false_positives: float | None
    probable: bool | None
    region: list[Point] | None
    query_region: list[Point] | None
    inliers: int | None
    points: PointsAnswer | None
    warnings: list[str]
    mark: Mark | None
    thumbnail: str


class QueryAnswer(Strict):
    """What was looked for."""

    id: str | None
    width: int
    height: int
    box: tuple[float, float, float, float] | None
    turn: int
    cutout: str | None


class SearchAnswer(Strict):
    """A ranking, nearest first; chance seldom puts `probable` of its hits so high, the query's own too."""

    query: QueryAnswer
    hits: list[HitAnswer]
    probable: int
    reranked: list[str]
    took_ms: dict[str, float]


class MatchAnswer(Strict):
    """The closer look at one photo."""

    inliers: int
    points: PointsAnswer
    region: list[Point] | None
    query_region: list[Point] | None


class PairAnswer(Strict):
    """A mark, by the hashes of both contents; a path is as in the CSV, or null where that has none."""

    first: str
    second: str
    mark: Mark
    first_path: str | None
    second_path: str | None


class MarksAnswer(Strict):
    """All marks of a gallery; the CSV leaves `left_out` of them out."""

    marks: list[PairAnswer]
    left_out: int


class AddedAnswer(Strict):
    """A photo that was added; `known`: the gallery had its content already."""

    id: str
    path: str
    known: bool


class MemberAnswer(ListedAnswer):
    """A photo of a group; `paths` are all files that hold it."""

    paths: list[str]


class GroupAnswer(Strict):
    """Photos that are copies, or show the same thing, and why in words."""

    level: Literal["copies", "same"]
    reason: str
    images: list[MemberAnswer]


class SearchingAnswer(Strict):
    """How many pairs were compared, of how many."""

    done: int
    total: int


class GroupsAnswer(Strict):
    """Groups; while they are looked for there are none, and `searching` says how far that is."""

    groups: list[GroupAnswer]
    searching: SearchingAnswer | None


class StatusAnswer(Strict):
    """How the service is."""

    status: str


_TOLD = {"content": {"application/problem+json": {}}, "model": ProblemAnswer, "description": "A problem."}
PROBLEMS: dict[int | str, dict[str, Any]] = {422: _TOLD, "4XX": _TOLD, "5XX": _TOLD}
