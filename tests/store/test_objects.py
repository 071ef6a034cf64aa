"""Datasets and views as Python's objects: in, slices, repr, pickle, copies, equality, use after closing."""

import copy
import inspect
import multiprocessing
import os
import pickle
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sql
from databases import tell_place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwright.core.classes import Class, Classes
from maskwright.core.columns import Column
from maskwright.core.mask import Mask
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.core.sequence import Sequence
from maskwright.errors import ConflictError, DatasetError, UsageError
from maskwright.runs import Run, RunRecord
from maskwright.store import Dataset, Edit, View
from maskwright.store import connection as opening
from maskwright.store.connection import is_url
from maskwright.store.origin import Origin

SIZE = (3, 4)
SPLITS = ("train", "val")


def bare(key: str, split: str | None = None) -> Sample:
    return Sample(key, ImageRef("/nowhere/x.png", SIZE), Segments.none(SIZE), split=split)


@pytest.fixture
def filled(place: str, classes: Classes):
    """Seven samples, k0 … k6, of which k1, k3 and k5 are for validation; the key "3" is at the end."""
    with Dataset.create(place, classes) as dataset:
        with dataset.edit("add", author="ann") as edit:
            for number in range(7):
                edit.add(bare(f"k{number}", SPLITS[number % 2]))
            edit.add(bare("3"))
        yield dataset


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory):
    """A dataset that nobody changes, and its keys."""
    with Dataset.create(tmp_path_factory.mktemp("alike") / "d") as dataset:
        with dataset.edit("add") as edit:
            for number in range(9):
                edit.add(bare(f"k{number}", SPLITS[number % 2]))
        yield dataset


def keys(samples: list[Sample]) -> list[str]:
    return [sample.key for sample in samples]


# -- in, positions, slices ---------------------------------------------------------------------------------------------


def test_in_asks_for_a_key(filled: Dataset) -> None:
    view = filled.where("split = 'val'")
    assert "k1" in filled
    assert "k1" in view
    assert "k0" not in view
    assert "nobody" not in filled
    assert "a\0b" not in filled
    for other in (3, None, 1.5, ("k1",), b"k1"):
        assert other not in filled
    with filled.edit("accents") as edit:
        edit.add(bare("caf\u00e9"))
    assert "cafe\u0301" in filled
    assert "caf\u00e9" not in filled.at("head~")
    with pytest.raises(TypeError, match=r"sample\.key in dataset"):
        assert filled["k1"] in filled
    with pytest.raises(TypeError, match="unhashable"):
        assert ["k1"] in filled


def questions(dataset: Dataset, work: Callable[[], object]) -> int:
    """How many samples' rows `work` reads, and that it does not go through all."""
    rows: list[int] = []

    def fetched(*given: Any) -> None:
        rows.append(len(given[2]))

    whole = View._fetch

    def counted(self: View, connection: Any, chunk: list[int]) -> Any:
        fetched(self, connection, chunk)
        return whole(self, connection, chunk)

    View._fetch = counted  # type: ignore[method-assign]
    try:
        work()
    finally:
        View._fetch = whole  # type: ignore[method-assign]
    return sum(rows)


def test_in_reads_no_sample_and_a_slice_reads_what_it_names(filled: Dataset) -> None:
    assert questions(filled, lambda: "k1" in filled) == 0
    assert questions(filled, lambda: filled[2:4]) == 2
    assert questions(filled, lambda: filled[::3]) == 3
    assert questions(filled, lambda: filled[-1]) == 1
    assert questions(filled, lambda: filled[5:5]) == 0
    assert questions(filled, lambda: repr(filled)) == 0


