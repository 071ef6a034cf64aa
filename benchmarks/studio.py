"""The studio: opening, redrawing, a brush step, a click's round trip, saving, and twenty annotators at once.

    OMP_NUM_THREADS=1 python benchmarks/studio.py [--seconds 120] [--annotators 20]

1,000 objects over 12 megapixels in headless Chromium (found, or in CHROMIUM); then a load without a browser.
Seconds depend on the machine: what counts are the frame of 16 ms and the brush step of 2 ms, and that nothing is lost.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image
from timing import report

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.store import Dataset

TOKEN = "only-for-the-benchmark"
SERVER = """
import sys
from maskwright.studio import Serving, open_place, serve
serve(open_place(sys.argv[1])[0], Serving(port=int(sys.argv[2]), token=sys.argv[3]), say=lambda words: None)
"""
STEPS = """async () => {
  const { board, scene } = window.maskwright;
  const many = scene();
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const frames = [];
  for (let k = 0; k < 60; k++) {
    board.view.pan(k % 2 ? 3 : -3, 0);
    const begun = performance.now();
    board.draw();
    frames.push(performance.now() - begun);
  }
  const turned = [];
  board.view.turn(30, { x: 800, y: 500 });
  for (let k = 0; k < 20; k++) {
    const begun = performance.now();
    board.draw();
    turned.push(performance.now() - begun);
  }
  board.view.turn(-30, { x: 800, y: 500 });
  const press = (x, y) => ({ x, y, shift: false, alt: false, button: 0 });
  const tool = board.tool;
  const steps = [];
  tool.down(press(1000, 1000));
  for (let k = 1; k <= 200; k++) {
    const begun = performance.now();
    tool.move(press(1000 + 6 * k, 1000 + 3 * k), true);
    steps.push(performance.now() - begun);
  }
  tool.cancel();
  return { objects: many.segments.length, redraw: median(frames), p95: frames[Math.floor(frames.length * 0.95)],
           turned: median(turned), brush: median(steps) };
}"""
HUGE = 10_000  # pixels of each side
SEEN = "!!window.maskwright.board.image?.overview()"
SHARP = "window.maskwright.board.image.coming.size === 0 && window.maskwright.board.image.held.size > 1"


def cookies(home: str) -> dict[str, str]:
    return {f"maskwright-{home.rpartition(':')[2]}": TOKEN}


def make(folder: Path, objects: int) -> None:
    """One image of 12 megapixels with many objects, and four small ones."""
    rng = np.random.default_rng(0)
    large = (3000, 4000)
    Image.fromarray(rng.integers(0, 255, (*large, 3), np.uint8)).save(folder / "large.jpg", quality=80)
    y, x = np.mgrid[:60, :60]
    disk = Masks.encode(((y - 30) ** 2 + (x - 30) ** 2 < 28**2)[None])
    places = rng.integers(0, (3940, 2940), (objects, 2)).tolist()
    masks = [disk.paste(large, left=left, top=top) for left, top in places]
    dataset = Dataset.create(folder, Classes([Class(k, f"class {k}", "thing") for k in range(1, 11)]))
    with dataset, dataset.edit("made") as edit:
        ids = rng.integers(1, 11, objects)
        whole = Segments(Masks.concatenate(masks, large), ids)
        edit.add(Sample("large", ImageRef(str(folder / "large.jpg"), large), whole))
        for k in range(4):
            image = np.full((480, 640, 3), 90, np.uint8)
            image[100 + 20 * k : 300, 200:400] = (200, 80, 60)
            Image.fromarray(image).save(folder / f"s{k}.png")
            edit.add(Sample(f"s{k}", ImageRef(str(folder / f"s{k}.png"), (480, 640)), Segments.none((480, 640))))
        coarse = Image.fromarray(rng.integers(0, 255, (500, 500, 3), np.uint8))
        coarse.resize((HUGE, HUGE)).save(folder / "huge.jpg", quality=85)
        edit.add(Sample("huge", ImageRef(str(folder / "huge.jpg"), (HUGE, HUGE)), Segments.none((HUGE, HUGE))))


def load(home: str, annotators: int, seconds: float) -> dict[str, float]:
    """Strokes of many people, each checked at the end. -> gestures, lost, milliseconds to be durable."""
    y, x = np.mgrid[:480, :640]
    acknowledged: list[tuple[int, int]] = []
    took: list[float] = []

    def person(number: int) -> None:
        rng = np.random.default_rng(number)
        with httpx.Client(base_url=home, headers={"origin": home}, cookies=cookies(home), timeout=60) as page:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                at = rng.integers(20, 460, 2)
                mask = (y - at[0]) ** 2 + (x - at[1]) ** 2 < 15**2
                own = int(rng.integers(2**50))
                put = {"id": own, "class_id": 1, "counts": Masks.encode(mask[None]).compressed()[0].decode()}
                image = 2 + number % 4
                each = {"id": str(uuid.uuid4()), "kind": "brush", "put": [put]}
                begun = time.perf_counter()
                answer = page.post(f"/api/images/{image}/operations", json={"operations": [each]})
                if answer.status_code == 200 and not answer.json()[0]["stale"]:
                    took.append(time.perf_counter() - begun)
                    acknowledged.append((image, own))
                time.sleep(float(rng.uniform(0.5, 1.5)))  # a person's pace

    threads = [threading.Thread(target=person, args=(number,)) for number in range(annotators)]
    for thread in threads:
        thread.start()
    for each_thread in threads:
        each_thread.join()
    with httpx.Client(base_url=home, cookies=cookies(home), timeout=60) as page:
        there: set[tuple[int, int]] = set()
        total = 0
        for image in range(2, 6):
            objects = page.get(f"/api/images/{image}/objects").json()["objects"]
            total += len(objects)
            there |= {(image, each_object["id"]) for each_object in objects}
    return {
        "gestures": len(acknowledged), "lost": len(set(acknowledged) - there), "doubled": total - len(there),
        "p50_ms": 1000 * float(np.median(took)), "p95_ms": 1000 * float(np.quantile(took, 0.95)),
    }  # fmt: skip


def huge(page: Any) -> dict[str, float]:
    """The image of 100 megapixels: until seen, until sharp, a redraw close up, a stroke until it is saved."""

    def wait(what: str, begun: float) -> float:
        while not page.evaluate(what):
            page.wait_for_timeout(10)
        return time.perf_counter() - begun

    begun = time.perf_counter()
    page.locator("nav li button", has_text="huge").click()
    seen = wait(f"window.maskwright.scene().width === {HUGE} && {SEEN}", begun)
    sharp = wait(SHARP, begun)
    close = """() => { const { board } = window.maskwright;
      board.view.zoom(1 / board.view.scale, { x: 700, y: 400 }); board.draw(); }"""
    begun = time.perf_counter()
    page.evaluate(close)
    zoomed = wait(SHARP, begun)
    redraw = """() => { const { board } = window.maskwright; const all = [];
      for (let k = 0; k < 40; k++) {
        const begun = performance.now();
        board.draw();
        all.push(performance.now() - begun);
      }
      return all.sort((a, b) => a - b)[20]; }"""
    took = page.evaluate(redraw)
    box = page.locator("canvas.board").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 400, steps=10)
    begun = time.perf_counter()
    page.mouse.up()
    saved = wait("window.maskwright.sync().waiting === 0 && window.maskwright.scene().segments.length === 1", begun)
    return {
        "huge_seen_s": seen, "huge_sharp_s": sharp, "huge_zoomed_s": zoomed, "huge_redraw": took, "huge_saved_s": saved,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--annotators", type=int, default=20)
    parser.add_argument("--objects", type=int, default=1000)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, options.objects)
        with socket.socket() as each:
            each.bind(("127.0.0.1", 0))
            port = each.getsockname()[1]
        home = f"http://127.0.0.1:{port}"
        server = subprocess.Popen([sys.executable, "-c", SERVER, name, str(port), TOKEN])
        try:
            time.sleep(6)
            figures: dict[str, float] = {}
            with sync_playwright() as driver:
                path = os.environ.get("CHROMIUM") or shutil.which("chromium")
                browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": 1600, "height": 1000})
                begun = time.perf_counter()
                page.goto(f"{home}/?token={TOKEN}")
                while not page.evaluate("!!window.maskwright && window.maskwright.scene().segments.length > 900"):
                    page.wait_for_timeout(20)
                figures["open_s"] = time.perf_counter() - begun
                page.wait_for_timeout(1000)
                figures |= page.evaluate(STEPS)
                figures |= huge(page)
                browser.close()
            with httpx.Client(base_url=home, headers={"origin": home}, cookies=cookies(home)) as client:
                clicks = []
                for k in range(30):
                    question = {"points": [[300 + k, 200], [100 + k, 50]], "labels": [1, 0]}
                    begun = time.perf_counter()
                    client.post("/api/images/2/ask", json=question).raise_for_status()
                    clicks.append(1000 * (time.perf_counter() - begun))
                large = []
                for k in range(12):
                    question = {"points": [[900 + 40 * k, 700]], "labels": [1]}
                    begun = time.perf_counter()
                    client.post("/api/images/1/ask", json=question, timeout=120).raise_for_status()
                    large.append(1000 * (time.perf_counter() - begun))
            figures |= {"click_12mp_first_ms": large[0], "click_12mp_p50_ms": float(np.median(large[1:]))}
            figures |= {"click_p50_ms": float(np.median(clicks)), "click_p95_ms": float(np.quantile(clicks, 0.95))}
            figures |= load(home, options.annotators, options.seconds)
        finally:
            server.kill()
    rows = [(key, f"{value:.2f}") for key, value in figures.items()]
    report("studio", rows, ("what", "value"), figures)


if __name__ == "__main__":
    main()
