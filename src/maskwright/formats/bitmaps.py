"""One bitmap an instance, as the 2018 Data Science Bowl has them: ID/images/ID.png and ID/masks/*.png.

The file name of a mask is of no meaning there.  Sets written here name masks z-id-class.png, so that everything
but crowd flags, scores and attributes comes back.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import confined, shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _listing
from maskwright.formats._aside import Aside
from maskwright.formats._contract import (
    Loss,
    Reading,
    Sure,
    common_losses,
    image_files,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._plausible import Noted
from maskwright.formats._rasters import fitting, opened
from maskwright.media import Description, describe

LOSES = frozenset({"crowd", "score", "attributes", "area", "source", "weight", "fields"})

_NAME = re.compile(r"(\d+)-(-?\d+)-(-?\d+)")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: folders with one image each, and masks of other names."""
    if not path.is_dir():
        return 0.0
    folders = list(islice(_folders(path), 5))
    if any(map(_is_of_one_image, folders)):
        return Sure(0.88, "ID/images with one image each, and ID/masks")
    return 0.4 if folders else 0.0  # reading it says what is wrong, unless another format fits


def _is_of_one_image(folder: Path) -> bool:
    """Whether a folder is of one image and masks of its objects, rather than of images and one mask for each."""
    images, masks = image_files(folder / "images"), image_files(folder / "masks")
    if len(images) != 1:
        return False
    return images[0].stem == folder.name or not (len(masks) == 1 and masks[0].stem.startswith(images[0].stem))


def _folders(path: Path) -> Iterator[Path]:
    """Folders that hold images/ with exactly one image, and masks/."""
    homes = (Path(home) for home, inner, _ in _listing.current().folders(path) if {"images", "masks"} <= set(inner))
    yield from sorted(home for home in homes if home != path)


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

    aside = _aside.current()

    def sample_of(folder: Path) -> Sample:
        images = image_files(folder / "images")
        if len(images) != 1:
            raise FormatError(f"holds {len(images)} images", file=folder / "images", needed="exactly one")
        about_image = describe(images[0])
        key = folder.relative_to(path).as_posix()
        segments = _segments(folder / "masks", about_image, classes, aside, described=about is not None)
        split = about.splits.get(key) if about else None
        return Sample(key, ImageRef(str(images[0]), segments.size), segments, split=split)

    homes = {home.parent for name in ("images", "masks") for home in path.rglob(name) if home.is_dir()}
    lone = {name: [home.relative_to(path).as_posix() for home in sorted(homes - {path}) if not (home / name).is_dir()]
            for name in ("images", "masks")}  # fmt: skip
    bare = [folder.relative_to(path).as_posix() for folder in folders if not image_files(folder / "masks")]
    notes: list[str] = [
        Noted(
            f"{len(names)} folders hold no {name}/ and were left out, such as {shown(names[0])}",
            "labels without an image" if name == "images" else "images without labels", len(names), shown(names[0]),
        )
        for name, names in lone.items() if names
    ]  # fmt: skip
    if bare:
        notes.append(f"{len(bare)} images have no mask, such as {shown(bare[0])}, and are without objects")
    samples = aside.samples(folders, sample_of, lambda folder: (folder, None))
    return Reading(classes, samples, len(folders), notes)


def _segments(folder: Path, about_image: Description, classes: Classes, aside: Aside, *, described: bool) -> Segments:
    """Of the bitmaps in a folder; broken ones are put aside."""
    masks, ids, class_ids = [], [], []
    default = next(class_.id for class_ in classes if class_.role == "class")
    for number, file in enumerate(image_files(folder), 1):
        with aside.record(file):
            with opened(file, "mask") as image:
                pixels = fitting(_drawn(image), about_image, file)
            name = _NAME.fullmatch(file.stem) if described else None
            class_id = int(name[3]) if name else default
            if class_id not in classes:
                raise FormatError(f"has the unknown class {class_id}", file=file)
            masks.append(Masks.encode(pixels[None]))
            ids.append(int(name[2]) if name else number)
            class_ids.append(class_id)
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
