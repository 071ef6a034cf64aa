"""Images as the browser gets them: of a fixed type, by number, never by path; displayed by a window.

What was asked for last is kept decoded in the file's own numbers, so that another window costs no decoding.
"""

import contextlib
import threading
from collections import OrderedDict
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
from PIL import UnidentifiedImageError

from maskwright.core.arrays import Array, Size
from maskwright.core.sample import ImageRef, Sample
from maskwright.errors import FormatError, MaskwrightError
from maskwright.media import orientation, pages, windows
from maskwright.media.images import Image, describe, read
from maskwright.media.windows import Window

#: Formats that every browser shows as they are. MPO is a JPEG with others behind it, which browsers leave out.
PLAIN = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MOST_PIXELS = 300_000_000
MOST_BYTES = 2 * 2**30
THUMB = 160
TILE = 512
#: Images of more pixels than this are sent in tiles, of the size and the place that the window shows.
WHOLE = 16_000_000

_BROKEN = (OSError, UnidentifiedImageError, ValueError, SyntaxError, PIL.Image.DecompressionBombError)


def own_bytes(image: ImageRef, window: Window | None) -> tuple[bytes, str] | None:
    """The file as it is and its media type, where every browser shows that as `read(image).display(window)` shows it.

    None where that is otherwise: more than eight bits, a window that eight bits are displayed by too, alpha, CMYK,
    several images in one file, labels on a raster that is shown turned, and what cannot be read.
    """
    path = Path(image.uri)
    try:
        with PIL.Image.open(path) as opened:
            kind = PLAIN.get(str(opened.format))
            alone = opened.format == "MPO" or getattr(opened, "n_frames", 1) == 1
            opaque = opened.mode in ("1", "L", "RGB", "P") and "transparency" not in opened.info
        found = describe(image)
    except (*_BROKEN, MaskwrightError):
        return None  # reading it says what is wrong, or can read it
    # Browsers turn a JPEG by what its EXIF says; not all of them turn the others.
    as_shown = found.size == image.size and (found.orientation == 1 or kind == "image/jpeg")
    as_it_is = found.dtype == "uint8" and (window is None or not window.eight_bits)
    return (path.read_bytes(), kind) if kind is not None and alone and opaque and as_shown and as_it_is else None


def displayed(image: Image, window: Window | None) -> Array:
    """(H, W, 3) uint8, or (H, W) where it is gray."""
    colours = image.display(window)
    shown = windows.picked(image.channels, windows.holding(image.pixels.dtype, window))
    return colours[..., 0] if len(shown) == 1 else colours


def _allowed(sample: Sample) -> None:
    """Raises FormatError for an image that is too large to be decoded here."""
    height, width = sample.image.size
    if height * width > MOST_PIXELS:
        raise FormatError(
            f"the image has {height * width:,} pixels", file=sample.key, needed=f"at most {MOST_PIXELS:,}"
        )
    path = Path(sample.image.uri)
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise FormatError(
            f"the file has {path.stat().st_size:,} bytes", file=sample.key, needed=f"at most {MOST_BYTES:,}"
        )


