"""Scores of a network in training at full resolution, and the predictions that a finished training leaves."""

from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.metrics import confusion
from maskwright.predict.checkpoint import ModelInfo
from maskwright.predict.predictor import Predictor, segments_from_probs
from maskwright.runs import Run
from maskwright.runs.record import clean
from maskwright.train import data

if TYPE_CHECKING:
    from torch import nn


def evaluate(
    average: "nn.Module", info: ModelInfo, source: data.Source, numbers: list[int], accelerator: Any, precision: str,
    run: Run,
) -> dict[str, Any]:  # fmt: skip
    """Scores of the averaged weights at full resolution; processes share the images and add their counts."""
    predictor = judging(average, info, str(accelerator.device), precision)
    task = source.task
    counts = task.nothing()
    for number in numbers[accelerator.process_index :: accelerator.num_processes]:
        counts += task.counts(predictor, *source.get(number))
        run.beat()
    return task.scores(_summed(counts, accelerator))


def finish(
    model: "nn.Module", info: ModelInfo, numbers: list[int], source: data.Source, run: Run, precision: str, device: str
) -> dict[str, Any]:
    """Predict the validation samples into the run, with each one's own scores -> scores over all."""
    predictor = judging(model, info, device, precision)
    task = source.task
    counts = task.nothing()
    own: dict[int, float] = {}
    for number in numbers:
        image, truth = source.get(number)
        if task.objects:
            found = predictor.predict(image)
            each = task.asked.update(found, truth, task.classes)
        else:
            probs = predictor.probs(image)
            each = confusion.update(probs.argmax(0).astype(np.uint8), truth, num_classes=task.classes.num_classes)
            found = segments_from_probs(probs, task.classes)
        own[number] = float(task.scores(each)[task.main])
        counts += each
        run.add_predictions([(number, found)])
    run.log_samples(task.main, own)
    result: dict[str, Any] = clean(task.scores(counts))
    return {"task": task.name, "main": task.main, **result}


def judging(model: "nn.Module", info: ModelInfo, device: str, precision: str) -> Predictor:
    """For images as `data.Source` has them, whose numbers are brought to 0 … 1 already."""
    return Predictor(model, info.taking(info.layout.of_units()), device=device, precision=precision)


def _summed(counts: Any, accelerator: Any) -> Any:
    """Counts of all processes together: arrays are added, lists joined."""
    import torch

    if isinstance(counts, np.ndarray):
        return accelerator.reduce(torch.from_numpy(counts).to(accelerator.device), reduction="sum").cpu().numpy()
    if accelerator.num_processes == 1:
        return counts
    every: list[Any] = [None] * accelerator.num_processes
    torch.distributed.all_gather_object(every, counts)
    return [each for part in every for each in part]
