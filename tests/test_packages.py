"""Methods of other packages: found by entry points, and a part of the fingerprint."""

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from support import small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)

ROOT = Path(__file__).resolve().parent.parent
MEAN = '''"""The mean of each channel. A test, 2026."""

from array_api_compat import array_namespace


def mean(features, masks, *, times: float = 1.0):
    """(B, C, H, W), masks (R, H, W) -> (B, R, C): the mean of the whole map, so many `times`."""
    xp = array_namespace(features)
    means = xp.mean(features, axis=(2, 3)) * times
    return xp.stack([means] * masks.shape[0], axis=1)
'''
RECIPE = """
views    = { resize = "longest", sizes = [64] }
backbone = { network = "timm:test_efficientnet", weights = "random:1", layers = ["blocks.4"] }
pooling  = "MEAN"
"""


def package(
    folder: Path, name: str, version: str = "1.0", text: str = MEAN, entries: str = "mean = {}:mean",
    kind: str = "poolings",
) -> Path:  # fmt: skip
    """A package as pip leaves it in a folder: a module, and what its metadata say."""
    module = name.replace("-", "_")
    about = folder / f"{module}-{version}.dist-info"
    about.mkdir(parents=True)
    (folder / f"{module}.py").write_text(text)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(f"[resight.{kind}]\n{entries.format(module)}\n")
    return folder


def run(*words, beside=(), **more):
    """`resight` or, with a script first, Python; with the packages of these folders installed."""
    paths = [*map(str, beside), *filter(None, [os.environ.get("PYTHONPATH")])]
    where = {"PYTHONPATH": os.pathsep.join(paths)}
    if not str(words[0]).startswith("-"):
        process = small.command(*words, env=where)
        told = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, *told)
    return subprocess.run(
        [sys.executable, "-W", "ignore", *map(str, words)], env=os.environ | where,
        capture_output=True, text=True, timeout=300, **more,
    )  # fmt: skip


