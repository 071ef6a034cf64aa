"""Scores of a network in training at full resolution, and the predictions that a finished training leaves."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from maskwright.core.segments import Segments
from maskwright.metrics import confusion
from maskwright.predict.answers import Answer, Asked, PixelAnswer
from maskwright.predict.batch_size import BatchSize
from maskwright.predict.checkpoint import ModelInfo
from maskwright.predict.predictor import Predictor
from maskwright.runs import Run
from maskwright.runs.record import clean
from maskwright.train import data
from maskwright.train.distributed import Processes
from maskwright.train.settings import Settings

if TYPE_CHECKING:
    from torch import nn


def evaluate(
    average: "nn.Module", info: ModelInfo, source: data.Source, numbers: list[int], processes: Processes,
    precision: str, run: Run, *, note: Callable[[str], None] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Scores of the averaged weights at full resolution; processes share the images and add their counts.

    Images are predicted once, though the network may average with mirrored ones: weights are compared here, in time
    that training lacks.  note: told where memory does not suffice for a batch.
    """
    predictor = judging(average, info, str(processes.device), precision)
    task = source.task
    counts = task.nothing()
    own = numbers[processes.rank :: processes.world]
    for _, each in _judged(predictor, source, own, keep=False, flip=False, note=note):
        counts += each
        run.beat()
    return task.scores(processes.total(counts))


def finish(
    model: "nn.Module", info: ModelInfo, numbers: list[int], source: data.Source, run: Run, precision: str, device: str,
    *, until: float | None = None, note: Callable[[str], None] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Predict the validation samples into the run, with each one's own scores -> scores over all.

    until: on the clock of time.monotonic(): samples are taken evenly from all of them until then, at least one; where
    some are left, `samples` says how many were taken.  note: told where memory does not suffice for a batch.
    """
    predictor = judging(model, info, device, precision)
    task = source.task
    counts = task.nothing()
    own: dict[int, float] = {}
    order = numbers if until is None else evenly(numbers)
    for number, (found, each) in zip(
        order, _judged(predictor, source, order, keep=True, until=until, note=note), strict=until is None
    ):
        own[number] = float(task.scores(each)[task.main])
        counts += each
        assert found is not None
        run.add_predictions([(number, found)])
    run.log_samples(task.main, own)
    result: dict[str, Any] = clean(task.scores(counts))
    some = {} if len(own) == len(numbers) else {"samples": len(own)}
    if task.unscored:
        result["unscored"] = dict(task.unscored)
    return {"task": task.name, "main": task.main, **some, **result}


def _judged(
    predictor: Predictor, source: data.Source, numbers: Sequence[int], *, keep: bool, flip: bool | None = None,
    until: float | None = None, note: Callable[[str], None] | None = None,
) -> Iterator[tuple[Segments | None, Any]]:  # fmt: skip
    """Of each image, in order, what was predicted, where it is kept, and its counts.

    flip: as the network has it when None.  Images are read, and judged, beside the network, and no more are in memory
    than enter it soon.  Class indices of a network on a GPU are counted there.  Raises what reading or predicting an
    image raises.
    """
    task = source.task

    def judge(answer: Answer, truth: Any) -> tuple[Segments | None, Any]:
        if task.objects:
            found = answer.segments()
            return (found if keep else None), task.asked.update(found, truth, task.classes)
        assert isinstance(answer, PixelAnswer)
        kinds = task.classes.num_classes
        if answer.labels.is_cuda:
            each = confusion.update_on_device(answer.labels, truth, num_classes=kinds)
        else:
            each = confusion.update(answer.label_map(), truth, num_classes=kinds)
        return (answer.segments() if keep else None), each

    asked = Asked(flip, sure=keep or task.objects)
    size = BatchSize(predictor.device, note=note)
    for each in predictor.answers_of(numbers, source.get, judge, asked, batch_size=size, until=until):
        if isinstance(each, Exception):
            raise each
        yield each


def evenly(numbers: Sequence[int]) -> list[int]:
    """The same numbers in an order in which any first part lies evenly over all of them."""
    bits = max(1, (len(numbers) - 1).bit_length())
    places = (int(f"{place:0{bits}b}"[::-1], 2) for place in range(1 << bits))
    return [numbers[place] for place in places if place < len(numbers)]


def some_of(numbers: list[int], settings: Settings) -> list[int]:
    """The validation samples that an evaluation within the training looks at: `val_steps` batches, or all."""
    if settings.val_steps is None:
        return numbers
    return evenly(numbers)[: settings.val_steps * settings.batch_size]


def judging(model: "nn.Module", info: ModelInfo, device: str, precision: str) -> Predictor:
    """For images as `data.Source` has them, whose numbers are brought to 0 … 1 already."""
    return Predictor(model, info.taking(info.layout.of_units()), device=device, precision=precision)
