"""Suggestions without a single label: everything an engine sees, what words name, what a network trained here predicts.

They are rows of a run, as those of `propagate` are: in the same queue, accepted and rejected in the same way, and no
label until then.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright import compute, media, registry
from maskwright.core.arrays import F32
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.plurals import many
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import MissingExtraError, UsageError
from maskwright.fewshot.prediction import Learner
from maskwright.fewshot.propagation import confidences, log_suggestion, resumed
from maskwright.interactive import Session, distinct
from maskwright.interactive.engines import Engine, PointDecoder, Proposer
from maskwright.labelling import assignments
from maskwright.media import Window
from maskwright.predict.batch import checkpoints_of
from maskwright.predict.predictor import Predictor
from maskwright.runs import Run, find, list_runs
from maskwright.runs.files import folder_of
from maskwright.runs.record import FOUND, clean_settings, sample_metrics
from maskwright.store import Dataset

KIND = "suggest"
SOURCES = ("everything", "words", "run", "examples")
#: Finished images that a learner needs: with one, nobody could tell how good its suggestions are.
EXAMPLES = 2
#: Runs that are offered, the newest.
MOST_RUNS = 20
#: Words that name what is looked for, at most.
LONGEST_WORDS = 200
#: Setting of a run whose scores tell which objects are surer than others, and not how likely one is right.
RANKED = "ranked"
_FAMILY = "interactive.engines"


@dataclass(frozen=True)
class Choice:
    """An engine or a run that a source can use. words: what a person should know of it."""

    name: str
    words: str = ""


@dataclass(frozen=True)
class Source:
    """Where first masks can come from.  lacks: why not, and what to do; empty where it is possible."""

    name: str
    choices: tuple[Choice, ...]
    lacks: str = ""


@dataclass(frozen=True)
class Readiness:
    """Whether labels can be propagated.  finished: images that are finished and have objects.  more: so many more are
    needed.  missing: names of classes that none of them has.  words: all that in a sentence.
    """

    finished: int
    more: int
    missing: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Suggested:
    """What a round of first masks did.

    run: where the suggestions are.  images, objects: that something is suggested for, and how much.  empty: images on
    which nothing was found.  left: images that were not reached.  unknown: names of predicted classes that the dataset
    has not, whose objects were left out.
    """

    run: str
    images: int
    objects: int
    empty: int
    left: int
    seconds: float
    set_aside: tuple[compute.SetAside, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The whole result in a few sentences."""
        if self.images:
            parts = [f"{many(self.objects, 'object')} suggested on {many(self.images, 'image')}."]
        else:
            parts = ["No object was found."]
        if self.images and self.empty:
            parts.append(f"Nothing was found on {many(self.empty, 'image')}.")
        if self.set_aside:
            parts.append(f"{many(len(self.set_aside), 'image')} could not be worked on.")
        if self.left:
            parts.append(f"{many(self.left, 'image')} not looked at.")
        if self.unknown:
            parts.append(f"Left out, because the dataset has no such class: {', '.join(self.unknown[:5])}.")
        return " ".join(parts)


# -- what is possible here -------------------------------------------------------------------------


def sources(dataset: Dataset, engines: Mapping[str, Engine], learners: Sequence[str]) -> list[Source]:
    """Every source, with what it can use, or the reason why it cannot be used.

    engines: interactive ones that are loaded, by name.  learners: names of few-shot engines that are available.
    """
    finders = [Choice(name) for name, engine in engines.items() if isinstance(engine, Proposer | PointDecoder)]
    readers = [Choice(name) for name, engine in engines.items() if "text" in engine.takes]
    runs = tuple(_usable_runs(dataset))
    ready = readiness(dataset)
    return [
        Source("everything", tuple(finders), "" if finders else "No engine that finds objects by itself is here."),
        Source("words", tuple(readers), "" if readers else _how_to_read()),
        Source(
            "run", runs,
            "" if runs else "No network was trained here yet, and none has predicted anything: train one with"
            " maskwright train, or predict with maskwright predict.",
        ),
        Source("examples", tuple(Choice(name) for name in learners), ready.words if ready.more else ""),
    ]  # fmt: skip


