"""Labelme: read as its own export draws, written so that it draws our masks, and given back as it was."""

import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import maskwright as mw
from maskwright import formats, registry
from maskwright.core import drawn
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError

SQUARE = [[0, 0], [20, 0], [20, 10], [0, 10]]


def shape(label: Any, points: Any, kind: str = "polygon", **more: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": kind, "flags": {}, "group_id": None, **more}


def labelled(folder: Path, *shapes: dict[str, Any], image: str | None = "a.png", **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    if image:
        Image.new("RGB", (60, 40), (90, 120, 30)).save(folder / image)
    content = {
        "version": "5.0", "flags": {}, "shapes": list(shapes), "imagePath": "a.png", "imageData": None,
        "imageHeight": 40, "imageWidth": 60, **more,
    }  # fmt: skip
    (folder / "a.json").write_text(json.dumps(content))
    return folder


def only(folder: Path, **options: Any) -> tuple[Any, Any]:
    reading = formats.read(folder, "labelme", **options)
    (sample,) = reading.samples
    return reading, sample


def pillow(*rings: list[list[float]], size: tuple[int, int] = (40, 60)) -> np.ndarray:
    canvas = Image.new("L", size[::-1])
    for ring in rings:
        ImageDraw.Draw(canvas).polygon([tuple(point) for point in ring], fill=1, outline=1)
    return np.asarray(canvas) > 0


def drawn_by_labelme(rows: list[dict[str, Any]], size: tuple[int, int]) -> np.ndarray:
    """labelme.utils.shapes_to_label, as far as what we write needs it."""
    out = np.zeros(size, bool)
    for row in rows:
        if row["shape_type"] == "mask":
            (left, top), (right, bottom) = row["points"]
            pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(row["mask"]))))
            out[top : bottom + 1, left : right + 1] |= pixels.astype(bool)
        else:
            assert len(row["points"]) > 2, "Labelme refuses others"
            out |= pillow(row["points"], size=size)
    return out


def test_polygons_are_drawn_as_labelme_draws_them_or_along_their_edges(tmp_path) -> None:
    ring = [[2.7, 3.2], [20.5, 4.9], [11.1, 30.6]]
    _, sample = only(labelled(tmp_path, shape("c", ring)))
    assert np.array_equal(sample.segments.masks[0].decode(), pillow(ring))
    _, edges = only(tmp_path, rule="edges")
    polygon = mw.Polygon([[ring]])
    assert edges.segments.masks[0] == mw.Mask.from_polygon(polygon, (40, 60))
    with pytest.raises(UsageError, match="rule"):
        formats.read(tmp_path, rule="centre")


@pytest.mark.parametrize(
    ("points", "box", "ring"),
    [
        (SQUARE, [0, 0, 20, 10], SQUARE),
        ([[20, 10], [0, 0]], [0, 0, 20, 10], SQUARE),
        ([[10.5, 2], [20, 12], [10.5, 22], [1, 12]], None, [[10.5, 2], [20, 12], [10.5, 22], [1, 12]]),
    ],
)
def test_rectangles_of_two_and_four_points(tmp_path, points, box, ring) -> None:
    _, sample = only(labelled(tmp_path, shape("c", points, "rectangle")))
    assert np.array_equal(sample.segments.masks[0].decode(), pillow(ring))
    assert sample.segments.column("box")[0] == box
    assert sample.segments.column("geometry")[0]["shape"] == ("rectangle" if box else "polygon")


def test_what_is_not_a_segment_is_left_out_and_named(tmp_path) -> None:
    labelled(
        tmp_path, shape("c", [[0, 0], [20, 10]]), shape("c", SQUARE, "cuboid"), shape(None, SQUARE), shape("c", SQUARE),
        shape("c", [[1, 1], [2, 2]], "line"), shape("c", [[1, 1]], "circle"), shape("c", SQUARE, "cuboid"),
    )  # fmt: skip
    reading, sample = only(tmp_path)
    assert sample.segments.masks.areas().tolist() == [21 * 11]
    assert reading.notes == [
        "2 shapes with too few points, which Labelme refuses, were left out, such as a.json shape 0",
        "2 shapes of the unknown kind 'cuboid' were left out, such as a.json shape 1; images have them in their field labelme",
        "1 shape without a label was left out, such as a.json shape 2; images have them in their field labelme",
        "1 points and lines have no area and were left out; images have them in their field labelme",
    ]


