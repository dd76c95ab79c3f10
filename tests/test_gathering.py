"""Questions that wait are answered together, by as many as may answer at once, and none is forgotten."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from resight.serving.gathering import Line

ASKED = 200


@pytest.mark.parametrize("at_once", [1, 2, 3])
@pytest.mark.parametrize("threads", [1, 2, 12])
def test_each_question_has_its_own_answer_and_so_many_are_answered_at_once(at_once, threads):
    lock, inside, deepest, groups = threading.Lock(), 0, 0, []

    def answer(questions: list[int]) -> list[int]:
        nonlocal inside, deepest
        with lock:
            inside += 1
            deepest = max(deepest, inside)
            groups.append(questions)
        time.sleep(0.002)
        with lock:
            inside -= 1
        return [10 * each for each in questions]

    line = Line(answer, lambda one, other: one % 2 == other % 2, at_once)
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda number: line.ask(number, 4), range(ASKED)))
    assert found == [10 * number for number in range(ASKED)]
    assert sorted(number for group in groups for number in group) == list(range(ASKED))  # each once
    assert all(len({number % 2 for number in group}) == 1 and len(group) <= 4 for group in groups)
    assert deepest <= min(at_once, threads)
    if threads == 12:
        assert deepest == at_once
        assert len(groups) < ASKED


def test_an_error_reaches_all_who_were_asked_for_and_the_next_are_answered():
    begun, go = threading.Event(), threading.Event()

    def answer(questions: list[int]) -> list[int]:
        begun.set()
        go.wait(10)
        if 1 in questions or 2 in questions:
            raise ValueError(str(sorted(questions)))
        return questions

    line = Line(answer, lambda one, other: True)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(line.ask, 0, 9)
        assert begun.wait(10)
        others = [pool.submit(line.ask, number, 9) for number in (1, 2, 3)]
        while len(line._waiting) < 3:
            time.sleep(0.001)
        go.set()
        assert first.result(10) == 0
        for other in others:
            with pytest.raises(ValueError, match=r"\[1, 2, 3\]"):
                other.result(10)
    assert line.ask(5, 9) == 5
