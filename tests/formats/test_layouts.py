"""Layouts as other programs write them, drawn by hand with the answer beside them."""

import base64
import io
import json
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw
from pycocotools import mask as coco

from maskwright import formats, media
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError

SIZE = (6, 8)


def picture(path, size=SIZE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(path)


def save(path, array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array)).save(path)


def box(y0, y1, x0, x1, size=SIZE):
    out = np.zeros(size, bool)
    out[y0:y1, x0:x1] = True
    return out


def only(path, format=None, **options):
    name = format or formats.sniff(path)
    reading = formats.read(path, name, **options)
    (sample,) = reading.samples
    return name, reading, sample


# -- COCO's relatives --------------------------------------------------------------------------------


def coco_document(**changes):
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": 6, "width": 8}],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": [{"id": 9, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 2],
                         "segmentation": [[1, 2, 4, 2, 4, 4, 1, 4]], "iscrowd": 0}],
    }  # fmt: skip
    return {**content, **changes}


def test_images_numbered_by_words(tmp_path) -> None:
    content = coco_document()
    content["images"][0]["id"] = content["annotations"][0]["image_id"] = "first"
    (tmp_path / "labels.json").write_text(json.dumps(content))
    _, _, sample = only(tmp_path / "labels.json")
    assert np.array_equal(sample.segments.masks[0].decode(), box(2, 4, 1, 4))


def test_results_need_their_truth(tmp_path) -> None:
    content = coco_document()
    (tmp_path / "truth.json").write_text(json.dumps(content))
    row = {"image_id": 1, "category_id": 3, "score": 0.5}
    string = coco.encode(np.asfortranarray(box(0, 2, 0, 2).astype(np.uint8)))
    row["segmentation"] = {"size": [6, 8], "counts": string["counts"].decode()}
    (tmp_path / "results.json").write_text(json.dumps([row]))
    assert formats.sniff(tmp_path / "results.json") == "coco"
    with pytest.raises(FormatError, match="-o truth"):
        formats.read(tmp_path / "results.json")
    _, _, sample = only(tmp_path / "results.json", truth=str(tmp_path / "truth.json"))
    assert sample.segments.scores.tolist() == [0.5]
    assert sample.segments.source == ["model"]
    assert np.array_equal(sample.segments.masks[0].decode(), box(0, 2, 0, 2))


def test_lvis_names_its_images_by_url(tmp_path) -> None:
    content = coco_document()
    image = content["images"][0]
    del image["file_name"]
    image |= {"coco_url": "http://x/train2017/000.jpg", "neg_category_ids": [3], "not_exhaustive_category_ids": []}
    content["categories"][0] |= {"frequency": "r", "synset": "cat.n.01"}
    (tmp_path / "lvis.json").write_text(json.dumps(content))
    _, reading, sample = only(tmp_path / "lvis.json")
    assert sample.key == "train2017/000"
    assert sample.fields["coco"]["neg_category_ids"] == [3]
    assert reading.classes[3].extra == {"frequency": "r", "synset": "cat.n.01"}


def test_roboflow_keeps_a_json_in_each_split(tmp_path) -> None:
    for split, number in (("train", 1), ("valid", 2)):
        content = coco_document()
        content["images"][0]["file_name"] = f"{number}_jpg.rf.0a.jpg"
        picture(tmp_path / split / f"{number}_jpg.rf.0a.jpg")
        (tmp_path / split / "_annotations.coco.json").write_text(json.dumps(content))
    found = list(formats.read(tmp_path).samples)
    assert [sample.split for sample in found] == ["train", "val"]
    assert media.read(found[0].image).display().shape == (6, 8, 3)


def test_broken_panoptic_files_say_which_segment(tmp_path) -> None:
    content = coco_document(
        annotations=[{"image_id": 1, "file_name": "a.png", "segments_info": [{"id": 7, "category_id": 3, "area": 4}]}]
    )
    (tmp_path / "panoptic.json").write_text(json.dumps(content))
    picture(tmp_path / "a.png")
    pixels = np.zeros((*SIZE, 3), np.uint8)
    save(tmp_path / "panoptic" / "a.png", pixels)
    with pytest.raises(FormatError, match=r"segment 7 has no pixel in a\.png"):
        list(formats.read(tmp_path).samples)
    pixels[:2, :2, 0], pixels[5, 5, 1] = 7, 1
    save(tmp_path / "panoptic" / "a.png", pixels)
    with pytest.raises(FormatError, match="the number 256 is not among"):
        list(formats.read(tmp_path).samples)


def test_sa_1b(tmp_path) -> None:
    string = coco.encode(np.asfortranarray(box(1, 4, 2, 5).astype(np.uint8)))["counts"].decode()
    row = {"id": 5, "segmentation": {"size": [6, 8], "counts": string}, "bbox": [2, 1, 3, 3], "area": 9,
           "predicted_iou": 0.9, "stability_score": 0.97, "point_coords": [[3, 2]], "crop_box": [0, 0, 8, 6]}  # fmt: skip
    content = {"image": {"image_id": 1, "width": 8, "height": 6, "file_name": "sa_1.jpg"}, "annotations": [row]}
    (tmp_path / "sa_1.json").write_text(json.dumps(content))
    name, _, sample = only(tmp_path)
    assert name == "segment-anything"
    assert sample.segments.scores.tolist() == [0.9]
    assert sample.segments.source == ["model"]
    assert sample.segments.attributes[0]["stability_score"] == 0.97
    assert "area" not in sample.segments.attributes[0]


# -- VOC, Cityscapes, ADE20K -------------------------------------------------------------------------


