"""Clicks: how many it takes to reach an IoU, over many objects.

NoC@t is the mean number of clicks to an IoU of t; an object that never gets there counts as `limit` clicks and as a
failure (NoF).  IoU after k clicks takes an object's last mask where it stopped earlier.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.metrics._division import mean

HIGHER_IS_BETTER = False

LEVELS = (0.80, 0.85, 0.90, 0.95)
AFTER = (1, 2, 3, 5, 10, 20)

Counts = list[dict[str, Any]]


def update(ious: Sequence[float], *, seconds: Sequence[float] = (), limit: int = 20) -> Counts:
    """One object -> a list of one entry; lists add.

    ious: after each click, 1 … limit of them.  seconds: each click took, where they were measured.  Raises ValueError
    for no click or too many.
    """
    values = [float(iou) for iou in ious]
    if not 1 <= len(values) <= limit:
        raise ValueError(f"an object has 1 to {limit} clicks, got {len(values)}")
    return [{"ious": values, "seconds": [float(second) for second in seconds], "limit": limit}]


def compute(counts: Counts) -> dict[str, Any]:
    """noc@80 …, nof@80 … (objects), iou@1 …, seconds (median of a click), objects.

    A level that an object's clicks were stopped below counts as failed: annotate up to the highest level of interest.
    NaN without any object.
    """
    out: dict[str, Any] = {"objects": len(counts)}
    for level in LEVELS:
        reached = [next((k + 1 for k, iou in enumerate(count["ious"]) if iou >= level), None) for count in counts]
        clicks = [count["limit"] if k is None else k for k, count in zip(reached, counts, strict=True)]
        out[f"noc@{round(100 * level)}"] = mean(np.array(clicks, np.float64))
        out[f"nof@{round(100 * level)}"] = sum(k is None for k in reached)
    for k in AFTER:
        out[f"iou@{k}"] = mean(np.array([count["ious"][min(k, len(count["ious"])) - 1] for count in counts]))
    every = [value for count in counts for value in count["seconds"]]
    out["seconds"] = float(np.median(every)) if every else float("nan")
    return out
