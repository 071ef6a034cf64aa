"""Labelme: a JSON beside each image with polygons, rectangles, circles and masks.

Shapes with one label and one group_id are one segment.  They are drawn as Labelme's own export draws them, by Pillow
(labelme.utils.shape_to_mask): points name pixels, are cut off to whole numbers, and the outline belongs to the shape.
What is written draws the same masks there: shapes that nobody changed as they were, else polygons on the masks'
outermost pixels, and masks with holes as Labelme's "mask" shapes.  Groups are the file's own: a segment keeps its
group_id whatever becomes of its mask, and a new one has a group_id only where several shapes are its parts.
"""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PureWindowsPath
from typing import Any, Literal

from maskwright.core.arrays import Size
from maskwright.core.classes import Class, Classes
from maskwright.core.drawn import several
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _listing
from maskwright.formats._aside import Aside
from maskwright.formats._contract import (
    ABOUT_ASIDE,
    Loss,
    Reading,
    Ready,
    about_file,
    common_losses,
    image_beside,
    key_of,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    usable_ids,
    write_about,
)  # fmt: skip
from maskwright.formats._json import Document
from maskwright.formats._labelme import (
    FIELD,
    RULE,
    LeftOutError,
    attributes_of,
    given_of,
    group_of,
    grouped,
    placed,
    rows_of,
    shape_of,
    with_others,
)  # fmt: skip
from maskwright.formats._rasters import opened
from maskwright.media import image_size, remote

LOSES = frozenset({"empty", "crowd", "score", "area", "source", "weight"})
KEEPS = frozenset({"geometry", "box"})

#: So many folders are looked into for files of others.
_FOLDERS = 50

