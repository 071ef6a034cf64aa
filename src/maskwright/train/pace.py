"""What a person who watches a training wants to know: images a second, the share that waits for images, memory."""

import time
from collections import deque
from typing import Any

#: Seconds over which the pace is told.
OVER = 10.0


class Pace:
    """Images a second of late, and what of that time went by without a batch being there.

    batch: images a step, over all processes.  device: where the network is.
    """

    def __init__(self, batch: int, device: Any) -> None:
        self._batch = batch
        self._device = device
        self._marks: deque[tuple[float, int, float]] = deque()

    def forget(self) -> None:
        """Begin anew: something else than steps came between."""
        self._marks.clear()

    def at(self, step: int, waited: float) -> dict[str, float]:
        """{"images/s", "waiting", "memory_gb"} after a step; the first two from the second step on.

        step: its number.  waited: seconds without a batch since the training began.
        """
        now = time.monotonic()
        self._marks.append((now, step, waited))
        while len(self._marks) > 2 and now - self._marks[1][0] > OVER:
            self._marks.popleft()
        before, first, had = self._marks[0]
        told = {"memory_gb": self._memory() / 2**30}
        if now > before and step > first:
            told |= {
                "images/s": self._batch * (step - first) / (now - before),
                "waiting": (waited - had) / (now - before),
            }
        return told

    def _memory(self) -> float:
        """Bytes that the network's device holds for it; on a CPU, those of the process."""
        import torch

        if self._device.type == "cuda":
            return float(torch.cuda.memory_reserved(self._device))
        try:
            with open("/proc/self/statm") as file:
                return float(file.read().split()[1]) * 4096
        except OSError:
            return 0.0
