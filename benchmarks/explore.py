"""The page Explore over many images with five segments each: its questions over HTTP, scrolling, and memory.

    OMP_NUM_THREADS=1 python benchmarks/explore.py [--images 100000] [--folder DATA]

DATA is a folder; the dataset is made there once and used again.  Questions are asked of the application itself, in this
process; a question's first time reads the values that later ones share, the others are the median of five with other
numbers in them.  Scrolling is in Chromium: what the page's main thread works between two frames.  A loop of plain
Python stands beside them: on a machine that is busy it takes longer, and so does the rest.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from dataset import calibration, make, peak
from PIL import Image

from maskwright.store import Dataset
from maskwright.studio import Settings, create_app

REPEATS = 5
FILTERS = 500
TOKEN, HOME = "only-for-the-benchmark", "http://127.0.0.1:8181"
STEPS = 200
BARS = [
    {"expression": "split"}, {"expression": "num_segments"}, {"expression": "class", "owner": "segment"},
    {"expression": "area", "owner": "segment"},
]  # fmt: skip


def resident() -> float:
    """MB of this process."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith("VmRSS"))


def questions(page: Any, run: str) -> dict[str, Callable[[int], object]]:
    """By name, what is asked; the number makes each time another."""

    def ask(address: str, **asked: object) -> Any:
        answer = page.post(f"/api/explore{address}", json=asked)
        assert answer.status_code == 200, answer.text
        return answer

    def first(_: int) -> None:
        page.get("/api/explore")
        numbers = np.frombuffer(ask("/choose").content, "<i4")[:60].tolist()
        ask("/rows", numbers=numbers, columns=["split", "num_segments"])
        ask("/charts", charts=BARS)

    def shown(where: list[str]) -> None:
        ask("/choose", where=where)
        ask("/charts", where=where, charts=BARS)

    value = f"run('{run}').iou"
    return {
        "first page": first,
        "filter by split": lambda k: shown([f"split = '{('train', 'val', 'test')[k % 3]}'"]),
        "filter by objects": lambda k: shown([f"any(class = 'class {k + 1}' and area > {1000 + k})"]),
        "filter by a field and a run": lambda k: shown([f"fields.temperature > {30 + k / 10}", f"{value} < 0.5"]),
        "sort by objects": lambda k: ask("/choose", where=[f"order by num_segments {('desc', 'asc')[k % 2]}"]),
        "sort by a run": lambda k: ask("/choose", where=[f"order by {value} {('desc', 'asc')[k % 2]}"]),
        "histogram of objects": lambda k: ask("/charts", charts=[{**BARS[3], "expression": f"area * {k + 1}"}]),
        "histogram of objects, known": lambda _: ask("/charts", charts=[BARS[3]]),
        "scatter of images": lambda k: ask("/points", x=value, y="fields.temperature", where=[f"weight > {k / 10}"]),
        "scatter of objects": lambda _: ask("/points", x="area", y="class_id", owner="segment"),
        "lasso of objects": lambda k: ask("/choose", regions=[{
            "x": "area", "y": "class_id", "owner": "segment",
            "polygon": [[500, 1], [4000 + k, 10], [3000, 60], [600, 70]],
        }]),
        "bulk preview, 10,000 images": lambda k: ask(
            "/change", where=[f"key < '{10_000 + k:07d}'"], values={"weight": str(2 + k)}
        ),
        "bulk preview, a class of 10,000 images": lambda k: ask(
            "/change-objects", what="set", numbers=list(range(1 + k, 10_001 + k)), values={"class": "class 7"}
        ),
    }  # fmt: skip


def served(place: str) -> dict[str, Any]:
    """Seconds by question, and memory."""
    from fastapi.testclient import TestClient

    out: dict[str, Any] = {}
    with Dataset.open(place) as dataset:
        page = TestClient(create_app(dataset, Settings(TOKEN)), base_url=HOME, headers={"origin": HOME})
        page.get(f"/?token={TOKEN}")
        for name, ask in questions(page, "measured").items():
            times = []
            for k in range(REPEATS + 1):
                begun = time.perf_counter()
                ask(k)
                times.append(time.perf_counter() - begun)
            out[name] = {"first_ms": round(1000 * times[0]), "ms": round(1000 * statistics.median(times[1:]))}
            print(f"  {name:42} {out[name]['ms']:6} ms, at first {out[name]['first_ms']:6} ms", flush=True)
        ask = questions(page, "measured")["filter by objects"]
        for k in range(50):
            ask(k % 80)
        before = resident()
        for k in range(FILTERS):
            ask(k % 80)
        out["memory"] = {"MB after 50 filters": round(before), f"MB after {FILTERS} more": round(resident()),
                         "peak": round(peak() / 1024)}  # fmt: skip
    return out


def scrolled(place: str) -> dict[str, float]:
    """Milliseconds that the page's main thread works between two frames while the grid is scrolled."""
    from playwright.sync_api import sync_playwright

    server = subprocess.Popen(
        [sys.executable, "-m", "maskwright", "studio", place, "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout
    try:
        link = next(word for line in server.stdout for word in line.split() if word.startswith("http://"))
        with sync_playwright() as driver:
            chrome = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = chrome.new_page(viewport={"width": 1366, "height": 768})
            begun = time.perf_counter()
            page.goto(f"{link}#/explore")
            page.wait_for_selector(".cell .key", timeout=120_000)
            opened = time.perf_counter() - begun
            page.wait_for_timeout(3000)
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable")

            def worked() -> float:
                metrics = session.send("Performance.getMetrics")["metrics"]
                return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

            times = []
            for _ in range(STEPS):
                before = worked()
                page.evaluate(
                    "() => new Promise((done) => { const box = document.querySelector('[data-scrolls]') ?? "
                    "[...document.querySelectorAll('main *')].find((part) => part.scrollHeight > part.clientHeight + 9 "
                    "&& getComputedStyle(part).overflowY !== 'visible'); box.scrollTop += 120; "
                    "requestAnimationFrame(() => requestAnimationFrame(done)); })"
                )
                times.append(1000 * (worked() - before) / 2)  # two frames
            chrome.close()
    finally:
        server.terminate()
        server.wait()
    return {"opened_ms": round(1000 * opened), "frame_ms": round(statistics.median(times), 2),
            "frame_ms_95": round(sorted(times)[int(0.95 * len(times))], 2)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given.folder or temporary)
        place = folder / "set"
        if not place.exists():
            folder.mkdir(parents=True, exist_ok=True)
            rng = np.random.default_rng(0)
            coarse = Image.fromarray(rng.integers(0, 255, (24, 32, 3), np.uint8)).resize((640, 480))
            coarse.save(folder / "image.jpg")
            print(f"made in {make(str(place), given.images, str(folder / 'image.jpg')):.0f} s", flush=True)
        begun = time.perf_counter()
        calibration()
        print(f"loop {1000 * (time.perf_counter() - begun):.0f} ms", flush=True)
        print(json.dumps({"served": served(str(place)), "page": scrolled(str(place))}, indent=1))


if __name__ == "__main__":
    main()
