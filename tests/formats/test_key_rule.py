"""The one rule by which keys are made of the paths of a set, and what a set says so by."""

import json
import unicodedata

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.formats import _keys
from maskwright.formats._keys import Place

COMPOSED, APART = "caf\u00e9", "cafe\u0301"


#: Names, splits, and the keys that they get.
RULE = {
    "plain": ([("a.jpg", None), ("x/b.jpg", None)], ["a", "x/b"]),
    "one folder of all stays": ([("x/a.jpg", None), ("x/b.jpg", None)], ["x/a", "x/b"]),
    "one name in two splits": ([("a.jpg", "train"), ("b.jpg", "train"), ("a.jpg", "val")], ["train/a", "b", "val/a"]),
    "one name in a split and in none": ([("a.jpg", None), ("a.jpg", "val")], ["a", "val/a"]),
    "a split before a suffix": ([("a.jpg", "train"), ("a.png", "val")], ["train/a", "val/a"]),
    "two suffixes": ([("a.jpg", "train"), ("a.png", "train")], ["a.jpg", "a.png"]),
    "a split and a suffix": (
        [("a.jpg", "train"), ("a.png", "train"), ("a.jpg", "val")], ["train/a.jpg", "train/a.png", "val/a"]
    ),
    "one name three times": ([("a.jpg", None), ("a.jpg", None), ("a.jpg", None)], ["a", "a-2", "a-3"]),
    "a number that is taken": ([("a.jpg", None), ("a-2.jpg", None), ("a.jpg", None)], ["a", "a-2", "a-3"]),
    "a split that is taken": ([("a.jpg", "t"), ("a.jpg", "v"), ("t/a.jpg", None)], ["t/a", "v/a", "t/a-2"]),
    "composed or not": ([(f"{COMPOSED}.jpg", None), (f"{APART}.jpg", None)], [COMPOSED, f"{COMPOSED}-2"]),
    "capital letters": ([("A.jpg", None), ("a.jpg", None)], ["A", "a"]),
    "another machine": (
        [("/home/bob/set/images/x/a.jpg", None), ("/home/bob/set/images/b.jpg", None)], ["x/a", "b"]
    ),
    "another machine's only image": ([("/home/bob/set/images/a.jpg", None)], ["a"]),
    "Windows": ([("C:\\data\\train\\a.jpg", None), ("C:\\data\\val\\a.jpg", None)], ["train/a", "val/a"]),
    "a server": ([("\\\\host\\share\\a.jpg", None), ("\\\\host\\share\\b.jpg", None)], ["a", "b"]),
    "two drives": ([("C:\\a.jpg", None), ("D:\\a.jpg", None)], ["C:/a", "D:/a"]),
    "here": ([("./a.jpg", None), ("././x/b.jpg", None)], ["a", "x/b"]),
    "images": ([("images/a.jpg", None), ("Images/x/b.jpg", None)], ["a", "x/b"]),
    "here and images": ([("./images/a.jpg", None), ("images/b.jpg", None)], ["a", "b"]),
    "images of some": ([("images/a.jpg", None), ("b.jpg", None)], ["images/a", "b"]),
    "an address": ([("https://host.example/val2017/a.jpg", None)], ["val2017/a"]),
    "elsewhere": ([("../a.jpg", None), ("a.jpg", None)], ["../a", "a"]),
}  # fmt: skip


@pytest.mark.parametrize("name", RULE)
def test_the_rule(name) -> None:
    places, wanted = RULE[name]
    keys, notes = _keys.keys_of([Place(*place) for place in places])
    assert keys == wanted
    assert len({unicodedata.normalize("NFC", key) for key in keys}) == len(keys)
    said = {"plain", "one folder of all stays", "here", "images", "here and images", "images of some", "an address", "elsewhere"}  # fmt: skip
    assert bool(notes) == (name not in said)


def test_what_the_notes_say() -> None:
    def notes(*places):
        return _keys.keys_of([Place(*place) for place in places])[1]

    assert notes(("a.jpg", "train"), ("a.jpg", "val")) == [
        "2 keys are those of others but for the split before them, such as 'train/a'"
    ]
    assert notes(("a.jpg", None), ("a.png", None)) == [
        "2 keys are those of others but for the suffix behind them, such as 'a.jpg'"
    ]
    assert notes(("a.jpg", None), ("a.jpg", None)) == [
        "1 keys are those of others but for a number behind them, such as 'a-2'"
    ]
    assert notes(("A.jpg", None), ("a.jpg", None)) == [
        "1 keys are others' but for capital letters, such as 'A', and stay"
    ]
    assert notes(("/home/bob/a.jpg", None), ("/home/bob/x/b.jpg", None)) == [
        "2 images are named by paths of a machine; their keys begin below '/home/bob/'"
    ]


def test_a_key_that_is_known_stays() -> None:
    assert _keys.keys_of([Place("/far/a.jpg", None, "images/x"), Place("images/b.jpg")])[0] == ["images/x", "b"]


