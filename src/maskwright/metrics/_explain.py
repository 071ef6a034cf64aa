"""Why another library's "mIoU" of the same predictions differs: every variant, by name, from the same counts."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.core.arrays import F64, I64
from maskwright.core.classes import Classes
from maskwright.metrics._division import mean, ratio


@dataclass(frozen=True)
class Variant:
    """name; value; definition in one sentence; who computes it so."""

    name: str
    value: float
    definition: str
    used_by: str


def _iou(table: F64) -> F64:
    """(..., K, K + 1) -> (..., K), NaN for a class in neither."""
    right = np.diagonal(table, axis1=-2, axis2=-1)
    return ratio(right, table.sum(-1) + table.sum(-2)[..., :-1] - right)


class Explanation:
    """Collects what the variants need, image by image; constant memory but for K numbers an image."""

    def __init__(self, classes: Classes) -> None:
        self.classes = classes
        kinds = classes.num_classes
        self._sum = np.zeros((kinds, kinds + 1), np.int64)
        self._images: list[F64] = []
        self._micro: list[float] = []
        self._void = np.zeros(kinds, np.int64)

    def add(self, counts: I64, predicted_on_ignored: I64) -> None:
        """counts: (K, K + 1) of one image.  predicted_on_ignored: (K,) pixels predicted where the truth is ignored."""
        self._sum += counts
        self._void += predicted_on_ignored
        table = counts.astype(np.float64)
        self._images.append(_iou(table))
        right = np.trace(table[:, :-1])
        self._micro.append(float(ratio(right, 2 * table.sum() - right)))

    def variants(self) -> list[Variant]:
        """The project's own definition first."""
        table = self._sum.astype(np.float64)
        iou = _iou(table)
        right = np.diag(table)
        truth, predicted = table.sum(1), table.sum(0)[:-1]
        total = right.sum()
        images = np.array(self._images)
        union = truth + predicted - right
        background = self.classes.background
        front = np.ones(iou.size, bool)
        if background is not None:
            front[self.classes.index_of(background.id)] = False
        shown = ~np.isnan(images)
        by_image = np.array([mean(image) for image in images])
        rows = [
            ("set, classes that occur", mean(iou),
             "counts summed over the set, divided by class, mean over classes that occur, ignored pixels dropped",
             "Maskwright; torchmetrics JaccardIndex(average='macro'); mmsegmentation; VOC, Cityscapes, ADE20K"),
            ("set, classes of the truth", mean(np.where(truth > 0, iou, np.nan)),
             "the first, leaving out classes that are predicted and that no truth shows",
             "Maskwright's train and evaluate, where they say which classes have no score"),
            ("set, absent classes 0", float(np.nan_to_num(iou).mean()),
             "the same, but a class that never occurs counts as a miss", "scripts that fill NaN with 0"),
            ("set, absent classes 1", float(np.nan_to_num(iou, nan=1.0).mean()),
             "the same, but a class that never occurs counts as perfect", "smp iou_score(reduction='macro')"),
            ("set, all classes as one", float(ratio(total, 2 * table.sum() - total)),
             "right pixels of all classes over the sum of all unions: large classes decide",
             "smp iou_score(reduction='micro')"),
            ("set, without background", mean(iou[front]),
             "the first, leaving out the declared background",
             "MONAI and torchmetrics with include_background=False (per image)"),
            ("set, unions with ignored pixels", mean(ratio(right, union + self._void)),
             "the first, but what is predicted on ignored pixels counts as wrong",
             "code that masks the truth but not the prediction"),
            ("set, recall", mean(ratio(right, truth)),
             "right pixels over true pixels: what is left of IoU when false positives fall on ignored pixels",
             "Hugging Face evaluate's mean_iou on sets that ignore the background"),
            ("set, Dice", mean(ratio(2 * right, truth + predicted)),
             "twice the overlap over both areas: always at least the IoU", "medical papers, often named alike"),
            ("set, weighted by frequency", float(ratio(np.nansum(truth * np.nan_to_num(iou)), truth.sum())),
             "classes weighed by their true pixels", "FCN's fwIoU"),
            ("image, mean over images", mean(by_image),
             "IoU of each image's own classes, mean over them, mean over images", "MONAI MeanIoU"),
            ("image, mean over pairs", float(images[shown].mean()) if shown.any() else float("nan"),
             "every (image, class) pair that occurs counts the same", "torchmetrics.segmentation.MeanIoU"),
            ("image, absent classes 1", float(np.nan_to_num(images, nan=1.0).mean()) if images.size else float("nan"),
             "by image, classes the image does not show counting as perfect",
             "smp iou_score(reduction='macro-imagewise')"),
            ("image, all classes as one", mean(np.array(self._micro)),
             "by image, right pixels of all classes over the sum of unions",
             "smp iou_score(reduction='micro-imagewise')"),
            ("image, median", float(np.nanmedian(by_image)) if shown.any() else float("nan"),
             "the median image: half are better", "reports"),
            ("image, worst 5 %", _worst(by_image), "mean of the worst twentieth of the images", "reports"),
        ]  # fmt: skip
        return [Variant(*row) for row in rows]


def _worst(values: Any) -> float:
    there = np.sort(values[~np.isnan(values)])
    return float(there[: max(1, there.size // 20)].mean()) if there.size else float("nan")
