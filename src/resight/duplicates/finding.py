"""Groups of a gallery: candidates by descriptors, compared by pictures and points, kept by its state."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path

from resight.duplicates import kept
from resight.duplicates.candidates import Pairs, candidates
from resight.duplicates.grouping import LEVELS, Group, Pair, group
from resight.duplicates.judging import Verdict, judge
from resight.duplicates.looking import Seen, look_at
from resight.duplicates.verdicts import Key, append_verdicts, key_of, read_verdicts
from resight.errors import BadSetting
from resight.gallery import Gallery, Snapshot, snapshot_of
from resight.gallery.reread import reread
from resight.processors import processors
from resight.progress import Progress, Silent, Stopped
from resight.searcher.collection import Collection
from resight.workers.threads import in_order

IN_MEMORY = 256  # photos; each takes about 150 KB
AT_ONCE = 50  # verdicts between two writes


def groups(
    gallery: Gallery | Snapshot | Path | str, level: str = "copies", progress: Progress | None = None
) -> tuple[Group, ...]:
    """The groups of a gallery, of "copies" or of the "same" thing; the largest first.

    What was compared is kept beside the gallery, and so are the groups, by its state: asked again, it answers
    at once. Raises Stopped where an end was asked for; the next call goes on from there.
    """
    if level not in LEVELS:
        raise BadSetting(f"Groups are of {' or '.join(LEVELS)}, not of '{level}'.")
    if isinstance(gallery, Gallery):
        with gallery.snapshot() as snapshot:
            return groups(snapshot, level, progress)
    if not isinstance(gallery, Snapshot):
        with snapshot_of(gallery) as snapshot:
            return groups(snapshot, level, progress)
    found = kept.read_groups(gallery)
    if found is None:
        verdicts = _verdicts(gallery, progress or Silent())
        repeated = gallery.catalogue.repeated_images()
        found = {each: group(each, verdicts, repeated) for each in LEVELS}
        kept.write_groups(gallery, found)
    return found[level]


def _verdicts(snapshot: Snapshot, progress: Progress) -> dict[Pair, Verdict]:
    """What the candidates of a gallery are to each other."""
    progress.start("Looking for neighbours", None)
    photos = Collection(snapshot)
    pairs = candidates(photos) if snapshot.generation else Pairs((0, 2))
    contents = snapshot.catalogue.contents()
    known = read_verdicts(snapshot.folder)
    keys = {(one, other): key_of(contents[one], contents[other]) for one, other in pairs.tolist()}
    waiting: list[tuple[Key, Verdict]] = []
    missing = [pair for pair, key in keys.items() if key not in known]
    progress.start("Comparing photos", len(missing))
    try:
        for pair, verdict in _compared(snapshot, missing, progress):
            known[keys[pair]] = verdict
            waiting.append((keys[pair], verdict))
            progress.step()
            if len(waiting) == AT_ONCE:
                append_verdicts(snapshot.folder, waiting)
                waiting.clear()
    finally:
        append_verdicts(snapshot.folder, waiting)
    if progress.stopping():
        raise Stopped
    return {pair: known[key] for pair, key in keys.items() if key in known}


def _compared(
    snapshot: Snapshot, pairs: Iterable[Pair], progress: Progress
) -> Iterator[tuple[Pair, Verdict]]:
    """Pairs with their verdicts, in order; none for photos that cannot be read any more."""
    looks = _Looks(snapshot)
    for pair in pairs:
        if progress.stopping():
            return
        one, other = looks.of(pair)
        if one is not None and other is not None:
            yield pair, judge(one, other)


class _Looks:
    """What was seen of the last photos."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._seen: OrderedDict[int, Seen | None] = OrderedDict()

    def of(self, pair: Pair) -> tuple[Seen | None, Seen | None]:
        """Of two photos; those that are not in memory are read by as many threads."""
        missing = [image for image in pair if image not in self._seen]
        catalogue, local = self._snapshot.catalogue, self._snapshot.local_features
        asked = [(catalogue.image(image), local.of(image)) for image in missing]
        root, limit = catalogue.photos, catalogue.pixel_limit
        found = in_order(
            lambda one: reread(root, one[0], lambda data: look_at(data, one[0].turn, limit, one[1])),
            asked, min(2, processors()), lambda: False,
        )  # fmt: skip
        self._seen |= dict(zip(missing, found, strict=True))
        for image in pair:
            self._seen.move_to_end(image)
        while len(self._seen) > IN_MEMORY:
            self._seen.popitem(last=False)
        return self._seen[pair[0]], self._seen[pair[1]]
