"""Writing a label format: killed and started again it goes on; samples that are broken are left out where one asks."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from maskwright import formats
from maskwright.cli import main
from maskwright.core import staging
from maskwright.errors import FormatError, MaskwrightError
from maskwright.store import Dataset

NUMBER = 8
PREPARING = ["cityscapes", "coco", "coco-panoptic", "label-map", "labelme", "voc", "yolo"]


@pytest.fixture
def dataset(tmp_path, make_samples, classes):
    with Dataset.create(tmp_path / "set", classes) as opened:
        with opened.edit("samples") as edit:
            for sample in make_samples(NUMBER):
                edit.add(sample)
        yield opened


def called(capsys, *arguments: object, code: int = 0) -> str:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in arguments])
    found = capsys.readouterr()
    assert ended.value.code == code, found.err
    return found.out if code == 0 else found.err


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def hidden(folder: Path) -> list[Path]:
    return sorted(folder.glob(".maskwright-*"))


KILLED = """
import os, shutil, signal, sys
from maskwright import compute, formats
from maskwright.cli import main
from maskwright.core import staging

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def dies(function, after, last=die):
    calls = iter(range(after))
    return lambda *arguments: last(*arguments) if next(calls, None) is None else function(*arguments)

def half(source, target):
    with open(source, "rb") as file, open(target, "wb") as part:
        part.write(file.read()[:-9])
        part.flush()
        die()

if __name__ == "__main__":
    where, after, *words = sys.argv[1:]
    formats._PATIENCE = 0  # as if it had gone on for long
    if where == "preparing":
        compute.Journal.write = dies(compute.Journal.write, int(after))
    elif where == "copying":
        shutil.copyfile = dies(shutil.copyfile, int(after), half)
    else:
        staging._exchange = die
    main(words)
