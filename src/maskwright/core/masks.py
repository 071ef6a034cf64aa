"""`Masks`: the only run lengths in the project (`mask.py` has `Mask`, one of them).

A mask is a list of run lengths over its pixels in column-major order, zeros first, as COCO has it.
`Masks` keeps many of one size in one flat array, so that an operation over a whole image's segments is
one call.  Counts are canonical: no empty run but perhaps the first, and they sum to height * width;
equal masks therefore have equal counts.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, overload

import numpy as np

from maskwright.core.arrays import F64, I64, U32, Array, Bool, Size, as_binary, as_numpy, checked_size
from maskwright.core.geometry import checked_points
from maskwright.core.names import shown
from maskwright.core.nesting import brackets
from maskwright.core.polygons import Polygon
from maskwright.core.values import listed, sealed, whole_numbers

if TYPE_CHECKING:
    from maskwright.core.mask import Mask

Element = Literal["square", "disk", "diamond"]

_FLAT = "a list of masks, a mask a list of flat rings"

# Truth tables for kernels.spans.combine: bit 2a + b is the result for pixel values a and b.
_AND, _OR, _XOR, _MINUS, _NOT_A = 0b1000, 0b1110, 0b0110, 0b0100, 0b0011

#: Images of more pixels a side hold polygons that are not all within their first pixel.
_TINY = 8


def _are_relative(points: F64, size: Size) -> bool:
    """Whether coordinates (K, 2) are likely divided by an image's width and height."""
    return bool(max(size) > _TINY and points.min() >= 0 and points.max() <= 1 and (points % 1).any())


