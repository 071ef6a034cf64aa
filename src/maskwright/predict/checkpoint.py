"""A model on disk: one safetensors file that carries classes, normalisation and settings inside."""

import json
import math
import operator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import models, registry
from maskwright.core.classes import Classes
from maskwright.core.foreign import explained
from maskwright.core.names import shown
from maskwright.errors import DatasetError, ModelError
from maskwright.predict import exported
from maskwright.predict.layout import COLOURS, Layout
from maskwright.registry import require
from maskwright.runs.files import NEEDED, whole
from maskwright.weights.tensors import PICKLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

#: ImageNet's channel means and deviations, for images scaled to 0 … 1: what every published encoder expects.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
#: Photographs, and gray images of eight bits.
EIGHT_BITS = Layout(COLOURS, "uint8", (0.0, 0.0, 0.0), (255.0, 255.0, 255.0), MEAN, STD)


@dataclass(frozen=True)
class ModelInfo:
    """Everything needed to build the network again and to use it rightly.

    scale: by how much images are resized before they enter.  task: a member of `predict.tasks`.
    tile: side of the windows in which large images are taken; 0 takes them whole.
    flip: predictions are averaged with those of the mirrored image.
    window: (height, width) that it was trained in, for networks that answer objects: smaller images are set into
    black up to it, as they were then.  Normalisation over the whole image (GroupNorm) tells the difference.
    channels, dtype, low, high, mean, std: of the images that it takes; see `layout.Layout`.  notes: what was said of
    them, and of how weights from elsewhere were fitted to them.  unlearned: names of classes that no training image
    showed.
    """

    model: str
    classes: list[dict[str, Any]]
    config: dict[str, Any] = field(default_factory=dict)
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    scale: float = 1.0
    task: str = "semantic"
    tile: int = 0
    flip: bool = False
    window: tuple[int, int] | None = None
    version: int = 1
    channels: tuple[str, ...] = EIGHT_BITS.channels
    dtype: str = EIGHT_BITS.dtype
    low: tuple[float, ...] = EIGHT_BITS.low
    high: tuple[float, ...] = EIGHT_BITS.high
    notes: tuple[str, ...] = ()
    unlearned: tuple[str, ...] = ()

    @property
    def layout(self) -> Layout:
        """Which images the network takes."""
        return Layout(self.channels, self.dtype, self.low, self.high, self.mean, self.std)

    def taking(self, layout: Layout) -> "ModelInfo":
        """The same network for images of another layout."""
        return replace(self, **vars(layout))

    @classmethod
    def from_json(cls, held: Any) -> "ModelInfo":
        """From what a file says. Raises ValueError or TypeError for what no network of ours could have been saved with.

        held: what the JSON holds.
        """
        for name in ("model", "classes"):
            if name not in held:
                raise ValueError(f"it lacks {name!r}")
        unknown = sorted(set(held) - {each.name for each in fields(cls)})
        if unknown:
            raise ValueError(f"it says {shown(unknown[0])!r}, which this version does not know")
        lists = {name: held[name] for name in _LISTS if held.get(name) is not None}
        odd = [name for name, value in lists.items() if not isinstance(value, list)]
        if odd:
            raise TypeError(f"its {odd[0]} are not listed")
        info = cls(**{**held, **{name: tuple(value) for name, value in lists.items()}})
        Classes.from_json(info.classes)
        whole = {"tile": info.tile, "version": info.version}
        wrong = [name for name, value in whole.items() if type(value) is not int or value < 0]
        wrong += [name for name in ("model", "task") if not isinstance(getattr(info, name), str)]
        wrong += ["config"] * (not isinstance(info.config, dict) or bool(set(info.config) & _TAKEN))
        wrong += ["flip"] * (type(info.flip) is not bool)
        wrong += ["task"] * (info.task not in registry.names("predict.tasks"))
        wrong += ["version"] * (info.version > 1)
        wrong += ["mean or std"] * (
            not info.mean or len(info.mean) != len(info.std) or not all(_positive(side) for side in info.std)
        )
        wrong += ["mean or std"] * (not all(_number(value) for value in info.mean))
        wrong += _wrong_channels(info)
        wrong += ["scale"] * (not _positive(info.scale) or info.scale > _LARGEST_SCALE)
        if info.window is not None:
            sides = [side for side in info.window if type(side) is int and 0 < side < _LARGEST_WINDOW]
            wrong += ["window"] * (len(info.window) != 2 or len(sides) != 2)
        if wrong:
            raise ValueError(f"it has no usable {wrong[0]}")
        return info


