"""Values as people write them -> values of a declared type: the one reader of settings and options.

plan.yaml, `--epochs 5`, `-o trees=50`, a sweep's ranges, a loss's brackets and a call in Python go through here.  What
a value may be is said where it is declared, in its annotation:

    epochs: Annotated[int, Limits(least=1), "Passes over the training samples."] = 40

Text without quotes is `Bare`: its meaning depends on the type that is wanted, so that `no` is a boolean for one setting
and the name of a split for another.  Everything else is one UsageError that names the setting, where it was read, what
was found and what is allowed.
"""

import inspect
import math
import os
import re
import types
from collections import abc
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from maskwright import registry
from maskwright.errors import UsageError
from maskwright.registry.members import ours


class Bare(str):
    """Text that stood unquoted in a file or on the command line, and may mean a number, yes, none or a list."""

    __slots__ = ()


@dataclass(frozen=True)
class Limits:
    """A number's range.  least, most: included.  above, below: not.  or_: single values that are allowed besides."""

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    or_: tuple[float, ...] = ()

    def hold(self, value: float) -> bool:
        return value in self.or_ or (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )

    def words(self) -> str:
        low = f"at least {self.least}" if self.least is not None else ""
        low = f"more than {self.above}" if self.above is not None else low
        high = f"at most {self.most}" if self.most is not None else ""
        high = f"below {self.below}" if self.below is not None else high
        said = " and ".join(filter(None, (low, high)))
        if self.least is not None and self.most is not None:
            said = f"from {self.least} to {self.most}"
        return "".join(f"{value}, or " for value in self.or_) + said


@dataclass(frozen=True)
class Pattern:
    """Text of a form.  words: says which texts those are."""

    form: str
    words: str


@dataclass(frozen=True)
class Member:
    """Text that names a member of a family, ours or another package's.  more: words that are allowed besides."""

    family: str
    more: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return [*self.more, *registry.names(self.family)]

    def words(self) -> str:
        """Our own members: help is written without loading other packages."""
        return _any_of([*self.more, *sorted(ours(self.family))])


@dataclass(frozen=True)
class Example:
    """A value as it is written, for messages and help."""

    text: str


class Duration:
    """Marks a number of minutes that may be written as 20m, 1h30m or 90s."""


class Square:
    """Marks a pair of which one value stands for both: 64 is 64x64."""


#: Where tensors are: a word that PyTorch knows; whether this machine has one is asked later.
Device = Annotated[str, Pattern(r"(cpu|cuda)(:\d+)?", "cpu, cuda or cuda:NUMBER")]

YES = ("yes", "true", "on", "1")
NO = ("no", "false", "off", "0")
NOTHING = ("none", "null", "~", "")

_DURATION = re.compile(
    r"(?:(?P<h>\d+(?:\.\d*)?)\s*h)?\s*(?:(?P<m>\d+(?:\.\d*)?)\s*m(?:in)?)?\s*(?:(?P<s>\d+(?:\.\d*)?)\s*s)?"
)
_INFINITE = re.compile(r"[+-]?\.?(inf(inity)?|nan)", re.IGNORECASE)
_PAIR = re.compile(r"\s*[,x×]\s*|\s+", re.IGNORECASE)
_LIST = re.compile(r"\s*,\s*")


class _UnfitError(Exception):
    """A value that its type does not take; its text says what is needed, where that is not all of the type's words."""


# -- one value ----------------------------------------------------------------------------------------------


def read(value: Any, kind: Any, *, found: str, file: object = None, record: str | None = None) -> Any:
    """A value of the annotated type `kind`: bool, int, float, str, Literal, tuples, lists, mappings, unions with None.

    found: what it is, such as "the setting epochs"; with file and record it is what a message begins with.  Whole
    floats are integers, NumPy's scalars and arrays are Python's; a type that is not listed takes what is not text as it
    is.  Raises UsageError.
    """
    try:
        return _read(value, kind)
    except _UnfitError as error:
        needed = f"it must be {str(error) or words(kind)}"
        raise UsageError(f"{found} is {_shown(value)}", file=file, record=record, needed=needed) from None


