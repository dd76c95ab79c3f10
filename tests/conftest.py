"""What many tests share: where the real data is, and a cache of networks that ends with the run."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real images with truth; without it the test is skipped."""
    from support.scripts import load_benchmark

    folder = load_benchmark("shared_data").shared_data()
    if folder is None:
        pytest.skip("no real data: RESIGHT_TEST_DATA names no folder that has it")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Converted networks go to a folder that all processes of the run share, not to the user's cache."""
    before, own = os.environ.get("XDG_CACHE_HOME"), tmp_path_factory.getbasetemp()
    run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    os.environ["XDG_CACHE_HOME"] = str(run / "cache")
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture
def own_evaluations(tmp_path, monkeypatch):
    """Evaluations of a test are kept in its own folder; networks stay where they are."""
    monkeypatch.setattr("resight.evaluator.workspace.cache", lambda: tmp_path / "evaluations")


@pytest.fixture(scope="session")
def page_album(tmp_path_factory) -> Path:
    """A gallery for the page, with local features."""
    from support import page, small

    page.find_browser()
    root = page.album(tmp_path_factory.mktemp("page") / "album")
    small.index(root, page.POINTS, local_features=True)
    return root


@pytest.fixture(scope="session")
def page_service(page_album) -> Iterator[str]:
    """The address of a service over it, which may be written to."""
    pytest.importorskip("fastapi", reason="the service is an extra: pip install 'resight[serve]'")
    from support import page

    with page.serving(page_album, "--writable") as address:
        page.wait_until_ready(address)
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser."""
    from support import page

    with page.chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium, page_service) -> Iterator[Any]:
    """The page, opened."""
    from support.page import opened

    with opened(chromium, page_service) as found:
        yield found
