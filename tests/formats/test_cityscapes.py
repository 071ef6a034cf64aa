"""Cityscapes: polygons are painted as its scripts paint them, and agree with the pixels that are written."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import maskwright as mw
from maskwright import formats
from maskwright.core import drawn
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.formats.cityscapes import LABELS, classes_of_cityscapes

NUMBERS = {name: (number, bool(instances)) for name, number, _, _, instances, _, _ in LABELS}
SIZE = (40, 60)
OBJECTS = [
    {"label": "sky", "polygon": [[0, 0], [59, 0], [59, 39], [0, 39]], "id": 4, "user": "me"},
    {"label": "road", "polygon": [[-3, 20.7], [59, 18], [59, 45], [0, 39]]},
    {"label": "car", "polygon": [[2, 10], [25, 10], [25, 30], [2, 30]], "verified": 1},
    {"label": "pole", "polygon": [[10, 0], [12, 0], [12, 35], [10, 35]]},
    {"label": "car", "polygon": [[3, 11], [5, 11], [5, 12]]},
    {"label": "car", "polygon": [[40, 5], [50, 5], [50, 15]]},
    {"label": "cargroup", "polygon": [[40, 25], [55, 25], [50, 35]]},
    {"label": "license plate", "polygon": [[20, 25], [24, 25], [24, 27]]},
    {"label": "sky", "polygon": [[30, 12], [49, 12], [49, 14]]},
    {"label": "truck", "polygon": [[1, 1], [5, 1], [5, 5]], "deleted": 1},
]


def scripts(content: dict[str, Any], numbers: dict[str, tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    """json2labelImg and json2instanceImg in short -> labelIds, instanceIds."""
    size = (content["imgWidth"], content["imgHeight"])
    labels, instances = Image.new("L", size, 0), Image.new("I", size, 0)
    count: dict[str, int] = {}
    for row in content["objects"]:
        if row.get("deleted"):
            continue
        label = row["label"]
        group = label not in numbers and label.endswith("group")
        number, has_instances = numbers[label[: -len("group")] if group else label]
        if number < 0:
            continue
        value = number
        if has_instances and not group:
            value = number * 1000 + count.get(label, 0)
            count[label] = count.get(label, 0) + 1
        ring = [tuple(point) for point in row["polygon"]]
        ImageDraw.Draw(labels).polygon(ring, fill=number)
        ImageDraw.Draw(instances).polygon(ring, fill=value)
    return np.asarray(labels), np.asarray(instances)


def gt_fine(folder: Path, objects: list[dict[str, Any]], *, maps: bool) -> Path:
    home = folder / "gtFine" / "val" / "town"
    home.mkdir(parents=True)
    image = folder / "leftImg8bit" / "val" / "town" / "town_1_leftImg8bit.png"
    image.parent.mkdir(parents=True)
    Image.new("RGB", SIZE[::-1]).save(image)
    content = {"imgHeight": SIZE[0], "imgWidth": SIZE[1], "objects": objects}
    (home / "town_1_gtFine_polygons.json").write_text(json.dumps(content))
    if maps:
        labels, instances = scripts(content, NUMBERS)
        Image.fromarray(labels).save(home / "town_1_gtFine_labelIds.png")
        Image.fromarray(instances.astype(np.uint16)).save(home / "town_1_gtFine_instanceIds.png")
    return folder


def only(folder: Path, **options: Any) -> tuple[Any, Any]:
    reading = formats.read(folder, "cityscapes", plausible=False, **options)
    (sample,) = reading.samples
    return reading, sample


def written(folder: Path, stem: str) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    (file,) = folder.rglob(f"{stem}_gtFine_polygons.json")
    maps = [
        np.asarray(Image.open(str(file).replace("polygons.json", f"{kind}.png")))
        for kind in ("labelIds", "instanceIds")
    ]
    return maps[0], maps[1], json.loads(file.read_bytes())


def test_polygons_are_painted_as_the_scripts_paint_them(tmp_path) -> None:
    reading, sample = only(gt_fine(tmp_path, OBJECTS, maps=False))
    labels, instances = scripts({"imgHeight": 40, "imgWidth": 60, "objects": OBJECTS}, NUMBERS)
    segments = sample.segments
    assert np.array_equal(segments.masks.composite(segments.class_ids), labels)
    assert segments.masks.areas().tolist() == [
        int((instances == 26000).sum()) if n == 26 and k == 2 else area
        for k, (n, area) in enumerate(zip(segments.class_ids, segments.masks.areas().tolist(), strict=True))
    ]
    assert segments.is_crowd.tolist() == [False] * 6 + [True, False]
    assert reading.notes == ["1 license plates are not painted and were left out"]
    with pytest.raises(UsageError, match="source"):
        formats.read(tmp_path, source="colours")


def test_what_is_covered_whole_is_left_out_with_a_note(tmp_path) -> None:
    reading, sample = only(gt_fine(tmp_path, [OBJECTS[5], *OBJECTS[:1]], maps=False))
    assert sample.segments.class_ids.tolist() == [23]
    assert reading.notes == ["1 objects are covered whole and were left out"]


@pytest.mark.parametrize("source", [None, "polygons"])
def test_polygons_that_nobody_changed_are_given_back(tmp_path, source) -> None:
    reading, sample = only(gt_fine(tmp_path / "set", OBJECTS, maps=True), source=source)
    assert not [value for value in sample.segments.column("geometry") if value is None]
    car = [value for value in sample.segments.column("geometry") if drawn.parts_of(value) is not None]
    assert [[40, 5, 50, 5, 50, 15]] not in [drawn.parts_of(value)[0] for value in car], "the sky covers it"
    assert [[3, 11, 5, 11, 5, 12]] in [drawn.parts_of(value)[0] for value in car]
    lost = formats.write([sample], reading.classes, tmp_path / "out", "cityscapes", allow_loss=True)
    assert not [loss for loss in lost if loss.cause == "geometry"]
    labels, instances, content = written(tmp_path / "out", "town_1")
    assert content["objects"] == [row for row in OBJECTS if row["label"] != "license plate" and not row.get("deleted")]
    assert np.array_equal(labels, scripts(content, NUMBERS)[0])
    assert np.array_equal(instances, scripts(content, NUMBERS)[1])


def test_one_changed_mask_leaves_the_other_polygons(tmp_path) -> None:
    reading, sample = only(gt_fine(tmp_path / "set", OBJECTS, maps=False))
    masks = list(sample.segments.masks)
    dense = masks[5].decode().copy()
    dense[2:9, 30:34] = dense[4:6, 36:38] = True
    masks[5] = mw.Mask.encode(dense)
    geometry = list(sample.segments.column("geometry"))
    geometry[5] = None
    segments = sample.segments.replace(masks=Masks.stack(masks, SIZE), more={"geometry": geometry})
    formats.write(
        [replace(sample, segments=segments)], reading.classes, tmp_path / "out", "cityscapes", allow_loss=True
    )
    labels, instances, content = written(tmp_path / "out", "town_1")
    assert np.array_equal(labels, scripts(content, NUMBERS)[0])
    assert np.array_equal(instances, scripts(content, NUMBERS)[1])
    kept = [row for row in OBJECTS if row in content["objects"]]
    assert len(kept) == 7, "all but the car, the deleted one and the license plate"
    _, again = only(tmp_path / "out", source="polygons")
    numbered = [
        sorted(found.visible().masks.areas()[(found.class_ids == 26) & ~found.is_crowd].tolist())
        for found in (again.segments, segments)
    ]
    assert numbered[0] == numbered[1], "each car is one object"


@pytest.mark.parametrize("seed", range(12))
def test_pixels_and_polygons_that_are_written_agree(make_samples, tmp_path, seed) -> None:
    rng = np.random.default_rng(seed)
    samples = []
    for sample in make_samples(6, seed=seed):
        ids = rng.choice([26, 24, 23, 7, 0], len(sample.segments))
        crowd = (rng.random(len(ids)) < 0.2) & np.isin(ids, [24, 26])
        samples.append(replace(sample, segments=Segments(sample.segments.masks, ids, is_crowd=crowd)))
    notes: list[str] = []
    formats.write(samples, classes_of_cityscapes(), tmp_path / "out", "cityscapes", allow_loss=True, notes=notes)
    agreed = 0
    for sample in samples:
        files = list((tmp_path / "out").rglob(f"{Path(sample.key).name}_gtFine_polygons.json"))
        if files:
            labels, instances, content = written(tmp_path / "out", Path(sample.key).name)
            expected = scripts(content, NUMBERS)
            assert np.array_equal(labels, expected[0])
            assert np.array_equal(instances, expected[1])
            agreed += 1
    assert len(samples) - agreed == (int(notes[0].split()[0]) if notes else 0)
    assert agreed >= 4


def test_an_object_with_a_hole_and_in_parts_is_one_polygon(tmp_path) -> None:
    dense = np.zeros((3, *SIZE), bool)
    dense[0, 5:20, 5:20] = True
    dense[0, 10:14, 10:14] = False
    dense[0, 25:30, 30:40] = True
    dense[1, 5:30, 22:24] = True
    dense[2, 11:13, 11:13] = True
    segments = Segments(Masks.encode(dense), [26, 17, 26])
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "a.png")
    sample = mw.Sample("a", mw.ImageRef(str(tmp_path / "a.png"), SIZE), segments)
    notes: list[str] = []
    formats.write([sample], classes_of_cityscapes(), tmp_path / "out", "cityscapes", check=True, notes=notes)
    assert not notes
    _, instances, content = written(tmp_path / "out", "a")
    assert [row["label"] for row in content["objects"]].count("car") == 2
    assert np.array_equal(instances, scripts(content, NUMBERS)[1])
    assert sorted(int((instances == 26000 + k).sum()) for k in (0, 1)) == [4, 225 - 16 + 50]


def test_objects_that_reach_through_each_other_have_no_polygons_and_that_is_told(tmp_path) -> None:
    dense = np.zeros((2, *SIZE), bool)
    dense[0, 5:8, 5:50:6] = dense[1, 5:8, 8:50:6] = True
    segments = Segments(Masks.encode(dense), [26, 26])
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "a.png")
    sample = mw.Sample("a", mw.ImageRef(str(tmp_path / "a.png"), SIZE), segments)
    notes: list[str] = []
    formats.write([sample], classes_of_cityscapes(), tmp_path / "out", "cityscapes", check=True, notes=notes)
    assert notes == ["1 image has no polygons, such as a: objects in parts reach through each other"]
    assert not list((tmp_path / "out").rglob("*polygons.json"))


def test_polygons_of_other_files_are_painted_as_they_are(tmp_path) -> None:
    ring = [30.5, 12, 45, 12, 45, 30]
    mask = formats._rules.RULES["pillow"].draw([[[ring]]], SIZE)
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "a.png")
    for rule, kept in (("pillow", True), ("edges", True), ("thumb", True)):
        segments = Segments(mask, [26], more={"geometry": [drawn.polygon([[ring]], rule)]})
        sample = mw.Sample("a", mw.ImageRef(str(tmp_path / "a.png"), SIZE), segments)
        formats.write([sample], classes_of_cityscapes(), tmp_path / rule, "cityscapes", check=True)
        (row,) = written(tmp_path / rule, "a")[2]["objects"]
        assert (row["polygon"] == [[30.5, 12], [45, 12], [45, 30]]) == kept


def test_pixels_without_their_polygons_keep_nothing_of_them(tmp_path) -> None:
    gt_fine(tmp_path, OBJECTS, maps=True)
    file = next(tmp_path.rglob("*polygons.json"))
    content = json.loads(file.read_bytes())
    content["objects"][3]["polygon"][0][1] += 9
    file.write_text(json.dumps(content))
    values = dict(
        zip(
            *(only(tmp_path)[1].segments.class_ids.tolist(), only(tmp_path)[1].segments.column("geometry")),
            strict=False,
        )
    )
    assert values[17] is None, "the pole"
    assert values[7] is not None, "the road"
    file.write_text("{")
    assert set(only(tmp_path)[1].segments.column("geometry")) == {None}


@pytest.mark.parametrize("polygon", [[[1, 1]], [[1, 1], [2]], "x", [[1, "a"], [2, 2]], [[1, 1], [1e9, 2], [3, 3]], 5])
def test_broken_polygons_are_named(tmp_path, polygon) -> None:
    gt_fine(tmp_path, [{"label": "car", "polygon": polygon}], maps=False)
    with pytest.raises(FormatError, match=r"town_1_gtFine_polygons\.json: object 0"):
        only(tmp_path)


def test_a_changed_object_in_parts_lies_below_what_its_bridge_covers(tmp_path) -> None:
    between = {"label": "car", "polygon": [[28, 5], [32, 5], [32, 20], [28, 20]]}
    reading, sample = only(gt_fine(tmp_path / "set", [OBJECTS[0], between, OBJECTS[4]], maps=False))
    dense = np.zeros(SIZE, bool)
    dense[8:12, 10:20] = dense[8:12, 40:50] = True
    masks = Masks.stack([*list(sample.segments.masks)[:2], mw.Mask.encode(dense)], SIZE)
    geometry = [*sample.segments.column("geometry")[:2], None]
    segments = sample.segments.replace(masks=masks, more={"geometry": geometry})
    formats.write(
        [replace(sample, segments=segments)], reading.classes, tmp_path / "out", "cityscapes", allow_loss=True
    )
    _, instances, content = written(tmp_path / "out", "town_1")
    assert np.array_equal(instances, scripts(content, NUMBERS)[1])
    assert [OBJECTS[0] in content["objects"], between in content["objects"]] == [True, True]


def test_classes_have_the_numbers_of_their_names(tmp_path: Path) -> None:
    """Its tools know numbers alone: a person is 24 to them, whatever the class was called by before."""
    classes = Classes([
        Class(0, "background", "stuff", "background"), Class(7, "person"), Class(24, "drone"), Class(40, "kite"),
        Class(2, "sky", "stuff"), Class(255, "hidden", "stuff", "ignore"),
    ])  # fmt: skip
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "a.png")
    dense = np.zeros((5, *SIZE), bool)
    for row in range(5):
        dense[row, 4 * row : 4 * row + 3, 5:20] = True
    segments = Segments(Masks.encode(dense), [7, 24, 40, 2, 255])
    sample = Sample("a", ImageRef(str(tmp_path / "a.png"), SIZE), segments)
    formats.write([sample], classes, tmp_path / "out", "cityscapes", allow_loss=True, check=True)
    with Image.open(next((tmp_path / "out").rglob("*_labelIds.png"))) as opened:
        labels = np.array(opened)
    drone, kite = labels[4, 10], labels[8, 10]
    assert labels[[0, 12, 16, 39], 10].tolist() == [24, 23, 255, 0]
    assert {drone, kite} == {34, 40}, "numbers that mean nothing there"
    names = [
        row["label"] for row in json.loads(next((tmp_path / "out").rglob("*_polygons.json")).read_text())["objects"]
    ]
    assert sorted(names)[:3] == ["drone", "hidden", "kite"]
    reading = formats.read(tmp_path / "out")
    assert reading.classes == classes
    (back,) = reading.samples
    kinds = {
        mask.counts.tobytes(): kind for mask, kind in zip(back.segments.masks, back.segments.class_ids, strict=True)
    }
    assert [kinds[mask.counts.tobytes()] for mask in segments.masks] == [7, 24, 40, 2, 255]


def test_a_class_without_a_number_there_is_reported(tmp_path: Path) -> None:
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "a.png")
    segments = Segments(Masks.encode(np.ones((1, *SIZE), bool)), [3])
    sample = Sample("a", ImageRef(str(tmp_path / "a.png"), SIZE), segments)
    classes = Classes([Class(3, "license plate"), Class(1, "car")])
    assert [loss.cause for loss in formats.losses([sample], classes, "cityscapes")] == ["class"]


AUTO = [
    {"label": "road", "polygon": [[0, 20], [59, 20], [59, 39], [0, 39]]},
    {"label": "autorickshaw", "polygon": [[2, 2], [12, 2], [12, 12]]},
    {"label": "autorickshaw", "polygon": [[30, 2], [42, 2], [42, 12]], "deleted": 0},
    {"label": "autorickshawgroup", "polygon": [[50, 2], [58, 2], [58, 12]]},
    {"label": "non-drivable fallback", "polygon": [[0, 14], [20, 14], [20, 18]]},
    {"label": "license plate", "polygon": [[40, 6], [41, 6], [41, 8]]},
]


def idd(folder: Path, objects: list[dict[str, Any]] = AUTO) -> None:
    """As IDD is downloaded: in a folder of its own, a numbered folder a drive, and images of the test without labels."""
    for split, drive, name, rows in (
        ("train", "0", "005506", [AUTO[0]]), ("val", "156", "000031", objects), ("test", "48", "000031", None)
    ):  # fmt: skip
        image = folder / f"IDD_Segmentation/leftImg8bit/{split}/{drive}/{name}_leftImg8bit.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", SIZE[::-1]).save(image)
        if rows is not None:
            file = folder / f"IDD_Segmentation/gtFine/{split}/{drive}/{name}_gtFine_polygons.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"imgHeight": SIZE[0], "imgWidth": SIZE[1], "objects": rows}))


def test_idd_has_classes_of_its_own(tmp_path) -> None:
    idd(tmp_path)
    reading = formats.read(tmp_path)
    samples = {sample.key: sample for sample in reading.samples}
    assert {key: sample.split for key, sample in samples.items()} == {"0/005506": "train", "156/000031": "val"}
    segments = samples["156/000031"].segments
    named = [reading.classes[class_id].name for class_id in segments.class_ids.tolist()]
    assert named == ["road", *["autorickshaw"] * 3, "non-drivable fallback", "license plate"]
    assert segments.is_crowd.tolist() == [False, False, False, True, False, False]
    auto, ignored = reading.classes[11], {row.name for row in reading.classes if row.role == "ignore"}
    assert (auto.name, auto.kind, auto.extra["level3Id"], auto.colour) == ("autorickshaw", "thing", 8, (255, 204, 54))
    assert {"animal", "train", "license plate"} < ignored
    assert any("classes are IDD's, which has 'autorickshaw'" in note for note in reading.notes)
    assert any("1 image has no label and was left out" in note and "test/48" in note for note in reading.notes)

    lost = formats.write(
        list(samples.values()), reading.classes, tmp_path / "out", "cityscapes", check=True, allow_loss=True
    )
    assert [loss.segment for loss in lost if loss.grave] == [6], "Cityscapes' tools do not paint license plates"


def test_the_table_of_labels_can_be_said(tmp_path) -> None:
    idd(tmp_path, AUTO[:1])
    place = tmp_path / "IDD_Segmentation"
    numbers = {table: formats.read(place, "cityscapes", **({"table": table} if table else {})) for table in ("", "idd")}
    assert {next(iter(reading.samples)).segments.class_ids[0] for reading in numbers.values()} == {7, 0}
    idd(tmp_path)
    with pytest.raises(FormatError, match=r"has the unknown label 'autorickshaw'"):
        list(formats.read(place, "cityscapes", table="cityscapes").samples)
    idd(tmp_path, [*AUTO, {"label": "spaceship", "polygon": [[1, 1], [5, 1], [5, 5]]}])
    with pytest.raises(FormatError, match=r"object 6: has the unknown label 'spaceship'"):
        list(formats.read(place, "cityscapes").samples)