@pytest.mark.parametrize("kind", ["rotation", "oriented_rectangle", "quadrilateral", None, ""])
def test_turned_boxes_and_shapes_of_old_files_are_polygons(tmp_path, kind) -> None:
    row = shape("c", SQUARE, "polygon", direction=0.5) | {"shape_type": kind}
    if not kind:
        del row["shape_type"]
    _, sample = only(labelled(tmp_path, row))
    assert np.array_equal(sample.segments.masks[0].decode(), pillow(SQUARE))
    assert sample.segments.attributes == [{"direction": 0.5}]


def test_labels_that_are_numbers_and_sizes_that_are_missing(tmp_path) -> None:
    labelled(tmp_path, shape(3, SQUARE), imageHeight=None, imageWidth=None)
    reading, sample = only(tmp_path)
    assert [class_.name for class_ in reading.classes] == ["3"]
    assert sample.image.size == (40, 60)


def test_one_label_and_one_group_are_one_segment(tmp_path) -> None:
    other = [[30, 20], [40, 20], [40, 30]]
    labelled(tmp_path, shape("c", SQUARE, group_id=1), shape("d", SQUARE, group_id=1), shape("c", other, group_id=1))
    _, sample = only(tmp_path)
    assert np.array_equal(sample.segments.masks[0].decode(), pillow(SQUARE, other))
    assert drawn.parts_of(sample.segments.column("geometry")[0]) == [
        [[0, 0, 20, 0, 20, 10, 0, 10]],
        [[30, 20, 40, 20, 40, 30]],
    ]


@pytest.mark.parametrize("name", ["..\\images\\a.png", "C:\\data\\a.png", "/elsewhere/other.png"])
def test_an_image_that_is_not_where_the_json_says_is_taken_from_beside_it(tmp_path, name) -> None:
    reading, sample = only(labelled(tmp_path, shape("c", SQUARE), imagePath=name))
    assert sample.image.uri == str(tmp_path / "a.png")
    (note,) = reading.notes
    assert note == f"1 image is not where the JSON says, and taken from beside it, such as a.json, which names {name}"


def test_an_image_that_lies_only_inside_its_json(tmp_path) -> None:
    raw = io.BytesIO()
    Image.new("RGB", (60, 40), (1, 2, 3)).save(raw, "PNG")
    text = base64.b64encode(raw.getvalue()).decode()
    labelled(tmp_path / "set", shape("c", SQUARE), image=None, imageData=text, imageHeight=None)
    reading, sample = only(tmp_path / "set")
    assert sample.image.size == (40, 60)
    assert reading.notes[0].endswith("-o unpack=FOLDER writes such images there, such as a.json")
    for _ in range(2):
        reading, sample = only(tmp_path / "set", unpack=str(tmp_path / "images"))
        assert sample.image.uri == str(tmp_path / "images" / "a.png")
        assert mw.media.read(sample.image).display()[0, 0].tolist() == [1, 2, 3]
        assert "written to the folder" in reading.notes[0]
    labelled(tmp_path / "set", image=None, imageData="?")
    with pytest.raises(FormatError, match="imageData is not base64"):
        only(tmp_path / "set", unpack=str(tmp_path / "others"))


