"""Results of evaluations made by hand, and a study that knows nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
from matplotlib.text import Text

from resight.evaluator import Evaluation, QueryResult, RankedPhoto
from resight.evaluator.answers import mean, thin_out
from resight.metrics import average_precision
from resight.types import Match, Region
from support.small import draw

FACTS = {
    "protocol": "leave-one-out", "queries": 2, "photos": 9, "distractors": 0, "rerank": [],
    "fit": "not fitted", "seconds": {"describing": 1.0, "a query": 0.012}, "fingerprint": "f00d",
    "data_hash": "cafe",
    "version": "0", "sentence": {},
}  # fmt: skip


def placed(photo: str, verdict: str, score: float = 0.5, match: Match | None = None) -> RankedPhoto:
    inliers, region = (match.inliers, match.region) if match else (0, None)
    return RankedPhoto(photo, score, verdict, inliers, region, match=match)


def answer(
    photo: str,
    ranks: tuple[int, ...],
    total: int,
    top: tuple[RankedPhoto, ...] = (),
    protocol: str = "",
    **more,
) -> QueryResult:
    """With the finite sum of its ranks as `map`."""
    value = average_precision(np.array(ranks, np.int64), total)
    values = {f"{protocol} map".strip(): value}
    kept = {protocol: thin_out(np.array(ranks, np.int64), total)}
    return QueryResult(photo, photo, values, kept, {protocol: total}, top, **more)


def evaluation(
    root: Path, *answers: QueryResult, recipe: str = "plain", caveats: tuple[str, ...] = (), **facts
):
    given = FACTS | {"queries": len(answers)} | facts
    return Evaluation(recipe, "tiny", str(root), given, caveats, mean(answers), answers)


def match(points: np.ndarray, shift: tuple[float, float]) -> Match:
    """Points of a query that lie `shift` further in the photo."""
    corners = np.array([(0, 0), (60, 0), (60, 40), (0, 40)], np.float64)
    homography = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]], np.float64)
    points = np.asarray(points, np.float32)
    return Match(
        points, points + np.float32(shift), homography, Region.of(corners), Region.of(corners + shift)
    )


class Known:
    """A study whose evaluations are given: by the recipe's name, and what re-ranks it."""

    def __init__(self, found: dict[tuple[str, ...], Evaluation], rerank: tuple[str, ...] = ()) -> None:
        self.found, self.options = found, {"rerank": rerank}
        self.recipes = [SimpleNamespace(name=name) for name in dict.fromkeys(key[0] for key in found)]
        self.data = SimpleNamespace(name="tiny")

    def evaluation(self, recipe, rerank: tuple[str, ...] | None = None) -> Evaluation:
        return self.found[(recipe.name, *(self.options["rerank"] if rerank is None else rerank))]


def labelled(root: Path, instances: int = 3, photos: int = 3) -> Path:
    """A folder of sub-folders, and two photos that show no instance."""
    for i in range(instances):
        for j in range(photos):
            draw(root / f"instance {i}" / f"{j}.png", 10 * i + j)
    for j in range(2):
        draw(root / "distractors" / f"{j}.png", 900 + j)
    return root


def written(drawn) -> list[str]:
    """What stands on a figure besides its heading and its foot."""
    return [text.get_text() for text in drawn.texts if text not in (drawn._suptitle, drawn._supxlabel)]


def crowded(drawn) -> list[str]:
    """Texts that run off the figure, and those that lie on a photo or on each other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    width, height = canvas.get_width_height()
    every = [text for text in drawn.findobj(Text) if text.get_text() and text.get_visible()]
    ends = {text: text.get_window_extent().extents for text in every}
    found = [
        f"off the edge: {text.get_text()}"
        for text, (left, low, right, high) in ends.items()
        if left < 0 or low < 0 or right > width or high > height
    ]
    photos = [axes.get_window_extent().extents for axes in drawn.axes if axes.axison]
    lines = [text for text in drawn.texts if text in ends]
    found += [
        f"on a photo: {lines[one].get_text()}"
        for one, _ in np.argwhere(_overlap([ends[text] for text in lines], photos))
    ]
    names = [text for axes in drawn.axes for text in (axes.xaxis.label, *axes.texts) if text in ends]
    names = [*lines, *(text for text in names if not str(text.get_gid()).startswith("verdict"))]
    places = [ends[text] for text in names]
    found += [
        f"{names[one].get_text()} on {names[other].get_text()}"
        for one, other in np.argwhere(np.triu(_overlap(places, places), 1))
    ]
    return found


def _overlap(ones, others) -> np.ndarray:
    """Which of (N, 4) and (M, 4) boxes, by more than a pixel: room is counted for letters that hang."""
    one, other = np.reshape(ones, (-1, 1, 4)), np.reshape(others, (1, -1, 4))
    both = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    return (both > 1).all(-1)
