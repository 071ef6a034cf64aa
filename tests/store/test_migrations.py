"""Datasets that versions 1 and 2 wrote: opened, brought up, and found to say what they said.

`data/version1` holds what it wrote: history.db and history.sql (the same edits, in SQLite and in PostgreSQL) with what it
read of them in history.json and history_pg.json, and empty.db.  `data/version2` holds the same of version 2, with what its
studio wrote into samples' fields and segments' attributes beside fields and attributes of the same names that are a user's.
"""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql

from maskwright.core.classes import Class, Classes
from maskwright.core.columns import Column
from maskwright.errors import DatasetError
from maskwright.labelling import gestures, own_labels, workflow
from maskwright.runs import Run, find
from maskwright.store import Dataset, View, doctor, schema

DATA = Path(__file__).parent / "data" / "version1"


def said(view: View) -> list[Any]:
    out = []
    for sample in view:
        labels = sample.segments
        columns = zip(
            labels.ids.tolist(), labels.class_ids.tolist(), labels.scores.tolist(), labels.is_crowd.tolist(),
            labels.source, labels.attributes, labels.masks, strict=True,
        )  # fmt: skip
        rows = [
            [number, kind, None if score != score else score, crowd, source, about, mask.counts.tolist()]
            for number, kind, score, crowd, source, about, mask in columns
        ]
        image = sample.image
        out.append([
            sample.key, image.uri, list(image.size), image.checksum, image.video, image.frame, sample.split,
            sample.weight, dict(sample.fields), rows,
        ])  # fmt: skip
    return out


def compare(dataset: Dataset, expected: dict[str, Any]) -> None:
    log = dataset.log()
    assert [
        [each_revision.id, each_revision.author, each_revision.message, each_revision.summary, list(each_revision.tags)]
        for each_revision in log[1:]
    ] == expected["log"]
    assert (log[0].author, log[0].parent) == ("maskwright", expected["log"][0][0])  # workflow moved
    for revision, samples in expected["revisions"].items():
        assert said(dataset.at(int(revision))) == samples
        assert dataset.at(int(revision)).classes.to_json() == expected["classes"][revision]
    keys = [sample[0] for sample in expected["revisions"][str(log[0].parent)]][:4]
    run = Run(dataset, find(dataset, "old-run")["id"], Path())
    found = run.predictions([(dataset.number_of(key), dataset[key]) for key in keys])
    assert [[mask.counts.tolist() for mask in item.masks] for item in found] == expected["predictions"]
    report = doctor.verify(dataset, images=False)
    assert report.problems == []
    assert report.rows > 50


@pytest.fixture
def old(tmp_path: Path) -> Path:
    (tmp_path / "old").mkdir()
    shutil.copy(DATA / "history.db", tmp_path / "old" / "maskwright.db")
    return tmp_path / "old"


def test_what_the_studio_wrote_into_users_values_has_tables_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    shutil.copy(DATA.parent / "version2" / "history.db", tmp_path / "old" / "maskwright.db")
    expected = json.loads((DATA.parent / "version2" / "history.json").read_text())
    with Dataset.open(tmp_path / "old") as dataset:
        of_version_2(dataset, expected)
    assert (tmp_path / "old" / "maskwright.db.version2").exists()
    with Dataset.open(tmp_path / "old") as dataset:
        of_version_2(dataset, expected)
        dataset.restore("imported")
        assert dataset.check() == []


