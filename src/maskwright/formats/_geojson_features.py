"""Features of GeoJSON: their class, their polygons, and the features again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import F64, Size
from maskwright.core.classes import Class
from maskwright.core.mask import Mask
from maskwright.core.segments import Segments
from maskwright.formats._rules import RULES, parts_for
from maskwright.formats._shapes import hex_colour

FORMAT = "geojson"

#: Properties that name a class, the first that is there counts; QuPath's classification is an object with a name.
_CLASS = ("class", "classification", "label", "name", "type", "category")
_OWN = ("id", "is_crowd", "score", "source")

Colour = tuple[int, int, int]


def named(feature: dict[str, Any], attribute: str | None, class_name: str) -> tuple[str, str | None]:
    """The class, and the property that says it; class_name and None where none does."""
    properties = feature.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    # What QuPath calls an object (`objectType`) has its class in `classification` alone: `name` is its own name.
    known = ("class", "classification") if "objectType" in properties else _CLASS
    names = (attribute,) if attribute else known
    key = next((name for name in names if properties.get(name) is not None), None)
    if key is None:
        return class_name, None
    value = properties[key]
    said = value.get("name") if isinstance(value, dict) else value
    return (class_name, None) if said is None else (str(said), key)


def colour(feature: dict[str, Any]) -> Colour | None:
    """The colour of QuPath's classification, as `color` (three numbers) or `colorRGB` (one) has it."""
    properties = feature.get("properties")
    found = properties.get("classification") if isinstance(properties, dict) else None
    if not isinstance(found, dict):
        return None
    value = found.get("color")
    if isinstance(value, list) and len(value) == 3 and all(isinstance(part, int) and 0 <= part < 256 for part in value):
        return value[0], value[1], value[2]
    packed = found.get("colorRGB")
    if isinstance(packed, int) and not isinstance(packed, bool):
        return packed >> 16 & 255, packed >> 8 & 255, packed & 255
    return hex_colour(value)


def parts_of(geometry: dict[str, Any], back: F64 | None) -> list[list[list[float]]] | None:
    """A geometry's polygons as `core.drawn` has them, in pixels; None for what has no area.

    back: (3, 3) from the file's coordinates to pixels; None where they are pixels.  Raises KeyError, TypeError,
    ValueError or IndexError for a broken one.
    """
    kind = geometry["type"]
    if kind == "GeometryCollection":
        found = [parts_of(inner, back) for inner in geometry["geometries"]]
        there = [part for parts in found for part in parts or ()]
        return there if any(parts is not None for parts in found) else None
    if kind not in ("Polygon", "MultiPolygon"):
        return None
    polygons = geometry["coordinates"] if kind == "MultiPolygon" else [geometry["coordinates"]]
    return [[_ring(ring, back).reshape(-1).tolist() for ring in part] for part in polygons]


def _ring(points: Any, back: F64 | None) -> F64:
    ring: F64 = np.asarray([point[:2] for point in points], np.float64).reshape(-1, 2)
    if len(ring) > 1 and (ring[0] == ring[-1]).all():
        ring = ring[:-1]  # GeoJSON repeats the first point
    return ring if back is None else _moved(ring, back)


def _moved(ring: F64, matrix: F64) -> F64:
    out: F64 = np.c_[ring, np.ones(len(ring))] @ matrix[:2].T
    return out


@dataclass(frozen=True)
class Row:
    """A feature as a segment."""

    mask: Mask
    geometry: dict[str, Any]
    own: dict[str, Any]
    attributes: dict[str, Any]


def read(feature: dict[str, Any], name: str, key: str | None, size: Size, world: F64 | None) -> Row | None:
    """None for a feature without an area. name, key: as `named` has them.  world: from pixels to the file's numbers.

    Raises KeyError, TypeError, ValueError, IndexError or AttributeError for a broken one.
    """
    back: F64 | None = None if world is None else np.asarray(np.linalg.inv(world), np.float64)
    parts = parts_of(feature.get("geometry") or {"type": "none"}, back)
    if parts is None:
        return None
    properties = dict(feature.get("properties") or {})
    own = properties.get("maskwright") or {}
    if not isinstance(own, dict) or not isinstance(own.get("attributes") or {}, dict):
        raise ValueError("its maskwright property is not an object")  # noqa: TRY004 - one kind of error for wrong values
    attributes = {name: value for name, value in properties.items() if name not in (key, "maskwright")}
    attributes |= dict(own.get("attributes") or {})
    mask = RULES["edges"].draw([parts], size)[0]
    said = {name: value for name, value in feature.items() if name != "properties"}
    properties.pop("maskwright", None)
    kept = {"feature": said, "properties": properties, "key": key, "class": name, "world": _listed(world)}
    return Row(mask, drawn.polygon(parts, "edges", geojson=kept), own, attributes)


def beside(row: Row) -> dict[str, Any]:
    """What a feature says beside its geometry and attributes: ids and other members, and its class in its own words.

    Empty where that is nothing.  It stays with the segment when its mask changes.
    """
    kept = row.geometry["own"][FORMAT]
    members = {name: value for name, value in kept["feature"].items() if name not in _OF_SHAPE}
    key = kept["key"]
    if not members and key in (None, "class"):
        return {}
    said = {key: kept["properties"][key]} if key is not None else {}
    return {"feature": members, "properties": said, "key": key, "class": kept["class"]}


