"""Sequences stay whole where splits are drawn, and it is said where declared ones part them."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from maskwright.core.mask import Mask
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError
from maskwright.labelling import workflow
from maskwright.store import Dataset
from maskwright.train import Settings, data

SIZE = (3, 4)
SETTINGS = Settings()


@pytest.fixture
def made(tmp_path, classes):
    """A dataset of sequences with so many frames each, and of images that belong to none."""
    opened: list[Dataset] = []

    def make(lengths: dict[str, int], alone: int = 0, split: str | None = None) -> Dataset:
        dataset = Dataset.create(tmp_path / str(len(opened)), classes)
        opened.append(dataset)
        with dataset.edit("frames") as edit:
            for name, number in lengths.items():
                for frame in range(number):
                    image = ImageRef("/nowhere/x.png", SIZE, video=name, frame=frame)
                    edit.add(Sample(f"{name}/{frame}", image, Segments.none(SIZE), split=split))
            for number in range(alone):
                edit.add(Sample(f"alone/{number}", ImageRef("/nowhere/x.png", SIZE), Segments.none(SIZE), split=split))
        return dataset

    yield make
    for dataset in opened:
        dataset.close()


def sides(dataset: Dataset, settings: Settings) -> tuple[list[int], list[int], str | None, set[str]]:
    """Both sides, the note, and the sequences that are on both."""
    train, val, note = data.split_numbers(dataset, settings)
    assert sorted(train + val) == dataset.numbers()
    of = dataset.sequences.of_samples()
    return train, val, note, {of[n] for n in train if n in of} & {of[n] for n in val if n in of}


def test_a_split_that_is_drawn_leaves_sequences_whole(made) -> None:
    dataset = made({f"clip{number}": 4 + number for number in range(9)}, alone=20)
    drawn = set()
    for seed in range(20):
        _, val, note, both = sides(dataset, replace(SETTINGS, seed=seed))
        assert not both
        assert 0.1 * len(dataset) < len(val) <= len(dataset) / 5
        assert note is not None
        assert "sequences stay whole" in note
        drawn.add(tuple(val))
    assert len(drawn) > 10
    *_, note, both = sides(dataset, replace(SETTINGS, split_sequences=True))
    assert len(both) > 3
    assert note is not None
    assert "whole" not in note


def test_folds_leave_sequences_whole_and_are_even(made) -> None:
    dataset = made({f"clip{number}": 3 + number % 5 for number in range(12)}, alone=9)
    everything: list[int] = []
    for k in range(4):
        _, val, _, both = sides(dataset, replace(SETTINGS, fold=(k, 4)))
        assert not both
        assert abs(len(val) - len(dataset) / 4) <= 1
        everything += val
    assert sorted(everything) == dataset.numbers()


def test_of_two_sequences_the_smaller_one_validates(made) -> None:
    dataset = made({"long": 30, "short": 20})
    for seed in range(5):
        _, val, _, both = sides(dataset, replace(SETTINGS, seed=seed))
        assert (len(val), both) == (20, set())


def test_a_single_sequence_is_parted_only_when_asked(made) -> None:
    dataset = made({"clip": 10})
    with pytest.raises(DatasetError, match=r"all 10 samples belong to one sequence") as caught:
        data.split_numbers(dataset, SETTINGS)
    assert "split_sequences" in str(caught.value)
    _, val, _, both = sides(dataset, replace(SETTINGS, split_sequences=True))
    assert (len(val), both) == (2, {"clip"})
    with pytest.raises(DatasetError, match="of one sequence cannot be cut into 3 parts"):
        data.split_numbers(dataset, replace(SETTINGS, fold=(0, 3)))


def test_declared_splits_that_part_a_sequence_are_told(made) -> None:
    dataset = made({"clip": 6, "walk": 6}, split="train")
    with dataset.edit("split") as edit:
        edit.set("clip/5", split="val")
    train, val, note, both = sides(dataset, SETTINGS)
    assert (len(train), len(val), both) == (11, 1, {"clip"})
    assert note is not None
    assert "the sequence 'clip' has samples on both sides" in note
    assert data.split_numbers(dataset, replace(SETTINGS, split_sequences=True))[2] is None
    with dataset.edit("whole") as edit:
        for sample in dataset.sequences.samples("clip"):
            edit.set(sample.key, split="val")
    assert sides(dataset, SETTINGS)[2] is None


def test_without_sequences_the_same_samples_are_drawn_as_ever(made) -> None:
    dataset = made({}, alone=17)
    order = np.random.default_rng([0, 0x5117]).permutation(17)
    _, val, note, _ = sides(dataset, SETTINGS)
    assert val == sorted(dataset.numbers()[k] for k in order[:3])
    assert note == "no splits are declared: 3 of 17 samples, drawn by the seed, validate"


def test_samples_without_a_label_are_told_and_validate_nothing(made) -> None:
    dataset = made({}, alone=5)
    labels = Segments(Mask.encode(np.ones(SIZE, bool)).batch, [1])
    with dataset.edit("labels") as edit:
        for number in range(3):
            edit.put(f"alone/{number}", labels)
    numbers = dataset.numbers()
    assert data.unlabelled(dataset, numbers[:2], numbers[2:3]) is None
    note = data.unlabelled(dataset, numbers[:2], numbers[2:])
    assert note is not None
    assert note.startswith("2 of 5 samples have no label")
    with pytest.raises(DatasetError, match="none of the 2 samples to validate on has a label"):
        data.unlabelled(dataset, numbers[:3], numbers[3:])
    with dataset.database.writing() as connection:
        workflow.change(connection, numbers[3:], "ann", state="approved")
    assert data.unlabelled(dataset, numbers[:3], numbers[3:]) is None, "finished, and nothing is there"
