"""A network of torch as one of OpenVINO, once; after that torch is not needed to describe."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch

from resight.backbones._network import build
from resight.backbones._openvino_alone import openvino_alone
from resight.recipe import Backbone


def convert(backbone: Backbone, folder: Path) -> None:
    """Write `network.xml`, `network.bin` (float32, any batch and size) and `network.json` into a folder."""
    openvino, network = openvino_alone(), build(backbone)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the tracer's remarks on shapes, which the engines' test answers
        pixels = torch.zeros(1, 96, 128, 3, dtype=torch.uint8)
        model = openvino.convert_model(network.module, example_input=pixels)
    openvino.save_model(model, folder / "network.xml", compress_to_fp16=False)
    (folder / "network.json").write_text(
        json.dumps({"weights": network.weights, "network": backbone.network, "layers": backbone.layers})
    )
