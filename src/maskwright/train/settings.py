"""A run's settings: one frozen dataclass, printed, stored with the run, read back to resume."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from maskwright.errors import UsageError

TASKS = ("auto", "semantic", "instance", "panoptic")


@dataclass(frozen=True)
class Settings:
    """Every choice of a training, with its default.

    epochs or minutes bounds the training; with minutes, the schedule follows the clock.
    """

    model: str = "lite"  # a member of models, "unet/resnet34" with its encoder
    config: dict[str, Any] = field(default_factory=dict)  # further arguments of the model
    weights: str | None = None  # what to begin from: a file, a run's checkpoint, hub:NAME; random when None
    task: str = "auto"  # semantic, instance or panoptic; auto is what the model is for
    loss: str = "ce + 0.5*dice"  # networks that answer objects bring their own
    epochs: int = 40
    minutes: float | None = None
    batch_size: int = 8  # over all processes and accumulated parts
    accumulate: int = 1  # parts in which a batch is computed, where it would not fit whole
    size: tuple[int, int] = (256, 256)  # (height, width) of training windows; multiples of the model's stride
    scale: tuple[float, float] = (0.5, 1.1)  # range of random scales
    stretch: float = 0.1  # how far height and width may differ in scale, in logarithm
    flip_horizontal: float = 0.5  # chance
    flip_vertical: float = 0.0  # chance; 0.5 where up means nothing
    turn: bool = False  # random quarter turns
    colour: bool = True
    transforms: tuple[str, ...] = ()  # further augmentations, in order: "mytransform(strength=2)"
    balance: bool = False  # draw images with rare classes more often
    lr: float = 2e-3  # AdamW's peak: linear warm-up, then half a cosine
    encoder_lr: float = 1.0  # factor on it for the encoder
    freeze: float = 0.0  # share of the training during which the encoder stays as it is
    weight_decay: float = 0.02
    warmup: float = 0.05  # share of the training
    clip: float = 5.0  # largest norm of the gradient
    ema: float = 0.999  # decay of the averaged weights that are evaluated and kept
    evaluations: int = 8  # how often, evenly over the training
    patience: int = 0  # stop after so many evaluations without a better one; 0 goes on to the end
    predict_scale: float = 1.0
    tile: int = 0  # side of the windows in which large images are predicted; 0 takes them whole
    compile: bool = False  # torch.compile
    seed: int = 0
    precision: str = "auto"
    device: str | None = None
    train_split: str = "train"
    val_split: str = "val"
    fold: tuple[int, int] | None = None  # (k, n): validate on the k-th of n parts of both splits together
    cache_mb: int = 1024  # decoded images kept in memory
    overlays: int = 4  # validation pictures drawn at every evaluation
    histograms: bool = False  # of weights and gradients by layer, at every evaluation
    trackers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = [
            ("task", self.task in TASKS, f"one of {', '.join(TASKS)}"),
            ("epochs", self.epochs >= 1, "at least 1"),
            ("minutes", self.minutes is None or self.minutes > 0, "more than 0"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("accumulate", 1 <= self.accumulate <= self.batch_size and self.batch_size % self.accumulate == 0,
             "a number that divides batch_size"),
            ("size", len(self.size) == 2 and min(self.size) >= 32, "two sides of at least 32"),
            ("scale", len(self.scale) == 2 and 0 < self.scale[0] <= self.scale[1], "two rising numbers above 0"),
            ("stretch", self.stretch >= 0, "at least 0"),
            ("lr", self.lr > 0, "more than 0"),
            ("encoder_lr", self.encoder_lr >= 0, "at least 0"),
            ("freeze", 0 <= self.freeze <= 1, "from 0 to 1"),
            ("ema", 0 <= self.ema < 1, "from 0 to below 1"),
            ("evaluations", self.evaluations >= 1, "at least 1"),
            ("patience", self.patience >= 0, "at least 0"),
            ("predict_scale", 0 < self.predict_scale <= 4, "above 0, up to 4"),
            ("tile", self.tile == 0 or self.tile >= 64, "0, or at least 64"),
            ("fold", self.fold is None or (len(self.fold) == 2 and 0 <= self.fold[0] < self.fold[1] >= 2),
             "(k, n) with 0 <= k < n"),
        ]  # fmt: skip
        for name, good, needed in problems:
            if not good:
                raise UsageError(f"the setting {name} is {getattr(self, name)!r}", needed=f"it must be {needed}")

    def to_json(self) -> dict[str, Any]:
        """Every setting by name, JSON-safe; `from_json` reads it."""
        return asdict(self)

    @classmethod
    def names(cls) -> list[str]:
        """The names of all settings, in order."""
        return [one.name for one in fields(cls)]

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Settings":
        """Settings from what `to_json` made; unknown names are left out, missing ones have their default.

        values: by the setting's name.
        """
        known = set(cls.names())
        chosen = {name: value for name, value in values.items() if name in known}
        for name in ("size", "scale", "transforms", "trackers", "fold"):
            if chosen.get(name) is not None:
                chosen[name] = tuple(chosen[name])
        return cls(**chosen)
