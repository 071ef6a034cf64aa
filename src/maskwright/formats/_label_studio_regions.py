"""Label Studio's regions: the results of one id, what they draw, and the results again.

Label Studio makes pixels of brush strokes alone.  Polygons and rectangles leave it as numbers, in its exports to COCO
(`Converter.convert_to_coco`, per cent of the image in pixels, not rounded) and YOLO, and become pixels in pycocotools:
so they are drawn here.  Ellipses leave it nowhere; they are what its canvas shows, pixels whose centre is inside.
Coordinates are of the image as it is, whatever `image_rotation` says: that turns the annotator's view alone
(`ImageModel.rotate` in the editor leaves regions as they are, `createSerializedResult` states it beside the image's own
size).
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import F64, Size
from maskwright.core.mask import Mask
from maskwright.core.segments import Segments
from maskwright.formats._coco_rings import checked_ring, drawn_together
from maskwright.formats._label_studio_brush import bitmask_decode, brush_decode, brush_encode
from maskwright.formats._rules import parts_for
from maskwright.formats._shapes import bridged, ellipse

FORMAT = "label-studio"
#: What a region without a label is called.
UNNAMED = "object"

_LABELS = (
    "brushlabels", "polygonlabels", "rectanglelabels", "ellipselabels", "bitmasklabels", "vectorlabels", "labels",
)  # fmt: skip
#: Answers that a region may have beside its shape, and where their value is.
_ANSWERS = {name: name for name in ("choices", "rating", "number", "datetime", "taxonomy")} | {"textarea": "text"}

#: Of a shape's result, what says where it is; and which control made it.
_MEASURED = ("value", "score", "original_width", "original_height", "image_rotation")
_CONTROL = ("type", "from_name")

Result = dict[str, Any]


def grouped(results: Iterable[Any]) -> list[list[Result]]:
    """Results of one id together, in the order of the first; one without an id, and what is not an object, alone."""
    groups: dict[Any, list[Result]] = {}
    for number, result in enumerate(results):
        identity = result.get("id") if isinstance(result, dict) else None
        key = ("id", identity) if isinstance(identity, str | int) and not isinstance(identity, bool) else number
        groups.setdefault(key, []).append(result if isinstance(result, dict) else {"value": result})
    return list(groups.values())


def shaped(group: Sequence[Result]) -> Result | None:
    """The result of a region that has its shape; None where none has an area."""
    return next((result for result in group if _kind(result) is not None), None)


def _kind(result: Result) -> str | None:
    value = result.get("value")
    if not isinstance(value, dict) or result.get("item_index"):
        return None
    if "rle" in value:
        return "brush"
    if "imageDataURL" in value:
        return "bitmask"
    if "points" in value:
        return "polygon" if not isinstance(value["points"], list) or len(value["points"]) > 2 else None
    if isinstance(value.get("vertices"), list):
        straight = all(isinstance(point, dict) and not point.get("isBezier") for point in value["vertices"])
        return "vector" if value.get("closed") and straight and len(value["vertices"]) > 2 else None
    if "radiusX" in value:
        return "ellipse"
    return "rectangle" if {"x", "y", "width", "height"} <= value.keys() else None


def labels_of(group: Sequence[Result]) -> list[str]:
    """The labels of a region; none where it has none."""
    for result in group:
        value = result.get("value")
        for key in _LABELS:
            found = value.get(key) if isinstance(value, dict) else None
            if isinstance(found, list) and found:
                return [str(label) for label in found]
    return []


def answers_of(group: Sequence[Result]) -> dict[str, Any]:
    """What was answered for a region, by the name of the question: one value, or a list of several."""
    out = {}
    for result in group:
        where = _ANSWERS.get(str(result.get("type")))
        value = result.get("value")
        if where and isinstance(value, dict) and where in value and result.get("from_name"):
            found = value[where]
            out[str(result["from_name"])] = found[0] if isinstance(found, list) and len(found) == 1 else found
    return out


def draw(value: dict[str, Any], size: Size) -> Mask:
    """The pixels of a value with a shape. Raises ValueError, TypeError or KeyError for what has none."""
    return drawn_together([placed(value, size)[0]], size)[0]


def placed(value: dict[str, Any], size: Size) -> tuple[Mask | list[float], dict[str, Any], list[float] | None]:
    """A value with a shape -> its mask, or the ring that pycocotools draws it of; what was drawn; and a box.

    The box is of a rectangle that is not turned.  Raises ValueError, TypeError or KeyError for what has no shape.
    """
    height, width = size
    if "rle" in value:
        return brush_decode(value["rle"], size), {"shape": "runs"}, None
    if "imageDataURL" in value:
        return bitmask_decode(value["imageDataURL"], size), {"shape": "runs"}, None
    if "points" in value or "vertices" in value:
        points = value.get("points") or [(point["x"], point["y"]) for point in value["vertices"]]
        flat = checked_ring([float(number) for x, y in points for number in (x / 100 * width, y / 100 * height)])
        return flat, drawn.polygon([[flat]], "coco"), None
    turn = float(value.get("rotation") or 0)
    x, y = value["x"] * width / 100, value["y"] * height / 100
    if "radiusX" in value:
        across, down = value["radiusX"] * width / 100, value["radiusY"] * height / 100
        mask = ellipse(x, y, across, down, size, turn)
        return mask, drawn.ellipse((x, y), (across, down), "edges", turn=turn), None
    across, down = value["width"] * width / 100, value["height"] * height / 100
    corners = _corners(x, y, across, down, turn)
    ring = checked_ring(corners.reshape(-1).tolist())
    if not turn:
        box = [x, y, x + across, y + down]
        return ring, drawn.rectangle(box, "coco"), [min(box[0::2]), min(box[1::2]), max(box[0::2]), max(box[1::2])]
    middle, half = corners.mean(axis=0), np.array([across, down]) / 2
    return ring, drawn.rectangle([*(middle - half).tolist(), *(middle + half).tolist()], "coco", turn=turn), None


def _corners(x: float, y: float, across: float, down: float, turn: float) -> F64:
    """(4, 2) of a rectangle turned clockwise around its top left corner."""
    angle = np.deg2rad(turn)
    along, aside = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    found: F64 = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) @ np.array([along * across, aside * down]) + [x, y]
    return found


def aside(group: Sequence[Result]) -> Result:
    """What a region says beside its drawing, for a mask that is another by then.

    shape: its result without a value.  labels: all of them.  answers: the results of its questions, without the shape
    that Label Studio repeats in each.
    """
    shape = shaped(group) or {}
    answers = []
    for result in group:
        where = _ANSWERS.get(str(result.get("type")))
        value = result.get("value")
        if result is not shape and where and isinstance(value, dict) and where in value:
            answers.append({**result, "value": {where: value[where]}})
    (said,) = packed([{name: value for name, value in shape.items() if name not in _MEASURED}])
    return {"shape": said, "labels": labels_of(group), "answers": answers}


def restored(results: list[Result], found: Any) -> list[Result]:
    """New results of a region -> with what `aside` kept of it; as they are for what it does not make."""
    if not isinstance(found, dict) or not isinstance(found.get("shape"), dict):
        return results
    said, labels, answers = found["shape"], found.get("labels"), found.get("answers")
    (new,) = results
    key = new["type"]
    if isinstance(labels, list) and labels[:1] == new["value"][key]:
        new = {**new, "value": {**new["value"], key: labels}}
    own = {name: value for name, value in said.items() if name not in (*_CONTROL, "to_name")}
    control = [name for name in (*_CONTROL, "to_name") if name in said]
    same = [name for name in control if said.get("type") == key or name == "to_name"]
    listed = [answer for answer in answers if isinstance(answer, dict)] if isinstance(answers, list) else []
    return [{**new, **own, **{name: said[name] for name in same}}, *listed]


def identities(found: Any) -> set[str | int]:
    """The results' ids in what `aside` kept of regions, by segment id."""
    asides = found.values() if isinstance(found, dict) else ()
    shapes = [aside.get("shape") for aside in asides if isinstance(aside, dict)]
    ids = [shape.get("id") for shape in shapes if isinstance(shape, dict)]
    return {identity for identity in ids if isinstance(identity, str | int)}


