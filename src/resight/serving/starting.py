"""What the service is told on the command line, checked before anything is loaded."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from resight.errors import BadSetting
from resight.serving.settings import Settings

NEEDED = ("fastapi", "uvicorn", "httptools", "prometheus_client", "python_multipart")
VARIABLE = "RESIGHT_TOKEN"
SHORTEST = 16  # letters of a token


def must_be_installed() -> None:
    """Raise BadSetting where the extra is missing."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise BadSetting(f"`resight serve` needs an extra ({missing[0]}): pip install 'resight[serve]'.")


def read_tokens(file: Path | None) -> tuple[str, ...]:
    """The tokens in a file, one a line, or that of the environment; raises BadSetting.

    A token is never an argument: whoever may list processes would read it.
    """
    if file is None:
        found = [os.environ.get(VARIABLE, "")]
    else:
        try:
            found = file.read_text(encoding="utf8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise BadSetting(f"The tokens in {file} cannot be read: name a file with one a line.") from None
    tokens = tuple(token.strip() for token in found if token.strip())
    if any(len(token) < SHORTEST or not token.isascii() for token in tokens):
        raise BadSetting(
            f"A token has {SHORTEST} letters or more, of ASCII: `openssl rand -hex 32` makes one."
        )
    if file is not None and not tokens:
        raise BadSetting(f"There is no token in {file}: write one a line.")
    return tokens


def must_be_safe(settings: Settings) -> None:
    """Raise BadSetting for a service that others reach and that asks nobody for a token."""
    if not settings.is_local and not settings.tokens:
        raise BadSetting(
            f"Whoever reaches {settings.host} could read the galleries: name tokens with --token-file or "
            f"{VARIABLE}, or stay with 127.0.0.1."
        )
