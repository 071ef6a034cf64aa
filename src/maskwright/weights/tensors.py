"""Weights from elsewhere into a model: a file, a folder, or a name on the hub."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import ModelError
from maskwright.registry import require
from maskwright.weights import first_layer
from maskwright.weights.first_layer import COLOURS

if TYPE_CHECKING:
    from torch import Tensor, nn

HUB = "hub:"
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl")
FILES = ("model.safetensors", "pytorch_model.bin")


def read_weights(source: str | Path) -> dict[str, "Tensor"]:
    """Tensors of any shape by name, from a .safetensors file, a pickled state dict, a folder with either, or
    "hub:OWNER/NAME".

    source: one of these.  Pickles are opened as tensors only: what else one holds is refused, never run.  From the hub
    only what its cache holds already is taken, unless HF_HUB_OFFLINE=0 is set.  Raises ModelError for what is not
    there, cannot be read or holds no tensors.
    """
    require("torch", "reading weights")
    require("safetensors", "reading weights")
    if str(source).startswith(HUB):
        return read_weights(_from_hub(str(source).removeprefix(HUB)))
    place = Path(source)
    if place.is_dir():
        found = next((place / name for name in FILES if (place / name).is_file()), None)
        if found is None:
            raise ModelError("the folder holds no weights", file=place, needed=" or ".join(FILES))
        place = found
    if not place.is_file():
        raise ModelError("there is no such file", file=place)
    return _unpickled(place) if place.suffix in PICKLES else _from_safetensors(place)


def _from_safetensors(place: Path) -> dict[str, "Tensor"]:
    import safetensors
    from safetensors.torch import load_file

    try:
        return load_file(place)
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"not a readable safetensors file ({error})", file=place) from None


def _unpickled(place: Path) -> dict[str, "Tensor"]:
    import torch

    try:
        held = torch.load(place, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - a damaged pickle can call what it may call with anything
        reason = str(error).split("\n", maxsplit=1)[0][:120]
        raise ModelError(
            f"it cannot be opened as tensors alone ({reason})", file=place,
            needed="a pickle that holds more can run any program when it is opened, and is refused",
            todo="Where you trust it: safetensors.torch.save_file(torch.load(PATH, weights_only=False), NEW)",
        ) from None  # fmt: skip
    for name in ("state_dict", "model", "model_state_dict", "state_dict_ema"):
        if isinstance(held, Mapping) and isinstance(held.get(name), Mapping):
            held = held[name]
            break
    tensors = (
        {str(name): item for name, item in held.items() if torch.is_tensor(item)} if isinstance(held, Mapping) else {}
    )
    if not tensors:
        raise ModelError("it holds no tensors by name", file=place)
    # What DataParallel saved has every name behind "module.".
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
    return tensors


def _from_hub(name: str) -> Path:
    import os

    hub = require("huggingface_hub", f"weights from the hub ({name})")
    offline = os.environ.get("HF_HUB_OFFLINE", "1") != "0"
    last: Exception | None = None
    for file in FILES:
        try:
            return Path(hub.hf_hub_download(name, file, local_files_only=offline))
        except Exception as error:  # noqa: BLE001  the hub has many; all mean that it is not there
            last = error
    raise ModelError(
        f"the weights {name!r} are not in the hub's cache", needed=type(last).__name__,
        todo="Allow the download once with HF_HUB_OFFLINE=0, or fetch them yourself and name the folder.",
    )  # fmt: skip


def fill(model: "nn.Module", source: str | Path, channels: Sequence[str] = COLOURS) -> str:
    """Put what fits of `source` into the model -> one sentence on what was filled and what was not.

    channels: what the model's images are made of; a first layer for other channels is fitted to them, see
    `first_layer.fitted`.

    Names are matched as they are, or with the part of the model that the weights fit best put before them: weights of
    an encoder fill the encoder.  Tensors of another shape (the last layer, for other classes) keep their random values.
    Raises ModelError when less than a third of the weights fits anywhere.
    """
    tensors = read_weights(source)
    own = dict(model.state_dict())
    prefixes = {""} | {f"{name}." for name, _ in model.named_modules() if name}
    cut = {""} | {name.split(".", maxsplit=1)[0] + "." for name in tensors if "." in name}

    def fitting(add: str, drop: str) -> dict[str, str]:
        pairs = {}
        for name, tensor in tensors.items():
            mine = add + name.removeprefix(drop) if name.startswith(drop) else None
            if mine in own and (
                own[mine].shape == tensor.shape or first_layer.fits(tensor.shape, own[mine].shape, len(channels))
            ):
                pairs[mine] = name
        return pairs

    best: dict[str, str] = max((fitting(add, drop) for drop in cut for add in prefixes), key=len)
    if len(best) < len(tensors) / 3:
        near = ", ".join(list(tensors)[:3])
        raise ModelError(
            f"only {len(best)} of {len(tensors)} tensors fit this model", file=source,
            needed=f"it holds {near}, …; the model wants {', '.join(list(own)[:3])}, …",
        )  # fmt: skip
    changed: dict[str, Any] = {mine: tensors[name].to(own[mine].dtype) for mine, name in best.items()}
    said = ""
    for mine, tensor in changed.items():
        if tensor.shape != own[mine].shape:
            changed[mine], how = first_layer.fitted(tensor, channels)
            said = f"; the first layer, {mine}, {how}"
    model.load_state_dict(changed, strict=False)
    random = sorted({name.rsplit(".", 1)[0] for name in own if name not in best})
    rest = f"; random still: {', '.join(random[:4])}{' …' if len(random) > 4 else ''}" if random else ""
    return f"{len(best)} of {len(own)} tensors come from {source}{said}{rest}"