def compact(result: Any) -> Any:
    """A result with a brush stream as text."""
    value = result.get("value") if isinstance(result, dict) else None
    if not isinstance(value, dict) or not isinstance(value.get("rle"), list):
        return result
    try:
        return {**result, "value": {**value, "rle": base64.b64encode(bytes(value["rle"])).decode()}}
    except (ValueError, TypeError):
        return result


def packed(group: Sequence[Result]) -> list[Result]:
    """The results of a region as its drawing keeps them: brush streams as text, without what is ours in them."""
    out = []
    for result in group:
        kept = dict(compact(result))
        meta = result.get("meta")
        if isinstance(meta, dict) and "maskwright" in meta:
            kept["meta"] = {name: found for name, found in meta.items() if name != "maskwright"}
            if not kept["meta"]:
                del kept["meta"]
        out.append(kept)
    return out


def unpacked(results: Any) -> list[Result] | None:
    """The other way; None for what `packed` does not make."""
    if not isinstance(results, list) or not results or not all(isinstance(result, dict) for result in results):
        return None
    out = []
    for result in results:
        value = result.get("value")
        if not isinstance(value, dict) or not isinstance(value.get("rle"), str):
            out.append(result)
            continue
        try:
            stream = list(base64.b64decode(value["rle"], validate=True))
        except ValueError:
            return None
        out.append({**result, "value": {**value, "rle": stream}})
    return out


