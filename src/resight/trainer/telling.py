"""What a run tells while it works: a line in `metrics.jsonl` a step, TensorBoard, and who watches."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from resight.errors import StorageFailed
from resight.progress import Progress
from resight.trainer.checkpoint import Place
from resight.trainer.watching import Measures

SAY_EVERY = 10.0  # seconds


class Log:
    """Steps and validations of a run, in a file that a run which goes on takes up where it stood."""

    def __init__(self, folder: Path, done: int, progress: Progress) -> None:
        self.path, self._progress = folder / "metrics.jsonl", progress
        self._keep(done)
        self._boards = _boards(folder / "tensorboard", done)
        self._begun = self._said = time.monotonic()
        self.pictures = 0

    def step(self, place: Place, measures: Measures, pictures: int) -> None:
        """One step is done."""
        self.pictures += pictures
        rate = self.pictures / max(1e-9, time.monotonic() - self._begun)
        row = {"step": place.total, "phase": place.phase, "epoch": place.epoch}
        row |= dataclasses.asdict(measures) | {"pictures": pictures, "pictures_a_second": round(rate, 2)}
        self._write(row)
        self._progress.step()
        if time.monotonic() - self._said >= SAY_EVERY or place.total == 1:
            self._said = time.monotonic()
            self._progress.say(
                f"step {place.total}: loss {measures.loss:.3f}, active {measures.active:.0%}, "
                f"distances {measures.positive:.3f} own and {measures.negative:.3f} other, "
                f"spread {measures.spread:.2f}, gradient {measures.gradient:.2g}, "
                f"{rate:.1f} pictures a second"
            )

    def validated(self, place: Place, name: str, value: float) -> None:
        """A measure of the held photos, after a step."""
        self._write({"step": place.total, "phase": place.phase, "epoch": place.epoch, name: value})
        best = f"the best at step {place.best_at}: {place.best:.4f}"
        self._progress.say(f"step {place.total}: {name} {value:.4f} on held photos; {best}")

    def _write(self, row: dict[str, Any]) -> None:
        try:
            with self.path.open("a", encoding="utf8") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise StorageFailed(f"{self.path} cannot be written: {error.strerror}.") from None
        for key, value in row.items():
            if isinstance(value, float) and self._boards is not None:
                self._boards.add_scalar(key, value, row["step"])

    def _keep(self, done: int) -> None:
        """Forget steps beyond the checkpoint, and a line that a kill has cut."""
        rows = [row for row in read_rows(self.path) if row["step"] <= done]
        if self.path.exists():
            self.path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a `metrics.jsonl`, without a last one that was cut."""
    rows = []
    if path.exists():
        for line in path.read_text(encoding="utf8").splitlines():
            with contextlib.suppress(ValueError):
                rows.append(json.loads(line))
    return rows


def _boards(folder: Path, done: int) -> Any:
    """TensorBoard's writer, where the package is installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=done + 1)


Validate = Callable[[], dict[str, float]]
