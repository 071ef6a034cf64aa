"""Vectors: what is written is read, of every revision, and the nearest are those that a plain count finds."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.core.sample import Sample
from maskwright.errors import DatasetError, UsageError
from maskwright.store import Dataset, doctor, vectors


@pytest.fixture
def filled(place: str, make_samples, classes) -> Dataset:
    dataset = Dataset.create(place, classes)
    with dataset.edit("add") as edit:
        for sample in make_samples(12):
            edit.add(sample, hash_image=False)
    yield dataset
    dataset.close()


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three vectors of four float32 in a block, two blocks at once."""
    monkeypatch.setattr(vectors, "BLOCK", 48)
    monkeypatch.setattr(vectors, "AT_ONCE", 2)


def some(number: int, length: int = 4, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((number, length)).astype(dtype)


def held(dataset: Dataset, name: str, **options) -> dict[tuple[int, ...], tuple[float, ...]]:
    """Everything there, by owner."""
    out = {}
    for batch in dataset.vectors.batches(name, **options):
        ids = [batch.samples] if batch.segments is None else [batch.samples, batch.segments]
        rows = zip(*(column.tolist() for column in ids), strict=True)
        out |= dict(zip(rows, map(tuple, batch.values.tolist()), strict=True))
    return out


def pairs(dataset: Dataset) -> tuple[list[int], list[int]]:
    """All segments: numbers of their samples, and their ids."""
    rows = [
        (number, int(segment))
        for number in dataset.numbers()
        for segment in dataset.read([number])[0].segments.ids
    ]  # fmt: skip
    return [row[0] for row in rows], [row[1] for row in rows]


@pytest.mark.usefixtures("small_blocks")
def test_what_is_written_is_read_by_batches_and_one_by_one(filled: Dataset) -> None:
    keys, values = filled.keys(), some(12)
    assert filled.vectors.write("embedding", keys, values) == 12
    batches = list(filled.vectors.batches("embedding", size=5))
    assert [len(batch.samples) for batch in batches] == [5, 5, 2]
    assert np.array_equal(np.concatenate([batch.values for batch in batches]), values)
    assert np.concatenate([batch.samples for batch in batches]).tolist() == filled.numbers()
    assert all(batch.segments is None and batch.values.dtype == np.float32 for batch in batches)
    assert np.array_equal(filled.vectors.read("embedding", keys[::-1]), values[::-1])
    assert np.array_equal(filled.vectors.read("embedding", [3, 3, 7]), values[[2, 2, 6]])
    [column] = filled.vectors.columns()
    assert (column.name, column.kind, column.owner, column.length) == ("embedding", "vector", "sample", 4)
    assert filled.log(1)[0].summary == {"columns added": 1, "vectors written": 12}


@pytest.mark.usefixtures("small_blocks")
def test_float16_and_vectors_of_segments(filled: Dataset) -> None:
    numbers, ids = pairs(filled)
    values = some(len(ids), 5, "float16")
    filled.vectors.write("look", numbers, values, segments=ids)
    assert held(filled, "look") == dict(zip(zip(numbers, ids, strict=True), map(tuple, values.tolist()), strict=True))
    again = filled.vectors.read("look", numbers[::-1], segments=ids[::-1])
    assert again.dtype == np.float16
    assert np.array_equal(again, values[::-1])
    found = filled.vectors.nearest("look", values[3], k=1)
    assert (found.samples.tolist(), found.segments.tolist()) == ([numbers[3]], [ids[3]])


@pytest.mark.usefixtures("small_blocks")
def test_a_change_is_a_revision_and_copies_no_more_than_its_blocks(filled: Dataset) -> None:
    values = some(12)
    filled.vectors.write("embedding", filled.keys(), values)
    before = filled.revision
    changed = some(1, seed=1)
    with filled.edit("change") as edit:
        filled.vectors.write("embedding", [5], changed, edit=edit)
        filled.vectors.write("embedding", [5], changed, edit=edit)  # the first one was never in any revision
    now = values.copy()
    now[4] = changed
    assert np.array_equal(filled.vectors.read("embedding", filled.numbers()), now)
    assert held(filled, "embedding", among=filled.at(before)) == held(filled, "embedding") | {(5,): tuple(values[4])}
    with filled.database.reading() as connection:
        table = vectors.schema.vectors
        spans = connection.execute(vectors.sql.select(table.c.added, table.c.removed)).all()
    alive = vectors.schema.ALIVE
    assert sorted(map(tuple, spans)) == [(before, before + 1), *[(before, alive)] * 3, (before + 1, alive)]
    filled.restore(before)
    assert np.array_equal(filled.vectors.read("embedding", filled.numbers()), values)
    assert not doctor.verify(filled, images=False).problems


@pytest.mark.usefixtures("small_blocks")
def test_vectors_go_and_come_back_with_what_they_belong_to(filled: Dataset) -> None:
    numbers, ids = pairs(filled)
    filled.vectors.write("embedding", filled.keys(), some(12))
    filled.vectors.write("look", numbers, some(len(ids)), segments=ids)
    before, whole, looks = filled.revision, held(filled, "embedding"), held(filled, "look")
    gone = filled.read([numbers[0]])[0].key
    with filled.edit("remove") as edit:
        edit.remove(gone)
        edit.remove_segment(filled.read([numbers[-1]])[0].key, ids[-1])
    assert held(filled, "embedding") == {key: value for key, value in whole.items() if key != (numbers[0],)}
    there = set(zip(*pairs(filled), strict=True))
    assert held(filled, "look") == {key: value for key, value in looks.items() if key in there}
    assert len(there) < len(looks) - 1
    nearest = filled.vectors.nearest("embedding", [1, 0, 0, 0], k=100)
    assert numbers[0] not in nearest.samples
    with pytest.raises(UsageError, match="there is no sample"):
        filled.vectors.read("embedding", [numbers[0]])
    assert held(filled, "look", among=filled.at(before)) == looks
    filled.restore(before)
    assert (held(filled, "embedding"), held(filled, "look")) == (whole, looks)


@pytest.mark.usefixtures("small_blocks")
def test_only_of_a_view(filled: Dataset) -> None:
    filled.vectors.write("embedding", filled.keys(), some(12))
    with filled.edit("split") as edit:
        for key in filled.keys()[3:7]:
            edit.set(key, split="odd")
    view = filled.where("split = 'odd'")
    assert list(held(filled, "embedding", among=view)) == [(number,) for number in view.numbers()]
    assert set(filled.vectors.nearest("embedding", [1, 2, 3, 4], among=view).samples.tolist()) == set(view.numbers())
    [(column, batch)] = vectors.columns_for(filled, view.numbers()[1:3])
    assert (column.name, batch.samples.tolist()) == ("embedding", view.numbers()[1:3])
    assert np.array_equal(batch.values, some(12)[4:6])


def test_where_there_is_none_is_nan_and_an_empty_column_has_no_batch(filled: Dataset) -> None:
    filled.vectors.write("embedding", [2, 4], some(2))
    read = filled.vectors.read("embedding", [1, 2, 3, 4])
    assert np.isnan(read[[0, 2]]).all()
    assert np.array_equal(read[[1, 3]], some(2))
    assert filled.vectors.remove("embedding", [2]) == 1
    assert list(held(filled, "embedding")) == [(4,)]
    assert filled.vectors.remove("embedding") == 1
    assert filled.vectors.remove("embedding", [4]) == 0
    assert list(filled.vectors.batches("embedding")) == []
    assert filled.vectors.read("embedding", []).shape == (0, 4)
    nearest = filled.vectors.nearest("embedding", [1, 0, 0, 0])
    assert (len(nearest.samples), len(nearest.distances)) == (0, 0)
    assert [batch.values.shape for _, batch in vectors.columns_for(filled, [1, 2])] == [(0, 4)]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.usefixtures("small_blocks")
def test_the_nearest_are_those_of_a_plain_count(filled: Dataset, metric: str, dtype: str) -> None:
    values = some(12, 4, dtype)
    values[7] = values[2]  # equally near
    values[9] = 0
    filled.vectors.write("embedding", filled.keys(), values)
    asked = some(1, seed=5)[0].astype(np.float64)
    wide = values.astype(np.float64)
    if metric == "cosine":
        lengths = np.linalg.norm(wide, axis=1) * np.linalg.norm(asked)
        wanted = 1 - np.divide(wide @ asked, lengths, out=np.zeros(12), where=lengths > 0)
    else:
        wanted = np.linalg.norm(wide - asked, axis=1)
    for k in (1, 5, 50):
        found = filled.vectors.nearest("embedding", asked, k, metric=metric)
        order = np.lexsort([np.arange(12), wanted.round(9)])[:k]
        assert found.samples.tolist() == (order + 1).tolist()
        assert np.allclose(found.distances, wanted[order], rtol=0, atol=1e-12)
    own = filled.vectors.nearest("embedding", values[2], 2, metric=metric)
    assert own.samples.tolist() == [3, 8]
    assert own.distances[0] == own.distances[1]


def test_numbers_whose_squares_are_beyond_float32(filled: Dataset) -> None:
    values = some(12) * np.float32(1e30)
    filled.vectors.write("embedding", filled.keys(), values)
    for metric in ("cosine", "euclidean"):
        found = filled.vectors.nearest("embedding", values[4], 2, metric=metric)
        assert found.samples[0] == 5
        assert np.isfinite(found.distances).all()


@settings(max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.lists(st.integers(1, 12), unique=True, max_size=12)), max_size=6))
def test_any_writes_and_removals_leave_what_a_dictionary_has(tmp_path_factory, steps) -> None:
    place = tmp_path_factory.mktemp("dataset")
    from maskwright.core.classes import Classes
    from maskwright.core.sample import ImageRef
    from maskwright.core.segments import Segments

    with pytest.MonkeyPatch.context() as patch, Dataset.create(place / "d", Classes()) as dataset:
        patch.setattr(vectors, "BLOCK", 48)
        with dataset.edit("add") as edit:
            for number in range(12):
                image = ImageRef(f"/{number}.png", (2, 2))
                edit.add(Sample(f"{number}", image, Segments.none((2, 2))), hash_image=False)
        dataset.vectors.write("v", [6], some(1))
        wanted = {(6,): tuple(some(1)[0].tolist())}
        states = {dataset.revision: wanted}
        for seed, (writes, numbers) in enumerate(steps):
            values = some(len(numbers), seed=seed)
            wanted = dict(wanted)
            if writes:
                dataset.vectors.write("v", numbers, values)
                wanted |= {(n,): tuple(row) for n, row in zip(numbers, values.tolist(), strict=True)}
            else:
                assert dataset.vectors.remove("v", numbers) == sum((n,) in wanted for n in numbers)
                wanted = {key: value for key, value in wanted.items() if key[0] not in numbers}
            states[dataset.revision] = wanted
        for revision, state in states.items():
            assert held(dataset, "v", among=dataset.at(revision)) == dict(sorted(state.items()))
        assert not doctor.verify(dataset, images=False).problems


