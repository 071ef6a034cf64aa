"""What a member of each family offers, in one table, and whether a module offers it.

    "write(samples, classes, folder)"   a function that can be called with three arguments, whatever it names them
    "export(model, path, *, size)"      and with one by name
    "SUFFIX: str"                       a constant of this type

A protocol may name several ways, such as reading only and reading and writing; a member goes one of them whole.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType

from maskwright.errors import MaskwrightError

_TYPES: dict[str, type] = {
    "bool": bool, "dict": dict, "float": float, "frozenset": frozenset, "str": str, "tuple": tuple,
}  # fmt: skip


@dataclass(frozen=True)
class Protocol:
    """What the members of a family offer.

    what: a member, in words.  ways: what is needed, as text; one of them, whole.  optional: what has to be of its type
    where it is there.  trial: tried with members from other distributions; a reason not to use it, or None.
    """

    what: str
    ways: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...] = ()
    trial: Callable[[ModuleType], str | None] | None = None

    def lack(self, module: ModuleType) -> str | None:
        """What the module lacks, as the end of a sentence that begins with "it"; None for a member.

        Where there are several ways, it is measured by the one whose functions it has most of.
        """
        had = [sum(hasattr(module, _name(text)) for text in way if "(" in text) for way in self.ways]
        nearest = [way for way, number in zip(self.ways, had, strict=True) if number == max(had)]
        found = [next(filter(None, (_lack(module, text) for text in way)), None) for way in nearest]
        if None not in found:
            return found[0]
        given = (text for text in self.optional if hasattr(module, _name(text)))
        return next(filter(None, (_lack(module, text) for text in given)), None)


def fits(module: ModuleType, declaration: str) -> bool:
    """Whether a module offers one thing, such as "update(pred, target, classes)"."""
    return _lack(module, declaration) is None


def _name(declaration: str) -> str:
    return declaration.partition("(")[0].partition(":")[0]


def _lack(module: ModuleType, declaration: str) -> str | None:
    name = _name(declaration)
    value = getattr(module, name, None)
    if value is None:
        return f"lacks {declaration}"
    if "(" not in declaration:
        kind = declaration.partition(": ")[2]
        return None if isinstance(value, _TYPES[kind]) else f"has {name} of type {type(value).__name__}, not {kind}"
    if not callable(value):
        return f"has {name}, which is not a function"
    positional, _, named = declaration.partition("(")[2].removesuffix(")").partition("*")
    try:
        inspect.signature(value).bind(
            *filter(None, positional.split(", ")), **dict.fromkeys(filter(None, named.split(", ")), None)
        )
    except TypeError as error:
        return f"has {name}, which cannot be called as {declaration} ({error})"
    except ValueError:
        return None  # a compiled function that does not say what it takes
    return None


def _sniffs_nothing(module: ModuleType) -> str | None:
    """Every format is asked about every file and folder, so one whose answer is an error would stop them all."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="maskwright-") as folder:
        try:
            sure = float(module.sniff(Path(folder)))
        except MaskwrightError:
            return None  # a way of saying no
        except Exception as error:  # noqa: BLE001 - foreign code may raise anything
            return f"raises {type(error).__name__} when its sniff is asked about an empty folder ({error})"
    return "takes an empty folder for its own" if sure > 0 else None


_ENGINE = ("load()",)

#: Every family, by the dotted name of its package.
FAMILIES: Mapping[str, Protocol] = MappingProxyType({
    "formats": Protocol(
        "format",
        (
            ("sniff(path)", "read(path)"),
            ("sniff(path)", "read(path)", "losses(sample, classes)", "write(samples, classes, folder)",
             "LOSES: frozenset"),
        ),
        ("LOSES: frozenset",),
        _sniffs_nothing,
    ),
    "models": Protocol(
        "model", (("build(num_classes, in_channels)", "LICENCE: str"),),
        (
            "TASKS: tuple", "LEARNING_RATE: float", "TAUGHT_RATES: tuple", "PROPOSED: dict", "PUBLISHED: dict",
            "ENCODER: str", "CONFIG: dict", "WEIGHTS: dict",
        ),
    ),
    "losses": Protocol(
        "loss",
        (
            ("loss(logits, target, *, ignore_index)",),
            ("classification(logits, target, iou)", "localisation(boxes, target, iou)"),
        ),
    ),
    "metrics": Protocol(
        "metric",
        tuple(
            (update, compute, "HIGHER_IS_BETTER: bool")
            for update, compute in (
                ("update(pred, target, classes)", "compute(counts, classes)"),  # all Segments
                ("update(pred, target)", "compute(counts, classes)"),
                ("update(probs, target)", "compute(counts)"),
                ("update(pred, target, *, num_classes)", "compute(counts)"),  # label maps
                ("update(pred, target, *, video, frame)", "compute(counts)"),
                ("update(ious)", "compute(counts)"),
            )
        ),
    ),
    "transforms": Protocol("transform", (("apply(image, target, rng)",),)),
    "predict.tasks": Protocol(
        "task",
        ((
            "suits(classes)", "problem(classes)", "learned(classes)", "groups(segments, classes)",
            "segments(probs, mask_logits, classes, size, affine, *, threshold, overlap, top, min_area)",
            "nothing(classes)", "update(pred, target, classes)", "compute(counts, classes)", "headline(scores, split)",
            "GIVES: str", "MAIN: str", "CURVE: tuple", "THRESHOLD: float", "BY_CLASS: str",
        ),),
    ),
    "media.pages": Protocol("kind of file", (("shape(path)", "read(path, page)", "SUFFIXES: tuple"),)),
    "compute.engines": Protocol("compute engine", (("results(job, parcels, *, workers, timeout)",),)),
    "runs.trackers": Protocol("tracker", (("open_tracker(folder, settings)",),)),
    "predict.exported": Protocol(
        "runtime", (("export(model, info, path, *, size)", "load(path)", "SUFFIX: str"),)
    ),
    "interactive.engines": Protocol("interactive engine", (_ENGINE,), ("WEIGHTS: dict",)),
    "fewshot.engines": Protocol("few-shot engine", (_ENGINE,), ("WEIGHTS: dict",)),
    "video.engines": Protocol("video engine", (_ENGINE,), ("WEIGHTS: dict",)),
})  # fmt: skip
