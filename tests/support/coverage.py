"""Prints what share of the lines the tests ran, and which files have most of the others; fails below a limit.

`python coverage.py FILE PERCENT`, where FILE is the JSON of slipcover.
"""

import json
import sys
from pathlib import Path

MOST = 10  # files that are named


def main(file: str, least: str) -> int:
    """The exit status."""
    told = json.loads(Path(file).read_text(encoding="utf8"))
    percent = told["summary"]["percent_covered"]
    lines = [f"coverage of src/: {percent:.2f} %"]
    missing = {name: len(each["missing_lines"]) for name, each in told["files"].items()}
    most = sorted(missing, key=missing.get, reverse=True)[:MOST]
    lines += [f"  {missing[name]:4d} lines never ran in {name}" for name in most]
    if percent < float(least):
        lines.append(f"That is less than {least} %.")
    sys.stdout.write("\n".join(lines) + "\n")
    return int(percent < float(least))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
