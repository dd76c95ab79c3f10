"""Networks by name, layers by the papers' names, weights from files: held against the networks themselves."""

import copy
import dataclasses
import gc
import json
import math
import urllib.error
import weakref

import numpy as np
import pytest
import torch
from torchvision import models

from resight import engines
from resight.backbones import _names, _network, _openvino
from resight.backbones import torchvision as library
from resight.backbones._layers import Layers
from resight.backbones._measured import set_forms, set_sizes
from resight.engines.openvino import OpenVino, _converted
from resight.errors import BadImage, BadRecipe, NetworkUnavailable, UnknownMethod
from resight.recipe import Backbone, Recipe
from support.networks import run_as_network
from support.small import NO_UNITS, RANDOM_WEIGHTS

pytestmark = [
    pytest.mark.filterwarnings(RANDOM_WEIGHTS),
    pytest.mark.filterwarnings(NO_UNITS),
]

SQUEEZENET, RESNET = "torchvision:squeezenet1_1", "torchvision:resnet18"


def photo(height, width, batch=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (batch, height, width, 3), dtype=np.uint8)


def near(one, other, tolerance=1e-4):
    assert one.dtype == other.dtype == np.float32
    assert one.shape == other.shape
    assert np.isfinite(other).all()
    assert np.abs(one - other).max() <= tolerance * np.abs(other).max()


def vgg(*depths):
    """The papers' names and channels of VGG, written independently of how they are found."""
    found = {}
    for block, (depth, channels) in enumerate(zip(depths, (64, 128, 256, 512, 512), strict=True), start=1):
        found |= {f"conv{block}_{i}": channels for i in range(1, depth + 1)}
        found[f"pool{block}"] = channels
    return found | {"fc6": 4096, "fc7": 4096, "fc8": 1000}


STAGES = {"conv2_x": 256, "conv3_x": 512, "conv4_x": 1024, "conv5_x": 2048}
INCEPTIONS = {
    "3a": 256,
    "3b": 480,
    "4a": 512,
    "4b": 512,
    "4c": 512,
    "4d": 528,
    "4e": 832,
    "5a": 832,
    "5b": 1024,
}
ALEXNET = {"conv1": 64, "pool1": 64, "conv2": 192, "pool2": 192, "conv3": 384, "conv4": 256, "conv5": 256}
FIRES = {"fire2": 128, "fire3": 128, "pool3": 128, "fire4": 256, "fire5": 256, "pool5": 256, "fire6": 384}
DENSE = {"conv0": 64, "norm0": 64, "relu0": 64, "pool0": 64, "denseblock1": 256, "transition1": 128}
DENSE |= {"denseblock2": 512, "transition2": 256, "denseblock3": 1024, "transition3": 512}
LAYERS = {
    "vgg16": vgg(2, 2, 3, 3, 3),
    "vgg19": vgg(2, 2, 4, 4, 4),
    "resnet50": STAGES,
    "resnet101": STAGES,
    "resnext101_32x8d": STAGES,
    "densenet121": DENSE | {"denseblock4": 1024, "norm5": 1024},
    "alexnet": ALEXNET | {"pool5": 256, "fc6": 4096, "fc7": 4096, "fc8": 1000},
    "googlenet": INCEPTIONS,
    "mobilenet_v2": {},
    "squeezenet1_1": {"conv1": 64, "pool1": 64}
    | FIRES
    | {"fire7": 384, "fire8": 512, "fire9": 512, "conv10": 1000},
}
PATHS = {
    "vgg16": {"features.28": 512, "classifier.3": 4096},
    "googlenet": {"inception4e": 832, "inception3a.branch2": 128, "fc": 1000},
    "mobilenet_v2": {"features.3": 24, "features.18": 1280, "classifier": 1000},
    "resnet50": {"layer3.5": 1024, "relu": 64, "avgpool": 2048, "fc": 1000},
}


