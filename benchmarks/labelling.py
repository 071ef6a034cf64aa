"""A walk through real labelling, at the real page: a simulated person, judged by the masks that were saved.

    OMP_NUM_THREADS=1 python benchmarks/labelling.py ../shared/data [--objects 60]

coco_mini: objects of 1,000 pixels and more, each clicked at the middle of the largest error until IoU 0.85 or ten
clicks.
isbi2012: three slices are labelled, "Label the rest" suggests for the others, and each suggestion is accepted by a key.
Needs Playwright and Chromium (its path in CHROMIUM, or found).  Seconds are the machine's: no person thinks in between.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image
from timing import report

from maskwright import formats
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.interactive.annotator import next_click
from maskwright.store import Dataset

TOKEN = "only-for-the-benchmark"
MOST = 10
GOOD = 0.85
SERVER = """
import sys
from maskwright.studio import Serving, open_place, serve
from maskwright.labelling.project_task import set_task
dataset = open_place(sys.argv[1])[0]
set_task(dataset, "instance")  # so that it is not asked
serve(dataset, Serving(port=int(sys.argv[2]), token=sys.argv[3]), say=lambda words: None)
"""
SHOWN = """() => { const { board, scene } = window.maskwright; const one = scene();
  return board.shown ? board.shown.toCounts(one.width, one.height) : null; }"""


@contextmanager
def studio(folder: Path, driver: Any):
    """-> the page, and the address."""
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        port = each.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(folder), str(port), TOKEN])
    try:
        time.sleep(8)
        browser = driver.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.add_init_script("localStorage.setItem('maskwright guide', 'closed')")
        page.goto(f"http://127.0.0.1:{port}/?token={TOKEN}")
        until(page, "!!window.maskwright && window.maskwright.scene().width > 1")
        yield page, f"http://127.0.0.1:{port}"
        browser.close()
    finally:
        server.kill()


def until(page: Any, expression: str) -> None:
    end = time.monotonic() + 300
    while not page.evaluate(expression):
        if time.monotonic() > end:
            raise TimeoutError(expression)
        page.wait_for_timeout(10)


def open_image(page: Any, number: int, key: str) -> None:
    page.get_by_label("Name", exact=True).fill(key)
    page.locator("nav li button").first.click()
    until(page, f"location.hash.split('?')[0] === '#{number}'")
    page.locator("canvas.board").focus()


def click(page: Any, x: float, y: float, on: bool) -> None:
    box = page.locator("canvas.board").bounding_box()
    at = page.evaluate("(at) => window.maskwright.board.view.toScreen(at)", {"x": x, "y": y})
    if not on:
        page.keyboard.down("Shift")
    page.mouse.move(box["x"] + at["x"], box["y"] + at["y"])
    with page.expect_response(lambda answer: answer.url.endswith("/ask")):
        page.mouse.down()
    page.mouse.up()
    if not on:
        page.keyboard.up("Shift")
    until(page, "!window.maskwright.asking()")


def coco(data: Path, objects: int, driver: Any) -> dict[str, float]:
    reading = formats.read(data / "coco_mini")
    todo: list[tuple[Sample, list[int]]] = []
    left = objects
    for sample in reading.samples:
        rows = [
            k for k in range(len(sample.segments))
            if sample.segments.masks.areas()[k] >= 1000 and not sample.segments.is_crowd[k]
        ][:left]  # fmt: skip
        if rows:
            todo.append((sample, rows))
            left -= len(rows)
    clicks: list[int] = []
    ious: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "coco"
        with Dataset.create(folder, reading.classes) as dataset, dataset.edit("images") as edit:
            for sample, _ in todo:
                edit.add(Sample(sample.key, sample.image, Segments.none(sample.image.size)))
        with studio(folder, driver) as (page, _):
            begun = time.perf_counter()
            for number, (sample, rows) in enumerate(todo, 1):
                open_image(page, number, sample.key)
                size = sample.image.size
                for row in rows:
                    truth = sample.segments.masks[row : row + 1].decode()[0]
                    page.keyboard.press("q")
                    page.keyboard.press("/")
                    page.keyboard.type(reading.classes[int(sample.segments.class_ids[row])].name)
                    page.keyboard.press("Enter")
                    page.locator("canvas.board").focus()
                    page.keyboard.press("c")
                    mask = np.zeros(size, bool)
                    count, iou = 0, 0.0
                    while count < MOST and iou < GOOD:
                        there = next_click(truth, mask)
                        if there is None:
                            break
                        click(page, there[1] + 0.5, there[0] + 0.5, there[2])
                        count += 1
                        counts = page.evaluate(SHOWN)
                        mask = Masks.from_counts([counts], size).decode()[0] if counts else np.zeros(size, bool)
                        iou = float((mask & truth).sum() / (mask | truth).sum())
                    page.keyboard.press("Enter")
                    clicks.append(count)
                until(page, "window.maskwright.sync().waiting === 0")
                page.keyboard.press("Enter")
            until(page, "window.maskwright.sync().waiting === 0")
            seconds = time.perf_counter() - begun
        with Dataset.open(folder, read_only=True) as dataset:
            for number, (sample, rows) in enumerate(todo, 1):
                saved = dataset.read([number])[0].segments
                truths = sample.segments.masks[np.array(rows)]
                best = truths.iou(saved.masks).max(axis=1) if len(saved) else np.zeros(len(rows))
                ious += best.tolist()
    values = np.array(ious)
    return {
        "objects": len(clicks), "clicks_each": float(np.mean(clicks)), "iou": float(values.mean()),
        "iou_median": float(np.median(values)), "reached": float((values >= GOOD - 0.005).mean()),
        "seconds_each": seconds / max(1, len(clicks)),
    }  # fmt: skip


def isbi(data: Path, driver: Any) -> dict[str, float]:
    labels = sorted((data / "isbi2012/label").glob("*.png"))
    truth = [np.asarray(Image.open(path).convert("L")) <= 127 for path in labels]
    examples = (0, len(labels) // 2, len(labels) - 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "isbi"
        with (
            Dataset.create(folder, Classes([Class(1, "membrane", "stuff")])) as dataset,
            dataset.edit("images") as edit,
        ):
            for path in labels:
                image = ImageRef(str(data / "isbi2012/image" / path.name), truth[0].shape)
                edit.add(Sample(path.stem, image, Segments.none(truth[0].shape)))
        with studio(folder, driver) as (page, home):
            port = home.rpartition(":")[2]
            cookies = {f"maskwright-{port}": TOKEN}
            with httpx.Client(base_url=home, headers={"origin": home}, cookies=cookies, timeout=60) as person:
                for k in examples:
                    put = {"id": 1, "class_id": 1, "counts": Masks.encode(truth[k][None]).compressed()[0].decode()}
                    each = {"id": f"labelled-{k}", "kind": "brush", "put": [put], "workflow": {"state": "labelled"}}
                    person.post(f"/api/images/{k + 1}/operations", json={"operations": [each]}).raise_for_status()
            page.reload()
            until(page, "!!window.maskwright && window.maskwright.scene().width > 1")
            begun = time.perf_counter()
            page.locator("[data-action=propagate]").click()
            page.locator("[data-done=propagate]").wait_for(timeout=600_000)
            propagating = time.perf_counter() - begun
            page.get_by_label("Show").select_option("suggested")
            rows = page.locator("nav li button")
            rows.first.wait_for()
            page.locator("canvas.board").focus()
            keys = 0
            begun = time.perf_counter()
            while rows.count():
                page.keyboard.press("n")
                page.locator(".suggestion").wait_for()
                page.keyboard.press("a")
                keys += 2
                until(page, "window.maskwright.sync().waiting === 0")
            accepting = time.perf_counter() - begun
        counts = np.zeros((2, 2))
        with Dataset.open(folder, read_only=True) as dataset:
            for k in range(len(labels)):
                if k in examples:
                    continue
                segments = dataset.read([k + 1])[0].segments
                found = segments.masks.decode().any(axis=0) if len(segments) else np.zeros(truth[0].shape, bool)
                for row, (a, b) in enumerate(((found, truth[k]), (~found, ~truth[k]))):
                    counts[row] += (a & b).sum(), (a | b).sum()
    ious = counts[:, 0] / counts[:, 1]
    return {
        "slices": len(labels) - len(examples), "membrane_iou": float(ious[0]), "mean_iou": float(ious.mean()),
        "propagating_s": propagating, "keys": keys, "accepting_s": accepting,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--objects", type=int, default=60)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        figures = {f"coco_{name}": value for name, value in coco(options.data, options.objects, driver).items()}
        figures |= {f"isbi_{name}": value for name, value in isbi(options.data, driver).items()}
    report("labelling", [(name, f"{value:.3f}") for name, value in figures.items()], ("what", "value"), figures)


if __name__ == "__main__":
    main()
