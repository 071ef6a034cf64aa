"""Rows that outlive a killed process, and values that come back as they were."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.compute import Journal
from maskwright.compute.packing import pack, unpack

WORK = {"work": "count", "revision": 3}


def same(value: object, other: object) -> bool:
    """Equal in types, shapes and bits, NaN among them."""
    if type(value) is not type(other):
        return False
    if isinstance(value, np.ndarray | np.generic):
        return (value.dtype, value.shape, value.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if isinstance(value, list | tuple):
        return len(value) == len(other) and all(map(same, value, other))
    if isinstance(value, dict):
        return all(map(same, value.items(), other.items())) and len(value) == len(other)
    return repr(value) == repr(other)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.sampled_from([np.float32(0.1), np.int64(-3), np.bool_(True), np.zeros((0, 2)), np.arange(6).reshape(2, 3).T,
                       np.array(2.5), np.array(["a", "bc"]), np.array([1 + 2j])]),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple)
    | st.dictionaries(st.text() | st.integers() | st.tuples(st.integers(), st.text()) | st.just("$array"), inner),
    max_leaves=12,
)  # fmt: skip


@given(plain)
def test_what_is_packed_comes_back_to_the_last_bit(value) -> None:
    assert same(unpack(pack(value)), value)


@pytest.mark.parametrize("value", [object(), {1, 2}, Counter("ab"), np.array([object()]), [b"", range(3)], Path()])
def test_what_is_not_plain_is_refused(value) -> None:
    with pytest.raises(TypeError, match="is not a plain value"):
        pack(value)


@pytest.mark.parametrize("raw", [b"", b"x", pack(np.zeros(3))[:-5]])
def test_what_was_not_packed_is_a_value_error(raw) -> None:
    with pytest.raises(ValueError, match="not packed values"):
        unpack(raw)


def there(folder: Path) -> dict[int, object]:
    """What a later process would find."""
    journal = Journal(folder, WORK)
    try:
        return {number: journal[number] for number in journal}
    finally:
        journal.close()


def write(folder: Path, rows: dict[int, object]) -> None:
    journal = Journal(folder, WORK)
    for number, value in rows.items():
        journal.write(number, value)
    journal.close()


def kept(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_rows_stay_until_the_work_is_done(tmp_path) -> None:
    journal = Journal(tmp_path, WORK)
    journal.write(7, np.arange(3))
    journal.write(2, ("a", 1.5))
    journal.close()
    with Journal(tmp_path, WORK) as again:
        assert (list(again), len(again), 7 in again, 3 in again) == ([7, 2], 2, True, False)
        assert set(again.done([1, 2, 7])) == {2, 7}
        assert same(again[7], np.arange(3))
        assert again[2] == ("a", 1.5)
        with pytest.raises(KeyError):
            again[3]
        again.write(3, None)
        assert again[3] is None
    assert kept(tmp_path) == []
    assert there(tmp_path) == {}


def test_an_error_keeps_the_file_but_no_empty_one(tmp_path) -> None:
    with pytest.raises(ZeroDivisionError), Journal(tmp_path, WORK) as journal:
        journal.write(1, 1)
        1 / 0  # noqa: B018
    assert len(kept(tmp_path)) == 1
    with pytest.raises(ZeroDivisionError), Journal(tmp_path, {"other": 1}):
        1 / 0  # noqa: B018
    assert len(kept(tmp_path)) == 1


def test_work_that_ends_within_its_patience_makes_no_file(tmp_path) -> None:
    with Journal(tmp_path, WORK, patience=60) as journal:
        journal.write(3, ["a", 1.5])
        assert journal[3] == ["a", 1.5]
        assert 3 in journal
        assert (len(journal), list(journal), list(journal.done([3]))) == (1, [3], [3])
        assert not list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_after_its_patience_all_rows_are_kept(tmp_path, monkeypatch) -> None:
    from maskwright.compute import journal as module

    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    journal = Journal(tmp_path, WORK, patience=5)
    journal.write(1, "young")
    now[0] = 5.0
    journal.write(2, "old")
    assert [journal[1], journal[2]] == ["young", "old"]
    journal.close()
    with Journal(tmp_path, WORK, patience=5) as again:  # what is there is taken up at once
        assert {number: again[number] for number in again} == {1: "young", 2: "old"}
        again.write(3, "new")
        assert again[3] == "new"
    assert not list(tmp_path.iterdir())


def test_rows_are_made_whole_where_they_go_into_the_file(tmp_path) -> None:
    made = []

    def whole(rows: list[str]) -> list[str]:
        made.append(rows)
        return [*rows, "whole"]

    with Journal(tmp_path, WORK, patience=60, whole=whole) as journal:
        journal.write(1, ["a"])
        assert journal[1] == ["a"]
    assert made == []
    with Journal(tmp_path, WORK, whole=whole) as journal:
        journal.write(1, ["a"])
        assert journal[1] == ["a", "whole"]


def test_other_work_never_takes_it_up_and_removes_it_when_it_is_done(tmp_path) -> None:
    write(tmp_path, {1: 1})
    with Journal(tmp_path, {**WORK, "revision": 4}) as other:
        assert list(other) == []
        other.write(1, 2)
        assert len(kept(tmp_path)) == 2
    assert kept(tmp_path) == []


def test_two_at_the_same_work_do_not_meet(tmp_path) -> None:
    first, second = Journal(tmp_path, WORK), Journal(tmp_path, WORK)
    first.write(1, "first")
    second.write(2, "second")
    assert (list(first), list(second), second[2]) == ([1], [2], "second")
    second.finish()
    first.close()
    assert there(tmp_path) == {1: "first"}, "what is somebody else's stays"


@pytest.mark.parametrize("folder", [None, "missing", "file"])
def test_where_nothing_can_be_kept_the_work_goes_on(folder, tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    with Journal(None if folder is None else tmp_path / folder, WORK) as journal:
        journal.write(1, [1])
        assert journal[1] == [1]
    assert [path.name for path in kept(tmp_path)] == ["file"]


def test_rows_that_are_not_plain_and_a_full_disk_are_held_in_memory(tmp_path) -> None:
    journal = Journal(tmp_path, WORK)
    journal.write(1, Counter("aab"))
    journal.write(2, 2)
    raw = journal._raw

    class Full:
        def __getattr__(self, name):
            return getattr(raw, name)

        def write(self, record):
            return raw.write(record[: len(record) // 2])

    journal._raw = Full()  # type: ignore[assignment]
    journal.write(3, 3)
    journal._raw = raw
    journal.write(4, 4)
    assert [journal[number] for number in (1, 2, 3, 4)] == [Counter("aab"), 2, 3, 4]
    assert set(journal.done([])) == {1, 2, 3, 4}
    journal.close()
    assert there(tmp_path) == {2: 2, 4: 4}


@pytest.mark.parametrize("damage", ["cut", "flipped", "number", "head", "longer"])
def test_only_what_is_whole_is_taken_up(damage, tmp_path) -> None:
    journal = Journal(tmp_path, WORK)
    for number in (5, 6, 7):
        journal.write(number, number * b"x")
    places = [place for place, _ in journal._places.values()]
    journal.close()
    (file,) = kept(tmp_path)
    raw = bytearray(file.read_bytes())
    if damage == "cut":
        raw = raw[:-1]
    elif damage == "flipped":
        raw[places[2]] ^= 1
    elif damage == "number":
        raw[places[2] - 16] ^= 1
    elif damage == "head":
        raw[5] ^= 1
    else:
        raw += b"\0" * 20
    file.write_bytes(raw)
    again = Journal(tmp_path, WORK)
    wanted = {"head": [], "longer": [5, 6, 7]}.get(damage, [5, 6])
    assert list(again) == wanted
    again.write(8, b"more")
    again.close()
    assert list(there(tmp_path)) == [*wanted, 8]


def test_a_link_in_its_place_is_not_followed(tmp_path) -> None:
    (tmp_path / "here").mkdir()
    write(tmp_path / "here", {1: 1})
    (file,) = kept(tmp_path / "here")
    file.rename(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes()
    file.symlink_to(tmp_path / "elsewhere")
    assert there(tmp_path / "here") == {}
    assert (tmp_path / "elsewhere").read_bytes() == before


def test_what_a_killed_process_kept_is_there(tmp_path) -> None:
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from maskwright.compute import Journal\n"
        f"journal = Journal(Path(sys.argv[1]), {WORK!r})\n"
        "for number in range(4):\n"
        "    journal.write(number, [number, 0.1])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert there(tmp_path) == {number: [number, 0.1] for number in range(4)}
