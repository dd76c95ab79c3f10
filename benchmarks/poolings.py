"""Poolings beside the loops that research code writes for them, in one run: results/poolings.csv.

One photo's map (VGG16's last at 640 x 480: 512 x 30 x 40, and the default network's: 320 x 15 x 20), one
core, medians of interleaved rounds. The loops: R-MAC goes through the values of each region in Python, or
through its cells with NumPy over the channels, or takes the maximum of a slice for each; VLAD adds the
residual of one cell after the other to its word; NetVLAD goes through the words, and takes all residuals from
each. The answers are compared. Second-order pooling and salient regions have a time of their own.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from record import record
from resight import areas, images, methods, saliency
from resight.regions.rmac_grid import cells, rmac_grid
from shared_data import shared_data

SHAPES = ((512, 30, 40), (320, 15, 20))
Maps = NDArray[np.float32]


def unit(rows: Maps, axis: int = -1) -> Maps:
    """Rows of unit length."""
    return rows / np.maximum(np.linalg.norm(rows, axis=axis, keepdims=True), 1e-12)


def rmac_by_loop(features: Maps) -> Maps:
    """(C, H, W) -> (R, C)."""
    grid = cells(*features.shape[1:])
    return np.stack(
        [features[:, top:bottom, left:right].max(axis=(1, 2)) for top, left, bottom, right in grid]
    )


def rmac_by_values(features: Maps) -> Maps:
    """The same, one value after the other."""
    found, values = [], features.tolist()
    for top, left, bottom, right in cells(*features.shape[1:]):
        for channel in values:
            largest = -math.inf
            for row in range(top, bottom):
                for column in range(left, right):
                    largest = max(channel[row][column], largest)
            found.append(largest)
    return np.array(found, np.float32).reshape(-1, len(features))


def rmac_by_cells(features: Maps) -> Maps:
    """The same, one cell after the other."""
    found = []
    for top, left, bottom, right in cells(*features.shape[1:]):
        largest = features[:, top, left].copy()
        for row in range(top, bottom):
            for column in range(left, right):
                np.maximum(largest, features[:, row, column], out=largest)
        found.append(largest)
    return np.stack(found)


def vlad_by_loop(features: Maps, centres: Maps) -> Maps:
    """(C, H, W) -> (k C,)."""
    columns = unit(features.reshape(len(features), -1).T)
    sums = np.zeros_like(centres)
    for column in columns:
        word = ((centres - column) ** 2).sum(axis=1).argmin()
        sums[word] += column - centres[word]
    return unit(unit(sums).ravel())


def netvlad_by_loop(features: Maps, parameters: dict[str, Maps]) -> Maps:
    """(C, H, W) -> (k C,)."""
    columns = unit(features.reshape(len(features), -1).T)
    scores = columns @ parameters["weights"].T + parameters["biases"]
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    words = [
        ((columns - centre) * shares[:, [i]]).sum(axis=0) for i, centre in enumerate(parameters["centres"])
    ]
    return unit(unit(np.stack(words)).ravel())


def medians(forms: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Milliseconds of each form; they take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(rounds + 1):
        for name, form in forms.items():
            begun = time.perf_counter()
            form()
            seconds[name].append(time.perf_counter() - begun)
    return {name: 1000 * statistics.median(all_[1:]) for name, all_ in seconds.items()}


def beside_loops(shape: tuple[int, int, int], rounds: int) -> None:
    """R-MAC, VLAD and NetVLAD on one map."""
    random = np.random.default_rng(0)
    plain = np.maximum(random.standard_normal(shape), 0).astype(np.float32)
    given = np.ascontiguousarray(plain.transpose(1, 2, 0)).transpose(2, 0, 1)[
        None
    ]  # as a describer hands it on
    alpha, pixels = saliency.spatial(given)[0], np.zeros((8, 8, 3), np.uint8)
    grid = areas.masks(rmac_grid(pixels, alpha), *shape[1:])
    whole = np.ones((1, *shape[1:]), bool)
    mac, vlad, netvlad = (methods.find("poolings", name) for name in ("mac", "vlad:k=100", "netvlad:k=64"))
    other = np.maximum(random.standard_normal((1, *shape)), 0).astype(np.float32)  # its own sums would be 0
    words = vlad.fit([(other, whole)])
    soft = netvlad.fit([(other, whole)])
    pairs = {
        "r-mac, loop over values": (lambda: mac(given, grid)[0], lambda: rmac_by_values(plain)),
        "r-mac, loop over cells": (lambda: mac(given, grid)[0], lambda: rmac_by_cells(plain)),
        "r-mac, loop over regions": (lambda: mac(given, grid)[0], lambda: rmac_by_loop(plain)),
        "vlad, 100 words": (
            lambda: vlad(given, whole, parameters=words)[0, 0],
            lambda: vlad_by_loop(plain, words["centres"]),
        ),
        "netvlad, 64 words": (
            lambda: netvlad(given, whole, parameters=soft)[0, 0],
            lambda: netvlad_by_loop(plain, soft),
        ),
    }
    for name, (ours, loop) in pairs.items():
        cosine = (unit(ours().ravel()) @ unit(loop().ravel())).item()
        if cosine < 0.999:  # a column between two words may fall to either
            sys.exit(f"{name} does not give what its loop gives: cosine {cosine:.6f}.")
        found = medians({"ours": ours, "loop": loop}, rounds)
        told(name, shape, found["ours"], found["loop"])


def told(name: str, shape: object, ours: float, loop: float | None = None) -> None:
    """One row of the table."""
    row = {"what": name, "map": "x".join(map(str, shape)), "ms": f"{ours:.2f}"}
    row |= {"loop_ms": f"{loop:.2f}" if loop else "", "ratio": f"{loop / ours:.1f}" if loop else ""}
    record("poolings", row, ("what", "map"))
    sys.stdout.write(f"{row}\n")


def second_order(channels: int, rounds: int) -> float:
    """Milliseconds of second-order pooling of 8 regions."""
    random = np.random.default_rng(0)
    plain = np.maximum(random.standard_normal((15, 20, channels)), 0).astype(np.float32)
    given, masks = plain.transpose(2, 0, 1)[None], random.random((8, 15, 20)) < 0.4
    second = methods.find("poolings", "second-order:dims=128")
    own = second.fit([(given, masks)])
    return medians({"": lambda: second(given, masks, parameters=own)}, rounds)[""]


def alone(data: Path | None, rounds: int) -> None:
    """Second-order pooling of 8 regions, and salient regions of real photos."""
    random = np.random.default_rng(0)
    for channels in (320, 512):
        told("second-order, 8 regions", (channels, 15, 20), second_order(channels, rounds))
    if data is None:
        sys.stdout.write("The shared data is absent (RESIGHT_TEST_DATA): salient regions are not measured.\n")
        return
    salient, spent = methods.find("regions", "salient"), []
    paths = sorted((data / "dvd_covers").rglob("*.jpg"))[::10]
    for path in paths:
        pixels = images.read(path).pixels
        alpha = random.random((15, 20), np.float32)
        spent.append(medians({"": lambda p=pixels, a=alpha: salient(p, a)}, rounds)[""])
    told(f"salient regions, {len(paths)} photos of 640 px", (320, 15, 20), statistics.median(spent))
    told("salient regions, the slowest of them", (320, 15, 20), max(spent))


def main() -> None:
    """Measure, print, and write results/poolings.csv."""
    import cv2

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds

    cv2.setNumThreads(1)
    with threadpool_limits(1):
        for shape in SHAPES:
            beside_loops(shape, rounds)
        alone(shared_data(), rounds)


if __name__ == "__main__":
    main()
