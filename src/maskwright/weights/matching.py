"""Which tensor of a file goes where in a network, and whether that is all of them."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from maskwright.weights import first_layer, tensor_names
from maskwright.weights.tensor_names._body import Part

if TYPE_CHECKING:
    from torch import Tensor

#: Counted or computed while training, or used there only: a file may be without them, or have them in vain.
_MINOR = re.compile(r"(.*\.)?(num_batches_tracked|mask_token|relative_position_index|empty_weight)")


@dataclass
class Match:
    """pairs: where a tensor goes, and the tensor.  heads: places for another number of classes.  zeros: places that are
    zero where the file has nothing.  missing: names of the network that the file should have.  extra: names of the file
    that the network should have.  unlike: pairs of another shape.  left: names of the file that belong to parts which
    the network has not.  random: names of the network outside of what is filled.
    part: what is filled: "" for the whole network, "encoder", or "most" of it.
    """

    program: str = ""
    part: str = ""
    pairs: list[tuple[Part, Part]] = field(default_factory=list)
    heads: list[tuple[Part, Part]] = field(default_factory=list)
    zeros: list[Part] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    unlike: list[tuple[Part, Part]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    random: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Is nothing wrong with it?"""
        return bool(self.pairs) and not (self.missing or self.extra or self.unlike)

    @property
    def rank(self) -> tuple[bool, int, int]:
        """A better match has a higher one."""
        return self.complete, len(self.pairs), -self.wrong

    @property
    def wrong(self) -> int:
        """How many tensors do not fit."""
        return len(self.missing) + len(self.extra) + len(self.unlike)


def best(
    own: "Mapping[str, tuple[str, Tensor]]", tensors: "Mapping[str, Tensor]", encoder: Sequence[str], channels: int
) -> Match:
    """The match of the most tensors, a complete one before others where it is not much smaller.

    own: of the network, name in files -> name and tensor.  tensors: of the file.  encoder: where the network's encoder
    lies, prefixes with a dot at their end.  channels: of its images.
    """
    names_of_all = {name for name, _ in own.values()}
    pairings = [*_by_common_names(own, tensors), *_by_names(own, tensors, encoder)]
    found = [_judged(pairing, names_of_all, tensors, encoder, channels) for pairing in pairings]
    chosen = max(found, key=lambda match: match.rank, default=Match())
    nearest = max(found, key=lambda match: (len(match.pairs), -match.wrong), default=Match())
    # Of a network that was all but this one the encoder alone will not do: what is broken in the rest has to be said.
    return nearest if 10 * len(chosen.pairs) < 9 * len(nearest.pairs) else chosen


class _Pairing(NamedTuple):
    """What is compared, by the same names. known: are they those of a kind of encoder?"""

    program: str
    own: dict[str, Part]
    theirs: dict[str, Part]
    zero: str = ""
    known: bool = False


def _by_common_names(own: "Mapping[str, tuple[str, Tensor]]", tensors: "Mapping[str, Tensor]") -> Iterator[_Pairing]:
    held = {name: name_and_tensor[0] for name, name_and_tensor in own.items()}
    mine = tensor_names.found({name: tensor for name, (_, tensor) in own.items()})
    for body in tensor_names.found(tensors):
        for place in mine:
            if body.kind == place.kind:
                parts = {common: Part(held[part.name], part.tensor) for common, part in place.parts.items()}
                yield _Pairing(body.program, parts, body.parts, body.zero, known=True)


def _by_names(
    own: "Mapping[str, tuple[str, Tensor]]", tensors: "Mapping[str, Tensor]", encoder: Sequence[str]
) -> Iterator[_Pairing]:
    """The same names, with one prefix instead of another."""
    in_memory = {name: Part(name, tensor) for name, tensor in own.values()}
    in_files = {name: Part(held, tensor) for name, (held, tensor) in own.items()}
    for mine in (in_memory, in_files) if in_memory.keys() != in_files.keys() else (in_memory,):
        for drop, add in _prefixes(tensors, mine):
            theirs = {name.removeprefix(drop): Part(name, tensors[name]) for name in tensors if name.startswith(drop)}
            inside = {name.removeprefix(add): part for name, part in mine.items() if name.startswith(add)}
            yield _Pairing("", inside, theirs)
            below = tuple(place.removeprefix(add) for place in encoder if place.startswith(add) and place != add)
            if below:
                yield _Pairing(
                    "",
                    {name: part for name, part in inside.items() if name.startswith(below)},
                    {name: part for name, part in theirs.items() if name.startswith(below)},
                )


