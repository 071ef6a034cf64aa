"""V7 Darwin: what its annotations draw, by darwin-py's own rule worked out with OpenCV, and where its images are."""

import json
from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.errors import FormatError

SIZE = (12, 16)


def image(path, size=SIZE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(len(path.name)).integers(0, 255, (*size, 3), dtype=np.uint8)).save(path)


def path_of(*points) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in points]


def annotation(number, **body) -> dict:
    return {"id": f"u-{number}", "name": "cell", "properties": [], "slot_names": ["0"], **body}


def item(*annotations, name="a.jpg", path="/", slots=None, size=SIZE, **more) -> dict:
    slot = {
        "type": "image",
        "slot_name": "0",
        "height": size[0],
        "width": size[1],
        "source_files": [{"file_name": name}],
    }
    return {
        "version": "2.0", "item": {"name": name, "path": path, "slots": slots or [slot]},
        "annotations": list(annotations), **more,
    }  # fmt: skip


def put(file, content) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def only(place, **options):
    (sample,) = formats.read(place, **options).samples
    return sample


OUTER = ((1.4, 1.0), (12.6, 1.2), (12.4, 9.6), (0.9, 10.4))
HOLE = ((4.0, 3.0), (8.0, 3.0), (8.0, 6.0), (4.0, 6.0))
PART = ((13.0, 2.0), (15.0, 2.0), (15.0, 8.0), (13.0, 8.0))


def by_opencv(*paths) -> np.ndarray:
    """Points to whole ones as Python rounds, then all paths in one call: even and odd, with the outline."""
    out = np.zeros(SIZE, np.uint8)
    whole = [np.array([[round(x), round(y)] for x, y in path], np.int32) for path in paths]
    cv2.fillPoly(out, whole, 1)
    return out.astype(bool)


def test_paths_are_parts_and_holes_by_even_and_odd(tmp_path) -> None:
    body = {"polygon": {"paths": [path_of(*path) for path in (OUTER, HOLE, PART)]},
            "bounding_box": {"x": 0.9, "y": 1.0, "w": 14.1, "h": 9.4}}  # fmt: skip
    put(tmp_path / "a.json", item(annotation(1, **body)))
    image(tmp_path / "images/a.jpg")
    sample = only(tmp_path)
    mask = sample.segments.masks.decode()[0]
    assert (mask == by_opencv(OUTER, HOLE, PART)).all()
    assert not mask[4:6, 5:8].any(), "what two paths surround is a hole"
    assert mask[3:8, 13:15].all(), "a path beside the others is a part"
    shape = sample.segments.more["geometry"][0]
    assert (shape["shape"], shape["rule"]) == ("polygon", "rounded")
    assert shape["parts"][0][1] == [4.0, 3.0, 8.0, 3.0, 8.0, 6.0, 4.0, 6.0]
    assert shape["own"]["darwin"]["bbox"] == [0.9, 1.0, 14.1, 9.4]
    assert sample.segments.column("box") == (None,), "the box beside a polygon is the polygon's own"
    edges = only(tmp_path, rule="edges").segments.masks
    rows, columns = np.mgrid[:12, :16] + 0.5
    inside = (columns > 4) & (columns < 8) & (rows > 3) & (rows < 6)
    assert not edges.decode()[0][inside].any()
    assert edges.areas()[0] < mask.sum(), "without the outline"


def test_boxes_ellipses_and_what_is_said_beside(tmp_path) -> None:
    box = annotation(
        1, bounding_box={"x": 2.0, "y": 1.0, "w": 4.0, "h": 3.0}, instance_id={"value": 7}, text={"text": "note"},
        attributes=["blurred"], annotators=[{"full_name": "A B", "email": "a@b.c"}],
        properties=[{"frame_index": 0, "name": "side", "value": "left"}, {"frame_index": 0, "name": "many", "value": "1"},
                    {"frame_index": 0, "name": "many", "value": "2"}, {"frame_index": "global", "name": "none", "value": None}],
    )  # fmt: skip
    turned = annotation(
        2, ellipse={"center": {"x": 8.0, "y": 6.0}, "radius": {"x": 5.0, "y": 2.0}, "angle": np.pi / 2},
        inference={"confidence": 0.75, "model": {"id": "m"}},
    )  # fmt: skip
    put(tmp_path / "a.json", item(box, turned))
    image(tmp_path / "a.jpg")
    sample = only(tmp_path)
    first, second = sample.segments.masks.decode()
    assert first[1:4, 2:6].all()
    assert first.sum() == 12
    rows, columns = np.mgrid[:12, :16] + 0.5
    assert (second == (((columns - 8) / 2) ** 2 + ((rows - 6) / 5) ** 2 <= 1)).all(), "a quarter of a turn"
    assert sample.segments.column("box") == ([2.0, 1.0, 6.0, 4.0], None)
    assert sample.segments.attributes[0] == {
        "annotation_id": "u-1", "instance_id": 7, "text": "note", "attributes": ["blurred"], "annotators": ["a@b.c"],
        "side": "left", "many": ["1", "2"],
    }  # fmt: skip
    assert np.isnan(sample.segments.scores[0])
    assert sample.segments.scores[1] == 0.75
    assert list(sample.segments.source) == ["import", "model"]


