"""A published network as it is: its own classes, without any training here."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import models
from maskwright.core.classes import Class, Classes
from maskwright.errors import MaskwrightError, ModelError
from maskwright.predict.checkpoint import MEAN, STD, ModelInfo
from maskwright.weights import fill, recognise
from maskwright.weights.recognising import Recognised

if TYPE_CHECKING:
    from torch import nn


#: Where an encoder may be the encoder of, the quickest first.
BEGINNERS = ("lite/{}", "unet/{}", "dino/{}", "lraspp/{}", "segnet")


def network_for(source: str | Path, found: Recognised) -> tuple[str, dict[str, Any]] | None:
    """A model that begins with these weights, and its further arguments; None where there is none.

    source: of the weights, as `weights.read_weights` takes it.  found: what they are.
    """
    if found.kind == "network":
        return found.network, dict(found.config)
    if found.kind == "encoder":
        for pattern in BEGINNERS:
            model = pattern.format(found.network)
            with suppress(MaskwrightError):
                fill(models.build(model, 2), source)
                return model, {}
    return None


def incomplete(source: str | Path, found: Recognised, begun: tuple[str, dict[str, Any]] | None) -> str | None:
    """What keeps weights from filling the network that they are of; None where nothing does, and for engines.

    source, found: as `network_for` takes them.  begun: what that answered.
    """
    if found.kind == "engine":
        return None
    if found.kind == "encoder":
        return None if begun else f"no network here begins with all of {found.network}"
    classes, _ = _classes(found)
    try:
        fill(models.build(found.network, classes.num_classes, **found.config), source)
    except MaskwrightError as error:
        return error.found
    return None


def load_published(source: str | Path) -> tuple["nn.Module", ModelInfo]:
    """A network whose file holds tensors and no more: they tell which it is, the catalogue what its outputs are called.

    source: as `weights.read_weights` takes it.  Raises ModelError for weights of no network, of an encoder alone, of an
    engine, and for those that do not fill the whole network.
    """
    found = recognise(source)
    if found.kind == "encoder":
        raise ModelError(
            f"it is {found.words}: an encoder finds nothing by itself", file=source,
            todo="Train a network that begins with it: maskwright train DATASET --weights FILE.",
        )  # fmt: skip
    if found.kind == "engine" or found.outputs is None:
        raise ModelError(
            f"it is {found.words}: an engine finds what it is shown", file=source,
            todo="Give it to the engine, with -o weights=FILE.",
        )  # fmt: skip
    classes, note = _classes(found)
    network = models.build(found.network, classes.num_classes, **found.config)
    filled = fill(network, source)
    if not filled.whole:
        raise ModelError(f"it does not fill the whole of {found.network} ({filled.said})", file=source)
    task = _task(found.network, classes)
    info = ModelInfo(
        found.network, classes.to_json(), found.config, found.mean or MEAN, found.std or STD, task=task,
        notes=(filled.said, note),
    )  # fmt: skip
    return network.eval(), info


def _classes(found: Recognised) -> tuple[Classes, str]:
    """Of its outputs, and how they are known. Mask R-CNN's output 0 is "nothing"; its classes count from 1."""
    nothing = found.network.startswith("maskrcnn/")
    number = (found.outputs or 0) - nothing
    named: Sequence[tuple[str, str]] = found.classes or [
        (f"class {k}", "thing") for k in range(nothing, number + nothing)
    ]
    note = f"its classes are known: {found.why}" if found.classes else "what its classes are called is not known"
    out = []
    for k, (name, kind) in enumerate(named, start=int(nothing)):
        role = "background" if kind == "background" else "class"
        out.append(Class(k, name, "stuff" if kind == "background" else kind, role))  # type: ignore[arg-type]
    return Classes(out), note


def _task(network: str, classes: Classes) -> str:
    """What such classes are for, of what the network can do."""
    can = models.tasks_of(network)
    kinds = {class_.kind for class_ in classes}
    wanted = "panoptic" if kinds == {"thing", "stuff"} else "instance" if kinds == {"thing"} else "semantic"
    return wanted if wanted in can else can[0]
