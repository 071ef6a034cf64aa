"""Rows and images that changed on disk: found when they are read, named by the doctor, mended where that can be."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sql
from PIL import Image

from maskwright.core.sample import Sample
from maskwright.errors import DatasetError, MaskwrightError
from maskwright.runs import Run
from maskwright.store import Dataset, doctor, hashes, schema, transfer


@pytest.fixture
def filled(tmp_path: Path, make_samples, classes) -> Path:
    """Two revisions, images beside it, and a run with predictions."""
    place = tmp_path / "dataset"
    transfer.import_samples(place, classes, make_samples(6), "add")
    with Dataset.open(place) as dataset:
        with dataset.edit("more") as edit:
            edit.set_segment("a", 1, score=0.5)
        run = Run.start(dataset, "predict", {}, name="found")
        run.add_predictions([(number, dataset.read([number])[0].segments) for number in dataset.numbers()])
        run.finish()
    return place


def changed(place: Path, statement: str) -> None:
    """Behind everybody's back."""
    raw = sqlite3.connect(place / "maskwright.db")
    assert raw.execute(statement).rowcount == 1
    raw.commit()
    raw.close()


BEHIND = {
    "run lengths": "update segments set counts = cast(x'ffffff7f' || counts as blob) where row = 2",
    "a class": "update segments set class_id = 9 where row = 2 and class_id <> 9 or row = 3 and class_id <> 9 and not exists"
               " (select 1 from segments where row = 2 and class_id <> 9)",
    "a field": "update samples set fields = '{\"a\": 1}' where row = 1",
    "a size": "update samples set height = height + 1 where row = 1",
    "where its image is": "update samples set uri = '/elsewhere.png' where row = 1",
    "a segment's sample": "update segments set sample = 5 where row = 2",
    "a segment that ended": "update segments set removed = 3 where row = 2",
    "a segment that is gone": "delete from segments where row = 3",
    "a class's name": "update classes set definition = replace(definition, 'cat', 'cow') where row = 1",
}  # fmt: skip


@pytest.mark.parametrize("what", list(BEHIND))
def test_what_changed_behind_everybodys_back_is_not_shown(filled: Path, what: str) -> None:
    with Dataset.open(filled) as dataset:
        assert len(list(dataset)) == 6
    changed(filled, BEHIND[what])
    with Dataset.open(filled) as dataset:
        with pytest.raises(DatasetError, match="not what was written"):
            list(dataset), dataset.classes
        problems = dataset.check()
        assert problems
        assert any(word in problems[0] for word in ("not what was written", "not those that were written"))


def test_a_changed_prediction_is_not_shown(filled: Path) -> None:
    changed(filled, "update predictions set class_id = class_id + 1 where row = 1")
    with Dataset.open(filled) as dataset:
        run = Run(dataset, "found", filled)
        pairs = list(zip(dataset.numbers(), list(dataset), strict=True))
        with pytest.raises(DatasetError, match="not what was written"):
            run.predictions(pairs)
    changed(filled, "delete from predictions where row = 1")
    with Dataset.open(filled) as dataset, pytest.raises(DatasetError, match="not what was written"):
        Run(dataset, "found", filled).predictions(pairs)


def test_a_damaged_row_is_not_written_again_under_a_new_hash(filled: Path) -> None:
    with Dataset.open(filled) as dataset:
        kind = int(dataset["a"].segments.class_ids[1])
    changed(filled, BEHIND["run lengths"])
    with Dataset.open(filled) as dataset:
        for work in (
            lambda edit: edit.set_segment("a", 2, class_id=5), lambda edit: edit.segments("a"),
            lambda edit: edit.merge_class(kind, 5 if kind != 5 else 1),
        ):  # fmt: skip
            with pytest.raises(DatasetError, match="not what was written"), dataset.edit("x") as edit:
                work(edit)
        assert dataset.revision == 3
        assert dataset.check()


def test_the_doctor_mends_what_can_be_mended_and_keeps_a_copy(filled: Path) -> None:
    with Dataset.open(filled) as dataset:
        was = {sample.key: sample for sample in dataset}
    changed(filled, BEHIND["run lengths"])
    changed(filled, "update predictions set class_id = class_id + 1 where row = 1")
    changed(filled, "update digests set segments = segments + 1 where sample = 4")
    done = doctor_says(filled, "--repair")
    assert done.returncode == 0, done.stdout
    assert "took out 1 rows of segments" in done.stdout
    assert "took out 1 rows of predictions" in done.stdout
    assert (filled / "maskwright.db.damaged1").exists()
    with Dataset.open(filled) as dataset:
        assert dataset.check() == []
        lost = 0
        for sample in dataset:
            own, before = sample.segments, was[sample.key].segments
            kept = np.isin(before.ids, own.ids)
            assert own == before[kept]
            lost += int((~kept).sum())
        assert lost == 1
    assert doctor_says(filled).returncode == 0


