"""Who made something that is not finished: a process, told from every other one, on this machine or another."""

import os
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Owner:
    """host: the machine, and where it has several worlds of process numbers, which.  started: when the process began.

    A number alone would not do: the system gives it to another process later.
    """

    host: str
    pid: int
    started: str

    @classmethod
    def me(cls) -> Self:
        return cls(_host(), os.getpid(), started(os.getpid()) or "")

    @classmethod
    def from_json(cls, content: Any) -> Self | None:
        """None for what is not an owner."""
        try:
            found = cls(content["host"], content["pid"], content["started"])
        except (KeyError, TypeError):
            return None
        whole = isinstance(found.pid, int) and not isinstance(found.pid, bool) and 0 < found.pid < 2**31
        return found if whole and isinstance(found.host, str) and isinstance(found.started, str) else None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def is_gone(self) -> bool:
        """Whether the process has surely ended; False for one of another machine, of which nothing is known."""
        if sys.platform == "win32" or self.host != _host():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass  # it is there and somebody else's
        found = started(self.pid)
        return found is not None and found != self.started


def _host() -> str:
    try:
        return f"{socket.gethostname()}/{os.readlink(_PROC / 'self' / 'ns' / 'pid')}"  # noqa: PTH115 - no Path in it
    except OSError:
        return socket.gethostname()


def started(pid: int) -> str | None:
    """The machine's boot and the ticks since then; "ended" for one that only waits to be collected; None: unknown."""
    try:
        boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text().strip()
        state, *fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return "ended" if state in "ZX" else f"{boot}/{fields[18]}"
