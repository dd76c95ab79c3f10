"""Settings are chosen on one half of the instances, and every benchmark means the same half."""

import csv
import hashlib
import math
from pathlib import Path

import pytest

from support.scripts import load_benchmark

ROOT = Path(__file__).resolve().parent.parent
SPLIT = {"quality": "map_chosen_on", "reranking": "map_chosen_on", "choice": "chosen_on_map"}


halves = load_benchmark("halves")


def test_an_instance_is_chosen_on_by_the_first_byte_of_its_hash():
    names = [f"cover {i}" for i in range(500)]
    found = [halves.is_chosen_on(name) for name in names]
    assert found == [int(hashlib.sha256(name.encode()).hexdigest()[:2], 16) % 2 == 0 for name in names]
    assert 200 < sum(found) < 300


def test_means_are_of_each_half_and_none_of_an_empty_one():
    names = [f"cover {i}" for i in range(9)]
    values = [i / 10 for i in range(9)]
    first = [value for value, name in zip(values, names, strict=True) if halves.is_chosen_on(name)]
    other = [value for value, name in zip(values, names, strict=True) if not halves.is_chosen_on(name)]
    assert first
    assert other
    assert halves.split_mean(values, names) == pytest.approx(
        (sum(first) / len(first), sum(other) / len(other))
    )
    one = next(name for name in names if halves.is_chosen_on(name))
    assert halves.split_mean([0.5], [one])[0] == 0.5
    assert math.isnan(halves.split_mean([0.5], [one])[1])


@pytest.mark.parametrize("name", SPLIT)
def test_every_benchmark_that_splits_takes_that_half_and_its_results_say_which(name):
    source = (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf8")
    assert "from halves import HALF, split_mean" in source
    assert '"half": HALF' in source
    with (ROOT / "results" / f"{name}.csv").open(encoding="utf8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        assert (row["half"] in (halves.HALF, "last byte even")) == bool(row[SPLIT[name]])
