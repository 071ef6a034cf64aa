"""What comes into a dataset: numbers as numbers, and everything else one sentence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.core.mask import Mask
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.store import Dataset, checks


@pytest.fixture
def filled(place: str, make_samples, classes):
    with Dataset.create(place, classes) as dataset:
        with dataset.edit("add") as edit:
            for sample in make_samples(3):
                edit.add(sample)
        yield dataset


def refused(dataset: Dataset, work: Callable[[Any], object]) -> str:
    """The sentence; nothing of the edit is there."""
    before = [sample.segments for sample in dataset], dataset.revision
    with pytest.raises(UsageError) as caught, dataset.edit("x") as edit:
        edit.set_fields("a", {"also": 1})
        work(edit)
    assert ([sample.segments for sample in dataset], dataset.revision) == before
    assert "sample" in str(caught.value)
    return str(caught.value)


def test_numbers_of_numpy_are_numbers(filled: Dataset) -> None:
    segment = filled["a"].segments.ids[0]
    fields = {"count": np.int64(3), "share": np.float32(0.5), "yes": np.bool_(True), "many": np.arange(3)}
    with filled.edit("x") as edit:
        edit.set_segment("a", segment, class_id=np.int64(9), score=np.float32(0.25), is_crowd=np.bool_(True))
        edit.set("a", weight=np.float64(2), fields=fields)
    sample = filled["a"]
    assert sample.segments.class_ids[0] == 9
    assert (sample.segments.scores[0], bool(sample.segments.is_crowd[0]), sample.weight) == (0.25, True, 2.0)
    assert sample.fields == {"count": 3, "share": 0.5, "yes": True, "many": [0, 1, 2]}
    with filled.edit("y") as edit:
        edit.remove_segment("a", segment)
    assert filled.check() == []


@pytest.mark.parametrize(
    ("column", "value"),
    [("weight", -1), ("weight", float("nan")), ("weight", float("inf")), ("weight", "1"), ("weight", True),
     ("split", 5), ("split", ""), ("split", "a\0b"), ("uri", ""), ("uri", "a\0b"), ("uri", Path("/x")),
     ("checksum", 7), ("fields", []), ("fields", {"a": float("nan")}), ("fields", {"a": b"x"}),
     ("fields", {"a": Path("/x")}), ("fields", {"a": timedelta(1)}), ("fields", {"a": {1}}),
     ("fields", {1: "a"}), ("fields", {"a": "\ud800"}), ("fields", {"a": {"b": [float("-inf")]}})],
)  # fmt: skip
def test_values_of_a_sample_that_cannot_be_stored(filled: Dataset, column: str, value: object) -> None:
    said = refused(filled, lambda edit: edit.set("a", **{column: value}))
    assert "'a'" in said
    if column == "weight" or value in (5, []):
        with pytest.raises(ValueError, match=f"a: {column} is"):  # a sample cannot be made of these at all
            replace(filled["a"], **{column: value})
    elif column in ("split", "fields"):
        sample = replace(filled["a"], key="new", **{column: value})
        refused(filled, lambda edit: edit.add(sample))


@pytest.mark.parametrize(
    ("column", "value"),
    [("class_id", "5"), ("class_id", 5.5), ("class_id", 2**40), ("source", "nonsense"), ("score", 7.0), ("score", -0.1),
     ("score", "high"), ("is_crowd", "no"), ("is_crowd", 3), ("attributes", {"a": b"x"}), ("attributes", None)],
)  # fmt: skip
def test_values_of_a_segment_that_cannot_be_stored(filled: Dataset, column: str, value: object) -> None:
    refused(filled, lambda edit: edit.set_segment("a", 1, **{column: value}))


def test_masks_and_segments_of_another_size(filled: Dataset) -> None:
    assert "height" in refused(filled, lambda edit: edit.set_segment("a", 1, mask=Mask.encode(np.ones((3, 3), bool))))
    assert "height" in refused(filled, lambda edit: edit.put("a", Segments.none((3, 3))))


def test_scores_and_attributes_that_come_in_columns(filled: Dataset) -> None:
    own = filled["a"].segments
    for wrong in (
        {"scores": [7.0] * len(own)},
        {"attributes": [{"a": b"x"}] * len(own)},
    ):
        bad = Segments(own.masks, own.class_ids, **wrong)
        refused(filled, lambda edit, bad=bad: edit.put("a", bad))
        refused(filled, lambda edit, bad=bad: edit.add(replace(filled["a"], key="new", segments=bad)))


@pytest.mark.parametrize("key", ["../x", "/x", "a/../../b", "a\\b", "a\0b", "", "x" * 5000, "e\u0301", "a\nb"])
def test_keys_that_lead_elsewhere_are_refused(filled: Dataset, key: str) -> None:
    bare = Sample(key, ImageRef("/x.png", (4, 4)), Segments.none((4, 4)))
    with pytest.raises(UsageError, match="the key"), filled.edit("x") as edit:
        edit.add(bare)
    assert len(filled) == 3


def test_a_key_is_found_by_its_decomposed_spelling(place: str, classes) -> None:
    with Dataset.create(place, classes) as dataset, dataset.edit("x") as edit:
        edit.add(Sample("caf\u00e9", ImageRef("/x.png", (4, 4)), Segments.none((4, 4))))
    with Dataset.open(place) as dataset:
        assert dataset["cafe\u0301"].key == "caf\u00e9"


def test_authors_and_messages(filled: Dataset) -> None:
    with pytest.raises(UsageError, match="author"), filled.edit("x", author="../x") as edit:
        edit.set_fields("a", {"n": 1})
    with filled.edit("two\nlines \x1b[31m", author="ann") as edit:
        edit.set_fields("a", {"n": 1})
    assert "\n" not in filled.log()[0].message
    assert "\x1b" not in filled.log()[0].message


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
))  # fmt: skip
def test_whatever_json_holds_comes_back(value: object) -> None:
    import json

    kept = checks.fields({"value": value})
    assert json.loads(json.dumps(kept)) == {"value": value}


def test_nesting_has_an_end() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(UsageError, match="nested"):
        checks.fields({"a": value})


def test_changing_and_removing_one_sample_in_one_edit(filled: Dataset) -> None:
    with filled.edit("x") as edit:
        edit.set_fields("a", {"n": 1})
        edit.set_segment("a", int(filled["a"].segments.ids[0]), class_id=9)
        edit.set_fields("a", {"n": 2})
        edit.remove("sub/folder/x")
        edit.set("with space", split="test")
        edit.remove("with space")
    assert filled.keys() == ["a"]
    assert (filled["a"].fields, filled["a"].segments.class_ids[0]) == ({"n": 2}, 9)
    assert filled.check() == []
