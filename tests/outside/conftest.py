"""Distributions of others, installed for one test at a time."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributions import install

from maskwright import registry

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def example_folder(tmp_path_factory) -> Path:
    return install(HERE / "example", tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def broken_folder(tmp_path_factory) -> Path:
    return install(HERE / "broken", tmp_path_factory.mktemp("broken"))


@pytest.fixture
def installed(monkeypatch) -> Iterator[Callable[..., None]]:
    """A function of folders: what lies in them is installed until the test ends."""

    def install_from(*folders: Path) -> None:
        for folder in folders:
            monkeypatch.syspath_prepend(folder)
        registry.forget()

    yield install_from
    monkeypatch.undo()
    registry.forget()


@pytest.fixture
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line in a process of its own, where what lies in some folders is installed."""

    def run(folders: list[Path], *words: object) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([*map(str, folders), os.environ.get("PYTHONPATH", "")])
        return subprocess.run(
            [sys.executable, "-m", "maskwright", *map(str, words)], capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip

    return run
