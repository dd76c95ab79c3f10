"""A ranking as one self-contained page: the query, and its hits with scores, paths and matched regions."""

from __future__ import annotations

import base64
import functools
import html
import io
import tempfile
from importlib import resources
from pathlib import Path
from string import Template

from resight import images
from resight.areas import rectangle
from resight.errors import BadImage, StorageFailed
from resight.types import Box, Hit, Ranking, Region

SIDE = 240  # pixels of the longer side of a picture on the page
NO_PICTURE = '<div class="missing">no longer there</div>'


def write_report(target: Path, ranking: Ranking, query: Path, box: Box | None = None) -> None:
    """Write the page under another name, then rename: a reader never sees half of it."""
    _thumbnail.cache_clear()  # a photo may have changed since
    page = Template(
        (resources.files("resight.pictures") / "report.html").read_text(encoding="utf8")
    ).substitute(
        query=_figure(query, _around(box), html.escape(str(query)), "what was looked for"),
        hits="\n".join(_hit(hit, query) for hit in ranking),
        recipe=html.escape(ranking.recipe),
        count=len(ranking),
    )
    made = None
    try:
        with tempfile.NamedTemporaryFile("wb", dir=target.absolute().parent, delete=False) as file:
            made = Path(file.name)
            file.write(page.encode("utf8", "replace"))
        made.chmod(0o644)
        made.replace(target)
    except OSError as error:
        if made:
            made.unlink(missing_ok=True)
        raise StorageFailed(f"The page {target} could not be written ({error.strerror}).") from None


def _hit(hit: Hit, query: Path) -> str:
    """A hit, and beside it, where regions were matched, the part of the query that it matched."""
    note = "the query itself" if hit.self else f"score {hit.score:.3f}"
    caption = f"<b>{hit.rank}</b> {html.escape(hit.relative)}"
    part = _picture(query, hit.query_region, SIDE // 3) if hit.query_region else ""
    return _figure(hit.path, hit.region, caption, note, hit.self, part)


def _figure(
    path: Path, region: Region | None, caption: str, note: str, mine: bool = False, part: str = ""
) -> str:
    return (
        f"<figure{' class=mine' if mine else ''}>{_picture(path, region)}{part}"
        f"<figcaption>{caption}<br><span>{note}</span></figcaption></figure>"
    )


def _around(box: Box | None) -> Region | None:
    if box is None:
        return None
    return Region.of(rectangle(box.y, box.x, box.y + box.height, box.x + box.width))


def _picture(path: Path, region: Region | None, side: int = SIDE) -> str:
    """A small JPEG inside the page; the region, in pixels of the original, is drawn over it."""
    try:
        width, height, scale, source = _thumbnail(path, side)
    except BadImage:
        return NO_PICTURE
    drawn = ""
    if region:
        corners = " ".join(f"{x * scale:.1f},{y * scale:.1f}" for x, y in region.polygon)
        drawn = f'<polygon points="{corners}"/>'
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
        f'<image href="data:image/jpeg;base64,{source}" width="{width}" height="{height}"/>{drawn}</svg>'
    )


@functools.lru_cache(maxsize=2)  # the query's stands beside every hit
def _thumbnail(path: Path, side: int) -> tuple[int, int, float, str]:
    """Width, height, scale against the original, and a JPEG in base 64."""
    from PIL import Image

    photo = images.read(path)
    scale = min(1.0, side / max(photo.width, photo.height))
    width, height = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    data = io.BytesIO()
    Image.fromarray(images.resize(photo.pixels, width, height)).save(data, "JPEG", quality=82)
    return width, height, scale, base64.b64encode(data.getvalue()).decode()
