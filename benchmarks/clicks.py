"""Clicks to an IoU, by engines that need no weights, in one run: ours, OpenCV's GrabCut, scikit-image's random walker.

    OMP_NUM_THREADS=1 python benchmarks/clicks.py ../shared/data [--every 4] [--jitter 0.5]

berkeley100 and coco_mval as their folders hold them; of coco_mini a hundred objects of 1,000 pixels and more.
`--every 4`: the peers are slow, so they get every fourth object, and so do we in their table; ours on all objects comes
first.  Every engine sees the same protocol; the peers work at 320 pixels, the size at which published figures of theirs
were made.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image
from timing import report

from maskwright import formats
from maskwright.core.masks import Masks
from maskwright.interactive import Answer, Session, annotate
from maskwright.interactive.engines import classical
from maskwright.metrics import clicks

SIDE = 320


class Peer:
    """Seeds as disks at 320 pixels; the image's border is background until a click says so."""

    takes = frozenset({"points"})
    key = None

    def encode(self, image):
        import cv2

        scale = SIDE / max(image.shape[:2])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return type("Encoded", (), {"image": image, "small": small, "scale": scale, "found": {}, "nbytes": 0})()

    def answer(self, encoded, prompts):
        import cv2

        seeds = np.zeros(encoded.small.shape[:2], np.uint8)
        for (x, y), on in zip(prompts.points, prompts.point_labels, strict=True):
            cv2.circle(seeds, (int(x * encoded.scale), int(y * encoded.scale)), 3, 1 if on else 2, -1)
        if 2 not in seeds:
            edge = np.zeros_like(seeds)
            edge[[0, -1]] = edge[:, [0, -1]] = 1
            seeds[(edge > 0) & (seeds == 0)] = 2
        small = self.segment(encoded, seeds, len(prompts.points))
        size = encoded.image.shape[1::-1]
        big = cv2.resize(np.where(small, 1, -1).astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0
        return Answer(Masks.encode(big[None]), np.ones(1, np.float32), np.zeros((1, 1, 1), np.float32))


class GrabCut(Peer):
    """OpenCV: two rounds a click from the last mask, as its sample program has it."""

    def segment(self, encoded, seeds, click):
        import cv2

        last = encoded.found.get(click - 1)
        if last is None:
            y, x = np.mgrid[: seeds.shape[0], : seeds.shape[1]]
            cy, cx = np.argwhere(seeds == 1).mean(axis=0)
            last = np.hypot(y - cy, x - cx) < SIDE / 4
        mask = np.where(last, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        mask[seeds == 1], mask[seeds == 2] = cv2.GC_FGD, cv2.GC_BGD
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(np.ascontiguousarray(encoded.small[..., ::-1]), mask, None, *models, 2, cv2.GC_INIT_WITH_MASK)
        encoded.found[click] = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD))
        return encoded.found[click]


class RandomWalker(Peer):
    def segment(self, encoded, seeds, click):
        from skimage.segmentation import random_walker

        return random_walker(encoded.small, seeds, beta=130, mode="cg_j", tol=1e-3, channel_axis=-1) == 1


def objects(data: Path):
    """Set -> (photograph, truth as a mask or the file of one)."""
    berkeley = [
        (data / f"berkeley100/images/{path.stem}.jpg", path)
        for path in sorted((data / "berkeley100/masks").glob("*.png"))
    ]
    berkeley = [(photo if photo.is_file() else photo.with_stem(photo.stem[:-1]), path) for photo, path in berkeley]
    coco = [
        (next((data / "coco_mval/img").glob(f"{path.stem}.*")), path)
        for path in sorted((data / "coco_mval/gt").glob("*.png"))
    ]
    mini = [
        (Path(sample.image.uri), mask.decode())
        for sample in formats.read(data / "coco_mini").samples
        for mask, crowd in zip(sample.segments.masks, sample.segments.is_crowd, strict=True)
        if not crowd and mask.area() >= 1000
    ]
    # One object of an image after the other says little that is new: a hundred from all over the set.
    return {"berkeley100": berkeley, "coco_mval": coco, "coco_mini": mini[:: max(1, len(mini) // 100)][:100]}


def measured(engine, pairs, jitter: float) -> dict:
    counts = []
    for photo, path in pairs:
        truth = path if isinstance(path, np.ndarray) else np.array(Image.open(path).convert("L")) > 127
        curve = annotate(Session(photo, engine), truth, until=0.9, jitter=jitter, rng=np.random.default_rng(0))
        counts += clicks.update(curve.ious.tolist(), seconds=curve.seconds.tolist())
    return clicks.compute(counts)


def one_megapixel() -> tuple[float, float]:
    """Seconds to encode, and the median click on a photograph of 1000 x 1000 pixels."""
    from skimage import data, transform

    image = (transform.resize(data.astronaut(), (1000, 1000)) * 255).astype(np.uint8)
    engine, rng = classical.load(), np.random.default_rng(0)
    times, starts = [], []
    for _ in range(4):
        begun = time.perf_counter()
        session = Session(image, engine)
        starts.append(time.perf_counter() - begun)
        for k in range(10):
            begun = time.perf_counter()
            session.click(*rng.uniform(50, 950, 2), on=k % 2 == 0)
            times.append(time.perf_counter() - begun)
    return float(np.median(starts)), float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=4)
    parser.add_argument("--jitter", type=float, default=0.0)
    parser.add_argument("--only", help="one set")
    options = parser.parse_args()
    names = ("noc@85", "noc@90", "nof@90", "iou@1", "iou@2", "iou@3", "iou@5", "iou@10", "seconds")
    figures: dict[str, object] = {"jitter": options.jitter}
    for data, pairs in objects(options.data).items():
        if options.only and data != options.only:
            continue
        engines = {"maskwright, all objects": (classical.load(), pairs)}
        fewer = pairs[:: options.every]
        engines |= {
            "maskwright": (classical.load(), fewer), "opencv grabCut": (GrabCut(), fewer),
            "skimage random_walker": (RandomWalker(), fewer),
        }  # fmt: skip
        rows = []
        for name, (engine, some) in engines.items():
            found = measured(engine, some, options.jitter)
            figures[f"{data}: {name}"] = {key: found[key] for key in ("objects", *names)}
            rows.append((name, str(found["objects"]), *(f"{found[key]:.3f}" for key in names)))
        print(data)
        for row in rows:
            print("  ", row)
    encode, click = one_megapixel()
    figures["1 megapixel: ms to encode, ms a click"] = [round(1000 * encode), round(1000 * click)]
    report(
        "clicks", [("encode", f"{1000 * encode:.0f}"), ("click", f"{1000 * click:.0f}")], ("1 megapixel", "ms"), figures
    )


if __name__ == "__main__":
    main()
