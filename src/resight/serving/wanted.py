"""What a search is asked for, checked: each field of the body, and what it means in pixels."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from resight.serving.problems import Problem
from resight.types import Box

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Turn = Literal[0, 90, 180, 270]
MOST = 1000  # hits of one answer
WIDEST = 1 << 16  # numbers of a vector

Corners = tuple[Share, Share, Share, Share]


class PhotoBody(BaseModel):
    """A photo that is looked for, or a box in it."""

    upload: str | None = Field(None, max_length=80, description="The id of an uploaded photo.")
    image: str | None = Field(None, max_length=80, description="The id of an image of this gallery.")
    box: Corners | None = Field(
        None, description="Left, top, right, bottom of the part that is looked for, as shares of the preview."
    )
    turn: Turn = Field(0, description="Degrees clockwise by which the preview that was shown is turned.")

    @model_validator(mode="after")
    def _box_has_an_inside(self) -> Self:
        if self.box and not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise ValueError("a box is left, top, right, bottom: the right must be more than the left")
        return self


class SearchBody(PhotoBody):
    """One of `upload`, `image` and `vector`, and how to search for it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"image": "0" * 64, "k": 20}, {"upload": "0" * 64, "turn": 90}]},
    )

    vector: list[float] | None = Field(
        None, min_length=1, max_length=WIDEST, description="A descriptor made by this gallery's own recipe."
    )
    k: int = Field(50, ge=1, le=MOST, description="How many hits.")
    under: str | None = Field(None, max_length=4096, description="A folder of the gallery, or a glob.")
    rerank: (
        Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=4)]
        | Annotated[str, Field(max_length=200)]
        | None
    ) = Field(None, description="Re-rankers, one after the other.")
    max_false_positives: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Only hits that chance alone puts so high with at most this probability.",
    )

    @model_validator(mode="after")
    def _one_query(self) -> Self:
        given = [each is not None for each in (self.upload, self.image, self.vector)]
        if sum(given) != 1:
            raise ValueError("name one of upload, image and vector")
        if self.vector is not None and (self.box or self.turn):
            raise ValueError("a vector has neither a box nor a turn")
        return self

    @property
    def rerankers(self) -> tuple[str, ...]:
        """Their names and settings."""
        if isinstance(self.rerank, str):
            return (self.rerank,) if self.rerank else ()
        return tuple(self.rerank or ())


class MatchBody(PhotoBody):
    """One of `upload` and `image`, and the hit that is looked at closely."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"image": "0" * 64, "hit": "1" * 64}]}
    )

    hit: str = Field(max_length=80, description="The id of an image of this gallery.")

    @model_validator(mode="after")
    def _one_photo(self) -> Self:
        if (self.upload is None) == (self.image is None):
            raise ValueError("name one of upload and image")
        return self


def box_in_pixels(corners: Corners | None, width: int, height: int) -> Box | None:
    """A box in shares -> in pixels of a photo of this size."""
    if corners is None:
        return None
    left, top, right, bottom = corners
    return Box(left * width, top * height, (right - left) * width, (bottom - top) * height)


def read_part(text: str, width: int, height: int, turn: int) -> tuple[float, float, float, float] | None:
    """`"x0,y0,x1,y1"`, shares of a photo of these pixels once it is turned -> left, top, width and height.

    None for no text; raises Problem.
    """
    if not text:
        return None
    if turn % 180:
        width, height = height, width
    try:
        left, top, right, bottom = (float(part) for part in text.split(","))
    except ValueError:
        raise Problem(422, "A box is four shares: left, top, right, bottom.") from None
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise Problem(422, "A box is left, top, right, bottom, shares from 0 to 1; right is more than left.")
    return left * width, top * height, (right - left) * width, (bottom - top) * height
