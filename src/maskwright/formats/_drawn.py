"""Whether images are label maps by what they hold: few values in whole areas, as nothing that was photographed has."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from maskwright.core.arrays import Array
from maskwright.formats._listing import Listing
from maskwright.formats._roles import IMAGE, LABEL, all_words, strength
from maskwright.media import is_image_file

#: Kinds of files that keep values as they are.
_EXACT = (".png", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".npy")
#: So many values or colours are few; so much of the pixels side by side are equal where they are in areas.
VALUES, _COLOURS, FLAT = 24, 64, 0.7
#: Larger ones are not opened; so many files tell of all.
_LARGEST, _OPENED = 2**24, 12
#: A folder that is called images, photos or frames as surely as this holds them.
_CERTAIN = 1.0


def is_drawn(file: Path) -> bool | None:
    """Whether a file is a label map rather than a photo; None of one value alone, and of one that cannot be read."""
    from PIL import Image

    if not file.name.lower().endswith(_EXACT):
        return False
    try:
        if file.suffix.lower() == ".npy":
            values = np.load(file, mmap_mode="r", allow_pickle=False)
            if values.ndim != 2 or values.dtype.kind not in "bui" or values.size > _LARGEST:
                return False
        else:
            with Image.open(file) as image:
                if image.size[0] * image.size[1] > _LARGEST or getattr(image, "n_frames", 1) > 1:
                    return False
                values = np.asarray(image)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return None
    if values.ndim == 3:
        values = values[..., :3].astype(np.int64) @ (1 << 8 * np.arange(min(3, values.shape[2])))
    elif values.dtype.kind not in "bui":
        return False
    return _has_few(values, _COLOURS if values.dtype == np.int64 else VALUES)


def _has_few(values: Array, most: int) -> bool | None:
    number = len(np.unique(values))
    if number < 2:
        return None
    return bool(number <= most and values.shape[1] > 1 and flatness(values) > FLAT)


def flatness(values: Array) -> float:
    """How much of the pixels of (H, W) values, two or more wide, equal the one to their right, 0 to 1."""
    return float((values[:, 1:] == values[:, :-1]).mean())


def all_drawn(folder: Path, listing: Listing) -> bool:
    """Whether the images below a folder are label maps, by a dozen of them, and no name says that they are images."""
    files = listing.where(folder, is_image_file)
    if not files:
        return False
    looked = [files[len(files) * at // _OPENED] for at in range(_OPENED)] if len(files) > _OPENED else files
    if any(_says_images((folder.name, *file.relative_to(folder).parts[:-1])) for file in looked):
        return False
    found = [is_drawn(file) for file in looked]
    return any(found) and False not in found


def _says_images(names: Sequence[str]) -> bool:
    found = all_words(names)
    return strength(found, IMAGE) >= _CERTAIN and not strength(found, LABEL)
