"""Where sets keep images and label maps: what options or a YAML file name, else what looking at all folders finds."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from maskwright.core.names import shown
from maskwright.core.plurals import many
from maskwright.core.yaml_file import load_yaml
from maskwright.errors import FormatError
from maskwright.formats import _listing
from maskwright.formats._class_names import Table
from maskwright.formats._columns import stem_of
from maskwright.formats._contract import image_files, key_of
from maskwright.formats._discovery import (
    IMAGE_KINDS,
    LABEL_KINDS,
    Choice,
    Kind,
    Leaf,
    discover,
    folders_of_key,
    shared_above,
)  # fmt: skip
from maskwright.formats._object_numbers import LOOKED_AT, certain
from maskwright.formats._plausible import Noted
from maskwright.formats._roles import LABEL, split_of, strength, words
from maskwright.formats._second_observers import Observer, observers
from maskwright.formats._split_lists import splits_of
from maskwright.formats._tree import Folder

SPLITS = ("train", "val", "test")

#: What label names add to their image's: CamVid has _L, DRIVE _manual1, CHASE_DB1 _1stHO.
ENDINGS = ("", "_mask", "_label", "_labels", "_L", "_gt", "_target", "_seg", "_segmentation", "_annotation", "_manual1",
           "_1stHO")  # fmt: skip

#: So many folders that were left out are named.
_NAMED = 5


@dataclass
class Pair:
    """One image and its label map; key: the sample's name.

    by_class: of sets with a folder a class, the label files by class; `label` is the first of them.
    more: further masks of the same image and class.  objects: a label file that tells objects apart.
    folder: the class, where that is what the folder of the image and its mask is called.
    """

    key: str
    image: Path
    label: Path
    split: str | None
    by_class: dict[str, Path] = field(default_factory=dict)
    more: list[Path] = field(default_factory=list)
    objects: Path | None = None
    folder: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """All that it is read from."""
        return (self.image, self.label, *self.by_class.values(), *self.more, *([self.objects] if self.objects else []))


@dataclass
class Layout:
    """All pairs of a set. names: class names by value, where a YAML file gives them.  asked: folders that were named,
    by the words images and labels.

    score: how well the pairs fit, 0 to about 1.  reasons: why they were chosen.  left_out: what was not, a line each.
    folders: all below the root.  homes: folders that files about the classes may lie in, and table: such a file.
    classes: those with a folder each.  observers: others who drew masks of the same images.
    """

    pairs: list[Pair] = field(default_factory=list)
    camvid: bool = False
    names: dict[int, str] | None = None
    lone_images: list[str] = field(default_factory=list)
    lone_labels: list[str] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    score: float = 0.0
    reasons: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    homes: list[Path] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    table: Table | None = None
    classes: list[str] = field(default_factory=list)
    observers: list[Observer] = field(default_factory=list)

    def notes(self) -> list[str]:
        return [*self.reasons, *alone(self.lone_images, self.lone_labels), *self.left_out]

    def add(self, images: Path, labels: Path, split: str | None, prefix: str, endings: tuple[str, ...]) -> None:
        """Match two folders by the paths below them, whatever the suffix.

        A label whose name is an image's and one letter more is one of several of that image, and a sample.
        """
        by_key = {key_of(file, labels): file for file in label_files(labels)}
        beside = images == labels
        used: set[str] = set()
        found = {key_of(image, images): image for image in image_files(images)}
        alone = []
        for key, image in found.items():
            names = [key + ending for ending in endings if ending or not beside]
            name = next((each_name for each_name in names if each_name in by_key and by_key[each_name] != image), None)
            if name is None:
                alone.append(key)
                continue
            used.add(name)
            self.pairs.append(Pair(prefix + key, image, by_key[name], split or _split_of(key)))
        others = set(by_key) - used
        for name in sorted(others) if not beside else []:
            key = name[:-1]
            if name[-1].isalpha() and key in found and key in alone:
                self.pairs.append(Pair(prefix + name, found[key], by_key[name], split or _split_of(key)))
                used.add(name)
        paired = {pair.image for pair in self.pairs}
        labels_here = {pair.label for pair in self.pairs}
        self.lone_images += [
            prefix + key for key, image in found.items()
            if image not in paired and image not in labels_here and not (beside and _is_label(stem_of(image.name)[0]))
        ]  # fmt: skip
        self.lone_labels += [] if beside else [prefix + key for key in sorted(set(by_key) - used)]


def alone(images: Sequence[str], labels: Sequence[str], image: str = "image", label: str = "label") -> list[str]:
    """Notes of what has no partner. images, labels: their names.  image, label: what they are called."""
    return [
        Noted(
            f"1 {own} has no {other} and was left out: {shown(names[0])}"
            if len(names) == 1
            else f"{len(names)} {own}s have no {other} and were left out, such as {shown(names[0])}",
            kind, len(names), shown(names[0]),
        )
        for names, own, other, kind in (
            (images, image, label, "images without labels"), (labels, label, image, "labels without an image")
        )
        if names
    ]  # fmt: skip


def _split_of(key: str) -> str | None:
    first, _, rest = key.partition("/")
    return first if rest and first in SPLITS else None


def label_files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if stem_of(path.name)[1] in LABEL_KINDS and not path.name.startswith(".") and path.is_file()
    )


def find(path: Path, images: str | None = None, labels: str | None = None, suffix: str | None = None) -> Layout:
    """images, labels: folders below `path` instead of what is found.  suffix: what label names add to an image's.

    Raises UndecidedError, naming both, where two layouts fit nearly alike.
    """
    endings = ENDINGS if suffix is None else (suffix,)
    found = Layout(asked={word: name for word, name in (("images", images), ("labels", labels)) if name is not None})
    if images is not None or labels is not None or suffix is not None:
        found.add(path / (images or "."), path / (labels or images or "."), None, "", endings)
        if not found.pairs and suffix is None:
            sides = [None if name is None else Path(name).parts for name in (images, labels or images)]
            if (choice := discover(path, sides[0], sides[1])) is not None:
                found = Layout(asked=found.asked)
                _take(choice, found)
        found.score = 1.0
        return found
    if _from_yaml(path, found, endings):
        found.score = 1.0
        return found
    if (choice := discover(path)) is not None:
        _take(choice, found)
    return found


def _take(choice: Choice, found: Layout) -> None:
    """The pairs of what was chosen, with what has no partner, and why."""
    kind = choice.kind
    found.folders = choice.folders
    found.score = min(kind.score, 1.0)
    found.camvid = all(name.endswith("*annot") for name in kind.way.right) and bool(kind.way.right)
    shared = shared_above(kind)
    of_image: dict[Path, Pair] = {}
    for member in choice.alike or [kind]:
        name = member.way.right[-1] if choice.alike else ""
        for leaf in member.leaves:
            prefix = folders_of_key(kind, leaf, shared)
            for core, image, label in leaf.pairs:
                stem = core if kind.way.image.endswith("_0000") else stem_of(image)[0]
                pair = Pair("/".join((*prefix, stem)), leaf.images.folder.path / image,
                            leaf.labels.folder.path / label, _split(leaf))  # fmt: skip
                if choice.alike:
                    of_image.setdefault(pair.image, pair).by_class[name] = pair.label
                else:
                    found.pairs.append(pair)
    if choice.alike:
        found.pairs = list(of_image.values())
        found.classes = sorted(member.way.right[-1] for member in choice.alike)
    elif choice.objects is not None:
        _add_objects(choice.objects, found)
    else:
        _add_further(found)
        _add_lettered(found)
        _name_by_folder(choice, found)
    found.pairs.sort(key=lambda pair: pair.key)
    if any(pair.split is None for pair in found.pairs):
        stems = {pair.image: stem_of(pair.image.name)[0] for pair in found.pairs}
        splits, lists = splits_of(choice.folders, set(stems.values()))
        for pair in found.pairs:
            pair.split = pair.split or splits.get(stems[pair.image])
        found.reasons += [f"splits are from {', '.join(map(shown, lists))}"] * bool(splits)
    _tell(choice, found, shared)


def _add_objects(kind: Kind, found: Layout) -> None:
    """The files that tell objects apart, where an image has one."""
    objects = {
        leaf.images.folder.path / image: leaf.labels.folder.path / label
        for leaf in kind.leaves for _, image, label in leaf.pairs
    }  # fmt: skip
    for pair in found.pairs:
        pair.objects = objects.get(pair.image)
    told = sum(pair.objects is not None for pair in found.pairs)
    found.reasons.append(f"objects of {told} images are told apart by {shown(kind.place('labels'))}")


def _add_further(found: Layout) -> None:
    """Further masks of an image, called as its label with a number behind: a_mask.png and a_mask_1.png."""
    taken = {file for pair in found.pairs for file in (pair.image, pair.label)}
    named = {
        (pair.label.parent, stem_of(pair.label.name)[0]): pair
        for pair in found.pairs if _is_label(stem_of(pair.label.name)[0])
    }  # fmt: skip
    for folder in found.folders:
        for name in folder.files:
            stem, suffix = stem_of(name)
            base, _, number = stem.rpartition("_")
            pair = named.get((folder.path, base)) if number.isdigit() and suffix in LABEL_KINDS else None
            if pair is not None and folder.path / name not in taken:
                pair.more.append(folder.path / name)


def _add_lettered(found: Layout) -> None:
    """Labels called as an image and a letter more: 189011a and 189011b of 189011, as the Berkeley objects have them.

    Each is a sample of its own of that image.  Names end in a number, and letters are those from a on.
    """
    taken = {file for pair in found.pairs for file in pair.files}
    named = {
        (pair.label.parent, stem_of(pair.label.name)[0]): pair
        for pair in found.pairs if pair.image.parent != pair.label.parent
    }  # fmt: skip
    by_pair: dict[str, list[tuple[str, Path, Pair]]] = {}
    for folder in found.folders:
        for name in folder.files:
            stem, suffix = stem_of(name)
            pair = named.get((folder.path, stem[:-1])) if suffix in LABEL_KINDS and stem[-2:-1].isdigit() else None
            if pair is not None and folder.path / name not in taken:
                by_pair.setdefault(pair.key, []).append((stem[-1], folder.path / name, pair))
    added = []
    for rows in by_pair.values():
        rows.sort(key=lambda row: row[0])
        if "".join(row[0] for row in rows) == ascii_lowercase[: len(rows)]:
            added += [Pair(pair.key + letter, pair.image, file, pair.split) for letter, file, pair in rows]
    found.pairs += added
    if added:
        found.reasons.append(
            f"{many(len(added), 'label')} {'is' if len(added) == 1 else 'are'} called as an image and a letter more, "
            f"such as {shown(added[0].key)}: each is a sample of its own of that image"
        )


def _name_by_folder(choice: Choice, found: Layout) -> None:
    """Classes by folder, where images and masks lie beside one another in folders that no number is part of.

    File names must say so, too: they are the folder's name and more, or numbers that come again in other folders.
    """
    homes = {pair.image.parent for pair in found.pairs}
    names = [home.name for home in homes]
    plain = all(name and not any(map(str.isdigit, name)) and split_of((name,)) is None for name in names)
    if not choice.kind.way.beside or len(set(names)) < 2 or len(set(names)) < len(names) or not plain:
        return
    stems = [(pair.image.parent.name, stem_of(pair.image.name)[0]) for pair in found.pairs]
    repeated = len({stem for _, stem in stems}) < len(stems)
    if all(stem.startswith(name) for name, stem in stems) or (repeated and all(stem.isdigit() for _, stem in stems)):
        for pair in found.pairs:
            pair.folder = pair.image.parent.name


def why_objects(layout: Layout) -> str | None:
    """Why values of the labels number objects and not classes, or None where that is not certain."""
    if layout.classes or layout.names is not None or layout.camvid or any(pair.objects for pair in layout.pairs):
        return None
    step = max(1, len(layout.pairs) // LOOKED_AT)
    names = [name for pair in layout.pairs[:1] for name in (pair.label.parent.name, pair.label.stem)]
    return certain([(pair.label, pair.image) for pair in layout.pairs[::step]], layout.folders, names)


def _split(leaf: Leaf) -> str | None:
    return split_of(leaf.images.folder.parts) or split_of(leaf.labels.folder.parts)


def _tell(choice: Choice, found: Layout, shared: int) -> None:
    """What has no partner, what else was there, and why this was chosen."""
    kind = choice.kind
    members = choice.alike or [kind]
    taken = {file for pair in found.pairs for file in pair.files}
    images = {leaf.images.folder.path: leaf for leaf in kind.leaves}
    labels = {leaf.labels.folder.path: leaf for member in members for leaf in member.leaves}
    for home, leaf in images.items():
        prefix = folders_of_key(kind, leaf, shared)
        for name in leaf.images.folder.files:
            stem, suffix = stem_of(name)
            if suffix in IMAGE_KINDS and home / name not in taken and not (home in labels and _is_label(stem)):
                found.lone_images.append("/".join((*prefix, stem)))
    for home, leaf in labels.items():
        if home not in images:
            found.lone_labels += [
                "/".join((*leaf.labels.folder.parts, stem_of(name)[0])) if "/" in kind.place("labels").rstrip("/")
                else stem_of(name)[0]
                for name in leaf.labels.folder.files if stem_of(name)[1] in LABEL_KINDS and home / name not in taken
            ]  # fmt: skip
    objects = {pair.objects.parent for pair in found.pairs if pair.objects is not None}
    used = images.keys() | labels.keys() | objects
    found.observers = observers(choice.others, {pair.image for pair in found.pairs}, choice.root)
    used |= {file.parent for observer in found.observers for file in observer.files.values()}
    rest = [place for place in choice.places if place.folder.path not in used]
    found.left_out = [observer.note() for observer in found.observers]
    found.left_out += [
        f"{place.folder.name}/ was left out: {place.number_of_images or place.number_of_labels} files that are neither "
        "the images nor the labels chosen"
        for place in rest[:_NAMED]
    ]
    found.left_out += [f"{len(rest) - _NAMED} more folders were left out"] if len(rest) > _NAMED else []
    root = choice.root
    above = {home for folder in used for home in (folder, *folder.parents) if root in (home, *home.parents)}
    found.homes = sorted(above, key=lambda home: (len(home.parts), home))
    found.names = _named_beside(found) if found.pairs else None


def _named_beside(found: Layout) -> dict[int, str] | None:
    """Class names of a YAML file below the root that names the folder of these masks; None without one."""
    label = found.pairs[0].label
    for home in found.homes:
        settings = (name for name in _listing.current().inside(home)[1] if name.endswith((".yaml", ".yml")))
        for file in (home / name for name in settings):
            with suppress(FormatError):
                content = load_yaml(file)
                entries = [content.get(split) for split in SPLITS]
                masks = [str(entry["masks"]) for entry in entries if isinstance(entry, dict) and "masks" in entry]
                if any(label.is_relative_to(home / folder) for folder in masks):
                    return _names(file, content.get("classes", content.get("names")))
    return None


def _is_label(stem: str) -> bool:
    """Whether a file of a folder that holds images and labels is likely a label."""
    return strength(words(re.split(r"[_\-. ]", stem)[-1]), LABEL) > 0


def _from_yaml(path: Path, found: Layout, endings: tuple[str, ...]) -> bool:
    """A YAML file that names folders of images and of masks, as semantic sets for YOLO and LightlyTrain have it.

    Either train: {images: …, masks: …}, or train: images/train with the same path below masks/ instead.
    """
    files = sorted(file for pattern in ("*.yaml", "*.yml") for file in path.glob(pattern))
    for file in files:
        content = load_yaml(file)
        names = content.get("classes", content.get("names"))
        root = file.parent / str(content.get("path") or ".")
        root = root if root.is_dir() else file.parent
        for split in SPLITS:
            entry = content.get(split)
            if isinstance(entry, dict) and "images" in entry and ("masks" in entry or "labels" in entry):
                left, right = root / str(entry["images"]), root / str(entry.get("masks", entry.get("labels")))
            elif isinstance(entry, str):
                left = root / entry
                right = root / str(content.get("masks_dir") or "masks") / Path(*Path(entry).parts[1:])
            else:
                continue
            if left.is_dir() and right.is_dir() and label_files(right):
                found.add(left, right, split, "", endings)
        if found.pairs:
            found.names = _names(file, names)
            return True
    return False


def _names(file: Path, names: Any) -> dict[int, str] | None:
    if names is None:
        return None
    try:
        rows = dict(enumerate(names)) if isinstance(names, list) else dict(names)
        return {int(value): str(name["name"] if isinstance(name, dict) else name) for value, name in rows.items()}
    except (TypeError, ValueError, KeyError) as error:
        raise FormatError(f"its class names cannot be read ({error!r})", file=file) from None
