"""Label Studio's coding of brush strokes, and its bitmasks."""

import base64
import binascii
import io

import numpy as np

from maskwright.core.arrays import Size
from maskwright.core.mask import Mask
from maskwright.formats._runs import to_row_major


def brush_decode(stream: object, size: tuple[int, int]) -> Mask:
    """A mask from Label Studio's brush coding: whole numbers 0 … 255. Raises ValueError for a broken stream.

    stream: of whole numbers.  What is not wholly transparent is in, as in Label Studio's export to COCO
    (`brush_to_coco.generate_contour_from_rle`).
    """
    from maskwright.formats.kernels import brush

    data = np.asarray(stream, np.int64)
    if data.ndim != 1 or ((data < 0) | (data > 255)).any() or data.size < 7:
        raise ValueError("the brush stream is not a list of bytes")
    number = brush.bits(data.astype(np.uint8), 0, 32)
    pixels = size[0] * size[1]
    if number not in (pixels, 4 * pixels):
        raise ValueError(f"the brush stream holds {number} bytes; {size[0]} x {size[1]} needs {4 * pixels}")
    out = np.zeros(number, np.uint8)
    if not brush.decode(data.astype(np.uint8), out):
        raise ValueError("the brush stream is cut short or garbled")
    alpha = out.reshape(*size, -1)[..., -1]
    return Mask.encode(np.ascontiguousarray(alpha))


def brush_encode(mask: Mask) -> list[int]:
    """The other way, as Label Studio's own converter writes it: four equal bytes a pixel."""
    from maskwright.formats.kernels import brush

    lengths = to_row_major(mask)
    values = np.where(np.arange(lengths.size) % 2, 255, 0)
    keep = lengths > 0
    stream: list[int] = brush.encode(values[keep], lengths[keep], 4).tolist()
    return stream


def bitmask_decode(address: object, size: Size) -> Mask:
    """A mask from the data URL of an image: what is not wholly transparent, or not black where nothing is transparent.

    Raises ValueError for anything else, and for an image of another size.
    """
    from PIL import Image

    text = str(address)
    head, _, body = text.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        raise ValueError("a bitmask is not a data URL of an image")
    try:
        with Image.open(io.BytesIO(base64.b64decode(body, validate=True))) as image:
            if (image.height, image.width) != size:
                raise ValueError(f"a bitmask is {image.height} x {image.width}, the image {size[0]} x {size[1]}")
            pixels = np.asarray(image.convert("RGBA"))
    except (binascii.Error, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"a bitmask cannot be decoded ({error})") from None
    seen = pixels[..., 3] > 0
    return Mask.encode(seen if not seen.all() else pixels[..., :3].any(axis=2))