#: Members of a feature that say nothing once its geometry is another.
_OF_SHAPE = ("type", "geometry", "nucleusGeometry", "bbox")


def _listed(world: F64 | None) -> list[float] | None:
    return None if world is None else world.reshape(-1).tolist()


def written(
    segments: Segments, row: int, place: int, class_: Class, world: F64 | None, said: Any = None
) -> tuple[dict[str, Any], bool]:  # fmt: skip
    """A segment as a feature, and whether its geometry is what was drawn.

    place: of the feature in its file, from 1.  said: as of `beside`, for one whose mask is another than it was drawn
    with.  Its mask is not empty.
    """
    geometry = segments.more["geometry"][row] if "geometry" in segments.more else None
    kept = drawn.own_of(geometry, FORMAT)
    kept = kept if isinstance(kept, dict) and isinstance(kept.get("feature"), dict) else None
    if kept is not None and kept.get("world") == _listed(world):
        feature, as_drawn = dict(kept["feature"]), True
    else:
        parts = _drawn(segments, row, world)
        as_drawn = parts is not None
        outline = parts or [
            [ring.reshape(-1).tolist() for ring in part] for part in segments.masks[row].polygon().parts
        ]
        coordinates = [[_closed(ring, world) for ring in part] for part in outline]
        single = len(coordinates) == 1
        shape = {
            "type": "Polygon" if single else "MultiPolygon",
            "coordinates": coordinates[0] if single else coordinates,
        }
        feature = {"type": "Feature", "geometry": shape}
        if kept is None and isinstance(said, dict) and isinstance(said.get("feature"), dict):
            kept = said
            feature |= {name: value for name, value in said["feature"].items() if name not in _OF_SHAPE}
    return {**feature, "properties": _properties(segments, row, place, class_, kept)}, as_drawn


def _drawn(segments: Segments, row: int, world: F64 | None) -> list[list[list[float]]] | None:
    """What was drawn, where it means the same pixels once it went to the world and back."""
    parts = parts_for(segments, row, "edges")
    if not parts or world is None:
        return parts or None
    back: F64 = np.asarray(np.linalg.inv(world), np.float64)
    try:
        again = [[_ring(_closed(ring, world), back).reshape(-1).tolist() for ring in part] for part in parts]
        return parts if RULES["edges"].draw([again], segments.size)[0] == segments.masks[row] else None
    except ValueError:
        return None


def _closed(flat: list[float], world: F64 | None) -> list[list[float]]:
    ring = np.reshape(np.asarray(flat, np.float64), (-1, 2))
    points = ring if world is None else _moved(ring, world)
    out: list[list[float]] = [*points.tolist(), points[0].tolist()]
    return out


def _properties(
    segments: Segments, row: int, place: int, class_: Class, kept: dict[str, Any] | None
) -> dict[str, Any]:  # fmt: skip
    """Properties in their own order where they were read, with what changed since; ours behind them."""
    attributes = {word: value for word, value in segments.attributes[row].items() if word != "area"}
    before = kept.get("properties") if kept is not None else None
    before = before if isinstance(before, dict) else {}
    key = kept.get("key") if kept is not None else None
    same = kept is not None and kept.get("class") == class_.name
    name: Any = class_.name
    if key is None and not same:
        key, name = ("classification", _classification({}, class_)) if "objectType" in attributes else ("class", name)
    out: dict[str, Any] = {} if key is None or key in before else {key: name}
    for word, value in before.items():
        if word == key:
            out[word] = value if same else _classification(value, class_) if isinstance(value, dict) else name
        elif word in attributes:
            out[word] = attributes[word]
    hidden = {word: value for word, value in attributes.items() if word in (key, "class", "maskwright")}
    out |= {word: value for word, value in attributes.items() if word not in out and word not in hidden}
    own: dict[str, Any] = {}
    if kept is None or segments.ids[row] != place:
        own["id"] = int(segments.ids[row])
    if kept is None or segments.source[row] != "import":
        own["source"] = segments.source[row]
    if segments.is_crowd[row]:
        own["is_crowd"] = True
    if segments.scores[row] == segments.scores[row]:
        own["score"] = float(segments.scores[row])
    if hidden:
        own["attributes"] = hidden
    return {**out, **({"maskwright": own} if own else {})}


def _classification(before: dict[str, Any], class_: Class) -> dict[str, Any]:
    """QuPath's words for a class, its colour as before, in three numbers or one; without where it has none."""
    out = {word: value for word, value in before.items() if word not in ("name", "color", "colorRGB")}
    out = {"name": class_.name, **out}
    if class_.colour is not None and "colorRGB" in before:
        red, green, blue = class_.colour
        out["colorRGB"] = (red << 16 | green << 8 | blue) - (1 << 24)  # Java's int, whose upper byte is opaque
    elif class_.colour is not None:
        out["color"] = list(class_.colour)
    return out


def ids_of(rows: list[Row]) -> Iterator[Any]:
    """The ids that we wrote; the place of a feature that has none of ours, as new segments have it."""
    return (row.own.get("id", place) for place, row in enumerate(rows, 1))
