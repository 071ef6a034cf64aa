"""Whoever else opens, copies, forks or removes the dataset: what was acknowledged is there, and reads are of one revision."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from maskwright.core.mask import Mask
from maskwright.errors import ConflictError, DatasetError, UsageError
from maskwright.store import Dataset, mounts, sql_engines, transfer


@pytest.fixture
def filled(tmp_path: Path, make_samples, classes) -> Path:
    with Dataset.create(tmp_path / "dataset", classes) as dataset, dataset.edit("add") as edit:
        for sample in make_samples(6):
            edit.add(sample)
    return tmp_path / "dataset"


def seen_elsewhere(place: Path, key: str = "a") -> str:
    """What a new process reads."""
    code = (
        "import sys\nfrom maskwright.store import Dataset\n"
        "with Dataset.open(sys.argv[1]) as dataset: print(dataset.revision, dataset[sys.argv[2]].fields.get('n'))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(place), key], capture_output=True, text=True)
    return done.stdout.strip() or done.stderr


def edit_ten(dataset: Dataset, between: Callable[[], object] = lambda: None) -> None:
    for number in range(10):
        with dataset.edit("more") as edit:
            edit.set_fields("a", {"n": number})
        between()


def look(place: Path) -> None:
    subprocess.run([sys.executable, "-m", "maskwright", "log", str(place)], capture_output=True, check=True)


def test_opened_twice_and_looked_at_from_outside_nothing_is_lost(filled: Path) -> None:
    first = Dataset.open(filled)
    assert first.revision == 2
    second = Dataset.open(filled)
    del first  # a cell that is run again forgets the first
    look(filled)
    edit_ten(second)
    assert seen_elsewhere(filled) == "12 9"
    second.close()


def test_one_file_by_many_names_is_one_engine(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(filled)
    (tmp_path / "file.db").symlink_to(filled / "maskwright.db")
    monkeypatch.chdir(tmp_path)
    names = [filled, tmp_path / "link", "dataset", "dataset/../dataset", filled / "maskwright.db", tmp_path / "file.db"]
    opened = [Dataset.open(name) for name in names]
    assert len({id(dataset.database.engine) for dataset in opened}) == 1
    for dataset in opened[1:]:
        dataset.close()
    edit_ten(opened[0])
    about = (filled / "maskwright.db").stat()
    opened[0].close()
    assert (about.st_dev, about.st_ino) not in {identity[:2] for identity in sql_engines._shared}
    assert not (filled / "maskwright.db-wal").exists()


@pytest.mark.parametrize("when", ["between", "inside", "beside"])
def test_a_copy_of_the_folder_by_the_writing_process_loses_nothing(filled: Path, tmp_path: Path, when: str) -> None:
    dataset = Dataset.open(filled)

    def copy() -> None:
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        shutil.copytree(filled, tmp_path / "copy")

    if when == "between":
        copy()
        look(filled)
        edit_ten(dataset)
    elif when == "inside":
        with dataset.edit("all") as edit:
            edit.set_fields("a", {"n": 8})
            copy()
            with Dataset.open(filled) as other:  # another reader comes and goes
                assert other["a"].fields == {}
            look(filled)
        with dataset.edit("last") as edit:
            edit.set_fields("a", {"n": 9})
    else:
        stop = threading.Event()

        def copying() -> None:
            while not stop.is_set():
                for name in [path.name for path in filled.iterdir()]:
                    try:
                        (filled / name).read_bytes()
                    except FileNotFoundError:
                        pass

        thread = threading.Thread(target=copying)
        thread.start()
        edit_ten(dataset, lambda: look(filled) if dataset.revision % 5 == 0 else None)
        stop.set()
        thread.join()
    revision = dataset.revision
    assert seen_elsewhere(filled) == f"{revision} 9"
    assert dataset.check() == []
    dataset.close()


def test_an_import_into_a_dataset_that_is_open(filled: Path, make_samples, classes, tmp_path) -> None:
    from dataclasses import replace

    dataset = Dataset.open(filled)
    transfer.import_samples(
        filled, classes, [replace(make_sample, key=f"new/{make_sample.key}") for make_sample in make_samples(3)], "more"
    )
    look(filled)
    edit_ten(dataset)
    assert seen_elsewhere(filled) == "13 9"
    dataset.close()


@pytest.mark.parametrize("place", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_forked_children_open_anew(place: str, make_samples, classes) -> None:
    dataset = Dataset.create(place, classes)
    with dataset.edit("add") as edit:
        for sample in make_samples(6):
            edit.add(sample)

    def in_child(work: Callable[[], bool]) -> int:
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if work() else 3)
            finally:
                os._exit(4)  # whatever was raised
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def writes() -> bool:
        with dataset.edit("child") as edit:
            edit.set_fields("sub/folder/x", {"child": True})
        return True

    def opens() -> bool:
        with Dataset.open(place) as other:
            return len(list(other)) == 6 and other.check() == []

    assert in_child(lambda: len(list(dataset)) == 6) == 0
    assert in_child(opens) == 0
    assert in_child(writes) == 0
    with dataset.edit("inside") as edit:
        edit.set_fields("a", {"n": 1})
        assert in_child(lambda: len(list(dataset)) == 6 and dataset["a"].fields == {}) == 0
    edit_ten(dataset)
    assert dataset["a"].fields["n"] == 9
    assert dataset["sub/folder/x"].fields["child"] is True
    assert dataset.check() == []
    dataset.close()


def test_an_edit_does_not_go_on_in_a_forked_child(filled: Path) -> None:
    dataset = Dataset.open(filled)
    read, write = os.pipe()
    child = None
    try:
        with dataset.edit("inside") as edit:
            edit.set_fields("a", {"n": 1})
            child = os.fork()
            if child == 0:
                edit.set_fields("a", {"n": 2})
    except DatasetError as error:
        assert child == 0
        os.write(write, str(error).encode())
        os._exit(0)
    finally:
        if child == 0:
            os._exit(1)
    os.waitpid(child, 0)
    os.close(write)
    assert b"forked" in os.read(read, 1000)
    os.close(read)
    assert dataset["a"].fields == {"n": 1}
    dataset.close()


def test_a_fork_beside_writing_threads(filled: Path) -> None:
    dataset = Dataset.open(filled)
    stop = threading.Event()
    done = [0]

    def writing() -> None:
        while not stop.is_set():
            with dataset.edit("more") as edit:
                edit.set_fields("a", {"n": done[0] + 1})
            done[0] += 1

    thread = threading.Thread(target=writing)
    thread.start()
    for _ in range(10):
        child = os.fork()
        if child == 0:
            os._exit(0 if len(list(dataset)) == 6 else 1)
        assert os.waitpid(child, 0)[1] == 0
    stop.set()
    thread.join()
    assert dataset["a"].fields["n"] == done[0]
    dataset.close()


def test_a_dataset_that_was_removed_takes_no_more_edits(filled: Path, classes) -> None:
    dataset = Dataset.open(filled)
    with dataset.edit("inside") as edit:
        edit.set_fields("a", {"n": 0})
    shutil.rmtree(filled)
    with pytest.raises(DatasetError, match="removed or replaced"):
        edit_ten(dataset)
    with Dataset.create(filled, classes) as fresh:  # another one takes its place
        with pytest.raises(DatasetError, match="removed or replaced"):
            edit_ten(dataset)
        assert fresh.revision == 1
    dataset.close()


def test_removed_inside_an_edit_it_is_not_acknowledged(filled: Path) -> None:
    dataset = Dataset.open(filled)
    with pytest.raises(DatasetError, match="removed or replaced"), dataset.edit("inside") as edit:
        edit.set_fields("a", {"n": 0})
        shutil.rmtree(filled)
    dataset.close()


@pytest.mark.parametrize(
    "name", ["proj #1", "what?", "100%", "a%41b", 'it\'s "quoted"', "line\nfeed", "größe 日本", "a;b&c=d", "x.db", " "]
)
def test_folders_with_odd_names_are_places_like_any_other(tmp_path: Path, make_samples, classes, name: str) -> None:
    place = tmp_path / name / "street"
    transfer.import_samples(place, classes, make_samples(3), "x")
    with Dataset.open(place) as dataset:
        edit_ten(dataset)
    with Dataset.open(place, read_only=True) as dataset:
        assert len(list(dataset)) == 3
    assert seen_elsewhere(place) == "12 9"
    assert sorted(path.name for path in place.iterdir()) == ["maskwright.db"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "originals"])


def test_a_folder_whose_name_is_not_unicode(tmp_path: Path, make_samples, classes) -> None:
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    transfer.import_samples(place, classes, make_samples(2), "x")
    with Dataset.open(place) as dataset:
        edit_ten(dataset)
    with Dataset.open(place) as dataset:
        assert (dataset.revision, len(list(dataset)), dataset.check()) == (12, 2, [])


def test_a_network_file_system_is_read_and_not_written(filled: Path, tmp_path: Path, monkeypatch, classes) -> None:
    table = tmp_path / "mounts"
    root = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    table.write_text(root + f"36 22 0:32 / {tmp_path} rw,relatime - nfs4 server:/export rw\n")
    monkeypatch.setattr(mounts, "TABLE", table)
    assert mounts.network(filled) == "nfs4"
    with Dataset.open(filled) as dataset:
        assert len(list(dataset)) == 6
        with pytest.raises(DatasetError, match="reading only"):
            edit_ten(dataset)
    with pytest.raises(DatasetError, match=r"network file system \(nfs4\)"):
        Dataset.create(tmp_path / "new", classes)
    assert not (tmp_path / "new").exists()
    table.write_text(
        root + f"36 22 0:32 / {tmp_path} rw - fuse.sshfs x rw\n40 36 8:2 / {filled} rw - xfs /dev/sdb rw\n"
    )
    assert mounts.network(tmp_path / "originals") == "fuse.sshfs"
    assert mounts.network(filled) is None
    table.write_text(root + "36 22 0:32 / /mnt/with\\040space rw - cifs x rw\n")
    assert mounts.network(Path("/mnt/with space/x")) == "cifs"


UNPRIVILEGED = """
import os, sys
from maskwright.store import Dataset
from maskwright.errors import MaskwrightError
list(Dataset.open(sys.argv[1], read_only=True))  # loads all it needs while it may
if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)
dataset = Dataset.open(sys.argv[1])
for line in sys.stdin:
    try: print(dataset.revision, len(list(dataset)), dataset['a'].fields.get('n'), flush=True)
    except MaskwrightError as error: print(error, flush=True)
