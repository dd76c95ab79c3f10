"""Chance is told without what a query has in common with noise; the noise is kept beside a gallery."""

import errno
import io

import numpy as np
import pytest

from resight import indexer
from resight.gallery import Gallery, Writer, noise, snapshot_of
from resight.images.noise import draw_noise
from resight.indexer import noise as describing
from resight.progress import Silent
from resight.ranking import Query
from resight.searcher import Searcher
from resight.searcher.background import background_of
from resight.searcher.collection import Collection
from resight.searcher.placing import placed
from resight.searcher.query import of_stored
from resight.significance.background import DIRECTIONS, fit_background
from resight.significance.largest import chance
from resight.significance.tail import depth, fit_tail
from resight.types import Descriptor
from support import small
from support.photos import unit

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
WIDTH = 48


# The pictures


def test_noise_is_coloured_and_its_amplitudes_fall_as_those_of_photos():
    picture = draw_noise(3, 128)
    assert (picture.shape, picture.dtype) == ((128, 128, 3), np.uint8)
    np.testing.assert_array_equal(picture, draw_noise(3, 128))
    assert not np.array_equal(picture, draw_noise(4, 128))
    assert np.ptp(picture.astype(int), axis=2).mean() > 20
    frequencies = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.rfftfreq(128)[None])
    planes = np.stack([draw_noise(seed, 128)[:, :, 0] for seed in range(20)]).astype(float)
    amplitudes = np.abs(np.fft.rfft2(planes - planes.mean(axis=(1, 2), keepdims=True))).mean(axis=0)
    rings = [amplitudes[(frequencies > f / 1.2) & (frequencies < 1.2 * f)].mean() for f in (0.04, 0.16)]
    assert rings[0] / rings[1] == pytest.approx(4, rel=0.1)


# The regression


def test_what_is_removed_is_the_regression_of_the_scores():
    """Against least squares of the scores themselves, in float64, for each query."""
    rng = np.random.default_rng(0)
    photos, pictures = unit(rng.standard_normal((300, WIDTH))), unit(rng.standard_normal((40, WIDTH)))
    found = fit_background(photos, pictures)
    answers = photos.astype(float) @ pictures.T.astype(float)
    _, vectors = np.linalg.eigh(np.cov(answers.T))
    along = answers @ vectors[:, -DIRECTIONS:]
    design = np.column_stack([np.ones(300), along])
    for query in unit(rng.standard_normal((10, WIDTH))):
        solution = np.linalg.lstsq(design, photos @ query, rcond=None)[0]
        expected = photos @ query - along @ solution[1:]
        np.testing.assert_allclose(photos @ found.remove(query), expected, atol=1e-5)


def test_few_photos_have_no_background():
    rng = np.random.default_rng(0)
    assert fit_background(rng.standard_normal((DIRECTIONS + 1, 8)), rng.standard_normal((9, 8))) is None


# Searches


@pytest.fixture
def kinds(tmp_path):
    """A gallery where one photo in a hundred has what all queries of another kind have, and noise has."""
    rng, common = np.random.default_rng(0), unit(np.ones(WIDTH))
    vectors = unit(rng.standard_normal((600, WIDTH)))
    vectors[::100] = unit(vectors[::100] + 2 * common)
    small.fill(tmp_path / "g", vectors[:, None])
    return tmp_path / "g", unit(rng.standard_normal((200, WIDTH)) / 7 + common), common


def keep(folder, common):
    with snapshot_of(folder) as snapshot:
        pictures = unit(np.random.default_rng(1).standard_normal((60, WIDTH)) / 7 + common)
        noise.write_noise(folder, snapshot.fingerprint, pictures)


def ask(searcher, query, **more):
    described = small.fingerprint(searcher.gallery)
    return searcher.search(Descriptor(query[None], None, described), 3, **more)


def test_queries_of_another_kind_seldom_get_a_hit_once_noise_is_known(kinds):
    folder, queries, common = kinds
    with Gallery(folder) as opened:
        searcher = Searcher(opened)
        before = [ask(searcher, query) for query in queries]
        assert np.mean([found[0].false_positives <= 0.05 for found in before]) > 0.5
        keep(folder, common)  # the open gallery sees it
        after = [ask(searcher, query) for query in queries]
    assert np.mean([min(hit.false_positives for hit in found) <= 0.05 for found in after]) < 0.09
    for one, other in zip(before, after, strict=True):
        assert [hit.relative for hit in one] == [hit.relative for hit in other]
        assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], abs=1e-6)


