"""Small valid sets of everything that is read, and what becomes of them when one file is damaged.

A target is a set: its files, and the door it is read through.  A case is a target and a number; seed, target and number
give the damage.  `tried` damages, reads, puts the file back and says what happened.
"""

import json
import shutil
import tempfile
import traceback
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import read_only_sets
from damage import damaged
from PIL import Image

from maskwright import formats, media
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import MaskwrightError
from maskwright.store import Dataset, snapshot
from maskwright.store.transfer import import_samples

CLASSES = Classes(
    [
        Class(1, "cat", "thing", colour=(200, 30, 30)),
        Class(5, "dog", "thing"),
        Class(9, "grass", "stuff", colour=(0, 120, 0), extra={"supercategory": "plant"}),
        Class(0, "nothing", "stuff", "background"),
    ]
)


@dataclass(frozen=True)
class Target:
    """One set. files: content by path below its folder.  door: what reads it, given the folder and a generator."""

    name: str
    files: dict[str, bytes]
    door: Callable[[Path, np.random.Generator], None]


@dataclass(frozen=True)
class Outcome:
    """kind: read, clean, traceback or half; hangs and deaths are seen from outside.

    slips: the clean error was made at the family's door out of a TypeError, KeyError or the like.
    """

    kind: str
    text: str = ""
    slips: bool = False


def build(folder: Path, wanted: Callable[[str], bool] = lambda name: True) -> dict[str, Target]:
    """Targets by name, built below `folder`, which is not needed afterwards."""
    made: dict[str, Target] = {}
    for name, door, fill in _builders(folder):
        if not wanted(name):
            continue
        home = folder / name.replace(" ", "_")
        fill(home)
        files = {
            file.relative_to(home).as_posix(): file.read_bytes() for file in sorted(home.rglob("*")) if file.is_file()
        }
        made[name] = Target(name, files, door)
    return made


def laid(target: Target, home: Path) -> None:
    """The set whole and nothing else at `home`."""
    shutil.rmtree(home, ignore_errors=True)
    for name, content in target.files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)


def tried(target: Target, seed: int, number: int, home: Path) -> Outcome:
    """Damage one file of the set at `home`, read it, and look at what is left. `home` must be new or as `tried` left it."""
    random = np.random.default_rng([zlib.crc32(target.name.encode()), seed, number])
    if not home.exists():
        laid(target, home)
    names = list(target.files)
    # Files that describe the set are few and short, pictures many.
    weights = np.array([1.0 if name.endswith((".jpg", ".jpeg", ".png")) else 4.0 for name in names])
    name = names[int(random.choice(len(names), p=weights / weights.sum()))]
    (home / name).write_bytes(damaged(target.files[name], name, random))
    without_about = random.random() < 0.35 and name != formats._contract.ABOUT
    if without_about:
        (home / formats._contract.ABOUT).unlink(missing_ok=True)
    before = _listing(home)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.door(home, random)
        outcome = Outcome("read")
    except MaskwrightError as error:
        outcome = Outcome("clean", str(error), isinstance(error.__cause__, TypeError | LookupError | AttributeError))
    except HalfDoneError as error:
        outcome = Outcome("half", str(error))
    except Exception:  # noqa: BLE001 - what is looked for
        outcome = Outcome("traceback", traceback.format_exc())
    if target.name == "database":
        laid(target, home)
        return replace(outcome, text=f"{name}: {outcome.text}")
    left = _listing(home) - before
    if left and outcome.kind != "traceback":
        outcome = Outcome("half", f"left beside the labels: {sorted(left)[:3]}")
        laid(target, home)
    for each in (name, formats._contract.ABOUT):
        if each in target.files:
            (home / each).write_bytes(target.files[each])
    return replace(outcome, text=f"{name}: {outcome.text}")


class HalfDoneError(Exception):
    """A failed import left something behind."""


