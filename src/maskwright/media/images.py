"""Images: what they are without decoding them, and their pixels as they are."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from maskwright.core.arrays import U8, Array, Size
from maskwright.core.sample import ImageRef
from maskwright.errors import FormatError, MaskwrightError, UsageError
from maskwright.media import colours, jpeg_header, orientation, pages, plain_images, remote, windows
from maskwright.media.descriptions import GRAY, RGB, Description, channel_names
from maskwright.media.orientation import Region
from maskwright.registry import require

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Of files that are taken for images, the commonest first.
IMAGE_SUFFIXES = (
    ".jpg", ".png", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".avif", ".heic", ".heif", ".jp2", ".dcm",
    ".npy", ".nii", ".nii.gz", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".ico", ".apng", ".btf", ".dib",
    ".dicom", ".j2c", ".j2k", ".jfif", ".jpe", ".jpf", ".jpx", ".mpo", ".pcx", ".sgi", ".ppm.gz", ".pgm.gz", ".pbm.gz",
    ".pnm.gz",
)  # fmt: skip


def is_image_file(path: str | Path) -> bool:
    """Whether a file's name is an image's: it ends with one of `IMAGE_SUFFIXES`, in capitals or not."""
    return str(path).lower().endswith(IMAGE_SUFFIXES)


Found = TypeVar("Found")

#: The first bytes of the kinds that most images are of.
_JPEG = b"\xff\xd8\xff"
_COMMON = (_JPEG, b"\x89PNG\r\n\x1a\n")
#: Kinds of HEIF, after the length and "ftyp" of a file's beginning.
_HEIF = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


@dataclass(frozen=True, eq=False)
class Image:
    """An image as it is.

    pixels: (H, W, C) in the file's own numbers, of any type, turned as the image is shown.  They belong to whoever read
    the image, and may be drawn on.
    channels: the name of each.  inverted: whether low values are shown bright.  nodata: the number that stands for
    nothing, if there is one.
    """

    pixels: Array
    channels: tuple[str, ...]
    inverted: bool = False
    nodata: float | None = None

    @property
    def known(self) -> Array:
        """(H, W, C) with NaN where there is nothing; the pixels themselves where no number stands for that."""
        if self.nodata is None:
            return self.pixels
        kind = np.float32 if self.pixels.dtype.itemsize <= 2 or self.pixels.dtype == np.float32 else np.float64
        found = self.pixels.astype(kind)
        found[self.pixels == self.nodata] = np.nan
        return found

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def display(self, window: windows.Window | None = None) -> U8:
        """(H, W, 3) uint8 for people, and for networks that know nothing else.

        window: the dataset's, `dataset.window`.  Without one eight bits are as they are, and other numbers are shown
        over the whole range of their type; what shows through alpha is white, and where there is nothing it is black.
        """
        plain = window is None and not self.inverted and self.nodata is None
        if plain and self.pixels.dtype == np.uint8 and self.channels == RGB:
            return self.pixels
        colours = windows.apply(self.pixels, self.channels, window)
        if self.inverted:
            colours = 255 - colours
        if self.nodata is not None:
            colours[(self.pixels == self.nodata).all(axis=2)] = 0
        if self.channels[-1] == "alpha":
            alpha = self.pixels[..., -1]
            if int(alpha.min(initial=0)) < windows.full_range(alpha.dtype)[1]:
                return windows.over_white(colours, alpha)
        return colours

    def take(self, channels: tuple[str, ...]) -> "Image":
        """The image with these channels, in this order; gray is taken for each of red, green and blue where asked for.

        Raises UsageError for a channel that it does not have.
        """
        if channels == self.channels:
            return self
        spread = self.channels[0] == "gray" and "gray" not in channels
        places = []
        for name in channels:
            wanted = "gray" if spread and name in ("red", "green", "blue") else name
            if wanted not in self.channels:
                raise UsageError(f"the image has channels {', '.join(self.channels)}", needed=f"channel {name}")
            places.append(self.channels.index(wanted))
        return replace(self, pixels=np.ascontiguousarray(self.pixels[..., places]), channels=channels)


def describe(image: ImageRef | str | Path) -> Description:
    """What an image is, from its header; no pixel is decoded.

    Of a remote image no more than the header is fetched, where its kind and its store allow that.
    Raises FormatError for a missing file and for one that is not an image.
    """
    uri = image.uri if isinstance(image, ImageRef) else str(image)
    file_path, page = pages.page_of(uri)
    if page is not None:
        return pages.describe(file_path, page)
    with _beginning(uri) as (file, head):
        if head.startswith(_JPEG) and (found := jpeg_header.plain(file.read(jpeg_header.LENGTH))) is not None:
            size, channels, profile = found
            return Description(size, RGB if channels == 3 else GRAY, "uint8", notes=colours.profile_note(profile))
        if not _is_of_pages(uri, head):
            file.seek(0)
            return _by_pillow(uri, file, head, plain_images.describe)
    return pages.describe(uri)


def image_size(path: str | Path) -> Size:
    """(height, width) as shown, from the file's header. Raises FormatError as `describe`."""
    return describe(path).size


