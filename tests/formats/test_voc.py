"""Pascal VOC: boxes counted from 1, polygons as supervision draws them, both given back; judged by supervision."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError

SIZE = (40, 60)


def element(name: str, box: tuple[Any, ...] | None, *polygons: list[tuple[Any, Any]]) -> str:
    sides = zip(("xmin", "ymin", "xmax", "ymax"), box or (), strict=False)
    text = "".join(f"<{side}>{value}</{side}>" for side, value in sides)
    text = f"<bndbox>{text}</bndbox>" if box else ""
    for ring in polygons:
        text += (
            "<polygon>"
            + "".join(f"<x{k}>{x}</x{k}><y{k}>{y}</y{k}>" for k, (x, y) in enumerate(ring, 1))
            + "</polygon>"
        )
    return f"<object><name>{name}</name>{text}</object>"


def annotated(folder: Path, *objects: str, kinds: Any = None, numbers: Any = None) -> Path:
    for name in ("JPEGImages", "Annotations"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", SIZE[::-1]).save(folder / "JPEGImages" / "a.jpg")
    size = f"<size><width>{SIZE[1]}</width><height>{SIZE[0]}</height><depth>3</depth></size>"
    (folder / "Annotations" / "a.xml").write_text(f"<annotation>{size}{''.join(objects)}</annotation>")
    for name, pixels in (("SegmentationClass", kinds), ("SegmentationObject", numbers)):
        if pixels is not None:
            (folder / name).mkdir(exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / "a.png")
    return folder


def only(folder: Path, **options: Any) -> tuple[Any, Any]:
    reading = formats.read(folder, "voc", plausible=False, **options)
    (sample,) = reading.samples
    return reading, sample


def boxes_of(file: Path) -> list[list[str | None]]:
    return [[side.text for side in box] for box in ET.parse(file).getroot().iter("bndbox")]


def theirs(folder: Path, *, masks: bool = False) -> Any:
    supervision = pytest.importorskip("supervision")
    found = supervision.DetectionDataset.from_pascal_voc(
        images_directory_path=str(folder / "JPEGImages"),
        annotations_directory_path=str(folder / "Annotations"),
        force_masks=masks,
    )
    (detections,) = found.annotations.values()
    return detections


BOXES = [(1, 1, 60, 40), (5, 6, 5, 6), (20, 30, 10, 12), (3.5, 4.25, 10.5, 12)]


def test_boxes_count_from_one_and_include_the_far_pixels(tmp_path) -> None:
    annotated(tmp_path / "set", *(element("cat", box) for box in BOXES))
    reading, sample = only(tmp_path / "set")
    assert sample.segments.column("box") == ([0, 0, 60, 40], [4, 5, 5, 6], [9, 11, 20, 30], [2.5, 3.25, 10.5, 12])
    assert sample.segments.masks.areas()[:3].tolist() == [60 * 40, 1, 11 * 19]
    assert np.allclose(theirs(tmp_path / "set").xyxy, sample.segments.column("box"))
    assert not reading.notes
    assert [value["shape"] for value in sample.segments.column("geometry")] == ["rectangle"] * 4


def test_boxes_are_written_as_they_were(tmp_path) -> None:
    boxes = [(2, 1, 20, 20), (31, 6, 45, 16), (33.384615384615387, 24.1, 40.7, 32)]
    reading, sample = only(annotated(tmp_path / "set", *(element("cat", box) for box in boxes)))
    lost = formats.write([sample], reading.classes, tmp_path / "out", "voc", check=True)
    assert {loss.cause for loss in lost} == {"geometry"}
    assert boxes_of(tmp_path / "out" / "Annotations" / "a.xml") == [[str(side) for side in box] for box in boxes]
    assert np.allclose(theirs(tmp_path / "out").xyxy, sample.segments.column("box"))
    _, again = only(tmp_path / "out")
    assert again.segments.column("box") == (None, None, sample.segments.column("box")[2]), (
        "those of the masks are not given"
    )


def test_a_set_that_counts_from_zero_is_told_and_read_so(tmp_path) -> None:
    annotated(tmp_path, element("cat", (0, 0, 10, 8)), element("cat", (4, 4, 10, 8)))
    reading, sample = only(tmp_path)
    assert reading.notes[0].endswith("if the set counts from 0, read it with -o base=0")
    assert sample.segments.column("box")[0] == [-1, -1, 10, 8]
    reading, sample = only(tmp_path, base="0")
    assert not reading.notes
    assert sample.segments.column("box") == ([0, 0, 10, 8], [4, 4, 10, 8])
    assert sample.segments.masks.areas().tolist() == [80, 24]
    with pytest.raises(UsageError, match="base"):
        formats.read(tmp_path, base=2)


RINGS = [[(2, 3), (20.6, 3), (20, 15)], [(30, 3), (40, 3), (40, 15), (30, 15)]]


def test_polygons_are_drawn_as_supervision_draws_them_and_given_back(tmp_path) -> None:
    annotated(tmp_path / "set", element("cat", (1, 2, 41, 16), *RINGS), element("cat", (45, 20, 50, 30)))
    reading, sample = only(tmp_path / "set")
    assert np.array_equal(sample.segments.masks[0].decode(), theirs(tmp_path / "set", masks=True).mask[0])
    assert sample.segments.column("box")[0] == [0, 1, 41, 16]
    lost = formats.write([sample], reading.classes, tmp_path / "out", "voc", check=True)
    assert [(loss.cause, loss.segment) for loss in lost] == [("geometry", 2)], "a rectangle that only a box told of"
    for place in ("set", "out"):
        root = ET.parse(tmp_path / place / "Annotations" / "a.xml").getroot()
        told = [[side.text for side in polygon] for polygon in root.iter("polygon")]
        assert told == [[str(number) for point in ring for number in point] for ring in RINGS]
    _, again = only(tmp_path / "out")
    assert again.segments.column("geometry")[0] == sample.segments.column("geometry")[0]
    assert again.segments.masks == sample.segments.masks


def test_pixels_decide_and_the_xml_tells_the_rest(tmp_path) -> None:
    kinds = np.zeros(SIZE, np.uint8)
    kinds[5:10, 5:10], kinds[20:25, 5:10], kinds[0] = 8, 12, 255
    numbers = np.where(kinds == 8, 2, np.where(kinds == 12, 0, kinds))
    xml = [element("dog", (1, 1, 4, 4)), element("cat", (5, 6, 11, 10), RINGS[0]), element("dog", (6, 21, 10, 25))]
    reading, sample = only(annotated(tmp_path / "set", *xml, kinds=kinds, numbers=numbers))
    assert [reading.classes[int(c)].name for c in sample.segments.class_ids] == ["cat", "dog", "border"]
    assert sample.segments.column("box") == ([4, 5, 11, 10], None, None)
    assert set(sample.segments.column("geometry")) == {None}
    assert reading.notes == ["2 objects of the XML have no pixels in SegmentationObject and were left out"]
    formats.write([sample], reading.classes, tmp_path / "out", "voc", check=True, allow_loss=True)
    assert boxes_of(tmp_path / "out" / "Annotations" / "a.xml") == [["5", "6", "11", "10"], ["6", "21", "10", "25"]]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / "SegmentationClass" / "a.png")), kinds)


def test_labels_of_classes_alone_take_nothing_from_the_objects(tmp_path) -> None:
    kinds = np.zeros(SIZE, np.uint8)
    kinds[5:10, 5:10] = 8
    text = element("cat", (1, 1, 4, 4)).replace("</name>", "</name><difficult>1</difficult>")
    _, sample = only(annotated(tmp_path, text, kinds=kinds))
    assert sample.segments.attributes == [{}]
    assert sample.segments.column("box") == (None,)


@pytest.mark.parametrize(
    ("text", "words"),
    [(element("cat", None), "has no bndbox"), (element("cat", (1, "nan", 2, 3)), "has no bndbox"),
     (element("cat", (1, "x", 2, 3)), "not readable XML"), (element("cat", (1, 1, 2, 2), [(1, 1), (1e12, 2), (3, 3)]), "object 1")],
)  # fmt: skip
def test_broken_objects_are_named(tmp_path, text, words) -> None:
    with pytest.raises(FormatError, match=words):
        only(annotated(tmp_path, text))


def test_a_class_is_the_number_of_its_line(tmp_path: Path) -> None:
    """class_names.txt and labelmap.txt say what the values mean by their order, whatever the ids are."""
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "a.png")
    classes = Classes([Class(24, "person"), Class(7, "kite"), Class(26, "car")])
    dense = np.zeros((3, *SIZE), bool)
    for row in range(3):
        dense[row, 4 * row : 4 * row + 3, 5:20] = True
    sample = Sample("a", ImageRef(str(tmp_path / "a.png"), SIZE), Segments(Masks.encode(dense), [26, 24, 7]))
    formats.write([sample], classes, tmp_path / "out", "voc", check=True)
    with Image.open(tmp_path / "out" / "SegmentationClass" / "a.png") as opened:
        values = np.array(opened)[[0, 4, 8], 10].tolist()
    names = (tmp_path / "out" / "class_names.txt").read_text().splitlines()
    listed = [line.split(":")[0] for line in (tmp_path / "out" / "labelmap.txt").read_text().splitlines()[1:]]
    assert [names[value] for value in values] == [listed[value] for value in values] == ["car", "person", "kite"]


@pytest.mark.parametrize(
    "text", ["<object><name></name>{}</object>", "<object><name> </name>{}</object>", "<object>{}</object>"]
)
def test_an_object_without_a_name_is_one_sentence(text: str, tmp_path: Path) -> None:
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>3</xmax><ymax>3</ymax></bndbox>"
    annotated(tmp_path, element("cat", (1, 1, 2, 2)), text.format(box))
    with pytest.raises(FormatError) as found:
        only(tmp_path)
    first, skip = str(found.value).split("\n")
    assert first.endswith("a.xml: object 2: has no name; the class in <name>.")
    assert skip == "  Leave such records out with --skip-broken."


LABELIMG = (
    "<folder>photos</folder><path>/home/ann/photos/a.jpg</path><source><database>Unknown</database></source>"
    "<owner><flickrid>7</flickrid></owner>"
)


def test_where_an_image_came_from_comes_back(tmp_path: Path) -> None:
    annotated(tmp_path / "set", LABELIMG, element("cat", (1, 1, 2, 2)))
    reading, sample = only(tmp_path / "set")
    assert sample.fields == {
        "voc": {"folder": "photos", "path": "/home/ann/photos/a.jpg", "source": {"database": "Unknown"}, "owner": {"flickrid": "7"}}
    }  # fmt: skip
    lost = formats.write([sample], reading.classes, tmp_path / "out", "voc", check=True)
    assert "fields" not in {loss.cause for loss in lost}
    root = ET.parse(tmp_path / "out" / "Annotations" / "a.xml").getroot()
    assert [child.tag for child in root][:5] == ["folder", "filename", "path", "source", "owner"]
    assert (root.findtext("folder"), root.findtext("path")) == ("photos", "/home/ann/photos/a.jpg")
    assert (root.findtext("source/database"), root.findtext("owner/flickrid")) == ("Unknown", "7")
    assert only(tmp_path / "out")[1].fields == sample.fields


@pytest.mark.parametrize(("objects", "word"), [((), "0"), ((element("cat", (1, 1, 2, 2)),), "1")])
def test_an_image_without_objects_is_not_segmented(objects: tuple[str, ...], word: str, tmp_path: Path) -> None:
    reading, sample = only(annotated(tmp_path / "set", *objects))
    formats.write([sample], reading.classes, tmp_path / "out", "voc", check=True)
    assert ET.parse(tmp_path / "out" / "Annotations" / "a.xml").getroot().findtext("segmented") == word


TABLE = "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:250,50,83:head,tail:\ndog:51,221,255::\n"


def coloured(folder: Path, table: str | None = TABLE, *, objects: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """As CVAT's segmentation mask: class colours of labelmap.txt, object colours of VOC -> classes, objects."""
    kinds, numbers = np.zeros(SIZE, int), np.zeros(SIZE, int)
    for number, (left, value) in enumerate(((2, 1), (20, 1), (40, 2)), 1):
        kinds[5:20, left : left + 9], numbers[5:20, left : left + 9] = value, number
    own = np.array([(0, 0, 0), (250, 50, 83), (51, 221, 255)], np.uint8)
    voc = np.array([(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0)], np.uint8)
    for home in ("JPEGImages", "SegmentationClass", *(["SegmentationObject"] if objects else [])):
        (folder / home).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", SIZE[::-1]).save(folder / "JPEGImages/a.jpg")
    Image.fromarray(own[kinds]).save(folder / "SegmentationClass/a.png")
    if objects:
        Image.fromarray(voc[numbers]).save(folder / "SegmentationObject/a.png")
    if table is not None:
        (folder / "labelmap.txt").write_text(table)
    return kinds, numbers


