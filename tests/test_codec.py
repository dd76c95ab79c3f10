"""One codec: what is written comes back, and what is something else is refused."""

import dataclasses
import json
import threading
from pathlib import Path

import numpy as np
import pytest

from resight.codec import Listed, decode, decode_text, encode, encode_text
from resight.evaluator import Evaluation, QueryResult, RankedPhoto
from resight.types import Hit, Ranking, Region
from support.results import answer, evaluation, match

SQUARE = Region.of([(0.123456789, 0), (9, 0), (9, 9.05)])


def verified():
    points = np.random.default_rng(0).uniform(0, 50, (5, 2)).astype(np.float32)
    return dataclasses.replace(match(points, (0.1, -3)), through=7)


def same(one, other):
    """Equal to the last bit, arrays and their types included."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return type(one) is type(other) and all(same(getattr(one, n), getattr(other, n)) for n in names)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and type(one) is type(other)


def values():
    hit = RankedPhoto("caf\udce9 <1>.png", 0.1 + 0.2, "right", 5, SQUARE, "b.png", verified())
    junk = RankedPhoto("c", 1.0, "junk")
    result = QueryResult(
        "q", "q.png", {"easy map": 1 / 3}, {"easy": (0, 4)}, {"easy": 2}, (hit, junk),
        (1.5, 2.0, 3.0, 4.0), "", ("d.png",),
    )  # fmt: skip
    return [SQUARE, (SQUARE, SQUARE), verified(), hit, result]


@pytest.mark.parametrize("value", values(), ids=lambda value: type(value).__name__)
def test_what_is_written_comes_back_to_the_last_bit(value):
    kind = tuple[Region, ...] if isinstance(value, tuple) else type(value)
    back = decode_text(encode_text(value), kind)
    assert same(back, value)
    assert encode_text(back) == encode_text(value)


def test_a_region_is_its_corners_rounded_where_that_is_asked():
    assert encode(SQUARE) == [[0.123456789, 0.0], [9.0, 0.0], [9.0, 9.05]]
    assert encode((SQUARE,), places=1) == [[[0.1, 0.0], [9.0, 0.0], [9.0, 9.1]]]
    assert isinstance(SQUARE, Listed)


def test_a_region_is_a_value():
    other = Region.of(SQUARE.polygon)
    assert (other, hash(other)) == (SQUARE, hash(SQUARE))
    assert other != Region.of([(0, 0)])
    assert eval(repr(other)) == other
    with pytest.raises(AttributeError):
        other.polygon = ()


def test_a_hit_is_written_as_the_command_documents_it():
    hit = Hit(1, 0.12345678, Path("/photos/caf\udce9.png"), "caf\udce9.png", SQUARE, False, None, verified())
    plain = Ranking("q.png", "default", (hit,)).as_dict()
    (found,) = json.loads(json.dumps(plain))["hits"]
    pairs = np.concatenate([hit.match.query_points, hit.match.points], axis=1).astype(np.float64).round(1)
    assert found == {
        "rank": 1, "score": 0.123457, "path": "/photos/caf\udce9.png", "relative": "caf\udce9.png",
        "region": [[0.1, 0.0], [9.0, 0.0], [9.0, 9.1]], "query_region": None, "self": False,
        "match": {"inliers": 5, "points": pairs.tolist()}, "through": None, "gone": False, "warnings": [],
        "false_positives": None,
    }  # fmt: skip
    assert list(found)[:7] == ["rank", "score", "path", "relative", "region", "query_region", "self"]


@pytest.mark.parametrize(
    ("plain", "kind", "where"),
    [
        ({"photo": "a", "score": "high", "verdict": "right"}, RankedPhoto, "score"),
        ({"photo": "a", "score": 1.0}, RankedPhoto, "verdict"),
        ({"photo": "a", "score": 1.0, "verdict": "right", "region": [["x", 1]]}, RankedPhoto, "region"),
        ({"photo": "a", "score": 1.0, "verdict": "right", "region": 3}, RankedPhoto, "region"),
        ([1, 2], RankedPhoto, "object"),
    ],
)
def test_what_is_none_is_refused_and_says_where(plain, kind, where):
    with pytest.raises(ValueError, match=where):
        decode(plain, kind)


def test_what_no_json_can_hold_is_refused():
    with pytest.raises(TypeError, match="Thread is not written as JSON"):
        encode({"a": threading.Thread()})


OLD = """{
 "recipe": "plain", "dataset": "tiny", "root": "/photos",
 "facts": {"protocol": "leave-one-out", "queries": 1, "photos": 9, "distractors": 0, "rerank": [],
  "fit": "not fitted", "seconds": {"describing": 1.0, "a query": 0.012}, "fingerprint": "f00d",
  "data_hash": "cafe", "version": "0"},
 "marks": ["queries not cropped"],
 "means": {"map": 0.5},
 "answers": [
{"query": "a.png", "photo": "a.png", "values": {"map": 0.5}, "ranks": {"": [1]}, "positives": {"": 1},
 "top": [
{"photo": "b.png", "score": 4.0, "verdict": "right", "inliers": 4, "region": [[1.0, 2.0], [3, 4.5]],
 "through": "c.png"},
{"photo": "caf\\udce9.png", "score": 0.123457, "verdict": "wrong"}], "box": [1, 2, 3, 4], "failure": ""}
 ]
}
"""


def test_a_file_of_before_is_read_and_written_as_it_was(tmp_path):
    (tmp_path / "old.json").write_text(OLD)
    found = Evaluation.load(tmp_path / "old.json")
    assert found.caveats == ("queries not cropped",)
    first, second = found.answers[0].top
    assert (first.inliers, first.region, first.through) == (4, Region.of([(1, 2), (3, 4.5)]), "c.png")
    assert second == RankedPhoto("caf\udce9.png", 0.123457, "wrong")
    found.save(tmp_path / "new.json")
    old, new = (json.loads((tmp_path / name).read_text()) for name in ("old.json", "new.json"))
    old["answers"][0]["copies"] = []
    assert new == old
    assert list(new) == list(old)


def test_a_file_keeps_no_match_and_little_of_what_is_not_there(tmp_path):
    hits = (RankedPhoto("b", 2 / 3, "right", 5, SQUARE, match=verified()), RankedPhoto("c", 0.5, "wrong"))
    evaluation(tmp_path, answer("a", (0,), 1, hits)).save(tmp_path / "run.json")
    (plain,) = json.loads((tmp_path / "run.json").read_text())["answers"]
    corners = [[0.1, 0.0], [9.0, 0.0], [9.0, 9.1]]
    assert plain["top"] == [
        {"photo": "b", "score": 0.666667, "verdict": "right", "inliers": 5, "region": corners},
        {"photo": "c", "score": 0.5, "verdict": "wrong"},
    ]
