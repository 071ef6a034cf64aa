"""What cannot be read is set aside and the rest comes in, in every format; without that it is named, ten at once."""

import csv
import gzip
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sets_of_two
from PIL import Image

from maskwright import formats
from maskwright.cli import main
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError

KEYS = [f"a{number:02d}" for number in range(14)]
SIZE = (20, 30)
CLASSES = Classes([Class(1, "cat"), Class(2, "dog")])


def samples(folder: Path) -> list[Sample]:
    """An image for each key, with two segments that lie apart."""
    folder.mkdir()
    out = []
    for number, key in enumerate(KEYS):
        file = folder / f"{key}.png"
        Image.fromarray(np.full((*SIZE, 3), 10 * number, np.uint8)).save(file)
        dense = np.zeros((2, *SIZE), bool)
        dense[0, 2:8, 1 + number : 9 + number] = True
        dense[1, 11:17, 3 : 12 + number] = True
        out.append(Sample(key, ImageRef(str(file), SIZE), Segments(Masks.encode(dense), [1, 2]), split="train"))
    return out


@dataclass(frozen=True)
class Case:
    """A format and how some of its images break.

    breaks: is given the set's folder and the keys.  parts: whether the first segment of each breaks alone; else the
    image is gone.  record: whether the list names a record in a file.  write: options of the writer.  build: what makes
    the set, where that is not the format's writer.
    """

    format: str
    breaks: Callable[[Path, list[str]], None]
    parts: bool = True
    record: bool = True
    write: dict[str, Any] = field(default_factory=dict)
    build: Callable[[list[Sample], Path], None] | None = None


def file_of(home: Path, pattern: str) -> Path:
    (found,) = home.rglob(pattern)
    return found


def in_json(pattern: str, change: Callable[[Any, list[str]], None]) -> Callable[[Path, list[str]], None]:
    """Breaks records of one JSON file of all images."""

    def breaks(home: Path, keys: list[str]) -> None:
        file = file_of(home, pattern)
        content = json.loads(file.read_bytes())
        change(content, keys)
        file.write_text(json.dumps(content))

    return breaks


def in_each_json(pattern: str, change: Callable[[Any], None]) -> Callable[[Path, list[str]], None]:
    """Breaks a record of each image's JSON file. pattern: has {} for the key."""

    def breaks(home: Path, keys: list[str]) -> None:
        for key in keys:
            in_json(pattern.format(key), lambda content, _: change(content))(home, [])

    return breaks


def in_each_line(pattern: str, line: str) -> Callable[[Path, list[str]], None]:
    """Puts another first line into each image's file."""

    def breaks(home: Path, keys: list[str]) -> None:
        for key in keys:
            file = file_of(home, pattern.format(key))
            file.write_text("\n".join([line, *file.read_text().splitlines()[1:]]) + "\n")

    return breaks


def in_each_file(pattern: str) -> Callable[[Path, list[str]], None]:
    """Puts noise in the place of each image's file."""

    def breaks(home: Path, keys: list[str]) -> None:
        for key in keys:
            file_of(home, pattern.replace("{}", key)).write_bytes(b"\xff\x00\xfe nothing that anybody knows")

    return breaks


def _short(pattern: str) -> Callable[[Path, list[str]], None]:
    """Cuts each image's NIfTI file off behind its header."""

    def breaks(home: Path, keys: list[str]) -> None:
        for key in keys:
            file = file_of(home, pattern.format(key))
            file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes())[:400]))

    return breaks


def _in_pixels(pattern: str) -> Callable[[Path, list[str]], None]:
    """Says in each image's TIFF that its pixels are where the file has ended."""

    def breaks(home: Path, keys: list[str]) -> None:
        for key in keys:
            file = file_of(home, pattern.format(key))
            with Image.open(file) as image:
                (place,) = image.tag_v2[273]
            content = bytearray(file.read_bytes())
            start = content.index(place.to_bytes(4, "little"), content.index((273).to_bytes(2, "little")))
            content[start : start + 4] = (10**6).to_bytes(4, "little")
            file.write_bytes(bytes(content))

    return breaks


def in_xml(pattern: str, change: Callable[[Any, list[str]], None]) -> Callable[[Path, list[str]], None]:
    def breaks(home: Path, keys: list[str]) -> None:
        file = file_of(home, pattern)
        tree = ET.parse(file)
        change(tree.getroot(), keys)
        tree.write(file)

    return breaks


def rows(found: Iterable[Any], keys: list[str], name_of: Callable[[Any], str]) -> list[Any]:
    """The first record of each key."""
    by_key: dict[str, Any] = {}
    for record in found:
        by_key.setdefault(Path(name_of(record)).stem, record)
    return [by_key[key] for key in keys]


# -- one function for each format: it breaks what a person or a program breaks in such files ----------------------


def _coco(content: Any, keys: list[str]) -> None:
    names = {image["id"]: image["file_name"] for image in content["images"]}
    broken = ({"segmentation": [[1, 2]]}, {"category_id": 99}, {"segmentation": 5}, {"score": "much"})
    for number, row in enumerate(rows(content["annotations"], keys, lambda row: names[row["image_id"]])):
        row.update(broken[number % 4])


def _coco_orphans(content: Any, keys: list[str]) -> None:
    names = {image["id"]: image["file_name"] for image in content["images"]}
    for number, row in enumerate(rows(content["annotations"], keys, lambda row: names[row["image_id"]])):
        if number % 2:
            del row["image_id"]
        else:
            row["image_id"] = 1000 + number


def _coco_images(content: Any, keys: list[str]) -> None:
    for row in rows(content["images"], keys, lambda row: row["file_name"]):
        row["file_name"] = None


def _coco_without_ids(content: Any, keys: list[str]) -> None:
    found = rows(content["images"], keys, lambda row: row["file_name"])
    gone = {row.pop("id") for row in found}
    content["annotations"] = [row for row in content["annotations"] if row["image_id"] not in gone]


def _panoptic(content: Any, keys: list[str]) -> None:
    for row in rows(content["annotations"], keys, lambda row: row["file_name"]):
        row["segments_info"][0]["category_id"] = 99


def _panoptic_images(content: Any, keys: list[str]) -> None:
    for row in rows(content["images"], keys, lambda row: row["file_name"]):
        row["file_name"] = 5


def _via(content: Any, keys: list[str]) -> None:
    for row in rows(content.values(), keys, lambda row: row["filename"]):
        row["regions"][0]["shape_attributes"]["all_points_x"] = ["left", "right", "up"]


def _via_rows(content: Any, keys: list[str]) -> None:
    for row in rows(content.values(), keys, lambda row: row["filename"]):
        del row["regions"]


def _cvat(root: Any, keys: list[str]) -> None:
    for image in rows(root.iter("image"), keys, lambda image: image.get("name")):
        shape = next(child for child in image if child.tag in ("mask", "polygon"))
        shape.set("points" if shape.tag == "polygon" else "rle", "1,2;x")


def _cvat_images(root: Any, keys: list[str]) -> None:
    for image in rows(root.iter("image"), keys, lambda image: image.get("name")):
        del image.attrib["width"]


def _datumaro(content: Any, keys: list[str]) -> None:
    for item in rows(content["items"], keys, lambda item: item["id"]):
        item["annotations"][0]["label_id"] = 99


