"""What the store's doors cost: an import and single edits, beside another version of the package, and hashing images.

python benchmarks/doors.py [--before SRC] [--samples 20000] [--edits 2000] [--runs 5] [--images 2000]

SRC is the `src` folder of another checkout; each run measures it and this one, one after the other.
"""

import argparse
import inspect
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from timing import report

OWN = Path(__file__).parents[1] / "src"


def work(samples: int, edits: int) -> dict[str, float]:
    """In a process of its own: import without hashes, then edit."""
    from maskwright.core.classes import Class, Classes
    from maskwright.core.mask import Mask
    from maskwright.core.masks import Masks
    from maskwright.core.sample import ImageRef, Sample
    from maskwright.core.segments import Segments
    from maskwright.store import Dataset, transfer

    rng = np.random.default_rng(0)
    pool = [
        Segments(Masks.encode(rng.random((4, 48, 64)) < 0.02 + 0.3 * (k % 2)), rng.integers(1, 4, 4)) for k in range(50)
    ]
    rows = [
        Sample(f"{i:06d}", ImageRef(f"/nowhere/{i}.png", (48, 64)), pool[i % 50], split="train" if i % 5 else "val",
               fields={"temp": i} if i % 3 == 0 else {})
        for i in range(samples)
    ]  # fmt: skip
    masks = [Mask.encode(rng.random((48, 64)) < 0.3) for _ in range(20)]
    keys = [f"{i:06d}" for i in rng.integers(0, samples, edits)]
    quiet = {"hash_images": False} if "hash_images" in inspect.signature(transfer.import_samples).parameters else {}
    classes = Classes([Class(1, "a"), Class(2, "b"), Class(3, "c")])
    with tempfile.TemporaryDirectory() as folder:
        transfer.import_samples(Path(folder) / "warm", classes, rows[:10], "warm", **quiet)
        begun = time.perf_counter()
        transfer.import_samples(Path(folder) / "set", classes, rows, "import", **quiet)
        imported = time.perf_counter() - begun
        with Dataset.open(Path(folder) / "set") as dataset:
            begun = time.perf_counter()
            for number, key in enumerate(keys):
                with dataset.edit("edit") as edit:
                    if number % 2:
                        edit.set_fields(key, {"n": number})
                    else:
                        edit.set_segment(key, 1, mask=masks[number % 20])
            edited = time.perf_counter() - begun
            begun = time.perf_counter()
            for _ in dataset:
                pass
            read = time.perf_counter() - begun
    return {"import": imported, "edits": edited, "read": read}


def hashing(images: int) -> dict[str, float]:
    """Reading the files once, and what hashing adds to an import of them."""
    from maskwright.core.classes import Classes
    from maskwright.core.sample import ImageRef, Sample
    from maskwright.core.segments import Segments
    from maskwright.store import transfer

    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for number in range(images):
            file = Path(folder) / f"{number}.jpg"
            file.write_bytes(rng.bytes(int(rng.integers(50_000, 350_000))))
            rows.append(Sample(str(number), ImageRef(str(file), (48, 64)), Segments.none((48, 64))))
        begun = time.perf_counter()
        for row in rows:
            Path(row.image.uri).read_bytes()
        read = time.perf_counter() - begun
        transfer.import_samples(Path(folder) / "warm", Classes(), rows[:10], "warm")
        spent = {}
        for how in (False, True):
            begun = time.perf_counter()
            transfer.import_samples(Path(folder) / f"set{how}", Classes(), rows, "import", hash_images=how)
            spent[how] = time.perf_counter() - begun
    return {"read": read, "added": spent[True] - spent[False]}


def child(source: Path, *arguments: str) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run(
        [sys.executable, __file__, *arguments], env=environment, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--before", type=Path)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--edits", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--images", type=int, default=2_000)
    parser.add_argument("--child", choices=["work", "hashing"])
    given = parser.parse_args()
    if given.child is not None:
        print(json.dumps(work(given.samples, given.edits) if given.child == "work" else hashing(given.images)))
        return
    amount = ["--child", "work", "--samples", str(given.samples), "--edits", str(given.edits)]
    found: dict[str, list[dict[str, float]]] = {"before": [], "now": []}
    hashed = []
    for _ in range(given.runs):
        if given.before is not None:
            found["before"].append(child(given.before, *amount))
        found["now"].append(child(OWN, *amount))
        hashed.append(child(OWN, "--child", "hashing", "--images", str(given.images)))
    result: dict[str, float] = {}
    for name in ("import", "edits", "read"):
        result[f"{name}, seconds"] = statistics.median(run[name] for run in found["now"])
        if given.before is not None:
            pairs = zip(found["now"], found["before"], strict=True)
            result[f"{name}, over before"] = statistics.median(now[name] / before[name] for now, before in pairs)
    ratios = [run["added"] / run["read"] for run in hashed]
    result["hashing adds, over reading the files once"] = statistics.median(ratios)
    rows = [(name, f"{value:.3f}") for name, value in result.items()]
    report(f"doors, median of {given.runs}", rows, ("what", ""), result)


if __name__ == "__main__":
    main()
