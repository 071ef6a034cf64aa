"""`maskwright import` says what it reads; --dry-run shows it and writes nothing."""

import json
import zipfile

import pytest
from command_line import run
from door_sets import image, text, yolo

from maskwright.store import Dataset


def test_a_dry_run_shows_everything_and_writes_nothing(capsys, tmp_path) -> None:
    yolo(tmp_path / "download" / "set")
    before = sorted(tmp_path.rglob("*"))
    code, out, _ = run(capsys, "import", tmp_path / "download", "--dry-run")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "ways to read this, the best first:"
    assert lines[2].split() == ["yolo", "0.77", str(tmp_path / "download" / "set")]
    assert (
        f"read as yolo in {tmp_path / 'download' / 'set'}: data.yaml names 2 classes; 1 image file, 1 .txt file" in out
    )
    assert "1 image, 1 segment, 2 classes" in out
    assert "splits: train 1" in out
    assert ["0", "cell", "thing", "class", "1"] in [line.split() for line in lines]
    assert lines[-1] == "nothing was written"
    assert sorted(tmp_path.rglob("*")) == before
    assert run(capsys, "import", tmp_path / "download", tmp_path / "new", "--dry-run")[0] == 0
    assert not (tmp_path / "new").exists()


def test_a_dry_run_for_machines(capsys, tmp_path) -> None:
    yolo(tmp_path / "download" / "set")
    code, out, _ = run(capsys, "import", tmp_path / "download", "--dry-run", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["dry_run"], found["format"], found["images"], found["segments"]) == (True, "yolo", 1, 1)
    assert found["chosen"] == found["candidates"][0]
    assert found["chosen"]["command"] == f"maskwright import {tmp_path / 'download' / 'set'} DATASET -f yolo"
    assert [(row["name"], row["segments"]) for row in found["classes"]] == [("cell", 1), ("wall", 0)]
    assert found["splits"] == {"train": 1}


def test_a_dry_run_shows_the_ways_that_it_refuses(capsys, tmp_path) -> None:
    yolo(tmp_path / "one")
    yolo(tmp_path / "two")
    code, out, err = run(capsys, "import", tmp_path, "--dry-run")
    assert code == 1
    assert out.count("yolo    0.77") == 2
    assert f"maskwright import {tmp_path / 'two'} DATASET -f yolo" in err


def test_a_dry_run_of_a_sequence(capsys, tmp_path) -> None:
    for number in (1, 2):
        image(tmp_path / "clip" / f"{number}.png")
    code, out, _ = run(capsys, "import", tmp_path / "clip", "--sequence", "--dry-run")
    assert (code, out.splitlines()[0]) == (0, "a sequence along time, 'clip': 2 images without labels")
    assert not list(tmp_path.rglob("maskwright.db"))


def test_an_import_prints_what_was_chosen(capsys, tmp_path) -> None:
    yolo(tmp_path / "download" / "set")
    code, out, _ = run(capsys, "import", tmp_path / "download", tmp_path / "new")
    assert code == 0
    assert out.startswith(f"read as yolo in {tmp_path / 'download' / 'set'}: data.yaml names 2 classes")
    found = json.loads(run(capsys, "import", tmp_path / "download", tmp_path / "other", "--json")[1])
    assert (found["format"], found["chosen"]["path"]) == ("yolo", str(tmp_path / "download" / "set"))


def test_photos_alone_become_a_dataset(capsys, tmp_path) -> None:
    image(tmp_path / "photos" / "train" / "a.jpg")
    image(tmp_path / "photos" / "b.jpg")
    code, out, _ = run(capsys, "import", tmp_path / "photos", tmp_path / "new")
    assert code == 0
    assert "imported 2 samples with 0 segments of 1 class as" in out
    with Dataset.open(tmp_path / "new") as dataset:
        assert {sample.key: sample.split for sample in dataset} == {"b": None, "train/a": "train"}
        assert dataset.classes.names == ["object"]


@pytest.mark.parametrize("verb", ["import", "convert"])
def test_an_archive(capsys, tmp_path, verb) -> None:
    yolo(tmp_path / "made" / "set")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as out:
        for file in (tmp_path / "made").rglob("*"):
            out.write(file, file.relative_to(tmp_path / "made"))
    rest = ["--to", "coco"] if verb == "convert" else []
    code, out, _ = run(capsys, verb, tmp_path / "set.zip", tmp_path / "out", *rest)
    assert code == 0
    assert "set.zip was unpacked into" in out


def test_the_dataset_is_named_unless_nothing_is_written(capsys, tmp_path) -> None:
    text(tmp_path / "x.txt", "x")
    code, _, err = run(capsys, "import", tmp_path)
    assert code == 2
    assert "DATASET is missing" in err
    assert "--dry-run" in err
