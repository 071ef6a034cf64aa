"""`maskwright import`, killed or interrupted, goes on with the same command; any other command says what is there."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from command_line import run
from going_on import KilledError, check_sound, killed_at, small_batches, tables
from PIL import Image

from maskwright.store import Dataset, tray


def yolo(root, number: int = 12) -> None:
    for place in range(number):
        split = "val" if place % 3 == 0 else "train"
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((30, 40, 3), place, np.uint8)).save(root / "images" / split / f"{place}.png")
        text = f"{place % 2} 0.1 0.1 0.5 0.1 0.5 0.{5 + place % 4}\n" * (place % 3)
        (root / "labels" / split / f"{place}.txt").write_text(text)
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [ant, bee]\n")


def there(place) -> None:
    """A dataset with a sample and a class of its own, that has an id of the set's."""
    from maskwright.core.classes import Class, Classes
    from maskwright.core.masks import Masks
    from maskwright.core.sample import ImageRef, Sample
    from maskwright.core.segments import Segments

    with Dataset.create(place, Classes([Class(0, "own"), Class(7, "bee")])) as dataset, dataset.edit("own") as edit:
        segments = Segments(Masks.encode(np.ones((1, 4, 5), bool)), [7])
        edit.add(Sample("own", ImageRef("own.png", (4, 5)), segments), hash_image=False)


OPTIONS = [
    [], ["--split", "extra"], ["--map", "ant=emu"], ["--drop", "bee"], ["--no-hash"], ["--skip-broken"],
    ["--only", "ant", "--force", "-m", "some"],
]  # fmt: skip


CASES = [(options, 5, existing) for options in OPTIONS for existing in (False, True)]


@pytest.mark.parametrize(("options", "batch", "existing"), [*CASES, ([], 1, True), ([], 12, True)], ids=str)
def test_it_goes_on_with_every_option(options, batch, existing, capsys, tmp_path, monkeypatch) -> None:
    yolo(tmp_path / "set")
    words = [*options, *["--merge"] * existing]
    places = [tmp_path / "whole", tmp_path / "killed"]
    if existing:
        for place in places:
            there(place)
    said = run(capsys, "import", tmp_path / "set", places[0], *words, "--json")[1]
    small_batches(monkeypatch)
    with monkeypatch.context() as patch:
        killed_at(patch, batch)
        with pytest.raises(KilledError):
            run(capsys, "import", tmp_path / "set", places[1], *words)
    code, again, _ = run(capsys, "import", tmp_path / "set", places[1], *words, "--json")
    assert code == 0
    assert json.loads(again) == json.loads(said)
    assert tables(places[0]) == tables(places[1])
    check_sound(places[1])


def test_another_command_says_what_is_there(capsys, tmp_path, monkeypatch) -> None:
    yolo(tmp_path / "set")
    yolo(tmp_path / "other")
    place = tmp_path / "d"
    small_batches(monkeypatch)
    with monkeypatch.context() as patch:
        killed_at(patch, 5)
        with pytest.raises(KilledError):
            run(capsys, "import", tmp_path / "set", place, "--split", "a b")
    for words in (["set"], ["other", "--split", "a b"], ["set", "--split", "b"], ["set", "--split", "a b", "--merge"]):
        code, _, err = run(capsys, "import", tmp_path / words[0], place, *words[1:])
        assert code == 2
        assert f"an import of {tmp_path / 'set'} is unfinished (5 of 12 samples are kept)" in err
        assert "this is another import" in err
        assert f"maskwright import {tmp_path / 'set'} {place} --split 'a b'; or take it back" in err
    assert tray.unfinished(place).samples == 5


VERBS = [
    ["log"],
    ["export", "{}", "out", "-f", "coco"],
    ["doctor"],
    ["show"],
    ["plan"],
    ["set", "{}", "split=a", "--all"],
]


