"""What is known of one file of published weights, and reading that from its TOML table."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any

from maskwright.errors import FormatError
from maskwright.weights import class_names

#: On what terms weights may be used -> what that means.
USES = {
    "free": "for any use, commercial use included, as its licence says",
    "non-commercial": "for research, teaching or private use only",
    "terms": "after accepting terms, which only you can do",
}


@dataclass(frozen=True, slots=True)
class Published:
    """Published weights.

    name: one word.  what: a few words.  program: whose names its tensors have.  network: what `recognise` calls it, an
    encoder such as "resnet18", a model such as "maskrcnn/resnet50", or an engine.  config: further arguments of the
    model.  encoders: what models here call the encoder.  engines: "FAMILY/NAME" of engines that take it.
    Where it is: package, the distribution that carries it, with file, its path below the packages; hub, its name there;
    torch, the file's name in torch.hub's cache; or only file, which a person fetches.  licence: its words.  use: of
    USES.  size: bytes, about.  checksum: "sha256:" and as many digits as are known.  mean, std: of the images that it
    was taught with, by red, green and blue of 0 … 1.  classes: a list of `class_names`.  eps: of its batch
    normalisation, where the published network has another than its class by default.
    """

    name: str
    what: str
    program: str
    network: str
    licence: str
    use: str
    config: dict[str, Any] = field(default_factory=dict)
    encoders: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    package: str = ""
    hub: str = ""
    torch: str = ""
    file: str = ""
    size: int | None = None
    checksum: str = ""
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    classes: str = ""
    eps: float | None = None

    @property
    def source(self) -> str:
        """How it is named where weights are asked for: hub:NAME, or its own name."""
        return f"hub:{self.hub}" if self.hub else self.name

    @property
    def place(self) -> str:
        """What its publisher calls it."""
        return self.package or self.hub or self.torch or self.file

    @property
    def obtain(self) -> str:
        """What a person does to have it here."""
        if self.package:
            return f"pip install {self.package}"
        if self.hub:
            return f"HF_HUB_OFFLINE=0 with hub:{self.hub}, once"
        if self.torch:
            return f"fetch https://download.pytorch.org/models/{self.torch} into torch.hub's cache, or name the file"
        return f"fetch {self.file} from its page, and name the file"

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {**asdict(self), "source": self.source, "obtain": self.obtain}


def entry(content: Mapping[str, Any], file: str) -> Published:
    """The weights that a table describes. Raises FormatError for a field that is missing, unknown or not as it must be.

    content: the table.  file: where it is from, for messages.
    """
    known = {column.name for column in fields(Published)}
    needed = {
        column.name for column in fields(Published) if column.default is MISSING and column.default_factory is MISSING
    }
    record = str(content.get("name", "an entry without a name"))
    wrong = [f"unknown: {name}" for name in sorted(set(content) - known)]
    wrong += [f"missing: {name}" for name in sorted(needed - set(content))]
    if not wrong:
        lists = {name: tuple(value) for name, value in content.items() if isinstance(value, list)}
        found = Published(**{**content, **lists})
        if found.use not in USES:
            wrong.append(f"use {found.use!r}")
        if not found.place or (found.package and not found.file):
            wrong.append("nothing says where it is")
        if found.classes and found.classes not in class_names.lists():
            wrong.append(f"classes {found.classes!r}")
        if not wrong:
            return found
    raise FormatError(f"is not a description of weights ({'; '.join(wrong)})", file=file, record=record)
