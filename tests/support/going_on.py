"""Imports that are killed at a batch and go on, and what is compared of them."""

import sqlite3
from math import inf
from pathlib import Path
from typing import Any

from maskwright import formats
from maskwright.formats import _keeping
from maskwright.store import Dataset, transfer
from maskwright.store.tray import Tray


class KilledError(RuntimeError):
    """What ends an import here as a kill would: nothing of it is handled."""


def small_batches(monkeypatch: Any, samples: int = 1) -> None:
    """Every so many samples are kept."""
    monkeypatch.setattr(_keeping, "SAMPLES", samples)


def killed_at(monkeypatch: Any, batch: int, error: type[BaseException] = KilledError) -> None:
    """The batch with this number, from 0, is not kept any more; None as an error: no batch fails."""
    monkeypatch.setattr(_keeping, "SECONDS", inf)  # by number alone, however slow this machine is
    put, number = Tray.put, iter(range(10**9))

    def failing(self: Tray, *arguments: Any, **more: Any) -> None:
        if next(number) == batch:
            raise error("killed")
        put(self, *arguments, **more)

    monkeypatch.setattr(Tray, "put", failing)


def keep_of(place: str | Path, source: Path) -> formats.Keep:
    """As a verb makes one."""
    return formats.Keep(
        place, source=str(source), command="again", call={"source": str(source)},
        states=lambda: formats.states([source], place),
    )  # fmt: skip


def imported(place: str | Path, source: Path, *, keeping: bool = True, **options: Any) -> dict[str, Any]:
    """What an import says: notes, findings, and what was left out."""
    if not keeping:
        reading = formats.read(source, **options)
        done = transfer.import_samples(place, reading.classes, reading.samples, "import", about=reading.about)
    else:
        with keep_of(place, source) as keep:
            reading = formats.read(source, keep=keep, **options)
            samples = keep.read(reading.samples)
            done = transfer.import_samples(
                place, reading.classes, samples, "import", about=reading.about, tray=keep.tray
            )
    return {"notes": reading.notes, "findings": reading.findings, "broken": reading.broken, "done": done}


def tables(place: str | Path) -> dict[str, list[Any]]:
    """All rows of all tables of a dataset in a folder, but for times."""
    with sqlite3.connect(Path(place) / "maskwright.db") as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        out = {}
        for name in names:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})") if row[1] != "created"]
            out[name] = sorted(connection.execute(f"SELECT {', '.join(columns)} FROM {name}"), key=repr)
    connection.close()
    return out


def check_sound(place: str | Path) -> None:
    """Nothing is unfinished, and every hash is right."""
    with Dataset.open(place) as dataset:
        assert dataset.unfinished is None
        assert dataset.check() == []
