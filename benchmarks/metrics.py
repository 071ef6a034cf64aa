"""The confusion matrix and COCO AP against their peers, and the former against reading the labels once.

    python benchmarks/metrics.py [folder of label PNGs]

With a folder, real labels are counted too, image by image, against themselves moved by three pixels.
"""

import os
import sys
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import cv2
import faster_coco_eval
import numpy as np
import torch
import torchmetrics
from PIL import Image
from pycocotools import coco, cocoeval
from sklearn.metrics import confusion_matrix
from timing import medians, report

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.metrics import coco_ap, confusion
from maskwright.metrics._detections import quiet, tables


def street(number: int, height: int, width: int, kinds: int, rough: float) -> tuple[np.ndarray, np.ndarray]:
    """Regions with ragged edges, some ignored pixels; predictions are the truth with moved edges."""
    rng = np.random.default_rng(0)
    truth, pred = np.empty((2, number, height, width), np.uint8)
    for i in range(number):
        coarse = rng.normal(size=(height // 512, width // 512)).astype(np.float32)
        field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        noise = cv2.resize(rng.normal(size=(height // 4, width // 4)).astype(np.float32), (width, height))
        for out, shift in ((truth, 0.0), (pred, 0.04)):
            levels = (field + shift + rough * noise + 2) / 4 * kinds
            out[i] = levels.clip(0, kinds - 1)
        truth[i][(field > 1.9)] = 255
    return pred, truth


def uniform(pred: np.ndarray, truth: np.ndarray) -> float:
    """Share of the runs of eight pixels in which neither map changes."""
    same = [(each.reshape(-1, 8) == each.reshape(-1, 8)[:, :1]).all(axis=1) for each in (pred, truth)]
    return float((same[0] & same[1]).mean())


def real(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The first forty label maps of one size, and what a model that errs at every edge would say."""
    truth = np.stack([np.array(Image.open(path)) for path in sorted(folder.glob("*.png"))[:40]])
    return np.roll(truth, (3, 3), axis=(1, 2)), truth


def compare(name: str, pred: np.ndarray, truth: np.ndarray, kinds: int) -> None:
    few_pred, few_truth = pred[: len(pred) // 10], truth[: len(pred) // 10]

    def bincount(p: np.ndarray, t: np.ndarray) -> np.ndarray:
        keep = (t < kinds) & (p < kinds)
        return np.bincount(kinds * t[keep].astype(int) + p[keep], minlength=kinds**2).reshape(kinds, kinds)

    ignore = 255 if kinds == 19 else kinds
    ours = confusion.update(pred[0], truth[0], num_classes=kinds, ignore_index=ignore)[:, :-1]
    assert np.array_equal(ours, bincount(pred[0], truth[0]))
    keep = (few_truth < kinds) & (few_pred < kinds)
    pairs = list(zip(pred, truth, strict=True))
    jaccard = torchmetrics.JaccardIndex("multiclass", num_classes=kinds, ignore_index=ignore)
    tensors = [torch.from_numpy(each.astype(np.int64)) for each in (few_pred, few_truth)]

    def read(maps: np.ndarray) -> int:
        return int(maps.reshape(-1).view(np.uint64).max())

    seconds = medians(
        {
            "read both once": lambda: (read(pred), read(truth)),
            "maskwright": lambda: [confusion.update(p, t, num_classes=kinds, ignore_index=ignore) for p, t in pairs],
            "numpy bincount (x10)": lambda: [bincount(p, t) for p, t in pairs[: len(few_pred)]],
            "torchmetrics JaccardIndex (x10)": lambda: jaccard(*tensors),
            "scikit-learn (x10)": lambda: confusion_matrix(few_truth[keep], few_pred[keep], labels=range(kinds)),
        },
        9,
    )
    seconds = {name.removesuffix(" (x10)"): value * (10 if "x10" in name else 1) for name, value in seconds.items()}
    limit = seconds["read both once"]
    rows = [(method, f"{1000 * value:.1f}", f"{value / limit:.1f}") for method, value in seconds.items()]
    share = uniform(few_pred, few_truth)
    figures = {"over_reading_both": round(seconds["maskwright"] / limit, 2), "uniform_words": round(share, 3)}
    size = " x ".join(str(length) for length in truth.shape)
    title = f"confusion {size}, {kinds} classes, one call an image, {name} ({share:.0%} of words uniform)"
    report(title, rows, ("method", "ms", "times reading both"), figures)


def average_precision(images: int = 300, objects: int = 20) -> None:
    """COCO mask AP of made objects, moved a little: from masks in memory to the twelve numbers."""
    rng = np.random.default_rng(0)
    classes = Classes([Class(k, f"c{k}") for k in range(1, 11)])
    counts = []
    for _ in range(images):
        dense = np.zeros((objects, 480, 640), bool)
        for mask in dense:
            y, x, h, w = rng.integers(0, 380), rng.integers(0, 520), rng.integers(8, 100), rng.integers(8, 120)
            mask[y : y + h, x : x + w] = True
        kinds = rng.integers(1, 11, objects)
        moved = np.roll(dense, (2, 3), axis=(1, 2))
        counts += coco_ap.update(
            Segments(Masks.encode(moved), kinds, scores=rng.random(objects)), Segments(Masks.encode(dense), kinds)
        )
    truths, results = tables(counts, classes)

    def usual(library, evaluation, **options):
        with quiet():
            truth = library.COCO()
            truth.dataset = truths
            truth.createIndex()
            found = evaluation(truth, truth.loadRes([dict(result) for result in results]), "segm", **options)
            found.evaluate()
            found.accumulate()
            found.summarize()
        return found.stats[:12]

    calls = {
        "maskwright (hotcoco)": lambda: list(coco_ap.compute(counts, classes).values()),
        "faster-coco-eval": lambda: usual(faster_coco_eval, faster_coco_eval.COCOeval_faster),
        "pycocotools": lambda: usual(coco, cocoeval.COCOeval),
    }
    ours, *others = (np.array(call()) for call in calls.values())
    for other in others:
        assert np.allclose(np.nan_to_num(ours, nan=-1), other, atol=1e-12), "the same twelve numbers"
    seconds = medians(calls, 5)
    own = seconds["maskwright (hotcoco)"]
    rows = [(name, f"{value:.2f}", f"{value / own:.2f}") for name, value in seconds.items()]
    figures = {name: round(value / own, 2) for name, value in seconds.items()}
    report(f"COCO mask AP, {images} images of {objects} objects", rows, ("method", "s", "over ours"), figures)


if __name__ == "__main__":
    average_precision()
    compare("smooth", *street(40, 1024, 2048, 19, 0.0005), 19)
    compare("ragged", *street(40, 1024, 2048, 19, 0.02), 19)
    if len(sys.argv) > 1:
        compare("real", *real(Path(sys.argv[1])), 11)
