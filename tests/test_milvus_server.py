"""The tests of stores on servers, over a real Milvus server."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.milvus_server import NAMED


@pytest.mark.soak
def test_a_real_server_keeps_all_that_stores_on_servers_promise(tmp_path):
    if find_spec("milvus") is None or shutil.which("unshare") is None:
        pytest.skip("no Milvus server (pip install 'resight[soak]'), or no network namespaces (unshare)")
    tests = [sys.executable, "-m", "pytest", "-m", "", "-k", "milvus-server", "tests/test_servers.py"]
    inside = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh", *tests]
    run = subprocess.run(
        ["unshare", "--net", "--map-root-user", *inside], cwd=Path(__file__).parents[1],
        env=os.environ | {NAMED: "1"}, capture_output=True, text=True,
    )  # fmt: skip
    sys.stdout.write(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
    assert " skipped" not in run.stdout
