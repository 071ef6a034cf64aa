"""What the runtimes share."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import ModelError
from maskwright.predict.checkpoint import ModelInfo

if TYPE_CHECKING:
    from torch import nn

KEY = "maskwright"


def described(info: ModelInfo, stride: int, size: tuple[int, int] | None) -> str:
    return json.dumps({"info": asdict(info), "stride": stride, "size": size})


def read_description(text: str | None, path: str | Path) -> tuple[ModelInfo, int, tuple[int, int] | None]:
    """Raises ModelError where there is none."""
    try:
        held = json.loads(text or "")
        size = None if held["size"] is None else (int(held["size"][0]), int(held["size"][1]))
        info, stride = ModelInfo.from_json(held["info"]), int(held["stride"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        raise ModelError(
            "carries no description of its model", file=path, needed="a file that `maskwright model export` wrote"
        ) from None
    if not 0 < stride <= 1 << 12 or (size is not None and not all(0 < side < 1 << 16 for side in size)):
        raise ModelError(f"describes a stride of {stride} and a size of {size}", file=path)
    return info, stride, size


def example(info: ModelInfo, stride: int, size: tuple[int, int] | None) -> Any:
    """A normalised image-like input, (1, C, h, w)."""
    import torch

    height, width = size or (max(64, 2 * stride), max(96, 3 * stride))
    height, width = -(-height // stride) * stride, -(-width // stride) * stride
    return torch.randn(1, len(info.mean), height, width, generator=torch.Generator().manual_seed(0))


def runner(
    call: Callable[[Any], Any], stride: int, size: tuple[int, int] | None, *, batches: bool = True
) -> "nn.Module":
    """call: (N, C, h, w) float32 array -> logits array.  size: the only one that a file takes, as its `only_size`.

    batches: whether N may be more than 1; otherwise images enter one by one.
    """
    import torch

    class Runner(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stride = stride
            self.only_size = size

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            height, width = x.shape[-2:]
            if size is not None and (height, width) != tuple(size):
                raise ModelError(
                    f"the exported model takes {size[0]} x {size[1]} pixels, not {height} x {width}",
                    todo="Export it without --size, or with a larger one.",
                )
            given = x.float().contiguous().cpu().numpy()
            parts = [given] if batches or len(given) == 1 else [given[k : k + 1] for k in range(len(given))]
            return torch.cat([torch.as_tensor(call(part)) for part in parts])

    return Runner()
