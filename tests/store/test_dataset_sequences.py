"""`dataset.sequences`: declared or named by samples alone, of a revision, kept by everything that a dataset goes through."""

import pytest
import sqlalchemy as sql

from maskwright.core.classes import Classes
from maskwright.core.columns import Column
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.core.sequence import Sequence
from maskwright.errors import DatasetError, UsageError
from maskwright.store import Dataset, doctor, import_samples, schema, snapshot
from maskwright.store.conditions import Given, choose

SIZE = (3, 4)


def frame(key: str, video: str | None, number: int | None = None) -> Sample:
    return Sample(key, ImageRef(f"/nowhere/{key}.png", SIZE, video=video, frame=number), Segments.none(SIZE))


@pytest.fixture
def filled(place: str, classes: Classes):
    """A video `clip` of three frames, added backwards, a volume `scan` of two slices, and an image of its own."""
    with Dataset.create(place, classes) as dataset:
        with dataset.edit("add") as edit:
            edit.add(frame("lone", None))
            for number in (10, 2, 1):
                edit.add(frame(f"clip/{number}", "clip", number))
            for number in (0, 1):
                edit.add(frame(f"scan/{number}", "scan", number))
            edit.add_sequence(Sequence("scan", "space", (2.5, 1, 1), "RAS", {"dose": 3}))
        yield dataset


def test_samples_declare_the_sequences_that_they_name(filled: Dataset) -> None:
    found = filled.sequences
    assert found.names == list(found) == ["clip", "scan"]
    assert len(found) == 2
    assert found["clip"] == Sequence("clip")
    assert found["scan"] == Sequence("scan", "space", (2.5, 1.0, 1.0), "RAS", {"dose": 3})
    assert "clip" in found
    assert "lone" not in found
    assert found.get("lone") is None
    assert repr(found) == "Sequences(clip: time, scan: space)"
    with pytest.raises(UsageError, match=r"there is no sequence 'lone'.*clip, scan"):
        found["lone"]
    assert filled.log()[0].summary["sequences added"] == 2
    with filled.database.reading() as connection:
        table = schema.sequences
        assert connection.execute(sql.select(table.c.name).order_by(table.c.name)).scalars().all() == ["clip", "scan"]


def test_samples_come_in_the_order_of_their_frames(filled: Dataset) -> None:
    assert filled.sequences.samples("clip").keys() == ["clip/1", "clip/2", "clip/10"]
    assert [sample.image.frame for sample in filled.sequences.samples("clip")] == [1, 2, 10]
    assert filled.where("frame > 1").sequences.names == ["clip"]
    assert filled.where("frame > 1").sequences.samples("clip").keys() == ["clip/2", "clip/10"]
    with pytest.raises(UsageError, match="no sequence 'nobody'"):
        filled.sequences.samples("nobody")
    with filled.edit("quotes") as edit:
        edit.add(frame("q/a", "it's", None))
        edit.add(frame("q/b", "it's", 0))
    assert filled.sequences.samples("it's").keys() == ["q/b", "q/a"]


def test_a_sequence_goes_with_its_last_sample(filled: Dataset) -> None:
    with filled.edit("fewer") as edit:
        edit.remove("scan/0")
    assert filled.sequences.names == ["clip", "scan"]
    with filled.edit("none") as edit:
        edit.remove("scan/1")
    assert filled.log()[0].summary["sequences removed"] == 1
    assert filled.sequences.names == ["clip"]
    assert filled.at("head~").sequences["scan"].spacing == (2.5, 1, 1)
    with filled.edit("a new one of that name") as edit:
        edit.add(frame("scan/9", "scan"))
    assert filled.sequences["scan"] == Sequence("scan")
    with filled.edit("and gone at once") as edit:
        edit.add(frame("other", "short"))
        edit.remove("other")
        edit.set("lone", split="val")
    assert "sequences added" not in filled.log()[0].summary
    assert "short" not in filled.sequences


