"""A recipe is read strictly, and its fingerprint tells whatever a descriptor depends on."""

import dataclasses
import json
import re

import pytest

from resight import recipe
from resight.errors import BadRecipe, BadSetting, UnknownMethod
from resight.recipe import Part, Recipe, fingerprint

BACKBONE = {"network": "timm:test_efficientnet", "weights": "random", "layers": ["blocks.4"]}


def parsed(**values) -> Recipe:
    return Recipe.parse({"name": "mine", "backbone": BACKBONE} | values)


@pytest.mark.parametrize("name", recipe.names())
def test_every_shipped_recipe_loads_under_its_name(name):
    loaded = Recipe.load(name)
    assert loaded.name == name
    assert Recipe.parse(json.loads(json.dumps(loaded.as_dict()))) == loaded


def test_the_default_is_r_mac_beside_points():
    network, points = Recipe.load("default").parts
    assert network.regions == "rmac-grid:levels=3,whole=true"
    assert network.each == ("l2", "pair-whitening:dims=256", "l2")
    assert points.backbone == recipe.Backbone("opencv:sift:count=1000")
    assert points.pooling == "vlad:k=256"
    assert network.weight == points.weight == "fitted"


def test_the_default_before_is_whitened_r_mac():
    loaded = Recipe.load("rmac-whitened").first
    assert loaded.views == recipe.Views("longest", (640,), 2.0, "sum")
    assert loaded.backbone.layers == ("blocks.6",)
    assert loaded.regions == "rmac-grid:levels=3,whole=true"
    assert loaded.each == ("l2", "pca-whitening:dims=256,ridge=0.1", "l2")
    whitening = "pca-whitening:centre=true,dims=256,exponent=1.0,ridge=0.1,seed=0"
    assert loaded.sentence()["each"] == ["l2:eps=1e-12", whitening, "l2:eps=1e-12"]
    assert Recipe.load("rmac-whitened").sentence() == loaded.sentence()  # one part says nothing of parts


def test_what_is_left_out_has_a_default():
    bare = parsed().first
    assert bare.views == recipe.Views("longest", (640,), 2.0, "sum")
    assert (bare.regions, bare.pooling, bare.gather) == ("whole", "mac", "sum")
    assert (bare.each, bare.join, bare.post) == (("l2",), (), ("l2",))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"poling": "gem"},
            "the recipe has no setting 'poling'. Known: views, backbone, regions, pooling",
        ),
        (
            {"views": {"size": [3]}},
            "views has no setting 'size'. Known: resize, sizes, enlarge, combine, policy.",
        ),
        ({"views": 640}, "views is a table"),
        ({"views": {"resize": "long"}}, "views.resize is one of longest, shortest, square, not 'long'."),
        ({"views": {"combine": "mean"}}, "views.combine is one of sum, concat, not 'mean'."),
        ({"views": {"sizes": []}}, "views.sizes is a list of whole pixels between 1 and 8192."),
        ({"views": {"sizes": [0]}}, "views.sizes is a list"),
        ({"views": {"sizes": [640.5]}}, "views.sizes is a list"),
        ({"views": {"sizes": [True]}}, "views.sizes is a list"),
        ({"views": {"sizes": ["640"]}}, "views.sizes is a list"),
        ({"views": {"sizes": 640}}, "views: 'sizes' is a list, not 640."),
        ({"views": {"enlarge": 0.5}}, "views.enlarge is how many times"),
        ({"views": {"enlarge": float("nan")}}, "views.enlarge is how many times"),
        ({"views": {"enlarge": True}}, "views: 'enlarge' is a number, not True."),
        ({"backbone": {"network": "timm:x", "layers": ["a"]}}, "backbone needs 'weights'."),
        ({"backbone": BACKBONE | {"layer": "a"}}, "backbone has no setting 'layer'. Known: network, weights"),
        ({"backbone": BACKBONE | {"layers": []}}, "backbone.layers names at least one layer."),
        ({"backbone": BACKBONE | {"layers": "blocks.4"}}, "backbone: 'layers' is a list, not 'blocks.4'."),
        (
            {"backbone": BACKBONE | {"network": "resnet"}},
            "backbone.network is one of opencv:NAME, timm:NAME, torchvision:NAME",
        ),
        ({"backbone": "timm:x"}, "backbone is a table"),
        ({"pooling": 3}, "the recipe: 'pooling' is text, not 3."),
        ({"each": "l2"}, "the recipe: 'each' is a list, not 'l2'."),
        ({"post": [2]}, "the recipe: 'post' is a list, not [2]."),
        ({"gather": "keep", "views": {"sizes": [64, 96]}}, "gather = 'keep' takes one layer and one size"),
    ],
)
def test_a_wrong_recipe_is_told_what_is_wrong(values, message):
    with pytest.raises(BadRecipe, match=re.escape(message)):
        parsed(**values)


