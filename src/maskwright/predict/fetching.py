"""Tensors on their way from the device, so that nobody waits for them who does not need them yet."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Fetching:
    """Copies of tensors in the machine's memory; of a CPU's the tensors themselves.

    The copying goes on beside what the device does next.
    """

    def __init__(self, tensors: Sequence["Tensor"]) -> None:
        import torch

        self._done = None
        if not any(tensor.is_cuda for tensor in tensors):
            self._here = list(tensors)
            return
        self._here = [
            torch.empty_like(tensor, device="cpu", pin_memory=True).copy_(tensor, non_blocking=True)
            for tensor in tensors
        ]
        self._done = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._done.record(torch.cuda.current_stream(tensors[0].device))

    def get(self) -> "list[Tensor]":
        """The tensors, once they are there. Safe to call from any thread, and more than once."""
        if self._done is not None:
            self._done.synchronize()
        return self._here
