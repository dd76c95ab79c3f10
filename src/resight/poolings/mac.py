"""Maximum activations of convolutions. Razavian et al., MTA 2016; Tolias et al., ICLR 2016, eq. 2."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace


def mac(features: Any) -> Any:
    """(B, C, H, W) -> (B, C)."""
    return array_namespace(features).max(features, axis=(2, 3))
