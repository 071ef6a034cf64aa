"""Pascal VOC: SegmentationClass and SegmentationObject PNGs, XML boxes, ImageSets.

Layout: Everingham et al., "The Pascal Visual Object Classes Challenge: development kit".  0 is background, 255 the
border that is ignored; the object map numbers the objects in the order of the XML.  Boxes count pixels from 1 and
include the far ones, as in the development kit: xmin 1 is the image's edge, and a box from 1 to 2 is two pixels wide.
Polygons, which Roboflow and supervision add, count from 1, too; they are rounded and drawn as cv2.fillPoly draws them.
CVAT and Datumaro write colours for indices, which labelmap.txt names.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import Size
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.names import confined
from maskwright.core.polygons import rectangle
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _class_names, _listing, _voc_colours
from maskwright.formats._aside import Aside
from maskwright.formats._contract import (
    Loss,
    Reading,
    Ready,
    Sure,
    common_losses,
    image_beside,
    image_files,
    key_of,
    new_file,
    put_image,
    read_about,
    split_word,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._rasters import png, voc_palette
from maskwright.formats._rules import RULES
from maskwright.formats._voc_colours import BORDER
from maskwright.media import Description, describe, is_image_file

LOSES = frozenset(
    {"overlap", "empty", "class", "crowd", "score", "attributes", "area", "ids", "source", "weight", "fields"}
)
KEEPS = frozenset({"geometry", "box"})
_RULE = "fill"

NAMES = ("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
         "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor")  # fmt: skip

_LABELS = ("SegmentationClass", "SegmentationClassPNG", "SegmentationClassAug")
_FLAGS = ("difficult", "truncated", "occluded")
#: Of a sample: what its XML says of the image's origin.
_FIELD = "voc"
_ORIGIN = ("folder", "path", "source", "owner")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with JPEGImages and SegmentationClass,
    SegmentationObject or Annotations; or XML files of objects with their images.
    """
    if not path.is_dir():
        return 0.0
    has_labels = [name for name in (*_LABELS, "Annotations") if (path / name).is_dir()]
    if (path / "JPEGImages").is_dir() and has_labels and not _is_video(path):
        return Sure(0.9, f"JPEGImages and {', '.join(has_labels)}")
    home = _xml_home(path)
    xmls = _listing.current().of_kind(home, ".xml") if home is not None else []
    homes = _image_homes(path, path if home is None else home, None)
    if home is None or all(_image_of(xml, home, homes) is None for xml in xmls[:10]):
        return 0.0
    where = "beside" if home == path else f"in {home.name}/ with"
    return Sure(0.72, f"{len(xmls)} XML files of objects {where} their images")


#: Folders that hold XML in sets that are not laid out as VOC's own.
_XML_HOMES = ("Annotations", "annotations", "Annotation", "annotation", "xmls", "xml", "labels", "Labels", "ann", "")
_IMAGE_HOMES = ("JPEGImages", "images", "Images", "image", "imgs", "img", "")


def _xml_home(path: Path) -> Path | None:
    """The folder of a set's XML files, where the first of them is one of objects in an image."""
    listing = _listing.current()
    for name in _XML_HOMES:
        home = path / name if name else path
        if name not in (*listing.inside(path)[0], ""):
            continue
        first = next((file for file in listing.of_kind(home, ".xml") if not name or file.is_relative_to(home)), None)
        if first is not None:
            with first.open("rb") as opened:
                head = opened.read(1 << 14)
            if b"<annotation" in head and b"<annotations" not in head and b"<pt>" not in head:
                return home
    return None


def _image_homes(path: Path, xmls: Path, images: str | None) -> list[Path]:
    """Folders where images are looked for. xmls: where labels lie.  images: the only one, below `path` or anywhere."""
    if images is not None:
        return [path / images] if (path / images).is_dir() else [Path(images)]
    homes = [path / name if name else path for name in _IMAGE_HOMES]
    return [home for home in (*homes, xmls) if home.is_dir()]


def _image_of(label: Path, root: Path, homes: list[Path]) -> Path | None:
    """The image of a label: of its path below `root`, or of its name alone, or as its XML calls it."""
    key = key_of(label, root)
    for name in dict.fromkeys((key, label.stem)):
        for home in homes:
            if (image := image_beside(home, name)) is not None:
                return image
    if label.suffix.lower() != ".xml":
        return None
    with label.open("rb") as opened:
        called = re.search(rb"<filename>\s*([^<]+?)\s*</filename>", opened.read(1 << 14))
    name = "" if called is None else Path(called[1].decode(errors="replace").replace("\\", "/")).name
    return next((home / name for home in homes if name and is_image_file(name) and (home / name).is_file()), None)


