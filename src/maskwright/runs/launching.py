"""Trainings that go on by themselves: each a process of its own, which outlives whoever began it.

Beside the runs' folders lies a hidden one with three files for each such training: its plan, what its process printed,
and which process that is.  The run itself is made by that process, some seconds after it began.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from maskwright.core.owner import Owner, started
from maskwright.errors import DatasetError, UsageError, plain
from maskwright.runs import files, ownership
from maskwright.runs.record import check_free, find, list_runs, run_name
from maskwright.store import Dataset, View

#: Where the three files lie, among the runs' folders.
FOLDER = ".launched"
#: Bytes from the end of what was printed that are read at most.
TAIL = 2**18
#: Seconds before a process is asked again to end: a second interruption would meet the writing of what is left.
AGAIN = 15.0

#: When a process was asked to end, by this process's own clock.
_asked: dict[Owner, float] = {}
#: Two who begin the same training at once in one studio.
_beginning = threading.Lock()


@dataclass(frozen=True)
class Launched:
    """A training that was begun here.  name: of its run.  begun: ISO 8601, UTC.  process: which it is."""

    name: str
    begun: str
    process: Owner

    @property
    def going(self) -> bool:
        """Is its process there?"""
        return not self.process.is_gone()


def begin(dataset: Dataset, write_plan: Callable[[Path], object], *, name: str | None = None) -> Launched:
    """Begin a training after a plan, as a process of its own with its own session.

    write_plan: writes the plan to a file, as `train.plan.Plan.write` does.  name: of the run, made from the time when
    None.  Raises UsageError for a name that a run cannot have, and where the dataset is open to be read only.
    """
    wanted = run_name(name) if name is not None else f"train-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    with _beginning:
        check_free(dataset, wanted)
        _check_idle(dataset, wanted)
        file = _file(dataset, wanted, "yaml")
        with files.writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
        write_plan(file)
        _file(dataset, wanted, "log").unlink(missing_ok=True)
        return _started(dataset, wanted, ["--plan", str(file), "--name", wanted])


def go_on(dataset: Dataset, id: str, longer: Mapping[str, object] | None = None) -> Launched:
    """Go on with a training that ended early, or train it longer, as a process of its own.

    id: the run's.  longer: epochs or minutes, which take the place of the run's own.  Raises UsageError for a run that
    is not a training, is under way, or whose files are gone.
    """
    record = find(dataset, id, "train")
    with _beginning:
        _check_idle(dataset, record["id"])
        if record["status"] == "running":
            raise UsageError(f"the run {record['id']!r} is under way", needed="a training that ended")
        place = files.folder_of(dataset, record["id"])
        if not place.is_dir():
            raise UsageError("the run's files are gone", file=place, needed="its folder, to go on from")
        words = [word for option, value in (longer or {}).items() for word in (f"--{option}", str(value))]
        return _started(dataset, record["id"], ["--resume", record["id"], *words])


def launched(dataset: View) -> dict[str, Launched]:
    """The trainings that were begun on this machine, by name; none where none was."""
    out: dict[str, Launched] = {}
    here = Owner.me().host
    for file in sorted(_folder(dataset).glob("*.json")):
        try:
            held = json.loads(file.read_text())
            process, begun = Owner.from_json(held["process"]), str(held["begun"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # cut off, or not ours
        if process is not None and process.host == here:
            out[file.stem] = Launched(file.stem, begun, process)
    return out


def stop(dataset: Dataset, id: str) -> None:
    """Interrupt a training's process as Ctrl+C does; what it has learned is kept, and the run becomes `interrupted`.

    id: the run's, whole.  Only a process that surely is the training's own is sent anything.  Raises UsageError where
    none is under way, where it is another machine's, and where this machine does not tell whose a process is.
    """
    _check_writable(dataset)
    record = next((record for record in list_runs(dataset) if record["id"] == id), None)
    begun = launched(dataset).get(id)
    process: Owner | None = None
    if record is not None and record["kind"] == "train" and record["status"] == "running":
        process = Owner.from_json(record["owner"])
        told = ownership.told(record["owner"])
    elif begun is not None and begun.going:
        process, told = begun.process, f"process {begun.process.pid}"
    if process is None:
        raise UsageError(f"no training {id!r} is under way", needed="one whose process is there")
    _interrupt(process, told)


def printed(dataset: View, id: str, most: int = 200) -> list[str]:
    """The last lines that a training's process printed, without control characters; none where it was not begun here.

    id: the run's.  most: lines.
    """
    place = _file(dataset, id, "log")
    try:
        with open(place, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DatasetError(f"cannot be read ({error.strerror or error})", file=place) from None
    lines = text.splitlines()[size > TAIL :]
    return [plain(line) for line in lines[-most:]]


def forget(dataset: Dataset, name: str) -> None:
    """Forget a training that ended before it made a run. Raises UsageError while its process or its run is there."""
    _check_writable(dataset)
    with _beginning:
        _check_idle(dataset, name)
        check_free(dataset, name)
        if name not in launched(dataset):
            raise UsageError(f"no training {name!r} was begun here")
        for ending in ("json", "log", "yaml"):
            _file(dataset, name, ending).unlink(missing_ok=True)


def _folder(dataset: View) -> Path:
    return (files.runs_folder(dataset) / FOLDER).absolute()


def _file(dataset: View, name: str, ending: str) -> Path:
    return files.folder_of(dataset, f"{name}.{ending}", _folder(dataset))


def _check_writable(dataset: Dataset) -> None:
    if not dataset.database.writable:
        raise UsageError("the dataset is open to be read only", file=dataset.place, needed="one that may be changed")


def _check_idle(dataset: Dataset, name: str) -> None:
    _check_writable(dataset)
    before = launched(dataset).get(name)
    if before is not None and before.going:
        raise UsageError(f"the training {name!r} is under way, as process {before.process.pid}", needed="another name")


def _started(dataset: Dataset, name: str, options: list[str]) -> Launched:
    log = _file(dataset, name, "log")
    place = dataset.database.place
    where = str(place.absolute()) if isinstance(place, Path) else str(place)
    # -P: modules that lie about where the studio was begun are not the program's.
    words = [sys.executable, "-P", "-m", "maskwright", "train", where, *options]
    with files.writing(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        file = open(log, "ab")  # noqa: SIM115  closed below
    with file:
        child = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
    process = Owner(Owner.me().host, child.pid, started(child.pid) or "")
    threading.Thread(target=child.wait, name=f"training {name}", daemon=True).start()  # collects it when it ends
    found = Launched(name, datetime.now(UTC).isoformat(timespec="seconds"), process)
    kept = {"begun": found.begun, "process": process.to_json()}
    files.write_whole(_file(dataset, name, "json"), json.dumps(kept))
    return found


def _interrupt(process: Owner, told: str) -> None:
    me = Owner.me()
    if process.host != me.host:
        raise UsageError(f"{told} is at it, on another machine", todo="Stop it there, with Ctrl+C.")
    if process == me:
        raise UsageError("this program itself is at it", todo="Stop it where it was begun.")
    if time.monotonic() - _asked.get(process, float("-inf")) < AGAIN:
        return
    open_process = getattr(os, "pidfd_open", None)
    if open_process is None or not process.started:
        raise UsageError(
            f"this machine does not tell whether {told} still is the training", todo="Stop it with Ctrl+C."
        )
    try:
        handle = open_process(process.pid)  # what has this number now keeps it while it is open
    except OSError:
        raise UsageError(f"{told} is gone") from None
    try:
        if started(process.pid) != process.started:
            raise UsageError(f"{told} is gone")
        signal.pidfd_send_signal(handle, signal.SIGINT)
        _asked[process] = time.monotonic()
    except OSError as error:
        raise UsageError(f"{told} cannot be stopped from here ({error.strerror})") from None
    finally:
        os.close(handle)