BAD = {
    "another length": (lambda d: d.vectors.write("v", [1], some(1, 5)), r"\(1, 5\) of float32; \(N, 4\) numbers"),
    "no rows": (lambda d: d.vectors.write("v", [1], np.zeros(4)), r"array \(4,\)"),
    "not numbers": (lambda d: d.vectors.write("v", [1], [["a"] * 4]), "numbers"),
    "not finite": (lambda d: d.vectors.write("v", [1, 2], [[0] * 4, [0, 0, np.inf, 0]]), "row 1 .* not finite"),
    "too large for float32": (lambda d: d.vectors.write("v", [1], np.full((1, 4), 1e300)), "row 0 .* not finite"),
    "another count": (lambda d: d.vectors.write("v", [1, 2], some(1)), "2 samples and 1 vectors"),
    "twice": (lambda d: d.vectors.write("v", [2, 2], some(2)), "sample number 2 is given two vectors"),
    "a sample that is not there": (lambda d: d.vectors.write("v", [99], some(1)), "no sample number 99"),
    "a key that is not there": (lambda d: d.vectors.write("v", ["none"], some(1)), "no sample 'none'"),
    "a number beyond all": (lambda d: d.vectors.write("v", [2**70], some(1)), "no sample number"),
    "neither key nor number": (lambda d: d.vectors.write("v", [1.5], some(1)), "does not name a sample"),
    "a segment that is not there": (lambda d: d.vectors.write("s", [1], some(1), segments=[77]), "no segment 77"),
    "segments of another count": (lambda d: d.vectors.write("s", [1], some(1), segments=[1, 2]), "segment's id for"),
    "a column that is not there": (lambda d: d.vectors.nearest("w", [0] * 4), "no vectors 'w'; there are: v of samples"),
    "of another owner": (lambda d: d.vectors.nearest("v", [0] * 4, owner="segment"), "segments have no vectors 'v'"),
    "a query of another length": (lambda d: d.vectors.nearest("v", [0] * 3), "4 finite numbers"),
    "a query that is not finite": (lambda d: d.vectors.nearest("v", [np.nan] * 4), "4 finite numbers"),
    "another metric": (lambda d: d.vectors.nearest("v", [0] * 4, metric="taxi"), "cosine or euclidean"),
    "none asked for": (lambda d: d.vectors.nearest("v", [0] * 4, k=0), "1 or more"),
    "a removal of what is not there": (lambda d: d.vectors.remove("w"), "no vectors 'w'"),
    "a column of another kind": (lambda d: d.vectors.write("weather", [1], some(1)), "of kind text"),
    "a name that cannot be": (lambda d: d.vectors.write("a b", [1], some(1)), "cannot be a column's name"),
}  # fmt: skip