def test_positions_and_slices(filled: Dataset) -> None:
    view = filled.where("split = 'val'")
    assert [filled[0].key, filled[6].key, filled[-1].key, filled[-8].key] == ["k0", "k6", "3", "k0"]
    assert (filled[3].key, filled["3"].key) == ("k3", "3"), "text is a key, a number is a position"
    assert view[np.int64(1)].key == "k3"
    assert keys(filled[:2]) == ["k0", "k1"]
    assert keys(filled[5:]) == ["k5", "k6", "3"]
    assert keys(view[::-1]) == ["k5", "k3", "k1"]
    assert keys(list(reversed(view))) == ["k5", "k3", "k1"]
    assert filled[100:] == []
    for place in (8, -9, 10**30, -(10**30)):
        with pytest.raises(IndexError, match="among 8"):
            filled[place]
    with pytest.raises(IndexError):
        filled.where("split = 'nothing'")[0]
    with pytest.raises(ValueError, match="zero"):
        filled[::0]
    with pytest.raises(TypeError):
        filled["a":"b"]  # type: ignore[misc]


ENDS = st.none() | st.integers(-12, 12)


@given(ENDS, ENDS, st.none() | st.integers(-4, 4).filter(bool), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_slice_is_what_a_list_gives(alike: Dataset, start: Any, stop: Any, step: Any, part: bool) -> None:
    view = alike.where("split = 'val'") if part else alike
    assert keys(view[start:stop:step]) == view.keys()[start:stop:step]


def test_a_slice_is_of_one_revision(filled: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = View._numbers_at

    def disturbed(self: View, positions: slice) -> list[int]:
        with filled.edit("between") as edit:
            edit.remove("k0")
        return whole(self, positions)

    monkeypatch.setattr(View, "_numbers_at", disturbed)
    assert keys(filled[:2]) == ["k0", "k1"]


# -- repr --------------------------------------------------------------------------------------------------------------


def test_a_repr_tells_place_revision_samples_classes_and_conditions(filled: Dataset, place: str) -> None:
    assert repr(filled).startswith(f"Dataset({filled.place!r}, revision 2, 8 samples, 5 classes: cat, dog, ")
    view = filled.where("split = 'val'").where("height < 10")
    assert "revision 2, where split = 'val', where height < 10, 3 samples" in repr(view)
    assert repr(view).startswith("View(")
    assert "revision 1, 0 samples" in repr(filled.at(1))
    with filled.edit("more") as edit:
        edit.set_classes(Classes([*filled.classes, *(Class(200 + k, f"n{k}") for k in range(9))]))
        edit.remove("k0")
    assert "revision 3, 7 samples, 14 classes: cat, dog, grass, nothing, blurred, n0, n1, n2, …)" in repr(filled)
    filled.close()
    assert repr(filled) == f"Dataset({filled.place!r}, the dataset was closed)"
    assert repr(view).endswith("the dataset was closed)")


@pytest.mark.postgres
def test_a_repr_has_no_password(postgres: str) -> None:
    secret = postgres.replace("tester@", "tester:s3cret@")
    name = f"repr{os.getpid()}"
    engine = sql.create_engine(postgres.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    with Dataset.create(secret.replace("/postgres?", f"/{name}?")) as dataset:
        assert "s3cret" not in repr(dataset)
        sent = pickle.dumps([dataset, dataset.at(1)])
        assert b"s3cret" not in sent, "a pickle can be kept, and a password should not be"
        again, view = pickle.loads(sent)
        assert "s3cret" in str(again.database.place), "this process had asked the server before"
        assert (again, view) == (dataset, dataset.at(1))
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        worker = context.Process(target=tell_place, args=(dataset, sender))
        worker.start()
        worker.join()
        assert receiver.poll()
        assert "s3cret" in receiver.recv(), "a process that is being started gets it"
        again.close()
        view.database.close()


def test_a_server_that_asks_for_a_password_says_so() -> None:
    error = opening._sentence("connection failed: fe_sendauth: no password supplied", "postgresql://me@there/d")
    assert "the server asks for a password" in str(error)
    assert "PGPASSWORD" in str(error)


# -- pickle and copies -------------------------------------------------------------------------------------------------

ELSEWHERE = """
import pickle, sys
dataset, view = pickle.load(open(sys.argv[1], "rb"))
print(dataset.revision, len(dataset), view.revision, [sample.key for sample in view], dataset.database.writable)
with dataset.edit("elsewhere") as edit:
    edit.remove("k1")
print(dataset.revision, len(view))
"""


def test_a_pickle_says_where_and_which_revision(
    filled: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sent.pickle"
    file.write_bytes(pickle.dumps([filled, filled.where("split = 'val'")]))
    assert len(file.read_bytes()) < 2000
    with filled.edit("later") as edit:
        edit.remove("k3")
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(file)], capture_output=True, text=True, check=True, cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["3 7 2 ['k1', 'k3', 'k5'] True", "4 3"]
    assert "k1" not in filled


def test_a_relative_place_is_found_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ("street", "other/maskwright.db", "third/mine.db"):
        with Dataset.create(place) as dataset:
            sent = pickle.dumps(dataset)
            monkeypatch.chdir("/")
            with pickle.loads(sent) as again:
                assert again == dataset
            monkeypatch.chdir(tmp_path)


def test_what_was_opened_for_reading_comes_back_for_reading(filled: Dataset, place: str) -> None:
    with Dataset.open(place, read_only=True) as reading, pickle.loads(pickle.dumps(reading)) as again:
        with pytest.raises(DatasetError, match="for reading only"), again.edit("x"):
            pass
        assert len(again) == 8


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_copies_have_a_database_of_their_own(filled: Dataset, copied: Callable[[Any], Any]) -> None:
    view = filled.where("split = 'val'")
    again, part, pinned = copied(filled), copied(view), copied(view.frozen())
    assert (again, part, pinned) == (filled, view, view.frozen())
    filled.close()
    with again.edit("x") as edit:
        edit.remove("k1")
    assert keys(list(part)) == ["k3", "k5"], "it follows the newest, as what it was made from"
    assert keys(list(pinned)) == ["k1", "k3", "k5"]
    again.close()
    assert len(pinned) == 3
    for view in (part, pinned):
        view.database.close()


def test_a_copy_knows_what_was_read(filled: Dataset) -> None:
    filled["k0"]
    with copy.deepcopy(filled) as again:
        with filled.edit("first") as edit:
            edit.put("k0", Segments(Mask.encode(np.ones(SIZE, bool)).batch, [1]))
        with pytest.raises(ConflictError), again.edit("over it") as edit:
            edit.put("k0", Segments.none(SIZE))


def test_a_dataset_that_is_gone_cannot_be_unpickled(tmp_path: Path) -> None:
    with Dataset.create(tmp_path / "d") as dataset:
        sent = pickle.dumps(dataset)
    (tmp_path / "d" / "maskwright.db").unlink()
    with pytest.raises(DatasetError, match="no dataset here"):
        pickle.loads(sent)


# -- equality ----------------------------------------------------------------------------------------------------------


def test_views_are_equal_when_they_show_the_same(filled: Dataset, place: str, tmp_path: Path) -> None:
    with Dataset.open(place) as again, Dataset.create(tmp_path / "other") as other:
        assert again == filled
        assert hash(again) == hash(filled)
        assert other != filled
        assert filled.at(1) == again.at("head~1")
        assert filled.at(1) != filled.at(2)
        assert filled.at(2) == filled.frozen()
        assert filled.at(2) != filled
        assert filled.where("height > 2") == again.where("height > 2") != filled.where("height > 3")
        assert len({filled, again, other, filled.at(2), again.at(2)}) == 3
        assert filled != place


# -- use after close ---------------------------------------------------------------------------------------------------

VIEW: dict[str, Callable[[Any], object]] = {
    "revision": lambda view: view.revision, "about": lambda view: view.about, "classes": lambda view: view.classes,
    "where": lambda view: view.where("height > 1"), "frozen": lambda view: view.frozen(),
    "__len__": len, "numbers": lambda view: view.numbers(), "keys": lambda view: view.keys(),
    "read": lambda view: view.read([]), "__iter__": list, "__reversed__": lambda view: list(reversed(view)),
    "__getitem__": lambda view: view["k1"], "a position": lambda view: view[0], "a slice": lambda view: view[:0],
    "__contains__": lambda view: "k1" in view, "not a key": lambda view: 3 in view,
    "number_of": lambda view: view.number_of("k1"), "splits": lambda view: view.splits(),
    "weights": lambda view: view.weights(), "class_statistics": lambda view: view.class_statistics(),
    "class_areas": lambda view: view.class_areas(),
    "table": lambda view: view.table(), "window": lambda view: view.window,
    "instructions": lambda view: view.instructions,
    "sequences": lambda view: view.sequences,
    "__reduce__": pickle.dumps, "__copy__": copy.copy, "__deepcopy__": copy.deepcopy,
}  # fmt: skip
DATASET: dict[str, Callable[[Any], object]] = {
    "__enter__": lambda dataset: dataset.__enter__(), "edit": lambda dataset: dataset.edit("x").__enter__(),
    "log": lambda dataset: dataset.log(), "resolve": lambda dataset: dataset.resolve(1), "at": lambda dataset: dataset.at(1),
    "tag": lambda dataset: dataset.tag("gold"), "tags": lambda dataset: dataset.tags(),
    "restore": lambda dataset: dataset.restore(1), "diff": lambda dataset: dataset.diff(1),
    "check": lambda dataset: dataset.check(), "runs": lambda dataset: dataset.runs, "run": lambda dataset: dataset.run("x"),
    "save_view": lambda dataset: dataset.save_view("v", "height > 1"), "views": lambda dataset: dataset.views(),
    "view": lambda dataset: dataset.view("v"), "drop_view": lambda dataset: dataset.drop_view("v"),
    "columns": lambda dataset: dataset.columns, "set_where": lambda dataset: dataset.set_where("", {"weight": 2}),
    "set_from": lambda dataset: dataset.set_from("nowhere.csv"),
    "set_segments_where": lambda dataset: dataset.set_segments_where("", "", {"is_crowd": True}),
    "remove_segments_where": lambda dataset: dataset.remove_segments_where("", "area > 1"),
    "remove_where": lambda dataset: dataset.remove_where("key = 'k1'"),
    "vectors": lambda dataset: dataset.vectors, "set_window": lambda dataset: dataset.set_window(None),
    "keep_window": lambda dataset: dataset.keep_window(), "unfinished": lambda dataset: dataset.unfinished,
}  # fmt: skip
EDIT: dict[str, Callable[[Any], object]] = {
    "add": lambda edit: edit.add(bare("new")), "remove": lambda edit: edit.remove("k1"),
    "set": lambda edit: edit.set("k1", weight=1), "set_fields": lambda edit: edit.set_fields("k1", {}),
    "put": lambda edit: edit.put("k1", Segments.none(SIZE)),
    "set_segment": lambda edit: edit.set_segment("k1", 1),
    "remove_segment": lambda edit: edit.remove_segment("k1", 1), "segments": lambda edit: edit.segments("k1"),
    "classes": lambda edit: edit.classes(), "set_classes": lambda edit: edit.set_classes(Classes()),
    "add_sequence": lambda edit: edit.add_sequence(Sequence("clip")),
    "meet_sequence": lambda edit: edit.meet_sequence(Sequence("clip")),
    "meet_about": lambda edit: edit.meet_about({"coco": {"train": {"info": {}}}}),
    "meet_origin": lambda edit: edit.meet_origin(Origin("/labels", "0")), "renew": lambda edit: edit.renew(bare("k1")),
    "set_sequence": lambda edit: edit.set_sequence("clip", axis="space"),
    "merge_class": lambda edit: edit.merge_class(1, 5), "take_back_merge": lambda edit: edit.take_back_merge(1),
    "restore": lambda edit: edit.restore(1),
    "finish": lambda edit: edit.finish(), "columns": lambda edit: edit.columns(), "fields": lambda edit: edit.fields(),
    "put_opinion": lambda edit: edit.put_opinion("k1", Segments.none(SIZE), author="ann"),
    "add_column": lambda edit: edit.add_column(Column("size", "number")),
    "set_instructions": lambda edit: edit.set_instructions("x"), "connection": lambda edit: edit.connection,
    "drop_column": lambda edit: edit.drop_column("size"), "set_where": lambda edit: edit.set_where("", {"weight": 2}),
    "set_segments_where": lambda edit: edit.set_segments_where("", "", {"is_crowd": True}),
    "remove_segments_where": lambda edit: edit.remove_segments_where("", "area > 1"),
    "remove_where": lambda edit: edit.remove_where("key = 'k1'"),
}  # fmt: skip
#: What needs no database, or is there to close it, or makes or asks for another dataset.
WITHOUT = {
    "place",
    "conditions",
    "close",
    "create",
    "open",
    "exists",
    "end",
    "__repr__",
    "__eq__",
    "__hash__",
    "__exit__",
}


@pytest.mark.parametrize(("kind", "table"), [(View, VIEW), (Dataset, VIEW | DATASET), (Edit, EDIT)])
def test_every_method_is_tried_after_closing(kind: type, table: dict[str, Any]) -> None:
    own = {name for base in kind.__mro__[:-1] for name, value in vars(base).items()
           if (inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)) and name != "__init__"
           and (name.startswith("__") or not name.startswith("_"))}  # fmt: skip
    assert own - WITHOUT <= set(table)


def test_use_after_close_is_said_by_every_method(filled: Dataset) -> None:
    views: list[View] = [filled, filled.where("height > 1"), filled.at(2), filled.at(2).where("height > 1")]
    filled.close()
    filled.close()
    for view in views:
        for name, work in (VIEW | DATASET if view is filled else VIEW).items():
            with pytest.raises(DatasetError, match="the dataset was closed") as caught:
                work(view)
            assert "Open it again" in str(caught.value), name
        assert isinstance(hash(view), int)


@pytest.mark.parametrize("name", EDIT)
def test_an_edit_says_that_its_dataset_was_closed_and_keeps_nothing(filled: Dataset, place: str, name: str) -> None:
    with pytest.raises(DatasetError, match="the dataset was closed"), filled.edit("x") as edit:
        edit.remove("k0")
        filled.close()
        EDIT[name](edit)
    with pytest.raises(DatasetError, match="the dataset was closed"):
        EDIT[name](edit)
    with Dataset.open(place) as again:
        assert (again.revision, len(again), again.check()) == (2, 8, [])


def test_closing_inside_an_edit_keeps_nothing_and_says_so(filled: Dataset, place: str) -> None:
    said = "closed while it was edited; nothing of the edit was kept"
    with pytest.raises(DatasetError, match=said), filled.edit("x") as edit:
        edit.remove("k0")
        filled.close()
    with Dataset.open(place) as again:
        assert (again.revision, len(again), again.check()) == (2, 8, [])
        copied = copy.copy(again)
        with pytest.raises(DatasetError, match=said), copied.database.writing() as connection:  # as a run writes
            connection.execute(sql.text("DELETE FROM samples"))
            copied.close()
        assert len(again) == 8
        with again.edit("y") as edit:
            edit.remove("k0")


@pytest.mark.parametrize("name", EDIT)
def test_an_edit_that_ended_says_so_from_every_method(place: str, classes: Classes, name: str) -> None:
    with Dataset.create(place, classes) as dataset:
        with dataset.edit("x") as edit:
            edit.add(bare("k1"))  # into an empty dataset, where nothing is looked up
        with pytest.raises(UsageError, match="this edit has ended"):
            EDIT[name](edit)


# -- nested edits ------------------------------------------------------------------------------------------------------


def test_an_edit_inside_an_edit_is_refused_at_once(
    filled: Dataset, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from maskwright.store import sql_engines

    monkeypatch.setattr(sql_engines, "WAIT", 5)
    spelled = place.replace("postgresql://tester@", "postgresql+psycopg://tester:x@") if is_url(place) else f"{place}/."
    with Dataset.open(spelled) as again:
        for other in (filled, again):
            for work in (lambda: other.edit("in").__enter__(), lambda: other.tag("gold"), lambda: other.restore(1)):  # noqa: B023
                with (
                    pytest.raises(UsageError, match="has an edit of this dataset open already"),
                    filled.edit("out") as edit,
                ):
                    edit.remove("k0")
                    work()
        with filled.edit("after") as edit:
            edit.remove("k0")
    assert filled.revision == 3


def test_edits_of_two_datasets_and_of_two_threads_are_no_nested_ones(filled: Dataset, tmp_path: Path) -> None:
    with Dataset.create(tmp_path / "other") as other:
        with filled.edit("one"), other.edit("two") as edit:
            edit.add(bare("new"))
        assert "new" in other
    done: list[int] = []

    def work() -> None:
        with filled.edit("thread") as edit:
            edit.remove("k1")
        done.append(1)

    with filled.edit("main") as edit:
        edit.remove("k0")
        thread = threading.Thread(target=work)
        thread.start()
    thread.join()
    assert done == [1]
    assert (len(filled), filled.revision) == (6, 4)


# -- names of revisions ------------------------------------------------------------------------------------------------


def test_head_and_steps_back_as_git_has_them(filled: Dataset) -> None:
    for number in range(3, 7):
        with filled.edit("x") as edit:
            edit.set_fields("k0", {"n": number})
    filled.tag("gold", 4)
    meant = {"head": 6, "head~": 5, "head~1": 5, "head~~": 4, "head~0": 6, "head~2~": 3, "head~~~~~": 1, "5~": 4, "gold~": 3,
             "gold~~": 2, "gold": 4, "3": 3}  # fmt: skip
    assert {name: filled.resolve(name) for name in meant} == meant
    for wrong in ("head~6", "head~~~~~~", "~", "~1", "head~x", "head~-1", "head ~", "gold~4", "1~", "head~" * 2, "head^", "",
                  "head~1000000000"):  # fmt: skip
        with pytest.raises(UsageError, match="there is no revision"):
            filled.resolve(wrong)


# -- runs --------------------------------------------------------------------------------------------------------------


def test_a_dataset_lists_and_opens_its_runs(filled: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(filled.runs) == []
    assert repr(filled.runs) == "no runs"
    with pytest.raises(UsageError, match="no run was made yet") as caught:
        filled.run()
    assert f"Train first: maskwright train {shlex.quote(str(filled.place))}" in str(caught.value)
    for name, kind in (("first", "train"), ("second", "predict")):
        run = Run.start(filled.where("split = 'val'"), kind, {"seed": 1}, name=name)
        run.finish(scores={"miou": 0.5})
    runs = filled.runs
    assert [record.id for record in runs] == ["second", "first"]
    assert [(record.kind, record.status, record.revision) for record in runs[::-1]] == [
        ("train", "done", 2), ("predict", "done", 2),
    ]  # fmt: skip
    assert (runs[0].scores, runs[0].settings["seed"]) == ({"miou": 0.5}, 1)
    assert "first" in runs
    assert runs[1] in runs
    assert "third" not in runs
    assert runs == filled.runs != runs[:1]
    assert isinstance(runs[0], RunRecord)
    assert repr(runs).splitlines()[0] == "2 runs:"
    assert repr(runs).splitlines()[2].split()[:5] == ["first", "train", "done", "revision", "2"]
    assert "first" in repr(runs[1])


def test_a_run_that_is_opened_sees_what_it_saw(
    filled: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the files of a server's runs go
    part = filled.where("split = 'val'")
    numbers = part.numbers()
    run = Run.start(part, "predict", {}, name="first")
    run.add_predictions([(numbers[0], Segments(Mask.encode(np.ones(SIZE, bool)).batch, [1]))])
    run.finish()
    with filled.edit("later") as edit:
        edit.remove("k1")
    for name in ("last", "first", "fir"):
        opened = filled.run(name)
        assert (opened.id, opened.view) == ("first", filled.at(2).where("split = 'val'"))
        assert opened.predicted() == numbers[:1]
    assert repr(filled.run()) == f"Run('first' of {filled.place!r}, revision 2)"
    with pytest.raises(UsageError, match="no run 'last'"):
        filled.run(kind="train")
    with pytest.raises(UsageError, match="runs are first"):
        filled.run("nobody")
