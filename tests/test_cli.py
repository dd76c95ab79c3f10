"""The command as a stranger meets it: help, slips, settings, runs by name, and a photo's own gallery."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer.testing

import resight
from resight import cli, errors, methods, recipe
from resight.cli._manual import manual
from resight.errors import BadQuery, BadSetting, NoGallery, StorageFailed, UnknownMethod
from resight.evaluator.results import format_milliseconds
from support import small
from support.results import answer, evaluation

ROOT = Path(__file__).resolve().parent.parent
EVERY = [(kind, name) for kind in methods.KINDS for name in methods.names(kind)]


def run(*words, env=None):
    """The command in this process; a sentence of ours is raised, as `main` would print it."""
    done = typer.testing.CliRunner().invoke(cli.app(), list(map(str, words)), env=env)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


# Help


@pytest.mark.parametrize("verb", ["", *cli.verbs()])
def test_help_is_short_or_long_and_has_no_braces_and_no_types(verb, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    words = [verb] if verb else []
    told = run(*words, "-h").output
    assert told == run(*words, "--help").output
    assert not re.search(r"[{}<>](?!=)|list\[|int range", told), told


def test_the_version_is_printed():
    assert run("--version").output == f"resight {resight.__version__}\n"


def test_the_help_of_figure_names_every_kind():
    told = "".join(run("figure", "-h").output.split())  # lines end at hyphens, too
    assert [name for name in methods.names("figures") if name not in told] == []


# Settings


@pytest.mark.parametrize(("kind", "name"), EVERY, ids="/".join)
def test_every_setting_is_explained(kind, name):
    found = manual(kind, name)
    words = f"{found.about} {found.text}"
    assert [key for key in found.settings if not re.search(rf"\b{key}\b", words)] == []


@pytest.mark.parametrize(("kind", "name"), EVERY, ids="/".join)
def test_settings_that_are_read_are_those_that_a_sentence_takes(kind, name):
    if kind == "backbones":  # whose names go on: timm:NAME
        assert manual(kind, name).settings == {}
        return
    read = manual(kind, name).settings
    needed = [key for key, setting in read.items() if setting.default is None]
    found = methods.find(kind, name + "".join(f":{key}=2" for key in needed))
    assert {key: setting.default or 2 for key, setting in read.items() if key in needed} == {
        key: found.settings[key] for key in needed
    }
    given = {key: value for key, value in found.settings.items() if key not in needed}
    assert {key: read[key].default for key in given} == given
    assert set(read) == set(found.settings)
    for key, value in given.items():
        assert read[key].kind == type(value).__name__
        spelt = "" if value == "" else str(read[key])
        assert methods.find(kind, f"{name}:{','.join([f'{each}=2' for each in needed] + [f'{key}={spelt}'])}"
                            ).settings[key] == value  # fmt: skip


def test_methods_are_listed_with_their_settings():
    lines = run("methods", "rerankers").output.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("  geometry "))
    assert lines[place + 1].strip().startswith("top=100, ratio=0.85, threshold=3.0, ")
    told = json.loads(run("methods", "rerankers", "--json").output)["rerankers"]["geometry"]
    assert told["settings"]["expand"] == {"type": "bool", "default": False}
    assert told["about"] == methods.summary("rerankers", "geometry")
    assert "  dims=..., ridge=0.0" in run("methods", "post").output


def test_a_method_is_explained_by_its_kind_or_by_its_name_alone():
    told = run("methods", "rerankers", "geometry").output
    assert run("methods", "geometry").output == told
    assert "Features match by the test of `ratio`" in told
    assert re.search(r"^  ratio +float +0\.85$", told, re.M)
    plain = json.loads(run("methods", "geometry", "--json").output)
    assert plain["kind"] == "rerankers"
    assert plain["settings"]["top"] == {"type": "int", "default": 100}
    assert plain["text"].startswith("Move up")
    assert "It has no settings." in run("methods", "mac").output
    assert "regions\n" in run("methods", "regions").output  # a kind, and a figure, too: the kind is meant
    assert "of the figures" in run("methods", "figures", "regions").output


def test_a_name_of_several_kinds_asks_for_the_kind(monkeypatch):
    monkeypatch.setattr(methods, "names", lambda kind: ["mac"] if kind in ("poolings", "post") else [])
    with pytest.raises(BadSetting, match=r"`resight methods poolings mac` or `resight methods post mac`"):
        run("methods", "mac")


def test_explaining_imports_nothing_heavy():
    code = (
        "import sys; from resight.cli import app; app()(['methods'], standalone_mode=False); "
        "print(sorted({'torch', 'matplotlib', 'numpy', 'cv2'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "[]\n"


def test_the_table_of_settings_in_the_documents_is_that_of_the_code():
    text = (ROOT / "docs" / "reranking.md").read_text(encoding="utf8")
    rows = re.findall(r"^\| `([\w-]+)` \| `(\w+)` \| `([^`]+)` \| (.+) \|$", text, re.M)
    told = {(name, key): default for name, key, default, _ in rows}
    assert len(told) == len(rows)
    known = {
        (name, key): str(setting)
        for name in methods.names("rerankers")
        for key, setting in manual("rerankers", name).settings.items()
    }
    assert told == known
    assert all(len(meaning) > 10 for *_, meaning in rows)


# Names


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["recipes", "defualt"], r"No recipe called 'defualt'\. Did you mean default\?$"),
        (["recipes", "husain2019"], r"Did you mean husain2019-lite0 or husain2019-lite0-128 or "),
        (["evaluate", "defualt", "."], r"No recipe called 'defualt'\. Did you mean default\?$"),
        (["figure", "sheet", "."], r"No figure called 'sheet'\. Did you mean sheets\?$"),
        (["data", "roxford"], r"called 'roxford'\. Did you mean roxford5k or "),
        (["evaluate", "default", "holiday"], r"'holiday'\. Did you mean holidays\?$"),
        (["methods", "geometri"], r"'geometri'\. Did you mean geometry\?$"),
        (["methods", "rerankers", "difusion"], r"'difusion'\. Did you mean diffusion\? Known: .*geometry"),
        (["methods", "xyzzy"], r"'xyzzy'\. Known: backbones, .*transforms\.$"),
    ],
)  # fmt: skip
def test_a_slip_is_told_what_was_likely_meant(words, told, tmp_path):
    more = ["--results", tmp_path] if words[0] == "evaluate" else []
    with pytest.raises(UnknownMethod, match=told):
        run(*words, *more)


def test_a_name_like_none_lists_all():
    with pytest.raises(UnknownMethod, match=r"'xyzzy'\. Known: .*thorough"):
        recipe.Recipe.load("xyzzy")
    assert errors.did_you_mean("GEM", ["gem", "mac"]) == " Did you mean gem?"
    assert errors.did_you_mean("", ["gem", "mac"]) == ""


def test_recipe_and_data_in_the_wrong_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    swapped = r"comes first, then the data: `resight evaluate default {}`"
    for data in ("photos", "truth.csv", "roxford5k", "oxford5k:queries=full"):
        with pytest.raises(BadQuery, match=swapped.format(data)):
            run("evaluate", data, "default")
    with pytest.raises(BadQuery, match=r"`resight evaluate mine\.toml photos`"):
        run("evaluate", "photos", "mine.toml")
    with pytest.raises(BadQuery, match=r"photos is data: .*`resight evaluate default photos`"):
        run("evaluate", "photos", "other")


# Files that are written


@pytest.mark.parametrize("words", [["search", "x.png"], ["evaluate", "default", "."], ["compare", "a", "b"]])
def test_a_page_is_html_or_nothing(words, tmp_path):
    for name in ("x.pdf", "x", "x.png"):
        with pytest.raises(BadSetting, match=rf"written as \.html or \.htm, so '{re.escape(name)}' must end"):
            run(*words, "--html", tmp_path / name)
    with pytest.raises(StorageFailed, match="no folder"):
        run(*words, "--html", tmp_path / "nowhere" / "x.HTM")


def test_what_cannot_be_written_has_the_code_that_the_documents_and_the_help_say(tmp_path):
    (tmp_path / "file").write_text("")
    for words in (["--html", tmp_path / "no" / "x.html"], ["--results", tmp_path / "file" / "results"]):
        done = small.command("evaluate", "default", tmp_path, *words)
        done.communicate(timeout=100)
        assert done.returncode == 3
    page = (ROOT / "docs" / "command.md").read_text(encoding="utf8")
    assert re.search(r"^\| 3 \| .*disk.*(page|result)", page, re.M)
    assert "3 trouble with the gallery or the disk" in " ".join(run("-h").output.split())


# Runs


@pytest.fixture
def runs(tmp_path):
    (tmp_path / "results" / "runs").mkdir(parents=True)
    plain = evaluation(tmp_path, answer("a.png", (0, 4), 2), answer("b.png", (1,), 1))
    better = evaluation(
        tmp_path, answer("a.png", (0, 1), 2), answer("b.png", (1,), 1), rerank=["geometry:top=9"]
    )
    plain.save(tmp_path / "results" / "runs" / "tiny-plain-1.json")
    better.save(tmp_path / "results" / "runs" / "tiny-plain-geometry-1.json")
    return tmp_path / "results"


def test_runs_are_compared_by_their_names_and_both_are_said(runs, monkeypatch):
    monkeypatch.chdir(runs.parent)
    told = run("compare", "tiny-plain-1", "tiny-plain-geometry-1").output.splitlines()
    assert told[0] == "first   plain, on tiny, not fitted (tiny-plain-1): map 0.6000"
    assert told[1].startswith(
        "second  plain, then geometry:top=9, on tiny, not fitted (tiny-plain-geometry-1)"
    )
    assert told[2].startswith("gain    +0.1500 ")
    monkeypatch.chdir(runs.parent.parent)
    paths = [runs / "runs" / f"{name}.json" for name in ("tiny-plain-1", "tiny-plain-geometry-1")]
    assert run("compare", *paths).output.splitlines() == told
    plain = json.loads(run("compare", paths[0].stem, paths[1].name, "--results", runs, "--json").output)
    assert plain["second"] == {
        "run": str(paths[1]), "recipe": "plain", "rerank": ["geometry:top=9"], "dataset": "tiny",
        "fit": "not fitted",
    }  # fmt: skip
    with pytest.raises(BadQuery, match=r"no run tiny-plan-1, .*--results .* Did you mean tiny-plain-1"):
        run("compare", "tiny-plan-1", paths[1], "--results", runs)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.00043, "0.43 ms"), (0.0071, "7.1 ms"), (0.0164, "16 ms"), (1.234, "1234 ms"), (0, "0 ms"),
     (0.00999, "10 ms")],
)  # fmt: skip
def test_milliseconds_have_two_digits_that_say_something(seconds, told):
    assert format_milliseconds(seconds) == told


# A photo and its gallery


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
def test_show_is_understood_and_a_photo_leads_to_its_gallery(tmp_path, monkeypatch):
    monkeypatch.delenv("RESIGHT_GALLERY", raising=False)
    monkeypatch.chdir(tmp_path)
    small.album(tmp_path / "photos", 4)
    shutil.copy(tmp_path / "photos" / "a" / "000.png", tmp_path / "photos" / "b" / "twin.png")
    small.index(tmp_path / "photos", small.PLAIN)
    lines = run("show", "photos/a/000.png", "-k", "9").output.splitlines()
    assert lines[0] == "photo       a/000.png"
    assert lines[1] == "copy        b/twin.png"
    assert "64 x 48 pixels, upright" in lines[2]
    assert re.search(r"one vector for the whole photo; row \d of the gallery's vectors", lines[4])
    assert lines[5] == "nearest other photos"
    assert [int(line.split()[0]) for line in lines[6:]] == [1, 2, 3]  # no copy of itself
    assert "None" not in " ".join(lines)
    assert "(the query itself)" in run("search", "photos/a/000.png").output
    for verb in (["info"], ["search", tmp_path / "no" / "x.png"]):
        with pytest.raises(NoGallery):
            run(*verb)


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
def test_a_gallery_here_or_named_goes_before_that_of_the_photo(tmp_path, monkeypatch):
    small.album(tmp_path / "photos", 2)
    small.album(tmp_path / "others", 2, seed=1)
    for name in ("photos", "others"):
        small.index(tmp_path / name, small.PLAIN)
    photo = tmp_path / "photos" / "a" / "000.png"
    monkeypatch.delenv("RESIGHT_GALLERY", raising=False)
    monkeypatch.chdir(tmp_path)
    assert "others" not in run("search", photo, "--engine", "openvino").output
    monkeypatch.setenv("RESIGHT_GALLERY", str(tmp_path / "others" / ".resight"))
    assert "others" in run("search", photo, "--engine", "openvino").output
    monkeypatch.delenv("RESIGHT_GALLERY")
    monkeypatch.chdir(tmp_path / "others" / "a")
    assert "others" in run("search", photo, "--engine", "openvino").output


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
def test_show_counts_the_vectors_of_regions(tmp_path):
    small.album(tmp_path, 2)
    small.index(tmp_path, small.KEEP)
    told = run("show", tmp_path / "a" / "000.png", "--gallery", tmp_path).output
    assert re.search(r"one vector for each of (\d+) regions; rows \d+ to \d+", told)


def test_the_score_of_a_verified_photo_is_told_like_any_other(tmp_path, capsys):
    from resight.cli.search import _print
    from resight.types import Hit, Match, Ranking, Region

    whole = Region(((0, 0), (9, 0), (9, 9)))
    match = Match(np.zeros((12, 2), np.float32), np.zeros((12, 2), np.float32), np.eye(3), whole, whole)
    verified = Hit(1, 0.7251, tmp_path / "a.png", "a.png", match=match)
    _print(Ranking("q.png", "plain", (verified, Hit(2, 0.6, tmp_path / "b.png", "b.png"))), None)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("   1   0.725  ")
    assert first.endswith("a.png  (12 points agree)")
    assert second.startswith("   2   0.600  ")
