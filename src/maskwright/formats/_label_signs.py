"""What beside images looks like labels, whether a format knows them or not."""

import os
import re
from collections import Counter
from pathlib import Path

from maskwright.formats._contract import split_word
from maskwright.formats._drawn import all_drawn
from maskwright.formats._listing import Listing
from maskwright.media import is_image_file

#: Ends of files that hold labels of some kind.
_ENDS = (
    ".json", ".geojson", ".ndjson", ".jsonl", ".xml", ".csv", ".tsv", ".txt", ".mat", ".npz", ".parquet", ".yaml",
    ".yml", ".data", ".names", ".h5", ".hdf5", ".pkl", ".arrow",
)  # fmt: skip
#: Files that say something of images and are not labels.
_ASIDE = ("readme", "licen", "source", "credit", "attribution", "citation", "notice", "copying", "changelog", "md5",
          "sha", "checksum", "metadata", "robots", "requirements")  # fmt: skip
#: Words in the names of folders and files of label images.
WORDS = frozenset({
    "annot", "annotation", "annotations", "ann", "gt", "groundtruth", "ground", "label", "labels", "mask", "masks",
    "seg", "segmentation", "segmentations", "segmentationclass", "trimap", "trimaps", "labelids", "gtfine", "manual1",
    "annotated", "masked", "gts", "semantic", "stuffthingmaps", "pixelmaps", "panoptic", "labelmap", "labelmaps",
})  # fmt: skip

#: So many images are opened, of up to so many pixels; a photo has more values than these.
_OPENED, _LARGEST, _FEW = 12, 2**24, 8
_NUMBERED = re.compile(r"[\d_.-]+\.[a-z]+")


def signs_of_labels(folder: Path, listing: Listing) -> list[str]:
    """In words, such as "12 .json files"; nothing where there are images alone."""
    others: Counter[str] = Counter()
    masks: Counter[str] = Counter()
    samples: list[str] = []
    places: dict[str, set[str]] = {}
    images = twins = 0
    for home, _, names in listing.folders(folder):
        parts = Path(home).relative_to(folder).parts
        labels = next((part for part in parts if WORDS & words_of(part)), None)
        apart = "/".join(part for part in parts if split_word(part) is None)
        found = []
        for name in map(str.lower, names):
            stem, end = os.path.splitext(name)  # noqa: PTH122 - one for each file
            if not is_image_file(name):
                if name.endswith(_ENDS) and not name.startswith(_ASIDE):
                    others[end] += 1
                continue
            found.append(name)
            if labels is not None:
                masks[f"images in {labels}/"] += 1
            elif not _NUMBERED.fullmatch(name) and WORDS & words_of(stem):
                masks["images named like masks"] += 1
            # Of a.jpg and a.png in one folder, and of x/a.jpg and y/a.png, one may be the label; not of train and val.
            seen = places.setdefault(stem, set())
            twins += bool(seen) and (f"{apart}:{end}" not in seen)
            seen.add(f"{apart}:{end}")
        images += len(found)
        if found and len(samples) < _OPENED:
            originals = [name for name in names if is_image_file(name)]
            samples += [f"{home}/{name}" for name in (originals[0], originals[-1])]
    signs = [f"{number} {end} file{'s' * (number != 1)}" for end, number in others.items()]
    signs += [
        f"{number} {what if number > 1 else what.replace('images', 'image', 1)}" for what, number in masks.items()
    ]
    if not masks and twins and twins * 3 >= images:
        signs.append(f"{twins} image{'' if twins == 1 else 's'} with the name of another")
    drawn = sum(_looks_drawn(file) for file in samples) if not masks else 0
    if drawn:
        return [*signs, f"images of a few values, as masks have them, {drawn} of {len(samples)}"]
    return [*signs, "images that are all label maps"] if not signs and all_drawn(folder, listing) else signs


def _looks_drawn(file: str) -> bool:
    """Whether a small image of one channel has so few values that it is rather a mask than a photo."""
    from PIL import Image

    if not file.lower().endswith((".png", ".bmp", ".gif", ".tif", ".tiff")):
        return False
    try:
        with Image.open(file) as image:
            if image.mode == "1":
                return True
            if image.mode not in ("L", "P") or image.size[0] * image.size[1] > _LARGEST:
                return False
            return 1 < len(image.getcolors(256) or ()) <= _FEW
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def words_of(name: str) -> set[str]:
    """The words of a name in small letters: of "train_masks2017" these are "train" and "masks"."""
    return set("".join(sign if sign.isalpha() else " " for sign in name.lower()).split())