def _is_video(path: Path) -> bool:
    """DAVIS and YouTube-VOS have JPEGImages and Annotations, too, but with PNGs in them."""
    return next((path / "Annotations").rglob("*.png"), None) is not None


def read(
    path: Path, *, images: str | None = None, names: str | None = None, base: Literal[0, 1] = 1,
    palette: str | None = None,
) -> Reading:  # fmt: skip
    """images: the folder of the images, below `path` or anywhere; JPEGImages, images or beside the XML when not given.

    names: class names by comma, for 1, 2, …; else class_names.txt, labels.txt or labelmap.txt, or VOC's own twenty.

    base: 1, boxes and polygons count pixels from 1 and a box includes its far ones, as VOC's own; or 0, they are
    distances from the corner, as some tools write them.
    palette: a file that names the colours of coloured PNGs, below `path` or anywhere, lines "name:r,g,b" or "name r g
    b"; else labelmap.txt, as CVAT writes it, or VOC's own palette.
    Objects without pixels become what their polygon draws, or the rectangle of their box.  What the XML says of where
    the image came from is in the sample's field `voc`.
    """
    about = read_about(path)
    folder = next((path / name for name in _LABELS if (path / name).is_dir()), None)
    boxes = (path / "Annotations" if folder else _xml_home(path)) or path / "Annotations"
    homes = _image_homes(path, boxes, images)
    labels = sorted(image_files(folder)) if folder else sorted(boxes.rglob("*.xml"))
    labels = [each_label for each_label in labels if each_label.suffix.lower() in (".png", ".xml")]
    if not labels:
        raise FormatError("no SegmentationClass PNG and no Annotations XML", file=path)
    splits = _splits(path)
    table = None if about and palette is None else _voc_colours.table_of(path, palette)
    classes = about.classes if about else _classes(path, names, labels if not folder else [], boxes, table)
    colours = _Colours(_voc_colours.numbers_of(table, classes), "VOC's palette" if table is None else table.file.name)
    values = {int(value): int(each_value) for value, each_value in about.more["values"].items()} if about else {}
    notes: list[str] = []
    if folder and table is not None:
        notes.append(f"colours of {folder.name} are named by {table.file.name}")
    said = {"zero": 0, "unseen": 0, "numbered": 0}
    aside = _aside.current()

    def sample_of(label: Path) -> Sample:
        key = key_of(label, folder or boxes)
        image = _image_of(label, folder or boxes, homes)
        if image is None:
            where = homes[0].name if len(homes) == 1 or folder else "images or beside it"
            raise FormatError(
                f"has no image in {where}", file=label, todo="Name the folder of the images with -o images=FOLDER."
            )
        about_image = describe(image)
        xml = boxes / f"{key}.xml"
        objects = _objects(xml, aside, base) if xml.is_file() else []
        said["zero"] += any(min(found.get("box", (0,))[:2]) < 0 for found in objects)
        if folder:
            segments = _segments(path, label, key, about_image, classes, objects, values, colours, said)
        else:
            segments = _rectangles(xml, _stated(xml, about_image), classes, objects, aside)
        split = about.splits.get(key) if about else splits.get(key, _split_of(key))
        origin = _origin(xml) if xml.is_file() else {}
        fields = {_FIELD: origin} if origin else {}
        return Sample(key, ImageRef(str(image), segments.size), segments, split=split, fields=fields)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(labels, sample_of, lambda label: (label, None))
        if said["zero"]:
            number = (
                f"{said['zero']} image{'s have boxes that begin' if said['zero'] != 1 else ' has boxes that begin'}"
            )
            notes.append(
                f"{number} at 0, while VOC counts pixels from 1: if the set counts from 0, read it with -o base=0"
            )
        if said["unseen"]:
            notes.append(f"{said['unseen']} objects of the XML have no pixels in SegmentationObject and were left out")
        if said["numbered"]:
            notes.append(f"objects are numbered by their colours, which are not VOC's, in {said['numbered']} images")

    return Reading(classes, samples(), len(labels), notes)


def _split_of(key: str) -> str | None:
    """The split that the folders of a key say."""
    return next(filter(None, map(split_word, key.split("/")[:-1])), None)