def abstract(name, backbone):
    """A network that has shapes and no values."""
    with torch.device("meta"):
        return Layers(*library.build(name, "")[:1], backbone, (0, 0, 0), (1, 1, 1)).eval()


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_has_its_name_and_its_channels(name):
    with torch.device("meta"):
        assert list(_names.known(library.build(name, "")[0])) == list(LAYERS[name])
    wanted = LAYERS[name] | PATHS.get(name, {})
    maps = abstract(name, Backbone(f"torchvision:{name}", "random", tuple(wanted))).outputs(
        torch.zeros(2, 97, 131, 3, dtype=torch.uint8, device="meta")
    )
    for (layer, channels), found in zip(wanted.items(), maps, strict=True):
        assert found.shape[:2] == (2, channels), layer
        vector = layer.startswith("fc") or "classifier" in layer or layer == "avgpool"
        assert (len(found.shape) == 2 or found.shape[2:] == (1, 1)) == vector, layer


@pytest.mark.parametrize(("name", "depth"), [("vgg11_bn", 1), ("vgg16_bn", 3)])
def test_a_relu_after_a_batch_norm_belongs_to_its_convolution(name, depth):
    with torch.device("meta"):
        model = library.build(name, "")[0]
    layer = _names.known(model)[f"conv1_{min(depth, 2)}"]
    at = int(layer.module.rpartition(".")[2])
    assert isinstance(model.features[at], torch.nn.Conv2d)
    assert isinstance(model.features[at + 2], torch.nn.ReLU)
    assert layer.output == f"features.{at + 2}"


@pytest.mark.parametrize(
    ("network", "layer", "said"),
    [
        (SQUEEZENET, "fire10", "conv1, pool1, fire2.*fire9, conv10, features, classifier, and those inside"),
        (RESNET, "conv6_x", "conv2_x, conv3_x, conv4_x, conv5_x, conv1"),
        ("timm:test_efficientnet", "blocks.99", "blocks.1, "),
        (RESNET, "", "conv5_x"),
    ],
)
def test_an_unknown_layer_is_an_error_that_names_the_known(network, layer, said):
    with pytest.raises(BadRecipe, match=f"no layer '{layer}'. Known: .*{said}"):
        engines.load(Backbone(network, "random", (layer,)), "torch")


def test_an_unknown_network_is_an_error_that_names_the_known():
    for network, said in [("torchvision:vgg99", "vgg16"), ("timm:test_resnet99", "test_resnet")]:
        with pytest.raises(UnknownMethod, match=said):
            engines.load(Backbone(network, "random", ("layer1",)), "torch")


# Two engines, one answer

TRIED = {
    "torchvision:vgg16": ("conv2_1", "pool2"),
    "torchvision:vgg19": ("features.5", "conv2_2"),
    "torchvision:resnet50": ("conv2_x", "conv4_x"),
    "torchvision:resnet101": ("conv3_x",),
    "torchvision:resnext101_32x8d": ("conv3_x",),
    "torchvision:densenet121": ("denseblock2", "norm5", "classifier"),
    "torchvision:alexnet": ("conv1", "conv5", "fc6"),
    "torchvision:googlenet": ("3a", "inception3a.branch2", "5b"),
    "torchvision:mobilenet_v2": ("features.18",),
    "torchvision:squeezenet1_1": ("features.0", "conv1", "fire2", "fire9", "conv10"),
    "timm:test_vit": ("patch_embed", "blocks.0.mlp", "blocks.1", "norm", "fc_norm"),
}


LARGE = {
    "torchvision:vgg19",
    "torchvision:resnet101",
    "torchvision:resnext101_32x8d",
}  # smaller ones are tried


@pytest.mark.parametrize(
    "network", [pytest.param(each, marks=[pytest.mark.soak] * (each in LARGE)) for each in TRIED]
)
def test_openvino_gives_the_maps_of_torch(network, tmp_path, monkeypatch):
    built = _network.build(Backbone(network, "random:1", TRIED[network]))
    monkeypatch.setattr(_openvino, "build", lambda backbone: built)  # building the large ones takes seconds
    _openvino.convert(Backbone(network, "random:1", TRIED[network]), tmp_path, False)
    engine = OpenVino(tmp_path, json.loads((tmp_path / "network.json").read_text()), 1)
    for pixels in (photo(97, 131), photo(built.sizes.smallest, built.sizes.smallest + 2, batch=2)):
        for one, other in zip(engine(pixels), built.module(torch.from_numpy(pixels)), strict=True):
            near(one, other.numpy())