def _prefixes(tensors: "Mapping[str, Tensor]", own: Mapping[str, Part], tries: int = 16) -> list[tuple[str, str]]:
    """The likeliest pairs of prefixes: what comes before the ends that names of the file and of the network share."""
    by_end: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for name, part in own.items():
        by_end.setdefault((name.rpartition(".")[2], tuple(part.tensor.shape)), []).append(name)
    seen: Counter[tuple[str, str]] = Counter({("", ""): 0})
    every = list(tensors)
    for name in every[:: max(1, len(every) // tries)]:
        for other in by_end.get((name.rpartition(".")[2], tuple(tensors[name].shape)), []):
            theirs, mine = name.split("."), other.split(".")
            same = 0
            while same < min(len(theirs), len(mine)) and theirs[-1 - same] == mine[-1 - same]:
                same += 1
            ends = [".".join([*parts[: len(parts) - same], ""]) for parts in (theirs, mine)]
            seen[ends[0], ends[1]] += 1
    return [pair for pair, _ in seen.most_common(6)]


def _judged(
    pairing: _Pairing, names_of_all: set[str], tensors: "Mapping[str, Tensor]", encoder: Sequence[str], channels: int
) -> Match:
    found = Match(pairing.program)
    for name, part in pairing.own.items():
        if name not in pairing.theirs:
            continue
        given, wanted = tuple(pairing.theirs[name].tensor.shape), tuple(part.tensor.shape)
        if given != wanted and _MINOR.fullmatch(name):
            continue
        pair = (part, pairing.theirs[name])
        if given == wanted or first_layer.fits(given, wanted, channels):
            found.pairs.append(pair)
        elif _same_but_number(given, wanted) and not part.name.startswith(tuple(encoder)):
            found.heads.append(pair)
        else:
            found.unlike.append(pair)
    if not _one_number(found.heads) or 4 * len(found.heads) > len(found.pairs) + 4:
        found.unlike += found.heads
        found.heads = []
    matched = {_group(name) for name in pairing.own.keys() & pairing.theirs.keys()}
    zero = re.compile(pairing.zero) if pairing.zero else None
    for name, part in pairing.own.items():
        if name in pairing.theirs or _MINOR.fullmatch(name):
            continue
        if zero and zero.fullmatch(name):
            found.zeros.append(part)
        elif _group(name) in matched or part.name.startswith(tuple(encoder)):
            found.missing.append(part.name)
    for name, part in pairing.theirs.items():
        if name not in pairing.own and not _MINOR.fullmatch(name) and _group(name) in matched:
            found.extra.append(part.name)
    placed = {part.name for part, _ in (*found.pairs, *found.heads)} | {part.name for part in found.zeros}
    rest = {name for name in names_of_all - placed if not _MINOR.fullmatch(name)}
    if encoder or not pairing.known:
        # Without an encoder of its own, a network is filled whole or not at all.
        needed = tuple(encoder) or ("",)
        listed = {*found.missing, *(part.name for part, _ in found.unlike)}
        found.missing += sorted(name for name in rest if name.startswith(needed) and name not in listed)
    found.random = sorted(rest - set(found.missing) - {part.name for part, _ in found.unlike})
    used = {part.name for _, part in (*found.pairs, *found.heads, *found.unlike)} | set(found.extra)
    found.left = [name for name in tensors if name not in used and not _MINOR.fullmatch(name)]
    inside = all(part.name.startswith(tuple(encoder)) for part, _ in found.pairs) or not encoder
    found.part = "" if not found.random else "encoder" if inside else "most"
    return found


def _group(name: str) -> str:
    """A module of the uppermost level; what lies in none of them is one by itself."""
    return name.partition(".")[0]


def _same_but_number(given: Sequence[int], wanted: Sequence[int]) -> bool:
    """Do they differ along the first axis only?"""
    return len(given) == len(wanted) > 0 and given[1:] == wanted[1:]


def _one_number(heads: "Sequence[tuple[Part, Part]]") -> bool:
    """Is it the number of classes by which all of these differ?

    A layer has one value a class, or four (boxes), and perhaps those of one class more (nothing, or the background).
    """
    numbers: set[tuple[float, float]] | None = None
    for part, other in heads:
        given, wanted = other.tensor.shape[0], part.tensor.shape[0]
        own = {(given / times - more, wanted / times - more) for times in (1, 4) for more in (0, 1)}
        numbers = own if numbers is None else numbers & own
    return numbers is None or bool(numbers)