def _datumaro_items(content: Any, keys: list[str]) -> None:
    for item in rows(content["items"], keys, lambda item: item["id"]):
        item["image"]["size"] = [4]


def _label_studio(content: Any, keys: list[str]) -> None:
    for task in rows(content, keys, lambda task: task["data"]["image"]):
        task["annotations"][0]["result"][0]["value"]["rle"] = [1, 2, 3]


def _label_studio_tasks(content: Any, keys: list[str]) -> None:
    for task in rows(content, keys, lambda task: task["data"]["image"]):
        task["data"] = {"words": 5}


def _rle_csv(home: Path, keys: list[str]) -> None:
    file = file_of(home, "*.csv")
    with open(file, newline="") as opened:
        table = list(csv.reader(opened))
    place = table[0].index("EncodedPixels")
    for row in rows(table[1:], keys, lambda row: row[0]):
        row[place] = "1 2 3"
    with open(file, "w", newline="") as opened:
        csv.writer(opened).writerows(table)


def _rle_csv_cells(home: Path, keys: list[str]) -> None:
    """Rows with a cell too many."""
    file = file_of(home, "*.csv")
    with open(file, newline="") as opened:
        table = list(csv.reader(opened))
    for row in rows(table[1:], keys, lambda row: row[0]):
        row.append("more")
    with open(file, "w", newline="") as opened:
        csv.writer(opened).writerows(table)


def _mots(home: Path, keys: list[str]) -> None:
    """Of the frames with these numbers, the first line."""
    file = file_of(home, "*.txt")
    numbers = {str(KEYS.index(key)) for key in keys}
    lines = []
    for line in file.read_text().splitlines():
        words = line.split(" ")
        if words[0] in numbers:
            numbers.remove(words[0])
            words[2] = "cat"
        lines.append(" ".join(words))
    file.write_text("\n".join(lines))


def _voc_objects(home: Path, keys: list[str]) -> None:
    for key in keys:
        in_xml(f"{key}.xml", lambda root, _: root.find("object").remove(root.find("object").find("bndbox")))(home, [])


def _voc_numbers(home: Path, keys: list[str]) -> None:
    for key in keys:
        in_xml(f"{key}.xml", lambda root, _: setattr(root.find("object/bndbox/xmin"), "text", "left"))(home, [])


def _mots_runs(home: Path, keys: list[str]) -> None:
    """Run lengths that end too early."""
    file = file_of(home, "*.txt")
    lines = [line.split(" ") for line in file.read_text().splitlines()]
    for words in rows(lines, keys, lambda words: KEYS[int(words[0])]):
        words[5] = "1"
    file.write_text("\n".join(map(" ".join, lines)))


def _city_polygons(held: list[Sample], home: Path) -> None:
    for folder in ("leftImg8bit", "gtFine"):
        (home / folder / "train" / "town").mkdir(parents=True)
    for sample in held:
        Path(sample.image.uri).rename(home / "leftImg8bit" / "train" / "town" / f"{sample.key}_leftImg8bit.png")
        objects = [
            {"label": "car", "polygon": [[left, top], [right, top], [right, bottom], [left, bottom]]}
            for left, top, right, bottom in sample.segments.masks.boxes().tolist()
        ]
        content = {"imgHeight": SIZE[0], "imgWidth": SIZE[1], "objects": objects}
        (home / "gtFine" / "train" / "town" / f"{sample.key}_gtFine_polygons.json").write_text(json.dumps(content))


def _voc_boxes(held: list[Sample], home: Path) -> None:
    """A set of boxes alone."""
    (home / "JPEGImages").mkdir(parents=True)
    (home / "Annotations").mkdir()
    for sample in held:
        Path(sample.image.uri).rename(home / "JPEGImages" / f"{sample.key}.png")
        objects = "".join(
            f"<object><name>{CLASSES[class_id].name}</name><bndbox><xmin>{left + 1}</xmin><ymin>{top + 1}</ymin>"
            f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
            for class_id, (left, top, right, bottom) in zip(
                sample.segments.class_ids.tolist(), sample.segments.masks.boxes().tolist(), strict=True
            )
        )
        (home / "Annotations" / f"{sample.key}.xml").write_text(f"<annotation>{objects}</annotation>")


def _sa1b(held: list[Sample], home: Path) -> None:
    home.mkdir()
    for sample in held:
        texts = sample.segments.masks.compressed()
        notes = [
            {"id": k, "segmentation": {"size": list(SIZE), "counts": text.decode()}} for k, text in enumerate(texts, 1)
        ]
        image = {"file_name": f"{sample.key}.jpg", "height": SIZE[0], "width": SIZE[1]}
        (home / f"sa_{sample.key}.json").write_text(json.dumps({"image": image, "annotations": notes}))


def _mapillary(held: list[Sample], home: Path) -> None:
    (home / "training" / "images").mkdir(parents=True)
    (home / "training" / "instances").mkdir()
    labels = [{"color": [k, k, k], "name": name, "readable": name, "instances": True} for k, name in enumerate("abc")]
    (home / "config.json").write_text(json.dumps({"labels": labels}))
    for sample in held:
        Path(sample.image.uri).rename(home / "training" / "images" / f"{sample.key}.png")
        values = np.zeros(SIZE, np.uint16)
        for number, mask in zip((256, 512), sample.segments.masks, strict=True):
            values[mask.decode()] = number
        Image.fromarray(values).save(home / "training" / "instances" / f"{sample.key}.png")


def _copied(held: list[Sample], folder: Path) -> None:
    folder.mkdir(parents=True)
    for sample in held:
        Path(sample.image.uri).rename(folder / f"{sample.key}.png")


def _values(sample: Sample, numbers: tuple[int, int]) -> Any:
    """(H, W) uint8: the numbers where the two segments are, 0 elsewhere."""
    values = np.zeros(SIZE, np.uint8)
    for number, mask in zip(numbers, sample.segments.masks, strict=True):
        values[mask.decode()] = number
    return values


def _photos(held: list[Sample], home: Path) -> None:
    """A set without labels."""
    _copied(held, home)


def _class_folders(held: list[Sample], home: Path) -> None:
    """A folder of masks a class."""
    _copied(held, home / "images")
    for number, name in enumerate(("cat", "dog")):
        (home / "masks" / name).mkdir(parents=True)
        for sample in held:
            mask = sample.segments.masks[number : number + 1].decode()[0]
            Image.fromarray(mask.view(np.uint8) * 255).save(home / "masks" / name / f"{sample.key}.png")


def _others_map(held: list[Sample], home: Path) -> None:
    """A label map that nothing is said of."""
    _copied(held, home / "images")
    (home / "labels").mkdir()
    for sample in held:
        Image.fromarray(_values(sample, (1, 2))).save(home / "labels" / f"{sample.key}.png")


def _colours(held: list[Sample], home: Path) -> None:
    """A label map of colours that a table names."""
    _others_map(held, home)
    (home / "class_dict.csv").write_text("name,r,g,b\nnone,0,0,0\ncat,200,0,0\ndog,0,0,200\n")
    table = np.array([(0, 0, 0), (200, 0, 0), (0, 0, 200)], np.uint8)
    for file in (home / "labels").iterdir():
        Image.fromarray(table[np.asarray(Image.open(file))]).save(file)


