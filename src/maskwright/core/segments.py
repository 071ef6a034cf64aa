"""Segments: one image's labels, semantic, instance or panoptic."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, get_args

import numpy as np

from maskwright.core.arrays import F64, I64, Array, Bool, Size
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.masks import Masks
from maskwright.errors import UsageError

Source = Literal["human", "model", "import"]
SOURCES = frozenset(get_args(Source))


class Segments:
    """Columns of one length over one image; row order is z-order, the last row on top.

    masks: N masks.  class_ids, ids: (N,) int64; ids are unique within the image.
    scores: (N,) float64, NaN where there is none.  is_crowd: (N,) bool, a region of many objects not
    annotated singly.  source: N of human, model, import.  attributes: N JSON-safe dicts.
    """

    __slots__ = ("attributes", "class_ids", "ids", "is_crowd", "masks", "scores", "source")

    def __init__(
        self,
        masks: Masks,
        class_ids: object,
        *,
        ids: object = None,
        scores: object = None,
        is_crowd: object = None,
        source: Source | Sequence[Source] = "import",
        attributes: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        n = len(masks)
        self.masks = masks
        self.class_ids: I64 = _column("class_ids", class_ids, n, np.int64)
        self.ids: I64 = _column("ids", np.arange(1, n + 1) if ids is None else ids, n, np.int64)
        self.scores: F64 = _column("scores", np.full(n, np.nan) if scores is None else scores, n, np.float64)
        self.is_crowd: Bool = _column("is_crowd", np.zeros(n, bool) if is_crowd is None else is_crowd, n, np.bool_)
        self.source: list[Source] = [source] * n if isinstance(source, str) else list(source)
        self.attributes: list[dict[str, Any]] = [dict(one) for one in attributes] if attributes else [{}] * n
        if len(self.source) != n or len(self.attributes) != n:
            raise ValueError(f"columns differ in length: {n} masks, {len(self.source)} sources")
        if np.unique(self.ids).size < n:
            raise ValueError("two segments of one image have the same id")

    @classmethod
    def none(cls, size: Size) -> Self:
        """An image without labels."""
        return cls(Masks.empty(size), np.zeros(0, np.int64))

    @classmethod
    def from_label_map(cls, label_map: object, *, ignore: Sequence[int] = (), source: Source = "import") -> Self:
        """One segment for each value of a label map (H, W); the values are the class ids."""
        values, masks = Masks.from_label_map(label_map, ignore=ignore)
        return cls(masks, values, source=source)

    @property
    def size(self) -> Size:
        return self.masks.size

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, index: Any) -> Self:
        """Rows by slice, index array or bool array; the same type comes back."""
        rows = np.atleast_1d(np.arange(len(self))[index])
        return type(self)(
            self.masks[rows],
            self.class_ids[rows],
            ids=self.ids[rows],
            scores=self.scores[rows],
            is_crowd=self.is_crowd[rows],
            source=[self.source[row] for row in rows],
            attributes=[self.attributes[row] for row in rows],
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Segments):
            return NotImplemented
        return (
            self.masks == other.masks
            and np.array_equal(self.class_ids, other.class_ids)
            and np.array_equal(self.ids, other.ids)
            and np.array_equal(self.scores, other.scores, equal_nan=True)
            and np.array_equal(self.is_crowd, other.is_crowd)
            and self.source == other.source
            and self.attributes == other.attributes
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Segments({len(self)} over size {self.size})"

    def with_masks(self, masks: Masks) -> Self:
        """The same rows with other masks, perhaps of another size."""
        return type(self)(
            masks,
            self.class_ids,
            ids=self.ids,
            scores=self.scores,
            is_crowd=self.is_crowd,
            source=self.source,
            attributes=self.attributes,
        )

    def visible(self) -> Self:
        """The same rows with only what no upper segment covers: overlapping truth as a panoptic labelling."""
        parts = []
        above = Masks.empty(self.size, 1)
        for i in range(len(self) - 1, -1, -1):
            own = self.masks[i : i + 1]
            parts.append(own - above)
            above = above | own
        return self.with_masks(Masks.concatenate(parts[::-1], self.size))

    def label_map(self, classes: Classes, *, dtype: Any = np.uint8, unlabelled: int | None = None) -> Array:
        """(H, W) class indices, upper segments on top.

        A crowd region counts as its class.  Ignored classes give IGNORE_INDEX, as does, in place of background,
        a pixel without a segment when no background is declared.  unlabelled: overrides that index.
        Raises UsageError for more than 255 classes: index 255 is taken.
        """
        if classes.num_classes > IGNORE_INDEX:
            raise UsageError(
                f"there are {classes.num_classes} classes",
                needed=f"a label map holds up to {IGNORE_INDEX} beside ignored",
            )
        if unlabelled is None:
            background = classes.background
            unlabelled = IGNORE_INDEX if background is None else classes.index_of(background.id)
        out = np.full(self.size, unlabelled, dtype)
        self.masks.composite(classes.indices(self.class_ids), out=out)
        return out


def _column(name: str, values: object, length: int, dtype: Any) -> Any:
    column = np.asarray(values, dtype)
    if column.shape != (length,):
        raise ValueError(f"{name} has shape {column.shape}; {length} masks need ({length},)")
    return column
