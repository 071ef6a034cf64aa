"""Datumaro: Dataset.import_from and export, in CVAT's, COCO's, Pascal VOC's and its own formats."""

from collections.abc import Callable
from pathlib import Path

import datumaro
import numpy as np
from datumaro.components.annotation import AnnotationType
from datumaro.components.media import Image
from judging import Found, Objects, Truth, main
from pycocotools import mask as coco_mask

AREAS = (AnnotationType.mask, AnnotationType.polygon)


def mask_of(annotation: object, size: tuple[int, int]) -> np.ndarray:
    """As its converters make masks of polygons: by pycocotools."""
    if annotation.type == AnnotationType.mask:
        return np.asarray(annotation.image).astype(bool)
    runs = coco_mask.frPyObjects([list(map(float, annotation.points))], *size)
    return coco_mask.decode(runs)[..., 0].astype(bool)


def reader(name: str, grouped: bool = False) -> Callable[[Path], Found]:
    """grouped: whether annotations of one group are one object."""

    def read(folder: Path) -> Found:
        found = datumaro.Dataset.import_from(str(folder), name)
        labels = found.categories()[datumaro.AnnotationType.label]
        for item in found:
            size = tuple(item.media.size)
            objects: dict[object, tuple[str, np.ndarray]] = {}
            for place, annotation in enumerate(item.annotations):
                if annotation.type not in AREAS:
                    continue
                key = ("group", annotation.group) if grouped and annotation.group else ("alone", place)
                mask = mask_of(annotation, size)
                before = objects.get(key)
                objects[key] = (labels[annotation.label].name, mask if before is None else before[1] | mask)
            yield Path(item.id).name, Objects.of(objects.values(), size)

    return read


def writer(name: str, **options: object) -> Callable[[Truth, Path], None]:
    def write(truth: Truth, folder: Path) -> None:
        items = []
        for key, image, objects in truth:
            annotations = [
                datumaro.Mask(image=mask, label=truth.classes.index(called), id=place, group=place, z_order=place)
                for place, (called, mask) in enumerate(objects, 1)
            ]
            media = Image.from_file(path=str(image))
            items.append(datumaro.DatasetItem(id=key, subset="train", media=media, annotations=annotations))
        made = datumaro.Dataset.from_iterable(items, categories=truth.classes)
        made.export(str(folder), name, save_media=True, **options)

    return write


READS = {
    "coco": reader("coco_instances", grouped=True), "coco-panoptic": reader("coco_panoptic"), "cvat": reader("cvat"),
    "datumaro": reader("datumaro", grouped=True), "voc": reader("voc_segmentation"), "mots": reader("mots"),
    "cityscapes": reader("cityscapes"),
}  # fmt: skip
WRITES = {
    "coco": writer("coco_instances"), "coco-panoptic": writer("coco_panoptic"), "cvat": writer("cvat"),
    "datumaro": writer("datumaro"), "voc": writer("voc_segmentation"),
}  # fmt: skip

if __name__ == "__main__":
    main(READS, WRITES)
