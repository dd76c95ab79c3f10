"""The benchmark of a GPU runs as it is on a machine without one, at its smallest size."""

import csv
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def gpu(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import gpu
    import record

    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    return gpu


def test_it_measures_every_case_and_writes_what_it_measured(gpu, monkeypatch, tmp_path):
    words = "gpu.py --photos 7 --drawn 3 --side 160 --size 96 --seconds 0.1 --batch 2 --lite-alone"
    monkeypatch.setattr(sys, "argv", words.split())
    gpu.main()
    with (tmp_path / "results" / "gpu.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["network"], row["size"], row["photos"]) == (gpu.LITE0[0], "96", "7")
    assert (row["device"], row["engine"], row["batch"]) == ("CPU", "torch", "2")
    assert float(row["network_per_s"]) > 0
    assert float(row["index_per_s"]) > 0
    assert float(row["least_cosine"]) >= 0.9999


def test_copies_are_photos_of_their_own_contents(gpu, tmp_path):
    from resight import images

    paths = gpu.drawn(tmp_path, 6, 2, 160)
    assert len({path.read_bytes() for path in paths}) == 6
    shown = [images.read(path).pixels for path in paths]
    assert (shown[0] == shown[2]).all()
    assert max(shown[0].shape) == 160
    assert shown[0].shape != shown[1].shape
