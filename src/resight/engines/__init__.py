"""An engine runs the backbone, and only that: a file is an engine, `(backbone, workers, batch) -> Engine`.

Pixels in, float32 maps out, the same to 1e-4 whichever engine ran. `workers` is how many threads call it at
once, `batch` how many views of one shape it is given at once: 0 lets the engine choose.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import is_torch_array, to_device
from numpy.typing import NDArray

from resight import methods, policy
from resight.backbones._taken import one_size
from resight.engines import _device
from resight.engines._promise import Engine as Engine
from resight.parts import SHORT, Backbone, Views


def load(backbone: Backbone, name: str = "auto", workers: int = 1, batch: int = 1) -> Engine:
    """The engine of this name; `auto` is torch for many photos where a GPU is likely, and OpenVINO elsewhere.

    With a `batch` of 1 photos come one at a time, as at a query. A library that runs by itself, such as one
    that finds points, needs no engine.
    """
    library = methods.module("backbones", backbone.network.partition(":")[0])
    if hasattr(library, "engine"):
        return library.engine(backbone)  # type: ignore[no-any-return]
    engine: Engine = methods.find("engines", chosen(name, batch)).call(backbone, workers, batch)
    if backbone.precision == SHORT and not engine.has_bf16:
        warnings.warn(
            f"The recipe asks for bf16, for which {engine.device} has no units here: it will be slow, "
            "and f32 is faster.",
            stacklevel=2,
        )
    return engine


def chosen(name: str = "auto", batch: int = 0) -> str:
    """The engine that `auto` stands for; another name stays."""
    if name != "auto":
        return name
    return "torch" if _device.has_gpu() and batch != 1 else "openvino"


def device(name: str = "auto") -> str:
    """What an engine runs many photos on, as "NVIDIA H100" or "AMD EPYC"; no library is loaded for it."""
    return _device.name(gpu=chosen(name) == "torch")


def most_at_once(engine: Any) -> int:
    """How many views of one shape an engine is best given at once; what does not say so takes one."""
    return getattr(engine, "batch", 1)


def fetching(array: Any) -> Callable[[], NDArray[Any]]:
    """Begin to bring an array back from a device -> what waits for it, and for no work begun later."""
    if isinstance(array, np.ndarray):
        return lambda: array
    if is_torch_array(array) and array.is_cuda:
        from resight.engines.torch import brought

        return brought(array)
    return lambda: np.asarray(to_device(array, "cpu"))


def refuse_other_views(only: int, views: Views) -> None:
    """Raise BadRecipe where a network takes squares of one side alone, and the views are others."""
    resized = any(map(policy.side, views.policy))
    if only and (resized or (views.resize, views.sizes) != ("square", (only,))):
        raise one_size(only)
