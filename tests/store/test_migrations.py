"""Datasets that version 1 wrote: opened, brought up, and found to say what they said.

`data/version1` holds what it wrote: history.db and history.sql (the same edits, in SQLite and in PostgreSQL) with what it
read of them in history.json and history_pg.json, and empty.db.
"""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from maskwright.core.classes import Class, Classes
from maskwright.errors import DatasetError
from maskwright.labelling import gestures, own_labels
from maskwright.runs import Run, find
from maskwright.store import Dataset, View, doctor

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
    assert [
        [each_revision.id, each_revision.author, each_revision.message, each_revision.summary, list(each_revision.tags)]
        for each_revision in dataset.log()
    ] == expected["log"]
    for revision, samples in expected["revisions"].items():
        assert said(dataset.at(int(revision))) == samples
        assert dataset.at(int(revision)).classes.to_json() == expected["classes"][revision]
    keys = [sample[0] for sample in expected["revisions"][str(dataset.revision)]][:4]
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
        drawn = gestures.Operation(id="g", kind="draw", fields={"state": None})
        assert own_labels.apply(dataset, dataset.number_of("a"), drawn, author="ada").revision == 1


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
def test_on_postgresql_too_with_the_old_tables_kept(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    import sqlalchemy as sql

    base = request.getfixturevalue("postgres").replace("postgresql://", "postgresql+psycopg://")
    server = sql.create_engine(base, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE old_version")
    place = base.replace("/postgres?", "/old_version?")
    engine = sql.create_engine(place)
    with engine.begin() as connection:
        connection.connection.driver_connection.execute((DATA / "history.sql").read_text())
    engine.dispose()
    with Dataset.open(place) as dataset:
        compare(dataset, json.loads((DATA / "history_pg.json").read_text()))
        with dataset.database.reading() as connection:
            kept = connection.exec_driver_sql("select value from maskwright_version_1.maskwright").scalars().all()
            assert kept == ["1"]
    with Dataset.open(place) as dataset:
        assert dataset.check() == []
    with server.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE old_version WITH (FORCE)")
    server.dispose()
