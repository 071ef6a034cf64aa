"""Pascal VOC: SegmentationClass and SegmentationObject PNGs, XML boxes, ImageSets.

Layout: Everingham et al., "The Pascal Visual Object Classes Challenge: development kit".  0 is background, 255 the
border that is ignored; the object map numbers the objects in the order of the XML.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import confined
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import (
    About,
    Loss,
    Reading,
    Ready,
    common_losses,
    image_beside,
    image_files,
    key_of,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._rasters import fitting, png, read_raster, voc_palette
from maskwright.media import Description, describe

LOSES = frozenset(
    {"overlap", "empty", "class", "crowd", "score", "attributes", "area", "ids", "source", "weight", "fields"}
)

BORDER = 255

NAMES = ("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
         "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor")  # fmt: skip

_LABELS = ("SegmentationClass", "SegmentationClassPNG", "SegmentationClassAug")
_FLAGS = ("difficult", "truncated", "occluded")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with JPEGImages and SegmentationClass,
    SegmentationObject or Annotations.
    """
    has_labels = any((path / name).is_dir() for name in (*_LABELS, "Annotations"))
    return 0.9 if path.is_dir() and (path / "JPEGImages").is_dir() and has_labels and not _is_video(path) else 0.0


def _is_video(path: Path) -> bool:
    """DAVIS and YouTube-VOS have JPEGImages and Annotations, too, but with PNGs in them."""
    return next((path / "Annotations").rglob("*.png"), None) is not None


def read(path: Path, *, names: str | None = None) -> Reading:
    """names: class names by comma, for 1, 2, …; else class_names.txt, labels.txt or labelmap.txt, or VOC's own twenty.

    Objects that have a box only become rectangles with the attribute "box".
    """
    about = read_about(path)
    folder = next((path / name for name in _LABELS if (path / name).is_dir()), None)
    boxes = path / "Annotations"
    labels = sorted(image_files(folder)) if folder else sorted(boxes.rglob("*.xml"))
    labels = [each_label for each_label in labels if each_label.suffix.lower() in (".png", ".xml")]
    if not labels:
        raise FormatError("no SegmentationClass PNG and no Annotations XML", file=path)
    splits = _splits(path)
    classes = about.classes if about else _classes(path, names, labels if not folder else [], boxes)
    values = {int(value): int(each_value) for value, each_value in about.more["values"].items()} if about else {}
    base = folder or boxes

    def samples() -> Iterator[Sample]:
        for label in labels:
            key = key_of(label, base)
            image = image_beside(path / "JPEGImages", key)
            if image is None:
                raise FormatError("has no image in JPEGImages", file=label)
            about_image = describe(image)
            xml = boxes / f"{key}.xml"
            objects = _objects(xml) if xml.is_file() else []
            if folder:
                segments = _segments(path, label, key, about_image, classes, objects, values, about)
            else:
                segments = _rectangles(xml, _stated(xml, about_image), classes, objects)
            split = about.splits.get(key) if about else splits.get(key)
            yield Sample(key, ImageRef(str(image), segments.size), segments, split=split)

    return Reading(classes, unique_keys(samples()), len(labels))


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


def _classes(path: Path, names: str | None, xmls: list[Path], boxes: Path) -> Classes:
    given: list[str] = []
    if names:
        given = [name.strip() for name in names.split(",")]
    else:
        for file in (path / "class_names.txt", path / "labels.txt", path / "labelmap.txt"):
            if file.is_file():
                lines = [line.split(":")[0].strip() for line in file.read_text(errors="replace").splitlines()]
                given = [line for line in lines if line and not line.startswith("#")]
                break
    given = [name for name in given if name.strip("_").lower() not in ("background", "ignore")]
    found = {str(each_object["name"]) for xml in xmls for each_object in _objects(xml)}
    given = given or (list(NAMES) if found <= set(NAMES) else sorted(found))
    colours = voc_palette()
    rows = [Class(0, "background", "stuff", "background", (0, 0, 0))]
    rows += [Class(k, name, "thing", colour=tuple(colours[k % 256].tolist())) for k, name in enumerate(given, 1)]
    return Classes([*rows, Class(BORDER, "border", "stuff", "ignore")])


def _objects(xml: Path) -> list[dict[str, Any]]:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import parse

    try:
        root = parse(xml).getroot()
        out = []
        for each in root.iter("object") if root is not None else ():
            row: dict[str, Any] = {"name": (each.findtext("name") or "").strip()}
            row |= {flag: True for flag in _FLAGS if (each.findtext(flag) or "0").strip() == "1"}
            pose = (each.findtext("pose") or "").strip()
            if pose and pose != "Unspecified":
                row["pose"] = pose
            box = each.find("bndbox")
            if box is not None:
                row["xyxy"] = [float(box.findtext(side) or "nan") for side in ("xmin", "ymin", "xmax", "ymax")]
            out.append(row)
    except (ET.ParseError, DefusedXmlException, ValueError, OSError) as error:
        raise FormatError(f"not readable XML ({error})", file=xml) from None
    return out


