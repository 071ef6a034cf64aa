"""Snapshots whose bytes are broken, or whose values are lies, end in one sentence."""

import errno

import pyarrow as pa
import pytest
from pyarrow import parquet

from maskwright.core.classes import Classes
from maskwright.errors import FormatError, UsageError
from maskwright.store import Dataset, snapshot
from maskwright.store.transfer import import_samples


@pytest.fixture
def file(tmp_path, make_samples, classes):
    with Dataset.create(tmp_path / "set", classes) as dataset:
        with dataset.edit("add") as edit:
            for sample in make_samples(4):
                edit.add(sample)
        snapshot.write(dataset, tmp_path / "view.parquet")
    return tmp_path / "view.parquet"


def rewritten(file, change) -> None:
    """change: of the rows as Python has them."""
    table = parquet.read_table(file)
    rows = table.to_pylist()
    change(rows)
    try:
        parquet.write_table(pa.Table.from_pylist(rows, table.schema), file)
    except pa.ArrowNotImplementedError as error:
        pytest.skip(f"this pyarrow cannot write such a file: {error}")


def read(file):
    classes, samples = snapshot.read(file)
    return classes, list(samples)


def first(rows):
    return next(row for row in rows if row["segments"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: first(rows)["segments"][0].update(counts=[5]), "runs sum to 5"),
        (lambda rows: first(rows)["segments"][0].update(counts=[]), "no runs"),
        (lambda rows: first(rows)["segments"][0].update(counts=None), "cannot be read"),
        (lambda rows: first(rows)["segments"][0].update(area=1_000_000), "another area or box"),
        (lambda rows: first(rows)["segments"][0].update(bbox_xyxy=[0, 0, 1, 77]), "another area or box"),
        (lambda rows: first(rows)["segments"][0].update(class_id=12345), "undeclared class 12345"),
        (lambda rows: first(rows)["segments"][0].update(source="oracle"), "no known source"),
        (lambda rows: first(rows)["segments"][0].update(is_crowd=None), "no known source"),
        (lambda rows: first(rows)["segments"][0].update(id=None), "not a whole number"),
        (lambda rows: first(rows)["segments"][0].update(attributes="{"), "cannot be read"),
        (lambda rows: first(rows)["segments"][0].update(attributes="[1]"), "attributes are not a JSON object"),
        (lambda rows: first(rows)["segments"].append(None), "wrong kind"),
        (lambda rows: first(rows).update(segments=None), "wrong kind"),
        (lambda rows: first(rows).update(height=7), "runs sum|a run is 0 to"),
        (lambda rows: first(rows).update(height=-7), "a size is"),
        (lambda rows: first(rows).update(height=2**31 - 1, width=2**31 - 1), "a size is"),
        (lambda rows: first(rows).update(height=None), "a size is"),
        (lambda rows: first(rows).update(fields="[" * 100_000), "nested too deeply"),
        (lambda rows: first(rows).update(fields=None), "wrong kind"),
        (lambda rows: first(rows).update(fields="5"), "fields are not a JSON object"),
        (lambda rows: first(rows).update(weight=float("nan")), "weight is nan"),
        (lambda rows: first(rows).update(weight=None), "weight is None"),
        (lambda rows: first(rows).update(key=None), "key is missing"),
        (lambda rows: first(rows).update(uri=""), "uri is missing"),
    ],
)  # fmt: skip
def test_values_that_contradict_each_other(file, change, message, tmp_path) -> None:
    rewritten(file, change)
    with pytest.raises(FormatError, match=message) as caught:
        read(file)
    assert caught.value.file == file
    assert "sample" in caught.value.record
    classes, samples = snapshot.read(file)
    with pytest.raises(FormatError):
        import_samples(tmp_path / "new" / "set", classes, samples, "import")
    assert not (tmp_path / "new" / "set").exists()


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ("{", "its description: cannot be read"), ("5", "wrong kind"), ('{"version": 1}', "lacks 'classes'"),
        ('{"classes": [{"id": 1}]}', "lacks 'name'"), ('{"version": 99, "classes": []}', "version 99"),
        ('{"version": "x", "classes": []}', "version x"), ("[" * 100_000, "nested too deeply"),
        ('{"classes": [{"id": 1e400, "name": "a"}]}', "cannot be read"),
    ],
)  # fmt: skip
def test_a_description_that_is_none(file, described, message) -> None:
    table = parquet.read_table(file)
    parquet.write_table(table.replace_schema_metadata({b"maskwright": described.encode()}), file)
    with pytest.raises(FormatError, match=message):
        snapshot.read(file)


