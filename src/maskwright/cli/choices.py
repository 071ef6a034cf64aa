"""Options of a training, shared by the verbs that plan, train and sweep; what is not given is planned."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from maskwright.cli.output import say
from maskwright.core import typed
from maskwright.core.plurals import many
from maskwright.errors import UsageError
from maskwright.train.settings import Settings, kinds, read_setting

if TYPE_CHECKING:
    from maskwright.store import View
    from maskwright.train.plan import Plan


def setting(name: str, *declared: str, more: str = "", word: str = "") -> Any:
    """The option of a setting: its help is what the setting's annotation says.

    declared: its spellings where they are not its name.  more: a further sentence.  word: that it takes besides.
    """
    kind = kinds()[name]
    allowed = typed.words(kind).removesuffix(", or none")
    allowed = f"{allowed}, or {word}" if word else allowed
    parts = [typed.note(kind), more, "" if allowed in ("text", "yes or no") else f"[{allowed}]"]
    flag = any("/" in text for text in declared)
    metavar = None if flag else METAVARS.get(name, "TEXT" if allowed == "text" else "VALUE")
    return typer.Option(*declared, metavar=metavar, help=" ".join(filter(None, parts)))


METAVARS = {
    "size": "HxW", "scale": "LOW,HIGH", "minutes": "TIME", "task": "TASK", "device": "DEVICE", "precision": "PRECISION",
    "trackers": "TRACKER", "channels": "CHANNELS",
}  # fmt: skip

Budget = Annotated[str | None, typer.Option(metavar="TIME", help="How long to train, after planning: 20m, 1h30m, 90s.")]
Preset = Annotated[str | None, typer.Option(help="mobile: a network of under a million parameters.")]
Config = Annotated[
    list[str] | None, typer.Option("--config", metavar="NAME=VALUE", help="An argument of the model; repeatable.")
]
Model = Annotated[str | None, setting("model")]
Weights = Annotated[str | None, setting("weights")]
FromScratch = Annotated[
    bool | None, typer.Option("--from-scratch", help="Begin with random values, though published ones are at hand.")
]
Task = Annotated[str | None, setting("task")]
Channels = Annotated[str | None, setting("channels")]
Loss = Annotated[str | None, setting("loss")]
Epochs = Annotated[str | None, setting("epochs")]
Minutes = Annotated[str | None, setting("minutes", more="The same as --budget.")]
BatchSize = Annotated[str | None, setting("batch_size", more="auto tries what fits.", word="auto")]
Accumulate = Annotated[str | None, setting("accumulate")]
WindowSize = Annotated[str | None, setting("size")]
Scale = Annotated[str | None, setting("scale")]
Stretch = Annotated[str | None, setting("stretch")]
FlipHorizontal = Annotated[str | None, setting("flip_horizontal")]
FlipVertical = Annotated[str | None, setting("flip_vertical")]
Turn = Annotated[bool | None, setting("turn", "--turn/--no-turn")]
Colour = Annotated[bool | None, setting("colour", "--colour/--no-colour")]
Augmentation = Annotated[str | None, setting("augmentation")]
Transforms = Annotated[
    list[str] | None, setting("transforms", "--transform", more='Such as "mytransform(strength=2)"; repeatable.')
]
Balance = Annotated[bool | None, setting("balance", "--balance/--no-balance")]
Optimizer = Annotated[str | None, setting("optimizer")]
Momentum = Annotated[str | None, setting("momentum")]
Schedule = Annotated[str | None, setting("schedule")]
StepsPerEpoch = Annotated[str | None, setting("steps_per_epoch")]
ValSteps = Annotated[str | None, setting("val_steps")]
Lr = Annotated[str | None, setting("lr", more="find measures one.", word="find")]
EncoderLr = Annotated[str | None, setting("encoder_lr")]
Freeze = Annotated[str | None, setting("freeze")]
Adapter = Annotated[str | None, setting("adapter")]
AdapterRank = Annotated[str | None, setting("adapter_rank")]
WeightDecay = Annotated[str | None, setting("weight_decay")]
Warmup = Annotated[str | None, setting("warmup")]
Clip = Annotated[str | None, setting("clip")]
Ema = Annotated[str | None, setting("ema")]
Evaluations = Annotated[str | None, setting("evaluations")]
Patience = Annotated[str | None, setting("patience")]
PredictScale = Annotated[str | None, setting("predict_scale")]
PredictFlip = Annotated[bool | None, setting("predict_flip", "--predict-flip/--no-predict-flip")]
Tile = Annotated[str | None, setting("tile")]
Compile = Annotated[bool | None, setting("compile", "--compile/--no-compile")]
Deterministic = Annotated[bool | None, setting("deterministic", "--deterministic/--no-deterministic")]
Parallel = Annotated[str | None, setting("parallel")]
SyncBatchnorm = Annotated[bool | None, setting("sync_batchnorm", "--sync-batchnorm/--own-batchnorm")]
Seed = Annotated[str | None, setting("seed")]
Precision = Annotated[str | None, setting("precision")]
Device = Annotated[str | None, setting("device")]
TrainSplit = Annotated[str | None, setting("train_split")]
ValSplit = Annotated[str | None, setting("val_split")]
Stratify = Annotated[bool | None, setting("stratify", "--stratify/--no-stratify")]
SplitSequences = Annotated[bool | None, setting("split_sequences", "--split-sequences/--whole-sequences")]
CacheMb = Annotated[str | None, setting("cache_mb")]
Workers = Annotated[str | None, setting("workers")]
Overlays = Annotated[str | None, setting("overlays")]
Histograms = Annotated[bool | None, setting("histograms", "--histograms/--no-histograms")]
Trackers = Annotated[list[str] | None, setting("trackers", more="Repeatable.")]


PRESETS: dict[str, dict[str, Any]] = {
    "mobile": {"model": "lite", "config": {"widths": [16, 32, 48, 96, 96], "decoder": 32}},
}


#: Words that stand for what trials on this machine say.
WORDS = {"batch_size": "auto", "lr": "find"}


def collected(options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given, under their names in Settings; batch_size and lr may be words still.

    Raises UsageError for what cannot be read or is said in two ways.
    """
    out: dict[str, Any] = {}
    preset = options.get("preset")
    if preset is not None:
        if preset not in PRESETS:
            raise UsageError(f"there is no preset {preset!r}", needed=f"one of {', '.join(PRESETS)}")
        out |= PRESETS[preset]
    for name in Settings.names():
        value = options.get(name)
        if name != "config" and value is not None:
            out[name] = _read(name, value, f"--{name.replace('_', '-')}")
    if options.get("from_scratch"):
        if out.get("weights") is not None:
            raise UsageError("--weights names what to begin with", needed="it without --from-scratch")
        out["weights"] = None
    if options.get("tracker"):
        read = [_read("trackers", given, "--tracker") for given in options["tracker"]]
        out["trackers"] = tuple(name for names in read for name in names)
    if options.get("transform"):
        from maskwright import transforms

        out["transforms"] = tuple(options["transform"])
        for spec in out["transforms"]:
            try:
                transforms.parse(spec)
            except UsageError as error:
                raise error.at(record="--transform") from None
    if options.get("config"):
        out["config"] = {**out.get("config", {}), **typed.pairs(options["config"], what="the --config")}
    if options.get("budget") is not None:
        if also := [f"--{name}" for name in ("minutes", "epochs") if name in out]:
            raise UsageError("--budget says how long to train", needed=f"it without {' and '.join(also)}")
        out["minutes"] = _read("minutes", options["budget"], "--budget")
    return out