def test_voc_border_objects_and_boxes(tmp_path) -> None:
    kinds = np.zeros(SIZE, np.uint8)
    kinds[1:4, 1:3] = kinds[1:4, 4:6] = 8
    kinds[0] = 255
    objects = np.where(kinds == 8, 1, 0).astype(np.uint8)
    objects[:, 4:6] *= 2
    picture(tmp_path / "JPEGImages" / "a.jpg")
    save(tmp_path / "SegmentationClass" / "a.png", kinds)
    save(tmp_path / "SegmentationObject" / "a.png", objects)
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "a.xml").write_text(
        "<annotation><object><name>cat</name><pose>Left</pose><difficult>0</difficult></object>"
        "<object><name>cat</name><difficult>1</difficult></object></annotation>"
    )
    sets = tmp_path / "ImageSets" / "Segmentation"
    sets.mkdir(parents=True)
    (sets / "val.txt").write_text("a\n")
    name, reading, sample = only(tmp_path)
    assert name == "voc"
    assert sample.split == "val"
    assert [reading.classes[int(c)].name for c in sample.segments.class_ids] == ["cat", "cat", "border"]
    assert sample.segments.masks.areas().tolist() == [6, 6, 8]
    assert sample.segments.attributes == [{"pose": "Left"}, {"difficult": True}, {}]


def test_voc_of_boxes_only(tmp_path) -> None:
    picture(tmp_path / "JPEGImages" / "a.jpg")
    (tmp_path / "Annotations").mkdir()
    xml = tmp_path / "Annotations" / "a.xml"
    text = "<annotation><object><name>{}</name><bndbox><xmin>2</xmin><ymin>1</ymin><xmax>4</xmax><ymax>3</ymax></bndbox></object></annotation>"
    xml.write_text(text.format("wheel"))
    _, _, sample = only(tmp_path)
    assert np.array_equal(sample.segments.masks[0].decode(), box(0, 3, 1, 4)), "counted from 1, far edge included"
    assert sample.segments.attributes == [{}]
    xml.write_text('<!DOCTYPE a [<!ENTITY b "c">]>' + text.format("&b;"))
    with pytest.raises(FormatError, match="not readable XML"):
        list(formats.read(tmp_path).samples)


def test_cityscapes_groups_and_polygons(tmp_path) -> None:
    instances = np.full(SIZE, 7, np.int32)  # road
    instances[:2, :2] = 26000  # a car
    instances[:2, 2:4] = 26001
    instances[:2, 5:] = 26  # a group of cars
    instances[5] = 0  # unlabelled
    stem = "frankfurt_000000_000294"
    picture(tmp_path / "leftImg8bit" / "val" / "frankfurt" / f"{stem}_leftImg8bit.png")
    home = tmp_path / "gtFine" / "val" / "frankfurt"
    save(home / f"{stem}_gtFine_instanceIds.png", instances.astype(np.uint16))
    objects = [
        {"label": "road", "polygon": [[0, 0], [7, 0], [7, 4], [0, 4]]},
        {"label": "car", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]},
        {"label": "cargroup", "polygon": [[5, 0], [7, 0], [7, 1], [5, 1]]},
        {"label": "sky", "polygon": [[1, 1], [2, 1], [2, 2]], "deleted": 1},
    ]
    (home / f"{stem}_gtFine_polygons.json").write_text(json.dumps({"imgHeight": 6, "imgWidth": 8, "objects": objects}))
    name, reading, sample = only(tmp_path)
    assert (name, sample.key, sample.split) == ("cityscapes", f"frankfurt/{stem}", "val")
    segments = sample.segments
    assert [reading.classes[int(c)].name for c in segments.class_ids] == ["unlabeled", "road", "car", "car", "car"]
    assert segments.is_crowd.tolist() == [False, False, True, False, False]
    assert reading.classes["unlabeled"].role == "ignore"
    assert reading.classes["car"].extra["trainId"] == 13
    _, _, drawn = only(tmp_path, source="polygons")
    assert [reading.classes[int(c)].name for c in drawn.segments.class_ids] == ["road", "car", "car"]
    assert drawn.segments.is_crowd.tolist() == [False, False, True]
    with pytest.raises(FormatError, match="has no labelIds"):
        only(tmp_path, source="labelIds")


def test_cityscapes_table_equals_the_published_one() -> None:
    labels = pytest.importorskip("cityscapesscripts.helpers.labels", reason="cityscapesScripts is not installed")
    from maskwright.formats.cityscapes import LABELS

    theirs = {
        (o.name, o.id, o.trainId, o.category, int(o.hasInstances), int(o.ignoreInEval), o.color) for o in labels.labels
    }
    assert set(LABELS) == theirs


def test_ade20k_full_release(tmp_path) -> None:
    home = tmp_path / "images" / "ADE" / "training" / "urban" / "street"
    picture(home / "ADE_train_01.jpg")
    code = 300  # R = 10 * (300 // 256) = 10, G = 44
    whole = np.zeros((*SIZE, 3), np.uint8)
    whole[:, :4] = (10, 44, 50)
    whole[:, 4:] = (10, 44, 200)
    part = np.zeros((*SIZE, 3), np.uint8)
    part[:2, :2] = (0, 9, 10)
    save(home / "ADE_train_01_seg.png", whole)
    save(home / "ADE_train_01_parts_1.png", part)
    about = {"annotation": {"object": [{"name": "car, auto", "raw_name": "car", "name_ndx": code}]}}
    (home / "ADE_train_01.json").write_text(json.dumps(about))
    name, reading, sample = only(tmp_path)
    assert (name, sample.split) == ("ade20k", "train")
    assert sample.segments.class_ids.tolist() == [code, code, 9]
    assert sample.segments.masks.areas().tolist() == [24, 24, 4]
    assert sample.segments.attributes == [{}, {}, {"part": 1}]
    assert reading.classes[code].name == "car"
    assert len(only(tmp_path, parts=False)[2].segments) == 2
    with pytest.raises(UsageError, match="read only"):
        formats.write([sample], reading.classes, tmp_path / "out", "ade20k")