def _others_instances(held: list[Sample], home: Path) -> None:
    """Label maps in folders, whose values certainly number objects."""
    _copied(held, home / "images")
    (home / "instances").mkdir()
    for sample in held:
        Image.fromarray(_values(sample, (1, 2)).astype(np.uint16)).save(home / "instances" / f"{sample.key}.png")


def _stacks(held: list[Sample], home: Path) -> None:
    """TIFF files of one page for each image, but for the first, which has two."""
    for name in ("images", "labels"):
        (home / name).mkdir(parents=True)
    for sample in held:
        image = np.asarray(Image.open(sample.image.uri))[..., 0]
        for name, values in (("images", image), ("labels", _values(sample, (1, 2)))):
            Image.fromarray(values).save(home / name / f"{sample.key}.tif")


def _benchmark(held: list[Sample], home: Path) -> None:
    """ADE20K of 150 classes."""
    _copied(held, home / "images" / "training")
    (home / "annotations" / "training").mkdir(parents=True)
    for sample in held:
        Image.fromarray(_values(sample, (1, 2))).save(home / "annotations" / "training" / f"{sample.key}.png")


def _full_release(held: list[Sample], home: Path) -> None:
    """ADE20K of all classes, with parts."""
    home.mkdir()
    for sample in held:
        Path(sample.image.uri).rename(home / f"ADE_train_{sample.key}.png")
        for name, numbers in (("seg", (0, 2)), ("parts_1", (3, 0))):
            values = _values(sample, numbers)
            coded = np.stack([np.zeros_like(values), values, (values > 0).view(np.uint8)], axis=2)
            Image.fromarray(coded).save(home / f"ADE_train_{sample.key}_{name}.png")


def _of_video(held: list[Sample], home: Path, format: str) -> None:
    """As frames of one video."""
    frames = [
        Sample(f"v/{number:06d}", ImageRef(sample.image.uri, SIZE, video="v", frame=number), sample.segments)
        for number, sample in enumerate(held)
    ]
    formats.write(frames, CLASSES, home, format, allow_loss=True)


def _frames(pattern: str) -> Callable[[Path, list[str]], None]:
    breaks = in_each_file(pattern)
    return lambda home, keys: breaks(home, [f"{KEYS.index(key):06d}" for key in keys])


def _pannuke(home: Path, keys: list[str]) -> None:
    """Fractions in the channel of the first kind of nuclei."""
    file = file_of(home, "masks.npy")
    masks = np.load(file)
    for key in keys:
        masks[KEYS.index(key), 3, 4, 0] = 0.5
    np.save(file, masks)


def _aperio(home: Path, keys: list[str]) -> None:
    for key in keys:
        in_xml(f"{key}.xml", lambda root, _: next(root.iter("Vertex")).set("X", "left"))(home, [])


def _labelme_points(home: Path, keys: list[str]) -> None:
    for key in keys:
        in_xml(f"{key}.xml", lambda root, _: setattr(root.find("object/polygon/pt/x"), "text", "left"))(home, [])


def _pascal_objects(home: Path, keys: list[str]) -> None:
    """A word in place of the first object's mask."""
    for key in keys:
        file = file_of(home, f"{key}.mat")
        dog = np.zeros(SIZE, bool)
        dog[11:17, 3 : 12 + KEYS.index(key)] = True
        sets_of_two.put_objects(file, [(8, "cat"), (12, "dog")], ["none", dog])


def _by_number(pattern: str, width: int) -> Callable[[Path, list[str]], None]:
    """As `in_each_file`, of files that are numbered. pattern: has {} for the number."""
    breaks = in_each_file(pattern)
    return lambda home, keys: breaks(home, [f"{KEYS.index(key):0{width}d}" for key in keys])


def _set_first(path: str, value: Any) -> Callable[[Any], None]:
    """Puts a value into the first record of a list, at a path of names."""

    def change(content: Any) -> None:
        *names, last = path.split("/")
        for name in names:
            content = content[int(name) if name.isdigit() else name]
        content[last] = value

    return change


def _placed(segments: Segments) -> list[tuple[str, list[int]]]:
    """Class and box (x, y, width, height) of each segment, which are rectangles."""
    rows = zip(segments.class_ids.tolist(), segments.masks.boxes().tolist(), strict=True)
    return [(CLASSES[class_id].name, [a, b, c - a, d - b]) for class_id, (a, b, c, d) in rows]


def _darwin(held: list[Sample], home: Path) -> None:
    _copied(held, home / "images")
    for sample in held:
        rows = [
            {"id": f"u{number}", "name": name, "bounding_box": dict(zip("xywh", box, strict=True))}
            for number, (name, box) in enumerate(_placed(sample.segments))
        ]
        slot = {"slot_name": "0", "type": "image", "height": SIZE[0], "width": SIZE[1]}
        item = {"name": f"{sample.key}.png", "path": "/", "slots": [slot]}
        (home / f"{sample.key}.json").write_text(json.dumps({"version": "2.0", "item": item, "annotations": rows}))


def _labelbox(held: list[Sample], home: Path) -> None:
    _copied(held, home / "images")
    lines = []
    for sample in held:
        rows = [
            {"name": name, "bounding_box": dict(zip(("left", "top", "width", "height"), box, strict=True))}
            for name, box in _placed(sample.segments)
        ]
        lines.append(json.dumps({
            "data_row": {"external_id": f"{sample.key}.png"},
            "media_attributes": {"height": SIZE[0], "width": SIZE[1]},
            "projects": {"p": {"labels": [{"annotations": {"objects": rows}}]}},
        }))  # fmt: skip
    (home / "x.ndjson").write_text("\n".join(lines))


def _odvg(held: list[Sample], home: Path) -> None:
    _copied(held, home / "images")
    lines = []
    for sample in held:
        rows = [
            {"bbox": [a, b, a + c, b + d], "label": 0, "category": name}
            for name, (a, b, c, d) in _placed(sample.segments)
        ]
        about = {"filename": f"{sample.key}.png", "height": SIZE[0], "width": SIZE[1]}
        lines.append(json.dumps({**about, "detection": {"instances": rows}}))
    (home / "x.jsonl").write_text("\n".join(lines))


