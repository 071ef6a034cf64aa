"""Reading COCO: what is asked for, against pycocotools, and writing it, against json.dump; times and ratios.

    python benchmarks/coco_read.py FILE [--annotations 20000] [--repeats 5]

FILE: an instances file.  A made one of so many annotations is measured beside it; 0 for none.
Cases: the file opened and indexed; the masks of all annotations as pixels; those of one image; those of one class; the
whole set written as it was read.  Every call opens the file anew, and calls take turns.
"""

import argparse
import contextlib
import io
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
from pycocotools.coco import COCO
from timing import medians, report

from maskwright import formats

HEIGHT, WIDTH = 480, 640


def made(number: int, file: Path) -> None:
    """Ten annotations an image: polygons of 8 to 60 points, of 20 classes, and a crowd's run lengths now and then."""
    random = np.random.default_rng(0)
    images = [
        {"id": image, "file_name": f"{image:06d}.jpg", "height": HEIGHT, "width": WIDTH, "license": 1}
        for image in range(1, number // 10 + 1)
    ]
    annotations = []
    for identity in range(1, number + 1):
        angles = np.sort(random.uniform(0, 2 * np.pi, random.integers(8, 61)))
        reach = random.uniform(10, 80) * random.uniform(0.7, 1, angles.size)
        centre = random.uniform((60, 60), (WIDTH - 60, HEIGHT - 60))
        points = (centre + np.stack([np.cos(angles), np.sin(angles)], 1) * reach[:, None]).clip(0, (WIDTH, HEIGHT))
        ring = points.round(2)
        low, high = ring.min(0), ring.max(0)
        x, y = ring.T
        row = {
            "segmentation": [ring.reshape(-1).tolist()],
            "area": round(abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2, 4), "iscrowd": 0,
            "image_id": (identity - 1) % len(images) + 1, "bbox": [*low.tolist(), *(high - low).round(2).tolist()],
            "category_id": int(random.integers(1, 21)), "id": identity,
        }  # fmt: skip
        if identity % 200 == 0:
            starts = np.sort(random.choice(HEIGHT * WIDTH, 80, replace=False))
            runs = np.diff([0, *starts.tolist(), HEIGHT * WIDTH]).tolist()
            row |= {"iscrowd": 1, "segmentation": {"size": [HEIGHT, WIDTH], "counts": runs}}
            row |= {"area": sum(runs[1::2])}
        annotations.append(row)
    classes = [{"id": number, "name": f"class {number}", "supercategory": "made"} for number in range(1, 21)]
    file.write_text(json.dumps({"info": {}, "images": images, "annotations": annotations, "categories": classes}))


def theirs(file: Path) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(file))


def pixels(file: Path, **options: Any) -> int:
    """Decoded one image at a time; how many there are."""
    total = 0
    for sample in formats.read(file, "coco", **options).samples:
        total += np.count_nonzero(sample.segments.masks.decode())
    return total


def their_pixels(file: Path, **conditions: Any) -> int:
    coco = theirs(file)
    chosen = coco.loadAnns(coco.getAnnIds(**{name: find(coco) for name, find in conditions.items()}))
    return sum(np.count_nonzero(coco.annToMask(annotation)) for annotation in chosen)


def reading(file: Path) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Ours and theirs, by case."""
    known = theirs(file)
    image = list(known.imgs.values())[len(known.imgs) // 2]
    category = known.cats[next(iter(known.anns.values()))["category_id"]]
    return {
        "opened and indexed": (lambda: formats.read(file, "coco"), lambda: theirs(file)),
        "all masks": (lambda: pixels(file), lambda: their_pixels(file)),
        "masks of one image": (
            lambda: pixels(file, only_images=[image["file_name"]]),
            lambda: their_pixels(file, imgIds=lambda _: [image["id"]]),
        ),
        "masks of one class": (
            lambda: pixels(file, only_classes=[category["name"]]),
            lambda: their_pixels(file, catIds=lambda coco: coco.getCatIds(catNms=[category["name"]])),
        ),
    }


def writing(file: Path, folder: Path) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    found = formats.read(file, "coco")
    samples, content = list(found.samples), json.loads(file.read_text())
    number = itertools.count()

    def ours() -> None:
        place = folder / f"written {next(number)}"
        formats.write(samples, found.classes, place, "coco", images="none", about=found.about)
        shutil.rmtree(place)

    def dumped() -> None:
        with open(folder / "dumped.json", "w") as out:
            json.dump(content, out)

    return {"written as it was read": (ours, dumped)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--annotations", type=int, default=20000)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [given.file]
        if given.annotations:
            made(given.annotations, Path(folder) / "made.json")
            files.append(Path(folder) / "made.json")
        for file in files:
            cases = reading(file) | writing(file, Path(folder))
            for case in ("all masks", "masks of one image", "masks of one class"):
                ours, reference = (call() for call in cases[case])
                if ours != reference:
                    raise SystemExit(f"{case} of {file.name}: {ours} pixels, pycocotools has {reference}")
            calls = {
                f"{who} {case}": call for case, pair in cases.items() for who, call in zip("ab", pair, strict=True)
            }
            times = medians(calls, given.repeats)
            rows, figures = [], {}
            for case in cases:
                ours, reference = times[f"a {case}"], times[f"b {case}"]
                rows.append((case, f"{ours * 1e3:.1f}", f"{reference * 1e3:.1f}", f"{ours / reference:.2f}"))
                figures[case] = round(ours / reference, 3)
            title = f"{file.name}, {file.stat().st_size / 1e6:.1f} MB"
            report(title, rows, ("ms", "ours", "pycocotools or json.dump", "ratio"), figures)


if __name__ == "__main__":
    main()
