"""Label formats, one module each. Any of them in, any of them out, with a report of what is lost."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from maskwright import registry
from maskwright.core import typed
from maskwright.core.classes import Classes
from maskwright.core.foreign import explained, guarded
from maskwright.core.sample import Sample
from maskwright.core.staging import check_place, staged
from maskwright.errors import FormatError, LossError, UsageError
from maskwright.formats import _door, _listing, _nearest
from maskwright.formats._algebra import selected
from maskwright.formats._aside import Aside, Broken, taking
from maskwright.formats._check import differences
from maskwright.formats._contract import CAUSES, Loss, Reading, losses_of
from maskwright.formats._door import Candidate, find
from maskwright.formats._fitting import Fitting
from maskwright.formats._keys import ORIGINAL_KEY, Outgoing
from maskwright.formats._laying import Laying
from maskwright.formats._plausible import KINDS, Finding, Watch
from maskwright.formats._states import states as states
from maskwright.formats._together import together
from maskwright.formats._whole_images import whole_images

if TYPE_CHECKING:
    from maskwright.compute import SetAside
    from maskwright.formats._keeping import Keep as Keep
    from maskwright.store import Dataset

__all__ = [
    "CAUSES", "KINDS", "ORIGINAL_KEY", "Broken", "Candidate", "Finding", "Loss", "Reading", "check_place",
    "choose", "dataset_of", "find", "is_dataset", "is_dataset_or_labels", "losses", "names", "open_dataset", "read",
    "selected", "sniff", "summary", "write", "writers",
]  # fmt: skip


#: Seconds of writing from which on what was prepared is kept in a file, for the next process if this one is killed.
_PATIENCE = 0.5


def __getattr__(name: str) -> Any:
    if name == "Keep":  # which needs the store
        from maskwright.formats import _keeping

        return _keeping.Keep
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
    return registry.load("formats", _known(name))


def sniff(path: str | Path) -> str:
    """The format of a file or folder, by `find`. Raises FormatError where none knows it, or two are near each other."""
    return choose(path).format


def choose(path: str | Path) -> Candidate:
    """The best way to read a place, of those that `find` finds.

    Raises FormatError, with the nearest command that works, where no format knows it, and with one command for each
    where two ways are near each other.
    """
    return _door.choose(path, _nearest.refusal)


def read(
    path: str | Path | Candidate, format: str | None = None, *, skip_broken: bool = False, plausible: bool = True,
    keep: "Keep | None" = None, **options: Any,
) -> Reading:  # fmt: skip
    """Classes and samples of a labelled set in any format.

    path: a file, a folder or an archive, or what `find` or `choose` gave.  Without a format the best way to read it is
    chosen, which `Reading.chosen` says, and the notes where something else is there or was read.
    skip_broken: what cannot be read is left out and listed in `Reading.broken`, an object alone where its image can be
    read without it, an image that is there and cannot be read whole with its labels; every image is read for that.
    Without it reading ends with an error that names the first ten, and of images the last bytes are looked at.
    plausible: whether `Reading.findings` lists what is implausible; a few images are opened for that.
    keep: where samples are kept while they are read; the first one comes when all are.
    options: the format's own; and of all, orientation="stored" where labels lie on images as they are stored, though a
    flag turns them when they are shown, for those whose size does not tell.  Raises FormatError, naming file and
    record, for anything broken, and where nothing is left without that; UsageError for an option the format does not
    have.
    """
    with _listing.listing():
        if isinstance(path, Candidate):
            chosen = path
        elif format is None:
            chosen = choose(path)
        else:
            chosen = _door.named(path, _known(format, path), looking=not options)
        given = path.path if isinstance(path, Candidate) else Path(path)
        name = chosen.format
        module = _module(name)
        place = _door.there(chosen.path)
        laid = typed.read(options.pop("orientation", "shown"), Literal["shown", "stored"], found="orientation")
        options = typed.options({**chosen.options, **options}, module.read, f"the format {name}", after=1)
        with registry.naming("formats", name), explained(place):
            aside = Aside(skip_broken)
            if keep is not None and (mark := keep.mark) is not None and mark["reader"] is not None:
                aside.go_on(mark["reader"])
            with taking(aside):
                if chosen.parts:
                    reading = together(chosen.parts, place, lambda part: module.read(part, **options))
                else:
                    reading = module.read(place, **options)
            aside.end()  # what a look at the whole set found
    reading.broken = aside.broken
    reading.chosen = chosen
    reading.notes[:0] = chosen.notes(given)
    every = registry.named(guarded(reading.samples, place), "formats", name)
    samples = aside.some(whole_images(every, aside, reading.notes) if skip_broken else every, place)
    laying = Laying(stored=laid == "stored", ends=plausible)
    labelled, takes_images = getattr(module, "LABELLED", True), registry.takes(module.read, "images", given=1)
    watch = Watch(reading.classes, place, laying, labelled=labelled, named=takes_images) if plausible else None
    reading.samples = Fitting(samples, reading, place, laying, watch, aside, keep).samples()
    return reading


def _known(name: str, path: str | Path | Candidate | None = None) -> str:
    """A format's name in its one spelling. Raises UsageError, with the nearest, for one that nobody has."""
    wanted = registry.canonical(name)
    if wanted not in registry.ours("formats") and not registry.heard_of("formats", wanted):
        raise _nearest.no_format(name, names(), path if isinstance(path, str | Path) else None)
    return wanted


