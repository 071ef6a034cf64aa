"""Tensors by name from a file, a folder, or a name on the hub."""

import difflib
import json
import os
import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import ModelError
from maskwright.registry import require
from maskwright.weights import at_hand, weight_catalogue

if TYPE_CHECKING:
    from torch import Tensor

HUB = "hub:"
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl")
FILES = ("model.safetensors", "pytorch_model.bin")
#: PyTorch's word for what a pickle holds beside tensors.
_FORBIDDEN = re.compile(r"GLOBAL ([\w.]+)")


def read_weights(source: str | Path) -> dict[str, "Tensor"]:
    """Tensors of any shape by name, from a .safetensors file, a pickled state dict, a folder with either, or
    "hub:OWNER/NAME", or by the name that they have in the catalogue.

    source: one of these.  Pickles are opened as tensors only: what else one holds is refused, never run.  From the hub
    only what its cache holds already is taken, unless HF_HUB_OFFLINE=0 is set.  Raises ModelError for what is not
    there, cannot be read or holds no tensors.
    """
    require("torch", "reading weights")
    require("safetensors", "reading weights")
    if str(source).startswith(HUB):
        return read_weights(_from_hub(str(source).removeprefix(HUB)))
    place = place_of_name(str(source)) or Path(source)
    if place.is_dir():
        found = next((place / name for name in FILES if (place / name).is_file()), None)
        if found is None:
            raise ModelError("the folder holds no weights", file=place, needed=" or ".join(FILES))
        place = found
    if not place.is_file():
        near = difflib.get_close_matches(str(source), weight_catalogue.names(), 3)
        names = f", such as {', '.join(near)}" if near else ""
        needed = f"a file, a folder, hub:OWNER/NAME, or a name that `maskwright model list` has{names}"
        raise ModelError("there is no such file", file=place, needed=needed)
    return _unpickled(place) if place.suffix in PICKLES else _from_safetensors(place)


def holds_description(place: Path) -> bool:
    """Is the safetensors file a checkpoint of ours, whole or damaged?"""
    safetensors = require("safetensors", "reading weights")
    try:
        with safetensors.safe_open(place, "pt") as file:
            return "maskwright" in (file.metadata() or {})
    except (safetensors.SafetensorError, OSError, ValueError):
        return False


def description(source: str | Path) -> dict[str, Any]:
    """What a checkpoint of ours says of itself inside; empty for other weights."""
    place = Path(source)
    if place.suffix != ".safetensors" or not place.is_file():
        return {}
    safetensors = require("safetensors", "reading weights")
    try:
        with safetensors.safe_open(place, "pt") as file:
            held = json.loads((file.metadata() or {}).get("maskwright", "{}"))
    except (safetensors.SafetensorError, OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def place_of_name(source: str) -> Path | None:
    """The file behind a name of the catalogue, where no file has that name. Raises ModelError where it is not here."""
    if source not in weight_catalogue.names() or Path(source).exists():
        return None
    published = weight_catalogue.load(source)
    place = at_hand.place_of(published)
    if place is None and published.hub and os.environ.get("HF_HUB_OFFLINE", "1") == "0":
        return _from_hub(published.hub)
    if place is None:
        raise ModelError(f"the weights {source!r} are not on this machine", todo=f"To have them: {published.obtain}.")
    return place


def _from_safetensors(place: Path) -> dict[str, "Tensor"]:
    import safetensors
    from safetensors.torch import load_file

    try:
        return load_file(place)
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"not a readable safetensors file ({error})", file=place) from None


def _unpickled(place: Path) -> dict[str, "Tensor"]:
    import torch

    with place.open("rb") as file:
        begins = file.read(4)
    if not begins.startswith((b"PK\x03\x04", b"\x80")):  # a zip archive, or a pickle as PyTorch wrote before 1.6
        found = "it is not a file of weights" if begins else "the file is empty"
        raise ModelError(found, file=place, needed="what torch.save writes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = torch.load(place, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = _FORBIDDEN.search(str(error))
        raise ModelError(
            f"it holds more than tensors{f', {named[1]} among it' if named else ''}", file=place,
            needed="tensors alone: a pickle that holds more can run any program when it is opened",
            todo="Where you trust it: torch.save(torch.load(PATH, weights_only=False).state_dict(), NEW), or"
            ' ["state_dict"] in place of .state_dict() for a checkpoint.',
        ) from None  # fmt: skip
    except Exception:  # noqa: BLE001 - a damaged file ends in anything
        raise ModelError(
            "it is damaged, or not what torch.save wrote", file=place, todo="Copy or fetch it again."
        ) from None
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
