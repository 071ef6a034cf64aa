"""What a person wishes of a training, field by field, and the plan around it; each refusal names its field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskwright import models, transforms
from maskwright.core import typed
from maskwright.errors import MaskwrightError, UsageError
from maskwright.runs.record import check_free
from maskwright.store import Dataset
from maskwright.train.settings import defaults, read_setting

if TYPE_CHECKING:
    from maskwright.train.plan import Plan

_LINE = re.compile(r"(?:--)?(?P<name>[A-Za-z][A-Za-z0-9_-]*)(?:\s*=\s*|\s+|$)(?P<value>.*)")
#: Options that are said once for each value, and the settings that they fill.
_SEVERAL = {"transform": "transforms", "tracker": "trackers"}


@dataclass(frozen=True)
class Wishes:
    """What was typed; an empty text says nothing.

    name: of the run.  minutes, epochs: how long.  model: a model, with its encoder.  lines: further settings, as
    `read_lines` takes them.
    """

    name: str = ""
    minutes: str = ""
    epochs: str = ""
    model: str = ""
    lines: str = ""


@dataclass(frozen=True)
class Refused:
    """field: of `Wishes`, or "plan" for what its fields do not show alone.  words: what is wrong, in a sentence."""

    field: str
    words: str


def planned(dataset: Dataset, wishes: Wishes) -> tuple["Plan | None", list[Refused]]:
    """The plan around what was wished, without trials on this machine, and what is wrong with it.

    Nothing is begun.  The plan is None where something is wrong.
    """
    refused: list[Refused] = []
    given: dict[str, Any] = {}

    def take(field: str, read: Any) -> None:
        try:
            found = read()
            for setting in found:
                if setting in given:
                    raise UsageError(f"the setting {setting} is said in another field too", needed="it once")
            given.update(found)
        except UsageError as error:
            refused.append(Refused(field, str(error)))

    if wishes.name.strip():
        take("name", lambda: _free(dataset, wishes.name.strip()))
    for field in ("minutes", "epochs", "model"):
        text = getattr(wishes, field).strip()
        if text:
            take(field, lambda field=field, text=text: _read(field, text))
    take("lines", lambda: read_lines(wishes.lines))
    if "minutes" in given and "epochs" in given:
        refused.append(Refused("epochs", "minutes say already how long to train; needed one of both"))
    if refused:
        return None, refused
    from maskwright.train.plan import plan

    try:
        return plan(dataset.frozen(), given, measure=False), []
    except MaskwrightError as error:
        return None, [Refused("plan", str(error))]


def longer(epochs: str, minutes: str) -> dict[str, object]:
    """How long a training goes on, as options, from what was typed; nothing where nothing was. Raises UsageError."""
    given = {"epochs": epochs.strip(), "minutes": minutes.strip()}
    read = {name: read_setting(name, typed.Bare(text)) for name, text in given.items() if text}
    if len(read) > 1:
        raise UsageError("minutes say already how long to train", needed="one of both")
    return read


def read_lines(text: str) -> dict[str, Any]:
    """Settings by name, from lines such as "--lr 0.01", "batch_size = 4", "--no-colour" and "--config decoder=32".

    Empty lines, and what follows a # at a line's beginning, say nothing.  --config, --transform and --tracker may come
    again.  Raises UsageError, with the line's number, for a setting that does not exist, comes twice or does not fit.
    """
    out: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.strip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        record = f"line {number}"
        if found is None:
            raise UsageError(f"{line.strip()!r} is not a setting", record=record, needed="--setting value")
        name, value = found["name"].replace("-", "_"), found["value"].strip()
        name = _SEVERAL.get(name, name)
        try:
            _add(out, name, value)
        except UsageError as error:
            raise error.at(record=record) from None
    return out


def _add(out: dict[str, Any], name: str, value: str) -> None:
    """One line's setting, to those before."""
    if name == "config":
        out["config"] = {**out.get("config", {}), **typed.pairs([value], what="the --config")}
        return
    if name == "transforms":
        transforms.parse(value)
        out["transforms"] = (*out.get("transforms", ()), value)
        return
    if name == "trackers":
        out["trackers"] = (*out.get("trackers", ()), *read_setting("trackers", typed.Bare(value)))
        return
    read: Any = typed.Bare(value)
    bare = name.removeprefix("no_")
    if not value and isinstance(defaults().get(bare), bool):
        name, read = bare, name == bare
    if name in out:
        raise UsageError(f"the setting {name} is there twice", needed="it once")
    out[name] = read_setting(name, read)


def _free(dataset: Dataset, name: str) -> Mapping[str, Any]:
    check_free(dataset, name)
    return {}


def _read(field: str, text: str) -> Mapping[str, Any]:
    if field == "model":
        models.tasks_of(text)
    return {field: read_setting(field, typed.Bare(text))}
