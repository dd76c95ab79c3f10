"""The regions that a recipe cuts out of photos. Jeong et al., 2017, section 2; Tolias et al., ICLR 2016."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resight import methods
from resight.drawing.canvas import LABEL, TEXT, colour, figure, footnote, heading, plain, short
from resight.drawing.photos import outline, show_photo
from resight.errors import BadQuery
from resight.evaluator import Study
from resight.figures._inspect import Look, look
from resight.figures._photos import for_each_photo, sample_photos
from resight.figures._systems import check_at_least, note_unranked
from resight.recipe import Recipe
from resight.types import Region

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 12.0  # inches
DIMMED = 0.25  # of the light outside a region


def regions(study: Study, *, photos: int = 4, regions: int = 8, seed: int = 0) -> Figure:
    """A row a recipe and photo, drawn by `seed`: its regions and salient points; then each region by itself.

    Regions of the recipe's first size and last layer, at most so many by themselves, in the order of the
    method, which is said where there are more.
    """
    check_at_least("photos", photos, 1)
    check_at_least("regions", regions, 1)
    chosen, _ = sample_photos(study, photos, seed)
    looks = [
        (recipe, number, seen) for recipe in study.recipes for number, seen in _looks(study, recipe, chosen)
    ]
    if not looks:
        raise BadQuery("None of the photos drawn can be read: choose another seed.")
    across = 2 + (regions + 1) // 2
    drawn = figure(WIDTH, 0.8 + len(looks) * (0.5 + 1.5 * WIDTH / across))
    heading(drawn, f"{study.data.name}: the regions that are cut out of photos")
    parts = drawn.subfigures(len(looks), 1, squeeze=False)[:, 0]
    for part, (recipe, number, seen) in zip(parts, looks, strict=True):
        name = f"{recipe.name}, " if len(study.recipes) > 1 else ""
        more = len(seen.polygons) - regions
        rest = f", {more} of them on the large photo alone" if more > 0 else ""
        title = f"{name}{short(study.data.photos[number], 40)}: {len(seen.polygons)} regions{rest}"
        part.suptitle(plain(title), fontsize=LABEL, color=TEXT, x=0.01, ha="left")
        grid = part.add_gridspec(2, across)
        large = part.add_subplot(grid[:, :2])
        tiles = [part.add_subplot(grid[i // (across - 2), 2 + i % (across - 2)]) for i in range(regions)]
        _draw(large, tiles, recipe, seen)
    notes = [f"{recipe.name}: {recipe.first.regions}, first size, last layer" for recipe in study.recipes]
    if any(_finds_points(recipe) for recipe in study.recipes):
        notes.append("yellow: the salient points whose hulls the regions are")
    footnote(drawn, notes + note_unranked(study))
    return drawn


def _looks(study: Study, recipe: Recipe, numbers: Sequence[int]) -> list[tuple[int, Look]]:
    study.engine(recipe.first.backbone)  # made once, before threads ask for it

    def see(number: int) -> Look:
        return look(study, recipe, number, -1)

    return list(for_each_photo(study, f"Regions of {recipe.name}", see, numbers))


def _draw(large: Axes, tiles: Sequence[Axes], recipe: Recipe, seen: Look) -> None:
    pixels = seen.shown()
    show_photo(large, pixels, size=seen.size)
    found = [Region.of(seen.view.to_original(polygon)) for polygon in seen.polygons]
    points = _points(recipe, seen)
    large.scatter(points[:, 0], points[:, 1], s=2, c="#ffd60a", linewidths=0)
    for i, region in enumerate(found):
        outline(large, region, colour(i), 1.8 if len(found) <= len(tiles) else 0.8)
    for axes in tiles[len(found) :]:
        axes.axis("off")
    for i, (axes, region) in enumerate(zip(tiles, found, strict=False)):
        show_photo(axes, _lit(pixels, seen.polygons[i]), size=seen.size)
        outline(axes, region, colour(i))


def _lit(pixels: NDArray[np.uint8], polygon: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The photo, dark outside of the region."""
    import cv2

    size = np.array([pixels.shape[1], pixels.shape[0]])
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon * size).astype(np.int32)], 1)
    light = np.where(mask[..., None] > 0, 1.0, DIMMED)
    return (pixels * light).astype(np.uint8)


def _finds_points(recipe: Recipe) -> bool:
    """Whether the regions are hulls of points, which their method's file can find by themselves."""
    method = methods.find("regions", recipe.first.regions)
    return hasattr(methods.module(method.kind, method.name), "salient_points")


def _points(recipe: Recipe, seen: Look) -> NDArray[np.float64]:
    """(N, 2) x, y in pixels of the original of the points whose hulls the regions are; none for a grid."""
    if not _finds_points(recipe):
        return np.empty((0, 2))
    method = methods.find("regions", recipe.first.regions)
    find_points = methods.module(method.kind, method.name).salient_points
    settings = {name: method.settings[name] for name in methods.settings(find_points)}
    points, _ = find_points(seen.view.pixels, seen.alpha, **settings)
    size = np.array([seen.view.pixels.shape[1], seen.view.pixels.shape[0]])
    return seen.view.to_original(points / size)