def test_methods_are_looked_up_when_a_recipe_is_read():
    with pytest.raises(UnknownMethod, match="No pooling called 'gme'"):
        parsed(pooling="gme")
    with pytest.raises(UnknownMethod, match=r"No way to gather called 'mean'\. Known: concat, keep, sum"):
        parsed(gather="mean")
    with pytest.raises(UnknownMethod, match="No region called 'grid'"):
        parsed(regions="grid")
    for place in ("each", "join", "post"):
        with pytest.raises(BadSetting, match="'l2' has no setting 'p'"):
            parsed(**{place: ["l2", "l2:p=1"]})


def test_a_recipe_needs_a_backbone():
    with pytest.raises(BadRecipe, match="needs a backbone: network, weights and layers"):
        Recipe.parse({"name": "mine"})


def test_a_recipe_is_read_from_a_file_and_named_after_it(tmp_path):
    path = tmp_path / "covers.toml"
    path.write_text(
        'backbone = { network = "timm:x", weights = "random", layers = ["a"] }\npooling = "gem:p=4"'
    )
    loaded = Recipe.load(str(path))
    assert (loaded.name, loaded.first.pooling) == ("covers", "gem:p=4")


def test_a_recipe_that_cannot_be_read_names_its_file(tmp_path):
    with pytest.raises(UnknownMethod, match=r"No recipe called 'defalt'\. Did you mean default\?"):
        Recipe.load("defalt")
    with pytest.raises(BadRecipe, match=r"none\.toml cannot be read"):
        Recipe.load(str(tmp_path / "none.toml"))
    (tmp_path / "broken.toml").write_text("backbone = {")
    with pytest.raises(BadRecipe, match=r"broken\.toml cannot be read"):
        Recipe.load(str(tmp_path / "broken.toml"))
    (tmp_path / "wrong.toml").write_text('pooling = "gem"')
    with pytest.raises(BadRecipe, match=r"wrong\.toml cannot be used: the recipe needs a backbone"):
        Recipe.load(str(tmp_path / "wrong.toml"))


# The fingerprint

PARTS = ("weights of the network", "parameters", "pixel path", "f32")
CHANGES = {
    "views.resize": {"views": {"resize": "square"}},
    "views.sizes": {"views": {"sizes": [641]}},
    "views.sizes, two": {"views": {"sizes": [640, 641]}},
    "views.enlarge": {"views": {"enlarge": 3.0}},
    "views.combine": {"views": {"combine": "concat"}},
    "backbone.network": {"backbone": BACKBONE | {"network": "torchvision:alexnet"}},
    "backbone.weights": {"backbone": BACKBONE | {"weights": "random:1"}},
    "backbone.layers": {"backbone": BACKBONE | {"layers": ["blocks.4", "blocks.3"]}},
    "regions": {"regions": "rmac-grid"},
    "regions' setting": {"regions": "rmac-grid:whole=false"},
    "pooling": {"pooling": "gem"},
    "pooling's setting": {"pooling": "gem:p=4"},
    "each": {"each": ["l2", "pca-whitening:dims=4"]},
    "gather": {"gather": "keep"},
    "join": {"join": ["l2"]},
    "post": {"post": []},
}


def test_every_part_of_the_sentence_is_in_the_fingerprint():
    fingerprints = {what: fingerprint(parsed(**values), *PARTS) for what, values in CHANGES.items()}
    fingerprints["as it was"] = fingerprint(parsed(), *PARTS)
    for i, part in enumerate(("weights", "parameters", "pixel path", "precision")):
        fingerprints[part] = fingerprint(parsed(), *PARTS[:i], "another", *PARTS[i + 1 :])
    assert len(set(fingerprints.values())) == len(fingerprints)
    changed = {what.partition(".")[0].partition("'")[0].partition(",")[0] for what in CHANGES}
    assert changed == {field.name for field in dataclasses.fields(Part)} - {"weight"}


def test_neither_the_name_nor_the_spelling_is_in_the_fingerprint():
    known = fingerprint(parsed(pooling="gem"), *PARTS)
    assert fingerprint(parsed(pooling="gem", name="other"), *PARTS) == known
    assert fingerprint(parsed(pooling="gem:eps=0.000001,p=3"), *PARTS) == known
    assert fingerprint(parsed(pooling="gem", views={"enlarge": 2}), *PARTS) == known
    assert fingerprint(parsed(pooling="gem", regions="whole", post=["l2"]), *PARTS) == known


