"""A dataset of 100,000 images: edits and random reads.

python benchmarks/dataset.py [number of images]
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from timing import report

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.store import Dataset

SEGMENTS = 5


def main(number: int) -> None:
    rng = np.random.default_rng(0)
    size = (480, 640)
    y, x = np.mgrid[:480, :640]
    dense = [np.hypot((y - cy) * f, x - cx) < r for cy, cx, f, r in zip(
        rng.uniform(60, 420, 200), rng.uniform(60, 580, 200), rng.uniform(0.7, 1.5, 200), rng.uniform(10, 90, 200),
        strict=True)]  # fmt: skip
    pool = Masks.encode(np.stack(dense))
    with tempfile.TemporaryDirectory() as folder:
        dataset = Dataset.create(folder, Classes([Class(k, str(k)) for k in range(1, 81)]))
        start = time.perf_counter()
        with dataset.edit("fill") as edit:
            for i in range(number):
                segments = Segments(pool[rng.integers(0, 200, SEGMENTS)], rng.integers(1, 81, SEGMENTS))
                edit.add(Sample(f"{i:07d}", ImageRef(f"/images/{i:07d}.jpg", size), segments))
        filling = time.perf_counter() - start
        wal = Path(folder) / "maskwright.db-wal"
        whole = os.path.getsize(Path(folder) / "maskwright.db")

        def checkpoint() -> None:
            with dataset.database.engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

        edits: dict[str, list[float]] = {}
        written: dict[str, list[int]] = {}
        for name, images in (("five segments of one image", 1), ("one segment of five images", 5)):
            for _ in range(40):
                keys = [f"{k:07d}" for k in rng.choice(number, images, replace=False)]
                checkpoint()
                start = time.perf_counter()
                with dataset.edit("change") as edit:
                    for key in keys:
                        for segment in range(1, SEGMENTS // images + 1):
                            edit.set_segment(key, segment, mask=pool[int(rng.integers(200))], source="human")
                edits.setdefault(name, []).append(time.perf_counter() - start)
                written.setdefault(name, []).append(wal.stat().st_size)
        reads = []
        for _ in range(9):
            chosen = rng.choice(number, min(1000, number), replace=False) + 1
            start = time.perf_counter()
            samples = dataset.read(chosen.tolist())
            reads.append(time.perf_counter() - start)
        assert len(samples) == min(1000, number)
        dataset.close()
    rows = [
        ("filling, images a second", f"{number / filling:.0f}", ""),
        ("bytes an image", f"{whole / number:.0f}", ""),
    ]
    figures: dict[str, object] = {}
    for name in edits:
        milliseconds, kilobytes = 1000 * statistics.median(edits[name]), statistics.median(written[name]) / 1000
        rows.append((f"edit {name}", f"{milliseconds:.1f} ms", f"{kilobytes:.0f} kB written"))
        figures[name] = {"ms": round(milliseconds, 2), "kB": round(kilobytes, 1)}
    rows.append(("read 1000 random samples", f"{1000 * statistics.median(reads):.0f} ms", ""))
    figures["read_1000_ms"] = round(1000 * statistics.median(reads), 1)
    report(f"dataset of {number} images, {SEGMENTS} segments each", rows, ("what", "median", ""), figures)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
