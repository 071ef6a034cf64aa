"""GeoJSON: polygons with holes and parts, in pixels, or in the world's coordinates where the image is a GeoTIFF.

RFC 7946.  Layout: images/x.tif + labels/x.geojson, or the two side by side.  A GeoTIFF's pixel scale and tie point, or
its transformation, say where its corner lies; reference systems are not changed.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import F64
from maskwright.core.classes import Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import (
    Loss,
    Reading,
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
from maskwright.formats._json import load
from maskwright.formats._rasters import opened
from maskwright.formats._shapes import named
from maskwright.media import image_size

LOSES = frozenset({"empty", "area", "weight", "fields"})

_CLASS = ("class", "label", "name", "type", "category")
_OWN = ("id", "is_crowd", "score", "source")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with .geojson files beside images."""
    return 0.85 if path.is_dir() and _pairs(path) else 0.0


def _pairs(path: Path) -> list[tuple[str, Path, Path]]:
    """Key, image and labels."""
    out = []
    for file in sorted(path.rglob("*.geojson")):
        home = path / "labels" if (path / "labels") in file.parents else path
        key = key_of(file, home)
        image = image_beside(path / "images", key) or image_beside(home, key)
        if image is not None:
            out.append((key, image, file))
    return out


def read(path: Path, *, attribute: str | None = None, class_name: str = "object") -> Reading:
    """attribute: the property that names the class, else the first of class, label, name, type, category.

    class_name: what features without it are.  Points and lines have no area and are left out, with a note.
    """
    pairs = _pairs(path)
    if not pairs:
        raise FormatError("no .geojson with an image of its name", file=path)
    about = read_about(path)
    classes = about.classes if about else named(
        _name(feature, attribute, class_name)[0] for *_, file in pairs for feature in _features(file)
    )  # fmt: skip
    notes: list[str] = []

    def samples() -> Iterator[Sample]:
        thin = 0
        for key, image, file in pairs:
            size = image_size(image)
            segments, left_out = _segments(file, size, to_world(image), classes, attribute, class_name)
            thin += left_out
            split = about.splits.get(key) if about else None
            yield Sample(key, ImageRef(str(image), size), segments, split=split)
        if thin:
            notes.append(f"{thin} points and lines have no area and were left out")

    return Reading(classes, unique_keys(samples()), len(pairs), notes)


def _features(file: Path) -> list[dict[str, Any]]:
    content = load(file)
    found = content.get("features", [content] if content.get("type") == "Feature" else None)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise FormatError("holds no features", file=file, needed="a FeatureCollection")
    return found


def _name(feature: dict[str, Any], attribute: str | None, class_name: str) -> tuple[str, str | None]:
    """The class, and the property that says it."""
    properties = feature.get("properties") or {}
    names = (attribute,) if attribute else _CLASS
    key = next((name for name in names if isinstance(properties, dict) and name in properties), None)
    value = properties[key] if key else class_name
    return str(value.get("name") if isinstance(value, dict) else value), key


def _segments(
    file: Path, size: tuple[int, int], world: F64 | None, classes: Classes, attribute: str | None, class_name: str
) -> tuple[Segments, int]:
    back: F64 | None = None if world is None else np.asarray(np.linalg.inv(world), np.float64)
    ids_of = {class_.name: class_.id for class_ in classes}
    masks, class_ids, rows, attributes = [], [], [], []
    thin = 0
    for number, feature in enumerate(_features(file)):
        record = f"feature {number}"
        try:
            polygon = _polygon(feature.get("geometry") or {}, back)
            name, key = _name(feature, attribute, class_name)
            properties = dict(feature.get("properties") or {})
            mask = None if polygon is None else Mask.from_polygon(polygon, size)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise FormatError(f"cannot be read ({error})", file=file, record=record) from None
        if mask is None:
            thin += 1
            continue
        if name not in ids_of:
            raise FormatError(f"has the unknown class {name!r}", file=file, record=record)
        properties.pop(key or "", None)
        own = properties.pop("maskwright", None) or {}
        if not isinstance(own, dict) or not isinstance(own.get("attributes") or {}, dict):
            raise FormatError("its maskwright property is not an object", file=file, record=record)
        masks.append(mask)
        class_ids.append(ids_of[name])
        rows.append({each: own.get(each) for each in _OWN})
        attributes.append(properties | dict(own.get("attributes") or {}))
    numbers = [row["id"] for row in rows]
    return Segments(
        Masks.stack(masks, size), class_ids, ids=usable_ids(numbers),
        scores=[np.nan if row["score"] is None else float(row["score"]) for row in rows],
        is_crowd=[bool(row["is_crowd"]) for row in rows],
        source=[row["source"] if row["source"] in ("human", "model") else "import" for row in rows],
        attributes=attributes,
    ), thin  # fmt: skip