@pytest.mark.parametrize("verb", VERBS, ids=lambda words: words[0])
def test_every_verb_says_that_an_import_is_unfinished(verb, capsys, tmp_path, monkeypatch) -> None:
    """A dataset that an import makes is not there before; one that was there is used as it was, with a note."""
    yolo(tmp_path / "set")
    there(tmp_path / "old")
    small_batches(monkeypatch)
    monkeypatch.chdir(tmp_path)
    for place in ("new", "old"):
        with monkeypatch.context() as patch:
            killed_at(patch, 5)
            with pytest.raises(KilledError):
                run(capsys, "import", "set", place, "--merge")
        words = [place if word == "{}" else word for word in verb] if "{}" in verb else [*verb, place]
        code, _, err = run(capsys, *words)
        assert "an import of set is unfinished (5 of 12 samples are kept)" in err
        assert f"maskwright import set {place} --merge" in err
        assert f"maskwright import {place} --take-back" in err
        assert code == 1 or place == "old"
    with Dataset.open("old") as dataset:
        assert dataset.unfinished.samples == 5


def test_it_is_taken_back(capsys, tmp_path, monkeypatch) -> None:
    yolo(tmp_path / "set")
    there(tmp_path / "old")
    before = tables(tmp_path / "old")
    small_batches(monkeypatch)
    for place in (tmp_path / "a" / "new", tmp_path / "old"):
        with monkeypatch.context() as patch:
            killed_at(patch, 5)
            with pytest.raises(KilledError):
                run(capsys, "import", tmp_path / "set", place, "--merge")
        code, out, _ = run(capsys, "import", place, "--take-back")
        assert (code, "took back the import of" in out) == (0, True)
        assert run(capsys, "import", place, "--take-back")[0] == 2
    assert not (tmp_path / "a").exists()
    assert tables(tmp_path / "old") == before
    assert run(capsys, "import", tmp_path / "set", "x", "--take-back")[0] == 2


def test_an_interrupted_import_says_how_to_go_on(capsys, tmp_path, monkeypatch) -> None:
    yolo(tmp_path / "set")
    small_batches(monkeypatch)
    killed_at(monkeypatch, 5, KeyboardInterrupt)
    code, _, err = run(capsys, "import", tmp_path / "set", tmp_path / "d")
    assert code == 130
    assert "interrupted; 5 of 12 samples are kept, and in no revision. Go on with: maskwright import" in err


def test_a_failed_write_leaves_what_was_kept(capsys, tmp_path, monkeypatch) -> None:
    yolo(tmp_path / "set")
    small_batches(monkeypatch)
    with monkeypatch.context() as patch:
        killed_at(patch, 5, OSError)
        with pytest.raises(OSError, match="killed"):
            run(capsys, "import", tmp_path / "set", tmp_path / "d")
    assert "5 of 12 samples are kept" in capsys.readouterr().err
    assert run(capsys, "import", tmp_path / "set", tmp_path / "d")[0] == 0


@pytest.mark.parametrize("place", ["d", "d.db", "images/d"])
def test_a_dataset_among_the_labels(place, capsys, tmp_path, monkeypatch) -> None:
    """It is no change of the labels that the dataset, which lies beside them, grows."""
    yolo(tmp_path)
    monkeypatch.chdir(tmp_path)
    small_batches(monkeypatch)
    with monkeypatch.context() as patch:
        killed_at(patch, 5)
        with pytest.raises(KilledError):
            run(capsys, "import", ".", place)
    code, _, err = run(capsys, "import", ".", place)
    assert (code, "5 samples are there" in err) == (0, True)
    assert not list(tmp_path.rglob("*-wal"))


def test_edits_meanwhile_stay(capsys, tmp_path, monkeypatch) -> None:
    yolo(tmp_path / "set")
    there(tmp_path / "d")
    small_batches(monkeypatch)
    with monkeypatch.context() as patch:
        killed_at(patch, 5)
        with pytest.raises(KilledError):
            run(capsys, "import", tmp_path / "set", tmp_path / "d", "--merge")
    with Dataset.open(tmp_path / "d") as dataset, dataset.edit("meanwhile") as edit:
        edit.set("own", split="test")
    assert run(capsys, "import", tmp_path / "set", tmp_path / "d", "--merge")[0] == 0
    with Dataset.open(tmp_path / "d") as dataset:
        assert [revision.message.split()[0] for revision in dataset.log()] == ["import", "meanwhile", "own", "create"]
        assert (len(dataset), dataset["own"].split) == (13, "test")
    check_sound(tmp_path / "d")


