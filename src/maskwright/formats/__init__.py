"""Label formats, one module each. Any of them in, any of them out, with a report of what is lost."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from maskwright import registry
from maskwright.core import typed
from maskwright.core.classes import Classes
from maskwright.core.foreign import caused_by_content, explained, guarded
from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.core.staging import check_place, staged
from maskwright.errors import FormatError, LossError, UsageError
from maskwright.formats._check import differences
from maskwright.formats._contract import CAUSES, Loss, Reading, about_format, losses_of
from maskwright.formats._json import Document
from maskwright.formats._keys import ORIGINAL_KEY, Incoming, Outgoing
from maskwright.formats._laying import Laying
from maskwright.media import is_image_file

if TYPE_CHECKING:
    from maskwright.compute import SetAside

__all__ = [
    "CAUSES", "ORIGINAL_KEY", "Loss", "Reading", "check_place", "losses", "names", "read", "sniff", "summary", "write",
    "writers",
]  # fmt: skip


def __getattr__(name: str) -> ModuleType:
    return registry.attribute("formats", name)


def __dir__() -> list[str]:
    return [*__all__, *registry.attributes("formats")]


def names() -> list[str]:
    """The names of all formats, ours and other packages', sorted, such as "coco"; none is imported."""
    return registry.names("formats")


def writers() -> list[str]:
    """The formats that can be written; the others are read only."""
    return [name for name in names() if hasattr(_module(name), "write")]


def _module(name: str) -> ModuleType:
    return registry.load("formats", name)


def sniff(path: str | Path) -> str:
    """The format of a file or folder. Raises FormatError when none, or more than one, claims it."""
    place = _there(path)
    if (ours := registry.canonical(about_format(place) or "")) in names():
        return ours
    sure = {name: _sure(name, place) for name in names()}
    best = sorted(sure, key=lambda name: -sure[name])
    if not best or sure[best[0]] <= 0:
        if place.suffix.lower() == ".json" and place.is_file():
            Document(place)  # says what is wrong with a file that is not JSON at all
        todo = "Name it with --format; see docs/reference/formats.md for the layouts."
        if place.is_dir() and any(is_image_file(file) for file in place.iterdir()):
            todo = (
                "Images without labels become a dataset with maskwright studio, frames or slices of one sequence with"
                f" import --sequence. {todo}"
            )
        raise FormatError("no format recognises this", file=path, needed=f"one of {', '.join(names())}", todo=todo)
    if len(best) > 1 and sure[best[0]] == sure[best[1]]:
        raise FormatError(f"it looks like {best[0]} and like {best[1]}", file=path, todo="Choose one with --format.")
    return best[0]


def _there(path: str | Path) -> Path:
    place = Path(path)
    with explained(shown(path)):
        there = place.exists()
    if not there:
        raise FormatError("there is no such file or folder", file=shown(path))
    return place


def _sure(name: str, place: Path) -> float:
    """How sure the format is, 0 to 1; a file that breaks its look is not its own.

    A format of another distribution whose look is broken itself is set aside.
    """
    try:
        sure = float(_module(name).sniff(place))
    except FormatError:
        return 0.0
    except Exception as error:
        if caused_by_content(error):
            return 0.0
        if name not in registry.outside("formats"):
            raise
        registry.set_aside("formats", name, f"raises {type(error).__name__} when its sniff is asked ({error})")
        return 0.0
    return min(sure, 1.0) if sure > 0 else 0.0


def read(path: str | Path, format: str | None = None, **options: Any) -> Reading:
    """Classes and samples of a labelled set in any format.

    options: the format's own; and of all, orientation="stored" where labels lie on images as they are stored, though a
    flag turns them when they are shown, for those whose size does not tell.  Raises FormatError, naming file and
    record, for anything broken; UsageError for an option the format does not have.
    """
    name = format or sniff(path)
    module = _module(name)
    place = _there(path)
    laid = options.pop("orientation", "shown")
    if laid not in ("shown", "stored"):
        raise UsageError(f"orientation is {shown(laid)!r}", needed="shown or stored")
    options = typed.options(options, module.read, f"the format {name}", after=1)
    with registry.naming("formats", name), explained(path):
        reading: Reading = module.read(place, **options)
    samples = registry.named(guarded(reading.samples, path), "formats", name)
    reading.samples = _fitting(samples, reading.notes, path, Laying(stored=laid == "stored"))
    return reading


def _fitting(samples: Iterator[Sample], notes: list[str], path: str | Path, laying: Laying) -> Iterator[Sample]:
    """Good keys, and labels on images as shown; what was changed is told in the notes, after the last sample."""
    keys = Incoming()
    try:
        for sample in samples:
            yield keys.fit(laying.lay(sample))
    except FormatError as error:
        raise error.at(file=path) from error.__cause__
    notes.extend(keys.notes() + laying.notes())