def doctor_says(place: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maskwright", "doctor", str(place), *options], capture_output=True, text=True
    )


def test_a_revision_that_cannot_be_read_is_found_and_mended(filled: Path) -> None:
    changed(filled, "update revisions set summary = '{\"samples' where id = 2")
    with Dataset.open(filled) as dataset, pytest.raises(DatasetError, match="damaged"):
        dataset.log()
    done = doctor_says(filled)
    assert done.returncode == 1
    assert "revisions, 2: cannot be read" in done.stdout
    done = doctor_says(filled, "--repair")
    assert done.returncode == 0, done.stdout
    with Dataset.open(filled) as dataset:
        assert [revision.summary == {} for revision in dataset.log()] == [False, True, False]


def test_what_cannot_be_mended_leaves_no_copy_behind(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(filled, BEHIND["run lengths"])
    before = sorted(path.name for path in filled.iterdir())

    def fails(*_: object) -> None:
        raise DatasetError("malformed")

    monkeypatch.setattr(doctor.migrations, "write_digests", fails)
    with Dataset.open(filled) as dataset:
        report = doctor.verify(dataset)
        with pytest.raises(DatasetError, match="cannot be mended where it lies"):
            doctor.repair(dataset, report)
    assert sorted(path.name for path in filled.iterdir()) == before


def test_deep_names_images_that_changed_are_missing_or_unreadable(filled: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "originals"
    assert doctor_says(filled, "--deep").returncode == 0
    Image.fromarray(np.zeros((64, 80, 3), np.uint8)).save(pictures / "a.png")
    (pictures / "with space.png").unlink()
    (pictures / "日本.png").write_bytes(b"junk")
    flipped = bytearray((pictures / "z.dots.in.png").read_bytes())
    flipped[-20] ^= 1
    (pictures / "z.dots.in.png").write_bytes(flipped)
    done = doctor_says(filled, "--deep")
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("  dataset ")]
    for key, found in (("a", "changed"), ("with space", "missing"), ("日本", "changed"), ("z.dots.in", "changed")):
        assert any(f" {key} (" in line and found in line for line in lines), lines
    assert not any("sub/folder" in line for line in lines)
    plain = doctor_says(filled)  # without --deep only what is quickly seen
    assert plain.returncode == 1
    assert "is missing" in plain.stdout
    assert "日本 (" in plain.stdout
    assert " z.dots.in (" not in plain.stdout


def test_without_hashes_unreadable_images_are_found_and_changed_ones_are_not(
    tmp_path: Path, make_samples, classes
) -> None:
    samples = make_samples(3)
    transfer.import_samples(tmp_path / "d", classes, samples, "add", hash_images=False)
    with Dataset.open(tmp_path / "d") as dataset:
        assert {sample.image.checksum for sample in dataset} == {None}
        size = samples[0].image.size
        Image.fromarray(np.zeros((*size, 3), np.uint8)).save(samples[0].image.uri)
        Path(samples[1].image.uri).write_bytes(b"junk")
        found = [problem.where for problem in doctor.verify(dataset, deep=True).problems]
        assert len(found) == 1
        assert found[0].startswith("with space")


def test_images_are_hashed_when_samples_are_added(tmp_path: Path, make_samples, classes) -> None:
    samples = make_samples(3)
    with Dataset.create(tmp_path / "d", classes) as dataset:
        with dataset.edit("add") as edit:
            edit.add(samples[0])
            edit.add(samples[1], hash_image=False)
        found = [sample.image.checksum for sample in dataset]
        assert found[0].startswith("sha256:")
        assert found[1] is None
        Image.fromarray(np.zeros((*samples[0].image.size, 3), np.uint8)).save(samples[0].image.uri)
        [problem] = doctor.verify(dataset, deep=True).problems
        assert problem.where.startswith("a (")


def test_images_are_hashed_at_import_and_missing_ones_are_said(tmp_path: Path, make_samples, classes) -> None:
    import hashlib

    samples = make_samples(4)
    Path(samples[3].image.uri).unlink()
    done = transfer.import_samples(tmp_path / "d", classes, samples, "add")
    assert done["notes"] == [
        f"1 images could not be read and have no checksum, such as {Path(samples[3].image.uri).name}"
    ]
    with Dataset.open(tmp_path / "d") as dataset:
        for sample in list(dataset)[:3]:
            content = Path(sample.image.uri).read_bytes()
            assert sample.image.checksum == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert dataset[samples[3].key].image.checksum is None


def test_remote_images_are_known_by_mark_and_length(tmp_path: Path, make_samples, classes) -> None:
    from dataclasses import replace

    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    [sample] = make_samples(1)
    store.pipe("/far/a.png", Path(sample.image.uri).read_bytes())
    far = replace(sample, image=replace(sample.image, uri="memory://far/a.png"))
    gone = replace(sample, key="gone", image=replace(sample.image, uri="memory://far/gone.png"))
    transfer.import_samples(tmp_path / "d", classes, [far, gone], "add")
    with Dataset.open(tmp_path / "d") as dataset:
        length = Path(sample.image.uri).stat().st_size
        assert [each.image.checksum for each in dataset] == [f"etag::{length}", None]
        [problem] = doctor.verify(dataset, deep=True).problems
        assert "gone" in problem.where
        assert "not there" in problem.found
        assert doctor.verify(dataset).problems == []  # asks no store
        store.pipe("/far/a.png", b"other")
        assert sorted("changed" in problem.found for problem in doctor.verify(dataset, deep=True).problems) == [
            False,
            True,
        ]


def test_a_damaged_index_is_found_and_built_anew(filled: Path) -> None:
    """The leaf of an index says that a sample has no segments, and the table has them."""
    with Dataset.open(filled) as dataset:
        was = list(dataset)
    raw = sqlite3.connect(filled / "maskwright.db")
    raw.execute("pragma writable_schema = on")
    raw.execute("update sqlite_master set sql = replace(sql, 'removed = 2147483647', 'removed = 2147483646')"
                " where name = 'segments_alive'")  # fmt: skip
    raw.commit()
    raw.close()
    raw = sqlite3.connect(filled / "maskwright.db")
    raw.execute("reindex segments_alive")  # empty now
    raw.execute("pragma writable_schema = on")
    raw.execute("update sqlite_master set sql = replace(sql, 'removed = 2147483646', 'removed = 2147483647')"
                " where name = 'segments_alive'")  # fmt: skip
    raw.commit()
    raw.close()
    with Dataset.open(filled) as dataset:
        with pytest.raises(DatasetError, match="not what was written"):
            list(dataset)
        report = doctor.verify(dataset)
        assert report.number
        doctor.repair(dataset, report)
        assert "built all indexes anew" in report.repaired
        assert list(dataset) == was
        assert dataset.check() == []


# -- database files damaged at random ---------------------------------------------------------------------------


def _bits(raw: bytearray, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 40))):
        raw[int(rng.integers(0, len(raw)))] ^= 1 << int(rng.integers(0, 8))


