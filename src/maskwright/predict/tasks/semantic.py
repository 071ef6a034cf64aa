"""A class for every pixel; objects of a class are not told apart.  Judged by mean IoU of summed counts."""

from collections.abc import Collection
from typing import Any

import numpy as np

from maskwright.core.arrays import F32, Array, Size
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.plurals import many
from maskwright.core.segments import Segments
from maskwright.metrics import confusion
from maskwright.predict.objects import Affine, label_map, sigmoid
from maskwright.predict.tasks._joining import joined_by_class

GIVES = "gives each pixel a class"
MAIN = "mean_iou"
CURVE = ("mean_iou", "pixel_accuracy", "mean_dice")
THRESHOLD = 0.0


def suits(classes: Classes) -> bool:
    return True


def problem(classes: Classes) -> str | None:
    return None


def learned(classes: Classes) -> tuple[Classes, str | None]:
    """A set that knows only things says nothing of the other pixels: they become a background class."""
    if classes.background is None and all(each.kind == "thing" for each in classes if each.role == "class"):
        return classes.with_background(), "pixels without a segment become the class background"
    return classes, None


def groups(segments: Segments, classes: Classes) -> Array | None:
    return joined_by_class(segments.class_ids, np.zeros(len(segments), bool))


def segments(
    probs: F32, mask_logits: F32, classes: Classes, size: Size, affine: Affine, *,
    threshold: float, overlap: float, top: int, min_area: int,
) -> Segments:  # fmt: skip
    """The class of the largest summed product of class and mask probability at each pixel."""
    labels = label_map(np.einsum("qk,qhw->khw", probs, sigmoid(mask_logits), optimize=True), size, affine)
    indices, masks = Masks.from_label_map(labels, ignore=[-1])
    ids = np.array([classes.id_of(int(index)) for index in indices], np.int64)
    plain = np.array([classes[int(class_id)].role == "class" for class_id in ids], bool)
    return Segments(masks, ids, source="model")[plain]


def nothing(classes: Classes) -> Any:
    return np.zeros((classes.num_classes, classes.num_classes + 1), np.int64)


def update(pred: Segments, target: Segments, classes: Classes) -> Any:
    """Pixels that no segment of `pred` holds count as background, or as none of the classes where there is none."""
    background = classes.background
    open_index = 254 if background is None else classes.index_of(background.id)
    found = pred.label_map(classes, unlabelled=open_index)
    return confusion.update(found, target.label_map(classes), num_classes=classes.num_classes)


def compute(counts: Any, classes: Classes, *, left_out: Collection[int] = ()) -> dict[str, Any]:
    found = confusion.compute(counts, left_out=[classes.index_of(class_id) for class_id in left_out])
    found["classes"] = dict(zip(classes.names, found["iou"].tolist(), strict=True))
    return found


def headline(scores: dict[str, Any], split: str) -> str:
    scored = sum(value is not None and value == value for value in scores.get("classes", {}).values())
    if scores["mean_iou"] is None or not scored:
        return f"no mean IoU: nothing on {split} could be compared"
    return (
        f"mean IoU {scores['mean_iou']:.4f} over {many(scored, 'class')} on {split}, ignored pixels"
        f" left out, at the labels' full resolution; pixel accuracy {scores['pixel_accuracy']:.4f}"
    )


#: What `classes` in the scores are.
BY_CLASS = "IoU"