def coco(file, names, **more) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    images = [{"id": k, "file_name": name, "height": 12, "width": 10} for k, name in enumerate(names, 1)]
    notes = [
        {"id": k, "image_id": k, "category_id": 1, "segmentation": [[1, 1, 1 + k, 1, 1 + k, 5, 1, 5]]}
        for k in range(1, len(names) + 1)
    ]
    content = {"images": images, "annotations": notes, "categories": [{"id": 1, "name": "cell"}], **more}
    file.write_text(json.dumps(content))


def areas(reading) -> dict[str, list[int]]:
    return {sample.key: sample.segments.masks.areas().tolist() for sample in reading.samples}


def test_two_ids_with_one_file_are_two_samples(tmp_path) -> None:
    coco(tmp_path / "labels.json", ["a.jpg", "a.jpg"])
    reading = formats.read(tmp_path, "coco")
    assert areas(reading) == {"a": [4], "a-2": [8]}
    assert any("a number behind them" in note for note in reading.notes)


def test_one_file_name_in_two_splits(tmp_path) -> None:
    for split, names in (("train", ["a.jpg", "b.jpg"]), ("val", ["a.jpg"])):
        coco(tmp_path / "annotations" / f"instances_{split}2017.json", names)
    reading = formats.read(tmp_path, "coco")
    assert areas(reading) == {"train/a": [4], "b": [8], "val/a": [4]}
    assert any("the split before them, such as 'train/a'" in note for note in reading.notes)


def test_what_is_chosen_has_the_key_that_it_has_among_all(tmp_path) -> None:
    coco(tmp_path / "labels.json", ["/set/x/a.jpg", "/set/y/a.jpg", "/set/y/b.jpg"])
    assert areas(formats.read(tmp_path, "coco", only_images=["/set/y/a.jpg"])) == {"y/a": [8]}


@pytest.mark.parametrize("key", ["images/a", "images/x/a", "x/a"])
@pytest.mark.parametrize("name", formats.writers())
def test_keys_of_ours_come_back(name, key, make_samples, classes, tmp_path) -> None:
    if name == "yolo" and key.startswith("images/"):
        pytest.skip("the layout begins keys below its last folder images")
    (sample,) = make_samples(1)
    mine = Sample(key, sample.image, sample.segments)
    formats.write([mine], classes, tmp_path / "out", name, allow_loss=True)
    assert [found.key for found in formats.read(tmp_path / "out", name).samples] == [key]


def test_one_id_in_two_subsets_of_datumaro(tmp_path) -> None:
    for subset, x in (("train", 3), ("val", 6)):
        (tmp_path / "images" / subset).mkdir(parents=True)
        Image.fromarray(np.zeros((12, 10, 3), np.uint8)).save(tmp_path / "images" / subset / "a.png")
        shape = {"id": 0, "type": "polygon", "label_id": 0, "points": [1, 1, x, 1, x, 5, 1, 5]}
        item = {"id": "a", "annotations": [shape], "image": {"path": "a.png", "size": [12, 10]}}
        content = {"info": {}, "categories": {"label": {"labels": [{"name": "cell"}]}}, "items": [item]}
        (tmp_path / "annotations").mkdir(exist_ok=True)
        (tmp_path / "annotations" / f"{subset}.json").write_text(json.dumps(content))
    assert areas(formats.read(tmp_path, "datumaro")) == {"train/a": [8], "val/a": [20]}


def test_paths_of_another_machine_in_via(tmp_path) -> None:
    region = {"shape_attributes": {"name": "rect", "x": 1, "y": 1, "width": 3, "height": 3}, "region_attributes": {}}
    rows = {}
    for name in ("x/a.png", "b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.zeros((12, 10, 3), np.uint8)).save(tmp_path / name)
        rows[name] = {"filename": str(tmp_path / name), "size": 1, "regions": [region]}
    (tmp_path / "via_region_data.json").write_text(json.dumps(rows))
    assert areas(formats.read(tmp_path, "via")) == {"x/a": [9], "b": [9]}


def test_what_a_reader_gives_twice_is_told_apart_as_well() -> None:
    def sample(key: str, uri: str, split: str | None) -> Sample:
        return Sample(key, ImageRef(uri, (4, 4)), Segments(Masks.empty((4, 4)), []), split)

    keys = _keys.Incoming()
    given = [
        ("a", "a.jpg", None),
        ("a", "a.jpg", "val"),
        ("a", "a.png", None),
        ("a", "a.png", "val"),
        ("a", "a.png", "val"),
    ]
    found = [keys.fit(sample(*row)).key for row in given]
    assert found == ["a", "val/a", "a.png", "val/a.png", "a-2"]
    assert keys.notes() == [
        "4 keys were there before and have the split, the suffix or a number with them, such as 'val/a'"
    ]
