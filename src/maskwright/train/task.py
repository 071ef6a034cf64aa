"""What is learned: which task, of which classes, judged by which metric."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import models
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.predict import tasks
from maskwright.runs.unscored import left_out

if TYPE_CHECKING:
    from maskwright.models import Objects


def chosen_task(model: str, wanted: str, classes: Classes) -> str:
    """auto -> the first of the model's tasks that suits the classes. Raises UsageError for what cannot be."""
    can = models.tasks_of(model)
    if wanted == "auto":
        wanted = next((name for name in can if tasks.load(name).suits(classes)), can[0])
    if wanted not in can:
        others = [name for name in models.names() if wanted in models.tasks_of(name)]
        raise UsageError(
            f"{model} {tasks.load(can[0]).GIVES}, which is not {wanted} segmentation",
            todo=f"Use {', '.join(others) or 'another task'}, or --task {can[0]}.",
        )
    why_not = tasks.load(wanted).problem(classes)
    if why_not is not None:
        raise UsageError(why_not)
    return wanted


@dataclass(frozen=True)
class Task:
    """One task over its classes: what truth looks like to the network, and how predictions are judged.

    objects: whether the network answers objects and is taught with them.  unscored: name -> reason, of the classes that
    have no score; see `runs.unscored`.
    """

    name: str
    classes: Classes
    objects: bool = False
    unscored: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> ModuleType:
        """The task's module, a member of `predict.tasks`."""
        return tasks.load(self.name)

    @property
    def main(self) -> str:
        """The score that decides which weights are best."""
        return str(self.asked.MAIN)

    def truth(self, sample: Sample) -> Any:
        """A label map (H, W) for a semantic network, else the segments of the task's classes."""
        if not self.objects:
            return sample.segments.label_map(self.classes)
        known = np.array([int(class_id) in self.classes for class_id in sample.segments.class_ids], bool)
        return sample.segments[known]

    def targets(self, truth: Segments) -> "Objects":
        """What a network that answers objects is taught: crowds and ignored segments are not objects.

        Where the task joins segments, it sees what is visible; where it does not, overlaps stay.
        """
        import torch

        from maskwright.models import Objects

        plain = np.array([self.classes[int(class_id)].role == "class" for class_id in truth.class_ids], bool)
        place = self.asked.groups(truth, self.classes)
        shown = truth if place is None else truth.visible()
        shown = shown[plain & ~truth.is_crowd & (shown.masks.areas() > 0)]
        kinds = self.classes.indices(shown.class_ids)
        masks = shown.masks
        if place is not None and len(shown):
            place = self.asked.groups(shown, self.classes)
            masks = masks.group_unions(place, int(place.max()) + 1)
            kinds = kinds[np.unique(place, return_index=True)[1]]
        return Objects(torch.from_numpy(kinds), torch.from_numpy(masks.decode()))

    # -- judging: counts add, over images and over processes

    def nothing(self) -> Any:
        return self.asked.nothing(self.classes)

    def scores(self, counts: Any) -> dict[str, Any]:
        """With `classes`: the main score by class name, where the metric has one."""
        ids = left_out(self.classes, self.unscored)
        takes = "left_out" in inspect.signature(self.asked.compute).parameters  # a task of another package may not
        found: dict[str, Any] = self.asked.compute(counts, self.classes, **({"left_out": ids} if ids and takes else {}))
        return found

    def curve(self, scores: dict[str, Any]) -> dict[str, float]:
        """The few scores worth a curve."""
        return {name: float(scores[name]) for name in self.asked.CURVE}
