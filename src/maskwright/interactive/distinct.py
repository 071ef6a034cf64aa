"""Of all that an engine sees in an image, the objects that a person is shown first: none of them over another."""

from typing import Any

import numpy as np

from maskwright.core.arrays import F32, U8
from maskwright.core.masks import Masks
from maskwright.interactive.embeddings import Embeddings
from maskwright.interactive.engines import Engine, Proposer
from maskwright.interactive.grid import STANDARD, Found, Grid, everything
from maskwright.registry import require

#: The working image's longer side, at which outlines are looked at.
SIDE = 400
#: A difference in CIELAB across the outline that makes an object as likely as not.
DISTINCT = 12.0
#: The share of an outline that may be faint: shadows, highlights, what touches something alike.
FAINT = 0.25
#: Pixels of the working image; what is nowhere as wide is a rim of something.
THIN = 5


def distinct(
    image: U8, engine: Engine, *, least: float = 0.4, shared: float = 0.3, most: int = 200, grid: Grid = STANDARD,
    embeddings: Embeddings | None = None,
) -> Found:  # fmt: skip
    """Objects of an image, surest first.

    The regions of an engine that divides an image are rated by their outlines; the others' own scores stand.  Of masks
    that share more than `shared` of the smaller the surest stays.  least: confidence below which an object is left out.
    most: objects, at most.  image: (H, W, 3) uint8 RGB.  engine, grid, embeddings: as `everything` takes them; it
    raises what that raises.
    """
    found = everything(image, engine, grid, embeddings=embeddings)
    scores = outline_confidence(image, found.masks) if isinstance(engine, Proposer) else np.clip(found.scores, 0, 1)
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= least]
    masks, scores = found.masks[order], scores[order]
    if not len(masks):
        return Found(masks, scores)
    areas = masks.areas()
    over = masks.intersections(masks) / np.maximum(np.minimum(areas[:, None], areas[None]), 1)
    kept: list[int] = []
    for row in range(len(masks)):
        if not (over[row, kept] > shared).any():
            kept.append(row)
        if len(kept) == most:
            break
    return Found(masks[kept], scores[kept])


def outline_confidence(image: U8, masks: Masks) -> F32:
    """(N,) 0 … 1: how far the inside differs from the outside all along a mask's outline, 0.5 at a difference of 12.

    The faintest quarter of the outline decides: a piece of the background has no edge where it ends in the background,
    and none at the image's border, which is not its outline.  image: (H, W, 3) uint8 RGB, as large as the masks.
    """
    cv2: Any = require("cv2", "rating outlines")
    scale = min(1.0, SIDE / max(image.shape[:2]))
    width, height = (max(1, round(length * scale)) for length in (image.shape[1], image.shape[0]))
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    out = np.zeros(len(masks), np.float32)
    for row in range(len(masks)):
        mask = masks[row].decode().astype(np.float32)
        out[row] = _along(cv2, lab, cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA) > 0.5)
    return out


def _along(cv2: Any, lab: F32, mask: Any) -> float:
    """The confidence of one mask, (h, w) bool of the working image."""
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    if not cv2.erode(padded, np.ones((THIN, THIN), np.uint8)).any():
        return 0.0
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    margin = 6
    top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
    bottom, right = rows[-1] + margin + 1, columns[-1] + margin + 1
    colours, inside = lab[top:bottom, left:right], mask[top:bottom, left:right].astype(np.float32)
    # Means over a few pixels on either side, which noise does not move.
    near = (7, 7)
    weights = [cv2.blur(side, near, borderType=cv2.BORDER_CONSTANT) for side in (inside, 1 - inside)]
    means = [
        cv2.blur(colours * side[..., None], near, borderType=cv2.BORDER_CONSTANT) / np.maximum(weight, 1e-6)[..., None]
        for side, weight in zip((inside, 1 - inside), weights, strict=True)
    ]
    rim = (padded - cv2.erode(padded, np.ones((3, 3), np.uint8)))[1:-1, 1:-1][top:bottom, left:right] > 0
    strength = np.linalg.norm(means[0] - means[1], axis=2)
    height, width = mask.shape
    border = np.zeros(mask.shape, bool)
    border[[0, height - 1]] = border[:, [0, width - 1]] = True
    strength[border[top:bottom, left:right]] = 0  # nothing is known of what lies beyond
    faint = float(np.quantile(strength[rim], FAINT))
    return faint / (faint + DISTINCT)
