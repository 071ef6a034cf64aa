"""Pillow and NumPy: label images by value, and shapes as tools draw them with ImageDraw."""

import base64
import io
import json
import math
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from judging import Found, Objects, Truth, label_maps, main
from PIL import Image, ImageDraw


def values_of(file: Path) -> np.ndarray:
    """Numbers as they are stored, 0 and 1 where there are two."""
    with Image.open(file) as image:
        values = np.array(image)
    return values.astype(np.uint8) if values.dtype == bool else values


def known(folder: Path) -> dict[int, dict[str, Any]]:
    """Classes by id: of maskwright.json, or of the classes.json that the writers here put down, numbered from 1."""
    about = folder / "maskwright.json"
    if about.is_file():
        return {class_["id"]: class_ for class_ in json.loads(about.read_text())["classes"]}
    names = json.loads((folder / "classes.json").read_text())
    return {number: {"id": number, "name": name, "role": "class"} for number, name in enumerate(names, 1)}


def files_of(home: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    """Key and file below a folder. pattern: of the name, * being the key's last word."""
    _, ending = pattern.split("*")
    for file in sorted(home.rglob(pattern)):
        yield file.relative_to(home).as_posix().removesuffix(ending), file


def by_value(values: np.ndarray, names: dict[int, str]) -> Objects:
    """An object a value that has a name."""
    found = [(names[value], values == value) for value in np.unique(values).tolist() if value in names]
    return Objects.of(found, values.shape)


def read_label_map(folder: Path) -> Found:
    names = {number: class_["name"] for number, class_ in known(folder).items() if class_["role"] != "background"}
    for key, file in files_of(folder / "labels", "*.png"):
        yield key, by_value(values_of(file), names)


def voc_names(folder: Path) -> dict[int, str]:
    """Names by value: of labelmap.txt, whose colours are those of VOC's palette, or of the lines of class_names.txt."""
    labels = folder / "labelmap.txt"
    if not labels.is_file():
        return dict(enumerate((folder / "class_names.txt").read_text().splitlines()))
    values = {}
    for value in range(256):
        colour = [0, 0, 0]
        for place in range(8):
            for channel in range(3):
                colour[channel] |= (value >> (3 * place + channel) & 1) << (7 - place)
        values[",".join(map(str, colour))] = value
    rows = [line.split(":") for line in labels.read_text().splitlines() if not line.startswith("# label:")]
    return {values[row[1]]: row[0] for row in rows}


def read_voc(folder: Path) -> Found:
    """Objects of SegmentationObject, their class the one of SegmentationClass below them.

    255 in SegmentationClass is the border: nobody's, or the class to be ignored where maskwright.json has one.
    """
    names = voc_names(folder)
    about = known(folder).values() if (folder / "maskwright.json").is_file() else ()
    border = next((class_["name"] for class_ in about if class_["role"] == "ignore"), None)
    for key, file in files_of(folder / "SegmentationObject", "*.png"):
        objects, classes = values_of(file), values_of(folder / "SegmentationClass" / f"{key}.png")
        limit = 255 if objects.dtype == np.uint8 else 65535
        found = [
            (names[int(np.bincount(classes[objects == value]).argmax())], objects == value)
            for value in np.unique(objects).tolist()
            if 0 < value < limit
        ]
        if border is not None and (classes == 255).any():
            found.append((border, classes == 255))
        yield key, Objects.of(found, objects.shape)


def read_instance_map(folder: Path) -> Found:
    for key, file in files_of(folder, "*_masks.png"):
        values = values_of(file)
        yield key, by_value(values, {value: "object" for value in np.unique(values).tolist() if value})


def read_davis(folder: Path) -> Found:
    for key, file in files_of(folder / "Annotations" / "Full-Resolution", "*.png"):
        values = values_of(file)
        names = {value: "object" for value in np.unique(values).tolist() if value not in (0, 255)}
        yield key, by_value(values, names)


def read_youtube_vos(folder: Path) -> Found:
    for meta in sorted(folder.glob("*/meta.json")):
        videos = json.loads(meta.read_text())["videos"]
        for key, file in files_of(meta.parent / "Annotations", "*.png"):
            objects = videos[Path(key).parent.as_posix()]["objects"] if Path(key).parent.as_posix() in videos else {}
            yield key, by_value(values_of(file), {int(number): row["category"] for number, row in objects.items()})


def read_bitmaps(folder: Path) -> Found:
    """A bitmap an object, named number-id-class."""
    names = known(folder)
    for home in sorted(folder.rglob("masks")):
        image = next((home.parent / "images").iterdir())
        with Image.open(image) as opened:
            size = opened.size[::-1]
        files = sorted(home.glob("*.png"))
        found = [(names[int(file.stem.split("-", 2)[2])]["name"], values_of(file) > 0) for file in files]
        yield home.parent.relative_to(folder).as_posix(), Objects.of(found, size)


def read_panoptic(folder: Path) -> Found:
    """As panopticapi decodes: red + 256 green + 65536 blue."""
    for file in sorted((folder / "annotations").glob("panoptic_*.json")):
        content = json.loads(file.read_text())
        names = {row["id"]: row["name"] for row in content["categories"]}
        for row in content["annotations"]:
            colours = values_of(file.with_suffix("") / row["file_name"]).astype(np.int64)
            numbers = colours[..., 0] + 256 * colours[..., 1] + 256**2 * colours[..., 2]
            found = [(names[info["category_id"]], numbers == info["id"]) for info in row["segments_info"]]
            yield row["file_name"].removesuffix(".png"), Objects.of(found, numbers.shape)


def write_panoptic(truth: Truth, folder: Path) -> None:
    shutil.copytree(truth.images, folder / "images")
    home = folder / "annotations" / "panoptic_train"
    home.mkdir(parents=True)
    images, rows = [], []
    for key, image, objects in truth:
        numbers = np.zeros(objects.size, np.int64)
        for place, (_, mask) in enumerate(objects, 1):
            numbers[mask] = place * 1000 + 7
        infos = [
            {"id": place * 1000 + 7, "category_id": truth.classes.index(name) + 1, "iscrowd": 0,
             "area": int((numbers == place * 1000 + 7).sum()), "bbox": [0, 0, 1, 1]}
            for place, name in enumerate(objects.names, 1) if (numbers == place * 1000 + 7).any()
        ]  # fmt: skip
        colours = np.stack([numbers % 256, numbers // 256 % 256, numbers // 256**2], axis=2).astype(np.uint8)
        Image.fromarray(colours).save(home / f"{key}.png")
        images.append(
            {"id": len(images) + 1, "file_name": image.name, "height": objects.size[0], "width": objects.size[1]}
        )
        rows.append({"image_id": len(images), "file_name": f"{key}.png", "segments_info": infos})
    categories = [{"id": number, "name": name, "isthing": 1} for number, name in enumerate(truth.classes, 1)]
    content = {"images": images, "annotations": rows, "categories": categories}
    (folder / "annotations/panoptic_train.json").write_text(json.dumps(content))


def write_label_map(truth: Truth, folder: Path) -> None:
    """Indexed PNGs, 0 for what is not labelled."""
    for key, values in label_maps(truth, folder):
        label = Image.fromarray(values)
        label.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0, 0, 0, 200])
        label.save(folder / f"labels/{key}.png")


def write_voc(truth: Truth, folder: Path) -> None:
    """SegmentationClass and SegmentationObject as the development kit has them, without a border."""
    for home in ("JPEGImages", "SegmentationClass", "SegmentationObject", "ImageSets/Segmentation"):
        (folder / home).mkdir(parents=True)
    (folder / "class_names.txt").write_text("\n".join(["_background_", *truth.classes]) + "\n")
    keys = []
    for key, image, objects in truth:
        shutil.copy(image, folder / "JPEGImages")
        classes, numbers = np.zeros(objects.size, np.uint8), np.zeros(objects.size, np.uint8)
        for place, (name, mask) in enumerate(objects, 1):
            classes[mask], numbers[mask] = truth.classes.index(name) + 1, place
        for home, values in (("SegmentationClass", classes), ("SegmentationObject", numbers)):
            label = Image.fromarray(values)
            label.putpalette([channel for value in range(256) for channel in (value, 255 - value, value * 7 % 256)])
            label.save(folder / home / f"{key}.png")
        keys.append(f"{key}\n")
    (folder / "ImageSets/Segmentation/train.txt").write_text("".join(keys))


def drawn(shape: dict[str, Any], size: tuple[int, int]) -> np.ndarray:
    """A shape of Labelme's, by the calls of its shape_to_mask; a mask lies between its two points, both included."""
    points = [tuple(point) for point in shape["points"]]
    kind = shape.get("shape_type") or "polygon"
    out = Image.new("L", size[::-1])
    draw = ImageDraw.Draw(out)
    if kind == "mask":
        with Image.open(io.BytesIO(base64.b64decode(shape["mask"]))) as opened:
            content = np.array(opened).astype(bool)
        mask = np.zeros(size, bool)
        (left, top), (right, bottom) = np.array(points).astype(int)
        mask[top : bottom + 1, left : right + 1] = content
        return mask
    if kind == "circle":
        (x, y), (other_x, other_y) = points
        radius = math.hypot(x - other_x, y - other_y)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=1, fill=1)
    elif kind == "rectangle" and len(points) == 2:
        (x0, y0), (x1, y1) = points
        draw.rectangle((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), outline=1, fill=1)
    else:
        draw.polygon(points, outline=1, fill=1)
    return np.array(out).astype(bool)


