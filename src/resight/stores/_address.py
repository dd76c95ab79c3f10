"""Where a server is, and what opens it: said by the environment, or by a file that it names."""

from __future__ import annotations

import os
from pathlib import Path

from resight.errors import StoreUnavailable


def read_variable(variable: str) -> str | None:
    """What a variable says, or the file that the variable of the same name with `_FILE` names.

    None where neither is set. Raises StoreUnavailable for a file that cannot be read.
    """
    if said := os.environ.get(variable, "").strip():
        return said
    named = os.environ.get(f"{variable}_FILE")
    if not named:
        return None
    try:
        return Path(named).read_text(encoding="utf8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise StoreUnavailable(f"The file that {variable}_FILE names cannot be read ({reason}).") from error