def _segments(
    path: Path, label: Path, key: str, image: Description, classes: Classes, objects: list[dict[str, Any]],
    values: dict[int, int], about: About | None,
) -> Segments:  # fmt: skip
    size = image.size
    kinds = _indices(label, image)
    objects_file = path / "SegmentationObject" / f"{key}.png"
    border = Masks.encode((kinds == BORDER)[None])
    if objects_file.is_file():
        numbers = _indices(objects_file, image)
        own, masks = Masks.from_label_map(np.where(kinds == BORDER, 0, numbers), ignore=[0])
        class_values = []
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
    attributes = [_about_object(objects, number) for number in ids]
    if border.areas()[0]:
        masks = Masks.concatenate([masks, border], size)
        void = values.get(BORDER, BORDER)
        class_ids, ids, attributes = [*class_ids, void], [*ids, max(ids, default=0) + 1], [*attributes, {}]
    return Segments(masks, class_ids, ids=ids, attributes=attributes)


def _about_object(objects: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """What the XML says of object `number`, as far as it goes."""
    known = objects[number - 1] if 0 < number <= len(objects) else {}
    return {name: value for name, value in known.items() if name not in ("name", "xyxy")}


def _indices(file: Path, image: Description) -> Array:
    """Indices; a colour PNG, as some tools write, is read by VOC's own palette."""
    pixels = fitting(read_raster(file)[0], image, file)
    if pixels.ndim == 2:
        return pixels
    palette = voc_palette().astype(np.int64)
    code = {int(r) << 16 | int(g) << 8 | int(b): k for k, (r, g, b) in enumerate(palette)}
    wide = pixels.astype(np.int64)
    found, inverse = np.unique(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], return_inverse=True)
    unknown = [int(item) for item in found if int(item) not in code]
    if unknown:
        raise FormatError(f"has the colour #{unknown[0]:06x}, which is not in VOC's palette", file=file)
    out: Array = np.array([code[int(item)] for item in found], np.int64)[inverse.reshape(image.size)]
    return out


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


def _rectangles(xml: Path, size: tuple[int, int], classes: Classes, objects: list[dict[str, Any]]) -> Segments:
    dense = np.zeros((len(objects), *size), bool)
    class_ids = []
    for row, each_object in enumerate(objects):
        box = each_object.get("xyxy")
        if box is None or not np.isfinite(box).all():
            raise FormatError("has no bndbox", file=xml, record=f"object {row + 1}")
        left, top, right, bottom = (round(side) for side in box)  # VOC counts from 1 and includes the far edge
        dense[row, max(top - 1, 0) : bottom, max(left - 1, 0) : right] = True
        try:
            class_ids.append(classes[str(each_object["name"])].id)
        except KeyError:
            raise FormatError(
                f"has the unknown class {each_object['name']!r}", file=xml, record=f"object {row + 1}"
            ) from None
    attributes = [{**_about_object(objects, row + 1), "box": True} for row in range(len(objects))]
    return Segments(Masks.encode(dense) if objects else Masks.empty(size), class_ids, attributes=attributes)


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    out = common_losses(sample, LOSES)
    ignored = [class_.id for class_ in classes if class_.role == "ignore"][:1]
    for identity, class_id in zip(sample.segments.ids, sample.segments.class_ids, strict=True):
        class_ = classes[int(class_id)]
        if class_.role == "background" or (class_.role == "ignore" and class_.id not in ignored):
            out.append(Loss(sample.key, "class", int(identity)))
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
    """The value of each class by its id: its own where all fit, or else its number."""
    plain = [class_ for class_ in classes if class_.role == "class"]
    if len(plain) >= BORDER:
        raise FormatError(f"there are {len(plain)} classes", needed="VOC has room for 254")
    own = all(0 < class_.id < BORDER for class_ in plain)
    value = {class_.id: class_.id if own else number for number, class_ in enumerate(plain, 1)}
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
        _put_xml(file, called, sample, segments.visible(), values, classes)
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
    ET.SubElement(root, "filename").text = called
    size = ET.SubElement(root, "size")
    try:
        depth = len(describe(sample.image).channels)
    except FormatError:
        depth = 3  # where the image is not at hand
    for name, number in (("width", sample.image.size[1]), ("height", sample.image.size[0]), ("depth", depth)):
        ET.SubElement(size, name).text = str(number)
    ET.SubElement(root, "segmented").text = "1"
    boxes, areas = visible.masks.boxes(), visible.masks.areas()
    for row in range(len(visible)):
        if not areas[row] or values[row] == BORDER:
            continue
        subelement = ET.SubElement(root, "object")
        ET.SubElement(subelement, "name").text = classes[int(visible.class_ids[row])].name
        ET.SubElement(subelement, "pose").text = str(visible.attributes[row].get("pose", "Unspecified"))
        for flag in _FLAGS:
            ET.SubElement(subelement, flag).text = str(int(visible.attributes[row].get(flag) is True))
        box = ET.SubElement(subelement, "bndbox")
        left, top, right, bottom = boxes[row].tolist()
        for name, side in (("xmin", left + 1), ("ymin", top + 1), ("xmax", right), ("ymax", bottom)):
            ET.SubElement(box, name).text = str(side)
    ET.indent(root)
    ET.ElementTree(root).write(file, encoding="utf-8")
