"""A part of a network under its common names, and how such a part is found among tensors."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Part(NamedTuple):
    """A tensor, or one of several equal parts of it: a view."""

    name: str
    tensor: "Tensor"


#: The names below a prefix -> for each that it knows, what its parts along the first axis are called.
Common = Callable[[Sequence[str]], dict[str, tuple[str, ...]]]


@dataclass(frozen=True)
class NameMap:
    """kind: of network, such as "resnet".  program: whose names these are.  sign: the end of a name that only these
    have.  common: see `Common`.  zero: an expression of common names that are zero where they are not there.
    """

    kind: str
    program: str
    sign: str
    common: Common
    zero: str = ""


@dataclass(frozen=True)
class Body:
    """prefix: where it lies.  parts: by common name.  beside: names below the prefix that have no common one."""

    kind: str
    program: str
    prefix: str
    parts: dict[str, Part]
    beside: tuple[str, ...]
    zero: str = ""


def bodies(tensors: "Mapping[str, Tensor]", name_map: NameMap) -> list[Body]:
    """Every place where names of this map begin."""
    out = []
    for name in tensors:
        if not name.endswith(name_map.sign):
            continue
        prefix = name.removesuffix(name_map.sign)
        if prefix and not prefix.endswith("."):
            continue
        inside = [other.removeprefix(prefix) for other in tensors if other.startswith(prefix)]
        known = name_map.common(inside)
        parts: dict[str, Part] = {}
        for short, commons in known.items():
            whole = tensors[prefix + short]
            cuts = (whole,) if len(commons) == 1 else whole.chunk(len(commons))
            parts |= {common: Part(prefix + short, cut) for common, cut in zip(commons, cuts, strict=True)}
        beside = tuple(short for short in inside if short not in known)
        out.append(Body(name_map.kind, name_map.program, prefix, parts, beside, name_map.zero))
    return out


def by_rules(*rules: tuple[str, str | tuple[str, ...]]) -> Common:
    """rules: an expression of a whole name, and the common name or names that it becomes; the first one counts."""
    compiled = [(re.compile(old), (new,) if isinstance(new, str) else new) for old, new in rules]

    def common(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        out: dict[str, tuple[str, ...]] = {}
        for name in names:
            for expression, news in compiled:
                match = expression.fullmatch(name)
                if match:
                    out[name] = tuple(match.expand(new) for new in news)
                    break
        return out

    return common