def test_a_running_import_is_not_taken_over(capsys, tmp_path, monkeypatch) -> None:
    yolo(tmp_path / "set")
    small_batches(monkeypatch)
    with monkeypatch.context() as patch:
        killed_at(patch, 5)
        with pytest.raises(KilledError):
            run(capsys, "import", tmp_path / "set", tmp_path / "d")
    monkeypatch.setattr(tray.Unfinished, "is_going_on", True)
    for words in (["import", tmp_path / "set", tmp_path / "d"], ["import", tmp_path / "d", "--take-back"]):
        code, _, err = run(capsys, *words)
        assert (code, "is going on in another process (5 of 12 samples read)" in err) == (2, True)
    assert run(capsys, "log", tmp_path / "d")[0] == 1


SLOW = """
import sys, time
from maskwright.formats import _keeping, _laying
_keeping.SAMPLES = 2
lay = _laying.Laying.lay
def slow(self, sample):
    time.sleep(0.05)
    return lay(self, sample)
_laying.Laying.lay = slow
from maskwright.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT], ids=["kill", "interrupt"])
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_killed_process(ending, capsys, tmp_path) -> None:
    yolo(tmp_path / "set", 40)
    run(capsys, "import", tmp_path / "set", tmp_path / "whole")
    words = ["import", str(tmp_path / "set"), str(tmp_path / "d")]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *words], stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"}
    )
    kept, end = 0, time.monotonic() + 60
    while kept < 6 and time.monotonic() < end:
        time.sleep(0.05)
        known = tray.unfinished(tmp_path / "d") if process.poll() is None else None
        kept = 0 if known is None else known.samples
    assert kept >= 6
    assert known is not None
    assert known.is_going_on
    process.send_signal(ending)
    said = process.communicate()[1]
    assert process.returncode in (-signal.SIGKILL, 130)
    assert ("samples are kept" in said) == (ending == signal.SIGINT)
    known = tray.unfinished(tmp_path / "d")
    assert known is not None
    assert not known.is_going_on
    code, _, err = run(capsys, *words)
    assert (code, f"going on with the import of {tmp_path / 'set'}: {known.samples} samples are there" in err) == (
        0,
        True,
    )
    assert tables(tmp_path / "d") == tables(tmp_path / "whole")


def test_an_opened_folder_goes_on(capsys, tmp_path, monkeypatch) -> None:
    yolo(tmp_path / "set")
    small_batches(monkeypatch)
    with monkeypatch.context() as patch:
        killed_at(patch, 5)
        with pytest.raises(KilledError):
            run(capsys, "log", tmp_path / "set")
    code, _, err = run(capsys, "log", tmp_path / "set")
    assert (code, "going on with the import" in err) == (0, True)
    assert "which is unchanged" in run(capsys, "log", tmp_path / "set")[2]


def test_an_opened_folder_that_has_changed_begins_anew(capsys, tmp_path, monkeypatch) -> None:
    yolo(tmp_path / "set")
    small_batches(monkeypatch)
    with monkeypatch.context() as patch:
        killed_at(patch, 5)
        with pytest.raises(KilledError):
            run(capsys, "log", tmp_path / "set")
    (tmp_path / "set" / "labels" / "val" / "0.txt").write_text("0 0.1 0.1 0.5 0.1 0.5 0.5\n")
    code, _, err = run(capsys, "log", tmp_path / "set")
    assert (code, "took back an unfinished import" in err) == (0, True)
    with Dataset.open(tmp_path / "set.maskwright") as dataset:
        assert (len(dataset), len(dataset["0"].segments)) == (12, 1)


def test_lines_say_rate_and_time_left(capsys, tmp_path, monkeypatch) -> None:
    from maskwright.core import progress

    yolo(tmp_path / "set")
    monkeypatch.setattr(progress, "EVERY", 0.0)
    lines = run(capsys, "import", tmp_path / "set", tmp_path / "d")[2].splitlines()
    assert lines[0].startswith("reading yolo: 1 of 12, ")
    assert all(" a second, 0:0" in line and line.endswith(" left") for line in lines)
    assert lines[-1].startswith("importing yolo: 12 of 12, ")