def _read(value: Any, kind: Any) -> Any:
    value = value.tolist() if callable(getattr(value, "tolist", None)) else value
    origin = get_origin(kind)
    if origin is Annotated:
        return _annotated(value, kind)
    if origin in (Union, types.UnionType):
        return _union(value, kind)
    if origin is Literal:
        return _chosen(value, get_args(kind))
    if kind is None or kind is type(None):
        if value is None or (isinstance(value, str) and value.strip().lower() in NOTHING):
            return None
        raise _UnfitError
    if kind is bool:
        return _bool(value)
    if kind in (int, float):
        return _number(value, kind)
    if kind is str:
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if not isinstance(value, str):
            raise _UnfitError
        return _unquoted(value)
    if origin in (tuple, list, abc.Sequence, abc.Iterable, abc.Collection) or kind in (tuple, list, abc.Sequence):
        return _several(value, kind)
    if origin in (dict, abc.Mapping) or kind in (dict, abc.Mapping):
        if not isinstance(value, Mapping):
            raise _UnfitError
        inner = (get_args(kind) or (str, Any))[1]
        return {str(name): _read(held, inner) for name, held in value.items()}
    return meant(value)


def _annotated(value: Any, kind: Any) -> Any:
    inner, *marks = get_args(kind)
    if Duration in marks and isinstance(value, str):
        value = _minutes(value)
    if Square in marks:
        single = isinstance(value, int | float) and not isinstance(value, bool)
        if single or (isinstance(value, str) and len(_parts(value, _PAIR)) == 1):
            value = [value, value]
    out = _read(value, inner)
    if out is None:
        return out
    for mark in marks:
        if isinstance(mark, Limits) and not mark.hold(out):
            raise _UnfitError(mark.words())
        if isinstance(mark, Pattern) and re.fullmatch(mark.form, out) is None:
            raise _UnfitError
        if isinstance(mark, Member):
            out = registry.canonical(out)
            if out not in mark.names():
                raise _UnfitError(_any_of(mark.names()))
    return out


def _union(value: Any, kind: Any) -> Any:
    parts = sorted(get_args(kind), key=lambda part: (part is str, part is not type(None)))  # text takes anything: last
    more: str | None = None
    for part in parts:
        try:
            return _read(value, part)
        except _UnfitError as error:
            more = more or str(error) or None
    raise _UnfitError(*([] if more is None else [more]))


def _chosen(value: Any, allowed: tuple[Any, ...]) -> Any:
    text = _unquoted(value).strip() if isinstance(value, str) else value
    for choice in allowed:
        if text == choice and isinstance(text, bool) == isinstance(choice, bool):
            return choice
        if isinstance(value, str) and not isinstance(choice, str) and text == str(choice):
            return choice
    raise _UnfitError


def _bool(value: Any) -> bool:
    if isinstance(value, str) and (text := value.strip().lower()) in YES + NO:
        return text in YES
    if isinstance(value, bool | int) and value in (0, 1):
        return bool(value)
    raise _UnfitError


def _number(value: Any, kind: type) -> Any:
    if isinstance(value, bool):
        raise _UnfitError
    if isinstance(value, str):
        text = _unquoted(value).strip()
        if _INFINITE.fullmatch(text):
            value = math.inf
        else:
            try:
                value = int(text)
            except ValueError:
                try:
                    value = float(text)
                except ValueError:
                    raise _UnfitError from None
    if not isinstance(value, int | float):
        raise _UnfitError
    if isinstance(value, float) and not math.isfinite(value):
        raise _UnfitError("a finite number")
    if kind is int:
        if value != int(value):
            raise _UnfitError
        return int(value)
    try:
        return float(value)
    except OverflowError:
        raise _UnfitError("a number that 64 bits can hold") from None


