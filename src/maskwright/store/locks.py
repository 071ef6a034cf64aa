"""Locks of SQLite's files that nothing else in this process can drop.

SQLite asks the kernel for POSIX locks.  Those belong to a process, and vanish when any part of it closes any handle of
the file: a copy of the folder, a backup, a checksum is enough, and other processes then write over what was
acknowledged.  Linux has the same locks bound to an open file description (F_OFD_SETLK); they exclude POSIX locks of
others and end with their own description only.  SQLite lets its system calls be replaced, so its calls for locks are
handed on as these.

A description is shared with forked children.  There, what was inherited is given up without a word to the kernel
(`abandoning`), so that the parent's locks stay its own.
"""

import ctypes
import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_GET, _SET, _WAIT = 5, 6, 7  # F_GETLK, F_SETLK, F_SETLKW
_OF_DESCRIPTION = {_GET: 36, _SET: 37, _WAIT: 38}  # F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW
_UNLOCK = 2  # F_UNLCK

#: The numbers and the structure below are those of 64-bit Linux.
HERE = sys.platform == "linux" and ctypes.sizeof(ctypes.c_void_p) == 8

#: Where the locks of a database file begin (SQLite's PENDING_BYTE); those of its shared memory lie below.
_OF_DATABASE = 0x40000000


class _Lock(ctypes.Structure):
    """struct flock of 64-bit Linux."""

    _fields_ = (
        ("kind", ctypes.c_short), ("whence", ctypes.c_short), ("start", ctypes.c_longlong),
        ("length", ctypes.c_longlong), ("pid", ctypes.c_int),
    )  # fmt: skip


_FCNTL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, use_errno=True)

#: Device and inode of the databases whose locks are handed on: one of their connections outlives all others.
_files: set[tuple[int, int]] = set()
_state: dict[str, Any] = {"abandoning": False, "installed": None}


def install() -> None:
    """Replace SQLite's calls for locks in this process, once; it keeps its own where the system has none such."""
    if _state["installed"] is not None or not HERE:
        return
    import apsw

    system = _FCNTL(ctypes.cast(ctypes.CDLL(None).fcntl, ctypes.c_void_p).value or 0)

    # Everything is bound here: the interpreter may take module names away before the last connection closes.
    def fcntl(
        descriptor: int, command: int, argument: int, system: Any = system, commands: Any = _OF_DESCRIPTION,
        lock_type: Any = _Lock, files: Any = _files, state: Any = _state, stat: Any = os.fstat,
        set_errno: Any = ctypes.set_errno, again: int = errno.EAGAIN, database: int = _OF_DATABASE,
        unlock: int = _UNLOCK, asking: int = _GET,
    ) -> Any:  # fmt: skip
        ours = commands.get(command)
        if ours is None:
            return system(descriptor, command, argument)
        lock = lock_type.from_address(argument)
        if lock.start >= database:
            # Of other databases that this process may have: their connections unlock through one another's handles.
            about = stat(descriptor)
            if (about.st_dev, about.st_ino) not in files:
                return system(descriptor, command, argument)
        if state["abandoning"]:
            if lock.kind == unlock or command == asking:
                lock.kind = unlock
                return 0
            set_errno(again)
            return -1
        lock.pid = 0
        return system(descriptor, ours, argument)

    replaced = _FCNTL(fcntl)
    vfs = apsw.VFS("maskwright-locks", "unix")
    vfs.xSetSystemCall("fcntl", ctypes.cast(replaced, ctypes.c_void_p).value or 0)
    _state["installed"] = (replaced, vfs)  # for as long as the process lives


def hold(identity: tuple[int, int]) -> None:
    """Hand on the locks of the database file of this device and inode."""
    install()
    _files.add(identity)


def release(identity: tuple[int, int]) -> None:
    """After its last connection was closed."""
    _files.discard(identity)


@contextmanager
def abandoning() -> Iterator[None]:
    """Close inherited connections in a forked child: no lock is asked for, and none of the parent's is given up."""
    if HERE:
        _own_memory()
    _state["abandoning"] = True
    try:
        yield
    finally:
        _state["abandoning"] = False


_SHARED = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-s ([0-9a-f]+) \S+ \d+ +(.*-shm)(?: \(deleted\))?\n")


def _own_memory() -> None:
    """Put private copies in place of the shared memory of SQLite's logs: closing may write there."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    with open("/proc/self/maps", errors="surrogateescape") as lines:
        found = [match for line in lines if (match := _SHARED.fullmatch(line))]
    for match in found:
        begin, end = int(match[1], 16), int(match[2], 16)
        content = ctypes.string_at(begin, end - begin)
        # PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS
        if libc.mmap(begin, end - begin, 3, 0x32, -1, 0) == begin:
            ctypes.memmove(begin, content, len(content))
