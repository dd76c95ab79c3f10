"""The command, also as `python -m resight`: an interruption while it is being loaded is no accident."""

from __future__ import annotations

import sys


def main() -> None:
    """Load the command and run it."""
    try:
        from resight.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
