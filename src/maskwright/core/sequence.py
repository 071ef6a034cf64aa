"""A sequence: samples that follow one another, a video's frames or a volume's slices."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, get_args

from maskwright.core.names import shown
from maskwright.core.values import is_number, optional_text, own_mapping, text

Axis = Literal["time", "space"]
AXES: tuple[Axis, ...] = get_args(Axis)


@dataclass(frozen=True)
class Sequence:
    """What is known of an ordered group of samples; a sample names its sequence in `image.video`, its place in
    `image.frame`.

    name: unique in the dataset.  axis: what orders the samples; time for a video, space for a volume.
    spacing: from one sample to the next, in seconds or mm; or also from one row and from one column to the next, in mm.
    None where it is not known.  orientation: of a volume's axes, such as "RAS".  fields: anything else, JSON-safe; a
    copy of what was given.
    Raises ValueError, naming the sequence and the part, for values of another kind.
    """

    name: str
    axis: Axis = "time"
    spacing: tuple[float, ...] | None = None
    orientation: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        what = f"the sequence {shown(repr(text(self.name, 'a sequence: its name')), 80)}"
        if not self.name:
            raise ValueError("a sequence has an empty name")
        if self.axis not in AXES:
            raise ValueError(f"{what}: axis is {shown(repr(self.axis), 40)}; it is one of {', '.join(AXES)}")
        if self.spacing is not None:
            object.__setattr__(self, "spacing", _spacing(self.spacing, what))
        optional_text(self.orientation, f"{what}: orientation")
        object.__setattr__(self, "fields", own_mapping(self.fields, f"{what}: fields"))

    def to_json(self) -> dict[str, Any]:
        """Its parts by name, JSON-safe; a sequence of which nothing is known is a name and an axis."""
        parts = {part.name: getattr(self, part.name) for part in fields(self)}
        return {name: list(value) if name == "spacing" else value for name, value in parts.items() if value}

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """What `to_json` wrote. Raises ValueError for anything else.

        written: its parts by name.
        """
        try:
            return cls(**written)
        except TypeError:
            raise ValueError(f"{shown(repr(dict(written)))} is not a sequence") from None


def _spacing(value: object, what: str) -> tuple[float, ...]:
    numbers = tuple(value) if isinstance(value, list | tuple) else (value,)
    if len(numbers) not in (1, 3) or not all(is_number(part) and 0 < part < float("inf") for part in numbers):
        raise ValueError(
            f"{what}: spacing is {shown(repr(value), 60)}; it is one finite number above 0, or three: from one sample, "
            "row and column to the next"
        )
    return tuple(float(part) for part in numbers)
