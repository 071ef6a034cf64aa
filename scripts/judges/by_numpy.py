"""NumPy and pycocotools: formats of run lengths, of volumes and of polygons in text, decoded by their descriptions."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from by_pillow import known
from judging import Found, Objects, main
from PIL import Image
from pycocotools import mask as coco_mask


def size_of(image: Path) -> tuple[int, int]:
    """As the image is stored."""
    with Image.open(image) as opened:
        return opened.size[::-1]


def runs(counts: Iterable[int], size: tuple[int, int], order: str) -> np.ndarray:
    """Lengths, zeros first.  order: C by rows, F by columns."""
    lengths = np.fromiter(counts, np.int64)
    flat = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    return flat.reshape(size, order=order)


def inside(rings: Iterable[Iterable[Iterable[float]]], size: tuple[int, int]) -> np.ndarray:
    """Pixels whose centre lies in rings by even and odd. rings: of points at pixel edges."""
    height, width = size
    flips = np.zeros((height, width + 1), np.int64)
    for ring in rings:
        points = np.asarray(list(ring), np.float64)
        for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
            (x0, y0), (x1, y1) = sorted((start, end), key=lambda point: float(point[1]))
            if y0 == y1:
                continue
            rows = np.arange(max(0, int(np.ceil(y0 - 0.5))), min(height, int(np.ceil(y1 - 0.5))))
            crossing = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            np.add.at(flips, (rows, np.clip(np.ceil(crossing - 0.5), 0, width).astype(int)), 1)
    return (flips.cumsum(axis=1) % 2 == 1)[:, :width]


def polygon(numbers: list[float], size: tuple[int, int]) -> np.ndarray:
    """By pycocotools."""
    return coco_mask.decode(coco_mask.frPyObjects([numbers], *size))[..., 0]


def read_cvat(folder: Path) -> Found:
    """Masks are run lengths by rows of their box; polygons are drawn by pycocotools, as CVAT's exports draw them."""
    for image in ET.parse(folder / "annotations.xml").getroot().iter("image"):  # noqa: S314 - our own
        size = (int(image.get("height")), int(image.get("width")))
        found: dict[Any, tuple[str, np.ndarray]] = {}
        for place, row in enumerate(image):
            out = np.zeros(size, bool)
            if row.tag == "mask":
                left, top, width, height = (int(row.get(name)) for name in ("left", "top", "width", "height"))
                counts = [int(word) for word in row.get("rle").split(",")]
                out[top : top + height, left : left + width] = runs(counts, (height, width), "C")
            elif row.tag == "polygon":
                out = polygon([float(word) for word in row.get("points").replace(";", ",").split(",")], size)
            elif row.tag == "box":
                left, top, right, bottom = (float(row.get(name)) for name in ("xtl", "ytl", "xbr", "ybr"))
                out = polygon([left, top, right, top, right, bottom, left, bottom], size)
            else:
                continue
            found[place] = (row.get("label"), out)
        yield str(Path(image.get("name")).with_suffix("")), Objects.of(found.values(), size)


def read_datumaro(folder: Path) -> Found:
    """Annotations of one group, where it is not 0, are one object."""
    for file in sorted((folder / "annotations").glob("*.json")):
        content = json.loads(file.read_text())
        labels = [label["name"] for label in content["categories"]["label"]["labels"]]
        for item in content["items"]:
            size = tuple(item["image"]["size"])
            found: dict[Any, tuple[str, np.ndarray]] = {}
            for place, row in enumerate(item["annotations"]):
                if row["type"] == "mask":
                    runs_ = {"size": list(row["rle"]["size"]), "counts": row["rle"]["counts"].encode()}
                    mask = coco_mask.decode(runs_)
                elif row["type"] == "polygon":
                    mask = polygon(row["points"], size)
                else:
                    continue
                key = ("group", row["group"]) if row.get("group") else place
                before = found[key][1] if key in found else 0
                found[key] = (labels[row["label_id"]], np.asarray(mask | before))
            yield item["id"], Objects.of(found.values(), size)


def read_geojson(folder: Path) -> Found:
    """In pixels, corners at their edges."""
    for file in sorted((folder / "labels").rglob("*.geojson")):
        key = file.relative_to(folder / "labels").as_posix().removesuffix(".geojson")
        image = next((folder / "images" / key).parent.glob(f"{Path(key).name}.*"))
        size = size_of(image)
        found = []
        for row in json.loads(file.read_text())["features"]:
            geometry = row["geometry"]
            parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
            mask = np.zeros(size, bool)
            for part in parts:
                mask |= inside(part, size)
            found.append((row["properties"]["class"], mask))
        yield key, Objects.of(found, size)


def brush(numbers: list[int]) -> np.ndarray:
    """Label Studio's run lengths: 32 bits how many values, 5 their width, four times 4 widths of lengths, then runs."""
    bits = np.unpackbits(np.array(numbers, np.uint8))
    weights = 1 << np.arange(33, dtype=np.int64)[::-1]
    place = 0

    def take(width: int) -> int:
        nonlocal place
        place += width
        return int(bits[place - width : place] @ weights[33 - width :])

    number, word = take(32), take(5) + 1
    widths = [take(4) + 1 for _ in range(4)]
    out = np.zeros(number, np.uint8)
    done = 0
    while done < number:
        repeated = take(1)
        length = 1 + take(widths[take(2)])
        if repeated:
            out[done : done + length] = take(word)
        else:
            for offset in range(length):
                out[done + offset] = take(word)
        done += length
    return out