def _in_lines(name: str, old: str, new: str) -> Callable[[Path, list[str]], None]:
    """In the lines of some keys, the first of a text becomes another; a whole line without one."""

    def breaks(home: Path, keys: list[str]) -> None:
        lines = (home / name).read_text().split("\n")
        for place, line in enumerate(lines):
            if any(f'"{key}.png"' in line for key in keys):
                lines[place] = line.replace(old, new, 1) if old else line[: len(line) // 2]
        (home / name).write_text("\n".join(lines))

    return breaks


CASES = {
    "darwin annotations": Case(
        "darwin", in_each_json("{}.json", _set_first("annotations/0/bounding_box/x", "left")), build=_darwin
    ),
    "darwin files": Case("darwin", in_each_file("{}.json"), parts=False, record=False, build=_darwin),
    "labelbox objects": Case("labelbox", _in_lines("x.ndjson", '"left": ', '"right": '), build=_labelbox),
    "labelbox lines": Case("labelbox", _in_lines("x.ndjson", "", ""), parts=False, build=_labelbox),
    "odvg boxes": Case("odvg", _in_lines("x.jsonl", '"bbox": [', '"bbox": [null, '), build=_odvg),
    "odvg lines": Case("odvg", _in_lines("x.jsonl", "", ""), parts=False, build=_odvg),
    "yolo lines": Case("yolo", in_each_line("labels/**/{}.txt", "0 0.5 half 0.5 0.25 0.75 0.5")),
    "yolo classes": Case("yolo", in_each_line("labels/**/{}.txt", "7 0.5 0.5 0.5 0.25 0.75 0.5")),
    "yolo texts": Case("yolo", in_each_file("labels/**/{}.txt"), parts=False, record=False),
    "yolo images": Case("yolo", in_each_file("images/**/{}.png"), parts=False, record=False),
    "coco annotations": Case("coco", in_json("instances_*.json", _coco)),
    "coco orphans": Case("coco", in_json("instances_*.json", _coco_orphans)),
    "coco images": Case("coco", in_json("instances_*.json", _coco_images), parts=False),
    "coco images without ids": Case("coco", in_json("instances_*.json", _coco_without_ids), parts=False),
    "coco-panoptic segments": Case("coco-panoptic", in_json("panoptic_*.json", _panoptic)),
    "coco-panoptic images": Case("coco-panoptic", in_json("panoptic_*.json", _panoptic_images), parts=False),
    "labelme shapes": Case("labelme", in_each_json("{}.json", _set_first("shapes/0/points", [["left", 1]] * 4))),
    "labelme files": Case("labelme", in_each_file("{}.json"), parts=False, record=False),
    "via regions": Case("via", in_json("via_region_data.json", _via)),
    "via images": Case("via", in_json("via_region_data.json", _via_rows), parts=False),
    "voc objects": Case("voc", _voc_objects, build=_voc_boxes),
    "voc numbers": Case("voc", _voc_numbers, build=_voc_boxes),
    "voc XML": Case("voc", in_each_file("Annotations/{}.xml"), parts=False, record=False, build=_voc_boxes),
    "voc PNGs": Case("voc", in_each_file("SegmentationClass/{}.png"), parts=False, record=False),
    "cvat shapes": Case("cvat", in_xml("annotations.xml", _cvat)),
    "cvat images": Case("cvat", in_xml("annotations.xml", _cvat_images), parts=False),
    "datumaro annotations": Case("datumaro", in_json("annotations/*.json", _datumaro)),
    "datumaro items": Case("datumaro", in_json("annotations/*.json", _datumaro_items), parts=False),
    "label-studio results": Case("label-studio", in_json("tasks.json", _label_studio), write={"shapes": "mask"}),
    "label-studio tasks": Case("label-studio", in_json("tasks.json", _label_studio_tasks), parts=False),
    "geojson features": Case("geojson", in_each_json("{}.geojson", _set_first("features/0/geometry/coordinates", 5))),
    "geojson files": Case("geojson", in_each_file("{}.geojson"), parts=False, record=False),
    "supervisely objects": Case("supervisely", in_each_json("{}.png.json", _set_first("objects/0/classTitle", "cow"))),
    "supervisely files": Case("supervisely", in_each_file("{}.png.json"), parts=False, record=False),
    "rle-csv numbers": Case("rle-csv", _rle_csv),
    "rle-csv cells": Case("rle-csv", _rle_csv_cells),
    "mots lines": Case("mots", _mots, build=lambda held, home: _of_video(held, home, "mots")),
    "mots runs": Case("mots", _mots_runs, build=lambda held, home: _of_video(held, home, "mots")),
    "davis PNGs": Case(
        "davis",
        _frames("Annotations/**/{}.png"),
        parts=False,
        record=False,
        build=lambda held, home: _of_video(held, home, "davis"),
    ),
    "youtube-vos PNGs": Case(
        "youtube-vos",
        _frames("Annotations/**/{}.png"),
        parts=False,
        record=False,
        build=lambda held, home: _of_video(held, home, "youtube-vos"),
    ),
    "cityscapes PNGs": Case("cityscapes", in_each_file("{}_gtFine_instanceIds.png"), parts=False, record=False),
    "cityscapes objects": Case(
        "cityscapes",
        in_each_json("{}_gtFine_polygons.json", _set_first("objects/0/polygon", "none")),
        build=_city_polygons,
    ),
    "mapillary PNGs": Case("mapillary", in_each_file("instances/{}.png"), parts=False, record=False, build=_mapillary),
    "segment-anything annotations": Case(
        "segment-anything", in_each_json("sa_{}.json", _set_first("annotations/0/segmentation/counts", 5)), build=_sa1b
    ),
    "segment-anything files": Case(
        "segment-anything", in_each_file("sa_{}.json"), parts=False, record=False, build=_sa1b
    ),
    "coco-panoptic PNGs": Case("coco-panoptic", in_each_file("panoptic_*/{}.png"), parts=False, record=False),
    "bitmaps masks": Case("bitmaps", in_each_file("{}/masks/00000-*.png"), record=False),
    "label-map PNGs": Case("label-map", in_each_file("labels/{}.png"), parts=False, record=False),
    "label-map of others": Case(
        "label-map", in_each_file("labels/{}.png"), parts=False, record=False, build=_others_map
    ),
    "label-map colours": Case("label-map", in_each_file("labels/{}.png"), parts=False, record=False, build=_colours),
    "label-map classes": Case("label-map", in_each_file("masks/cat/{}.png"), record=False, build=_class_folders),
    "instance-map PNGs": Case("instance-map", in_each_file("{}_masks.png"), parts=False, record=False),
    "instance-map of others": Case(
        "instance-map", in_each_file("instances/{}.png"), parts=False, record=False, build=_others_instances
    ),
    "nifti labels": Case("nifti", in_each_file("labelsTr/{}.nii.gz"), parts=False, record=False),
    "nifti slices": Case("nifti", _short("labelsTr/{}.nii.gz"), parts=False),
    "stacks labels": Case("stacks", in_each_file("labels/{}.tif"), parts=False, record=False, build=_stacks),
    "stacks pages": Case("stacks", _in_pixels("labels/{}.tif"), parts=False, build=_stacks),
    "ade20k of 150": Case(
        "ade20k", in_each_file("annotations/training/{}.png"), parts=False, record=False, build=_benchmark
    ),
    "ade20k objects": Case("ade20k", in_each_file("*_{}_seg.png"), parts=False, record=False, build=_full_release),
    "pannuke channels": Case("pannuke", _pannuke, build=sets_of_two.pannuke),
    "nuclei-mat files": Case(
        "nuclei-mat", in_each_file("Labels/{}.mat"), parts=False, record=False, build=sets_of_two.nuclei_mat
    ),
    "cell-tracking outlines": Case(
        "cell-tracking", _by_number("man_seg{}.tif", 3), parts=False, record=False, build=sets_of_two.cell_tracking
    ),
    "part-masks files": Case("part-masks", _by_number("{}_skin.png", 5), record=False, build=sets_of_two.part_masks),
    "aperio regions": Case("aperio", _aperio, build=sets_of_two.aperio),
    "aperio files": Case(
        "aperio", in_each_file("Annotations/{}.xml"), parts=False, record=False, build=sets_of_two.aperio
    ),
    "labelme-xml objects": Case("labelme-xml", _labelme_points, build=sets_of_two.labelme_xml),
    "labelme-xml files": Case(
        "labelme-xml", in_each_file("Annotations/**/{}.xml"), parts=False, record=False, build=sets_of_two.labelme_xml
    ),
    "pascal-parts objects": Case("pascal-parts", _pascal_objects, build=sets_of_two.pascal_parts),
    "pascal-parts files": Case(
        "pascal-parts",
        in_each_file("Annotations_Part/{}.mat"),
        parts=False,
        record=False,
        build=sets_of_two.pascal_parts,
    ),
}

#: Of formats that open the images: where these are.
IMAGES = {
    "yolo texts": "images/**/{}.png",
    "via regions": "images/{}.png",
    "voc PNGs": "JPEGImages/{}.png",
    "voc XML": "JPEGImages/{}.png",
    "geojson files": "images/{}.png",
    "rle-csv numbers": "images/{}.png",
    "cityscapes PNGs": "{}_leftImg8bit.png",
    "mapillary PNGs": "images/{}.png",
    "bitmaps masks": "{}/images/{}.png",
    "label-map PNGs": "images/{}.png",
    "label-map of others": "images/{}.png",
    "label-map classes": "images/{}.png",
    "instance-map PNGs": "{}.png",
    "instance-map of others": "images/{}.png",
    "nifti labels": "imagesTr/{}_0000.nii.gz",
    "stacks labels": "images/{}.tif",
    "ade20k of 150": "images/training/{}.png",
    "ade20k objects": "ADE_train_{}.png",
    "images alone": "{}.png",
    "nuclei-mat files": "Images/{}.png",
    "aperio files": "Tissue Images/{}.tif",
    "labelme-xml files": "Images/**/{}.jpg",
    "pascal-parts files": "JPEGImages/{}.jpg",
}
CASES |= {
    f"images of {name}": Case(case.format, in_each_file(IMAGES[name]), False, False, case.write, case.build)
    for name, case in {**CASES, "images alone": Case("unlabelled", in_each_file(""), build=_photos)}.items()
    if name in IMAGES
}
CASES["images of davis"] = Case("davis", _frames("JPEGImages/**/{}.png"), False, False, build=CASES["davis PNGs"].build)
CASES["images of youtube-vos"] = Case(
    "youtube-vos", _frames("JPEGImages/**/{}.png"), False, False, build=CASES["youtube-vos PNGs"].build
)
CASES["images of cell-tracking"] = Case(
    "cell-tracking", _by_number("01/t{}.tif", 3), False, False, build=sets_of_two.cell_tracking
)
CASES["images of part-masks"] = Case(
    "part-masks", _by_number("CelebA-HQ-img/{}.jpg", 1), False, False, build=sets_of_two.part_masks
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Of a case's name, a copy of its set in a new folder."""
    import shutil

    made: dict[str, Path] = {}
    number = iter(range(10_000))
    root = tmp_path_factory.mktemp("whole")

    def copy(name: str) -> Path:
        case = CASES[name]
        kind = f"{case.format} {case.write} {case.build}"
        if kind not in made:
            home = root / f"set{len(made)}"
            held = samples(root / f"images{len(made)}")
            if case.build is None:
                formats.write(held, CLASSES, home, case.format, allow_loss=True, **case.write)
            else:
                case.build(held, home)
            made[kind] = home
        return Path(shutil.copytree(made[kind], root / f"copy{next(number)}"))

    return copy


def read(home: Path, format: str | None, **options: Any) -> tuple[dict[str, Sample], formats.Reading]:
    reading = formats.read(home, format, **options)
    return {sample.key: sample for sample in reading.samples}, reading


def same(found: Segments, wanted: Segments) -> bool:
    return found.masks == wanted.masks and found.class_ids.tolist() == wanted.class_ids.tolist()


@pytest.mark.parametrize("name", CASES)
def test_exactly_the_others_come_in(name, whole) -> None:
    case = CASES[name]
    for number in (1, 3, 12):
        home = whole(name)
        good, _ = read(home, case.format)
        assert len(good) == len(KEYS), "the set is not whole"
        order = list(good)
        broken = order[1 : 1 + number]
        case.breaks(home, [KEYS[order.index(key)] for key in broken])
        got, reading = read(home, case.format, skip_broken=True)
        assert list(got) == [key for key in order if case.parts or key not in broken]
        for key, sample in got.items():
            assert same(sample.segments, good[key].segments[int(key in broken) :]), key
        assert len(reading.broken) == number, [str(entry) for entry in reading.broken]
        for entry in reading.broken:
            assert Path(entry.file or "").is_relative_to(home) and Path(entry.file or "").is_file()
            assert entry.reason and "\n" not in entry.reason
            assert not case.record or entry.record
        places = {(entry.file, entry.record) for entry in reading.broken}
        assert len(places) == number, "every place of the list is its own"


@pytest.mark.parametrize("name", CASES)
def test_without_it_ten_are_named(name, whole) -> None:
    case = CASES[name]
    for number in (1, 3, 12):
        home = whole(name)
        keys = list(read(home, case.format)[0])
        case.breaks(home, [KEYS[k] for k in range(1, 1 + number)])
        listed = read(home, case.format, skip_broken=True)[1].broken
        came: list[str] = []
        with pytest.raises(FormatError, match="skip-broken") as caught:
            came.extend(sample.key for sample in formats.read(home, case.format).samples)
        assert len(came) <= 1
        assert came == keys[: len(came)]
        error = caught.value
        assert not case.record or listed[0].record in str(error)
        if number == 1:
            assert not error.others
            continue
        head, *others = error.others
        assert head == f"{'3' if number == 3 else '10 or more'} records cannot be read, this one and:"
        for entry, line in zip(listed[1:10], others, strict=True):
            assert (entry.record or "") in line
            assert Path(entry.file or "").name in line or entry.file == str(error.file)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("images of ")])
