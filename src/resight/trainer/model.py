"""A recipe as something that learns: its networks and its parameters, and how pictures go through both."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from resight.backbones._folding import fold
from resight.backbones._network import Network, build
from resight.backbones._taken import refuse_others
from resight.describing.seeing import Look, Networks, one_size
from resight.describing.sentences import Sentences
from resight.describing.together import see
from resight.methods import Parameters
from resight.parts import Backbone, Part, Views
from resight.views import View

Pixels = NDArray[np.uint8]


class Model(torch.nn.Module):
    """(B, H, W, 3) pictures of one shape -> (B, D) descriptors, with gradients to all that learns.

    A recipe's own sizes are for whole photos: here each part sees the pictures as they are handed in, through
    each operation of its policy if it has one.
    Normalisations of batches keep their statistics, as few pictures of a kind fit into a batch.
    """

    def __init__(self, parts: Sequence[Part], parameters: Mapping[str, Parameters], short: bool) -> None:
        super().__init__()
        own = [
            dataclasses.replace(part, views=Views("square", (1,), 1.0, "sum", part.views.policy))
            for part in parts
        ]
        self.parts, self.short = own, short
        self.sentences = Sentences(own)
        self.built: dict[Backbone, Network] = {}
        self.networks = Networks([part.backbone for part in own], self._engine)
        self.networks.engines  # noqa: B018  # builds them now
        self.layers = torch.nn.ModuleList([network.module for network in self.built.values()])
        self.values = {
            step: {key: torch.nn.Parameter(torch.tensor(value), False) for key, value in own.items()}
            for step, own in parameters.items()
        }
        self.learnt = torch.nn.ModuleDict(
            {step.replace(".", "/"): torch.nn.ParameterDict(own) for step, own in self.values.items()}
        )
        steps = {step.name: step.method for step in self.sentences.fitted_steps}
        self._least: dict[str, dict[str, float]] = {
            step: dict(steps[step].says.get("AT_LEAST", {})) for step in self.values
        }
        self.train(False)

    def _engine(self, backbone: Backbone) -> Any:
        network = self.built[backbone] = build(backbone)
        side = network.sizes.only or max(64, network.sizes.smallest)
        fold(network.module, side)
        return _Learning(network, self)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """(B, H, W, 3) uint8 -> (B, D) float32."""
        pixels = pictures.numpy()
        looks = [self._look(each) for each in pixels]
        runs, _ = see(self.networks, self.sentences.parts, looks, [True] * len(self.parts))
        rows = [
            torch.cat([sentence.finish(run.part, self.values) for run in own])
            for sentence, own in zip(self.sentences.parts, runs, strict=True)
        ]
        found = self.sentences.join(rows, self.values)
        whole: torch.Tensor = found.reshape(len(pixels), -1)
        return whole

    def keep_in_range(self) -> None:
        """Move parameters that a step has brought below what they may be back to it."""
        with torch.no_grad():
            for step, own in self.values.items():
                for key, least in self._least[step].items():
                    own[key].clamp_(min=least)

    def _look(self, pixels: Pixels) -> Look:
        view = View(pixels, np.eye(2, 3))
        asked = dict.fromkeys(wanted for part in self.parts for wanted in one_size(part.views))
        return Look({own: view.through(*own.policy) if own.policy else view for own in asked}, {})

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.parameters()).device


class _Learning:
    """A network as an engine whose maps have gradients."""

    name = "torch"
    has_bf16 = True
    batch = 1 << 30

    def __init__(self, network: Network, model: Model) -> None:
        self.weights, self.only, self._smallest = network.weights, network.sizes.only, network.sizes.smallest
        self._module, self._model = network.module, [model]

    @property
    def device(self) -> str:
        return str(self._module.mean.device)

    def __call__(self, pixels: Pixels) -> list[Any]:
        refuse_others(pixels, self._smallest, self.only)
        there = self._module.mean.device
        sent = torch.from_numpy(np.ascontiguousarray(pixels)).to(there)
        with torch.autocast(there.type, torch.bfloat16, enabled=self._model[0].short):
            return [each.float() for each in self._module(sent)]
