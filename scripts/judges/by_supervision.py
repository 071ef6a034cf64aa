"""supervision: DetectionDataset.from_… and as_… of YOLO, COCO, Pascal VOC and Labelme, with masks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import supervision
from judging import Found, Objects, Truth, main


def objects(sets: Iterator[supervision.DetectionDataset]) -> Found:
    """Masks where a set has them; an object whose mask is empty is its box."""
    for found in sets:
        for place, image, detections in found:
            size = image.shape[:2]
            masks = np.array(detections.mask) if detections.mask is not None else np.zeros((0, *size), bool)
            for mask, box in zip(masks, detections.xyxy.round().astype(int), strict=True):
                if not mask.any():
                    mask[box[1] : box[3], box[0] : box[2]] = True
            classes = detections.class_id if detections.class_id is not None else []
            yield Path(place).stem, Objects([found.classes[int(number)] for number in classes][: len(masks)], masks)


def read_yolo(folder: Path) -> Found:
    """A line of a box is that box's pixels; its mask of one has a row and a column more."""
    for images in sorted((folder / "images").iterdir()):
        labels = folder / "labels" / images.name
        found = supervision.DetectionDataset.from_yolo(
            str(images), str(labels), str(folder / "data.yaml"), force_masks=True
        )
        for place, image, detections in found:
            key, size = Path(place).stem, image.shape[:2]
            masks = np.array(detections.mask) if detections.mask is not None else np.zeros((0, *size), bool)
            lines = (labels / f"{key}.txt").read_text().split("\n")
            rows = [line.split() for line in lines if line.strip()]
            for row, mask, box in zip(rows, masks, detections.xyxy.round().astype(int), strict=True):
                if len(row) < 7:
                    mask[:] = False
                    mask[box[1] : box[3], box[0] : box[2]] = True
            numbers = detections.class_id if detections.class_id is not None else []
            yield key, Objects([found.classes[int(number)] for number in numbers], masks)


def read_coco(folder: Path) -> Found:
    return objects(
        supervision.DetectionDataset.from_coco(str(folder / "images"), str(file), force_masks=True)
        for file in sorted((folder / "annotations").glob("instances_*.json"))
    )


def read_voc(folder: Path) -> Found:
    return objects(
        supervision.DetectionDataset.from_pascal_voc(
            str(folder / "JPEGImages"), str(folder / "Annotations"), force_masks=True
        )
        for _ in range(1)
    )


def read_labelme(folder: Path) -> Found:
    return objects(
        supervision.DetectionDataset.from_labelme(str(folder), str(folder), force_masks=True) for _ in range(1)
    )


def boxes_of(masks: np.ndarray) -> np.ndarray:
    """(N, 4) xyxy whose far edge lies behind the last pixel."""
    if not len(masks):
        return np.zeros((0, 4))
    return supervision.mask_to_xyxy(masks) + np.array([0.0, 0.0, 1.0, 1.0])


def dataset(truth: Truth) -> supervision.DetectionDataset:
    images, annotations = [], {}
    for _, image, found in truth:
        images.append(str(image))
        numbers = np.array([truth.classes.index(name) for name in found.names], int)
        annotations[str(image)] = supervision.Detections(
            xyxy=boxes_of(found.masks),
            mask=found.masks, class_id=numbers,
        )  # fmt: skip
    return supervision.DetectionDataset(truth.classes, images, annotations)


def write_yolo(truth: Truth, folder: Path) -> None:
    dataset(truth).as_yolo(str(folder / "images/train"), str(folder / "labels/train"), str(folder / "data.yaml"))
    config = folder / "data.yaml"
    config.write_text(config.read_text() + "\ntrain: images/train\n")


def write_coco(truth: Truth, folder: Path) -> None:
    dataset(truth).as_coco(str(folder / "images"), str(folder / "annotations/instances_train.json"))


def write_voc(truth: Truth, folder: Path) -> None:
    dataset(truth).as_pascal_voc(str(folder / "JPEGImages"), str(folder / "Annotations"))


def write_labelme(truth: Truth, folder: Path) -> None:
    dataset(truth).as_labelme(str(folder), str(folder))


READS = {"yolo": read_yolo, "coco": read_coco, "voc": read_voc, "labelme": read_labelme}
WRITES = {"yolo": write_yolo, "coco": write_coco, "voc": write_voc, "labelme": write_labelme}

if __name__ == "__main__":
    main(READS, WRITES)