def test_columns_that_are_missing_or_of_another_type(file) -> None:
    table = parquet.read_table(file)
    for name in table.column_names:
        parquet.write_table(table.drop_columns([name]), file)
        with pytest.raises(FormatError, match=f"lacks the column '{name}'"):
            snapshot.read(file)
    words = table.set_column(2, "height", pa.array(["tall"] * 4))
    parquet.write_table(words, file)
    with pytest.raises(FormatError, match="not a readable Parquet file"):
        read(file)
    wider = table.set_column(2, "height", table.column("height").cast(pa.int64()))
    parquet.write_table(wider, file)
    assert len(read(file)[1]) == 4


def test_bytes_that_are_broken(file) -> None:
    whole = file.read_bytes()
    refused = 0
    for place in range(4, len(whole), 97):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            read(file)
        except FormatError as error:
            refused += 1
            assert str(file) in str(error)
    assert refused
    file.write_bytes(whole)
    assert isinstance(read(file)[0], Classes)
    for other in (b"", b"PAR1", whole[: len(whole) // 2]):
        file.write_bytes(other)
        with pytest.raises(FormatError, match="not a readable Parquet file"):
            snapshot.read(file)
    with pytest.raises(FormatError, match="no such file"):
        snapshot.read(file.with_name("absent.parquet"))
    parquet.write_table(pa.table({"x": [1]}), file)
    with pytest.raises(FormatError, match="not written as a snapshot"):
        snapshot.read(file)


def test_a_snapshot_is_of_one_revision_and_replaces_nothing_unasked(
    tmp_path, make_samples, classes, monkeypatch
) -> None:
    with Dataset.create(tmp_path / "dataset", classes) as dataset:
        with dataset.edit("add") as edit:
            for sample in make_samples(6):
                edit.add(sample)
        file = tmp_path / "view.parquet"
        left = tmp_path / ".view.parquet.999999999.part"  # of a process that is gone
        left.write_bytes(b"half")
        monkeypatch.setattr(snapshot, "GROUP", 2)
        before = snapshot._row

        def meanwhile(sample, *own):
            with dataset.edit("meanwhile") as edit:
                for key in dataset.keys():  # noqa: SIM118
                    edit.set_fields(key, {"stamp": dataset.revision})
            return before(sample, *own)

        monkeypatch.setattr(snapshot, "_row", meanwhile)
        assert snapshot.write(dataset, file) == 6
        assert {str(dict(sample.fields)) for sample in snapshot.read(file)[1]} == {"{}"}
        assert not left.exists()
        with pytest.raises(UsageError, match="--overwrite"):
            snapshot.write(dataset, file)
        monkeypatch.setattr(snapshot, "_row", before)
        assert snapshot.write(dataset, file, overwrite=True) == 6
        assert "stamp" in next(iter(snapshot.read(file)[1])).fields


def test_a_full_disk_leaves_no_snapshot(tmp_path, make_samples, classes, monkeypatch) -> None:
    from pyarrow import parquet

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Dataset.create(tmp_path / "dataset", classes) as dataset:
        with dataset.edit("add") as edit:
            for sample in make_samples(2):
                edit.add(sample)
        monkeypatch.setattr(parquet.ParquetWriter, "write_table", full)
        with pytest.raises(FormatError, match="the disk is full"):
            snapshot.write(dataset, tmp_path / "view.parquet")
    assert not list(tmp_path.glob("*view.parquet*"))
    assert not list(tmp_path.glob(".*"))