def _splits(path: Path) -> dict[str, str]:
    """An image's split from ImageSets; trainval says nothing that train and val do not."""
    out: dict[str, str] = {}
    for folder in ("Segmentation", "Main", "."):
        for split in ("train", "val", "test"):
            file = path / "ImageSets" / folder / f"{split}.txt"
            if file.is_file():
                for line in file.read_text(errors="replace").splitlines():
                    if line.strip():
                        out.setdefault(line.strip(), split)
    return out


@dataclass(frozen=True)
class _Colours:
    """What colours of the classes stand for. numbers: by packed colour.  told: what has them."""

    numbers: dict[int, int]
    told: str


def _classes(
    path: Path, names: str | None, xmls: list[Path], boxes: Path, table: _class_names.Table | None
) -> Classes:  # fmt: skip
    given: list[str] = []
    if names:
        given = [name.strip() for name in names.split(",")]
    elif table is not None and table.file.name != "labelmap.txt":
        given = [name for name, _ in table.rows]
    else:
        for file in (path / "class_names.txt", path / "labels.txt", path / "labelmap.txt"):
            if file.is_file():
                lines = [line.split(":")[0].strip() for line in file.read_text(errors="replace").splitlines()]
                given = [line for line in lines if line and not line.startswith("#")]
                break
    given = [name for name in given if name.strip("_").lower() not in _voc_colours.FIXED]
    objects = _aside.readable(xmls, lambda xml: _objects(xml, Aside(skip=True)))
    found = {str(row["name"]) for rows in objects for row in rows if row.get("name")}
    given = given or (list(NAMES) if found <= set(NAMES) else sorted(found))
    palette = voc_palette()
    own = dict(table.colours) if table is not None else {}
    rows = [Class(0, "background", "stuff", "background", (0, 0, 0))]
    rows += [
        Class(k, name, "thing", colour=own.get(name, tuple(palette[k % 256].tolist())))
        for k, name in enumerate(given, 1)
    ]
    return Classes([*rows, Class(BORDER, "border", "stuff", "ignore")])


def _origin(xml: Path) -> dict[str, Any]:
    """Folder, path, source and owner of an image, which is read already; texts, and mappings of texts."""
    from defusedxml.ElementTree import parse

    root = parse(xml).getroot()
    found = {name: root.find(name) for name in _ORIGIN} if root is not None else {}
    return {
        name: {child.tag: (child.text or "").strip() for child in element} if len(element) else element.text or ""
        for name, element in found.items()
        if element is not None
    }