def test_a_network_is_in_memory_once_and_only_while_it_is_used():
    one, other = (Backbone("timm:test_resnet", "random:1", (layer,)) for layer in ("layer2", "layer3"))
    first, second, full, two, short = (
        engines.load(backbone, "openvino", **more)
        for backbone, more in [
            (one, {}), (one, {}), (other, {}), (one, {"workers": 2}),
            (dataclasses.replace(one, precision="bf16"), {}),
        ]
    )  # fmt: skip
    assert first._network is second._network
    assert len({id(each._network) for each in (first, full, two, short)}) == 4
    np.testing.assert_array_equal(first(photo(33, 47))[0], second(photo(33, 47))[0])
    gone, kept = weakref.ref(full._network), weakref.ref(short._network)
    del full, short, two
    gc.collect()
    assert gone() is None
    assert kept() is not None  # the last one that was asked for


def test_a_network_that_knows_one_size_when_converted_runs_in_torch(monkeypatch, caplog):
    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.add_height = torch.nn.Identity()

        def forward(self, x):
            return self.add_height(x + int(x.shape[2]))  # the tracer takes it for a number

    run_as_network(Fixed, monkeypatch)
    backbone = Backbone("timm:fixed", "random:4", ("add_height",))
    with pytest.warns(UserWarning, match=r"runs in PyTorch.*differ from PyTorch's at"):
        engine = engines.load(backbone, "openvino")
    assert engine.name == "torch"
    near(engine(photo(7, 9))[0], (photo(7, 9) / 255 + 7).transpose(0, 3, 1, 2).astype(np.float32), 1e-6)


# What a layer's map is


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("squeezenet1_1", ("features.0", "conv1", "features.3.squeeze", "fire2", "fire9")),
        ("densenet121", ("features.conv0", "features.norm0", "norm5", "classifier")),  # functional, in place
        ("googlenet", ("conv1.bn", "conv1", "3a")),
        ("mobilenet_v2", ("features.0.1", "features.0", "features.2")),
    ],
)
def test_layers_asked_for_together_are_as_each_alone(name, layers):
    torch.manual_seed(2)
    model, mean, deviation = library.build(name, "")

    def maps(*asked):
        backbone = Backbone(f"torchvision:{name}", "random", asked)
        module = Layers(copy.deepcopy(model), backbone, mean, deviation).eval()
        set_forms(module, set_sizes(module, name))
        with torch.inference_mode():
            return [found.numpy() for found in module(torch.from_numpy(photo(65, 97)))]

    together = maps(*layers)
    for layer, found in zip(layers, together, strict=True):
        near(found, maps(layer)[0], 1e-6)
    assert together[0].min() < 0


@pytest.mark.parametrize(
    ("name", "layer"), [("vgg16", "pool5"), ("resnet50", "conv5_x"), ("mobilenet_v2", "features")]
)
def test_nothing_works_in_place(name, layer):
    module = abstract(name, Backbone(f"torchvision:{name}", "random", (layer,)))
    assert not any(getattr(part, "inplace", False) for part in module.modules())


@pytest.mark.parametrize(
    ("name", "layer", "path"), [("squeezenet1_1", "conv1", "features.0"), ("alexnet", "fc7", "classifier.4")]
)
def test_the_papers_name_is_after_the_relu_and_the_path_before(name, layer, path):
    after, before = engines.load(Backbone(f"torchvision:{name}", "random", (layer, path)), "torch")(
        photo(65, 97)
    )
    assert before.min() < 0
    near(after, np.maximum(before, 0), 1e-6)


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_relu_clamps_the_maps_at_zero(engine):
    linear, clamped = (
        engines.load(Backbone("torchvision:mobilenet_v2", "random:3", ("features.2",), relu), engine)
        for relu in (False, True)
    )
    assert linear(photo(33, 35))[0].min() < 0
    near(clamped(photo(33, 35))[0], np.maximum(linear(photo(33, 35))[0], 0), 1e-6)