def _minutes(text: str) -> Any:
    """Text of a duration -> minutes; other text as it is."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None or not any(match.groups()):
        return text
    return 60 * float(match["h"] or 0) + float(match["m"] or 0) + float(match["s"] or 0) / 60


def _several(value: Any, kind: Any) -> Any:
    inner = get_args(kind)
    is_tuple = get_origin(kind) is tuple or kind is tuple
    fixed = is_tuple and inner and inner[-1] is not Ellipsis
    each = inner[0] if inner else Any
    if isinstance(value, str):
        value = [Bare(part) for part in _parts(value, _PAIR if fixed else _LIST)]
    elif isinstance(value, Mapping) or not isinstance(value, abc.Iterable):
        # One value is a list of one, where lists may have any length.
        if fixed or value is None or isinstance(value, Mapping):
            raise _UnfitError
        value = [value]
    value = list(value)
    if fixed:
        if len(value) != len(inner):
            raise _UnfitError
        try:
            return tuple(_read(part, part_kind) for part, part_kind in zip(value, inner, strict=True))
        except _UnfitError:
            raise _UnfitError from None  # the words of the whole say more than those of a part
    return (list if get_origin(kind) is list or kind is list else tuple)(_read(part, each) for part in value)


def _parts(text: str, between: re.Pattern[str]) -> list[str]:
    text = text.strip()
    if len(text) > 1 and text[0] + text[-1] in ("[]", "()"):
        text = text[1:-1].strip().removesuffix(",")
    return [part for part in between.split(text) if part] if text else []


def _unquoted(text: str) -> str:
    """Plain text, without the quotes that somebody put around it."""
    if isinstance(text, Bare) and len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return str(text)


def meant(value: Any) -> Any:
    """What bare text means where nothing says which type is wanted: a number, a boolean, None, a list or itself."""
    if isinstance(value, Mapping):
        return {str(name): meant(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(meant(part) for part in value) if type(value) in (list, tuple) else value
    if not isinstance(value, Bare):
        return value
    text = value.strip()
    if _unquoted(value) != value:
        return _unquoted(value)
    if text[:1] in ("[", "("):
        import ast

        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return [meant(Bare(part)) for part in _parts(text, _LIST)]
    for kind in (int, float, None):
        try:
            return _read(value, kind)
        except _UnfitError:
            continue
    return text.lower() == "true" if text.lower() in ("true", "false") else str(value)


# -- words --------------------------------------------------------------------------------------------------


def words(kind: Any) -> str:
    """What an annotated type takes, as it stands in messages, help and docs: "a whole number, at least 1"."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        said = words(inner[0])
        if Duration in inner:
            said = said.replace("a number", "a time such as 20m, 1h30m or 90s, or a number of minutes", 1)
        said = next((mark.words for mark in inner if isinstance(mark, Pattern)), said)
        said = next((mark.words() for mark in inner if isinstance(mark, Member)), said)
        more = [mark.words() for mark in inner if isinstance(mark, Limits)]
        more += [f"such as {mark.text}" for mark in inner if isinstance(mark, Example)]
        none = ", or none" if said.endswith(", or none") else ""
        return ", ".join([said.removesuffix(none), *more]) + none
    if origin in (Union, types.UnionType):
        some = [words(part) for part in inner if part is not type(None)]
        return ", or ".join([*some, "none"] if type(None) in inner else some)
    if origin is Literal:
        return _any_of([str(choice) for choice in inner])
    if kind in _WORDS:
        return _WORDS[kind]
    if origin is tuple and inner[-1] is not Ellipsis:
        whole = words(inner[0])
        count = {2: "two", 3: "three", 4: "four"}.get(len(inner), str(len(inner)))
        return re.sub(r"^a (whole )?number", lambda found: f"{count} {found[1] or ''}numbers", whole)
    if origin in (tuple, list, abc.Sequence, abc.Iterable, abc.Collection):
        name = next(iter(inner), Any)
        return f"a list of {re.sub(r'^a (whole )?number', lambda found: f'{found[1] or str()}numbers', words(name))}"
    if origin in (dict, abc.Mapping):
        return "names with values"
    return getattr(kind, "__name__", None) or str(kind)


def _any_of(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


_WORDS: dict[Any, str] = {
    bool: "yes or no",
    int: "a whole number",
    float: "a number",
    str: "text",
    Any: "a value",
    None: "none",
    type(None): "none",
    dict: "names with values",
    list: "a list",
    tuple: "a list",
}


def note(kind: Any) -> str:
    """What the annotation says for people: the text among its marks; empty where there is none."""
    return next((mark for mark in get_args(kind)[1:] if isinstance(mark, str)), "") if _is_marked(kind) else ""


def _is_marked(kind: Any) -> bool:
    return get_origin(kind) is Annotated


def _shown(value: Any) -> str:
    """A value in a message: whole where it is short."""
    text = repr(str(value)) if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:76]} …"


