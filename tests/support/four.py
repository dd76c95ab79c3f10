"""A small data set with truth: four drawings, each as three crops of one."""

from dataclasses import replace

import numpy as np
from PIL import Image

from resight import evaluator
from resight.dataset import BenchmarkQuery, Dataset, Truth
from support import small

INSTANCES, EACH = 4, 3
ENGINE = {"engine": "openvino", "workers": 1}


def made(folder):
    """The photos below folder/set."""
    root = folder / "set"
    for instance in range(INSTANCES):
        small.draw(folder / "whole.png", 50 + instance, (96, 72))
        with Image.open(folder / "whole.png") as whole:
            for i in range(EACH):
                part = whole.crop((6 * i, 4 * i, 6 * i + 72, 4 * i + 54))
                (root / str(instance)).mkdir(parents=True, exist_ok=True)
                part.save(root / str(instance) / f"{i}.png")
    return root


def data(root, **more):
    """Every photo looks for the others of its instance."""
    photos = tuple(f"{i}/{j}.png" for i in range(INSTANCES) for j in range(EACH))
    labels = np.repeat(np.arange(INSTANCES), EACH)
    questions = tuple(
        BenchmarkQuery(i, {"": Truth(np.setdiff1d(np.flatnonzero(labels == labels[i]), [i]))})
        for i in range(len(photos))
    )
    own = Dataset(
        "four", root, photos, np.arange(len(photos)), questions, ("map", "r@1", "nar"), "leave one out",
        labels=tuple(str(label) for label in labels),
    )  # fmt: skip
    return replace(own, **more)


def evaluate(values, own, **more):
    return evaluator.evaluate(small.recipe(values), own, **ENGINE | more)
