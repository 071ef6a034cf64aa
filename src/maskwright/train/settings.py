"""A run's settings: one frozen dataclass, printed, stored with the run, read back to resume.

An annotation holds all that there is to say of a setting: its type, its range and its meaning.  Values in Python, in
plan.yaml, in sweeps and options are read by it (core/typed.py), and help and docs are written from it.
"""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

from maskwright.core import typed
from maskwright.core.typed import Device, Duration, Example, Limits, Member, Square
from maskwright.errors import UsageError

Share = Limits(least=0, most=1)
Side = Annotated[int, Limits(least=32)]


@dataclass(frozen=True)
class Settings:
    """Every choice of a training, with its default.

    epochs or minutes bounds the training; with minutes, the schedule follows the clock.  Values are taken as people
    write them: Settings(size="64x64", minutes="1h30m").  Raises UsageError for one that cannot be.
    """

    model: Annotated[str, "A model, with its encoder: lite, unet/resnet34, maskrcnn, mask2former/resnet18, …"] = "lite"
    config: Annotated[dict[str, Any], "Further arguments of the model."] = field(default_factory=dict)
    weights: Annotated[
        str | None,
        "Begin from these: a name that `maskwright model list` prints, a .safetensors or .pth file, a run's checkpoint,"
        " a folder, hub:OWNER/NAME.",
    ] = None
    task: Annotated[str, Member("predict.tasks", ("auto",)), "What is found; auto is what the model is for."] = "auto"
    channels: Annotated[
        tuple[str, ...],
        Example("red,green,blue"),
        "Channels of the images that are learned from, by name or by number from 0; all where nothing is said.",
    ] = ()
    loss: Annotated[
        str, 'A sum such as "ce + 0.5*dice" or "focal(gamma=2)"; networks that answer objects bring their own.'
    ] = "ce + 0.5*dice"
    epochs: Annotated[
        int, Limits(least=1), "Passes over the training samples, or times `steps_per_epoch` steps, in place of a time."
    ] = 40
    steps_per_epoch: Annotated[
        int | None, Limits(least=1), "Steps that count as an epoch; a pass over the samples where nothing is said."
    ] = None
    minutes: Annotated[float | None, Duration, Limits(above=0), "Train this long."] = None
    batch_size: Annotated[int, Limits(least=1), "Images a step, over all processes and parts."] = 8
    accumulate: Annotated[int, Limits(least=1), "Compute a batch in so many parts, where it does not fit whole."] = 1
    size: Annotated[
        tuple[Side, Side],
        Square,
        Example("256x256"),
        "Height and width of training windows; multiples of the model's stride.",
    ] = (256, 256)
    scale: Annotated[
        tuple[Annotated[float, Limits(above=0)], Annotated[float, Limits(above=0)]],
        Example("0.5,1.1"),
        "Range of random scales, the smaller one first.",
    ] = (0.5, 1.1)
    stretch: Annotated[float, Limits(least=0), "How far height and width may differ in scale, in logarithm."] = 0.1
    flip_horizontal: Annotated[float, Share, "Chance of a mirrored image; 0 where left and right differ."] = 0.5
    flip_vertical: Annotated[float, Share, "Chance of an upside-down image; 0.5 where up means nothing."] = 0.0
    turn: Annotated[bool, "Random quarter turns, where up means nothing."] = False
    colour: Annotated[bool, "Random brightness, contrast, saturation."] = True
    augmentation: Annotated[
        Literal["light", "usual", "strong"],
        "How much images are changed beyond windows, mirroring and colours: light does no more than these.",
    ] = "light"
    transforms: Annotated[tuple[str, ...], "Further augmentations, in order."] = ()
    balance: Annotated[bool, "Draw images with rare classes more often."] = False
    optimizer: Annotated[Literal["adamw", "sgd"], "What makes a step of the gradient."] = "adamw"
    momentum: Annotated[
        float | None, Limits(least=0, below=1), "Momentum of SGD; 0.9 where nothing is said. AdamW takes none."
    ] = None
    lr: Annotated[float, Limits(above=0), "Peak learning rate."] = 2e-3
    schedule: Annotated[
        Literal["cosine", "poly", "step", "constant"],
        "How the learning rate falls after it has risen: half a cosine, (1 - share) to the power 0.9, to a tenth at 2/3"
        " and a hundredth at 8/9, or not at all.",
    ] = "cosine"
    encoder_lr: Annotated[float, Limits(least=0), "Factor on the learning rate for the encoder."] = 1.0
    freeze: Annotated[float, Share, "Share of the training during which the encoder waits."] = 0.0
    adapter: Annotated[
        Literal["lora"] | None,
        "Freeze the encoder, and let a few weights learn that are added to its attention; saved weights are their sum.",
    ] = None
    adapter_rank: Annotated[int | None, Limits(least=1), "Rank of the adapter's matrices; 8 where nothing is said."] = (
        None
    )
    weight_decay: Annotated[float, Limits(least=0), "Weight decay; of SGD it is added to the gradient."] = 0.02
    warmup: Annotated[float, Share, "Share of the training in which the learning rate rises."] = 0.05
    clip: Annotated[float, Limits(above=0), "Largest norm of the gradient."] = 5.0
    ema: Annotated[float, Limits(least=0, below=1), "Decay of the averaged weights, which are evaluated and kept."] = (
        0.999
    )
    evaluations: Annotated[int, Limits(least=1), "How often to evaluate, evenly over the training."] = 8
    val_steps: Annotated[
        int | None,
        Limits(least=1),
        "Batches of validation images, evenly drawn, that an evaluation within the training looks at; all where nothing"
        " is said. The last scores are of all.",
    ] = None
    patience: Annotated[
        int, Limits(least=0), "Stop after so many evaluations without a better score; 0 goes on to the end."
    ] = 0
    predict_scale: Annotated[
        float, Limits(above=0, most=4), "Scale at which images enter the network when predicting."
    ] = 1.0
    predict_flip: Annotated[
        bool, "Average predictions with those of the mirrored image, which takes twice the time; not of objects."
    ] = False
    tile: Annotated[
        int, Limits(least=64, or_=(0,)), "Predict large images in windows of this side; 0 takes them whole."
    ] = 0
    compile: Annotated[bool, "torch.compile; needs a C++ compiler on CPU."] = False
    seed: Annotated[int, Limits(least=0, below=2**63), "Fixes everything that is random."] = 0
    precision: Annotated[
        Literal["auto", "bf16", "fp16", "fp32"], "Of the arithmetic; auto is bf16 where that is native."
    ] = "auto"
    deterministic: Annotated[
        bool, "On a GPU too, the same numbers every time: slower, and refused by networks that have no such kernels."
    ] = False
    parallel: Annotated[
        Literal["ddp", "fsdp"],
        "What each of several processes holds: all of the network, or with fsdp a part of its weights, gradients and"
        " optimizer.",
    ] = "ddp"
    sync_batchnorm: Annotated[bool, "Batch statistics over all processes; on GPUs."] = False
    device: Annotated[Device | None, "Where to train; a GPU when there is one."] = None
    train_split: Annotated[str, "The split to train on."] = "train"
    val_split: Annotated[str, "The split to validate on."] = "val"
    fold: Annotated[
        tuple[int, int] | None,
        Example("0,5"),
        "k and n: validate on the k-th of n parts of both splits together, counted from 0.",
    ] = None
    stratify: Annotated[
        bool, "Where splits are drawn and in folds, each class and each size of its objects is on both sides alike."
    ] = True
    split_sequences: Annotated[
        bool,
        "Frames of one sequence may be on both sides, where splits are drawn and in folds; else sequences stay whole.",
    ] = False
    cache_mb: Annotated[int, Limits(least=0), "Megabytes of decoded images kept in memory."] = 1024
    workers: Annotated[
        int | None,
        Limits(least=0),
        "Threads that prepare images for the network; 0 prepares them in its own thread; from this machine's processors"
        " where nothing is said.",
    ] = None
    overlays: Annotated[int, Limits(least=0), "Validation images drawn at every evaluation."] = 4
    histograms: Annotated[bool, "Distributions of weights, biases and gradients by layer, at every evaluation."] = False
    trackers: Annotated[tuple[Annotated[str, Member("runs.trackers")], ...], "Also record with these."] = ()

    def __post_init__(self) -> None:
        for name, kind in kinds().items():
            object.__setattr__(self, name, typed.read(getattr(self, name), kind, found=f"the setting {name}"))
        for name, good, needed in (
            ("accumulate", self.batch_size % self.accumulate == 0, f"a divisor of batch_size, {self.batch_size}"),
            (
                "momentum",
                self.momentum is None or self.optimizer == "sgd",
                f"none with the optimizer {self.optimizer}",
            ),
            (
                "adapter_rank",
                self.adapter_rank is None or self.adapter is not None,
                "none without an adapter",
            ),
            ("parallel", self.parallel == "ddp" or self.adapter is None, "ddp with an adapter"),
            ("scale", self.scale[0] <= self.scale[1], "two rising numbers"),
            ("fold", self.fold is None or 0 <= self.fold[0] < self.fold[1] >= 2, "k and n with 0 <= k < n, n >= 2"),
        ):
            if not good:
                raise UsageError(f"the setting {name} is {getattr(self, name)!r}", needed=f"it must be {needed}")

    def to_json(self) -> dict[str, Any]:
        """Every setting by name, JSON-safe; `from_json` reads it."""
        return asdict(self)

    @classmethod
    def names(cls) -> list[str]:
        """The names of all settings, in order."""
        return [each_field.name for each_field in fields(cls)]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Settings":
        """Settings from what `to_json` gave, perhaps in another version.

        values: by the setting's name; unknown names are left out, missing ones have their default, but for `stratify`:
        a run that was stored before there was any drew its split without.
        """
        held = {"stratify": False, **values}
        return cls(**{name: held[name] for name in cls.names() if name in held})


@cache
def kinds() -> dict[str, Any]:
    """Of each setting, its annotated type."""
    return get_type_hints(Settings, include_extras=True)


@cache
def defaults() -> dict[str, Any]:
    """Of each setting, its default."""
    return {
        each_field.name: each_field.default if each_field.default_factory is MISSING else each_field.default_factory()
        for each_field in fields(Settings)
    }


def read_setting(name: str, value: Any, *, file: object = None, record: str | None = None) -> Any:
    """One value for the setting `name`. Raises UsageError for an unknown setting or a value that does not fit."""
    if name not in kinds():
        found = f"there is no setting {name!r}"
        raise typed.unknown(name, Settings.names(), found=found, file=file, record=record)
    return typed.read(value, kinds()[name], found=f"the setting {name}", file=file, record=record)


def check_windows(settings: Settings, stride: int) -> None:
    """Raises UsageError for training windows that the model's stride does not divide."""
    if any(side % stride for side in settings.size):
        raise UsageError(
            f"training windows of {settings.size} do not fit {settings.model}", needed=f"multiples of {stride}"
        )