def of_version_2(dataset: Dataset, expected: dict[str, Any]) -> None:
    """Every earlier revision says what it said; the newest says it with the workflow apart."""
    log = dataset.log()
    head = expected["log"][0][0]
    assert [(change.id, change.author, change.summary) for change in log if change.id > head] == [
        (head + 1, "maskwright", {"samples changed": 5, "segments changed": 1, "opinions added": 2})
    ]
    for revision, samples in expected["revisions"].items():
        assert said(dataset.at(int(revision))) == samples
        assert dataset.at(int(revision)).classes.to_json() == expected["classes"][revision]
    before = {sample[0]: sample for sample in expected["revisions"][str(head)]}
    newest = {sample[0]: sample for sample in said(dataset)}
    assert newest.keys() == before.keys()
    # What is the studio's has left, and what only has the same name is there.
    fields = {key: sample[8] for key, sample in newest.items()}
    assert fields == {
        "s0": {"temp": 1}, "s1": {"temp": 2.5}, "s2": {"temp": 3}, "s3": {},
        "s4": {"temp": 4, "rejected": "no run of ours", "opinions": "none"}, "s5": {}, "s6": {"temp": -1, "state": "approved?"},
    }  # fmt: skip
    drawn = dict(zip(dataset["s1"].segments.ids.tolist(), dataset["s1"].segments.attributes, strict=True))
    assert drawn == {1: {"comment": "from a file", "n": 1}, 2: {}, 41: {"accepted": "mended"}}
    for key, sample in newest.items():
        rows = [row[:5] + row[6:] for row in sample[9]]
        assert rows == [row[:5] + row[6:] for row in before[key][9]]
    number = {key: dataset.number_of(key) for key in newest}
    found = {key: workflow.of(dataset, number[key]) for key in number}
    assert [(key, work.state, work.assignee, work.own_labels) for key, work in found.items() if work.number] == [
        ("s0", "labelled", "ben", ()), ("s1", "review", "ben", ()), ("s2", None, "ben", ("ben",)), ("s3", None, None, ()),
        ("s5", "labelled", None, ()),
    ]  # fmt: skip
    remarks = workflow.comments(dataset, number["s1"])
    assert [(remark.segment, remark.author, remark.text) for remark in remarks] == [(41, "cy", "an ear is missing")]
    assert workflow.comments(dataset, number["s2"]) == []
    [doubt] = workflow.comments(dataset, number["s2"], opinion="ben")
    assert (doubt.segment, doubt.author, doubt.text) == (60, "ben", "I doubt it")
    assert workflow.judged(dataset) == {("suggesting", number["s3"])}
    # Second opinions live since then, those of a sample that was taken out until it went.
    for name, counts in expected["opinions"].items():
        key, author = name.split()
        at = None if key in number else head - 2
        own, written = own_labels.read(dataset, dataset.at(head - 2).number_of(key), author, at)
        assert [mask.counts.tolist() for mask in own.masks] == counts
        assert set(written.values()) == {head + 1 if at is None else head - 2}
        assert own.attributes == [{}]
    assert len(own_labels.read(dataset, number["s2"], "ben", head)[0]) == 0
    assert columns_of(dataset) == {
        ("sample", "assignee"): ("json", 2, head + 1), ("sample", "mixed"): ("json", 2, None),
        ("sample", "note"): ("json", 2, None), ("sample", "opinions"): ("json", 2, None),
        ("sample", "rejected"): ("text", 2, None), ("sample", "state"): ("text", 2, None),
        ("sample", "temp"): ("number", 2, None), ("segment", "comment"): ("text", 2, None),
        ("segment", "n"): ("integer", 2, None), ("segment", "accepted"): ("text", 10, None),
        ("segment", "suggested_by"): ("text", 12, None),
    }  # fmt: skip
    report = doctor.verify(dataset, deep=True, images=False)
    assert report.problems == []


def columns_of(dataset: Dataset) -> dict[tuple[str, str], tuple[str, int, int | None]]:
    """(owner, name) -> kind, and the revisions that it came and went with, of columns taken from values."""
    with dataset.database.reading() as connection:
        rows = connection.execute(sql.select(schema.columns).order_by(schema.columns.c.position)).all()
    assert [row.position for row in rows] == list(range(len(rows)))
    assert not any(Column.from_json(row.definition).declared for row in rows)
    return {
        (row.owner, row.name): (
            Column.from_json(row.definition).kind, row.added, None if row.removed == schema.ALIVE else row.removed,
        )
        for row in rows
    }  # fmt: skip