def test_ade20k_benchmark(tmp_path) -> None:
    picture(tmp_path / "images" / "validation" / "ADE_val_1.jpg")
    save(tmp_path / "annotations" / "validation" / "ADE_val_1.png", np.where(box(0, 3, 0, 8), 1, 0).astype(np.uint8))
    (tmp_path / "objectInfo150.txt").write_text("Idx\tRatio\tTrain\tVal\tName\n1\t0.1\t1\t1\twall, partition\n")
    name, reading, sample = only(tmp_path)
    assert (name, sample.key, sample.split) == ("ade20k", "ADE_val_1", "val")
    assert reading.classes[1].name == "wall"
    assert reading.classes[0].role == "ignore"


# -- Label maps --------------------------------------------------------------------------------------


def test_folders_named_by_yaml(tmp_path) -> None:
    picture(tmp_path / "images" / "train" / "a.jpg")
    save(tmp_path / "masks" / "train" / "a.png", np.where(box(0, 3, 0, 8), 2, 0).astype(np.uint8))
    (tmp_path / "data.yaml").write_text("path: .\ntrain: images/train\nnames: {0: sky, 2: road, 3: car}\n")
    name, reading, sample = only(tmp_path)
    assert (name, sample.key, sample.split) == ("label-map", "a", "train")
    assert [class_.name for class_ in reading.classes] == ["sky", "road", "car"]
    (tmp_path / "data.yaml").write_text("train: {images: images/train, masks: masks/train}\nclasses: {0: x, 2: y}\n")
    assert [class_.name for class_ in only(tmp_path)[1].classes] == ["x", "y"]


def test_names_beside_and_arrays(tmp_path) -> None:
    picture(tmp_path / "one" / "a.jpg")
    save(tmp_path / "one" / "a_2ndHO.png", box(0, 3, 0, 8))
    picture(tmp_path / "one" / "b.jpg")
    _, reading, sample = only(tmp_path / "one", "label-map", suffix="_2ndHO")
    assert sample.segments.masks.areas().tolist() == [24], "one bit is a mask"
    assert any("1 image has no label" in note for note in reading.notes)
    picture(tmp_path / "two" / "images" / "a.jpg")
    (tmp_path / "two" / "labels").mkdir()
    np.save(tmp_path / "two" / "labels" / "a.npy", box(0, 3, 0, 8).astype(np.float32))
    assert only(tmp_path / "two")[2].segments.masks.areas().tolist() == [24, 24]
    np.savez(tmp_path / "two" / "labels" / "a.npz", np.array([{"a": 1}]))
    (tmp_path / "two" / "labels" / "a.npy").unlink()
    with pytest.raises(FormatError, match="not a readable array"):
        formats.read(tmp_path / "two", "label-map")


def test_camvid_as_cambridge_published_it(tmp_path) -> None:
    picture(tmp_path / "701_StillsRaw_full" / "0001TP.png")
    colours = np.where(box(0, 3, 0, 8)[..., None], (128, 128, 128), (0, 0, 0)).astype(np.uint8)
    save(tmp_path / "LabeledApproved_full" / "0001TP_L.png", colours)
    (tmp_path / "label_colors.txt").write_text("128 128 128\t\tSky\n0 0 0\t\tVoid\n64 0 128\t\tCar\n")
    _, reading, sample = only(tmp_path, ignore=1)
    assert [(class_.name, class_.role) for class_ in reading.classes] == [
        ("Sky", "class"),
        ("Void", "ignore"),
        ("Car", "class"),
    ]
    assert sample.segments.masks.areas().tolist() == [24, 24]


@pytest.mark.parametrize("way", ["components", "watershed"])
def test_instances_out_of_classes(tmp_path, way) -> None:
    size = (30, 60)
    y, x = np.mgrid[:30, :60]
    discs = [(y - 14) ** 2 + (x - cx) ** 2 < 64 for cx in (12, 26, 48)]  # the first two touch
    picture(tmp_path / "images" / "a.png", size)
    save(tmp_path / "labels" / "a.png", np.any(discs, axis=0).astype(np.uint8))
    _, reading, sample = only(tmp_path, background=0, instances=way)
    assert len(sample.segments) == (2 if way == "components" else 3)
    assert sample.segments.masks.union() == Mask.encode(np.any(discs, axis=0))
    assert reading.classes[1].kind == "thing"
    with pytest.raises(UsageError, match="components or watershed"):
        formats.read(tmp_path, background=0, instances="magic")


def test_instance_maps_of_cellpose(tmp_path) -> None:
    import tifffile

    cells = np.zeros(SIZE, np.uint16)
    cells[:2, :2], cells[3:, 3:] = 7, 400
    picture(tmp_path / "x.png")
    save(tmp_path / "x_cp_masks.png", cells)
    name, _, sample = only(tmp_path, class_name="cell")
    assert name == "instance-map"
    assert sample.segments.ids.tolist() == [7, 400]
    (tmp_path / "x_cp_masks.png").unlink()
    picture(tmp_path / "x_img.png")
    signed = cells.astype(np.int32)
    signed[0, 7] = -1
    tifffile.imwrite(tmp_path / "x_masks.tif", signed)
    (tmp_path / "x.png").unlink()
    reading = formats.read(tmp_path, "instance-map")
    (sample,) = reading.samples
    assert sample.image.uri.endswith("x_img.png")
    assert sample.segments.ids.tolist() == [7, 400]
    assert "values below 0 are not objects" in reading.notes[0]
    (tmp_path / "x_masks.tif").unlink()
    np.save(tmp_path / "x_seg.npy", np.array([{"masks": cells}], dtype=object), allow_pickle=True)
    with pytest.raises(FormatError, match="pickles"):
        formats.read(tmp_path, "instance-map")


