"""Label images: integers or colours as their files have them."""

import gzip
import io
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.core.classes import Classes
from maskwright.errors import FormatError
from maskwright.media import Description, orientation

Colour = tuple[int, int, int]

#: What NumPy raises for a broken .npy or .npz: headers are Python's own text, and are read as such.
_BROKEN = (
    OSError, ValueError, EOFError, KeyError, TypeError, SyntaxError, NotImplementedError, tokenize.TokenError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read_raster(file: Path) -> tuple[Array, dict[int, Colour]]:
    """(H, W) integers, or (H, W, 3) uint8 colours, as the file has them; and its palette.

    What alpha hides is 0.  Raises FormatError, naming the file, for one that is missing, broken, holds fractions or
    shows something through.
    """
    with opened(file, "label map") as image:
        return values_of(image, file)


def values_of(image: Any, file: Path) -> tuple[Array, dict[int, Colour]]:
    """What `read_raster` gives, of an image that Pillow has opened."""
    image.load()
    if image.mode == "P":
        flat = image.getpalette() or []
        return np.asarray(image), {i // 3: (flat[i], flat[i + 1], flat[i + 2]) for i in range(0, len(flat) - 2, 3)}
    if image.mode == "RGB":
        return np.asarray(image), {}
    if image.mode in ("RGBA", "LA"):
        values, alpha = np.asarray(image)[..., :-1], np.asarray(image)[..., -1]
        return _seen(values if image.mode == "RGBA" else values[..., 0], alpha, file), {}
    if image.mode == "F":
        return whole_numbers(np.asarray(image), file), {}
    return np.asarray(image).astype(np.uint8 if image.mode in ("L", "1") else np.int64), {}


def _seen(values: Array, alpha: Array, file: Path) -> Array:
    """Values where alpha is the same everywhere; else 0 where it is 0. Raises FormatError for what is half seen."""
    found = np.unique(alpha)
    if len(found) == 1:
        return values
    if len(found) > 2 or found[0] != 0:
        raise FormatError(
            f"holds {len(found)} degrees of transparency", file=file, needed="labels that are seen or not",
            todo="Save it without smooth edges, or without alpha.",
        )  # fmt: skip
    seen: Array = np.where((alpha == 0)[..., None] if values.ndim == 3 else alpha == 0, 0, values).astype(values.dtype)
    return seen


@contextmanager
def opened(source: Path | bytes, what: str) -> Iterator[Any]:
    """An image of labels, from a file or from bytes inside one. Raises FormatError for one that is none, or huge."""
    from PIL import Image, UnidentifiedImageError

    file = None if isinstance(source, bytes) else source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of broken tags, which no label needs
            found = Image.open(_readable(source))
        with found as image:
            yield image
    except FileNotFoundError:
        raise FormatError("the label is not there", file=file) from None
    except (
        UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, zlib.error, Image.DecompressionBombError
    ) as error:  # fmt: skip
        raise FormatError(f"not a readable {what} ({error})", file=file) from None


def _readable(source: Path | bytes) -> Any:
    """What Pillow opens: the file, its unpacked content where gzip packed it, or the bytes."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    return gzip.open(source) if source.suffix.lower() == ".gz" else source


def load_array(file: Path) -> Array:
    """The array of a .npy file, or the only one of a .npz, as it is. Raises FormatError; pickles are not read."""
    try:
        values: Any = np.load(file, allow_pickle=False)
        if isinstance(values, np.lib.npyio.NpzFile):
            with values as archive:
                if len(archive.files) != 1:
                    raise FormatError(f"holds the arrays {', '.join(archive.files)}", file=file, needed="exactly one")
                values = archive[archive.files[0]]
    except FileNotFoundError:
        raise FormatError("the label is not there", file=file) from None
    except _BROKEN as error:
        raise FormatError(f"not a readable array ({error})", file=file) from None
    found: Array = np.asarray(values)
    return found


def read_array(file: Path) -> Array:
    """(H, W) integers of a .npy file, or of the only array of a .npz. Raises FormatError; pickles are not read."""
    values = load_array(file)
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[-1]):
        values = values[0] if values.shape[0] == 1 else values[..., 0]
    if values.ndim != 2 or values.dtype.kind not in "buif":
        raise FormatError(f"holds {values.dtype} of shape {values.shape}", file=file, needed="(H, W) numbers")
    return whole_numbers(np.ascontiguousarray(values), file)


def read_map(file: Path, image: Description | Size | None = None) -> Array:
    """(H, W) integers, as `fitting` lays them. Raises FormatError for colours, and for another size than the image."""
    values, _ = read_raster(file)
    if values.ndim == 3:
        if not (values == values[..., :1]).all():
            raise FormatError("holds colours", file=file, needed="one number a pixel")
        values = values[..., 0]
    return values if image is None else fitting(values, image, file)


def fitting(values: Array, image: Description | Size, file: Path) -> Array:
    """Values over the image as it is shown: the same, or turned with the raster where they are of its size.

    image: what it is, or the size (height, width) that a file states.  Raises FormatError for values of another size.
    """
    size = image.size if isinstance(image, Description) else image
    if values.shape[:2] == size:
        return values
    if isinstance(image, Description) and values.shape[:2] == image.stored_size:
        return np.ascontiguousarray(orientation.apply(values, image.orientation))
    if values.shape[:2] == size[::-1]:
        raise FormatError(
            f"the label is {values.shape[0]} x {values.shape[1]}, its image turned: axes are (width, height)",
            file=file, needed=f"{size[0]} x {size[1]} (height x width)", todo="Transpose it: array.T.",
        )  # fmt: skip
    raise FormatError(
        f"the label is {values.shape[0]} x {values.shape[1]}", file=file,
        needed=f"its image is {size[0]} x {size[1]} (height x width)",
    )  # fmt: skip


def whole_numbers(values: Array, file: Path) -> Array:
    """Floating values that are whole, as int64. Raises FormatError for others."""
    if np.issubdtype(values.dtype, np.floating):
        if not (np.abs(values) < 2**53).all() or (values != np.floor(values)).any():
            if values.size and values.min() >= 0 and values.max() <= 1:
                raise FormatError(
                    "holds fractions between 0 and 1, such as probabilities", file=file,
                    needed="one whole number a pixel", todo="Cut them first, such as by array > 0.5.",
                )  # fmt: skip
            raise FormatError("holds fractions or no numbers", file=file, needed="one whole number a pixel")
        return values.astype(np.int64)
    return values.astype(np.uint8) if values.dtype == np.bool_ else values


def packed(pixels: Array) -> Array:
    """(H, W, 3) colours -> (H, W) int64 r * 65536 + g * 256 + b."""
    wide = pixels.astype(np.int64)
    out: Array = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    return out


def unpacked(code: int) -> Colour:
    return code >> 16, code >> 8 & 255, code & 255


def write_raster(file: Path, values: Array, palette: Array | None = None) -> None:
    """A PNG of values and palette as `png` takes them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(png(values, palette))


def png(values: Array, palette: Array | None = None) -> bytes:
    """values: (H, W) uint8 or uint16, or (H, W, 3) uint8.  palette: (256, 3); uint8 values are then indexed."""
    from PIL import Image

    image = Image.fromarray(values)
    if palette is not None and values.dtype == np.uint8:
        image.putpalette(palette.reshape(-1).tolist())
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def palette_of(classes: Classes) -> Array:
    """(256, 3) uint8: the colour of each class id below 256."""
    out = np.zeros((256, 3), np.uint8)
    colours = classes.colours()
    for index, class_ in enumerate(member for member in classes if member.role != "ignore"):
        if 0 <= class_.id < 256:
            out[class_.id] = colours[index]
    return out


def voc_palette() -> Array:
    """(256, 3) uint8: Pascal VOC's colours, in which the bits of a label are dealt out to red, green and blue."""
    labels = np.arange(256)
    out = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            out[:, channel] |= ((labels >> (3 * bit + channel) & 1) << (7 - bit)).astype(np.uint8)
    return out