def test_a_dataset_of_version_1_says_the_same_and_a_copy_is_kept(old: Path) -> None:
    expected = json.loads((DATA / "history.json").read_text())
    with Dataset.open(old) as dataset:
        compare(dataset, expected)
        with dataset.edit("more", author="cy") as edit:
            edit.set_fields("a", {"after": True})
    kept = sqlite3.connect(old / "maskwright.db.version1")
    assert kept.execute("select value from maskwright where name = 'schema'").fetchone() == ("1",)
    assert kept.execute("select count(*) from revisions").fetchone() == (len(expected["log"]),)
    kept.close()
    with Dataset.open(old) as dataset:
        assert dataset["a"].fields["after"] is True
        assert dataset.check() == []


def test_opened_for_reading_only_it_is_brought_up_in_a_private_copy(old: Path) -> None:
    before = (old / "maskwright.db").read_bytes()
    with Dataset.open(old, read_only=True) as dataset:
        compare(dataset, json.loads((DATA / "history.json").read_text()))
        with pytest.raises(DatasetError, match="reading only"), dataset.edit("no"):
            pass
    assert (old / "maskwright.db").read_bytes() == before
    assert not (old / "maskwright.db.version1").exists()


def test_an_empty_one_and_one_without_the_later_tables(tmp_path: Path, old: Path) -> None:
    (tmp_path / "empty").mkdir()
    shutil.copy(DATA / "empty.db", tmp_path / "empty" / "maskwright.db")
    with Dataset.open(tmp_path / "empty") as dataset:
        assert (len(dataset), dataset.revision, dataset.check()) == (0, 1, [])
    with sqlite3.connect(old / "maskwright.db") as raw:
        raw.execute("drop table opinions")
        raw.execute("drop table operations")
        raw.execute("alter table predictions drop column attributes")
    raw.close()
    with Dataset.open(old) as dataset:
        compare(dataset, json.loads((DATA / "history.json").read_text()))
        with dataset.edit("classes") as edit:
            edit.set_classes(Classes([*dataset.classes, Class(100, "new")]))
        drawn = gestures.Operation(id="g", kind="draw", said=workflow.Said(state="open"))
        assert own_labels.apply(dataset, dataset.number_of("a"), drawn, author="ada").revision == dataset.revision


def test_where_no_copy_can_be_made_nothing_changes(old: Path) -> None:
    before = (old / "maskwright.db").read_bytes()
    (old / ".maskwright.db.version1.part").mkdir()
    with pytest.raises(DatasetError):
        Dataset.open(old)
    (old / ".maskwright.db.version1.part").rmdir()
    raw = sqlite3.connect(old / "maskwright.db")
    assert raw.execute("select value from maskwright where name = 'schema'").fetchone() == ("1",)
    raw.close()
    assert (old / "maskwright.db").read_bytes() == before


def test_a_step_that_fails_leaves_the_old_dataset(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from maskwright.store import migrations

    def fails(connection: Any) -> None:
        migrations._second(connection)
        raise DatasetError("stopped")

    monkeypatch.setitem(migrations.STEPS, 2, fails)
    with pytest.raises(DatasetError, match="stopped"):
        Dataset.open(old)
    monkeypatch.undo()
    with Dataset.open(old) as dataset:
        compare(dataset, json.loads((DATA / "history.json").read_text()))


@pytest.mark.postgres
@pytest.mark.parametrize("version", [1, 2])
def test_on_postgresql_too_with_the_old_tables_kept(request: pytest.FixtureRequest, version: int) -> None:
    folder = DATA.parent / f"version{version}"
    expected = json.loads((folder / ("history_pg.json" if version == 1 else "history.json")).read_text())
    base = request.getfixturevalue("postgres").replace("postgresql://", "postgresql+psycopg://")
    server = sql.create_engine(base, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE old_version")
    place = base.replace("/postgres?", "/old_version?")
    engine = sql.create_engine(place)
    with engine.begin() as connection:
        connection.connection.driver_connection.execute((folder / "history.sql").read_text())
    engine.dispose()
    with Dataset.open(place) as dataset:
        (compare if version == 1 else of_version_2)(dataset, expected)
        with dataset.database.reading() as connection:
            query = f"select value from maskwright_version_{version}.maskwright where name = 'schema'"
            assert connection.exec_driver_sql(query).scalars().all() == [str(version)]
    with Dataset.open(place) as dataset:
        assert dataset.check() == []
    with server.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE old_version WITH (FORCE)")
    server.dispose()