@pytest.mark.parametrize("objects", [True, False])
def test_colours_of_classes_are_named_by_labelmap(tmp_path: Path, objects: bool) -> None:
    kinds, numbers = coloured(tmp_path, objects=objects)
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert [(row.id, row.name, row.colour) for row in reading.classes if row.role == "class"] == [
        (1, "cat", (250, 50, 83)), (2, "dog", (51, 221, 255)),
    ]  # fmt: skip
    wanted = (
        [(1, numbers == 1), (1, numbers == 2), (2, numbers == 3)] if objects else [(1, kinds == 1), (2, kinds == 2)]
    )
    found = zip(sample.segments.class_ids.tolist(), sample.segments.masks.decode(), strict=True)
    assert all(
        own == other and np.array_equal(mask, pixels)
        for (own, mask), (other, pixels) in zip(found, wanted, strict=True)
    )
    assert "colours of SegmentationClass are named by labelmap.txt" in reading.notes


def test_names_of_colours_may_be_said(tmp_path: Path) -> None:
    coloured(tmp_path, None)
    with pytest.raises(
        FormatError, match=r"a\.png: has the colour #33ddff, which is not in VOC's palette(?s:.*)palette="
    ):
        only(tmp_path)
    (tmp_path / "colours.txt").write_text("bird 51 221 255\nfish 250 50 83\n")
    reading, sample = only(tmp_path, palette="colours.txt")
    assert [reading.classes[row].name for row in sample.segments.class_ids.tolist()] == ["fish", "fish", "bird"]
    for text, told in (("bird\nfish\n", "is not a colour"), ("", "names no colours")):
        (tmp_path / "colours.txt").write_text(text)
        with pytest.raises(FormatError, match=rf"colours\.txt: .*{told}"):
            only(tmp_path, palette="colours.txt")