def test_a_module_that_runs_several_times_answers_with_its_first_run():
    alone = engines.load(Backbone(RESNET, "random", ("layer1.0.relu",)), "torch")(photo(33, 35))
    both = engines.load(Backbone(RESNET, "random", ("layer1.0.relu", "layer1")), "torch")(photo(33, 35))
    near(both[0], alone[0], 1e-6)
    assert np.abs(both[0] - both[1]).max() > 0


def test_a_layer_that_does_not_run_is_an_error():
    with pytest.raises(BadRecipe, match="does not come to aux1"):
        engines.load(Backbone("torchvision:googlenet", "random", ("aux1", "3a")), "torch")


def test_nothing_above_the_highest_layer_runs_or_is_converted():
    backbone = Backbone("torchvision:alexnet", "random", ("conv2", "conv1"))
    module = _network.build(backbone).module
    ran = []
    for path, part in module.model.named_modules():
        part.register_forward_pre_hook(lambda *_, path=path: ran.append(path))
    module(torch.from_numpy(photo(65, 67)))
    assert ran == ["", "features", "features.0", "features.1", "features.2", "features.3", "features.4"]
    below = sum(tensor.numel() for at in (0, 3) for tensor in module.model.features[at].parameters())
    engines.load(backbone, "openvino")
    stored = (_converted(backbone) / "network.bin").stat().st_size
    assert 4 * below <= stored < 4 * below + 1000


@pytest.mark.parametrize(
    ("network", "layer", "smallest"), [(SQUEEZENET, "fire9", 25), (SQUEEZENET, "conv1", 3)]
)
@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_a_photo_too_small_for_the_network_is_refused_in_words(network, layer, smallest, engine):
    run = engines.load(Backbone(network, "random", (layer,)), engine)
    assert run(photo(smallest, smallest))[0].shape[2:] == (1, 1)
    for shape in [(smallest - 1, 99), (99, smallest - 1)]:
        with pytest.raises(BadImage, match=f"{shape[1]} x {shape[0]} pixels are too few.*{smallest} a side"):
            run(photo(*shape))


# Vision transformers


@pytest.fixture(scope="module")
def transformer(tmp_path_factory):
    """Weights whose positions weigh as much as their patches, unlike those of a new network."""
    import timm

    torch.manual_seed(5)
    model = timm.create_model("test_vit")
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if (tensor.ndim == 1 and "gamma" in name) or name in ("pos_embed", "cls_token"):
                tensor.normal_()
    path = tmp_path_factory.mktemp("weights") / "vit.pth"
    torch.save(model.state_dict(), path)
    return model.eval(), str(path)


def test_patches_of_a_transformer_become_a_map_without_its_prefix(transformer):
    model, path = transformer
    pixels = photo(160, 160)
    own = (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    assert model.default_cfg["mean"] == model.default_cfg["std"] == (0.5, 0.5, 0.5)
    with torch.inference_mode():
        tokens = model.forward_features(own).numpy()  # (1, 1 + 10 x 10, 64)
    (found,) = engines.load(Backbone("timm:test_vit", path, ("norm",)), "torch")(pixels)
    assert found.shape == (1, 64, 10, 10)
    near(np.ascontiguousarray(found[0, :, 3, 7]), tokens[0, 1 + 37], 1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (33, 65), (97, 131), (160, 160), (100, 240)], ids=str)
def test_a_transformer_takes_any_size_in_both_engines(transformer, shape):
    backbone = Backbone("timm:test_vit", transformer[1], ("blocks.2", "norm"))
    converted, reference = engines.load(backbone, "openvino"), engines.load(backbone, "torch")
    assert converted.name == "openvino"
    for one, other in zip(converted(photo(*shape)), reference(photo(*shape)), strict=True):
        assert other.shape[2:] == tuple(math.ceil(side / 16) for side in shape)
        near(one, other)


# Pixels on their way in


