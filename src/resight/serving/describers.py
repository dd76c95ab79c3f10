"""The describers of the galleries, loaded while the service answers already what needs none."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from resight.describing.describer import Describer
from resight.errors import ResightError
from resight.gallery import Snapshot
from resight.searcher.describers import Describers
from resight.serving.galleries import Served
from resight.serving.problems import Busy, Problem, problem_of

LOADING, READY, FAILED = "loading", "ready", "failed"


@dataclass
class State:
    """How far a gallery's describer is, and why it failed, if it did."""

    word: str = LOADING
    why: str = ""


class Loaded:
    """Describers by gallery; `load` takes seconds, and is called by a thread of its own."""

    def __init__(self, galleries: Iterable[Served], engine: str, workers: int) -> None:
        self._served = list(galleries)
        self._describers = {each.name: Describers(engine, workers) for each in self._served}
        self.states = {each.name: State() for each in self._served}
        self.loaded = threading.Event()

    def start(self) -> None:
        """Load them all, one after the other, while others work."""
        threading.Thread(target=self.load, name="describers", daemon=True).start()

    def load(self) -> None:
        """Load the network of each gallery; one that fails leaves the others alone."""
        for each in self._served:
            state = self.states[each.name]
            try:
                with each.snapshot() as snapshot:
                    describer = self._describers[each.name].make_like(snapshot)
                    snapshot.check(describer.fingerprint)
                state.word = READY
            except ResightError as error:
                state.why, state.word = problem_of(error, each.secrets).detail, FAILED
            except Exception as error:  # whatever a library raises; the other galleries are served
                state.why, state.word = f"The network cannot be loaded ({type(error).__name__}).", FAILED
        self.loaded.set()

    def of(self, served: Served, snapshot: Snapshot) -> Describer:
        """The describer that gives descriptors like the snapshot's; raises Busy, or Problem."""
        state = self.states[served.name]
        if state.word == LOADING:
            raise Busy("The network is still being loaded: search by a stored image, or try again soon.")
        if state.word == FAILED:
            raise Problem(503, f"Photos cannot be described: {state.why}")
        describer = self._describers[served.name].make_like(snapshot)
        snapshot.check(describer.fingerprint)
        return describer