# -- Run lengths in a table --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("8 2 14 2", {}),  # column-major from 1: rows 1 and 2 of columns 1 and 2
        ("7 2 13 2", {"base": 0}),
        ("10 2 18 2", {"order": "row"}),
        ("8 9 14 15", {"second": "end"}),
        ("9 10 17 18", {"order": "row", "base": 0, "second": "end"}),
    ],
)
def test_every_run_length_dialect(tmp_path, text, options) -> None:
    (tmp_path / "train.csv").write_text(f"ImageId,EncodedPixels\na.png,{text}\nb.png,\n")
    for name in "ab":
        picture(tmp_path / "images" / f"{name}.png")
    first, second = formats.read(tmp_path, **options).samples
    assert np.array_equal(first.segments.masks[0].decode(), box(1, 3, 1, 3))
    assert len(second.segments) == 0


def test_what_was_written_along_rows_is_read_along_rows(make_samples, classes, tmp_path) -> None:
    samples = make_samples(3)
    formats.write(samples, classes, tmp_path / "out", "rle-csv", order="row", allow_loss=True, check=True)
    back = {sample.key: sample for sample in formats.read(tmp_path / "out").samples}
    assert all(back[sample.key].segments.masks == sample.segments.masks for sample in samples)
    with pytest.raises(UsageError, match="column or row"):
        formats.write(samples, classes, tmp_path / "no", "rle-csv", order="spiral", allow_loss=True)


def test_tables_of_competitions(tmp_path) -> None:
    (tmp_path / "train.csv").write_text("id,annotation,width,height,cell_type\n0a,1 3,8,6,cort\n0a,20 2,8,6,astro\n")
    _, reading, sample = only(tmp_path, order="row")
    assert [class_.name for class_ in reading.classes] == ["astro", "cort"]
    assert sample.segments.class_ids.tolist() == [2, 1]
    (tmp_path / "train.csv").write_text("Image_Label,EncodedPixels\na.jpg_Fish,1 2\n")
    _, reading, _ = only(tmp_path, "rle-csv", size="6,8")
    assert [class_.name for class_ in reading.classes] == ["Fish"]
    for text, words in (
        ("1 2 3", "pairs"),
        ("40 20", "leaves the image"),
        ("1 5 3 2", "overlap"),
        ("x 1", "whole numbers"),
    ):
        (tmp_path / "train.csv").write_text(f"ImageId,EncodedPixels\na.jpg,{text}\n")
        with pytest.raises(FormatError, match=rf"line 2.*{words}"):
            only(tmp_path, "rle-csv", size="6,8")
    with pytest.raises(FormatError, match=r"the size of 'a\.jpg' is not known"):
        only(tmp_path, "rle-csv")


# -- Tools -------------------------------------------------------------------------------------------


def png_text(pixels) -> bytes:
    raw = io.BytesIO()
    Image.fromarray(pixels).save(raw, "PNG")
    return raw.getvalue()


def test_labelme_shapes(tmp_path) -> None:
    picture(tmp_path / "a.png")
    shapes = [
        {"label": "cat", "points": [[1, 1], [3, 1], [3, 3], [1, 3]], "group_id": 4, "shape_type": "polygon"},
        {"label": "cat", "points": [[5, 1], [7, 3]], "group_id": 4, "shape_type": "rectangle"},
        {"label": "dog", "points": [[2, 4], [3, 5]], "group_id": None, "shape_type": "mask",
         "mask": base64.b64encode(png_text(np.array([[True, False], [True, True]]))).decode()},
        {"label": "dog", "points": [[1, 1], [2, 2]], "group_id": None, "shape_type": "line"},
        {"label": "dog", "points": [[4, 3], [4, 5]], "group_id": None, "shape_type": "circle", "flags": {"far": True}},
    ]  # fmt: skip
    content = {"shapes": shapes, "imagePath": "a.png", "imageHeight": 6, "imageWidth": 8, "flags": {}}
    (tmp_path / "a.json").write_text(json.dumps(content))
    name, reading, sample = only(tmp_path)
    assert name == "labelme"
    segments = sample.segments
    assert [reading.classes[int(c)].name for c in segments.class_ids] == ["cat", "dog", "dog"]
    assert np.array_equal(segments.masks[0].decode(), box(1, 4, 1, 4) | box(1, 4, 5, 8)), "one group, one segment"
    expected = np.zeros(SIZE, bool)
    expected[4, 2] = expected[5, 2] = expected[5, 3] = True
    assert np.array_equal(segments.masks[1].decode(), expected)
    canvas = Image.new("L", (8, 6))
    ImageDraw.Draw(canvas).ellipse((2, 1, 6, 5), fill=1, outline=1)
    assert np.array_equal(segments.masks[2].decode(), np.asarray(canvas) > 0)
    assert segments.attributes[2] == {"flags": {"far": True}}
    assert reading.notes == [
        "1 points and lines have no area and were left out; images have them in their field labelme"
    ]


