"""A run's settings: one frozen dataclass, printed, stored with the run, read back to resume."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from maskwright.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """Every choice of a training, with its default.

    epochs or minutes bounds the training; with minutes, the schedule follows the clock.
    """

    model: str = "lite"  # a member of models, "unet/resnet34" with its encoder
    config: dict[str, Any] = field(default_factory=dict)  # further arguments of the model
    loss: str = "ce + 0.5*dice"
    epochs: int = 40
    minutes: float | None = None
    batch_size: int = 8  # over all processes
    size: tuple[int, int] = (256, 256)  # (height, width) of training windows; multiples of the model's stride
    scale: tuple[float, float] = (0.5, 1.1)  # range of random scales
    flip_vertical: float = 0.0  # chance; 0.5 where up means nothing
    turn: bool = False  # random quarter turns
    colour: bool = True
    lr: float = 2e-3  # AdamW's peak: linear warm-up, then half a cosine
    weight_decay: float = 0.02
    warmup: float = 0.05  # share of the training
    clip: float = 5.0  # largest norm of the gradient
    ema: float = 0.999  # decay of the averaged weights that are evaluated and kept
    evaluations: int = 8  # how often, evenly over the training
    predict_scale: float = 1.0
    seed: int = 0
    precision: str = "auto"
    device: str | None = None
    train_split: str = "train"
    val_split: str = "val"
    cache_mb: int = 1024  # decoded images kept in memory
    trackers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = [
            ("epochs", self.epochs >= 1, "at least 1"),
            ("minutes", self.minutes is None or self.minutes > 0, "more than 0"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("size", len(self.size) == 2 and min(self.size) >= 32, "two sides of at least 32"),
            ("scale", len(self.scale) == 2 and 0 < self.scale[0] <= self.scale[1], "two rising numbers above 0"),
            ("lr", self.lr > 0, "more than 0"),
            ("ema", 0 <= self.ema < 1, "from 0 to below 1"),
            ("evaluations", self.evaluations >= 1, "at least 1"),
            ("predict_scale", 0 < self.predict_scale <= 4, "above 0, up to 4"),
        ]
        for name, good, needed in problems:
            if not good:
                raise UsageError(f"the setting {name} is {getattr(self, name)!r}", needed=f"it must be {needed}")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Settings":
        known = {one.name for one in fields(cls)}
        chosen = {name: value for name, value in values.items() if name in known}
        for name in ("size", "scale", "trackers"):
            if name in chosen:
                chosen[name] = tuple(chosen[name])
        return cls(**chosen)
