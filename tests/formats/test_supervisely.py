"""Supervisely: shapes as its SDK draws them, judged by OpenCV, and given back as they were."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import maskwright as mw
from maskwright import formats
from maskwright.core import drawn
from maskwright.errors import FormatError
from maskwright.formats._supervisely_objects import shape
from maskwright.store import import_samples

SIZE = (40, 60)
places = st.one_of(st.integers(-20, 70), st.floats(-20, 70))
rings = st.lists(st.tuples(places, places), min_size=3, max_size=7)


def sdk_polygon(points: dict[str, Any]) -> np.ndarray:
    """Polygon._draw_impl: two calls of cv2.fillPoly."""
    import cv2

    out = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(out, [np.array(points["exterior"]).astype(np.int32)], 1)
    cv2.fillPoly(out, [np.array(ring).astype(np.int32) for ring in points["interior"]], 0)
    return out > 0


@given(rings, st.lists(rings, max_size=2))
def test_polygons_are_drawn_as_the_sdk_draws_them(exterior, interior) -> None:
    points = {"exterior": exterior, "interior": interior}
    mask, geometry, box = shape({"geometryType": "polygon", "points": points}, SIZE)
    assert np.array_equal(mask.decode(), sdk_polygon(points))
    assert box is None
    parts = drawn.parts_of(geometry)
    assert (parts is None) == bool(interior)
    if parts is not None:
        assert formats._rules.RULES["fill"].draw([parts], SIZE)[0] == mask


@given(st.tuples(places, places, places, places))
def test_rectangles_have_both_corners(numbers) -> None:
    import cv2

    x0, y0, x1, y1 = numbers
    mask, geometry, box = shape({"geometryType": "rectangle", "points": {"exterior": [[x0, y0], [x1, y1]]}}, SIZE)
    out = np.zeros(SIZE, np.uint8)
    left, right, top, bottom = (round(n) for n in (min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)))
    cv2.rectangle(out, (left, top), (right, bottom), 1, cv2.FILLED)
    assert np.array_equal(mask.decode(), out > 0)
    assert box == [min(x0, x1), min(y0, y1), max(x0, x1) + 1, max(y0, y1) + 1]
    assert geometry["box"] == [left, top, right + 1, bottom + 1]


OBJECTS = [
    {"id": 5, "classTitle": "car", "geometryType": "polygon", "labelerLogin": "me", "tags": [{"name": "far", "value": "yes"}],
     "points": {"exterior": [[1, 2], [30.5, 4], [20, 30]], "interior": []}},
    {"id": 6, "classTitle": "car", "geometryType": "polygon", "tags": [],
     "points": {"exterior": [[1, 2], [30, 4], [20, 30]], "interior": [[[10, 8], [20, 8], [18, 18]]]}},
    {"id": 9, "classTitle": "box", "geometryType": "rectangle", "tags": [], "points": {"exterior": [[9, 8], [3, 4]], "interior": []}},
]  # fmt: skip


def project(folder: Path, objects: list[dict[str, Any]]) -> Path:
    (folder / "ds" / "img").mkdir(parents=True)
    (folder / "ds" / "ann").mkdir()
    Image.new("RGB", SIZE[::-1]).save(folder / "ds" / "img" / "a.png")
    (folder / "meta.json").write_text(json.dumps({"classes": [{"title": "car"}, {"title": "box"}]}))
    content = {"size": {"height": SIZE[0], "width": SIZE[1]}, "objects": objects}
    (folder / "ds" / "ann" / "a.png.json").write_text(json.dumps(content))
    return folder


def only(folder: Path) -> tuple[Any, Any]:
    reading = formats.read(folder, "supervisely", plausible=False)
    (sample,) = reading.samples
    return reading, sample


def test_shapes_that_nobody_changed_are_given_back(tmp_path) -> None:
    reading, sample = only(project(tmp_path / "set", OBJECTS))
    assert sample.segments.column("box") == (None, None, [3, 4, 10, 9])
    lost = formats.write([sample], reading.classes, tmp_path / "out", "supervisely", check=True)
    assert not lost
    (file,) = (tmp_path / "out").rglob("a.png.json")
    assert json.loads(file.read_bytes())["objects"] == OBJECTS
    meta = json.loads((tmp_path / "out" / "meta.json").read_bytes())
    assert [(row["title"], row["shape"]) for row in meta["classes"]] == [("car", "polygon"), ("box", "rectangle")]


def test_what_changed_is_a_bitmap_and_that_is_reported(tmp_path) -> None:
    reading, sample = only(project(tmp_path / "set", OBJECTS))
    changed = sample.segments.with_masks(sample.segments.masks.dilate(1))
    more = {
        **changed.more,
        "geometry": [sample.segments.column("geometry")[0], drawn.polygon([[[1, 1, 9, 1, 9, 9]]], "coco"), None],
    }
    masks = mw.Masks.stack([sample.segments.masks[0], *list(changed.masks)[1:]], SIZE)
    segments = changed.replace(masks=masks, more=more)
    lost = formats.write(
        [replace(sample, segments=segments)], reading.classes, tmp_path / "out", "supervisely", check=True
    )
    assert [(loss.cause, loss.segment) for loss in lost] == [("geometry", 6), ("box", 9)]
    (file,) = (tmp_path / "out").rglob("a.png.json")
    assert [row["geometryType"] for row in json.loads(file.read_bytes())["objects"]] == ["polygon", "bitmap", "bitmap"]
    meta = json.loads((tmp_path / "out" / "meta.json").read_bytes())
    assert [row["shape"] for row in meta["classes"]] == ["any", "bitmap"]


@pytest.mark.parametrize(
    "points", [{"exterior": [[1]]}, {"exterior": [[1, "x"], [2, 2]]}, {}, {"exterior": [[1, 1e12], [2, 2]]}, 5]
)
@pytest.mark.parametrize("kind", ["polygon", "rectangle"])
def test_broken_shapes_are_named(tmp_path, points, kind) -> None:
    project(tmp_path, [{"classTitle": "car", "geometryType": kind, "points": points}])
    with pytest.raises(FormatError, match=r"a\.png\.json: object 0"):
        only(tmp_path)


def turned(row: dict[str, Any]) -> np.ndarray:
    """OrientedBBox._draw_impl with its PointLocation, which rounds."""
    import math

    import cv2

    (x0, x1), (y0, y1) = (sorted(round(number) for number in axis) for axis in zip(*row["points"], strict=True))
    middle = ((x0 + x1) // 2, (y0 + y1) // 2)
    cos, sin = math.cos(row["angle"]), math.sin(row["angle"])
    corners = [
        (round((x - middle[0]) * cos - (y - middle[1]) * sin + middle[0]),
         round((x - middle[0]) * sin + (y - middle[1]) * cos + middle[1]))
        for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    ]  # fmt: skip
    out = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(out, [np.array(corners, np.int32).reshape(-1, 1, 2)], 1)
    return out > 0


@given(st.tuples(places, places, places, places), st.floats(-4, 4))
def test_turned_boxes_are_drawn_as_the_sdk_draws_them(numbers, angle) -> None:
    x0, y0, x1, y1 = numbers
    row = {"geometryType": "oriented_bbox", "points": [[x0, y0], [x1, y1]], "angle": angle}
    mask, geometry, box = shape(row, SIZE)
    assert np.array_equal(mask.decode(), turned(row))
    assert (geometry["shape"], geometry["rule"], box) == ("rectangle", "fill", None)
    assert drawn.own_of(geometry, "supervisely") == row


STAMP = {"labelerLogin": "ann", "createdAt": "2024-05-02T08:11:21.111Z", "updatedAt": "2024-05-02T08:12:21.111Z"}
WHOLE_META = {
    "classes": [
        {"title": "car", "description": "d", "shape": "any", "color": "#F6FF00", "geometry_config": {}, "id": 55, "hotkey": "c"},
        {"title": "road", "shape": "line", "color": "#112233", "id": 57, "hotkey": ""},
        {"title": "bus", "shape": "polygon", "color": "#00FF00", "id": 58},
    ],
    "tags": [
        {"name": "night", "value_type": "none", "color": "#A5DFAC", "id": 5, "applicable_type": "imagesOnly"},
        {"name": "speed", "value_type": "any_number", "color": "#0000FF", "id": 6, "classes": ["car"]},
        {"name": "kind", "value_type": "oneof_string", "color": "#0000FF", "id": 7, "values": ["a", "b"]},
    ],
    "projectType": "images",
    "projectSettings": {"multiView": {"enabled": False, "tagName": None, "tagId": None, "isSynced": False}},
}  # fmt: skip
SPEED = {"id": 1, "tagId": 6, "name": "speed", "value": 33, **STAMP}
WHOLE_OBJECTS = [
    {"id": 9001, "classId": 55, "description": "hi", "geometryType": "polygon", **STAMP, "classTitle": "car",
     "tags": [SPEED, {"name": "kind", "value": "a"}], "points": {"exterior": [[3, 4], [20, 5], [9, 22]], "interior": []}},
    {"id": 9002, "classId": 55, "unknown": {"z": 1}, "geometryType": "oriented_bbox", **STAMP, "classTitle": "car",
     "tags": [], "points": [[30, 10], [50, 20]], "angle": 0.5},
    {"id": 9003, "classId": 57, "geometryType": "line", **STAMP, "classTitle": "road", "tags": [],
     "points": {"exterior": [[1, 1], [6, 2]], "interior": []}},
    {"id": 9004, "classId": 55, "geometryType": "point", "classTitle": "car", "tags": [],
     "points": {"exterior": [[7, 7]], "interior": []}},
]  # fmt: skip
IMAGE = {
    "description": "Bild",
    "tags": [{"id": 3, "tagId": 5, "name": "night", "value": None, **STAMP}],
    "customBigData": {"k": 1},
}


def whole(folder: Path) -> Path:
    project(folder, WHOLE_OBJECTS)
    (folder / "meta.json").write_text(json.dumps(WHOLE_META))
    content = {**IMAGE, "size": {"height": SIZE[0], "width": SIZE[1]}, "objects": WHOLE_OBJECTS}
    (folder / "ds" / "ann" / "a.png.json").write_text(json.dumps(content))
    return folder


def test_what_a_project_says_comes_back(tmp_path) -> None:
    reading, sample = only(whole(tmp_path / "set"))
    assert reading.notes == [
        "2 lines, points and other shapes have no area: they are in the samples' field supervisely"
    ]
    assert sample.segments.attributes[0] == {"speed": 33, "kind": "a"}
    out = tmp_path / "out"
    assert not formats.write([sample], reading.classes, out, "supervisely", check=True, about=reading.about)
    written = json.loads((out / "ds" / "ann" / "a.png.json").read_bytes())
    assert {name: value for name, value in written.items() if name != "size"} == {**IMAGE, "objects": WHOLE_OBJECTS}
    assert json.loads((out / "meta.json").read_bytes()) == WHOLE_META


def test_what_a_project_says_goes_through_a_dataset(tmp_path) -> None:
    whole(tmp_path / "set")
    reading = formats.read(tmp_path / "set")
    import_samples(tmp_path / "ds", reading.classes, reading.samples, "import", about=reading.about)
    with mw.Dataset.open(tmp_path / "ds") as dataset:
        formats.write(dataset, dataset.classes, tmp_path / "out", "supervisely", allow_loss=True)
    assert json.loads((tmp_path / "out" / "meta.json").read_bytes()) == WHOLE_META
    written = json.loads((tmp_path / "out" / "ds" / "ann" / "a.png.json").read_bytes())
    assert written["objects"] == WHOLE_OBJECTS


def test_an_edited_object_keeps_all_but_its_shape(tmp_path) -> None:
    reading, sample = only(whole(tmp_path / "set"))
    segments = sample.segments.with_masks(sample.segments.masks.dilate(1))
    attributes = [{"speed": 44, "kind": "c", "new": True}, {}]
    segments = segments.replace(class_ids=[segments.class_ids[0], reading.classes["bus"].id], attributes=attributes)
    out = tmp_path / "out"
    changed = replace(sample, segments=segments)
    formats.write([changed], reading.classes, out, "supervisely", allow_loss=True, about=reading.about)
    first, second, *others = json.loads((out / "ds" / "ann" / "a.png.json").read_bytes())["objects"]
    assert {name: first[name] for name in ("id", "classId", "description", *STAMP)} == {
        "id": 9001, "classId": 55, "description": "hi", **STAMP,
    }  # fmt: skip
    assert first["tags"] == [{**SPEED, "value": 44}, {"name": "kind", "value": "c"}, {"name": "new", "value": "true"}]
    assert first["geometryType"] == "bitmap"
    assert "points" not in first
    assert (second["classTitle"], second["unknown"], second["labelerLogin"]) == ("bus", {"z": 1}, "ann")
    assert not {"classId", "angle", "points"} & second.keys()
    assert others == WHOLE_OBJECTS[2:]
    meta = json.loads((out / "meta.json").read_bytes())
    assert [row["shape"] for row in meta["classes"]] == ["any", "line", "bitmap"], "bus had polygons, it has a bitmap"
    assert meta["tags"][2]["values"] == ["a", "b", "c"]
    assert meta["tags"][3] == {"name": "new", "value_type": "any_string", "color": "#808080"}


def test_a_value_that_its_tag_cannot_hold_is_told(tmp_path) -> None:
    reading, sample = only(whole(tmp_path / "set"))
    sample = replace(sample, segments=sample.segments.replace(attributes=[{"speed": "fast"}, {}]))
    notes: list[str] = []
    formats.write(
        [sample], reading.classes, tmp_path / "out", "supervisely", allow_loss=True, about=reading.about, notes=notes
    )
    assert notes == ["the tag 'speed' has values that its type does not hold: they are text"]


def test_datasets_lie_where_the_sdk_looks_for_them(tmp_path) -> None:
    """Dataset._read lists img/ and ann/ without their folders; a nested dataset is PARENT/datasets/CHILD."""
    _, sample = only(project(tmp_path / "set", OBJECTS))
    wanted = {
        "x": ("ds0", None), "y": ("val", "val"), "ds1/x": ("ds1", "train"), "ds0/x": ("ds0_", None),
        "a/b/x": ("a/datasets/b", None), "a/datasets/b/z": ("a/datasets/b", None), "img/x": ("img_", None),
        "val/q": ("val", "train"),
    }  # fmt: skip
    samples = [replace(sample, key=key, split=split) for key, (_, split) in wanted.items()]
    notes: list[str] = []
    classes = formats.read(tmp_path / "set").classes
    formats.write(samples, classes, tmp_path / "out", "supervisely", allow_loss=True, check=True, notes=notes)
    for key, (home, _) in wanted.items():
        name = f"{key.rpartition('/')[2]}.png"
        assert (tmp_path / "out" / home / "img" / name).is_file()
        assert (tmp_path / "out" / home / "ann" / f"{name}.json").is_file()
    assert not [place for place in (tmp_path / "out").rglob("ann/*") if place.is_dir()]
    assert notes == ["2 keys have several folders: they are in datasets of datasets, as in a/datasets/b/img"]
    back = {found.key: found.split for found in formats.read(tmp_path / "out").samples}
    assert back == {key: split for key, (_, split) in wanted.items()}


def test_datasets_with_the_same_names_are_told_apart(tmp_path) -> None:
    for number, name in enumerate(("train", "val", "other")):
        project(tmp_path / str(number), OBJECTS)
        (tmp_path / str(number) / "ds").rename(tmp_path / name)
    (tmp_path / "0" / "meta.json").rename(tmp_path / "meta.json")
    reading = formats.read(tmp_path, "supervisely", plausible=False)
    assert {(sample.key, sample.split) for sample in reading.samples} == {
        ("train/a", "train"), ("val/a", "val"), ("other/a", None),
    }  # fmt: skip
    assert reading.notes == [
        "datasets have images of the same name: keys begin with the dataset's, in train, val and test too"
    ]
    for file in (tmp_path / "val").rglob("a.png*"):
        file.rename(file.with_name(file.name.replace("a.png", "b.png")))
    assert {sample.key for sample in formats.read(tmp_path, "supervisely").samples} == {"a", "b", "other/a"}


def test_sets_written_with_one_dataset_read_as_they_were(tmp_path) -> None:
    reading, sample = only(project(tmp_path / "set", OBJECTS))
    sample = replace(sample, key="f/a", split="val")
    formats.write([sample], reading.classes, tmp_path / "out", "supervisely", allow_loss=True)
    for part in ("img", "ann"):
        (tmp_path / "out" / "data" / part).mkdir(parents=True)
        (tmp_path / "out" / "f" / part).rename(tmp_path / "out" / "data" / part / "f")
    about = json.loads((tmp_path / "out" / "maskwright.json").read_bytes())
    del about["keys"]
    (tmp_path / "out" / "maskwright.json").write_text(json.dumps(about))
    (back,) = formats.read(tmp_path / "out").samples
    assert (back.key, back.split, Path(back.image.uri).is_file()) == ("f/a", "val", True)