def _block(raw: bytearray, rng: np.random.Generator) -> None:
    at = int(rng.integers(0, len(raw)))
    raw[at : at + 200] = rng.bytes(min(200, len(raw) - at))


def _cut(raw: bytearray, rng: np.random.Generator) -> None:
    del raw[int(rng.integers(0, len(raw))) :]


def _swap(raw: bytearray, rng: np.random.Generator) -> None:
    a, b = (2048 * int(page) for page in rng.integers(1, len(raw) // 2048, 2))
    raw[a : a + 2048], raw[b : b + 2048] = raw[b : b + 2048], raw[a : a + 2048]


def _zeros(raw: bytearray, rng: np.random.Generator) -> None:
    at = 2048 * int(rng.integers(0, len(raw) // 2048))
    raw[at : at + 2048] = bytes(2048)


DAMAGES: list[Callable[[bytearray, np.random.Generator], None]] = [_bits, _block, _cut, _swap, _zeros]


def said(place: Path) -> tuple[list[Sample], object, int] | MaskwrightError:
    """All samples with the classes and the newest revision, or one of our own errors; anything else is raised."""
    try:
        with Dataset.open(place) as dataset:
            return list(dataset), dataset.classes, dataset.revision
    except MaskwrightError as error:
        return error


def _tried(filled: Path, folder: Path, number: int, seed: int) -> tuple[int, int]:
    """(how many were read, how many refused). Asserts that what was read is what was written, of that revision."""
    whole = (filled / "maskwright.db").read_bytes()
    expected = {}
    with Dataset.open(filled) as dataset:
        for revision in range(1, dataset.revision + 1):
            view = dataset.at(revision)
            expected[revision] = (list(view), view.classes)
    good = bad = 0
    for attempt in range(number):
        rng = np.random.default_rng([seed, attempt])
        raw = bytearray(whole)
        DAMAGES[attempt % len(DAMAGES)](raw, rng)
        place = folder / f"damaged{attempt}"
        place.mkdir()
        (place / "maskwright.db").write_bytes(raw)
        found = said(place)
        if isinstance(found, MaskwrightError):
            bad += 1
        else:
            good += 1
            samples, classes, revision = found
            home = {sample.key: sample.image.uri for sample in expected[max(expected)][0]}
            assert (samples, classes) == expected[revision], (attempt, DAMAGES[attempt % len(DAMAGES)].__name__)
            assert [sample.image.uri for sample in samples] == [home[sample.key] for sample in samples]
            if bytes(raw) != whole and attempt % 4 == 0:
                with Dataset.open(place, read_only=True) as dataset:
                    dataset.check()  # whatever it finds, it is said in words
        shutil.rmtree(place)
    return good, bad


def test_database_files_damaged_at_random_show_nothing_wrong(filled: Path, tmp_path: Path) -> None:
    good, bad = _tried(filled, tmp_path, 60, seed=1)
    assert good >= 5
    assert bad >= 20


@pytest.mark.slow
def test_three_hundred_database_files_damaged_at_random(filled: Path, tmp_path: Path) -> None:
    good, bad = _tried(filled, tmp_path, 300, seed=2)
    print(f"{good} read as they were written, {bad} refused")  # noqa: T201
    assert good + bad == 300


def test_the_doctor_says_what_is_wrong_with_damaged_files(filled: Path, tmp_path: Path) -> None:
    whole = (filled / "maskwright.db").read_bytes()
    for attempt in range(15):
        raw = bytearray(whole)
        DAMAGES[attempt % len(DAMAGES)](raw, np.random.default_rng([5, attempt]))
        place = tmp_path / f"d{attempt}"
        place.mkdir()
        (place / "maskwright.db").write_bytes(raw)
        try:
            with Dataset.open(place) as dataset:
                report = doctor.verify(dataset, deep=True)
                doctor.repair(dataset, report)
        except MaskwrightError as error:
            assert str(error)
    assert os.listdir(tmp_path)  # noqa: PTH208


@pytest.mark.parametrize("number", [77, 2**31 - 1, -3])
def test_a_revision_of_another_number_is_not_shown(filled: Path, number: int) -> None:
    with Dataset.open(filled) as dataset:
        head = dataset.revision
        with dataset.database.writing() as connection:
            connection.execute(schema.revisions.update().where(schema.revisions.c.id == head).values(id=number))
        if number > head:
            with pytest.raises(DatasetError, match=f"revision {number}"):
                dataset.frozen()
            with pytest.raises(DatasetError, match=f"revision {number}"), dataset.edit("x"):
                pass
        assert [problem.kind for problem in doctor.verify(dataset, images=False).problems][:1] == ["history"]


def test_tables_beside_the_labels_are_looked_through(filled: Path) -> None:
    """Columns, sequences and instructions have hashes and live in revisions; workflow speaks of samples there are."""
    column = {"position": 0, "owner": "sample", "name": "temp", "definition": {"name": "temp", "kind": "number"}}
    axes = {"axis": "space", "spacing": [2.0, 1.0, 1.0], "orientation": "RAS", "fields": {}}
    told = {"class_id": 5, "text": "Tails count."}
    rows = [
        (schema.columns, column, hashes.of_column), (schema.sequences, {"name": "scan", **axes}, hashes.of_sequence),
        (schema.instructions, told, hashes.of_instruction),
    ]  # fmt: skip
    with Dataset.open(filled) as dataset:
        with dataset.database.writing() as connection:
            for table, row, hash_of in rows:
                connection.execute(table.insert().values(**row, hash=hash_of(row), added=1))
            said = {"state": "review", "author": "ada", "changed": "2024-05-01T00:00:00.000000+00:00"}
            connection.execute(schema.workflow.insert().values(sample=1, **said))
        assert dataset.check() == []
        with dataset.database.writing() as connection:
            connection.execute(schema.columns.update().values(name="temperature"))
            connection.execute(schema.sequences.update().values(spacing=[1.0, 1.0, 1.0]))
            connection.execute(schema.instructions.update().values(text="Tails do not count.", added=77))
            connection.execute(schema.workflow.insert().values(sample=99, **said))
            living = sql.select(schema.segments).where(schema.segments.c.removed == schema.ALIVE)
            segment = connection.execute(living).mappings().first()
            opinion = {**(segment or {}), "author": "ada", "row": 1, "sample": 98}
            opinion["hash"] = hashes.of_opinion(opinion)
            connection.execute(schema.opinions.insert().values(**opinion))
        assert sorted(dataset.check()) == [
            "columns, row 1: is not what was written",
            "instructions, row 1: is not what was written",
            "instructions, row 1: lives in revisions that are not there",
            "opinions, row 1: belongs to no sample",
            "opinions: second opinions are not those that were written",
            "sequences, row 1: is not what was written",
            "workflow: speaks of sample number 99, which there never was",
        ]