def open_dataset(
    place: str | Path, *, read_only: bool = False, tell: Callable[[str], None] | None = None,
    follow: Callable[[str, int | None, Iterable[Any]], Iterable[Any]] | None = None,
) -> "Dataset":  # fmt: skip
    """The dataset in a folder or at a PostgreSQL URL; of a folder, file or archive of labels or images, theirs.

    Labels and images are imported once, into NAME.maskwright beside them, or into the user's data folder where nothing
    can be written there; the same dataset is opened again the next time.  Where they have changed and nobody edited the
    dataset, what they have become is its next revision.  Where several processes begin at once, one imports.
    read_only: take no edits.  tell: is given a sentence for what was done.  follow: goes through samples, given what is
    done in a few words and how many there are, None where that is not known.
    Raises DatasetError where nothing is, naming what is near, or what is there is damaged; FormatError for labels that
    cannot be read; then nothing is left behind.
    """
    from maskwright.store import Dataset

    return Dataset.open(dataset_of(place, tell=tell, follow=follow), read_only=read_only)


def dataset_of(
    place: str | Path, *, tell: Callable[[str], None] | None = None,
    follow: Callable[[str, int | None, Iterable[Any]], Iterable[Any]] | None = None,
) -> str | Path:  # fmt: skip
    """Where the dataset is that `open_dataset` opens; labels are imported as there. tell, follow: as there."""
    from maskwright.formats import _opening

    return _opening.dataset_of(place, tell, follow)


def is_dataset(place: str | Path) -> bool:
    """Whether a place is opened as a dataset, whatever is wrong with it: an address, a folder, or its database file."""
    from maskwright.formats import _opening

    return _opening.is_dataset(place)


def is_dataset_or_labels(place: str | Path) -> bool:
    """Whether `open_dataset` opens a place for more than images without labels; True of a place where nothing is."""
    from maskwright.formats import _opening

    return _opening.is_dataset(place) or _opening.is_taken(place)


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
    about: Mapping[str, Any] | None = None,
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
    about: what was read of the whole set, see `Reading`, for writers that give it back; where it is not given, what the
    samples have under that name, as a dataset does.
    What is counted and prepared is kept beside the folder while this goes on: where the process is killed, the same
    call goes on with it, and with the images that were copied, unless something else is written beside it first.
    Raises LossError before anything is written when something grave would be lost and `allow_loss` is not set;
    UsageError for a place that may not be written to; FormatError for a key or split that cannot be part of a path,
    for two samples that would be one file, and when the check finds a difference that the report does not name.
    """
    from maskwright import compute
    from maskwright.formats._preparing import Preparing

    module = _writer(format)
    if str(options.get("images")) == "none" and not registry.takes(module.write, "images", given=3):
        del options["images"]  # what writes labels only has no such choice
    options = typed.options(options, module.write, f"the format {format}", after=3, skip=("ready", "about"))
    kept = list(keep)
    check_place(Path(folder), overwrite=overwrite, keep=kept)
    frozen = getattr(samples, "frozen", None)  # of a dataset or a view of one
    known = getattr(samples, "about", None) if about is None else about
    if not isinstance(known, Mapping | None):
        raise UsageError(f"about is a {type(known).__name__}", needed="a mapping by format, as of Reading.about")
    spared = Path(folder) if overwrite else None
    ready = Preparing(Outgoing(samples if frozen is None else frozen(), spared), classes, format, options)
    with (
        staged(Path(folder), overwrite=overwrite, keep=kept, work=ready.name) as stage,
        # It goes with the folder around the new one.
        closing(compute.Journal(stage.parent, ready.work, patience=_PATIENCE, whole=Preparing.whole)) as journal,
    ):
        found = ready.losses(journal, workers, progress, broken)
        grave = [loss for loss in found if loss.grave]
        if grave and not allow_loss:
            refused = LossError(
                f"{format} cannot hold everything: " + "; ".join(summary(grave)),
                file=folder,
                todo="Choose another format, or accept this with --allow-loss.",
            )
            refused.losses = tuple(found)
            raise refused
        with registry.naming("formats", format, passing=(OSError,)):
            further = ready.further() | ({"about": known} if registry.takes(module.write, "about", given=3) else {})
            said = module.write(progress(ready), classes, stage, **options, **further) or []
        if check:
            back = read(stage, format, plausible=False)
            wrong = list(differences(progress(ready), classes, back, module.LOSES, found))
            if wrong:
                raise FormatError(
                    f"what was written does not read back as it should: {'; '.join(wrong[:3])}"
                    + (f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""),
                    file=folder, todo="Nothing was left behind. This is a bug of the format: please report it.",
                )  # fmt: skip
    if notes is not None:
        notes.extend(said)
    return found
