"""What a reader makes of a layout, held against what it holds.

The comparison, in words:

- Every labelled image is there once, in its size, found by the path of its file; nothing else is there. Images that come
  without labels may be left out, and carry none. Of pages in a file the order counts.
- A class is right under any of its right names, read without case, with every mark between words taken as a space,
  without a leading "class", "label", "value" or "id" before a number, and with numbers without leading zeros.
- Where the layout names no class any name is right whose pixels, over all images, are those of a value; a name that is a
  number is that value's, unless there is one class alone.
- Pixels are equal; where outlines were drawn as polygons they may differ within a pixel along the outline.
- Where objects are told apart the masks of a class are the same set; elsewhere their union counts.
- Background, void and such may be left out everywhere; where they are there, they are right, and void is not a class that
  trains. A declared background without segments stands for what no segment covers. A further class whose role is background or ignore must not lie
  on pixels of a required class.
- A second annotator's mask may stand beside the first one's as a segment of its own; the union of both is wrong.
- The split is one of the right words (training, valid and so on are taken as train and val). It may be missing where all
  labelled images are of one split.
- Slices of a volume may lie along any axis, turned or mirrored, all in the same way.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np

from maskwright import formats
from maskwright.errors import MaskwrightError
from public_sets.truth import Labels, Truth

SPLITS = {"training": "train", "tr": "train", "valid": "val", "validation": "val", "testing": "test", "ts": "test"}


@dataclass
class Found:
    """What a reader says of an image. masks: (H, W) bool by class name, without empty ones."""

    uri: str
    key: str
    size: tuple[int, int]
    split: str | None
    masks: dict[str, list[np.ndarray]]


@dataclass
class Reading:
    """What a reader says of a set. roles: by class name."""

    found: list[Found]
    roles: dict[str, str]
    background: str | None


@dataclass
class Outcome:
    """state: right, wrong or refused. reasons: what is wrong, or the message."""

    state: str
    reasons: list[str] = field(default_factory=list)


def tried(place: Path, truth: Truth) -> Outcome:
    """Reads a set without any option and says what came of it."""
    try:
        reading = taken(formats.read(place))
    except MaskwrightError as error:
        return Outcome("refused", [str(error)])
    except Exception as error:  # noqa: BLE001 - a reader that breaks refuses, too
        return Outcome("refused", [f"breaks with {type(error).__name__}: {error}"])
    reasons = differences(reading, truth)
    return Outcome("wrong" if reasons else "right", reasons)


def taken(read: Any) -> Reading:
    found = []
    classes = {class_.id: class_ for class_ in read.classes}
    for sample in read.samples:
        masks: dict[str, list[np.ndarray]] = defaultdict(list)
        for class_id, mask in zip(sample.segments.class_ids.tolist(), sample.segments.masks.decode(), strict=True):
            if mask.any():
                masks[classes[class_id].name].append(np.array(mask))
        found.append(Found(sample.image.uri, sample.key, tuple(sample.image.size), sample.split, dict(masks)))
    background = read.classes.background
    return Reading(found, {c.name: c.role for c in classes.values()}, None if background is None else background.name)


def normal(name: str) -> str:
    words = re.sub(r"[\W_]+", " ", name.lower()).strip()
    words = re.sub(r"^(class|label|value|id|category|object) (?=\d+$)", "", words)
    return str(int(words)) if words.isascii() and words.isdigit() else words


def differences(reading: Reading, truth: Truth) -> list[str]:
    """What is wrong; empty where nothing is."""
    if not truth.volumes:
        return flat_differences(reading, truth)
    best: list[str] | None = None
    for order in permutations(range(3)):
        for turned in product((1, -1), repeat=3):
            reasons = flat_differences(reading, sliced(truth, order, turned))
            if not reasons:
                return []
            best = reasons if best is None or len(reasons) < len(best) else best
    return best or []


def sliced(truth: Truth, order: tuple[int, ...], turned: tuple[int, ...]) -> Truth:
    """The volumes of a truth as images: slices along the first of the axes in `order`, each axis turned or not."""
    images = dict(truth.images)
    steps = tuple(slice(None, None, step) for step in turned)
    for path, volume in truth.volumes.items():
        depth, *size = (volume.shape[axis] for axis in order)
        stacks = {key: mask.transpose(order)[steps] for key, mask in volume.masks.items()}
        for level in range(depth):
            masks = {key: [stack[level]] for key, stack in stacks.items() if stack[level].any()}
            images[f"{path}#{level}"] = Labels((size[0], size[1]), masks, volume.split, volume.known)
    return replace(truth, images=images, volumes={})


def paired(reading: Reading, truth: Truth) -> tuple[list[tuple[str, Found]], list[str]]:
    """(path in the truth, what was found of it), and what is missing or too much."""
    pages: dict[str, list[str]] = defaultdict(list)
    for path in truth.images:
        pages[path.split("#")[0]].append(path)
    for other, path in truth.same.items():
        pages[other] = pages[path]
    groups: dict[str, list[Found]] = defaultdict(list)
    strays = []
    for found in reading.found:
        path = file_of(found, pages)
        if path is None:
            strays.append(found.uri)
        else:
            groups[path].append(found)
    pairs, reasons = [], []
    if strays:
        reasons.append(f"extra images: {listed(strays)}")
    for path, group in groups.items():
        group.sort(key=natural)
        if len(group) != len(pages[path]):
            reasons.append(f"{path} is there {len(group)} times instead of {len(pages[path])}")
            continue
        pairs += zip(pages[path], group, strict=True)
    there = {path for path, _ in pairs}
    missing = [path for path, labels in truth.images.items() if labels.known and path not in there]
    if missing:
        reasons.append(f"{len(missing)} of {sum(row.known for row in truth.images.values())} labelled images missing: {listed(missing)}")  # fmt: skip
    return pairs, reasons


def file_of(found: Found, files: dict[str, list[str]]) -> str | None:
    """The truth's file that an image was read from: the longest one that its address ends with, else its key."""
    for text in (*(part.split("#")[0] for part in re.split(r"::|!", found.uri)), found.uri.split("#")[0]):
        ends = [path for path in files if f"/{text}".replace("\\", "/").endswith(f"/{path}")]
        if ends:
            return max(ends, key=len)
    stem = f"/{found.key}"
    ends = [path for path in files if stem.endswith(f"/{bare(path)}") or f"/{bare(path)}".endswith(stem)]
    return ends[0] if len(ends) == 1 else None


