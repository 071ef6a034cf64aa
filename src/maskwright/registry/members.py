"""Members by name: ours by the folder, others' by entry points; what cannot be used is set aside."""

import importlib
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from maskwright.errors import UsageError, plain
from maskwright.registry.extras import is_ours, missing
from maskwright.registry.protocols import FAMILIES, Protocol

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

#: Groups of entry points that families had under other names.
FORMER = {"maskwright.augment": "maskwright.transforms", "maskwright.context.engines": "maskwright.fewshot.engines"}

_NAME = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class SetAside:
    """A member of another distribution that is not used.

    group: of the entry point, without "maskwright."; the family of that name today, where there is one.  package: the
    distribution.  reason: the end of a sentence that begins with "it".
    """

    group: str
    name: str
    package: str
    reason: str

    def __str__(self) -> str:
        what = FAMILIES[self.group].what if self.group in FAMILIES else "member"
        return f"the {what} {self.name!r} of the package {self.package} is set aside: it {self.reason}"


class _Outside(NamedTuple):
    """What entry points say. members: family -> name -> entry point.  aside: what is not even loaded."""

    members: dict[str, dict[str, "EntryPoint"]]
    aside: tuple[SetAside, ...]


#: Found unusable while it was used, by family and name.
_late: dict[tuple[str, str], SetAside] = {}


def canonical(name: str) -> str:
    """The one spelling of a member's name: `my_format` is `my-format`."""
    return name.replace("_", "-")


def names(family: str) -> list[str]:
    """Sorted member names of a family such as "formats"; none of ours is imported for it.

    Modules whose name begins with an underscore are shared by the members and are none themselves.  Members of other
    distributions are loaded, since only those that can be used are members.  Raises UsageError for a family nobody has.
    """
    _protocol(family)
    return sorted({*ours(family), *outside(family)})


def outside(family: str) -> list[str]:
    """Sorted names of the members that other distributions bring and that can be used."""
    _protocol(family)
    return sorted(name for name in _entries().members.get(family, {}) if isinstance(_loaded(family, name), ModuleType))


def heard_of(family: str, name: str) -> bool:
    """Whether another distribution brings a member of this name, or would if it were not set aside."""
    wanted = canonical(name)
    return _loaded(family, wanted) is not None or any(member.name == wanted for member in _entries().aside)


def brought_by(family: str, name: str) -> str | None:
    """The distribution that brings a member, which is not set aside before it is loaded; None for one of ours."""
    point = _entries().members.get(family, {}).get(canonical(name))
    return None if point is None else _package(point)