def test_a_true_match_keeps_its_promise(kinds):
    folder, queries, common = kinds
    keep(folder, common)
    with Gallery(folder) as opened, opened.snapshot() as snapshot:
        rows = np.array(snapshot.vectors[[7, 201, 333]])
    with Gallery(folder) as opened:
        for row in rows:
            found = ask(Searcher(opened), unit(row + 0.1 * queries[0]), max_false_positives=0.01)
            assert len(found) == 1


def test_a_part_of_the_photos_has_a_background_of_its_own(kinds):
    folder, _, common = kinds
    keep(folder, common)
    with Gallery(folder) as opened, opened.snapshot() as snapshot:
        whole = background_of(Collection(snapshot))
        assert background_of(Collection(snapshot)) is whole
        inside = np.arange(1, 301)
        part = background_of(Collection(snapshot, inside))
        own = np.array([snapshot.rows.span(int(image))[0] for image in inside])
        expected = fit_background(np.array(snapshot.vectors[own]), noise.read_noise(snapshot))
    np.testing.assert_allclose(part.weights, expected.weights, atol=1e-5)
    assert not np.allclose(part.weights, whole.weights, atol=1e-3)


def test_a_sample_of_rows_is_alive_and_the_same_each_time(kinds):
    folder, _, _ = kinds
    with Writer(folder) as writer:
        for number in range(0, 600, 2):
            writer.forget_file(f"{number:04d}.jpg")
        writer.drop_orphans()
    with Gallery(folder) as opened, opened.snapshot() as snapshot:
        photos = Collection(snapshot)
        few = photos.sample_rows(100)
        assert len(np.unique(few)) == 100
        assert (photos.owners[few] >= 0).all()
        np.testing.assert_array_equal(few, photos.sample_rows(100))
        assert photos.sample_rows(10_000).tolist() == np.flatnonzero(photos.owners >= 0).tolist()


def changed(place, value):
    """What noise is kept as, but for one byte, counted from the last entry of the archive's list."""
    data = io.BytesIO()
    np.savez(data, fingerprint=np.array("x"), vectors=np.ones((2, WIDTH), np.float32))
    whole = bytearray(data.getvalue())
    whole[whole.rindex(b"PK\1\2") + place] = value
    return bytes(whole)


def plain_array():
    data = io.BytesIO()
    np.save(data, np.ones(3))
    return data.getvalue()


@pytest.mark.parametrize(
    "broken",
    [b"", b"PK\3\4 and no more", b"not an archive", changed(6, 99), changed(10, 99), plain_array()],
    ids=["empty", "cut", "text", "another version", "another method", "one array"],
)
def test_noise_that_is_damaged_or_of_another_fit_is_as_none(kinds, broken):
    folder, queries, common = kinds
    with Gallery(folder) as opened:
        plain = ask(Searcher(opened), queries[0])[0].false_positives
        (folder / noise.NAME).write_bytes(broken)
        assert ask(Searcher(opened), queries[0])[0].false_positives == plain
        noise.write_noise(folder, "another fit", unit(np.ones((9, WIDTH))))
        assert ask(Searcher(opened), queries[0])[0].false_positives == plain
        keep(folder, common)
        assert ask(Searcher(opened), queries[0])[0].false_positives != plain


def test_a_stored_photo_a_part_and_a_limit_are_told_by_the_rest_of_the_query(kinds):
    """Against the tail of all scores of the rest, sorted here; a photo's own score is in no tail."""
    folder, _, common = kinds
    keep(folder, common)
    with Gallery(folder) as opened, opened.snapshot() as snapshot:
        vectors = np.array(snapshot.vectors)
        for inside in (None, np.arange(1, 301)):
            photos = Collection(snapshot, inside)
            query = of_stored(photos, snapshot.catalogue.image(5))
            _, found = placed(photos, query, 300, ())
            rest = background_of(photos).remove(query.vectors[0])
            scores = vectors[: len(inside) if inside is not None else 600] @ rest
            others = np.sort(np.delete(scores, 4))[::-1]
            tail = fit_tail(others[: depth(len(others))], len(others))
            for image in (1, 77, 300):
                assert found.of(image) == pytest.approx(chance(tail, scores[image - 1]), rel=1e-3)
            kept, _ = placed(photos, query, 300, (), 0.5)
            assert {found.of(image) <= 0.5 for image in kept.images.tolist()} <= {True}