"""


def test_where_nothing_can_be_written_the_newest_is_read_beside_a_writer(filled: Path) -> None:
    for folder in (filled, *filled.parents):
        if folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    filled.chmod(0o755)
    (filled / "maskwright.db").chmod(0o644)
    if os.getuid() != 0:
        pytest.skip("only root can have a folder that the reader cannot write to, and write to it itself")
    reader = subprocess.Popen(
        [sys.executable, "-c", UNPRIVILEGED, str(filled)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def read() -> str:
        reader.stdin.write("\n")
        reader.stdin.flush()
        return reader.stdout.readline().strip()

    assert read() == "2 6 None"  # cleanly closed: a private copy
    with Dataset.open(filled) as writer:
        edit_ten(writer)
        assert read() == "12 6 9"
        with writer.edit("last") as edit:
            edit.set_fields("a", {"n": 99})
        assert read() == "13 6 99"
    assert read() == "13 6 99"
    with Dataset.open(filled) as writer:
        edit_ten(writer)
    assert read() == "23 6 9"
    reader.stdin.close()
    reader.wait()
    reader.stdout.close()


# -- reads of one revision ---------------------------------------------------------------------------------------


def test_an_iteration_sees_one_revision_whatever_is_written_meanwhile(place: str, make_samples, classes) -> None:
    dataset = Dataset.create(place, classes)
    with dataset.edit("add") as edit:
        for sample in make_samples(6):
            edit.add(sample)
    start = dataset.revision
    for view in (dataset, dataset.where("height > 0")):
        with dataset.edit("before") as edit:
            for key in list(dataset.keys()):
                edit.set_fields(key, {"stamp": 0})
        chunk, module = 2, sys.modules["maskwright.store.view"]
        before, module.CHUNK = module.CHUNK, chunk
        try:
            stamps, seen = [], iter(view)
            for number, sample in enumerate(seen):
                stamps.append(sample.fields["stamp"])
                with dataset.edit("meanwhile") as edit:
                    for key in list(dataset.keys()):
                        edit.set_fields(key, {"stamp": number + 1})
                    if number == 3:
                        edit.remove("z.dots.in")
            assert stamps == [0] * 6
        finally:
            module.CHUNK = before
        dataset.restore(start)
    dataset.close()


def test_a_reader_of_an_hour_does_not_let_the_log_grow(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_engines, "LOG_LIMIT", 2**20)
    noise = np.random.default_rng(0)
    with Dataset.open(filled) as dataset, Dataset.open(filled) as reader:
        size = dataset["a"].image.size
        largest = 0
        for number, _ in enumerate(zip(range(60), iter(lambda: next(iter(reader)), None), strict=False)):
            with dataset.edit("more") as edit:
                for key in range(40):
                    attributes = {"noise": noise.bytes(1000).hex()}
                    edit.set_segment("a", 1, mask=Mask.encode(noise.random(size) < 0.5), attributes=attributes)
                    if number == 0 and key == 0:
                        break
            largest = max(largest, (filled / "maskwright.db-wal").stat().st_size)
        assert largest < 4 * 2**20


# -- writing over somebody else's change ----------------------------------------------------------------------------


def test_who_would_write_over_somebody_elses_change_is_told_with_both_versions(place, make_samples, classes) -> None:
    with Dataset.create(place, classes) as dataset, dataset.edit("add") as edit:
        for sample in make_samples(6):
            edit.add(sample)
    with Dataset.open(place) as mine, Dataset.open(place) as theirs:
        before = mine["a"].segments
        other = mine["日本"].segments
        with theirs.edit("theirs", author="eve") as edit:
            edit.set_segment("a", int(before.ids[0]), class_id=9)
        with pytest.raises(ConflictError, match="eve") as caught, mine.edit("mine") as edit:
            edit.put("日本", other[:0])
            edit.put("a", before[:0])
        error = caught.value
        assert (len(error.yours), len(error.theirs)) == (0, len(before))
        assert error.theirs.class_ids[0] == 9
        assert mine["日本"].segments == other  # nothing of the edit is there
        # Reading again, or saying what was seen, is enough.
        fresh = mine["a"].segments
        with mine.edit("mine") as edit:
            edit.put("a", fresh[:0])
        with theirs.edit("theirs") as edit:
            edit.put("a", before, base=mine.revision)
        with mine.edit("own") as edit:
            edit.put("a", edit.segments("a")[:1])
        with mine.edit("own again") as edit:  # what this one wrote itself is not news to it
            edit.put("a", before[:0])
        with pytest.raises(ConflictError), theirs.edit("theirs") as edit:
            edit.put("a", before, base=2)


# -- making a dataset --------------------------------------------------------------------------------------------------

IMPORTER = """
import sys
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.store import transfer

