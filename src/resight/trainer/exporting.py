"""A recipe as one network for other programs: pixels of one size in, descriptors out; ONNX or OpenVINO."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from resight.backbones._network import build
from resight.backbones._openvino_alone import openvino_alone
from resight.describing.describer import Describer
from resight.describing.together import regions_of
from resight.errors import BadRecipe, NotFitted
from resight.feature_maps import FeatureMap
from resight.types import Maps
from resight.views import View

AGREES = 1e-4  # of a number of a descriptor: what an export and the recipe may differ by


class Whole(torch.nn.Module):
    """(B, H, W, 3) uint8 sRGB -> (B, D) descriptors, for pictures of the one size."""

    def __init__(self, describer: Describer, height: int, width: int) -> None:
        super().__init__()
        (part,) = describer.recipe.parts
        self.network = build(part.backbone).module
        (self.sentence,) = describer.sentences.parts
        self.steps = {
            step: {key: torch.from_numpy(np.array(value)) for key, value in own.items()}
            for step, own in describer.parameters.items()
        }
        blank = np.zeros((height, width, 3), np.uint8)
        with torch.no_grad():
            maps = self.network(torch.from_numpy(blank[None]))
        view = View(blank, np.eye(2, 3))
        self.regions = [regions_of(part, view, FeatureMap(each.numpy())) for each in maps]

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Describe."""
        found = self.network(pixels)
        maps = [Maps(cells, regions) for cells, regions in zip(found, self.regions, strict=True)]
        rows = self.sentence.finish(self.sentence.prepare([maps]), self.steps)
        descriptors: torch.Tensor = rows.reshape(rows.shape[0], -1)
        return descriptors


def export(describer: Describer, height: int, width: int, path: Path) -> float:
    """Write a network that describes as a describer does, for pictures of one size; the largest difference.

    `path` ends in `.onnx` or `.xml`. Raises BadRecipe for recipes of several parts, sizes or with points, and
    where the written network describes otherwise; NotFitted where parameters are missing.
    """
    _refuse(describer)
    model = Whole(describer, height, width).eval()
    noise = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), np.uint8)
    pixels = torch.from_numpy(noise)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on shapes, which are fixed here
        wanted = model(pixels).numpy()
        _write(model, pixels, path)
    found = _run(path, pixels.numpy())
    difference = float(np.abs(found - wanted).max())
    if not difference <= AGREES:
        path.unlink()
        raise BadRecipe(
            f"The exported network describes otherwise, by up to {difference:.2g}: it was removed."
        )
    return difference


def _refuse(describer: Describer) -> None:
    recipe = describer.recipe
    views = recipe.first.views
    if len(recipe.parts) > 1 or len(views.sizes) > 1 or views.policy or recipe.keeps_regions:
        raise BadRecipe(
            "An export takes a recipe of one part and one size, without a policy, that gives one descriptor "
            "a photo."
        )
    if not describer.is_fitted:
        raise NotFitted(
            f"The recipe '{recipe.name}' must be fitted before it is exported: name a gallery with its fit."
        )


def _write(model: Whole, pixels: torch.Tensor, path: Path) -> None:
    if path.suffix == ".xml":
        openvino = openvino_alone()
        converted = openvino.convert_model(model, example_input=pixels)
        # Of the one size: in bf16, which OpenVINO takes by itself, it would compute paddings in bf16, too.
        converted.reshape({0: [-1, *pixels.shape[1:]]})
        openvino.save_model(converted, path, compress_to_fp16=False)
    elif path.suffix == ".onnx":
        try:
            import onnx  # noqa: F401
        except ImportError:
            raise BadRecipe("ONNX needs its package: pip install 'resight[onnx]'.") from None
        torch.onnx.export(
            model, (pixels,), str(path), input_names=["pixels"], output_names=["descriptors"], dynamo=False,
            dynamic_axes={"pixels": {0: "batch"}, "descriptors": {0: "batch"}},
        )  # fmt: skip
    else:
        raise BadRecipe(f"An export is a file that ends in .onnx or .xml (OpenVINO), not {path.name}.")


def _run(path: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """OpenVINO reads both kinds."""
    openvino = openvino_alone()
    compiled: Any = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers: Sequence[Any] = compiled([pixels])
    return np.asarray(answers[0])