def _listing(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*")}


# -- doors ---------------------------------------------------------------------------------------------------


def _gone_through(samples: Iterator[Sample], random: np.random.Generator) -> None:
    for sample in samples:
        sample.segments.masks.areas()
        if "://" not in sample.image.uri and random.random() < 0.5:
            media.read(sample.image).display()


def format_door(format: str, path: str = ".") -> Callable[[Path, np.random.Generator], None]:
    """Read and looked at; recognised first; or imported, into a new dataset or one that stands."""

    def door(home: Path, random: np.random.Generator) -> None:
        way = random.random()
        place = home / path
        if way < 0.55:
            _gone_through(formats.read(place, format).samples, random)
        elif way < 0.7:
            reading = formats.read(place)
            _gone_through(reading.samples, random)
        else:
            _import(place, format, into_new=way < 0.9)

    return door


def _import(place: Path, format: str, *, into_new: bool) -> None:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        target = folder / "made" / "dataset"
        if not into_new:
            target.parent.mkdir()
            Dataset.create(target).close()
        before = _listing(folder)
        try:
            reading = formats.read(place, format)
            import_samples(target, reading.classes, reading.samples, "import")
        except BaseException:
            _nothing_left(folder, target, before, into_new=into_new)
            raise
        with Dataset.open(target) as dataset:
            _gone_through(iter(dataset), np.random.default_rng(0))


def _nothing_left(folder: Path, target: Path, before: set[str], *, into_new: bool) -> None:
    # The lock files of SQLite stay where a dataset stays open; the folders above the dataset are not its business.
    left = {path for path in _listing(folder) - before if not path.endswith(("-wal", "-shm"))} - {"made"}
    if left:
        raise HalfDoneError(f"a failed import left {sorted(left)[:3]}")
    if not into_new:
        with Dataset.open(target) as dataset:
            if dataset.revision != 1 or len(dataset) or len(dataset.classes):
                raise HalfDoneError(f"a failed import left revision {dataset.revision} with {len(dataset)} samples")


def _snapshot_door(home: Path, random: np.random.Generator) -> None:
    classes, samples = snapshot.read(home / "view.parquet")
    if random.random() < 0.6:
        _gone_through(samples, random)
        return
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "made" / "dataset"
        try:
            import_samples(target, classes, samples, "import")
        except BaseException:
            _nothing_left(Path(folder), target, set(), into_new=True)
            raise


def _model_door(home: Path, random: np.random.Generator) -> None:
    from maskwright.predict import Predictor
    from maskwright.weights import read_weights

    file = next(path for path in home.iterdir() if path.is_file())
    if file.suffix == ".pth" or random.random() < 0.2:
        read_weights(file)
        return
    predictor = Predictor.load(file, device="cpu")
    predictor.predict(np.zeros((32, 40, 3), np.uint8))


def _database_door(home: Path, random: np.random.Generator) -> None:
    with Dataset.open(home) as dataset:
        list(dataset)
        dataset.log()
        len(dataset.where("area > 3"))


# -- sets ----------------------------------------------------------------------------------------------------


def samples(folder: Path) -> list[Sample]:
    """Three pictures: overlapping things and a hole; nothing; one object in a folder of its own."""
    random = np.random.default_rng(7)
    out = []
    for key, size, number in (("a", (24, 33), 3), ("b", (17, 20), 0), ("sub/größe", (21, 30), 2)):
        file = folder / f"{key}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (*size, 3), dtype=np.uint8)).save(file)
        dense = np.zeros((number, *size), bool)
        for k in range(number):
            dense[k, 2 + 3 * k : 12 + 3 * k, 3 + 2 * k : 15 + 2 * k] = True
            dense[k, 5 + 3 * k : 8 + 3 * k, 6 + 2 * k : 9 + 2 * k] = k == 1
        segments = Segments(
            Masks.encode(dense) if number else Masks.empty(size), [1, 9, 5][:number], ids=[3, 7, 2][:number],
            scores=[0.5, np.nan, 0.25][:number], is_crowd=[False, False, True][:number],
            attributes=[{"occluded": True, "note": "é"}, {}, {"n": 5}][:number], source=["human", "model", "import"][:number],
        )  # fmt: skip
        fields = {"sun": [1, {"é": None}]}
        out.append(Sample(key, ImageRef(str(file), size), segments, "train" if key == "a" else "val", 0.5, fields))
    return out


def _builders(folder: Path) -> Iterator[tuple[str, Any, Callable[[Path], None]]]:
    held = samples(folder / "pictures")
    for name in formats.writers():

        def write(home: Path, name: str = name) -> None:
            formats.write(held, CLASSES, home, name, allow_loss=True)

        yield name, format_door(name), write
    for name, fill in read_only_sets.BUILDERS.items():
        yield name, format_door(name), fill
    for variant, fill in _VARIANTS.items():
        yield variant, format_door(variant.split(" ")[0]), fill

    def view(home: Path) -> None:
        home.mkdir()
        _database(folder / "for_view", held)
        with Dataset.open(folder / "for_view") as dataset:
            snapshot.write(dataset, home / "view.parquet")

    yield "snapshot", _snapshot_door, view
    yield "database", _database_door, lambda home: _database(home, held)
    yield "safetensors", _model_door, lambda home: _model(home / "m.safetensors")
    yield "pth", _model_door, _pickled
    yield "onnx", _model_door, _onnx


def _database(home: Path, held: list[Sample]) -> None:
    import_samples(home, CLASSES, held, "import", author="me")
    for end in ("-wal", "-shm"):
        (home / f"maskwright.db{end}").unlink(missing_ok=True)


def _model(file: Path) -> None:
    import torch

    from maskwright import models
    from maskwright.predict import checkpoint

    torch.manual_seed(0)
    file.parent.mkdir(exist_ok=True, parents=True)
    network = models.build("lite", CLASSES.num_classes)
    checkpoint.save(network, checkpoint.ModelInfo("lite", CLASSES.to_json()), file)


def _pickled(home: Path) -> None:
    import torch

    home.mkdir()
    torch.manual_seed(0)
    torch.save(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).state_dict(), home / "m.pth")


