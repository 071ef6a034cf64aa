"""Everything public says what it does, and with which shapes; the examples in docstrings are true."""

import doctest
import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import maskwright
from maskwright import registry

FAMILIES = ("figures", "formats", "integrations", "losses", "metrics", "models", "transforms")
ROOMS = sorted(
    name
    for name in maskwright.__all__
    if name not in ("studio", "registry") and inspect.ismodule(getattr(maskwright, name))
)
#: Arrays and tensors in an annotation.
ARRAY = re.compile(r"\b(Array|Bool|U8|U32|I64|F32|F64|ndarray|Tensor)\b")
#: (H, W), (N,), (…, 4), (K, K + 1), (BINS + 1, 3): a comma, and no words.
AXIS = r"(?:[A-Z]{1,4}|[a-z]|\d+|…|\.\.\.)(?: ?[+*-]? ?(?:[A-Z]|\d+))?"
SHAPE = re.compile(rf"\({AXIS},(?: {AXIS},?)*\)")
#: What a family's members have in common; further functions of these are steps inside.
CONTRACT = {"models": ("build",)}
#: Parameters that say by their name and type all there is to say.
OBVIOUS = {
    "a", "author", "b", "boxes", "classes", "connection", "operation", "dataset", "folder", "format", "image", "key", "message", "name", "num_classes", "other", "overwrite",
    "path", "place", "pred", "progress", "revision", "run", "sample", "samples", "segments", "size", "target", "view",
    "options", "config", "masks", "mask", "number", "numbers", "device", "in_channels",
}  # fmt: skip


def members(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """A module's own public functions and classes."""
    for name, thing in vars(module).items():
        if not name.startswith("_") and callable(thing) and getattr(thing, "__module__", "") == module.__name__:
            yield f"{module.__name__}.{name}", thing


def exported(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.ismodule(thing):
            yield from members(thing)
        elif inspect.isclass(thing) or inspect.isfunction(thing):
            yield f"{module.__name__}.{name}", thing


def things() -> Iterator[tuple[str, Any]]:
    """Dotted name -> function, class, or property that is public."""
    found: dict[str, Any] = {}
    for room in ROOMS:
        found |= dict(exported(importlib.import_module(f"maskwright.{room}")))
    for family in FAMILIES:
        for member in registry.attributes(family):
            try:
                module = registry.attribute(family, member)
            except maskwright.errors.MissingExtraError:
                continue
            for name, thing in members(module):
                if family not in CONTRACT or thing.__name__ in CONTRACT[family]:
                    found[name] = thing
    for name, thing in list(found.items()):
        if inspect.isclass(thing):
            for attribute, value in vars(thing).items():
                inner = getattr(value, "__func__", value)
                if not attribute.startswith(("_", "test_")) and (
                    inspect.isfunction(inner) or isinstance(inner, property)
                ):
                    found[f"{name}.{attribute}"] = inner
    # What a contract's class needs to run is its own; whoever uses it reads the class.
    yield from ((name, thing) for name, thing in found.items() if not re.match(r"maskwright\.testing\.\w+\.", name))


THINGS = dict(things())


def text(name: str) -> str:
    """A thing's docstring; what makes an object is described by its class or by `__init__`."""
    thing = THINGS[name]
    said = inspect.getdoc(thing) or "" if not inspect.isclass(thing) else thing.__doc__ or ""
    if inspect.isclass(thing) and "__init__" in vars(thing):
        said += " " + (thing.__init__.__doc__ or "")
    return said


def annotations(thing: Any) -> str:
    if isinstance(thing, property):
        thing = thing.fget
    return " ".join(str(kind) for kind in getattr(thing, "__annotations__", {}).values())


def problems(name: str) -> Iterator[str]:
    thing, said = THINGS[name], text(name)
    own = name.rpartition(".")[2]
    words = [word for word in re.findall(r"[\w']+", said.lower()) if word not in own.lower().split("_")]
    if len(words) < 4:
        yield f"{name}: says nothing"
        return
    if ARRAY.search(annotations(thing)) and not SHAPE.search(said) and not re.search("(any|same|one) shape", said):
        yield f"{name}: no shape"
    if inspect.isfunction(thing):
        for parameter in inspect.signature(thing).parameters:
            if parameter in ("self", "cls", "_") or parameter in OBVIOUS:
                continue
            around = said + (text(name.rpartition(".")[0]) if name.rpartition(".")[0] in THINGS else "")
            around += importlib.import_module(thing.__module__).__doc__ or ""
            if not re.search(rf"\b{parameter}\b", around):
                yield f"{name}: nothing about {parameter}"


def test_everything_public_says_what_it_does() -> None:
    assert len(THINGS) > 400
    assert [problem for name in THINGS for problem in problems(name)] == []


EXAMPLES = [name for name in THINGS if ">>>" in text(name)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_true(name: str) -> None:
    """With `np` and `mw`, as the pages have them."""
    if "torch" in text(name):
        pytest.importorskip("torch")
    test = doctest.DocTestParser().get_doctest(text(name), {"np": np, "mw": maskwright}, name, None, None)
    out: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=out.append)
    assert out == [], "".join(out)


def test_there_are_examples_where_people_begin() -> None:
    assert {name.split(".")[1] for name in EXAMPLES} >= {"conversions", "core", "losses", "metrics", "models"}
