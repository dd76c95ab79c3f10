"""The class token and the attention-pooled head as descriptors, and the recipes made of them."""

import dataclasses

import numpy as np
import pytest
import timm
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from resight import engines
from resight.backbones._names import output_path
from resight.describing.describer import Describer
from resight.engines import torch as torch_engine
from resight.errors import BadRecipe, NetworkUnavailable
from resight.images import Photo
from resight.recipe import Backbone, Recipe
from support import small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)

# The network, the longest side in pixels and the layer that each recipe is to have.
RECIPES = {
    "dinov2-base": ("timm:vit_base_patch14_dinov2.lvd142m", 518, "cls"),
    "dinov3-base": ("timm:vit_base_patch16_dinov3.lvd1689m", 512, "cls"),
    "siglip2-base": ("timm:vit_base_patch16_siglip_512.v2_webli", 512, "head"),
}
PATCH = {"dinov2-base": 14, "dinov3-base": 16, "siglip2-base": 16}


def pixels(height, width):
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def entered(model, image):
    """As timm has it: channels first, by the mean and deviation of the weights."""
    about = model.default_cfg
    mean, deviation = torch.tensor(about["mean"]), torch.tensor(about["std"])
    return ((torch.from_numpy(image)[None] / 255 - mean) / deviation).permute(0, 3, 1, 2).float()


def unit(vector):
    return (vector / vector.norm()).numpy()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_the_token_or_head_of_its_network(name, tmp_path):
    """With weights of a file; the size is small, so that it is quick."""
    network, side, layer = RECIPES[name]
    recipe = Recipe.load(name)
    (part,) = recipe.parts
    assert (part.backbone.network, part.backbone.layers) == (network, (layer,))
    assert (part.views.resize, part.views.sizes) == ("longest", (side,))
    torch.manual_seed(4)
    model = timm.create_model(network.partition(":")[2], dynamic_img_size=True).eval()
    assert model.default_cfg["num_classes"] == 0
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1 and parameter.shape[0] == 1:  # tokens and positions, zero in a new network
                parameter.normal_()
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    image = pixels(4 * PATCH[name], 6 * PATCH[name])
    with torch.inference_mode():
        features = model.forward_features(entered(model, image))
        pooled = features[:, 0] if layer == "cls" else model.forward_head(features, pre_logits=True)
    views = dataclasses.replace(part.views, sizes=(6 * PATCH[name],))
    backbone = dataclasses.replace(part.backbone, weights=str(tmp_path / "weights.pth"))
    del model, features
    tiny = dataclasses.replace(recipe, parts=(dataclasses.replace(part, views=views, backbone=backbone),))
    described = Describer(tiny, engine=lambda backbone: torch_engine.Torch(backbone))
    vector = described(Photo(image, image.shape[1], image.shape[0])).vectors
    assert vector.shape == (1, 768)
    np.testing.assert_allclose(vector[0], unit(pooled[0]), atol=1e-5)


@pytest.mark.parametrize("name", RECIPES)
def test_where_no_hub_is_reached_a_recipe_says_how_to_get_its_weights(name, monkeypatch):
    def fail(*_, **__):
        raise LocalEntryNotFoundError("no route")

    monkeypatch.setattr("timm.models._hub.hf_hub_download", fail)
    monkeypatch.setattr(
        "timm.layers.weight_init.trunc_normal_", lambda *_, **__: None
    )  # seconds, for nothing
    network = RECIPES[name][0]
    told = f"'imagenet' of {network} could not be fetched .*: go online once, or name a file of weights"
    with pytest.raises(NetworkUnavailable, match=told):
        engines.load(Recipe.load(name).parts[0].backbone, "torch")


# Tokens of small networks


@pytest.fixture(scope="module")
def transformer(tmp_path_factory):
    """A class token that weighs as much as the patches, unlike that of a new network."""
    torch.manual_seed(6)
    model = timm.create_model("test_vit").eval()
    with torch.no_grad():
        model.cls_token.normal_()
        model.pos_embed.normal_()
    path = tmp_path_factory.mktemp("weights") / "vit.pth"
    torch.save(model.state_dict(), path)
    return model, str(path)


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_the_class_token_and_the_head_are_maps_of_one_cell(engine, transformer):
    model, path = transformer
    layers = ("cls", "norm", "head", "blocks.1.attn.k_norm")
    loaded = engines.load(Backbone("timm:test_vit", path, layers), engine)
    assert loaded.name == engine
    image = pixels(160, 160)
    with torch.inference_mode():
        tokens = model.forward_features(entered(model, image))
        head = model(entered(model, image))
    found = loaded(image[None])
    assert [each.shape for each in found] == [
        (1, 64, 1, 1),
        (1, 64, 10, 10),
        (1, 1000, 1, 1),
        (1, 64, 10, 10),
    ]
    np.testing.assert_allclose(found[0][0, :, 0, 0], tokens[0, 0], atol=1e-4)
    np.testing.assert_allclose(found[1][0, :, 3, 7], tokens[0, 1 + 37], atol=1e-4)
    np.testing.assert_allclose(found[2][0, :, 0, 0], head[0], atol=1e-4)


def test_keys_are_maps_of_all_heads_without_what_is_no_patch(transformer):
    model, path = transformer
    image, keys = pixels(160, 160), []
    hook = model.blocks[1].attn.k_norm.register_forward_hook(lambda *given: keys.append(given[-1]))
    with torch.inference_mode():
        model.forward_features(entered(model, image))
    hook.remove()
    (found,) = engines.load(Backbone("timm:test_vit", path, ("blocks.1.attn.k_norm",)), "torch")(image[None])
    heads, width = keys[0].shape[1], keys[0].shape[3]
    assert heads * width == 64
    wanted = keys[0][0, :, 1 + 37].reshape(-1)  # head by head
    np.testing.assert_allclose(found[0, :, 3, 7], wanted, atol=1e-5)


def test_dinov3_converts_for_any_size():
    """Its rotary positions, with the class token and four registers before the patches."""
    layers = ("blocks.1.attn.k_norm", "blocks.1")
    backbone = Backbone("timm:vit_tiny_patch16_dinov3_qkvb", "random:2", layers)
    converted, reference = engines.load(backbone, "openvino"), engines.load(backbone, "torch")
    assert converted.name == "openvino"
    for height, width in [(97, 131), (240, 112), (16, 500)]:
        image = pixels(height, width)[None]
        for one, other in zip(converted(image), reference(image), strict=True):
            assert other.shape == (1, 192, -(-height // 16), -(-width // 16))
            assert np.abs(one - other).max() <= 1e-4 * np.abs(other).max()


def test_a_network_without_a_class_token_has_no_layer_of_that_name():
    model = timm.create_model("test_resnet")
    with pytest.raises(BadRecipe, match=r"no layer 'cls'\. Known: conv2_x"):
        output_path(model, "cls")
    with pytest.raises(BadRecipe, match=r"no layer 'clss'\. Known: cls, "):
        output_path(timm.create_model("test_vit"), "clss")
