"""A layer's rows and columns are the photo's, in whatever order a library holds them; sizes networks take."""

import numpy as np
import pytest
import torch

from resight import engines
from resight.backbones import _network
from resight.backbones._axes import FirstToken, Map, Tokens, Vector, certain, in_place, moving, still
from resight.backbones._layers import Layers
from resight.backbones._measured import set_forms
from resight.backbones._sizes import Sizes, sizes
from resight.errors import BadRecipe
from resight.recipe import Backbone
from support import small

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


@pytest.mark.parametrize(
    ("shape", "forms"),
    [
        ((1, 8, 7, 7), [Map(2, 3)]),
        ((1, 7, 7, 8), [Map(1, 2)]),
        ((1, 50, 8), [Tokens(1, 1, 32)]),
        ((1, 8, 49), [Tokens(2, 0, 32)]),
        ((1, 3, 50, 8), [Tokens(2, 1, 32)]),
        ((1, 8), [Vector()]),
        ((1, 1, 8), [Vector()]),
        ((4, 49, 8), []),
        ((1, 48, 8), []),
        ((1, 8, 7, 7, 1), []),
    ],
    ids=str,
)
def test_one_shape_alone_allows_few_forms(shape, forms):
    assert [form for form in still(shape, 224) if getattr(form, "prefix", 0) < 2] == forms


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        ((1, 512, 7, 7), Map(2, 3)),
        ((1, 14, 14, 768), Map(1, 2)),
        ((1, 768), Vector()),
        ((1, 12, 197, 197), None),  # what each patch makes of each
        ((1, 12, 49, 49), None),
        ((1, 12, 16, 16), None),  # that, or a map
        ((1, 7, 7, 7), None),
        ((1, 197, 768), None),
    ],
    ids=str,
)
def test_one_shape_alone_leaves_no_doubt_of_a_map(shape, form):
    assert certain(shape, 224) == form


def test_a_form_reads_an_output_as_a_map():
    wanted = torch.arange(2 * 6 * 3 * 5).reshape(2, 6, 3, 5)
    tokens = wanted.flatten(2).transpose(1, 2)  # (2, 15, 6)
    heads = tokens.reshape(2, 15, 2, 3).transpose(1, 2)
    first = torch.full((2, 4, 6), -1)
    outputs = {
        Map(2, 3): wanted,
        Map(1, 2): wanted.permute(0, 2, 3, 1),
        Tokens(1, 4, 16): torch.cat([first, tokens], 1),
        Tokens(2, 0, 16): wanted.flatten(2),
        Tokens(2, 1, 16): torch.cat([torch.full((2, 2, 1, 3), -1), heads], 2),
    }
    for form, output in outputs.items():
        assert torch.equal(form.read(output, 48, 80), wanted), form
    assert torch.equal(FirstToken().read(tokens, 48, 80), wanted[:, :, :1, :1])
    assert torch.equal(Vector().read(wanted[:, :, 0, 0], 48, 80), wanted[:, :, :1, :1])


def test_cells_in_place_change_with_their_own_quarter():
    changes = torch.zeros(4, 5, 6)
    for quarter in range(4):
        down, across = divmod(quarter, 2)
        changes[quarter, 3 * down : 2 + 3 * down, 3 * across : 3 + 3 * across] = 1
    assert in_place(changes) == 1
    assert in_place(changes + 1e-3) == 1
    assert in_place(changes[[1, 0, 3, 2]]) == 0
    windows = changes[:, [0, 1, 3, 4], :].reshape(4, 2, 2, 2, 3).transpose(2, 3).reshape(4, 4, 6)
    assert in_place(windows) == 0.5
    assert in_place(torch.zeros(4, 5, 6)) == 1  # nothing changes: nothing is known against it
    assert in_place(torch.ones(4, 1, 1)) == 1


class Attention(torch.nn.Module):
    """Windows, then what each pixel makes of each: neither is a map."""

    def __init__(self):
        super().__init__()
        self.windows, self.pairs, self.cube, self.list = (torch.nn.Identity() for _ in range(4))

    def forward(self, x):
        self.windows(torch.nn.functional.unfold(x, 8, stride=8).transpose(1, 2).reshape(-1, 8, 8, 3))
        tokens = x[:, :, ::8, ::8].flatten(2)
        self.pairs((tokens.transpose(1, 2) @ tokens)[:, None])
        self.cube(x[..., None])
        self.list([x])


@pytest.mark.parametrize("layer", ["windows", "pairs", "cube"])
def test_what_is_no_map_is_refused_in_words(layer):
    layers = Layers(Attention(), Backbone("timm:attention", "random", (layer,)), (0, 0, 0), (1, 1, 1))
    with pytest.raises(BadRecipe, match=f"'{layer}' gives neither a feature map, nor patches row by row"):
        set_forms(layers, Sizes(8))


