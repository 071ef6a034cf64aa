"""How windows enter a network: random colours, normalisation and the way to the device, a batch at a time.

For a GPU windows stay bytes until they are there: a quarter of what floats would be is copied, from pinned memory and
beside the network's work, and the GPU does the arithmetic for the whole batch at once.  For a CPU the thread that made
a window also makes its numbers, by OpenCV, in less than a millisecond.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.predict.layout import Layout
from maskwright.registry import require
from maskwright.transforms import colour

if TYPE_CHECKING:
    from torch import Tensor

    from maskwright.models import Objects


class Entry:
    """What all batches of a training share.

    layout: what the network takes.  device: a torch.device.  late: whether the device does the arithmetic; a GPU does.
    """

    def __init__(self, layout: Layout, device: Any, *, late: bool | None = None) -> None:
        torch = require("torch", "training")
        self.layout = layout
        self.device = device
        self.on_gpu = device.type == "cuda"
        self.late = self.on_gpu if late is None else late
        self.bytes_ = layout.eight_bit_colours
        self.stream = torch.cuda.Stream(device) if self.on_gpu else None
        self.mean = np.array(layout.mean, np.float32)
        self.std = np.array(layout.std, np.float32)
        # The same single roundings as on a tensor: a window without random colours is what prediction sees, bit by bit.
        levels = np.arange(256, dtype=np.float32)[:, None] / np.float32(255)
        self.table: Array = ((levels - self.mean) / self.std)[None]
        self.mean_there, self.std_there = (
            torch.tensor(numbers, device=device).view(1, -1, 1, 1) for numbers in (layout.mean, layout.std)
        )

    def copying(self) -> AbstractContextManager[Any]:
        """In this block a GPU copies beside what the network does."""
        import torch

        return nullcontext() if self.stream is None else torch.cuda.stream(self.stream)

    def normalised(self, windows: "Tensor", changes: "Tensor | None") -> "Tensor":
        """(N, h, w, C) uint8, or float32 about 0 to 1, on the device -> (N, C, h, w) float32, channels last in memory.

        changes: (N, 3), a `colour.Change` a row; as they are where None.  float32 windows are written over.
        """
        import torch

        x = windows.permute(0, 3, 1, 2).float()
        if changes is not None:
            x = colour.changed_batch(x, changes, levels=self.bytes_)
        if self.bytes_:
            x = x.div_(255)
        return x.sub_(self.mean_there).div_(self.std_there).contiguous(memory_format=torch.channels_last)


class Memory:
    """One batch: rows are put in by any threads, sent by whoever put the last, and taken by the network's thread.

    objects: whether the truth is a list of Objects, else it is (N, h, w).
    """

    def __init__(self, entry: Entry, number: int, size: tuple[int, int], *, objects: bool) -> None:
        self._entry = entry
        shape = (number, *size, len(entry.layout.channels))
        kind = np.uint8 if entry.late and entry.bytes_ else np.float32
        self._windows, self._windows_there = self._room(shape, kind)
        self._changes, self._changes_there = self._room((number, 3), np.float32)
        self._changes[:] = colour.SAME
        self._coloured = False
        self._labels, self._labels_there = self._room((number, *size), np.uint8 if entry.late else np.int64)
        self._objects: list[Objects] | None = [None] * number if objects else None  # type: ignore[list-item]
        self._sent: Any = None

    def _room(self, shape: tuple[int, ...], kind: Any) -> tuple[Array, "Tensor"]:
        """An array, and a tensor over the same memory, which a GPU can copy by itself."""
        import torch

        tensor = torch.empty(shape, dtype=getattr(torch, np.dtype(kind).name), pin_memory=self._entry.on_gpu)
        return tensor.numpy(), tensor

    def put(self, row: int, window: Array, change: colour.Change | None, truth: Any) -> None:
        """window: (h, w, C).  change: of its colours, not done yet.  truth: (h, w) uint8, or Objects."""
        entry = self._entry
        if change is not None and entry.late:
            self._changes[row] = change
            self._coloured = True
        elif change is not None:
            window = colour.changed(window, change)
        out = self._windows[row]
        if entry.late:
            out[...] = window
        elif entry.bytes_:
            require("cv2", "training").LUT(window, entry.table, dst=out)
        else:
            np.subtract(window, entry.mean, out=out)
            np.divide(out, entry.std, out=out)
        if self._objects is None:
            self._labels[row] = truth
        else:
            self._objects[row] = _pinned(truth) if entry.on_gpu else truth

    def send(self) -> None:
        """Begin the way to the device."""
        torch = require("torch", "training")
        entry = self._entry
        with entry.copying():
            self._windows_there = self._windows_there.to(entry.device, non_blocking=True)
            if self._coloured:
                self._changes_there = self._changes_there.to(entry.device, non_blocking=True)
            if self._objects is None:
                self._labels_there = self._labels_there.to(entry.device, non_blocking=True)
            else:
                self._objects = [_sent(objects, entry.device) for objects in self._objects]
            if entry.stream is not None:
                self._sent = torch.cuda.Event()
                self._sent.record(entry.stream)

    def take(self) -> "tuple[Tensor, Tensor | list[Objects]]":
        """The batch as the network takes it, for the current stream, which waits for the copy; the caller does not."""
        import torch

        entry = self._entry
        if entry.stream is not None:
            working = torch.cuda.current_stream(entry.device)
            working.wait_event(self._sent)
            for tensor in self._sent_tensors():
                tensor.record_stream(working)
        if entry.late:
            pixels = entry.normalised(self._windows_there, self._changes_there if self._coloured else None)
        else:
            pixels = self._windows_there.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        return pixels, self._labels_there.long() if self._objects is None else self._objects

    def _sent_tensors(self) -> "Sequence[Tensor]":
        found = [self._windows_there, *([self._changes_there] if self._coloured else [])]
        if self._objects is None:
            return [*found, self._labels_there]
        return [*found, *(part for objects in self._objects for part in (objects.class_indices, objects.masks))]


def _pinned(objects: "Objects") -> "Objects":
    return type(objects)(objects.class_indices.pin_memory(), objects.masks.pin_memory())


def _sent(objects: "Objects", device: Any) -> "Objects":
    return type(objects)(
        objects.class_indices.to(device, non_blocking=True), objects.masks.to(device, non_blocking=True)
    )
