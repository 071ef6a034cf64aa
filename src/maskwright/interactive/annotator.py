"""A simulated annotator, who clicks into the middle of the largest error until the mask is right.

The protocol of Xu et al., "Deep Interactive Object Selection", CVPR 2016, as evaluations since "RITM" (Sofiiuk et al.,
ICIP 2022) have it: the largest error is the one that holds the largest circle, and no pixel is clicked twice.
People click less exactly; `jitter` moves each click within the error (Antonov et al., "RClicks", NeurIPS 2024, measure
by how much centre clicks flatter).
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Bool
from maskwright.interactive.session import Session
from maskwright.registry import require


@dataclass(frozen=True)
class Curve:
    """ious: (K,) after each click.  seconds: (K,) each took.  points: (K, 2) (x, y).  labels: (K,) 1 on, 0 beside."""

    ious: Array
    seconds: Array
    points: Array
    labels: Array


def next_click(
    truth: Bool, found: Bool, free: Bool | None = None, *, jitter: float = 0.0, rng: Any = None
) -> tuple[int, int, bool] | None:
    """(row, column, on the object) of the next click; None where the mask is right.

    truth, found: (H, W) bool.  free: (H, W) bool, pixels that may be clicked.  jitter: 0 clicks the middle; 1 clicks
    anywhere in the error; between, anywhere at least (1 - jitter) times as deep as the middle.  On a draw, beside.
    rng: a NumPy Generator, for jitter.
    """
    depths = [_depth(each, free) for each in (truth & ~found, ~truth & found)]
    on = bool(depths[0].max() > depths[1].max())
    depth = depths[0 if on else 1]
    deepest = depth.max()
    if deepest <= 0:
        return None
    if jitter > 0:
        choices = np.flatnonzero(depth >= max((1 - jitter) * deepest, 1e-6))
        at = int((rng or np.random.default_rng()).choice(choices))
    else:
        at = int(depth.argmax())
    row, column = divmod(at, truth.shape[1])
    return row, column, on


def _depth(error: Bool, free: Bool | None) -> Array:
    """(H, W) float32, how far from the error's edge; the image's border is an edge."""
    cv2: Any = require("cv2", "the simulated annotator")
    padded = np.pad(error, 1).astype(np.uint8)
    depth: Array = cv2.distanceTransform(padded, cv2.DIST_L2, 0)[1:-1, 1:-1]
    return depth if free is None else depth * free


def annotate(
    session: Session, truth: Bool, *, clicks: int = 20, until: float = 1.0, jitter: float = 0.0, rng: Any = None
) -> Curve:
    """Click until the IoU reaches `until`, at most `clicks` times.

    truth: (H, W) bool with at least one pixel; ValueError without.  Each answer's first mask counts.  session: whose
    own prompts are begun anew.  jitter, rng: as in `next_click`.
    """
    if not truth.any():
        raise ValueError("the annotator needs an object: the truth has no pixel")
    session.reset()
    found = np.zeros(truth.shape, bool)
    free = np.ones(truth.shape, bool)
    ious: list[float] = []
    seconds: list[float] = []
    points: list[tuple[float, float]] = []
    labels: list[int] = []
    for _ in range(clicks):
        asked = next_click(truth, found, free, jitter=jitter, rng=rng)
        if asked is None:
            break
        row, column, on = asked
        free[row, column] = False
        begun = time.perf_counter()
        found = session.click(column + 0.5, row + 0.5, on=on).masks[0].decode()
        seconds.append(time.perf_counter() - begun)
        union = int((truth | found).sum())
        ious.append(int((truth & found).sum()) / union)
        points.append((column + 0.5, row + 0.5))
        labels.append(int(on))
        if ious[-1] >= until:
            break
    return Curve(np.array(ious), np.array(seconds), np.array(points), np.array(labels))