def test_a_search_that_began_before_a_new_fit_goes_on_with_its_own_background(kinds):
    folder, queries, common = kinds
    keep(folder, common)
    with Gallery(folder) as opened, opened.snapshot() as snapshot:
        query = Query(queries[:1], lambda: None, lambda: None)
        before = placed(Collection(snapshot), query, 3, ())[1]
        noise.write_noise(folder, "a newer fit", unit(np.ones((9, WIDTH))))
        ranked, after = placed(Collection(snapshot), query, 3, ())
        for image in ranked.images.tolist():
            assert after.of(image) == before.of(image)


# Indexing


@pytest.fixture
def pictures(monkeypatch):
    """Few pictures of noise, among few photos; counts those that are described."""
    drawn: list[int] = []

    def draw(number, side):
        drawn.append(number)
        return draw_noise(number, side)

    monkeypatch.setattr(describing, "PICTURES", 12)
    monkeypatch.setattr(describing, "FEWEST", 10)
    monkeypatch.setattr(describing, "draw_noise", draw)
    return drawn


def kept(root):
    with snapshot_of(root / ".resight") as snapshot:
        return noise.read_noise(snapshot)


def test_index_describes_noise_once_a_fit_and_only_where_it_tells_something(tmp_path, pictures):
    root = tmp_path / "photos"
    small.album(root, 9)
    small.index(root, small.FITTED)
    assert kept(root) is None
    small.album(root, 12)
    small.index(root)  # no new fit, but enough photos
    first = kept(root)
    assert first.shape == (12, 8)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)
    small.index(root)
    assert len(pictures) == 12
    small.album(root, 20)
    small.index(root)  # which fits anew
    assert len(pictures) == 24
    assert not np.allclose(kept(root), first)
    (root / ".resight" / noise.NAME).unlink()
    small.index(root)
    assert len(pictures) == 36
    indexer.fit(root / ".resight", engine="openvino", workers=1, sample=7)
    assert len(pictures) == 48
    assert kept(root) is not None


def test_photos_with_several_rows_and_galleries_without_promises_need_no_noise(tmp_path, pictures):
    for name, values, more in (("keep", small.KEEP, {}), ("inner", small.PLAIN, {"noise": False})):
        small.album(tmp_path / name, 12)
        small.index(tmp_path / name, values, **more)
        assert kept(tmp_path / name) is None
    assert not pictures


def test_what_keeps_noise_from_being_described_is_said_and_loses_nothing(tmp_path, pictures, monkeypatch):
    class Listening(Silent):
        said = ""

        def say(self, sentence):
            self.said += sentence

    def full(folder, fingerprint, vectors):
        raise OSError(errno.ENOSPC, "No space left on device")

    root, told = tmp_path / "photos", Listening()
    small.album(root, 12)
    with monkeypatch.context() as disk:
        disk.setattr(describing, "write_noise", full)
        assert small.index(root, small.PLAIN, progress=told).described == 12
    assert "searches tell chance without noise" in told.said
    small.execute(root / ".resight", "UPDATE facts SET value = 'others' WHERE key = 'weights'")
    told.said = ""
    assert small.index(root, progress=told).unchanged == 12
    assert "described otherwise" in told.said
    assert kept(root) is None


def test_a_stop_between_pictures_leaves_no_noise_and_the_next_index_describes_it(tmp_path, pictures):
    class Stopping(Silent):
        def stopping(self):
            return len(pictures) >= 5

    root = tmp_path / "photos"
    small.album(root, 12)
    assert small.index(root, small.PLAIN, progress=Stopping()).interrupted
    assert kept(root) is None
    assert 5 <= len(pictures) < 12
    small.index(root)
    assert kept(root).shape[0] == 12
