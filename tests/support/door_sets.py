"""Tiny sets for tests of how they are found: files from plain text, images of one size."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (40, 60)
LINE = "0 0 0 0.5 0 0.5 0.5 0 0.5\n"


def image(path: Path, value: int = 90) -> Path:
    """An RGB image of 40 x 60 pixels (height x width), of as many values as a photo has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grain = np.random.default_rng(value).integers(-20, 20, (*SIZE, 3))
    pixels = np.full((*SIZE, 3), (value, 120, 60)) + grain
    pixels[:10, :20, 0] = 250
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    return path


def mask(path: Path) -> Path:
    """A label image with the value 1 in 10 x 20 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = Image.new("L", SIZE[::-1])
    drawn.paste(1, (0, 0, 20, 10))
    drawn.save(path)
    return path


def text(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def yolo(home: Path, *, yaml: bool = True, split: str = "train") -> Path:
    """One image with one line, and a data.yaml of two classes."""
    image(home / "images" / split / "a.jpg")
    text(home / "labels" / split / "a.txt", LINE)
    if yaml:
        text(home / "data.yaml", f"train: images/{split}\nnames: [cell, wall]\n")
    return home


def coco(file: Path, names: tuple[str, ...] = ("a.jpg",)) -> Path:
    """A file of one square in each image."""
    images = [{"id": k, "file_name": name, "width": 60, "height": 40} for k, name in enumerate(names, 1)]
    square = [[0, 0, 20, 0, 20, 10, 0, 10]]
    notes = [
        {"id": k, "image_id": k, "category_id": 1, "segmentation": square, "bbox": [0, 0, 20, 10], "area": 200, "iscrowd": 0}
        for k in range(1, len(names) + 1)
    ]  # fmt: skip
    content = {"images": images, "annotations": notes, "categories": [{"id": 1, "name": "cell"}]}
    return text(file, json.dumps(content))


def via(file: Path, name: str, label: str) -> Path:
    """A region of one class."""
    shape = {"name": "polygon", "all_points_x": [0, 20, 20, 0], "all_points_y": [0, 0, 10, 10]}
    regions = [{"shape_attributes": shape, "region_attributes": {"class": label}}]
    return text(file, json.dumps({name: {"filename": name, "size": 1, "regions": regions, "file_attributes": {}}}))


def voc_xml(file: Path, name: str) -> Path:
    """A box of one class, as labelImg writes it."""
    return text(
        file,
        f"<annotation><folder>x</folder><filename>{name}</filename><size><width>60</width><height>40</height>"
        "<depth>3</depth></size><object><name>cell</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>20</xmax>"
        "<ymax>10</ymax></bndbox></object></annotation>",
    )
