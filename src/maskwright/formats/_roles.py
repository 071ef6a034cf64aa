"""What names of folders and files say: that images lie here, or labels, or neither, and of which split they are."""

import re
from collections.abc import Iterable
from functools import lru_cache

#: How surely a word names labels. A field of view is often called a mask, and never what somebody drew by hand.
LABEL = {
    "mask": 0.9, "masks": 0.9, "label": 0.9, "labels": 0.9, "labeled": 0.9, "labelled": 0.9, "lab": 0.9, "lbl": 0.9,
    "labelmap": 0.9, "labelmaps": 0.9, "gt": 0.9, "gts": 0.9, "groundtruth": 0.9, "groundtruths": 0.9, "truth": 0.9,
    "truths": 0.9, "ann": 0.9, "anno": 0.9, "annot": 0.9, "annots": 0.9, "annotation": 0.9, "annotations": 0.9,
    "seg": 0.9, "segs": 0.9, "segmentation": 0.9, "segmentations": 0.9, "semantic": 0.9, "semseg": 0.9, "trimap": 0.9,
    "trimaps": 0.9, "target": 0.9, "targets": 0.9, "parsing": 0.9, "pixelmap": 0.9, "pixelmaps": 0.9, "cls": 0.9,
    "stuffthingmaps": 0.9, "manual": 1.05, "matte": 0.8, "mattes": 0.8, "ids": 0.8, "map": 0.6, "maps": 0.6,
    "instance": 0.85, "instances": 0.85, "inst": 0.85, "identities": 0.85, "y": 0.8, "l": 0.8, "ho": 0.9, "cp": 0.8,
    "ground": 0.8, "ah": 0.8, "vk": 0.8, "output": 0.6, "outputs": 0.6,
}  # fmt: skip
#: How surely a word names images.
IMAGE = {
    "image": 1.0, "images": 1.0, "img": 1.0, "imgs": 1.0, "photo": 1.0, "photos": 1.0, "picture": 1.0, "pictures": 1.0,
    "input": 1.0, "inputs": 1.0, "original": 1.0, "originals": 1.0, "orig": 1.0, "org": 1.0, "sat": 1.0, "frame": 1.0,
    "frames": 1.0, "raw": 1.0, "scan": 1.0, "scans": 1.0, "stills": 1.0, "tissue": 1.0, "ortho": 1.0, "rgb": 0.9,
    "volume": 1.0, "volumes": 1.0, "source": 0.8, "src": 0.8, "data": 0.7, "camera": 0.9, "cxr": 0.9, "x": 0.8,
    "jpeg": 0.9, "anon": 0.7, "top": 0.8, "bit": 0.7, "left": 0.5,
}  # fmt: skip
#: Words of what is neither, or is the same once more: how much they speak against labels, and against images.
AGAINST_LABEL = {
    "color": 0.15, "colour": 0.15, "colors": 0.15, "colours": 0.15, "coloured": 0.15, "colored": 0.15, "rgb": 0.1,
    "colormap": 0.15, "colormaps": 0.15, "vis": 0.2, "visualization": 0.2, "overlay": 0.3, "overlays": 0.3,
    "preview": 0.2, "border": 0.15, "borders": 0.15, "boundary": 0.15, "boundaries": 0.15, "edge": 0.15, "edges": 0.15,
    "contour": 0.15, "contours": 0.15, "distance": 0.3, "depth": 0.3, "fov": 0.3, "instance": 0.15, "instances": 0.15,
    "inst": 0.15, "object": 0.1, "objects": 0.1, "panoptic": 0.15, "modify": 0.05, "modified": 0.05, "second": 0.1,
    "vk": 0.1, "aug": 0.1, "augmented": 0.1, "prediction": 0.3, "predictions": 0.3, "pred": 0.3, "binary": 0.05,
}  # fmt: skip
AGAINST_IMAGE = {
    "thumb": 0.3, "thumbs": 0.3, "thumbnail": 0.3, "thumbnails": 0.3, "ref": 0.2, "depth": 0.3, "dsm": 0.3,
    "disparity": 0.3, "overlay": 0.3, "overlays": 0.3, "preview": 0.2, "vis": 0.2, "nir": 0.1, "aug": 0.1,
    "augmented": 0.1, "flow": 0.3, "heights": 0.3, "distance": 0.3,
}  # fmt: skip
_SPLITS = {
    "train": "train", "training": "train", "tr": "train", "trainval": "train", "val": "val", "valid": "val",
    "validation": "val", "vl": "val", "test": "test", "testing": "test", "ts": "test", "te": "test",
}  # fmt: skip
_WORDS = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
#: Written without a space between: trainannot, testmasks.
_JOINED = re.compile(r"(train|val|valid|test|training|testing|validation)([a-z]+)")


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in small letters, numbers left out: "JPEGImages" is jpeg and images."""
    out: list[str] = []
    for word in (found.lower() for found in _WORDS.findall(name)):
        joined = _JOINED.fullmatch(word)
        if word.isdigit():
            continue
        if joined and word not in _SPLITS and (joined[2] in LABEL or joined[2] in IMAGE):
            out += [joined[1], joined[2]]
        else:
            out.append(word)
    if "ground" in out and "truth" in out:
        out.append("groundtruth")
    return tuple(out)


def all_words(names: Iterable[str]) -> list[str]:
    """The words of several names."""
    return [word for name in names for word in words(name)]


@lru_cache(maxsize=4096)
def split_of_name(name: str) -> str | None:
    """train, val or test, where a name has a word for one; None where it has none or several."""
    found = {_SPLITS[word] for word in words(name) if word in _SPLITS}
    return found.pop() if len(found) == 1 else None


def split_of(parts: Iterable[str]) -> str | None:
    """The split that the innermost folder of a path says."""
    return next((split for split in map(split_of_name, reversed(list(parts))) if split is not None), None)


@lru_cache(maxsize=4096)
def without_split(name: str) -> str:
    """The name with "*" in place of its word for a split: train_labels and val_labels are one."""
    found = [word for word in words(name) if word in _SPLITS]
    if len(found) != 1:
        return name
    return re.sub(rf"(?<![A-Za-z]){found[0]}|{found[0]}(?![a-z])", "*", name, count=1, flags=re.IGNORECASE)


def is_split(name: str) -> bool:
    """Whether a name is a word for a split and nothing else."""
    return name.lower() in _SPLITS


@lru_cache(maxsize=4096)
def is_role(token: str) -> bool:
    """Whether a part of a file's name says what the file is and not which one it is."""
    found = words(token)
    return bool(found) and all(
        word in LABEL or word in IMAGE or word in AGAINST_LABEL or word in _SPLITS
        or word in ("st", "nd", "fine", "coarse", "right") for word in found
    )  # fmt: skip


def strength(found: Iterable[str], table: dict[str, float]) -> float:
    """The weight of the word that weighs most, 0 where none is in the table."""
    return max((table.get(word, 0.0) for word in found), default=0.0)
