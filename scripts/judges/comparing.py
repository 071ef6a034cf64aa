"""Objects against objects: what a program found, beside what it should have found."""

from dataclasses import dataclass, field

import numpy as np
from judging import Objects

GROUPS = ("one part", "several parts", "holes")


def group_of(mask: np.ndarray) -> str:
    """Of GROUPS. Parts hang together over corners, too, as contours see them; a hole is closed off by sides."""
    from scipy import ndimage

    outside = np.pad(~mask, 1, constant_values=True)
    if ndimage.label(outside)[1] > 1:
        return "holes"
    return "one part" if ndimage.label(mask, np.ones((3, 3)))[1] <= 1 else "several parts"


@dataclass
class Score:
    """Of many images. ious: by group, one an expected object, 0 for one that is not there."""

    expected: int = 0
    found: int = 0
    classes: int = 0
    areas: int = 0
    ious: dict[str, list[float]] = field(default_factory=lambda: {group: [] for group in GROUPS})

    def add(self, expected: Objects, found: Objects) -> None:
        """Objects of one image, matched so that their overlaps are greatest together, whatever their order."""
        self.expected += len(expected)
        self.found += len(found)
        if expected.size != found.size and len(found):
            raise ValueError(f"masks of {found.size} for an image of {expected.size}")
        pairs = dict(zip(*matched(expected, found), strict=True))
        for row, (name, mask) in enumerate(expected):
            other = pairs.get(row)
            group = self.ious[group_of(mask)]
            if other is None:
                group.append(0.0)
                continue
            mine = found.masks[other]
            either = (mine | mask).sum()
            group.append(float((mine & mask).sum() / either) if either else 1.0)
            self.classes += found.names[other] == name
            self.areas += int(mine.sum() == mask.sum())

    @property
    def paired(self) -> int:
        return sum(iou > 0 for group in self.ious.values() for iou in group)

    def mean(self, group: str) -> float:
        return float(np.mean(self.ious[group])) if self.ious[group] else float("nan")

    def exact(self, group: str) -> int:
        return sum(iou == 1 for iou in self.ious[group])


def matched(expected: Objects, found: Objects) -> tuple[list[int], list[int]]:
    """Rows of pairs that share a pixel, or are both empty; of equal overlaps one of the same class."""
    from scipy.optimize import linear_sum_assignment

    if not len(expected) or not len(found):
        return [], []
    mine = expected.masks.reshape(len(expected), -1).astype(np.float32)
    other = found.masks.reshape(len(found), -1).astype(np.float32)
    both = mine @ other.T
    either = mine.sum(1)[:, None] + other.sum(1)[None] - both
    same = np.array([[name == called for called in found.names] for name in expected.names])
    rows, columns = linear_sum_assignment(both / np.maximum(either, 1) + 1e-6 * same, maximize=True)
    kept = both[rows, columns] > 0
    mine_left, other_left = (
        [row for row in range(len(all_)) if not all_.masks[row].any()] for all_ in (expected, found)
    )
    empty = list(zip(mine_left, other_left, strict=False))  # drawn empty by both
    return [*rows[kept].tolist(), *(row for row, _ in empty)], [*columns[kept].tolist(), *(row for _, row in empty)]


def visible(objects: Objects) -> Objects:
    """Later objects hide earlier ones; what is hidden whole is left out."""
    taken = np.zeros(objects.size, bool)
    out = []
    for name, mask in reversed(list(objects)):
        left = mask & ~taken
        taken |= mask
        if left.any():
            out.append((name, left))
    return Objects.of(reversed(out), objects.size)


def united(objects: Objects) -> Objects:
    """One object a class."""
    by_name: dict[str, np.ndarray] = {}
    for name, mask in objects:
        by_name[name] = by_name[name] | mask if name in by_name else mask
    return Objects.of(by_name.items(), objects.size)
