"""Options of a training, shared by the verbs that plan, train and sweep; what is not given is planned."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskwright.cli.output import say
from maskwright.errors import UsageError

if TYPE_CHECKING:
    from maskwright.store import View
    from maskwright.train.plan import Plan

Budget = Annotated[str | None, typer.Option(help="How long it may take: 20m, 2h, 90s.")]
Model = Annotated[
    str | None, typer.Option(help="A model, with its encoder: lite, unet/resnet34, maskrcnn, mask2former/resnet18, …")
]
Preset = Annotated[str | None, typer.Option(help="mobile: a network of under a million parameters.")]
Config = Annotated[
    list[str] | None, typer.Option("--config", metavar="NAME=VALUE", help="An argument of the model; repeatable.")
]
Weights = Annotated[
    str | None, typer.Option(help="Begin from these: a .safetensors or .pth file, a folder, hub:OWNER/NAME.")
]
Task = Annotated[str | None, typer.Option(help="auto, semantic, instance or panoptic.")]
Loss = Annotated[str | None, typer.Option(help='A sum such as "ce + 0.5*dice" or "focal(gamma=2)".')]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training samples, in place of a time.")]
Minutes = Annotated[float | None, typer.Option(help="Train this long. The same as --budget, in minutes.")]
BatchSize = Annotated[str | None, typer.Option(help="Images a step, over all processes; auto tries what fits.")]
Accumulate = Annotated[int | None, typer.Option(help="Compute a batch in so many parts, where it does not fit whole.")]
WindowSize = Annotated[tuple[int, int] | None, typer.Option("--size", help="Height and width of training windows.")]
Scale = Annotated[tuple[float, float] | None, typer.Option(help="Range of random scales.")]
Stretch = Annotated[float | None, typer.Option(help="How far height and width may differ in scale.")]
FlipHorizontal = Annotated[
    float | None, typer.Option(help="Chance of a mirrored image; 0 where left and right differ.")
]
FlipVertical = Annotated[float | None, typer.Option(help="Chance of an upside-down image.")]
Turn = Annotated[bool | None, typer.Option("--turn/--no-turn", help="Random quarter turns, where up means nothing.")]
Colour = Annotated[bool | None, typer.Option("--colour/--no-colour", help="Random brightness, contrast, saturation.")]
Transforms = Annotated[
    list[str] | None,
    typer.Option("--transform", help='A further augmentation, such as "mytransform(strength=2)"; repeatable.'),
]
Balance = Annotated[
    bool | None, typer.Option("--balance/--no-balance", help="Draw images with rare classes more often.")
]
Lr = Annotated[str | None, typer.Option(help="Peak learning rate of AdamW; find measures one.")]
EncoderLr = Annotated[float | None, typer.Option(help="Factor on the learning rate for the encoder.")]
Freeze = Annotated[float | None, typer.Option(help="Share of the training during which the encoder waits.")]
WeightDecay = Annotated[float | None, typer.Option(help="Weight decay of AdamW.")]
Ema = Annotated[float | None, typer.Option(help="Decay of the averaged weights.")]
Evaluations = Annotated[int | None, typer.Option(help="How often to evaluate during the training.")]
Patience = Annotated[int | None, typer.Option(help="Stop after so many evaluations without a better one.")]
PredictScale = Annotated[float | None, typer.Option(help="Scale at which images enter the network when predicting.")]
Tile = Annotated[int | None, typer.Option(help="Predict large images in windows of this side; 0 takes them whole.")]
Compile = Annotated[
    bool | None, typer.Option("--compile/--no-compile", help="torch.compile; needs a C++ compiler on CPU.")
]
Seed = Annotated[int | None, typer.Option(help="Fixes everything that is random.")]
Precision = Annotated[str | None, typer.Option(help="auto, bf16 or fp32.")]
Device = Annotated[str | None, typer.Option(help="cpu, or a GPU when there is one.")]
TrainSplit = Annotated[str | None, typer.Option(help="The split to train on.")]
ValSplit = Annotated[str | None, typer.Option(help="The split to validate on.")]
CacheMb = Annotated[int | None, typer.Option(help="Decoded images kept in memory.")]
Overlays = Annotated[int | None, typer.Option(help="Validation pictures drawn at every evaluation.")]
Histograms = Annotated[
    bool | None, typer.Option("--histograms/--no-histograms", help="Distributions of weights and gradients.")
]
Trackers = Annotated[list[str] | None, typer.Option(help="tensorboard, mlflow or wandb; repeatable.")]

PRESETS: dict[str, dict[str, Any]] = {
    "mobile": {"model": "lite", "config": {"widths": [16, 32, 48, 96, 96], "decoder": 32}},
}


def collected(options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given, under their names in Settings; batch_size and lr may be words still.

    Raises UsageError for what cannot be read.
    """
    out: dict[str, Any] = {}
    preset = options.get("preset")
    if preset is not None:
        if preset not in PRESETS:
            raise UsageError(f"there is no preset {preset!r}", needed=f"one of {', '.join(PRESETS)}")
        out |= PRESETS[preset]
    names = [
        "model",
        "weights",
        "task",
        "loss",
        "epochs",
        "minutes",
        "accumulate",
        "size",
        "scale",
        "stretch",
        "flip_horizontal",
        "flip_vertical",
        "turn",
        "colour",
        "balance",
        "encoder_lr",
        "freeze",
        "weight_decay",
        "ema",
        "evaluations",
        "patience",
        "predict_scale",
        "tile",
        "compile",
        "seed",
        "precision",
        "device",
        "train_split",
        "val_split",
        "cache_mb",
        "overlays",
        "histograms",
    ]
    out |= {name: options[name] for name in names if options.get(name) is not None}
    if options.get("tracker"):
        out["trackers"] = tuple(options["tracker"])
    if options.get("transform"):
        out["transforms"] = tuple(options["transform"])
    if options.get("config"):
        out["config"] = {**out.get("config", {}), **_config(options["config"])}
    if options.get("budget") is not None:
        if "minutes" in out or "epochs" in out:
            raise UsageError("--budget says how long to train", needed="it without --minutes and --epochs")
        out["minutes"] = _minutes(options["budget"])
    for name, word, kind in (("batch_size", "auto", int), ("lr", "find", float)):
        value = options.get(name)
        if value is not None:
            out[name] = value if value == word else _number(name, value, word, kind)
    return out