def test_files_that_are_not_utf8(tmp_path) -> None:
    labelled(tmp_path, shape("c", SQUARE))
    text = (tmp_path / "a.json").read_text().replace('"c"', '"größe"')
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert [class_.name for class_ in only(tmp_path)[0].classes] == ["größe"]
    (tmp_path / "a.json").write_bytes(text.encode("cp1252"))
    with pytest.raises(FormatError, match="encoding=cp1252"):
        only(tmp_path)
    assert [class_.name for class_ in only(tmp_path, encoding="cp1252")[0].classes] == ["größe"]
    with pytest.raises(FormatError, match="no encoding 'morse'"):
        only(tmp_path, encoding="morse")


def png(pixels: Any) -> str:
    raw = io.BytesIO()
    Image.fromarray(np.array(pixels, bool)).save(raw, "PNG")
    return base64.b64encode(raw.getvalue()).decode()


UNTOUCHED = [
    shape("d", [[1.25, 2], [30, 2.5], [20, 30]], group_id=7, description="left", flags={"far": True}, mask=None),
    shape("c", SQUARE, "rectangle", line_color=None, difficult=False),
    shape("d", [[20, 10], [3, 4.5]], "rectangle", group_id=7, flags={"near": True}, description="right"),
    shape("c", [[30, 20], [33.5, 22]], "circle", group_id=None),
    shape("c", [[5, 6], [6, 7]], "mask", mask=png([[1, 0], [1, 1]])),
    shape(3, SQUARE, "rotation", direction=1.5, score=0.25),
    {"label": "c", "points": [[1, 2], [9, 2], [5, 9]]},
]


def test_shapes_that_nobody_changed_are_given_back_as_they_were(tmp_path) -> None:
    labelled(tmp_path / "set", *UNTOUCHED, flags={"night": True}, otherKey=[1], imageData="AAAA")
    (tmp_path / "set" / "labels.txt").write_text("__ignore__\nc\n_background_\nd\n3\n")
    reading, sample = only(tmp_path / "set")
    lost = formats.write([sample], reading.classes, tmp_path / "out", "labelme", check=True)
    assert not lost
    before, after = (json.loads((tmp_path / place / "a.json").read_bytes()) for place in ("set", "out"))
    for row in before["shapes"]:  # what Labelme asks for
        row |= {"label": str(row["label"]), "shape_type": row.get("shape_type", "polygon")}
    assert after == before | {"imageData": None}
    assert (tmp_path / "out" / "labels.txt").read_text() == "__ignore__\nc\n_background_\nd\n3\n"
    _, again = only(tmp_path / "out")
    assert again.segments.masks == sample.segments.masks
    assert again.segments.attributes == sample.segments.attributes
    own = {"labelme": {"group_ids": {"1": 7}}}
    assert again.fields == sample.fields == {"version": "5.0", "flags": {"night": True}, "otherKey": [1], **own}


def test_what_changed_is_drawn_anew_and_the_rest_stays(tmp_path) -> None:
    labelled(tmp_path / "set", *UNTOUCHED)
    reading, sample = only(tmp_path / "set")
    masks = list(sample.segments.masks)
    masks[1] = mw.Mask.encode(pillow([[40, 5], [50, 5], [50, 30]]))
    touched = sample.segments.with_masks(Masks.stack(masks, (40, 60)))
    geometry = list(sample.segments.column("geometry"))
    geometry[1] = None
    touched = touched.replace(more={**touched.more, "geometry": geometry})[[0, 1, 3, 4, 5]]
    sample = replace(sample, segments=touched)
    lost = formats.write([sample], reading.classes, tmp_path / "out", "labelme", check=True)
    assert not lost
    rows = json.loads((tmp_path / "out" / "a.json").read_bytes())["shapes"]
    told = [{key: value for key, value in row.items() if key != "maskwright_id"} for row in rows]
    new = told.pop(1)
    assert new["group_id"] is None
    assert told == [
        UNTOUCHED[0],
        UNTOUCHED[2],
        UNTOUCHED[4],
        UNTOUCHED[5] | {"label": "3"},
        UNTOUCHED[6] | {"shape_type": "polygon"},
    ]
    assert np.array_equal(drawn_by_labelme([new], (40, 60)), masks[1].decode())
    _, again = only(tmp_path / "out")
    assert again.segments.ids.tolist() == sample.segments.ids.tolist()
    assert again.segments.column("box")[1] == [0, 0, 20, 10], "the box that was given stays"