def test_a_changed_copy_of_a_shipped_recipe_needs_a_name_of_its_own(tmp_path):
    text = (recipe.FOLDER / "rmac-whitened.toml").read_text()
    (tmp_path / "my.toml").write_text(text)
    assert Recipe.load(str(tmp_path / "my.toml")) == Recipe.load("rmac-whitened")
    (tmp_path / "my.toml").write_text(text.replace("dims=256", "dims=32"))
    with pytest.raises(BadRecipe, match="a name of its own"):
        Recipe.load(str(tmp_path / "my.toml"))
    (tmp_path / "my.toml").write_text(
        text.replace("dims=256", "dims=32").replace('"rmac-whitened"', '"mine"', 1)
    )
    assert Recipe.load(str(tmp_path / "my.toml")).name == "mine"


# Parts


POINTS = {"backbone": {"network": "opencv:sift"}, "views": {"sizes": [320]}}
NETWORK = {"backbone": BACKBONE}


def of_parts(*parts, **more) -> Recipe:
    return Recipe.parse({"name": "mine", "parts": list(parts)} | more)


def test_a_recipe_of_parts_is_read_and_written_again():
    loaded = of_parts(NETWORK, POINTS | {"weight": "fitted"})
    assert [part.weight for part in loaded.parts] == [1.0, "fitted"]
    assert Recipe.parse(json.loads(json.dumps(loaded.as_dict()))) == loaded


def test_the_fingerprint_tells_parts_their_order_and_weights():
    recipes = [
        of_parts(NETWORK),
        of_parts(NETWORK, POINTS),
        of_parts(POINTS, NETWORK),
        of_parts(NETWORK, POINTS | {"weight": 2}),
        of_parts(NETWORK, POINTS | {"weight": "fitted"}),
    ]
    assert len({fingerprint(each, *PARTS) for each in recipes}) == len(recipes)
    assert fingerprint(of_parts(NETWORK | {"weight": 3}), *PARTS) == fingerprint(parsed(), *PARTS)
    assert fingerprint(of_parts(NETWORK, POINTS | {"weight": 1}), *PARTS) == fingerprint(recipes[1], *PARTS)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (lambda: of_parts(), "A recipe has at least one part."),
        (lambda: of_parts(NETWORK, pooling="gem"), "A recipe of parts has no setting 'pooling' of its own"),
        (lambda: Recipe.parse({"name": "x", "parts": "two"}), "parts is a list of tables"),
        (lambda: Recipe.parse({"name": "x", "parts": ["two"]}), "parts is a list of tables"),
        (lambda: Recipe.parse({"parts": [NETWORK]}), "the recipe needs 'name'."),
        (lambda: of_parts(NETWORK, {}), "part 2 needs a backbone"),
        (lambda: of_parts(NETWORK, POINTS | {"poling": "x"}), "part 2 has no setting 'poling'. Known: views"),
        (
            lambda: of_parts(NETWORK, POINTS | {"weight": 0}),
            "weight is a number above zero, or 'fitted', not 0",
        ),
        (lambda: of_parts(NETWORK, POINTS | {"weight": "most"}), "or 'fitted', not 'most'."),
        (lambda: of_parts(NETWORK, POINTS | {"weight": True}), "or 'fitted', not True."),
        (lambda: of_parts(NETWORK, POINTS | {"weight": float("inf")}), "or 'fitted', not inf."),
        (
            lambda: of_parts(NETWORK, POINTS | {"gather": "keep"}),
            "keeps its regions (gather = 'keep') and one that",
        ),
        (
            lambda: of_parts(NETWORK | {"gather": "keep"}, POINTS | {"gather": "keep", "regions": "salient"}),
            "Parts that keep their regions take the same ones",
        ),
    ],
)
def test_wrong_parts_are_told_what_is_wrong(recipe, message):
    with pytest.raises(BadRecipe, match=re.escape(message)):
        recipe()


@pytest.mark.parametrize(
    ("backbone", "error", "message"),
    [
        ({"network": "opencv:sift", "weights": "x"}, BadRecipe, "backbone.weights is of networks"),
        ({"network": "opencv:sift", "layers": ["x"]}, BadRecipe, "backbone.layers is of networks"),
        ({"network": "opencv:sift", "relu": True}, BadRecipe, "backbone.relu is of networks"),
        ({"network": "opencv:surf"}, UnknownMethod, "No kind of points called 'surf'. Known: orb, sift"),
        ({"network": "opencv:sift:counts=3"}, BadSetting, "'sift' has no setting 'counts'. Known: count"),
    ],
)
def test_points_have_settings_and_nothing_of_a_network(backbone, error, message):
    with pytest.raises(error, match=re.escape(message)):
        parsed(backbone=backbone)