def _onnx(home: Path) -> None:
    from maskwright import registry
    from maskwright.predict import checkpoint

    _model(home.parent / "for_onnx.safetensors")
    home.mkdir()
    network, info = checkpoint.load(home.parent / "for_onnx.safetensors")
    registry.load("predict.exported", "onnx").export(network, info, home / "m.onnx")


def _picture(home: Path, name: str, size: tuple[int, int] = (20, 30)) -> None:
    file = home / name
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), 90, np.uint8)).save(file)


def _put(home: Path, name: str, content: Any) -> None:
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_text(content if isinstance(content, str) else json.dumps(content))


_RING = [[2.0, 3.0], [12.0, 3.5], [9.0, 14.0]]


def _labelme(home: Path) -> None:
    _picture(home, "x.png")
    kinds = {"polygon": _RING, "circle": [[9, 9], [12, 9]], "rectangle": [[2, 2], [8, 9]], "point": [[1, 1]]}
    rows = [
        {"label": kind[0], "points": points, "shape_type": kind, "group_id": None} for kind, points in kinds.items()
    ]
    _put(home, "x.json", {"shapes": rows, "imagePath": "x.png", "imageHeight": 20, "imageWidth": 30, "flags": {}})


def _label_studio(home: Path) -> None:
    _picture(home, "x.png")
    values: list[dict[str, Any]] = [
        {"points": _RING, "polygonlabels": ["a"]},
        {"x": 10, "y": 10, "width": 30, "height": 20, "rotation": 15, "rectanglelabels": ["b"]},
        {"x": 40, "y": 40, "radiusX": 20, "radiusY": 10, "rotation": 0, "ellipselabels": ["b"]},
        {"choices": ["x"]},
    ]
    result = [{"original_width": 30, "original_height": 20, "value": value, "score": 0.5} for value in values]
    tasks = [
        {"id": 5, "data": {"image": "/data/upload/1/x.png"}, "annotations": [{"result": result}], "predictions": []}
    ]
    _put(home, "tasks.json", tasks)


