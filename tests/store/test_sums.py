"""Sums that are kept so that nobody counts millions of rows say what a count says, at every revision."""

import numpy as np
import pytest
import sqlalchemy as sql

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.store import Dataset, class_sums, doctor, migrations, schema
from maskwright.store.dataset import _differing
from maskwright.store.overview import overview
from maskwright.store.rows import alive


def some_segments(rng: np.random.Generator) -> Segments:
    number = int(rng.integers(0, 4))
    masks = Masks.encode(rng.random((number, 6, 7)) < 0.4)
    return Segments(masks, rng.integers(1, 4, number), is_crowd=rng.random(number) < 0.3)


def sample(key: str, rng: np.random.Generator) -> Sample:
    return Sample(key, ImageRef(f"/{key}.png", (6, 7)), some_segments(rng))


@pytest.fixture
def worked_on(place: str) -> Dataset:
    """Every kind of edit there is, over and over."""
    rng = np.random.default_rng(3)
    with Dataset.create(place, Classes([Class(k, f"c{k}") for k in (1, 2, 3, 4)])) as dataset:
        with dataset.edit("add") as edit:
            for number in range(8):
                edit.add(sample(f"a{number}", rng), hash_image=False)
        for step in range(6):
            with dataset.edit("change") as edit:
                edit.put("a1", some_segments(rng))
                edit.put("a1", some_segments(rng))
                edit.add(sample(f"b{step}", rng), hash_image=False)
                edit.remove(f"a{step + 2}")
                for number in edit.segments("a0").ids.tolist()[:1]:
                    edit.set_segment("a0", number, class_id=int(rng.integers(1, 4)))
                for number in edit.segments(f"b{step}").ids.tolist()[:1]:
                    edit.remove_segment(f"b{step}", number)
        dataset.restore(3)
        with dataset.edit("merge") as edit:
            edit.merge_class(2, 4)
        merged = dataset.revision
        with dataset.edit("take back") as edit:
            assert edit.take_back_merge(merged).stayed == 0
        dataset.restore(5)
        with dataset.edit("nothing of segments") as edit:
            edit.set("a1", split="val")
        yield dataset


def by_hand(dataset: Dataset, revision: int) -> dict[int, class_sums.Sum]:
    table = schema.segments
    query = sql.select(table.c.class_id, table.c.area, table.c.is_crowd).where(alive(table, revision))
    out: dict[int, class_sums.Sum] = {}
    with dataset.database.reading() as connection:
        for class_id, area, crowd in connection.execute(query):
            old = out.get(class_id, (0, 0, 0))
            out[class_id] = class_sums.Sum(old[0] + 1, old[1] + area, old[2] + crowd)
    return out


def test_sums_of_classes_are_those_of_a_count(worked_on: Dataset) -> None:
    assert worked_on.revision > 10
    for revision in range(1, worked_on.revision + 1):
        wanted = by_hand(worked_on, revision)
        with worked_on.database.reading() as connection:
            assert class_sums.at(connection, revision) == wanted
        view = worked_on.at(revision)
        flat = [
            (number, kind, mask.area(), crowd)
            for number, sample in sorted(zip(view.numbers(), view, strict=True), key=lambda pair: pair[0])
            for kind, mask, crowd in zip(
                sample.segments.class_ids, sample.segments.masks, sample.segments.is_crowd, strict=True
            )
        ]
        assert list(zip(*view.class_areas(), strict=True)) == flat
        told = {row["id"]: (row["segments"], row["pixels"], row["crowds"]) for row in view.class_statistics()}
        assert {class_id: own for class_id, own in told.items() if own[0]} == wanted
        assert view.where("height = 6").class_statistics() == view.class_statistics()
    assert worked_on.check() == []


def test_sums_that_are_not_those_of_the_rows_are_found_and_mended(worked_on: Dataset) -> None:
    table = schema.class_sums
    with worked_on.database.reading() as connection:
        before = connection.execute(sql.select(table).order_by(table.c.revision, table.c.class_id)).all()
    with worked_on.database.writing() as connection:
        connection.execute(table.delete().where(table.c.class_id == 1))
    report = doctor.verify(worked_on, images=False)
    assert [problem.where for problem in report.problems] == ["class 1"]
    if worked_on.database.file is not None:
        doctor.repair(worked_on, report)
    else:
        with worked_on.database.writing() as connection:
            class_sums.write(connection)
    assert worked_on.check() == []
    with worked_on.database.reading() as connection:
        assert connection.execute(sql.select(table).order_by(table.c.revision, table.c.class_id)).all() == before


