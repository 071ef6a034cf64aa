"""Segments: one image's labels, semantic, instance or panoptic."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, get_args

import numpy as np

from maskwright.core import columns
from maskwright.core.arrays import F64, I64, Array, Bool, Size
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.values import flags, listed, numbers, own_array, own_mapping, sealed, whole_numbers
from maskwright.errors import UsageError

Source = Literal["human", "model", "import"]
SOURCES = frozenset(get_args(Source))

#: Of each further column.
_DEFAULT = {column.name: column.default for column in columns.SEGMENT if column.path is None}

#: Further columns that say where in the image something is.
_PLACED = ("geometry", "box")


class Segments:
    """Columns of one length over one image; row order is z-order, the last row on top.

    masks: N masks.  class_ids, ids: (N,) int64; ids are unique within the image.
    scores: (N,) float64, NaN where there is none.  is_crowd: (N,) bool, a region of many objects not
    annotated singly.  source: N of human, model, import.  attributes: N JSON-safe dicts.
    more: N values of each further built-in column (`core.columns.SEGMENT`) that says something, by its name: annotator,
    who drew it last; parent, the id of the segment that it is a part of; geometry, what was drawn, as `core.drawn` has
    it; box, xyxy, one that was given and stays when the mask changes.
    Arrays are read-only, and everything is a copy: changing what was given changes nothing here.  Readers, whose values
    nobody else has, give them to `take_over`, which copies none of them.
    Raises ValueError, naming the column, for one of another length, for ids that are not whole numbers of up to 64 bits
    or not unique, and for values of another kind.
    """

    __slots__ = ("attributes", "class_ids", "ids", "is_crowd", "masks", "more", "scores", "source")

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
        more: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        rows = [own_mapping(row, "a value of attributes") for row in _given(attributes, masks)]
        self._fill(masks, class_ids, ids, scores, is_crowd, source, rows, _further(more or {}))

    @classmethod
    def take_over(
        cls,
        masks: Masks,
        class_ids: object,
        *,
        ids: object = None,
        scores: object = None,
        is_crowd: object = None,
        source: Source | Sequence[Source] = "import",
        attributes: Sequence[dict[str, Any]] | None = None,
        more: Mapping[str, Sequence[Any]] | None = None,
    ) -> Self:
        """Segments as of the constructor, whose attributes and further columns are kept as they are, not copied.

        For values that were just made and that nobody else has, such as what was parsed from a file: attributes and
        geometry of JSON's own kinds with finite numbers, boxes of four floats.  They are not looked at; everything else
        is checked as there.
        """
        made = cls.__new__(cls)
        rows = list(_given(attributes, masks))
        made._fill(masks, class_ids, ids, scores, is_crowd, source, rows, _saying(more or {}))
        return made

    def _fill(
        self, masks: Masks, class_ids: object, ids: object, scores: object, is_crowd: object,
        source: Source | Sequence[Source], attributes: list[dict[str, Any]], more: Mapping[str, tuple[Any, ...]],
    ) -> None:  # fmt: skip
        """attributes, more: this object's own."""
        if not isinstance(masks, Masks):
            raise TypeError(f"segments are made of Masks, not of a {type(masks).__name__}")
        n = len(masks)
        self.masks = masks
        self.class_ids: I64 = _column("class_ids", whole_numbers(class_ids, "class_ids"), n)
        self.ids: I64 = _column("ids", np.arange(1, n + 1) if ids is None else whole_numbers(ids, "ids"), n)
        self.scores: F64 = _column("scores", np.full(n, np.nan) if scores is None else numbers(scores, "scores"), n)
        self.is_crowd: Bool = _column(
            "is_crowd", np.zeros(n, bool) if is_crowd is None else flags(is_crowd, "is_crowd"), n
        )
        self.source: list[Source] = [source] * n if isinstance(source, str) else list(source)
        self.attributes: list[dict[str, Any]] = attributes
        self.more: Mapping[str, tuple[Any, ...]] = more
        listed: dict[str, Sequence[Any]] = {"source": self.source, "attributes": self.attributes, **self.more}
        for name, column in listed.items():
            if len(column) != n:
                raise ValueError(f"{name} has {len(column)} values; {n} masks need {n}")
        if not SOURCES.issuperset(self.source):
            odd = next(value for value in self.source if value not in SOURCES)
            raise ValueError(f"a value of source is {shown(repr(odd), 40)}; it is one of {', '.join(sorted(SOURCES))}")
        if len(set(self.ids.tolist())) < n:
            raise ValueError("two segments of one image have the same id")

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        self.more = {}  # of one that was pickled before there were any
        for name, value in state[1].items():
            setattr(self, name, sealed(value) if isinstance(value, np.ndarray) else value)

    @classmethod
    def none(cls, size: Size) -> Self:
        """An image without labels."""
        return cls(Masks.empty(size), np.zeros(0, np.int64))

    @classmethod
    def from_label_map(cls, label_map: object, *, ignore: Sequence[int] = (), source: Source = "import") -> Self:
        """One segment for each value of a label map; the values are the class ids.

        label_map: (H, W) of any integer type.  ignore: values that get no segment.
        """
        values, masks = Masks.from_label_map(label_map, ignore=ignore)
        return cls(masks, values, source=source)

    @property
    def size(self) -> Size:
        """(height, width) of the image they lie over."""
        return self.masks.size

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, index: Any) -> Self:
        """Rows by slice, index array or bool array; the same type comes back."""
        rows = np.atleast_1d(np.arange(len(self))[index])
        return self.take_over(
            self.masks[rows],
            self.class_ids[rows],
            ids=self.ids[rows],
            scores=self.scores[rows],
            is_crowd=self.is_crowd[rows],
            source=[self.source[row] for row in rows],
            attributes=[own_mapping(self.attributes[row], "a value of attributes") for row in rows],
            more={name: [values[row] for row in rows] for name, values in self.more.items()},
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
            and self.more == other.more
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Segments({len(self)} over size {self.size})"

    def with_masks(self, masks: Masks) -> Self:
        """The same rows with other masks.

        Where the mask is another, what was drawn and the area that was stated for it are left out.  So are given boxes
        where the masks are of another size; masks that were mirrored or turned in place are given by `moved`.
        """
        if masks.size != self.size:
            return self.moved(masks)
        if len(masks) != len(self) or not ("geometry" in self.more or any("area" in row for row in self.attributes)):
            return self.replace(masks=masks, more=self.more)
        same = [masks[[row]] == self.masks[[row]] for row in range(len(self))]
        drawn = zip(self.column("geometry"), same, strict=True)
        more = {**self.more, "geometry": tuple(value if kept else None for value, kept in drawn)}
        rows = zip(self.attributes, same, strict=True)
        attributes = [row if kept else without_area(row) for row, kept in rows]
        return self.replace(masks=masks, attributes=attributes, more=_saying(more))

    def moved(self, masks: Masks) -> Self:
        """The same rows elsewhere in the image, or over another one: without what lies at the old place."""
        more = {name: row for name, row in self.more.items() if name not in _PLACED}
        return self.replace(masks=masks, attributes=[without_area(row) for row in self.attributes], more=more)

    def replace(self, **changes: Any) -> Self:
        """The same rows with some columns exchanged: masks, class_ids, ids, scores, is_crowd, source, attributes, more.

        changes: as they are given to Segments.  Masks without `more` are exchanged as by `with_masks`.  Raises
        ValueError as Segments does.
        """
        if "masks" in changes and "more" not in changes and isinstance(changes["masks"], Masks):
            return self.with_masks(changes.pop("masks")).replace(**changes)
        own = {name: getattr(self, name) for name in self.__slots__ if name not in ("attributes", "more")}
        attributes, more = changes.pop("attributes", self.attributes), changes.pop("more", self.more)
        found = _further({name: row for name, row in more.items() if row is not self.more.get(name)})
        found |= {name: row for name, row in more.items() if row is self.more.get(name)}
        rows = None if attributes is None else [own_mapping(row, "a value of attributes") for row in attributes]
        return self.take_over(**{**own, **changes}, attributes=rows, more=found)

    def column(self, name: str) -> Sequence[Any]:
        """N values of a built-in column that `more` holds; its default where nothing is said.

        name: of `core.columns.SEGMENT`.  Raises KeyError for another.
        """
        found = columns.built_in("segment", name)
        if found is None or found.path is not None:
            raise KeyError(name)
        return self.more[name] if name in self.more else (found.default,) * len(self)

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

        A crowd region counts as its class.  Ignored classes give IGNORE_INDEX, as does, in place of background, a pixel
        without a segment when no background is declared.  unlabelled: overrides that index. Raises UsageError for more
        than 255 classes: index 255 is taken.  dtype: of the answer; it has to hold every index.
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


def without_area(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes without an area that was stated, see `drawn.stated_area`, for a mask that is another."""
    return {name: value for name, value in attributes.items() if name != "area"}


def _given(attributes: Sequence[Any] | None, masks: Masks) -> Sequence[Any]:
    return [{} for _ in range(len(masks))] if not attributes and isinstance(masks, Masks) else attributes or ()


def _saying(more: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    """Those that say anything."""
    return {name: tuple(values) for name, values in more.items() if any(value != _DEFAULT[name] for value in values)}


def _further(more: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    """Those that say anything, checked. Raises ValueError for a column that is not there or a value of another kind."""
    if not isinstance(more, Mapping):
        raise ValueError(f"more is {shown(repr(more), 40)}; it is a list of values by the column's name")  # noqa: TRY004
    out = {}
    for name, given in more.items():
        found = columns.built_in("segment", name)
        if found is None or found.path is not None:
            raise ValueError(f"segments have no column {shown(repr(name), 40)}")
        values = listed(given, name, "a list with a value of each segment")
        if all(value is found.default for value in values):
            continue
        try:
            checked = tuple(found.check(value) for value in values)
        except UsageError as error:
            raise ValueError(str(error)) from None
        if any(value != found.default for value in checked):
            out[name] = checked
    return out


def _column(name: str, column: Array, length: int) -> Any:
    if column.shape != (length,):
        raise ValueError(f"{name} has shape {column.shape}; {length} masks need ({length},)")
    return own_array(column)