def test_caffe_networks_take_blue_green_red_less_their_means():
    pixels = photo(9, 11)
    backbone = Backbone(SQUEEZENET, "random:6", ("features.0",), preprocess="caffe")
    first = _network.build(backbone).module.model.features[0].parameters()
    bgr = pixels[..., ::-1].astype(np.float64) - [103.939, 116.779, 123.68]
    with torch.inference_mode():
        wanted = torch.nn.functional.conv2d(
            torch.from_numpy(bgr.transpose(0, 3, 1, 2)).float(), *first, stride=2
        )
    for name in ("torch", "openvino"):
        near(engines.load(backbone, name)(pixels)[0], wanted.numpy())
        plain = engines.load(Backbone(SQUEEZENET, "random:6", ("features.0",)), name)(pixels)[0]
        assert np.abs(plain - wanted.numpy()).max() > wanted.abs().max() / 2


def test_how_pixels_enter_and_what_is_clamped_are_read_strictly():
    with pytest.raises(BadRecipe, match=r"'' .*or 'caffe', not 'bgr'"):
        Backbone(SQUEEZENET, "random", ("conv1",), preprocess="bgr")
    with pytest.raises(BadRecipe, match="true or false, not 'yes'"):
        Backbone(SQUEEZENET, "random", ("conv1",), relu="yes")


def test_what_changes_the_maps_changes_the_sentence_and_the_converted_network():
    table = {"network": SQUEEZENET, "weights": "random", "layers": ["conv1"]}
    given = [{}, {"relu": True}, {"preprocess": "caffe"}]
    recipes = [Recipe.parse({"name": "one", "backbone": table | more}) for more in given]
    assert len({str(recipe.sentence()) for recipe in recipes}) == 3
    assert len({_converted(recipe.parts[0].backbone) for recipe in recipes}) == 3


def test_a_networks_own_change_of_means_is_not_added_to_caffes():
    for preprocess, kept in [("", True), ("caffe", False)]:
        module = abstract("googlenet", Backbone("torchvision:googlenet", "x", ("3a",), preprocess=preprocess))
        assert module.model.transform_input is kept


# Weights from a library


def test_a_set_of_weights_brings_its_own_mean_and_deviation(monkeypatch):
    with torch.device("meta"):
        state = models.vgg16().state_dict()
        asked = []
        monkeypatch.setattr(
            "torchvision.models._api.load_state_dict_from_url", lambda url, **_: asked.append(url) or state
        )
        _, mean, deviation = library.build("vgg16", "IMAGENET1K_FEATURES")
        library.build("vgg16", "imagenet")
    np.testing.assert_allclose(np.multiply(mean, 255), [123.0, 117.0, 104.0], atol=0.02)
    np.testing.assert_allclose(np.multiply(deviation, 255), 1)
    assert "features" in asked[0]
    assert "features" not in asked[1]


def test_weights_without_numbers_for_the_layers_are_an_error(monkeypatch):
    state = models.squeezenet1_1().state_dict()
    state["classifier.1.weight"].fill_(torch.nan)  # as torchvision's IMAGENET1K_FEATURES, above its features
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *_, **__: state)
    monkeypatch.setattr("resight.backbones._hubs.answered", lambda ask: None)
    engine = engines.load(Backbone(SQUEEZENET, "IMAGENET1K_V1", ("fire9",)), "torch")
    assert np.isfinite(engine(photo(33, 35))[0]).all()
    with pytest.raises(NetworkUnavailable, match=r"'IMAGENET1K_V1' .*hold no numbers"):
        engines.load(Backbone(SQUEEZENET, "IMAGENET1K_V1", ("conv10",)), "torch")


@pytest.mark.parametrize("weights", ["imagenet", "IMAGENET1K_V1"])
def test_a_hub_that_cannot_be_reached_is_said(weights, monkeypatch):
    def fail(*_, **__):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    monkeypatch.setattr("resight.backbones._hubs.answered", lambda ask: None)
    with pytest.raises(NetworkUnavailable, match=r"could not be fetched.*go online once, or name a file"):
        engines.load(Backbone(SQUEEZENET, weights, ("conv1",)), "torch")


