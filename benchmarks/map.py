"""The studio's map with many points: until they are drawn, until they have their colours, and a lasso around a half.

    OMP_NUM_THREADS=1 python benchmarks/map.py [--points 1000000]

The page alone: its points and values are made here and handed to it as the server would send them, so that neither a
dataset of so many images nor its disk is measured.  Software WebGL, as on a machine without a GPU.
"""

import argparse
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.store import Dataset

GROUPS = 12
FLAGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


def made(number: int) -> tuple[bytes, bytes]:
    """Points in groups as the server sends them, and the words of their values."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, GROUPS, number)
    places = rng.normal(size=(GROUPS, 2))[group] * 5 + rng.normal(size=(number, 2))
    places = (places - (places.max(0) + places.min(0)) / 2) / ((places.max(0) - places.min(0)).max() / 2)
    points = places.T.astype("<f4").tobytes() + np.arange(1, number + 1, dtype="<i4").tobytes()
    about = json.dumps({"words": [f"group {k:02d}" for k in range(GROUPS)]}).encode()
    about += b" " * (-len(about) % 4)
    return points, struct.pack("<I", len(about)) + about + group.astype("<f4").tobytes()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=1_000_000)
    number = parser.parse_args().points
    from playwright.sync_api import sync_playwright

    points, values = made(number)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "set"
        Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(Path(folder) / "a.png")
        with Dataset.create(place, Classes([Class(1, "thing", "thing")])) as dataset, dataset.edit("an image") as edit:
            edit.add(Sample("a", ImageRef(str(Path(folder) / "a.png"), (48, 64)), Segments.none((48, 64))))
        server = subprocess.Popen(
            [sys.executable, "-m", "maskwright", "studio", str(place), "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        assert server.stdout
        try:
            link = next(found[0] for line in server.stdout if (found := re.search(r"http://\S+", line)))
            with sync_playwright() as driver:
                chrome = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
                measure(chrome.new_page(viewport={"width": 1366, "height": 768}), link, number, points, values)
                chrome.close()
        finally:
            server.terminate()


def measure(page: Any, link: str, number: int, points: bytes, values: bytes) -> None:
    headers = {"x-number": str(number), "x-revision": "1"}
    maps = [{"name": "made_map", "owner": "sample", "vectors": None}]
    page.route("**/api/maps", lambda route: route.fulfill(json=maps))
    page.route("**/api/maps/points", lambda route: route.fulfill(body=points, headers=headers))
    page.route("**/api/maps/values", lambda route: route.fulfill(body=values))
    page.goto(link)
    page.wait_for_timeout(1500)

    def took(what: str, begin: Any, until: str) -> None:
        start = time.perf_counter()
        begin()
        while not page.evaluate(until):
            time.sleep(0.01)
        page.screenshot()  # which waits until all is drawn
        print(f"{what:40} {time.perf_counter() - start:6.2f} s")

    drawn = f"document.querySelector('[data-points]')?.dataset.points === '{number}'"
    took(f"{number:,} points are drawn", lambda: page.evaluate("location.hash = '#/map'"), drawn)
    coloured = "document.querySelectorAll('ul.colours li').length > 1"
    took("they have their colours", lambda: page.locator("[data-by]").select_option(value="sample split"), coloured)
    page.get_by_role("button", name="Lasso", exact=True).click()
    box = page.locator(".point-map canvas").last.bounding_box()
    middle, top = box["x"] + box["width"] / 2, box["y"]

    def lasso() -> None:
        corners = [(5, 5), (box["width"] / 2 - 9, 5), (box["width"] / 2 - 9, box["height"] - 5), (5, box["height"] - 5)]
        page.mouse.move(middle + 5, top + 5)
        page.mouse.down()
        for across, down in corners:
            page.mouse.move(middle + across, top + down, steps=4)
        page.mouse.up()

    took("a lasso of the right half", lasso, "document.querySelector('[data-picked]').dataset.picked !== '0'")
    print(f"{'chosen':40} {int(page.locator('[data-picked]').get_attribute('data-picked')):,}")
    start = time.perf_counter()
    for step in range(10):
        page.mouse.move(middle - 200 + 3 * step, top + 200)
    page.wait_for_timeout(1)
    print(f"{'the pointer goes one step':40} {(time.perf_counter() - start) / 10:6.2f} s")


if __name__ == "__main__":
    main()
