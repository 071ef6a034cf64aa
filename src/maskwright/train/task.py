"""What is learned: which task, of which classes, judged by which metric."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import models
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.metrics import coco_ap, confusion, panoptic_quality

if TYPE_CHECKING:
    from maskwright.models import Objects
    from maskwright.predict.predictor import Predictor


def chosen_task(model: str, wanted: str, classes: Classes) -> str:
    """auto -> what the model is for and the classes allow. Raises UsageError for what cannot be."""
    natural = models.task_of(model)
    plain = [one for one in classes if one.role == "class"]
    things = any(one.kind == "thing" for one in plain)
    stuff = any(one.kind == "stuff" for one in plain)
    if wanted == "auto":
        wanted = natural
        if natural == "panoptic":
            wanted = "panoptic" if things and stuff else "instance" if things else "semantic"
    if natural == "semantic" and wanted != "semantic":
        raise UsageError(
            f"{model} gives each pixel a class, which is no {wanted} segmentation",
            todo="Use maskrcnn, rfdetr, mask2former, oneformer or eomt, or --task semantic.",
        )
    if natural == "instance" and wanted != "instance":
        raise UsageError(f"{model} finds instances, which is no {wanted} segmentation")
    if wanted == "instance" and not things:
        raise UsageError("no class of the dataset is a thing", needed="instances are of things")
    return wanted


def training_classes(classes: Classes, task: str = "semantic") -> tuple[Classes, str | None]:
    """The classes a network learns, and a note when background had to be added.

    semantic: a set that knows only things says nothing of the other pixels: they become a background class.
    instance: the things alone.  panoptic: all but a declared background; what is ignored stays ignored.
    """
    if task == "instance":
        return Classes(one for one in classes if one.role == "class" and one.kind == "thing"), None
    if task == "panoptic":
        return Classes(one for one in classes if one.role != "background"), None
    if classes.background is None and all(one.kind == "thing" for one in classes if one.role == "class"):
        return classes.with_background(), "pixels without a segment become the class background"
    return classes, None


@dataclass(frozen=True)
class Task:
    """One task over its classes: what truth looks like to the network, and how predictions are judged.

    objects: whether the network answers objects and is taught with them.
    """

    name: str
    classes: Classes
    objects: bool = False

    @property
    def main(self) -> str:
        """The score that decides which weights are best."""
        return {"semantic": "mean_iou", "instance": "AP", "panoptic": "pq"}[self.name]

    def truth(self, sample: Sample) -> Any:
        """A label map (H, W) for a semantic network, else the segments of the task's classes."""
        if not self.objects:
            return sample.segments.label_map(self.classes)
        known = np.array([int(one) in self.classes for one in sample.segments.class_ids], bool)
        return sample.segments[known]

    def targets(self, truth: Segments) -> "Objects":
        """What a network that answers objects is taught: crowds and ignored segments are no objects.

        instance: every thing, overlaps stay.  panoptic: what is visible, stuff joined by class.  semantic: one a class.
        """
        import torch

        from maskwright.models import Objects

        plain = np.array([self.classes[int(one)].role == "class" for one in truth.class_ids], bool)
        shown = truth if self.name == "instance" else truth.visible()
        shown = shown[plain & ~truth.is_crowd & (shown.masks.areas() > 0)]
        kinds = self.classes.indices(shown.class_ids)
        masks = shown.masks
        if self.name != "instance" and len(shown):
            groups: dict[tuple[int, int], int] = {}
            apart = [self.name == "panoptic" and self.classes[int(one)].kind == "thing" for one in shown.class_ids]
            place = [
                groups.setdefault((int(kind), row if apart[row] else -1), len(groups)) for row, kind in enumerate(kinds)
            ]
            masks = masks.group_unions(np.array(place), len(groups))
            kinds = np.array([kind for kind, _ in groups], np.int64)
        return Objects(torch.from_numpy(kinds), torch.from_numpy(masks.decode()))

    # -- judging: counts add, over images and over processes

    def nothing(self) -> Any:
        kinds = self.classes.num_classes
        if self.name == "semantic":
            return np.zeros((kinds, kinds + 1), np.int64)
        return np.zeros((kinds, 4)) if self.name == "panoptic" else []

    def counts(self, predictor: "Predictor", image: Any, truth: Any) -> Any:
        """One image's counts."""
        if not self.objects:
            return confusion.update(predictor.label_map(image), truth, num_classes=self.classes.num_classes)
        return self.counts_of(predictor.predict(image), truth)

    def counts_of(self, found: Segments, truth: Segments) -> Any:
        if self.name == "instance":
            return coco_ap.update(found, truth)
        if self.name == "panoptic":
            return panoptic_quality.update(found, truth, self.classes)
        background = self.classes.background
        open_index = 254 if background is None else self.classes.index_of(background.id)
        pred = found.label_map(self.classes, unlabelled=open_index)
        return confusion.update(pred, truth.label_map(self.classes), num_classes=self.classes.num_classes)

    def scores(self, counts: Any) -> dict[str, Any]:
        """With `classes`: the main score by class name, where the metric has one."""
        if self.name == "instance":
            return dict(coco_ap.compute(counts, self.classes))
        if self.name == "panoptic":
            found = panoptic_quality.compute(counts, self.classes)
            by_class = found.pop("by_class")
            return found | {"classes": dict(zip(self.classes.names, by_class[:, 0].tolist(), strict=True))}
        found = confusion.compute(counts)
        found["classes"] = dict(zip(self.classes.names, found["iou"].tolist(), strict=True))
        return found

    def curve(self, scores: dict[str, Any]) -> dict[str, float]:
        """The few scores worth a curve."""
        names = {
            "semantic": ("mean_iou", "pixel_accuracy", "mean_dice"), "instance": ("AP", "AP50", "AR100"),
            "panoptic": ("pq", "sq", "rq"),
        }[self.name]  # fmt: skip
        return {name: float(scores[name]) for name in names}
