"""Somebody at the studio's page, for the tests that drive a browser."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from studio_server import fork_studio, kill_studio

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.store import Dataset

SIZE = (240, 320)
TOKEN = "a-token-of-enough-letters"
#: Somebody who has seen the guide.
SEEN = "localStorage.getItem('maskwright guide') ?? localStorage.setItem('maskwright guide', 'closed')"


def scene(k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """-> image, a red disk's mask, a yellow box's."""
    rng = np.random.default_rng(k)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disk = (y - 110 - 4 * k) ** 2 + (x - 100 - 6 * k) ** 2 < 45**2
    box = (abs(x - 240) < 30) & (abs(y - 120) < 40)
    image = np.full((*SIZE, 3), (60, 130, 70))
    image[disk] = (200, 60, 50)
    image[box] = (230, 210, 60)
    return np.clip(image + rng.integers(-10, 11, image.shape), 0, 255).astype(np.uint8), disk, box


class Studio:
    """The server in a process of its own, on a port that stays the same.

    fresh: nobody has said yet what the project is for, and nobody at its pages has seen the guide.
    """

    def __init__(
        self, folder: Path, people: tuple[str, ...] = (), *, fresh: bool = False, classes: str = "disk,box"
    ) -> None:
        self.folder = folder
        self.fresh = fresh
        self.people = people
        self.classes = classes
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = int(listener.getsockname()[1])
        self.link = self.link_of(TOKEN)
        self.process: int | None = None

    def link_of(self, token: str) -> str:
        return f"http://127.0.0.1:{self.port}/?token={token}"

    def start(self) -> None:
        classes = None if self.fresh else self.classes
        self.process = fork_studio(str(self.folder), self.port, TOKEN, classes, list(self.people))
        for _ in range(1800):
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the studio did not start")

    def kill(self) -> None:
        if self.process is not None:
            kill_studio(self.process)
            self.process = None


def chromium() -> str:
    """Raises pytest's Skipped where there is none."""
    own = os.environ.get("CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = own or next((path for name in names if (path := shutil.which(name))), None)
    if not found:
        pytest.skip("no Chromium on this machine: set the variable CHROMIUM to its path")
    return found


class Person:
    """Somebody at the page; places are in the image's pixels."""

    def __init__(self, page, studio: Studio, link: str | None = None, size: tuple[int, int] = (1366, 768)) -> None:
        self.page, self.studio = page, studio
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.set_default_timeout(90_000)  # a busy machine is slow, not wrong
        if not studio.fresh:
            page.add_init_script(SEEN)
        page.goto(link or studio.link)
        self.ready()

    def until(self, expression: str, seconds: float = 90) -> None:
        """The page's own policy forbids the driver's way of waiting."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"still not: {expression}"
            self.page.wait_for_timeout(30)

    def ready(self) -> None:
        self.until("!!window.maskwright && window.maskwright.scene().width > 1")

    def at(self, x: float, y: float) -> tuple[float, float]:
        box = self.page.locator("canvas.board").bounding_box()
        there = self.page.evaluate("(at) => window.maskwright.board.view.toScreen(at)", {"x": x, "y": y})
        return box["x"] + there["x"], box["y"] + there["y"]

    def drag(self, *points: tuple[float, float]) -> None:
        mouse = self.page.mouse
        mouse.move(*self.at(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.at(*point), steps=6)
        mouse.up()

    def click(self, x: float, y: float, *modifiers: str) -> None:
        for modifier in modifiers:
            self.page.keyboard.down(modifier)
        self.page.mouse.click(*self.at(x, y))
        for modifier in modifiers:
            self.page.keyboard.up(modifier)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def ask(self, act: Callable[[], object]) -> None:
        """Do something that asks an engine, and wait for its answer."""
        with self.page.expect_response(lambda answer: answer.url.endswith("/ask")):
            act()
        self.until("!window.maskwright.asking()")

    def saved(self) -> None:
        self.until("window.maskwright.sync().waiting === 0 && !window.maskwright.turning()")
        assert not self.errors

    def state(self) -> str:
        return self.page.locator(".status").get_attribute("data-state")

    def image(self, number: int) -> None:
        self.saved()
        self.page.locator("nav li button").nth(number).click()
        self.until(f"location.hash.split('?')[0] === '#{number + 1}'")
        self.page.wait_for_timeout(150)

    def segments(self, number: int = 0) -> Segments:
        """What the dataset has, read by another process than the server."""
        self.saved()
        with Dataset.open(self.studio.folder, read_only=True) as dataset:
            return dataset.read([number + 1])[0].segments

    def hash(self) -> str:
        return self.page.evaluate(
            "JSON.stringify(window.maskwright.scene().segments.map((t) => "
            "[t.id, t.classId, t.crowd, t.bits.x, t.bits.y, t.bits.w, t.bits.h, Array.from(t.bits.data).join('')]))"
        )


def crash(profile: Path) -> None:
    """End a browser with its profile in a folder as a crash does it, not as closing a window does."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"--user-data-dir={profile}" in (process / "cmdline").read_text():
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue
    for lock in profile.glob("Singleton*"):
        lock.unlink()


@contextmanager
def visiting(browser, folder: Path, classes: str = "disk,box", *, fresh: bool = False) -> Iterator[Person]:
    """Somebody at the page of a studio of its own; nothing may go wrong in the page meanwhile. fresh: as `Studio`."""
    studio = Studio(folder, fresh=fresh, classes=classes)
    studio.start()
    context = browser.new_context()
    try:
        person = Person(context.new_page(), studio)
        yield person
        assert not person.errors
    finally:
        context.close()
        studio.kill()


def iou(masks: Masks, truth: np.ndarray) -> float:
    return float(masks.iou(Masks.encode(truth[None])).max(initial=0))


def near_line(a: tuple[float, float], b: tuple[float, float], radius: float) -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    d = np.array(b) - a
    t = np.clip(((x - a[0]) * d[0] + (y - a[1]) * d[1]) / (d @ d), 0, 1)
    return np.hypot(x - a[0] - t * d[0], y - a[1] - t * d[1]) <= radius
