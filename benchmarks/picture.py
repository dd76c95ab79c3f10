"""results/descriptors.csv as a picture: mAP of every recipe on every set and network."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from record import RESULTS, recorded


def main() -> None:
    """Write results/descriptors.png."""
    rows = recorded("descriptors")
    # shipped recipes first: a variant's name has a space
    names = sorted({row["recipe"] for row in rows}, key=lambda name: (" " in name, name))
    columns = sorted({(row["set"], row["network"]) for row in rows})
    values = np.full((len(names), len(columns)), np.nan)
    for row in rows:
        place = names.index(row["recipe"]), columns.index((row["set"], row["network"]))
        values[place] = float(row["map"])
    figure, axes = plt.subplots(figsize=(9, 0.26 * len(names) + 1.8), layout="constrained")
    # colours by the rank within a column: sets differ in how hard they are
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    axes.imshow(
        (values - low) / np.maximum(high - low, 1e-9), aspect="auto", cmap="YlGnBu", vmin=0, vmax=1.25
    )
    for (i, j), value in np.ndenumerate(values):
        best = value == high[j]
        if not np.isnan(value):
            axes.text(
                j,
                i,
                f"{value:.3f}",
                ha="center",
                va="center",
                fontsize=7,
                fontweight="bold" if best else None,
            )
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_xticks(range(len(columns)), [f"{set_}\n{network}" for set_, network in columns], fontsize=7)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    figure.suptitle("mAP, leave-one-out, fitted on each set itself; the best of a column is bold", fontsize=9)
    figure.savefig(RESULTS / "descriptors.png", dpi=130)


if __name__ == "__main__":
    main()
