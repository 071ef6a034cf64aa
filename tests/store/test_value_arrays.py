"""Values of many samples and segments as arrays: equal to what plain Python reckons for each, on both databases."""

import math

import numpy as np
import pytest
from condition_cases import CLASSES, COLUMNS, fill, make

from maskwright.core.columns import Column
from maskwright.errors import UsageError
from maskwright.store import Dataset, conditions
from maskwright.store.value_arrays import ValueArrays, value_arrays

OF_SAMPLES = [
    "num", "whole", "words", "ok", "weather", "taken", "fields.'odd name'", "ref", "twice", "many", "chars", "split",
    "weight", "height", "num_segments", "state", "assignee", "key", "sequence", "sequence.axis", "sequence.fields.speed",
    "last.iou", "run('r2-evaluate').loss", "count(class = 'car')", "num > 1", "lower(words)", "height * width",
]  # fmt: skip
OF_SEGMENTS = [
    "class", "area", "score", "source", "is_crowd", "annotator", "parent", "segment", "angle", "tag", "seen", "share",
    "steep", "split", "run('r3-train').iou", "area > 3", "area / height",
]  # fmt: skip


def listed(found: ValueArrays) -> list:
    """As plain values."""
    if found.codes is not None:
        return [None if code < 0 else found.words[code] for code in found.codes]
    return [None if math.isnan(number) else number for number in found.numbers]


def wanted(name: str, cases, known, owner: str) -> list:
    column = Column("value", "json", owner, expression=name, declared=False)
    values = []
    for sample, beside in zip(cases.samples, cases.beside, strict=True):
        places = [None] if owner == "sample" else range(len(sample.segments))
        values += [conditions.value(column, sample, known, beside, segment=place) for place in places]
    return values


def same(found: list, expected: list) -> None:
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        if isinstance(theirs, str) or theirs is None:
            assert ours == theirs
        else:
            assert ours == pytest.approx(float(theirs), rel=1e-12)


def test_values_are_those_that_plain_python_reckons(place) -> None:
    with Dataset.create(place, CLASSES) as dataset:
        cases = make(3, str(dataset.database.folder or "/images"))
        fill(dataset, cases)
        known = cases.known(dataset)
        for owner, names in (("sample", OF_SAMPLES), ("segment", OF_SEGMENTS)):
            for name in names:
                found = value_arrays(dataset, name, owner)
                same(listed(found), wanted(name, cases, known, owner))
        numbers = dataset.numbers()
        counts = [len(sample.segments) for sample in cases.samples]
        assert value_arrays(dataset, "area", "segment").samples.tolist() == np.repeat(numbers, counts).tolist()
        some = numbers[5:20:3]
        found = value_arrays(dataset, "num", samples=some[::-1])
        assert found.samples.tolist() == some
        assert len(value_arrays(dataset.where("height > 6"), "num")) == len(dataset.where("height > 6"))


def test_what_changes_within_a_revision_is_told(place) -> None:
    with Dataset.create(place, CLASSES) as dataset:
        fill(dataset, make(3, str(dataset.database.folder or "/images")))
        for name in ("num", "any(area > 3 and class = 'car')", "count(area > 2)"):
            assert value_arrays(dataset, name).lasting, name
        for name in ("last.iou", "state", "count(area > 2) + last.iou", "view('ten')", "max(num, last.iou)"):
            assert not value_arrays(dataset, name).lasting, name
        assert not value_arrays(dataset, "steep", "segment").lasting  # a virtual column that asks a run


def test_values_that_are_neither_numbers_nor_words_are_refused(place) -> None:
    with Dataset.create(place, CLASSES) as dataset:
        fill(dataset, make(3, str(dataset.database.folder or "/images")))
        assert {column.name for column in COLUMNS if column.kind == "box"} == {"frame_box"}
        for name in ("frame_box", "mixed", "camera"):
            with pytest.raises(UsageError, match="is of kind"):
                value_arrays(dataset, name)
        with pytest.raises(UsageError, match="there is no column 'nonsense'"):
            value_arrays(dataset, "nonsense")
        with pytest.raises(UsageError, match="sample or segment"):
            value_arrays(dataset, "num", "sequence")


def test_of_no_samples_there_are_no_values(place) -> None:
    with Dataset.create(place, CLASSES) as dataset:
        assert len(value_arrays(dataset, "weight")) == 0
        assert value_arrays(dataset, "class", "segment").words == ()