def test_labels_flags_and_boxes_follow_the_segment(tmp_path) -> None:
    labelled(tmp_path / "set", shape("c", SQUARE, "rectangle", flags={"far": True}))
    _, sample = only(tmp_path / "set")
    classes = mw.Classes([mw.Class(1, "renamed")])
    segments = sample.segments.replace(attributes=[{"description": "new", "flags": []}])
    segments = segments.replace(more={**segments.more, "box": [[1, 2, 3, 4]]})
    formats.write([replace(sample, segments=segments)], classes, tmp_path / "out", "labelme", check=True)
    (row,) = json.loads((tmp_path / "out" / "a.json").read_bytes())["shapes"]
    assert (row["label"], row["description"], row["points"]) == ("renamed", "new", SQUARE)
    _, again = only(tmp_path / "out")
    assert again.segments.column("box")[0] == [1, 2, 3, 4]
    assert again.segments.attributes == [{"description": "new", "flags": []}]


@pytest.mark.parametrize("seed", range(6))
def test_labelme_draws_our_masks(make_samples, classes, tmp_path, seed) -> None:
    samples = make_samples(6, seed=seed)
    formats.write(samples, classes, tmp_path / "out", "labelme", check=True)
    for sample in samples:
        rows = json.loads((tmp_path / "out" / f"{sample.key}.json").read_bytes())["shapes"]
        groups: dict[Any, list[dict[str, Any]]] = {}
        for place, row in enumerate(rows):
            groups.setdefault(("alone", place) if row["group_id"] is None else row["group_id"], []).append(row)
        assert all(len(own) > 1 or own[0]["group_id"] is None for own in groups.values())
        masks = [mask for mask in sample.segments.masks if mask.area()]
        for own, mask in zip(groups.values(), masks, strict=True):
            assert np.array_equal(drawn_by_labelme(own, sample.image.size), mask.decode())
            assert all(row["shape_type"] == "mask" for row in own) == (mask.fill_holes() != mask)


def test_polygons_of_other_files_are_written_where_labelme_draws_the_same(make_samples, classes, tmp_path) -> None:
    sample = make_samples(1)[0]
    ring = [1, 1, 3, 1, 3, 4, 1, 4]
    for rule, kept in (("pillow", True), ("edges", False)):
        masks = formats._rules.RULES[rule].draw([[[ring]]], sample.image.size)
        segments = Segments(masks, [1], more={"geometry": [drawn.polygon([[ring]], rule)]})
        place = tmp_path / rule
        lost = formats.write([replace(sample, segments=segments)], classes, place, "labelme", check=True)
        assert [loss.cause for loss in lost] == ([] if kept else ["geometry"])
        (row,) = json.loads((place / f"{sample.key}.json").read_bytes())["shapes"]
        assert (row["points"] == [[1, 1], [3, 1], [3, 4], [1, 4]]) == kept


def test_sets_that_were_written_along_edges_say_so_by_saying_nothing(tmp_path) -> None:
    labelled(tmp_path, shape("c", [[1, 1], [4, 1], [4, 3], [1, 3]]))
    about = {"format": "labelme", "classes": mw.Classes([mw.Class(1, "c")]).to_json(), "splits": {"a": None}}
    for more, area in (({}, 6), ({"rule": "edges"}, 6), ({"rule": "pillow"}, 12)):
        (tmp_path / "maskwright.json").write_text(json.dumps(about | more))
        assert only(tmp_path)[1].segments.masks.areas().tolist() == [area]
    assert only(tmp_path, rule="edges")[1].segments.masks.areas().tolist() == [6]
    (tmp_path / "maskwright.json").write_text(json.dumps(about | {"rule": "thumb"}))
    with pytest.raises(FormatError, match="rule 'thumb'"):
        only(tmp_path)