def _via(home: Path) -> None:
    _picture(home, "x.png")
    shapes: list[dict[str, Any]] = [
        {"name": "polygon", "all_points_x": [1, 9, 5], "all_points_y": [1, 2, 9]},
        {"name": "rect", "x": 2, "y": 3, "width": 5, "height": 6},
        {"name": "circle", "cx": 9, "cy": 9, "r": 4},
        {"name": "ellipse", "cx": 9, "cy": 9, "rx": 4, "ry": 3, "theta": 0.2},
        {"name": "point", "cx": 1, "cy": 1},
    ]
    regions = [{"shape_attributes": shape, "region_attributes": {"class": shape["name"][0]}} for shape in shapes]
    entry = {"filename": "x.png", "size": 9, "regions": regions, "file_attributes": {}}
    _put(home, "via_project.json", {"_via_img_metadata": {"x.png9": entry}, "_via_settings": {}})


def _cvat(home: Path) -> None:
    _picture(home, "images/x.png")
    _put(
        home, "annotations.xml",
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version><meta><task><labels><label><name>a</name>'
        '<color>#102030</color></label></labels></task></meta><image id="0" name="x.png" width="30" height="20" subset="train">'
        '<polygon label="a" points="2,3;12,3.5;9,14" z_order="0"/><box label="a" xtl="1" ytl="2" xbr="9" ybr="8" rotation="12"/>'
        '<ellipse label="a" cx="9" cy="9" rx="4" ry="3"/><polyline label="a" points="1,1;2,2"/>'
        '<mask label="a" rle="2, 3, 1" left="1" top="2" width="3" height="2" z_order="3"><attribute name="k">5</attribute></mask>'
        "</image></annotations>",
    )  # fmt: skip


def _datumaro(home: Path) -> None:
    _picture(home, "images/train/x.png")
    rows: list[dict[str, Any]] = [
        {
            "id": 1,
            "type": "polygon",
            "points": [2, 3, 12, 3, 9, 14],
            "group": 2,
            "label_id": 0,
            "z_order": 1,
            "attributes": {},
        },
        {"id": 2, "type": "bbox", "bbox": [1, 2, 5, 6], "group": 0, "label_id": 1, "attributes": {"score": 0.5}},
        {"id": 3, "type": "mask", "rle": {"counts": [300, 100, 200], "size": [20, 30]}, "label_id": 1},
        {"id": 4, "type": "caption", "caption": "x"},
    ]
    item = {"id": "x", "annotations": rows, "image": {"path": "x.png", "size": [20, 30]}}
    categories = {"label": {"labels": [{"name": "a"}, {"name": "b"}]}}
    _put(home, "annotations/train.json", {"categories": categories, "items": [item]})


def _supervisely(home: Path) -> None:
    _picture(home, "train/img/x.png")
    rows = [
        {
            "id": 1,
            "classTitle": "a",
            "geometryType": "polygon",
            "points": {"exterior": _RING, "interior": []},
            "tags": [],
        },
        {
            "id": 2,
            "classTitle": "b",
            "geometryType": "rectangle",
            "points": {"exterior": [[1, 2], [5, 6]], "interior": []},
        },
        {"id": 3, "classTitle": "b", "geometryType": "line", "points": {"exterior": [[1, 2], [5, 6]]}},
    ]
    _put(home, "train/ann/x.png.json", {"size": {"height": 20, "width": 30}, "objects": rows})
    _put(home, "meta.json", {"classes": [{"title": "a", "color": "#102030"}, {"title": "b"}], "tags": []})


def _cityscapes(home: Path) -> None:
    _picture(home, "leftImg8bit/train/x/x_0_leftImg8bit.png")
    rows = [
        {"label": "road", "polygon": _RING},
        {"label": "cargroup", "polygon": _RING},
        {"label": "car", "polygon": _RING},
    ]
    _put(home, "gtFine/train/x/x_0_gtFine_polygons.json", {"imgHeight": 20, "imgWidth": 30, "objects": rows})


def _yolo(home: Path) -> None:
    _picture(home, "images/train/x.png")
    _put(home, "labels/train/x.txt", "0 0.5 0.5 0.2 0.3\n1 0.1 0.1 0.5 0.2 0.3 0.6\n")
    _put(home, "data.yaml", "path: .\ntrain: images/train\nval:\n- images/train\nnames:\n  0: a\n  1: b\nnc: 2\n")


