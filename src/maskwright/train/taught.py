"""Which samples the networks of a run were trained on: what they say of those says little of others."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from maskwright.errors import MaskwrightError
from maskwright.runs import find
from maskwright.runs.record import recorded_view
from maskwright.store import Dataset
from maskwright.train.data import split_numbers
from maskwright.train.settings import Settings


def taught(dataset: Dataset, record: Mapping[str, Any]) -> set[int]:
    """Sample numbers, of every network that predicted. record: of a run that trained or predicted.

    Networks that are not runs of this dataset, and runs whose revision or settings cannot be read any more, add none.
    """
    settings = record["settings"]
    if record["kind"] == "predict":
        names = [str(network.get("model")) for network in settings.get("networks") or ()]
        return set().union(*(_named(dataset, name) for name in names))
    if record["kind"] == "folds":  # whose members have seen all, each but its part
        return set().union(*(_named(dataset, str(name)) for name in record["scores"].get("members", ())))
    with suppress(MaskwrightError):
        return set(split_numbers(recorded_view(dataset, record), Settings.from_json(settings))[0])
    return set()


def _named(dataset: Dataset, name: str) -> set[int]:
    with suppress(MaskwrightError):
        return taught(dataset, find(dataset, name))
    return set()