def test_cvat_shapes(tmp_path) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "annotations.xml").write_text(
        '<?xml version="1.0"?><annotations><version>1.1</version><meta><task><labels>'
        "<label><name>road</name><color>#804080</color></label><label><name>car</name></label></labels></task></meta>"
        '<image id="0" name="a.png" width="8" height="6">'
        '<box label="car" source="manual" occluded="1" xtl="1" ytl="1" xbr="4" ybr="3" z_order="1" group_id="3">'
        '<attribute name="plate">AB 1</attribute><attribute name="doors">4</attribute></box>'
        '<polygon label="road" source="auto" points="0,0;8,0;8,6;0,6" z_order="0"/>'
        '<mask label="car" source="file" rle="1, 2, 2, 1" left="5" top="4" width="3" height="2" z_order="2"/>'
        '<polyline label="road" points="0,0;1,1" z_order="0"/>'
        "</image></annotations>"
    )
    name, reading, sample = only(tmp_path)
    assert name == "cvat"
    segments = sample.segments
    assert [reading.classes[int(c)].name for c in segments.class_ids] == ["road", "car", "car"], "by z-order"
    assert segments.source == ["model", "human", "import"]
    assert np.array_equal(segments.masks[1].decode(), box(1, 3, 1, 4))
    expected = np.zeros(SIZE, bool)
    expected[4, 6] = expected[4, 7] = expected[5, 7] = True  # ".XX" and "..X"
    assert np.array_equal(segments.masks[2].decode(), expected)
    assert segments.attributes[1] == {"plate": "AB 1", "doors": 4, "occluded": True, "group_id": 3}
    assert reading.classes["road"].colour == (128, 64, 128)
    assert "1 polylines, points, skeletons and cuboids have no area" in reading.notes[0]


def slow_brush(stream, number: int) -> np.ndarray:
    """The published bit coding, read bit by bit through text: an independent answer."""
    bits = "".join(f"{byte:08b}" for byte in stream)
    at = 0

    def take(count: int) -> int:
        nonlocal at
        at += count
        return int(bits[at - count : at], 2)

    assert take(32) == number
    word = take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    out: list[int] = []
    while len(out) < number:
        run = take(1)
        length = take(sizes[take(2)]) + 1
        out += [take(word)] * length if run else [take(word) for _ in range(length)]
    return np.array(out, np.uint8)


