"""Datumaro's JSON gives back what was read, and means what Datumaro draws, which is pycocotools' rule."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as pycoco

from maskwright import formats
from maskwright.core import drawn
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError

HEIGHT, WIDTH = SIZE = (40, 60)
RING = [3.5, 2, 20.25, 4, 18, 15.75, 4, 12]
SECOND = [30, 20, 40, 20, 40, 30.5]
BOX = [5.25, 6, 10.5, 4]


def annotation(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "attributes": {}, "group": 0, "label_id": 0, "z_order": number, **more}


def put(folder: Path, *annotations: dict[str, Any]) -> dict[str, Any]:
    content = {
        "dm_format_version": "1.0", "media_type": 2, "infos": {"author": "x"},
        "categories": {"label": {"labels": [{"name": "a", "parent": "", "attributes": []}], "attributes": ["is_crowd"]}},
        "items": [{
            "id": "x", "annotations": list(annotations), "attr": {"frame": 3}, "image": {"path": "x.png", "size": [*SIZE]},
        }],
    }  # fmt: skip
    (folder / "annotations").mkdir(parents=True)
    (folder / "annotations/train.json").write_text(json.dumps(content))
    return content


def test_polygons_and_boxes_come_back_and_mean_what_datumaro_draws(tmp_path: Path) -> None:
    wanted = put(
        tmp_path / "in",
        annotation(0, type="polygon", points=RING, attributes={"k": 1}),
        annotation(1, type="polygon", points=RING, group=2), annotation(1, type="polygon", points=SECOND, group=2),
        annotation(2, type="bbox", bbox=BOX),
    )  # fmt: skip
    reading = formats.read(tmp_path / "in", "datumaro")
    (sample,) = reading.samples
    rings = [[RING], [RING, SECOND], [[5.25, 6, 5.25, 10, 15.75, 10, 15.75, 6]]]
    for mask, found in zip(sample.segments.masks, rings, strict=True):
        theirs = pycoco.merge(pycoco.frPyObjects(found, HEIGHT, WIDTH))
        assert np.array_equal(mask.decode(), pycoco.decode(theirs))
    assert [shape["rule"] for shape in sample.segments.column("geometry")] == ["coco"] * 3
    assert sample.segments.column("box") == (None, None, [5.25, 6, 15.75, 10])
    lost = formats.write([sample], reading.classes, tmp_path / "out", "datumaro", images="none", about=reading.about)
    assert lost == []
    written = json.loads((tmp_path / "out/annotations/train.json").read_text())
    written["items"][0]["image"]["path"] = "x.png"
    assert written == wanted


def test_a_new_mask_is_written_as_one(tmp_path: Path) -> None:
    put(tmp_path / "in", annotation(0, type="polygon", points=RING), annotation(1, type="bbox", bbox=BOX))
    reading = formats.read(tmp_path / "in", "datumaro")
    (sample,) = reading.samples
    changed = sample.with_segments(sample.segments.with_masks(sample.segments.masks.dilate(1)))
    lost = formats.write([changed], reading.classes, tmp_path / "out", "datumaro", images="none")
    assert [(loss.cause, loss.segment, loss.grave) for loss in lost] == [("box", 1, False)]
    (back,) = formats.read(tmp_path / "out", "datumaro").samples
    assert back.segments.masks == changed.segments.masks
    assert back.segments.more == {}


def test_polygons_of_other_rules_are_written_where_they_mean_the_mask(tmp_path: Path) -> None:
    dense = np.zeros(SIZE, bool)
    dense[4:14, 4:20] = True
    shapes = [drawn.polygon([[[4, 4, 20, 4, 20, 14, 4, 14]]], "edges"), drawn.ellipse((12, 9), (8, 5), "edges")]
    masks = Mask.encode(dense).batch[[0, 0]]
    sample = Sample("x", ImageRef("/nowhere/x.png", SIZE), Segments(masks, [1, 1], more={"geometry": shapes}))
    lost = formats.write([sample], Classes([Class(1, "a")]), tmp_path / "out", "datumaro", images="none")
    assert [(loss.cause, loss.segment) for loss in lost] == [("geometry", 2)]
    written = json.loads((tmp_path / "out/annotations/default.json").read_text())["items"][0]["annotations"]
    assert [row["type"] for row in written] == ["polygon", "mask"]


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    put(
        tmp_path, annotation(0, type="points", points=[1, 2]), annotation(1, type="caption", caption="c"),
        annotation(2, type="points", points=[1, 2]), annotation(3, type="polygon", points=RING),
    )  # fmt: skip
    reading = formats.read(tmp_path, "datumaro")
    (sample,) = reading.samples
    assert len(sample.segments) == 1
    assert any("left out: 2 points, 1 caption" in note for note in reading.notes)


@pytest.mark.parametrize(
    "wrong",
    [{"type": "polygon", "points": [1, 2, 3, 4]}, {"type": "polygon", "points": [[1, 2], [3, 4], [5, 6]]},
     {"type": "bbox", "bbox": [1, 2, -3, 4]}, {"type": "bbox", "bbox": [1, 2]}, {"type": "polygon", "points": "1,2"}],
)  # fmt: skip
def test_shapes_that_are_none_are_one_sentence(tmp_path: Path, wrong: dict[str, Any]) -> None:
    put(tmp_path, annotation(0, **wrong))
    with pytest.raises(FormatError, match="annotation 0"):
        list(formats.read(tmp_path, "datumaro").samples)
