"""Workers of the tests of compute, where other processes can import them."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from maskwright.compute import Worker
from maskwright.errors import FormatError, ModelError, UsageError


class Areas(Worker):
    """A sample's key and the pixels of its segments; what `poison` names by key does what it says.

    folder: where every process leaves its number when it opens, and every sample one more byte in a file of its key.
    """

    def __init__(self, folder: Path, poison: dict[str, str] | None = None, pause: float = 0.0, batch: int = 1) -> None:
        self.folder, self.poison, self.pause, self.batch = folder, poison or {}, pause, batch

    def open(self) -> None:
        if "open" in self.poison:
            poisoned(self.poison["open"])
        (self.folder / f"opened-{os.getpid()}").touch()

    def __call__(self, number, sample):
        with open(self.folder / f"tried-{sample.key.replace('/', '-')}", "a") as file:
            file.write(".")
        time.sleep(self.pause)
        while self.poison.get(sample.key) == "gate" and not (self.folder / "gate").exists():
            time.sleep(0.02)
        if sample.key in self.poison:
            poisoned(self.poison[sample.key])
        return sample.key, int(sample.segments.masks.areas().sum())

    def tries(self, key: str) -> int:
        place = self.folder / f"tried-{key.replace('/', '-')}"
        return place.stat().st_size if place.exists() else 0

    def processes(self) -> list[int]:
        return [int(place.name.removeprefix("opened-")) for place in self.folder.glob("opened-*")]


def poisoned(how: str) -> None:
    if how == "raise":
        raise ValueError("no such\nthing")
    if how == "format":
        raise FormatError("is broken", file="x.png")
    if how == "model":
        raise ModelError("the weights do not fit")
    if how == "memory":
        raise MemoryError
    if how == "usage":
        raise UsageError("the call is wrong")
    if how == "exit":
        os._exit(3)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "wait":
        time.sleep(1)
    if how == "hang":
        time.sleep(600)


class Large(Worker):
    """Rows of 4 MB, more than any pipe holds; the samples are made large, too."""

    def __call__(self, number, sample):
        return np.full(2**19, number, np.int64)


class NotSendable(Worker):
    def __init__(self) -> None:
        self.made = lambda: 1

    def __call__(self, number, sample):
        return self.made()


class Kept:
    """A sink that keeps rows in a file as they come, a line a sample; a dead one where `dies` is the number of a sample."""

    def __init__(self, file: Path, dies: int | None = None) -> None:
        self.file, self.dies = file, dies

    def done(self, numbers):
        there = set(self.rows())
        return [number for number in numbers if number in there]

    def write(self, number, rows) -> None:
        if number == self.dies:
            raise OSError(28, "No space left on device")
        with open(self.file, "a") as file:
            file.write(f"{number}\t{rows[0]}\t{rows[1]}\n")

    def order(self) -> list[int]:
        return [int(line.split("\t")[0]) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def rows(self) -> dict[int, tuple[str, int]]:
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        found = [line.split("\t") for line in lines]
        assert len({number for number, _, _ in found}) == len(found), "a sample was written twice"
        return {int(number): (key, int(area)) for number, key, area in found}