def test_label_studio_brush(tmp_path) -> None:
    from maskwright.formats.label_studio import brush_decode, brush_encode

    rng = np.random.default_rng(0)
    for size in ((1, 1), (5, 7), (64, 300), (400, 500)):
        dense = (
            rng.random(size) < 0.5
            if size[0] < 10
            else np.kron(rng.random((4, 4)) < 0.5, np.ones((size[0] // 4, size[1] // 4))) > 0
        )
        mask = Mask.encode(dense)
        stream = brush_encode(mask)
        rgba = slow_brush(stream, 4 * dense.size).reshape(*dense.shape, 4)
        assert np.array_equal(rgba, np.repeat(dense[..., None] * np.uint8(255), 4, axis=2))
        assert brush_decode(stream, dense.shape) == mask
    # As the browser writes it: a colour whose bytes differ, so that singles occur.
    pixels = [200, 30, 90, 255] * 3 + [0, 0, 0, 0]
    bits = f"{16:032b}" + f"{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    bits += "0" + "01" + f"{11:04b}" + "".join(f"{value:08b}" for value in pixels[:12])
    bits += "1" + "00" + f"{3:03b}" + f"{0:08b}"
    bits += "0" * (-len(bits) % 8)
    stream = [int(bits[k : k + 8], 2) for k in range(0, len(bits), 8)]
    assert brush_decode(stream, (1, 4)).decode().tolist() == [[True, True, True, False]]
    for broken in (stream[:-2], [1, 2], [300] * 20, [*stream[:3], 15, *stream[4:]]):
        with pytest.raises(ValueError, match="brush"):
            brush_decode(broken, (1, 4))


def test_label_studio_shapes(tmp_path) -> None:
    picture(tmp_path / "upload" / "1" / "ab12cd34-a.png", (10, 20))

    def result(kind, **value):
        return {"original_width": 20, "original_height": 10, "type": kind, "value": {kind: ["cat"], **value}}

    rows = [
        result("polygonlabels", points=[[10, 20], [30, 20], [30, 60], [10, 60]]),
        result("rectanglelabels", x=50, y=0, width=20, height=50, rotation=0),
        result("rectanglelabels", x=50, y=50, width=10, height=50, rotation=90),
        {"type": "choices", "value": {"choices": ["good"]}},
    ]
    task = {"id": 3, "data": {"image": "/data/upload/1/ab12cd34-a.png"}, "annotations": [{"result": rows}],
            "predictions": [{"result": [{**result("rectanglelabels", x=0, y=0, width=5, height=10), "score": 0.25}]}]}  # fmt: skip
    (tmp_path / "project.json").write_text(json.dumps([task]))
    name, reading, sample = only(tmp_path)
    assert name == "label-studio"
    masks = sample.segments.masks
    assert np.array_equal(masks[0].decode(), box(2, 6, 2, 6, (10, 20)))
    assert np.array_equal(masks[1].decode(), box(0, 5, 10, 14, (10, 20)))
    assert np.array_equal(masks[2].decode(), box(5, 7, 5, 10, (10, 20))), "turned around its top-left corner"
    assert sample.segments.source == ["human"] * 3
    assert [note.split(":")[0] for note in reading.notes] == [
        "1 results of other kinds, such as choices and key points, are not segments",
        (
            "1 tasks have predictions that were not read; -o predictions=yes does. They are in the samples' field "
            "label_studio and are written again"
        ),
    ]  # fmt: skip
    assert media.read(sample.image).display().shape == (10, 20, 3)
    _, _, both = only(tmp_path, predictions=True)
    assert both.segments.source[-1] == "model"
    assert both.segments.scores[-1] == 0.25


def test_supervisely_shapes(tmp_path) -> None:
    picture(tmp_path / "ds" / "img" / "a.png")
    (tmp_path / "meta.json").write_text(json.dumps({"classes": [{"title": "cat", "shape": "any", "color": "#ff0000"}]}))
    rgba = np.zeros((2, 3, 4), np.uint8)
    rgba[0, 1] = (255, 255, 255, 255)
    objects = [
        {"classTitle": "cat", "geometryType": "bitmap", "id": 11,
         "bitmap": {"origin": [4, 3], "data": base64.b64encode(zlib.compress(png_text(rgba))).decode()}},
        {"classTitle": "cat", "geometryType": "polygon", "id": 12, "tags": [{"name": "sex", "value": "f"}],
         "points": {"exterior": [[0, 0], [4, 0], [4, 4], [0, 4]], "interior": [[[1, 1], [3, 1], [3, 3], [1, 3]]]}},
        {"classTitle": "cat", "geometryType": "line", "points": {"exterior": [[0, 0], [1, 1]], "interior": []}},
    ]  # fmt: skip
    content = {"size": {"height": 6, "width": 8}, "objects": objects}
    (tmp_path / "ds" / "ann").mkdir()
    (tmp_path / "ds" / "ann" / "a.png.json").write_text(json.dumps(content))
    name, reading, sample = only(tmp_path)
    assert (name, sample.key) == ("supervisely", "ds/a")
    assert sample.segments.ids.tolist() == [11, 12]
    assert np.argwhere(sample.segments.masks[0].decode()).tolist() == [[3, 5]]
    assert not sample.segments.masks[1].decode()[2, 2], "the hole"
    assert sample.segments.attributes[1] == {"sex": "f"}
    assert reading.classes["cat"].colour == (255, 0, 0)


def test_via_projects_and_exports(tmp_path) -> None:
    picture(tmp_path / "a.png")
    regions = [
        {"shape_attributes": {"name": "polygon", "all_points_x": [1, 4, 4, 1], "all_points_y": [1, 1, 3, 3]},
         "region_attributes": {"fruit": "apple", "ripe": "yes"}},
        {"shape_attributes": {"name": "rect", "x": 5, "y": 0, "width": 2, "height": 3}, "region_attributes": {"fruit": "pear"}},
        {"shape_attributes": {"name": "point", "cx": 1, "cy": 1}, "region_attributes": {"fruit": "pear"}},
    ]  # fmt: skip
    entry = {"filename": "a.png", "size": 1, "regions": regions, "file_attributes": {}}
    for content in (
        {"a.png1": entry},
        {"_via_settings": {}, "_via_img_metadata": {"a.png1": entry}, "_via_attributes": {}},
        {"a.png1": {**entry, "regions": {str(k): region for k, region in enumerate(regions)}}},
    ):
        (tmp_path / "via_project.json").write_text(json.dumps(content))
        name, reading, sample = only(tmp_path, attribute="fruit")
        assert name == "via"
        assert [reading.classes[int(c)].name for c in sample.segments.class_ids] == ["apple", "pear"]
        assert np.array_equal(sample.segments.masks[0].decode(), box(1, 4, 1, 5)), "points name pixels"
        assert np.array_equal(sample.segments.masks[1].decode(), box(0, 3, 5, 7))
        assert sample.segments.attributes[0] == {"ripe": "yes"}


# -- Video -------------------------------------------------------------------------------------------


def test_youtube_vos_knows_categories(tmp_path) -> None:
    for frame in ("00000", "00005"):
        picture(tmp_path / "train" / "JPEGImages" / "vid" / f"{frame}.jpg")
    save(tmp_path / "train" / "Annotations" / "vid" / "00005.png", np.where(box(0, 3, 0, 8), 2, 0).astype(np.uint8))
    about = {"videos": {"vid": {"objects": {"2": {"category": "fish", "frames": ["00005"]}}}}}
    (tmp_path / "train" / "meta.json").write_text(json.dumps(about))
    name, reading, sample = only(tmp_path)
    assert (name, sample.key, sample.split) == ("youtube-vos", "vid/00005", "train")
    assert (sample.image.video, sample.image.frame) == ("vid", 1)
    assert reading.classes[int(sample.segments.class_ids[0])].name == "fish"
    assert sample.segments.ids.tolist() == [2]


def test_davis_of_many_objects(tmp_path) -> None:
    label = np.zeros(SIZE, np.uint8)
    label[0], label[1], label[2] = 1, 2, 255
    for frame in ("00000", "00001"):
        picture(tmp_path / "JPEGImages" / "480p" / "dog" / f"{frame}.jpg")
    save(tmp_path / "Annotations" / "480p" / "dog" / "00000.png", label)
    sets = tmp_path / "ImageSets" / "2017"
    sets.mkdir(parents=True)
    (sets / "val.txt").write_text("dog\n")
    name, _, sample = only(tmp_path)
    assert (name, sample.split) == ("davis", "val")
    assert sample.segments.ids.tolist() == [1, 2, 255]
    assert sample.segments.class_ids.tolist() == [1, 1, 255]
    every = list(formats.read(tmp_path, frames="all").samples)
    assert [each.fields for each in every] == [{}, {"unlabelled": True}]


def test_mots_text(tmp_path) -> None:
    strings = [
        coco.encode(np.asfortranarray(each.astype(np.uint8)))["counts"].decode()
        for each in (box(0, 2, 0, 2), box(4, 6, 4, 8))
    ]
    text = f"1 2001 2 6 8 {strings[0]}\n1 10000 10 6 8 {strings[1]}\n3 2001 2 6 8 {strings[1]}\n"
    (tmp_path / "instances_txt").mkdir()
    (tmp_path / "instances_txt" / "0002.txt").write_text(text)
    picture(tmp_path / "0002" / "000001.png")
    picture(tmp_path / "0002" / "000003.png")
    assert formats.sniff(tmp_path) == "mots"
    first, second = formats.read(tmp_path).samples
    assert (first.key, first.image.video, first.image.frame) == ("0002/000001", "0002", 1)
    assert first.segments.ids.tolist() == [2001, 10000]
    assert np.array_equal(second.segments.masks[0].decode(), box(4, 6, 4, 8))
    (tmp_path / "instances_txt" / "0002.txt").write_text(text + "4 x\n")
    with pytest.raises(FormatError, match="line 4"):
        formats.read(tmp_path)


@pytest.mark.parametrize(
    ("format", "told"), [("coco", True), ("yolo", True), ("nifti", True), ("davis", False), ("mots", False)]
)
def test_that_frames_are_parted_is_told(tmp_path, format: str, told: bool) -> None:
    picture(tmp_path / "x.png")
    image = ImageRef(str(tmp_path / "x.png"), SIZE, video="clip", frame=0)
    sample = Sample("clip/00000", image, Segments(Mask.encode(box(0, 2, 0, 3)).batch, [1]))
    lost = formats.losses([sample], Classes([Class(1, "ball", "thing")]), format)
    assert ("sequence" in {loss.cause for loss in lost}) is told
    assert not [loss for loss in lost if loss.cause == "sequence" and loss.grave]


@pytest.mark.parametrize("format", ["davis", "youtube-vos", "mots"])
def test_an_object_has_one_number_in_all_frames_of_a_video(tmp_path, format: str) -> None:
    """By its track: the ids of segments that were accepted count anew in every frame."""
    picture(tmp_path / "x.png")
    left, right = box(0, 2, 0, 3), box(3, 6, 4, 8)
    frames = []
    for number, order in enumerate(((7, 9), (9, 7), (9,))):
        masks = np.stack([left if track == 7 else right for track in order])
        attributes = [{"track": track} for track in order]
        segments = Segments(Masks.encode(masks), [1] * len(order), attributes=attributes)
        image = ImageRef(str(tmp_path / "x.png"), SIZE, video="clip", frame=number)
        frames.append(Sample(f"clip/{number:05d}", image, segments))
    classes = Classes([Class(1, "ball", "thing")])
    formats.write(frames, classes, tmp_path / "out", format, allow_loss=True, check=True)
    for sample in formats.read(tmp_path / "out", format).samples:
        found = dict(zip(sample.segments.ids.tolist(), sample.segments.masks.decode(), strict=True))
        assert found
        for track, mask in found.items():
            assert np.array_equal(mask, left if track == 7 else right), (sample.key, track)


def test_images_without_labels_are_samples_to_label(tmp_path) -> None:
    picture(tmp_path / "x.png")
    assert formats.sniff(tmp_path) == "unlabelled"
    assert [len(sample.segments) for sample in formats.read(tmp_path).samples] == [0]


# -- Files of many pictures, volumes, maps -----------------------------------------------------------


def test_tiff_stacks_and_arrays(tmp_path) -> None:
    import tifffile

    pictures = np.arange(3 * 48, dtype=np.uint16).reshape(3, *SIZE)
    labels = np.stack([np.where(box(0, k, 0, 8), 4, 0) for k in (0, 2, 3)]).astype(np.uint8)
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    tifffile.imwrite(tmp_path / "images" / "cells.ome.tif", pictures, metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "labels" / "cells.tif", labels, photometric="minisblack")
    assert formats.sniff(tmp_path) == "stacks"
    found = list(formats.read(tmp_path).samples)
    assert [(item.key, item.image.frame) for item in found] == [("cells/0000", 0), ("cells/0001", 1), ("cells/0002", 2)]
    assert [item.segments.masks.areas().tolist() for item in found] == [[], [16], [24]]
    assert np.array_equal(media.read(found[2].image).pixels[..., 0], pictures[2])
    numbered = list(formats.read(tmp_path, instances=True).samples)
    assert numbered[1].segments.ids.tolist() == [4]
    np.save(tmp_path / "labels" / "cells.npy", labels)
    (tmp_path / "labels" / "cells.tif").unlink()
    assert [len(sample.segments) for sample in formats.read(tmp_path, "stacks").samples] == [0, 1, 1]
    np.save(tmp_path / "labels" / "cells.npy", labels[:2])
    with pytest.raises(FormatError, match="has 2 pages of 6 x 8"):
        formats.read(tmp_path, "stacks")


def test_nifti_volumes(tmp_path) -> None:
    nibabel = pytest.importorskip("nibabel")
    import tifffile

    picture_volume = np.arange(8 * 6 * 3, dtype=np.int16).reshape(8, 6, 3) - 50  # x, y, z
    labels = np.zeros((8, 6, 3), np.uint8)
    labels[1:4, 2:4, 1] = 2
    affine = np.diag([0.5, 0.75, 2, 1])
    for folder, name, data in (("imagesTr", "case_0000", picture_volume), ("labelsTr", "case", labels)):
        (tmp_path / folder).mkdir()
        nibabel.save(nibabel.Nifti1Image(data, affine), tmp_path / folder / f"{name}.nii.gz")
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "liver": 1, "tumour": 2}}))
    assert formats.sniff(tmp_path) == "nifti"
    reading = formats.read(tmp_path)
    found = list(reading.samples)
    assert [len(item.segments) for item in found] == [0, 1, 0]
    assert np.array_equal(found[1].segments.masks[0].decode(), box(2, 4, 1, 4))
    assert reading.classes[int(found[1].segments.class_ids[0])].name == "tumour"
    assert found[1].fields["nifti"]["spacing"] == [0.5, 0.75, 2]
    assert found[1].fields["nifti"]["affine"] == affine.tolist()
    assert np.array_equal(media.read(found[1].image).pixels[..., 0], picture_volume[:, :, 1].T)
    assert len(list(formats.read(tmp_path, empty=False).samples)) == 1
    formats.write(found, reading.classes, tmp_path / "out", "nifti", check=True)
    back = nibabel.load(tmp_path / "out" / "labelsTr" / "case.nii.gz")
    assert np.array_equal(np.asarray(back.dataobj), labels)
    assert np.array_equal(back.affine, affine)
    formats.write(found, reading.classes, tmp_path / "flat", "label-map", check=True, allow_loss=True)
    slice_file = tmp_path / "flat" / "images" / "case" / "0001.tif"
    assert np.array_equal(tifffile.imread(slice_file), picture_volume[:, :, 1].T), "a slice keeps its numbers"
    with pytest.raises(FormatError, match="do not follow one another"):
        other = tmp_path / "other.nii.gz"
        other.write_bytes((tmp_path / "imagesTr" / "case_0000.nii.gz").read_bytes())
        mixed = [
            found[0],
            replace(found[1], image=replace(found[1].image, uri=f"{other}#page=1"), key="other/0001"),
            found[2],
        ]
        formats.write(mixed, reading.classes, tmp_path / "mixed", "nifti", images="none", allow_loss=True)
    (tmp_path / "labelsTr" / "case.nii.gz").write_bytes(b"no volume")
    with pytest.raises(FormatError, match="cannot be read"):
        formats.read(tmp_path, "nifti")


