"""Images as the browser gets them: of a fixed type, by number, never by path."""

import contextlib
import threading
from collections import OrderedDict
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from maskwright.core.arrays import U8, Size
from maskwright.core.sample import Sample
from maskwright.errors import FormatError
from maskwright.media.images import read

#: Formats that every browser shows as they are.
PLAIN = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MOST_PIXELS = 300_000_000
MOST_BYTES = 2 * 2**30
THUMB = 160
TILE = 512
#: Images of more pixels than this are sent in tiles, of the size and the place that the window shows.
WHOLE = 16_000_000


def file_for_browsers(sample: Sample) -> tuple[bytes, str]:
    """-> bytes and media type. Raises FormatError for images that are missing, broken, too large or of another size."""
    _allowed(sample)
    height, width = sample.image.size
    path = Path(sample.image.uri)
    try:
        with Image.open(path) as image:
            # Turned by EXIF, a browser would show it otherwise than the masks lie.
            turned = image.getexif().get(274, 1) != 1
            plain = image.format in PLAIN and image.mode in ("RGB", "L", "P") and not turned
            if plain and image.size == (width, height):
                return path.read_bytes(), PLAIN[str(image.format)]
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        pass  # reading it below says what is wrong, or can read it
    out = BytesIO()
    Image.fromarray(read(sample.image).display()).save(out, "PNG", compress_level=1)
    return out.getvalue(), "image/png"


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


@lru_cache(maxsize=2000)
def thumbnail(uri: str, size: tuple[int, int]) -> bytes:
    """A small JPEG."""
    with BytesIO() as out:
        small = _eighth(uri, size) if min(size) >= 8 * THUMB else None
        image = Image.fromarray(read(uri, expected=size).display() if small is None else small)
        image.thumbnail((THUMB, THUMB))
        image.save(out, "JPEG", quality=80)
        return out.getvalue()


def _eighth(uri: str, size: Size) -> U8 | None:
    """A JPEG at an eighth of its size, in a fraction of the time; None for other files, and for broken ones."""
    try:
        with Image.open(uri) as image:
            if image.format != "JPEG" or image.mode not in ("RGB", "L") or image.size != (size[1], size[0]):
                return None
            image.draft("RGB", (-(-size[1] // 8), -(-size[0] // 8)))
            if image.width > size[1] // 4:
                return None
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
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


class Pyramids:
    """Tiles of large images. The last images asked for are kept decoded, within a limit of bytes."""

    def __init__(self, most: int = 800_000_000) -> None:
        self._most = most
        self._held: OrderedDict[tuple[str, Size], list[U8]] = OrderedDict()
        self._small: tuple[tuple[str, Size], U8] | None = None
        self._begun: tuple[str, Size] | None = None
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._reading_coarse = threading.Lock()

    def tile(self, sample: Sample, level: int, column: int, row: int) -> bytes:
        """A JPEG of at most TILE x TILE pixels.

        Raises FormatError as `file_for_browsers`, and for a tile that is not there.
        """
        _allowed(sample)
        sizes = _sizes(sample.image.size)
        if 0 <= level < len(sizes) and column >= 0 and row >= 0:
            part = self._level(sample, sizes, level)[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            if part.size:
                with BytesIO() as out:
                    Image.fromarray(np.ascontiguousarray(part)).save(out, "JPEG", quality=92, subsampling=0)
                    return out.getvalue()
        raise FormatError(f"there is no tile {level}/{column}/{row}", file=sample.key)

    def _level(self, sample: Sample, sizes: list[Size], level: int) -> U8:
        name = (sample.image.uri, sample.image.size)
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
                return self._held[name][level]
        if level >= 3:
            small = self._coarse(name)
            if small is not None:
                self._ahead(sample, sizes)
                height, width = sizes[level]
                return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BOX))
        return self._read(sample, sizes)[level]

    def _ahead(self, sample: Sample, sizes: list[Size]) -> None:
        """Decode in the background: what is looked at whole is soon looked at closely."""
        name = (sample.image.uri, sample.image.size)

        def read() -> None:
            with contextlib.suppress(FormatError):  # whoever asks for what cannot be read is told then
                self._read(sample, sizes)

        with self._lock:
            if self._begun == name:
                return
            self._begun = name
        threading.Thread(target=read, name="studio-tiles", daemon=True).start()

    def _coarse(self, name: tuple[str, Size]) -> U8 | None:
        with self._reading_coarse:
            if self._small is None or self._small[0] != name:
                found = _eighth(*name)
                self._small = None if found is None else (name, found)
            return None if self._small is None else self._small[1]

    def _read(self, sample: Sample, sizes: list[Size]) -> list[U8]:
        name = (sample.image.uri, sample.image.size)
        with self._reading:  # one at a time: two such images at once may be more than there is memory for
            with self._lock:
                if name in self._held:
                    return self._held[name]
            found = [read(sample.image).display()]
            for _ in sizes[1:]:
                # Means of two by two; the rest of an odd edge is a mean of one.
                found.append(np.asarray(Image.fromarray(found[-1]).reduce(2)))
            with self._lock:
                self._held[name] = found
                while len(self._held) > 1 and self._bytes() > self._most:
                    self._held.popitem(last=False)
            return found

    def _bytes(self) -> int:
        return sum(item.nbytes for held in self._held.values() for item in held)