_VERSION = "5.5.0"
_BACKGROUND, _IGNORE = "_background_", "__ignore__"
_THERE = f"images have them in their field {FIELD}"
#: Keys of a file that are not fields of its sample.
_STRUCTURE = ("shapes", "imagePath", "imageData", "imageHeight", "imageWidth", "maskwright", FIELD)


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: JSON files with shapes and imagePath.

    The first one that can be read tells, and a folder below that holds a COCO file is a set of its own, beside others.
    Raises FormatError, naming the first, where none of ten can.
    """
    broken: FormatError | None = None
    files = _files(path)
    for file in files[:10]:
        try:
            ours = {"shapes", "imagePath"} <= set(Document(file).keys())
            return 0.9 if ours and not _holds_coco(files, file.parent) else 0.0
        except FormatError as error:
            broken = broken or error
    if broken is not None:
        raise broken
    return 0.0


def _holds_coco(files: list[Path], home: Path) -> bool:
    """Whether the first file of a folder other than `home` is a COCO file; of so many folders."""
    firsts = {file.parent: file for file in reversed(files) if file.parent != home}
    for file in list(firsts.values())[:_FOLDERS]:
        with suppress(FormatError):
            if {"images", "annotations", "categories"} <= set(Document(file).keys()):
                return True
    return False


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    found = _listing.current().of_kind(path, ".json")
    return [file for file in found if file.suffix == ".json" and not file.name.startswith("maskwright")]


def read(
    path: Path, *, labels: str | None = None, rule: Literal["pillow", "edges"] | None = None, encoding: str = "utf-8",
    unpack: str | None = None,
) -> Reading:  # fmt: skip
    """labels: a file with a class name a line; else labels.txt near the JSONs, else the names that appear, sorted.

    rule: pillow, as Labelme exports: with every pixel that the outline touches; or edges, a pixel belongs when its
    centre lies inside.  Else pillow, or what a set that was written here says of itself.
    encoding: of the files, such as cp1252 or gbk; Labelme writes UTF-8.
    unpack: a folder into which images are written that lie only inside their JSON (imageData).
    Points and lines have no area and are left out, as are shapes of unknown kinds and those without a label, with a
    note; they are in the sample's field `labelme` and are written again in their places.
    """
    files = _files(path)
    if not files:
        raise FormatError("no JSON here", file=path)
    home = path if path.is_dir() else path.parent
    about = read_about(home)
    meant = rule or (about.more.get("rule", "edges") if about else RULE)
    if meant not in (RULE, "edges"):
        raise FormatError(f"names the rule {meant!r}", file=about_file(home), needed="pillow or edges")
    classes = about.classes if about else _classes(files, home, labels, encoding)
    notes: list[str] = []
    said = _Said()
    aside = _aside.current()

    def sample_of(file: Path) -> Sample:
        content = _load(file, encoding)
        key = key_of(file, home)
        image, size = _image(file, content, said, Path(unpack) / key if unpack else None)
        segments, kept = _segments(file, content["shapes"], size, classes, meant, said, aside)
        split = about.splits.get(key) if about else None
        fields = _fields(content) | ({FIELD: kept} if kept else {})
        return Sample(key, ImageRef(str(image), size), segments, split=split, fields=fields)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(files, sample_of, lambda file: (file, None))
        notes.extend(said.notes())

    return Reading(classes, samples(), len(files), notes)


class _Said:
    """What the user should know: shapes left out by kind, images that are elsewhere, each with an example."""

    def __init__(self) -> None:
        self._left: Counter[str] = Counter()
        self._moved: Counter[str] = Counter()
        self._example: dict[str, str] = {}

    def left_out(self, kind: str, place: str) -> None:
        self._left[kind] += 1
        self._example.setdefault(kind, place)

    def image(self, where: str, place: str) -> None:
        self._moved[where] += 1
        self._example.setdefault(where, place)

    def notes(self) -> list[str]:
        out = []
        for kind, number in self._left.items():
            if kind == "points and lines":
                out.append(f"{number} points and lines have no area and were left out; {_THERE}")
                continue
            some = {"too few points": "with too few points, which Labelme refuses,", "no label": "without a label"}
            what = some.get(kind, f"of the unknown kind {kind!r}")
            number_of = f"{number} shape{'s' * (number != 1)} {what} {'were' if number != 1 else 'was'} left out"
            there = "" if kind == "too few points" else f"; {_THERE}"
            out.append(f"{number_of}, such as {self._example[kind]}{there}")
        words = {
            "beside": "not where the JSON says, and taken from beside it",
            "inside": "not beside the JSON but only inside it (imageData): -o unpack=FOLDER writes such images there",
            "unpacked": "only inside the JSON (imageData), and written to the folder that unpack names",
        }
        for where, number in self._moved.items():
            is_are = f"{number} image{'s are' if number != 1 else ' is'}"
            out.append(f"{is_are} {words[where]}, such as {self._example[where]}")
        return out


def _load(file: Path, encoding: str) -> dict[str, Any]:
    """Raises FormatError for a file that is not Labelme's."""
    try:
        text = file.read_bytes().decode("utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding)
        content = json.loads(text)
    except OSError as error:
        raise FormatError(f"cannot be read ({error.strerror})", file=file) from None
    except LookupError:
        raise FormatError(
            f"there is no encoding {encoding!r}", file=file, needed="such as utf-8, cp1252 or gbk"
        ) from None
    except UnicodeDecodeError as error:
        raise FormatError(
            f"is not {encoding} text (byte {error.start})", file=file,
            todo="Say how it was saved, such as -o encoding=cp1252 or encoding=gbk.",
        ) from None  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not valid JSON ({error})", file=file) from None
    if not isinstance(content, dict):
        raise FormatError(f"holds a {type(content).__name__}", file=file, needed="an object is needed")
    if not isinstance(content.get("imagePath"), str) or not isinstance(content.get("shapes"), list):
        raise FormatError("lacks imagePath or shapes", file=file, needed="a JSON that Labelme saved")
    return content


def _image(file: Path, content: dict[str, Any], said: _Said, unpacked: Path | None) -> tuple[Path, Size]:
    """Where the image is and its size: where the JSON says, beside it, or written beside `unpacked`."""
    named = file.parent / content["imagePath"].replace("\\", "/")
    image = named
    if not _is_file(named):
        name = PureWindowsPath(content["imagePath"]).name
        beside = file.parent / name if name and _is_file(file.parent / name) else image_beside(file.parent, file.stem)
        if beside is not None:
            image = beside
            said.image("beside", f"{file.name}, which names {content['imagePath']}")
        elif isinstance(content.get("imageData"), str):
            said.image("unpacked" if unpacked else "inside", file.name)
            image = _unpack(file, content["imageData"], unpacked) if unpacked else named
    try:
        return image, (int(content["imageHeight"]), int(content["imageWidth"]))
    except (KeyError, TypeError, ValueError):
        pass
    if not _is_file(image) and isinstance(content.get("imageData"), str):
        return image, _embedded(file, content["imageData"])[2]
    return image, image_size(image)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False  # a name that no file can have


def _embedded(file: Path, text: str) -> tuple[bytes, str, Size]:
    """The image inside a JSON: its file, its suffix, its size."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise FormatError("imageData is not base64", file=file) from None
    with opened(raw, "imageData") as image:
        return raw, ".jpg" if image.format == "JPEG" else f".{str(image.format).lower()}", (image.height, image.width)


def _unpack(file: Path, text: str, target: Path) -> Path:
    raw, suffix, _ = _embedded(file, text)
    target = target.with_name(target.name + suffix)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not (target.is_file() and target.read_bytes() == raw):
        with open(target, "xb") as out:
            out.write(raw)
    return target


def _fields(content: dict[str, Any]) -> dict[str, Any]:
    """The image's flags where there are some, the version that wrote the file, keys that Labelme does not know."""
    aside = content.get("maskwright")
    out = _plain(content) | (aside if isinstance(aside, dict) else {})
    return {key: value for key, value in out.items() if (key, value) != ("version", _VERSION)}


def _classes(files: list[Path], home: Path, labels: str | None, encoding: str) -> Classes:
    near = [home / "labels.txt", home.parent / "labels.txt"]
    table = Path(labels) if labels else next((path for path in near if path.is_file()), None)
    if table is not None:
        try:
            lines = [line.strip() for line in table.read_text("utf-8-sig").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise FormatError(f"cannot be read ({error})", file=table) from None
        names = [line for line in lines if line]
    else:
        contents = _aside.readable(files, lambda file: _load(file, encoding))
        shapes = (shape for content in contents for shape in content["shapes"])
        names = sorted({str(shape["label"]) for shape in shapes if isinstance(shape, dict) and _is_labelled(shape)})
    rows = []
    number = 1
    for name in dict.fromkeys(names):
        if name == _BACKGROUND:
            rows.append(Class(0, name, "stuff", "background"))
        elif name == _IGNORE:
            rows.append(Class(-1, name, "stuff", "ignore"))
        else:
            rows.append(Class(number, name))
            number += 1
    return Classes(rows)


def _is_labelled(shape: dict[str, Any]) -> bool:
    """Words, and numbers, whose text is the label."""
    return isinstance(shape.get("label"), str | int | float) and str(shape["label"]) != ""


def _segments(
    file: Path, shapes: list[Any], size: Size, classes: Classes, rule: str, said: _Said, aside: Aside
) -> tuple[Segments, dict[str, Any]]:  # fmt: skip
    """The segments, and what the sample's field keeps: shapes that were left out, and group_ids by segment id."""
    left: list[dict[str, Any]] = []
    named = {class_.name: class_.id for class_ in classes}
    groups: dict[Any, list[tuple[Mask, dict[str, Any], Any]]] = {}
    about: dict[Any, dict[str, Any]] = {}
    for number, shape in enumerate(shapes):
        with aside.record(file, record := f"shape {number}"):
            if not isinstance(shape, dict):
                raise FormatError("is not an object")
            if not _is_labelled(shape):
                said.left_out("no label", f"{file.name} {record}")
                left.append({"at": number, "row": shape})
                continue
            if str(shape["label"]) not in named:
                raise FormatError(f"has the unknown label {shape['label']!r}")
            if not isinstance(shape.get("maskwright") or {}, dict):
                raise FormatError("its attributes are not an object")
            name = group_of(shape, number)
            try:
                found = shape_of(shape, size, rule, number, first=name not in groups)
            except LeftOutError as kind:
                said.left_out(kind.kind, f"{file.name} {record}")
                if kind.kind != "too few points":
                    left.append({"at": number, "row": shape})
                continue
            except (ValueError, TypeError, KeyError, IndexError, binascii.Error) as error:
                raise FormatError(str(error)) from None
            groups.setdefault(name, []).append(found)
            about.setdefault(name, shape)
    masks = [Masks.stack([mask for mask, *_ in found], size).union() for found in groups.values()]
    boxes = [about[name].get("maskwright_box") or (found[0][2] if len(found) == 1 else None)
             for name, found in groups.items()]  # fmt: skip
    segments = Segments(
        Masks.stack(masks, size), [named[label] for label, _ in groups], ids=_ids(list(groups), list(about.values())),
        attributes=[attributes_of(shape) for shape in about.values()],
        more={"geometry": [several(kept for _, kept, _ in found) for found in groups.values()], "box": boxes},
    )  # fmt: skip
    stated = zip(segments.ids.tolist(), about.values(), strict=True)
    of_group = {
        str(identity): row["group_id"]
        for identity, row in stated
        if row.get("group_id") is not None and not row.get("maskwright_parts")
    }
    return segments, {**({"group_ids": of_group} if of_group else {}), **({"left_out": left} if left else {})}


def _ids(groups: list[Any], firsts: list[dict[str, Any]]) -> list[int] | None:
    """The ids of segments by the first shape of each: what we said, or their group_ids where they can be."""
    return usable_ids([row.get("maskwright_id") for row in firsts]) or usable_ids([group for _, group in groups])


def losses(sample: Sample, classes: Classes, *, shapes: str = "auto") -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    segments = sample.segments
    redrawn = [
        row
        for row, geometry in enumerate(segments.column("geometry"))
        if geometry is not None and (shapes == "mask" or given_of(segments, row) is None)
    ]
    return common_losses(sample, LOSES) + [Loss(sample.key, "geometry", int(segments.ids[row])) for row in redrawn]


def prepare(sample: Sample, classes: Classes, *, shapes: str = "auto") -> list[dict[str, Any]]:
    """The shapes of a sample's file, in the order that it had them, where it had one."""
    segments = sample.segments
    kept = sample.fields.get(FIELD)
    rows = [(i, at, row) for i in range(len(segments)) for at, row in rows_of(segments, i, classes, shapes)]
    grouped(rows, segments, kept)
    rows = placed(rows, kept)
    ordered = sorted(rows, key=lambda held: held[1])
    if not _reads_back(ordered):
        ordered = rows
    groups: dict[Any, tuple[int, dict[str, Any]]] = {}
    for place, (i, _, row) in enumerate(ordered):
        groups.setdefault(group_of(row, place), (i, row))
    wanted = [int(segments.ids[i]) for i, _ in groups.values()]
    found = _ids(list(groups), [row for _, row in groups.values()]) or list(range(1, len(groups) + 1))
    if found != wanted:
        for i, row in groups.values():
            row["maskwright_id"] = int(segments.ids[i])
    return with_others([row for _, _, row in ordered], kept)


def _reads_back(rows: list[tuple[int, float, dict[str, Any]]]) -> bool:
    """Whether labels and group_ids join the shapes to the same segments, in their order."""
    found: dict[Any, set[int]] = {}
    for place, (i, _, row) in enumerate(rows):
        found.setdefault(group_of(row, place), set()).add(i)
    return [sorted(joined) for joined in found.values()] == [[i] for i in sorted({i for i, _, _ in rows})]


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy",
    shapes: Literal["auto", "mask"] = "auto", image_data: bool = False, ready: Ready | None = None,
) -> list[str]:  # fmt: skip
    """A JSON beside each image, and labels.txt.

    images: copy, link or none.
    shapes: auto, what was drawn as it was, else polygons where there are no holes; or mask.
    image_data: put each image's file into its JSON too, as Labelme can.
    ready: what gives a sample's rows in place of `prepare`.
    """
    splits = {}
    masks = 0
    ready = ready or (lambda sample: prepare(sample, classes, shapes=shapes))
    for sample in unique_keys(samples):
        name = sample.key + suffix_of(sample)
        image = put_image(sample, folder, name, images)
        target = new_file(folder, f"{sample.key}.json")
        rows = ready(sample)
        raw = (Path(remote.local(sample.image.uri)) if images == "none" else image).read_bytes() if image_data else None
        content: dict[str, Any] = {
            "version": _VERSION,
            "flags": {},
            **_plain(sample.fields),
            "shapes": rows,
            "imagePath": Path(name).name if images != "none" else sample.image.uri,
            "imageData": base64.b64encode(raw).decode() if raw is not None else None,
            "imageHeight": sample.image.size[0],
            "imageWidth": sample.image.size[1],
        }
        aside = {key: value for key, value in sample.fields.items() if key not in (*_plain(sample.fields), FIELD)}
        target.write_text(json.dumps(content | ({"maskwright": aside} if aside else {}), ensure_ascii=False, indent=1))
        masks += sum(row["shape_type"] == "mask" for row in rows)
        splits[sample.key] = sample.split
    new_file(folder, "labels.txt").write_text("".join(f"{class_.name}\n" for class_ in classes))
    write_about(folder, "labelme", classes, splits, name=ABOUT_ASIDE, rule=RULE)
    if masks and shapes == "auto":
        if masks == 1:
            return ["1 shape is a mask, not a polygon: it has holes, or was a mask before; masks are exact"]
        return [f"{masks} shapes are masks, not polygons: they have holes, or were masks before"]
    return []


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that can stand among a file's own keys and are read from there."""
    kinds: dict[str, type] = {"version": str, "flags": dict}
    return {
        key: value
        for key, value in fields.items()
        if key not in _STRUCTURE and value not in (None, {}) and isinstance(value, kinds.get(key, object))
    }
