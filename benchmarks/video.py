"""Following objects without weights: J & F over videos whose frames are all labelled, from the first frame's masks.

    OMP_NUM_THREADS=1 python benchmarks/video.py ../shared/data/davis2016 [--engine classical]

Compared in the same run with the mask copied from the first frame, and with the mask carried along by the flow alone.
J & F as `metrics.jf` defines them (Perazzi et al., CVPR 2016), mean over frames but the first and last, then videos.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from timing import report

from maskwright import formats, video
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.metrics import jf


def warped(frames: video.Frames, first: np.ndarray) -> list[np.ndarray]:
    """The mask moved by DIS flow from frame to frame, nothing else."""
    import cv2

    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    y, x = np.mgrid[: frames.size[0], : frames.size[1]].astype(np.float32)
    out, mask, before = [first], first.astype(np.float32), None
    for index, image in enumerate(frames):
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        if index:
            back = flow.calc(gray, before, None)
            mask = cv2.remap(mask, x + back[..., 0], y + back[..., 1], cv2.INTER_LINEAR)
            out.append(mask > 0.5)
        before = gray
    return out


def score(found: list[np.ndarray], truth: list[np.ndarray]) -> tuple[float, float]:
    pairs = list(zip(found[1:-1], truth[1:-1], strict=True))
    return (
        float(np.mean([jf.region_similarity(a, b) for a, b in pairs])),
        float(np.mean([jf.contour_accuracy(a, b) for a, b in pairs])),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--engine", default="classical")
    options = parser.parse_args()
    videos: dict[str, list] = {}
    for sample in formats.read(options.data, "davis").samples:
        videos.setdefault(str(sample.image.video), []).append(sample)
    rows, figures = [], {}
    for name, samples in videos.items():
        frames = video.Frames([each_sample.image for each_sample in samples], name=name)
        truth = [each_sample.segments.masks.union().decode() for each_sample in samples]
        given = {0: Segments(Masks.encode(truth[0][None]), [1], ids=[1])}
        begun = time.perf_counter()
        tracked = list(video.track(frames, given, options.engine))
        each = (time.perf_counter() - begun) / max(1, len(frames) - 1)
        found = [each_sample.segments.masks.union().decode() for each_sample in tracked]
        for way, masks in (
            ("copied", [truth[0]] * len(truth)), ("flow alone", warped(frames, truth[0])), (options.engine, found),
        ):  # fmt: skip
            j, f = score(masks, truth)
            figures[f"{name}: {way}"] = {"J": j, "F": f, "J&F": (j + f) / 2}
            seconds = f"{each:.3f}" if way == options.engine else ""
            rows.append((name, str(len(truth)), way, f"{j:.3f}", f"{f:.3f}", f"{(j + f) / 2:.3f}", seconds))
            print(*rows[-1], flush=True)
    report("video", rows, ("video", "frames", "engine", "J", "F", "J&F", "s a frame"), figures)


if __name__ == "__main__":
    main()
