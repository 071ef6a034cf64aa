"""Screenshots for the docs, of the demo set only: run after the page has changed.

Needs Playwright and Chromium (its path in CHROMIUM, or found).
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def listening() -> None:
    """Wait until the server answers, a minute at most."""
    for _ in range(600):
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", 8299)) == 0:
                return
        time.sleep(0.1)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        classes, samples = build_demo_set(Path(folder) / "images", number=12, size=(384, 512))
        formats.write(samples[:4], classes, Path(folder) / "labels", "coco")
        reading = formats.read(Path(folder) / "labels")
        transfer.import_samples(Path(folder) / "demo", reading.classes, reading.samples, "the demo")
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(Path(folder) / "demo"), TOKEN])
        try:
            listening()
            with sync_playwright() as driver:
                path = os.environ.get("CHROMIUM") or shutil.which("chromium")
                browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": 1366, "height": 768})
                page.goto(f"http://127.0.0.1:8299/?token={TOKEN}")
                page.wait_for_timeout(2500)
                page.locator(".objects li button").first.click()
                page.wait_for_timeout(300)
                page.screenshot(path=OUT / "studio.png")
                browser.close()
                small = Image.open(OUT / "studio.png").convert("RGB").quantize(256)
                small.save(OUT / "studio.png", optimize=True)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
