"""What losses share: which pixels count, and targets one-hot."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def valid_and_safe(target: "Tensor", ignore_index: int | None) -> tuple["Tensor", "Tensor"]:
    """(N, H, W) bool of pixels that count, and the target with 0 in place of `ignore_index`."""
    if ignore_index is None:
        return target.new_ones(target.shape).bool(), target
    valid = target != ignore_index
    return valid, target.where(valid, target.new_zeros(()))


def one_hot(target: "Tensor", like: "Tensor") -> "Tensor":
    """(N, H, W) -> (N, K, H, W) of the dtype of `like`."""
    import torch

    return torch.zeros_like(like).scatter_(1, target.unsqueeze(1), 1)


def full_precision(logits: "Tensor") -> "Tensor":
    """Half-precision logits as float32: sums over pixels overflow or round away otherwise."""
    import torch

    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
