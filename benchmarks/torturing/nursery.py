"""Warm processes: one that has imported everything and opened nothing, and forks the others."""

import ctypes
import gc
import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import Any


class Board:
    """A page of memory that all processes share: two flags, and the newest revision that each writer was told."""

    SLOTS = 4

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, 4096)

    def __reduce__(self) -> str:
        return "BOARD"  # sent to a process, it is the one that this process has inherited

    def reset(self) -> None:
        self._page[:64] = bytes(64)

    @property
    def stop(self) -> bool:
        """Readers are to end."""
        return self._page[0] != 0

    @stop.setter
    def stop(self, value: bool) -> None:
        self._page[0] = int(value)

    @property
    def over(self) -> bool:
        """The round's event lies behind; writers may end."""
        return self._page[1] != 0

    @over.setter
    def over(self, value: bool) -> None:
        self._page[1] = int(value)

    def told(self, slot: int, revision: int) -> None:
        struct.pack_into("q", self._page, 8 + 8 * slot, revision)

    def newest(self) -> int:
        """The newest acknowledged revision of this round, which every read from here on must show."""
        return max(struct.unpack_from(f"{self.SLOTS}q", self._page, 8))

    def begun(self, slot: int) -> bool:
        return struct.unpack_from("q", self._page, 8 + 8 * slot)[0] > 0


BOARD = Board()


class Nursery:
    """Makes processes. Make it before anything that must not be cleaned up twice: its frames are its maker's.

    roles: functions that a process may be.
    """

    def __init__(self, roles: Mapping[str, Callable[..., None]]) -> None:
        self._pipe, theirs = Pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._pipe.close()
            _serve(theirs, roles)  # raises SystemExit in each process that it makes
        theirs.close()

    def start(self, role: str, errors: Path, **arguments: Any) -> int:
        """-> the process's id. errors: where its stderr goes."""
        self._pipe.send(("start", role, str(errors), arguments))
        return int(self._pipe.recv())

    def wait(self, pid: int, seconds: float) -> int | None:
        """-> how the process ended: its exit code, or minus the signal; None while it runs."""
        self._pipe.send(("wait", pid, seconds))
        return self._pipe.recv()

    def kill(self, pid: int) -> None:
        """The process and its children."""
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    def close(self) -> None:
        self._pipe.close()
        os.waitpid(self._pid, 0)


def _serve(pipe: Any, roles: Mapping[str, Callable[..., None]]) -> None:
    # What is there is there for good: else each process would look through it at its end, for half a second.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _die_with_parent()
    children: set[int] = set()
    while True:
        try:
            request = pipe.recv()
        except EOFError:
            for pid in children:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            os._exit(0)
        if request[0] == "wait":
            status = _ended(request[1], request[2])
            children -= {request[1]} if status is not None else set()
            pipe.send(status)
            continue
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            break
        with suppress(OSError):
            os.setpgid(pid, pid)
        children.add(pid)
        pipe.send(pid)
    pipe.close()
    _, role, errors, arguments = request
    os.setpgid(0, 0)
    _die_with_parent()
    file = os.open(errors, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(file, 2)
    os.close(file)
    roles[role](**arguments)
    # Through the interpreter's own end, as a program does: what runs at exit runs.
    sys.exit(0)


def _ended(pid: int, seconds: float) -> int | None:
    end = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            return None
        time.sleep(0.002)


def _die_with_parent() -> None:
    with suppress(Exception):  # Linux only; elsewhere a killed run leaves its processes
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
