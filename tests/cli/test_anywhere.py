"""Labels and images in place of a dataset: every verb takes them, imports them once, and says where they are."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import maskwright as mw
from maskwright import formats
from maskwright.cli import VERBS, main
from maskwright.core.classes import Class, Classes
from maskwright.errors import DatasetError, FormatError
from maskwright.store import Dataset, import_samples

#: A call of each verb on labels -> what it ends with; where that is an error, what is said of the dataset.
CALLS: dict[str, tuple[list[str], int, str]] = {
    "show": (["labels"], 0, ""),
    "window": (["labels"], 0, ""),
    "columns": (["labels"], 0, ""),
    "set": (["labels", "split=val", "--all"], 0, ""),
    "export": (["labels", "out", "-f", "coco"], 0, ""),
    "log": (["labels"], 0, ""),
    "diff": (["labels", "1"], 0, ""),
    "tag": (["labels", "gold"], 0, ""),
    "restore": (["labels", "1"], 0, ""),
    "snapshot": (["labels", "out.parquet"], 0, ""),
    "studio": (["labels"], 0, ""),
    "propagate": (["labels", "--where", "split = 'none'"], 2, "no sample has labels"),
    "track": (["labels"], 2, "no video"),
    "plan": (["labels", "--where", "split = 'none'"], 1, "no "),
    "train": (["labels", "--where", "split = 'none'"], 1, "no "),
    "sweep": (["labels", "--where", "split = 'none'", "--search", "lr=log(1e-4,1e-2)"], 1, "no "),
    "predict": (["labels"], 2, "run"),
    "evaluate": (["labels"], 2, "run"),
    "metrics": (["explain", "labels"], 2, "run"),
    "model": (["show", "abc", "--dataset", "labels"], 2, "run"),
    "runs": (["labels"], 0, ""),
    "compare": (["labels", "a", "b"], 2, "run"),
    "doctor": (["labels"], 0, ""),
    "embed": (["labels"], 0, ""),
    "report": (["labels", "-o", "out.html"], 0, ""),
}  # fmt: skip

#: Verbs that take no dataset, or make one where they are told to.
OTHERS = {"demo", "data", "import", "convert", "segment"}


def run(capsys, *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    found = capsys.readouterr()
    return int(stop.value.code or 0), found.out, found.err


@pytest.fixture
def labels(tmp_path, monkeypatch, make_samples, classes) -> Path:
    """A set in COCO's format, in the current folder."""
    monkeypatch.chdir(tmp_path)
    formats.write(make_samples(3), classes, tmp_path / "labels", "coco")
    return tmp_path / "labels"


def test_every_verb_is_asked() -> None:
    assert set(CALLS) | OTHERS == set(VERBS)


@pytest.mark.parametrize("verb", CALLS)
def test_a_verb_takes_labels_in_place_of_a_dataset(capsys, labels, monkeypatch, verb) -> None:
    if verb in ("train", "sweep", "plan", "predict", "evaluate", "model"):
        pytest.importorskip("torch")
    if verb == "studio":
        pytest.importorskip("fastapi")
        monkeypatch.setattr("maskwright.studio.serve", lambda dataset, wishes, say: None)
    words, expected, said = CALLS[verb]
    before = sorted(labels.rglob("*"))
    code, _, err = run(capsys, verb, *words)
    assert code == expected, err
    first = "imported labels into labels.maskwright, revision 2; used again while labels is unchanged"
    assert first in err.splitlines()
    assert "dataset here" not in err
    assert said in err
    assert Dataset.exists("labels.maskwright")
    assert sorted(labels.rglob("*")) == before, "nothing is written into the labels"
    code, _, err = run(capsys, "log", "labels", "--json")
    assert code == 0
    assert err == "using labels.maskwright, imported from labels, which is unchanged\n"


def test_with_json_the_result_stays_one_object(capsys, labels) -> None:
    code, out, err = run(capsys, "show", "labels/", "--json")
    assert code == 0
    assert json.loads(out)["samples"] == 3
    assert err.splitlines()[-1].startswith("imported labels into labels.maskwright")


