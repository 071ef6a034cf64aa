"""Labelbox's NDJSON: what its objects draw, whose labels are read, masks beside the export, answers as fields."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.errors import FormatError

SIZE = (12, 16)


def image(path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (*SIZE, 3), dtype=np.uint8)).save(path)


def box(left=2.0, name="cell", **more) -> dict:
    return {"name": name, "bounding_box": {"left": left, "top": 1.0, "width": 4.0, "height": 3.0}, **more}


def label(*objects, by="a@b.c", answers=(), **details) -> dict:
    return {
        "id": by, "label_details": {"created_by": by, **details},
        "annotations": {"objects": list(objects), "classifications": list(answers)},
    }  # fmt: skip


def row(*labels, name="a.jpg", **more) -> dict:
    return {
        "data_row": {"id": "r1", "external_id": name, **more}, "media_attributes": {"height": 12, "width": 16},
        "projects": {"p1": {"name": "cells", "labels": list(labels)}},
    }  # fmt: skip


def put(root, *rows, name="x.ndjson"):
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("\n".join(json.dumps(content) for content in rows) + "\n")
    return root


def test_polygons_as_the_sdk_draws_them_and_boxes(tmp_path) -> None:
    points = [(1.7, 1.2), (11.6, 2.0), (9.9, 9.9), (1.7, 1.2)]
    polygon = {"name": "leaf", "feature_id": "f1", "polygon": [{"x": x, "y": y} for x, y in points]}
    put(tmp_path, row(label(polygon, box())))
    image(tmp_path / "images/a.jpg")
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    expected = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(expected, np.array(points)[None].astype(np.int32), 1)
    leaf, cell = sample.segments.masks.decode()
    assert (leaf == expected).all()
    assert cell[1:4, 2:6].all()
    assert cell.sum() == 12
    assert [class_.name for class_ in reading.classes] == ["cell", "leaf"]
    assert sample.segments.column("box") == (None, [2.0, 1.0, 6.0, 4.0])
    assert sample.segments.more["geometry"][0]["rule"] == "fill"
    assert sample.segments.attributes[0] == {"feature_id": "f1"}
    assert (sample.key, sample.image.uri) == ("a", str(tmp_path / "images/a.jpg"))


def test_masks_lie_beside_by_their_ids(tmp_path) -> None:
    colours = np.zeros((*SIZE, 3), np.uint8)
    colours[2:5, 3:9], colours[7, :] = (10, 20, 30), (200, 0, 0)
    (tmp_path / "masks").mkdir()
    Image.fromarray(colours).save(tmp_path / "masks/composite-7.png")
    Image.fromarray((colours[..., 0] == 10).astype(np.uint8) * 255).save(tmp_path / "masks/f2.png")
    address = "https://api.labelbox.com/api/v1/tasks/t/masks/composite-7/index/1"
    first = {"name": "a", "feature_id": "f1", "composite_mask": {"url": address, "color_rgb": [200, 0, 0]}}
    alone = {"name": "b", "feature_id": "f2", "mask": {"url": "https://api.labelbox.com/masks/feature/f2/index/1"}}
    away = {"name": "c", "feature_id": "f3", "mask": {"url": "https://api.labelbox.com/masks/feature/f3?token=x"}}
    image(tmp_path / "a.jpg")
    put(tmp_path, row(label(first, alone)))
    (sample,) = formats.read(tmp_path).samples
    red = colours[..., 0]
    assert (sample.segments.masks.decode() == np.stack([red == 200, red == 10])).all()
    put(tmp_path, row(label(first, away)))
    with pytest.raises(FormatError, match=r"line 1, a\.jpg, object 1: its mask is not here but at(?s:.*)f3\.png"):
        list(formats.read(tmp_path).samples)
    reading = formats.read(tmp_path, skip_broken=True)
    assert [sample.segments.masks.areas().tolist() for sample in reading.samples] == [[16]]
    assert len(reading.broken) == 1
    Image.fromarray(colours[:5]).save(tmp_path / "masks/composite-7.png")
    with pytest.raises(FormatError, match="is 5 x 16; 12 x 16"):
        list(formats.read(tmp_path).samples)


def test_of_several_people_one_is_read_and_the_others_are_named(tmp_path) -> None:
    image(tmp_path / "a.jpg")
    skipped = label(by="s@b.c") | {"performance_details": {"skipped": True}}
    put(tmp_path, row(skipped, label(box(1.0)), label(box(8.0), by="d@e.f")))
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert sample.segments.column("box")[0][0] == 1.0
    assert any("by a@b.c" in note and "d@e.f" in note and "-o annotator" in note for note in reading.notes)
    assert "second annotators" in {finding.kind for finding in reading.findings}
    assert any(note.startswith("1 labels were skipped") for note in reading.notes)
    (other,) = formats.read(tmp_path, annotator="d@e.f").samples
    assert other.segments.column("box")[0][0] == 8.0
    put(tmp_path, row(label(box(1.0)), label(box(8.0), by="d@e.f", is_benchmark_reference=True)))
    (best,) = formats.read(tmp_path).samples
    assert best.segments.column("box")[0][0] == 8.0


def test_answers_are_fields_and_attributes(tmp_path) -> None:
    nested = {"name": "why", "text_answer": {"content": "dark"}}
    radio = {"name": "quality", "radio_answer": {"name": "bad", "classifications": [nested]}}
    ticked = {"name": "seen", "checklist_answers": [{"name": "left"}, {"name": "top"}]}
    point = {"name": "eye", "annotation_kind": "ImagePoint", "point": {"x": 1, "y": 1}}
    put(tmp_path, row(label(box(classifications=[ticked]), point, answers=[radio])))
    image(tmp_path / "a.jpg")
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert sample.fields == {"quality": "bad", "why": "dark", "labelbox": {"others": [point]}}
    assert sample.segments.attributes[0] == {"seen": ["left", "top"]}
    assert [class_.name for class_ in reading.classes] == ["cell"]
    assert any("1 ImagePoint" in note for note in reading.notes)


def test_names_keys_and_addresses(tmp_path) -> None:
    rows = [row(label(box()), name="x/a.jpg"), row(label(box()), name="y/a.jpg"), row(name="x/a.jpg"),
            row(label(box()), name="far.jpg", row_data="https://host.example/far.jpg")]  # fmt: skip
    put(tmp_path, *rows)
    for folder in "xy":
        image(tmp_path / "images" / folder / "a.jpg")
    reading = formats.read(tmp_path)
    found = {sample.key: sample.image.uri for sample in reading.samples}
    assert list(found) == ["x/a", "y/a", "x/a-2", "far"]
    assert found["y/a"] == str(tmp_path / "images/y/a.jpg")
    assert found["far"] == "https://host.example/far.jpg"
    assert "images at addresses" in {finding.kind for finding in reading.findings}


def test_lists_and_videos(tmp_path) -> None:
    image(tmp_path / "a.jpg")
    (tmp_path / "export.json").write_text(json.dumps([row(label(box()))], indent=1))
    assert formats.sniff(tmp_path) == formats.sniff(tmp_path / "export.json") == "labelbox"
    assert len(list(formats.read(tmp_path).samples)) == 1
    moving = row({"annotations": {"frames": {"1": {"objects": {}}}}})
    (tmp_path / "export.json").write_text(json.dumps(moving))
    with pytest.raises(FormatError, match="is of a video, whose frames are not read"):
        list(formats.read(tmp_path).samples)