def test_an_image_that_is_not_there_is_told_and_the_others_come_in(name, whole, monkeypatch) -> None:
    """In the list where its label says that there is one; in the notes where only images that are there are read."""
    home = whole(name)
    order = [sample.key for sample in formats.read(home, CASES[name].format).samples]
    monkeypatch.setattr(Path, "write_bytes", lambda file, _: file.unlink())
    CASES[name].breaks(home, [KEYS[5]])
    got, reading = read(home, CASES[name].format, skip_broken=True)
    assert list(got) == [key for key in order if key != order[5]]
    told = [note for note in reading.notes if "left out" in note]
    assert len(reading.broken) + len(told) == 1 or CASES[name].format == "unlabelled", (reading.broken, told)


@pytest.mark.parametrize("name", CASES)
def test_it_is_known_without_being_named(name, whole) -> None:
    """Broken ones, the first among them, do not make another format of it."""
    case = CASES[name]
    home = whole(name)
    chosen = formats.choose(home).format
    case.breaks(home, [KEYS[0], KEYS[6]])
    assert formats.choose(home).format == chosen
    if chosen == case.format:
        got, reading = read(home, None, skip_broken=True)
        assert (len(got), len(reading.broken)) == (len(KEYS) - 2 * (not case.parts), 2)


def test_nothing_left_is_an_error(whole) -> None:
    home = whole("yolo lines")
    for file in home.rglob("labels/**/*.txt"):
        file.write_text("0 0.5 half\n0 x\n")
    with pytest.raises(FormatError, match=r"^\S+: 28 records cannot be read, and nothing is left; the first: \S+a00"):
        list(formats.read(home, "yolo", skip_broken=True).samples)