def test_a_layer_that_gives_no_tensor_is_refused_in_words():
    layers = Layers(Attention(), Backbone("timm:attention", "random", ("list",)), (0, 0, 0), (1, 1, 1))
    with pytest.raises(BadRecipe, match="'list' gives no tensor, but a list"):
        set_forms(layers, Sizes(8))


def test_patches_that_do_not_stand_row_by_row_are_refused():
    """Hiera holds the patches of its lower blocks in the order of its windows."""
    with pytest.raises(BadRecipe, match=r"'blocks.0' gives neither .* 224 x 224 pixels is 3136 x 96"):
        _network.build(Backbone("timm:hiera_tiny_224", "random", ("blocks.0",)))


# Sizes


@pytest.mark.parametrize(
    ("runs", "found"),
    [
        (lambda h, w: True, Sizes(1)),
        (lambda h, w: min(h, w) >= 33, Sizes(33)),
        (lambda h, w: min(h, w) >= 200, Sizes(200)),
        (lambda h, w: h % 4 == w % 4 == 0, Sizes(1, 4)),
        (lambda h, w: h % 32 == w % 32 == 0 and min(h, w) > 64, Sizes(65, 32)),
        (lambda h, w: h % 160 == w % 160 == 0, Sizes(1, 160)),  # the network's own, in no list
        (
            lambda h, w: h % 4 in (0, 3) and w % 4 in (0, 3),
            Sizes(1, 4),
        ),  # as where halves are rounded two ways
        (lambda h, w: h == w == 160, Sizes(160, only=160)),
        (lambda h, w: h == w and h % 32 == 0, Sizes(160, only=160)),  # squares alone
    ],
    ids=["any", "from 33", "from 200", "4", "32 from 65", "own", "rounding", "one", "squares"],
)
def test_sizes_are_found_by_trying(runs, found):
    model = torch.nn.Identity()
    model.default_cfg = {"input_size": (3, 160, 160)}
    assert sizes(model, runs, "timm:one") == found


def test_a_network_that_takes_nothing_is_refused():
    with pytest.raises(BadRecipe, match="timm:one takes none of the sizes of images tried, nor 224 x 224"):
        sizes(torch.nn.Identity(), lambda h, w: False, "timm:one")


ONE = {"network": "timm:test_vit_relpos", "weights": "random", "layers": ["blocks.4"]}


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_a_network_of_one_size_serves_a_square_recipe_of_it(engine, tmp_path):
    square = small.PLAIN | {"backbone": ONE, "views": {"resize": "square", "sizes": [160]}}
    small.album(tmp_path, 2)
    report = small.index(tmp_path, square, engine=engine)
    assert (report.described, report.failed) == (2, 0)
    backbone = Backbone(ONE["network"], "random", ("blocks.4",))
    loaded = engines.load(backbone, engine)
    assert (loaded.name, loaded.only) == (engine, 160)
    pixels = photo(160, 160)
    one, other = loaded(pixels)[0], engines.load(backbone, "torch")(pixels)[0]
    assert one.shape == (1, 96, 10, 10)
    assert np.abs(one - other).max() <= 1e-4 * np.abs(other).max()
    with pytest.raises(BadRecipe, match="one size alone"):
        loaded(photo(160, 128))


@pytest.mark.parametrize(
    "views",
    [{"sizes": [160]}, {"resize": "square", "sizes": [224]}, {"resize": "square", "sizes": [160, 96]}],
)
def test_other_views_of_a_network_of_one_size_are_refused_before_a_gallery_is_begun(views, tmp_path):
    small.album(tmp_path, 2)
    told = r'one size alone: give the recipe views = { resize = "square", sizes = \[160\] }'
    with pytest.raises(BadRecipe, match=told):
        small.index(tmp_path, small.PLAIN | {"backbone": ONE, "views": views})
    assert small.index(tmp_path, small.PLAIN).described == 2  # the folder is still free for another recipe


@pytest.mark.parametrize(
    ("network", "layer", "step"),
    [("timm:swin_tiny_patch4_window7_224", "layers.0", 4), ("timm:maxvit_rmlp_pico_rw_256", "stages.0", 4)],
)
def test_cells_in_the_padding_alone_are_cut_off(network, layer, step):
    built = _network.build(Backbone(network, "random:1", (layer,)))
    assert built.sizes.multiple > 1
    for height, width in [(97, 131), (1, 30)]:
        with torch.inference_mode():
            (found,) = built.module(torch.from_numpy(photo(height, width)))
        assert found.shape[2:] == (-(-height // step), -(-width // step))
