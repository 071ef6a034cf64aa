"""COCO mask AP and AR: average precision over IoU 0.50 : 0.05 : 0.95, 101 recall points, at most 100 detections.

Computed by hotcoco, equal to pycocotools.  Counts are COCO results and truths themselves, one entry an image,
which is what adds up: AP ranks detections over the whole set.  Equal scores of different images are ranked
by the order of the images, as in pycocotools, which takes them by id; the fifth digit can depend on it.
"""

import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.families import require

HIGHER_IS_BETTER = True

NAMES = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large",
         "AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large")  # fmt: skip

Counts = list[dict[str, Any]]


@contextmanager
def _quiet() -> Iterator[None]:
    """hotcoco prints its table; a library that is asked for numbers should not."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        with redirect_stdout(io.StringIO()):  # notebooks put another stream in place of the descriptor
            yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def update(pred: Segments, target: Segments) -> Counts:
    """One image's detections and truths -> a list of one; lists add.

    pred: instances with scores; one without a score counts as 1.  target: for the size ranges the area that a file
    stated is used where it was kept, as COCO does, otherwise the pixel count.
    """
    if pred.size != target.size:
        raise ValueError(f"predictions of size {pred.size} over a truth of {target.size}")
    return [{"size": target.size, "truth": _rows(target, truth=True), "pred": _rows(pred, truth=False)}]


def _rows(segments: Segments, *, truth: bool) -> list[dict[str, Any]]:
    boxes, areas = segments.masks.boxes(), segments.masks.areas()
    out = []
    for i, string in enumerate(segments.masks.compressed()):
        left, top, right, bottom = (float(edge) for edge in boxes[i])
        row = {
            "category_id": int(segments.class_ids[i]),
            "segmentation": {"size": list(segments.size), "counts": string.decode()},
            "bbox": [left, top, right - left, bottom - top],
            "area": float(segments.attributes[i].get("area", areas[i]) if truth else areas[i]),
        }
        if truth:
            row["iscrowd"] = int(segments.is_crowd[i])
        else:
            score = segments.scores[i]
            row["score"] = 1.0 if score != score else float(score)
        out.append(row)
    return out


def compute(counts: Counts, classes: Classes, *, iou_type: str = "segm") -> dict[str, Any]:
    """The twelve numbers of COCO's table, in its order; NaN where COCO prints -1 (nothing to measure)."""
    hotcoco = require("hotcoco", "COCO AP")
    images: list[dict[str, Any]] = []
    truths: list[dict[str, Any]] = []
    predictions: list[dict[str, Any]] = []
    for number, one in enumerate(counts, 1):
        height, width = one["size"]
        images.append({"id": number, "height": height, "width": width, "file_name": str(number)})
        for row in one["truth"]:
            truths.append({**row, "id": len(truths) + 1, "image_id": number})
        # A result with a box gets the box's area in COCO's evaluation, which sorts it into the wrong size range.
        hidden = ("bbox", "area") if iou_type == "segm" else ("segmentation",)
        predictions += [
            {**{name: value for name, value in row.items() if name not in hidden}, "image_id": number}
            for row in one["pred"]
        ]
    used = sorted({row["category_id"] for row in truths})
    names = {one.id: one.name for one in classes}
    categories = [{"id": one, "name": names.get(one, str(one))} for one in used]
    if not truths:
        return dict.fromkeys(NAMES, float("nan"))
    if not predictions:
        return dict.fromkeys(NAMES, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        truth_file, pred_file = Path(folder) / "truth.json", Path(folder) / "pred.json"
        truth_file.write_text(json.dumps({"images": images, "annotations": truths, "categories": categories}))
        pred_file.write_text(json.dumps([row for row in predictions if row["category_id"] in set(used)] or predictions))
        truth = hotcoco.COCO(str(truth_file))
        evaluator = hotcoco.COCOeval(truth, truth.load_res(str(pred_file)), iou_type)
        evaluator.evaluate()
        evaluator.accumulate()
        with _quiet():
            evaluator.summarize()
    return {
        name: float("nan") if value < 0 else float(value)
        for name, value in zip(NAMES, evaluator.stats, strict=True)
    }  # fmt: skip
