"""A folder of many images with YOLO labels: recognised, imported, killed on the way and gone on with.

python benchmarks/front_door.py [--images 100000] [--kill 0.5]

Every step is a process of its own. The folder is made once: small JPEGs and PNGs under many names (hard links), with a
text of up to five polygons each. kill: the part of the samples that is read when the second import is killed; both
datasets are compared row by row, but for times.
"""

import argparse
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from timing import report

_RECOGNISE = """
import json, resource, sys, time
begun = time.perf_counter()
from maskwright import formats
way = formats.choose(sys.argv[1])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
said = {"format": way.format, "seconds": time.perf_counter() - begun, "cpu": time.process_time(), "mib": peak}
print(json.dumps(said))
"""


def make(home: Path, number: int) -> None:
    """A set of so many images in two splits."""
    rng = np.random.default_rng(0)
    pool = home / "pool"
    pool.mkdir(parents=True)
    files = []
    for k in range(40):
        small = Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8))
        file = pool / f"{k}.{'png' if k % 10 == 9 else 'jpg'}"
        small.resize((320, 240), Image.Resampling.BICUBIC).save(file)
        files.append(file)
    texts = ["".join(_polygon(rng) for _ in range(k % 6)) for k in range(50)]
    for split in ("train", "val"):
        for kind in ("images", "labels"):
            (home / "set" / kind / split).mkdir(parents=True)
    for n in range(number):
        split, file = "train" if n % 10 else "val", files[n % len(files)]
        os.link(file, home / "set" / "images" / split / f"{n:07}{file.suffix}")
        if n % 50 != 49:  # some images have no text
            (home / "set" / "labels" / split / f"{n:07}.txt").write_text(texts[n % 50])
    (home / "set" / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [ant, bee, cat, dog, elk]\n")


def _polygon(rng: np.random.Generator) -> str:
    middle, radius, corners = rng.uniform(0.2, 0.8, 2), rng.uniform(0.03, 0.2), int(rng.integers(8, 40))
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    points = middle + radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    return f"{rng.integers(5)} " + " ".join(f"{value:.6f}" for value in points.clip(0, 1).ravel()) + "\n"


def _import(source: Path, place: Path) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "maskwright", "import", str(source), str(place)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _ended(process: "subprocess.Popen[str]") -> tuple[str, str, float]:
    """Output, what it said on the way, and its peak memory in MiB."""
    output, said = process.communicate()
    if process.returncode:
        raise SystemExit(f"the import failed: {said}")
    return output, said, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _processor() -> float:
    """Seconds of a processor that ended processes took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _kept(place: Path) -> int:
    """Samples that an unfinished import has kept."""
    try:
        with sqlite3.connect(f"file:{place / 'maskwright.db'}?mode=ro", uri=True) as connection:
            row = connection.execute("SELECT value FROM maskwright WHERE name = 'import'").fetchone()
    except sqlite3.Error:
        return 0
    return int(json.loads(row[0])["samples"]) if row else 0


def _tables(place: Path) -> dict[str, Any]:
    """Every table's rows as one hash, but for times."""
    out = {}
    with sqlite3.connect(place / "maskwright.db") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})") if row[1] != "created"]
            code = 0
            for row in connection.execute(f"SELECT {', '.join(columns)} FROM {name}"):
                code ^= hash(row)
            out[name] = code
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--kill", type=float, default=0.5)
    options = parser.parse_args()
    number = options.images
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make(home, number)
        source, whole, killed = home / "set", home / "whole", home / "killed"
        words = [sys.executable, "-c", _RECOGNISE, str(source)]
        found = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        begun, used = time.perf_counter(), _processor()
        output, said, peak = _ended(_import(source, whole))
        imported, used = time.perf_counter() - begun, _processor() - used
        process = _import(source, killed)
        while _kept(killed) < options.kill * number and process.poll() is None:
            time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kept = _kept(killed)
        begun, more = time.perf_counter(), _processor()
        again, _, _ = _ended(_import(source, killed))
        gone_on, more = time.perf_counter() - begun, _processor() - more
        same = _tables(whole) == _tables(killed)
        reports = output.replace(str(whole), "") == again.replace(str(killed), "")
    figures = {"images": number, **{f"recognised_{name}": value for name, value in found.items()}}
    figures |= {"import_seconds": imported, "rate": number / imported, "peak_mib": peak, "kept": kept}
    figures |= {"import_cpu": used, "gone_on_cpu": more}
    figures |= {"gone_on_seconds": gone_on, "tables_equal": same, "reports_equal": reports}
    rows = [
        ("recognised", f"{found['seconds']:.1f} s ({found['cpu']:.1f} s of a processor)", f"{found['mib']:.0f} MiB"),
        ("imported", f"{imported:.0f} s ({used:.0f} s of a processor)", f"{peak:.0f} MiB"),
        ("rate", f"{number / imported:.0f} images a second, {number / used:.0f} of a processor's", ""),
        (f"killed at {kept:,}, gone on", f"{gone_on:.0f} s ({more:.0f} s of a processor)", ""),
        ("all tables equal", str(same), ""),
        ("reports equal", str(reports), ""),
    ]
    report(f"{number:,} images with YOLO labels", rows, ("what", "time", "peak memory"), figures)
    print("\n".join(said.splitlines()[-3:]))


if __name__ == "__main__":
    main()
