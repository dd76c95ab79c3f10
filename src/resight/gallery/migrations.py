"""Brings the catalogue of an earlier format up to date, each step in one transaction."""

from __future__ import annotations

import sqlite3

# What leads from a format to the next one. A reader takes both.
# What was kept for a fit before format 4 lies otherwise: it is let go, and a fit reads its photos again.
STEPS: dict[int, tuple[str, ...]] = {
    3: (
        "ALTER TABLE images ADD COLUMN warnings TEXT",
        "UPDATE images SET kept_first = NULL, kept_shapes = NULL, kept_crc = NULL",
    )
}


def migrate(connection: sqlite3.Connection) -> None:
    """Go step by step from the catalogue's format to the last that is known; a kill leaves a whole format."""
    while True:
        row = connection.execute("SELECT value FROM facts WHERE key = 'format'").fetchone()
        found = row[0] if row else None
        if found not in STEPS:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in STEPS[found]:
                connection.execute(statement)
            connection.execute("UPDATE facts SET value = ? WHERE key = 'format'", (found + 1,))
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