def test_images_that_come_without_labels_are_left(whole) -> None:
    """Images of background stay, though another one cannot be read; not so where their labels could not."""
    home = whole("yolo images")
    for file in home.rglob("labels/**/*.txt"):
        file.write_text("")
    CASES["yolo images"].breaks(home, KEYS[:1])
    got, reading = read(home, "yolo", skip_broken=True)
    assert (list(got), len(reading.broken)) == (KEYS[1:], 1)
    file_of(home, "labels/**/a05.txt").write_text("0 x")
    with pytest.raises(FormatError, match=r"2 records cannot be read, and nothing is left"):
        read(home, "yolo", skip_broken=True)


def test_a_good_set_has_an_empty_list(whole) -> None:
    got, reading = read(whole("coco annotations"), "coco", skip_broken=True)
    assert len(got) == len(KEYS)
    assert reading.broken == []


def test_two_images_of_one_id_are_left_out_with_their_annotations(whole) -> None:
    """Whose annotations they are nobody knows."""
    home = whole("coco annotations")
    file = file_of(home, "instances_*.json")
    content = json.loads(file.read_text())
    content["images"][3]["id"] = content["images"][2]["id"]
    content["annotations"] = [row for row in content["annotations"] if row["image_id"] != 4]
    file.write_text(json.dumps(content))
    got, reading = read(home, "coco", skip_broken=True)
    assert list(got) == [key for key in KEYS if key not in ("a02", "a03")]
    assert [str(entry) for entry in reading.broken] == [f"{file}: image 3: two images have this id"]


def test_a_central_file_that_is_broken_is_an_error(whole) -> None:
    home = whole("coco annotations")
    file = file_of(home, "instances_*.json")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(FormatError, match="not valid JSON"):
        formats.read(home, "coco", skip_broken=True)


# -- what the table has no place for --------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["seg", "image"])
def test_dicom_files(tmp_path, what) -> None:
    """A file that is not readable DICOM, and the images that were drawn on and are not there without it."""
    pytest.importorskip("highdicom")
    import read_only_sets

    for number in range(3):
        read_only_sets.dicom_seg(tmp_path / f"s{number}")
    file = tmp_path / "s1" / ("seg.dcm" if what == "seg" else "1.dcm")
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(FormatError, match=r"dcm: not readable DICOM[^\n]+\n(.*\n)*.*--skip-broken"):
        read(tmp_path, "dicom-seg")
    got, reading = read(tmp_path, "dicom-seg", skip_broken=True)
    assert list(got) == ["s0/1", "s2/1"]
    assert reading.broken[0].file == str(file)
    others = [f"{tmp_path / 's1' / 'seg.dcm'}"] if what == "image" else []
    assert [entry.file for entry in reading.broken[1:]] == others


def test_objects_behind_a_broken_one_of_an_xml_keep_what_is_said_of_them(whole) -> None:
    """The PNG numbers objects in the order of the XML, broken ones among them."""
    home = whole("voc PNGs")
    file = file_of(home, "Annotations/a04.xml")
    tree = ET.parse(file)
    first, second = tree.getroot().findall("object")
    first.find("bndbox/xmin").text = "left"
    second.find("pose").text = "Left"
    tree.write(file)
    got, reading = read(home, "voc", skip_broken=True)
    assert [row.get("pose") for row in got["a04"].segments.attributes] == [None, "Left"]
    assert [(entry.file, entry.record) for entry in reading.broken] == [(str(file), "object 1")]


def test_an_annotation_without_an_image_is_of_none_that_is_called_so(whole) -> None:
    home = whole("coco annotations")
    file = file_of(home, "instances_*.json")
    content = json.loads(file.read_text())
    for image in content["images"]:
        image["id"] = "None" if image["id"] == 1 else f"image {image['id']}"
    for row in content["annotations"]:
        row["image_id"] = "None" if row["image_id"] == 1 else f"image {row['image_id']}"
    del content["annotations"][-1]["image_id"]
    file.write_text(json.dumps(content))
    got, reading = read(home, "coco", skip_broken=True)
    assert [len(sample.segments) for sample in got.values()] == [*[2] * 13, 1]
    assert [entry.reason for entry in reading.broken] == ["lacks its image_id"]


def test_a_track_with_a_broken_keyframe_is_left_out_whole(tmp_path) -> None:
    """Without the keyframe it would go another way."""

    def track(number: int, right: str) -> str:
        boxes = "".join(
            f'<box frame="{frame}" outside="0" keyframe="1" xtl="1" ytl="{3 * number}" xbr="{edge}" ybr="{3 * number + 2}"/>'
            for frame, edge in ((0, 5), (2, right), (4, 20))
        )
        return f'<track id="{number}" label="cat">{boxes}</track>'

    tracks = "".join(track(number, "far" if number in (1, 3) else "12") for number in range(5))
    head = "<meta><task><size>5</size><original_size><width>30</width><height>20</height></original_size></task></meta>"
    (tmp_path / "annotations.xml").write_text(f"<annotations>{head}{tracks}</annotations>")
    got, reading = read(tmp_path, "cvat", skip_broken=True)
    assert [len(sample.segments) for sample in got.values()] == [3] * 5
    assert {row["track"] for sample in got.values() for row in sample.segments.attributes} == {0, 2, 4}
    assert [entry.record for entry in reading.broken] == ["track 1 box 1", "track 3 box 1"]
    with pytest.raises(FormatError, match="track 1 box 1") as caught:
        read(tmp_path, "cvat")
    assert caught.value.others[0] == "2 records cannot be read, this one and:"


def test_frames_of_masklets(tmp_path) -> None:
    mask = np.zeros((1, *SIZE), bool)
    mask[0, 4:9, 5:15] = True
    counts = Masks.encode(mask).compressed()[0].decode()
    rows = [[{"counts": 5 if number == 2 else counts, "size": list(SIZE)}] for number in range(4)]
    about = {"video_id": "sav_1", "video_height": SIZE[0], "video_width": SIZE[1], "masklet_id": [0], "masklet": rows}
    (tmp_path / "sav_1_manual.json").write_text(json.dumps(about))
    (tmp_path / "sav_2_manual.json").write_text(json.dumps({**about, "video_height": "tall"}))
    got, reading = read(tmp_path, "segment-anything", skip_broken=True)
    assert list(got) == [f"sav_1_manual/{frame:05d}" for frame in (0, 4, 12)]
    assert [(Path(entry.file or "").name, entry.record) for entry in reading.broken] == [
        ("sav_1_manual.json", "masklet 2"), ("sav_2_manual.json", None)
    ]  # fmt: skip


