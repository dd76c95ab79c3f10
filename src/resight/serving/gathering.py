"""Questions that come at the same time are answered together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Place(Generic[Question, Answer]):
    """One who waits: `called` once there is an answer, or once it is their turn to answer."""

    def __init__(self, question: Question) -> None:
        self.question, self.answer, self.called = question, Future[Answer](), threading.Event()


class Line(Generic[Question, Answer]):
    """Whoever comes first answers for all that wait by then and fit; `at_once` may do so at the same time.

    A question that comes alone is not held up. Those that come meanwhile are answered by the next.
    """

    def __init__(
        self,
        answer: Callable[[list[Question]], Iterable[Answer]],
        fits: Callable[[Question, Question], bool],
        at_once: int = 1,
    ) -> None:
        self._answer, self._fits = answer, fits
        self._lock, self._free = threading.Lock(), at_once
        self._waiting: list[Place[Question, Answer]] = []

    def ask(self, question: Question, most: int) -> Answer:
        """The answer, found with at most `most` - 1 others'; what `answer` raises reaches each of them."""
        mine = Place[Question, Answer](question)
        with self._lock:
            self._waiting.append(mine)
            self._call()
        mine.called.wait()
        if not mine.answer.done():
            self._answer_all(self._taken(mine, most))
        return mine.answer.result()

    def _taken(self, mine: Place[Question, Answer], most: int) -> list[Place[Question, Answer]]:
        with self._lock:
            others = (each for each in self._waiting if not each.called.is_set())
            fitting = [each for each in others if self._fits(each.question, mine.question)]
            chosen = [mine, *fitting[: most - 1]]
            self._waiting = [each for each in self._waiting if each not in chosen]
        return chosen

    def _answer_all(self, chosen: list[Place[Question, Answer]]) -> None:
        try:
            answers = self._answer([each.question for each in chosen])
            for each, answer in zip(chosen, answers, strict=True):
                each.answer.set_result(answer)
        except BaseException as error:  # those who wait are told, whatever it is
            for each in chosen:
                if not each.answer.done():
                    each.answer.set_exception(error)
        with self._lock:
            self._free += 1
            self._call()
        for each in chosen:
            each.called.set()

    def _call(self) -> None:
        """Call those that waited longest, as many as may answer now; needs the lock."""
        for each in self._waiting:
            if not self._free:
                return
            if not each.called.is_set():
                self._free -= 1
                each.called.set()
