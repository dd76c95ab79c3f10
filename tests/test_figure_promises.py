"""What every file of figures/ keeps, a new one too: the same bytes twice, caveats shown, no trace left."""

import dataclasses
import sys
import warnings

import pytest
from matplotlib import rcParams

from resight import methods
from resight.datasets import open_dataset
from resight.drawing.saving import save_bytes
from resight.evaluator import Study
from support import four
from support.small import PLAIN, RANDOM_WEIGHTS, recipe

pytestmark = pytest.mark.filterwarnings(RANDOM_WEIGHTS)

OPTIONS = {"allow_overlap": True, "engine": "openvino", "workers": 1}
ACTIVE = PLAIN | {"name": "active", "pooling": "sinh"}
SMALL = {  # settings that make a figure small; by default it is drawn as it is
    "patch-clusters": "size=32,rows=1", "correspondence": "size=32", "regions": "photos=1",
    "matches": "queries=1,hits=1", "layers": "sizes=32",
}  # fmt: skip
RERANKED = {"matches": ("geometry:top=6,least=4",)}
RECIPES = {"gains": (PLAIN, PLAIN | {"name": "other", "pooling": "spoc"}), "activations": (ACTIVE,)}
CAVEAT = "a caveat of this data set"


class Watched(Study):
    """A study that remembers whether it was asked for an evaluation."""

    asked = False

    def evaluation(self, *arguments, **options):
        self.asked = True
        return super().evaluation(*arguments, **options)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_dataset(str(four.made(tmp_path_factory.mktemp("labelled"))))


def study_of(name, data):
    marked = dataclasses.replace(data, caveats=(CAVEAT,))
    return Watched(marked, [recipe(each) for each in RECIPES.get(name, (PLAIN,))], options_of(name))


def options_of(name):
    return OPTIONS | {"rerank": RERANKED.get(name, ())}


def draw(name, study):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The sample|.*photos can hide", UserWarning)
        settings = f":{SMALL[name]}" if name in SMALL else ""
        return methods.find("figures", f"{name}{settings}")(study)


def texts(drawn):
    return [
        text.get_text().replace("\n", " ") for text in drawn.findobj(lambda one: hasattr(one, "get_text"))
    ]


@pytest.mark.parametrize("name", methods.names("figures"))
def test_a_figure_is_the_same_each_time_and_says_what_a_reader_must_know(name, data):
    style, study = dict(rcParams), study_of(name, data)
    first = draw(name, study)
    assert study.options == options_of(name)
    assert dict(rcParams) == style
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    again = draw(name, study_of(name, data))
    assert save_bytes(again, "svg") == save_bytes(first, "svg")
    if study.asked:
        assert any(CAVEAT in text for text in texts(first))
