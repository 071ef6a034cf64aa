"""Maskwright: the whole life of image-segmentation data and models.

    import maskwright as mw

    dataset = mw.Dataset.open("street")
    sample = dataset.where("split = 'val'")["val/0001"]
    sample.segments.masks.areas()

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Class": "core.classes",
    "Classes": "core.classes",
    "Dataset": "store",
    "ImageRef": "core.sample",
    "Mask": "core.mask",
    "Masks": "core.masks",
    "MaskwrightError": "errors",
    "Polygon": "core.polygons",
    "Predictor": "predict",
    "Run": "runs",
    "Sample": "core.sample",
    "Segments": "core.segments",
    "Settings": "train",
    "build_demo_set": "demo",
    "fit": "train",
}

_ROOMS = ("integrations", "conversions", "formats")

__all__ = [*sorted(_HOME), "__version__", *_ROOMS]  # noqa: PLE0604 - names made above

if TYPE_CHECKING:
    from maskwright import conversions, formats, integrations
    from maskwright.core.classes import Class, Classes
    from maskwright.core.mask import Mask
    from maskwright.core.masks import Masks
    from maskwright.core.polygons import Polygon
    from maskwright.core.sample import ImageRef, Sample
    from maskwright.core.segments import Segments
    from maskwright.demo import build_demo_set
    from maskwright.errors import MaskwrightError
    from maskwright.predict import Predictor
    from maskwright.runs import Run
    from maskwright.store import Dataset
    from maskwright.train import Settings, fit


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"maskwright.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'maskwright' has no attribute {name!r}")
    return getattr(import_module(f"maskwright.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