def test_images_go_into_their_json_when_asked(tmp_path) -> None:
    reading, sample = only(labelled(tmp_path / "set", shape("c", SQUARE)))
    formats.write([sample], reading.classes, tmp_path / "out", "labelme", image_data=True)
    content = json.loads((tmp_path / "out" / "a.json").read_bytes())
    assert base64.b64decode(content["imageData"]) == (tmp_path / "set" / "a.png").read_bytes()


def test_images_without_shapes_and_labels_with_roles(tmp_path) -> None:
    _, sample = only(labelled(tmp_path))
    assert len(sample.segments) == 0
    reading, sample = only(labelled(tmp_path, shape("__ignore__", SQUARE), shape("_background_", SQUARE)))
    assert [(class_.name, class_.role) for class_ in reading.classes] == [
        ("__ignore__", "ignore"),
        ("_background_", "background"),
    ]


@pytest.mark.parametrize(
    "row",
    [7, shape("c", [[1, "x"], [2, 2], [3, 1]]), shape("c", [[1, 2, 3], [2, 2]]), shape("c", SQUARE, maskwright=5),
     shape("c", [[1, 1], [2, 2]], "mask", mask="?"), shape("c", [[1e9, 1], [2, 2], [3, 1]])],
)  # fmt: skip
def test_broken_shapes_are_named(tmp_path, row) -> None:
    with pytest.raises(FormatError, match=r"a\.json: shape 0"):
        only(labelled(tmp_path, row))


@pytest.mark.parametrize(
    ("points", "filled"),
    [([[5, 6], [6, 6]], 2), ([[5, 6], [9, 9]], 6), ([[4.6, 5.6], [5.4, 5.6]], 6), ([[59, 39], [61, 40]], 1)],
)
def test_bitmaps_lie_where_labelme_lays_them(tmp_path, points, filled) -> None:
    _, sample = only(labelled(tmp_path, shape("c", points, "mask", mask=png(np.ones((2, 3))))))
    assert sample.segments.masks.areas().tolist() == [filled]


def test_what_was_read_along_edges_is_written_for_labelme(tmp_path) -> None:
    reading, sample = only(
        labelled(tmp_path / "set", shape("c", SQUARE), shape("c", SQUARE, "rectangle")), rule="edges"
    )
    assert sample.segments.masks.areas().tolist() == [200, 200]
    lost = formats.write([sample], reading.classes, tmp_path / "out", "labelme", check=True)
    assert [(loss.cause, loss.grave) for loss in lost] == [("geometry", False)] * 2
    rows = json.loads((tmp_path / "out" / "a.json").read_bytes())["shapes"]
    assert [drawn_by_labelme([row], (40, 60)).sum() for row in rows] == [200, 200]
    assert only(tmp_path / "out")[1].segments.column("box")[1] == [0, 0, 20, 10]


def test_other_readers_take_every_json_for_labels(make_samples, classes, tmp_path) -> None:
    samples = make_samples(3)
    formats.write(samples, classes, tmp_path / "out", "labelme", check=True)
    files = sorted(
        path.relative_to(tmp_path / "out").with_suffix("").as_posix() for path in (tmp_path / "out").rglob("*.json")
    )
    assert files == sorted(sample.key for sample in samples)
    assert formats.sniff(tmp_path / "out") == "labelme"
    reading = formats.read(tmp_path / "out")
    assert reading.classes == classes
    assert {sample.key: sample.split for sample in reading.samples} == {sample.key: sample.split for sample in samples}


def edited(sample: Any, *rows: int) -> Any:
    """The sample with a square of eight pixels, and another of four, in place of some masks."""
    masks = list(sample.segments.masks)
    for row in rows:
        pixels = np.zeros((40, 60), bool)
        pixels[30:32, 1:5] = pixels[34:36, 1:3] = True
        masks[row] = mw.Mask.encode(pixels)
    return replace(sample, segments=sample.segments.with_masks(Masks.stack(masks, (40, 60))))


