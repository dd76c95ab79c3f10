"""Every benchmark, example and script of pictures runs, at its smallest size, on drawn sets."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from support import tiny_data
from support.page import find_browser
from support.scripts import load_benchmark, run_script

ROOT = Path(__file__).resolve().parent.parent
# Each script with what makes it small, and the files that it must write.
SCRIPTS = {
    "benchmarks/beside.py --before . --photos 2 --sizes 64 --cold 0 --vectors 0 --rounds 1": ["beside.csv"],
    "benchmarks/brands.py --brands 3 --size 32 --policies 300 --precision f32": ["brands.csv"],
    "benchmarks/choice.py --first 2": ["choice.csv"],
    "benchmarks/copies.py": ["copies.csv"],
    "benchmarks/cost.py --photos 6 --timed 2 --queries 2 --rounds 1": ["cost.csv"],
    "benchmarks/descriptors.py --recipes gem-lite0 --networks efficientnet-lite0 --sets scenes": [
        "descriptors.csv"
    ],
    "benchmarks/duplicates.py --photos 6 --copies 4 --recipe sift-vlad": ["duplicates.csv"],
    "benchmarks/false_positives.py --recipe rmac-lite0 --sets dvd_covers --queries 4": [
        "false_positives.csv",
        "false_positives.png",
    ],
    "benchmarks/diffusion.py --vectors 300": ["diffusion.csv"],
    "benchmarks/distractors.py --vectors 50": ["distractors.csv"],
    "benchmarks/gpu.py --photos 6 --drawn 3 --side 96 --size 64 --seconds 0.1 --lite-alone": ["gpu.csv"],
    "benchmarks/machines.py --merge 40": ["merging.csv"],
    "benchmarks/policies.py --sets groceries --networks efficientnet-lite0 --found-on 2 --asked 2 "
    "--distractors 3 --policies 130 --size 32 --own --kept {out}/kept": ["policies.csv"],
    "benchmarks/policy_cost.py --sizes 64 --photos 2 --sets scenes --precisions f32": ["policy_cost.csv"],
    "benchmarks/precision.py --recipe rmac-pairs --size 64 --photos 2 --rounds 1 --sets scenes": [
        "precision.csv"
    ],
    "benchmarks/poolings.py --rounds 1": ["poolings.csv"],
    "benchmarks/query.py --before . --recipe rmac-lite0 --photos 6 --queries 2 --rounds 1": ["query.csv"],
    "benchmarks/quality.py --recipes rmac-lite0 sift-vlad --sets scenes": ["quality.csv"],
    "benchmarks/regions.py --images 200": ["regions.csv"],
    "benchmarks/reranking.py --recipes rmac-whitened --sets scenes": ["reranking.csv"],
    "benchmarks/search.py --vectors 300 --cold 100 --rounds 1": ["search.csv", "cold.csv"],
    "benchmarks/serving.py --vectors 200 --connections 2 --seconds 0.4 --requests 20 --rounds 1 --photos 2 "
    "--size 96": ["serving.csv"],
    "benchmarks/small_galleries.py --sets scenes": ["small_galleries.csv", "small_galleries.png"],
    "benchmarks/searches.py --networks efficientnet-lite0 --found-on 2 --policies 130 --seeds 1 --size 32 "
    "--kept {out}/kept": ["searches.csv", "searches.png"],
    "benchmarks/speed.py --photos 2 --sizes 64 --rounds 1": ["speed.csv"],
    "benchmarks/speed.py --memory 3": ["memory.csv"],
    "benchmarks/stores.py --rows 3000 --photos 3 --recall 0.5 --rounds 1": ["stores.csv"],
    "benchmarks/train_default.py {out}/run --steps 2 --batch 4 --size 64": ["run/recipe.toml"],
    "benchmarks/training.py --photos 8 --batch 2 --size 64 --steps 1 --rounds 1": ["training_speed.csv"],
    "benchmarks/training_runs.py --steps 2 --batch 6 --size 64 --photo 64 --first 1": [
        "training.csv",
        "training_curves.csv",
        "training.png",
    ],
    "benchmarks/tuning.py --photos 20 --width 8 --policies 130 --looped 3": ["tuning.csv"],
    "benchmarks/votes.py": ["votes.csv"],
    "benchmarks/walk.py --photos 3 --here": ["walk.csv"],
    "benchmarks/walk_training.py --photos 12 --plan tests/support/one_step.toml": ["walk_training.csv"],
    "benchmarks/whitening.py --rows 60 --width 128 --dims 16": ["whitening.csv"],
    "examples/demo.py --photos {data}/scenes --query {data}/scenes/0/0.jpg": [],
    "examples/page.py --into {out}": ["page.png"],
    "examples/picture.py --into {out}": ["found.png"],
    "examples/pictures.py --into {out} --only sheets:queries=4,k=6": ["sheets.png"],
}
# Twenty seconds of a core and more, of which other tests run nearly all.
LONG = {
    "benchmarks/beside.py", "benchmarks/cost.py", "benchmarks/train_default.py",
    "benchmarks/training_runs.py", "benchmarks/walk_training.py", "examples/page.py", "examples/picture.py",
    "examples/pictures.py",
}  # fmt: skip
SHARED = {
    "halves",
    "leave_one_out",
    "looked_through",
    "maps",
    "random_vectors",
    "record",
    "sets",
    "shared_data",
}  # run by the others
ELSEWHERE = {"picture"}  # of results/descriptors.csv, below


@pytest.fixture(scope="module")
def small_sets(tmp_path_factory):
    return tiny_data.made(tmp_path_factory.mktemp("tiny"))


def run(line, results, data):
    where = os.environ | {"RESIGHT_TEST_DATA": str(data), "RESIGHT_RESULTS": str(results)}
    told = results / "told.txt"
    assert run_script(line.format(out=results, data=data).split(), ROOT, where, told) == 0, told.read_text()


@pytest.mark.parametrize(
    "line", [pytest.param(line, marks=[pytest.mark.soak] * (line.split()[0] in LONG)) for line in SCRIPTS]
)
def test_a_script_runs_and_writes_its_results(line, small_sets, tmp_path):
    if line.startswith("examples/page"):
        find_browser()
    run(line, tmp_path, small_sets)
    for name in SCRIPTS[line]:
        assert (tmp_path / name).stat().st_size > 50, name
    if line.startswith("benchmarks/descriptors"):
        run("benchmarks/picture.py", tmp_path, small_sets)
        assert (tmp_path / "descriptors.png").stat().st_size > 1000


def test_photos_of_several_rows_are_compared_by_those_that_ask():
    leave_one_out = load_benchmark("leave_one_out")
    draw = np.random.default_rng(0)
    photos = [draw.normal(size=(count, 5)).astype(np.float32) for count in (3, 1, 4)]
    for asking in (slice(None), slice(1)):
        best = [[max((a @ b) for a in one[asking] for b in other) for other in photos] for one in photos]
        np.testing.assert_allclose(leave_one_out.by_best_pair(photos, asking), best, rtol=1e-6)


def test_no_script_is_forgotten():
    scripts = {path.stem for room in ("benchmarks", "examples") for path in (ROOT / room).glob("*.py")}
    assert scripts - SHARED - ELSEWHERE == {Path(line.split()[0]).stem for line in SCRIPTS} - ELSEWHERE


@pytest.mark.parametrize("name", ["quality", "reranking", "speed"])
def test_without_the_shared_data_a_benchmark_says_so(name, tmp_path):
    where = os.environ | {"RESIGHT_TEST_DATA": str(tmp_path / "none")}
    line = [sys.executable, ROOT / "benchmarks" / f"{name}.py"]
    done = subprocess.run(line, env=where, capture_output=True, text=True, timeout=100)
    assert (done.returncode, "RESIGHT_TEST_DATA" in done.stderr) == (1, True)