def test_dicom_segmentations(tmp_path, dicom_image) -> None:
    hd = pytest.importorskip("highdicom")
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    series = generate_uid()
    images = [dicom_image(tmp_path / f"{k}.dcm", k, series) for k in (1, 2)]
    algorithm = hd.AlgorithmIdentificationSequence("x", codes.DCM.ArtificialIntelligence, "1")
    about = [
        hd.seg.SegmentDescription(
            number, name, codes.SCT.Organ, codes.SCT.Liver, hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC, algorithm
        )
        for number, name in ((1, "liver"), (2, "vessel"))
    ]
    pixels = np.zeros((2, *SIZE, 2), np.uint8)
    pixels[0, ..., 0], pixels[1, ..., 1] = box(0, 2, 0, 3), box(3, 6, 4, 8)
    hd.seg.Segmentation(
        images, pixels, hd.seg.SegmentationTypeValues.BINARY, about, generate_uid(), 2, generate_uid(), 1,
        "x", "x", "1", "1",
    ).save_as(tmp_path / "seg.dcm")  # fmt: skip
    assert formats.sniff(tmp_path) == "dicom-seg"
    reading = formats.read(tmp_path)
    first, second = sorted(reading.samples, key=lambda sample: sample.key)
    assert (first.key, first.image.frame, first.fields["dicom"]["spacing"]) == ("1", 1, [0.5, 0.5])
    assert np.array_equal(first.segments.masks[0].decode(), box(0, 2, 0, 3))
    assert np.array_equal(second.segments.masks[0].decode(), box(3, 6, 4, 8))
    assert reading.classes[int(second.segments.class_ids[0])].name == "vessel"
    assert media.read(first.image).display().shape == (*SIZE, 3)
    (tmp_path / "2.dcm").unlink()
    with pytest.raises(FormatError, match="which is not here"):
        formats.read(tmp_path)


