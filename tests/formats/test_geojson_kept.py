"""Features of GeoJSON mean the pixels whose centre they hold, and come back as they were drawn."""

import dataclasses
import json
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

import maskwright as mw
from maskwright import formats
from maskwright.core import drawn
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError

SIZE = (30, 40)
CLASSES = Classes([Class(1, "c")])


def image(path, place=None) -> None:
    """place: size of a pixel in the world, and x and y of the image's corner there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    if place is not None:
        pixel, x, y = place
        for number, values in ((33550, (pixel, pixel, 0.0)), (33922, (0.0, 0.0, 0.0, x, y, 0.0))):
            tags[number] = values
            tags.tagtype[number] = TiffImagePlugin.TiffTags.DOUBLE
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(path, **({} if place is None else {"tiffinfo": tags}))


def folder(home, content, suffix=".png", place=None):
    image(home / "images" / f"a{suffix}", place)
    (home / "labels").mkdir(exist_ok=True)
    (home / "labels" / "a.geojson").write_text(json.dumps(content))
    return home


def feature(coordinates, kind="Polygon", properties=None, **more) -> dict:
    return {
        "type": "Feature", **more, "geometry": {"type": kind, "coordinates": coordinates},
        "properties": {} if properties is None else properties,
    }  # fmt: skip


def read(home, **options):
    reading = formats.read(home, "geojson", **options)
    (sample,) = reading.samples
    return reading, sample


def written(place) -> dict:
    return json.loads((place / "labels" / "a.geojson").read_text())


OUTER = [[2.25, 3.5], [31.75, 5.1], [22.4, 26.9], [2.25, 3.5]]
HOLE = [[15.3, 8.2], [20.1, 8.4], [18.3, 14.2], [15.3, 8.2]]
#: As QuPath writes a cell and an annotation.
CELL = feature(
    [OUTER, HOLE], id="5f6c", nucleusGeometry={"type": "Polygon", "coordinates": [HOLE]},
    properties={"objectType": "cell", "classification": {"name": "Tumor: Positive", "color": [200, 0, 0]},
                "isLocked": False, "measurements": {"Area": 12.5}},
)  # fmt: skip
PLAIN = feature(
    [[[30.5, 20.5], [38, 20.5], [38, 28], [30.5, 20.5]]], properties={"objectType": "annotation", "name": "left"}
)
MANY = feature(
    [[[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]], [[[6, 0], [9, 0], [9, 3], [6, 0]]]], "MultiPolygon",
    properties={"note": "ä", "label": "road", "class_id": 3},
)  # fmt: skip
POINT = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {"k": 1}}


def inside(points, ring) -> np.ndarray:
    """Whether points are in a ring, by counting what a ray to the right crosses: an answer of its own."""
    out = np.zeros(len(points), bool)
    for (x0, y0), (x1, y1) in pairwise(ring):
        crosses = (points[:, 1] < y0) != (points[:, 1] < y1)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = x0 + (points[:, 1] - y0) * (x1 - x0) / (y1 - y0)
        out ^= crosses & (points[:, 0] < at)
    return out


def test_a_pixel_is_in_when_its_centre_is(tmp_path) -> None:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    centres = np.stack([x.reshape(-1), y.reshape(-1)], axis=1)
    expected = (inside(centres, OUTER) & ~inside(centres, HOLE)).reshape(SIZE)
    _, sample = read(folder(tmp_path, [CELL]))
    assert np.array_equal(sample.segments.masks[0].decode(), expected)
    assert "box" not in sample.segments.more


def test_qupath_says_its_class_in_the_classification(tmp_path) -> None:
    reading, sample = read(folder(tmp_path, [CELL, PLAIN]))
    assert [class_.name for class_ in reading.classes] == ["Tumor: Positive", "object"]
    assert reading.classes["Tumor: Positive"].colour == (200, 0, 0)
    assert sample.segments.attributes[0]["measurements"] == {"Area": 12.5}
    assert sample.segments.attributes[1] == {"objectType": "annotation", "name": "left"}
    assert "1 cells have a nucleus" in reading.notes[0]
    packed = feature([OUTER], properties={"classification": {"name": "x", "colorRGB": -3670016}})
    reading, _ = read(folder(tmp_path, {"type": "FeatureCollection", "features": [packed]}))
    assert reading.classes["x"].colour == (200, 0, 0)


@pytest.mark.parametrize("through_a_dataset", [False, True])
def test_what_was_drawn_comes_back_as_it_was(through_a_dataset: bool, tmp_path) -> None:
    given = {
        "type": "FeatureCollection",
        "name": "set",
        "crs": {"type": "name"},
        "features": [CELL, MANY, PLAIN, POINT],
    }
    reading, sample = read(folder(tmp_path / "in", given))
    if through_a_dataset:
        with mw.Dataset.create(tmp_path / "set", reading.classes) as dataset:
            with dataset.edit("import") as edit:
                edit.add(sample)
            formats.write(dataset, dataset.classes, tmp_path / "out", "geojson")
    else:
        assert not formats.write([sample], reading.classes, tmp_path / "out", "geojson", check=True)
    assert written(tmp_path / "out") == given
    assert [note.split(" ")[1] for note in reading.notes] == ["points", "cells"]


def test_georeferenced_numbers_come_back_too(tmp_path) -> None:
    place = (0.3, 500000.1, 5400000.7)
    ring = [[500001.1, 5399999.3], [500009.7, 5399998.2], [500007.3, 5399993.1], [500001.1, 5399999.3]]
    given = {"type": "FeatureCollection", "features": [feature([ring], properties={"class": "field", "crop": "rye"})]}
    reading, sample = read(folder(tmp_path / "in", given, ".tif", place))
    assert not formats.write([sample], reading.classes, tmp_path / "out", "geojson", check=True)
    assert written(tmp_path / "out") == given
    y, x = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    world = np.stack([(x * 0.3 + place[1]).reshape(-1), (place[2] - y * 0.3).reshape(-1)], axis=1)
    assert np.array_equal(sample.segments.masks[0].decode(), inside(world, ring).reshape(SIZE))


def test_an_image_that_lies_elsewhere_gets_other_numbers(tmp_path) -> None:
    ring = [[1.3, 1.2], [20.7, 3.1], [9.2, 17.5], [1.3, 1.2]]
    reading, sample = read(folder(tmp_path / "in", [feature([ring])], ".tif", None))
    image(tmp_path / "b.tif", (0.5, 100.0, 200.0))
    moved = Sample("a", ImageRef(str(tmp_path / "b.tif"), SIZE), sample.segments)
    formats.write([moved], reading.classes, tmp_path / "out", "geojson", check=True)
    (found,) = written(tmp_path / "out")["features"]
    expected = [[100 + x * 0.5, 200 - y * 0.5] for x, y in ring]
    assert np.allclose(found["geometry"]["coordinates"], [expected])


def test_a_changed_mask_is_an_outline_and_a_changed_class_another_name(tmp_path) -> None:
    reading, sample = read(folder(tmp_path / "in", [CELL, MANY]))
    names = {class_.name: class_.id for class_ in reading.classes}
    segments = sample.segments.replace(class_ids=[names["road"]] * 2)
    lost = formats.write([sample.with_segments(segments)], reading.classes, tmp_path / "one", "geojson", check=True)
    first = written(tmp_path / "one")["features"][0]
    assert first["geometry"] == CELL["geometry"]
    assert first["properties"]["classification"] == {"name": "road"}, "the colour was the other class's"
    assert not lost
    dense = segments.masks.decode()
    dense[0, 29, 39] = True
    edited = sample.with_segments(segments.with_masks(Masks.encode(dense)))
    formats.write([edited], reading.classes, tmp_path / "two", "geojson", check=True)
    first = written(tmp_path / "two")["features"][0]
    assert first["geometry"]["type"] == "MultiPolygon"
    assert {
        number for part in first["geometry"]["coordinates"] for ring in part for point in ring for number in point
    } <= set(range(41))
    assert first["properties"]["classification"] == {"name": "road"}
    assert first["properties"]["measurements"] == {"Area": 12.5}


def test_attributes_that_changed_are_changed(tmp_path) -> None:
    reading, sample = read(folder(tmp_path / "in", [MANY]))
    segments = sample.segments.replace(attributes=[{"note": "b", "class": 5}], ids=[9], source=["human"])
    formats.write([sample.with_segments(segments)], reading.classes, tmp_path / "out", "geojson", check=True)
    (found,) = written(tmp_path / "out")["features"]
    assert found["geometry"] == MANY["geometry"]
    assert {key: value for key, value in found["properties"].items() if key != "maskwright"} == {
        "note": "b",
        "label": "road",
    }
    _, again = read(tmp_path / "out")
    assert again.segments.attributes == [{"note": "b", "class": 5}]
    assert (again.segments.ids.tolist(), again.segments.source) == ([9], ["human"])


def test_polygons_of_other_formats_stay_polygons(tmp_path) -> None:
    image(tmp_path / "a.png")
    dense = np.zeros((2, *SIZE), bool)
    dense[:, 5:15, 5:25] = True
    square = [5.0, 5.0, 25.0, 5.0, 25.0, 15.0, 5.0, 15.0]
    geometry = [drawn.polygon([[square]], "coco"), drawn.ellipse((15, 10), (10, 5), "edges")]
    segments = Segments(Masks.encode(dense), [1, 1], more={"geometry": geometry})
    sample = Sample("a", ImageRef(str(tmp_path / "a.png"), SIZE), segments)
    lost = formats.write([sample], CLASSES, tmp_path / "out", "geojson", check=True)
    assert written(tmp_path / "out")["features"][0]["geometry"]["coordinates"] == [
        [[5, 5], [25, 5], [25, 15], [5, 15], [5, 5]]
    ]
    assert [(loss.cause, loss.segment) for loss in lost] == [("geometry", 2)]


def test_ids_stay_where_an_empty_segment_is_left_out(tmp_path) -> None:
    between = [[[3.1, 3.1], [3.3, 3.1], [3.3, 3.3], [3.1, 3.1]]]  # holds no pixel's centre
    reading, sample = read(folder(tmp_path / "in", [feature(between), CELL]))
    assert sample.segments.masks.areas()[0] == 0
    formats.write([sample], reading.classes, tmp_path / "out", "geojson", allow_loss=True, check=True)
    _, again = read(tmp_path / "out")
    assert again.segments.ids.tolist() == [2]
    assert again.segments.masks[0] == sample.segments.masks[1]


def test_other_content_is_one_sentence(tmp_path) -> None:
    for content in ({"type": "Topology"}, [1], "x", {"features": 3}):
        with pytest.raises(FormatError):
            read(folder(tmp_path, content))
    with pytest.raises(FormatError, match="feature 0"):
        read(folder(tmp_path, [feature([[[0, 0], [1, 1]]])]))


PATH_CLASS = {"name": "Tumor", "color": [200, 0, 0]}
UUID = "a3f1c2d4-0000-4000-8000-000000000001"


def qupath(home):
    packed = {"name": "Stroma", "colorRGB": -6895466}  # 150, 200, 150
    return folder(home, {"type": "FeatureCollection", "features": [
        feature([OUTER], id=UUID, nucleusGeometry={"type": "Polygon", "coordinates": [HOLE]},
                properties={"objectType": "annotation", "classification": PATH_CLASS, "name": "T1"}),
        feature([HOLE], id="second", properties={"objectType": "cell", "classification": packed}),
        feature([HOLE], id="third", properties={"objectType": "annotation"}),
    ]})  # fmt: skip


def test_an_edited_object_of_qupath_stays_that_object(tmp_path) -> None:
    reading, sample = read(qupath(tmp_path / "set"))
    edited = dataclasses.replace(sample, segments=sample.segments.with_masks(sample.segments.masks.dilate(1)))
    formats.write([edited], reading.classes, tmp_path / "out", "geojson", check=True)
    first, second, third = written(tmp_path / "out")["features"]
    assert first["id"] == UUID
    assert first["properties"] == {"objectType": "annotation", "classification": PATH_CLASS, "name": "T1"}
    assert "nucleusGeometry" not in first, "it belongs to the outline that was"
    assert (second["id"], second["properties"]["classification"]["colorRGB"]) == ("second", -6895466)
    assert (third["id"], third["properties"]) == ("third", {"objectType": "annotation"})


@pytest.mark.parametrize("moved", [False, True])
def test_a_changed_class_has_its_own_colour(moved: bool, tmp_path) -> None:
    reading, sample = read(qupath(tmp_path / "set"))
    tumor, stroma = (reading.classes[name].id for name in ("Tumor", "Stroma"))
    segments = sample.segments.replace(class_ids=[stroma, tumor, tumor])
    segments = segments.with_masks(segments.masks.dilate(1)) if moved else segments
    edited = dataclasses.replace(sample, segments=segments)
    formats.write([edited], reading.classes, tmp_path / "out", "geojson", check=True)
    found = [row["properties"]["classification"] for row in written(tmp_path / "out")["features"]]
    assert found == [{"name": "Stroma", "color": [150, 200, 150]}, {"name": "Tumor", "colorRGB": -3670016}, PATH_CLASS]


def test_labels_without_an_image_are_counted_and_named(tmp_path) -> None:
    qupath(tmp_path)
    for number in range(7):
        (tmp_path / "labels" / f"b{number}.geojson").write_text("[]")
    reading, _ = read(tmp_path)
    assert reading.total == 1
    assert reading.notes[0] == (
        "7 label files have no image of their name, which says their size, and were left out: labels/b0.geojson, "
        "labels/b1.geojson, labels/b2.geojson, labels/b3.geojson, labels/b4.geojson …"
    )