def test_an_unknown_set_of_weights_is_an_error_that_names_the_known():
    with pytest.raises(NetworkUnavailable, match=r"'IMAGENET1K_V9' there. Known: imagenet, IMAGENET1K_V1\."):
        engines.load(Backbone(SQUEEZENET, "IMAGENET1K_V9", ("conv1",)), "torch")
    with pytest.raises(NetworkUnavailable, match=r"in the network, with 'imagenet': test_resnet.r160_in1k"):
        engines.load(Backbone("timm:test_resnet", "IMAGENET1K_V1", ("layer1",)), "torch")
    with pytest.raises(NetworkUnavailable, match="no such weights: Invalid pretrained tag"):
        engines.load(Backbone("timm:test_resnet.nowhere", "imagenet", ("layer1",)), "torch")
    with pytest.raises(NetworkUnavailable, match=r"no weights 'absent.pth': name a file"):
        engines.load(Backbone(SQUEEZENET, "absent.pth", ("conv1",)), "torch")


# Weights from a file


def saved(folder, model, without=(), more=None):
    state = {k: v for k, v in model.state_dict().items() if not k.startswith(tuple(without))} | (more or {})
    torch.save(state, folder / "weights.pth")
    return str(folder / "weights.pth")


def test_a_file_without_what_stands_above_the_layers_is_enough(tmp_path):
    torch.manual_seed(8)
    model = models.resnet18().eval()
    path = saved(
        tmp_path, model, ("layer4", "fc"), {"fc.weight": torch.zeros(7, 512), "head.bias": torch.ones(3)}
    )
    (found,) = engines.load(Backbone(RESNET, path, ("conv3_x",)), "torch")(photo(64, 64))
    mean, deviation = torch.tensor(library.MEAN), torch.tensor(library.DEVIATION)
    x = ((torch.from_numpy(photo(64, 64)) / 255 - mean) / deviation).permute(0, 3, 1, 2)
    with torch.inference_mode():
        x = model.maxpool(model.relu(model.bn1(model.conv1(x))))
        near(found, model.layer2(model.layer1(x)).numpy(), 1e-5)
    with pytest.raises(NetworkUnavailable, match=r"need layer4.0.conv1.weight, .* and 22 more"):
        engines.load(Backbone(RESNET, path, ("conv5_x",)), "torch")


@pytest.mark.parametrize("layer", ["layer1", "layer2"])
def test_the_file_of_a_deeper_network_is_found_out(layer, tmp_path):
    path = saved(tmp_path, models.resnet34())
    with pytest.raises(NetworkUnavailable, match=r"of another network: nothing takes layer1.2.conv1.weight"):
        engines.load(Backbone(RESNET, path, (layer,)), "torch")
    assert engines.load(Backbone(RESNET, path, ("conv1",)), "torch")  # which is the same in both


def test_another_spelling_of_the_same_network_is_read_in_order(tmp_path):
    model = models.squeezenet1_1()
    torch.save({"state_dict": {f"net.{k}": v for k, v in model.state_dict().items()}}, tmp_path / "a.pth")
    one = engines.load(Backbone(SQUEEZENET, str(tmp_path / "a.pth"), ("fire3",)), "torch")
    other = engines.load(Backbone(SQUEEZENET, saved(tmp_path, model), ("fire3",)), "torch")
    near(one(photo(33, 35))[0], other(photo(33, 35))[0], 1e-7)


def keras(model, folder, without=()):
    """A network's convolutions in the layout of Keras, named as its paper names them."""
    arrays = {}
    for name, layer in _names.known(model).items():
        for path, part in model.get_submodule(layer.module).named_modules():
            if isinstance(part, torch.nn.Conv2d) and name not in without:
                inside = "".join(f"{piece}/" for piece in path.split(".") if piece)
                arrays[f"{name}/{inside}kernel"] = part.weight.detach().permute(2, 3, 1, 0).numpy()
                arrays[f"{name}/{inside}bias"] = part.bias.detach().numpy()
    np.savez(folder / "weights.npz", **arrays)
    return str(folder / "weights.npz"), list(arrays)


