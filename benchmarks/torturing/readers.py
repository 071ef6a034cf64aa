"""Processes that read whole datasets while others write."""

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from maskwright.core.sample import Sample
from maskwright.store import Dataset
from torturing import values
from torturing.journal import Journal, described
from torturing.nursery import Board

PATIENCE = 30.0  # seconds after which a read hangs
FEWEST = 3  # reads of a reader

Seen = tuple[int | None, Sequence[Sample]]


def look(journal: Journal, board: Board, last: str, call: Callable[[], Seen], what: str) -> bool:
    """Read once and note what was seen -> whether it was read. call: -> the revision, where known, and the samples."""
    newest = board.newest()
    begun = time.monotonic()
    try:
        revision, samples = call()
    except Exception as error:  # noqa: BLE001  every refusal is noted
        journal.note("unread", what=what, **described(error))
        return False
    seconds = time.monotonic() - begun
    if seconds > PATIENCE:
        journal.note("hang", what=f"{what} took {seconds:.0f} s")
    stamp, torn = values.mixture(samples, last)
    if torn is not None:
        journal.note("mixed", what=f"{what}: {torn}")
    else:
        journal.note("read", what=what, stamp=stamp, revision=revision, newest=newest)
    return True


def newest_of(dataset: Dataset) -> Seen:
    return None, list(dataset)


def pinned(dataset: Dataset, rng: random.Random) -> Seen:
    """The newest revision as somebody reads it who thinks over each sample."""
    view = dataset.at("head")
    samples = []
    for k, sample in enumerate(view):
        samples.append(sample)
        if k % 40 == 0:
            time.sleep(rng.uniform(0, 0.004))
    return view.revision, samples


def opened(place: str, *, read_only: bool = False) -> Seen:
    with Dataset.open(place, read_only=read_only) as dataset:
        return newest_of(dataset)


def read(place: str, journal: Path, board: Board, seed: str, last: str, kind: str, pause: float = 0.03) -> None:
    """kind: of "steady", "pinned" (opened once) and "anew"; with "read-only" behind it."""
    notes, rng = Journal(journal), random.Random(seed)
    read_only = kind.endswith("read-only")
    dataset = None
    seen = tried = 0
    # What is refused forever is refused three times and no more.
    while not board.stop or (seen < FEWEST and tried < 2 * FEWEST):
        tried += 1

        def call() -> Seen:
            nonlocal dataset
            if kind.startswith("anew"):
                return opened(place, read_only=read_only)
            if dataset is None:
                dataset = Dataset.open(place, read_only=read_only)
            return pinned(dataset, rng) if kind.startswith("pinned") else newest_of(dataset)

        seen += look(notes, board, last, call, kind)
        time.sleep(rng.uniform(0.5, 1.5) * pause)
    if dataset is not None:
        dataset.close()
