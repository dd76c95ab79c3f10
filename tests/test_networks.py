"""A layer's rows and columns are the photo's, in whatever order a library holds them; sizes that networks take."""

import numpy as np
import pytest
import torch

import small
from resight.backbones import _network
from resight.backbones._axes import Map, Tokens, Vector, moving
from resight.recipe import Backbone

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)

# Each network with layers that hold channels first, channels last, patches, or heads by patches.
WALKED = {
    "timm:tf_efficientnet_lite0": ["blocks.2"],
    "torchvision:swin_t": ["features.1", "features.7", "norm"],
    "torchvision:swin_v2_t": ["features.1.0", "features.1.0.mlp"],
    "timm:tiny_vit_5m_224": ["stages.1.blocks.0", "stages.1"],
    "timm:test_convnext": ["stages.1.blocks.0.mlp.fc1", "stages.1.blocks.0.norm", "stages.2"],
    "timm:vit_small_patch14_dinov2": ["blocks.1.attn.k_norm", "blocks.1"],
    "timm:vit_tiny_patch16_dinov3_qkvb": ["blocks.1.attn.k_norm", "blocks.1.mlp", "blocks.1"],
    "timm:test_mambaout": ["stages.1.blocks.0.conv", "stages.2.blocks.0"],
    "timm:swin_tiny_patch4_window7_224": ["layers.0", "layers.1"],
    "timm:swinv2_tiny_window8_256": ["layers.0.blocks.0"],
    "timm:twins_svt_small": ["blocks.0.0", "blocks.1.0"],
    "timm:xcit_nano_12_p8_224": ["blocks.1"],
    "timm:csatv2": ["stages.1"],
    "timm:samvit_base_patch16_224": ["blocks.0"],
    "timm:naflexvit_base_patch16_gap": ["blocks.0"],
    "timm:maxvit_rmlp_pico_rw_256": ["stages.0", "stages.1"],
    "timm:test_vit_relpos": ["blocks.0", "blocks.4"],
    "timm:hiera_tiny_224": ["blocks.11"],
    "timm:test_vit": ["patch_embed", "blocks.0.mlp", "norm"],
    "timm:pvt_v2_b0": ["stages.0.blocks.0", "stages.1"],
    "timm:mobilevit_xxs": ["stages.1"],
    "torchvision:resnet18": ["layer3"],
    "torchvision:vgg11": ["pool3"],
}


def photo(height, width, seed=0):
    return np.random.default_rng(seed).integers(90, 130, (1, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("network", WALKED)
def test_a_bright_square_moves_the_cell_at_its_place(network):
    built = _network.build(Backbone(network, "random:1", tuple(WALKED[network])))
    height, width = (built.sizes.only or side for side in (250, 130))  # no multiples of any patch
    plain, side = photo(height, width), 24
    for down, across in [(0.7, 0.25), (0.25, 0.75)]:
        bright = plain.copy()
        top, left = int(down * height) - side // 2, int(across * width) - side // 2
        bright[:, top : top + side, left : left + side] = 255
        with torch.inference_mode():
            before, after = (built.module(torch.from_numpy(pixels)) for pixels in (plain, bright))
        for layer, one, other in zip(WALKED[network], before, after, strict=True):
            change = (one - other).abs().sum(1)[0]
            rows, columns = change.shape
            row, column = (change > change.max() / 2).nonzero().double().mean(0)
            assert rows >= 4 <= columns, layer
            assert abs((row + 0.5) / rows - down) < 1 / rows + side / height / 2, layer
            assert abs((column + 0.5) / columns - across) < 1 / columns + side / width / 2, layer


# Axes


@pytest.mark.parametrize(
    ("square", "tall", "wide", "form"),
    [
        ((1, 8, 4, 4), (1, 8, 8, 4), (1, 8, 4, 8), Map(2, 3)),
        ((1, 4, 4, 8), (1, 8, 4, 8), (1, 4, 8, 8), Map(1, 2)),
        ((1, 17, 8), (1, 33, 8), (1, 33, 8), Tokens(1, 1, 16)),
        ((1, 8, 16), (1, 8, 32), (1, 8, 32), Tokens(2, 0, 16)),
        ((1, 3, 21, 8), (1, 3, 37, 8), (1, 3, 37, 8), Tokens(2, 5, 16)),
        ((1, 21, 3, 8), (1, 37, 3, 8), (1, 37, 3, 8), Tokens(1, 5, 16)),
        ((1, 8), (1, 8), (1, 8), Vector()),
        ((1, 8, 1, 1), (1, 8, 1, 1), (1, 8, 1, 1), Vector()),
        ((1, 1, 8), (1, 1, 8), (1, 1, 8), Vector()),
        ((1, 8, 4, 4), (1, 8, 4, 8), (1, 8, 8, 4), None),  # columns before rows
        ((1, 3, 17, 17), (1, 3, 33, 33), (1, 3, 33, 33), None),  # what each patch makes of each
        ((4, 4, 4, 8), (8, 4, 4, 8), (8, 4, 4, 8), None),  # windows
        ((4, 16, 8), (4, 16, 8), (4, 16, 8), None),
        ((1, 128), (1, 256), (1, 256), None),
        ((1, 5, 8), (1, 5, 8), (1, 5, 8), None),  # five vectors
        ((1, 2, 2, 2, 8), (1, 4, 2, 2, 8), (1, 2, 4, 2, 8), None),
        ((1, 16, 8), (1, 32, 8), (1, 30, 8), None),
        ((1, 8, 4, 4), (1, 8, 8, 4), (1, 8, 4, 4), None),
    ],
    ids=str,
)
def test_axes_are_those_that_move_with_the_image(square, tall, wide, form):
    assert moving(square, tall, wide, 64) == form
