"""Images as the browser gets them: of a fixed type, by number, never by path."""

import threading
from collections import OrderedDict
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from maskwright.core.arrays import U8, Size
from maskwright.core.sample import Sample, read_image
from maskwright.errors import FormatError

#: Formats that every browser shows as they are.
PLAIN = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MOST_PIXELS = 300_000_000
THUMB = 160
TILE = 512
#: Images of more pixels than this are sent in tiles, of the size and the place that the window shows.
WHOLE = 16_000_000


def picture(sample: Sample) -> tuple[bytes, str]:
    """-> bytes and media type. Raises FormatError for images that are missing, broken, too large or of another size."""
    height, width = sample.image.size
    if height * width > MOST_PIXELS:
        raise FormatError(
            f"the image has {height * width:,} pixels", file=sample.key, needed=f"at most {MOST_PIXELS:,}"
        )
    path = Path(sample.image.uri)
    try:
        with Image.open(path) as image:
            # Turned by EXIF, a browser would show it otherwise than the masks lie.
            turned = image.getexif().get(274, 1) != 1
            plain = image.format in PLAIN and image.mode in ("RGB", "L", "P") and not turned
            if plain and image.size == (width, height):
                return path.read_bytes(), PLAIN[str(image.format)]
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        pass  # read_image says what is wrong, or can read it
    out = BytesIO()
    Image.fromarray(read_image(sample.image.uri, expected=sample.image.size)).save(out, "PNG", compress_level=1)
    return out.getvalue(), "image/png"


@lru_cache(maxsize=2000)
def thumbnail(uri: str, size: tuple[int, int]) -> bytes:
    """A small JPEG."""
    with BytesIO() as out:
        image = Image.fromarray(read_image(uri, expected=size))
        image.thumbnail((THUMB, THUMB))
        image.save(out, "JPEG", quality=80)
        return out.getvalue()


def levels(size: Size) -> int:
    """How many sizes of the image there are in tiles: each half of the one before, the last at most one tile; 0 for
    images that are sent whole.
    """
    if size[0] * size[1] <= WHOLE:
        return 0
    count = 1
    longest = max(size)
    while longest > TILE:
        longest = (longest + 1) // 2
        count += 1
    return count


class Pyramids:
    """Tiles of large images. The last images asked for are kept decoded, within a limit of bytes."""

    def __init__(self, most: int = 800_000_000) -> None:
        self._most = most
        self._held: OrderedDict[tuple[str, Size], list[U8]] = OrderedDict()
        self._lock = threading.Lock()

    def tile(self, sample: Sample, level: int, column: int, row: int) -> bytes:
        """A JPEG of at most TILE x TILE pixels. Raises FormatError as `picture`, and for a tile that is not there."""
        pixels = self._levels(sample)
        if 0 <= level < len(pixels) and column >= 0 and row >= 0:
            part = pixels[level][row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            if part.size:
                with BytesIO() as out:
                    Image.fromarray(np.ascontiguousarray(part)).save(out, "JPEG", quality=92, subsampling=0)
                    return out.getvalue()
        raise FormatError(f"there is no tile {level}/{column}/{row}", file=sample.key)

    def _levels(self, sample: Sample) -> list[U8]:
        height, width = sample.image.size
        if height * width > MOST_PIXELS:
            raise FormatError(
                f"the image has {height * width:,} pixels", file=sample.key, needed=f"at most {MOST_PIXELS:,}"
            )
        name = (sample.image.uri, sample.image.size)
        with self._lock:
            if name not in self._held:
                pixels = read_image(sample.image.uri, expected=sample.image.size)
                found = [pixels]
                while len(found) < levels(sample.image.size):
                    found.append(_halved(found[-1]))
                self._held[name] = found
                while len(self._held) > 1 and self._bytes() > self._most:
                    self._held.popitem(last=False)
            self._held.move_to_end(name)
            return self._held[name]

    def _bytes(self) -> int:
        return sum(one.nbytes for held in self._held.values() for one in held)


def _halved(pixels: U8) -> U8:
    """Means of two by two; an odd edge keeps its last line."""
    image = Image.fromarray(pixels)
    return np.asarray(image.resize(((image.width + 1) // 2, (image.height + 1) // 2), Image.Resampling.BOX))
