"""Automatic mask generation, against transformers' pipeline: time and memory, same network, same limits.

    OMP_NUM_THREADS=1 python benchmarks/everything.py [--side 12] [--height 1200] [--width 1800]

The network is MobileSAM's size with random weights (its masks are blots, by a bias), the limits are such that about a
third of the answers passes the first filter.  Each way runs in a process of its own; memory is what it grew by.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
from timing import report

WAYS = ("transformers", "every point", "coarse to fine")


def drawn(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 255, (height // 100, width // 100, 3)).astype(np.uint8)
    image = np.kron(small, np.ones((100, 100, 1), np.uint8))
    return np.clip(image + rng.integers(-9, 10, image.shape), 0, 255).astype(np.uint8)


def resident() -> float:
    """Megabytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def run_way(way: str, side: int, height: int, width: int) -> None:
    import torch
    from PIL import Image
    from transformers import MaskGenerationPipeline, SamImageProcessor

    from maskwright.interactive import Grid, everything
    from maskwright.interactive.engines import mobile_sam
    from maskwright.interactive.engines._sam import Sam

    torch.manual_seed(0)
    model = mobile_sam.network()
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "mask_decoder" in name and values.ndim > 1:
                values.normal_(0, 0.3)
    engine = Sam(model, "mobile-sam")
    image = drawn(height, width)
    encoded = engine.encode(image)
    places = np.stack(np.meshgrid(*[(np.arange(6) + 0.5) / 6 * n for n in (width, height)]), -1).reshape(-1, 2)
    points = engine.frame((height, width), places)[:, None]
    logits, scores = engine.decode(encoded, points=points, labels=np.ones((36, 1)))
    bias = float(np.quantile(logits, 0.93))
    model.mask_decoder.register_forward_hook(lambda _module, _given, out: (out[0] - bias, *out[1:]))
    least, offset = float(np.quantile(scores, 0.67)), 0.05 * float(logits.std())
    grid = Grid(side=side, iou=least, stability=0.7, offset=offset, skip=0.0 if way == "every point" else 0.1)
    everything(image[:200, :300], engine, Grid(side=2, iou=least))  # compiles
    before, most, done = resident(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            most[0] = max(most[0], resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun = time.perf_counter()
    if way == "transformers":
        pipe = MaskGenerationPipeline(model=model, image_processor=SamImageProcessor())
        found = pipe(
            Image.fromarray(image), points_per_crop=side, points_per_batch=64, pred_iou_thresh=least,
            stability_score_thresh=0.7, stability_score_offset=offset,
        )["masks"]  # fmt: skip
    else:
        found = everything(image, engine, grid)
    seconds = time.perf_counter() - begun
    done.set()
    watcher.join()
    print(json.dumps({"seconds": seconds, "mb": most[0] - before, "masks": len(found)}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=12)
    parser.add_argument("--height", type=int, default=1200)
    parser.add_argument("--width", type=int, default=1800)
    parser.add_argument("--way", choices=WAYS)
    options = parser.parse_args()
    if options.way:
        run_way(options.way, options.side, options.height, options.width)
        return
    found = {}
    for way in WAYS:
        words = ["--side", options.side, "--height", options.height, "--width", options.width, "--way", way]
        done = subprocess.run([sys.executable, __file__, *map(str, words)], capture_output=True, text=True, check=True)
        found[way] = json.loads(done.stdout.splitlines()[-1])
        print(way, found[way], flush=True)
    base = found["every point"]
    rows = [
        (way, f"{item['seconds'] / base['seconds']:.2f}", f"{item['mb'] / base['mb']:.2f}", str(item["masks"]))
        for way, item in found.items()
    ]
    report("everything", rows, ("way", "time", "memory", "masks"), found)


if __name__ == "__main__":
    main()
