"""Nothing acknowledged is lost while several processes work and something goes wrong; and the judge of that sees what is."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from maskwright.store import Dataset

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def tortured(rounds: int, *options: str) -> dict:
    pytest.importorskip("fastapi")
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "torture.py", "--rounds", str(rounds), "--json", *options],
        capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-6000:] + done.stdout[-2000:]
    found = json.loads(done.stdout)
    for name, counts in found["events"].items():
        assert counts["rounds"] >= 1, name
        assert counts["acknowledged"] >= 10 * counts["rounds"] * (name != "full-disk"), name
    return found


@pytest.fixture
def server() -> None:
    pytest.importorskip("psycopg")
    if not [*Path("/usr/lib/postgresql").glob("*/bin/initdb")] and not shutil.which("initdb"):
        pytest.skip("PostgreSQL's server binaries are not installed (Debian: apt-get install postgresql)")


def test_a_round_of_each_event(tmp_path) -> None:
    found = tortured(8, "--place", str(tmp_path))
    assert len(found["events"]) + len(found["skipped"]) == 8
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.usefixtures("server")
def test_seven_rounds_on_a_server() -> None:
    assert len(tortured(7, "--postgresql", "auto")["events"]) == 7


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_two_hundred_rounds(tmp_path) -> None:
    assert tortured(200, "--place", str(tmp_path), "--seed", "2")["total"]["rounds"] == 200


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("server")
def test_two_hundred_rounds_on_a_server() -> None:
    assert tortured(200, "--postgresql", "auto", "--seed", "3")["total"]["rounds"] == 200


# -- the judge


@pytest.fixture
def parts(monkeypatch):
    """The script's own modules."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from torturing import journal, judge, nursery, readers, values, writers

    class Parts:
        pass

    found = Parts()
    found.__dict__.update(
        judge=judge, journal=journal, board=nursery.Board(), readers=readers, values=values, writers=writers
    )
    return found


@pytest.fixture
def worked_on(parts, tmp_path):
    """A store with six acknowledged edits and one that never ended -> its place, its last key, its logs."""
    place, last = str(tmp_path / "dataset"), parts.values.key_of(39)
    parts.writers.fill(place, tmp_path / "fill.jsonl", str(tmp_path / "image.png"), 40, "seed")
    journal = parts.journal.Journal(tmp_path / "w1.jsonl")
    writer = parts.writers.Writer("w1", "1", "seed", 0, journal, parts.board, last, str(tmp_path / "image.png"))
    with Dataset.open(place) as dataset:
        writer._kinds = ["fields", "own mask", "put", "add", "columns", "classes"]
        for _ in range(6):
            assert writer.edit(dataset)
        parts.readers.look(journal, parts.board, last, lambda: parts.readers.newest_of(dataset), "a reader")
    journal.note("try", message="never", stamp="never", steps=parts.values.stamped("never", last, []))
    return place, last, [[str(tmp_path / "fill.jsonl")], [str(tmp_path / "w1.jsonl")]]


def verdict(parts, worked_on, tmp_path, event: str = "kill") -> dict:
    place, last, logs = worked_on
    parts.judge.judge(place, logs, event, last, tmp_path / "verdict.json", since=0, everything=False)
    return json.loads((tmp_path / "verdict.json").read_text())


def changed(place: str, command: str) -> None:
    with sqlite3.connect(f"{place}/maskwright.db") as connection:
        assert connection.execute(command).rowcount > 0
    connection.close()


FAILURES = ("lost", "mixed", "stale", "unread", "refused", "damage")


def test_the_judge_finds_nothing_where_nothing_is(parts, worked_on, tmp_path) -> None:
    found = verdict(parts, worked_on, tmp_path)
    assert {name: found[name] for name in FAILURES if found[name]} == {}
    assert (found["acknowledged"], found["reads"], found["head"]) == (6, 1, 8)


@pytest.mark.parametrize(
    "command",
    [
        "DELETE FROM revisions WHERE id = 8",
        "UPDATE samples SET removed = 7 WHERE removed = 8",
        "UPDATE segments SET class_id = class_id % 3 + 1 WHERE added = 6",
        "UPDATE classes SET definition = json_set(definition, '$.name', 'other') WHERE class_id = 3",
    ],
)
def test_the_judge_sees_what_is_lost(parts, worked_on, tmp_path, command) -> None:
    changed(worked_on[0], command)
    found = verdict(parts, worked_on, tmp_path)
    assert found["lost"] or found["damage"]


def test_a_revision_of_somebody_else_is_none_of_the_edit(parts, worked_on, tmp_path) -> None:
    changed(worked_on[0], "UPDATE revisions SET message = 'other' WHERE id = 8")
    found = verdict(parts, worked_on, tmp_path)
    assert any("revision 8 is 'other'" in what for what in found["lost"].values())
    assert any("nobody made revision 8" in what for what in found["mixed"])


def test_the_judge_sees_that_nothing_can_be_read(parts, worked_on, tmp_path) -> None:
    Path(worked_on[0], "maskwright.db").write_bytes(b"nothing")
    assert len(verdict(parts, worked_on, tmp_path)["lost"]) == 6


def test_an_edit_that_nobody_was_told_of_is_there_whole_or_not_at_all(parts, worked_on, tmp_path) -> None:
    place, last, _ = worked_on
    with Dataset.open(place) as dataset, dataset.edit("never") as edit:
        for step in parts.values.stamped("never", last, [])[:2]:
            parts.values.perform(edit, step, "")
    found = verdict(parts, worked_on, tmp_path)
    assert not found["lost"]
    assert "there in part" in found["mixed"][0]


def test_readers_see_a_mixture(parts, worked_on, tmp_path) -> None:
    place, last, logs = worked_on
    with Dataset.open(place) as dataset:
        before = list(dataset.at("head~1"))
        now = list(dataset)
    assert parts.values.mixture(now, last)[1] is None
    assert "stamps" in parts.values.mixture([*before[:20], *now[20:]], last)[1]
    note = parts.journal.Journal(Path(logs[1][0])).note
    note("read", what="late", stamp="1.w1.1", revision=None, newest=8)
    note("read", what="wrong", stamp="1.w1.1", revision=8, newest=0)
    note("read", what="unheard", stamp="never", revision=None, newest=0)
    found = verdict(parts, worked_on, tmp_path)
    assert [text.split()[0] for text in found["stale"]] == ["late"]
    assert [text.split()[0] for text in found["mixed"]] == ["wrong", "unheard"]


def test_only_the_event_explains_a_refusal(parts, worked_on, tmp_path) -> None:
    note = parts.journal.Journal(Path(worked_on[2][1][0])).note
    full = {"error": "DatasetError: the disk is full", "known": True}
    note("refused", message="an edit", **full)
    note("unread", what="a read", **full)
    assert len(verdict(parts, worked_on, tmp_path)["refused"]) == 1
    found = verdict(parts, worked_on, tmp_path, "full-disk")
    assert (found["refused"], len(found["unread"]), found["explained"]) == ([], 1, 1)
