"""What a network answered for one image of a batch, and what becomes of it on the way to segments."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskwright.core.arrays import Array, Size
from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.predict import objects
from maskwright.predict.fetching import Fetching
from maskwright.predict.pixels import segments_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Asked:
    """What a prediction is asked for; see `Predictor.predict`.

    flip: as the network's file says when None.  sure: scores are wanted, not the class of each pixel alone.
    """

    flip: bool | None = None
    scales: tuple[float, ...] = (1.0,)
    min_area: int = 1
    min_score: float | None = None
    sure: bool = True


@dataclass(frozen=True)
class PixelAnswer:
    """Of a network that gives each pixel a class.

    labels: (H, W) class indices, on the network's device.  fetching: of the batch: labels, and where they were wanted
    what is sure of each pixel or, as `summed`, of each class.  row: the image's place in the batch.
    """

    labels: "Tensor"
    fetching: Fetching
    row: int
    summed: bool
    classes: Classes
    asked: Asked

    def label_map(self) -> Array:
        """(H, W) class indices."""
        found: Array = self.fetching.get()[0][self.row].numpy()
        return found

    def segments(self) -> Segments:
        """Waits until the answer is here."""
        labels, *rest = (tensor[self.row].numpy() for tensor in self.fetching.get())
        if self.summed:
            return segments_of(labels, self.classes, sums=rest[0], min_area=self.asked.min_area)
        return segments_of(labels, self.classes, sure=rest[0], min_area=self.asked.min_area)


@dataclass(frozen=True)
class ObjectAnswer:
    """Of a network that answers objects.

    kind: "regions" or "queries".  fetching: its tensors.  row: the image's place in them, of queries.  entered, inner:
    sizes of what entered, padded and not.  independent: see `models.Queries`.
    """

    kind: str
    fetching: Fetching
    row: int
    size: Size
    entered: Size
    inner: Size
    independent: bool
    classes: Classes
    task: str
    asked: Asked

    def label_map(self) -> Array:
        """(H, W) class indices."""
        found: Array = self.segments().label_map(self.classes)
        return found

    def segments(self) -> Segments:
        """Waits until the answer is here."""
        tensors = self.fetching.get()
        scale = self.inner[0] / self.size[0], self.inner[1] / self.size[1]
        asked = self.asked
        if self.kind == "regions":
            from maskwright.models import Regions

            limit = 0.05 if asked.min_score is None else asked.min_score
            return objects.from_regions(
                Regions(*tensors), self.classes, self.size, scale=scale, threshold=limit, min_area=asked.min_area
            )
        class_logits, mask_logits = (tensor[self.row].numpy() for tensor in tensors)
        grid: Any = mask_logits.shape[-2:]
        affine = scale[0] * grid[0] / self.entered[0], 0.0, scale[1] * grid[1] / self.entered[1], 0.0
        return objects.from_queries(
            class_logits, mask_logits, classes=self.classes, size=self.size, task=self.task,
            independent=self.independent, affine=affine, threshold=asked.min_score, min_area=asked.min_area,
        )  # fmt: skip


#: `segments()` and `label_map()`, which may be asked for in another thread.
Answer = PixelAnswer | ObjectAnswer
