"""J & F of video object segmentation: region similarity and contour accuracy of each object over its frames.

Perazzi et al., CVPR 2016; Pont-Tuset et al., "The 2017 DAVIS Challenge", 2017, with the rules of the published
evaluation for one object or several: the first and last frame of a video do not count, each object's mean over
frames first, then the mean over objects.  J is the IoU of the masks, 1 where both are empty.  F is the F-measure of
seams within 0.8 % of the diagonal, rounded up; 1 where neither has a seam, 0 where one has.

Objects are told apart by the attribute `track`, or by `ids` where there is none; frames by a sample's place in its
video.
"""

from typing import Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.segments import Segments
from maskwright.metrics._bands import near, seam
from maskwright.metrics._division import mean

HIGHER_IS_BETTER = True

Counts = list[dict[str, Any]]


def track_of(segments: Segments, row: int) -> int | str:
    """The object a segment belongs to through a video: its attribute `track`, or else its id. row: of the segments."""
    track: int | str = segments.attributes[row].get("track", int(segments.ids[row]))
    return track


def update(pred: Segments, target: Segments, *, video: str, frame: int) -> Counts:
    """One frame -> a list of one entry an object of the truth or prediction; lists add.

    video, frame: where it belongs, frames counted from 0.
    """
    if pred.size != target.size:
        raise ValueError(f"predictions of size {pred.size} over a truth of {target.size}")
    truth = {track_of(target, row): row for row in range(len(target))}
    found = {track_of(pred, row): row for row in range(len(pred))}
    out: Counts = []
    empty = np.zeros(target.size, bool)
    for track in truth.keys() | found.keys():
        a = pred.masks[found[track]].decode() if track in found else empty
        b = target.masks[truth[track]].decode() if track in truth else empty
        out.append({
            "video": video, "frame": frame, "track": track, "true": track in truth,
            "j": region_similarity(a, b), "f": contour_accuracy(a, b),
        })  # fmt: skip
    return out


def region_similarity(pred: Array, target: Array) -> float:
    """IoU of two (H, W) masks; 1 where both are empty."""
    union = int((pred | target).sum())
    return 1.0 if union == 0 else int((pred & target).sum()) / union


def contour_accuracy(pred: Array, target: Array, share: float = 0.008) -> float:
    """F-measure of two (H, W) masks' seams; share: of the diagonal, from 1 on of pixels."""
    reach = share if share >= 1 else np.ceil(share * np.linalg.norm(pred.shape))
    a, b = seam(pred), seam(target)
    n_a, n_b = int(a.sum()), int(b.sum())
    if n_a == 0 or n_b == 0:
        return 1.0 if n_a == n_b else 0.0
    precision, recall = int((a & near(b, reach)).sum()) / n_a, int((b & near(a, reach)).sum()) / n_b
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


def compute(counts: Counts, *, ends: bool = False) -> dict[str, Any]:
    """jf, j, f (means over objects), j_recall, f_recall (share of frames above one half), by_video.

    ends: count the first and last frame of each video too.  Objects that no frame of the truth shows do not count. NaN
    without any object.  counts: as `update` makes them, of all frames.
    """
    frames: dict[str, set[int]] = {}
    for row in counts:
        frames.setdefault(row["video"], set()).add(row["frame"])
    objects: dict[tuple[str, Any], list[dict[str, Any]]] = {}
    real = {(row["video"], row["track"]) for row in counts if row["true"]}
    for row in counts:
        seen = frames[row["video"]]
        if (row["video"], row["track"]) in real and (ends or min(seen) < row["frame"] < max(seen)):
            objects.setdefault((row["video"], row["track"]), []).append(row)
    # An object that neither shows in a frame was right there.
    inner = {name: len(seen) if ends else max(len(seen) - 2, 0) for name, seen in frames.items()}
    each: dict[str, list[float]] = {name: [] for name in ("j", "f", "j_recall", "f_recall")}
    videos: dict[str, list[float]] = {}
    for (video, _), rows in objects.items():
        absent = inner[video] - len(rows)
        for name in ("j", "f"):
            values = [row[name] for row in rows] + [1.0] * absent
            each[name].append(float(np.mean(values)))
            each[f"{name}_recall"].append(float(np.mean(np.array(values) > 0.5)))
        videos.setdefault(video, []).append((each["j"][-1] + each["f"][-1]) / 2)
    means = {name: mean(np.array(values, np.float64)) for name, values in each.items()}
    return {
        "jf": (means["j"] + means["f"]) / 2, **means,
        "by_video": {name: float(np.mean(values)) for name, values in sorted(videos.items())},
    }  # fmt: skip