def samples(first):
    for number in range(first, first + 5000):
        yield Sample(f"s{number}", ImageRef(f"/nowhere/{number}.png", (4, 4)), Segments.none((4, 4)))
        if number == first + 4500: print("far", flush=True); sys.stdin.readline()

transfer.import_samples(sys.argv[1], Classes([Class(1, "a")]), samples(int(sys.argv[2])), "x", hash_images=False)
print("done", flush=True)
"""


def importer(place: Path, first: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", IMPORTER, str(place), str(first)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> None:
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_an_import_that_was_killed_has_made_no_dataset(tmp_path: Path, make_samples, classes) -> None:
    place = tmp_path / "new"
    process = importer(place, 0)
    assert process.stdout.readline() == "far\n"
    process.kill()
    ended(process)
    assert not Dataset.exists(place)
    with pytest.raises(DatasetError, match="no Maskwright dataset"):
        Dataset.open(place)
    transfer.import_samples(place, classes, make_samples(3), "again")
    with Dataset.open(place) as dataset:
        assert (len(dataset), dataset.revision, dataset.check()) == (3, 2, [])


def test_two_imports_into_one_new_place_are_both_there(tmp_path: Path) -> None:
    first, second = importer(tmp_path / "new", 0), importer(tmp_path / "new", 5000)
    for process in (first, second):
        process.stdin.write("\n")
        process.stdin.flush()
    for process in (first, second):
        assert "done" in process.stdout.read()
        ended(process)
    with Dataset.open(tmp_path / "new") as dataset:
        assert (len(dataset), dataset.check()) == (10_000, [])


def test_a_failed_import_takes_away_only_what_it_made(tmp_path: Path, make_samples, classes) -> None:
    def broken():
        yield from make_samples(2)
        raise DatasetError("broken")

    for home, beside in ((tmp_path / "a" / "b" / "c", None), (tmp_path / "there", "notes.txt")):
        if beside is not None:
            home.mkdir()
            (home / beside).write_text("mine")
        with pytest.raises(DatasetError, match="broken"):
            transfer.import_samples(home, classes, broken(), "x")
        assert not (home / "maskwright.db").exists()
    assert not (tmp_path / "a").exists()
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["notes.txt"]


def test_other_databases_and_files_stay_as_they_are(tmp_path: Path, classes) -> None:
    import sqlite3

    raw = sqlite3.connect(tmp_path / "maskwright.db")
    raw.execute("create table other (x)")
    raw.commit()
    raw.close()
    before = (tmp_path / "maskwright.db").read_bytes()
    for work in (lambda: Dataset.create(tmp_path, classes), lambda: Dataset.open(tmp_path)):
        with pytest.raises(DatasetError, match=r"another program's|no Maskwright dataset"):
            work()
        assert (tmp_path / "maskwright.db").read_bytes() == before


# -- edits that cannot be ----------------------------------------------------------------------------------------------


def test_an_edit_inside_an_edit_is_refused_at_once(filled: Path) -> None:
    with Dataset.open(filled) as dataset, Dataset.open(filled) as again:
        for other in (dataset, again):
            with pytest.raises(UsageError, match="open already"), dataset.edit("outer") as edit:
                edit.set_fields("a", {"n": 1})
                with other.edit("inner"):
                    pass
        assert dataset["a"].fields == {}
        edit_ten(dataset)  # the thread is free again


def test_an_edit_that_has_ended_changes_nothing(filled: Path) -> None:
    with Dataset.open(filled) as dataset:
        with dataset.edit("one") as edit:
            edit.set_fields("a", {"n": 1})
        for work in (lambda: edit.set("a", weight=2), lambda: edit.put("a", dataset["a"].segments), edit.classes):
            with pytest.raises(UsageError, match="has ended"):
                work()
        assert dataset["a"].weight == 1


@pytest.mark.parametrize("key", [True, None, (0, 2), ["a"], 1.5])
def test_what_is_not_a_key_is_said(filled: Path, key: object) -> None:
    with Dataset.open(filled) as dataset:
        with pytest.raises(UsageError, match="key is text"):
            dataset[key]
        with pytest.raises(DatasetError, match="no sample number"):
            dataset.read([10**30])
        with pytest.raises(UsageError, match="no sample"):
            dataset["a\0b"]
