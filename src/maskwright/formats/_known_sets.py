"""What values mean in public sets whose own files do not say it: known by how these call their files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Known:
    """name: the set's.  background, ignore: the values that mean so, None for none.

    elsewhere: where else its classes are named, if colours do not say them.
    """

    name: str
    background: int | None = None
    ignore: int | None = None
    elsewhere: str = ""


_XBD = re.compile(r".+_(?:pre|post)_disaster(?:_target)?")
_COCO_STUFF = re.compile(r"\d{12}")


def known(labels: Sequence[Path]) -> Known | None:
    """The public set that these label files are of, or None."""
    if all(_XBD.fullmatch(label.stem) for label in labels):
        return Known("xBD", background=0)
    if all(_COCO_STUFF.fullmatch(label.stem) and label.parent.name in ("train2017", "val2017") for label in labels):
        return Known("COCO-Stuff", ignore=255)
    if all({"sem_seg", "masks"} <= set(label.parts) for label in labels):
        return Known("BDD100K", ignore=255)
    if all(label.stem.endswith("_instance_color_RGB") for label in labels):
        return Known("iSAID", elsewhere="Annotations/iSAID_*.json, with --format coco")
    return None
