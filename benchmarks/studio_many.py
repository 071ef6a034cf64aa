"""The studio with many images: opening a dataset of 20,000, going from image to image, and memory meanwhile.

    OMP_NUM_THREADS=1 python benchmarks/studio_many.py [--images 20000] [--switches 200] [--side 4000]

A dozen JPEGs of 12 megapixels, under as many names as are asked for.  Opening ends when the first image can be drawn
on; a switch when the next can.  Memory is that of the server and of the page's process, after the first quarter of the
switches and at the end.  Prints a calibration loop beside the seconds.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from timing import report

from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.store import Dataset

TOKEN = "only-for-the-benchmark"
SERVER = """
import sys
from maskwright.studio import Serving, open_place, serve
serve(open_place(sys.argv[1])[0], Serving(port=int(sys.argv[2]), token=sys.argv[3]), say=lambda words: None)
"""
FILES = 12
SEEN = "!window.maskwright.turning() && !!window.maskwright.board.image?.overview()"


def make(folder: Path, images: int, side: int) -> None:
    """A dataset whose images are a dozen files under many names."""
    rng = np.random.default_rng(0)
    size = (side * 3 // 4, side)
    for number in range(FILES):
        coarse = Image.fromarray(rng.integers(0, 255, (size[0] // 20, size[1] // 20, 3), np.uint8))
        coarse.resize((size[1], size[0])).save(folder / f"file{number}.jpg", quality=85)
    (folder / "images").mkdir()
    with Dataset.create(folder, Classes([Class(1, "cell", "thing")])) as dataset, dataset.edit("made") as edit:
        for number in range(images):
            place = folder / "images" / f"{number:06d}.jpg"
            os.link(folder / f"file{number % FILES}.jpg", place)
            edit.add(Sample(f"{number:06d}", ImageRef(str(place), size), Segments.none(size)), hash_image=False)


def memory(pattern: str) -> float:
    """Resident memory in MiB of the largest process whose command line has all words of a pattern."""
    found = [0.0]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_text().replace("\0", " ")
            if all(word in line for word in pattern.split()):
                rows = (process / "status").read_text().splitlines()
                found += [int(row.split()[1]) / 1024 for row in rows if row.startswith("VmRSS")]
        except OSError:
            continue
    return max(found)


def calibration() -> float:
    """Seconds of a loop that does nothing else."""
    begun = time.perf_counter()
    total = 0
    for number in range(5_000_000):
        total += number
    return time.perf_counter() - begun


def wait(page: Any, what: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not page.evaluate(what):
        if time.monotonic() > end:
            raise TimeoutError(what)
        page.wait_for_timeout(5)


def visit(home: str, port: int, switches: int, opens: int) -> dict[str, float]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        opened = []
        for _ in range(opens):
            page = browser.new_context().new_page()
            page.set_viewport_size({"width": 1366, "height": 768})
            begun = time.perf_counter()
            page.goto(f"{home}/?token={TOKEN}")
            wait(page, f"!!window.maskwright && window.maskwright.scene().width > 1 && {SEEN}")
            opened.append(time.perf_counter() - begun)
            if len(opened) < opens:
                page.context.close()
        page.wait_for_timeout(1500)
        took = []
        kept: dict[str, float] = {}
        for number in range(switches):
            page.wait_for_timeout(300)  # somebody looks at it
            begun = time.perf_counter()
            page.keyboard.press("d")
            wait(page, f"location.hash === '#{number + 2}' && {SEEN}")
            took.append(time.perf_counter() - begun)
            if number in (switches // 4, switches - 1):
                when = "end" if number == switches - 1 else "early"
                kept[f"page_{when}_mib"] = memory("--type=renderer")
                kept[f"server_{when}_mib"] = memory(f"maskwright.studio {port}")
        browser.close()
    return {
        "open_first_s": opened[0], "open_s": float(np.median(opened)), "switch_s": float(np.median(took)),
        "switch_p95_s": float(np.quantile(took, 0.95)), **kept,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--switches", type=int, default=200)
    parser.add_argument("--side", type=int, default=4000)
    parser.add_argument("--opens", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), options.images, options.side)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        server = subprocess.Popen([sys.executable, "-c", SERVER, name, str(port), TOKEN])
        try:
            time.sleep(6)
            figures = visit(f"http://127.0.0.1:{port}", port, options.switches, options.opens)
        finally:
            server.kill()
    figures["calibration_s"] = float(np.median([calibration() for _ in range(5)]))
    report(
        "studio with many images", [(key, f"{value:.3f}") for key, value in figures.items()], ("what", "value"), figures
    )


if __name__ == "__main__":
    main()
