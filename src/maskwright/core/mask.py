"""`Mask`: one binary mask."""

from typing import Literal

from maskwright.core.arrays import U32, Array, Bool, Size, as_binary
from maskwright.core.masks import Element, Masks
from maskwright.core.polygons import Polygon


class Mask:
    """One binary mask: `Masks` of one, with the plural taken out.

    size: (height, width).  counts: (R,) uint32 column-major run lengths, zeros first; read-only.
    """

    __slots__ = ("batch",)

    batch: Masks

    def __init__(self, size: Size, counts: object) -> None:
        """A copy of the run lengths, checked as `Masks.from_counts` does. Raises ValueError."""
        self.batch = Masks.from_counts([counts], size)

    @classmethod
    def of(cls, batch: Masks) -> "Mask":
        """The one mask of a batch, sharing its arrays. Raises ValueError for a batch of more or fewer."""
        if len(batch) != 1:
            raise ValueError(f"a mask is made of a batch of one, got {len(batch)}")
        mask = cls.__new__(cls)
        mask.batch = batch
        return mask

    @classmethod
    def encode(cls, array: object) -> "Mask":
        """array: (H, W) bool or integer, non-zero is foreground; NumPy or torch."""
        return Masks.encode(as_binary(array, 2)[None])[0]

    @classmethod
    def empty(cls, size: Size) -> "Mask":
        return Masks.empty(size, 1)[0]

    @classmethod
    def from_counts(cls, counts: object, size: Size) -> "Mask":
        return Masks.from_counts([counts], size)[0]

    @classmethod
    def from_compressed(cls, string: str | bytes, size: Size) -> "Mask":
        return Masks.from_compressed([string], size)[0]

    @classmethod
    def from_polygon(cls, polygon: Polygon, size: Size) -> "Mask":
        return Masks.from_polygons([polygon], size)[0]

    @property
    def size(self) -> Size:
        return self.batch.size

    @property
    def counts(self) -> U32:
        return self.batch.counts

    def decode(self, *, out: Array | None = None, window: tuple[int, int, int, int] | None = None) -> Bool:
        """Dense pixels (h, w) bool; `out` and `window` as in `Masks.decode`."""
        dense: Bool = self.batch.decode(out=None if out is None else out[None], window=window)[0]
        return dense

    def compressed(self) -> bytes:
        return self.batch.compressed()[0]

    def polygon(self) -> Polygon:
        return self.batch.polygons()[0]

    def area(self) -> int:
        return int(self.batch.areas()[0])

    def box(self) -> tuple[int, int, int, int]:
        """xyxy, far edge exclusive; zeros for an empty mask."""
        left, top, right, bottom = self.batch.boxes()[0].tolist()
        return left, top, right, bottom

    def iou(self, other: "Mask") -> float:
        return float(self.batch.iou(other.batch)[0, 0])

    def contains(self, x: float, y: float) -> bool:
        return bool(self.batch.contains([(x, y)])[0, 0])

    def __and__(self, other: "Mask") -> "Mask":
        return (self.batch & other.batch)[0]

    def __or__(self, other: "Mask") -> "Mask":
        return (self.batch | other.batch)[0]

    def __xor__(self, other: "Mask") -> "Mask":
        return (self.batch ^ other.batch)[0]

    def __sub__(self, other: "Mask") -> "Mask":
        return (self.batch - other.batch)[0]

    def __invert__(self) -> "Mask":
        return (~self.batch)[0]

    def flip(self, *, horizontal: bool) -> "Mask":
        return self.batch.flip(horizontal=horizontal)[0]

    def crop(self, xyxy: tuple[int, int, int, int]) -> "Mask":
        return self.batch.crop(xyxy)[0]

    def paste(self, size: Size, *, left: int = 0, top: int = 0) -> "Mask":
        return self.batch.paste(size, left=left, top=top)[0]

    def resize(self, size: Size) -> "Mask":
        return self.batch.resize(size)[0]

    def dilate(self, radius: int, element: Element = "square") -> "Mask":
        return self.batch.dilate(radius, element)[0]

    def erode(self, radius: int, element: Element = "square") -> "Mask":
        return self.batch.erode(radius, element)[0]

    def boundary(self, width: int) -> "Mask":
        return self.batch.boundary(width)[0]

    def components(self, *, connectivity: Literal[4, 8] = 8) -> Masks:
        return self.batch.components(connectivity=connectivity)[0]

    def fill_holes(self, *, connectivity: Literal[4, 8] = 4) -> "Mask":
        return self.batch.fill_holes(connectivity=connectivity)[0]

    def __eq__(self, other: object) -> bool:
        return self.batch == other.batch if isinstance(other, Mask) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Mask(size {self.size}, area {self.area()}, {self.counts.size} runs)"