def _coco(home: Path) -> None:
    _picture(home, "images/x.png")
    rows: list[dict[str, Any]] = [
        {"id": 1, "image_id": 4, "category_id": 2, "segmentation": [[2, 3, 12, 3, 9, 14]], "area": 50.5, "iscrowd": 0},
        {
            "id": 2,
            "image_id": 4,
            "category_id": 2,
            "segmentation": {"counts": [300, 100, 200], "size": [20, 30]},
            "iscrowd": 1,
        },
        {"id": 3, "image_id": 4, "category_id": 3, "bbox": [1, 2, 5.5, 6], "score": 0.5, "attributes": {"x": 1}},
    ]
    categories = [
        {"id": 2, "name": "a", "supercategory": "s"},
        {"id": 3, "name": "b", "color": [1, 2, 3], "isthing": 0},
    ]
    image = {"id": 4, "file_name": "x.png", "height": 20, "width": 30, "license": 1}
    _put(home, "annotations/instances_train.json", {"images": [image], "annotations": rows, "categories": categories})


def _arrays(home: Path) -> None:
    """Label maps as arrays, with a YAML file that names folders and classes."""
    _picture(home, "images/train/x.png")
    _picture(home, "images/train/y.png")
    labels = np.zeros((20, 30), np.int64)
    labels[4:9, 5:15] = 1
    (home / "masks" / "train").mkdir(parents=True)
    np.save(home / "masks" / "train" / "x.npy", labels)
    np.savez(home / "masks" / "train" / "y.npz", labels=labels)
    _put(home, "data.yaml", "path: .\ntrain: images/train\nmasks_dir: masks\nnames: {0: a, 1: b}\n")


def _colours(home: Path) -> None:
    _picture(home, "images/x.png")
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[4:9] = (64, 0, 128)
    (home / "labels").mkdir()
    Image.fromarray(pixels).save(home / "labels" / "x.png")
    _put(home, "label_colors.txt", "0 0 0 none\n64 0 128 car\n")


def _objects(home: Path) -> None:
    _picture(home, "x.png")
    labels = np.zeros((20, 30), np.uint16)
    labels[4:9, 5:15] = 300
    np.save(home / "x_masks.npy", labels)


def _pages(home: Path) -> None:
    for name, layer in (("images", 50), ("labels", 1)):
        (home / name).mkdir(parents=True)
        values = np.zeros((3, 20, 30), np.uint8)
        values[:, 4:9] = layer
        np.save(home / name / "a.npy", values)


def _voc_boxes(home: Path) -> None:
    _picture(home, "JPEGImages/x.png")
    _put(
        home, "Annotations/x.xml",
        "<annotation><size><width>30</width><height>20</height><depth>3</depth></size><object><name>cat</name><difficult>1</difficult>"
        "<bndbox><xmin>2</xmin><ymin>3</ymin><xmax>9</xmax><ymax>8</ymax></bndbox></object></annotation>",
    )  # fmt: skip


def _video(home: Path) -> None:
    from read_only_sets import text

    mask = np.zeros((20, 30), bool)
    mask[4:9, 5:15] = True
    rows = [[{"counts": text(mask), "size": [20, 30]}]] * 2
    about = {"video_id": "sav_1", "video_height": 20, "video_width": 30, "masklet_id": [0], "masklet": rows}
    _put(home, "sav_1_manual.json", about)


def _results_csv(home: Path) -> None:
    _picture(home, "train/x.png")
    _put(home, "train.csv", "ImageId,EncodedPixels,ClassId\nx.png,1 3 25 4,a\nx.png,100 5,b\n")


_VARIANTS: dict[str, Callable[[Path], None]] = {
    "labelme shapes": _labelme, "label-studio shapes": _label_studio, "via shapes": _via, "cvat shapes": _cvat,
    "datumaro shapes": _datumaro, "supervisely shapes": _supervisely, "cityscapes polygons": _cityscapes, "yolo lines": _yolo,
    "coco polygons": _coco, "label-map arrays": _arrays, "label-map colours": _colours, "instance-map array": _objects,
    "stacks array": _pages, "voc boxes": _voc_boxes, "segment-anything video": _video, "rle-csv table": _results_csv,
}  # fmt: skip
