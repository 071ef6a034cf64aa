"""The same promises on SQLite and PostgreSQL."""

import threading

import numpy as np
import pytest

from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.errors import DatasetError, UsageError
from maskwright.store import Dataset, snapshot


@pytest.fixture
def filled(place, make_samples, classes):
    with Dataset.create(place, classes) as dataset:
        with dataset.edit("add", author="ann") as edit:
            for sample in make_samples(6):
                edit.add(sample)
        yield dataset


def test_what_goes_in_comes_out(filled, make_samples, classes) -> None:
    import hashlib
    from dataclasses import replace
    from pathlib import Path

    def known(sample):
        content = hashlib.sha256(Path(sample.image.uri).read_bytes()).hexdigest()
        return replace(sample, image=replace(sample.image, checksum=f"sha256:{content}"))

    assert list(filled) == [known(sample) for sample in make_samples(6)]
    assert filled.classes == classes
    assert len(filled) == 6
    assert filled["日本"].image.uri.endswith("日本.png")
    assert filled.splits() == {"train": 3, "val": 3}
    assert filled.check() == []


def test_a_changed_segment_is_one_new_row(filled) -> None:
    import sqlalchemy as sql

    from maskwright.store import schema

    def rows() -> int:
        with filled.database.reading() as connection:
            return connection.execute(sql.select(sql.func.count()).select_from(schema.segments)).scalar_one()

    before, old = rows(), filled["a"]
    mask = Mask.encode(np.ones(old.image.size, bool))
    with filled.edit("full", author="bob") as edit:
        edit.set_segment("a", 1, mask=mask, source="human")
    assert rows() == before + 1
    assert filled["a"].segments.masks[0] == mask
    assert filled["a"].segments.source[0] == "human"
    assert filled.at(2)["a"] == old
    (change,) = filled.diff(2, 3)
    assert (change.what, change.key, change.segment) == ("changed", "a", 1)
    assert change.pixels == (mask ^ old.segments.masks[0]).area()
    assert [(revision.author, revision.message) for revision in filled.log()][:2] == [("bob", "full"), ("ann", "add")]


def test_put_writes_only_what_differs(filled) -> None:
    segments = filled["a"].segments
    with filled.edit("same") as edit:
        edit.put("a", segments)
    assert filled.revision == 2, "an edit that changes nothing makes no revision"
    with filled.edit("fewer") as edit:
        edit.put("a", segments[1:])
    assert [change.what for change in filled.diff(2)].count("removed") == 1


def test_diff_both_ways_and_restore(filled) -> None:
    with filled.edit("many") as edit:
        edit.remove("a")
        edit.set("z.dots.in", split="test", weight=3.0, fields={"sun": True})
        edit.set_classes(Classes([*filled.classes, Class(100, "new")]))
    there = {(change.kind, change.what, change.key) for change in filled.diff(2, 3)}
    back = {(change.kind, change.what, change.key) for change in filled.diff(3, 2)}
    assert ("sample", "removed", "a") in there
    assert ("sample", "added", "a") in back
    assert ("class", "added", "new") in there
    assert ("sample", "changed", "z.dots.in") in there & back
    assert filled["z.dots.in"].weight == 3
    assert filled["z.dots.in"].fields == {"sun": True}
    filled.restore(2)
    assert filled.diff(2, "head") == []
    assert list(filled) == list(filled.at(2))
    assert filled.revision == 4
    with filled.edit("after") as edit:
        edit.remove_segment("a", 1)
    assert len(filled.diff("head~1")) == 1


def test_tags_and_revision_words(filled) -> None:
    filled.tag("gold", 1)
    assert filled.resolve("gold") == 1
    assert filled.resolve("head~1") == 1
    assert len(filled.at("gold")) == 0
    with pytest.raises(UsageError, match="names revision 1"):
        filled.tag("gold")
    filled.tag("gold", move=True)
    assert filled.tags() == {"gold": 2}
    for bad in ("head", "7", "a b", ""):
        with pytest.raises(UsageError, match="cannot be a tag"):
            filled.tag(bad)
    for bad in ("nope", "0", "99", "head~9"):
        with pytest.raises(UsageError, match="no revision"):
            filled.at(bad)