def _number(name: str, value: str, word: str, kind: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise UsageError(f"--{name.replace('_', '-')} is {value!r}", needed=f"a number, or {word}") from None


def _config(pairs: list[str]) -> dict[str, Any]:
    import ast

    out: dict[str, Any] = {}
    for one in pairs:
        name, found, value = one.partition("=")
        if not found:
            raise UsageError(f"the option {one!r} has no value", needed="NAME=VALUE")
        try:
            out[name.strip().replace("-", "_")] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            out[name.strip().replace("-", "_")] = value
    return out


def _minutes(text: str) -> float:
    unit = {"s": 1 / 60, "m": 1.0, "h": 60.0}.get(text[-1:].lower())
    try:
        minutes = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        raise UsageError(f"the budget {text!r} cannot be read", needed="such as 20m, 2h or 90s") from None
    if minutes <= 0:
        raise UsageError(f"the budget {text!r} is no time")
    return minutes


def planned(view: "View", given: dict[str, Any], file: str | None, *, measure: bool = True) -> "Plan":
    """The plan around what was given; the words auto and find are replaced by what trials on this machine say."""
    from dataclasses import replace

    from maskwright.train import probe
    from maskwright.train.plan import plan, read_plan

    words = {name: given[name] for name in ("batch_size", "lr") if isinstance(given.get(name), str)}
    known = {name: value for name, value in given.items() if name not in words}
    base = None if file is None else read_plan(file)
    if base is not None and "epochs" in known:
        base = replace(base, minutes=None)
    found = plan(view, known, base=base, measure=measure and not words)
    settings = found.settings
    if "batch_size" in words:
        batch = probe.largest_batch(view, settings, limit=16 if settings.device == "cpu" else 64)
        settings = replace(settings, batch_size=batch)
        found.reasons["batch_size"] = "the largest power of two that fits"
    if "lr" in words:
        settings = replace(settings, lr=probe.find_lr(view, settings)[0])
        found.reasons["lr"] = "where the loss falls fastest in a short trial"
    return replace(found, settings=settings)


def show(found: "Plan", *, explain: bool = False) -> None:
    """The plan as lines; explain: the facts it rests on too."""
    facts = found.facts
    say(
        f"{facts.training} samples to train on, {facts.validation} to validate;"
        f" {facts.things} classes of things, {facts.stuff} of stuff"
    )
    if explain:
        for name, value in facts.to_json().items():
            say(f"  {name} {value:.4g}" if isinstance(value, float) else f"  {name} {value}")
    for name, value, reason in found.lines():
        if reason != "given" or explain:
            say(f"  {name} = {value}: {reason}")
        else:
            say(f"  {name} = {value}")
    if found.minutes is not None:
        say(f"expected: {found.minutes:.1f} minutes on this machine")
