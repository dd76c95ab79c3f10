"""A network of torch as one of OpenVINO, once; after that torch is not needed to describe."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from resight.backbones._network import Network, build
from resight.backbones._openvino_alone import openvino_alone
from resight.recipe import Backbone

TRIED = ((2, 97, 131), (1, 65, 33), (1, 1, 1), (1, 391, 643))  # batch, height and width; one is larger than
# the windows of transformers, for which they run other ways than for the size at which they are traced
TOLERANCE = 1e-4  # of the largest value: what engines promise each other


def convert(backbone: Backbone, folder: Path) -> None:
    """Write `network.xml`, `network.bin` (float32, any batch and size) and `network.json` into a folder.

    Where the conversion does not give torch's maps at other sizes than the traced one, `network.json` says
    so in its `unlike`, and there is no network.
    """
    openvino, network = openvino_alone(), build(backbone)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the tracer's remarks on shapes, which the comparison answers
        try:
            model = openvino.convert_model(_traced(network))
            unlike = _unlike(openvino, model, network)
        except Exception as error:  # OpenVINO and the tracer raise many kinds
            unlike = str(error).strip().partition("\n")[0] or type(error).__name__
    if not unlike:
        openvino.save_model(model, folder / "network.xml", compress_to_fp16=False)
    facts = {"network": backbone.network, "layers": backbone.layers, "weights": network.weights}
    sizes = {"smallest": network.sizes.smallest, "only": network.sizes.only}
    (folder / "network.json").write_text(json.dumps(facts | sizes | {"unlike": unlike}))


def _traced(network: Network) -> Any:
    """What the converter reads. PyTorch does not trace again to compare: `_unlike` compares more."""
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    pixels = _pixels(network, 1, 96, 128)
    return TorchScriptPythonDecoder(
        network.module, example_input=pixels, shared_memory=True, trace_kwargs={"check_trace": False}
    )


def _unlike(openvino: Any, model: Any, network: Network) -> str:
    """Where the converted network differs from torch's; empty where it is the same at every size tried."""
    run = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for shape in TRIED:
        pixels = _pixels(network, *shape)
        answers = run([pixels.numpy()])
        for number, truth in enumerate(network.module(pixels)):
            given, wanted = answers[number], truth.numpy()
            height, width = pixels.shape[1:3]
            if given.shape != wanted.shape or np.abs(given - wanted).max() > TOLERANCE * np.abs(wanted).max():
                return f"its maps differ from PyTorch's at {width} x {height} pixels"
    return ""


def _pixels(network: Network, batch: int, height: int, width: int) -> torch.Tensor:
    """Noise of this size, or of the nearest that the network takes."""
    least = network.sizes.smallest
    height, width = (network.sizes.only or max(side, least) for side in (height, width))
    noise = torch.randint(0, 256, (batch, height, width, 3), generator=torch.Generator().manual_seed(0))
    return noise.to(torch.uint8)
