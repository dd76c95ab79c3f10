"""A real Milvus server, from a package: it listens on all addresses, so a network namespace holds it."""

from __future__ import annotations

import sys
from pathlib import Path

from support.milvus import Milvus

NAMED = "RESIGHT_TEST_MILVUS_SERVER"  # is set inside a network namespace, where the server may be started


class MilvusServer(Milvus):
    """As Milvus Lite, at the port that a real server has; it stores by etcd and a log of its own."""

    rows_at_once, patience = 10_000, 300.0

    @staticmethod
    def _choose_port() -> int:
        return 19530

    def _command(self) -> tuple[list[str], Path, dict[str, str]]:
        data = self.folder / "data"
        binary = data / "bin" / "milvus"
        if not binary.exists():  # the package's command unpacks the server and runs it
            data.mkdir()
            return [sys.executable, "-c", "import milvus; milvus.main()", "--data", str(data)], data, {}
        # That command would take other ports than those of a killed server.
        more = {"DEPLOY_MODE": "STANDALONE", "MILVUS_RUN_DIR": str(data / "run")}
        return [str(binary), "run", "standalone"], data, more | {"LD_LIBRARY_PATH": str(binary.parent)}
