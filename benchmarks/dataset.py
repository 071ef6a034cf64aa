"""A dataset of many images with five segments each: opening, conditions, edits, history, statistics, vectors.

python benchmarks/dataset.py [number of images, 100000 when not given] [--folder DATA] [--vectors NUMBER]

DATA is a folder or a PostgreSQL URL; the dataset is made there once and used again by later calls; without
a folder it is made anew and removed.  Every row is the median of five, each in a process of its own that opens the
dataset anew, but for those of edits and reads.  A loop of plain Python stands beside them: on a machine that is busy it
takes longer, and so does the rest.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from timing import report

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.labelling import gestures
from maskwright.runs import Run
from maskwright.store import Dataset
from maskwright.store.overview import overview

SEGMENTS = 5
REPEATS = 5
AT_ONCE = 100_000  # images added by one edit
WIDTH = 512  # numbers in a vector
BATCH = 4096

CONDITIONS = {
    "split = 'val'": "split = 'val'",
    "a field that is a number": "fields.temperature > 30.5",
    "fields together": "fields.weather in ('rain', 'fog') and not fields.temperature < 0",
    "a key's beginning": "key like '00%7' or weight > 2",
    "over segments": "class_id = 5 and area > 4000",
    "over a run's values": "last.iou < 0.01",
}


def masks(rng: np.random.Generator) -> Masks:
    """200 ellipses."""
    y, x = np.mgrid[:480, :640]
    dense = [np.hypot((y - cy) * f, x - cx) < r for cy, cx, f, r in zip(
        rng.uniform(60, 420, 200), rng.uniform(60, 580, 200), rng.uniform(0.7, 1.5, 200), rng.uniform(10, 90, 200),
        strict=True)]  # fmt: skip
    return Masks.encode(np.stack(dense))


def make(place: str, number: int, file: str = "/images/{:07d}.jpg") -> float:
    """Fill a new dataset through edits -> seconds. file: of each image, which need not be there."""
    rng = np.random.default_rng(0)
    pool = masks(rng)
    start = time.perf_counter()
    with Dataset.create(place, Classes([Class(k, f"class {k}") for k in range(1, 81)])) as dataset:
        for at in range(0, number, AT_ONCE):
            with dataset.edit("fill") as edit:
                for i in range(at, min(number, at + AT_ONCE)):
                    segments = Segments(pool[rng.integers(0, 200, SEGMENTS)], rng.integers(1, 81, SEGMENTS))
                    fields = {
                        "temperature": round(float(rng.uniform(-20, 40)), 1),
                        "weather": ("rain", "sun", "snow", "fog")[int(rng.integers(4))],
                    }
                    image, split = ImageRef(file.format(i), (480, 640)), ("train", "val", "test")[i % 3]
                    edit.add(Sample(f"{i:07d}", image, segments, split, 1.0, fields), hash_image=False)
            print(f"  {min(number, at + AT_ONCE):,} images", file=sys.stderr)
        filling = time.perf_counter() - start
        run = Run.start(dataset, "predict", {}, name="measured")
        run.log_samples("iou", dict(enumerate(rng.uniform(0, 1, number).tolist(), 1)))
        run.finish()
        with dataset.edit("five changes") as edit:
            for key in rng.choice(number, 5, replace=False):
                edit.set_segment(f"{key:07d}", 1, mask=pool[int(rng.integers(200))], source="human")
        dataset.tag("five", "head")
    return filling


def write_vectors(place: str, number: int) -> float:
    """Seconds; by batches, in one edit."""
    rng = np.random.default_rng(0)
    with Dataset.open(place) as dataset:
        numbers = np.array(dataset.numbers()[:number])
        batches = [rng.standard_normal((min(BATCH, len(numbers) - at), WIDTH), np.float32).astype(np.float16)
                   for at in range(0, len(numbers), BATCH)]  # fmt: skip
        start = time.perf_counter()
        with dataset.edit("vectors") as edit:
            for at, batch in zip(range(0, len(numbers), BATCH), batches, strict=True):
                dataset.vectors.write("embedding", numbers[at : at + BATCH], batch, edit=edit)
        return time.perf_counter() - start


def calibration() -> int:
    """What a plain loop takes says how busy the machine is."""
    total = 0
    for i in range(1_000_000):
        total += i & 7
    return total


def _bulk(dataset: Dataset) -> object:
    """10,000 samples at once, taken back by the next."""
    keys = int(dataset.keys()[10_000] if len(dataset) > 10_000 else len(dataset))
    return dataset.set_where(f"key < '{keys:07d}'", {"weight": float(np.random.default_rng().uniform(1, 2))})


#: What is asked of an opened dataset, in a process of its own.
ASKED: dict[str, Callable[[Dataset], object]] = {
    "number of samples": len,
    "numbers": lambda dataset: dataset.numbers(),
    "keys": lambda dataset: dataset.keys(),
    "splits": lambda dataset: dataset.splits(),
    "weights": lambda dataset: dataset.weights(),
    "log": lambda dataset: dataset.log(),
    "diff of five changes": lambda dataset: dataset.diff("five~", "five"),
    "class statistics": lambda dataset: dataset.class_statistics(),
    "overview, by columns": lambda dataset: overview(dataset),
    "overview, a page of 500": lambda dataset: overview(dataset, start=len(dataset) // 2, limit=500),
    "overview, as the studio has it": lambda dataset: gestures.overview(dataset),
    **{f"where {name}": lambda dataset, text=text: len(dataset.where(text)) for name, text in CONDITIONS.items()},
    "vectors, read by batches": lambda dataset: sum(
        len(batch.samples) for batch in dataset.vectors.batches("embedding")
    ),
    "vectors, nearest ten of one": lambda dataset: dataset.vectors.nearest("embedding", np.arange(WIDTH) % 7 - 3.0),
}
if hasattr(Dataset, "set_where"):
    ASKED["bulk set of 10,000"] = _bulk


def ask(place: str, name: str) -> None:
    """Print seconds, those of opening, those of a loop beside it, and the process's peak memory."""
    start = time.perf_counter()
    calibration()
    loop = time.perf_counter() - start
    start = time.perf_counter()
    with Dataset.open(place) as dataset:
        opened = time.perf_counter()
        ASKED[name](dataset)
        done = time.perf_counter()
    print(json.dumps({"open": opened - start, "seconds": done - opened, "loop": loop, "peak": peak()}))


