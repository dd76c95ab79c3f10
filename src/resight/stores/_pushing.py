"""Brings the rows of a gallery to a server, block by block: whoever was stopped goes on where it stands."""

from __future__ import annotations

import numpy as np

from resight.errors import StoreFailed
from resight.progress import Progress
from resight.stores._promise import Given, Rows
from resight.stores._proof import prove
from resight.stores._reach import measure
from resight.stores._served import Block, Occupied, Served, Server, is_of
from resight.stores._units import split

BLOCK_ROWS = 2048
BEHIND = 0.02  # share of the rows that may come before the recall is measured anew


def push(server: Server, given: Given, progress: Progress) -> Served | None:
    """All rows of a generation, an index of them, and how well it finds; earlier generations go then.

    The same again does nothing. Two processes that push at once help each other, and nothing comes twice.
    None where a later generation is there, or another process has the rows for long. What is there stays
    where it ends early. Raises StoreFailed and StoreUnavailable.
    """
    server.prepare(given.vectors.shape[1])
    try:
        served = _begin(server, given)
        if served is None:
            progress.say("The server has a later generation of this gallery: nothing was pushed.")
            return None
        served = _append(server, served, given, progress)
        if served.rows >= len(given.vectors):
            served = _finish(server, served, given, progress)
        return served
    except Occupied:
        progress.say("Another process is pushing the rows of this gallery: it is left to that.")
        return None


def drop_all(server: Server, gallery: str) -> None:
    """Take all generations of a gallery away; raises StoreFailed."""
    try:
        for each in server.find(gallery):
            server.drop(each)
    except Occupied:
        raise StoreFailed(
            "Another process is pushing the rows of this gallery: drop them after that."
        ) from None


def _begin(server: Server, given: Given) -> Served | None:
    """What is there of this generation, or a new place without rows; None where there is a later one."""
    found = server.find(given.gallery)
    if found and found[0].generation > given.generation:
        return None
    for each in found:
        if each.generation == given.generation and not is_of(each, given.take, len(given.vectors)):
            server.drop(each)  # rows of a copy of this gallery, which went its own way
    server.begin(given.gallery, given.generation, given.vectors.shape[1])
    return _find(server, given)


def _find(server: Server, given: Given) -> Served:
    found = [each for each in server.find(given.gallery) if each.generation == given.generation]
    if not found:
        raise StoreFailed("The rows were dropped by another process while they were pushed: push them again.")
    return found[0]


def _append(server: Server, served: Served, given: Given, progress: Progress) -> Served:
    count = len(given.vectors)
    if served.rows >= count:
        return served
    images = given.owners() if given.owners else np.arange(count)
    progress.start("Pushing blocks of rows", -(-(count - served.rows) // BLOCK_ROWS))
    while served.rows < count and not progress.stopping():
        server.append(served, _make_block(given, images, served.rows))
        served = _find(server, given)
        progress.step()
    return served


def _make_block(given: Given, images: Rows, first: int) -> Block:
    numbers, vectors, apart = split(given, first, BLOCK_ROWS)
    end = min(first + BLOCK_ROWS, len(given.vectors))
    return Block(numbers, images[numbers], vectors, apart, end, prove(given.take, end))


def _finish(server: Server, served: Served, given: Given, progress: Progress) -> Served:
    if len(given.deleted) > served.deleted:
        server.delete(served, given.deleted)
    if not served.measured or served.rows - served.measured > BEHIND * served.rows:
        progress.start("Building the index", None)
        server.make_index(served)
        progress.start("Measuring the index", None)
        lost, efforts = measure(server, served, given)
        server.note(served, served.rows, efforts, lost)
    for other in server.find(given.gallery):
        if other.generation < given.generation or _is_twin(other, served):
            server.drop(other)
    return _find(server, given)


def _is_twin(other: Served, served: Served) -> bool:
    """Whether another place of the same generation was begun in the very moment of this one."""
    return other.generation == served.generation and other.number != served.number
