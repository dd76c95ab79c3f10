"""A whole `resight tune`, timed: from a folder of brands and an empty cache to a policy in a file.

The brands of the shared logos with the smallest hashes of their names, all their drawings, in a folder
each; MAC of EfficientNet-Lite0 at 224 pixels. Nothing is in the cache: the network is converted, all
drawings are described through every variant, and as many policies are scored as by default.
results/brands.csv has a row a number of brands and precision.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import record
from sets import smallest
from shared_data import needed_data, truth

RECIPE = """
name = "brands"
views = {{ resize = "square", sizes = [{size}] }}
precision = "{precision}"
pooling = "mac"
post = ["l2"]

[backbone]
network = "timm:tf_efficientnet_lite0"
weights = "efficientnet-lite0"
layers = ["blocks.6"]
"""


def copy_brands(data: Path, folder: Path, count: int) -> int:
    """A folder for each brand; how many drawings they are."""
    shown = truth(data / "logos")
    brands = set(smallest(dict.fromkeys(shown.values()), count))
    chosen = [(path, brand) for path, brand in shown.items() if brand in brands]
    for path, brand in chosen:
        (folder / brand).mkdir(parents=True, exist_ok=True)
        shutil.copy(data / "logos" / path, folder / brand / Path(path).name)
    return len(chosen)


def main() -> None:
    """Measure, print, and write results/brands.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brands", type=int, default=300)
    parser.add_argument("--precision", default="bf16", choices=("f32", "bf16"))
    parser.add_argument("--size", type=int, default=224, help="pixels of the sides of what is described")
    parser.add_argument("--policies", type=int, default=20_000)
    asked, data = parser.parse_args(), needed_data("there are no brands")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photos = copy_brands(data, folder / "brands", asked.brands)
        recipe = RECIPE.format(size=asked.size, precision=asked.precision)
        (folder / "recipe.toml").write_text(recipe, encoding="utf8")
        line = [sys.executable, "-m", "resight", "tune", "brands", "--recipe", "recipe.toml"]
        line += ["--out", "policy.toml", "--policies", str(asked.policies), "--json"]
        begun = time.perf_counter()
        environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
        told = subprocess.run(line, check=True, cwd=folder, env=environment, stdout=subprocess.PIPE)
        seconds = time.perf_counter() - begun
    used, found = resource.getrusage(resource.RUSAGE_CHILDREN), json.loads(told.stdout)
    row = {
        "brands": asked.brands, "photos": photos, "size": asked.size, "precision": asked.precision,
        "policies": asked.policies, "seconds": f"{seconds:.0f}", "minutes": f"{seconds / 60:.1f}",
        "cpu_seconds": f"{used.ru_utime + used.ru_stime:.0f}", "peak_gb": f"{used.ru_maxrss / 2**20:.2f}",
        "reward": f"{found['reward']:.5f}", "load": f"{os.getloadavg()[0]:.0f}",
    }  # fmt: skip
    print(row)
    record("brands", row, ("brands", "size", "precision", "policies"))


if __name__ == "__main__":
    main()
