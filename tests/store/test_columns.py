"""Columns: declared, taken from values, checked, widened, dropped, set in bulk, in Parquet and on the command line."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from maskwright.cli import main
from maskwright.core.classes import Class, Classes
from maskwright.core.columns import BUILT_IN, Column
from maskwright.core.drawn import stated_area
from maskwright.core.kinds import KINDS, kind_of
from maskwright.core.mask import Mask
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.store import Dataset, snapshot, transfer

SIZE = (4, 5)


def sample(key: str, attributes: dict[str, Any] | None = None, **fields: Any) -> Sample:
    segments = Segments(Mask.encode(np.ones(SIZE, bool)).batch, [1], attributes=[attributes or {}])
    return Sample(key, ImageRef(f"/images/{key}.png", SIZE), segments, fields=fields)


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    with Dataset.create(tmp_path / "set", Classes([Class(1, "cell")])) as made:
        yield made


def fill(dataset: Dataset, *samples: Sample) -> None:
    with dataset.edit("fill") as edit:
        for row in samples:
            edit.add(row, hash_image=False)


def kinds(dataset: Dataset) -> dict[str, str]:
    return {column.name: column.kind for column in dataset.columns}


@pytest.mark.parametrize(
    ("column", "value", "stored"),
    [
        (Column("a", "number"), np.float32(1.5), 1.5),
        (Column("a", "number"), 3, 3.0),
        (Column("a", "integer"), np.uint8(3), 3),
        (Column("a", "integer"), 3.0, 3),
        (Column("a", "integer"), 2**62 + 1, 2**62 + 1),
        (Column("a", "integer"), np.int64(2**62 + 1), 2**62 + 1),
        (Column("a", "text"), "", ""),
        (Column("a", "category", values=("x", "y")), "y", "y"),
        (Column("a", "bool"), np.True_, True),
        (Column("a", "time"), "2024-05-01T12:30:00+02:00", "2024-05-01T10:30:00.000000+00:00"),
        (Column("a", "time"), "2024-05-01", "2024-05-01T00:00:00.000000"),
        (Column("a", "box"), (0, 1, 2, 3.5), [0.0, 1.0, 2.0, 3.5]),
        (Column("a", "points"), [(1, 2, 0), [3.5, 4, 2]], [[1.0, 2.0, 0.0], [3.5, 4.0, 2.0]]),
        (Column("a", "reference"), "train/0001", "train/0001"),
        (Column("a", "number", low=0), None, None),
    ],
)
def test_a_value_is_stored_as_its_column_has_it(column: Column, value: Any, stored: Any) -> None:
    assert column.check(value) == stored
    assert type(column.check(value)) is type(stored)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column("a", "number"), "3"), (Column("a", "number"), True), (Column("a", "number"), float("nan")),
        (Column("a", "number", low=0, high=1), 1.5), (Column("a", "integer"), 1.5), (Column("a", "integer"), 2**63),
        (Column("a", "integer"), float("inf")), (Column("a", "integer"), float("nan")), (Column("a", "json"), {1}),
        (Column("a", "json"), [float("nan")]), (Column("a", "json"), np.zeros(2)),
        (Column("a", "text"), 3), (Column("a", "text"), "a\0"), (Column("a", "category", values=("x",)), "y"),
        (Column("a", "bool"), "yes"), (Column("a", "time"), "yesterday"), (Column("a", "box"), (3, 0, 2, 1)),
        (Column("a", "box"), 7), (Column("a", "points"), [[1, 2]]),
        (Column("a", "points"), [[1, 2, 3]]), (Column("a", "points"), 5), (Column("a", "vector", length=3), [1, 2]),
        (Column("a", "vector", length=2), [1, float("inf")]),
    ],
)  # fmt: skip
def test_another_value_is_refused_and_the_column_is_named(column: Column, value: Any) -> None:
    with pytest.raises(UsageError, match="the column 'a': the value is"):
        column.check(value)


@pytest.mark.parametrize(
    "parts",
    [
        {"name": "a b", "kind": "number"}, {"name": "", "kind": "number"}, {"name": "a", "kind": "colour"},
        {"name": "a", "kind": "category"}, {"name": "a", "kind": "category", "values": ("x", "x")},
        {"name": "a", "kind": "number", "values": ("x",)}, {"name": "a", "kind": "text", "low": 1},
        {"name": "a", "kind": "number", "low": 2, "high": 1}, {"name": "a", "kind": "vector"},
        {"name": "a", "kind": "number", "length": 3}, {"name": "a", "kind": "vector", "length": 0},
        {"name": "a", "kind": "number", "owner": "world"},
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_together_are_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Column(**parts)


def test_a_definition_comes_back_from_json() -> None:
    for kind in KINDS:
        more: dict[str, Any] = {"values": ("a", "b")} if kind == "category" else {}
        more |= {"length": 4, "dtype": "float16"} if kind == "vector" else {}
        column = Column("x", kind, "segment", unit="mm", description="said", **more)
        assert Column.from_json(json.loads(json.dumps(column.to_json()))) == column
    with pytest.raises(UsageError, match="no part 'colour'"):
        Column.from_json({"name": "a", "kind": "number", "colour": "red"})


def test_every_name_that_comes_in_has_a_kind(dataset: Dataset) -> None:
    fill(
        dataset,
        sample("a", {"area": 3.5}, temp=1, sun=True, words="x", mixed=1, nothing=None),
        sample("b", temp=2.5, mixed="x", nested={"a": 1}),
    )
    assert kinds(dataset) == {
        "temp": "number", "sun": "bool", "words": "text", "mixed": "json", "nested": "json", "area": "number",
    }  # fmt: skip
    assert [column.owner for column in dataset.columns if column.name == "area"] == ["segment"]
    assert not any(column.declared for column in dataset.columns)
    assert dataset.columns["temp"].kind == "number"
    with pytest.raises(UsageError, match="no column 'temperature'"):
        dataset.columns["temperature"]
    assert dataset.check() == []


def test_what_an_edit_gives_up_leaves_no_column(dataset: Dataset) -> None:
    with pytest.raises(RuntimeError), dataset.edit("x") as edit:
        edit.add(sample("a", temp=1), hash_image=False)
        raise RuntimeError
    assert kinds(dataset) == {}


def test_a_declared_column_takes_its_own_values_only(dataset: Dataset) -> None:
    fill(dataset, sample("a"))
    revision = dataset.revision
    dataset.columns.add("temperature", "float", unit="°C", low=-90)
    assert dataset.revision == revision + 1
    assert dataset.log()[0].summary == {"columns added": 1}
    for wrong in ("warm", -100, True):
        with pytest.raises(UsageError, match="the column 'temperature'") as caught, dataset.edit("x") as edit:
            edit.set_fields("a", {"temperature": wrong})
        assert "sample 'a'" in str(caught.value)
    with dataset.edit("x") as edit:
        edit.set_fields("a", {"temperature": 3})
    assert repr(dataset["a"].fields["temperature"]) == "3.0"
    with pytest.raises(UsageError, match="already"):
        dataset.columns.add("temperature", "text")
    with pytest.raises(UsageError, match="every sample has"):
        dataset.columns.add("split", "text")
    with pytest.raises(UsageError, match="has no kind"):
        dataset.columns.add("bare")
    with pytest.raises(UsageError, match="no part 'units'"):
        dataset.columns.add("bare", "number", units="K")


def test_values_that_are_there_must_fit_and_become_the_columns(dataset: Dataset) -> None:
    fill(dataset, sample("a", when="2024-05-01"), sample("b", {"depth": 3}, when="soon"), sample("c"))
    with pytest.raises(UsageError, match="sample 'b'"):
        dataset.columns.add("when", "time")
    assert kinds(dataset) == {"when": "text", "depth": "integer"}
    with dataset.edit("x") as edit:
        edit.set_fields("b", {"when": "2024-05-02T00:00:00+00:00"})
    dataset.columns.add("when", "time")
    dataset.columns.add("depth", "number", owner="segment")
    assert dataset["a"].fields["when"] == "2024-05-01T00:00:00.000000"
    assert repr(dataset["b"].segments.attributes[0]["depth"]) == "3.0"
    assert kinds(dataset) == {"when": "time", "depth": "number"}
    with pytest.raises(UsageError, match="segment 1"), dataset.edit("x") as edit:
        edit.set_segment("b", 1, attributes={"depth": "deep"})
    assert dataset.check() == []


def test_a_dropped_column_is_in_earlier_revisions(dataset: Dataset) -> None:
    fill(dataset, sample("a", {"depth": 1}, temp=1), sample("b", temp=2, other=3))
    before = dataset.revision
    dataset.columns.drop("temp")
    dataset.columns.drop("depth", owner="segment")
    assert kinds(dataset) == {"other": "integer"}
    assert [row.fields for row in dataset] == [{}, {"other": 3}]
    assert [row.fields for row in dataset.at(before)] == [{"temp": 1}, {"temp": 2, "other": 3}]
    with pytest.raises(UsageError, match="no column 'temp'"):
        dataset.columns.drop("temp")
    dataset.restore(before)
    assert kinds(dataset) == {"temp": "integer", "other": "integer", "depth": "integer"}
    assert dataset["a"].segments.attributes == [{"depth": 1}]
    assert dataset.check() == []


def test_bulk_set_is_previewed_and_one_revision(dataset: Dataset) -> None:
    fill(dataset, *(sample(f"k{i:02d}", temp=i) for i in range(30)))
    dataset.columns.add("checked", "bool")
    revision = dataset.revision
    told = dataset.set_where("temp >= 10", {"split": "val", "checked": True}, dry_run=True)
    assert (told.matched, told.changed, len(told.first)) == (20, 20, 10)
    assert told.first[0].key == "k10"
    assert told.first[0].before == {"split": None, "checked": None}
    assert told.first[0].after == {"split": "val", "checked": True}
    assert dataset.revision == revision
    assert dataset.set_where("temp >= 10", {"split": "val", "checked": True}) == told
    assert dataset.revision == revision + 1
    assert dataset.log()[0].summary == {"samples changed": 20}
    again = dataset.set_where("temp >= 5", {"split": "val"})
    assert (again.matched, again.changed) == (25, 5)
    assert dataset.set_where("", {"checked": None}).changed == 20
    assert "checked" not in dataset["k20"].fields
    assert dataset.splits() == {None: 5, "val": 25}
    for values in ({"split": 3}, {"unknown": 1}, {"checked": "maybe"}, {"key": "x"}, {"height": 3}):
        with pytest.raises(UsageError):
            dataset.set_where("", values)
    assert dataset.check() == []


def test_a_limit_chooses_once(dataset: Dataset) -> None:
    fill(dataset, *(sample(f"k{i:02d}", temp=i) for i in range(30)))
    assert dataset.set_where("weight = 1 order by temp desc limit 4", {"weight": 2}).changed == 4
    assert dataset.where("weight = 2").keys() == ["k26", "k27", "k28", "k29"]


def test_a_virtual_column_is_of_its_expressions_kind(dataset: Dataset) -> None:
    fill(dataset, *(sample(f"k{i}", temp=i) for i in range(4)))
    assert dataset.columns.add("double", expression="temp * 2").kind == "number"
    assert dataset.columns.add("warm", expression="temp > 1").kind == "bool"
    assert dataset.where("double = 6 and warm").keys() == ["k3"]
    with pytest.raises(UsageError, match="nothing"):
        dataset.columns.add("broken", expression="nothing * 2")
    with pytest.raises(UsageError, match="computed"), dataset.edit("x") as edit:
        edit.set_fields("k1", {"double": 3})
    with pytest.raises(UsageError, match="computed"):
        dataset.set_where("", {"double": 3})


def test_parquet_and_back(dataset: Dataset, tmp_path: Path) -> None:
    from pyarrow import parquet

    dataset.columns.add("temperature", "number", unit="°C")
    dataset.columns.add("depth", "category", owner="segment", values=("near", "far"))
    segments = Segments(
        Mask.encode(np.ones(SIZE, bool)).batch, [1], attributes=[{"depth": "far", "mixed": [1]}],
        more={"annotator": ["ann"], "parent": [7], "geometry": [{"box": [0, 0, 1, 1]}]},
    )  # fmt: skip
    rich = Sample(
        "rich", ImageRef("/images/rich.png", SIZE), segments, fields={"temperature": 1, "n": None, "key": "?"}
    )
    fill(dataset, rich, sample("bare", temp=2), sample("odd", temp="x"))
    snapshot.write(dataset, tmp_path / "view.parquet")
    table = parquet.read_table(tmp_path / "view.parquet")
    assert table.column("temperature").to_pylist() == [1.0, None, None]
    assert table.column("key").to_pylist() == ["rich", "bare", "odd"]
    classes, samples = snapshot.read(tmp_path / "view.parquet")
    assert list(samples) == list(dataset)
    transfer.import_samples(
        tmp_path / "again", classes, snapshot.read(tmp_path / "view.parquet")[1], "back", hash_images=False,
        columns=snapshot.columns(tmp_path / "view.parquet"),
    )  # fmt: skip
    with Dataset.open(tmp_path / "again") as again:
        assert list(again) == list(dataset)
        assert list(again.columns) == list(dataset.columns)
        assert again["rich"].segments.column("annotator") == ("ann",)


def test_vectors_go_through_parquet(dataset: Dataset, tmp_path: Path) -> None:
    fill(dataset, sample("a"), sample("b"), sample("c"))
    rng = np.random.default_rng(0)
    of_samples, of_segments = rng.normal(size=(2, 5)).astype(np.float16), rng.normal(size=(2, 3)).astype(np.float32)
    dataset.columns.add("embedding", "vector", length=5, dtype="float16")
    dataset.vectors.write("embedding", ["c", "a"], of_samples)
    dataset.vectors.write("shape", ["b", "c"], of_segments, segments=[1, 1])
    snapshot.write(dataset, tmp_path / "view.parquet")
    classes, samples = snapshot.read(tmp_path / "view.parquet")
    transfer.import_samples(
        tmp_path / "again", classes, samples, "back", hash_images=False,
        columns=snapshot.columns(tmp_path / "view.parquet"),
        vector_groups=snapshot.read_vectors(tmp_path / "view.parquet"),
    )  # fmt: skip
    with Dataset.open(tmp_path / "again") as again:
        assert list(again) == list(dataset)
        assert list(again.columns) == list(dataset.columns)
        assert np.array_equal(again.vectors.read("embedding", ["c", "a"]), of_samples)
        assert np.isnan(again.vectors.read("embedding", ["b"])).all()
        assert np.array_equal(again.vectors.read("shape", ["b", "c"], segments=[1, 1]), of_segments)
    dataset.columns.drop("embedding")
    with pytest.raises(UsageError):
        dataset.vectors.read("embedding", ["a"])
    assert np.array_equal(dataset.vectors.read("embedding", ["c", "a"], among=dataset.at("head~")), of_samples)
    assert dataset.check() == []


def test_a_field_called_state_is_not_the_workflows(dataset: Dataset) -> None:
    fill(dataset, sample("a", state="Bavaria"), sample("b"))
    assert dataset.where("fields.state = 'Bavaria'").keys() == ["a"]
    assert dataset.where("state is null").keys() == ["a", "b"]
    assert dataset.table(columns=["key", "state"]).column("state").to_pylist() == [None, None]
    assert dataset.table().column("fields.state").to_pylist() == ["Bavaria", None]
    with pytest.raises(UsageError, match=r"fields\.state"):
        dataset.set_where("", {"state": "Hesse"})
    assert dataset.set_where("key = 'b'", {"fields.state": "Hesse"}).changed == 1


def test_what_was_drawn_is_a_copy() -> None:
    drawn = {"rings": [[0, 0]]}
    segments = Segments(Mask.encode(np.ones(SIZE, bool)).batch, [1], more={"geometry": [drawn]})
    drawn["rings"].append([1, 1])
    assert segments.column("geometry") == ({"rings": [[0, 0]]},)
    with pytest.raises(ValueError, match="what JSON holds"):
        Segments(Mask.encode(np.ones(SIZE, bool)).batch, [1], more={"geometry": [np.zeros(2)]})


def test_an_edit_goes_on_as_it_was_after_a_refusal(dataset: Dataset) -> None:
    fill(dataset, sample("a", temp=1, words="x"))
    dataset.columns.add("double", expression="temp * 2")
    with dataset.edit("x") as edit:
        before = edit.columns()
        with pytest.raises(UsageError):
            edit.drop_column("temp")
        with pytest.raises(UsageError):
            edit.add_column(Column("words", "number"))
        assert edit.columns() == before
        edit.set_fields("a", {"words": "y"})
    assert kinds(dataset) == {"temp": "integer", "words": "text", "double": "number"}
    assert dataset.where("double = 2").keys() == ["a"]


def test_no_time_is_refused(dataset: Dataset) -> None:
    fill(dataset, sample("a"))
    for nothing in (np.datetime64("NaT"), pd.NaT):
        with pytest.raises(UsageError, match="NaT"), dataset.edit("x") as edit:
            edit.set_fields("a", {"when": nothing})


def test_vectors_of_a_broken_file_are_one_sentence(dataset: Dataset, tmp_path: Path) -> None:
    fill(dataset, *(sample(f"k{i}") for i in range(300)))
    values = np.random.default_rng(0).normal(size=(300, 64)).astype(np.float32)
    dataset.vectors.write("embedding", dataset.keys(), values)
    snapshot.write(dataset, tmp_path / "view.parquet")
    raw = bytearray((tmp_path / "view.parquet").read_bytes())
    raw[4 : len(raw) // 2] = bytes(len(raw) // 2 - 4)
    (tmp_path / "view.parquet").write_bytes(raw)
    with pytest.raises(FormatError):
        list(snapshot.read_vectors(tmp_path / "view.parquet"))


def test_a_table_has_every_column_and_what_is_computed(dataset: Dataset) -> None:
    fill(dataset, sample("a", {"depth": 2}, temp=1, split="x"), sample("b", {"depth": 3}, temp=2), sample("c"))
    dataset.columns.add("double", expression="temp * 2")
    dataset.columns.add("near", expression="depth < 3 and temp = 1", owner="segment")
    table = dataset.where("order by key desc").table()
    assert table.column_names == [
        "key", "uri", "height", "width", "checksum", "video", "frame", "split", "weight", "temp", "fields.split", "double",
    ]  # fmt: skip
    assert table.column("key").to_pylist() == ["c", "b", "a"]
    assert table.column("double").to_pylist() == [None, 4.0, 2.0]
    assert table.column("fields.split").to_pylist() == [None, None, "x"]
    segments = dataset.table("segment", columns=["key", "class", "area", "near", "depth + 1", "num_segments"])
    assert segments.to_pydict() == {
        "key": ["a", "b", "c"], "class": ["cell"] * 3, "area": [20] * 3, "near": [True, False, False],
        "depth + 1": [3.0, 4.0, None], "num_segments": [1, 1, 1],
    }  # fmt: skip
    assert str(segments.schema.field("num_segments").type) == "int64"
    for wrong in ("nothing", "temp +", "area"):
        with pytest.raises(UsageError):
            dataset.table(columns=[wrong])
    assert dataset.where("key = 'nobody'").table().num_rows == 0
    assert dataset.table().to_pandas()["temp"].sum() == 3


def test_an_area_that_was_stated_goes_with_the_mask_it_was_of(dataset: Dataset) -> None:
    segments = Segments(
        Mask.encode(np.ones(SIZE, bool)).batch, [1], attributes=[{"area": 19.5, "a": 1}],
        more={"geometry": [{"shape": "runs", "area": 19.25}]},
    )  # fmt: skip
    fill(dataset, Sample("a", ImageRef("/images/a.png", SIZE), segments))
    with dataset.edit("x") as edit:
        edit.set_segment("a", 1, mask=segments.masks[0], score=0.5)
    assert stated_area(dataset["a"].segments, 0) == 19.25
    with dataset.edit("x") as edit:
        edit.set_segment("a", 1, mask=Mask.encode(np.eye(4, 5, dtype=bool)))
    assert dataset["a"].segments.attributes == [{"a": 1}]
    assert stated_area(dataset["a"].segments, 0) is None
    with dataset.edit("x") as edit:
        edit.set_segment("a", 1, mask=segments.masks[0], attributes={"area": 3.5})
    assert stated_area(dataset["a"].segments, 0) == 3.5, "as it was said"
    assert dataset.check() == []


def test_a_segment_keeps_what_was_drawn_as_long_as_it_is_the_mask(dataset: Dataset) -> None:
    drawn = {"rings": [[[0, 0], [5, 0], [5, 4], [0, 4]]]}
    segments = Segments(Mask.encode(np.ones(SIZE, bool)).batch, [1], more={"geometry": [drawn], "annotator": ["ann"]})
    fill(dataset, Sample("a", ImageRef("/images/a.png", SIZE), segments))
    assert dataset["a"].segments == segments
    with dataset.edit("x") as edit:
        edit.set_segment("a", 1, score=0.5, annotator="bob", parent=3)
    assert dataset["a"].segments.column("geometry") == (drawn,)
    with dataset.edit("x") as edit:
        edit.set_segment("a", 1, mask=Mask.encode(np.eye(4, 5, dtype=bool)))
    assert dataset["a"].segments.column("geometry") == (None,)
    assert dataset["a"].segments.column("annotator") == ("bob",)
    assert dataset["a"].segments.column("parent") == (3,)
    assert dataset.at(2)["a"].segments == segments
    assert dataset.check() == []


def test_the_command_line_declares_lists_sets_and_drops(dataset: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    fill(dataset, *(sample(f"k{i}") for i in range(12)))
    place = str(dataset.database.place)

    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as stop:
            main(words)
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out + said.err

    assert run("columns", place, "add", "temperature", "float", "--unit", "°C", "--low", "-90")[0] == 0
    assert run("columns", place, "add", "weather", "category", "--values", "sun, rain")[0] == 0
    code, said = run("columns", place)
    assert code == 0
    assert "°C" in said
    assert "sun, rain" in said
    code, said = run("set", place, "temperature=3", "weather=sun", "--where", "key < 'k5'", "--dry-run")
    assert code == 0
    assert "would change" in said
    assert dataset["k0"].fields == {}
    code, said = run("set", place, "temperature=3", "weather=sun", "split=val", "--where", "key < 'k5'", "--json")
    assert json.loads(said)["changed"] == 7  # k10 and k11 among them
    assert dataset["k0"].fields == {"temperature": 3.0, "weather": "sun"}
    for words in (
        ("temperature=warm",),
        ("weather=snow",),
        ("nothing=1",),
        ("temperature",),
        ("weather=sun", "weather=rain"),
    ):
        code, said = run("set", place, *words, "--all")
        assert code == 2, said
        assert said.startswith("maskwright: ")
    code, said = run("show", place)
    assert "columns: temperature (number), weather (category)" in said
    code, said = run("show", place, "k0")
    assert "temperature: 3.0" in said
    code, said = run("show", place, "--where", "order by key desc limit 2", "--table", "key,weather")
    assert said.splitlines()[1].split() == ["k9", "-"]
    assert run("set", place, "split=val")[0] == 2
    assert run("set", place, "split=val", "--where", "")[0] == 2
    assert run("set", place, "split=val", "--where", "key = 'k1'", "--all")[0] == 2
    assert run("set", place, "--all")[0] == 2
    code, said = run("set", place, "--from", str(Path(place) / "nowhere.csv"))
    assert code in (1, 2)
    assert said.startswith("maskwright: ")
    assert run("show", place, "k1", "--table", "key")[0] == 2
    assert run("set", place, "temperature=", "--all")[0] == 0
    assert dataset["k0"].fields == {"weather": "sun"}
    assert run("columns", place, "drop", "weather")[0] == 0
    assert dataset["k0"].fields == {}
    assert run("columns", place, "drop")[0] == 2
    assert run("columns", place, "list", "x")[0] == 2
    assert run("columns", place, "add", "x", "colour")[0] == 2


@pytest.mark.parametrize(
    "parts",
    [
        {"unit": 5}, {"low": "0"}, {"low": float("nan")}, {"description": 5}, {"values": "sand"}, {"display": 3},
        {"kind": "integer", "low": 0.5}, {"kind": "vector", "length": 2.5}, {"expression": 3},
    ],
)  # fmt: skip
def test_parts_of_another_kind_are_refused(dataset: Dataset, parts: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="the column 'a'"):
        dataset.columns.add("a", **{"kind": "number", **parts})
    assert kinds(dataset) == {}


def test_names_that_mean_something_else_are_refused(dataset: Dataset) -> None:
    for name in ("area", "class", "limit", "not", "state", "num_segments", "key"):
        with pytest.raises(UsageError, match="another name"):
            dataset.columns.add(name, "number")


def test_a_column_that_others_are_computed_from_is_not_dropped(dataset: Dataset) -> None:
    fill(dataset, sample("a", temp=1))
    dataset.columns.add("double", expression="temp * 2")
    dataset.columns.add("more", expression="double + 1")
    for name, needed in (("temp", "double"), ("double", "more")):
        with pytest.raises(UsageError, match=f"'{needed}' is computed from '{name}'"):
            dataset.columns.drop(name)
    for name in ("more", "double", "temp"):
        dataset.columns.drop(name)
    assert kinds(dataset) == {}


def test_a_diff_tells_columns_and_values(dataset: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    fill(dataset, sample("a", temp=1), sample("b"))
    dataset.columns.add("seen", "bool")
    dataset.set_where("key = 'a'", {"seen": True, "split": "val"})
    changes = dataset.diff("head~2")
    assert [(change.kind, change.what, change.key, change.values) for change in changes] == [  # noqa: PD011 - not of a table
        ("column", "added", "seen", ()), ("sample", "changed", "a", (("split", None, "val"), ("seen", None, True))),
    ]  # fmt: skip
    with pytest.raises(SystemExit):
        main(["diff", str(dataset.database.place), "head~2"])
    assert "changed  sample a: split None -> val, seen None -> True" in capsys.readouterr().out


def test_times_come_in_as_python_has_them(dataset: Dataset) -> None:
    fill(dataset, sample("a"))
    dataset.columns.add("taken", "time")
    for when in (datetime(2024, 5, 1, 12, tzinfo=UTC), np.datetime64("2024-05-01T12:00"), date(2024, 5, 1)):
        with dataset.edit("x") as edit:
            edit.set_fields("a", {"taken": when})
        assert dataset["a"].fields["taken"].startswith("2024-05-01T")


CSV = """image,temp,weather,seen,taken,note
a.png,21.5,sun,yes,2024-05-01T10:00:00+02:00,first
b,,rain,no,2024-05-02,
c,-3,sun,no,2024-05-03,3
"""


def test_values_come_from_a_csv_file(dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(dataset, sample("a"), sample("b"), sample("train/c"))
    dataset.columns.add("taken", "time")
    dataset.columns.add("temp", "number", low=-10)
    (tmp_path / "values.csv").write_text(CSV)
    place, before = str(dataset.database.place), dataset.revision
    told = dataset.set_from(tmp_path / "values.csv", dry_run=True)
    assert (told.matched, told.changed, dataset.revision) == (3, 3, before)
    with pytest.raises(SystemExit) as stop:
        main(["set", place, "--from", str(tmp_path / "values.csv"), "--key", "image"])
    assert stop.value.code in (0, None)
    assert "3 of the 3" in capsys.readouterr().out
    assert dataset.revision == before + 1
    assert kinds(dataset) == {"taken": "time", "temp": "number", "weather": "text", "seen": "bool", "note": "text"}
    assert dataset["a"].fields == {
        "temp": 21.5, "weather": "sun", "seen": True, "taken": "2024-05-01T08:00:00.000000+00:00", "note": "first",
    }  # fmt: skip
    assert "temp" not in dataset["b"].fields
    assert dataset["train/c"].fields["note"] == "3"
    assert dataset.set_from(tmp_path / "values.csv").changed == 0
    assert dataset.check() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "first line"), ("image\na\n", "first line"), ("image,image\na,1\n", "first line"),
        ("image,temp\nnobody,1\n", "line 2.*no sample 'nobody'"), ("image,temp\na,1\na,2\n", "line 3.*twice"),
        ("image,temp\na,1,2\n", "line 2 has 3 cells"), ("image,temp\nb,1\na,warm\n", "line 3.*'temp'"),
        ("image,temp\na,-11\n", "line 2.*'temp'"),
    ],
)  # fmt: skip
def test_a_csv_file_that_does_not_fit_changes_nothing(dataset: Dataset, tmp_path: Path, text: str, said: str) -> None:
    fill(dataset, sample("a"), sample("b"))
    dataset.columns.add("temp", "number", low=-10)
    (tmp_path / "values.csv").write_text(text)
    before = dataset.revision
    with pytest.raises((FormatError, UsageError), match=said):
        dataset.set_from(tmp_path / "values.csv")
    assert dataset.revision == before
    with pytest.raises((FormatError, UsageError, OSError)):
        dataset.set_from(tmp_path / "nowhere.csv")


def test_kinds_of_values() -> None:
    assert [kind_of(value) for value in (None, True, 1, 1.0, "a", [1], 2**70)] == [
        None, "bool", "integer", "number", "text", "json", "json",
    ]  # fmt: skip
    assert {column.owner for columns in BUILT_IN.values() for column in columns} == set(BUILT_IN)
