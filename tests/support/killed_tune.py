"""A process that tunes, and forks others of itself that are killed at some line of the tuner.

`killed_tune.py PHOTOS FOLDER SEED`: FOLDER takes the caches. It prints what tuning comes to when it is let
alone, what it comes to after it was killed, and how often it was killed, as JSON.
"""

import json
import os
import random
import shutil
import signal
import sys
import warnings
from pathlib import Path

from resight import tuner
from resight.datasets import open_dataset
from resight.recipe import Recipe

HERE = os.path.dirname(tuner.__file__)
SETTINGS = {
    "search": "evolution:parents=8,children=10,grow=0.7",
    "policies": 200,
    "engine": "torch",
    "workers": 1,
}
KILLS = 5


def tuned(photos, cache, line, pipe):
    """Tune in a process of its own, which is killed at the `line`th line of the tuner that it comes to.

    0: at none. What it came to goes into the pipe, with the number of lines.
    """
    lines = 0

    def count(frame, event, _):
        nonlocal lines
        if event == "line":
            lines += 1
            if lines == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return count

    def trace(frame, event, argument):
        return count if os.path.dirname(frame.f_code.co_filename) == HERE else None

    os.environ["XDG_CACHE_HOME"] = str(cache)
    recipe = Recipe.parse(
        {
            "name": "plain", "views": {"sizes": [32], "resize": "square"}, "pooling": "mac",
            "backbone": {"network": "timm:test_efficientnet", "weights": "random:1", "layers": ["blocks.4"]},
        }
    )  # fmt: skip
    sys.settrace(trace)
    found = tuner.tune(open_dataset(str(photos)), recipe, **SETTINGS)
    sys.settrace(None)
    told = {"operations": found.policy.operations, "reward": found.reward, "scored": found.scored}
    os.write(pipe, json.dumps([told, lines]).encode())


def run(photos, cache, line=0):
    """What a process came to, or None where it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        warnings.simplefilter("ignore")
        tuned(photos, cache, line, writing)
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
    return json.loads(text) if text else None


def main():
    photos, folder, draw = Path(sys.argv[1]), Path(sys.argv[2]), random.Random(int(sys.argv[3]))
    alone, lines = run(photos, folder / "alone")
    killed = 0
    for _ in range(KILLS):
        if run(photos, folder / "killed", draw.randrange(1, lines)) is None:
            killed += 1
        else:
            shutil.rmtree(folder / "killed")  # it came to its end before that line: the next begins anew
    after, _ = run(photos, folder / "killed")
    sys.stdout.write(json.dumps({"alone": alone, "after": after, "killed": killed}) + "\n")


if __name__ == "__main__":
    main()
