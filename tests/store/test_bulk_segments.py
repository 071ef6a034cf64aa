"""Segments of many samples at once: values, a class, taking away; as plain Python has it, on either database."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwright.cli import main
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError, UsageError
from maskwright.store import Dataset

SIZE = (4, 5)
CLASSES = Classes([Class(1, "car"), Class(2, "truck"), Class(3, "lamp")])


def bars(areas: list[int]) -> Masks:
    masks = np.zeros((len(areas), 20), bool)
    for mask, area in zip(masks, areas, strict=True):
        mask[:area] = True
    return Masks.encode(masks.reshape(-1, *SIZE))


def sample(key: str, labels: list[tuple[int, int, dict[str, Any]]], split: str | None = None) -> Sample:
    """labels: class id, area and attributes of each segment."""
    segments = Segments(
        bars([area for _, area, _ in labels]), [class_id for class_id, _, _ in labels],
        attributes=[attributes for _, _, attributes in labels],
    )  # fmt: skip
    return Sample(key, ImageRef(f"/images/{key}.png", SIZE), segments, split)


@pytest.fixture
def dataset(place: str) -> Iterator[Dataset]:
    """k0 to k14: a car of k pixels, one of 15 and a lamp of 3; every third one is for validation."""
    with Dataset.create(place, CLASSES) as made:
        made.columns.add("seen", "bool", owner="segment")
        made.columns.add("grade", "category", owner="segment", values=("good", "bad"))
        with made.edit("fill") as edit:
            for k in range(15):
                labels = [(1, k + 1, {}), (1, 15, {"seen": True}), (3, 3, {})]
                edit.add(sample(f"k{k:02d}", labels, "val" if k % 3 == 0 else "train"), hash_image=False)
        yield made


def names(dataset: Dataset, key: str) -> list[str]:
    return [dataset.classes[class_id].name for class_id in dataset[key].segments.class_ids.tolist()]


def test_a_class_goes_to_segments_after_a_look(dataset: Dataset) -> None:
    revision = dataset.revision
    told = dataset.set_segments_where("split = 'train'", "class = 'car' and area < 9", {"class": "truck"}, dry_run=True)
    assert (told.matched, told.samples, told.changed, told.added, told.removed) == (10, 5, 5, 0, 0)
    assert told.first[0].key == "k01"
    assert told.first[0].segment == 1
    assert (told.first[0].before, told.first[0].after) == ({"class": "car"}, {"class": "truck"})
    assert dataset.revision == revision
    how = {"author": "ann", "message": "small cars are far trucks"}
    done = dataset.set_segments_where("split = 'train'", "class = 'car' and area < 9", {"class": "truck"}, **how)
    assert done == told
    newest = dataset.log()[0]
    assert (newest.id, newest.author, newest.message) == (revision + 1, "ann", "small cars are far trucks")
    assert newest.summary == {"segments changed": 5}
    assert names(dataset, "k01") == ["truck", "car", "lamp"]
    assert names(dataset, "k00") == ["car", "car", "lamp"]
    assert dataset.set_segments_where("", "area < 9 and class = 'truck'", {"class": "truck"}).changed == 0
    assert dataset.revision == revision + 1  # nothing changed, so nothing was made
    dataset.restore(revision)
    assert dataset.where("class = 'truck'").keys() == []
    assert dataset.check() == []


def test_attributes_are_set_and_taken_away(dataset: Dataset) -> None:
    done = dataset.set_segments_where("", "class = 'lamp'", {"seen": True, "attributes.grade": "bad", "is_crowd": True})
    assert (done.samples, done.changed) == (15, 15)
    assert done.first[0].before == {"seen": None, "attributes.grade": None, "is_crowd": False}
    lamp = dataset["k04"].segments[2:]
    assert lamp.attributes == [{"seen": True, "grade": "bad"}]
    assert lamp.is_crowd.tolist() == [True]
    assert dataset.set_segments_where("key = 'k04'", "", {"seen": None}).changed == 2
    assert dataset["k04"].segments.attributes == [{}, {}, {"grade": "bad"}]
    assert dataset.check() == []


def test_a_condition_on_segments_may_ask_for_their_sample(dataset: Dataset) -> None:
    told = dataset.set_segments_where(["split = 'val'", "order by key desc limit 2"], "", {"seen": True}, dry_run=True)
    assert (told.matched, told.changed) == (2, 4)
    told = dataset.set_segments_where("", "class = 'car' and split = 'val' and count() = 3", {"seen": True})
    assert (told.matched, told.samples, told.changed) == (15, 5, 5)


@pytest.mark.parametrize(
    ("of_segments", "values", "said"),
    [
        ("", {"class": "truk"}, "near it: truck"),
        ("", {"clas": "truck"}, "near it: class"),
        ("", {"grade": "fair"}, "good"),
        ("", {"area": 3}, "can be set"),
        ("", {"score": 0.5}, "can be set"),
        ("", {"is_crowd": None}, "no value"),
        ("", {}, "nothing to set"),
        ("area <", {"seen": True}, "at character"),
        ("limit 3", {"seen": True}, "an order or a number"),
        ("area < 9 order by area", {"seen": True}, "an order or a number"),
        ("nothing = 3", {"seen": True}, "no column 'nothing'"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    dataset: Dataset, of_segments: str, values: dict[str, Any], said: str
) -> None:
    revision = dataset.revision
    for dry in (True, False):
        with pytest.raises(UsageError, match=said):
            dataset.set_segments_where("", of_segments, values, dry_run=dry)
    assert dataset.revision == revision
    assert dataset.check() == []


def test_boxes_and_what_is_computed_are_not_shared(dataset: Dataset) -> None:
    dataset.columns.add("outline", "box", owner="segment")
    dataset.columns.add("twice", expression="area * 2", owner="segment")
    for values in ({"outline": (0, 0, 1, 1)}, {"twice": 3}):
        with pytest.raises(UsageError, match="not set for many"):
            dataset.set_segments_where("", "", values)


def test_segments_are_taken_away_and_come_back(dataset: Dataset) -> None:
    revision = dataset.revision
    told = dataset.remove_segments_where("", "class = 'car' and area >= 15", dry_run=True)
    assert (told.matched, told.samples, told.removed) == (15, 15, 16)
    assert told.first[0].before == {"class": "car", "area": 15, "source": "import", "score": None}
    assert told.first[0].after is None
    assert dataset.remove_segments_where("", "class = 'car' and area >= 15", author="ann") == told
    assert dataset.log()[0].summary == {"segments removed": 16}
    assert names(dataset, "k14") == ["lamp"]
    with pytest.raises(UsageError, match="not said which"):
        dataset.remove_segments_where("", " ")
    assert dataset.remove_segments_where("key = 'k03'", "").removed == 2
    assert dataset.check() == []
    dataset.restore(revision)
    assert names(dataset, "k14") == ["car", "car", "lamp"]
    assert dataset.check() == []


def test_samples_are_taken_away_and_come_back(dataset: Dataset) -> None:
    with dataset.edit("own") as edit:
        edit.put_opinion("k00", dataset["k00"].segments, author="ann")
    revision = dataset.revision
    told = dataset.remove_where("split = 'val'", dry_run=True)
    assert (told.matched, told.samples, told.removed) == (5, 5, 15)
    assert (told.first[0].key, told.first[0].segment) == ("k00", None)
    assert told.first[0].before == {"split": "val", "segments": 3}
    assert dataset.remove_where("split = 'val'") == told
    assert dataset.log()[0].summary == {"samples removed": 5, "segments removed": 15, "opinions removed": 3}
    assert dataset.splits() == {"train": 10}
    for nothing in ("", [], ["", " "]):
        with pytest.raises(UsageError, match="not said which"):
            dataset.remove_where(nothing)
    assert dataset.check() == []
    dataset.restore(revision)
    assert len(dataset) == 15
    assert dataset.check() == []


def test_more_than_a_statement_holds(dataset: Dataset) -> None:
    with dataset.edit("many") as edit:
        for k in range(1200):
            edit.add(sample(f"m{k}", [(2, 1, {}), (3, 2, {})]), hash_image=False)
    assert dataset.set_segments_where("key like 'm%'", "class = 'truck'", {"class": "car"}).changed == 1200
    assert dataset.remove_segments_where("key like 'm%'", "class = 'lamp'").removed == 1200
    assert dataset.remove_where("key like 'm%'").removed == 1200
    assert len(dataset) == 15
    assert dataset.check() == []


def test_a_dataset_that_is_read_only_tells_and_refuses(dataset: Dataset, place: str) -> None:
    with Dataset.open(place, read_only=True) as reader:
        assert reader.remove_where("split = 'val'", dry_run=True).samples == 5
        with pytest.raises(DatasetError):
            reader.remove_where("split = 'val'")


_LABEL = st.tuples(
    st.sampled_from([1, 2, 3]), st.integers(1, 20), st.dictionaries(st.just("n"), st.integers(0, 3), max_size=1)
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    labels=st.lists(st.lists(_LABEL, max_size=4), min_size=1, max_size=4),
    class_id=st.sampled_from([1, 2, 3]), area=st.integers(0, 21), least=st.integers(0, 3),
    to=st.sampled_from([1, 2, 3]), value=st.sampled_from([None, 0, 2, 3]), away=st.booleans(),
)  # fmt: skip
def test_it_is_what_plain_python_does(
    tmp_path_factory: pytest.TempPathFactory, labels: list[list[tuple[int, int, dict[str, Any]]]], class_id: int,
    area: int, least: int, to: int, value: int | None, away: bool,
) -> None:  # fmt: skip
    """As by hand: samples with at least so many segments, of those the segments of a class below an area."""
    expected: list[list[tuple[int, int, dict[str, Any]]]] = []
    touched, on = 0, 0
    for rows in labels:
        fresh = []
        for row in rows:
            if len(rows) < least or row[0] != class_id or row[1] >= area:
                fresh.append(row)
                continue
            kept = {name: own for name, own in {**row[2], "n": value}.items() if own is not None}
            if not away:
                fresh.append((to, row[1], kept))
        moved = sum(a != b for a, b in zip(rows, fresh, strict=True)) if not away else len(rows) - len(fresh)
        touched, on = touched + moved, on + bool(moved)
        expected.append(fresh)
    with Dataset.create(tmp_path_factory.mktemp("set") / "set", CLASSES) as dataset:
        dataset.columns.add("n", "integer", owner="segment")
        with dataset.edit("fill") as edit:
            for k, rows in enumerate(labels):
                edit.add(sample(f"s{k}", rows), hash_image=False)
        which = f"num_segments >= {least}", f"class = '{CLASSES[class_id].name}' and area < {area}"
        values = {"class": CLASSES[to].name, "n": value}
        tell = dataset.remove_segments_where if away else dataset.set_segments_where
        given_ = which if away else (*which, values)
        told = tell(*given_, dry_run=True)
        before = dataset.revision
        assert tell(*given_) == told
        assert (told.samples, told.changed, told.removed) == (on, 0 if away else touched, touched if away else 0)
        assert dataset.revision == before + (touched > 0)
        for k, rows in enumerate(expected):
            found = dataset[f"s{k}"].segments
            assert (
                list(zip(found.class_ids.tolist(), found.masks.areas().tolist(), found.attributes, strict=True)) == rows
            )
        assert dataset.check() == []


def test_the_command_sets_deletes_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(tmp_path / "set")
    with Dataset.create(place, CLASSES) as made, made.edit("fill") as edit:
        for k in range(4):
            edit.add(sample(f"k{k}", [(1, k + 1, {}), (3, 9, {})]), hash_image=False)

    def run(*words: str, fails: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["set", place, *words])
        assert ended.value.code == fails
        said = capsys.readouterr()
        return said.err if fails else said.out

    which = ["class=truck", "--all", "--segments", "class = 'car' and area < 3"]
    said = run(*which, "--dry-run")
    assert "would be: 2 segments changed, on 2 of the 4 samples" in said
    assert "class truck" in said
    told = json.loads(run(*which, "--message", "far ones", "--json"))
    assert (told["changed"], told["samples"], told["matched"]) == (2, 2, 4)
    assert told["first"][1] == {"key": "k1", "segment": 1, "before": {"class": "car"}, "after": {"class": "truck"}}
    assert "1 segment removed, on 1 of the 1 samples" in run(
        "--delete", "--where", "key = 'k3'", "--segments", "area = 9"
    )
    assert "2 segments removed, on 1 of the 1 samples" in run("--delete", "--where", "key = 'k0'")
    with Dataset.open(place) as dataset:
        assert dataset.keys() == ["k1", "k2", "k3"]
        assert dataset.log()[2].message == "far ones"
        assert [names(dataset, found.key) for found in dataset] == [["truck", "lamp"], ["car", "lamp"], ["car"]]
    assert "not said which" in run("--delete", fails=2)
    assert "gets no values" in run("--delete", "class=car", "--all", fails=2)
    assert "near it: truck" in run("class=truk", "--all", "--segments", "", fails=2)
