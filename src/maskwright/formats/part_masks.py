"""A mask a part, read only: for 7.jpg the files 00007_hair.png, 00007_skin.png and so on, as CelebAMask-HQ has them.

Layout: https://github.com/switchablenorms/CelebAMask-HQ.  Images lie in CelebA-HQ-img/, masks in numbered folders of
CelebAMask-HQ-mask-anno/ and are half as large; parts overlap, as the skin and the eyes.  Masks of other names are read
alike where the format is named.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _listing
from maskwright.formats._aside import Aside, current
from maskwright.formats._class_folders import drawn
from maskwright.formats._contract import Reading, image_files
from maskwright.formats._pairs import alone, label_files
from maskwright.formats._scaling import Scaling
from maskwright.media import Description, describe

LOSES: frozenset[str] = frozenset()

#: CelebAMask-HQ's parts, numbered from 1 on as by its own tools.
PARTS = ("skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear", "mouth", "u_lip", "l_lip",
         "hair", "hat", "ear_r", "neck_l", "neck", "cloth")  # fmt: skip
_KNOWN = re.compile(rf"\d+_({'|'.join(PARTS)})\.png")
#: So many files are looked at; there must be so many parts among them.
_LOOKED_AT, _LEAST = 500, 2


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: masks called as CelebAMask-HQ's parts, and photos."""
    if not path.is_dir():
        return 0.0
    listing = _listing.current()
    found = [_KNOWN.fullmatch(file.name) for file in islice(listing.of_kind(path, ".png"), _LOOKED_AT)]
    parts = {match[1] for match in found if match}
    known = 2 * sum(match is not None for match in found) > len(found) and len(parts) >= _LEAST
    return 0.93 if known and any(file.stem.isdigit() for file in listing.of_kind(path, ".jpg")[:_LOOKED_AT]) else 0.0


def read(path: Path, *, images: str | None = None, labels: str | None = None) -> Reading:
    """images, labels: folders below `path`; else masks are all files that are called as an image and something more,
    and images those of the folder that most masks are called after.

    A mask that is smaller or larger than its image and of its shape is scaled, which a note says.
    """
    masks = label_files(path / (labels or "."))
    by_name = _images(path / (images or "."), masks, path)
    found: dict[Path, dict[str, Path]] = {}
    lone: list[str] = []
    taken = set(by_name.values())
    for file in masks:
        image, part = _named(file, by_name)
        if image is not None:
            found.setdefault(image, {})[part] = file
        elif file not in taken:
            lone.append(file.relative_to(path).as_posix())
    if not found:
        raise FormatError(
            "no mask is called as an image and a part", file=path, needed="such as 00007_hair.png for 7.jpg",
            todo="Name the folders with -o images=FOLDER -o labels=FOLDER.",
        )  # fmt: skip
    classes = _classes({part for parts in found.values() for part in parts})
    notes = [
        f"a file a part: {', '.join(class_.name for class_ in classes if class_.id)}; pixels in none are background"
    ]
    notes += alone([image.relative_to(path).as_posix() for image in sorted(taken - found.keys())], lone)
    scaling = Scaling(asked=True)
    aside = current()

    def sample_of(image: Path) -> Sample:
        about = describe(image)
        segments = _segments(found[image], image, about, classes, scaling, aside)
        return Sample(image.stem, ImageRef(str(image), about.size), segments)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(sorted(found, key=_order), sample_of, lambda image: (image, None))
        notes.extend(scaling.notes())

    return Reading(classes, samples(), len(found), notes)


def _order(image: Path) -> tuple[Path, int, str]:
    """By number where names are numbers."""
    return image.parent, int(image.stem) if image.stem.isdecimal() else -1, image.stem


def _plain(name: str) -> str:
    """A number without leading zeros; another name as it is."""
    return str(int(name)) if name.isascii() and name.isdigit() else name


def _images(home: Path, masks: list[Path], path: Path) -> dict[str, Path]:
    """The images of the folder that most masks are called after, by their plain names.

    Raises FormatError where that are several folders.
    """
    folders: dict[Path, dict[str, Path]] = {}
    for image in image_files(home):
        folders.setdefault(image.parent, {}).setdefault(_plain(image.stem), image)
    some = masks[:: max(1, len(masks) // _LOOKED_AT)]
    called = {
        folder: sum(_named(file, names)[0] is not None and file.parent != folder for file in some)
        for folder, names in folders.items()
    }
    most = max(called.values(), default=0)
    best = sorted(folder for folder, number in called.items() if number == most and most)
    if len(best) > 1:
        told = " and ".join(folder.relative_to(path).as_posix() for folder in best[:2])
        raise FormatError(
            f"masks are called after the images of {told} alike", file=path, needed="one folder of images",
            todo="Name it with -o images=FOLDER.",
        )  # fmt: skip
    return folders[best[0]] if best else {}


def _named(file: Path, by_name: dict[str, Path]) -> tuple[Path | None, str]:
    """The image that a mask is called after, by the longest name that fits, and the part; None for none."""
    name = file.stem
    for found in reversed(list(re.finditer("_", name))):
        image = by_name.get(_plain(name[: found.start()]))
        if image is not None and found.end() < len(name):
            return image, name[found.end() :]
    return None, ""


def _classes(parts: set[str]) -> Classes:
    """Background, and the parts there are: numbered as CelebAMask-HQ numbers them, or else by name."""
    names = PARTS if parts <= set(PARTS) else sorted(parts)
    rows = [Class(number, name, "stuff") for number, name in enumerate(names, 1) if name in parts]
    return Classes([Class(0, "background", "stuff", "background", (0, 0, 0)), *rows])


def _segments(
    files: dict[str, Path], image: Path, about: Description, classes: Classes, scaling: Scaling, aside: Aside
) -> Segments:
    """A segment a part, in the order of the classes. scaling: lays masks over the image.  aside: takes broken ones."""
    masks, class_ids = [], []
    for part, file in files.items():
        with aside.record(file):
            mask = Masks.encode(scaling.fit(drawn(file, image), about, file)[None])
            if mask.areas()[0]:
                masks.append(mask)
                class_ids.append(classes[part].id)
    order = sorted(range(len(masks)), key=lambda place: class_ids[place])
    return Segments(
        Masks.concatenate([masks[place] for place in order], about.size), [class_ids[place] for place in order]
    )
