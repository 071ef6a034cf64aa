"""Where sets keep images and label maps: paired folders, paired names, or folders that a YAML file names."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwright.core.yaml_file import load_yaml
from maskwright.errors import FormatError
from maskwright.formats._contract import image_files, key_of
from maskwright.media import is_image_file

IMAGES = ("images", "image", "imgs", "img", "JPEGImages", "input", "701_StillsRaw_full")
LABELS = ("labels", "label", "masks", "mask", "annotations", "SegmentationClass", "gt", "target", "labels_png",
          "LabeledApproved_full")  # fmt: skip
SPLITS = ("train", "val", "test")

#: What label names add to their image's: CamVid has _L, DRIVE _manual1, CHASE_DB1 _1stHO.
ENDINGS = ("", "_mask", "_label", "_labels", "_L", "_gt", "_target", "_seg", "_segmentation", "_annotation", "_manual1",
           "_1stHO")  # fmt: skip

LABEL_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".gif", ".npy", ".npz")


@dataclass
class Pair:
    """One image and its label map; key: the sample's name."""

    key: str
    image: Path
    label: Path
    split: str | None


@dataclass
class Layout:
    """All pairs of a set. names: class names by value, where a YAML file gives them."""

    pairs: list[Pair] = field(default_factory=list)
    camvid: bool = False
    names: dict[int, str] | None = None
    lone_images: int = 0
    lone_labels: int = 0

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
        self.lone_images += sum(image not in paired and image not in labels_here for image in found.values())
        self.lone_labels += 0 if beside else len(set(by_key) - used)


def _split_of(key: str) -> str | None:
    first, _, rest = key.partition("/")
    return first if rest and first in SPLITS else None


def label_files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in LABEL_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def find(path: Path, images: str | None = None, labels: str | None = None, suffix: str | None = None) -> Layout:
    """images, labels: folders below `path` instead of the usual ones.  suffix: what label names add to an image's."""
    endings = ENDINGS if suffix is None else (suffix,)
    found = Layout()
    if images is not None or labels is not None or suffix is not None:
        found.add(path / (images or "."), path / (labels or images or "."), None, "", endings)
        return found
    if _from_yaml(path, found, endings):
        return found
    for split in SPLITS:
        if (path / split).is_dir() and (path / f"{split}annot").is_dir():
            found.camvid = True
            found.add(path / split, path / f"{split}annot", split, f"{split}/", endings)
    if found.pairs:
        return found
    for left, right in _folders(path):
        found.add(left, right, None, "", endings)
        return found
    for split in SPLITS:  # train/images + train/labels
        for left, right in _folders(path / split):
            found.add(left, right, split, f"{split}/", endings)
            break
    if not found.pairs and any(is_image_file(file) for file in path.iterdir()):
        found.add(path, path, None, "", endings)
    return found


def _folders(path: Path) -> Iterator[tuple[Path, Path]]:
    for left in IMAGES:
        for right in LABELS:
            if (path / left).is_dir() and (path / right).is_dir() and label_files(path / right):
                yield path / left, path / right


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
