"""Folders are there whole or not at all, and what stood there before stays."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from maskwright.core import staging
from maskwright.core.owner import Owner
from maskwright.core.staging import check_place, staged, sweep
from maskwright.errors import FormatError, MaskwrightError, UsageError


def tree(folder: Path) -> dict[str, bytes | str | None]:
    """Everything below a folder, hidden or not: files with their bytes, links with where they lead, folders."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink()) if path.is_symlink()
        else path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }  # fmt: skip


def fill(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.txt").write_text(text)


def test_a_new_folder_takes_its_place_and_leaves_nothing_else(tmp_path) -> None:
    with staged(tmp_path / "deep" / "out") as stage:
        fill(stage, "new")
        assert not (tmp_path / "deep" / "out").exists()
    assert tree(tmp_path) == {"deep": None, "deep/out": None, "deep/out/labels.txt": b"new"}


def test_what_fails_leaves_nothing_not_even_the_folders_above(tmp_path) -> None:
    with pytest.raises(RuntimeError), staged(tmp_path / "deep" / "er" / "out") as stage:
        fill(stage, "new")
        raise RuntimeError
    assert tree(tmp_path) == {}


def test_an_empty_folder_may_be_filled(tmp_path) -> None:
    (tmp_path / "out").mkdir()
    with staged(tmp_path / "out") as stage:
        fill(stage, "new")
    assert tree(tmp_path) == {"out": None, "out/labels.txt": b"new"}


@pytest.mark.parametrize("kind", ["folder", "file", "link", "broken link"])
def test_what_is_there_is_not_written_over(kind, tmp_path) -> None:
    out = tmp_path / "out"
    if kind == "folder":
        fill(out, "mine")
    elif kind == "file":
        out.write_text("mine")
    else:
        (tmp_path / "elsewhere").mkdir()
        out.symlink_to(tmp_path / ("elsewhere" if kind == "link" else "nowhere"))
    before = tree(tmp_path)
    for overwrite in (False, *([True] if kind != "folder" else [])):
        with pytest.raises(UsageError, match=r"not empty|not overwritten"), staged(out, overwrite=overwrite):
            pass
    assert tree(tmp_path) == before


def test_what_came_there_meanwhile_stays(tmp_path) -> None:
    with pytest.raises(MaskwrightError, match="not empty"), staged(tmp_path / "out") as stage:
        fill(stage, "new")
        fill(tmp_path / "out", "somebody else's")
    assert tree(tmp_path) == {"out": None, "out/labels.txt": b"somebody else's"}


def test_overwriting_replaces_the_whole_folder(tmp_path) -> None:
    fill(tmp_path / "out" / "old", "old")
    with staged(tmp_path / "out", overwrite=True) as stage:
        fill(stage, "new")
        assert (tmp_path / "out" / "old" / "labels.txt").read_text() == "old"
    assert tree(tmp_path) == {"out": None, "out/labels.txt": b"new"}


def test_the_old_folder_stays_when_overwriting_fails(tmp_path, monkeypatch) -> None:
    fill(tmp_path / "out", "old")
    before = tree(tmp_path)
    with pytest.raises(RuntimeError), staged(tmp_path / "out", overwrite=True) as stage:
        fill(stage, "new")
        raise RuntimeError
    assert tree(tmp_path) == before
    honest = Path.rename

    def refusing(self, target):
        if self.name == "new":
            raise OSError(errno.EIO, "the disk is broken")
        return honest(self, target)

    monkeypatch.setattr(Path, "rename", refusing)
    with pytest.raises(FormatError, match="the disk is broken"), staged(tmp_path / "out", overwrite=True) as stage:
        fill(stage, "new")
    assert tree(tmp_path) == before


def test_what_was_moved_aside_is_named_where_somebody_else_took_its_place(tmp_path, monkeypatch) -> None:
    fill(tmp_path / "out", "old")
    honest = Path.rename

    def followed(self, target):
        moved = honest(self, target)
        if target.name == "old":
            fill(tmp_path / "out", "somebody else's")
        return moved

    monkeypatch.setattr(Path, "rename", followed)
    before_is_in = pytest.raises(FormatError, match="what was there before is in")
    with before_is_in as raised, staged(tmp_path / "out", overwrite=True) as stage:
        fill(stage, "new")
    kept = Path(str(raised.value.todo).rpartition(" is in ")[2].removesuffix("."))
    assert (kept / "labels.txt").read_text() == "old"
    assert (tmp_path / "out" / "labels.txt").read_text() == "somebody else's"


def test_folders_that_are_dear_are_never_overwritten(tmp_path, monkeypatch) -> None:
    fill(tmp_path / "home" / "me" / "work", "x")
    fill(tmp_path / "out" / "deep", "x")
    monkeypatch.setenv("HOME", str(tmp_path / "home" / "me"))
    monkeypatch.chdir(tmp_path / "home" / "me" / "work")
    for place in ("/", tmp_path, tmp_path / "home", Path.cwd(), Path(), Path(".."), tmp_path / "home" / "me"):
        with pytest.raises(UsageError, match=r"current folder|home folder"):
            check_place(Path(place), overwrite=True)
    check_place(tmp_path / "out", overwrite=True)
    (tmp_path / "out" / "deep" / "maskwright.db").write_bytes(b"")
    for place in ("out", "out/deep"):
        with pytest.raises(UsageError, match="holds a dataset"):
            check_place(tmp_path / place, overwrite=True)
    fill(tmp_path / "out" / "deep" / "runs", "x")
    with pytest.raises(UsageError, match="lies in the dataset"):
        check_place(tmp_path / "out" / "deep" / "runs", overwrite=True)
    fill(tmp_path / "set" / "labels", "x")
    (tmp_path / "link").symlink_to(tmp_path / "set")
    with pytest.raises(UsageError, match="still needed"):
        check_place(tmp_path / "set", overwrite=True, keep=[tmp_path / "link" / "labels" / "labels.txt"])


KILLED = """
import os, signal, sys
from pathlib import Path
from maskwright.core import staging
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "exchanging":
    rename = Path.rename
    Path.rename = lambda self, target: die() if self.name == "new" else rename(self, target)
elif sys.argv[2] == "removing":
    staging.shutil.rmtree = die
with staging.staged(Path(sys.argv[1]), overwrite=True) as stage:
    (stage / "labels.txt").write_text("new")
    if sys.argv[2] == "writing": die()
"""


@pytest.mark.parametrize(("when", "left"), [("writing", b"old"), ("exchanging", b"old"), ("removing", b"new")])
def test_what_a_killed_writer_left_is_swept_by_the_next(when, left, tmp_path) -> None:
    """Wherever it was killed: the folder is the old one or the new one, at the latest after the next write beside it."""
    fill(tmp_path / "out", "old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "out"), when], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.glob(".*"))
    with staged(tmp_path / "other") as stage:
        fill(stage, "other")
    assert tree(tmp_path) == {
        "other": None, "other/labels.txt": b"other", "out": None, "out/labels.txt": left,
    }  # fmt: skip


def test_only_what_a_dead_process_signed_is_swept(tmp_path) -> None:
    gone = {**Owner.me().to_json(), "started": "another boot/1", "target": "out"}
    tokens = {
        "alive": json.dumps({**Owner.me().to_json(), "target": "out"}), "none": None, "broken": "{",
        "elsewhere": json.dumps({**gone, "host": "elsewhere"}), "wicked": json.dumps({**gone, "target": "../out"}),
        "list": "[]", "dead": json.dumps(gone),
    }  # fmt: skip
    for name, token in tokens.items():
        fill(tmp_path / "here" / f".maskwright-writing-{name}" / "new", "x")
        if token is not None:
            (tmp_path / "here" / f".maskwright-writing-{name}" / "owner.json").write_text(token)
    fill(tmp_path / "here" / ".mine", "x")
    fill(tmp_path / "linked" / "new", "x")
    (tmp_path / "linked" / "owner.json").write_text(json.dumps(gone))
    (tmp_path / "here" / ".maskwright-writing-link").symlink_to(tmp_path / "linked")
    before = tree(tmp_path)
    sweep(tmp_path / "here")
    assert tree(tmp_path) == {
        name: value for name, value in before.items() if not name.startswith("here/.maskwright-writing-dead")
    }


def test_what_a_killed_writer_had_moved_aside_stays_where_its_place_is_taken(tmp_path) -> None:
    holder = tmp_path / ".maskwright-writing-x"
    fill(holder / "new", "new")
    fill(holder / "old", "old")
    (holder / "owner.json").write_text(json.dumps({**Owner.me().to_json(), "started": "another/1", "target": "out"}))
    fill(tmp_path / "out", "somebody else's")
    before = tree(tmp_path)
    sweep(tmp_path)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_sentence(number, tmp_path) -> None:
    fill(tmp_path / "out", "old")
    before = tree(tmp_path)
    with pytest.raises(FormatError, match="the disk is full") as raised, staged(tmp_path / "out", overwrite=True) as s:
        fill(s, "new")
        raise OSError(number, os.strerror(number), str(s / "labels.txt"))
    assert "maskwright-writing" not in str(raised.value)
    assert tree(tmp_path) == before


def test_a_refusal_names_the_file_as_it_would_have_been_called(tmp_path) -> None:
    with pytest.raises(FormatError, match="Permission denied") as raised, staged(tmp_path / "out") as stage:
        raise PermissionError(errno.EACCES, "Permission denied", str(stage / "images" / "a.png"))
    assert str(tmp_path / "out" / "images" / "a.png") in str(raised.value)
    assert staging._HIDDEN not in str(raised.value)
