"""`/v1/galleries/{gallery}/marks`: what people said of two photos."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from resight.serving.marking import put_mark, spell_marks, tell_marks
from resight.serving.routes.answers import MarksAnswer
from resight.serving.routes.given import TheGallery, TheService, as_json
from resight.serving.routes.media import Csv

router = APIRouter(prefix="/v1/galleries/{gallery}", tags=["marks"])


class MarkBody(BaseModel):
    """A query, one of its hits, and what was said; null takes it back."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"query": "0" * 64, "hit": "1" * 64, "mark": "same"}]},
    )

    query: str = Field(max_length=80, description="The id of an image of the gallery, or of an upload.")
    hit: str = Field(max_length=80, description="The id of an image of the gallery.")
    mark: Literal["same", "different"] | None


@router.get("/marks", response_model=MarksAnswer)
async def marks(service: TheService, served: TheGallery) -> Response:
    """Every mark of this gallery's photos, by the hashes of their contents."""
    return as_json(await service.reads.run(tell_marks, service, served))


@router.post("/marks", status_code=204)
async def mark(service: TheService, served: TheGallery, body: MarkBody) -> Response:
    """Mark two photos; when it is answered, the mark is on the disk."""
    await service.writes.run(put_mark, service, served, body.query, body.hit, body.mark)
    return Response(status_code=204)


@router.get("/marks.csv", response_class=Csv)
async def marks_as_csv(service: TheService, served: TheGallery) -> Response:
    """The CSV that `evaluate`, `train` and `tune` take, to be saved into the folder of photos."""
    text = await service.reads.run(spell_marks, service, served)
    headers = {"Content-Disposition": 'attachment; filename="marks.csv"', "Cache-Control": "no-store"}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
