"""Methods by their names: settings are read by their types, and every mistake names what is known."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import resight
from resight import engines, methods
from resight.errors import BadSetting, UnknownMethod
from resight.recipe import Backbone

TESTS = Path(__file__).parent


def test_names_are_the_files_of_the_room():
    assert {"gem", "mac", "spoc"} <= set(methods.names("poolings"))
    assert {"l2", "pca-whitening"} <= set(methods.names("post"))
    assert {"rmac-grid", "whole"} <= set(methods.names("regions"))
    assert not any(name.startswith("_") for kind in methods.KINDS for name in methods.names(kind))


@pytest.mark.parametrize("kind", [kind for kind in methods.KINDS if kind != "backbones"])
def test_every_file_has_a_function_of_its_name_and_a_first_line(kind):
    for name in methods.names(kind):
        needed = ":dims=2" if name in ("cut", "dense", "pca-whitening", "pair-whitening") else ""
        needed = ":magnitude=1" if kind == "operations" else needed
        assert methods.find(kind, name + needed).name == name
        assert methods.summary(kind, name).endswith(".")


def test_settings_are_read_by_their_types():
    gem = methods.find("poolings", " gem : p = 2 , eps=1e-3 ")
    assert gem.settings == {"p": 2.0, "eps": 0.001}
    assert isinstance(gem.settings["p"], float)
    grid = methods.find("regions", "rmac-grid:whole=False,levels=2")
    assert grid.settings == {"levels": 2, "whole": False}
    assert len(grid(np.zeros((70, 70, 3), np.uint8), np.zeros((7, 7), np.float32))) == 5
    assert methods.find("regions", "rmac-grid:whole=true,levels=2").settings["whole"] is True


def test_settings_change_what_is_computed():
    maps, whole = np.float32([[[[1, 3]]]]), np.ones((1, 1, 2), bool)
    assert methods.find("poolings", "gem:p=1")(maps, whole) == pytest.approx(2)
    assert methods.find("poolings", "gem:p=2")(maps, whole) == pytest.approx(5**0.5)


def test_a_fitted_step_is_given_its_own_settings_and_its_parameters():
    rows = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)
    step = methods.find("post", "pca-whitening:dims=2,ridge=0.5")
    parameters = step.fit([rows])
    assert parameters["projection"].shape == (6, 2)
    expected = (rows - parameters["mean"]) @ parameters["projection"]
    np.testing.assert_allclose(step(rows, parameters=parameters), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("poolings", "gme", r"No pooling called 'gme'\. Did you mean gem\?$"),
        (
            "post",
            "whiten",
            r"No step called 'whiten'\. Did you mean pca-whitening or pair-whitening\? Known: .*l2",
        ),
        ("regions", "../poolings/gem", "No region called '../poolings/gem'. Known: .*whole"),
        ("pooling", "gem", r"No kind of method called 'pooling'\. Did you mean poolings or points\?$"),
        ("poolings", "", "No pooling called ''. Known: .*gem, .*mac.*spoc"),
    ],
)
def test_an_unknown_name_is_told_the_known_ones(kind, text, message):
    with pytest.raises(UnknownMethod, match=message):
        methods.find(kind, text)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("poolings", "gem:q=3", "'gem' has no setting 'q'. Known: p, eps."),
        ("poolings", "gem:P=3", "'gem' has no setting 'P'. Known: p, eps."),
        ("poolings", "mac:p=3", "'mac' has no setting 'p'. Known: none."),
        ("poolings", "gem:p", "'gem' takes one value for 'p', as in 'gem:p=...'."),
        ("poolings", "gem:p=three", "'gem' takes float for 'p', not 'three'."),
        ("poolings", "gem:p=2,p=3", "'gem' takes one value for 'p', as in 'gem:p=...'."),
        ("regions", "rmac-grid:levels=2.5", "'rmac-grid' takes int for 'levels', not '2.5'."),
        ("regions", "rmac-grid:whole=yes", "'rmac-grid' takes bool for 'whole', not 'yes'."),
        (
            "post",
            "pca-whitening",
            "'pca-whitening' needs its setting 'dims', as in 'pca-whitening:dims=...'.",
        ),
        (
            "post",
            "pca-whitening:dim=2",
            "'pca-whitening' has no setting 'dim'. Known: dims, ridge, exponent, centre, seed.",
        ),
    ],
)
def test_a_wrong_setting_is_an_error(kind, text, message):
    with pytest.raises(BadSetting, match=re.escape(message)):
        methods.find(kind, text)


def test_a_sentence_spells_the_defaults_out():
    assert methods.find("poolings", "gem").sentence() == "gem:eps=1e-06,p=3.0"
    assert methods.find("poolings", "gem:p=3").sentence() == methods.find("poolings", "gem").sentence()
    assert methods.find("poolings", "mac").sentence() == "mac"
    assert methods.find("regions", "rmac-grid:whole=FALSE").sentence() == "rmac-grid:levels=3,whole=false"
    again = methods.find("regions", "rmac-grid:levels=3,whole=false")
    assert again.sentence() == methods.find("regions", again.sentence()).sentence()


# A new pooling is one new file

SPREAD = '''"""The largest activation less the smallest: a pooling of this test."""

from typing import Any

from array_api_compat import array_namespace


def spread(features: Any, masks: Any, *, times: float = 1.0) -> Any:
    """(B, C, H, W), masks (R, H, W) -> (B, R, C)."""
    xp = array_namespace(features)
    inside = [features[:, :, mask] for mask in masks]
    return times * xp.stack([xp.max(each, axis=2) - xp.min(each, axis=2) for each in inside], axis=1)
'''
LEAKING = '''"""Knows of its batch, which no pooling may."""

from array_api_compat import array_namespace


def leaking(features, masks):
    """(B, C, H, W), masks (R, H, W) -> (B, R, C)."""
    xp = array_namespace(features)
    means = [xp.mean(features[:, :, mask], axis=2) for mask in masks]
    return xp.stack(means, axis=1) - xp.mean(features)
'''
DESCRIBE = """
import warnings
warnings.simplefilter("ignore")
import numpy as np
from resight import Describer, Photo, Recipe
from resight.engines import load
recipe = Recipe.load("mine.toml")
pixels = np.random.default_rng(5).integers(0, 256, (48, 64, 3), dtype=np.uint8)
describe = Describer(recipe, engine=lambda backbone: load(backbone, "torch"))
np.save("described.npy", describe(Photo(pixels, 64, 48)).vectors)
"""
MINE = """
views    = { resize = "longest", sizes = [64] }
backbone = { network = "timm:test_efficientnet", weights = "random:3", layers = ["blocks.2"] }
pooling  = "spread:times=2"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the package with two new files and no other change, and a way to run Python with it."""
    folder = tmp_path_factory.mktemp("house")
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(resight.__file__).parent, folder / "resight", ignore=skip)
    (folder / "resight" / "poolings" / "spread.py").write_text(SPREAD)
    (folder / "resight" / "poolings" / "leaking.py").write_text(LEAKING)
    (folder / "mine.toml").write_text(MINE)

    def python(*arguments):
        environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return folder, python


def test_a_new_pooling_is_listed_by_the_command(house):
    code, told = house[1]("-m", "resight", "methods", "poolings")
    assert code == 0, told
    assert re.search(r"^  spread +The largest activation less the smallest: a pooling", told, re.M)
    assert re.search(r"^  gem +Generalized-mean", told, re.M)


@pytest.mark.filterwarnings("ignore:.*random weights:UserWarning")
def test_a_new_pooling_is_named_in_a_recipe(house):
    folder, python = house
    code, told = python("-c", DESCRIBE)
    assert code == 0, told
    engine = engines.load(Backbone("timm:test_efficientnet", "random:3", ("blocks.2",)), "torch")
    pixels = np.random.default_rng(5).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    (maps,) = engine(pixels[None])
    pooled = maps.max((2, 3)) - maps.min((2, 3))
    np.testing.assert_allclose(np.load(folder / "described.npy"), pooled / np.linalg.norm(pooled), atol=1e-5)


def test_a_new_pooling_is_held_to_the_promises(house):
    code, told = house[1](
        "-m", "pytest", "-c", str(TESTS.parent / "pyproject.toml"), "-p", "no:cacheprovider", "-rA",
        "-k", "spread or leaking", str(TESTS / "test_promises.py"),
    )  # fmt: skip
    passed = re.findall(r"^PASSED \S*::(\w+)\[.*spread", told, re.M)
    assert "test_batch_and_single_agree" in passed, told
    assert len(set(passed)) == 9
    assert not re.search(r"^FAILED .*spread", told, re.M)
    assert code == 1  # and a file that breaks a promise is found out
    assert re.search(r"^FAILED \S*::test_batch_and_single_agree\[.*leaking", told, re.M)


# What a file says of its method


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("rerankers", "geometry:top=7", (("local_features",), 7)),
        ("rerankers", "k-reciprocal", ((), 100)),
        ("rerankers", "mean-expansion:n=3", ((), 3)),
        ("rerankers", "alpha-expansion", ((), 50)),
        ("rerankers", "regional-expansion:n=4", ((), 4)),
        ("rerankers", "diffusion", ((), 0)),
        ("gather", "concat", (("equal_counts",), 0)),
        ("gather", "weighted-sum", (("equal_counts",), 0)),
        ("gather", "sum", ((), 0)),
    ],
)
def test_a_method_carries_what_its_file_says_it_needs(kind, text, said):
    method = methods.find(kind, text)
    assert (method.needs, method.depth) == said


def test_one_way_to_gather_keeps_the_regions():
    keeping = [name for name in methods.names("gather") if methods.find("gather", name).keeps_regions]
    assert keeping == ["keep"]


@pytest.mark.parametrize("name", methods.names("regions"))
def test_the_number_of_regions_depends_on_what_the_file_says(name):
    """Photos of one shape and of others, busy and plain: where the number differs, the file says why."""
    method = methods.find("regions", name)
    random = np.random.default_rng(0)

    def count(height, width, busy):
        alpha = (random.random((height, width)) if busy else np.zeros((height, width))).astype(np.float32)
        pixels = np.asarray(255 * alpha, np.uint8).repeat(16, 0).repeat(16, 1)[..., None].repeat(3, 2)
        return len(method(np.ascontiguousarray(pixels), alpha))

    square = {count(20, 20, busy) for busy in (True, False, True)}
    shapes = {count(height, width, True) for height, width in ((20, 20), (10, 20), (20, 6))}
    assert len(square) == 1 or "content" in method.count_varies_with
    assert len(shapes) == 1 or method.count_varies_with & {"shape", "content"}


@pytest.mark.parametrize("name", methods.names("rerankers"))
def test_a_re_ranker_says_how_deep_it_looks_by_a_setting_that_it_has(name):
    """Those that look at the first alone leave all others in their order (test_rerankers)."""
    method = methods.find("rerankers", name)
    assert {"top", "n"}.isdisjoint(method.settings) == (method.depth == 0)