def read(image: ImageRef | str | Path, *, expected: Size | None = None, region: Region | None = None) -> Image:
    """An image as it is, by a sample's reference, a path or any URI that fsspec opens.

    Palettes and colours other than red, green and blue become these, numbers get the scale that the file states;
    `describe` says so in its notes.  Nothing else is converted.  expected: the size that the whole of it must have; a
    reference brings its own.  A reference of the stored raster's size gets that raster, as its labels lie on it.
    region: (left, top, right, bottom) in pixels of what is otherwise returned; of large TIFFs, arrays and volumes no
    more than that is read.
    Raises FormatError for a missing, broken or truncated file, and for one of another size; UsageError for a region
    that is not within the image.

        image = media.read(sample.image)
        image.pixels     # (H, W, C) as the file has them
        image.display()  # (H, W, 3) uint8
    """
    uri = image.uri if isinstance(image, ImageRef) else str(image)
    expected = image.size if isinstance(image, ImageRef) and expected is None else expected
    file_path, page = pages.page_of(uri)
    if page is None:
        local = str(remote.local(uri))
        with _beginning(local, uri) as (file, head):
            if not _is_of_pages(local, head):
                pixels, names, turned = _by_pillow(uri, file, head, plain_images.decode)
                return _shown(uri, pixels, names, turned, expected, region)
    return _of_page(uri, file_path, page or 0, expected, region)


def _of_page(uri: str, file: str, page: int, expected: Size | None, region: Region | None) -> Image:
    about = pages.describe(file, page)
    turned = about.orientation if _fits(uri, about.stored_size, about.size, expected) else 1
    part = None
    if region is not None:
        _within(uri, region, orientation.shown_size(about.stored_size, turned))
        part = orientation.stored_region(region, about.stored_size, turned)
    plane = orientation.apply(pages.stored(file, page, part), turned)
    pixels = np.ascontiguousarray(plane if plane.ndim == 3 else plane[..., None])
    number = pixels.shape[2]
    names = about.channels if len(about.channels) == number else channel_names(number)
    return Image(pixels, names, about.inverted, about.nodata)


def _shown(
    uri: str, pixels: Array, names: tuple[str, ...], turned: int, expected: Size | None, region: Region | None
) -> Image:
    stored = pixels.shape[:2]
    if _fits(uri, stored, orientation.shown_size(stored, turned), expected):
        pixels = orientation.apply(pixels, turned)
    if region is not None:
        _within(uri, region, pixels.shape[:2])
        pixels = pixels[region[1] : region[3], region[0] : region[2]].copy()
    return Image(np.ascontiguousarray(pixels), names)


def _fits(uri: str, stored: Size, shown: Size, expected: Size | None) -> bool:
    """Whether the image as shown is meant; False for its raster as stored. Raises FormatError for neither."""
    if expected is None or shown == tuple(expected):
        return True
    if stored == tuple(expected):
        return False
    raise FormatError(
        f"the image is {shown[0]} x {shown[1]}", file=uri,
        needed=f"its labels are for {expected[0]} x {expected[1]} (height x width)",
        todo="Was the image replaced or resized after labelling?",
    )  # fmt: skip


def _within(uri: str, region: Region, size: Size) -> None:
    left, top, right, bottom = region
    if not (0 <= left < right <= size[1] and 0 <= top < bottom <= size[0]):
        raise UsageError(
            f"{uri}: the region is {tuple(region)}",
            needed=f"left, top, right, bottom within {size[0]} x {size[1]} (height x width)",
        )


@contextmanager
def _beginning(uri: str, named: str | None = None) -> "Iterator[tuple[Any, bytes]]":
    """The file, opened at its beginning, and its first bytes. named: what an error calls it."""
    try:
        file = remote.opened(uri) if remote.is_remote(uri) else open(remote.local(uri), "rb")  # noqa: SIM115
    except FileNotFoundError:
        raise FormatError("the image is not there", file=named or uri) from None
    except OSError as error:
        raise FormatError(f"not a readable image ({error})", file=named or uri) from None
    with file:
        head = file.read(pages.HEAD)
        file.seek(0)
        yield file, head


def _is_of_pages(path: str, head: bytes) -> bool:
    return not head.startswith(_COMMON) and pages.holds(path, head)


def _by_pillow(uri: str, file: Any, head: bytes, work: Callable[[Any, Any], Found]) -> Found:
    """What `work` makes of the image as Pillow opens it."""
    import PIL.Image

    if head[4:8] == b"ftyp" and head[8:12] in _HEIF:
        _heif(uri)
    try:
        with PIL.Image.open(file) as opened:
            return work(opened, file)
    except MaskwrightError as error:
        raise error.at(file=uri) from None
    except MemoryError:
        raise FormatError("cannot be read (it asks for more memory than there is)", file=uri) from None
    except Exception as error:  # noqa: BLE001 - Pillow raises whatever a broken file makes it raise
        raise FormatError(f"not a readable image ({error})", file=uri) from None


def _heif(uri: str) -> None:
    """Teach Pillow HEIF, by whichever package is installed. Raises MissingExtraError without one."""
    from importlib.util import find_spec

    name = "pillow_heif" if find_spec("pillow_heif") else "pi_heif"
    require(name, f"reading {uri}").register_heif_opener()