def read_labelme(folder: Path) -> Found:
    """Shapes of one label and group_id are one object; shapes without an area are passed over."""
    for file in sorted(folder.rglob("*.json")):
        content = json.loads(file.read_text())
        if "shapes" not in content:
            continue
        size = (content["imageHeight"], content["imageWidth"])
        objects: dict[Any, np.ndarray] = {}
        for place, shape in enumerate(content["shapes"]):
            if shape.get("shape_type") in ("point", "line", "linestrip", "points"):
                continue
            group = shape.get("group_id")
            name = (shape["label"], ("alone", place) if group is None else group)
            mask = drawn(shape, size)
            objects[name] = objects[name] | mask if name in objects else mask
        found = [(name, mask) for (name, _), mask in objects.items()]
        yield file.relative_to(folder).with_suffix("").as_posix(), Objects.of(found, size)


def rings(mask: np.ndarray) -> list[np.ndarray]:
    """Outer contours through pixels, at least three points each."""
    import cv2

    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [ring.reshape(-1, 2) for ring in found if len(ring) >= 3]


def write_labelme(truth: Truth, folder: Path) -> None:
    """As scripts make Labelme files: outer contours as polygons, parts of one object in a group; others as masks."""
    for key, image, objects in truth:
        shutil.copy(image, folder)
        shapes = []
        for place, (name, mask) in enumerate(objects, 1):
            found = rings(mask)
            row = {"label": name, "group_id": place, "flags": {}, "description": ""}
            shapes += [{**row, "points": ring.tolist(), "shape_type": "polygon", "mask": None} for ring in found]
            if not found:
                rows, columns = np.nonzero(mask)
                left, top, right, bottom = columns.min(), rows.min(), columns.max(), rows.max()
                png = io.BytesIO()
                Image.fromarray(mask[top : bottom + 1, left : right + 1].astype(np.uint8)).save(png, "PNG")
                points = [[float(left), float(top)], [float(right), float(bottom)]]
                coded = base64.b64encode(png.getvalue()).decode()
                shapes.append({**row, "points": points, "shape_type": "mask", "mask": coded})
        content = {
            "version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": image.name, "imageData": None,
            "imageHeight": objects.size[0], "imageWidth": objects.size[1],
        }  # fmt: skip
        (folder / f"{key}.json").write_text(json.dumps(content))