@pytest.mark.parametrize("place", ["labels/annotations.json", "labels", "labels/", "./labels", "labels/../labels"])
def test_a_file_or_any_spelling_of_a_folder_is_one_dataset(capsys, labels, place) -> None:
    if place.endswith(".json"):
        file = next(path for path in labels.rglob("*.json") if path.name != "maskwright.json")
        place = file.relative_to(labels.parent).as_posix()
    with mw.open_dataset(place) as dataset:
        assert len(dataset) == (2 if place.endswith(".json") else 3)
        home = Path(dataset.place)
    assert home.name == f"{Path(place).resolve().name}.maskwright"
    told: list[str] = []
    formats.open_dataset(place, tell=told.append).close()
    assert len(told) == 1
    assert "unchanged" in told[0]


def test_the_current_folder(capsys, labels, monkeypatch) -> None:
    monkeypatch.chdir(labels)
    assert run(capsys, "show", ".")[0] == 0
    assert Dataset.exists(labels.with_name("labels.maskwright"))


def test_images_without_labels(capsys, labels) -> None:
    images = next(path.parent for path in labels.rglob("*.png"))
    images.rename("photos")
    with mw.open_dataset("photos") as dataset:
        assert len(dataset) == 3
        assert not any(len(sample.segments) for sample in dataset)
        assert Path(dataset.place) == Path("photos.maskwright")
    assert not Path("photos/maskwright.db").exists()


def test_a_dataset_stays_a_dataset(capsys, labels) -> None:
    Dataset.create("own", Classes([Class(1, "cell")])).close()
    code, _, err = run(capsys, "log", "own")
    assert (code, err) == (0, "")
    assert not Path("own.maskwright").exists()
    Path("own/maskwright.db").write_bytes(b"not a database at all, but long enough to look at")
    code, _, err = run(capsys, "log", "own")
    assert code == 1
    assert not Path("own.maskwright").exists()


@pytest.mark.parametrize(("place", "near"), [
    ("lables", "labels"), ("Labels/", "labels"), ("label/images", "labels"), ("nothing-like-it", None),
])  # fmt: skip
def test_a_typo_names_the_nearest_path(capsys, labels, place, near) -> None:
    before = sorted(Path().iterdir())
    code, out, err = run(capsys, "show", place)
    assert (code, out) == (1, "")
    assert "there is no dataset here" in err
    assert ("Did you mean" in err) == (near is not None)
    assert near is None or f"Did you mean {near}" in err
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize("made", ["empty", "text", "broken"])
def test_what_is_neither_leaves_nothing(capsys, labels, made) -> None:
    Path("it").mkdir()
    if made == "text":
        Path("it/thesis.txt").write_text("mine")
    if made == "broken":
        Path("it/annotations.json").write_text('{"images": [}')
    before = sorted(Path().rglob("*"))
    with pytest.raises((DatasetError, FormatError)):
        mw.open_dataset("it")
    assert sorted(Path().rglob("*")) == before


def test_what_is_grave_stops_and_leaves_nothing(yolo) -> None:
    for file in (yolo / "labels").iterdir():
        file.write_text("")
    before = sorted(Path().rglob("*"))
    with pytest.raises(FormatError, match=r"(?s)nothing.*maskwright import .*set NEW --force") as stop:
        opened()
    assert str(yolo) in str(stop.value)
    assert sorted(Path().rglob("*")) == before


# -- the source changes -------------------------------------------------------------------------------------


@pytest.fixture
def yolo(tmp_path, monkeypatch) -> Path:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    for folder in ("images", "labels"):
        (tmp_path / "set" / folder).mkdir(parents=True)
    for number in range(4):
        Image.new("RGB", (20, 10 + number)).save(tmp_path / f"set/images/{number}.png")
        (tmp_path / f"set/labels/{number}.txt").write_text(line(0) + line(1))
    (tmp_path / "set/data.yaml").write_text("train: images\nnames: [a, b]\n")
    return tmp_path / "set"


def line(kind: int, edge: float = 0.8) -> str:
    return f"{kind} 0.1 0.1 {edge} 0.1 {edge} 0.8\n"


def opened(told: list[str] | None = None) -> Dataset:
    return formats.open_dataset("set", tell=(told if told is not None else []).append)


