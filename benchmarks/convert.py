"""Reading a large COCO file, masks and all, against its peers: time and peak memory, each in a process of its own.

    python benchmarks/convert.py [--segments 100000] [--peers PYTHON]

Every contender ends with the mask of every annotation in hand once and reports the pixels it counted: ours as run
lengths, pycocotools as decoded masks, supervision and Datumaro as their readers give them.
--peers: a Python that has Datumaro, which does not live beside this project's versions.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
from timing import report

HEIGHT, WIDTH = 480, 640

CONTENDERS = {
    "maskwright": """
        from maskwright import formats
        for sample in formats.read(FILE, "coco").samples:
            number += len(sample.segments); pixels += int(sample.segments.masks.areas().sum())
    """,
    "json.load alone": """
        import json
        number = len(json.load(open(FILE))["annotations"])
    """,
    "pycocotools + decoding": """
        import contextlib, io
        from pycocotools.coco import COCO
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO(FILE)
        for row in coco.anns.values():
            number += 1; pixels += int(coco.annToMask(row).sum())
    """,
    "pycocotools, run lengths": """
        import contextlib, io
        from pycocotools.coco import COCO
        from pycocotools import mask
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO(FILE)
        for row in coco.anns.values():
            number += 1; pixels += int(mask.area(coco.annToRLE(row)))
    """,
    "supervision": """
        import supervision as sv
        for _, _, found in sv.DetectionDataset.from_coco(IMAGES, FILE, force_masks=True):
            number += len(found)
            pixels += int(found.mask.sum()) if len(found) else 0
    """,
    "datumaro": """
        import datumaro
        from datumaro.components.annotation import AnnotationType
        from pycocotools import mask
        for item in datumaro.Dataset.import_from(ROOT, "coco_instances"):
            for one in item.annotations:
                if one.type == AnnotationType.mask:
                    number += 1; pixels += int(one.image.sum())
                elif one.type == AnnotationType.polygon:
                    number += 1
                    pixels += int(mask.area(mask.frPyObjects([list(map(float, one.points))], HEIGHT, WIDTH)).sum())
    """,
}


def build(root: Path, segments: int) -> Path:
    """A COCO file like the real one: 7 objects an image, mostly polygons of some dozen points, some crowds as RLE."""
    from PIL import Image

    from maskwright.core.masks import Masks

    rng = np.random.default_rng(0)
    images, annotations = [], []
    (root / "annotations").mkdir()
    (root / "images" / "val").mkdir(parents=True)
    blank = root / "images" / "val" / "blank.png"
    Image.new("L", (WIDTH, HEIGHT)).save(blank)
    for number in range(1, segments + 1):
        image = (number - 1) // 7 + 1
        if image > len(images):
            images.append({"id": image, "file_name": f"{image:012d}.png", "height": HEIGHT, "width": WIDTH})
            os.link(blank, root / "images" / "val" / f"{image:012d}.png")
        points = int(rng.integers(12, 60))
        angles = np.sort(rng.uniform(0, 2 * np.pi, points))
        radius = rng.lognormal(3.6, 0.7) * rng.uniform(0.7, 1.2, points)
        centre = rng.uniform((80, 60), (WIDTH - 80, HEIGHT - 60))
        ring = (centre + radius[:, None] * np.c_[np.cos(angles), np.sin(angles)]).clip(0, (WIDTH, HEIGHT)).round(2)
        crowd = number % 90 == 0
        shape: object = [ring.reshape(-1).tolist()]
        if crowd:
            counts = Masks.from_coco_polygons([[ring.reshape(-1)]], (HEIGHT, WIDTH)).counts.tolist()
            shape = {"size": [HEIGHT, WIDTH], "counts": counts}
        low, high = ring.min(axis=0), ring.max(axis=0)
        annotations.append(
            {"id": number, "image_id": image, "category_id": number % 80 + 1, "segmentation": shape,
             "iscrowd": int(crowd), "area": float(np.prod(high - low)), "bbox": [*low.tolist(), *(high - low).tolist()]}
        )  # fmt: skip
    categories = [{"id": k, "name": f"c{k}"} for k in range(1, 81)]
    file = root / "annotations" / "instances_val.json"
    file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return file


def run(python: str, program: str, file: Path) -> dict[str, float]:
    """Seconds, peak memory above an empty Python's, segments and pixels."""
    import textwrap

    text = (
        f"FILE, ROOT, IMAGES = {str(file)!r}, {str(file.parents[1])!r}, {str(file.parents[1] / 'images' / 'val')!r}\n"
        f"HEIGHT, WIDTH = {HEIGHT}, {WIDTH}\n"
        "import time, warnings; warnings.simplefilter('ignore')\n"
        "start = time.perf_counter(); number = pixels = 0\n"
        + textwrap.dedent(program)
        # The process's own peak; getrusage's would begin with its parent's.
        + "\npeak = int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024\n"
        "print('RESULT', time.perf_counter() - start, peak, number, pixels)\n"
    )
    done = subprocess.run([python, "-c", text], capture_output=True, text=True, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT")), None)
    if line is None:
        sys.stderr.write(done.stderr[-600:])
        raise SystemExit("a contender failed")
    seconds, peak, number, pixels = (float(word) for word in line.split()[1:])
    return {"seconds": seconds, "peak": peak, "number": number, "pixels": pixels}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--peers", help="a Python with Datumaro")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "whole").mkdir()
        (Path(folder) / "tenth").mkdir()
        labels = build(Path(folder) / "whole", given.segments)
        tenth = build(Path(folder) / "tenth", given.segments // 10)
        size = labels.stat().st_size / 1e6
        results = {}
        for contender, program in CONTENDERS.items():
            if contender == "datumaro" and not given.peers:
                continue
            python = given.peers if contender == "datumaro" else sys.executable
            repeats = 3 if contender in ("maskwright", "json.load alone", "pycocotools, run lengths") else 1
            # supervision keeps every decoded mask: the whole file would need some 60 GB.
            partly = contender == "supervision"
            tries = [run(python, program, tenth if partly else labels) for _ in range(repeats)]
            median = sorted(tries, key=lambda each_try: each_try["seconds"])[len(tries) // 2]
            if partly:
                contender, median = f"{contender} (a tenth, x 10)", {key: 10 * each for key, each in median.items()}
            results[contender] = median
    ours = results["maskwright"]
    rows = [
        (name, f"{result['seconds']:.1f}", f"{result['seconds'] / ours['seconds']:.1f}", f"{result['peak']:.0f}",
         f"{result['peak'] / ours['peak']:.1f}", f"{result['number']:.0f}",
         f"{result['pixels'] / max(ours['pixels'], 1):.4f}")
        for name, result in results.items()
    ]  # fmt: skip
    figures = {
        name: {"time": round(result["seconds"] / ours["seconds"], 2), "memory": round(result["peak"] / ours["peak"], 2)}
        for name, result in results.items()
    }
    report(
        f"reading {given.segments} segments from {size:.0f} MB of COCO JSON", rows,
        ("reader", "s", "times ours", "peak MB", "times ours", "segments", "pixels over ours"), figures,
    )  # fmt: skip
