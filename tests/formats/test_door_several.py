"""Several sets at one place, results beside labels, and what lies beside its images."""

import json

import numpy as np
import pytest
from PIL import Image
from small_sets import photo, written

from maskwright import formats
from maskwright.core.masks import Masks
from maskwright.errors import FormatError
from maskwright.formats import _door


def test_results_beside_labels_are_left_out(tmp_path) -> None:
    place = written(tmp_path / "set", "coco")
    labels = next((place / "annotations").iterdir()).rename(place / "truth.json")
    number = sum(len(sample.segments) for sample in formats.read(place).samples)
    ids = [image["id"] for image in json.loads(labels.read_text())["images"]]
    rows = [{"image_id": ids[0], "category_id": 1, "score": 0.5, "bbox": [0, 0, 4, 4]}]
    (place / "dets.json").write_text(json.dumps(rows))
    reading = formats.read(place)
    assert reading.chosen is not None
    assert reading.chosen.format == "coco"
    assert sum(len(sample.segments) for sample in reading.samples) == number
    said = f"maskwright import {place / 'dets.json'} DATASET -f coco -o truth={labels}"
    assert any("dets.json has results, not labels, and was left out" in note and said in note for note in reading.notes)
    results = formats.read(place / "dets.json", "coco", truth=str(labels))
    assert sum(len(sample.segments) for sample in results.samples) == 1
    assert not any("id is missing" in note for note in results.notes)


def test_texts_of_lines_beside_images_are_yolo_without_names(tmp_path) -> None:
    for k in range(3):
        photo(tmp_path / f"set/{k}.jpg", k)
        (tmp_path / f"set/{k}.txt").write_text(f"{k} 0.1 0.1 0.6 0.1 0.6 0.6\n" if k else "")
    reading = formats.read(tmp_path / "set")
    assert reading.chosen is not None
    assert reading.chosen.format == "yolo"
    assert sum(len(sample.segments) for sample in reading.samples) == 2
    assert any("called by the numbers that the labels have: class_1, class_2" in note for note in reading.notes)
    for line in ("1 20 30 40 50\n", "a word of the image\n", "0.5 0.1 0.1 0.2 0.2\n"):
        (tmp_path / "set/1.txt").write_text(line)
        assert not [way for way in formats.find(tmp_path / "set") if way.format == "yolo"], line


@pytest.mark.parametrize(("sure", "masks"), [(_door.SURE, "set"), (0.5, "set/semantic")])
def test_sets_inside_a_set_are_ways_too(tmp_path, monkeypatch, sure, masks) -> None:
    """sure: from where on a place need not be looked into farther down.  masks: where the label maps are read from."""
    monkeypatch.setattr(_door, "SURE", sure)
    for k in range(2):
        photo(tmp_path / f"set/images/train/{k}.jpg", k)
        mask = np.zeros((32, 40), np.uint8)
        mask[4:20, 4:20] = k + 1
        folder = tmp_path / "set/semantic/masks/train"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(folder / f"{k}.png")
        for name in ("objects", "boxes"):
            folder = tmp_path / f"set/{name}/labels/train"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{k}.txt").write_text("1 0.1 0.1 0.6 0.1 0.6 0.6\n")
            (tmp_path / f"set/{name}/config.yaml").write_text("train: ../images/train\nnames: {0: cell, 1: dust}\n")
    (tmp_path / "set/semantic/config.yaml").write_text(
        "train: {images: ../images/train, masks: masks/train}\nclasses: {0: ground, 1: cell, 2: dust}\n"
    )
    with pytest.raises(FormatError, match="sets of labels") as caught:
        formats.read(tmp_path / "set")
    for place, kind in ((masks, "label-map"), ("set/objects", "yolo"), ("set/boxes", "yolo")):
        assert f"maskwright import {tmp_path}/{place} DATASET -f {kind}" in str(caught.value)
    with pytest.raises(FormatError, match="2 sets of labels") as caught:
        formats.read(tmp_path / "set", "yolo")
    assert f"maskwright import {tmp_path}/set/boxes DATASET -f yolo" in str(caught.value)
    whole = formats.read(tmp_path / "set", "label-map")
    assert {"cell", "dust"} <= set(whole.classes.names)


def test_labelmes_files_beside_what_was_made_of_them(tmp_path) -> None:
    written(tmp_path / "set/annotated", "labelme")
    written(tmp_path / "set/exported", "coco")
    with pytest.raises(FormatError, match="2 sets of labels") as caught:
        formats.read(tmp_path / "set")
    assert f"maskwright import {tmp_path}/set/annotated DATASET -f labelme" in str(caught.value)
    assert f"maskwright import {tmp_path}/set/exported DATASET -f coco" in str(caught.value)


def test_a_video_that_is_missing_is_named(tmp_path) -> None:
    runs = Masks.encode(np.ones((1, 4, 6), bool)).compressed()[0].decode()
    content = {"video_id": "sav_1", "video_height": 4, "video_width": 6, "masklet_id": [0],
               "masklet": [[{"size": [4, 6], "counts": runs}]]}  # fmt: skip
    file = tmp_path / "sav_1_manual.json"
    file.write_text(json.dumps(content))
    reading = formats.read(tmp_path)
    assert len(list(reading.samples)) == 1
    assert any("sav_1.mp4 is missing" in finding.text for finding in reading.findings)