#: Beyond these no network was ever trained; a damaged number would ask for all the memory there is.
_LARGEST_SCALE, _LARGEST_WINDOW = 64, 1 << 16

#: What JSON holds as lists.
_LISTS = ("mean", "std", "window", "channels", "low", "high", "notes", "unlearned")

#: Of numbers in images.
_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64")


def _wrong_channels(info: ModelInfo) -> list[str]:
    names = info.channels if all(isinstance(name, str) and name for name in info.channels) else ()
    wrong = ["channels"] * (not names or len(set(names)) != len(names) or len(names) != len(info.mean))
    wrong += ["dtype"] * (info.dtype not in _DTYPES)
    limits = len(info.low) == len(info.high) == len(info.mean) and all(map(_number, (*info.low, *info.high)))
    wrong += ["low or high"] * (not limits or not all(map(operator.lt, info.low, info.high)))
    wrong += ["notes"] * (not all(isinstance(note, str) for note in info.notes))
    return wrong + ["unlearned"] * (not all(isinstance(name, str) for name in info.unlearned))


#: What `models.build` is given besides a network's settings.
_TAKEN = {"spec", "num_classes", "in_channels"}


def _number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def _positive(value: object) -> bool:
    return _number(value) and value > 0  # type: ignore[operator]


def read_info(text: str, place: Path) -> ModelInfo:
    """What a network is, from the text inside its file. text: JSON.  place: the file, for messages. Raises ModelError
    for what no network of ours could have been saved with.
    """
    with explained(place, "its description", ModelError):
        return ModelInfo.from_json(json.loads(text))


def save(model: "nn.Module", info: ModelInfo, path: Path) -> None:
    """Written beside and renamed, so that a broken write never replaces a good file. Raises DatasetError."""
    save_weights(model.state_dict(), info, path)


def save_weights(weights: "Mapping[str, Tensor]", info: ModelInfo, path: Path) -> None:
    """As `save`, of a network's state."""
    safetensors = require("safetensors", "saving a model")
    from safetensors.torch import save_file

    tensors = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    with whole(path) as partial:
        try:
            save_file(tensors, partial, metadata={"maskwright": json.dumps(asdict(info))})
        except safetensors.SafetensorError as error:  # its words for a write that failed
            raise DatasetError(f"cannot be written ({error})", file=path, needed=NEEDED) from None


def _metadata(place: Path) -> dict[str, str]:
    """Of a safetensors file. Raises ModelError for one that cannot be read."""
    safetensors = require("safetensors", "loading a model")
    try:
        with safetensors.safe_open(place, "pt") as file:
            return dict(file.metadata() or {})
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"not a readable safetensors file ({error})", file=place) from None


def load_info(place: Path) -> ModelInfo:
    """What a checkpoint says of its network, which is not built. Raises ModelError for a file that is not one."""
    metadata = _metadata(place)
    if "maskwright" not in metadata:
        raise ModelError(
            "carries no description of its model", file=place, needed="a file that `maskwright train` wrote"
        )
    return read_info(metadata["maskwright"], place)


def load(path: str | Path) -> tuple["nn.Module", ModelInfo]:
    """Rebuild the network and fill it; an exported file gives a module that runs it, and published weights the network
    that they are of (see `published`).

    Nothing is downloaded. Raises ModelError, saying what does not fit.
    """
    require("torch", "loading a model")
    safetensors = require("safetensors", "loading a model")
    from safetensors.torch import load_file

    place = Path(path)
    if place.is_dir():
        from maskwright.predict.as_published import load_published

        return load_published(place)
    if not place.is_file():
        raise ModelError("there is no such file", file=place)
    runtime = exported.runtime_of(place.suffix)
    if runtime is not None:
        loaded: tuple[nn.Module, ModelInfo] = registry.load("predict.exported", runtime).load(place)
        return loaded
    if place.suffix in PICKLES or "maskwright" not in _metadata(place):
        from maskwright.predict.as_published import load_published

        return load_published(place)
    info = load_info(place)
    num_classes = Classes.from_json(info.classes).num_classes
    model = models.build(info.model, num_classes, len(info.channels), **info.config)
    try:
        model.load_state_dict(load_file(place))
    except (RuntimeError, safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        raise ModelError(f"its weights do not fit the model {info.model} ({error})", file=place) from None
    return model.eval(), info
