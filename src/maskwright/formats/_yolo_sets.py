"""YOLO's folders: which images a set has, in which split, where their labels are, and what its classes are called.

Sets come with a data.yaml (Ultralytics, Roboflow), with obj.data and obj.names (Darknet, CVAT's YOLO 1.1), with
classes.txt (Label Studio, labelImg), or as folders of images and labels alone.  Paths in them are relative to the file,
to `path`, or of the machine where the set was made; what is not there as it is written is looked for by its last parts.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from maskwright.core.classes import Class, Classes
from maskwright.core.names import shown
from maskwright.core.yaml_file import load_yaml
from maskwright.errors import FormatError
from maskwright.formats import _listing
from maskwright.formats._algebra import apart
from maskwright.formats._keys import Place
from maskwright.media import is_image_file

SPLITS = ("train", "val", "test")

#: Keys of data.yaml and obj.data that name images, and the split they mean.
KEYS = {
    "train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test", "minival": "minival",
}  # fmt: skip

NAMES = ("classes.txt", "obj.names", "classes.names", "labels.txt")


@dataclass
class Found:
    """What a folder says. file: of the settings, or the folder.  classes: with the id each number of a line means.

    images: (split, image, the folder that its key begins below).  rule: by which the set says that it is drawn.
    keypoints: numbers that a line has after its box.  united: ids of classes whose lines are parts of one segment.
    """

    file: Path
    classes: Classes = field(default_factory=Classes)
    by_number: dict[int, int] = field(default_factory=dict)
    images: list[tuple[str | None, Path, Path]] = field(default_factory=list)
    rule: str | None = None
    united: frozenset[int] = frozenset()
    keypoints: int = 0
    skip: bool = False
    notes: list[str] = field(default_factory=list)


def settings_file(path: Path) -> Path | None:
    """data.yaml, or obj.data: the file itself or the one in a folder; None where there is neither."""
    if path.is_file():
        return path if path.suffix.lower() in (".yaml", ".yml", ".data") else None
    for pattern in ("data.y*ml", "dataset.y*ml"):
        if found := sorted(file for file in path.glob(pattern) if file.is_file()):
            return found[0]
    others = (
        file for pattern in ("*.yaml", "*.yml", "*.data") for file in sorted(path.glob(pattern)) if file.is_file()
    )
    return next((file for file in others if _names_classes(file)), None)


def _names_classes(file: Path) -> bool:
    try:
        return not {"names", "nc", "classes"}.isdisjoint(settings(file)[0])
    except FormatError:
        return False


def names_file(folder: Path) -> Path | None:
    """A list of class names, one a line."""
    found = [folder / name for name in NAMES] + sorted(folder.glob("*.names"))
    return next((file for file in found if file.is_file()), None)


def settings(file: Path) -> tuple[dict[str, Any], str | None]:
    """What data.yaml or obj.data says, and the encoding it was read by where that is not UTF-8."""
    if file.suffix.lower() == ".data":
        pairs = [line.partition("=") for line in lines_of(file) if "=" in line]
        return {name.strip(): value.strip() for name, _, value in pairs}, None
    try:
        file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return load_yaml(file, encoding="cp1252"), "Windows-1252 (latin-1)"
    return load_yaml(file), None


def lines_of(file: Path) -> list[str]:
    """Lines of a text in UTF-8, with or without its mark, or UTF-16 with it. Raises FormatError for other bytes."""
    content = file.read_bytes()
    try:
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(f"not a text file ({error})", file=file) from None


def has_labels(folder: Path) -> bool:
    """Whether folders `images` and `labels` stand there, and a text in the latter has a line of YOLO's.

    Or in folders of splits one level down, but for those that are sets with settings of their own.
    """
    inner = (folder / name for name in _listing.current().inside(folder)[0])
    splits = [home for home in inner if (home / "labels").is_dir() and settings_file(home) is None]
    homes = [folder / "labels", *(home / "labels" for home in splits)]
    for home in homes:
        if home.is_dir() and (home.parent / "images").is_dir():
            texts = (file for file in walked(home) if file.suffix == ".txt" and file.name not in NAMES)
            if any(looks_like_labels(file) for file, _ in zip(texts, range(20), strict=False)):
                return True
    return False


def are_beside(folder: Path) -> bool:
    """Whether images have texts of their names beside them, of which the first ones all have lines of YOLO's.

    Nothing else says what the texts are, so that coordinates count where they are fractions of the image alone.
    """
    files = _listing.current().inside(folder)[1]
    stems = {Path(name).stem for name in files if is_image_file(name)}
    texts = [name for name in sorted(files) if name.endswith(".txt") and name[:-4] in stems]
    looked = [line for name in texts[:_LOOKED_INTO] if (line := _first_line(folder / name)) != []]
    return bool(looked) and all(
        line is not None and len(line) >= 5 and line[0] == int(line[0]) >= 0
        and all(-0.1 <= value <= 1.1 for value in line[1:])
        for line in looked
    )  # fmt: skip


#: So many texts beside images tell whether they are lines of YOLO's.
_LOOKED_INTO = 20


def _first_line(file: Path) -> list[float] | None:
    """The numbers of the first line that is not empty; none of an empty file, None where it is something else."""
    try:
        with file.open(encoding="utf-8-sig") as stream:
            line = next((line for line in stream if line.strip()), "")
        return [float(word) for word in line[:10_000].replace(",", " ").split()]
    except (ValueError, OSError):
        return None


def looks_like_labels(file: Path) -> bool:
    """Whether the first line that is not empty is a class number and at least four coordinates."""
    values = _first_line(file)
    return values is not None and len(values) >= 5 and values[0] == int(values[0]) >= 0


def find(path: Path, asked: Sequence[str] | None = None, apart: str | None = None) -> Found:
    """What a folder says. asked: names that stand for those it has; none or no list for these.

    apart: the folder of all images, below `path` or anywhere, where they do not lie with the labels.

    Raises FormatError, naming the file, where there are neither settings nor folders of images and labels.
    """
    file = settings_file(path)
    if file is None:
        return _without_settings(path if path.is_dir() else path.parent, asked, apart=apart)
    config, encoding = settings(file)
    found = Found(file)
    if encoding:
        found.notes.append(f"{file.name} is not UTF-8; it was read as {encoding}")
    _take_classes(found, config, asked)
    home = file.parent
    root = home / _plain(config.get("path") or ".")
    if not root.is_dir():
        root = _by_last_parts(str(config.get("path")), [home]) or home  # `path` is often where the set once lay
    own = config.get("maskwright")
    splits = own.get("splits") if isinstance(own, dict) else None
    if apart is not None:
        return _without_settings(home, asked, found, apart)
    seen: dict[Path, str] = {}
    for key, split in KEYS.items():
        entries = config.get(key)
        for entry in entries if isinstance(entries, list) else [entries]:
            if entry is None or entry == "" or (isinstance(splits, list) and split not in splits):
                continue
            _take_images(found, key, split, str(entry), [root, home], seen)
    if not found.images and not any(config.get(key) for key in KEYS):
        return _without_settings(home, asked, found)
    if not found.images:
        raise FormatError(
            "lists no image that is there" + "".join(f"; {note}" for note in found.notes[:3]), file=file,
            needed="train: or val: naming a folder of images, or a list of them",
        )  # fmt: skip
    found.skip = bool(config.get("skip_if_label_file_missing"))
    found.keypoints = _keypoints(file, config)
    return found


def _keypoints(file: Path, config: dict[str, Any]) -> int:
    shape = config.get("kpt_shape")
    if shape is None:
        return 0
    usual = isinstance(shape, list) and len(shape) == 2
    if not usual or not all(type(side) is int and 0 < side < 9999 for side in shape):
        raise FormatError(f"its kpt_shape is {shown(shape)}", file=file, needed="two whole numbers")
    return int(shape[0] * shape[1])


# -- classes ------------------------------------------------------------------------------------------------


#: What to do where nothing names the classes.
_NAME_THEM = "name them with --option names=a,b,… or in a file classes.txt, a name a line"


def _take_classes(found: Found, config: dict[str, Any], asked: Sequence[str] | None) -> None:
    file, names, own = found.file, list(asked) if asked else config.get("names"), config.get("maskwright")
    if isinstance(names, str) and file.suffix.lower() == ".data":
        place = _resolved(names, [file.parent]) or names_file(file.parent)
        names = None if place is None else [line.strip() for line in lines_of(place) if line.strip()]
    elif isinstance(names, str):
        raise FormatError(f"names is {shown(names)!r}", file=file, needed="names: as a list or a map")
    if names is None and (place := names_file(file.parent)) is not None:
        names = [line.strip() for line in lines_of(place) if line.strip()]
    number = config.get("nc", config.get("classes"))
    if not names and number is not None:
        try:
            names = [f"class_{k}" for k in range(int(number))] if 0 <= int(number) < 1_000_000 else None
        except (TypeError, ValueError):
            names = None
        if names:
            found.notes.append(f"{file.name} names no classes; they are called class_0 to {names[-1]}; {_NAME_THEM}")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names:
        todo = f"{_NAME_THEM.capitalize()}."
        raise FormatError("lists no class names", file=file, needed="names: as a list or a map", todo=todo)
    if not asked and isinstance(number, int | str) and str(number).isdecimal() and int(number) != len(names):
        word = "nc" if "nc" in config else "classes"
        found.notes.append(f"{file.name} says {word}: {number}, and has {len(names)} names, which were taken")
    # `maskwright` stands in sets that we wrote: every class whole, with the id the dataset calls it by.  A list of them
    # alone is of sets whose polygons run along pixel edges.
    parted = False
    if isinstance(own, dict):
        found.rule, parted, own = own.get("rule"), own.get("stuff") == "parts", own.get("classes")
    elif own is not None:
        found.rule = "edges"
    own = [] if asked else own
    try:
        listed, told = apart(Class(int(key), str(name)) for key, name in names.items())
        found.notes += told
        index = {class_.id: class_.name for class_ in listed}
        whole = Classes.from_json(own or [])
        known = {class_.name for class_ in whole}
        found.classes = Classes([*whole, *(Class(key, name) for key, name in index.items() if name not in known)])
        found.by_number = {key: found.classes[name].id for key, name in index.items()}
        if parted:
            found.united = frozenset(class_.id for class_ in found.classes if class_.kind == "stuff")
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise FormatError(f"its class names cannot be read ({error!r})", file=file) from None


def _without_settings(
    folder: Path, asked: Sequence[str] | None, found: Found | None = None, apart: str | None = None
) -> Found:
    """Folders of images and labels, with a list of names or without."""
    if found is None:
        found = Found(folder)
        place = names_file(folder)
        if place is not None or asked:
            names = [] if place is None else [line.strip() for line in lines_of(place) if line.strip()]
            found.file = place or folder
            _take_classes(found, {"names": names}, asked)
        above = settings_file(folder.absolute().parent)
        if above is not None and _names_classes(above):
            found.notes.append(f"{above} was not read, and may name classes and splits: give its folder to read all")
    top = folder if apart is None else folder / apart if (folder / apart).is_dir() else Path(apart)
    if not top.is_dir():
        raise FormatError("there is no such folder of images", file=top)
    images = [
        (image, _images_root(image, folder) if apart is None else top) for image in walked(top) if is_image_file(image)
    ]
    labels = [label_file(image, folder, base) for image, base in images]
    if not any(labels) and found.by_number:
        raise FormatError("lists no image", file=found.file, needed="train: or val: naming a folder of images")
    if not any(labels):
        raise FormatError(
            "no data.yaml here, and no image with a text of labels", file=folder,
            needed="data.yaml, or folders images and labels, or a text beside each image",
        )  # fmt: skip
    if not found.classes:
        numbers = sorted({number for file in labels if file is not None for number in _numbers_in(file)})
        found.classes = Classes([Class(number, f"class_{number}") for number in numbers])
        found.by_number = {number: number for number in numbers}
        found.notes.append(
            "nothing names the classes; they are called by the numbers that the labels have: "
            + (", ".join(found.classes.names[:5]) + (" …" if len(numbers) > 5 else "") if numbers else "none")
            + f"; {_NAME_THEM}"
        )
    for image, base in images:
        words = image.relative_to(top).parts[:-1]
        split = next((KEYS[word.lower()] for word in words if word.lower() in KEYS), None)
        found.images.append((split, image, base))
    return found


def _numbers_in(file: Path) -> Iterator[int]:
    try:
        lines = lines_of(file)
    except FormatError:
        return  # reading the file says what is wrong with it
    for line in lines:
        word = line.replace(",", " ").split(maxsplit=1)[:1]
        try:
            if word and float(word[0]) == int(float(word[0])) >= 0:
                yield int(float(word[0]))
        except (ValueError, OverflowError):
            continue  # reading the line says what is wrong with it


# -- images and their labels --------------------------------------------------------------------------------


def _take_images(found: Found, key: str, split: str, entry: str, homes: Sequence[Path], seen: dict[Path, str]) -> None:
    place = _resolved(entry, homes)
    if place is None:
        found.notes.append(f"the {key} folder {shown(entry)!r} is not there")
        return
    if _as_written(entry, homes) is None:
        found.notes.append(f"{key}: {shown(entry)!r} is not there; {place} was read")
    if place.is_dir():
        images = [image for image in walked(place) if is_image_file(image)]
    elif is_image_file(place):
        images = [place]
    else:
        images = _listed(found, place, homes)
    again: dict[str, int] = {}
    for image in images:
        if image in seen:
            again[seen[image]] = again.get(seen[image], 0) + (seen[image] != split)
            continue
        seen[image] = split
        found.images.append((split, image, _images_root(image, place if place.is_dir() else place.parent)))
    for other, number in again.items():
        if number:
            found.notes.append(f"{number} images of {key} are images of {other} as well, and are read as those")


def _listed(found: Found, file: Path, homes: Sequence[Path]) -> list[Path]:
    """The images that a list of paths names."""
    out, missing, moved = [], [], 0
    homes = [file.parent, *homes]
    for line in filter(None, map(str.strip, lines_of(file))):
        place = _as_written(line, homes)
        if place is None:
            place = _by_last_parts(line, homes)
            moved += place is not None
        if place is None or not is_image_file(place):
            missing.append(line)
        else:
            out.append(place)
    if moved:
        found.notes.append(f"{moved} images that {file.name} lists are not there as it says, but by their last parts")
    if missing:
        found.notes.append(
            f"{len(missing)} of the {len(missing) + len(out)} images that {file.name} lists are not there,"
            f" such as {shown(missing[0])!r}"
        )
    return out


def _plain(entry: object) -> str:
    """A path with slashes and without the letter of a drive."""
    text = str(entry).strip().replace("\\", "/")
    return text[2:] if len(text) > 2 and text[1] == ":" and text[0].isalpha() else text


def _as_written(entry: str, homes: Sequence[Path]) -> Path | None:
    """A path of a set below one of `homes`, None where nothing is there.

    As Ultralytics' check_det_dataset takes it, without a ../ before it where nothing is there with it.
    """
    text = _plain(entry)
    places = (_normal(home / way) for way in (text, text.removeprefix("../")) for home in homes)
    return next((place for place in places if place.exists()), None)


def _resolved(entry: str, homes: Sequence[Path]) -> Path | None:
    """What a path of a set means: as it is written, or by its last parts; None where nothing is there."""
    return _as_written(entry, homes) or _by_last_parts(entry, homes)


def _by_last_parts(text: str, homes: Sequence[Path]) -> Path | None:
    """The longest end of a path that is there below one of `homes`, or below the folder around it."""
    parts = [part for part in PurePosixPath(_plain(text)).parts if part not in ("/", ".", "..")]
    for begin in range(len(parts)):
        for home in (*homes, *(home.parent for home in homes)):
            place = home.joinpath(*parts[begin:])
            if place.exists() and (begin + 1 < len(parts) or home in homes):
                return _normal(place)
    return None


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))


def walked(folder: Path) -> Iterator[Path]:
    """All files below a folder, sorted, links to folders followed once, hidden ones left out."""
    been: set[str] = set()
    for where, inner, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(where)
        if real in been:
            inner[:] = []
            continue
        been.add(real)
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(where) / name


def _images_root(image: Path, place: Path) -> Path:
    """The folder named images above an image, which labels mirrors; else the folder it was found by."""
    return next((parent for parent in image.parents if parent.name == "images"), place)


def label_file(image: Path, home: Path, base: Path | None = None) -> Path | None:
    """The text of an image: where `labels` stands for the last `images` of its path, or beside it; None without.

    base: the folder of images that it is below, whose paths are looked for below `home`, too.
    """
    inner = Path(image.name).with_suffix(".txt")
    for parent in image.parents:
        if parent.name == "images":
            place = parent.parent / "labels" / image.relative_to(parent).with_suffix(".txt")
            if place.is_file():
                return place
            if (place := home / "labels" / image.relative_to(parent).with_suffix(".txt")).is_file():
                return place
    places = [image.with_name(inner.name), home / "labels" / inner]
    if base is not None and image.is_relative_to(base):
        below = image.relative_to(base).with_suffix(".txt")
        places += [home / "labels" / below, home / below]
    for place in (*places, home / inner):
        if place.is_file() and place.name not in NAMES:
            return place
    return None


def labels_folder(image: Path) -> Path:
    """Where the labels of an image that has none would lie."""
    for parent in image.parents:
        if parent.name == "images":
            return parent.parent / "labels" / image.parent.relative_to(parent)
    return image.parent


def alone(folders: dict[Path, set[Path]]) -> list[Path]:
    """Files of labels that no image has, read or not. folders: of labels, with those of their images."""
    out = []
    for folder, homes in folders.items():
        texts = [file for file in sorted(folder.glob("*.txt")) if file.name not in NAMES and file.name[0] != "."]
        images = {file.stem for home in homes for file in home.iterdir() if file.suffix != ".txt"}
        lone = [file for file in texts if file.stem not in images]
        out += [file for file in lone if not file.stat().st_size or looks_like_labels(file)]
    return out


def places_of(images: Sequence[tuple[str | None, Path, Path]], home: Path) -> list[Place]:
    """Where each image is: below its folder of images, without a split's name before it.

    Those of one split that are alike so, from several folders, are where they are below `home`.
    """
    names = []
    for split, image, base in images:
        inner = image.relative_to(base).as_posix() if image.is_relative_to(base) else image.name
        first, _, rest = inner.partition("/")
        names.append((rest if rest and split and KEYS.get(first, first) == split else inner, split))
    times = Counter(names)
    out = []
    for (name, split), (_, image, _) in zip(names, images, strict=True):
        inner = Path(os.path.relpath(image, home)).as_posix() if times[name, split] > 1 else name
        out.append(Place(inner, split, PurePosixPath(inner).with_suffix("").as_posix()))
    return out