def bare(path: str) -> str:
    """A path without suffixes of images."""
    return re.sub(r"(\.nii|\.ppm)?\.\w+$", "", path)


def natural(found: Found) -> list[Any]:
    """Sorts by the page, then the key with its numbers as numbers."""
    page = re.search(r"#.*?(\d+)$", found.uri)
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", found.key)]
    return [int(page[1]) if page else -1, parts]


def listed(names: list[str]) -> str:
    return ", ".join(names[:2]) + (", …" if len(names) > 2 else "")


def union(masks: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    return np.any(masks, 0) if masks else np.zeros(size, bool)


def band(mask: np.ndarray, width: int) -> np.ndarray:
    """The pixels within `width` of the mask's outline."""
    from scipy.ndimage import binary_dilation, binary_erosion

    if not width or not mask.any():
        return np.zeros(mask.shape, bool)
    square = np.ones((3, 3), bool)
    return binary_dilation(mask, square, width) & ~binary_erosion(mask, square, width)


def equal(got: np.ndarray, want: np.ndarray, tolerance: int) -> bool:
    return got.shape == want.shape and not ((got != want) & ~band(want, tolerance)).any()


def same_set(got: list[np.ndarray], want: list[np.ndarray], tolerance: int) -> bool:
    """Whether the masks are the same, in any order."""
    left = list(want)
    for mask in got:
        index = next((index for index, other in enumerate(left) if equal(mask, other, tolerance)), None)
        if index is None:
            return False
        del left[index]
    return not left


def flat_differences(reading: Reading, truth: Truth) -> list[str]:
    pairs, reasons = paired(reading, truth)
    for path, found in pairs:
        if found.size != truth.images[path].size:
            reasons.append(f"{path} has size {found.size} instead of {truth.images[path].size}")
    if any("has size" in reason for reason in reasons):
        return reasons[:4]
    if not truth.classless:
        pairs = [(path, with_background(found, reading.background, known=truth.images[path].known)) for path, found in pairs]  # fmt: skip
    reasons += wrong_splits(pairs, truth)
    reasons += classless(pairs, truth) if truth.classless else classed(pairs, reading, truth)
    return reasons


def with_background(found: Found, name: str | None, *, known: bool) -> Found:
    """With the pixels that no segment covers as the declared background.

    known: whether the image comes with labels; without them it has no background either.
    """
    if name is None or name in found.masks:
        return found
    rest = ~union([mask for masks in found.masks.values() for mask in masks], found.size)
    return replace(found, masks={**found.masks, name: [rest]} if rest.any() and known else found.masks)


def wrong_splits(pairs: list[tuple[str, Found]], truth: Truth) -> list[str]:
    words = {labels.split for labels in truth.images.values() if labels.known}
    bad = defaultdict(list)
    for path, found in pairs:
        right = truth.images[path].split
        split = None if found.split is None else SPLITS.get(found.split.lower(), found.split.lower())
        if right and split not in right and not (split is None and (len(words) == 1 or not truth.images[path].known)):
            bad[f"{found.split} instead of {right[0]}"].append(path)
    return [f"split {what}: {listed(paths)}" for what, paths in bad.items()]


def classless(pairs: list[tuple[str, Found]], truth: Truth) -> list[str]:
    used = {name for _, found in pairs for name in found.masks}
    reasons = []
    if truth.one_class and len(used) > 1:
        reasons.append(f"objects have become classes: {listed(sorted(used))}")
    bad = []
    for path, found in pairs:
        want = [mask for masks in truth.images[path].masks.values() for mask in masks]
        got = [mask for masks in found.masks.values() for mask in masks]
        if not same_set(got, want, truth.tolerance):
            bad.append(("objects merged or split" if equal(union(got, found.size), union(want, found.size), truth.tolerance) else "pixels differ", path))  # fmt: skip
    return reasons + summed(bad)


def summed(bad: list[tuple[str, str]]) -> list[str]:
    rows = defaultdict(list)
    for what, path in bad:
        rows[what].append(path)
    return [f"{what} in {len(paths)} images ({listed(paths)})" for what, paths in rows.items()]


def classed(pairs: list[tuple[str, Found]], reading: Reading, truth: Truth) -> list[str]:
    keys = {key for labels in truth.images.values() for key, masks in labels.masks.items() if masks}
    right = {key: truth.names.get(key, (key,)) for key in keys}
    grounds = truth.optional - set(truth.names)
    used = {name for _, found in pairs for name in found.masks}
    trained = {name for name in used if reading.roles[name] == "class"}
    keys_of = {name: [key for key in keys if right[key] is not None and normal(name) in map(normal, right[key])] for name in used}  # fmt: skip
    reasons = []
    for name in sorted(used):
        if not keys_of[name]:
            free = {key for key in keys if right[key] is None}
            keys_of[name] = by_pixels(name, pairs, truth, free | (grounds & keys))
            if not keys_of[name] and len(free - truth.optional) == 1 and trained == {name}:
                keys_of[name] = sorted(free - truth.optional)
        if not keys_of[name]:
            if reading.roles[name] in ("background", "ignore"):
                if any(covers_required(name, path, found, truth) for path, found in pairs):
                    reasons.append(f"the class {name!r} ({reading.roles[name]}) covers labelled pixels")
            else:
                reasons.append(f"the class {name!r} is none of the set's")
    seen = {key for found_keys in keys_of.values() for key in found_keys}
    bad = []
    for path, found in pairs:
        labels = truth.images[path]
        got: dict[str, list[np.ndarray]] = defaultdict(list)
        for name, masks in found.masks.items():
            fitting = [key for key in keys_of[name] if key in labels.masks] or keys_of[name]
            if fitting:
                got[fitting[0]] += masks
        for key in sorted(keys):
            if key in truth.optional and (key not in seen or not labels.known):
                continue
            bad += [(f"{key}: {what}", path) for what in mask_differences(got[key], key, labels, truth)]
    missing = sorted(key for key in keys - seen if key not in truth.optional)
    if missing:
        reasons.append(f"classes missing: {listed(missing)}")
    return reasons + [row for row in summed(bad) if row.split(":")[0] not in missing]


def mask_differences(got: list[np.ndarray], key: str, labels: Labels, truth: Truth) -> Iterator[str]:
    want = labels.masks.get(key, [])
    if labels.second and key in labels.second and same_set(got, want + labels.second[key], truth.tolerance):
        return
    if not equal(union(got, labels.size), union(want, labels.size), truth.tolerance):
        yield "pixels differ" if labels.known else "labels on an image without labels"
    elif truth.instances and key not in truth.optional and not same_set(got, want, truth.tolerance):
        yield "objects merged or split"


def by_pixels(name: str, pairs: list[tuple[str, Found]], truth: Truth, free: set[str]) -> list[str]:
    """The value without a name whose pixels a class has."""
    needed = free - truth.optional
    number = "" if name.startswith("#") else normal(name)
    for key in sorted(free):
        if number.isdigit() and key.isdigit() and len(needed) > 1 and number != key:
            continue
        masks = [(found.masks.get(name, []), truth.images[path].masks.get(key, []), found.size) for path, found in pairs]  # fmt: skip
        second = [truth.images[path].second for path, _ in pairs]
        if all(
            equal(union(got, size), union(want, size), truth.tolerance)
            or (other is not None and same_set(got, want + other.get(key, []), 0))
            for (got, want, size), other in zip(masks, second, strict=True)
        ):
            return [key]
    return []


def covers_required(name: str, path: str, found: Found, truth: Truth) -> bool:
    labels = truth.images[path]
    wanted = [mask for key, masks in labels.masks.items() if key not in truth.optional for mask in masks]
    inside = union(found.masks.get(name, []), found.size) & union(wanted, found.size)
    return bool((inside & ~band(union(wanted, found.size), truth.tolerance)).any())
