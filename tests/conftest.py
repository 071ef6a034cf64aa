"""Shared fixtures. Every test may run alone, in any order."""

import os
import signal

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# A shell's background work ignores interrupts, and so would every process that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from databases import place, postgres  # noqa: F401  fixtures
from hypothesis import HealthCheck, settings
from studio_person import chromium

from maskwright import testing
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample

settings.register_profile("all", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
settings.load_profile("all")


@pytest.fixture(scope="session")
def driver() -> Iterator[Any]:
    """One for all tests of a process: a second one cannot run beside it."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(driver: Any) -> Iterator[Any]:
    chrome = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
    yield chrome
    chrome.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--part", metavar="WORD/N", help="every N-th test, drawn by a word such as a commit: others are left out"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--part") is None:
        return
    word, _, parts = config.getoption("--part").rpartition("/")
    chosen = [item for item in items if crc32(f"{word} {item.nodeid}".encode()) % int(parts) == 0]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


REAL = Path(os.environ.get("MASKWRIGHT_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture
def real() -> Callable[[str], Path]:
    """The folder of a real data set, or a skip that says why."""

    def find(name: str) -> Path:
        if not (REAL / name).exists():
            pytest.skip(f"the real data {name} is not at {REAL}; set MASKWRIGHT_REAL_DATA to where it is")
        return REAL / name

    return find


@pytest.fixture
def classes() -> Classes:
    return testing.CLASSES


@pytest.fixture
def make_samples(tmp_path: Path) -> Callable[..., list[Sample]]:
    """Samples with pictures on disk: holes, parts, overlap, an empty image, odd sizes, odd names."""
    return partial(testing.make_samples, tmp_path)
