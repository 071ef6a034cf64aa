"""Encoded images on the engine's device: brought there once, not with every prompt."""

import threading
from collections import OrderedDict
from typing import Any

from maskwright.core.arrays import Array


class OnDevice:
    """The newest encoded images as tensors, up to a number of bytes; on a CPU these are the arrays themselves.

    Safe to use from several threads.
    """

    def __init__(self, device: str, *, megabytes: int = 1024) -> None:
        self.device = device
        self.limit = megabytes * 2**20
        # The arrays are kept with the tensors: as long as they are there, nothing else has their identity.
        self._kept: OrderedDict[int, tuple[dict[str, Array], dict[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def tensors(self, encoded: dict[str, Array]) -> dict[str, Any]:
        """By name, all but "size". encoded: what the engine's `encode` gave; the same dict means the same image."""
        import torch

        if torch.device(self.device).type == "cpu":
            return {name: torch.from_numpy(array) for name, array in encoded.items() if name != "size"}
        name = id(encoded)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name][1]
        found = {name: torch.from_numpy(array).to(self.device) for name, array in encoded.items() if name != "size"}
        with self._lock:
            self._kept[name] = (encoded, found)
            while len(self._kept) > 1 and sum(_bytes(there) for _, there in self._kept.values()) > self.limit:
                self._kept.popitem(last=False)
        return found


def _bytes(tensors: dict[str, Any]) -> int:
    return sum(tensor.nbytes for tensor in tensors.values())