def test_void_and_a_colour_that_says_nothing(tmp_path: Path) -> None:
    kinds, _ = coloured(tmp_path, objects=False)
    file = tmp_path / "SegmentationClass/a.png"
    pixels = np.array(Image.open(file))
    pixels[25:30, :10], pixels[30:35, :10] = (224, 224, 192), (7, 8, 9)
    Image.fromarray(pixels).save(file)
    with pytest.raises(FormatError, match=r"the colour #070809, which is not in labelmap\.txt"):
        only(tmp_path)
    (tmp_path / "labelmap.txt").write_text(TABLE + "ignored:7,8,9::\n")
    _, sample = only(tmp_path)
    areas = dict(zip(sample.segments.class_ids.tolist(), sample.segments.masks.areas().tolist(), strict=True))
    assert areas == {1: int((kinds == 1).sum()), 2: int((kinds == 2).sum()), 255: 100}
    (tmp_path / "labelmap.txt").write_text(TABLE + "puma:250,50,83::\nignored:7,8,9::\n")
    with pytest.raises(FormatError, match=r"the colour #fa3253, which labelmap\.txt gives to several classes"):
        only(tmp_path)


def test_objects_in_colours_of_their_own(tmp_path: Path) -> None:
    _, numbers = coloured(tmp_path)
    own = np.array([(0, 0, 0), (9, 9, 9), (200, 1, 2), (5, 6, 7)], np.uint8)
    Image.fromarray(own[numbers]).save(tmp_path / "SegmentationObject/a.png")
    reading, sample = only(tmp_path)
    assert [reading.classes[row].name for row in sample.segments.class_ids.tolist()] == ["dog", "cat", "cat"]
    assert any("objects are numbered by their colours" in note for note in reading.notes)
