"""Screenshots for the docs, of the demo set only, with two short trainings of it: run after a page has changed.

python scripts/studio_screenshots.py [NAME ...]

NAME: only these of the files.  Needs Playwright and Chromium (its path in CHROMIUM, or found), and takes some minutes.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from maskwright import formats
from maskwright.demo import build_demo_set
from maskwright.store import transfer

OUT = Path(__file__).parents[1] / "docs" / "images"
TOKEN = "only-for-the-screenshots"  # noqa: S105  of a server that lives for seconds
SERVER = """
import sys
from maskwright.studio import Serving, open_place, serve
serve(open_place(sys.argv[1])[0], Serving(port=8299, token=sys.argv[2]), say=lambda words: None)
"""
FLAGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
#: Files, and the addresses of what they show.
SHOWN = {
    "studio": "",
    "explore": "/explore?errors=second&down=run(%27second%27).lost&c=run(%27second%27).mean_iou",
    "runs": "/runs?run=first&run=second",
}


def listening() -> None:
    """Wait until the server answers, a minute at most."""
    for _ in range(600):
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", 8299)) == 0:
                return
        time.sleep(0.1)


def made(folder: Path) -> Path:
    """The demo set with two trainings, one longer than the other, both evaluated."""
    classes, samples = build_demo_set(folder / "images", number=60, size=(384, 512))
    formats.write(samples, classes, folder / "labels", "coco")
    reading = formats.read(folder / "labels")
    place = folder / "demo"
    transfer.import_samples(place, reading.classes, reading.samples, "the demo")
    for name, epochs in (("first", 4), ("second", 16)):
        for words in (
            ("train", str(place), "--task", "semantic", "--epochs", str(epochs), "--name", name, "--from-scratch"),
            ("evaluate", str(place), name),
        ):
            subprocess.run([sys.executable, "-m", "maskwright", *words], check=True, stdout=subprocess.DEVNULL)
    return place


def prepare(page: Any, name: str) -> None:
    """What is done before the page is taken."""
    if name == "studio":
        page.locator(".objects li button").first.click()
        page.wait_for_timeout(300)
    if name == "runs":
        page.locator(".confusion").first.scroll_into_view_if_needed()
        page.wait_for_timeout(800)


def main() -> None:
    wanted = sys.argv[1:] or list(SHOWN)
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(made(Path(folder))), TOKEN])
        try:
            listening()
            with sync_playwright() as driver:
                path = os.environ.get("CHROMIUM") or shutil.which("chromium")
                browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
                page = browser.new_page(viewport={"width": 1366, "height": 768})
                page.goto(f"http://127.0.0.1:8299/?token={TOKEN}")
                page.wait_for_timeout(2500)
                for name in wanted:
                    if SHOWN[name]:
                        page.evaluate(f"location.hash = {SHOWN[name]!r}")
                        page.wait_for_timeout(4000)
                    prepare(page, name)
                    page.screenshot(path=OUT / f"{name}.png")
                    small = Image.open(OUT / f"{name}.png").convert("RGB").quantize(256)
                    small.save(OUT / f"{name}.png", optimize=True)
                browser.close()
        finally:
            server.kill()


if __name__ == "__main__":
    main()