def readiness(dataset: Dataset) -> Readiness:
    """How many finished images "label the rest" needs, before it is begun."""
    finished, seen = assignments.finished_use(dataset)
    missing = tuple(
        declared.name for declared in dataset.classes if declared.role == "class" and declared.id not in seen
    )
    more = max(0, EXAMPLES - finished)
    named = _listed(missing)
    if more:
        words = f"{many(more, 'more finished image' if finished else 'finished image')} {_needed(more)}"
        words += f", with {named} on {'it' if more == 1 else 'them'}." if missing else "."
    else:
        words = f"Learns from {many(finished, 'finished image')}."
        words += f" None of them has {named}, so none will be suggested." if missing else ""
    return Readiness(finished, more, missing, words)


def _needed(number: int) -> str:
    return "is needed" if number == 1 else "are needed"


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence, a few of them."""
    kept = [shown(name) for name in names[:3]]
    if len(names) > 3:
        return f"{', '.join(kept)} and {len(names) - 3} more classes"
    return " and ".join([", ".join(kept[:-1]), kept[-1]] if len(kept) > 1 else kept)


def _how_to_read() -> str:
    """What to do for an engine that takes words."""
    ways = []
    for name in registry.names(_FAMILY):
        try:
            module = registry.load(_FAMILY, name)
        except MissingExtraError:
            continue
        if any("text" in getattr(each, "takes", ()) for each in vars(module).values() if isinstance(each, type)):
            weights = getattr(module, "WEIGHTS", {})
            ways += [f"--weights {name}=hub:{place} ({about})" for place, about in weights.items()]
    return "No engine that takes words is here. Start the studio with " + (" or ".join(ways) or "one") + "."


def _usable_runs(dataset: Dataset) -> Iterable[Choice]:
    """Trained networks, and runs that predicted something."""
    found = 0
    for row in list_runs(dataset):
        if row["kind"] == "train" and (folder_of(dataset, row["id"]) / "best.safetensors").is_file():
            model = (row["settings"] or {}).get("model", "")
            yield Choice(row["id"], f"network {model}, trained {row['created'][:10]}")
        elif row["kind"] == "predict" and sample_metrics(dataset, row["id"], FOUND):
            yield Choice(row["id"], f"predictions of {row['created'][:10]}")
        else:
            continue
        found += 1
        if found == MOST_RUNS:
            return


# -- who guesses -----------------------------------------------------------------------------------


class Guesser(compute.Worker[Segments]):
    """A sample -> the segments to suggest, each with its confidence as score, the surest on top.

    settings: what makes it give other ones, kept with the run.  unknown: names of classes that it met and the dataset
    has not.
    """

    settings: Mapping[str, Any]
    unknown: set[str]

    def numbers(self, wanted: Sequence[int]) -> list[int]:
        """Those samples of the wanted ones that it can say something of. wanted: numbers."""
        return list(wanted)


class Everything(Guesser):
    """Automatic mask generation, as objects of one class."""

    def __init__(self, name: str, engine: Engine, class_id: int, window: Window | None) -> None:
        """name: of the engine.  window: how images are displayed to it."""
        self.settings = {"source": "everything", "engine": name, "class": class_id}
        if isinstance(engine, Proposer):
            self.settings[RANKED] = True
        self.unknown = set()
        self._engine, self._class_id, self._window = engine, class_id, window

    def __call__(self, number: int, sample: Sample) -> Segments:
        found = distinct(media.read(sample.image).display(self._window), self._engine)
        return _objects(found.masks, found.scores, self._class_id)


class Words(Guesser):
    """All that words mean, as objects of one class."""

    def __init__(self, name: str, engine: Engine, text: str, class_id: int, window: Window | None) -> None:
        """name: of the engine, which takes text.  Raises UsageError for one that does not, and for no words."""
        if "text" not in engine.takes:
            raise UsageError(f"the engine {name} takes no words", needed="an engine that does")
        if not text.strip() or len(text) > LONGEST_WORDS:
            raise UsageError("it is not said what to look for", needed=f"words, at most {LONGEST_WORDS} letters")
        self.settings = {"source": "words", "engine": name, "text": text.strip(), "class": class_id}
        self.unknown = set()
        self._engine, self._class_id, self._window = engine, class_id, window

    def __call__(self, number: int, sample: Sample) -> Segments:
        image = media.read(sample.image).display(self._window)
        answer = Session(image, self._engine).predict(text=self.settings["text"])
        chosen = slice(None) if answer.several else slice(1)
        masks, scores = answer.masks[chosen], np.clip(answer.scores[chosen], 0, 1)
        some = np.flatnonzero(masks.areas() > 0)
        some = some[np.argsort(-scores[some], kind="stable")]
        return _objects(masks[some], scores[some], self._class_id)


class Network(Guesser):
    """A network that was trained here, with its own classes, by their names."""

    def __init__(self, dataset: Dataset, run: str) -> None:
        """run: its id. Raises what loading a checkpoint raises."""
        self.settings = {"source": "run", "of": run}
        self.unknown = set()
        self._predictor = Predictor.load(checkpoints_of(dataset, run))
        self._classes = dataset.classes

    def __call__(self, number: int, sample: Sample) -> Segments:
        return _translated(self._predictor.predict(sample.image), self._predictor.classes, self._classes, self.unknown)


class Predictions(Guesser):
    """What a run of `predict` found."""

    def __init__(self, dataset: Dataset, run: str) -> None:
        """run: its id."""
        self.settings = {"source": "run", "of": run}
        self.unknown = set()
        self._run = Run.open(dataset, run)
        self._made_with, self._classes = self._run.view.classes, dataset.classes

    def numbers(self, wanted: Sequence[int]) -> list[int]:
        """Those of the wanted samples that the run predicted. wanted: numbers."""
        there = set(self._run.predicted())
        return [number for number in wanted if number in there]

    def __call__(self, number: int, sample: Sample) -> Segments:
        [found] = self._run.predictions([(number, sample)])
        return _translated(found, self._made_with, self._classes, self.unknown)


class Taught(Guesser):
    """A learner, with examples from elsewhere: images with labels, of classes that go by their names."""

    def __init__(
        self, name: str, learner: Learner, examples: Iterable[Sample], theirs: Classes, dataset: Dataset, *, place: str
    ) -> None:
        """Learns at once.  name: of the learner.  theirs: classes of the examples.  place: of the examples, for errors.

        Raises UsageError where no example has an object of a class of the dataset, FormatError for images that cannot
        be read.
        """
        self.unknown = set()
        taught = []
        for sample in examples:
            segments = _translated(sample.segments, theirs, dataset.classes, self.unknown)
            if len(segments):
                taught.append(sample.with_segments(segments.replace(source="import")))
        if not taught:
            known = [declared.name for declared in dataset.classes if declared.role == "class"]
            raise UsageError(
                "no example has an object of a class that the dataset has", file=place, needed=_listed(known),
                todo=f"The examples have {_listed(sorted(self.unknown))}: give the class that name."
                if self.unknown else "Give images together with their labels.",
            )  # fmt: skip
        self.settings = {"source": "examples", "engine": name, "examples": sorted(sample.key for sample in taught)}
        learner.window = dataset.window
        learner.fit(taught, dataset.classes)
        self._learner = learner

    def __call__(self, number: int, sample: Sample) -> Segments:
        return self._learner.predict(media.read(sample.image).display(self._learner.window)).segments


def is_ranked(dataset: Dataset, run: str) -> bool:
    """Whether a run's scores only order what it suggests: outlines of an engine without weights say how distinct an
    object is, which on photographs says nothing of whether it is one.
    """
    return bool(find(dataset, run)["settings"].get(RANKED))


def of_run(dataset: Dataset, run: str) -> Guesser:
    """A network that was trained, or a run of predictions, by its whole id. Raises UsageError for another run."""
    for row in list_runs(dataset):
        if row["id"] == run:
            if row["kind"] == "predict":
                return Predictions(dataset, run)
            if row["kind"] in ("train", "folds"):
                return Network(dataset, run)
            raise UsageError(f"the run {shown(run)!r} is one of {row['kind']}", needed="one of train or predict")
    raise UsageError(f"there is no run {shown(run)!r}", file=dataset.place, needed="one of train or predict")


def _objects(masks: Masks, scores: F32, class_id: int) -> Segments:
    """masks, scores: surest first."""
    return Segments(masks[::-1], [class_id] * len(masks), scores=scores[::-1], source="model")


def _translated(found: Segments, theirs: Classes, ours: Classes, unknown: set[str]) -> Segments:
    """Segments with the dataset's class of the same name; background goes, and classes that are not there."""
    by_name = {declared.name: declared.id for declared in ours if declared.role == "class"}
    names = {declared.id: declared.name for declared in theirs if declared.role == "class"}
    rows, ids = [], []
    for row, class_id in enumerate(found.class_ids.tolist()):
        name = names.get(class_id)
        if name is None:
            continue
        if name in by_name:
            rows.append(row)
            ids.append(by_name[name])
        else:
            unknown.add(name)
    kept = found[rows]
    return Segments(kept.masks, ids, scores=kept.scores, source="model", attributes=kept.attributes)


