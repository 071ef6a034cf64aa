"""SegGPT with a rolling memory: the given frame and the newest sure ones are the examples for the next.

Wang et al., "SegGPT: Segmenting Everything In Context", ICCV 2023, section 4.2.
"""

from typing import Any

import numpy as np

from maskwright import fewshot
from maskwright.core.arrays import U8, Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.core.typed import Device
from maskwright.weights import weight_catalogue

WEIGHTS = weight_catalogue.told(weight_catalogue.find(engine="video.engines/seggpt"))


def load(
    *, weights: str = "", memory: int = 4, sure: float = 0.5, ensemble: str = "feature", colours: str = "fixed",
    repeats: int = 1, kind: str = "instance", device: Device = "cpu", seed: int = 0,
) -> "Rolling":  # fmt: skip
    """memory: frames shown at once.  sure: a frame of a lower confidence is not remembered.

    The others are those of the engine `seggpt` for images; weights is needed.  Raises UsageError, ModelError.
    """
    painter = fewshot.load("seggpt").load(
        weights=weights, examples=memory, ensemble=ensemble, colours=colours, repeats=repeats, kind=kind, device=device,
        seed=seed,
    )  # fmt: skip
    return Rolling(painter, memory, sure)


class Rolling:
    """The video engine.  Objects are colours: where two overlap, the later one is on top."""

    def __init__(self, painter: Any, memory: int, sure: float) -> None:
        self.painter, self.memory, self.sure = painter, max(1, memory), sure

    def begin(self, image: U8, masks: Masks) -> None:
        objects = [Class(1 + k, f"object {k}", "stuff") for k in range(len(masks))]
        self._classes = Classes([Class(0, "ground", "stuff", "background"), *objects])
        self._number = len(masks)
        self._shown = [(image, Segments(masks, np.arange(1, len(masks) + 1)))]

    def step(self, image: U8) -> tuple[Masks, Array]:
        size = (image.shape[0], image.shape[1])
        if not self._number:
            return Masks.empty(size), np.zeros(0)
        self.painter.show(self._shown, self._classes)
        guess = self.painter.predict(image)
        found: Segments = guess.segments
        masks = found.masks.group_unions(found.class_ids - 1, self._number)
        scores = np.zeros(self._number)
        if found.scores is not None:
            scores[found.class_ids - 1] = found.scores
        if guess.confidence >= self.sure:
            newest = self._shown[1:][-(self.memory - 2) :] if self.memory > 2 else []
            kept = [(image, Segments(masks, np.arange(1, self._number + 1)))] if self.memory > 1 else []
            self._shown = [self._shown[0], *newest, *kept]
        return masks, 1 - scores
