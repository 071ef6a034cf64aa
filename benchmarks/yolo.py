"""COCO to YOLO against the script that people write for it: json.load, points divided by the size, text; in turns.

    python benchmarks/yolo.py [COCO FOLDER] [--rounds 9] [--against "PYTHON CONVERT.PY"]

The script joins the rings of a segment at their nearest points, leaves out crowds, and draws nothing: its lines are the
polygons of the file.  Ours are masks, read by COCO's rule, whose outlines YOLO's programs draw to the pixel; the report
of what is implausible, for which a few images are opened, is left out.

against: a published converter in an environment of its own.  The command is given the COCO folder, a folder that does
not exist and the rounds, and prints the seconds that each conversion took, without its imports, as a JSON list.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import tempfile
from itertools import count
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
from timing import medians, report


def nearest(a: np.ndarray, b: np.ndarray) -> tuple[int, int]:
    apart = ((a[:, None] - b[None]) ** 2).sum(-1)
    row, column = np.unravel_index(np.argmin(apart), apart.shape)
    return int(row), int(column)


def merged(rings: list[list[float]]) -> np.ndarray:
    """The rings of a segment as one, each tied to what is there at the nearest points, there and back."""
    out = np.array(rings[0]).reshape(-1, 2)
    for ring in rings[1:]:
        points = np.array(ring).reshape(-1, 2)
        here, there = nearest(out, points)
        points = np.roll(points, -there, axis=0)
        out = np.concatenate([out[: here + 1], points, points[:1], out[here:]])
    return out


def script(files: list[Path], folder: Path) -> None:
    for file in files:
        with file.open() as stream:
            content = json.load(stream)
        numbers = {category["id"]: number for number, category in enumerate(content["categories"])}
        rows: dict[int, list[dict]] = {}
        for row in content["annotations"]:
            rows.setdefault(row["image_id"], []).append(row)
        for image in content["images"]:
            size = np.array([image["width"], image["height"]])
            lines = []
            for row in rows.get(image["id"], []):
                if row.get("iscrowd") or not isinstance(row["segmentation"], list):
                    continue
                points = merged(row["segmentation"]) / size
                lines.append(
                    f"{numbers[row['category_id']]} " + " ".join(f"{number:.6f}" for number in points.ravel().tolist())
                )
            target = folder / "labels" / Path(image["file_name"]).with_suffix(".txt")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("\n".join(lines) + "\n")


def ours(source: Path, folder: Path) -> None:
    from maskwright import formats

    reading = formats.read(source, "coco", plausible=False)
    samples = list(reading.samples)
    formats.write(samples, reading.classes, folder, "yolo", images="none", allow_loss=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", type=Path, default=Path("../shared/data/coco_mini"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--against", type=shlex.split)
    args = parser.parse_args()
    files = sorted(args.source.glob("annotations/instances_*.json"))
    with tempfile.TemporaryDirectory() as home:
        places = (Path(home) / str(number) for number in count())
        found = medians(
            {"script": lambda: script(files, next(places)), "ours": lambda: ours(args.source, next(places))},
            args.rounds,
        )
        if args.against:
            call = [*args.against, str(args.source.resolve()), str(next(places)), str(args.rounds)]
            said = subprocess.run(call, check=True, capture_output=True, text=True).stdout
            found["published"] = statistics.median(json.loads(said.splitlines()[-1]))
    times = {f"times {name}": round(found["ours"] / found[name], 2) for name in found if name != "ours"}
    rows = [(name, f"{1000 * seconds:.0f} ms") for name, seconds in found.items()]
    report("yolo", rows, ("", "COCO to YOLO"), {**found, **times})


if __name__ == "__main__":
    main()
