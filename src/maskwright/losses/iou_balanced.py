"""IoU-balanced losses, for detectors: a better localised match weighs more.

Wu, Li, Wang, "IoU-balanced Loss Functions for Single-stage Object Detection", 2019.  They are losses of matched
instances, not of pixels, and therefore no term of `--loss`: call them on the matched predictions of a Mask R-CNN or of
a query network.  The IoU may be that of boxes, as in the paper, or of masks.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1908.05641"
ABSENT = "do not enter"


def classification(logits: "Tensor", target: "Tensor", iou: "Tensor", *, eta: float = 1.5) -> "Tensor":
    """Equation 3: Σ w_i CE_i, w_i = IoU_i^η · Σ CE / Σ IoU^η CE over the positives; the sum stays what it was.

    logits: (P, K) of matched predictions.  target: (P,) class indices.  iou: (P,) with the matched truth, 0 … 1.
    Weights carry no gradient.  -> the mean over P; 0 without a match.  eta: η of the equation; 0 weighs all alike.
    """
    from torch.nn import functional

    if not len(target):
        return logits.sum() * 0
    each = functional.cross_entropy(logits, target, reduction="none")
    raised = iou.detach().clamp(0, 1) ** eta
    total = (raised * each.detach()).sum()
    weights = raised * each.detach().sum() / total.clamp(min=1e-12)
    # Where no match overlaps its truth at all there is nothing to balance by.
    weights = weights if float(total) > 0 else weights.new_ones(weights.shape)
    return (weights * each).mean()


def localisation(
    pred: "Tensor", target: "Tensor", iou: "Tensor", *, lam: float = 1.5, weight: float = 1.0, beta: float = 1.0
) -> "Tensor":
    """Equation 5: Σ weight · IoU_i^λ · smooth L1 over the positives, weights without gradient, divided by their number.

    pred, target: (P, 4) box offsets.  iou: (P,).  beta: where smooth L1 turns linear.  0 without a match.  lam: λ of
    the equation.  weight: a factor on the whole.
    """
    from torch.nn import functional

    if not len(target):
        return pred.sum() * 0
    each = functional.smooth_l1_loss(pred, target, reduction="none", beta=beta).sum(1)
    return weight * (iou.detach().clamp(0, 1) ** lam * each).mean()