def peak() -> int:
    """kB; what the system says of a process counts its parent's in, except on Linux in this file."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def asked(place: str) -> tuple[list[tuple[str, ...]], dict[str, Any]]:
    """Every question in processes of its own -> rows of the table, and figures."""
    rows, figures, opening = [], {}, []
    for name in ASKED:
        found = []
        for _ in range(REPEATS):
            done = subprocess.run(
                [sys.executable, __file__, "--ask", name, "--folder", place],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                rows.append((name, "-", "", "", done.stderr.strip().splitlines()[-1][:90]))
                break
            found.append(json.loads(done.stdout))
        else:
            opening += [answer["open"] for answer in found]
            middle = {part: statistics.median(answer[part] for answer in found) for part in found[0]}
            load = os.getloadavg()[0]
            rows.append((
                name, f"{1000 * middle['seconds']:.0f} ms", f"{middle['peak'] / 1024:.0f} MB",
                f"{1000 * middle['loop']:.0f} ms", f"{load:.1f}",
            ))  # fmt: skip
            figures[name] = {
                "ms": round(1000 * middle["seconds"], 1), "MB": round(middle["peak"] / 1024),
                "loop_ms": round(1000 * middle["loop"], 1), "load": round(load, 1),
            }  # fmt: skip
    rows.insert(0, ("open", f"{1000 * statistics.median(opening):.0f} ms", "", "", ""))
    figures["open_ms"] = round(1000 * statistics.median(opening), 1)
    return rows, figures


def edits(place: str, number: int) -> tuple[list[tuple[str, ...]], dict[str, Any]]:
    """Small edits and random reads in this process; bytes written are those of SQLite's log."""
    rng = np.random.default_rng(1)
    pool = masks(np.random.default_rng(0))
    rows, figures = [], {}
    with Dataset.open(place) as dataset:
        file = dataset.database.file
        log = None if file is None else file.with_name(file.name + "-wal")
        for name, images in (("five segments of one image", 1), ("one segment of five images", 5)):
            times, written = [], []
            for _ in range(40):
                keys = [f"{k:07d}" for k in rng.choice(number, images, replace=False)]
                if log is not None:
                    with dataset.database.engine.connect() as connection:
                        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
                start = time.perf_counter()
                with dataset.edit("change") as edit:
                    for key in keys:
                        for segment in range(1, SEGMENTS // images + 1):
                            edit.set_segment(key, segment, mask=pool[int(rng.integers(200))], source="human")
                times.append(time.perf_counter() - start)
                written.append(0 if log is None else log.stat().st_size)
            milliseconds, kilobytes = 1000 * statistics.median(times), statistics.median(written) / 1000
            rows.append((f"edit {name}", f"{milliseconds:.1f} ms", f"{kilobytes:.0f} kB written", "", ""))
            figures[name] = {"ms": round(milliseconds, 2), "kB": round(kilobytes, 1)}
        reads = []
        for _ in range(9):
            chosen = rng.choice(number, min(1000, number), replace=False) + 1
            start = time.perf_counter()
            samples = dataset.read(chosen.tolist())
            reads.append(time.perf_counter() - start)
        assert len(samples) == min(1000, number)
    rows.append(("read 1000 random samples", f"{1000 * statistics.median(reads):.0f} ms", "", "", ""))
    figures["read_1000_ms"] = round(1000 * statistics.median(reads), 1)
    return rows, figures


def main(number: int, folder: str | None, vectors: int) -> None:
    place = folder or tempfile.mkdtemp(prefix="maskwright-benchmark-")
    rows: list[tuple[str, ...]] = []
    figures: dict[str, Any] = {}
    try:
        if not Dataset.exists(place):
            filling = make(place, number)
            rows.append(("filling, images a second", f"{number / filling:.0f}", "", "", ""))
            figures["filling"] = round(number / filling)
        with Dataset.open(place) as dataset:
            number = len(dataset)
            there = [column.name for column in dataset.vectors.columns()]
            if (file := dataset.database.file) is not None:
                rows.append(("bytes an image", f"{file.stat().st_size / number:.0f}", "", "", ""))
        if "embedding" not in there:
            seconds = write_vectors(place, vectors)
            rows.append(
                (f"vectors, {min(vectors, number):,} × {WIDTH} float16 written", f"{1000 * seconds:.0f} ms", "", "", "")
            )
            figures["vectors_written_ms"] = round(1000 * seconds)
        for part in (asked(place), edits(place, number)):
            rows += part[0]
            figures |= part[1]
    finally:
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)
    header = ("what", "median", "peak memory", "loop beside it", "load")
    report(f"dataset of {number:,} images, {SEGMENTS} segments each", rows, header, figures)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", nargs="?", type=int, default=100_000)
    parser.add_argument("--folder", help="where the dataset is, or is made: a folder, or a PostgreSQL URL")
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        ask(given.folder, given.ask)
    else:
        main(given.number, given.folder, given.vectors)
