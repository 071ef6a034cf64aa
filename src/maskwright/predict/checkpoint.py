"""A model on disk: one safetensors file that carries classes, normalisation and settings inside."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import families, models
from maskwright.core.classes import Classes
from maskwright.errors import ModelError
from maskwright.families import require
from maskwright.predict import exported

if TYPE_CHECKING:
    from torch import nn

#: ImageNet's channel means and deviations, for images scaled to 0 … 1: what every published encoder expects.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelInfo:
    """Everything needed to build the network again and to use it rightly.

    scale: by how much images are resized before they enter.  task: semantic, instance or panoptic.
    tile: side of the windows in which large images are taken; 0 takes them whole.
    window: (height, width) that it was trained in, for networks that answer objects: smaller pictures are set into
    black up to it, as they were then.  Normalisation over the whole picture (GroupNorm) tells the difference.
    """

    model: str
    classes: list[dict[str, Any]]
    config: dict[str, Any] = field(default_factory=dict)
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    scale: float = 1.0
    task: str = "semantic"
    tile: int = 0
    window: tuple[int, int] | None = None
    version: int = 1


def save(model: "nn.Module", info: ModelInfo, path: Path) -> None:
    """Written beside and renamed, so that a broken write never replaces a good file."""
    from safetensors.torch import save_file

    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    save_file(tensors, partial, metadata={"maskwright": json.dumps(asdict(info))})
    partial.replace(path)


def load(path: str | Path) -> tuple["nn.Module", ModelInfo]:
    """Rebuild the network and fill it; an exported file gives a module that runs it.

    Nothing is downloaded. Raises ModelError, saying what does not fit.
    """
    require("torch", "loading a model")
    safetensors = require("safetensors", "loading a model")
    from safetensors.torch import load_file

    place = Path(path)
    if not place.is_file():
        raise ModelError("there is no such file", file=place)
    runtime = exported.runtime_of(place.suffix)
    if runtime is not None:
        loaded: tuple[nn.Module, ModelInfo] = families.load("predict.exported", runtime).load(place)
        return loaded
    if place.suffix in (".pt", ".pth", ".pkl", ".bin"):
        raise ModelError(
            "a pickle can run any program when it is opened and is refused", file=place,
            needed="a .safetensors file", todo="Load it where you trust it and save its tensors with safetensors.",
        )  # fmt: skip
    try:
        with safetensors.safe_open(place, "pt") as file:
            metadata = file.metadata() or {}
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"not a readable safetensors file ({error})", file=place) from None
    if "maskwright" not in metadata:
        raise ModelError(
            "carries no description of its model", file=place, needed="a file that `maskwright train` wrote"
        )
    info = ModelInfo(**json.loads(metadata["maskwright"]))
    num_classes = Classes.from_json(info.classes).num_classes
    model = models.build(info.model, num_classes, **info.config)
    try:
        model.load_state_dict(load_file(place))
    except RuntimeError as error:
        raise ModelError(f"its weights do not fit the model {info.model} ({error})", file=place) from None
    return model.eval(), info
