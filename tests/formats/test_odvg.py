"""ODVG of MMDetection: boxes of classes and of phrases, names from a label map."""

import json

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.errors import FormatError


def put(root, *rows, name="train_od.json"):
    for content in rows:
        file = root / "images" / content["filename"]
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (12, 16, 3), dtype=np.uint8)).save(file)
    (root / name).write_text("\n".join(json.dumps(content) for content in rows) + "\n")


def row(name, *boxes, **more) -> dict:
    own = more or {"detection": {"instances": list(boxes)}}
    return {"filename": name, "height": 12, "width": 16, **own}


def test_boxes_of_classes(tmp_path) -> None:
    boxes = [{"bbox": [2.0, 1.0, 6.5, 4.0], "label": 3, "category": "cat"}, {"bbox": [20, 1, 30, 4], "label": 0}]
    put(tmp_path, row("x/a.jpg", *boxes), row("x/b.jpg"))
    (tmp_path / "coco_label_map.json").write_text(json.dumps({"0": "dog", "3": "cat"}))
    assert formats.sniff(tmp_path) == "odvg"
    reading = formats.read(tmp_path)
    samples = list(reading.samples)
    assert [(class_.id, class_.name) for class_ in reading.classes] == [(0, "dog"), (3, "cat")]
    assert [(sample.key, sample.split, len(sample.segments)) for sample in samples] == [
        ("x/a", "train", 2), ("x/b", "train", 0)
    ]  # fmt: skip
    rows, columns = np.mgrid[:12, :16] + 0.5
    inside = (columns > 2) & (columns < 6.5) & (rows > 1) & (rows < 4)
    assert (samples[0].segments.masks.decode()[0] == inside).all()
    assert samples[0].segments.column("box")[0] == [2.0, 1.0, 6.5, 4.0]
    assert samples[0].segments.class_ids.tolist() == [3, 0]
    assert any(note.startswith("1 boxes have no pixel") for note in reading.notes)
    (tmp_path / "coco_label_map.json").unlink()
    assert [class_.name for class_ in formats.read(tmp_path).classes] == ["0", "cat"]


def test_boxes_of_phrases(tmp_path) -> None:
    regions = [
        {"bbox": [[1, 1, 4, 4], [8, 1, 12, 4]], "phrase": "two dogs", "tokens_positive": [[0, 8]]},
        {"bbox": [0, 6, 16, 12], "phrase": "grass", "tokens_positive": [[12, 17]]},
    ]
    put(tmp_path, row("a.jpg", grounding={"caption": "two dogs on grass", "regions": regions}), name="vg.jsonl")
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert [reading.classes[int(number)].name for number in sample.segments.class_ids] == [
        "two dogs",
        "two dogs",
        "grass",
    ]
    assert sample.segments.masks.areas().tolist() == [9, 12, 96]
    assert sample.segments.attributes[2] == {"tokens_positive": [[12, 17]]}
    assert sample.fields == {"odvg": {"caption": "two dogs on grass"}}


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"bbox": [5, 1, 2, 4], "label": 0}, "left and top first"),
        ({"bbox": [1, 1, 2], "label": 0}, "line 1, box 1"),
        ({"bbox": [1, 1, 2, 4], "label": 9}, "has the label 9, which the label map does not name"),
    ],
)
def test_broken_boxes_are_named(tmp_path, broken, told) -> None:
    put(tmp_path, row("a.jpg", {"bbox": [1, 1, 3, 3], "label": 0}, broken))
    (tmp_path / "label_map.json").write_text('{"0": "dog"}')
    with pytest.raises(FormatError, match=told):
        list(formats.read(tmp_path).samples)
    reading = formats.read(tmp_path, skip_broken=True)
    assert [sample.segments.masks.areas().tolist() for sample in reading.samples] == [[4]]
    (tmp_path / "label_map.json").write_text('{"first": "dog"}')
    with pytest.raises(FormatError, match="is not a label map"):
        formats.read(tmp_path)
