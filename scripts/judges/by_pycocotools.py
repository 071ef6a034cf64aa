"""pycocotools: COCO's masks by annToMask; and torchvision's CocoDetection, which asks pycocotools."""

import contextlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from judging import Found, Objects, Truth, main
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO


def opened(file: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(file))


def read_coco(folder: Path) -> Found:
    """Every annotations/instances_*.json; a key is the file's name without its suffix."""
    for file in sorted((folder / "annotations").glob("instances_*.json")):
        coco = opened(file)
        for number, image in coco.imgs.items():
            rows = [coco.anns[row] for row in coco.getAnnIds(number)]
            found = [(coco.cats[row["category_id"]]["name"], coco.annToMask(row)) for row in rows]
            yield str(Path(image["file_name"]).with_suffix("")), Objects.of(found, (image["height"], image["width"]))


def read_coco_torchvision(folder: Path) -> Found:
    """As torchvision's data set gives targets, image by image."""
    from torchvision.datasets import CocoDetection

    for file in sorted((folder / "annotations").glob("instances_*.json")):
        with contextlib.redirect_stdout(io.StringIO()):
            rows = CocoDetection(str(folder / "images"), str(file))
        for place, number in enumerate(rows.ids):
            image, targets = rows[place]
            found = [(rows.coco.cats[row["category_id"]]["name"], rows.coco.annToMask(row)) for row in targets]
            name = rows.coco.imgs[number]["file_name"]
            yield str(Path(name).with_suffix("")), Objects.of(found, (image.height, image.width))


def segmentation(mask: np.ndarray) -> tuple[Any, int]:
    """Polygons of cv2.findContours for masks of one part, compressed run lengths for others."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if len(found) == 1 and len(found[0]) >= 3:
        return [found[0].reshape(-1).astype(float).tolist()], 0
    runs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": runs["size"], "counts": runs["counts"].decode()}, 0


def rows_of(truth: Truth, images: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    number = 0
    for _, image, objects in truth:
        images.append(
            {"id": len(images) + 1, "file_name": image.name, "height": objects.size[0], "width": objects.size[1]}
        )
        for name, mask in objects:
            number += 1
            coding, crowd = segmentation(mask)
            runs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
            yield {
                "id": number, "image_id": len(images), "category_id": truth.classes.index(name) + 1,
                "segmentation": coding, "iscrowd": crowd, "area": int(coco_mask.area(runs)),
                "bbox": coco_mask.toBbox(runs).tolist(),
            }  # fmt: skip


def write_coco(truth: Truth, folder: Path) -> None:
    shutil.copytree(truth.images, folder / "images")
    (folder / "annotations").mkdir()
    images: list[dict[str, Any]] = []
    rows = list(rows_of(truth, images))
    categories = [{"id": number, "name": name} for number, name in enumerate(truth.classes, 1)]
    content = {"images": images, "annotations": rows, "categories": categories}
    (folder / "annotations/instances_train.json").write_text(json.dumps(content))


READS = {"coco": read_coco, "coco-torchvision": read_coco_torchvision}
WRITES = {"coco": write_coco}

if __name__ == "__main__":
    main(READS, WRITES)