# -- named values -------------------------------------------------------------------------------------------


def unknown(name: object, known: Collection[str], *, found: str, **place: Any) -> UsageError:
    """The error for a name that nothing has, with the nearest one that there is."""
    near = get_close_matches(str(name).lower(), known, n=1)
    has = f"it has {', '.join(known)}" if known else "it has none"
    return UsageError(found, needed=has, todo=f"Did you mean {near[0]!r}?" if near else None, **place)


def pairs(given: Iterable[str], *, what: str = "the option") -> dict[str, Bare]:
    """["a=1", "b-c=x"] -> {"a": Bare("1"), "b_c": Bare("x")}.

    what: how a message calls one of them.  Raises UsageError for one without =, or a name given twice.
    """
    out: dict[str, Bare] = {}
    for text in given:
        name, found, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not found or not name:
            raise UsageError(f"{what} {text!r} has no {'value' if name else 'name'}", needed="NAME=VALUE")
        if name in out:
            raise UsageError(f"{what} {name} is given twice", needed="it takes one value")
        out[name] = Bare(value.strip())
    return out


_CALL = re.compile(r"\s*(?P<name>[a-z][a-z0-9_-]*)\s*(?:\((?P<options>.*)\))?\s*", re.DOTALL)


def call(text: str) -> tuple[str, dict[str, Bare]] | None:
    """A name with options in brackets: "focal(gamma=1.5)" -> ("focal", {"gamma": Bare("1.5")}).

    None for what is not a name, or a name with options.  Raises UsageError for an option without a value, or given
    twice.
    """
    found = _CALL.fullmatch(text)
    if found is None:
        return None
    parts = _outside_brackets(found["options"] or "")
    return None if parts is None else (found["name"], pairs(parts, what=f"in {found['name']!r}, the option"))


def _outside_brackets(text: str) -> list[str] | None:
    """What commas part that stand in no brackets; None where brackets do not match."""
    parts, open_ = [""], ""
    for sign in text:
        if sign in "([":
            open_ += sign
        elif sign in ")]":
            if open_[-1:] + sign not in ("()", "[]"):
                return None
            open_ = open_[:-1]
        if sign == "," and not open_:
            parts.append("")
        else:
            parts[-1] += sign
    return None if open_ else [part.strip() for part in parts if part.strip()]


def parameters(taker: Callable[..., Any], *, skip: Collection[str] = (), after: int = 0) -> dict[str, Any]:
    """Names and annotated types of what a function, a class or a dataclass takes by keyword; Any where none is said.

    skip, after: parameters that are not options, by name, and so many of the first.
    """
    try:
        hints = get_type_hints(taker.__init__ if inspect.isclass(taker) else taker, include_extras=True)
    except (NameError, TypeError, AttributeError):  # names that are known to type checkers alone
        hints = {}
    out: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(taker).parameters.items())[after:]:
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            continue
        if name not in skip:
            said = hints.get(name, parameter.annotation)
            out[name] = Any if isinstance(said, str) or said is parameter.empty else said
    return out


def engine_options(module: types.ModuleType, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options for an engine's `load`, as its annotations want them, or those of its OPTIONS where it hands them on."""
    name = module.__name__.rpartition(".")[2].replace("_", "-")
    return options(given, getattr(module, "OPTIONS", module.load), f"the engine {name}")


def options(
    given: Mapping[str, Any], taker: Callable[..., Any], what: str, *, skip: Collection[str] = (), after: int = 0,
    **place: Any,
) -> dict[str, Any]:  # fmt: skip
    """Options for `taker` as its annotations want them.

    what: whose they are, such as "the format coco".  skip, after: as in `parameters`.  A taker with **keywords of
    its own takes every name.  Raises UsageError for an option that it does not have, with the nearest one, or a value
    that does not fit.
    """
    known = parameters(taker, skip=skip, after=after)
    takes = inspect.signature(taker).parameters
    taken = {*skip, *list(takes)[:after]}
    open_ = any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes.values())
    out: dict[str, Any] = {}
    for name, value in given.items():
        if name in taken or (name not in known and not open_):
            raise unknown(name, list(known), found=f"{what} has no option {name!r}", **place)
        out[name] = read(value, known.get(name, Any), found=f"the option {name} of {what}", **place)
    return out
