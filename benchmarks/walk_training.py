"""A stranger's walk to a network of one's own, timed: the three lines of the README, on a folder of photos.

The photos are those of `walk.py`, of which nobody says what they show: `resight train default photos
--without-labels`, `resight index` with what it leaves, one `resight search`. results/walk_training.csv has
the seconds of each, and what the training says of the photos that it held out, before and after.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from record import record
from shared_data import needed_data
from walk import photos_of, timed


def main() -> None:
    """Measure, print, and write results/walk_training.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--plan", default="quick", help="a training plan's name or TOML file")
    asked, data = parser.parse_args(), needed_data("there are no photos")
    row: dict[str, object] = {"photos": asked.photos, "plan": Path(asked.plan).stem}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photos, trained, gallery = (folder / name for name in ("photos", "trained", "new"))
        photos_of(data, photos, asked.photos)
        options = ("--without-labels", "--plan", asked.plan, "--out", trained, "--json")
        with timed(row, "train_s"):
            told = json.loads(resight("train", "default", photos, *options))
        with timed(row, "index_s"):
            resight("index", photos, "--recipe", trained / "recipe.toml", "--gallery", gallery)
        with timed(row, "search_s"):
            resight("search", next(photos.iterdir()), "--gallery", gallery)
        row |= {"steps": told["steps"], "pictures": told["pictures"]}
        for name, before in told["before"].items():
            row |= {f"{name}_before": f"{before:.4f}", f"{name}_after": f"{told['after'][name]:.4f}"}
    sys.stdout.write(f"{row}\n")
    record("walk_training", row, ("photos", "plan", "machine"))


def resight(*line: object) -> str:
    """What a command prints."""
    command = [sys.executable, "-m", "resight", *map(str, line)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
