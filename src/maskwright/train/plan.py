"""From a dataset's fingerprint, a device and a time budget to settings, with a reason for each."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maskwright import models, transforms
from maskwright.core.yaml_file import load_written
from maskwright.errors import FormatError, UsageError
from maskwright.registry import require
from maskwright.runs.files import write_whole
from maskwright.store import View
from maskwright.train import data
from maskwright.train.clock import JUDGING
from maskwright.train.fingerprint import Fingerprint, fingerprint
from maskwright.train.settings import Settings, check_windows, read_setting
from maskwright.train.starting import begins_with_encoder, fitting, start

#: Time a training takes when nobody gives a budget, in minutes.
BUDGET = {"cpu": 20.0, "cuda": 60.0}


@dataclass(frozen=True)
class Plan:
    """settings: what to train with.  reasons: one sentence by setting.  facts: of the dataset.

    minutes: expected time, measured on this machine; None when it was not measured.
    """

    settings: Settings
    reasons: dict[str, str]
    facts: Fingerprint
    minutes: float | None = None

    def lines(self) -> list[tuple[str, Any, str]]:
        """(setting, value, reason) of every setting that has a reason."""
        values = self.settings.to_json()
        return [(name, values[name], reason) for name, reason in self.reasons.items()]

    def write(self, path: str | Path) -> None:
        """As YAML to be edited: every setting, reasons as comments. `read_plan` takes it back."""
        import yaml

        lines = ["# A training plan. Edit what you like; read with: maskwright train DATASET --plan THIS-FILE", ""]
        for name, value in self.settings.to_json().items():
            plain = list(value) if isinstance(value, tuple) else value
            text = yaml.safe_dump({name: plain}, default_flow_style=True, width=1000, sort_keys=False).strip()
            text = text.removeprefix("{").removesuffix("}")
            lines.append(f"{text}  # {self.reasons[name]}" if name in self.reasons else text)
        write_whole(Path(path), "\n".join(lines) + "\n")


def read_plan(path: str | Path) -> Settings:
    """The settings of a plan, as `Plan.write` or a person wrote them.

    Raises UsageError for a file that is not a plan, and for a setting that does not exist, is there twice or does not
    fit, with its line.
    """
    file = Path(path)
    if not file.is_file():
        raise UsageError("there is no such plan", file=file)
    if not file.read_bytes().strip():
        raise UsageError("the plan is empty", file=file, needed="settings, one a line, such as epochs: 40")
    try:
        written = load_written(file)
    except FormatError as error:
        needed = error.needed or "settings, one a line, such as epochs: 40"
        raise UsageError(f"not a plan: {error.found}", file=file, record=error.record, needed=needed) from None
    values = {
        name: read_setting(name, value, file=file, record=f"line {line}") for name, (value, line) in written.items()
    }
    try:
        return Settings(**values)
    except UsageError as error:  # settings that do not go together
        line = next((line for name, (_, line) in written.items() if f"setting {name} " in error.found), None)
        raise error.at(file=file, record=None if line is None else f"line {line}") from None


#: Settings that say which samples are trained on.
_SPLITTING = ("train_split", "val_split", "fold", "split_sequences", "stratify", "seed")


def plan(
    view: View, given: dict[str, Any] | None = None, *, base: Settings | None = None, measure: bool = True
) -> Plan:
    """given: settings that the caller has chosen; the rest is planned around them.  base: a plan read from a file.

    measure: try some steps, so that the expected time is this machine's.  Raises as training would.
    """
    chosen = dict(given or {})
    models.tasks_of(str(chosen.get("model", base.model if base else Settings.model)))  # a word before the data
    for spec in chosen.get("transforms", base.transforms if base else ()):
        transforms.parse(spec)
    start = base or Settings(**{name: chosen[name] for name in _SPLITTING if name in chosen})
    train, val, _ = data.split_numbers(view, replace(start, **_only(chosen, *_SPLITTING)))
    facts = fingerprint(view, train, val)
    device = _device(chosen.get("device", start.device))
    rules: dict[str, tuple[Any, str]] = {} if base is not None else _rules(facts, device, chosen)
    values = {name: value for name, (value, _) in rules.items()} | chosen
    reasons = {name: reason for name, (_, reason) in rules.items()} | dict.fromkeys(chosen, "given")
    if "config" in values:
        values["config"] = models.read_config(str(values.get("model", start.model)), values["config"])
    settings = replace(start, **values)
    settings = _fitting(settings, reasons)
    minutes = None
    if measure:
        from maskwright.train.probe import rates

        step, image = rates(view, settings)
        steps = data.steps_of_epoch(facts.training, settings)
        looks = settings.evaluations + (2 if settings.predict_flip else 1)  # the predictions at the end are of all
        judging = image * len(val) * looks
        if settings.minutes is None:
            minutes = (step * steps * settings.epochs + judging) / 60
            reasons["epochs"] = reasons.get("epochs", "") or "the default"
        else:
            minutes = settings.minutes
            judging = min(judging, JUDGING * 60 * minutes)
            passes = (60 * minutes - judging) / (step * facts.training / settings.batch_size)
            reasons["minutes"] = reasons.get("minutes", "as the plan says") + (
                f"; about {passes:.0f} passes over {facts.training} samples,"
                f" at {settings.batch_size / step:.1f} images a second, and {_time(judging)} of evaluations"
            )
    return Plan(settings, reasons, facts, minutes)


def _time(seconds: float) -> str:
    """As people say it."""
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.1f} minutes"


def _only(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _device(wanted: str | None) -> str:
    require("torch", "training")
    from maskwright.predict.precision import usable

    return usable(wanted).split(":", maxsplit=1)[0]


def _rules(facts: Fingerprint, device: str, given: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    """setting -> (value, reason); later rules read what was given."""
    out: dict[str, tuple[Any, str]] = {}
    budget = given.get("minutes") or (None if "epochs" in given else BUDGET.get(device, 20.0))
    if budget is not None and "minutes" not in given:
        out["minutes"] = budget, f"the usual time on a {device}; --budget gives another"
    elif "minutes" in given:
        out["minutes"] = budget, "the budget"
    # -- which network
    platform = "cuda" if device == "cuda" else "cpu"
    melts = facts.things > 0 and (facts.melting > 0.25 or facts.overlapping > 0.02)
    task, why = str(given.get("task", "auto")), ""
    if task == "auto":
        apart = melts and platform == "cuda"
        task = "semantic" if not apart else "panoptic" if facts.stuff else "instance"
        why = f"{_melts(facts)}; " if apart else ""
    begin = start(task, platform, given)
    proposed, reason = begin.model, begin.why or ""
    if task == "semantic" and facts.things and facts.melting > 0.25:
        reason += (
            f"; but {facts.melting:.0%} of the things touch one of their class and will melt together:"
            " --task instance tells them apart, at many times the cost"
        )
    out["model"] = proposed, why + reason
    out["weights"] = begin.weights, begin.reason
    model = str(given.get("model", out["model"][0]))
    name = model.split("/", maxsplit=1)[0]
    objects = models.tasks_of(model) != ("semantic",)
    config = models.stated(model, "CONFIG", {}).get(platform)
    if begin.config and "config" not in given:
        out["config"] = begin.config, "as the weights that it begins with are"
    elif config is not None and "config" not in given:
        kept = fitting(model, config[0], str(given["weights"])) if given.get("weights") else config[0]
        changed = ", ".join(config[0].keys() - kept.keys())
        out["config"] = kept, config[1] + (f"; {changed} as the given weights have it" if changed else "")
    # -- windows
    stride = 32
    usual = 256 if device == "cpu" else 512
    short = min(facts.height, facts.width)
    side = min(usual if not objects else usual + 64, max(stride * 2, int(short // stride) * stride or stride))
    out["size"] = (
        (side, side),
        f"images are about {facts.height:.0f} x {facts.width:.0f}; small windows show more of the set in the same time",
    )
    if facts.object_side and facts.object_side < 24:
        about = f"things are small, about {facts.object_side:.0f} pixels across: not much smaller than they are"
        out["scale"] = (0.8, 1.6), about
    elif side == facts.height == facts.width:
        out["scale"] = (0.8, 1.25), "windows are whole images"
    else:
        out["scale"] = (0.5, 1.1), "from half the size to a little more than the whole, at which it predicts"
    if facts.largest > 2048:
        tile = 1024 if device == "cuda" else 768
        if not objects:
            out["tile"] = tile, f"images of up to {facts.largest} pixels are predicted in windows, blended"
    out["batch_size"] = (
        (4 if objects else 8) * (1 if device == "cpu" else 2),
        "enough for batch statistics, small enough for memory",
    )
    if not objects and given.get("flip_horizontal", Settings.flip_horizontal) > 0:
        out["predict_flip"] = True, "left and right may be changed over: the mean of both is better, in twice the time"
    # -- optimisation
    rate = models.stated(model, "LEARNING_RATE", 1e-3)
    out["lr"] = rate, f"what AdamW takes with {name}; --lr find measures it on this set"
    few = facts.training * 4 < 8 * 50
    taught = None if few else models.stated(model, "TAUGHT_RATES", None)
    encoder = given.get("config", begin.config), given.get("weights", begin.weights)
    if given.get("optimizer") == "sgd":
        out["lr"] = 0.01, "usual with SGD; --lr find measures it on this set"
        out["weight_decay"] = 1e-4, "usual with SGD, which adds it to the gradient"
    elif objects:
        out["weight_decay"] = 0.05, "as the published recipes of such networks"
    elif taught and begins_with_encoder(model, *encoder):
        out["lr"] = taught[0], f"what AdamW takes with {name} over an encoder that was taught already"
        out["encoder_lr"] = taught[1], "what an encoder knows already is changed slowly"
    if objects:
        out["ema"] = 0.998, "averages over fewer steps, as there are fewer"
    if few:
        out["ema"] = 0.99, "a small set: averages over fewer steps"
    if budget is not None and budget < 2:
        out["evaluations"] = 4, "a short training is looked at less often"
    # -- loss
    if not objects:
        if facts.imbalance > 50:
            out["loss"] = (
                "ce + dice",
                f"the commonest class has {facts.imbalance:.0f} times the pixels of the rarest: Dice weighs all alike",
            )
        else:
            out["loss"] = "ce + 0.5*dice", "cross-entropy for every pixel, Dice for every class"
    if facts.rarest < 0.05 and facts.things + facts.stuff > 2:
        out["balance"] = True, f"the rarest class is on {facts.rarest:.1%} of the images: those are drawn more often"
    # -- augmentation
    if facts.gray:
        out["turn"] = (
            True,
            "most images have no colour and such are mostly taken from above or through a lens: up means nothing",
        )
        out["flip_vertical"] = 0.5, "as for turns"
    out["colour"] = True, "light and camera vary"
    return {name: pair for name, pair in out.items() if name not in given}


def _melts(facts: Fingerprint) -> str:
    return (
        f"{facts.melting:.0%} of the things touch one of their class, {facts.overlapping:.1%} of their pixels overlap:"
        " objects have to be told apart"
    )


def _fitting(settings: Settings, reasons: dict[str, str]) -> Settings:
    """Windows that the model's stride divides, and the model's arguments of the types that it takes."""
    settings = replace(settings, config=models.read_config(settings.model, settings.config))
    stride = int(getattr(models.build(settings.model, 2, **settings.config), "stride", 32))
    if any(side % stride for side in settings.size) and reasons.get("size") != "given":
        size = tuple(max(stride, side // stride * stride) for side in settings.size)
        reasons["size"] += f"; a multiple of {stride}, the model's stride"
        return replace(settings, size=(size[0], size[1]))
    check_windows(settings, stride)
    return settings
