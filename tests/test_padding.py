"""Padding that a network computes from the size of an image: as in torch, whatever the size and precision."""

import json

import numpy as np
import openvino
import pytest
import torch

from resight import engines
from resight.backbones import _network, _openvino
from resight.engines._device import cpu_has_bf16
from resight.engines.openvino import OpenVino
from resight.recipe import Backbone
from support.networks import run_as_network
from support.small import NO_UNITS, RANDOM_WEIGHTS

pytestmark = [
    pytest.mark.filterwarnings(RANDOM_WEIGHTS),
    pytest.mark.filterwarnings(NO_UNITS),
]

NETWORK = "timm:tf_efficientnet_lite0"  # whose convolutions of stride 2 pad as TensorFlow's do
SIZES = [(96, 128), (97, 131), (66, 34), (427, 640), (391, 643), (514, 323), (1, 1)]


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)


def backbone(precision="f32"):
    return Backbone(NETWORK, "random:1", ("blocks.3",), precision=precision)


def cosine(one, other):
    return float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))


def test_convolutions_pad_by_themselves_and_give_the_maps_of_torch(tmp_path):
    _openvino.convert(backbone(), tmp_path, False)
    kinds = [node.get_type_name() for node in openvino.Core().read_model(tmp_path / "network.xml").get_ops()]
    assert "Pad" not in kinds
    assert "GroupConvolution" in kinds
    engine = OpenVino(tmp_path, json.loads((tmp_path / "network.json").read_text()), 1)
    truth = _network.build(backbone()).module
    for size in SIZES:
        with torch.inference_mode():
            wanted = truth(torch.from_numpy(noise(*size)))[0].numpy()
        given = engine(noise(*size))[0]
        assert given.shape == wanted.shape
        assert np.abs(given - wanted).max() <= 1e-4 * np.abs(wanted).max()


@pytest.mark.parametrize("size", SIZES)
def test_in_bf16_a_photo_of_any_size_is_padded_as_in_float32(size):
    full, short = (engines.load(backbone(each), "openvino")(noise(*size))[0] for each in ("f32", "bf16"))
    assert short.shape == full.shape
    assert cosine(short, full) > 0.998


def test_a_network_whose_sizes_bf16_cannot_hold_runs_in_torch_in_bf16_alone(monkeypatch, tmp_path):
    if not cpu_has_bf16():
        pytest.skip("this processor has no units for bf16")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(_openvino, "pad_in_convolutions", lambda *_: None)
    assert engines.load(backbone(), "openvino").name == "openvino"
    with pytest.warns(
        UserWarning, match=r"runs in PyTorch.*in bf16 differ from those in float32 at 643 x 391"
    ):
        assert engines.load(backbone("bf16"), "openvino").name == "torch"


def test_a_network_that_bf16_cannot_run_at_all_still_runs_in_float32(monkeypatch, tmp_path):
    def unlike(*_):
        raise RuntimeError("no such shape\nat node 7")

    monkeypatch.setattr(_openvino, "_unlike_in_bf16", unlike)
    _openvino.convert(backbone(), tmp_path, True)
    facts = json.loads((tmp_path / "network.json").read_text())
    assert (facts["unlike"], facts["unlike_bf16"]) == ("", "in bf16, no such shape")
    assert (tmp_path / "network.xml").exists()


@pytest.mark.parametrize("more", [0, 4])
def test_a_pad_of_another_kind_stays_as_it_is(more, monkeypatch, tmp_path):
    """Where it would but move the maps, and where they would have another size than what is added."""

    class Filled(torch.nn.Module):
        """To the next multiple of four, at the left and above alone; then patches of four."""

        def __init__(self):
            super().__init__()
            self.patches, self.sum = torch.nn.Conv2d(3, 8, 4, stride=4), torch.nn.Identity()

        def forward(self, x):
            above, left = (-x.shape[2]) % 4 + more, (-x.shape[3]) % 4 + more
            filled = torch.nn.functional.pad(x, (left, 0, above, 0))
            return self.sum(self.patches(filled) + filled[:, :1, ::4, ::4])

    run_as_network(Filled, monkeypatch)
    filled = Backbone("timm:filled", "random:4", ("sum",))
    _openvino.convert(filled, tmp_path, False)
    facts = json.loads((tmp_path / "network.json").read_text())
    assert not facts["unlike"]
    given, wanted = OpenVino(tmp_path, facts, 1)(noise(7, 9))[0], _network.build(filled).module
    assert np.abs(given - wanted(torch.from_numpy(noise(7, 9)))[0].numpy()).max() < 1e-4