def by_coco(ring: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """As pycocotools draws it. ring: (K, 2)."""
    return coco_mask.decode(coco_mask.frPyObjects([ring.reshape(-1).tolist()], *size))[..., 0].astype(bool)


def read_label_studio(folder: Path) -> Found:
    """Brush masks; polygons in per cent of the image, drawn as its export to COCO is."""
    for task in json.loads((folder / "tasks.json").read_text()):
        image = folder / task["data"]["image"]
        size = size_of(image)
        found = []
        for row in task["annotations"][0]["result"]:
            value = row["value"]
            if row["type"] == "brushlabels":
                mask = brush(value["rle"]).reshape(*size, 4)[..., 3] > 0
            elif row["type"] == "polygonlabels":
                mask = by_coco(np.array(value["points"]) / 100 * size[::-1], size)
            elif row["type"] == "rectanglelabels" and not value.get("rotation"):
                box = np.array([value["x"], value["y"], value["x"] + value["width"], value["y"] + value["height"]])
                left, top, right, bottom = box / 100 * [size[1], size[0], size[1], size[0]]
                mask = by_coco(np.array([(left, top), (left, bottom), (right, bottom), (right, top)]), size)
            else:
                continue
            found.append((value[row["type"]][0], mask))
        yield task["data"]["image"].removeprefix("images/").rsplit(".", 1)[0], Objects.of(found, size)


def read_mots(folder: Path) -> Found:
    """Lines: frame, object, class, height, width, COCO's compressed run lengths. Keys are those of maskwright.json."""
    names = known(folder)
    keys = json.loads((folder / "maskwright.json").read_text())["keys"]
    found: dict[str, list[tuple[str, np.ndarray]]] = {place: [] for place in keys}
    sizes = {}
    for place in keys:
        image = next((folder / place).parent.glob(f"{Path(place).name}.*"))
        sizes[place] = size_of(image)
    for text in sorted((folder / "instances_txt").glob("*.txt")):
        for line in text.read_text().splitlines():
            frame, _, class_id, height, width, counts = line.split(" ", 5)
            mask = coco_mask.decode({"size": [int(height), int(width)], "counts": counts.encode()})
            found[f"{text.stem}/{int(frame):06d}"].append((names[int(class_id)]["name"], mask))
    for place, pairs in found.items():
        yield keys[place], Objects.of(pairs, sizes[place])


def read_nifti(folder: Path) -> Found:
    """Volumes of one slice: values by dataset.json, x first."""
    import nibabel

    values = json.loads((folder / "dataset.json").read_text())["labels"]
    names = {value: name for name, value in values.items() if value}
    for home in sorted(folder.glob("labels*")):
        for file in sorted(home.rglob("*.nii.gz")):
            volume = np.asarray(nibabel.load(file).dataobj)
            flat = volume[:, :, 0].T
            found = [(names[value], flat == value) for value in np.unique(flat).tolist() if value]
            yield file.relative_to(home).as_posix().removesuffix(".nii.gz"), Objects.of(found, flat.shape)


def read_rle_csv(folder: Path) -> Found:
    """Starts from 1 and lengths, by columns unless maskwright.json says by rows."""
    names = known(folder)
    by_row = json.loads((folder / "maskwright.json").read_text()).get("order") == "row"
    csv.field_size_limit(1 << 30)
    found: dict[str, list[tuple[str, np.ndarray]]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    with open(folder / "train.csv", newline="") as text:
        for row in csv.DictReader(text):
            key = str(Path(row["ImageId"]).with_suffix(""))
            size = sizes[key] = (int(row["height"]), int(row["width"]))
            pairs = found.setdefault(key, [])
            if row["EncodedPixels"]:
                numbers = np.array(row["EncodedPixels"].split(), np.int64)
                flat = np.zeros(size[0] * size[1], bool)
                for start, length in zip(numbers[::2] - 1, numbers[1::2], strict=True):
                    flat[start : start + length] = True
                pairs.append((names[int(row["ClassId"])]["name"], flat.reshape(size, order="C" if by_row else "F")))
    for key, pairs in found.items():
        yield key, Objects.of(pairs, sizes[key])


def read_via(folder: Path) -> Found:
    """Polygons as skimage.draw.polygon fills them, whose points name pixels, which is what its readers call."""
    from skimage.draw import polygon

    for entry in json.loads((folder / "via_region_data.json").read_text()).values():
        size = size_of(folder / "images" / entry["filename"])
        found = []
        for row in entry["regions"]:
            shape = row["shape_attributes"]
            if shape["name"] == "polygon":
                ring = list(zip(shape["all_points_x"], shape["all_points_y"], strict=True))
            elif shape["name"] == "rect":
                left, top, right, bottom = (
                    shape["x"],
                    shape["y"],
                    shape["x"] + shape["width"],
                    shape["y"] + shape["height"],
                )
                ring = [(left, top), (right, top), (right, bottom), (left, bottom)]
            else:
                continue
            mask = np.zeros(size, bool)
            xs, ys = np.array(ring, float).T
            mask[polygon(ys, xs, size)] = True
            found.append((row["region_attributes"]["class"], mask))
        yield str(Path(entry["filename"]).with_suffix("")), Objects.of(found, size)


READS = {
    "cvat": read_cvat, "datumaro": read_datumaro, "geojson": read_geojson, "label-studio": read_label_studio,
    "mots": read_mots, "nifti": read_nifti, "rle-csv": read_rle_csv, "via": read_via,
}  # fmt: skip

if __name__ == "__main__":
    main(READS, {})
