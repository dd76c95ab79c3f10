"""Networks that a test writes itself."""

from __future__ import annotations

import pytest
import torch

from resight.backbones import _network


def run_as_network(network: type[torch.nn.Module], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever network is asked for is this one, and sees pixels from 0 to 1."""
    real = _network.methods.module
    fake = type("Fake", (), {"build": lambda name, weights: (network(), (0, 0, 0), (1, 1, 1))})
    monkeypatch.setattr(
        _network.methods, "module", lambda kind, name: fake if kind == "backbones" else real(kind, name)
    )