def test_rows_of_a_csv_of_vias(whole) -> None:
    home = whole("via regions")
    content = json.loads(file_of(home, "via_region_data.json").read_text())
    with open(home / "via.csv", "w", newline="") as opened:
        table = csv.writer(opened)
        columns = ("filename", "file_size", "file_attributes", "region_count", "region_id")
        table.writerow([*columns, "region_shape_attributes", "region_attributes"])
        for entry in content.values():
            for number, row in enumerate(entry["regions"]):
                shape = json.dumps(row["shape_attributes"])
                shape = "{" if entry["filename"].startswith("a03") and not number else shape
                attributes = json.dumps(row["region_attributes"])
                table.writerow([entry["filename"], entry["size"], "{}", 2, number, shape, attributes])
    got, reading = read(home / "via.csv", "via", skip_broken=True)
    assert [len(sample.segments) for sample in got.values()] == [2, 2, 2, 1, *[2] * 10]
    assert [entry.record for entry in reading.broken] == ["row 7"]
    with pytest.raises(FormatError, match=r"row 7: is not JSON"):
        read(home / "via.csv", "via")


def test_parts_and_names_of_ade_break_alone(whole) -> None:
    """Objects stay where the PNG of their parts is broken, and a class has a number where its names are."""
    home = whole("ade20k objects")
    file_of(home, "*a03_parts_1.png").write_bytes(b"nothing")
    (home / "ADE_train_a05.json").write_text("{")
    good, _ = read(whole("ade20k objects"), "ade20k")
    got, reading = read(home, "ade20k", skip_broken=True)
    assert list(got) == list(good)
    assert [len(sample.segments) for sample in got.values()] == [2, 2, 2, 1, *[2] * 10]
    assert got["ADE_train_a03"].segments.masks == good["ADE_train_a03"].segments.masks[:1]
    assert [Path(entry.file or "").name for entry in reading.broken] == [
        "ADE_train_a05.json",
        "ADE_train_a03_parts_1.png",
    ]
    with pytest.raises(FormatError, match=r"a05.json: (.|\n)*--skip-broken"):
        read(home, "ade20k")


def test_a_volume_without_objects_is_left_of_two(tmp_path) -> None:
    """A broken volume is an image that is gone, and not an object of one that came."""
    nibabel = pytest.importorskip("nibabel")
    for name in ("imagesTr", "labelsTr"):
        (tmp_path / name).mkdir()
        for case in "ab":
            end = "_0000" if name == "imagesTr" else ""
            values = np.zeros((5, 4, 3), np.uint8)
            nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / name / f"{case}{end}.nii.gz")
    (tmp_path / "labelsTr" / "a.nii.gz").write_bytes(b"nothing")
    got, reading = read(tmp_path, "nifti", skip_broken=True)
    assert (list(got), len(reading.broken)) == (["b/0000", "b/0001", "b/0002"], 1)


def _photos_of_coco(home: Path) -> list[Path]:
    """A COCO set of JPEGs, as cameras make them."""
    files = []
    (file,) = home.rglob("instances_*.json")
    content = json.loads(file.read_text())
    for image in content["images"]:
        place = file_of(home, f"{Path(image['file_name']).name}")
        grain = np.random.default_rng(image["id"]).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
        files.append(place.with_suffix(".jpg"))
        Image.fromarray(grain).save(files[-1], quality=95)
        place.unlink()
        image["file_name"] = image["file_name"].replace(".png", ".jpg")
    file.write_text(json.dumps(content))
    return files


@pytest.mark.parametrize("how", ["cut", "noise", "middle"])
def test_images_that_cannot_be_read_whole_are_left_out_with_their_labels(how, whole) -> None:
    """Though the labels alone state their size; without the option a finding says which, of those cut at the end."""
    home = whole("coco annotations")
    if how == "middle":
        damaged = [file_of(home, f"{key}.png") for key in ("a03", "a05")]
        for file in damaged:
            content = bytearray(file.read_bytes())
            content[content.index(b"IDAT") + 8] ^= 0xFF
            file.write_bytes(bytes(content))
    else:
        photos = _photos_of_coco(home)
        damaged = [file for file in photos if file.stem in ("a03", "a05")]
        for file in damaged:
            file.write_bytes(file.read_bytes()[:-600] if how == "cut" else b"no image at all")
    got, reading = read(home, "coco")
    assert len(got) == len(KEYS)
    kinds = {finding.kind: finding for finding in reading.findings}
    found = {"cut": "images cut short", "noise": "images unreadable", "middle": None}[how]
    assert found is None or kinds[found].number == 2
    assert how != "cut" or "leave them out with --skip-broken" in kinds[found].text
    got, reading = read(home, "coco", skip_broken=True)
    assert list(got) == [key for key in KEYS if key not in ("a03", "a05")]
    assert [Path(entry.file or "") for entry in reading.broken] == damaged
    assert all("the image cannot be read whole (" in entry.reason for entry in reading.broken)
    assert "images that are here were read whole, to find broken ones" in reading.notes
    assert not {"images cut short", "images unreadable"} & {finding.kind for finding in reading.findings}


def test_no_image_that_can_be_read_is_nothing_left(whole) -> None:
    home = whole("coco annotations")
    for file in _photos_of_coco(home):
        file.write_bytes(file.read_bytes()[:-600])
    with pytest.raises(FormatError, match="14 records cannot be read, and nothing is left"):
        read(home, "coco", skip_broken=True)


def test_cells_stay_where_their_tracks_are_broken(whole) -> None:
    home = whole("cell-tracking outlines")
    file_of(home, "man_track003.tif").write_bytes(b"nothing")
    tracks = file_of(home, "man_track.txt")
    tracks.write_text("1 0 13\n2 0 13 1\n")
    with pytest.raises(FormatError, match=r"man_track\.txt: line 1: (.|\n)*--skip-broken"):
        read(home, "cell-tracking")
    got, reading = read(home, "cell-tracking", skip_broken=True)
    assert [len(sample.segments) for sample in got.values()] == [2] * 14
    assert list(got["01/t003"].segments.attributes) == [{}, {}]
    assert list(got["01/t004"].segments.attributes) == [{"track": 1}, {"track": 2, "parent": 1}]
    places = [(Path(entry.file or "").name, entry.record) for entry in reading.broken]
    assert places == [("man_track.txt", "line 1"), ("man_track003.tif", None)]


def test_a_part_breaks_without_its_object(whole) -> None:
    """Of Pascal Parts: a part that is no structure, and one of another size than the image."""
    home = whole("pascal-parts objects")
    cat, dog = (np.ones(SIZE, bool), np.ones((5, 5), bool))
    sets_of_two.put_objects(home / "Annotations_Part" / "a03.mat", [(8, "cat"), (12, "dog")], [cat, dog])
    got, reading = read(home, "pascal-parts", skip_broken=True)
    assert [len(sample.segments) for sample in got.values()] == [2, 2, 2, 1, *[2] * 10]
    assert [(Path(entry.file or "").name, entry.record) for entry in reading.broken] == [("a03.mat", "object 2")]
    assert "5 x 5" in reading.broken[0].reason


def test_a_fold_that_is_broken_leaves_the_others(whole) -> None:
    import shutil

    home = whole("pannuke channels")
    for name in ("images", "masks"):
        shutil.copytree(home / name / "fold1", home / name / "fold2")
    (home / "masks" / "fold2" / "masks.npy").write_bytes(b"nothing")
    assert formats.choose(home).format == "pannuke"
    got, reading = read(home, None, skip_broken=True)
    assert list(got) == [f"fold1/{number:04d}" for number in range(14)]
    assert [Path(entry.file or "").relative_to(home).as_posix() for entry in reading.broken] == [
        "masks/fold2/masks.npy"
    ]


