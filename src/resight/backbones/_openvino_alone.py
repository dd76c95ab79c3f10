"""Import OpenVINO without its telemetry: photos are private, and a laptop may be offline."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def openvino_alone() -> Any:
    """The package, whose converter finds no telemetry to report to and takes its own stub instead.

    By default it tells a web service of each conversion, and keeps an identity in the user's home.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: not to be imported
    return importlib.import_module("openvino")
