"""PCA-whitening of a sample too wide for a covariance matrix: seconds, memory, and nearness to the truth.

- 20,000 rows of 32,768 numbers (2.6 GB), eigenvalues falling as 1 / i, fitted to 512 dimensions; once from a
  memory-mapped file, once from an iterable of parts, which goes through a temporary file of the same size.
- Seconds on the clock, and of processor time, both cores added.
- Peak anonymous memory (RssAnon) of the process that fits, sampled every 20 ms, with the interpreter.
- The rows are factors times orthonormal axes, so the exact principal axes of this very sample are known from
  a small matrix: captured variance beside theirs, and dot products of whitened unit rows beside theirs.
The files lie in the temporary folder (TMPDIR) and are deleted afterwards.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from record import record
from resight.post.pca_whitening import fit, pca_whitening

FACTORS, PART, SHOWN = 2048, 500, 1000


def write(folder: Path, count: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """sample.npy (count, width), made part by part -> its factors (count, F) and their axes (width, F)."""
    random = np.random.default_rng(0)
    number = min(FACTORS, width)
    axes = random.standard_normal((width, number), dtype=np.float32)
    for _ in range(2):
        axes = axes @ np.linalg.inv(np.linalg.cholesky(axes.T @ axes)).T.astype(np.float32)
    factors = random.standard_normal((count, number), dtype=np.float32)
    factors /= np.sqrt(np.arange(1, number + 1, dtype=np.float32))
    mean = random.random(width, dtype=np.float32) / 10
    sample = np.lib.format.open_memmap(folder / "sample.npy", "w+", np.float32, (count, width))
    for first in range(0, count, PART):
        sample[first : first + PART] = factors[first : first + PART] @ axes.T + mean
    sample.flush()
    return factors, axes


def fitted(path: Path, dims: int, parts: bool) -> dict[str, float]:
    """Run in a process of its own: fit, save the parameters beside the sample, and say what it took."""
    sample = np.load(path, mmap_mode="r")
    rows = (sample[first : first + PART] for first in range(0, len(sample), PART)) if parts else sample
    ended, peak = threading.Event(), [0]

    def watch() -> None:
        while not ended.wait(0.02):
            peak[0] = max(peak[0], anonymous())

    before, watcher = anonymous(), threading.Thread(target=watch)
    watcher.start()
    begun, worked = time.perf_counter(), time.process_time()
    try:
        parameters = fit(rows, dims=dims)
        seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    finally:
        ended.set()
        watcher.join()
    np.savez(path.parent / "parameters.npz", **parameters)
    return {"seconds": seconds, "worked": worked, "peak": peak[0] / 1024, "before": before / 1024}


def anonymous() -> int:
    """Kilobytes of memory that no file backs."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def nearness(folder: Path, factors: np.ndarray, axes: np.ndarray, dims: int) -> dict[str, str]:
    """The saved parameters beside the exact ones, in the space of the factors."""
    parameters = dict(np.load(folder / "parameters.npz"))
    away = factors - factors.mean(axis=0, dtype=np.float64)
    covariance = away.T @ away / len(away)
    values, exact = (found[..., ::-1] for found in np.linalg.eigh(covariance))
    ours = axes.T @ (parameters["projection"] * np.sqrt(parameters["eigenvalues"][:dims]))
    captured = np.einsum("fk,fk->", ours, covariance @ ours) / values[:dims].sum()
    rows = np.load(folder / "sample.npy", mmap_mode="r")[:SHOWN]
    shown = unit(pca_whitening(rows, parameters))
    true = unit(away[:SHOWN] @ exact[:, :dims] / np.sqrt(values[:dims]))
    apart = np.abs(shown @ shown.T - true @ true.T)
    return {
        "captured": f"{captured:.6f}",
        "dot_apart_mean": f"{apart.mean():.1e}",
        "dot_apart_max": f"{apart.max():.1e}",
    }


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main() -> None:
    """Measure, print, and write results/whitening.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--width", type=int, default=32_768)
    parser.add_argument("--dims", type=int, default=512)
    parser.add_argument("--in", dest="inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--parts", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        sys.stdout.write(json.dumps(fitted(asked.inside, asked.dims, asked.parts)))
        return
    with tempfile.TemporaryDirectory() as folder:
        known = write(Path(folder), asked.rows, asked.width)
        for given in ("mapped", "parts"):
            run = [sys.executable, __file__, "--in", str(Path(folder) / "sample.npy")]
            run += ["--dims", str(asked.dims), *(["--parts"] if given == "parts" else [])]
            took = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
            row = {
                "rows": asked.rows,
                "width": asked.width,
                "dims": asked.dims,
                "given": given,
                "fit_s": f"{took['seconds']:.1f}",
                "processor_s": f"{took['worked']:.1f}",
                "anonymous_mib": f"{took['peak']:.0f}",
                "before_mib": f"{took['before']:.0f}",
                **nearness(Path(folder), *known, asked.dims),
            }
            record("whitening", row, ("rows", "width", "dims", "given"))
            sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