def of_segment(segments: Segments, row: int, label: str, shapes: str) -> tuple[list[Result], bool, int]:
    """The results for a segment -> them, whether they are what was drawn, and how many pixels differ.

    shapes: auto, mask or polygon.  Its mask is not empty.
    """
    geometry = segments.more["geometry"][row] if "geometry" in segments.more else None
    if shapes != "mask" or (isinstance(geometry, dict) and geometry.get("shape") == "runs"):
        kept = unpacked(drawn.own_of(geometry, FORMAT))
        if kept is not None:
            return _named(kept, label), True, 0
    if shapes != "mask":
        value = _as_drawn(segments, row, geometry)
        if value is not None:
            return [_new(_type_of(value), value, label, segments.size)], True, 0
    if shapes == "polygon":
        ring = bridged(segments.masks[row].polygon())
        value = {"points": _percent(ring, segments.size), "closed": True}
        lost = (draw(value, segments.size) ^ segments.masks[row]).area()
        return [_new("polygon", value, label, segments.size)], False, lost
    value = {"format": "rle", "rle": brush_encode(segments.masks[row])}
    return [_new("brush", value, label, segments.size)], False, 0


def _as_drawn(segments: Segments, row: int, geometry: Any) -> dict[str, Any] | None:
    """What was drawn, in per cent, where Label Studio has such a shape and it means the same pixels to it."""
    if not isinstance(geometry, dict):
        return None
    height, width = segments.size
    scale = np.array([100 / width, 100 / height])
    try:
        kind = geometry.get("shape")
        turn = float(geometry.get("turn") or 0)
        value: dict[str, Any]
        if kind == "rectangle":
            x0, y0, x1, y1 = (float(number) for number in geometry["box"])
            spin = _corners(0, 0, (x1 - x0) / 2, (y1 - y0) / 2, turn)[2]
            x, y = (np.array([(x0 + x1) / 2, (y0 + y1) / 2]) - spin) * scale
            across, down = np.array([x1 - x0, y1 - y0]) * scale
            value = {"x": x, "y": y, "width": across, "height": down, "rotation": turn}
        elif kind == "ellipse":
            (x, y), (across, down) = (np.array(geometry[name], np.float64) * scale for name in ("centre", "radii"))
            value = {"x": x, "y": y, "radiusX": across, "radiusY": down, "rotation": turn}
        else:
            parts = parts_for(segments, row, "coco")
            if parts is None or len(parts) != 1 or len(parts[0]) != 1:
                return None
            value = {"points": _percent(np.reshape(parts[0][0], (-1, 2)), segments.size), "closed": True}
        value = {name: float(number) if isinstance(number, np.floating) else number for name, number in value.items()}
        return value if draw(value, segments.size) == segments.masks[row] else None
    except (ValueError, TypeError, KeyError):
        return None


def _percent(ring: F64, size: Size) -> list[list[float]]:
    found: list[list[float]] = (np.asarray(ring) / np.array([size[1], size[0]]) * 100).tolist()
    return found


def _type_of(value: dict[str, Any]) -> str:
    return "polygon" if "points" in value else "ellipse" if "radiusX" in value else "rectangle"


def _new(kind: str, value: dict[str, Any], label: str, size: Size) -> Result:
    """A result that nobody drew in Label Studio. kind: brush, polygon, rectangle or ellipse, and its control's name."""
    return {
        "type": f"{kind}labels", "from_name": kind, "to_name": "image", "original_width": size[1],
        "original_height": size[0], "image_rotation": 0, "value": {**value, f"{kind}labels": [label]},
    }  # fmt: skip


def _named(results: list[Result], label: str) -> list[Result]:
    """Results of a region whose label is another by now, or that had none."""
    found = labels_of(results)
    if label == (found[0] if found else UNNAMED):
        return results
    if not found:
        at = next(place for place, result in enumerate(results) if isinstance(result.get("value"), dict))
        kind = str(results[at].get("type"))
        key = kind if kind.endswith("labels") else "labels"
        return [*results[:at], {**results[at], "value": {**results[at]["value"], key: [label]}}, *results[at + 1 :]]
    return [
        {**result, "value": _labelled(result["value"], label)} if "value" in result else result for result in results
    ]


def _labelled(value: Any, label: str) -> Any:
    """A value with another first label, where it has any."""
    if not isinstance(value, dict):
        return value
    return {
        key: [label, *found[1:]] if key in _LABELS and isinstance(found, list) and found else found
        for key, found in value.items()
    }
