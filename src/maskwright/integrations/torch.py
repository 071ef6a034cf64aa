"""A map-style dataset for `torch.utils.data.DataLoader`: for training loops of one's own."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maskwright import media
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.registry import require


class SampleDataset:
    """(image, target) of each sample, read when asked for; works with workers.

    samples: anything with a length and numbered items: a list, a `Dataset`, a view.
    target: semantic, an image (3, H, W) uint8 and a label map (H, W) int64 with 255 ignored; or instance, what
    `integrations.torchvision.to_tv_tensors` gives.  transform: called with both.  Raises ValueError for another target.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        classes: Classes,
        *,
        target: str = "semantic",
        transform: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        if target not in ("semantic", "instance"):
            raise ValueError(f"target is semantic or instance, not {target!r}")
        self.samples = samples
        self.classes = classes
        self.target = target
        self.transform = transform

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Any:
        torch = require("torch", "reading samples as tensors")
        sample = self.samples[index]
        if self.target == "instance":
            from maskwright.integrations.torchvision import to_tv_tensors

            pair: Any = to_tv_tensors(sample, self.classes)
        else:
            image = torch.from_numpy(np.ascontiguousarray(media.read(sample.image).display().transpose(2, 0, 1)))
            labels = sample.segments.label_map(self.classes).astype(np.int64)
            pair = image, torch.from_numpy(labels)
        return pair if self.transform is None else self.transform(*pair)
