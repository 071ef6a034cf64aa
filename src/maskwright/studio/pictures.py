"""Images as the browser gets them: of a fixed type, by number, never by path."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from maskwright.core.sample import Sample, read_image
from maskwright.errors import FormatError

#: Formats that every browser shows as they are.
PLAIN = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MOST_PIXELS = 300_000_000
THUMB = 160


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
        pixels = read_image(uri, expected=size)
        image = Image.fromarray(pixels)
        image.thumbnail((THUMB, THUMB))
        image.save(out, "JPEG", quality=80)
        return out.getvalue()
