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
        """A mask from pixels. array: (H, W) bool or integer, non-zero is foreground; NumPy or torch.

        Raises ValueError for another shape, TypeError for floats.

        >>> mask = mw.Mask.encode(np.eye(4, dtype=bool))
        >>> mask
        Mask(size (4, 4), area 4, 8 runs)
        >>> mask.box()
        (0, 0, 4, 4)
        """
        return Masks.encode(as_binary(array, 2)[None])[0]

    @classmethod
    def empty(cls, size: Size) -> "Mask":
        """A mask of `size`, (height, width), without a pixel."""
        return Masks.empty(size, 1)[0]

    @classmethod
    def from_counts(cls, counts: object, size: Size) -> "Mask":
        """A mask from COCO's uncompressed run lengths: counts, (R,) column-major, zeros first. Raises ValueError for a
        negative run, or a sum that is not height * width.
        """
        return Masks.from_counts([counts], size)[0]

    @classmethod
    def from_compressed(cls, string: str | bytes, size: Size) -> "Mask":
        """A mask from COCO's compressed string. Raises ValueError for a garbled string."""
        return Masks.from_compressed([string], size)[0]

    @classmethod
    def from_polygon(cls, polygon: Polygon, size: Size) -> "Mask":
        """The pixels whose centre is inside a part of the polygon and outside its holes; empty without a part.

        >>> square = mw.Polygon([[[(1, 1), (3, 1), (3, 3), (1, 3)]]])
        >>> mw.Mask.from_polygon(square, (4, 5)).area()
        4
        """
        return Masks.from_polygons([polygon], size)[0]

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        return self.batch.size

    @property
    def counts(self) -> U32:
        """(R,) uint32 column-major run lengths, zeros first, as COCO has them; they sum to height * width."""
        return self.batch.counts

    def decode(self, *, out: Array | None = None, window: tuple[int, int, int, int] | None = None) -> Bool:
        """Dense pixels (h, w) bool; `out` and `window` as in `Masks.decode`."""
        dense: Bool = self.batch.decode(out=None if out is None else out[None], window=window)[0]
        return dense

    def compressed(self) -> bytes:
        """COCO's compressed string, byte for byte as pycocotools writes it."""
        return self.batch.compressed()[0]

    def polygon(self) -> Polygon:
        """The exact outline along pixel edges, with holes; `from_polygon` gives the same pixels back. No part for an
        empty mask.
        """
        return self.batch.polygons()[0]

    def area(self) -> int:
        """The number of foreground pixels."""
        return int(self.batch.areas()[0])

    def box(self) -> tuple[int, int, int, int]:
        """xyxy, far edge exclusive; zeros for an empty mask."""
        left, top, right, bottom = self.batch.boxes()[0].tolist()
        return left, top, right, bottom

    def iou(self, other: "Mask") -> float:
        """Intersection over union with a mask of the same size; 0 where both are empty. Raises ValueError for another
        size.

        >>> left, top = np.zeros((2, 4, 4), bool)
        >>> left[:, :2], top[:2] = True, True
        >>> round(mw.Mask.encode(left).iou(mw.Mask.encode(top)), 3)
        0.333
        """
        return float(self.batch.iou(other.batch)[0, 0])

    def contains(self, x: float, y: float) -> bool:
        """Is the pixel at the point (x, y) foreground? x, y: in pixels from the top-left corner; outside the image it
        is not.
        """
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
        """Mirrored left to right (horizontal), or top to bottom."""
        return self.batch.flip(horizontal=horizontal)[0]

    def crop(self, xyxy: tuple[int, int, int, int]) -> "Mask":
        """The pixels in a window, xyxy with the far edge excluded; where it leaves the image there is background."""
        return self.batch.crop(xyxy)[0]

    def paste(self, size: Size, *, left: int = 0, top: int = 0) -> "Mask":
        """On an empty canvas of `size`, this image's corner at (left, top), cut at the canvas' border."""
        return self.batch.paste(size, left=left, top=top)[0]

    def resize(self, size: Size) -> "Mask":
        """The mask at another size, by nearest neighbour, as in `Masks.resize`."""
        return self.batch.resize(size)[0]

    def dilate(self, radius: int, element: Element = "square") -> "Mask":
        """Grown by an element of `radius` pixels: square, disk or diamond, as in `Masks.dilate`."""
        return self.batch.dilate(radius, element)[0]

    def erode(self, radius: int, element: Element = "square") -> "Mask":
        """Shrunk by an element of `radius` pixels: square, disk or diamond. Outside the image is background."""
        return self.batch.erode(radius, element)[0]

    def boundary(self, width: int) -> "Mask":
        """The band `width` pixels wide along the inside of the border, as in `Masks.boundary`."""
        return self.batch.boundary(width)[0]

    def components(self, *, connectivity: Literal[4, 8] = 8) -> Masks:
        """Its connected parts as masks, by first pixel in column-major order; none for an empty mask.

        connectivity: 8 joins pixels that meet at a corner, 4 does not.
        """
        return self.batch.components(connectivity=connectivity)[0]

    def fill_holes(self, *, connectivity: Literal[4, 8] = 4) -> "Mask":
        """The mask with its holes made foreground: background that does not reach the image's border.

        connectivity: of the background, 4 or 8.
        """
        return self.batch.fill_holes(connectivity=connectivity)[0]

    def __eq__(self, other: object) -> bool:
        return self.batch == other.batch if isinstance(other, Mask) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Mask(size {self.size}, area {self.area()}, {self.counts.size} runs)"