def layer(values, mapping) -> dict:
    """A raster layer of numbers, row by row."""
    flat = np.asarray(values).reshape(-1)
    cuts = [0, *(np.flatnonzero(np.diff(flat)) + 1).tolist(), flat.size]
    runs = [number for start, end in pairwise(cuts) for number in (int(flat[start]), end - start)]
    return {"dense_rle": runs, "mask_annotation_ids_mapping": mapping, "total_pixels": flat.size}


def test_masks_are_numbers_of_the_raster_layer_by_rows(tmp_path) -> None:
    values = np.zeros(SIZE, int)
    values[2:5, 3:9], values[6:8, 0:16], values[9, 4] = 1, 2, 1
    rows = [
        annotation(1, mask={}), {**annotation(2, mask={}), "name": "tissue"}, annotation(3, mask={}),
        {"id": "r", "name": "__raster_layer__", "raster_layer": layer(values, {"u-1": 1, "u-2": 2})},
    ]  # fmt: skip
    put(tmp_path / "a.json", item(*rows))
    image(tmp_path / "a.jpg")
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert [class_.name for class_ in reading.classes] == ["cell", "tissue"]
    assert (sample.segments.masks.decode() == np.stack([values == 1, values == 2])).all()
    assert any(note.startswith("1 masks are in no raster layer") for note in reading.notes)


def test_tags_and_what_has_no_area_stay_in_a_field(tmp_path) -> None:
    line = annotation(2, line={"path": path_of((0, 0), (3, 3))})
    put(tmp_path / "a.json", item(
        {**annotation(1, tag={}), "name": "night"}, line, annotation(3, bounding_box={"x": 0, "y": 0, "w": 2, "h": 2}),
        properties=[{"name": "weather", "value": "rain"}],
    ))  # fmt: skip
    image(tmp_path / "a.jpg")
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert [class_.name for class_ in reading.classes] == ["cell"], "a tag is no class"
    kept = sample.fields["darwin"]
    assert (kept["tags"], kept["properties"]) == (["night"], [{"name": "weather", "value": "rain"}])
    assert kept["others"] == [line]
    assert any("1 line" in note and "field darwin" in note for note in reading.notes)


def test_keys_are_the_items_paths(tmp_path) -> None:
    box = annotation(1, bounding_box={"x": 1, "y": 1, "w": 5, "h": 5})
    for folder in ("north", "south/1"):
        put(tmp_path / "releases/latest/annotations" / folder / "a.json", item(box, path=f"/{folder}"))
        image(tmp_path / "images" / folder / "a.jpg")
    put(tmp_path / ".v7/metadata.json", {"classes": []})
    reading = formats.read(tmp_path)
    assert {(sample.key, sample.image.uri) for sample in reading.samples} == {
        (f"{folder}/a", str(tmp_path / "images" / folder / "a.jpg")) for folder in ("north", "south/1")
    }


def test_frames_of_a_video_that_are_listed(tmp_path) -> None:
    def box(x, **more) -> dict:
        return {"bounding_box": {"x": x, "y": 1.0, "w": 3.0, "h": 2.0}, **more}

    moving = {
        "id": "u-1", "name": "cell", "interpolated": True, "ranges": [[0, 4]], "slot_names": ["0"],
        "frames": {"0": box(0.0, keyframe=True), "1": box(1.0, keyframe=False)},
    }  # fmt: skip
    keyed = {
        "id": "u-2", "name": "edge", "only_keyframes": True, "ranges": [[1, 3]], "slot_names": ["0"],
        "frames": {"1": box(8.0, keyframe=True), "2": {"keyframe": True, "text": {"text": "late"}}},
    }  # fmt: skip
    slot = {"type": "video", "slot_name": "0", "height": 12, "width": 16, "source_files": [{"file_name": "v.mp4"}]}
    put(tmp_path / "v.json", item(moving, keyed, name="v.mp4", slots=[slot]))
    for frame in range(3):
        image(tmp_path / f"images/v/{frame:07d}.png")
    reading = formats.read(tmp_path)
    found = list(reading.samples)
    assert [(sample.key, sample.image.video, sample.image.frame) for sample in found] == [
        (f"v/{frame:07d}", "v", frame) for frame in range(3)
    ]
    assert [sample.segments.masks.boxes()[:, 0].tolist() for sample in found] == [[0], [1, 8], [8]]
    assert [sample.segments.ids.tolist() for sample in found] == [[1], [1, 2], [2]], "an object keeps its id"
    assert found[2].segments.attributes[0]["text"] == "late"
    assert any(note.startswith("1 annotations last over frames") for note in reading.notes)
    (tmp_path / "images/v/0000002.png").unlink()
    missing = formats.read(tmp_path)
    assert [sample.image.uri.endswith("v.mp4#page=2") for sample in missing.samples] == [False, False, True]
    assert "videos missing" in {finding.kind for finding in missing.findings}