# -- the work --------------------------------------------------------------------------------------


def suggest(
    dataset: Dataset, guesser: Guesser, *, numbers: Sequence[int] | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> Suggested:  # fmt: skip
    """Let a guesser suggest for images, as rows of a new run; no label is touched.

    numbers: for these images, even labelled ones; for those without labels when None.  progress: may end early; what
    was suggested until then stays, and the same call goes on from there.  Images that cannot be worked on are set
    aside.  Raises UsageError where there is no image to suggest for, and what `compute.map` raises.
    """
    begun = time.perf_counter()
    view = dataset.frozen()
    open_ones = assignments.unlabelled(dataset)
    wanted = open_ones if numbers is None else list(numbers)
    todo = guesser.numbers(wanted)
    if not todo:
        if wanted:
            raise UsageError("that run predicted none of these images", todo="Predict them first: maskwright predict.")
        raise UsageError("every image has labels or is finished", needed="images without labels, or one image alone")
    labelled = not set(todo) <= set(open_ones)
    kept = clean_settings({**guesser.settings, "labelled": labelled, "where": list(view.conditions)})
    run = resumed(dataset, view, KIND, kept)
    if run is None:
        run = Run.start(view, KIND, kept)
    sink = _Suggestions(run)
    try:
        outcome = compute.map(view, guesser, sink, numbers=todo, progress=progress)
        reached = outcome.done + outcome.before + len(outcome.set_aside)
        wanted_now = set(todo)
        counts = {n: int(v) for n, v in sample_metrics(view, run.id, FOUND).items() if n in wanted_now}
        shown_for = confidences(view, run.id).keys() & wanted_now
        result = Suggested(
            run.id, len(shown_for), sum(counts.values()), len(counts) - len(shown_for), len(todo) - reached,
            time.perf_counter() - begun, outcome.set_aside, tuple(sorted(guesser.unknown)),
        )  # fmt: skip
    except BaseException as error:
        run.end(error)
        raise
    run.finish("interrupted" if result.left else "done", {"images": result.images, "objects": result.objects})
    return result


class _Suggestions:
    """A run as a sink: an image on which something was found waits for a person."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def done(self, numbers: Sequence[int]) -> list[int]:
        return self._run.predicted()

    def write(self, number: int, rows: Segments) -> None:
        if not len(rows):
            self._run.add_predictions([(number, rows)])
            return
        known = rows.scores[np.isfinite(rows.scores)]
        # Where a network says nothing of its certainty, the image is looked at first.
        log_suggestion(self._run, number, rows, float(known.mean()) if len(known) else 0.0)
