"""Brings the catalogue of an earlier format up to date: `NNNN.sql` leads from format NNNN to the next one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

FOLDER = Path(__file__).parent


def migrate(connection: sqlite3.Connection) -> None:
    """Go from the catalogue's format to the last that is known, in one transaction.

    A kill leaves all of it or none. Raises sqlite3.Error with nothing changed.
    """
    row = connection.execute("SELECT value FROM facts WHERE key = 'format'").fetchone()
    found = row[0] if row else None
    steps = []
    while isinstance(found, int) and (FOLDER / f"{found:04d}.sql").exists():
        steps.append((FOLDER / f"{found:04d}.sql").read_text(encoding="utf8"))
        found += 1
    if not steps:
        return
    script = "\n".join([*steps, f"UPDATE facts SET value = {found} WHERE key = 'format';"])
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
