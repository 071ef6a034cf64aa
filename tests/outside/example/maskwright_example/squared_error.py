"""Squared error of the probabilities, a mean over pixels of its sum over classes."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def loss(logits: "Tensor", target: "Tensor", *, ignore_index: int | None = 255, power: float = 2.0) -> "Tensor":
    """power: of the difference; 2 is the square."""
    import torch

    logits = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
    known = torch.ones_like(target, dtype=torch.bool) if ignore_index is None else target != ignore_index
    truth = torch.nn.functional.one_hot(target.where(known, 0), logits.shape[1]).movedim(-1, 1)
    each = ((logits.softmax(1) - truth).abs() ** power).sum(1)
    return each.where(known, 0).sum() / known.sum().clamp(min=1)
