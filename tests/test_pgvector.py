"""What is PostgreSQL's alone: its COPY, its versions, its address."""

from pathlib import Path

import numpy as np
import pytest

from resight.errors import StoreFailed, StoreUnavailable
from resight.progress import Silent
from resight.stores import Given
from resight.stores import pgvector as file
from resight.stores._copying import pack
from resight.stores._tables import _check_version
from support.rows import clustered
from support.servers import running, served


def test_wider_rows_are_refused():
    given = Given("wide", 1, clustered(70, 4001), np.empty(0, np.int64))
    with running("pgvector") as server:
        with pytest.raises(StoreUnavailable, match=r"at most 4,000 numbers, and these have 4,001"):
            file.keep(Path("."), given, Silent())
        assert served(server, "wide") == []


def test_what_is_copied_is_what_the_manual_says():
    assert pack(np.array([258]), np.array([3]), np.array([[1, -2]], np.float32)).hex(" ") == (
        "50 47 43 4f 50 59 0a ff 0d 0a 00 00 00 00 00 00 00 00 00 "
        "00 03 00 00 00 08 00 00 00 00 00 00 01 02 00 00 00 08 00 00 00 00 00 00 00 03 "
        "00 00 00 08 00 02 00 00 3c 00 c0 00 ff ff"
    )


def test_an_address_that_is_missing_or_no_address_is_told_without_its_password(monkeypatch, tmp_path):
    pytest.importorskip("psycopg")
    monkeypatch.delenv("RESIGHT_PGVECTOR", raising=False)
    with pytest.raises(StoreUnavailable, match="RESIGHT_PGVECTOR"):
        file.check()
    (tmp_path / "address").write_text("postgresql://me:secret@127.0.0.1:1/photos\n")
    monkeypatch.setenv("RESIGHT_PGVECTOR_FILE", str(tmp_path / "address"))
    with pytest.raises(StoreFailed, match=r"does not answer \(Connection refused\)") as caught:
        file.check()
    for address in ("host=localhost secret", "postgresql://me:secret@[::1/photos", "sslmode=secret host=x"):
        monkeypatch.setenv("RESIGHT_PGVECTOR", address)
        with pytest.raises((StoreUnavailable, StoreFailed)) as told:
            file.check()
        assert "secret" not in str(told.value) + str(caught.value)
    monkeypatch.delenv("RESIGHT_PGVECTOR")
    monkeypatch.setenv("RESIGHT_PGVECTOR_FILE", str(tmp_path / "none"))
    with pytest.raises(StoreUnavailable, match="No such file"):
        file.check()


@pytest.mark.parametrize(
    ("version", "good"), [("0.7.4", False), ("0.8.0", True), ("0.10", True), ("1.0", True)]
)
def test_an_older_pgvector_is_refused(version, good):
    if good:
        _check_version(version)
    else:
        with pytest.raises(StoreUnavailable, match=r"0\.8 or later"):
            _check_version(version)