def _read(name: str, value: Any, option: str) -> Any:
    value = typed.Bare(value) if isinstance(value, str) else value
    if name not in WORDS:
        return read_setting(name, value, record=option)
    return typed.read(value, kinds()[name] | Literal[WORDS[name]], found=f"the setting {name}", record=option)


def planned(view: "View", given: dict[str, Any], file: str | None, *, measure: bool = True) -> "Plan":
    """The plan around what was given; the words auto and find are replaced by what trials on this machine say."""
    from dataclasses import replace

    from maskwright.train import probe
    from maskwright.train.plan import plan, read_plan

    words = {name: given[name] for name in WORDS if isinstance(given.get(name), str)}
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
        f"{many(facts.training, 'sample')} to train on, {facts.validation} to validate;"
        f" {many(facts.things, 'class')} of things, {facts.stuff} of stuff"
    )
    if explain:
        for name, value in facts.to_json().items():
            say(f"  {name} {value:.4g}" if isinstance(value, float) else f"  {name} {value}")
    for name, held, reason in found.lines():
        value = "none" if held is None else f"{held:g}" if isinstance(held, float) else held
        if reason != "given" or explain:
            say(f"  {name} = {value}: {reason}")
        else:
            say(f"  {name} = {value}")
    if found.minutes is not None:
        say(f"expected: {found.minutes:.1f} minutes on this machine")