def losses(samples: Iterable[Sample], classes: Classes, format: str, **options: Any) -> list[Loss]:
    """What writing these samples would lose, before anything is written. options: the writer's."""
    module = _writer(format)
    return [loss for sample in samples for loss in losses_of(module, format, sample, classes, options)]


def _writer(format: str) -> ModuleType:
    module = _module(format)
    if not hasattr(module, "write"):
        raise UsageError(f"the format {format} is read only", needed=f"these can be written: {', '.join(writers())}")
    return module


def summary(found: Iterable[Loss]) -> list[str]:
    """One line a cause of the losses found: how often, how many pixels, an example."""
    number: Counter[str] = Counter()
    pixels: Counter[str] = Counter()
    example: dict[str, Loss] = {}
    for loss in found:
        number[loss.cause] += 1
        pixels[loss.cause] += loss.pixels
        example.setdefault(loss.cause, loss)
    return [
        f"{cause}: {count} ({CAUSES.get(cause, cause)}"
        + (f", {pixels[cause]} pixels" if pixels[cause] else "")
        + f"), for instance {example[cause].key}"
        + (f" segment {example[cause].segment}" if example[cause].segment is not None else "")
        for cause, count in number.most_common()
    ]


def write(
    samples: Iterable[Sample],
    classes: Classes,
    folder: str | Path,
    format: str,
    *,
    allow_loss: bool = False,
    check: bool = False,
    overwrite: bool = False,
    keep: Iterable[str | Path] = (),
    notes: list[str] | None = None,
    broken: "list[SetAside] | None" = None,
    workers: int = 1,
    progress: Callable[[Iterable[Any]], Iterable[Any]] = lambda samples: samples,
    **options: Any,
) -> list[Loss]:
    """Write samples into a new folder -> what was lost.

    samples: can be gone through more than once; the first time counts the losses.  What a dataset is while this begins
    is written, whatever changes meanwhile.
    check: read the result back before it takes its place, and compare it with the samples.
    overwrite: replace what the folder holds, which stays if anything fails; never a dataset, nor anything that is still
    needed, such as these samples' images and what `keep` names.
    notes: what the user should know of the result is appended.
    broken: samples that cannot be written, or whose image cannot be read, are set aside in this list and left out;
    without it the first ends the call.
    workers: processes that count the losses and prepare what is written, see `compute.map`; files are written by this
    process alone, in order, and are the same with any of them.
    What is counted and prepared is kept beside the folder while this goes on: where the process is killed, the same
    call goes on with it, and with the images that were copied, unless something else is written beside it first.
    Raises LossError before anything is written when something grave would be lost and `allow_loss` is not set;
    UsageError for a place that may not be written to; FormatError for a key or split that cannot be part of a path,
    for two samples that would be one file, and when the check finds a difference that the report does not name.
    """
    from maskwright import compute
    from maskwright.formats._preparing import Preparing

    module = _writer(format)
    if options.get("images") == "none" and not registry.takes(module.write, "images", given=3):
        del options["images"]  # what writes labels only has no such choice
    options = typed.options(options, module.write, f"the format {format}", after=3, skip=("ready",))
    kept = list(keep)
    check_place(Path(folder), overwrite=overwrite, keep=kept)
    frozen = getattr(samples, "frozen", None)  # of a dataset or a view of one
    spared = Path(folder) if overwrite else None
    ready = Preparing(Outgoing(samples if frozen is None else frozen(), spared), classes, format, options)
    with (
        staged(Path(folder), overwrite=overwrite, keep=kept, work=ready.name) as stage,
        closing(compute.Journal(stage.parent, ready.work)) as journal,  # it goes with the folder around the new one
    ):
        found = ready.losses(journal, workers, progress, broken)
        grave = [loss for loss in found if loss.grave]
        if grave and not allow_loss:
            raise LossError(
                f"{format} cannot hold everything: " + "; ".join(summary(grave)),
                file=folder,
                todo="Choose another format, or accept this with --allow-loss.",
            )
        with registry.naming("formats", format, passing=(OSError,)):
            said = module.write(progress(ready), classes, stage, **options, **ready.further()) or []
        if check:
            wrong = list(differences(progress(ready), classes, read(stage, format), module.LOSES, found))
            if wrong:
                raise FormatError(
                    f"what was written does not read back as it should: {'; '.join(wrong[:3])}"
                    + (f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""),
                    file=folder, todo="Nothing was left behind. This is a bug of the format: please report it.",
                )  # fmt: skip
    if notes is not None:
        notes.extend(said)
    return found
