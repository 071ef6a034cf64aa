"""A sample: an image and everything known about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from maskwright.core import pages
from maskwright.core.arrays import U8, Array, Size
from maskwright.core.segments import Segments
from maskwright.errors import FormatError

#: Of files that are taken for images.
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")


@dataclass(frozen=True)
class ImageRef:
    """Where an image is and what is known of it without decoding it.

    uri: a path, or any URI that fsspec opens; "#page=N" behind a file of many pictures (`core.pages`).
    size: (height, width).  checksum: "sha256:…" or None.
    video, frame: the video this is a frame of, and its index from 0.
    """

    uri: str
    size: Size
    checksum: str | None = None
    video: str | None = None
    frame: int | None = None

    def pixels(self) -> U8:
        """(H, W, 3) uint8 RGB. Raises FormatError for an image that is missing, broken or of another size."""
        return read_image(self.uri, expected=self.size)


@dataclass(frozen=True)
class Sample:
    """One row of a dataset.

    key: its name, unique in the dataset; a path without suffix, such as "train/0001".
    split: train, val, test or any other word; None when undecided.  weight: relative chance of being drawn
    in training, 0 excludes.  fields: anything else, JSON-safe.  Raises ValueError for parts that do not fit together.
    """

    key: str
    image: ImageRef
    segments: Segments
    split: str | None = None
    weight: float = 1.0
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.segments.size != self.image.size:
            raise ValueError(f"{self.key}: segments of size {self.segments.size} over an image of {self.image.size}")
        if not isinstance(self.fields, Mapping):
            raise ValueError(f"{self.key}: its fields are no mapping")  # noqa: TRY004 - a reader passes on what a file has
        if not isinstance(self.split, str | None):
            raise ValueError(f"{self.key}: its split is no word")  # noqa: TRY004

    def with_segments(self, segments: Segments) -> "Sample":
        return replace(self, segments=segments)


def _opened(uri: str) -> Any:
    if "://" in uri:
        from maskwright.registry import require

        return require("fsspec", f"reading {uri}").open(uri, "rb").open()
    return open(uri, "rb")


def image_size(path: str | Path) -> Size:
    """(height, width) from the file's header; no pixel is decoded. EXIF rotation is not applied."""
    from PIL import Image, UnidentifiedImageError

    file_path, page = pages.page_of(str(path))
    if page is not None:
        return pages.shape(file_path)[1]
    try:
        with _opened(str(path)) as file, Image.open(file) as image:
            return image.height, image.width
    except FileNotFoundError:
        raise FormatError("the image is not there", file=path) from None
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise FormatError(f"not a readable image ({error})", file=path) from None


def read_image(path: str | Path, *, expected: Size | None = None) -> U8:
    """(H, W, 3) uint8 RGB; palette, gray, alpha and deep images are converted, pages of larger files too.

    Raises FormatError for a missing, broken or truncated file, and when its size is not `expected`.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    file_path, page = pages.page_of(str(path))
    try:
        if page is not None:
            pixels = _in_eight_bits(pages.read(file_path, page))
        else:
            with _opened(str(path)) as file, Image.open(file) as image:
                if image.mode in ("I;16", "I", "I;16B", "F"):
                    pixels = _in_eight_bits(np.asarray(image))
                else:  # converting what is RGB already would copy it once more
                    pixels = np.array(image if image.mode == "RGB" else image.convert("RGB"))
    except FileNotFoundError:
        raise FormatError("the image is not there", file=path) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FormatError(f"not a readable image ({error})", file=path) from None
    if expected is not None and pixels.shape[:2] != tuple(expected):
        raise FormatError(
            f"the image is {pixels.shape[0]} x {pixels.shape[1]}",
            file=path,
            needed=f"its labels are for {expected[0]} x {expected[1]} (height x width)",
            todo="Was the image replaced or resized after labelling?",
        )
    return pixels


def _in_eight_bits(values: Array) -> U8:
    """(H, W) or (H, W, C) of any numbers -> (H, W, 3) uint8.

    Deep images are stretched from zero, or from their least value where that is negative, to their own maximum;
    eight bits are all a network takes.
    """
    import numpy as np

    if values.dtype != np.uint8:
        wide = np.nan_to_num(values.astype(np.float64))
        low = min(float(wide.min(initial=0)), 0.0)
        values = ((wide - low) * (255 / max(float(wide.max(initial=0)) - low, 1))).clip(0, 255).astype(np.uint8)
    if values.ndim == 3 and values.shape[2] >= 3:
        return np.ascontiguousarray(values[..., :3])
    gray = values if values.ndim == 2 else values[..., 0]
    return np.repeat(gray[..., None], 3, axis=2)
