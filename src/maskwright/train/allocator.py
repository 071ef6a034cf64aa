"""Freed memory stays with the process while it trains."""

import ctypes
import sys


def keep_memory() -> bool:
    """Ask the C library not to hand large blocks back to the system; True where it agreed.

    Every step frees and asks again for the same tens of megabytes.  Handed back, they come again as fresh pages that
    have to be cleared and mapped: about a fifth of a step on CPU.  glibc only; elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return False
    trim_threshold, mmap_max = -1, -4  # malloc.h
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(mmap_max, 0)) and bool(mallopt(trim_threshold, 2**31 - 1))
