"""What the average-precision metrics share: detections and truths as COCO's records, one entry an image."""

import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from maskwright.core import drawn
from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.registry import require

Counts = list[dict[str, Any]]

NAMES = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large",
         "AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large")  # fmt: skip


def entry(pred: Segments, target: Segments) -> dict[str, Any]:
    """One image. Raises ValueError for segments of different sizes."""
    if pred.size != target.size:
        raise ValueError(f"predictions of size {pred.size} over a truth of {target.size}")
    return {"size": target.size, "truth": _rows(target, truth=True), "pred": _rows(pred, truth=False)}


def _rows(segments: Segments, *, truth: bool) -> list[dict[str, Any]]:
    boxes, areas = segments.masks.boxes(), segments.masks.areas()
    out = []
    for i, string in enumerate(segments.masks.compressed()):
        left, top, right, bottom = (float(edge) for edge in boxes[i])
        stated = drawn.stated_area(segments, i) if truth else None
        row = {
            "category_id": int(segments.class_ids[i]),
            "segmentation": {"size": list(segments.size), "counts": string.decode()},
            "bbox": [left, top, right - left, bottom - top],
            "area": float(areas[i] if stated is None else stated),
        }
        if truth:
            row["iscrowd"] = int(segments.is_crowd[i])
        else:
            score = segments.scores[i]
            row["score"] = 1.0 if score != score else float(score)
        out.append(row)
    return out


def tables(
    counts: Counts, classes: Classes, *, boxes: bool = False
) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    """A COCO truth and a list of results.  Results of classes that the truth never shows are left out.

    boxes: evaluate boxes.  A result for masks must not carry one: COCO's evaluation would sort it into size ranges by
    the box's area.
    """
    images: list[dict[str, Any]] = []
    truths: list[dict[str, Any]] = []
    for number, count in enumerate(counts, 1):
        height, width = count["size"]
        known: dict[str, Any] = {
            name: count[name] for name in ("neg_category_ids", "not_exhaustive_category_ids") if name in count
        }
        images.append({"id": number, "height": height, "width": width, "file_name": str(number), **known})
        for row in count["truth"]:
            truths.append({**row, "id": len(truths) + 1, "image_id": number})
    used = sorted({row["category_id"] for row in truths})
    by_id = {class_.id: class_ for class_ in classes}
    categories = []
    for each in used:
        entry = {"id": each, "name": by_id[each].name if each in by_id else str(each)}
        if each in by_id and "frequency" in by_id[each].extra:
            entry["frequency"] = by_id[each].extra["frequency"]
        categories.append(entry)
    hidden = ("segmentation",) if boxes else ("bbox", "area")
    shown = set(used)
    results = [
        {**{name: value for name, value in row.items() if name not in hidden}, "image_id": number}
        for number, count in enumerate(counts, 1)
        for row in count["pred"]
        if row["category_id"] in shown
    ]
    return {"images": images, "annotations": truths, "categories": categories}, results


def evaluated(counts: Counts, classes: Classes, iou_type: str = "segm", **options: Any) -> Any:
    """hotcoco's evaluator after matching; or the one number that every score then is."""
    hotcoco = require("hotcoco", "COCO AP")
    truths, results = tables(counts, classes, boxes=iou_type != "segm")
    if not truths["annotations"]:
        return float("nan")
    if not results:
        return 0.0
    with tempfile.TemporaryDirectory() as folder:
        truth_file, pred_file = Path(folder) / "truth.json", Path(folder) / "pred.json"
        truth_file.write_text(json.dumps(truths))
        pred_file.write_text(json.dumps(results))
        truth = hotcoco.COCO(str(truth_file))
        evaluator = hotcoco.COCOeval(truth, truth.load_res(str(pred_file)), iou_type, **options)
        evaluator.evaluate()
    return evaluator


def named(values: Any, names: tuple[str, ...] = NAMES) -> dict[str, float]:
    """By name; NaN where the evaluation says -1, nothing to measure."""
    return {
        name: float("nan") if value < 0 else float(value) for name, value in zip(names, values, strict=True)
    }  # fmt: skip


@contextmanager
def quiet() -> Iterator[None]:
    """Evaluators print their tables; a library that is asked for numbers should not."""
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
