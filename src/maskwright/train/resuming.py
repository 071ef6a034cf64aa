"""How far a training is, and the file that lets it go on."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import DatasetError, ModelError, UsageError
from maskwright.predict.checkpoint import load_info
from maskwright.runs.files import NEEDED, whole
from maskwright.train.settings import Settings
from maskwright.weights import read_weights

if TYPE_CHECKING:
    from torch import nn

STATE = "last.state.pt"
LAST = "last.safetensors"

#: Of the file, in this order: what a step changes, and how far it is.
PARTS = ("weights", "average", "steps", "progress", "info")


@dataclass
class Progress:
    """How far a training is; stored with every checkpoint."""

    step: int = 0
    epoch: int = 0
    elapsed: float = 0.0
    best: float = -1.0
    evaluated: int = 0
    waited: int = 0  # evaluations since the best one
    judged: int = -1  # the step of the last evaluation
    judging: float = 0.0  # seconds that one takes
    images: int = 0  # that an evaluation within a budget looks at

    def tired(self, settings: Settings) -> bool:
        """True when no evaluation was better for as long as the settings allow."""
        return bool(settings.patience) and self.waited >= settings.patience


def save_state(
    path: Path, weights: Mapping[str, Any], average: Mapping[str, Any], steps: Mapping[str, Any], progress: Progress,
    info: str,
) -> None:  # fmt: skip
    """Write all that a training needs to go on, in one file that is replaced whole.

    weights, average: of the network in training, and averaged.  steps: what `Steps.state` gave.  info: of the
    network, as its checkpoint has it, in JSON.  Raises DatasetError where it cannot be written.
    """
    import torch

    state = {
        "weights": dict(weights),
        "average": dict(average),
        "steps": dict(steps),
        "progress": dict(vars(progress)),
        "info": info,
    }
    with whole(path) as partial:
        try:
            torch.save(state, partial)
        except RuntimeError:  # torch's way to say that a write failed; its words help nobody
            raise DatasetError("cannot be written (the write broke off)", file=path, needed=NEEDED) from None


def stored_state(folder: Path) -> dict[str, Any] | None:
    """What `save_state` wrote; None for a training that was killed before it had kept anything.

    folder: the run's.  Raises UsageError where the file is gone from beside the weights, ModelError where it cannot be
    read.
    """
    import torch

    if not (folder / STATE).exists() and not (folder / LAST).exists():
        return None
    if not (folder / STATE).is_file():
        raise UsageError("the run has no checkpoint to resume from", file=folder, needed=STATE)
    try:
        state: dict[str, Any] = torch.load(folder / STATE, weights_only=True, map_location="cpu")
        state = _of_before(state, folder) if "optimizer" in state else state
        replace(Progress(), **state["progress"])
        for part in PARTS:
            state[part]
    except Exception as error:  # noqa: BLE001  a damaged file can make its reader raise anything
        raise ModelError(
            f"not the readable state of a training ({str(error)[:120]})", file=folder / STATE,
            todo="Begin a new run from its weights: --weights " + str(folder / LAST),
        ) from None  # fmt: skip
    return state


def _of_before(state: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What a version wrote that kept the weights beside, and no account of its steps."""
    import torch

    info = load_info(folder / LAST)
    progress = {**state["progress"], "judged": state["progress"]["step"]}
    steps = {"optimizer": state["optimizer"], "scaler": {}, "found": torch.zeros(5, dtype=torch.float64)}
    return {
        "weights": read_weights(folder / LAST), "average": state["average"], "steps": steps, "progress": progress,
        "info": json.dumps(asdict(info)),
    }  # fmt: skip


def fill_network(model: "nn.Module", weights: Mapping[str, Any], folder: Path | None) -> None:
    """Raises ModelError for weights of another network."""
    try:
        model.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise ModelError(f"its weights do not fit the run's own settings ({error})", file=folder) from None


@contextmanager
def fitting(folder: Path) -> Iterator[None]:
    """A block that fills averaged weights and `Steps`. Raises ModelError for another network's."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"its state does not fit the run's own settings ({error})", file=folder / STATE) from None


def progress_of(state: Mapping[str, Any]) -> Progress:
    """How far a training was."""
    return replace(Progress(), **state["progress"])