def test_labels_that_are_all_broken_are_named_ten_at_once(whole) -> None:
    home = whole("label-map of others")
    CASES["label-map of others"].breaks(home, KEYS)
    with pytest.raises(FormatError, match="10 or more records cannot be read"):
        read(home, "label-map")
    with pytest.raises(FormatError, match="14 records cannot be read, and nothing is left"):
        read(home, "label-map", skip_broken=True)


def test_a_missing_image_is_not_the_png_of_its_segments(whole) -> None:
    home = whole("coco-panoptic PNGs")
    file_of(home, "images/a03.png").unlink()
    got, reading = read(home, "coco-panoptic")
    assert got["a03"].image.uri == str(home / "images" / "a03.png")
    assert [finding.kind for finding in reading.findings] == ["images missing"]


@pytest.mark.parametrize(
    "name", ["coco images", "coco-panoptic images", "datumaro items", "via images", "label-studio tasks"]
)
def test_a_record_of_other_bytes_breaks_alone(name, whole) -> None:
    """A name in Latin-1 among names in UTF-8."""
    home = whole(name)
    files = [file for file in home.rglob("*.json") if file.name != "maskwright.json" and b"a05" in file.read_bytes()]
    (file,) = files
    content = file.read_bytes()
    sign = {"datumaro items": b'"id": "a05', "label-studio tasks": b"a05"}.get(name, b'name": "a05')
    place = content.index(sign) + len(sign) - 3
    file.write_bytes(content[:place] + b"\xe405" + content[place + 3 :])
    got, reading = read(home, CASES[name].format, skip_broken=True)
    assert len(got) == len(KEYS) - 1
    assert len(reading.broken) >= 1
    assert "utf-8" in reading.broken[0].reason


# -- the command line ---------------------------------------------------------------------------------------------


def called(capsys, *words: Any, code: int = 0) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in words])
    assert stopped.value.code == code
    told = capsys.readouterr()
    return told.err if code else told.out


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture
def bad(whole) -> Path:
    """Twelve images whose first line cannot be read."""
    home = whole("yolo lines")
    CASES["yolo lines"].breaks(home, KEYS[1:13])
    return home


def test_an_import_leaves_them_out_and_lists_them(bad, tmp_path, capsys) -> None:
    words = ("import", bad, tmp_path / "set")
    told = called(capsys, *words, code=1)
    assert "10 or more records cannot be read" in told
    assert told.rstrip().endswith("Leave such records out with --skip-broken.")
    assert not (tmp_path / "set").exists()
    told = called(capsys, *words, "--skip-broken")
    assert "left out, because they cannot be read: 12\n" in told
    assert told.count(": line 1: '0 0.5 half") == 5
    file = tmp_path / "set.2.broken.jsonl"
    assert f"  and 7 more\n  the whole list is in {file}\n" in told
    assert "imported 14 samples with 16 segments" in told
    assert [row["record"] for row in lines_of(file)] == ["line 1"] * 12
    assert [Path(row["file"]).stem for row in lines_of(file)] == KEYS[1:13]


def test_an_import_lists_them_where_it_is_told(bad, tmp_path, capsys) -> None:
    words = ("import", bad, tmp_path / "set", "--skip-broken", "--broken-list")
    result = json.loads(called(capsys, *words, tmp_path / "list.jsonl", "--json"))
    assert lines_of(tmp_path / "list.jsonl") == result["broken"]
    assert result["broken_list"] == str(tmp_path / "list.jsonl")
    assert (len(result["broken"]), result["samples"], result["segments"]) == (12, 14, 16)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.jsonl", "set"]
    assert "a file in a folder that is there" in called(capsys, *words, tmp_path / "nowhere" / "list", code=2)
    words = ("import", bad, tmp_path / "other", "--broken-list", tmp_path / "list")
    assert "without --skip-broken" in called(capsys, *words, code=2)
    assert not (tmp_path / "other").exists()


def test_an_import_of_a_good_set_writes_no_list(whole, tmp_path, capsys) -> None:
    told = called(capsys, "import", whole("yolo lines"), tmp_path / "set", "--skip-broken")
    assert "left out" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_an_import_of_nothing_but_broken_ones_fails(whole, tmp_path, capsys) -> None:
    home = whole("yolo texts")
    CASES["yolo texts"].breaks(home, KEYS)
    told = called(capsys, "import", home, tmp_path / "set", "--skip-broken", code=1)
    assert "14 records cannot be read, and nothing is left" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["via regions", "bitmaps masks", "label-map of others", "nifti labels", "images of images alone"]
)
def test_an_import_and_a_conversion_of_other_formats(name, whole, tmp_path, capsys) -> None:
    """Nothing is there of a call that fails; with the option the others are, and the list says which are not."""
    case, home = CASES[name], whole(name)
    case.breaks(home, KEYS[4:6])
    left = len(KEYS) - 2 * (not case.parts)
    calls = {
        "import": ("import", home, tmp_path / "import"),
        "convert": ("convert", home, tmp_path / "convert", "--to", "coco", "--allow-loss"),
    }
    for verb, words in calls.items():
        assert "2 records cannot be read, this one and:" in called(capsys, *words, code=1)
        assert list(tmp_path.iterdir()) == []
        listed = tmp_path / f"{verb}.jsonl"
        result = json.loads(called(capsys, *words, "--skip-broken", "--broken-list", listed, "--json"))
        assert (result["samples"], len(result["broken"])) == (left, 2)
        assert lines_of(listed) == result["broken"]
        assert all(
            key in row["file"] or key in (row["record"] or "")
            for key, row in zip(KEYS[4:6], result["broken"], strict=True)
        )
        for path in (listed, tmp_path / verb):
            path.rename(home.parent / f"{home.name}.{path.name}")


def test_a_conversion_leaves_them_out_and_lists_them(bad, tmp_path, capsys) -> None:
    words = ("convert", bad, tmp_path / "out", "--to", "coco", "--allow-loss")
    assert "10 or more records cannot be read" in called(capsys, *words, code=1)
    assert not (tmp_path / "out").exists()
    result = json.loads(called(capsys, *words, "--skip-broken", "--check", "--json"))
    assert result["broken_list"] == str(tmp_path / "out.broken.jsonl")
    assert lines_of(tmp_path / "out.broken.jsonl") == result["broken"]
    assert (len(result["broken"]), result["samples"]) == (12, 14)
    back = list(formats.read(tmp_path / "out").samples)
    assert [len(sample.segments) for sample in back] == [2, *[1] * 12, 2]
    told = called(capsys, *words, "--skip-broken", "--overwrite")
    assert "left out, because they cannot be read: 12\n" in told


def test_a_conversion_lists_what_cannot_be_written_too(whole, tmp_path, capsys) -> None:
    home = whole("coco annotations")
    CASES["coco annotations"].breaks(home, KEYS[:1])
    file_of(home, "images/**/a05.png").unlink()
    words = ("convert", home, tmp_path / "out", "--to", "yolo", "--allow-loss", "--skip-broken", "--json")
    result = json.loads(called(capsys, *words))
    assert ([row["key"] for row in result["set_aside"]], len(result["broken"])) == (["a05"], 1)
    first, second = lines_of(tmp_path / "out.broken.jsonl")
    assert first == result["broken"][0]
    assert second["record"] == "sample 'a05'"
