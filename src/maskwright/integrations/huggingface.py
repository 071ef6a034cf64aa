"""Hugging Face `datasets`: a table with the image and the segments' run lengths."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.registry import require

if TYPE_CHECKING:
    from datasets import Dataset


def to_datasets(samples: Iterable[Sample], classes: Classes) -> "Dataset":
    """One row a sample: key, image, height, width, split, and objects with class, id, bbox (xywh), counts (COCO's
    compressed string), iscrowd and score.

    Masks are not decoded.  Classes are the names of the feature `objects.class`; those that are background or ignored
    are among them.
    """
    datasets = require("datasets", "making a Hugging Face dataset")
    names = [class_.name for class_ in classes]
    index = {class_.id: number for number, class_ in enumerate(classes)}
    objects = {
        "id": datasets.Value("int64"),
        "class": datasets.ClassLabel(names=names),
        "bbox": datasets.Sequence(datasets.Value("float32"), length=4),
        "counts": datasets.Value("string"),
        "iscrowd": datasets.Value("bool"),
        "score": datasets.Value("float64"),
    }
    features = datasets.Features(
        {
            "key": datasets.Value("string"),
            "image": datasets.Image(),
            "height": datasets.Value("int32"),
            "width": datasets.Value("int32"),
            "split": datasets.Value("string"),
            "objects": datasets.Sequence(objects),
        }
    )

    rows = [_row(sample, index) for sample in samples]
    columns = {name: [row[name] for row in rows] for name in features}
    table: Dataset = datasets.Dataset.from_dict(columns, features=features)
    return table


def _row(sample: Sample, index: dict[int, int]) -> dict[str, Any]:
    segments = sample.segments
    boxes = segments.masks.boxes().astype(float)
    boxes[:, 2:] -= boxes[:, :2]
    objects = {
        "id": segments.ids.tolist(),
        "class": [index[int(class_id)] for class_id in segments.class_ids],
        "bbox": boxes.tolist(),
        "counts": [text.decode() for text in segments.masks.compressed()],
        "iscrowd": segments.is_crowd.tolist(),
        "score": [None if score != score else score for score in segments.scores.tolist()],
    }
    height, width = sample.image.size
    return {
        "key": sample.key,
        "image": sample.image.uri,
        "height": height,
        "width": width,
        "split": sample.split,
        "objects": objects,
    }


def classes_of(dataset: "Dataset") -> Classes:
    """The classes of such a table, numbered as the table does."""
    feature: Any = dataset.features["objects"]
    inner: Any = feature["class"] if isinstance(feature, dict) else feature.feature["class"]
    names = getattr(inner, "feature", inner).names
    return Classes(Class(number, name) for number, name in enumerate(names))


def from_datasets(dataset: "Dataset") -> Iterator[Sample]:
    """The other way, without decoding images; they must have a path. Class ids are the table's own numbers."""
    datasets = require("datasets", "reading a Hugging Face dataset")
    table: Any = dataset.cast_column("image", datasets.Image(decode=False))
    for row in table:
        size = (row["height"], row["width"])
        found = row["objects"]
        if isinstance(found, list):  # a list of objects, as some versions give it
            found = {key: [item[key] for item in found] for key in ("id", "class", "counts", "iscrowd", "score")}
        segments = Segments(
            Masks.from_compressed(found["counts"], size),
            found["class"],
            ids=found["id"],
            is_crowd=found["iscrowd"],
            scores=[np.nan if score is None else score for score in found["score"]],
        )
        yield Sample(row["key"], ImageRef(str(row["image"]["path"]), size), segments, split=row["split"])
