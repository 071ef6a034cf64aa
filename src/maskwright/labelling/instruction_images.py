"""Images in what annotators are told: small, made anew from what was given, and kept in the dataset's own database.

An image is named by its content and never changes, so that the instructions of every revision keep theirs.
"""

import base64
import binascii
import hashlib
import io
import re
import warnings

import sqlalchemy as sql
from PIL import Image, ImageOps, UnidentifiedImageError

from maskwright.errors import DatasetError, UsageError
from maskwright.store import schema
from maskwright.store.dataset import Dataset

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_BYTES = 8 * 2**20  # of an image that is given
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 1600  # pixels; larger ones are made smaller
MOST_KEPT = 2**20  # bytes of an image that is kept
MOST_TOGETHER = 32 * 2**20  # bytes of all of them

_PREFIX = "instruction image "
_NAME = re.compile(r"[0-9a-f]{24}\.(png|jpg)\Z")
TYPES = {"png": "image/png", "jpg": "image/jpeg"}


def add(dataset: Dataset, data: bytes) -> str:
    """Keep an image -> its name, by which Markdown shows it: `![a cell](name)`.

    Nothing of the file comes in but its pixels.  The same image twice is kept once.  Raises UsageError for what is not
    an image, for one that is too large, and where all of them together are.
    """
    if len(data) > MOST_BYTES:
        raise UsageError(f"the image has {len(data) / 2**20:.1f} MiB", needed=f"at most {MOST_BYTES // 2**20}")
    content, suffix = _made_anew(data)
    name = f"{hashlib.sha256(content).hexdigest()[:24]}.{suffix}"
    table = schema.meta
    with dataset.database.writing() as connection:
        query = sql.select(table.c.name, sql.func.length(table.c.value)).where(table.c.name.startswith(_PREFIX))
        held = {row[0]: row[1] * 3 // 4 for row in connection.execute(query)}
        if _PREFIX + name in held:
            return name
        if sum(held.values()) + len(content) > MOST_TOGETHER:
            raise UsageError(
                f"the images of the instructions have {sum(held.values()) / 2**20:.1f} MiB together",
                needed=f"at most {MOST_TOGETHER // 2**20}", todo="Give a link to further ones.",
            )  # fmt: skip
        connection.execute(table.insert().values(name=_PREFIX + name, value=base64.b64encode(content).decode("ascii")))
    return name


def read(dataset: Dataset, name: str) -> tuple[bytes, str]:
    """An image by its name -> its bytes, and their media type.

    Raises UsageError for one that is not there, DatasetError for one that is damaged.
    """
    table = schema.meta
    found = None
    if _NAME.match(name):
        with dataset.database.reading() as connection:
            found = connection.execute(sql.select(table.c.value).where(table.c.name == _PREFIX + name)).scalar()
    if found is None:
        raise UsageError("the instructions have no such image", file=dataset.place)
    try:
        content = base64.b64decode(found, validate=True)
    except binascii.Error:
        content = b""
    if hashlib.sha256(content).hexdigest()[:24] != name[:24]:
        raise DatasetError("an image of the instructions is not what was written", file=dataset.place, record=name)
    return content, TYPES[name.rpartition(".")[2]]


def _made_anew(data: bytes) -> tuple[bytes, str]:
    """A file's bytes -> those of a PNG or JPEG that shows the same, and its suffix."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as given:
                if given.width * given.height > MOST_PIXELS:
                    raise UsageError(
                        f"the image has {given.width} x {given.height} pixels", needed=f"at most {MOST_PIXELS:,}"
                    )
                drawn = given.format in ("PNG", "GIF")
                upright = ImageOps.exif_transpose(given)
                image = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UsageError("the image has too many pixels", needed=f"at most {MOST_PIXELS:,}") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        raise UsageError("the file cannot be read as an image", needed=f"one of {', '.join(FORMATS)}") from None
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if drawn or image.mode == "RGBA":
        content = _saved(image, "PNG", optimize=True)
        if len(content) <= MOST_KEPT:
            return content, "png"
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    for quality in (88, 70, 50):
        content = _saved(flat, "JPEG", quality=quality, optimize=True)
        if len(content) <= MOST_KEPT:
            break
    return content, "jpg"


def _saved(image: Image.Image, format: str, **options: object) -> bytes:
    sink = io.BytesIO()
    image.save(sink, format, **options)
    return sink.getvalue()
