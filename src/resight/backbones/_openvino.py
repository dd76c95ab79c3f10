"""A network of torch as one of OpenVINO, once; after that torch is not needed to describe."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from resight.backbones._network import Network, build
from resight.backbones._openvino_alone import openvino_alone
from resight.backbones._padding import pad_in_convolutions
from resight.recipe import Backbone

# Batch, height and width, odd and even. One is larger than the windows of transformers, for which they run
# other ways than for the size at which they are traced, and than the whole numbers that bf16 has.
TRIED = ((2, 97, 131), (1, 65, 33), (1, 1, 1), (1, 66, 100), (1, 391, 643))
TOLERANCE = 1e-4  # of the largest value: what engines promise each other
NEAR = 0.99  # cosine of maps in bf16 and in float32: rounding alone leaves 0.998 and more

Answer = NDArray[np.float32]


def convert(backbone: Backbone, folder: Path, has_bf16: bool) -> None:
    """Write `network.xml`, `network.bin` (float32, any batch and size) and `network.json` into a folder.

    Where the conversion does not give torch's maps at other sizes than the traced one, `network.json` says
    so in its `unlike`, and there is no network. Where its maps in bf16 are far from those in float32 it says
    so in `unlike_bf16`; this is tried where the processor has units for bf16.
    """
    openvino, network, model = openvino_alone(), build(backbone), None
    core = openvino.Core()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the tracer's remarks on shapes, which the comparison answers
        try:
            model, unlike = _model(openvino, core, network)
        except Exception as error:  # OpenVINO and the tracer raise many kinds
            unlike = _line(error)
        try:
            short = unlike or (_unlike_in_bf16(core, model, network) if has_bf16 else "")
        except Exception as error:  # of a size that bf16 has not, as a reshape raises it
            short = f"in bf16, {_line(error)}"
    if not unlike:
        openvino.save_model(model, folder / "network.xml", compress_to_fp16=False)
    facts = {"network": backbone.network, "layers": backbone.layers, "weights": network.weights}
    sizes = {"smallest": network.sizes.smallest, "only": network.sizes.only}
    found = {"unlike": unlike, "unlike_bf16": short}
    (folder / "network.json").write_text(json.dumps(facts | sizes | found))


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _model(openvino: Any, core: Any, network: Network) -> tuple[Any, str]:
    """The network converted, and where it differs from torch's."""
    model = openvino.convert_model(_traced(network))
    with contextlib.suppress(Exception):  # a pad of another kind may lead to shapes that do not fit
        padding = pad_in_convolutions(openvino, model)
        if padding is not None and not _unlike(core, padding, network):
            return padding, ""
    return model, _unlike(core, model, network)


def _traced(network: Network) -> Any:
    """What the converter reads. PyTorch does not trace again to compare: `_unlike` compares more."""
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    pixels = _pixels(network, 1, 96, 128)
    return TorchScriptPythonDecoder(
        network.module, example_input=pixels, shared_memory=True, trace_kwargs={"check_trace": False}
    )


def _unlike(core: Any, model: Any, network: Network) -> str:
    """Where the converted network differs from torch's; empty where it is the same at every size tried."""
    size = _differs(core, model, network, "f32", TRIED, _equal)
    return size and f"its maps differ from PyTorch's at {size} pixels"


def _unlike_in_bf16(core: Any, model: Any, network: Network) -> str:
    """Where its maps in bf16 are others than in float32, by more than rounding.

    OpenVINO also computes in bf16 what a traced network computes of the image's size.
    """
    size = _differs(core, model, network, "bf16", TRIED[-1:], _near)
    return size and f"its maps in bf16 differ from those in float32 at {size} pixels"


def _differs(
    core: Any, model: Any, network: Network, precision: str, shapes: Sequence[tuple[int, int, int]],
    agree: Callable[[Answer, Answer], bool],
) -> str:  # fmt: skip
    """The first size at which the converted network's maps and torch's do not agree, or ""."""
    run = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision})
    for shape in shapes:
        pixels = _pixels(network, *shape)
        answers = run([pixels.numpy()])
        for number, truth in enumerate(network.module(pixels)):
            given, wanted = answers[number], truth.numpy()
            if given.shape != wanted.shape or not agree(given, wanted):
                height, width = pixels.shape[1:3]
                return f"{width} x {height}"
    return ""


def _equal(given: Answer, wanted: Answer) -> bool:
    return not np.abs(given - wanted).max() > TOLERANCE * np.abs(wanted).max()


def _near(given: Answer, wanted: Answer) -> bool:
    return not np.vdot(given, wanted) < NEAR * np.linalg.norm(given) * np.linalg.norm(wanted)


def _pixels(network: Network, batch: int, height: int, width: int) -> torch.Tensor:
    """Noise of this size, or of the nearest that the network takes."""
    least = network.sizes.smallest
    height, width = (network.sizes.only or max(side, least) for side in (height, width))
    noise = torch.randint(0, 256, (batch, height, width, 3), generator=torch.Generator().manual_seed(0))
    return noise.to(torch.uint8)
