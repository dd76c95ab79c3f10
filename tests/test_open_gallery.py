"""A gallery that is open while others write it, copy over it, or search it from other threads."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import small
from resight.gallery import Writer
from resight.local_features import VERSION


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def made(folder: Path, rng: np.random.Generator, count: int, width: int = 1024) -> None:
    """A gallery of photos that were never files; its files of vectors and features have many pages."""
    with Writer(folder) as writer:
        writer.begin(folder.parent, small.recipe(small.PLAIN), "weights")
        writer.local.restart(VERSION)
        for i in range(count):
            small.add(writer, f"{i:03d}", rng, small.random_features(rng, 100), width=width)
        writer.commit()


# copies over an open gallery

CUT_BETWEEN_TWO_SEARCHES = """
import os, sys
import numpy as np
from resight.errors import GalleryError
from resight.gallery import Gallery
from resight.searcher import Searcher
from resight.types import Descriptor

folder, name = sys.argv[1:]
with Gallery(folder) as gallery:
    searcher = Searcher(gallery)
    query = Descriptor(np.ones((1, 1024), np.float32) / 32, None, gallery.fingerprint)
    assert len(searcher.search(query, 100)) == 50
    features = gallery.local_features.of(50)
    os.truncate(os.path.join(folder, name), 4096)
    for ask in (lambda: len(searcher.search(query, 100)), lambda: gallery.local_features.of(50)):
        try:
            print(type(ask()).__name__)
        except GalleryError as error:
            print(error)
"""


@pytest.mark.parametrize("name", ["vectors-001.f32", "local-001.bin"])
def test_a_file_that_is_cut_short_under_an_open_gallery_is_an_error_and_no_end(name, tmp_path, rng):
    made(tmp_path / "g", rng, 50)
    run = subprocess.run(
        [sys.executable, "-c", CUT_BETWEEN_TWO_SEARCHES, str(tmp_path / "g"), name],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    searched, features = run.stdout.splitlines()
    told = f"{name} is missing or cut short: `resight verify --repair` forgets"
    if name.startswith("vectors"):
        assert searched.startswith(told)
    else:
        assert (searched, features[: len(told)]) == ("int", told)
