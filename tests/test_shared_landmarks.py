"""Training on landmarks that are tested is refused; the list is read, and never guessed."""

import numpy as np
import pytest

from resight import methods
from resight.datasets import refuse_shared, shared_landmarks
from resight.errors import BadData, BadPlan, DataMissing
from support import replicas_others


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A list of made-up landmarks where it is looked for: 9 is of both sets, 10 of Oxford, 700 of Paris."""
    monkeypatch.setenv("RESIGHT_DATA", str(tmp_path))
    path = tmp_path / "google_landmarks_v2_clean" / "shared_landmarks.csv"
    rows = [[9, "", "x"], [10, "roxford5k", "y"], [700, "paris6k", "z"]]
    return replicas_others.write_csv(path, "landmark_id,dataset,note", rows)


def test_each_set_has_the_landmarks_of_its_city(table):
    for name in ("roxford5k", "oxford5k", "roxford5k:queries=full"):
        assert shared_landmarks(name) == {9, 10}
    for name in ("rparis6k", "paris6k", "rparis6k:queries=full"):
        assert shared_landmarks(name) == {9, 700}
    for name in ("holidays", "folder", "google-landmarks-v2-clean", "photos/of/mine"):
        assert shared_landmarks(name) == frozenset()
    assert shared_landmarks("roxford5k", table) == {9, 10}


def test_a_list_need_not_say_which_set_it_is(table):
    table.write_text("landmark_id\n9\n10\n")
    assert shared_landmarks("roxford5k") == shared_landmarks("rparis6k") == {9, 10}


@pytest.mark.parametrize("made", [int, str, np.int64])
def test_training_on_what_is_tested_is_refused_with_the_ids(made, table):
    classes = [made(each) for each in (1, 10, 9, 10, 3)]
    with pytest.raises(BadPlan, match=r"^2 of the classes .* roxford5k tests \(9, 10\): leave them out"):
        refuse_shared(classes, "roxford5k:queries=full")
    with pytest.raises(BadPlan, match=r"^1 of the classes .* paris6k tests \(9\)"):
        refuse_shared(classes, "paris6k")
    refuse_shared(classes, "holidays")
    refuse_shared([made(1), made(3)], "roxford5k")


def test_only_the_first_ids_are_named(table):
    table.write_text("landmark_id\n" + "\n".join(map(str, range(20))))
    with pytest.raises(BadPlan, match=r"^20 of the classes .*\(0, 1, 2, 3, 4 \.\.\.\)"):
        refuse_shared(range(30), "roxford5k")


def test_the_labels_of_the_data_set_are_what_is_compared(table):
    data = methods.find("datasets", "google-landmarks-v2-clean")(
        replicas_others.google_landmarks_v2_clean(table.parent)
    )
    with pytest.raises(BadPlan, match=r"2 of the classes .*\(9, 10\)"):
        refuse_shared(data.labels, "roxford5k")


def test_without_a_list_nothing_is_taken_for_clean(tmp_path, monkeypatch):
    monkeypatch.setenv("RESIGHT_DATA", str(tmp_path))
    with pytest.raises(DataMissing, match=r"no list .*shared_landmarks\.csv .* RGLDv2-clean leaves out"):
        refuse_shared(["9"], "roxford5k")
    monkeypatch.delenv("RESIGHT_DATA")
    with pytest.raises(DataMissing, match=r"shared_landmarks\.csv .* RESIGHT_DATA"):
        refuse_shared([9], "rparis6k")
    refuse_shared(["cup", "jug", ""], "roxford5k")  # no landmarks of Google
    refuse_shared([9], "holidays")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("landmark_id\n9\nx\n", "line 3: a landmark_id is a whole number, not 'x'"),
        ("landmark_id,dataset\n9,holidays\n", "line 2: a dataset is roxford5k, rparis6k or empty"),
        ("id\n9\n", "line 1: there is no column 'landmark_id'"),
        ("landmark_id\n", "names no landmark"),
    ],
)
def test_a_list_that_cannot_be_is_refused(text, told, table):
    table.write_text(text)
    with pytest.raises(BadData, match=told):
        shared_landmarks("roxford5k")