def test_a_changed_source_is_a_new_revision_of_what_differs(yolo) -> None:
    from PIL import Image

    opened().close()
    (yolo / "labels/0.txt").write_text(line(0))
    (yolo / "labels/1.txt").write_text(line(0, 0.5) + line(1))
    (yolo / "images/2.png").unlink()
    (yolo / "labels/2.txt").unlink()
    Image.new("RGB", (30, 30)).save(yolo / "images/3.png")
    Image.new("RGB", (30, 30)).save(yolo / "images/4.png")
    told: list[str] = []
    with opened(told) as dataset:
        assert told[-1] == "set has changed: imported again into set.maskwright, revision 3"
        assert sorted(dataset.keys()) == ["0", "1", "3", "4"]
        assert dataset.log()[0].summary == {
            "samples added": 2, "samples removed": 2, "segments added": 2, "segments changed": 1, "segments removed": 5,
        }  # fmt: skip
        reading = formats.read("set")
        import_samples("again", reading.classes, reading.samples, "anew")
        with Dataset.open("again") as anew:
            for key in list(anew.keys()):
                renewed, fresh = dataset[key], anew[key]
                assert renewed.image.size == fresh.image.size
                assert renewed.image.checksum == fresh.image.checksum
                assert renewed.segments == fresh.segments
    told = []
    opened(told).close()
    assert told == ["using set.maskwright, imported from set, which is unchanged"]


def test_only_a_time_that_changed_makes_no_revision(yolo) -> None:
    opened().close()
    os.utime(yolo / "labels/0.txt", (1, 1))
    told: list[str] = []
    with opened(told) as dataset:
        assert dataset.resolve("head") == 2
    assert told[-1].endswith("its files have changed, and nothing that is in them")
    told = []
    opened(told).close()
    assert "unchanged" in told[0]


def test_classes_that_change_their_numbers(yolo) -> None:
    opened().close()
    (yolo / "data.yaml").write_text("train: images\nnames: [c, a, b]\n")
    with opened() as dataset:
        assert dataset.classes.names == ["c", "a", "b"]
        assert [dataset.classes[int(found)].name for found in dataset["0"].segments.class_ids] == ["c", "a"]


def test_what_somebody_edited_stays(yolo) -> None:
    with opened() as dataset, dataset.edit("mine") as edit:
        edit.set("0", split="test")
    (yolo / "labels/0.txt").write_text(line(1))
    told: list[str] = []
    with opened(told) as dataset:
        assert dataset.resolve("head") == 3
        assert len(dataset["0"].segments) == 2
    said = "using set.maskwright as it was edited (revision 3): set has changed since it was imported (revision 2); to "
    assert told == [said + "have what it is now beside the edits: maskwright import set NEW"]


def test_a_dataset_of_that_name_that_was_made_otherwise_is_used_and_that_is_said(yolo) -> None:
    Dataset.create("set.maskwright").close()
    told: list[str] = []
    with opened(told) as dataset:
        assert len(dataset) == 0
    assert told == ["using set.maskwright, which does not say how set was: changes there do not come in"]


def test_a_broken_change_leaves_the_dataset_as_it_was(yolo) -> None:
    opened().close()
    (yolo / "labels/0.txt").write_text("0 nonsense\n")
    before = sorted(path.name for path in Path().iterdir())
    with pytest.raises(FormatError, match=r"0\.txt"):
        opened()
    with Dataset.open("set.maskwright") as dataset:
        assert dataset.resolve("head") == 2
    assert sorted(path.name for path in Path().iterdir()) == before


def test_a_set_that_the_place_is_a_part_of_is_looked_at_too(yolo) -> None:
    told: list[str] = []
    with formats.open_dataset("set/labels", tell=told.append) as dataset:
        assert len(dataset) == 4
        assert Path(dataset.place) == Path("set/labels.maskwright")
    (yolo / "data.yaml").write_text("train: images\nnames: [a, c]\n")
    with formats.open_dataset("set/labels") as dataset:
        assert dataset.classes.names == ["a", "c"]
    with opened() as dataset:
        assert len(dataset) == 4, "a dataset inside is not read"


