"""Confidence intervals of COCO AP by bootstrap over images: matching is done once, averaging for every replicate."""

from typing import Any

import numpy as np

from maskwright.core.arrays import F64, Array
from maskwright.core.classes import Classes
from maskwright.metrics._detections import Counts, evaluated
from maskwright.metrics._division import mean

REPLICATES = 100
RECALLS = np.linspace(0, 1, 101)


def intervals(
    counts: Counts, classes: Classes, *, seed: int = 0, replicates: int = REPLICATES, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """(low, high) of AP, AP50 and AP75 by bootstrap over images; nothing where there is nothing to measure.

    counts: as `coco_ap.update` makes them, of all images.  Images enter each of the `replicates` a Poisson(1) number of
    times, as in `Bootstrap`; the same seed gives the same intervals.  level: share of the replicates in between, 0.95.
    """
    evaluator = evaluated(counts, classes)
    if isinstance(evaluator, float):
        return {}
    rng = np.random.default_rng(seed)
    weights = rng.poisson(1, (replicates, len(counts))).astype(np.float64)
    tables = np.array([scores(evaluator.eval_imgs, row) for row in weights])  # (B, 3)
    edges = 50 * (1 - level), 50 * (1 + level)
    out = {}
    for column, name in enumerate(("AP", "AP50", "AP75")):
        there = tables[~np.isnan(tables[:, column]), column]
        if there.size:
            low, high = np.percentile(there, edges)
            out[name] = float(low), float(high)
    return out


def scores(matched: list[dict[str, Any] | None], weights: Array) -> tuple[float, float, float]:
    """AP, AP50, AP75 with each image counted `weights[i]` times; all ones gives COCO's own numbers."""
    whole: dict[int, list[dict[str, Any]]] = {}
    for each in matched:
        if each and each["aRng"][0] == 0 and each["aRng"][1] >= 1e9 and each["maxDet"] == 100:
            whole.setdefault(each["category_id"], []).append(each)
    by_threshold: list[F64] = []
    for rows in whole.values():
        times = weights[[row["image_id"] - 1 for row in rows]]
        truths = sum(
            time * sum(not ignored for ignored in row["gtIgnore"]) for time, row in zip(times, rows, strict=True)
        )
        if truths > 0:
            by_threshold.append(_precision(rows, times, truths))
    if not by_threshold:
        return float("nan"), float("nan"), float("nan")
    table = np.mean(by_threshold, axis=0)
    return mean(table), float(table[0]), float(table[5])


def _precision(rows: list[dict[str, Any]], times: Array, truths: float) -> F64:
    """(10,) mean interpolated precision of one class at each IoU threshold."""
    found = [(row, time) for row, time in zip(rows, times, strict=True) if row["dtScores"]]
    if not found:
        return np.zeros(10)
    confidence = np.concatenate([row["dtScores"] for row, _ in found])
    right = np.concatenate([np.asarray(row["dtMatched"], bool).reshape(10, -1) for row, _ in found], axis=1)
    ignored = np.concatenate([np.asarray(row["dtIgnore"], bool).reshape(10, -1) for row, _ in found], axis=1)
    times = np.concatenate([np.full(len(row["dtScores"]), time) for row, time in found])
    order = np.argsort(-confidence, kind="stable")
    right, ignored, times = right[:, order], ignored[:, order], times[order]
    hits = np.cumsum(times * (right & ~ignored), axis=1)
    misses = np.cumsum(times * (~right & ~ignored), axis=1)
    recall = hits / truths
    precision = hits / np.maximum(hits + misses, np.finfo(float).eps)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    out = np.zeros(10)
    for row in range(10):
        place = np.searchsorted(recall[row], RECALLS - 1e-12, side="left")
        out[row] = np.where(
            place < precision.shape[1], precision[row][np.minimum(place, precision.shape[1] - 1)], 0
        ).mean()
    return out
