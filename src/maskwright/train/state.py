"""How far a training is, and the file that lets it go on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import DatasetError, ModelError, UsageError
from maskwright.runs.files import NEEDED, whole
from maskwright.train.settings import Settings
from maskwright.weights import read_weights

if TYPE_CHECKING:
    from torch import nn

STATE = "last.state.pt"
LAST = "last.safetensors"


@dataclass
class Progress:
    """How far a training is; stored with every checkpoint."""

    step: int = 0
    epoch: int = 0
    elapsed: float = 0.0
    best: float = -1.0
    evaluated: int = 0
    waited: int = 0  # evaluations since the best one

    def tired(self, settings: Settings) -> bool:
        """True when no evaluation was better for as long as the settings allow."""
        return bool(settings.patience) and self.waited >= settings.patience

    def share(self, total: int, minutes: float | None) -> float:
        return self.step / total if minutes is None else self.elapsed / (60 * minutes)


def save_state(path: Path, average: "nn.Module", optimizer: Any, progress: Progress) -> None:
    """What resuming needs beside the weights: averaged weights, optimizer, random numbers, place."""
    import torch

    state = {
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
        "progress": dict(vars(progress)),
    }
    with whole(path) as partial:
        try:
            torch.save(state, partial)
        except RuntimeError:  # torch's way to say that a write failed; its words help nobody
            raise DatasetError("cannot be written (the write broke off)", file=path, needed=NEEDED) from None


def stored_state(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The last weights and state that a training left. Raises UsageError where they are not, ModelError for others."""
    import torch

    for name in (LAST, STATE):
        if not (folder / name).is_file():
            raise UsageError("the run has no checkpoint to resume from", file=folder, needed=f"{LAST} and {STATE}")
    weights = read_weights(folder / LAST)
    try:
        state = torch.load(folder / STATE, weights_only=True, map_location="cpu")
        replace(Progress(), **state["progress"])
        for part in ("average", "optimizer", "random"):
            state[part]
    except Exception as error:  # noqa: BLE001  a damaged file can make its reader raise anything
        raise ModelError(
            f"not the readable state of a training ({str(error)[:120]})", file=folder / STATE,
            todo="Begin a new run from its weights: --weights " + str(folder / LAST),
        ) from None  # fmt: skip
    return weights, state


def fill_network(model: "nn.Module", weights: Mapping[str, Any], folder: Path | None) -> None:
    try:
        model.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise ModelError(f"its weights do not fit the run's own settings ({error})", file=folder) from None


def restore(state: Mapping[str, Any], average: "nn.Module", optimizer: Any, folder: Path) -> Progress:
    import torch

    try:
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"its state does not fit the run's own settings ({error})", file=folder / STATE) from None
    return replace(Progress(), **state["progress"])