class Masks:
    """Many binary masks of one size, N >= 0.

    size: (height, width).  counts: (R,) uint32, the masks' runs one after another.
    offsets: (N + 1,) int64, mask i is counts[offsets[i] : offsets[i + 1]].
    The arrays are read-only; every operation returns new masks.
    """

    __slots__ = ("_spans_cache", "counts", "offsets", "size")

    size: Size
    counts: U32
    offsets: I64
    _spans_cache: tuple[I64, I64, I64] | None

    def __init__(self, size: Size, counts: object, offsets: object) -> None:
        """Copies of the arrays, checked as `from_counts` does: empty runs inside are joined.

        Raises ValueError, naming the mask, for a negative run or a sum that is not height * width, and for offsets that
        do not go from 0 to the number of runs.
        """
        runs, bounds = whole_numbers(counts, "counts"), whole_numbers(offsets, "offsets")
        if runs.ndim != 1 or bounds.ndim != 1:
            raise ValueError(f"counts and offsets have one axis, got shapes {runs.shape} and {bounds.shape}")
        if not bounds.size or bounds[0] or bounds[-1] != runs.size or (np.diff(bounds) < 0).any():
            raise ValueError(f"offsets go from 0 up to the number of runs, {runs.size}")
        checked = self._checked(checked_size(size), runs, bounds)
        self.__setstate__((checked.size, checked.counts, checked.offsets))

    @classmethod
    def take_over(cls, size: Size, counts: U32, offsets: I64) -> Self:
        """Canonical arrays as they are, without a check or a copy; they become read-only.

        For arrays that were just made and that nobody else writes to.  size: as `checked_size` gives it.  counts: (R,)
        uint32, all masks' runs.  offsets: (N + 1,) int64, where each mask's begin.
        """
        masks = cls.__new__(cls)
        masks.__setstate__((size, counts, offsets))
        return masks

    # -- in ------------------------------------------------------------------------------------------

    @classmethod
    def empty(cls, size: Size, number: int = 0) -> Self:
        """`number` masks without a pixel."""
        height, width = checked_size(size)
        counts = np.full(number, height * width, np.uint32)
        return cls.take_over((height, width), counts, np.arange(number + 1, dtype=np.int64))

    @classmethod
    def encode(cls, array: object) -> Self:
        """Masks from pixels. array: (N, H, W) bool or integer, non-zero is foreground; NumPy or torch.

        Masks that are stacked last, (H, W, N), are taken for H masks: np.moveaxis(array, -1, 0) puts them first.

        Raises ValueError for another shape, TypeError for floats.

        >>> masks = mw.Masks.encode(np.ones((2, 3, 4), bool))
        >>> masks.areas()
        array([12, 12])
        """
        from maskwright.core.kernels import dense

        masks = as_binary(array, 3)
        size = checked_size(masks.shape[1:])
        return cls.take_over(size, *dense.encode(masks))

    @classmethod
    def from_label_map(cls, label_map: object, *, ignore: Iterable[int] = ()) -> tuple[I64, Self]:
        """One mask for each value of an integer label map, in one pass.

        label_map: (H, W) of any integer type.  ignore: values that get no mask.
        -> values (N,) int64 ascending, masks in the same order.  Nothing left gives N = 0.

        >>> values, masks = mw.Masks.from_label_map(np.array([[3, 3, 0], [7, 3, 0]]), ignore=[0])
        >>> values
        array([3, 7])
        >>> masks.areas()
        array([3, 1])
        """
        from maskwright.core.kernels import dense

        labels = as_numpy(label_map)
        if labels.ndim != 2 or not (np.issubdtype(labels.dtype, np.integer) or labels.dtype == np.bool_):
            raise ValueError(f"a label map is (H, W) of integers, got {labels.dtype} {labels.shape}")
        size = checked_size(labels.shape)
        starts, run_values = dense.label_runs(np.ascontiguousarray(labels))
        values, owner = np.unique(run_values, return_inverse=True)
        counts, offsets = dense.label_counts(starts, owner.astype(np.int64), values.size, size[0] * size[1])
        masks = cls.take_over(size, counts, offsets)
        keep = ~np.isin(values, list(ignore))
        if keep.all():
            return values.astype(np.int64), masks
        return values[keep].astype(np.int64), masks[keep]

    @classmethod
    def from_counts(cls, counts: Iterable[object], size: Size) -> Self:
        """counts: one sequence of run lengths a mask, zeros first, as COCO's uncompressed RLE.

        Empty runs inside are joined.  Raises ValueError, naming the mask, for a run that is negative or not a whole
        number, or a sum that is not height * width.
        """
        height, width = checked_size(size)
        lists = [
            _runs(runs, mask)
            for mask, runs in enumerate(listed(counts, "counts", "a list with the runs of a mask each"))
        ]
        offsets = np.zeros(len(lists) + 1, np.int64)
        np.cumsum([runs.size for runs in lists], out=offsets[1:])
        flat = np.concatenate(lists) if lists else np.zeros(0, np.int64)
        return cls._checked((height, width), flat, offsets, owned=True)

    @classmethod
    def _checked(cls, size: Size, counts: I64, offsets: I64, *, owned: bool = False) -> Self:
        """owned: nobody else has `offsets`."""
        from maskwright.core.kernels import spans

        area = size[0] * size[1]
        wrong = np.flatnonzero((counts < 0) | (counts > area))
        if wrong.size:
            mask = int(np.searchsorted(offsets, wrong[0], side="right")) - 1
            raise ValueError(f"mask {mask}: run {wrong[0] - offsets[mask]} is {counts[wrong[0]]}; a run is 0 to {area}")
        short = counts.astype(np.uint32)
        lengths = np.diff(offsets)
        if (lengths == 0).any():
            raise ValueError(f"mask {int(np.argmin(lengths))}: no runs; an empty mask is one run of {area}")
        mask, place, total = spans.flaw(short, offsets, area)
        if mask >= 0 and place:
            # Empty runs inside are legal in COCO files: going through spans joins their neighbours.
            for i in range(lengths.size):
                total = int(counts[offsets[i] : offsets[i + 1]].sum())
                if total != area:
                    mask, place = i, 0
                    break
            else:
                return cls.take_over(size, *spans.to_counts(*spans.from_counts(short, offsets), area))
        if mask >= 0:
            raise ValueError(f"mask {mask}: the runs sum to {total}; {size[0]} x {size[1]} needs {area}")
        return cls.take_over(size, short, offsets if owned else offsets.copy())

    @classmethod
    def from_compressed(cls, strings: Iterable[str | bytes], size: Size) -> Self:
        """strings: COCO's compressed RLE, one a mask. Raises ValueError, naming the mask, for a garbled string."""
        from maskwright.core.kernels import strings as kernel

        raw = [
            text.encode("latin-1", "replace") if isinstance(text, str) else _compressed(text, mask)
            for mask, text in enumerate(listed(strings, "compressed run lengths", "a list of texts, one a mask"))
        ]
        offsets = np.zeros(len(raw) + 1, np.int64)
        np.cumsum([len(text) for text in raw], out=offsets[1:])
        counts, count_offsets, bad = kernel.from_bytes(np.frombuffer(b"".join(raw), np.uint8), offsets)
        if bad >= 0:
            raise ValueError(f"mask {bad}: the compressed string is cut short or holds a character outside 0 … o")
        return cls._checked(checked_size(size), counts, count_offsets, owned=True)

    @classmethod
    def from_polygons(cls, polygons: Iterable[Polygon], size: Size) -> Self:
        """One mask for each of the polygons: a pixel is in when its centre is inside a part and outside that part's
        holes.

        A polygon without a part gives an empty mask; parts may overlap.
        """
        from maskwright.core.kernels import rings, spans

        height, width = checked_size(size)
        masks = []
        for polygon in listed(polygons, "polygons", "a list of Polygon, one a mask"):
            if not isinstance(polygon, Polygon):
                raise ValueError(  # noqa: TRY004
                    f"an outline is {shown(repr(polygon), 40)}, which is not a Polygon: Polygon([[ring]]) is one"
                )
            parts = []
            for part in polygon.parts:
                points = np.concatenate(part)
                offsets = np.cumsum([0, *(len(ring) for ring in part)]).astype(np.int64)
                toggles = rings.centre_toggles(points, offsets, height, width)
                parts.append(cls._from_toggles((height, width), toggles, spans))
            masks.append(cls.concatenate(parts, (height, width)).union())
        return cls.stack(masks, (height, width))

    @classmethod
    def from_coco_polygons(cls, polygons: Iterable[Sequence[object]], size: Size, *, tiny: bool = False) -> Self:
        """COCO's `segmentation` lists: a mask is the union of its rings, each flat x0, y0, x1, y1 ….

        Bit-equal to pycocotools' rasterisation, with its half-pixel habits.  All rings go through one call.  polygons:
        one list of rings a mask. A mask without a ring is empty.  Raises ValueError for a ring of fewer than three
        points, for other values than finite numbers, for a bracket too few or too many, and, in an image of more than
        eight pixels a side, where no mask has a pixel and all coordinates lie between 0 and 1.  tiny: that is meant so.
        """
        height, width = checked_size(size)
        masks = listed(polygons, "COCO's polygons", _FLAT)
        try:
            found = [[np.asarray(ring, np.float64) for ring in parts] for parts in masks]
        except (TypeError, ValueError) as error:
            raise ValueError(f"a ring is not a list of numbers ({error}){brackets(masks, 3, _FLAT)}") from None
        every = [ring for rings_ in found for ring in rings_]
        for ring in every:
            if ring.size < 6 or ring.size % 2 or (ring.ndim > 1 and ring.size != 2 * len(ring)):
                said = f"{ring.size} numbers" if ring.ndim < 2 else f"the shape {ring.shape}"
                amiss = brackets(masks, 3, _FLAT)
                raise ValueError(f"a ring has {said}; it needs pairs of x and y, at least 3 (6 numbers){amiss}")
        points = np.concatenate([ring.reshape(-1) for ring in every]).reshape(-1, 2) if every else np.zeros((0, 2))
        if not np.isfinite(points).all():
            raise ValueError("a ring has a coordinate that is not a finite number")
        ring_offsets = np.zeros(len(every) + 1, np.int64)
        np.cumsum([ring.size // 2 for ring in every], out=ring_offsets[1:])
        mask_offsets = np.zeros(len(masks) + 1, np.int64)
        np.cumsum([len(rings_) for rings_ in found], out=mask_offsets[1:])
        made = cls.from_coco_points(points, ring_offsets, mask_offsets, (height, width))
        if not tiny and len(points) and not made.areas().any() and _are_relative(points, (height, width)):
            raise ValueError(
                "all coordinates of the polygons lie between 0 and 1, and no mask has a pixel; multiply them by "
                f"(width, height), which is ({width}, {height}), or say tiny=True"
            )
        return made

    @classmethod
    def from_coco_points(cls, points: F64, rings: I64, masks: I64, size: Size) -> Self:
        """The masks of `from_coco_polygons` by flat arrays, which are not checked.

        points: (K, 2) float64 (x, y), finite.  rings: (R + 1,) int64, where each ring's points begin.  masks: (N + 1,)
        int64, where each mask's rings begin.  size: as `checked_size` gives it.
        """
        from maskwright.core.kernels import rings as kernels
        from maskwright.core.kernels import spans

        height, width = size
        starts, ends, offsets = kernels.coco_spans(points, rings, masks, height, width)
        return cls.take_over(size, *spans.to_counts(starts, ends, offsets, height * width))

    @classmethod
    def _from_toggles(cls, size: Size, toggles: I64, spans: Any) -> Self:
        starts, ends = spans.toggles_to_spans(np.sort(toggles))
        return cls.take_over(size, *spans.to_counts(starts, ends, np.array([0, starts.size]), size[0] * size[1]))

    @classmethod
    def concatenate(cls, parts: Sequence["Masks"], size: Size) -> Self:
        """All masks of `parts`, in order. Raises ValueError when their sizes differ."""
        size = checked_size(size)
        for part in parts:
            if part.size != size:
                raise ValueError(f"masks of size {part.size} cannot join masks of size {size}")
        offsets = np.zeros(1 + sum(len(part) for part in parts), np.int64)
        at, runs = 1, 0
        for part in parts:
            offsets[at : at + len(part)] = part.offsets[1:] + runs
            at, runs = at + len(part), runs + part.counts.size
        counts = np.concatenate([part.counts for part in parts]) if parts else np.zeros(0, np.uint32)
        return cls.take_over(size, counts, offsets)

    @classmethod
    def stack(cls, masks: Sequence["Mask"], size: Size) -> Self:
        """Single masks side by side. Raises ValueError for what is not a Mask of this size."""
        for mask in masks:
            if not hasattr(mask, "batch"):
                raise ValueError(f"a {type(mask).__name__} is not a Mask: Mask.encode(array) is one")
        return cls.concatenate([mask.batch for mask in masks], size)

    # -- out -----------------------------------------------------------------------------------------

    def decode(self, *, out: Array | None = None, window: tuple[int, int, int, int] | None = None) -> Bool:
        """Dense pixels (N, h, w) bool.

        out: C-order bool or uint8 of that shape, written and returned; a fresh array costs several
        times as much, because its memory pages must be made.  window: xyxy within the image.
        """
        from maskwright.core.kernels import dense

        left, top, right, bottom = window or (0, 0, self.size[1], self.size[0])
        if not (0 <= left < right <= self.size[1] and 0 <= top < bottom <= self.size[0]):
            raise ValueError(f"window {window} is empty or leaves the image of size {self.size}")
        shape = (len(self), bottom - top, right - left)
        if out is None:
            out = np.empty(shape, np.bool_)
        elif out.shape != shape or out.dtype not in (np.bool_, np.uint8) or not out.flags.c_contiguous:
            raise ValueError(f"out must be C-order bool or uint8 {shape}, got {out.dtype} {out.shape}")
        dense.decode(self.counts, self.offsets, self.size[0], top, left, out.view(np.uint8))
        return out

    def composite(self, values: object, *, background: int = 0, out: Array | None = None) -> Array:
        """Label map (H, W) with values[i] where mask i is, later masks on top, `background` elsewhere.

        values: (N,) integers.  out: C-order array to paint on as it is; else a new int64 one.
        """
        from maskwright.core.kernels import dense

        painted = np.asarray(values, np.int64)
        if painted.shape != (len(self),):
            raise ValueError(f"composite needs one value a mask, {len(self)}, got shape {painted.shape}")
        if out is None:
            out = np.full(self.size, background, np.int64)
        dense.composite(*self._spans, painted.astype(out.dtype), out)
        return out

    def compressed(self) -> list[bytes]:
        """COCO's compressed strings, byte for byte as pycocotools writes them."""
        from maskwright.core.kernels import strings

        characters, offsets = strings.to_bytes(self.counts, self.offsets)
        raw = characters.tobytes()
        return [raw[offsets[i] : offsets[i + 1]] for i in range(len(self))]

    def polygons(self) -> list[Polygon]:
        """Exact outlines along pixel edges, with holes: `from_polygons` gives the same pixels back.

        Pixels that meet only at a corner belong to different parts.  An empty mask has no parts.
        """
        from maskwright.core.outlines import outline

        return [outline(mask) for mask in self]

    # -- as a sequence -------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.offsets.size - 1

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> "Mask": ...
    @overload
    def __getitem__(self, index: slice | Array | list[int]) -> Self: ...

    def __getitem__(self, index: Any) -> "Mask | Self":
        if isinstance(index, int | np.integer):
            i = int(index)
            if not -len(self) <= i < len(self):
                raise IndexError(f"mask {i} of {len(self)}")
            i %= len(self)
            from maskwright.core.mask import Mask

            counts = self.counts[self.offsets[i] : self.offsets[i + 1]]
            return Mask.of(Masks.take_over(self.size, counts, np.array([0, counts.size], np.int64)))
        chosen = np.arange(len(self))[index]
        lengths = np.diff(self.offsets)[chosen]
        offsets = np.zeros(chosen.size + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        counts = self.counts[np.repeat(self.offsets[:-1][chosen], lengths) + within]
        return self.take_over(self.size, counts, offsets)

    def __iter__(self) -> Iterator["Mask"]:
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Masks):
            return NotImplemented
        return (
            self.size == other.size
            and np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]  # compared by value, and large

    def __repr__(self) -> str:
        return f"Masks({len(self)} of size {self.size}, {self.counts.nbytes} bytes)"

    def __getstate__(self) -> tuple[Size, U32, I64]:
        return self.size, self.counts, self.offsets

    def __setstate__(self, state: tuple[Size, U32, I64]) -> None:
        self.size, counts, offsets = state
        self.counts, self.offsets = sealed(counts), sealed(offsets)
        self._spans_cache = None

    # -- measures ------------------------------------------------------------------------------------

    @property
    def _spans(self) -> tuple[I64, I64, I64]:
        if self._spans_cache is None:
            from maskwright.core.kernels import spans

            self._spans_cache = spans.from_counts(self.counts, self.offsets)
        return self._spans_cache

    def areas(self) -> I64:
        """How many foreground pixels each mask has: (N,) int64."""
        from maskwright.core.kernels import spans

        return spans.areas(self.counts, self.offsets)

    def boxes(self) -> I64:
        """(N, 4) tight boxes, xyxy, far edge exclusive; zeros for an empty mask."""
        from maskwright.core.kernels import spans

        return spans.boxes(*self._spans, self.size[0])

    def intersections(self, other: "Masks") -> I64:
        """(N, M) pixels that mask i of self and mask j of other share."""
        from maskwright.core.kernels import spans

        self._same_size(other)
        return spans.intersections(*self._spans, self.boxes(), *other._spans, other.boxes(), self.size[0])

    def iou(self, other: "Masks", *, is_crowd: object = None) -> F64:
        """(N, M) intersection over union; 0 where both masks are empty, as pycocotools has it.

        is_crowd: (M,) bool for `other`: against a crowd region the union is the area of self's mask,
        so that a prediction inside the crowd scores 1 (COCO's rule).

        >>> masks = mw.Masks.encode(np.tri(4, dtype=bool)[None])
        >>> masks.iou(~masks | masks).tolist()
        [[0.625]]
        """
        inside = self.intersections(other).astype(np.float64)
        own = self.areas()[:, None].astype(np.float64)
        union = own + other.areas()[None] - inside
        if is_crowd is not None:
            union = np.where(np.asarray(is_crowd, bool)[None], own, union)
        return np.divide(inside, union, out=np.zeros_like(inside), where=inside > 0)

    def contains(self, points: object) -> Bool:
        """(N, P): does mask i cover point p. points: (P, 2) float (x, y); outside the image is False.

        Raises ValueError for points of another shape, and for coordinates that are not finite numbers.
        """
        from maskwright.core.kernels import spans

        xy = np.floor(checked_points(points)).astype(np.int64)
        inside = (xy >= 0).all(axis=1) & (xy[:, 0] < self.size[1]) & (xy[:, 1] < self.size[0])
        return spans.contains(*self._spans, np.where(inside, xy[:, 0] * self.size[0] + xy[:, 1], -1))

    # -- set operations, mask by mask ----------------------------------------------------------------

    def __and__(self, other: "Masks") -> Self:
        return self._combine(other, _AND)

    def __or__(self, other: "Masks") -> Self:
        return self._combine(other, _OR)

    def __xor__(self, other: "Masks") -> Self:
        return self._combine(other, _XOR)

    def __sub__(self, other: "Masks") -> Self:
        return self._combine(other, _MINUS)

    def __invert__(self) -> Self:
        return self._combine(self, _NOT_A)

    def _combine(self, other: "Masks", table: int) -> Self:
        from maskwright.core.kernels import spans

        self._same_size(other)
        if len(self) != len(other):
            raise ValueError(f"mask by mask needs as many on both sides, got {len(self)} and {len(other)}")
        area = self.size[0] * self.size[1]
        counts, offsets = spans.combine(self.counts, self.offsets, other.counts, other.offsets, area, table)
        return self.take_over(self.size, counts, offsets)

    def union(self) -> "Mask":
        """All masks in one; empty for N = 0."""
        return self.group_unions(np.zeros(len(self), np.int64), 1)[0]

    def group_unions(self, groups: object, number: int) -> Self:
        """Union of the masks of each group. groups: (N,) integers in 0 … number - 1 -> `number` masks."""
        from maskwright.core.kernels import spans

        area = self.size[0] * self.size[1]
        starts, ends, offsets = self._spans
        owner = np.repeat(np.asarray(groups, np.int64), np.diff(offsets))
        order = np.argsort(owner * area + starts, kind="stable")
        joined = np.zeros(number + 1, np.int64)
        np.cumsum(np.bincount(owner, minlength=number), out=joined[1:])
        return self.take_over(self.size, *spans.to_counts(starts[order], ends[order], joined, area))

    def intersection(self) -> "Mask":
        """The pixels that all masks share; the whole image for N = 0."""
        return (~((~self).union().batch))[0]

    # -- moving and scaling --------------------------------------------------------------------------

    def flip(self, *, horizontal: bool) -> Self:
        """Mirrored left to right (horizontal) or top to bottom."""
        from maskwright.core.kernels import pieces

        x, top, bottom, offsets = pieces.from_spans(*self._spans, self.size[0])
        x, top, bottom = pieces.flipped(x, top, bottom, offsets, *self.size, horizontal)
        return self._from_pieces(x, top, bottom, offsets, self.size)

    def transpose(self) -> Self:
        """Rows become columns: masks of size (W, H), in which (x, y) is what (y, x) was."""
        size = self.size[1], self.size[0]
        parts = []
        for index, (left, top, right, bottom) in enumerate(self.boxes().tolist()):
            if left < right and top < bottom:
                inside = self[index : index + 1].decode(window=(left, top, right, bottom))
                part = type(self).encode(np.ascontiguousarray(inside.transpose(0, 2, 1)))
                parts.append(part.paste(size, left=top, top=left))
            else:
                parts.append(type(self).empty(size, 1))
        return type(self).concatenate(parts, size)

    def crop(self, xyxy: tuple[int, int, int, int]) -> Self:
        """The pixels in a window; where it leaves the image there is background. xyxy: its box, with the far edge
        excluded.
        """
        left, top, right, bottom = (int(edge) for edge in xyxy)
        return self._windowed(left, top, (bottom - top, right - left))

    def paste(self, size: Size, *, left: int = 0, top: int = 0) -> Self:
        """On an empty canvas of `size`, this image's corner at (left, top), cut at the canvas' border."""
        return self._windowed(-left, -top, size)

    def _windowed(self, left: int, top: int, size: Size) -> Self:
        from maskwright.core.kernels import pieces

        size = checked_size(size)
        x, y0, y1, offsets = pieces.from_spans(*self._spans, self.size[0])
        x = x - left
        y0, y1 = np.maximum(y0 - top, 0), np.minimum(y1 - top, size[0])
        keep = (x >= 0) & (x < size[1]) & (y0 < y1)
        return self._from_pieces(x[keep], y0[keep], y1[keep], _kept(offsets, keep), size)

    def resize(self, size: Size) -> Self:
        """Nearest neighbour by pixel centres: target t shows source floor((t + ½)·S/T), in whole numbers.

        Pillow's NEAREST and OpenCV's INTER_NEAREST_EXACT mean the same, but their floats sometimes take
        the pixel before where a centre falls exactly on a border.
        """
        from maskwright.core.kernels import pieces

        size = checked_size(size)
        x, top, bottom, offsets = pieces.from_spans(*self._spans, self.size[0])
        return self._from_pieces(*pieces.resized(x, top, bottom, offsets, *self.size, *size), size)

    def _from_pieces(self, x: I64, top: I64, bottom: I64, offsets: I64, size: Size) -> Self:
        from maskwright.core.kernels import spans

        starts, ends = x * size[0] + top, x * size[0] + bottom
        return self.take_over(size, *spans.to_counts(starts, ends, offsets, size[0] * size[1]))

    # -- morphology ----------------------------------------------------------------------------------

    def dilate(self, radius: int, element: Element = "square") -> Self:
        """Every pixel within the element of radius `radius` around a foreground pixel.

        square: Chebyshev distance, `radius` times a 3 x 3 square; diamond: city-block distance,
        `radius` times a 3 x 3 cross; disk: Euclidean distance.  Radius 0 changes nothing.
        """
        from maskwright.core.kernels import pieces

        x, top, bottom, offsets = pieces.from_spans(*self._spans, self.size[0])
        grown = pieces.dilated(x, top, bottom, offsets, *self.size, _reach(radius, element))
        return self._from_pieces(*grown, self.size)

    def erode(self, radius: int, element: Element = "square") -> Self:
        """Every pixel whose whole element, of `radius` pixels, is foreground. What lies outside the image is
        background.
        """
        if radius == 0 or len(self) == 0:
            return self
        # Work in a frame that holds all the masks and a margin of `radius`, in which the background is
        # then dilated: the image's border needs no special case, and small masks cost little.
        left, top, right, bottom = self.union().box()
        height, width = bottom - top + 2 * radius, right - left + 2 * radius
        framed = self.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
        framed = framed.paste((max(height, 1), max(width, 1)), left=radius, top=radius)
        kept = ~((~framed).dilate(radius, element))
        return kept._windowed(radius - left, radius - top, self.size)

    def boundary(self, width: int) -> Self:
        """The band of pixels within `width` of the outside: mask minus its erosion by a square.

        Pixels along the image's border count as boundary, as in Boundary IoU (Cheng et al., CVPR 2021).
        """
        return self - self.erode(width)

    def components(self, *, connectivity: Literal[4, 8] = 8) -> tuple[Self, I64]:
        """Connected parts: masks (C of them) and the index (C,) of the mask each came from.

        Ordered by mask, then by first pixel in column-major order.  An empty mask has none.  connectivity: 8 joins
        pixels that meet at a corner, 4 does not.
        """
        from maskwright.core.kernels import pieces

        x, top, bottom, offsets = pieces.from_spans(*self._spans, self.size[0])
        component, owner = pieces.components(x, top, bottom, offsets, connectivity == 8)
        order = np.argsort(component, kind="stable")
        part_offsets = np.zeros(owner.size + 1, np.int64)
        np.cumsum(np.bincount(component, minlength=owner.size), out=part_offsets[1:])
        return self._from_pieces(x[order], top[order], bottom[order], part_offsets, self.size), owner

    def holes(self, *, connectivity: Literal[4, 8] = 4) -> Self:
        """Background that cannot be reached from outside the mask, one mask of it for each mask.

        connectivity is the background's: 4, the default, also counts a hole that meets the outside at
        a corner only, as SciPy's binary_fill_holes does.
        """
        from maskwright.core.kernels import pieces

        boxes = self.boxes()
        x, top, bottom, offsets = pieces.from_spans(*self._spans, self.size[0])
        x, top, bottom, offsets = pieces.complemented(x, top, bottom, offsets, boxes)
        component, owner = pieces.components(x, top, bottom, offsets, connectivity == 8)
        keep = pieces.inner_components(x, top, bottom, offsets, boxes, component, owner.size)
        return self._from_pieces(x[keep], top[keep], bottom[keep], _kept(offsets, keep), self.size)

    def fill_holes(self, *, connectivity: Literal[4, 8] = 4) -> Self:
        """The masks with their holes (see `holes`) made foreground. connectivity: of the background, 4 or 8."""
        return self | self.holes(connectivity=connectivity)

    def _same_size(self, other: "Masks") -> None:
        if self.size != other.size:
            raise ValueError(f"masks of size {self.size} and {other.size} do not lie on one image")


def _runs(counts: object, mask: int) -> I64:
    """One mask's run lengths. Raises ValueError where they are nested."""
    found = as_numpy(counts)
    runs = found if found.dtype == np.int64 else whole_numbers(counts, f"the runs of mask {mask}")
    if runs.ndim != 1:
        raise ValueError(f"the runs of mask {mask} have the shape {runs.shape}; they are a flat list of whole numbers")
    return runs


def _compressed(value: object, mask: int) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview | np.bytes_):
        said = shown(repr(value), 40)
        raise ValueError(f"the compressed run lengths of mask {mask} are {said}, which is not text")  # noqa: TRY004
    return bytes(value)


def _kept(offsets: I64, keep: Bool) -> I64:
    """Offsets after dropping the elements where `keep` is False."""
    total = np.zeros(keep.size + 1, np.int64)
    np.cumsum(keep, out=total[1:])
    return total[offsets]


def _reach(radius: int, element: Element) -> I64:
    """(2r + 1,) half height of the structuring element in each of its columns."""
    if radius < 0:
        raise ValueError(f"a radius is 0 or more, got {radius}")
    dx = np.abs(np.arange(-radius, radius + 1))
    if element == "square":
        return np.full(dx.size, radius, np.int64)
    if element == "diamond":
        return (radius - dx).astype(np.int64)
    if element == "disk":
        return np.sqrt(radius * radius - dx * dx + 1e-9).astype(np.int64)
    raise ValueError(f"an element is square, disk or diamond, got {element!r}")


def as_masks(array: object) -> Masks:
    """Masks from whatever a caller has: Masks, Mask, or dense (N, H, W) or (H, W) of NumPy or torch."""
    from maskwright.core.mask import Mask

    if isinstance(array, Masks):
        return array
    if isinstance(array, Mask):
        return array.batch
    found = as_numpy(array)
    return Masks.encode(found[None] if found.ndim == 2 else found)