def read_supervisely(folder: Path) -> Found:
    """Bitmaps laid at their origin, what is not 0 is in; polygons are drawn through pixels, holes cut out."""
    about = folder / "maskwright.json"
    listed = json.loads(about.read_text())["splits"] if about.is_file() else {}
    for place, file in files_of(folder, "ann/*.json"):
        *homes, name = place.split("/")
        loose = ("datasets", "ds0", "train", "val", "test")
        whole = "/".join([*(home for home in homes[:-1] if home != "datasets"), name])
        key = "/".join([*(home for home in homes[:-1] if home not in loose), name])
        key = whole if str(Path(whole).with_suffix("")) in listed else key
        content = json.loads(file.read_text())
        size = (content["size"]["height"], content["size"]["width"])
        found = []
        for row in content["objects"]:
            mask = np.zeros(size, bool)
            if row["geometryType"] == "bitmap":
                with Image.open(io.BytesIO(zlib.decompress(base64.b64decode(row["bitmap"]["data"])))) as opened:
                    values = np.array(opened)
                inner = (values[..., -1] if values.ndim == 3 else values) > 0
                left, top = row["bitmap"]["origin"]
                mask[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
            else:
                import cv2

                canvas = np.zeros(size, np.uint8)
                cv2.fillPoly(canvas, [np.round(row["points"]["exterior"]).astype(np.int32)], 1)
                for hole in row["points"]["interior"]:
                    cv2.fillPoly(canvas, [np.round(hole).astype(np.int32)], 0)
                mask = canvas.astype(bool)
            found.append((row["classTitle"], mask))
        yield str(Path(key).with_suffix("")), Objects.of(found, size)


def read_cityscapes(folder: Path) -> Found:
    """instanceIds: label * 1000 + number where the label has instances, else the label."""
    about = json.loads((folder / "maskwright.json").read_text())
    own = {class_id: int(value) for value, class_id in about["values"].items()}
    names = {own[class_id]: class_ for class_id, class_ in known(folder).items()}
    for split in sorted((folder / "gtFine").iterdir()):
        for key, file in files_of(split, "*_gtFine_instanceIds.png"):
            values = values_of(file)
            labels = {value: value // 1000 if value >= 1000 else value for value in np.unique(values).tolist()}
            called = {
                value: names[label]["name"] for value, label in labels.items()
                if label != about.get("unlabelled") and label in names and names[label]["role"] != "background"
            }  # fmt: skip
            yield key, by_value(values, called)


READS = {
    "bitmaps": read_bitmaps, "cityscapes": read_cityscapes, "coco-panoptic": read_panoptic, "davis": read_davis,
    "instance-map": read_instance_map, "label-map": read_label_map, "labelme": read_labelme,
    "supervisely": read_supervisely, "voc": read_voc, "youtube-vos": read_youtube_vos,
}  # fmt: skip
WRITES = {
    "coco-panoptic": write_panoptic, "label-map": write_label_map, "labelme": write_labelme, "voc": write_voc,
}  # fmt: skip

if __name__ == "__main__":
    main(READS, WRITES)