def _objects(xml: Path, aside: Aside, base: int = 1) -> list[dict[str, Any]]:
    """name, flags, pose, and box (xyxy) and polygons (flat rings whose points name pixels) where an object has them.

    An object that cannot be read is put aside, and is empty.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import parse

    try:
        root = parse(xml).getroot()
    except (ET.ParseError, DefusedXmlException, ValueError, OSError) as error:
        raise FormatError(f"not readable XML ({error})", file=xml) from None
    out: list[dict[str, Any]] = []
    for number, element in enumerate(root.iter("object") if root is not None else (), 1):
        try:
            out.append(_object(element, base))
        except ValueError as error:
            out.append({})
            aside.put(FormatError(f"not readable XML ({error})", file=xml, record=f"object {number}"))
    return out


def _object(element: Any, base: int) -> dict[str, Any]:
    row: dict[str, Any] = {"name": (element.findtext("name") or "").strip()}
    row |= {flag: True for flag in _FLAGS if (element.findtext(flag) or "0").strip() == "1"}
    pose = (element.findtext("pose") or "").strip()
    if pose and pose != "Unspecified":
        row["pose"] = pose
    box = element.find("bndbox")
    if box is not None:
        x0, y0, x1, y1 = (float(box.findtext(side) or "nan") for side in ("xmin", "ymin", "xmax", "ymax"))
        if np.isfinite([x0, y0, x1, y1]).all():
            row["box"] = [min(x0, x1) - base, min(y0, y1) - base, max(x0, x1), max(y0, y1)]
    rings = [ring for ring in (_ring(polygon) for polygon in element.findall("polygon")) if ring]
    if rings:
        row["polygons"] = [[number - base for number in ring] for ring in rings]
    return row


def _ring(polygon: Any) -> list[float]:
    """Flat: x1, y1, x2, y2, … of a polygon, as long as both of a pair are there."""
    out: list[float] = []
    while (x := polygon.findtext(f"x{len(out) // 2 + 1}")) and (y := polygon.findtext(f"y{len(out) // 2 + 1}")):
        out += [float(x), float(y)]
    return out


def _polygons(rings: list[list[float]], size: Size) -> tuple[Mask, dict[str, Any]]:
    """The mask that they draw, and what is kept of them. Raises ValueError for a number that is not a coordinate."""
    parts = [[np.rint(ring).tolist()] for ring in rings]
    return RULES[_RULE].draw([parts], size)[0], drawn.polygon(parts, _RULE, voc=rings)


def _segments(
    path: Path, label: Path, key: str, image: Description, classes: Classes, objects: list[dict[str, Any]],
    values: dict[int, int], colours: _Colours, said: dict[str, int],
) -> Segments:  # fmt: skip
    size = image.size
    kinds = _voc_colours.indices(label, image, colours.numbers, colours.told)
    objects_file = path / "SegmentationObject" / f"{key}.png"
    border = Masks.encode((kinds == BORDER)[None])
    numbered: list[int] = []
    if objects_file.is_file():
        numbers, new = _voc_colours.object_indices(objects_file, image, _voc_colours.numbers_of(None, classes))
        said["numbered"] += new
        own, masks = Masks.from_label_map(np.where(kinds == BORDER, 0, numbers), ignore=[0])
        class_values = []
        numbered = own.tolist()
        said["unseen"] += len(set(range(1, len(objects) + 1)).difference(numbered))
        for row in range(len(masks)):
            inside = kinds[masks[row].decode()]
            shown, often = np.unique(inside[(inside != 0) & (inside != BORDER)], return_counts=True)
            if not shown.size:
                raise FormatError(f"object {own[row]} lies where {label.name} has no class", file=objects_file)
            class_values.append(int(shown[np.argmax(often)]))
        # Pixels with a class and no object: semantic labels beside objects.
        rest = np.where((numbers == 0) & (kinds != BORDER), kinds, 0)
        more, more_masks = Masks.from_label_map(rest, ignore=[0])
        masks = Masks.concatenate([masks, more_masks], size)
        class_values += [int(value) for value in more]
        ids = [*own.tolist(), *range(int(own.max(initial=0)) + 1, int(own.max(initial=0)) + 1 + len(more))]
    else:
        found, masks = Masks.from_label_map(kinds, ignore=[0, BORDER])
        class_values, ids = [int(value) for value in found], list(range(1, len(found) + 1))
    class_ids = [values.get(value, value) for value in class_values]
    wrong = [class_id for class_id in class_ids if class_id not in classes]
    if wrong:
        raise FormatError(
            f"has the class {wrong[0]}, which has no name", file=label, needed="name the classes with -o names=a,b,…"
        )
    known = [objects[number - 1] if 0 < number <= len(objects) else {} for number in numbered]
    known += [{}] * (len(ids) - len(known))
    attributes = [_about_object(found) for found in known]
    # A box that is the mask's own is not one that was given.
    given = [None if found.get("box") == own_box else found.get("box")
             for found, own_box in zip(known, masks.boxes().tolist(), strict=True)]  # fmt: skip
    geometry = [_drawn(found, mask) for found, mask in zip(known, masks, strict=True)]
    if border.areas()[0]:
        masks = Masks.concatenate([masks, border], size)
        void = values.get(BORDER, BORDER)
        class_ids, ids, attributes = [*class_ids, void], [*ids, max(ids, default=0) + 1], [*attributes, {}]
        given, geometry = [*given, None], [*geometry, None]
    told = {"box": given, "geometry": geometry}
    return Segments(masks, class_ids, ids=ids, attributes=attributes, more=told)


def _about_object(found: dict[str, Any]) -> dict[str, Any]:
    """What the XML says of an object beyond its name and place."""
    return {name: value for name, value in found.items() if name not in ("name", "box", "polygons")}


def _drawn(found: dict[str, Any], mask: Mask) -> dict[str, Any] | None:
    """The polygons of an object where they draw its pixels."""
    try:
        shape, kept = _polygons(found["polygons"], mask.size)
    except (KeyError, ValueError):
        return None
    return kept if shape == mask else None


def _stated(xml: Path, image: Description) -> tuple[int, int]:
    """The size that the XML states where that is the raster's; else the image's as it is shown."""
    from defusedxml.ElementTree import parse

    try:
        root = parse(xml).getroot()
        size = root.find("size") if root is not None else None
        stated = [int(size.findtext(side, "")) for side in ("height", "width")] if size is not None else []
    except (ET.ParseError, OSError, ValueError):
        stated = []
    return image.stored_size if tuple(stated) == image.stored_size else image.size


def _rectangles(xml: Path, size: Size, classes: Classes, objects: list[dict[str, Any]], aside: Aside) -> Segments:
    masks, class_ids, attributes = [], [], []
    more: dict[str, list[Any]] = {"box": [], "geometry": []}
    for number, found in enumerate(objects, 1):
        if not found:
            continue  # it was put aside
        with aside.record(xml, f"object {number}"):
            name, box = str(found["name"]), found.get("box")
            if not name:
                raise FormatError("has no name", needed="the class in <name>")
            try:
                if "polygons" in found:
                    mask, kept = _polygons(found["polygons"], size)
                elif box is not None:
                    rounded = [round(side) for side in box]
                    mask, kept = Mask.from_polygon(rectangle(*rounded), size), drawn.rectangle(rounded, "edges")
                else:
                    raise FormatError("has no bndbox")
                class_id = classes[name].id
            except KeyError:
                raise FormatError(f"has the unknown class {name!r}") from None
            except ValueError as error:
                raise FormatError(f"cannot be drawn ({error})") from None
            class_ids.append(class_id)
            masks.append(mask)
            more["box"].append(box)
            more["geometry"].append(kept)
            attributes.append(_about_object(found))
    return Segments(Masks.stack(masks, size), class_ids, attributes=attributes, more=more)


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    own = {name: value for name, value in sample.fields.items() if name != _FIELD}
    out = common_losses(replace(sample, fields=own), LOSES)
    ignored = [class_.id for class_ in classes if class_.role == "ignore"][:1]
    for identity, class_id in zip(sample.segments.ids, sample.segments.class_ids, strict=True):
        class_ = classes[int(class_id)]
        if class_.role == "background" or (class_.role == "ignore" and class_.id not in ignored):
            out.append(Loss(sample.key, "class", int(identity)))
    for row, geometry in enumerate(sample.segments.column("geometry")):
        if geometry is not None and drawn.own_of(geometry, "voc") is None:
            out.append(Loss(sample.key, "geometry", int(sample.segments.ids[row])))
        if sample.segments.column("box")[row] is not None and int(sample.segments.class_ids[row]) in ignored:
            out.append(Loss(sample.key, "box", int(sample.segments.ids[row])))
    return out


def prepare(sample: Sample, classes: Classes) -> tuple[bytes, bytes]:
    """The PNGs of a sample's classes and objects."""
    value = _values(classes)
    segments = sample.segments[[int(class_id) in value for class_id in sample.segments.class_ids]]
    values = [value[int(class_id)] for class_id in segments.class_ids]
    kinds = np.zeros(sample.image.size, np.uint8)
    segments.masks.composite(values, out=kinds)
    visible = segments.visible()
    numbers, number = [], 0
    for area, each_value in zip(visible.masks.areas(), values, strict=True):
        number += bool(area and each_value != BORDER)
        numbers.append(number if each_value != BORDER else 0)
    objects = np.zeros(sample.image.size, np.uint8 if number < BORDER else np.uint16)
    visible.masks.composite(numbers, out=objects)
    if number < BORDER:
        objects[kinds == BORDER] = BORDER
    return png(kinds, voc_palette()), png(objects, voc_palette())


