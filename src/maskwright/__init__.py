"""Maskwright: the whole life of image-segmentation data and models.

    import maskwright as mw

    dataset = mw.Dataset.open("street")
    sample = dataset.where("split = 'val'")["val/0001"]
    sample.segments.masks.areas()
    mw.media.read(sample.image).display()

Types and rooms are loaded when they are first used, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "Class", "Classes", "Dataset", "Image", "ImageRef", "Mask", "Masks", "MaskwrightError", "Polygon",
    "Predictor", "Run", "Sample", "Segments", "Settings", "__version__", "build_demo_set", "compute",
    "conversions", "core", "demo", "diagnostics", "errors", "fewshot", "figures", "fit", "formats",
    "insight", "integrations", "interactive", "labelling", "losses", "media", "metrics", "models", "open_dataset",
    "predict", "registry", "reports", "runs", "sets", "store", "studio", "testing", "train", "transforms", "video",
    "weights",
]  # fmt: skip

if TYPE_CHECKING:
    from maskwright import (
        compute,
        conversions,
        core,
        demo,
        diagnostics,
        errors,
        fewshot,
        figures,
        formats,
        insight,
        integrations,
        interactive,
        labelling,
        losses,
        media,
        metrics,
        models,
        predict,
        registry,
        reports,
        runs,
        sets,
        store,
        studio,
        testing,
        train,
        transforms,
        video,
        weights,
    )
    from maskwright.core import Class, Classes, ImageRef, Mask, Masks, Polygon, Sample, Segments
    from maskwright.demo import build_demo_set
    from maskwright.errors import MaskwrightError
    from maskwright.formats import open_dataset
    from maskwright.media import Image
    from maskwright.predict import Predictor
    from maskwright.runs import Run
    from maskwright.store import Dataset
    from maskwright.train import Settings, fit
else:
    #: Where a name comes from. The other names of `__all__` are rooms.
    _HOME = {
        "Class": "core.classes",
        "Classes": "core.classes",
        "Dataset": "store",
        "Image": "media",
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
        "open_dataset": "formats",
    }

    # Type checkers do not see this function: to them a name that is not imported above is a mistake.
    def __getattr__(name: str) -> object:
        if name in _HOME:
            return getattr(import_module(f"maskwright.{_HOME[name]}"), name)
        if name in __all__:
            return import_module(f"maskwright.{name}")
        raise AttributeError(f"module 'maskwright' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
