"""Networks of transformers from a folder or the hub's cache."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import ModelError
from maskwright.registry import require
from maskwright.weights.tensors import HUB

if TYPE_CHECKING:
    from torch import nn


def pretrained(kind: str, source: str | Path, known: Mapping[str, str] | None = None) -> "nn.Module":
    """transformers' class `kind` with its weights, for inference.

    source: a folder with config.json and model.safetensors, or "hub:OWNER/NAME".  From the hub only what its cache
    holds is taken, unless HF_HUB_OFFLINE=0 is set, or a person at a terminal is asked and says yes.  known: name on the
    hub -> licence and size, to be shown then.  Raises ModelError for another place, class or weights that do not fit.
    """
    transformers: Any = require("transformers", f"the network {kind}")
    name = str(source)
    place = name.removeprefix(HUB)
    offline = not name.startswith(HUB) or os.environ.get("HF_HUB_OFFLINE", "1") != "0"
    if not name.startswith(HUB) and not (Path(place) / "config.json").is_file():
        raise ModelError(
            "no network is here",
            file=source,
            needed="a folder with config.json and model.safetensors, or hub:OWNER/NAME",
        )
    if name.startswith(HUB) and offline and not _cached(place):
        words = f"{place} ({(known or {}).get(place, 'licence and size are on its page')})"
        offline = not _consent(words)
        if offline:
            raise ModelError(
                f"the weights {words} are not in the hub's cache", file=source,
                todo="Fetch them once with HF_HUB_OFFLINE=0, or name the folder they are in.",
            )  # fmt: skip
    bars = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        model, report = getattr(transformers, kind).from_pretrained(
            place, local_files_only=offline, output_loading_info=True, use_safetensors=True
        )
    except Exception as error:  # noqa: BLE001  transformers and the hub have many; all mean that it cannot be loaded
        reason = str(error).strip().split("\n", maxsplit=1)[0][:200]
        raise ModelError(
            f"the network cannot be loaded ({type(error).__name__}: {reason})", file=source,
        ) from None  # fmt: skip
    finally:
        if bars:
            transformers.utils.logging.enable_progress_bar()
    lacking = sorted(str(missing_key) for missing_key in (*report["missing_keys"], *report["mismatched_keys"]))
    if lacking:
        raise ModelError(
            f"{len(lacking)} tensors are missing or of another shape ({', '.join(lacking[:3])}, …)", file=source,
            needed=f"weights of {kind}",
        )  # fmt: skip
    found: nn.Module = model.eval().requires_grad_(False)
    return found


def tokenizer(source: str | Path) -> Any:
    """What makes numbers of words for a network that `pretrained` gave. source: the network's. Raises ModelError."""
    transformers: Any = require("transformers", "words for a network")
    try:
        return transformers.AutoTokenizer.from_pretrained(str(source).removeprefix(HUB), local_files_only=True)
    except Exception as error:  # noqa: BLE001  as many as there are tokenizers
        raise ModelError(
            f"the folder has no tokenizer ({type(error).__name__})", file=source, needed="tokenizer.json beside it"
        ) from None


def _cached(name: str) -> bool:
    """Is the network's description in the hub's cache?"""
    hub: Any = require("huggingface_hub", f"weights from the hub ({name})")
    return isinstance(hub.try_to_load_from_cache(name, "config.json"), str)


def _consent(words: str) -> bool:
    """Ask once whether to fetch; no where nobody can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    sys.stderr.write(f"Fetch {words} from the hub into its cache? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def fill_exactly(model: Any, tensors: dict[str, Any], source: str | Path) -> Any:
    """All of the tensors into the model, and nothing else, for inference. Raises ModelError.

    model: a torch module.  source: where the tensors are from, for messages.
    """
    try:
        found = model.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        reason = str(error).split("\n")[1].strip() if "\n" in str(error) else str(error)
        raise ModelError(f"the tensors do not fit ({reason[:160]})", file=source) from None
    wrong = [*found.missing_keys, *found.unexpected_keys]
    if wrong:
        raise ModelError(f"{len(wrong)} tensors are missing or unknown ({', '.join(wrong[:3])}, …)", file=source)
    return model.eval().requires_grad_(False)