"""


def killed(tmp_path: Path, where: str, after: int, *words: object) -> None:
    program = tmp_path / "program.py"
    program.write_text(KILLED)
    done = subprocess.run(
        [sys.executable, program, where, str(after), *map(str, words)], check=False, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


class Counted:
    """How often this process does what is dear."""

    def __init__(self, monkeypatch, format: str) -> None:
        self.prepared = self.lost = self.copied = 0
        module = getattr(formats, format.replace("-", "_"))
        for owner, name, count in ((module, "prepare", "prepared"), (module, "losses", "lost"),
                                   (shutil, "copyfile", "copied")):  # fmt: skip
            if hasattr(owner, name):
                monkeypatch.setattr(owner, name, self._counting(getattr(owner, name), count))

    def _counting(self, function, count):
        import functools

        @functools.wraps(function)
        def counting(*arguments, **options):
            setattr(self, count, getattr(self, count) + 1)
            return function(*arguments, **options)

        return counting


def test_these_formats_prepare() -> None:
    from maskwright import registry

    found = [name for name in formats.writers() if hasattr(registry.load("formats", name), "prepare")]
    assert found == PREPARING


@pytest.mark.parametrize(
    ("format", "workers", "where", "after", "dear"),
    [
        ("coco", 1, "preparing", 3, (5, 5, 8)),
        ("coco", 2, "preparing", 3, (5, 5, 8)),
        pytest.param("coco", 1, "copying", 5, (0, 0, 3), marks=pytest.mark.slow),
        ("coco", 1, "exchanging", 0, (0, 0, 0)),
        pytest.param("yolo", 2, "copying", 2, (0, 0, 6), marks=pytest.mark.slow),
        pytest.param("label-map", 1, "copying", 7, (0, 0, 1), marks=pytest.mark.slow),
        ("via", 1, "preparing", 6, (0, 2, 8)),
        pytest.param("via", 2, "copying", 4, (0, 0, 4), marks=pytest.mark.slow),
    ],
)
def test_a_killed_export_goes_on_and_is_equal_byte_for_byte(
    dataset, tmp_path, capsys, monkeypatch, format, workers, where, after, dear
) -> None:
    words = ("export", dataset.place, tmp_path / "here" / "out", "--format", format, "--allow-loss", "--json")
    whole = json.loads(called(capsys, *words))
    wanted = tree(tmp_path / "here" / "out")
    shutil.rmtree(tmp_path / "here")
    killed(tmp_path, where, after, *words, "--workers", workers)
    assert not (tmp_path / "here" / "out").exists(), "only when all is there"
    assert len(hidden(tmp_path / "here")) == 1
    counted = Counted(monkeypatch, format)
    assert json.loads(called(capsys, *words)) == whole
    assert (counted.prepared, counted.lost, counted.copied) == dear
    assert tree(tmp_path / "here" / "out") == wanted
    assert hidden(tmp_path / "here") == []


@pytest.mark.parametrize(("workers", "where", "after", "dear"), [
    (1, "preparing", 3, (5, 5, 8)),
    pytest.param(2, "preparing", 3, (5, 5, 8), marks=pytest.mark.slow),
    pytest.param(1, "copying", 5, (0, 0, 3), marks=pytest.mark.slow),
])  # fmt: skip
def test_a_killed_conversion_goes_on_and_is_equal_byte_for_byte(
    dataset, classes, tmp_path, capsys, monkeypatch, workers, where, after, dear
) -> None:
    formats.write(dataset, classes, tmp_path / "source", "coco", allow_loss=True)
    words = ("convert", tmp_path / "source", tmp_path / "here" / "out", "--to", "labelme", "--allow-loss", "--check")
    called(capsys, *words)
    wanted = tree(tmp_path / "here" / "out")
    shutil.rmtree(tmp_path / "here")
    killed(tmp_path, where, after, *words, "--workers", workers)
    counted = Counted(monkeypatch, "labelme")
    assert "read back and compared: equal" in called(capsys, *words)
    assert (counted.prepared, counted.lost, counted.copied) == dear
    assert tree(tmp_path / "here" / "out") == wanted
    assert hidden(tmp_path / "here") == []


def test_killed_again_and_again_it_still_goes_on(dataset, tmp_path, capsys, monkeypatch) -> None:
    words = ("export", dataset.place, tmp_path / "here" / "out", "--format", "yolo", "--allow-loss")
    killed(tmp_path, "preparing", 3, *words)
    killed(tmp_path, "preparing", 3, *words)
    killed(tmp_path, "copying", 2, *words)
    killed(tmp_path, "copying", 2, *words)
    assert len(hidden(tmp_path / "here")) == 1
    counted = Counted(monkeypatch, "yolo")
    called(capsys, *words)
    assert (counted.prepared, counted.copied) == (0, 4)
    assert hidden(tmp_path / "here") == []
    assert len(list(formats.read(tmp_path / "here" / "out").samples)) == NUMBER


@pytest.mark.parametrize("change", ["option", "revision", "where", "format", "place"])
def test_other_work_begins_anew_and_clears_it_away(dataset, tmp_path, capsys, monkeypatch, change) -> None:
    place = tmp_path / "here" / "out"
    words = ["export", dataset.place, place, "--format", "coco", "--allow-loss"]
    killed(tmp_path, "copying", 5, *words)
    if change == "revision":
        with dataset.edit("change") as edit:
            edit.set_fields(dataset.keys()[0], {"changed": True})
    elif change == "option":
        words += ["-o", "segmentation=rle"]
    elif change == "where":
        words += ["--where", "weight > 0"]
    elif change == "place":
        words[2] = place = tmp_path / "here" / "other"
    else:
        words[4] = "labelme"
    counted = Counted(monkeypatch, words[4])
    called(capsys, *words)
    assert (counted.prepared, counted.lost, counted.copied) == (NUMBER, NUMBER, NUMBER)
    assert [path.name for path in (tmp_path / "here").iterdir()] == [place.name]


def test_an_image_and_a_label_that_changed_meanwhile_are_taken_as_they_are(
    dataset, classes, tmp_path, capsys, monkeypatch
) -> None:
    formats.write(dataset, classes, tmp_path / "source", "labelme", allow_loss=True)
    words = ("convert", tmp_path / "source", tmp_path / "here" / "out", "--to", "coco", "--allow-loss")
    killed(tmp_path, "exchanging", 0, *words)
    files = sorted((tmp_path / "source").rglob("*.json"))[:2]
    content = json.loads(files[0].read_text())
    content["shapes"] = content["shapes"][:1]
    files[0].write_text(json.dumps(content))
    image = files[1].parent / json.loads(files[1].read_text())["imagePath"]
    raw = bytearray(image.read_bytes())
    raw[-1] ^= 1
    stat = image.stat()
    image.write_bytes(raw)
    os.utime(image, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as old and as large as it was
    counted = Counted(monkeypatch, "coco")
    called(capsys, *words)
    assert (counted.prepared, counted.copied) == (1, 1)
    resumed = tree(tmp_path / "here" / "out")
    shutil.rmtree(tmp_path / "here")
    called(capsys, *words)
    assert tree(tmp_path / "here" / "out") == resumed


def test_after_the_machine_went_down_copies_are_made_again(dataset, tmp_path, capsys, monkeypatch) -> None:
    words = ("export", dataset.place, tmp_path / "here" / "out", "--format", "coco", "--allow-loss")
    killed(tmp_path, "copying", 5, *words)
    token = hidden(tmp_path / "here")[0] / "owner.json"
    content = json.loads(token.read_text())
    token.write_text(json.dumps({**content, "started": "another boot/1"}))
    counted = Counted(monkeypatch, "coco")
    called(capsys, *words)
    assert (counted.prepared, counted.copied) == (0, NUMBER)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device"), ValueError])
def test_what_ends_otherwise_than_by_a_kill_leaves_nothing(dataset, classes, tmp_path, monkeypatch, error) -> None:
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(shutil, "copyfile", fail)
    with pytest.raises((KeyboardInterrupt, FormatError, ValueError)):
        formats.write(dataset, classes, tmp_path / "here" / "out", "coco", allow_loss=True)
    assert not (tmp_path / "here").exists()


def test_a_living_writer_keeps_what_is_its_own(dataset, classes, tmp_path, monkeypatch) -> None:
    copy, seen = shutil.copyfile, []

    def meanwhile(source, target):
        if not seen:
            seen.append(1)
            formats.write(dataset, classes, tmp_path / "out", "coco", allow_loss=True)
            seen.append(sorted(path.name for path in tmp_path.glob("out/*")))
        return copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", meanwhile)
    with pytest.raises(MaskwrightError, match="not empty"):
        formats.write(dataset, classes, tmp_path / "out", "coco", allow_loss=True)
    assert seen[1]
    assert hidden(tmp_path) == []


def test_left_speaks_of_the_new_folder_of_this_work_alone(tmp_path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "left-0").mkdir()
    (tmp_path / "left-0" / "a.txt").write_text("a")
    assert staging.left(tmp_path / "new", "a.txt") is None, "not a hidden folder of ours"
    with staging.staged(tmp_path / "out", work="w") as stage:
        assert staging.left(stage, "a.txt") is None
        (stage.parent / "left-0" / "deep").mkdir(parents=True)
        (stage.parent / "left-0" / "a.txt").symlink_to(tmp_path / "left-0" / "a.txt")
        (stage.parent / "left-0" / "deep" / "b.txt").write_text("b")
        assert staging.left(stage, "a.txt") is None, "a link"
        assert staging.left(stage, "deep/b.txt") == stage.parent / "left-0" / "deep" / "b.txt"


# -- the same with what was prepared ------------------------------------------------------------------------------


@pytest.mark.parametrize("format", PREPARING)
def test_a_writer_alone_and_one_that_is_given_what_was_prepared_write_the_same(
    dataset, classes, tmp_path, format
) -> None:
    module = getattr(formats, format.replace("-", "_"))
    samples = [replace(sample, split="train") for sample in dataset]
    for place in ("alone", "given"):
        (tmp_path / place).mkdir()
    alone = module.write(samples, classes, tmp_path / "alone")
    asked = []

    def ready(sample):
        asked.append(sample.key)
        return module.prepare(sample, classes)

    assert module.write(samples, classes, tmp_path / "given", ready=ready) == alone
    assert asked == [sample.key for sample in samples]
    assert tree(tmp_path / "alone") == tree(tmp_path / "given")
    formats.write(samples, classes, tmp_path / "two", format, allow_loss=True, workers=2)
    assert tree(tmp_path / "two") == tree(tmp_path / "alone")


def test_nobody_gives_ready_as_an_option(dataset, tmp_path, capsys) -> None:
    told = called(capsys, "export", dataset.place, tmp_path / "out", "-f", "coco", "-o", "ready=x", code=2)
    assert "has no option 'ready'" in told
    assert "segmentation" in told


# -- broken samples -----------------------------------------------------------------------------------------------


@pytest.fixture
def broken(dataset) -> dict[str, str]:
    """What is wrong, by key: an image that is gone, and one that is cut off."""
    keys = dataset.keys()
    Path(dataset[keys[2]].image.uri).unlink()
    image = Path(dataset[keys[5]].image.uri)
    image.write_bytes(image.read_bytes()[:50])
    return {keys[2]: "", keys[5]: "not a readable image"}


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_broken_samples_are_left_out_and_listed_where_one_asks(dataset, broken, tmp_path, capsys, workers) -> None:
    words = ("export", dataset.place, tmp_path / "out", "--format", "coco", "--allow-loss", "--workers", workers)
    assert "the image is not there" in called(capsys, *words, code=1)
    assert not (tmp_path / "out").exists()
    result = json.loads(called(capsys, *words, "--skip-broken", "--check", "--json"))
    assert result["samples"] == NUMBER - 2
    assert {sample["key"]: "" for sample in result["set_aside"]} == dict.fromkeys(broken, "")
    assert all(broken[sample["key"]] in sample["reason"] for sample in result["set_aside"])
    assert [dataset.read([sample["number"]])[0].key for sample in result["set_aside"]] == list(broken)
    kept = [sample.key for sample in formats.read(tmp_path / "out").samples]
    assert sorted(kept) == sorted(set(dataset.keys()) - set(broken))
    told = called(capsys, *words, "--skip-broken", "--overwrite")
    assert "set aside, because they could not be worked on: 2" in told
    assert f"wrote {NUMBER - 2} samples" in told


def test_a_conversion_leaves_broken_images_out_too(dataset, classes, tmp_path, capsys) -> None:
    formats.write(dataset, classes, tmp_path / "source", "coco", allow_loss=True)
    image = next((tmp_path / "source" / "images").rglob("*.png"))
    image.write_bytes(b"no image")
    words = ("convert", tmp_path / "source", tmp_path / "out", "--to", "yolo", "--allow-loss", "--skip-broken")
    result = json.loads(called(capsys, *words, "--json"))
    assert ([record["file"] for record in result["broken"]], result["samples"]) == ([str(image)], NUMBER - 1)
    shutil.rmtree(tmp_path / "out")
    assert json.loads(called(capsys, *words[:-1], "--json"))["samples"] == NUMBER, "copied as it is"
    result = json.loads(called(capsys, *words, "--overwrite", "--images", "none", "--json"))
    assert (len(result["broken"]), result["set_aside"]) == (1, [])


def test_where_all_are_broken_nothing_is_written(dataset, classes, tmp_path) -> None:
    for sample in dataset:
        Path(sample.image.uri).unlink(missing_ok=True)
    with pytest.raises(MaskwrightError, match=f"none of the {NUMBER} samples"):
        formats.write(dataset, classes, tmp_path / "out", "coco", allow_loss=True, broken=[])
    assert not (tmp_path / "out").exists()