def test_a_failing_edit_leaves_nothing(filled, make_samples) -> None:
    with pytest.raises(RuntimeError), filled.edit("half") as edit:
        edit.remove("a")
        raise RuntimeError
    assert len(filled) == 6
    assert filled.revision == 2
    for wrong, words in (
        (lambda edit: edit.add(make_samples(1)[0]), "already"),
        (lambda edit: edit.remove("nobody"), "no sample 'nobody'"),
        (lambda edit: edit.set_segment("a", 999, class_id=1), "no segment 999"),
        (lambda edit: edit.set_segment("a", 1, class_id=42), "does not declare"),
        (lambda edit: edit.set("a", colour=1), "no settable column"),
        (lambda edit: edit.set_classes(Classes()), "still use the class"),
    ):
        with pytest.raises((UsageError, DatasetError), match=words), filled.edit("wrong") as edit:
            wrong(edit)
    assert filled.revision == 2


def test_queries_choose_samples(filled) -> None:
    everything = list(filled)

    def keys(text: str) -> set[str]:
        return set(filled.where(text).keys())

    assert keys("split = 'val'") == {sample.key for sample in everything if sample.split == "val"}
    assert keys("num_segments = 0") == {"with space"}
    assert keys("key like 'sub/%' or key = 'a'") == {"sub/folder/x", "a"}
    assert keys("not (height > 20)") == {each.key for each in everything if each.image.size[0] <= 20}
    small = {sample.key for sample in everything if (sample.segments.masks.areas() < 60).any()}
    assert keys("area < 60") == small
    both = {
        sample.key
        for sample in everything
        if any(
            a < 100 and c == 9 for a, c in zip(sample.segments.masks.areas(), sample.segments.class_ids, strict=True)
        )
    }
    assert keys("area < 100 and class = 'grass'") == both
    assert keys("class in ('cat', 'dog') and not is_crowd") == {
        sample.key for sample in everything if np.isin(sample.segments.class_ids, [1, 5]).any()
    }
    assert keys("video is null") == {each.key for each in everything}
    assert len(filled.where("split = 'val'").where("num_segments > 0")) == len(keys("split='val' and num_segments > 0"))
    with pytest.raises(UsageError, match=r"no column 'fields\.sun'"):
        keys("fields.sun = 'yes'")


@pytest.mark.parametrize(
    "text", ["split = ", "colour = 3", "split == 'a' or", "(split = 'a'", "area < big", "key = 'x' 5", "; drop table x"]
)
def test_a_broken_query_says_where(text: str) -> None:
    from maskwright.store.conditions import Given, resolve

    with pytest.raises(UsageError, match="at character"):
        resolve.read(text, Given())


def test_weights_and_frozen_views(filled) -> None:
    frozen = filled.frozen()
    with filled.edit("weight") as edit:
        edit.set("a", weight=0.0)
    assert sorted(filled.weights().values()) == [0, 1, 1, 1, 1, 1]
    assert set(frozen.weights().values()) == {1}


def test_parquet_and_back(filled, tmp_path) -> None:
    file = tmp_path / "snap.parquet"
    assert snapshot.write(filled, file) == 6
    classes, samples = snapshot.read(file)
    assert classes == filled.classes
    assert list(samples) == list(filled)
    from pyarrow import parquet

    assert parquet.read_table(file).column("key").to_pylist() == filled.keys()


def test_two_writers_take_turns(filled) -> None:
    errors = []

    def work(name: str) -> None:
        try:
            with Dataset.open(filled.database.place) as mine:
                for step in range(8):
                    with mine.edit(f"{name} {step}") as edit:
                        fields = dict(edit._sample(edit._need("a"))[0]["fields"])
                        edit.set("a", fields={**fields, f"{name}{step}": 1})
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "xy"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(filled["a"].fields) == 16, "no update was lost"
    assert filled.revision == 18
    assert [revision.parent for revision in filled.log()] == [*range(17, 0, -1), None]


def test_creating_twice_is_refused(filled) -> None:
    with pytest.raises(DatasetError, match="already"):
        Dataset.create(filled.database.place)
    assert Dataset.exists(filled.database.place)


def test_restoring_counts_samples_without_segments_too(filled, make_samples) -> None:
    from dataclasses import replace

    [sample] = make_samples(1)
    bare = sample.with_segments(sample.segments[:0])
    before = filled.revision
    with filled.edit("more") as edit:
        edit.add(replace(bare, key="bare"))
    filled.restore(before)
    assert len(filled) == len(list(filled)) == 6
    filled.restore(before + 1)
    assert len(list(filled)) == 7
    with filled.edit("less") as edit:
        edit.remove("bare")
    assert len(list(filled)) == len(filled.keys()) == 6
    assert filled.check() == []