def test_geojson_over_a_geotiff(tmp_path) -> None:
    from PIL import TiffImagePlugin

    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for number, values in ((33550, (0.5, 0.5, 0.0)), (33922, (0.0, 0.0, 0.0, 1000.0, 2000.0, 0.0))):
        tags[number] = values
        tags.tagtype[number] = TiffImagePlugin.TiffTags.DOUBLE
    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / "images" / "a.tif", tiffinfo=tags)
    outer = [[1000.5, 1999.5], [1003, 1999.5], [1003, 1997.5], [1000.5, 1997.5], [1000.5, 1999.5]]
    hole = [[1001, 1999], [1001, 1998.5], [1001.5, 1998.5], [1001.5, 1999], [1001, 1999]]
    feature = {"type": "Feature", "properties": {"class": "field", "crop": "rye"},
               "geometry": {"type": "Polygon", "coordinates": [outer, hole]}}  # fmt: skip
    point = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1000, 1999]}}
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [feature, point]})
    )
    name, reading, sample = only(tmp_path, plausible=False)
    assert name == "geojson"
    assert np.array_equal(sample.segments.masks[0].decode(), box(1, 5, 1, 6) & ~box(2, 3, 2, 3))
    assert sample.segments.attributes == [{"crop": "rye"}]
    assert reading.notes == ["1 points and lines have no area: they are in the samples' field geojson"]
    formats.write([sample], reading.classes, tmp_path / "out", "geojson", check=True)
    again = json.loads((tmp_path / "out" / "labels" / "a.geojson").read_text())["features"][0]
    assert sorted(again["geometry"]["coordinates"][0]) == sorted([*outer[:-1], again["geometry"]["coordinates"][0][0]])


def test_frames_of_a_video(tmp_path) -> None:
    cv2 = pytest.importorskip("cv2")
    from maskwright import media
    from maskwright.media import image_size

    movie = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for k in range(5):
        movie.write(np.full((48, 64, 3), 40 * k, np.uint8))
    movie.release()
    assert image_size(f"{tmp_path}/a.avi#page=3") == (48, 64)
    assert abs(int(media.read(f"{tmp_path}/a.avi#page=3").display().mean()) - 120) < 4
    with pytest.raises(FormatError, match="has no frame 9"):
        media.read(f"{tmp_path}/a.avi#page=9").display()
    (tmp_path / "b.mp4").write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"b\.mp4"):
        media.read(f"{tmp_path}/b.mp4#page=0").display()
