"""Questions that come at the same time are answered together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")
Place = tuple[Question, Future[Answer]]


class Line(Generic[Question, Answer]):
    """Whoever comes first answers for all that wait by then and fit.

    A question that comes alone is not held up. Those that come meanwhile are answered by the next.
    """

    def __init__(
        self,
        answer: Callable[[list[Question]], Iterable[Answer]],
        fits: Callable[[Question, Question], bool],
    ) -> None:
        self._answer, self._fits = answer, fits
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._waiting: list[Place[Question, Answer]] = []

    def ask(self, question: Question, most: int) -> Answer:
        """The answer, found with at most `most` - 1 others'; what `answer` raises reaches each of them."""
        mine = question, Future[Answer]()
        with self._lock:
            self._waiting.append(mine)
        with self._turn:
            if not mine[1].done():
                self._answer_all(self._taken(mine, most))
        return mine[1].result()

    def _taken(self, mine: Place[Question, Answer], most: int) -> list[Place[Question, Answer]]:
        with self._lock:
            fitting = [each for each in self._waiting if each is not mine and self._fits(each[0], mine[0])]
            chosen = [mine, *fitting[: most - 1]]
            gone = set(map(id, chosen))
            self._waiting = [each for each in self._waiting if id(each) not in gone]
        return chosen

    def _answer_all(self, chosen: list[Place[Question, Answer]]) -> None:
        try:
            answers = self._answer([question for question, _ in chosen])
            for (_, future), answer in zip(chosen, answers, strict=True):
                future.set_result(answer)
        except BaseException as error:  # those who wait are told, whatever it is
            for _, future in chosen:
                if not future.done():
                    future.set_exception(error)
