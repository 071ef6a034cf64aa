"""What learners of examples have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from maskwright.core.arrays import F32, U8
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.media.windows import Window


@dataclass(frozen=True)
class Prediction:
    """segments: source `model`, each with its confidence as score.  uncertainty: (H, W) float32, 0 sure, 1 not at all.

    confidence: of the whole image, 0 to 1: how sure the most doubtful tenth of its pixels is.
    """

    segments: Segments
    uncertainty: F32

    @property
    def confidence(self) -> float:
        """Of the whole image, 0 to 1: how sure the doubtful tenth of its pixels is."""
        return confidence(self.uncertainty)


class Learner(Protocol):
    """What every engine of this family does: learn from labelled samples, then predict.

    `fit` and `add` take samples whose images can be read, `predict` an image's pixels.  window: how images are
    displayed, of `dataset.window`; it is set before `fit`, and `predict` takes images displayed by it.
    """

    window: Window | None

    def fit(self, samples: Sequence[Sample], classes: Classes) -> None:
        """Learn from wholly labelled samples; what was learned before is forgotten."""

    def add(self, samples: Sequence[Sample]) -> None:
        """Learn from further samples too."""

    def predict(self, image: U8) -> Prediction:
        """image: (H, W, 3) uint8 RGB.  Raises ValueError before anything was learned."""


def confidence(uncertainty: F32) -> float:
    """The doubtful tenth of the pixels decides: a wide sure background says nothing about the rest."""
    flat = uncertainty.ravel()
    worst = np.partition(flat, -max(1, flat.size // 10))[-max(1, flat.size // 10) :]
    return float(1 - worst.mean())


def entropy(probs: F32) -> F32:
    """(C, H, W) probabilities -> (H, W) entropy, 0 … 1."""
    if len(probs) < 2:
        return np.zeros(probs.shape[1:], np.float32)
    safe = np.clip(probs, 1e-6, 1)
    out: F32 = (-(safe * np.log(safe)).sum(axis=0) / np.log(len(probs))).astype(np.float32)
    return out
