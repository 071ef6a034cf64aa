"""One bitmap an instance, as the 2018 Data Science Bowl has them: ID/images/ID.png and ID/masks/*.png.

The file name of a mask is of no meaning there.  Sets written here name masks z-id-class.png, so that everything
but crowd flags, scores and attributes comes back.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import confined
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import (
    Loss,
    Reading,
    common_losses,
    image_files,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._rasters import fitting, opened
from maskwright.media import Description, describe

LOSES = frozenset({"crowd", "score", "attributes", "area", "source", "weight", "fields"})

_NAME = re.compile(r"(\d+)-(-?\d+)-(-?\d+)")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with ID/images and ID/masks."""
    return 0.85 if path.is_dir() and next(_folders(path), None) is not None else 0.0


def _folders(path: Path) -> Iterator[Path]:
    """Folders that hold images/ with exactly one image; masks/ may be missing where nothing is labelled."""
    for images in sorted(path.rglob("images")):
        if images.is_dir() and (images.parent / "masks").is_dir() and images.parent != path:
            yield images.parent


def read(path: Path, *, class_name: str = "object") -> Reading:
    """class_name: what the objects are, where the set does not say. Pixels without a mask are background."""
    about = read_about(path)
    if about is not None:
        classes = about.classes
    else:
        classes = Classes(
            [
                Class(0, "background", "stuff", "background", (0, 0, 0)),
                Class(1, class_name, "thing", colour=(64, 160, 255)),
            ]
        )
    folders = list(_folders(path))
    if not folders:
        raise FormatError("no folder with images/ and masks/ below this", file=path)

    def samples() -> Iterator[Sample]:
        for folder in folders:
            images = image_files(folder / "images")
            if len(images) != 1:
                raise FormatError(f"holds {len(images)} images", file=folder / "images", needed="exactly one")
            about_image = describe(images[0])
            key = folder.relative_to(path).as_posix()
            segments = _segments(folder / "masks", about_image, classes, described=about is not None)
            split = about.splits.get(key) if about else None
            yield Sample(key, ImageRef(str(images[0]), segments.size), segments, split=split)

    return Reading(classes, unique_keys(samples()), len(folders))


def _segments(folder: Path, about_image: Description, classes: Classes, *, described: bool) -> Segments:
    masks, ids, class_ids = [], [], []
    default = next(class_.id for class_ in classes if class_.role == "class")
    for number, file in enumerate(image_files(folder), 1):
        with opened(file, "mask") as image:
            pixels = fitting(_drawn(image), about_image, file)
        name = _NAME.fullmatch(file.stem) if described else None
        masks.append(Masks.encode(pixels[None]))
        ids.append(int(name[2]) if name else number)
        class_ids.append(int(name[3]) if name else default)
        if class_ids[-1] not in classes:
            raise FormatError(f"has the unknown class {class_ids[-1]}", file=file)
    return Segments(Masks.concatenate(masks, about_image.size), class_ids, ids=ids)


def _drawn(image: Any) -> Array:
    """(H, W) bool: where a bitmap is not black.

    Where alpha differs, that is what shows of it: at least half opaque, and not black unless nothing is anything else.
    """
    if "A" not in image.mode and "transparency" not in image.info:
        drawn: Array = np.asarray(image.convert("L") if image.mode not in ("L", "1", "I;16", "I") else image) != 0
        return drawn
    values = np.asarray(image.convert("RGBA"))
    coloured = np.asarray(values[..., :3].any(axis=2))
    if (values[..., 3] == values[0, 0, 3]).all():
        return coloured
    shown = np.asarray(values[..., 3] >= 128)
    both: Array = shown & coloured
    return both if both.any() else shown


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """images: copy or link; the layout needs them."""
    from PIL import Image

    splits = {}
    for sample in unique_keys(samples):
        put_image(sample, folder, f"{sample.key}/images/{Path(sample.key).name}{suffix_of(sample)}", images)
        confined(folder, f"{sample.key}/masks").mkdir(parents=True, exist_ok=True)  # also where there is no mask
        for i, mask in enumerate(sample.segments.masks):
            name = f"{i:05d}-{sample.segments.ids[i]}-{sample.segments.class_ids[i]}.png"
            target = new_file(folder, f"{sample.key}/masks/{name}")
            Image.fromarray(mask.decode().view(np.uint8) * 255).save(target)
        splits[sample.key] = sample.split
    write_about(folder, "bitmaps", classes, splits)
