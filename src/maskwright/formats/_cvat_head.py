"""The head of CVAT's XML: its tasks, and its labels with the attributes that annotators are asked for.

A head that was read is kept as XML in `Reading.about`, {"cvat": {"default": {"meta": "<meta>…"}}}, and is written
again around whatever classes and images there are.
"""

import copy
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from maskwright.core.classes import Class, Classes
from maskwright.formats._shapes import hex_colour


def said(meta: Any) -> dict[str, Any]:
    """`Reading.about` of a <meta>; empty without one."""
    if meta is None:
        return {}
    whole = copy.copy(meta)
    whole.tail = None
    return {"cvat": {"default": {"meta": ET.tostring(whole, encoding="unicode")}}}


def kept(about: Mapping[str, Any] | None) -> Any:
    """The <meta> that `said` kept; None where there is none that can be read."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    of_set = (about or {}).get("cvat")
    found = of_set.get("default") if isinstance(of_set, Mapping) else None
    text = found.get("meta") if isinstance(found, Mapping) else None
    try:
        meta = fromstring(text) if isinstance(text, str) else None
    except (ET.ParseError, DefusedXmlException, ValueError):
        return None
    return meta if meta is not None and meta.tag == "meta" else None


def head(classes: Classes, subsets: Sequence[str], number: int | None, meta: Any) -> str:
    """A <meta> as text. subsets, number: of the images, None for a video's tracks.  meta: the one to write again,
    changed in place, or None.

    Without one it is a task, or a project with a task a subset, without which Datumaro passes over images of subsets;
    it is that, too, with the labels of `meta`, where that does not name these subsets.
    """
    listed = None
    if meta is not None:
        for labels in meta.iter("labels"):
            _fit(labels, classes)
            listed = labels if listed is None else listed
        if listed is not None and _named(meta).issuperset(subsets):
            if number is not None:
                _count(meta, number)
            return f" {ET.tostring(meta, encoding='unicode').rstrip()}\n"
    if listed is None:
        listed = ET.Element("labels")
        _fit(listed, classes)
    listed.tail = None
    text = f"   {ET.tostring(listed, encoding='unicode')}"
    if not subsets:
        return f" <meta><task>\n{text}\n </task></meta>\n"
    names = [escape(subset) for subset in subsets]
    tasks = [
        f"  <task><id>{place}</id><name>{name}</name><subset>{name}</subset>\n{text}\n  </task>\n"
        for place, name in enumerate(names)
    ]
    listing = "\n".join(names)
    return f" <meta><project><subsets>{listing}</subsets><tasks>\n{''.join(tasks)} </tasks></project></meta>\n"


def _fit(labels: Any, classes: Classes) -> None:
    """Makes a <labels> name the classes: those that are there stay with all that is said of them."""
    names = {class_.name: class_ for class_ in classes}
    there = set()
    for label in list(labels):
        name, parent = label.findtext("name"), label.findtext("parent")
        if (name if parent is None else parent) not in names:
            labels.remove(label)
        elif parent is None and name is not None:
            there.add(name)
            _colour(label, names[name])
    for name, class_ in names.items():
        if name not in there:
            label = ET.SubElement(labels, "label")
            ET.SubElement(label, "name").text = name
            _colour(label, class_)
            ET.SubElement(label, "type").text = "any"
            ET.SubElement(label, "attributes")


def _colour(label: Any, class_: Class) -> None:
    found = label.find("color")
    if class_.colour is None or (found is not None and hex_colour(found.text) == class_.colour):
        return
    if found is None:
        found = ET.Element("color")
        label.insert(1, found)
    found.text = "#{:02x}{:02x}{:02x}".format(*class_.colour)


def _named(meta: Any) -> set[str]:
    """The subsets that a head names."""
    found = [element.text or "" for element in meta.iter("subset")]
    return {*found, *(name for listing in meta.iter("subsets") for name in (listing.text or "").splitlines())}


def _count(meta: Any, number: int) -> None:
    """Makes the only task be of so many images; what is written is images, and not a video."""
    tasks = [element for element in meta.iter() if element.tag in ("task", "job")]
    for task in tasks:
        mode, size, stop = (task.find(name) for name in ("mode", "size", "stop_frame"))
        if mode is not None and mode.text == "interpolation":
            mode.text = "annotation"
        if len(tasks) == 1 and size is not None and size.text != str(number):
            size.text = str(number)
            start = task.findtext("start_frame") or ""
            if stop is not None:
                stop.text = str((int(start) if start.isdigit() else 0) + max(number - 1, 0))