def test_older_datasets_get_the_sums_and_the_indexes(worked_on: Dataset) -> None:
    table = schema.class_sums
    with worked_on.database.writing() as connection:
        connection.execute(table.delete())
        [index] = [index for index in schema.segments.indexes if index.name == "segments_alive"]
        index.drop(connection)
        connection.exec_driver_sql("CREATE INDEX segments_alive ON segments (sample) WHERE removed = 2147483647")
        connection.exec_driver_sql("DROP INDEX samples_added")
        migrations._complete(connection)
        migrations.STEPS[3](connection)
    with worked_on.database.reading() as connection:
        there = {index["name"]: index["column_names"] for index in sql.inspect(connection).get_indexes("segments")}
        assert there["segments_alive"] == ["sample", *schema._ASKED]
        assert "samples_added" in {index["name"] for index in sql.inspect(connection).get_indexes("samples")}
        assert class_sums.at(connection, None) == by_hand(worked_on, worked_on.revision)


def test_questions_about_few_rows_read_few_rows(tmp_path) -> None:
    """The plans of SQLite: a diff looks at what came and went, and a condition over segments at an index alone."""
    with Dataset.create(tmp_path / "d", Classes()) as dataset:
        said: list[str] = []

        @sql.event.listens_for(dataset.database.engine, "before_cursor_execute")
        def remember(connection, cursor, statement, parameters, context, many) -> None:
            if statement.startswith("SELECT"):
                said.extend(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())

        dataset.diff(1, 1)
        used = {line for line in said if line.split()[1] in ("samples", "segments")}
        assert used == {
            f"SEARCH {table} USING INDEX {table}_{index}"
            for table in ("samples", "segments")
            for index in ("added (added>? AND added<?)", "ended (removed>? AND removed<?)")
        }
        said.clear()
        len(dataset.where("class_id = 5 and area > 4000 and not is_crowd and source = 'human' and score < 0.5"))
        assert any("COVERING INDEX segments_alive (sample=?" in line for line in said), said
        said.clear()
        dataset.class_statistics()
        assert not [line for line in said if " segments" in line]


def test_pixels_that_differ_are_counted_from_run_lengths() -> None:
    rng = np.random.default_rng(0)
    for density in (0, 0.01, 0.5, 0.99, 1):
        for _ in range(20):
            stack = np.stack([rng.random((5, 7)) < density, rng.random((5, 7)) < 0.5])
            masks = Masks.encode(stack)
            counts = [masks[k].counts.astype("<u4").tobytes() for k in range(2)]
            assert _differing(*counts) == _differing(*counts[::-1]) == int((stack[0] ^ stack[1]).sum())
            assert _differing(counts[0], counts[0]) == 0


@pytest.mark.parametrize("revision", [1, 4, None])
def test_an_overview_says_what_the_samples_say(worked_on: Dataset, revision: int | None) -> None:
    view = worked_on if revision is None else worked_on.at(revision)
    for shown in (view, view.where("key like 'a%' order by key desc")):
        samples, whole = list(shown), overview(shown, ["key", "split", "height", "weight"])
        assert whole.samples.tolist() == shown.numbers()
        assert whole.segments.tolist() == [len(sample.segments) for sample in samples]
        assert whole.columns == {
            "key": [sample.key for sample in samples], "split": [sample.split for sample in samples],
            "height": [sample.image.size[0] for sample in samples], "weight": [sample.weight for sample in samples],
        }  # fmt: skip
        part = overview(shown, start=2, limit=3)
        assert (len(part), part.columns["key"]) == (len(samples[2:5]), [sample.key for sample in samples[2:5]])
        assert len(overview(shown, start=len(samples))) == 0
    with pytest.raises(ValueError, match="no column 'fields'"):
        overview(view, ["fields"])


def test_segments_with_attributes_are_found_without_reading_the_others(tmp_path) -> None:
    with Dataset.create(tmp_path / "d", Classes()) as dataset, dataset.database.reading() as connection:
        table = schema.segments
        text = sql.cast(table.c.attributes, sql.Text)
        query = sql.select(table.c.sample).where(
            alive(table, None), text != sql.literal_column("'{}'"), text.like("%x%")
        )
        plan = sql.text(f"EXPLAIN QUERY PLAN {query.compile(connection, compile_kwargs={'literal_binds': True})}")
        assert ["USING INDEX segments_said" in row[3] for row in connection.execute(plan)] == [True]