def test_labels_that_a_file_leads_to_are_looked_at_too(yolo) -> None:
    Path("lists").mkdir()
    (yolo / "data.yaml").rename("lists/set.yaml")
    Path("lists/set.yaml").write_text("path: ../set\ntrain: images\nnames: [a, b]\n")
    told: list[str] = []
    formats.open_dataset("lists/set.yaml").close()
    formats.open_dataset("lists/set.yaml", tell=told.append).close()
    assert len(told) == 1
    assert told[0].endswith("unchanged")
    (yolo / "labels/0.txt").write_text(line(0))
    with formats.open_dataset("lists/set.yaml", tell=told.append) as dataset:
        assert len(dataset["0"].segments) == 1
    assert "has changed" in told[-1]


@pytest.mark.parametrize("place", ["set.zip", "packed"])
def test_an_archive_is_unpacked_once_and_again_where_that_is_gone(yolo, place) -> None:
    Path("packed").mkdir()
    file = shutil.make_archive("packed/set" if place == "packed" else "set", "zip", "set")
    shutil.rmtree(yolo)
    unpacked = Path("packed/packed.unpacked") if place == "packed" else Path(f"{file}.unpacked")
    told: list[str] = []

    def look() -> None:
        with formats.open_dataset(place, tell=told.append) as dataset:
            assert Path(dataset.place) == Path(f"{place}.maskwright")
            assert len(dataset) == 4
            assert all(Path(sample.image.uri).is_file() for sample in dataset)

    look()
    assert "was unpacked into" in told[0]
    told.clear()
    look()
    assert told == [f"using {place}.maskwright, imported from {place}, which is unchanged"]
    shutil.rmtree(unpacked)
    look()
    assert unpacked.is_dir()
    told.clear()
    look()
    assert told[-1].endswith("unchanged")


# -- places and processes -----------------------------------------------------------------------------------


def test_where_nothing_can_be_written_beside_it_is_in_the_data_folder(yolo, monkeypatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(yolo.parent / "home"))
    real = os.access
    closed = yolo.parent
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != closed and real(path, mode))
    with opened() as dataset:
        home = Path(dataset.place)
    assert home.parent == closed / "home/maskwright/datasets"
    assert home.name.startswith("set-")
    told: list[str] = []
    opened(told).close()
    assert "unchanged" in told[0]


PROGRAM = """
import sys, time
from maskwright import formats
def follow(what, total, samples):
    for number, sample in enumerate(samples):
        if not number:  # what compiles has compiled: a compiler's callback swallows an interrupt
            print("began", flush=True)
        time.sleep({pause})
        yield sample
formats.open_dataset("set", tell=lambda line: print(line, flush=True), follow=follow).close()
"""


def start(pause: float) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(pause=pause)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_until_it_begins(child: "subprocess.Popen[str]") -> None:
    assert child.stdout is not None
    assert "began\n" in iter(child.stdout.readline, "")


@pytest.mark.skipif(sys.platform == "win32", reason="there the database's own transaction keeps two apart")
def test_of_two_processes_one_imports_and_the_other_waits(yolo) -> None:
    first = start(0.5)
    wait_until_it_begins(first)
    second = start(0)
    made, used = first.communicate(timeout=120), second.communicate(timeout=120)
    assert (first.returncode, second.returncode) == (0, 0), made[1] + used[1]
    assert "imported set into set.maskwright" in made[0]
    assert used[0].splitlines() == [
        "waiting for another process that imports set", "using set.maskwright, imported from set, which is unchanged",
    ]  # fmt: skip
    assert sorted(path.name for path in Path().iterdir()) == ["set", "set.maskwright"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_import_that_ends_early_leaves_no_dataset(yolo, number) -> None:
    child = start(30)
    wait_until_it_begins(child)
    time.sleep(0.2)
    child.send_signal(number)
    try:
        child.communicate(timeout=60)
    finally:
        child.kill()
        child.communicate()
    assert not Dataset.exists("set.maskwright")
    told: list[str] = []
    with opened(told) as dataset:
        assert len(dataset) == 4
    assert "imported set into" in told[-1]
    assert sorted(path.name for path in Path().iterdir()) == ["set", "set.maskwright"]
