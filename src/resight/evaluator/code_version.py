"""Which code this is: its version, and in a checkout its commit."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit() -> str:
    """The commit of this very code, with a plus where the tree differs from it; "" outside a checkout."""
    try:
        _git("ls-files", "--error-unmatch", Path(__file__).name)  # else it is the commit of what lies around
        return _git("describe", "--always", "--dirty=+", "--exclude=*")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*words: str) -> str:
    home = Path(__file__).parent
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True, cwd=home)
    return done.stdout.strip()
