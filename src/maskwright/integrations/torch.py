"""A map-style dataset for `torch.utils.data.DataLoader`: for training loops of one's own."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.registry import require


class SampleDataset:
    """(image, target) of each sample, read when asked for; works with workers.

    samples: anything with a length and numbered items: a list, a `Dataset`, a view.
    target: semantic, an image (C, H, W) as `integrations.torchvision.to_tv_tensors` has it and a label map (H, W) int64
    with 255 ignored; or instance, all that that gives.  transform: called with both.  Raises ValueError for another
    target.
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
        from maskwright.integrations.torchvision import image_tensor, to_tv_tensors

        torch = require("torch", "reading samples as tensors")
        sample = self.samples[index]
        if self.target == "instance":
            pair: Any = to_tv_tensors(sample, self.classes)
        else:
            labels = sample.segments.label_map(self.classes).astype(np.int64)
            pair = image_tensor(sample), torch.from_numpy(labels)
        return pair if self.transform is None else self.transform(*pair)