def shapes_in(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "a.json").read_bytes())["shapes"]
    return found


def test_edited_shapes_keep_their_group_and_new_ones_have_one_for_their_parts(tmp_path) -> None:
    labelled(
        tmp_path / "set", shape("car", SQUARE, group_id=4), shape("wheel", [[1, 1], [5, 1], [5, 5]], group_id=4),
        shape("car", [[30, 20], [40, 20], [40, 30]]), shape("car", [[50, 2], [52, 2], [52, 9]], group_id=3),
    )  # fmt: skip
    reading, sample = only(tmp_path / "set")
    changed = edited(sample, 0, 2)
    for turn in ("one", "two"):
        formats.write([changed], reading.classes, tmp_path / turn, "labelme", check=True)
        told = [(row["label"], row["group_id"]) for row in shapes_in(tmp_path / turn)]
        (fresh,) = {group for _, group in told[3:5]}
        assert told == [("car", 4), ("car", 4), ("wheel", 4), ("car", fresh), ("car", fresh), ("car", 3)]
        assert fresh not in (None, 3, 4)
        _, changed = only(tmp_path / turn)
        assert [mask.area() for mask in changed.segments.masks] == [12, *(m.area() for m in sample.segments.masks[1:2]),
                                                                    12, sample.segments.masks[3].area()]  # fmt: skip
    same = sample.segments.replace(class_ids=[1, 1, 1, 1])
    formats.write([replace(sample, segments=same)], reading.classes, tmp_path / "same", "labelme", check=True)
    groups = [row["group_id"] for row in shapes_in(tmp_path / "same")]
    assert groups[:1] + groups[2:] == [4, None, 3]
    assert groups[1] not in (None, 3, 4), "one label, and yet two segments"


def test_shapes_that_are_not_segments_come_back_in_their_places(tmp_path) -> None:
    shapes = [
        shape("p", [[33.3, 44.4]], "point"), shape("c", SQUARE), shape(None, SQUARE), shape("c", SQUARE, "cuboid"),
        shape("c", [[1, 1], [2, 2]], "line", group_id=4), shape("c", [[1, 1], [9, 1], [9, 9]]),
    ]  # fmt: skip
    labelled(tmp_path / "set", *shapes)
    reading, sample = only(tmp_path / "set")
    lost = formats.write([sample], reading.classes, tmp_path / "out", "labelme", check=True)
    assert not lost
    assert shapes_in(tmp_path / "out") == shapes
    assert only(tmp_path / "out")[1].fields == sample.fields
    one_part = sample.segments.masks[1]
    changed = replace(sample, segments=sample.segments.with_masks(Masks.stack([one_part, one_part], (40, 60))))
    formats.write([changed], reading.classes, tmp_path / "edited", "labelme", check=True)
    found = shapes_in(tmp_path / "edited")
    assert [row["shape_type"] for row in found] == [row["shape_type"] for row in shapes]
    assert found[:1] + found[2:] == shapes[:1] + shapes[2:]


def test_a_broken_first_file_is_named_and_hides_no_others(tmp_path) -> None:
    labelled(tmp_path, shape("c", SQUARE))
    whole = (tmp_path / "a.json").read_text()
    (tmp_path / "a.json").write_text(whole[:-20])
    with pytest.raises(FormatError, match=r"a\.json.*ends too early"):
        registry.load("formats", "labelme").sniff(tmp_path)
    (tmp_path / "b.json").write_text(whole)
    assert formats.sniff(tmp_path) == "labelme"
    with pytest.raises(FormatError, match=r"a\.json.*not valid JSON"):
        only(tmp_path)
    (tmp_path / "a.json").write_bytes(whole.encode("utf-16"))
    (tmp_path / "b.json").unlink()
    with pytest.raises(FormatError, match=r"a\.json"):
        registry.load("formats", "labelme").sniff(tmp_path)