def fitting(size: Size, longest: int = THUMB) -> Size:
    """The size of an image's thumbnail. longest: of its sides, in pixels."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


@lru_cache(maxsize=2000)
def thumbnail(uri: str, size: tuple[int, int], window: Window | None = None) -> bytes:
    """A small JPEG of an image as the window displays it. Raises FormatError as `media.read`."""
    small = _eighth(uri, size) if min(size) >= 8 * THUMB else None
    shown = PIL.Image.fromarray(displayed(read(uri, expected=size) if small is None else small, window))
    shown.thumbnail((THUMB, THUMB))
    return _jpeg(shown, quality=80)


@lru_cache(maxsize=2000)
def closely(uri: str, size: Size, box: tuple[int, int, int, int], window: Window | None = None) -> bytes:
    """A small JPEG of a part of an image as the window displays it, with a quarter of its longer side around it.

    box: xyxy, the far edge excluded; all of it is shown where it is empty.  Raises FormatError as `media.read`.
    """
    left, top, right, bottom = box if box[2] > box[0] and box[3] > box[1] else (0, 0, size[1], size[0])
    more = max(2, -(-max(right - left, bottom - top) // 4))
    region = max(0, left - more), max(0, top - more), min(size[1], right + more), min(size[0], bottom + more)
    shown = PIL.Image.fromarray(displayed(read(uri, expected=size, region=region), window))
    shown.thumbnail((THUMB, THUMB))
    return _jpeg(shown, quality=80)


#: A file as it was when it was read: its URI, the size that its labels are for, and when it was last written.
_Name = tuple[str, Size, int]


def _name(image: ImageRef) -> _Name:
    try:
        written = Path(pages.page_of(image.uri)[0]).stat().st_mtime_ns
    except OSError:
        written = 0
    return image.uri, image.size, written


def _jpeg(image: PIL.Image.Image, **how: int) -> bytes:
    with BytesIO() as out:
        image.save(out, "JPEG", **how)
        return out.getvalue()


def png(pixels: Array) -> bytes:
    """(H, W), (H, W, 3) or (H, W, 4) uint8 as a PNG that is made quickly."""
    with BytesIO() as out:
        PIL.Image.fromarray(pixels).save(out, "PNG", compress_level=1)
        return out.getvalue()


def _eighth(uri: str, size: Size) -> Image | None:
    """A JPEG at an eighth of its size, in a fraction of the time; None for other files, and for broken ones."""
    try:
        with PIL.Image.open(uri) as opened:
            stored, turned = (opened.height, opened.width), orientation.of(opened)
            if orientation.shown_size(stored, turned) != tuple(size):
                turned = 1
            if opened.format not in ("JPEG", "MPO") or opened.mode not in ("RGB", "L"):
                return None
            if orientation.shown_size(stored, turned) != tuple(size):
                return None
            opened.draft(opened.mode, (-(-stored[1] // 8), -(-stored[0] // 8)))
            if opened.width > stored[1] // 4:
                return None
            pixels = orientation.apply(np.asarray(opened), turned)
            return Image(pixels, ("red", "green", "blue")) if pixels.ndim == 3 else Image(pixels[..., None], ("gray",))
    except _BROKEN:
        return None


def levels(size: Size) -> int:
    """How many sizes of the image there are in tiles; 0 for images that are sent whole."""
    return 0 if size[0] * size[1] <= WHOLE else len(_sizes(size))


def _sizes(size: Size) -> list[Size]:
    """Each half of the one before, rounded up; the last is at most one tile."""
    out = [size]
    while max(out[-1]) > TILE:
        out.append(((out[-1][0] + 1) // 2, (out[-1][1] + 1) // 2))
    return out


def halved(pixels: Array) -> Array:
    """(H, W, C) -> (H / 2, W / 2, C), rounded up, of the same type: means of two by two.

    The rest of an odd edge is a mean of one.  What is not finite is left out of its mean.
    """
    height, width, channels = pixels.shape
    if pixels.dtype == np.uint8 and channels in (1, 3):
        small = np.asarray(PIL.Image.fromarray(pixels[..., 0] if channels == 1 else pixels).reduce(2))
        return small.reshape(*small.shape[:2], channels)
    padded = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    corners = [padded[y::2, x::2] for y in (0, 1) for x in (0, 1)]
    kind = np.float32 if pixels.dtype.itemsize <= 2 else np.float64
    total = np.zeros(corners[0].shape, kind)
    if pixels.dtype.kind != "f":
        for corner in corners:
            total += corner
        return (total / 4).round().astype(pixels.dtype)
    known = np.zeros(corners[0].shape, np.uint8)
    for corner in corners:
        finite = np.isfinite(corner)
        known += finite
        np.add(total, corner, out=total, where=finite)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (total / known).astype(pixels.dtype)


class Pyramids:
    """Images that are looked at, whole or in tiles. The last asked for are kept decoded, within a limit of bytes."""

    def __init__(self, most: int = 800_000_000) -> None:
        self._most = most
        self._held: OrderedDict[_Name, list[Image]] = OrderedDict()
        self._small: tuple[_Name, Image] | None = None
        self._begun: _Name | None = None
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._reading_coarse = threading.Lock()

    def whole(self, sample: Sample, window: Window | None, *, rough: bool = False) -> tuple[bytes, str]:
        """All of an image as a browser shows it, and its media type.

        rough: a JPEG, which is made sooner, where the file's own bytes are not enough.
        Raises FormatError for images that are missing, broken, too large or of another size.
        """
        _allowed(sample)
        own = own_bytes(sample.image, window)
        if own is not None:
            return own
        pixels = displayed(self.image(sample), window)
        if rough:
            return _jpeg(PIL.Image.fromarray(pixels), quality=85), "image/jpeg"
        return png(pixels), "image/png"

    def image(self, sample: Sample) -> Image:
        """The image as it is. Raises FormatError as `whole`."""
        _allowed(sample)
        sizes = _sizes(sample.image.size) if levels(sample.image.size) else [sample.image.size]
        return self._read(sample, sizes)[0]

    def tile(self, sample: Sample, window: Window | None, level: int, column: int, row: int) -> bytes:
        """A JPEG of at most TILE x TILE pixels.

        Raises FormatError as `whole`, and for a tile that is not there.
        """
        _allowed(sample)
        sizes = _sizes(sample.image.size)
        if 0 <= level < len(sizes) and column >= 0 and row >= 0:
            image = self._level(sample, sizes, level)
            part = image.pixels[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            if part.size:
                shown = displayed(replace(image, pixels=np.ascontiguousarray(part)), window)
                return _jpeg(PIL.Image.fromarray(shown), quality=92, subsampling=0)
        raise FormatError(f"there is no tile {level}/{column}/{row}", file=sample.key)

    def _level(self, sample: Sample, sizes: list[Size], level: int) -> Image:
        name = _name(sample.image)
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
                return self._held[name][level]
        if level >= 3:
            small = self._coarse(name)
            if small is not None:
                self._ahead(sample, sizes)
                height, width = sizes[level]
                flat = PIL.Image.fromarray(small.pixels[..., 0] if len(small.channels) == 1 else small.pixels)
                fitting = np.asarray(flat.resize((width, height), PIL.Image.Resampling.BOX))
                return Image(fitting.reshape(height, width, -1), small.channels)
        return self._read(sample, sizes)[level]

    def _ahead(self, sample: Sample, sizes: list[Size]) -> None:
        """Decode in the background: what is looked at whole is soon looked at closely."""
        name = _name(sample.image)

        def read_it() -> None:
            with contextlib.suppress(FormatError):  # whoever asks for what cannot be read is told then
                self._read(sample, sizes)

        with self._lock:
            if self._begun == name:
                return
            self._begun = name
        threading.Thread(target=read_it, name="studio-tiles", daemon=True).start()

    def _coarse(self, name: _Name) -> Image | None:
        with self._reading_coarse:
            if self._small is None or self._small[0] != name:
                found = _eighth(*name[:2])
                self._small = None if found is None else (name, found)
            return None if self._small is None else self._small[1]

    def _read(self, sample: Sample, sizes: list[Size]) -> list[Image]:
        name = _name(sample.image)
        with self._reading:  # one at a time: two such images at once may be more than there is memory for
            with self._lock:
                if name in self._held:
                    self._held.move_to_end(name)
                    return self._held[name]
            found = [read(sample.image)]
            for _ in sizes[1:]:
                found.append(replace(found[-1], pixels=halved(found[-1].pixels)))
            with self._lock:
                self._held[name] = found
                while len(self._held) > 1 and self._bytes() > self._most:
                    self._held.popitem(last=False)
            return found

    def _bytes(self) -> int:
        return sum(image.pixels.nbytes for held in self._held.values() for image in held)
