"""The Lovász extension of the Jaccard loss (Berman et al., CVPR 2018)."""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, Reduction

if TYPE_CHECKING:
    from torch import Tensor


def extension(errors: "Tensor", g: "Tensor", valid: "Tensor", reduction: Reduction, absent: Absent) -> "Tensor":
    """errors, g: (N, K, H, W), g one-hot.  valid: (N, H, W) bool.  0 when no pixel counts."""
    import torch

    groups = [slice(None)] if reduction == "batch" else [slice(n, n + 1) for n in range(len(g))]
    parts = []
    for group in groups:
        keep = valid[group]
        for c in range(g.shape[1]):
            truth = g[group, c][keep]
            if truth.numel() and (absent == "penalise" or bool((truth > 0).any())):
                error, order = errors[group, c][keep].sort(descending=True)
                parts.append((error.clamp(min=0) * gradient(truth[order])).sum())
    return torch.stack(parts).mean() if parts else errors.sum() * 0


def gradient(truth: "Tensor") -> "Tensor":
    """(P,) truth in the order of falling errors -> the weights of the errors (algorithm 1)."""
    total = truth.sum()
    inside = total - truth.cumsum(0)
    union = total + (1 - truth).cumsum(0)
    jaccard = 1 - inside / union
    jaccard[1:] = jaccard[1:] - jaccard[:-1].clone()
    return jaccard
