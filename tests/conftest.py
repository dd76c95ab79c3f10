"""What many tests share: where the real data is, and a cache of networks that ends with the run."""

import importlib.util
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real images with truth; without it the test is skipped."""
    spec = importlib.util.spec_from_file_location("shared_data", ROOT / "benchmarks" / "shared_data.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = module.shared_data()
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
