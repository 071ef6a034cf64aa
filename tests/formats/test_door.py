"""What a place holds is looked for, chosen with reasons, and refused with the nearest command that works."""

import json

import pytest
from small_sets import photo, written

from maskwright import formats
from maskwright.errors import FormatError, UsageError


@pytest.mark.parametrize("name", ["coco", "yolo", "voc", "labelme"])
def test_a_set_lies_some_folders_below(tmp_path, name) -> None:
    inner = written(tmp_path / "download/v2/set", name)
    best = formats.find(tmp_path / "download")[0]
    assert best.format == name
    assert inner.is_relative_to(best.path), "some readers look below a folder themselves"
    assert best.reasons
    reading = formats.read(tmp_path / "download")
    assert len(list(reading.samples)) == 3
    assert reading.chosen == best
    if best.path != tmp_path / "download":
        assert any(f"read from {best.path} as {name}" in note for note in reading.notes)


@pytest.mark.parametrize(("name", "part"), [("coco", "annotations"), ("yolo", "labels"), ("voc", "Annotations")])
def test_a_part_of_a_set_means_the_set(tmp_path, name, part) -> None:
    written(tmp_path / "set", name)
    best = formats.choose(tmp_path / "set" / part)
    assert best.format == name
    assert len(list(formats.read(tmp_path / "set" / part).samples)) == 3


def test_two_sets_are_refused_with_both_as_commands(tmp_path) -> None:
    written(tmp_path / "both/a", "coco")
    written(tmp_path / "both/b", "voc")
    with pytest.raises(FormatError) as caught:
        formats.sniff(tmp_path / "both")
    text = str(caught.value)
    assert f"maskwright import {tmp_path}/both/a DATASET -f coco" in text
    assert f"maskwright import {tmp_path}/both/b DATASET -f voc" in text


def test_links_to_folders_are_followed_once(tmp_path) -> None:
    written(tmp_path / "real/set", "yolo")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/linked").symlink_to(tmp_path / "real/set")
    (tmp_path / "real/set/again").symlink_to(tmp_path / "here")
    reading = formats.read(tmp_path / "here")
    assert len(list(reading.samples)) == 3


def test_images_alone_are_samples_to_label(tmp_path) -> None:
    for split, number in (("train", 3), ("val", 2)):
        for k in range(number):
            photo(tmp_path / "photos" / split / f"{k}.jpg", k)
    photo(tmp_path / "photos/train/0.png")
    reading = formats.read(tmp_path / "photos")
    samples = list(reading.samples)
    assert reading.chosen is not None
    assert reading.chosen.format == "unlabelled"
    assert sorted((sample.key, sample.split) for sample in samples) == [
        ("train/0", "train"), ("train/0.png", "train"), ("train/1", "train"), ("train/2", "train"), ("val/0", "val"),
        ("val/1", "val"),
    ]  # fmt: skip
    assert not any(len(sample.segments) for sample in samples)
    assert not [finding for finding in reading.findings if finding.grave]


def test_images_beside_what_may_be_labels_are_not_called_unlabelled(tmp_path) -> None:
    for k in range(4):
        photo(tmp_path / f"set/{k}.jpg", k)
    (tmp_path / "set/result.json").write_text(json.dumps({"regions": [], "version": 3}))
    with pytest.raises(FormatError, match=r"is a JSON of no kind that is known.*regions, version") as caught:
        formats.sniff(tmp_path / "set")
    assert "-f unlabelled" in str(caught.value)


REFUSED = {
    "nothing": ({}, "nothing is in it"),
    "a model": ({"best.pt": b"x"}, "a model's file, not labels"),
    "a packed file": ({"set.rar": b"x"}, "Unpack it, and give the folder"),
    "Parquet": ({"a.parquet": b"PAR1xx"}, "maskwright snapshot DATASET .*--read"),
    "Labelbox": ({"a.json": [{"DataRow ID": "x", "Label": {}}]}, "an old export of Labelbox"),
    "nearly COCO": ({"a.json": {"annotations": [], "categories": []}}, "coco"),
    "texts": ({"a.txt": b"hello"}, "no image and no labels"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_says_what_it_looks_like(tmp_path, what) -> None:
    files, said = REFUSED[what]
    (tmp_path / "set").mkdir()
    for name, content in files.items():
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (tmp_path / "set" / name).write_bytes(data)
    with pytest.raises(FormatError, match=said) as caught:
        formats.read(tmp_path / "set")
    assert "ade20k, bitmaps" not in str(caught.value), "a list of formats is not an answer"


@pytest.mark.parametrize(("asked", "meant"), [("yolov8", "yolo"), ("coco-instances", "coco"), ("labelmee", "labelme"),
                                              ("pascal-voc", "voc"), ("kaggle", "rle-csv")])  # fmt: skip
def test_the_nearest_format_is_named(tmp_path, asked, meant) -> None:
    photo(tmp_path / "set/a.png")
    with pytest.raises(UsageError, match=f"(Did you mean|-f) '?{meant}"):
        formats.read(tmp_path / "set", asked)


def test_splits_side_by_side_are_one_set(tmp_path) -> None:
    for split in ("train", "valid"):
        written(tmp_path / f"set/{split}", "labelme", 2)
    samples = list(formats.read(tmp_path / "set").samples)
    assert sorted({sample.split for sample in samples}) == ["train", "val"] or len(samples) == 4


def test_candidates_are_plain_values(tmp_path) -> None:
    written(tmp_path / "a set/it's", "coco")
    best = formats.find(tmp_path / "a set")[0]
    content = json.loads(json.dumps(best.to_json()))
    assert content["format"] == "coco"
    assert 0 < content["score"] <= 1
    assert "'" in content["command"], "it can be copied into a shell"
