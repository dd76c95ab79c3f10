"""Every recipe whose weights are here, on two networks and four sets: results/descriptors.csv.

The default network is EfficientNet-Lite0; the second is SqueezeNet 1.1 from the shared data, put in the
place of the first in the same recipes. Each recipe is fitted on the photos of its set, without labels, as
`resight index` does it; every photo with a partner looks for it among all others (leave-one-out mAP, finite
sum). Beside the shipped recipes stand the variants that the papers' claims are tested with (docs/papers/).

`ms_per_image` is that of a photo of the scenes, from its file to its descriptor, one after the other: the
scenes come first and alone; then the two networks share the cores. A row that is in the CSV is not measured
again, unless `--again`. Feature maps are computed once for each network, layer and view, and kept in a folder
that goes when its set is done.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from leave_one_out import by_best_pair, scored
from maps import kept
from record import record, recorded
from resight import images, recipe
from resight.describing import fitting as fitter
from resight.describing.describer import Describer
from resight.engines import Engine, load
from resight.parts import FITTED
from resight.processors import processors
from resight.recipe import Backbone, Recipe
from resight.types import Descriptor, Prepared
from resight.workers.threads import in_order
from sets import SETS, Labelled, labelled
from shared_data import needed_data

LITE0, SQUEEZENET = "efficientnet-lite0", "squeezenet"
NETWORKS = (LITE0, SQUEEZENET)
# the layers of SqueezeNet that stand for those of the default network, from the top
LAYERS = {
    "blocks.6": "fire9",
    "blocks.5": "fire8",
    "blocks.4": "fire7",
    "blocks.3": "fire6",
    "blocks.2": "fire5",
}
ENLARGED = "rmac-whitened 1024"  # the one variant above 640 pixels: on the covers alone
TIMED, TIMED_ON = 10, "scenes"  # photos
Engines = dict[str, dict[Backbone, Engine]]

ACTNET = {"each": ("power:exponent=0.5",)}
VARIANTS = 2  # synthetic views of each photo, where a whitening asks for them
TWO_STREAMS = ("blocks.5", "blocks.6")
FIRST_ORDER = {"pooling": "first-order"}
WHITENED = {"each": ("l2", "pca-whitening:dims=256,ridge=0.1", "l2")}


def variants() -> Iterator[Recipe]:
    """The shipped recipes of the default network, and what their papers compare them with."""
    for name in recipe.names():
        if LITE0 in [backbone.weights for backbone in Recipe.load(name).backbones]:
            yield Recipe.load(name)
    ng, jeong, actnet = (Recipe.load(f"{name}-lite0") for name in ("ng2015", "jeong2017", "husain2019"))
    vaccaro, tursun = Recipe.load("vaccaro2020-lite0"), Recipe.load("tursun2020-lite0")
    for size in (224, 448):
        for layer in reversed(LAYERS):
            yield changed(ng, f"ng2015 {layer} {size}", layers=(layer,), sizes=(size,))
    yield changed(ng, "ng2015 signed-root", pooling="vlad:k=100,norm=signed-root")
    yield changed(jeong, "jeong2017 1000 points", regions="salient:n_max=1000")
    yield changed(jeong, "jeong2017 O2 W", regions="whole")
    yield changed(jeong, "jeong2017 O1 W", regions="whole", **FIRST_ORDER)
    yield changed(jeong, "jeong2017 O1 R", **FIRST_ORDER)
    yield changed(
        jeong, "jeong2017 uncentred", each=("l2", "pca-whitening:dims=256,ridge=0.1,centre=false", "l2")
    )
    for windows in ("1", "2", "3", "2+3"):
        pooling = f"multiscale-netvlad:k=64,windows={windows}"
        yield changed(vaccaro, f"vaccaro2020 {windows} 336", pooling=pooling, sizes=(336,))
    yield changed(vaccaro, "vaccaro2020 336+504", sizes=(336, 504))
    for pooling in ("spoc", "gem", "sinh", "exp"):
        steps = ACTNET if pooling in ("sinh", "exp") else {"each": ()}
        yield changed(actnet, f"husain2019 {pooling}", pooling=pooling, **steps)
    yield changed(actnet, "husain2019 spoc power", pooling="spoc", **ACTNET)
    for layer in TWO_STREAMS:
        join = (actnet.first.join[0].replace("512", "320" if layer == "blocks.6" else "192"), "l2")
        yield changed(actnet, f"husain2019 {layer} alone", layers=(layer,), join=join)
    yield changed(actnet, "husain2019 640+448", sizes=(640, 448))
    square = {"regions": "whole", "each": ("l2",)}
    for pooling in ("mac", "gem"):
        yield changed(tursun, f"tursun2020 {pooling}", pooling=pooling, **square)
    for pooling in ("spoc", "crow"):
        clamped = dataclasses.replace(tursun.first.backbone, relu=True)
        yield changed(
            tursun, f"tursun2020 {pooling}", pooling=pooling, regions="whole", backbone=clamped, **WHITENED
        )
    yield changed(tursun, "tursun2020 blocks.4", layers=("blocks.4",))
    whitened = Recipe.load("rmac-whitened")
    yield changed(whitened, ENLARGED, sizes=(1024,))
    yield changed(whitened, "rmac-whitened kept", gather="keep", post=())
    yield from by_pairs()


def by_pairs() -> Iterator[Recipe]:
    """Recipes of papers whitened by pairs of views instead, and those with points beside them.

    Whitening by pairs takes 4,096 numbers at most: second-order vectors are made of 64 dimensions for it, not
    of 128, and whitened by PCA beside it.
    """
    narrow = changed(Recipe.load("jeong2017-lite0"), "jeong2017-lite0 64", pooling="second-order:dims=64")
    yield narrow
    points = dataclasses.replace(Recipe.load("sift-vlad").first, weight=FITTED)
    for base in (Recipe.load("thorough"), narrow, Recipe.load("remap-lite0")):
        each, join = (
            tuple("pair-whitening:dims=256" if step.startswith("pca-whitening") else step for step in steps)
            for steps in (base.first.each, base.first.join)
        )
        pairs = changed(base, f"{base.name} pairs", each=each, join=join)
        yield pairs
        own = points
        if pairs.keeps_regions:
            own = dataclasses.replace(
                points, regions=pairs.first.regions, gather="keep", each=points.post, post=()
            )
        yield Recipe(f"{base.name} pairs points", (dataclasses.replace(pairs.first, weight=FITTED), own))


def changed(base: Recipe, name: str, **changes: object) -> Recipe:
    """A recipe with other settings; `layers` and `sizes` are those of its backbone and its views."""
    backbone, views = changes.pop("backbone", base.first.backbone), base.first.views
    if "layers" in changes:
        backbone = dataclasses.replace(backbone, layers=changes.pop("layers"))
    if "sizes" in changes:
        views = dataclasses.replace(views, sizes=changes.pop("sizes"))
    return Recipe(name, (dataclasses.replace(base.first, backbone=backbone, views=views, **changes),))


def on(network: str, wanted: Recipe, data: Path) -> Recipe | None:
    """The recipe on a network; None where that has no such layer."""
    if network == LITE0:
        return wanted
    part = wanted.first
    if len(wanted.parts) > 1 or not part.backbone.layers or not set(part.backbone.layers) <= set(LAYERS):
        return None
    layers = tuple(LAYERS[layer] for layer in part.backbone.layers)
    weights = str(data / "squeezenet_v1.1_fp32.npz")
    backbone = Backbone("torchvision:squeezenet1_1", weights, layers, part.backbone.relu, "caffe")
    join = tuple(step.replace("dims=192", "dims=512").replace("dims=320", "dims=512") for step in part.join)
    return Recipe(wanted.name, (dataclasses.replace(part, backbone=backbone, join=join),))


def done() -> dict[tuple[str, str, str], str]:
    """What is in the CSV already: recipe, network and set -> milliseconds an image."""
    rows = recorded("descriptors")
    return {(row["recipe"], row["network"], row["set"]): row["ms_per_image"] for row in rows}


def described(
    wanted: Recipe, photos: list[images.Photo], engine: Callable[[Backbone], Engine], workers: int
) -> tuple[list[Descriptor], Describer]:
    """The photos, described by the recipe fitted on them; and the describer."""
    plain = Describer(wanted, engine=engine)
    plain.networks.engines  # noqa: B018  # loaded before there are threads

    def prepare(number: int) -> Prepared:
        return plain.prepare(photos[number], variants=VARIANTS, seed=(number,))

    prepared = list(in_order(prepare, range(len(photos)), workers, lambda: False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few samples: the numbers of dimensions are in the table
        parameters = fitter.fit(plain, lambda: prepared)
    fitted = plain.with_parameters(parameters, "benchmark")
    return list(in_order(fitted.finish, prepared, workers, lambda: False)), fitted


def milliseconds(
    wanted: Recipe, fitted: Describer, paths: list[Path], engines: dict[Backbone, Engine]
) -> float:
    """Of one photo after the other, from its file to its descriptor, on all cores; the median."""
    for backbone in wanted.backbones:
        if backbone not in engines:
            engines[backbone] = load(backbone, "openvino")
    describer = Describer(wanted, fitted.parameters, "benchmark", engines.__getitem__)
    seconds = []
    for path in [paths[0], *paths]:
        begun = time.perf_counter()
        describer(describer.read(path))
        seconds.append(time.perf_counter() - begun)
    return 1000 * statistics.median(seconds[1:])


def measured(
    own: Labelled, photos: list[images.Photo], wanted: Recipe, folder: Path, engines: Engines, workers: int
) -> dict[str, object]:
    """One row of the table; on the scenes with the time that a photo takes."""
    descriptors, fitted = described(
        wanted, photos, lambda backbone: kept(backbone, folder, engines["maps"], workers), workers
    )
    precisions, firsts = scored(
        by_best_pair([each.vectors for each in descriptors], wanted.asking), own.labels
    )
    count = sum(len(each.vectors) for each in descriptors) / len(descriptors)
    dims = descriptors[0].vectors.shape[1]
    spent, timed = "", list(own.paths[:: len(own.paths) // TIMED])
    if own.name == TIMED_ON:
        spent = f"{milliseconds(wanted, fitted, timed, engines['alone']):.1f}"
    return {
        "queries": len(precisions),
        "map": f"{np.mean(precisions):.4f}",
        "r1": f"{np.mean(firsts):.4f}",
        "dims": dims,
        "vectors_per_image": f"{count:.2f}",
        "ms_per_image": spent,
        "bytes_per_image": f"{4 * count * dims:.0f}",
        "fitted_on": f"the set itself ({len(photos)} photos)" if fitted.fitted_steps else "nothing",
    }


def run(asked: argparse.Namespace, data: Path) -> None:
    """Measure what is missing, and print it."""
    known = done()
    wanted = [one for one in variants() if asked.recipes in one.name]
    engines: Engines = {"maps": {}, "alone": {}}
    left, begun = len(wanted) * len(asked.sets) * len(asked.networks), time.monotonic()
    for name, network in itertools.product(asked.sets, asked.networks):
        own, photos = labelled(data, name), []
        with tempfile.TemporaryDirectory(prefix="resight-maps-") as folder:
            for base in wanted:
                left -= 1
                one = on(network, base, data)
                if one is None or ((base.name, network, name) in known and not asked.again):
                    continue
                if base.name == ENLARGED and not name.startswith("dvd_covers"):
                    continue
                photos = photos or [images.read(path) for path in own.paths]
                row = {"recipe": base.name, "network": network, "set": name}
                row |= measured(own, photos, one, Path(folder), engines, asked.workers)
                row["ms_per_image"] = row["ms_per_image"] or done().get((base.name, network, TIMED_ON), "")
                record("descriptors", row, ("recipe", "network", "set"))
                minutes = (time.monotonic() - begun) / 60
                told = f"{base.name}, {network}, {name}: mAP {row['map']}, R@1 {row['r1']}, {row['dims']}-D"
                sys.stdout.write(f"{minutes:6.1f} min, {left} left  {told}, {row['ms_per_image']} ms\n")
                sys.stdout.flush()


def main() -> None:
    """Measure what is missing; write results/descriptors.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=SETS)
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--recipes", default="", help="only those whose name contains this")
    parser.add_argument("--workers", type=int, default=processors(), help="threads that describe")
    parser.add_argument("--again", action="store_true", help="measure rows anew that are there already")
    asked = parser.parse_args()
    data = needed_data()
    if len(asked.networks) == 1:
        run(asked, data)
        return
    if TIMED_ON in asked.sets:
        run(argparse.Namespace(**vars(asked) | {"sets": [TIMED_ON]}), data)
    others = [name for name in asked.sets if name != TIMED_ON]
    line = [sys.executable, __file__, "--recipes", asked.recipes, *["--again"] * asked.again]
    line += ["--workers", str(max(1, asked.workers // 2)), "--sets", *others]
    alone = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # the networks share the cores, a process each
    started = [
        subprocess.Popen([*line, "--networks", network], env=alone) for network in asked.networks if others
    ]
    try:
        sys.exit(max((each.wait() for each in started), default=0))
    finally:
        for each in started:
            each.terminate()


if __name__ == "__main__":
    main()
