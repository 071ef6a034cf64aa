"""Mask kernels against their peers and against the memory's own speed, in one run.

    python benchmarks/masks.py

Ratios are what counts; seconds on a shared machine say little.  "read" and "write" are the time of
going over the dense array once.  Writing has two speeds: one call that clears the whole batch bypasses the
caches, which nothing that writes mask by mask can do, so both are shown.  All on one thread.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import cv2
import numpy as np
from hotcoco import mask as hotcoco
from pycocotools import mask as coco
from timing import medians, report

from maskwright.core.masks import Masks

cv2.setNumThreads(1)


def shapes(number: int, height: int, width: int, seed: int) -> np.ndarray:
    """Half polygons, half ragged blobs, about as large as COCO's objects."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((number, height, width), np.uint8)
    for i, mask in enumerate(masks):
        centre = rng.uniform(0.15, 0.85, 2) * (width, height)
        radius = rng.uniform(0.03, 0.16) * min(height, width) * 1.6
        angles = np.sort(rng.uniform(0, 2 * np.pi, 27))
        outline = centre + radius * rng.uniform(0.6, 1.2, (27, 1)) * np.c_[np.cos(angles), np.sin(angles)]
        cv2.fillPoly(mask, [outline.round().astype(np.int32)], 1)
        if i % 2:
            noise = cv2.GaussianBlur(rng.normal(size=(height // 4, width // 4)).astype(np.float32), (0, 0), 2)
            mask &= (cv2.resize(noise, (width, height)) > -0.15).astype(np.uint8)
    return masks


def compare(number: int, height: int, width: int) -> None:
    dense = shapes(number, height, width, 0)
    fortran = np.asfortranarray(dense.transpose(1, 2, 0))
    flat = dense.reshape(-1).view(np.uint64)
    out = np.empty_like(dense)
    ours = Masks.encode(dense)
    theirs = coco.encode(fortran)
    assert ours.compressed() == [name["counts"] for name in theirs]
    some = min(number, 300)
    first, few = ours[:some], theirs[:some]
    other, others = ours[::-1][:some], theirs[::-1][:some]
    assert np.array_equal(first.iou(other), coco.iou(few, others, [0] * some))

    def fresh(masks: Masks) -> Masks:  # without the cached spans, as a first call finds it
        return Masks.take_over(masks.size, masks.counts, masks.offsets)

    calls = {
        "read once": lambda: flat.max(),
        "encode maskwright": lambda: Masks.encode(dense),
        "encode pycocotools (from C order)": lambda: coco.encode(np.asfortranarray(dense.transpose(1, 2, 0))),
        "encode pycocotools (Fortran order ready)": lambda: coco.encode(fortran),
        "encode hotcoco": lambda: hotcoco.encode(np.asfortranarray(dense.transpose(1, 2, 0))),
        "write once": lambda: [mask.fill(0) for mask in out],
        "write once, whole batch in one call": lambda: out.fill(0),
        "write once, copying another array": lambda: np.copyto(out, dense),
        "decode maskwright (buffer given)": lambda: ours.decode(out=out),
        "decode maskwright (fresh array)": ours.decode,
        "decode pycocotools": lambda: coco.decode(theirs),
        "area maskwright": ours[:200].areas,
        "area pycocotools": lambda: coco.area(theirs[:200]),  # its 2.0.11 overflows from 256 masks on
        "iou maskwright": lambda: fresh(first).iou(fresh(other)),
        "iou pycocotools": lambda: coco.iou(few, others, [0] * some),
        "union maskwright": lambda: fresh(first).union(),
        "union pycocotools": lambda: coco.merge(few),
        "outline maskwright (exact, holes)": first[:20].polygons,
        "outline OpenCV (not exact)": lambda: [
            cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE) for mask in dense[:20]
        ],
    }
    seconds = medians(calls)
    groups = {
        "encode": "read once", "decode": "write once", "area": "area maskwright", "iou": "iou maskwright",
        "union": "union maskwright", "outline": "outline maskwright (exact, holes)",
        "read": "read once", "write": "write once",
    }  # fmt: skip
    rows = [
        (name, f"{1000 * value:.3f}", f"{value / seconds[groups[name.split()[0]]]:.2f}", groups[name.split()[0]])
        for name, value in seconds.items()
    ]
    figures = {
        "encode_over_read": round(seconds["encode maskwright"] / seconds["read once"], 2),
        "decode_over_write": round(seconds["decode maskwright (buffer given)"] / seconds["write once"], 2),
        "decode_over_write_in_one_call": round(
            seconds["decode maskwright (buffer given)"] / seconds["write once, whole batch in one call"], 2
        ),
        "iou_speedup_over_pycocotools": round(seconds["iou pycocotools"] / seconds["iou maskwright"], 2),
    }
    title = f"masks {number} x {height} x {width}"
    report(title, rows, ("operation", "ms", "ratio", "to"), figures)


if __name__ == "__main__":
    compare(1000, 480, 640)
    compare(20, 3000, 4000)