def test_a_sequence_is_changed_in_a_revision(filled: Dataset) -> None:
    with filled.edit("what is known") as edit:
        edit.set_sequence("clip", spacing=(0.2,), fields={"camera": "left"})
    assert filled.sequences["clip"] == Sequence("clip", "time", (0.2,), None, {"camera": "left"})
    assert filled.at("head~").sequences["clip"] == Sequence("clip")
    assert filled.log()[0].summary == {"sequences changed": 1}
    changes = filled.diff("head~")
    assert [(change.kind, change.what, change.key) for change in changes] == [
        ("column", "added", "camera"), ("sequence", "changed", "clip"),
    ]  # fmt: skip
    assert changes[1].values == (("spacing", None, [0.2]), ("camera", None, "left"))
    before = len(filled.log())
    with filled.edit("the same") as edit:
        edit.set_sequence("clip", spacing=(0.2,))
    assert len(filled.log()) == before
    filled.restore("head~")
    assert filled.sequences["clip"] == Sequence("clip")
    assert filled.check() == []


def test_what_is_wrong_is_said_and_nothing_is_kept(filled: Dataset) -> None:
    head = filled.revision
    for said, work in {
        "there is a sequence 'scan' already": lambda edit: edit.add_sequence(Sequence("scan")),
        "no sample belongs to the sequence 'alone'": lambda edit: edit.add_sequence(Sequence("alone")),
        "there is no sequence 'alone'": lambda edit: edit.set_sequence("alone", axis="space"),
        "no settable part 'colour'": lambda edit: edit.set_sequence("scan", colour="red"),
        "axis is 'depth'": lambda edit: edit.set_sequence("scan", axis="depth"),
        "control characters": lambda edit: edit.add_sequence(Sequence("a\nb")),
        "sequence 'clip': fields.x is nan": lambda edit: edit.set_sequence("clip", fields={"x": float("nan")}),
    }.items():
        with pytest.raises(UsageError) as caught, filled.edit("wrong") as edit:
            work(edit)
        assert said in str(caught.value)
    assert filled.revision == head
    assert filled.sequences["scan"].fields == {"dose": 3}


def test_columns_of_sequences_hold_for_their_fields(filled: Dataset) -> None:
    with filled.edit("declare") as edit:
        edit.set_sequence("clip", fields={"speed": 3})
        edit.add_column(Column("speed", "number", "sequence", low=0))
    assert filled.sequences["clip"].fields == {"speed": 3.0}
    assert filled.where("sequence.fields.speed > 2").keys() == ["clip/10", "clip/2", "clip/1"]
    with pytest.raises(UsageError, match=r"sequence 'clip'.*speed"), filled.edit("wrong") as edit:
        edit.set_sequence("clip", fields={"speed": -1})
    with pytest.raises(UsageError, match=r"sequence 'scan'.*dose"), filled.edit("wrong") as edit:
        edit.add_column(Column("dose", "text", "sequence"))
    with filled.edit("drop") as edit:
        edit.drop_column("speed", "sequence")
    assert filled.sequences["clip"].fields == {}


def test_a_dataset_without_rows_has_the_sequences_that_its_samples_name(filled: Dataset) -> None:
    with filled.database.writing() as connection:
        connection.execute(schema.sequences.delete())
    assert filled.sequences.names == ["clip", "scan"]
    assert filled.sequences["scan"] == Sequence("scan")
    assert filled.where("sequence.axis = 'time'").keys() == [sample.key for sample in filled if sample.key != "lone"]
    with filled.edit("declare") as edit:
        edit.set_sequence("scan", axis="space")
    assert filled.sequences["scan"].axis == "space"
    assert filled.check() == []


