"""Processes that change a store: who fills it, who edits it, who is killed."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maskwright.core.classes import Classes
from maskwright.errors import UsageError
from maskwright.store import Dataset
from torturing import values
from torturing.journal import Journal, described
from torturing.nursery import Board

ENOUGH = 5  # acknowledged edits of a writer, at least
MOST = 25  # and at most
SLOW = 0.15  # seconds from one edit to the next when there have been enough
PATIENCE = 8.0  # seconds in which a writer tries again after a refusal
KINDS = (
    "fields", "shared mask", "own mask", "put", "shared put", "add", "remove", "columns", "new segment",
    "drop segment", "classes", "tag", "restore",
)  # fmt: skip


def fill(place: str, journal: Path, image: str, number: int, seed: str) -> None:
    """A new store."""
    state = values.first_state(number, random.Random(seed))
    note = Journal(journal)
    note.note("filling", number=number, seed=seed)
    classes = Classes.from_json(values.classes())
    with (
        Dataset.create(place, classes, author="torture") as dataset,
        dataset.edit(values.START, author="torture") as edit,
    ):
        for key, held in state.items():
            edit.add(values.sample_of(key, held, image))
    note.acknowledge("done", message=values.START, revision=edit.revision)


class Writer:
    """Edits of many kinds, each noted before it is made and when it is acknowledged.

    who: its name, which also says which samples are its own.  last: key of the sample that bears a stamp's second half.
    """

    def __init__(
        self, who: str, mark: str, seed: str, slot: int, journal: Journal, board: Board, last: str, image: str
    ) -> None:
        self.who, self.mark, self.slot = who, mark, slot
        self.journal, self.board, self.last, self.image = journal, board, last, image
        self.rng = random.Random(seed)
        self.acknowledged = 0
        self.revisions: list[int] = []
        self._number = 0
        self._added: list[str] = []
        self._kinds: list[str] = []

    def edit(self, dataset: Dataset, inside: Callable[[], None] | None = None) -> bool:
        """One edit -> whether it was acknowledged. inside: called when all is written and the block has not ended."""
        self._number += 1
        if not self._kinds:
            self._kinds = self.rng.sample(KINDS, len(KINDS))
        kind = self._kinds.pop()
        stamp = f"{self.mark}.{self.who}.{self._number}"
        message = f"{kind} {stamp}"
        try:
            if kind == "tag" and self.revisions and inside is None:
                name, revision = f"t-{stamp}", self.rng.choice(self.revisions)
                dataset.tag(name, revision)
                self.journal.acknowledge("tagged", name=name, revision=revision)
            else:
                with dataset.edit(message, author=self.who) as edit:
                    steps = values.stamped(stamp, self.last, self._steps(kind, stamp, edit))
                    if kind == "restore" and self.revisions:  # what comes before it would be undone
                        steps.insert(0, ["restore", self.rng.choice(self.revisions)])
                    self.journal.note("try", message=message, stamp=stamp, steps=steps)
                    for step in steps:
                        values.perform(edit, step, self.image)
                    if inside is not None:
                        inside()
                self.journal.acknowledge("done", message=message, revision=edit.revision)
                self.revisions.append(edit.revision)
                self.board.told(self.slot, edit.revision)
        except Exception as error:  # noqa: BLE001  every refusal is noted
            self.journal.note("refused", message=message, **described(error))
            return False
        self.acknowledged += 1
        return True

    def _steps(self, kind: str, stamp: str, edit: Any) -> list[values.Step]:
        rng = self.rng
        own = values.key_of(rng.choice(values.OWN[self.who]))
        shared = rng.choice(values.SHARED)
        number = rng.randrange(1, values.KEPT + 1)
        match kind:
            case "shared mask":
                return [["segment", shared, number, {"counts": values.rectangle(rng), "score": rng.random()}]]
            case "own mask":
                return [["segment", own, number, {"counts": values.rectangle(rng), "source": "human"}]]
            case "put":
                held = [values.segment(k, rng, by=stamp) for k in range(1, values.KEPT + 1)]
                return [["put", own, rng.sample(held, len(held))]]
            case "shared put":
                held = values.on_paper(edit.segments(shared))
                return [["put", shared, [{**row, "attributes": {"put": stamp}} for row in held]]]
            case "columns":
                return [["set", own, {"split": rng.choice(["train", "val", None]), "weight": rng.random()}]]
            case "classes":
                definitions = values.classes()
                definitions[2] = {**definitions[2], "colour": [rng.randrange(256) for _ in range(3)]}
                return [["classes", Classes.from_json(definitions).to_json()]]
            case "new segment":
                held = values.on_paper(edit.segments(own))
                fresh = max(row["id"] for row in held) + 1
                return [["put", own, [*held, values.segment(fresh, rng, by=stamp)]]]
            case "drop segment":
                fresh = [row["id"] for row in values.on_paper(edit.segments(own)) if row["id"] > values.KEPT]
                return [["drop", own, fresh[0]]] if fresh else []
            case "remove" if self._added:
                key = self._added.pop()
                try:
                    edit.segments(key)
                except UsageError:  # somebody restored a revision from before it
                    return []
                return [["remove", key]]
            case "add" | "remove":
                self._added.append(f"new/{stamp}")
                return [["add", f"new/{stamp}", values.sample_on_paper(rng, by=stamp)]]
        return [["fields", shared, {self.who: stamp}], ["fields", own, {"n": self._number}]]


def write(
    place: str, journal: Path, board: Board, who: str, mark: str, seed: str, slot: int, last: str, image: str, *,
    anew: bool = False, stays: bool = True, pause: float = 0.02, trouble: str | None = None,
) -> None:  # fmt: skip
    """A writer from its first to its last edit.

    anew: it opens the dataset for each edit.  stays: it goes on until the round's event is over.  trouble: what befalls
    it, by name.
    """
    from torturing.troubles import TROUBLES

    notes = Journal(journal)
    writer = Writer(who, mark, seed, slot, notes, board, last, image)
    if trouble is not None:
        TROUBLES[trouble](place, writer).suffer(pause)
    elif anew:

        def once() -> bool:
            with Dataset.open(place) as dataset:
                return writer.edit(dataset)

        go_on(writer, once, stays, pause)
    else:
        opened = patiently(notes, lambda: Dataset.open(place))
        if opened is not None:
            with opened as dataset:
                go_on(writer, lambda: writer.edit(dataset), stays, pause)
    if writer.acknowledged < ENOUGH:
        notes.note("refused", message=who, error=f"only {writer.acknowledged} edits were acknowledged", known=False)


def go_on(writer: Writer, once: Callable[[], bool], stays: bool, pause: float) -> None:
    refused_since = None
    while writer.acknowledged < ENOUGH or (stays and not writer.board.over and writer.acknowledged < MOST):
        try:
            done = once()
        except Exception as error:  # noqa: BLE001  it could not be opened
            writer.journal.note("refused", message=f"{writer.who} opens", **described(error))
            done = False
        refused_since = None if done else refused_since or time.monotonic()
        if refused_since is not None and time.monotonic() - refused_since > PATIENCE:
            return
        time.sleep(writer.rng.uniform(0.2, 1.8) * (pause if writer.acknowledged < ENOUGH else SLOW))
    while stays and not writer.board.over and not writer.board.stop:  # open, and quiet
        time.sleep(pause)


def patiently(journal: Journal, call: Callable[[], Dataset]) -> Dataset | None:
    """Open; try again for some seconds when that is refused."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            return call()
        except Exception as error:  # noqa: BLE001
            journal.note("refused", message="opening", **described(error))
            time.sleep(0.1)
    return None


def write_until_killed(
    place: str, journal: Path, board: Board, who: str, mark: str, seed: str, slot: int, last: str, image: str
) -> None:
    writer = Writer(who, mark, seed, slot, Journal(journal), board, last, image)
    with Dataset.open(place) as dataset:
        while not board.stop:
            writer.edit(dataset)