def _polygon(geometry: dict[str, Any], back: F64 | None) -> Polygon | None:
    """None for what has no area."""
    kind = geometry["type"]
    if kind == "GeometryCollection":
        parts = [_polygon(each_geometry, back) for each_geometry in geometry["geometries"]]
        return Polygon(part for polygon in parts if polygon is not None for part in polygon.parts)
    if kind not in ("Polygon", "MultiPolygon"):
        return None
    found = geometry["coordinates"] if kind == "MultiPolygon" else [geometry["coordinates"]]
    return Polygon([_ring(ring, back) for ring in part] for part in found)


def _ring(points: Any, back: F64 | None) -> F64:
    ring: F64 = np.asarray([point[:2] for point in points], np.float64).reshape(-1, 2)
    if len(ring) > 1 and (ring[0] == ring[-1]).all():
        ring = ring[:-1]  # GeoJSON repeats the first point
    return ring if back is None else _moved(ring, back)


def _moved(ring: F64, matrix: F64) -> F64:
    out: F64 = np.c_[ring, np.ones(len(ring))] @ matrix[:2].T
    return out


def to_world(image: Path) -> F64 | None:
    """(3, 3) from pixel corners to the world for a GeoTIFF, None for other images."""
    if image.suffix.lower() not in (".tif", ".tiff"):
        return None
    with opened(image, "image") as decoded:
        tags = getattr(decoded, "tag_v2", {})
        transformation, scale, tie = (tags.get(number) for number in (34264, 33550, 33922))
    if transformation and len(transformation) == 16:
        whole = np.array(transformation, np.float64).reshape(4, 4)
        return whole[np.ix_([0, 1, 3], [0, 1, 3])]
    if scale and tie and len(tie) >= 6:
        (column, row, _, x, y, _), (across, down) = tie[:6], scale[:2]
        return np.array([[across, 0, x - column * across], [0, -down, y + row * down], [0, 0, 1]], np.float64)
    return None


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """A FeatureCollection for each image in labels/, the images in images/.

    images: copy or link; sizes come from them.
    """
    splits = {}
    for sample in unique_keys(samples):
        image = put_image(sample, folder, f"images/{sample.key}{suffix_of(sample)}", images)
        target = new_file(folder, f"labels/{sample.key}.geojson")
        features = list(_rows(sample.segments, classes, to_world(image)))
        target.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
        splits[sample.key] = sample.split
    write_about(folder, "geojson", classes, splits)


def _rows(segments: Segments, classes: Classes, world: F64 | None) -> Iterator[dict[str, Any]]:
    for i, mask in enumerate(segments.masks):
        if not mask.area():
            continue
        parts = [[_closed(ring, world) for ring in part] for part in mask.polygon().parts]
        own: dict[str, Any] = {"id": int(segments.ids[i]), "source": segments.source[i]}
        if segments.is_crowd[i]:
            own["is_crowd"] = True
        if segments.scores[i] == segments.scores[i]:
            own["score"] = float(segments.scores[i])
        extra = {key: value for key, value in segments.attributes[i].items() if key != "area"}
        own |= {"attributes": {key: extra.pop(key) for key in ("class", "maskwright") if key in extra}}
        name = classes[int(segments.class_ids[i])].name
        geometry = {"type": "Polygon", "coordinates": parts[0]} if len(parts) == 1 else {
            "type": "MultiPolygon", "coordinates": parts,
        }  # fmt: skip
        yield {"type": "Feature", "geometry": geometry, "properties": {"class": name, "maskwright": own, **extra}}


def _closed(ring: F64, world: F64 | None) -> list[list[float]]:
    points = ring if world is None else _moved(ring, world)
    out: list[list[float]] = [*points.tolist(), points[0].tolist()]
    return out