def recipe(folder: Path, pooling: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(RECIPE.replace("MEAN", pooling))
    return path


FINGERPRINT = """
import sys
from resight.describing.describer import Describer
from resight.recipe import Recipe
recipe = Recipe.load(sys.argv[1])
print(*recipe.packages)
print(Describer(recipe).fingerprint)
"""


def test_a_pooling_of_another_package_indexes_and_finds(tmp_path):
    other = package(tmp_path / "site", "tiny-poolings")
    names = small.album(tmp_path / "photos", 4)
    mine = recipe(tmp_path, "mean:times=2")
    done = run("index", tmp_path / "photos", "--recipe", mine, "--json", beside=[other])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["described"] == 4
    for name in names:
        done = run("search", tmp_path / "photos" / name, "--json", "-k", 4, beside=[other])
        assert done.returncode == 0, done.stderr
        assert len(json.loads(done.stdout)["hits"]) == 4
    done = run("search", tmp_path / "photos" / names[0])
    assert done.returncode == 2
    assert "No pooling called 'mean'" in done.stderr
    later = package(tmp_path / "later", "tiny-poolings", "1.1")
    new = small.draw(tmp_path / "new.png", 9)
    done = run("search", new, "--gallery", tmp_path / "photos", beside=[later])
    assert done.returncode == 3, done.stderr  # another version may describe otherwise


def test_the_fingerprint_holds_the_package_and_its_version(tmp_path):
    mine = recipe(tmp_path, "mean")
    told = []
    for name, version in (("tiny-poolings", "1.0"), ("tiny-poolings", "1.1"), ("other-poolings", "1.0")):
        other = package(tmp_path / f"{name}-{version}", name, version)
        done = run("-c", FINGERPRINT, mine, beside=[other])
        assert done.returncode == 0, done.stderr
        told.append(done.stdout.splitlines())
    assert [packages for packages, _ in told] == [
        "tiny-poolings-1.0", "tiny-poolings-1.1", "other-poolings-1.0",
    ]  # fmt: skip
    assert len({digest for _, digest in told}) == 3


def test_it_is_listed_and_explained_with_its_package(tmp_path):
    other = package(tmp_path / "site", "tiny-poolings")
    lines = run("methods", "poolings", beside=[other]).stdout.splitlines()
    (place,) = (i for i, line in enumerate(lines) if line.startswith("  mean "))
    assert lines[place].endswith("The mean of each channel. A test, 2026. [tiny-poolings-1.0]")
    assert lines[place + 1].strip() == "times=1.0"
    told = json.loads(run("methods", "mean", "--json", beside=[other]).stdout)
    assert told["package"] == "tiny-poolings-1.0"
    assert told["settings"] == {"times": {"type": "float", "default": 1.0}}
    assert "package" not in json.loads(run("methods", "mac", "--json", beside=[other]).stdout)


NOT_ASKED = """
import sys
from resight import places
from resight.cli import main
sys.argv = ["resight", *sys.argv[1:]]
try:
    main()
finally:
    print(places.foreign.cache_info().misses, file=sys.stderr)
"""


@pytest.mark.parametrize("words", [["--help"], ["search", "{photo}"]])
def test_no_package_is_asked_for_what_is_resights_own(words, tmp_path):
    photo = tmp_path / "photos" / small.album(tmp_path / "photos", 2)[0]
    small.index(tmp_path / "photos", small.PLAIN, engine="openvino")
    done = run("-c", NOT_ASKED, *(word.format(photo=photo) for word in words))
    assert done.stderr.splitlines()[-1] == "0", done.stderr


def test_resights_own_method_wins_and_the_list_says_which_is_not_used(tmp_path):
    other = package(tmp_path / "site", "tiny-poolings", entries="mac = {}:mean")
    done = run("-c", FINGERPRINT, recipe(tmp_path, "mac"), beside=[other])
    assert done.stdout.splitlines()[0] == ""
    told = run("methods", "poolings", beside=[other]).stdout
    assert (
        "The method 'mac' of the package tiny-poolings 1.0 is not used: Resight has its own of this name."
    ) in told


def test_two_packages_with_one_name_are_an_error_that_names_both(tmp_path):
    ones = [package(tmp_path / name, name) for name in ("one-poolings", "two-poolings")]
    done = run("-c", FINGERPRINT, recipe(tmp_path, "mean"), beside=ones)
    assert re.search(
        r"The packages one-poolings 1\.0 and two-poolings 1\.0 both bring 'mean' of the poolings", done.stderr
    )


@pytest.mark.parametrize(
    ("text", "entries", "told"),
    [
        ("raise OSError('no library')", "mean = {}:mean", "cannot be imported (no library): mend"),
        ("", "mean = {}:mean", "has no function 'mean': mend"),
        (MEAN, "mean = not_there:mean", "cannot be imported (No module named 'not_there'): mend"),
    ],
)
def test_a_package_that_is_broken_is_one_sentence_and_the_list_still_works(text, entries, told, tmp_path):
    other = package(tmp_path / "site", "tiny-poolings", text=text, entries=entries)
    photos = tmp_path / "photos"
    small.album(photos, 2)
    done = run("index", photos, "--recipe", recipe(tmp_path, "mean"), beside=[other])
    assert done.returncode == 2
    assert f"The method 'mean' of the package tiny-poolings 1.0 {told}" in done.stderr
    assert "Traceback" not in done.stderr
    done = run("methods", "poolings", beside=[other])
    assert done.returncode == 0, done.stderr
    assert "\n  mean " in done.stdout


def test_a_re_ranker_of_another_package_is_asked_as_deep_as_it_says(tmp_path):
    text = (
        'DEPTH = "first"\n\n\n'
        "def asking(ranked, query, photos, *, first: int = 3):\n"
        "    print('asked', len(ranked))\n"
        "    return ranked\n"
    )
    other = package(
        tmp_path / "site", "tiny-rerankers", text=text, entries="asking = {}:asking", kind="rerankers"
    )
    names = small.album(tmp_path / "photos", 6)
    run("index", tmp_path / "photos", "--recipe", recipe(tmp_path, "mac"))
    words = ["search", tmp_path / "photos" / names[0], "-k", 1, "--json", "--rerank", "asking:first=4"]
    done = run(*words, beside=[other])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("asked 4\n")


# The page that shows how


def blocks(language: str) -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf8")
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
    return found


def test_the_pooling_of_the_page_is_installed_indexes_finds_and_keeps_its_promises(tmp_path):
    if not [found for found in metadata.distributions() if found.name == "pip"]:
        pytest.skip("pip is not installed")
    source, site = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    (source / "pyproject.toml").write_text(blocks("toml"))
    (source / "resight_deviation.py").write_text(blocks("python"))
    assert len(blocks("python").splitlines()) <= 20
    alone = ["--no-deps", "--no-index", "--no-build-isolation"]
    done = run("-m", "pip", "install", "-q", *alone, "--target", site, source)
    assert done.returncode == 0, done.stderr
    names = small.album(tmp_path / "photos", 4)
    mine = recipe(tmp_path, "deviation:least=0.01")
    done = run("index", tmp_path / "photos", "--recipe", mine, "--json", beside=[site])
    assert json.loads(done.stdout)["described"] == 4, done.stderr
    done = run("search", tmp_path / "photos" / names[2], "-k", 4, "--json", beside=[site])
    assert {hit["path"].rpartition("/")[2] for hit in json.loads(done.stdout)["hits"]} == {
        name.rpartition("/")[2] for name in names
    }
    promises = ROOT / "tests" / "test_promises.py"
    words = ["-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", promises, "-k", "deviation"]
    done = run(*words, beside=[site], cwd=ROOT)
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 40
