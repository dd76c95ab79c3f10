"""Prints a pip constraint for each requirement of pyproject.toml: the lowest version that it allows.

`make test-oldest` installs these, so that a lower bound is a promise that somebody has tried.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def pins() -> list[str]:
    """`name==version` for every requirement, those of the extras included."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = {each for group in (project["dependencies"], *extras) for each in group}
    named = (each for each in wanted if not each.startswith(project["name"]))
    # pip takes no extras in a constraint
    return sorted(re.sub(r"\[.*\]", "", each).replace(">=", "==") for each in named)


if __name__ == "__main__":
    sys.stdout.write("\n".join(pins()) + "\n")
