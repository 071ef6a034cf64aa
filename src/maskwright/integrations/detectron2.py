"""Detectron2's dataset dicts. Plain Python: Detectron2 itself is not needed.

Format: https://detectron2.readthedocs.io/tutorials/datasets.html.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments

_XYXY, _XYWH = 0, 1  # BoxMode.XYXY_ABS, BoxMode.XYWH_ABS


def to_dicts(samples: Iterable[Sample], classes: Classes) -> list[dict[str, Any]]:
    """One dict a sample; masks as COCO's compressed run lengths, which keep holes and parts.

    Use `cfg.INPUT.MASK_FORMAT = "bitmask"`.  Segments of ignored and background classes are left out.
    """
    out = []
    for number, sample in enumerate(samples):
        segments = sample.segments
        boxes, strings = segments.masks.boxes(), segments.masks.compressed()
        annotations = [
            {
                "bbox": [float(side) for side in boxes[row]],
                "bbox_mode": _XYXY,
                "category_id": classes.index_of(int(segments.class_ids[row])),
                "segmentation": {"size": list(segments.size), "counts": strings[row]},
                "iscrowd": int(segments.is_crowd[row]),
            }
            for row in range(len(segments))
            if classes[int(segments.class_ids[row])].role == "class"
        ]
        height, width = sample.image.size
        out.append(
            {
                "file_name": sample.image.uri,
                "height": height,
                "width": width,
                "image_id": number,
                "annotations": annotations,
            }
        )
    return out


def from_dicts(rows: Iterable[Mapping[str, Any]], classes: Classes) -> list[Sample]:
    """Samples from Detectron2's dicts: run lengths, or polygons by COCO's rasterisation.

    rows: as `to_dicts` makes them; category_id is the index in `classes`.
    """
    out = []
    for row in rows:
        size = (int(row["height"]), int(row["width"]))
        annotations = list(row.get("annotations", []))
        masks = [_mask(annotation, size) for annotation in annotations]
        segments = Segments(
            Masks.concatenate(masks, size),
            [classes.id_of(int(annotation["category_id"])) for annotation in annotations],
            is_crowd=[bool(annotation.get("iscrowd", 0)) for annotation in annotations],
        )
        name = str(row["file_name"])
        out.append(Sample(Path(name).with_suffix("").name, ImageRef(name, size), segments))
    return out


def _mask(each: Mapping[str, Any], size: tuple[int, int]) -> Masks:
    found = each.get("segmentation")
    if isinstance(found, Mapping):
        counts = found["counts"]
        single = isinstance(counts, str | bytes)
        return Masks.from_compressed([counts], size) if single else Masks.from_counts([counts], size)
    if found:
        return Masks.from_coco_polygons([found], size, tiny=True)
    left, top, right, bottom = (float(side) for side in each["bbox"])
    if each.get("bbox_mode") == _XYWH:
        right, bottom = left + right, top + bottom
    return Masks.from_coco_polygons([[[left, top, left, bottom, right, bottom, right, top]]], size, tiny=True)