def load(family: str, name: str) -> ModuleType:
    """The member's module. name: with hyphens or underscores.

    Raises UsageError for a name nobody has, with the nearest one, and for one that is set aside, saying why; and
    MissingExtraError when one of ours needs a package that is not installed.
    """
    _protocol(family)
    wanted = canonical(name)
    if wanted in ours(family):
        return _own(family, wanted)
    found = _loaded(family, wanted)
    if isinstance(found, ModuleType):
        return found
    if found is not None:
        raise UsageError(str(found), todo="Mend or remove that package; maskwright doctor lists all that is set aside.")
    elsewhere = next((member for member in _entries().aside if member.name == wanted), None)
    if elsewhere is not None:
        raise UsageError(str(elsewhere), todo="Mend that package; maskwright doctor lists all that is set aside.")
    known = names(family)
    near = get_close_matches(wanted, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
    raise UsageError(f"{name!r} is not among maskwright's {family}", todo=hint)


def attribute(room: str, name: str) -> ModuleType:
    """The member that a room's package answers as its attribute: `metrics.boundary_iou`. For `__getattr__`.

    room: a family, or a room whose modules are ours alone.  Raises AttributeError for a name that no member has.
    """
    if name.startswith("_") or name not in attributes(room):
        raise AttributeError(f"module 'maskwright.{room}' has no attribute {name!r}")
    return load(room, name) if room in FAMILIES else importlib.import_module(f"maskwright.{room}.{name}")


def attributes(room: str) -> list[str]:
    """The members' names as Python spells them. For `__dir__`."""
    known = names(room) if room in FAMILIES else sorted(ours(room))
    return [name.replace("-", "_") for name in known]


def set_aside(family: str, name: str, reason: str) -> None:
    """Another distribution's member is used no more in this process. reason: as `SetAside` has it."""
    point = _entries().members[family][canonical(name)]
    _late[family, canonical(name)] = SetAside(family, canonical(name), _package(point), _line(reason))


def aside() -> list[SetAside]:
    """All that is set aside, after every member of other distributions is loaded."""
    entries = _entries()
    tried = [_loaded(family, name) for family, points in entries.members.items() for name in points]
    found = [*entries.aside, *(member for member in tried if isinstance(member, SetAside))]
    return sorted(found, key=lambda member: (member.group, member.name, member.package))


def forget() -> None:
    """Ask folders and entry points again at the next call; for tests that change what is installed."""
    for remembered in (_entries, ours, _own, _tried):
        remembered.cache_clear()
    _late.clear()


def _protocol(family: str) -> Protocol:
    if family not in FAMILIES:
        raise UsageError(f"there is no family named {family!r}", needed=f"one of {', '.join(FAMILIES)}")
    return FAMILIES[family]


@cache
def ours(family: str) -> frozenset[str]:
    """The names of our own members, from the folder alone."""
    folder = Path(__file__).parents[1].joinpath(*family.split("."))
    return frozenset(canonical(path.stem) for path in folder.glob("[a-z]*.py"))


@cache
def _own(family: str, name: str) -> ModuleType:
    try:
        module = importlib.import_module(f"maskwright.{family}.{name.replace('-', '_')}")
    except ModuleNotFoundError as error:
        if error.name is None or is_ours(error):
            raise
        raise missing(error.name, f"{family} member {name!r}") from error
    lack = _protocol(family).lack(module)
    if lack is not None:
        raise TypeError(f"maskwright.{family}.{name.replace('-', '_')} {lack}")
    return module


@cache
def _entries() -> _Outside:
    """The entry points of every group of ours, asked once a process."""
    from importlib import metadata

    members: dict[str, dict[str, list[EntryPoint]]] = {}
    aside: list[SetAside] = []
    installed = metadata.entry_points()
    groups = sorted(group for group in installed.groups if group.startswith("maskwright."))
    for point in (point for group in groups for point in installed.select(group=group)):
        family, name = point.group.removeprefix("maskwright."), canonical(point.name)
        if family not in FAMILIES:
            new = FORMER.get(point.group, "").removeprefix("maskwright.")
            aside.append(SetAside(new or family, name, _package(point), _no_group(point.group)))
        elif not _NAME.fullmatch(name):
            reason = "has a name that is not lower-case letters, digits and hyphens"
            aside.append(SetAside(family, plain(name), _package(point), reason))
        elif name in ours(family):
            reason = f"has the name of one of maskwright's own {family}, which no package replaces"
            aside.append(SetAside(family, name, _package(point), reason))
        else:
            members.setdefault(family, {}).setdefault(name, []).append(point)
    kept: dict[str, dict[str, EntryPoint]] = {}
    for family, by_name in members.items():
        for name, points in by_name.items():
            if len({(_package(point), point.value) for point in points}) == 1:
                kept.setdefault(family, {})[name] = points[0]
                continue
            for point in points:
                others = sorted({_package(other) for other in points if other is not point})
                reason = f"has the same name as one of the package {' and '.join(others)}"
                aside.append(SetAside(family, name, _package(point), reason))
    return _Outside(kept, tuple(aside))


def _line(reason: str) -> str:
    return plain(" ".join(reason.split()))[:300]


def _package(point: "EntryPoint") -> str:
    return plain(point.dist.name) if point.dist is not None else "(unknown)"


def _no_group(group: str) -> str:
    """Why entry points of a group that is not a family's are not used."""
    if group in FORMER:
        return f"is in the group {group}, which is named {FORMER[group]}"
    if group == "maskwright.bridges":
        return f"is in the group {group}, which nothing reads: maskwright.integrations are modules that one imports"
    near = get_close_matches(group.removeprefix("maskwright."), FAMILIES, n=1)
    hint = f"perhaps maskwright.{near[0]} is meant" if near else f"there are {', '.join(FAMILIES)}"
    return f"is in the group {plain(group)}, which nothing reads: {hint}"


def _loaded(family: str, name: str) -> ModuleType | SetAside | None:
    """What another distribution brings under a name; None where none does."""
    if (family, name) in _late:
        return _late[family, name]
    entries = _entries()
    if name in entries.members.get(family, {}):
        return _tried(family, name)
    return next((member for member in entries.aside if (member.group, member.name) == (family, name)), None)


@cache
def _tried(family: str, name: str) -> ModuleType | SetAside:
    point = _entries().members[family][name]
    found = _usable(point, _protocol(family))
    if isinstance(found, ModuleType):
        return found
    return SetAside(family, name, _package(point), _line(found))


def _usable(point: "EntryPoint", protocol: Protocol) -> ModuleType | str:
    """The module, or why it is not used. Whatever a foreign package raises while it is loaded and tried ends here."""
    try:
        found = point.load()
        if not isinstance(found, ModuleType):
            return f"is {point.value}, a {type(found).__name__}, and not a module"
        reason = protocol.lack(found) or (None if protocol.trial is None else protocol.trial(found))
    except ModuleNotFoundError as error:
        if error.name and not f"{point.module}.".startswith(f"{error.name}."):
            return f"needs the package {error.name.partition('.')[0]!r}, which is not installed"
        return f"names the module {point.module}, which is not there"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may raise anything
        return f"cannot be loaded ({type(error).__name__}: {error})"
    return reason or found