def test_conditions_ask_for_sequences(filled: Dataset) -> None:
    assert filled.where("sequence = 'clip' and frame > 1").keys() == ["clip/10", "clip/2"]
    assert filled.where("sequence.axis = 'space'").keys() == ["scan/0", "scan/1"]
    assert filled.where("sequence.fields.dose = 3 and sequence.orientation = 'RAS'").keys() == ["scan/0", "scan/1"]
    assert filled.where("sequence is null").keys() == ["lone"]
    assert filled.where("sequence.spacing is not null").keys() == ["scan/0", "scan/1"]
    known = Given(filled.classes, filled.columns, sequences=filled.sequences.values())
    samples = list(filled)
    for text in (
        "sequence = 'clip' and frame > 1", "sequence.axis = 'time'", "sequence.axis != 'time'", "sequence.axis is null",
        "sequence.fields.dose > 2", "sequence.fields.dose is null", "sequence.orientation like 'r%'", "sequence.name > 'd'",
        "sequence.spacing is null", "not sequence = 'clip' order by sequence desc, frame",
    ):  # fmt: skip
        found = filled.where(text).keys()
        assert [samples[place].key for place in choose(text, samples, known)] == found
        assert found
    with filled.edit("slices after all") as edit:
        edit.set_sequence("clip", axis="space")
    assert len(filled.where("sequence.axis = 'space'")) == 5
    assert filled.at("head~").where("sequence.axis = 'space'").keys() == ["scan/0", "scan/1"]
    with pytest.raises(UsageError, match="one of time, space"):
        filled.where("sequence.axis = 'depth'")
    with pytest.raises(UsageError, match=r"no column 'sequence\.spaces'; near it: sequence\.spacing"):
        filled.where("sequence.spaces = 1")
    with pytest.raises(UsageError, match="means something else in conditions"):
        filled.columns.add("sequence", "text")


def test_a_damaged_row_is_found(filled: Dataset) -> None:
    with filled.database.writing() as connection:
        connection.execute(schema.sequences.update().values(orientation="LPS"))
    with pytest.raises(DatasetError, match=r"sequence '(clip|scan)'.*not what was written"):
        filled.sequences  # noqa: B018 - asking is what raises
    assert any("sequences, row" in problem for problem in filled.check())


def test_a_snapshot_and_another_dataset_keep_them(filled: Dataset, tmp_path, classes: Classes) -> None:
    file = tmp_path / "all.parquet"
    snapshot.write(filled, file)
    assert snapshot.sequences(file) == [filled.sequences["clip"], filled.sequences["scan"]]
    _, samples = snapshot.read(file)
    other = tmp_path / "other"
    import_samples(other, classes, samples, "from a snapshot", hash_images=False, sequences=snapshot.sequences(file))
    with Dataset.open(other) as dataset:
        assert dict(dataset.sequences) == dict(filled.sequences)
        assert dataset.sequences.samples("clip").keys() == filled.sequences.samples("clip").keys()
        assert not doctor.verify(dataset, images=False).problems
    part = tmp_path / "part.parquet"
    snapshot.write(filled.where("sequence = 'clip'"), part)
    assert [found.name for found in snapshot.sequences(part)] == ["clip"]
    more = [Sample("more", ImageRef("/nowhere/more.png", SIZE, video="scan"), Segments.none(SIZE))]
    with pytest.raises(UsageError, match="'scan' is another one"):
        import_samples(other, classes, more, "clash", hash_images=False, sequences=[Sequence("scan", "time", (3,))])
    import_samples(other, classes, more, "named only", hash_images=False, sequences=[Sequence("scan")])
    with Dataset.open(other) as dataset:
        assert dataset.sequences["scan"] == filled.sequences["scan"]
        assert len(dataset.sequences.samples("scan")) == 3


def test_what_is_known_of_a_sequence_is_in_tables(filled: Dataset) -> None:
    table = filled.where("sequence = 'scan'").table(
        columns=["key", "sequence.axis", "sequence.spacing", "sequence.fields.dose"]
    )
    assert table.column("sequence.axis").to_pylist() == ["space", "space"]
    assert table.column("sequence.spacing").to_pylist() == ["[2.5, 1.0, 1.0]"] * 2
    assert [float(value) for value in table.column("sequence.fields.dose").to_pylist()] == [3, 3]