def _values(classes: Classes) -> dict[int, int]:
    """The value of each class by its id: its number from 1, which is its line in class_names.txt and labelmap.txt."""
    plain = [class_ for class_ in classes if class_.role == "class"]
    if len(plain) >= BORDER:
        raise FormatError(f"there are {len(plain)} classes", needed="VOC has room for 254")
    value = {class_.id: number for number, class_ in enumerate(plain, 1)}
    ignored = next((class_.id for class_ in classes if class_.role == "ignore"), None)
    if ignored is not None:
        value[ignored] = BORDER
    return value


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", ready: Ready | None = None
) -> None:
    """Class and object PNGs, boxes in XML, ImageSets.  images: copy or link; the layout needs them.

    Object maps are indexed, and 16-bit gray where an image has more than 254 objects.
    ready: what gives a sample's rows in place of `prepare`.
    """
    plain = [class_ for class_ in classes if class_.role == "class"]
    value = _values(classes)
    ready = ready or (lambda sample: prepare(sample, classes))
    splits, listed = {}, {split: [""] * 0 for split in ("train", "val", "test")}
    for sample in unique_keys(samples):
        image = put_image(sample, folder, f"JPEGImages/{sample.key}{suffix_of(sample)}", images)
        called = Path(sample.image.uri).name if images == "none" else image.name
        segments = sample.segments[[int(class_id) in value for class_id in sample.segments.class_ids]]
        values = [value[int(class_id)] for class_id in segments.class_ids]
        for home, content in zip(("SegmentationClass", "SegmentationObject"), ready(sample), strict=True):
            new_file(folder, f"{home}/{sample.key}.png").write_bytes(content)
        file = new_file(folder, f"Annotations/{sample.key}.xml")
        visible = segments.visible()
        visible = visible.replace(more={**visible.more, "geometry": segments.column("geometry")})
        _put_xml(file, called, sample, visible, values, classes)
        splits[sample.key] = sample.split
        if sample.split in listed:
            listed[sample.split].append(sample.key)
    confined(folder, "ImageSets/Segmentation").mkdir(parents=True)
    for split, keys in listed.items():
        if keys:
            new_file(folder, f"ImageSets/Segmentation/{split}.txt").write_text("".join(f"{key}\n" for key in keys))
    new_file(folder, "class_names.txt").write_text("_background_\n" + "".join(f"{class_.name}\n" for class_ in plain))
    colours = voc_palette()
    lines = ["# label:color_rgb:parts:actions\n", "background:0,0,0::\n"]
    lines += [f"{class_.name}:{','.join(str(c) for c in colours[value[class_.id]])}::\n" for class_ in plain]
    new_file(folder, "labelmap.txt").write_text("".join(lines))  # as CVAT and Datumaro look for it
    write_about(folder, "voc", classes, splits, values={str(number): name for name, number in value.items()})


