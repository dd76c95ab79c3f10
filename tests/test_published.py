"""The table of published figures: every name in it exists, and the figures are those of the papers."""

import importlib
from pathlib import Path

import pytest

import resight
from resight import methods
from resight.evaluator import published
from resight.evaluator.published import Published

RECIPES = {path.stem for path in Path(resight.__file__).parent.glob("recipes/*.toml")}
PROTOCOLS = {"roxford5k": {"easy", "medium", "hard"}, "rparis6k": {"easy", "medium", "hard"}}
ROWS = published._table()


def test_every_data_set_recipe_setting_and_protocol_exists():
    assert len(ROWS) > 150
    for row in ROWS:
        assert row.dataset in methods.names("datasets"), row
        assert row.recipe in RECIPES | {""}, row
        assert row.protocol in PROTOCOLS.get(row.dataset, {""}), row
        assert 0 < row.value <= 1, row
        assert row.paper
        assert row.system
        own = [each for each in row.settings.split(",") if each != "distractors=1M"]
        methods.find("datasets", f"{row.dataset}:{','.join(own)}")


def test_every_measure_is_one_that_the_data_set_is_known_for():
    measure = importlib.import_module("resight.metrics").measure
    for row in ROWS:
        assert measure(row.measure).name == row.measure


def test_no_figure_stands_twice():
    keys = [(row.paper, row.system, row.dataset, row.settings, row.protocol, row.measure) for row in ROWS]
    assert len(set(keys)) == len(keys)


def test_systems_that_one_paper_prints_in_two_tables_have_one_figure():
    """Husain's two resolutions in tables II and IV, Vaccaro's three in 2 and 3, Tursun's MAC in 1 and 2."""
    figures = {}
    for row in ROWS:
        if row.recipe:
            key = (row.recipe, row.dataset, row.settings, row.protocol, row.measure)
            assert figures.setdefault(key, row.value) == row.value


@pytest.mark.parametrize(
    ("dataset", "system", "settings", "protocol", "measure", "value"),
    [
        ("holidays", "GoogLeNet, 128 dimensions", "", "", "map-trapezoid", 0.836),
        ("oxford5k", "OxfordNet, uncompressed", "queries=full", "", "map-trapezoid", 0.649),
        ("oxford5k", "Proposed, 256 dimensions a region", "queries=crop", "", "map-trapezoid", 0.725),
        ("oxford5k", "Proposed + QE, 512 dimensions a region", "queries=full", "", "map-trapezoid", 0.781),
        ("paris6k", "Proposed, 512 dimensions a region", "queries=crop", "", "map-trapezoid", 0.802),
        ("rparis6k", "ACTNET + DFS", "queries=crop,distractors=1M", "hard", "map-trapezoid", 0.795),
        ("roxford5k", "ACTNET, 128 dimensions", "queries=crop", "medium", "map-trapezoid", 0.602),
        ("mpeg-cdvs", "Mobile-ACTNET, one resolution", "", "", "map", 0.731),
        ("paris6k", "224 + 336 + 504 + 768", "", "", "map-trapezoid", 0.893),
        ("metu", "VGG16 conv5 R-MAC + PCAw (256) with the learned ensemble", "", "", "nar", 0.071),
        ("metu", "VGG16 pool4 R-MAC + PCAw (256)", "", "", "map@100", 0.271),
        ("roxford5k", "ResNet101-GeM", "queries=crop", "hard", "mp@10", 0.53),
        ("rparis6k", "ResNet101-GeM", "queries=crop", "easy", "map-trapezoid", 0.9212),
        ("holidays", "ResNet50 R-MAC", "", "", "map-trapezoid", 0.891),
    ],
)  # fmt: skip
def test_figures_are_those_that_are_printed(dataset, system, settings, protocol, measure, value):
    found = [
        row.value
        for row in published.list_published(dataset)
        if (row.system, row.settings, row.protocol, row.measure) == (system, settings, protocol, measure)
    ]
    assert found == [value]


def test_a_set_without_figures_has_none():
    assert published.list_published("revisitop1m") == []
    assert published.list_published("no such set") == []


def test_a_figure_says_itself_in_a_line():
    row = Published("A paper", "A system", "", "oxford5k", "queries=crop", "hard", "map", 0.5, "trained")
    assert str(row) == "0.500 hard map: A system (A paper; queries=crop; trained)"
    assert (
        str(Published("A paper", "A system", "", "metu", "", "", "nar", 0.0661, ""))
        == "0.066 nar: A system (A paper)"
    )