def test_convolutions_in_the_layout_of_keras(tmp_path):
    torch.manual_seed(9)
    model = models.squeezenet1_1()
    path, keys = keras(model, tmp_path, without=["conv10"])
    assert keys[:3] == ["conv1/kernel", "conv1/bias", "fire2/squeeze/kernel"]
    ours = engines.load(Backbone(SQUEEZENET, path, ("conv1", "fire9")), "torch")
    wanted = engines.load(Backbone(SQUEEZENET, saved(tmp_path, model), ("conv1", "fire9")), "torch")
    for one, other in zip(ours(photo(65, 97)), wanted(photo(65, 97)), strict=True):
        near(one, other, 1e-7)
    with pytest.raises(NetworkUnavailable, match=r"need classifier.1.weight, classifier.1.bias\."):
        engines.load(Backbone(SQUEEZENET, path, ("conv10",)), "torch")


def test_a_file_that_is_no_weights_is_an_error(tmp_path):
    np.savez(tmp_path / "objects.npz", a=np.array([{}], dtype=object))
    (tmp_path / "noise.npz").write_bytes(b"noise")
    (tmp_path / "noise.pth").write_bytes(b"noise")
    for name in ("objects.npz", "noise.npz", "noise.pth"):
        with pytest.raises(NetworkUnavailable, match=f"{name} cannot be read"):
            engines.load(Backbone(SQUEEZENET, str(tmp_path / name), ("conv1",)), "torch")


# SqueezeNet's real weights, by plain loops from the file


def convolved(x, kernel, bias, stride, border):
    """(H, W, C) with a kernel (h, w, C, D) -> (H', W', D), and its ReLU."""
    x = np.pad(x, ((border, border), (border, border), (0, 0)))
    size, depth = kernel.shape[0], kernel.shape[3]
    rows, columns = ((side - size) // stride + 1 for side in x.shape[:2])
    out = np.empty((rows, columns, depth))
    for r in range(rows):
        for c in range(columns):
            window = x[r * stride : r * stride + size, c * stride : c * stride + size]
            for d in range(depth):
                out[r, c, d] = max(0.0, float((window * kernel[..., d]).sum() + bias[d]))
    return out


def pooled(x, size=3, stride=2):
    """Maxima of windows; the last ones may reach over the border, as Caffe rounds up."""
    rows, columns = (math.ceil((side - size) / stride) + 1 for side in x.shape[:2])
    windows = [
        [x[r * stride : r * stride + size, c * stride : c * stride + size] for c in range(columns)]
        for r in range(rows)
    ]
    return np.array([[window.max((0, 1)) for window in row] for row in windows])


def test_squeezenet_with_its_real_weights_is_what_its_file_says(test_data):
    path = test_data / "squeezenet_v1.1_fp32.npz"
    if not path.is_file():
        pytest.skip("no weights of SqueezeNet in the folder of real data")
    with np.load(path) as file:
        weights = {key: file[key].astype(np.float64) for key in file.files}

    def layer(x, name, stride=1, border=0):
        return convolved(x, weights[f"{name}/kernel"], weights[f"{name}/bias"], stride, border)

    pixels = photo(26, 23)
    conv1 = layer(pixels[0, :, :, ::-1] - np.array([103.939, 116.779, 123.68]), "conv1", stride=2)
    squeezed = layer(pooled(conv1), "fire2/squeeze1x1")
    fire2 = [layer(squeezed, "fire2/expand1x1"), layer(squeezed, "fire2/expand3x3", border=1)]
    backbone = Backbone(SQUEEZENET, str(path), ("conv1", "fire2"), preprocess="caffe")
    for name in ("torch", "openvino"):
        found = engines.load(backbone, name)(pixels)
        for one, wanted in zip(found, (conv1, np.concatenate(fire2, axis=2)), strict=True):
            near(one, wanted.transpose(2, 0, 1)[None].astype(np.float32))
    engines.load(Backbone(SQUEEZENET, str(path), ("fire9",)), "torch")
    with pytest.raises(NetworkUnavailable, match=r"need classifier.1.weight, classifier.1.bias"):
        engines.load(Backbone(SQUEEZENET, str(path), ("conv10",)), "torch")
