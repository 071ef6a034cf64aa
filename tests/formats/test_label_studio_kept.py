"""Label Studio's regions mean the pixels that its exports lead to, and come back as they were drawn."""

import base64
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from maskwright import formats, media, registry
from maskwright.core import drawn
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats.label_studio import brush_encode

SIZE = (40, 60)
CLASSES = Classes([Class(1, "c")])
TRIANGLE = [[3.3, 10.0], [51.7, 12.5], [50.0, 77.7]]


def image(path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(path)


def result(kind: str, value: dict, **more) -> dict:
    return {
        "id": "a1", "type": kind, "from_name": "label", "to_name": "image", "original_width": 60, "original_height": 40,
        "image_rotation": 0, "value": value, **more,
    }  # fmt: skip


def task(*results, **more) -> dict:
    return {
        "id": 7, "data": {"image": "/data/upload/1/a.png", "note": "x"},
        "annotations": [{"id": 12, "completed_by": 3, "was_cancelled": False, "result": list(results)}], **more,
    }  # fmt: skip


def folder(home, content):
    image(home / "a.png")
    (home / "project.json").write_text(json.dumps(content))
    return home


def read(home, *results, **options):
    reading = formats.read(folder(home, [task(*results)]), "label-studio", **options)
    samples = list(reading.samples)
    return reading, samples


def rewritten(tmp_path, content, **options):
    """The tasks that come of reading and writing some."""
    reading = formats.read(folder(tmp_path / "in", content), "label-studio")
    lost = formats.write(
        list(reading.samples), reading.classes, tmp_path / "out", "label-studio", check=True, **options
    )
    return json.loads((tmp_path / "out" / "tasks.json").read_text()), lost


def by_pycocotools(points) -> np.ndarray:
    flat = (np.asarray(points, float) * [0.6, 0.4]).reshape(-1).tolist()
    return coco.decode(coco.frPyObjects([flat], *SIZE))[..., 0].astype(bool)


def test_polygons_and_rectangles_are_what_the_export_to_coco_leads_to(tmp_path) -> None:
    turned = {"x": 50, "y": 25, "width": 20, "height": 40, "rotation": 30}
    rows = [
        result("polygonlabels", {"points": TRIANGLE, "closed": True, "polygonlabels": ["c"]}, id="a"),
        result("rectanglelabels", {"x": 11.1, "y": 20, "width": 33.3, "height": 25, "rectanglelabels": ["c"]}, id="b"),
        result("rectanglelabels", {**turned, "rectanglelabels": ["c"]}, id="c"),
    ]
    _, (sample,) = read(tmp_path, *rows)
    found = sample.segments.masks.decode()
    assert np.array_equal(found[0], by_pycocotools(TRIANGLE))
    assert np.array_equal(found[1], by_pycocotools([[11.1, 20], [44.4, 20], [44.4, 45], [11.1, 45]]))
    # Clockwise around the top left corner, as `convert_annotation_to_yolo_obb` has the corners.
    spin, width, height = np.deg2rad(30), 12, 16
    along, down = np.array([np.cos(spin), np.sin(spin)]), np.array([-np.sin(spin), np.cos(spin)])
    first = np.array([30, 10])
    ring = np.array([first, first + width * along, first + width * along + height * down, first + height * down])
    assert np.array_equal(found[2], coco.decode(coco.frPyObjects([ring.reshape(-1).tolist()], *SIZE))[..., 0] > 0)
    boxes = sample.segments.column("box")
    assert boxes[0] is boxes[2] is None
    assert np.allclose(boxes[1], [6.66, 8, 26.64, 18])


def test_an_ellipse_is_the_pixels_whose_centre_it_holds(tmp_path) -> None:
    value = {"x": 50, "y": 50, "radiusX": 20, "radiusY": 15, "rotation": 0, "ellipselabels": ["c"]}
    _, (sample,) = read(tmp_path, result("ellipselabels", value))
    y, x = np.mgrid[:40, :60] + 0.5
    assert np.array_equal(sample.segments.masks[0].decode(), ((x - 30) / 12) ** 2 + ((y - 20) / 6) ** 2 <= 1)


def test_the_view_may_be_turned_and_numbers_are_not(tmp_path) -> None:
    value = {"points": TRIANGLE, "polygonlabels": ["c"]}
    reading, (sample,) = read(tmp_path, result("polygonlabels", value, image_rotation=90))
    assert np.array_equal(sample.segments.masks[0].decode(), by_pycocotools(TRIANGLE))
    assert media.read(sample.image).display().shape == (40, 60, 3)
    assert "image_rotation" in reading.notes[0]


def test_a_shape_and_its_label_may_be_two_results(tmp_path) -> None:
    shape = {"points": TRIANGLE, "closed": True}
    reading, (sample,) = read(
        tmp_path, result("polygon", shape), result("labels", {**shape, "labels": ["c"]}),
        result("choices", {**shape, "choices": ["far"]}, from_name="distance"),
        result("textarea", {**shape, "text": ["one", "two"]}, from_name="remark"),
    )  # fmt: skip
    assert len(sample.segments) == 1
    assert reading.classes[int(sample.segments.class_ids[0])].name == "c"
    assert sample.segments.attributes == [{"distance": "far", "remark": ["one", "two"]}]
    assert not reading.notes


def test_a_region_without_a_label_is_called_object_and_told(tmp_path) -> None:
    reading, (sample,) = read(tmp_path, result("polygonlabels", {"points": TRIANGLE, "closed": True}))
    assert [class_.name for class_ in reading.classes] == ["object"]
    assert len(sample.segments) == 1
    assert reading.notes == ["1 regions have no label; they are called object"]


def test_open_polygons_are_filled_and_told_and_lines_are_left_out(tmp_path) -> None:
    reading, (sample,) = read(
        tmp_path, result("polygonlabels", {"points": TRIANGLE, "closed": False, "polygonlabels": ["c"]}, id="a"),
        result("polygonlabels", {"points": TRIANGLE[:2], "closed": False, "polygonlabels": ["c"]}, id="b"),
        result("vectorlabels", {"vertices": [{"x": x, "y": y} for x, y in TRIANGLE], "vectorlabels": ["c"]}, id="c"),
        result("keypointlabels", {"x": 1, "y": 2, "width": 1, "keypointlabels": ["c"]}, id="d"),
    )  # fmt: skip
    assert np.array_equal(sample.segments.masks[0].decode(), by_pycocotools(TRIANGLE))
    assert len(sample.segments) == 1
    assert reading.notes[0].startswith("3 results of other kinds")
    assert reading.notes[1].startswith("1 polygons are not closed")
    assert [entry["id"] for entry in sample.fields["label_studio"]["results"]] == ["b", "c", "d"]


def test_closed_vectors_and_bitmasks_are_shapes(tmp_path) -> None:
    vertices = [{"id": str(x), "x": x, "y": y, "isBezier": False} for x, y in TRIANGLE]
    dense = np.zeros((*SIZE, 4), np.uint8)
    dense[3:9, 4:20, 3] = 255
    out = io.BytesIO()
    Image.fromarray(dense).save(out, "PNG")
    url = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
    _, (sample,) = read(
        tmp_path / "a", result("vectorlabels", {"vertices": vertices, "closed": True, "vectorlabels": ["c"]}, id="a"),
        result("bitmasklabels", {"imageDataURL": url, "bitmasklabels": ["c"]}, id="b"),
    )  # fmt: skip
    assert np.array_equal(sample.segments.masks[0].decode(), by_pycocotools(TRIANGLE))
    assert np.array_equal(sample.segments.masks[1].decode(), dense[..., 3] > 0)
    for broken in ("data:image/png;base64,AAAA", "data:text/plain,x", url[:-40], 5):
        with pytest.raises(FormatError, match="bitmask"):
            read(tmp_path / "b", result("bitmasklabels", {"imageDataURL": broken, "bitmasklabels": ["c"]}))


def drawn_task() -> dict:
    dense = np.zeros(SIZE, bool)
    dense[20:30, 40:55] = True
    stream = brush_encode(Masks.encode(dense[None])[0])
    # A browser writes colours and soft edges, so that the stream is not one that we would write.
    soft = np.zeros((*SIZE, 4), np.uint8)
    soft[20:30, 40:55] = (200, 30, 90, 255)
    soft[19, 40:55] = (200, 30, 90, 17)
    bits = f"{soft.size:032b}" + f"{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    flat = soft.reshape(-1)
    for start in range(0, flat.size, 256):
        block = flat[start : start + 256]
        bits += "0" + "10" + f"{len(block) - 1:08b}" + "".join(f"{value:08b}" for value in block)
    bits += "0" * (-len(bits) % 8)
    browser = [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]
    assert browser != stream
    shape = {"points": [[60, 60], [70, 60], [70, 71.5]], "closed": True}
    return task(
        result("polygonlabels", {"points": TRIANGLE, "closed": True, "polygonlabels": ["c", "d"]}, id="p", origin="manual",
               meta={"text": ["look"]}, hidden=True),
        result("rectanglelabels", {"x": 10.123456789, "y": 20, "width": 20, "height": 40, "rotation": 33.3,
                                   "rectanglelabels": ["d"]}, id="r", score=0.5),
        result("rectanglelabels", {"x": 1, "y": 2, "width": 20, "height": 40, "rectanglelabels": ["d"]}, id="q"),
        result("ellipselabels", {"x": 50, "y": 50, "radiusX": 20, "radiusY": 15, "rotation": 0,
                                 "ellipselabels": ["c"]}, id="e", parentID="p"),
        result("brushlabels", {"format": "rle", "rle": browser, "brushlabels": ["c"]}, id="b", from_name="brush tool"),
        result("polygon", shape, id="s", from_name="shape"),
        result("labels", {**shape, "labels": ["d"]}, id="s", from_name="kind"),
        result("choices", {**shape, "choices": ["far"]}, id="s", from_name="distance"),
        result("choices", {"choices": ["good"]}, id="w", from_name="quality"),
        {"from_id": "p", "to_id": "r", "type": "relation", "direction": "right"},
        project=4, total_annotations=1,
    )  # fmt: skip


def test_what_was_drawn_comes_back_as_it_was(tmp_path) -> None:
    given = drawn_task()
    (found,), lost = rewritten(tmp_path, [given])
    assert found["annotations"][0]["result"] == given["annotations"][0]["result"]
    assert {key: value for key, value in found["annotations"][0].items() if key != "result"} == {
        key: value for key, value in given["annotations"][0].items() if key != "result"
    }
    assert found["data"] == {"image": "images/a.png", "note": "x"}
    assert (found["id"], found["project"], found["total_annotations"]) == (7, 4, 1)
    assert not lost
    config = ET.fromstring((tmp_path / "out" / "label_config.xml").read_text())
    controls = {(element.tag, element.get("name")) for element in config if element.tag != "Image"}
    assert {
        ("PolygonLabels", "label"),
        ("BrushLabels", "brush tool"),
        ("Polygon", "shape"),
        ("Choices", "quality"),
    } <= controls


def test_a_second_turn_and_a_dataset_give_it_back_too(tmp_path) -> None:
    import maskwright as mw

    given = drawn_task()
    rewritten(tmp_path / "first", [given])
    reading = formats.read(tmp_path / "first" / "out")
    with mw.Dataset.create(tmp_path / "set", reading.classes) as dataset:
        with dataset.edit("import") as edit:
            for sample in reading.samples:
                edit.add(sample)
        formats.write(dataset, dataset.classes, tmp_path / "out", "label-studio", images="none")
    (found,) = json.loads((tmp_path / "out" / "tasks.json").read_text())
    assert found["annotations"][0]["result"] == given["annotations"][0]["result"]


def test_without_images_the_address_stays(tmp_path) -> None:
    (found,), _ = rewritten(tmp_path, [drawn_task()], images="none")
    assert found["data"]["image"] == "/data/upload/1/a.png"


def test_an_edited_mask_is_a_brush_and_another_class_another_label(tmp_path) -> None:
    reading, (sample,) = read(
        tmp_path / "in", result("polygonlabels", {"points": TRIANGLE, "polygonlabels": ["c"]}, id="s0"),
        result("rectanglelabels", {"x": 0, "y": 0, "width": 10, "height": 10, "rectanglelabels": ["d"]}, id="r"),
    )  # fmt: skip
    names = {class_.name: class_.id for class_ in reading.classes}
    segments = sample.segments.replace(class_ids=[names["d"], names["d"]])
    formats.write([sample.with_segments(segments)], reading.classes, tmp_path / "one", "label-studio", check=True)
    (found,) = json.loads((tmp_path / "one" / "tasks.json").read_text())
    assert found["annotations"][0]["result"][0]["value"] == {"points": TRIANGLE, "polygonlabels": ["d"]}
    dense = segments.masks.decode()
    dense[:, 39, 59] = True
    edited = sample.with_segments(segments.with_masks(Masks.encode(dense)))
    lost = formats.write([edited], reading.classes, tmp_path / "two", "label-studio", check=True)
    (found,) = json.loads((tmp_path / "two" / "tasks.json").read_text())
    assert [row["type"] for row in found["annotations"][0]["result"]] == ["brushlabels"] * 2
    assert [(loss.cause, loss.segment) for loss in lost] == [("box", 2)]


def test_answers_of_a_region_can_be_changed(tmp_path) -> None:
    shape = {"points": TRIANGLE, "polygonlabels": ["c"]}
    reading, (sample,) = read(
        tmp_path / "in", result("polygonlabels", shape),
        result("choices", {**shape, "choices": ["far"]}, from_name="distance"),
        result("choices", {**shape, "choices": ["wet"]}, from_name="weather"),
    )  # fmt: skip
    segments = sample.segments.replace(attributes=[{"distance": "near", "age": 3}])
    formats.write([sample.with_segments(segments)], reading.classes, tmp_path / "out", "label-studio", check=True)
    (again,) = formats.read(tmp_path / "out").samples
    assert again.segments.attributes == [{"distance": "near", "age": 3}]


def test_masks_alone_or_polygons_where_they_are_asked_for(tmp_path) -> None:
    given = [task(result("polygonlabels", {"points": TRIANGLE, "polygonlabels": ["c"]}))]
    (found,), lost = rewritten(tmp_path / "mask", given, shapes="mask")
    assert [row["type"] for row in found["annotations"][0]["result"]] == ["brushlabels"]
    assert [loss.cause for loss in lost] == ["geometry"]
    dense = np.zeros((2, *SIZE), bool)
    dense[0, 5:20, 10:30] = True
    dense[1, 2:12, 40:50] = dense[1, 20:30, 44:56] = True
    dense[1, 4:8, 43:47] = False
    image(tmp_path / "a.png")
    sample = Sample("a", ImageRef(str(tmp_path / "a.png"), SIZE), Segments(Masks.encode(dense), [1, 1]))
    lost = formats.write([sample], CLASSES, tmp_path / "out", "label-studio", shapes="polygon", allow_loss=True)
    (found,) = json.loads((tmp_path / "out" / "tasks.json").read_text())
    told = {loss.segment: loss.pixels for loss in lost if loss.cause == "shape"}
    for number, (row, mask) in enumerate(zip(found["annotations"][0]["result"], dense, strict=True), 1):
        assert row["type"] == "polygonlabels"
        assert (by_pycocotools(row["value"]["points"]) != mask).sum() == told.get(number, 0)


def test_shapes_of_other_formats_stay_shapes(tmp_path) -> None:
    ring = [3.0, 2.0, 31.0, 7.0, 22.0, 30.0]
    masks = np.zeros((4, *SIZE), bool)
    masks[0] = coco.decode(coco.frPyObjects([ring], *SIZE))[..., 0]
    masks[1, 5:15, 10:31] = True
    y, x = np.mgrid[:40, :60] + 0.5
    masks[2] = ((x - 30) / 12) ** 2 + ((y - 20) / 6) ** 2 <= 1
    masks[3] = masks[2]
    masks[3, 0, 0] = True  # drawn by a rule under which it means other pixels
    geometry = [
        drawn.polygon([[ring]], "coco"), drawn.rectangle([10, 5, 31, 15], "edges"),
        drawn.ellipse((30, 20), (12, 6), "edges"), drawn.ellipse((30, 20), (12, 6), "fill"),
    ]  # fmt: skip
    segments = Segments(
        Masks.encode(masks), [1] * 4, more={"geometry": geometry, "box": [None, [10, 5, 31, 15], None, None]}
    )
    image(tmp_path / "a.png")
    sample = Sample("a", ImageRef(str(tmp_path / "a.png"), SIZE), segments)
    lost = formats.write([sample], CLASSES, tmp_path / "out", "label-studio", check=True)
    (found,) = json.loads((tmp_path / "out" / "tasks.json").read_text())
    rows = found["annotations"][0]["result"]
    assert [row["type"] for row in rows] == ["polygonlabels", "rectanglelabels", "ellipselabels", "brushlabels"]
    assert len({row["id"] for row in rows}) == 4
    assert [(loss.cause, loss.segment) for loss in lost if loss.cause != "source"] == [("geometry", 4)]


def test_a_turned_rectangle_goes_to_cvat_and_back(tmp_path) -> None:
    value = {"x": 50, "y": 25, "width": 20, "height": 40, "rotation": 30, "rectanglelabels": ["c"]}
    reading, (sample,) = read(tmp_path / "in", result("rectanglelabels", value))
    formats.write([sample], reading.classes, tmp_path / "cvat", "cvat", check=True)
    assert "<box " in (tmp_path / "cvat" / "annotations.xml").read_text()
    back = formats.read(tmp_path / "cvat")
    formats.write(list(back.samples), back.classes, tmp_path / "out", "label-studio", check=True)
    (found,) = json.loads((tmp_path / "out" / "tasks.json").read_text())
    given = found["annotations"][0]["result"][0]["value"]
    assert given.pop("rectanglelabels") == ["c"]
    assert given == pytest.approx({key: number for key, number in value.items() if key != "rectanglelabels"})


def test_json_min_is_a_task_for_every_id(tmp_path) -> None:
    region = {"points": TRIANGLE, "closed": True, "polygonlabels": ["c"], "original_width": 60, "original_height": 40}
    records = [
        {"image": "/data/upload/1/a.png", "id": 1, "label": [region], "choice": "good", "annotator": 1,
         "annotation_id": 5, "created_at": "2024", "updated_at": "2024", "lead_time": 1.5},
        {"image": "/data/upload/1/a.png", "id": 1, "label": [], "annotator": 2, "annotation_id": 6},
    ]  # fmt: skip
    reading = formats.read(folder(tmp_path, records))
    (sample,) = reading.samples
    assert reading.total == 1
    assert np.array_equal(sample.segments.masks[0].decode(), by_pycocotools(TRIANGLE))
    assert sample.fields["label_studio"]["annotation"]["completed_by"] == 1
    assert sample.fields["label_studio"]["task"]["data"]["choice"] == "good"
    (note,) = reading.notes
    assert "(by 1)" in note
    assert "by 2" in note
    (other,) = formats.read(tmp_path, "label-studio", annotator=2).samples
    assert not len(other.segments)


def test_of_several_annotators_one_is_read_and_the_others_named(tmp_path) -> None:
    def entry(number: int, who, value: dict, **more) -> dict:
        rows = [result("rectanglelabels", {**value, "rectanglelabels": ["c"]})]
        return {"id": number, "completed_by": who, "result": rows, **more}

    square = {"x": 0, "y": 0, "width": 10, "height": 10}
    entries = [
        entry(1, 4, square, was_cancelled=True), entry(2, {"id": 5, "email": "eva@here"}, square),
        entry(3, 6, {**square, "width": 20}), entry(4, 7, {**square, "width": 30}, ground_truth=True),
    ]  # fmt: skip
    content = [
        {**task(), "annotations": entries[:3]},
        {**task(), "data": {"image": "b.png"}, "annotations": entries[1:2]},
    ]
    image(tmp_path / "b.png")
    reading = formats.read(folder(tmp_path, content))
    samples = list(reading.samples)
    assert [sample.segments.masks.areas().tolist() for sample in samples] == [[24], [24]]
    assert reading.notes == [
        "1 annotations were cancelled (skipped), and left out",
        (
            "1 tasks have several annotations, of which one was read (by eva@here): left out are those by 6; "
            "-o annotator=NAME reads another's. What was not read is in the samples' field label_studio and is "
            "written again"
        ),
    ]
    reading = formats.read(tmp_path, annotator="6")
    assert [sample.segments.masks.areas().tolist() for sample in reading.samples] == [[48]]
    assert "1 tasks have no annotation by 6, and were left out" in reading.notes
    assert (
        len(list(formats.read(tmp_path, annotator=5).samples))
        == len(list(formats.read(tmp_path, annotator="eva@here").samples))
        == 2
    )
    truth = formats.read(folder(tmp_path, [{**task(), "annotations": entries}]))
    assert [sample.segments.masks.areas().tolist() for sample in truth.samples] == [[72]], "the ground truth"


def test_predictions_alone_are_not_silent(tmp_path) -> None:
    value = {"points": TRIANGLE, "polygonlabels": ["c"]}
    content = [{"id": 1, "data": {"image": "a.png"}, "predictions": [{"result": [result("polygonlabels", value)]}]}]
    reading = formats.read(folder(tmp_path, content))
    (sample,) = reading.samples
    assert not len(sample.segments)
    assert "predictions" in reading.notes[0]
    (sample,) = formats.read(tmp_path, predictions=True).samples
    assert sample.segments.source == ["model"]


def test_a_single_task_and_a_file_without_one(tmp_path) -> None:
    value = {"points": TRIANGLE, "polygonlabels": ["c"]}
    (sample,) = formats.read(folder(tmp_path, task(result("polygonlabels", value)))).samples
    assert len(sample.segments) == 1
    (tmp_path / "project.json").write_text("[]")
    reading = formats.read(tmp_path, "label-studio", plausible=False)
    assert not list(reading.samples)
    assert reading.notes == ["the file holds no task"]


def test_the_fields_of_other_programs_are_still_a_loss(tmp_path) -> None:
    _, (sample,) = read(tmp_path, result("polygonlabels", {"points": TRIANGLE, "polygonlabels": ["c"]}))
    more = replace(sample, fields={**sample.fields, "sun": 1})
    assert [loss.cause for loss in formats.losses([sample, more], CLASSES, "label-studio")] == ["fields"]


def test_an_edited_region_keeps_its_id_its_answers_and_its_meta(tmp_path) -> None:
    shape = {"points": TRIANGLE, "polygonlabels": ["c", "d"]}
    square = {"x": 0, "y": 0, "width": 10, "height": 10, "rectanglelabels": ["d"]}
    stream = brush_encode(Masks.encode(np.ones((1, *SIZE), bool))[0])
    reading, (sample,) = read(
        tmp_path / "in", result("polygonlabels", shape, id="p", origin="manual", meta={"text": ["note"]}, score=0.5),
        result("choices", {"points": TRIANGLE, "choices": ["far"]}, id="p", from_name="distance"),
        result("rectanglelabels", square, id="r"),
        result("brushlabels", {"format": "rle", "rle": stream, "brushlabels": ["c"]}, id="b", from_name="brush tool"),
        {"from_id": "p", "to_id": "r", "type": "relation", "direction": "right"},
    )  # fmt: skip
    dense = sample.segments.masks.decode()
    dense[::2, 39, 59] ^= True
    edited = sample.with_segments(sample.segments.with_masks(Masks.encode(dense)))
    for turn in ("one", "two"):
        formats.write([edited], reading.classes, tmp_path / turn, "label-studio", check=True)
        (found,) = json.loads((tmp_path / turn / "tasks.json").read_text())
        polygon, answer, rectangle, brush, relation = found["annotations"][0]["result"]
        told = {name: polygon[name] for name in ("type", "id", "origin", "score")}
        assert told == {"type": "brushlabels", "id": "p", "origin": "manual", "score": 0.5}
        assert polygon["meta"]["text"] == ["note"]
        assert "attributes" not in polygon["meta"].get("maskwright", {})
        assert polygon["value"]["brushlabels"] == ["c", "d"]
        assert (answer["id"], answer["from_name"], answer["value"]) == ("p", "distance", {"choices": ["far"]})
        assert rectangle == result("rectanglelabels", square, id="r")
        assert (brush["id"], brush["from_name"]) == ("b", "brush tool")
        assert (relation["from_id"], relation["to_id"]) == ("p", "r")
        (edited,) = formats.read(tmp_path / turn).samples
        assert np.array_equal(edited.segments.masks.decode(), dense)
    without = edited.with_segments(edited.segments[[0, 2]])
    formats.write([without], reading.classes, tmp_path / "fewer", "label-studio", check=True)
    (found,) = json.loads((tmp_path / "fewer" / "tasks.json").read_text())
    assert [row["id"] for row in found["annotations"][0]["result"]] == ["p", "p", "b"], "no relation to what is gone"


def several() -> dict:
    """A task that two people annotated and a model, whose brush stream is a list of numbers."""
    square = {"x": 0, "y": 0, "width": 10, "height": 10, "rectanglelabels": ["c"]}
    stream = {"format": "rle", "rle": brush_encode(Masks.encode(np.ones((1, *SIZE), bool))[0]), "brushlabels": ["c"]}
    ben = {"id": 2, "completed_by": {"id": 2, "email": "ben@here"}, "result": [result("rectanglelabels", square)]}
    eva = {"id": 3, "completed_by": 7, "result": [result("brushlabels", stream, from_name="b")], "ground_truth": True}
    entries = [
        {"id": 1, "completed_by": 4, "was_cancelled": True, "result": []},
        {**ben, "was_cancelled": False},
        {**eva, "was_cancelled": False},
    ]
    model = {"id": 9, "model_version": "m", "result": [result("brushlabels", stream, from_name="m")]}
    counts = {"total_annotations": 2, "cancelled_annotations": 1, "total_predictions": 1}
    return {**task(), "annotations": entries, "predictions": [model], "drafts": [5], **counts}


@pytest.mark.parametrize("options", [{}, {"annotator": "2"}, {"annotator": "ben@here"}, {"annotator": 7}])
def test_annotations_and_predictions_that_were_not_read_come_back(options, tmp_path) -> None:
    given = several()
    reading = formats.read(folder(tmp_path / "in", [given]), **options)
    samples = list(reading.samples)
    assert "written again" in " ".join(reading.notes)
    formats.write(samples, reading.classes, tmp_path / "out", "label-studio", check=True)
    (found,) = json.loads((tmp_path / "out" / "tasks.json").read_text())
    for name in ("annotations", "predictions", "drafts", "cancelled_annotations", "total_predictions"):
        assert found[name] == given[name]
    assert found["total_annotations"] == 2
    config = ET.fromstring((tmp_path / "out" / "label_config.xml").read_text())
    assert {"b", "m", "label"} <= {element.get("name") for element in config}


def test_read_predictions_are_in_the_annotation_and_counted_there(tmp_path) -> None:
    reading = formats.read(folder(tmp_path / "in", [several()]), predictions=True)
    formats.write(list(reading.samples), reading.classes, tmp_path / "out", "label-studio", check=True)
    (found,) = json.loads((tmp_path / "out" / "tasks.json").read_text())
    assert len(found["annotations"][2]["result"]) == 2
    assert "predictions" not in found
    assert (found["total_annotations"], found["total_predictions"]) == (2, 0)


def test_an_annotator_is_found_by_the_e_mail_where_a_task_says_the_number_alone(tmp_path) -> None:
    value = {"x": 0, "y": 0, "width": 10, "height": 10, "rectanglelabels": ["c"]}
    content = []
    for number, who in enumerate([{"id": 2, "email": "ben@here"}, 2]):
        entry = {"id": number, "completed_by": who, "result": [result("rectanglelabels", value)]}
        content.append({"id": number, "data": {"image": f"{number}.png"}, "annotations": [entry]})
        image(tmp_path / f"{number}.png")
    folder(tmp_path, content)
    for name in ("ben@here", "2", 2):
        assert len(list(formats.read(tmp_path, annotator=name).samples)) == 2


def test_a_task_that_nobody_annotated_stays_one(tmp_path) -> None:
    given = {"id": 1, "data": {"image": "a.png"}, "annotations": [], "total_annotations": 0}
    (found,), _ = rewritten(tmp_path, [given])
    assert (found["annotations"], found["total_annotations"]) == ([], 0)


@pytest.mark.parametrize("damage", [lambda text: text[:-30].encode(), lambda text: text.encode("utf-16")])
def test_a_file_that_cannot_be_read_is_named(damage, tmp_path) -> None:
    place = folder(tmp_path, task(result("polygonlabels", {"points": TRIANGLE, "polygonlabels": ["c"]})))
    (place / "project.json").write_bytes(damage((place / "project.json").read_text()))
    with pytest.raises(FormatError, match=r"project\.json"):
        registry.load("formats", "label-studio").sniff(place)
