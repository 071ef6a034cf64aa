"""Truth, prediction and error side by side while a network trains."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright import media
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.segments import Segments
from maskwright.figures.comparison import comparison
from maskwright.predict.predictor import Predictor
from maskwright.runs import Run
from maskwright.store import View
from maskwright.train.data import Source


def draw(run: Run, step: int, predictor: Predictor, view: View, source: Source, numbers: Sequence[int]) -> None:
    """One image a sample, as it is displayed, into the run's folder `overlays/` and to its trackers."""
    for number in numbers:
        image, truth = source.get(number)
        classes = predictor.classes
        sample = view.read([number])[0]
        labels = truth if isinstance(truth, Segments) else _segments(truth, classes)
        found = predictor.predict(image)
        seen = image if image.dtype == np.uint8 else media.read(sample.image).display(view.window)
        drawn = comparison(seen, labels, found, classes)
        run.log_image(step, f"val/{sample.key}", drawn, plain=seen, masks={"truth": labels, "prediction": found})


def _segments(label_map: Any, classes: Classes) -> Segments:
    found = Segments.from_label_map(label_map, ignore=[IGNORE_INDEX])
    ids = np.array([classes.id_of(int(class_id)) for class_id in found.class_ids], np.int64)
    return Segments(found.masks, ids)[np.array([classes[int(id_)].role == "class" for id_ in ids], bool)]
