"""The layers of a file of weights, with the numbers that each was taught."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.errors import ModelError, UsageError
from maskwright.predict import checkpoint, exported
from maskwright.weights import read_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

#: Ends of names that hold statistics, which nobody taught.
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True, eq=False)
class Layer:
    """name: of the layer.  kinds: its type, such as Conv2d, and what that is a kind of; none where the architecture is
    not known.

    arrays: weight, bias and what else was taught, by that word, of any shape, float64.
    """

    name: str
    kinds: tuple[str, ...]
    arrays: dict[str, Array]


def layers(source: str | Path, wanted: str | None = None) -> list[Layer]:
    """In the network's order; of a file whose architecture is not known in the file's.

    source: a checkpoint of a run, or weights as `weights.read_weights` takes them.  wanted: a type of layer where the
    architecture is known, such as Conv2d, in small letters or large; else a part of their names.
    Raises UsageError where no layer fits, and for an exported file, which holds none; ModelError for a file that cannot
    be read.
    """
    if exported.runtime_of(Path(source).suffix) is not None:
        raise UsageError(
            "an exported file holds its layers as operations", file=source, needed="the checkpoint it is of"
        )  # fmt: skip
    found = list(_known(source) or _named(read_weights(source)))
    if wanted is None:
        chosen = found
    else:
        chosen = [layer for layer in found if wanted.lower() in map(str.lower, layer.kinds)]
        chosen = chosen or [layer for layer in found if wanted in layer.name or _holds(layer, wanted)]
    if chosen:
        return chosen
    kinds = list(dict.fromkeys(layer.kinds[0] for layer in found if layer.kinds))
    if kinds:
        needed = f"one of {_few(kinds)}, or a part of a name such as {found[0].name}"
        raise UsageError(f"no layer is of the type {wanted!r}, and no name has it", file=source, needed=needed)
    if found:
        needed = f"a part of {_few([layer.name for layer in found])}"
        raise UsageError(f"no name of a layer has {wanted!r}", file=source, needed=needed)
    raise UsageError("it holds no layer that was taught", file=source)


def _holds(layer: Layer, wanted: str) -> bool:
    return any(wanted in f"{layer.name}.{word}" for word in layer.arrays)


def _known(source: str | Path) -> list[Layer]:
    """Of the network that the file fills; none where it fills none that is known here."""
    try:
        network, _ = checkpoint.load(source)
    except ModelError:
        from maskwright.weights.tensors import holds_description

        if Path(source).suffix == ".safetensors" and Path(source).is_file() and holds_description(Path(source)):
            raise  # a checkpoint of ours that is damaged
        return []
    return list(_of_network(network))


def _of_network(network: "nn.Module") -> Iterator[Layer]:
    from torch import nn

    for name, module in network.named_modules():
        arrays = {word: _array(tensor) for word, tensor in module.named_parameters(recurse=False)}
        if arrays:
            kinds = tuple(kind.__name__ for kind in type(module).__mro__ if issubclass(kind, nn.Module))
            yield Layer(name or "network", kinds[:-1], arrays)


def _named(tensors: "Mapping[str, Tensor]") -> Iterator[Layer]:
    held: dict[str, dict[str, Array]] = {}
    for name, tensor in tensors.items():
        layer, _, word = name.rpartition(".")
        if word not in _STATISTICS and tensor.is_floating_point():
            held.setdefault(layer or word, {})[word] = _array(tensor)
    for layer, arrays in held.items():
        yield Layer(layer, (), arrays)


def _array(tensor: Any) -> Array:
    found: Array = tensor.detach().cpu().double().numpy()
    return np.asarray(found)


def _few(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