def test_slots_are_samples(tmp_path) -> None:
    slots = [
        {"type": "image", "slot_name": name, "height": 12, "width": 16, "source_files": [{"file_name": f"{name}.png"}]}
        for name in ("left", "right")
    ]
    here = {**annotation(1, bounding_box={"x": 1, "y": 1, "w": 2, "h": 2}), "slot_names": ["right"]}
    put(tmp_path / "pair.json", item(here, name="pair", slots=slots))
    for name in ("left", "right"):
        image(tmp_path / "images/pair" / name / f"{name}.png")
    found = {sample.key: (len(sample.segments), sample.image.uri) for sample in formats.read(tmp_path).samples}
    assert found == {
        f"pair/{name}": (name == "right", str(tmp_path / f"images/pair/{name}/{name}.png"))
        for name in ("left", "right")
    }


def test_planes_of_volumes_are_refused(tmp_path) -> None:
    slot = {"type": "dicom", "slot_name": "0", "height": 12, "width": 16, "source_files": [{"file_name": "v.nii.gz"}]}
    body = {"frames": {"0": {"mask": {}}}, "ranges": [[0, 1]]}
    put(tmp_path / "v.json", item(annotation(1, **body), name="v.nii.gz", slots=[slot]))
    with pytest.raises(FormatError, match="is a dicom, whose planes V7 numbers itself"):
        list(formats.read(tmp_path, "darwin").samples)


def test_version_1(tmp_path) -> None:
    hole = {"complex_polygon": {"path": [path_of(*OUTER), path_of(*HOLE)]}}
    content = {
        "dataset": "d", "image": {"filename": "a.jpg", "width": 16, "height": 12, "path": "/sub"},
        "annotations": [{"name": "cell", "polygon": {"path": path_of(*PART)}}, {"name": "cell", **hole}],
    }  # fmt: skip
    put(tmp_path / "a.json", content)
    image(tmp_path / "images/sub/a.jpg")
    assert formats.sniff(tmp_path) == formats.sniff(tmp_path / "a.json") == "darwin"
    sample = only(tmp_path)
    assert sample.key == "sub/a"
    assert (sample.segments.masks.decode() == np.stack([by_opencv(PART), by_opencv(OUTER, HOLE)])).all()


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"polygon": {"paths": [path_of((0, 0), (1, 1))]}}, "without a path of three points"),
        ({"polygon": {"paths": [[{"x": 1}, {"x": 2}, {"x": 3}]]}}, "it lacks 'y'"),
        ({"bounding_box": {"x": 1, "y": 1, "w": -4, "h": 2}}, "left, top, width and height"),
        ({"raster_layer": {"dense_rle": [0, 5], "mask_annotation_ids_mapping": {}}}, "5 pixels"),
        ({"raster_layer": {"dense_rle": [0], "mask_annotation_ids_mapping": {}}}, "not pairs"),
    ],
)
def test_broken_annotations_are_named_and_set_aside(tmp_path, broken, told) -> None:
    good = annotation(1, bounding_box={"x": 1, "y": 1, "w": 4, "h": 2})
    put(tmp_path / "a.json", item(good, annotation(2, **broken)))
    put(tmp_path / "b.json", {"version": "2.0", "item": {"path": "/"}, "annotations": []})
    image(tmp_path / "a.jpg")
    with pytest.raises(FormatError, match=r"a\.json(?s:.*)annotation u-2") as caught:
        list(formats.read(tmp_path).samples)
    assert told in str(caught.value)
    reading = formats.read(tmp_path, skip_broken=True)
    (sample,) = reading.samples
    assert sample.segments.masks.areas().tolist() == [8]
    assert [row.record for row in reading.broken] == ["annotation u-2", None]
