"""Groups of near-duplicates of a gallery: answered from what is kept, else looked for in the background."""

from __future__ import annotations

import threading
from typing import Any

from resight import duplicates
from resight.duplicates.kept import read_groups
from resight.errors import ResightError
from resight.progress import Silent
from resight.serving.galleries import Served, id_of, shown_name
from resight.serving.problems import Problem, problem_of


class Far(Silent):
    """How many pairs of photos were compared, of how many; asked by requests meanwhile."""

    def __init__(self) -> None:
        self.done, self.total, self.ending, self.why = 0, 0, False, ""

    def start(self, what: str, total: int | None) -> None:
        """A stage begins."""
        self.done, self.total = 0, total or 0

    def step(self, failures: int = 0) -> None:
        """One more pair."""
        self.done += 1

    def stopping(self) -> bool:
        """When the service ends."""
        return self.ending


class Duplicates:
    """One search a gallery at a time; what it has compared stays with the gallery, however it ends."""

    def __init__(self) -> None:
        self._lock, self._running = threading.Lock(), dict[str, Far]()

    def tell(self, served: Served, level: str) -> dict[str, Any]:
        """The groups of a level; while they are looked for, none, and how far that is. Raises Problem."""
        with served.snapshot() as snapshot:
            found = read_groups(snapshot)
            if found is None:
                return {"groups": [], "searching": self._begun(served)}
            groups = []
            for each in found[level]:
                images = snapshot.catalogue.images(each.images).values()
                told = [
                    {"id": id_of(image), "path": shown_name((*image.files, "")[0]), "width": image.width,
                     "height": image.height, "paths": [shown_name(name) for name in image.files]}
                    for image in images
                ]  # fmt: skip
                groups.append({"level": each.level, "reason": each.reason, "images": told})
        return {"groups": groups, "searching": None}

    def close(self) -> None:
        """End what runs."""
        with self._lock:
            for far in self._running.values():
                far.ending = True

    def _begun(self, served: Served) -> dict[str, int]:
        with self._lock:
            far = self._running.get(served.name)
            if far is None:
                far = self._running[served.name] = Far()
                threading.Thread(target=self._search, args=(served, far), daemon=True).start()
        if far.why:
            with self._lock:
                self._running.pop(served.name, None)
            raise Problem(500, far.why)
        return {"done": far.done, "total": far.total}

    def _search(self, served: Served, far: Far) -> None:
        try:
            with served.snapshot() as snapshot:
                duplicates.groups(snapshot, duplicates.LEVELS[0], far)
                lost = read_groups(snapshot) is None
            if lost:
                far.why = (
                    "The groups cannot be kept: run `resight duplicates` where the gallery can be written."
                )
        except ResightError as error:
            far.why = problem_of(error, served.secrets).detail
        except Exception as error:  # whatever stops it is told to whoever asks next
            far.why = f"The search for duplicates failed ({type(error).__name__})."
        if not far.why:
            with self._lock:
                self._running.pop(served.name, None)