def _put_xml(file: Path, called: str, sample: Sample, visible: Segments, values: list[int], classes: Classes) -> None:
    root = ET.Element("annotation")
    origin = sample.fields.get(_FIELD)
    origin = origin if isinstance(origin, dict) else {}
    _put_origin(root, origin, "folder")
    ET.SubElement(root, "filename").text = called
    for name in ("path", "source", "owner"):
        _put_origin(root, origin, name)
    size = ET.SubElement(root, "size")
    try:
        depth = len(describe(sample.image).channels)
    except FormatError:
        depth = 3  # where the image is not at hand
    for name, number in (("width", sample.image.size[1]), ("height", sample.image.size[0]), ("depth", depth)):
        ET.SubElement(size, name).text = str(number)
    boxes, areas = visible.masks.boxes(), visible.masks.areas()
    rows = [row for row in range(len(visible)) if areas[row] and values[row] != BORDER]
    ET.SubElement(root, "segmented").text = str(int(bool(rows)))
    for row in rows:
        subelement = ET.SubElement(root, "object")
        ET.SubElement(subelement, "name").text = classes[int(visible.class_ids[row])].name
        ET.SubElement(subelement, "pose").text = str(visible.attributes[row].get("pose", "Unspecified"))
        for flag in _FLAGS:
            ET.SubElement(subelement, flag).text = str(int(visible.attributes[row].get(flag) is True))
        box = ET.SubElement(subelement, "bndbox")
        given = visible.column("box")[row]
        left, top, right, bottom = boxes[row].tolist() if given is None else given
        for name, side in (("xmin", left + 1), ("ymin", top + 1), ("xmax", right), ("ymax", bottom)):
            ET.SubElement(box, name).text = _number(side)
        for ring in drawn.own_of(visible.column("geometry")[row], "voc") or ():
            polygon = ET.SubElement(subelement, "polygon")
            for place in range(0, len(ring), 2):
                ET.SubElement(polygon, f"x{place // 2 + 1}").text = _number(ring[place] + 1)
                ET.SubElement(polygon, f"y{place // 2 + 1}").text = _number(ring[place + 1] + 1)
    ET.indent(root)
    ET.ElementTree(root).write(file, encoding="utf-8")


def _put_origin(root: ET.Element, origin: dict[str, Any], name: str) -> None:
    """What `_origin` found, as it was; nothing where there is nothing, or something that is not of that form."""
    said = origin.get(name)
    if isinstance(said, str):
        ET.SubElement(root, name).text = said
    elif isinstance(said, dict):
        element = ET.SubElement(root, name)
        for part, text in said.items():
            if isinstance(text, str) and part.isidentifier():
                ET.SubElement(element, part).text = text


def _number(value: float) -> str:
    """Whole where it is whole; else as it was before one was taken off and added, which is exact from 1 on."""
    return str(int(value)) if value == int(value) else repr(value if abs(value) >= 1 else round(value, 15))
