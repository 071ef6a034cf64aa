"""The labelling configuration that Label Studio needs to show results: a control for every one that they name."""

from typing import Any
from xml.sax.saxutils import quoteattr

from maskwright.core.classes import Classes

_CONTROLS = {
    "brushlabels": "BrushLabels", "polygonlabels": "PolygonLabels", "rectanglelabels": "RectangleLabels",
    "ellipselabels": "EllipseLabels", "bitmasklabels": "BitmaskLabels", "vectorlabels": "VectorLabels",
    "keypointlabels": "KeyPointLabels", "labels": "Labels",
    "brush": "Brush", "polygon": "Polygon", "rectangle": "Rectangle", "ellipse": "Ellipse", "bitmask": "Bitmask",
    "vector": "Vector", "keypoint": "KeyPoint", "choices": "Choices", "textarea": "TextArea", "rating": "Rating",
    "number": "Number",
}  # fmt: skip
_LABELLED = "labels"


class Config:
    """Collects what results name. classes: what the labels are, in all controls that have labels."""

    def __init__(self, classes: Classes) -> None:
        self._classes = classes
        self._controls: dict[tuple[str, str, str], dict[str, None]] = {}
        self._images: dict[str, str] = {}

    def add(self, result: dict[str, Any], data_key: str) -> None:
        """data_key: under which name the task's data have the image."""
        kind, name, to = (result.get(key) for key in ("type", "from_name", "to_name"))
        if kind not in _CONTROLS or not isinstance(name, str) or not isinstance(to, str):
            return
        self._images.setdefault(to, data_key)
        values = self._controls.setdefault((kind, name, to), {})
        value = result.get("value")
        found = value.get("choices" if kind == "choices" else kind) if isinstance(value, dict) else None
        if kind == "choices" or kind.endswith(_LABELLED):
            values.update(dict.fromkeys(str(item) for item in (found if isinstance(found, list) else ())))

    def text(self) -> str:
        """The configuration; with brushes where no result named a control."""
        controls = self._controls or {("brushlabels", "brush", "image"): {}}
        images = self._images or {"image": "image"}
        lines = [f"  <Image name={quoteattr(name)} value={quoteattr(f'${key}')}/>" for name, key in images.items()]
        names = [class_.name for class_ in self._classes]
        for (kind, name, to), values in controls.items():
            tag = _CONTROLS[kind]
            head = f"  <{tag} name={quoteattr(name)} toName={quoteattr(to)}"
            if kind.endswith(_LABELLED):
                inside = [_label(label, self._colour(label)) for label in dict.fromkeys([*names, *values])]
            elif kind == "choices":
                inside = [f"    <Choice value={quoteattr(value)}/>" for value in values]
            else:
                lines.append(f"{head}/>")
                continue
            lines += [f"{head}>", *inside, f"  </{tag}>"]
        return "\n".join(["<View>", *lines, "</View>", ""])

    def _colour(self, label: str) -> str:
        found = next((class_.colour for class_ in self._classes if class_.name == label), None)
        return "" if found is None else ' background="#{:02x}{:02x}{:02x}"'.format(*found)


def _label(value: str, more: str) -> str:
    return f"    <Label value={quoteattr(value)}{more}/>"
