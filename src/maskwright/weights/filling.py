"""Weights from elsewhere into a network: all of what belongs there, or a word on what does not fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maskwright.core.plurals import many
from maskwright.errors import ModelError
from maskwright.weights import first_layer, matching
from maskwright.weights.first_layer import COLOURS
from maskwright.weights.matching import Match
from maskwright.weights.own_names import as_in_files, loaded
from maskwright.weights.recognising import Recognised, of_tensors
from maskwright.weights.tensor_names import torchvision_detection
from maskwright.weights.tensors import description, read_weights

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Filled:
    """said: one sentence on what was filled, what was fitted and what stayed random.  whole: did nothing stay random?

    mean, std: of the images that the weights were taught with, by red, green and blue of 0 … 1; None where that is not
    known.
    """

    said: str
    whole: bool = False
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


def fill(model: "nn.Module", source: str | Path, channels: Sequence[str] = COLOURS) -> Filled:
    """Put the weights of `source` into the model: the whole of it, or its encoder.

    source: as `read_weights` takes it.  channels: what the model's images are made of; a first layer for other channels
    is fitted to them, see `first_layer.fitted`.

    Names are those of this model, or of the program that published the weights (see `names`).  The last layer of a
    network that was taught other classes keeps its random values, as do parts that the file does not have; both are
    said.  Raises ModelError for everything less, with what is missing, what is too many and what has another shape.
    """
    tensors = torchvision_detection.renamed(read_weights(source))
    own = as_in_files(model)
    found = matching.best(own, tensors, _encoder(model), len(channels))
    if found.part or not found.complete:
        through = loaded(model, tensors)
        again = Match() if through is None else matching.best(own, through, _encoder(model), len(channels))
        found = again if again.complete and len(again.pairs) > len(found.pairs) else found
    if not found.complete:
        raise _refusal(found, own, tensors, source)
    known = _known(tensors, source)
    said = _put(found, channels, source, known.published.eps if known and known.published else None, _eps(model))
    mean, std = own_normalisation(source) or ((known.mean, known.std) if known else (None, None))
    return Filled(said, not found.part and not found.heads, mean, std)


def _known(tensors: "dict[str, Tensor]", source: str | Path) -> Recognised | None:
    try:
        return of_tensors(tensors, source)
    except ModelError:  # a network of a user's own
        return None


def own_normalisation(source: str | Path) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and deviation of the images that a checkpoint of ours was taught with; None for other weights and images."""
    info = description(source)
    try:
        if tuple(info["channels"]) == COLOURS and info["dtype"] == "uint8":
            return tuple(map(float, info["mean"])), tuple(map(float, info["std"]))
    except (KeyError, TypeError, ValueError):
        pass
    return None


def _eps(model: "nn.Module") -> "dict[str, float]":
    """Of the network's batch normalisations, by the name of their variance."""
    return {f"{path}.running_var": part.eps for path, part in model.named_modules() if hasattr(part, "running_var")}


def _encoder(model: "nn.Module") -> tuple[str, ...]:
    """Prefixes of the names of its encoder's tensors; none where it has none of its own."""
    path = getattr(model, "encoder_path", "encoder")
    places = [f"{place}." for place in ((path,) if isinstance(path, str) else tuple(path))]
    names = list(model.state_dict())
    return tuple(place for place in places if any(name.startswith(place) for name in names))


def _put(
    found: Match, channels: Sequence[str], source: str | Path, eps: float | None, own_eps: dict[str, float]
) -> str:
    """eps: of the published network's batch normalisations, where it is not their class's; added to their variance
    here, it makes the same sum.
    """
    import torch

    broken = [given.name for _, given in found.pairs if bool(given.tensor.isnan().any())]
    if broken:
        raise ModelError(
            f"NaN stands in place of numbers in {many(len(broken), 'tensor')}: {_some(broken)}", file=source,
            needed="numbers; the training that wrote it had failed",
        )  # fmt: skip
    said = ""
    with torch.no_grad():
        for place, given in found.pairs:
            tensor = given.tensor
            if tensor.shape != place.tensor.shape:
                tensor, how = first_layer.fitted(tensor, channels)
                said += f"; the first layer, {place.name}, {how}"
            place.tensor.copy_(tensor)
            if eps is not None and place.name in own_eps:
                place.tensor.add_(eps - own_eps[place.name])
        for place in found.zeros:
            place.tensor.zero_()
    names = {part.name for part, _ in found.pairs}
    of = f" ({found.program}'s names)" if found.program else ""
    what = {"": "the whole network's ", "encoder": "the encoder's "}.get(found.part, "")
    out = f"{what}{many(len(names), 'tensor')} come from {source}{of}{said}"
    if found.zeros:
        out += f"; zero, as {found.program} leaves them out: {_some([part.name for part in found.zeros])}"
    if found.heads:
        was, now = found.heads[0][1].tensor.shape[0], found.heads[0][0].tensor.shape[0]
        last = _modules(place.name for place, _ in found.heads)
        out += f"; for other classes ({now} values in place of {was}) and random: {last}"
    if found.random:
        out += f"; random: {_modules(found.random)}"
    if found.left:
        out += f"; left out: {_modules(found.left)}"
    return out


def _refusal(
    found: Match, own: "dict[str, tuple[str, Tensor]]", tensors: "dict[str, Tensor]", source: str | Path
) -> ModelError:
    """What is missing, what is too many, and what has another shape."""
    if len(found.pairs) < 2:
        ours = [name for name, _ in own.values()]
        return ModelError(
            "its tensors are not those of this network", file=source,
            needed=f"it holds {_some(list(tensors))}; the network has {_some(ours)}",
        )  # fmt: skip
    parts = []
    if found.missing:
        parts.append(f"{len(found.missing)} missing: {_some(found.missing)}")
    if found.extra:
        parts.append(f"{len(found.extra)} too many: {_some(found.extra)}")
    if found.unlike:
        place, given = found.unlike[0]
        shapes = f"{place.name} is {tuple(given.tensor.shape)}, the network's {tuple(place.tensor.shape)}"
        parts.append(f"{len(found.unlike)} of another shape: {shapes}")
    return ModelError(
        f"its tensors do not fit this network ({'; '.join(parts)})", file=source,
        needed="all tensors of the network, or all of its encoder",
        todo="maskwright model show FILE says what the file is.",
    )  # fmt: skip


def _some(names: Sequence[str], number: int = 4) -> str:
    return ", ".join(names[:number]) + (", …" if len(names) > number else "")


def _modules(names: Iterable[str]) -> str:
    """The modules that tensors lie in, as short as they can be told apart in a few words."""
    every = list(names)
    for depth in (1, 2, 3):
        groups = dict.fromkeys(".".join(name.split(".")[:-1][:depth]) or name for name in every)
        if len(groups) > 1 or depth == 3:
            break
    return _some(list(groups))
