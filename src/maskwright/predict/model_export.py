"""A trained network for another runtime, proved on real images before it is kept."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright import media, registry
from maskwright.core.arrays import U8, Array
from maskwright.errors import ModelError, UsageError
from maskwright.metrics import confusion
from maskwright.predict import checkpoint
from maskwright.predict.exported._runner import runner
from maskwright.predict.predictor import Predictor

#: Largest difference of logits that float32 arithmetic in another order explains, over the largest logit or 1.
TOLERANCE = 1e-3
AGREEMENT = 0.9995


@dataclass(frozen=True)
class Proof:
    """max_difference: of logits.  largest: logit, either way.  agreement: share of pixels with the same
    class.  images: compared.

    drop: mean IoU lost against the checkpoint, where truth was given.
    """

    max_difference: float
    largest: float
    agreement: float
    images: int
    drop: float | None = None


def export(
    source: str | Path, path: str | Path, to: str, *, size: tuple[int, int] | None = None,
    images: Sequence[Array] = (), truths: Sequence[U8] = (), int8: bool = False, gate: float = 0.01,
) -> Proof | None:  # fmt: skip
    """Write `source` (a checkpoint) for the runtime `to`; with images, compare first -> the proof.

    images: (H, W, C) arrays of the network's layout, in native numbers.
    int8: weights and activations in eight bits (ONNX only), ranges taken from the images; kept only if mean IoU
    against `truths` falls by at most `gate`.  Without it arithmetic stays float32.
    Nothing is left behind when something does not hold.  Raises UsageError, ModelError.
    """
    place, to = Path(path), registry.canonical(to)
    member = registry.load("predict.exported", to)
    if place.suffix != member.SUFFIX:
        raise UsageError(f"{place.name} does not end in {member.SUFFIX}", needed=f"what {to} files end in")
    if int8 and to != "onnx":
        raise UsageError(f"INT8 is not made for {to}", needed="--to onnx, which OpenVINO reads too")
    if int8 and (not images or len(truths) != len(images)):
        raise UsageError("INT8 needs images with truth", needed="to set its ranges and to see what it costs")
    model, info = checkpoint.load(source)
    if getattr(model, "answers", "logits") != "logits":
        raise UsageError(f"{info.model} answers objects; only networks that give each pixel a class can be exported")
    partial = place.with_name(f".{place.stem}.{os.getpid()}.part{place.suffix}")
    companions = [(partial, place)]
    if to == "openvino":
        companions.append((partial.with_suffix(".bin"), place.with_suffix(".bin")))
    try:
        member.export(model, info, partial, size=size)
        mine = Predictor(_padded(model, size), info, device="cpu", precision="fp32")
        if int8:
            _quantised(member, mine, partial, images)
        proof = (
            _compared(mine, Predictor(*member.load(partial), device="cpu", precision="fp32"), images, truths)
            if images
            else None
        )
        if (
            proof is not None
            and not int8
            and (proof.max_difference > TOLERANCE * max(1.0, proof.largest) or proof.agreement < AGREEMENT)
        ):
            raise ModelError(
                f"the exported network differs: logits by up to {proof.max_difference:.2g}, {1 - proof.agreement:.2%}"
                " of the pixels in class", needed=f"at most {TOLERANCE:g} of the largest",
                todo="Try another runtime, or --size.",
            )  # fmt: skip
        if int8 and proof is not None and proof.drop is not None and proof.drop > gate:
            raise ModelError(
                f"in eight bits mean IoU falls by {proof.drop:.4f}", needed=f"at most {gate:g} (--gate)",
                todo="Give more images, or keep float32.",
            )  # fmt: skip
        for made, wanted in companions:
            made.replace(wanted)
        return proof
    finally:
        for made, _ in companions:
            made.unlink(missing_ok=True)


def _padded(model: Any, size: tuple[int, int] | None) -> Any:
    """The network as a file of one size runs it, so that both see the same pixels."""
    if size is None:
        return model
    import torch

    return runner(lambda x: model(torch.from_numpy(x)).detach(), int(getattr(model, "stride", 32)), size)


def _quantised(member: Any, mine: Predictor, partial: Path, images: Sequence[Array]) -> None:
    inputs = []
    for image in images:
        x, _ = mine._entered(mine._tensor(image))
        inputs.append(np.ascontiguousarray(x.cpu().numpy()))
    whole = partial.with_name(f"{partial.stem}.whole{partial.suffix}")
    partial.replace(whole)
    try:
        member.quantise(whole, partial, inputs)
    finally:
        whole.unlink(missing_ok=True)


def _compared(mine: Predictor, theirs: Predictor, images: Sequence[Array], truths: Sequence[U8]) -> Proof:
    import torch

    differ, largest, same, pixels = 0.0, 0.0, 0, 0
    kinds = mine.classes.num_classes
    counts = np.zeros((2, kinds, kinds + 1), np.int64)
    for number, image in enumerate(images):
        with torch.inference_mode():
            a, b = (each._logits([each._tensor(image)])[0][0] for each in (mine, theirs))
        differ, largest = max(differ, float((a - b).abs().max())), max(largest, float(a.abs().max()))
        labels = [each.argmax(0).numpy().astype(np.uint8) for each in (a, b)]
        same += int((labels[0] == labels[1]).sum())
        pixels += labels[0].size
        if number < len(truths):
            for row, label in enumerate(labels):
                counts[row] += confusion.update(label, truths[number], num_classes=kinds)
    drop = None
    if truths:
        before, after = (float(confusion.compute(count)["mean_iou"]) for count in counts)
        drop = before - after
    return Proof(differ, largest, same / pixels, len(images), drop)


def real_images(view: Any, source: str | Path, split: str, number: int) -> tuple[list[Array], list[U8]]:
    """Images of a split, evenly drawn, with their label maps in the checkpoint's classes. Raises UsageError."""
    from maskwright.core.classes import Classes

    _, info = checkpoint.load(source)
    classes = Classes.from_json(info.classes)
    numbers = view.where("split = '" + split.replace("'", "''") + "'").numbers() or view.numbers()
    if not numbers:
        raise UsageError("the dataset has no images to compare on", file=view.place)
    picked = [numbers[k] for k in np.unique(np.linspace(0, len(numbers) - 1, min(number, len(numbers))).astype(int))]
    samples = view.read(picked)
    return [info.layout.pick(media.read(sample.image), sample.image.uri) for sample in samples], [
        sample.segments.label_map(classes) for sample in samples
    ]