@pytest.mark.parametrize("what", list(BAD))
def test_what_does_not_fit_is_said_and_writes_nothing(filled: Dataset, what: str) -> None:
    work, said = BAD[what]
    filled.columns.add("weather", "text")
    filled.vectors.write("v", [1], some(1))
    before = filled.revision, held(filled, "v")
    with pytest.raises(UsageError, match=said):
        work(filled)
    assert (filled.revision, held(filled, "v")) == before


def test_one_name_for_samples_and_segments_needs_the_owner(filled: Dataset) -> None:
    number, segment = (column[0] for column in pairs(filled))
    filled.vectors.write("v", [number], some(1))
    filled.vectors.write("v", [number], some(1, 6), segments=[segment])
    with pytest.raises(UsageError, match="owner, to say whose"):
        filled.vectors.nearest("v", [0] * 4)
    assert filled.vectors.nearest("v", [1] * 6, owner="segment").segments.tolist() == [segment]


def test_a_damaged_block_is_not_shown_and_the_doctor_takes_it_out(tmp_path: Path, make_samples, classes) -> None:
    place = tmp_path / "dataset"
    with Dataset.create(place, classes) as dataset:
        with dataset.edit("add") as edit:
            for sample in make_samples(4):
                edit.add(sample, hash_image=False)
        dataset.vectors.write("v", dataset.keys(), some(len(dataset)))
    with sqlite3.connect(place / "maskwright.db") as raw:
        raw.execute("update vectors set content = cast(x'00' || substr(content, 2) as blob)")
    raw.close()
    with Dataset.open(place) as dataset:
        with pytest.raises(DatasetError, match="not what was written"):
            list(dataset.vectors.batches("v"))
        with pytest.raises(DatasetError, match="not what was written"):
            dataset.vectors.nearest("v", [1, 0, 0, 0])
        report = doctor.verify(dataset, images=False)
        assert [problem.where for problem in report.problems] == ["vectors, row 1"]
        doctor.repair(dataset, report)
        assert "took out 1 rows of vectors that were not what was written" in report.repaired
        assert held(dataset, "v") == {}
        assert not doctor.verify(dataset, images=False).problems


def test_big_endian_and_other_arrays_come_in_as_numbers(filled: Dataset) -> None:
    filled.vectors.write("v", [1, 2], some(2).astype(">f8"))
    filled.vectors.write("v", np.array([3]), [[1, 2, 3, 4]])
    assert np.array_equal(filled.vectors.read("v", [1, 2, 3])[:2], some(2))
    assert filled.vectors.read("v", [3]).tolist() == [[1, 2, 3, 4]]
