"""The report on a run."""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.names import shown, shown_place
from maskwright.core.plurals import many
from maskwright.errors import MaskwrightError, redacted
from maskwright.figures.bars import bars, occurrences
from maskwright.figures.confusion_matrix import MOST, confusion_matrix
from maskwright.figures.curves import curves as drawn_curves
from maskwright.metrics import confusion as scores_of
from maskwright.reports import sample_images
from maskwright.reports.page import (
    Block,
    Card,
    Cards,
    Command,
    Drawings,
    Fact,
    Legend,
    Named,
    Section,
    Share,
    Table,
    Words,
    page,
)
from maskwright.runs import Run, evaluations, find, sample_metrics
from maskwright.runs.by_class import ByClass, by_class
from maskwright.runs.record import curves, flat_scores
from maskwright.store import Dataset, View
from maskwright.store.opinions import view_of

WORST = 8
#: The per-sample score that samples are ordered by.
SCORE = "mean_iou"
#: Colours of errors in words.
ERRORS = (
    Named("missed", (230, 60, 60)), Named("too much", (70, 110, 250)), Named("another class", (240, 210, 60)),
)  # fmt: skip

Progress = Callable[[Iterable[int]], Iterable[int]]


class Judged:
    """A run with its last evaluation, and the truth that it was scored on.

    record: as `runs.find` has it.  evaluation: as `runs.evaluations` has it; None of a run that was never evaluated.
    view: the revision and samples of the evaluation, or else of the run; None where they are not there any more.
    by_sample: mean IoU by sample number, of samples that the view has.
    """

    def __init__(self, dataset: Dataset, id: str) -> None:
        self.record = find(dataset, id)
        self.id: str = self.record["id"]
        done = evaluations(dataset, self.id)
        self.evaluations = done
        self.evaluation: dict[str, Any] | None = done[-1] if done else None
        self.curves = curves(dataset, self.id)
        self.view: View | None = None
        self.by_sample: dict[int, float] = {}
        seen = self.evaluation or self.record
        try:
            number = dataset.resolve(seen["revision"])
        except MaskwrightError:
            return
        asked = seen["settings"]
        self.view = view_of(dataset.database, number, asked.get("where", ()), asked.get("annotator"))
        if self.evaluation is not None:
            there = set(self.view.numbers())
            self.by_sample = {
                number: value for number, value in sample_metrics(dataset, self.id, SCORE).items() if number in there
            }

    @property
    def scores(self) -> dict[str, Any]:
        """Of the last evaluation; of the run itself where there is none."""
        held = dict(self.evaluation["scores"] if self.evaluation else self.record["scores"])
        held.pop("evaluation", None)
        return held

    @property
    def score(self) -> float | None:
        """Mean IoU."""
        return self.scores.get("mean_iou")

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """(low, high) by score, 95 %."""
        found = self.scores.get("intervals") or {}
        return {name: (pair[0], pair[1]) for name, pair in found.items() if _pair(pair)}

    @property
    def numbers(self) -> dict[str, float]:
        """Scores that are numbers, by name, without those of classes and without counts of samples."""
        inside = {
            name: value for name, value in self.scores.items()
            if name not in ("classes", "intervals", "set_aside", "unscored", "samples", "revision")
        }  # fmt: skip
        return flat_scores(inside)

    @property
    def classes(self) -> dict[str, float | None]:
        """IoU by class."""
        return dict(self.scores.get("classes") or {})

    def counted(self, progress: Progress) -> ByClass | None:
        """What was taken for what; None where the predictions of what was scored are not there."""
        if self.view is None or not self.by_sample:
            return None
        run = Run(self.view, self.id, Path())
        predicted = set(run.predicted())
        numbers = sorted(number for number in self.by_sample if number in predicted)
        return by_class(self.view, run, numbers, progress=progress) if numbers else None

    def class_intervals(self, counted: ByClass | None) -> dict[str, tuple[float, float]]:
        """(low, high) of IoU by class, 95 %, of those that have a score. counted: as `counted` gives it."""
        found = {} if counted is None else counted.intervals
        return {name: found[name] for name, value in self.classes.items() if value is not None and name in found}

    def fact(self) -> Fact:
        """Mean IoU, or what stands for it in its task, with its interval."""
        name = SCORE if self.score is not None else str(self.record["scores"].get("main", SCORE))
        pair = self.intervals.get(name)
        return Fact(
            "mean IoU" if name == SCORE else name,
            self.numbers.get(name),
            "" if pair is None else f"95 %: {pair[0]:.4f} to {pair[1]:.4f}",
        )


def run_report(
    dataset: Dataset, id: str = "last", *, worst: int = WORST, progress: Progress = lambda numbers: numbers
) -> str:
    """The page as text: scores with intervals, by class, confusion, curves, the worst samples, settings, surroundings.

    id: the run's, its beginning, or "last".  worst: how many samples are shown.  progress: told of every sample whose
    prediction is compared.  What a run does not have, such as an evaluation, is said.
    Raises UsageError for a run that is not there, MissingExtraError without Jinja or Matplotlib.
    """
    judged = Judged(dataset, id)
    record = judged.record
    counted = judged.counted(progress)
    scored = judged.scores.get("samples")
    facts = [
        judged.fact(),
        Fact("status", record["status"], f"{record['kind']}, {_took(record)}"),
        Fact("model", record["settings"].get("model") or "–"),
        Fact("revision", str(record["revision"]), "whose labels it saw"),
    ]
    if scored:
        facts.insert(1, Fact("scored on", many(scored, "image"), _evaluated(judged)))
    intro = f"A run of {shown_place(dataset.place)}, begun {_when(record['created'])}."
    if record["notes"]:
        intro += f" {record['notes']}"
    if record["tags"]:
        intro += f" Tags: {', '.join(record['tags'])}."
    return page("Run", judged.id, intro, facts, [
        Section("Scores", _scores(dataset, judged)),
        Section("Classes", _by_class(judged, counted)),
        Section("Curves", _curves(judged)),
        Section("Samples", _samples(judged, worst)),
        Section("Settings", settings_blocks(record)),
    ])  # fmt: skip


def _scores(dataset: Dataset, judged: Judged) -> list[Block]:
    intervals = judged.intervals
    blocks: list[Block] = []
    numbers = judged.numbers
    if judged.evaluation is None:
        place, name = shown_place(dataset.place), shlex.quote(judged.id)
        blocks.append(Words(
            "This run was never evaluated: there are no intervals, no confusion and no scores of single images"
            f"{', and the scores are those of its own validation' if numbers else ''}. To have them:"
        ))  # fmt: skip
        predict = "" if judged.record["kind"] != "train" else f"maskwright predict {place} --model {name}\n"
        blocks.append(Command(f"{predict}maskwright evaluate {place} {'last' if predict else name}"))
    shares = {name: value for name, value in numbers.items() if 0 <= value <= 1}
    if shares:
        order = dict(sorted(shares.items(), key=lambda item: "/" in item[0]))
        first = dict(list(order.items())[:14])
        pairs = {name: pair for name, pair in intervals.items() if name in first}
        blocks.append(Drawings([(
            "scores" + (", with 95 % intervals by bootstrap over images" if pairs else ""),
            bars({judged.id: first}, intervals={judged.id: pairs}, limits=(0, 1)),
        )]))  # fmt: skip
    rows = [(name, value, intervals.get(name)) for name, value in numbers.items()]
    if rows:
        header = ("score", "value", "95 % interval")
        blocks.append(Table(header if intervals else header[:2], rows if intervals else [row[:2] for row in rows]))
    unscored = judged.scores.get("unscored") or {}
    if unscored:
        told = "; ".join(f"{name}: {reason}" for name, reason in unscored.items())
        blocks.append(Words(f"Without a score, and in no mean: {told}.", warns=True))
    aside = judged.scores.get("set_aside") or []
    if aside:
        told = "; ".join(f"{sample['key']}: {sample['reason']}" for sample in aside[:5])
        blocks.append(Words(f"{many(len(aside), 'image')} could not be scored, such as {told}", warns=True))
    if len(judged.evaluations) > 1:
        told_of = [
            (_when(done["created"]), done["settings"].get("name") or "", str(done["revision"]),
             " and ".join(done["settings"].get("where", ())), done["scores"].get("samples"),
             done["scores"].get("mean_iou"))
            for done in judged.evaluations
        ]  # fmt: skip
        columns = ("evaluated", "name", "revision", "where", "images", "mean IoU")
        blocks.append(Table(columns, told_of, "Evaluations; the last is shown here"))
    return blocks


def _by_class(judged: Judged, counted: ByClass | None) -> list[Block]:
    classes = judged.classes
    if not classes:
        return []
    blocks: list[Block] = []
    pairs = judged.class_intervals(counted)
    told = ", with 95 % intervals by bootstrap over images" if pairs else ""
    ordered = dict(sorted(classes.items(), key=lambda item: -(item[1] or 0.0)))
    figures = [(f"IoU of each class{told}", bars({judged.id: ordered}, intervals={judged.id: pairs}, limits=(0, 1)))]
    if counted is None:
        blocks.append(Drawings(figures))
        blocks.append(Table(("class", "IoU"), list(classes.items())))
        return blocks
    names = counted.classes.names
    caption = "what was predicted where the truth is, in per cent of each class's pixels"
    if len(names) > MOST:
        caption += f"; the {MOST - 1} largest classes, the rest together"
    figures.append((caption, confusion_matrix(counted.counts, names)))
    blocks.append(Drawings(figures))
    found = scores_of.compute(counted.counts)
    iou = dict(zip(names, found["iou"].tolist(), strict=True))
    if any(value is not None and abs(iou.get(name, np.nan) - value) > 1e-9 for name, value in classes.items()):
        blocks.append(Words(
            "The predictions are not those that were scored: confusion, precision and recall are of what is there now.",
            warns=True,
        ))  # fmt: skip
    colours = {named.name: named for named in sample_images.legend(counted.classes)}
    truth = counted.counts.sum(axis=1).tolist()
    rows = [
        (colours.get(name, name), classes.get(name), pairs.get(name), float(found["dice"][place]),
         float(found["precision"][place]), float(found["recall"][place]), truth[place])
        for place, name in enumerate(names)
    ]  # fmt: skip
    header = ("class", "IoU", "95 % interval", "Dice", "precision", "recall", "pixels of truth")
    blocks.append(Table(header, rows))
    mistakes = _mistakes(counted)
    if mistakes:
        columns = ("truth", "taken for", "pixels", "of the truth's pixels")
        blocks.append(Table(columns, mistakes, "Most frequent mistakes"))
    return blocks


def _mistakes(counted: ByClass, most: int = 8) -> list[tuple[str, str, int, Share]]:
    table = counted.counts.copy()
    names = [*counted.classes.names, "nothing"]
    table[np.arange(len(table)), np.arange(len(table))] = 0
    order = np.argsort(-table, axis=None, kind="stable")[:most]
    total = counted.counts.sum(axis=1)
    places = [divmod(int(place), table.shape[1]) for place in order]
    return [
        (names[row], names[column], int(table[row, column]), Share(float(table[row, column] / total[row])))
        for row, column in places
        if table[row, column]
    ]


def _curves(judged: Judged) -> list[Block]:
    figures = [(name, drawn_curves({judged.id: points})) for name, points in ordered_curves(judged.curves)]
    return [Drawings(figures)] if figures else []


def ordered_curves(found: Mapping[str, Sequence[tuple[int, float]]]) -> list[tuple[str, Sequence[tuple[int, float]]]]:
    """Losses first, then scores; curves of classes are left out where there are others."""
    names = [name for name in found if "classes/" not in name] or list(found)
    return [(name, found[name]) for name in sorted(names, key=lambda name: ("loss" not in name, name))]


def _samples(judged: Judged, worst: int) -> list[Block]:
    known = [(value, number) for number, value in judged.by_sample.items() if value == value]
    if judged.view is None or not known:
        return []
    known.sort()
    values = np.array([value for value, _ in known])
    edges = np.linspace(0, 1, 26)
    figure = occurrences(edges, np.histogram(values.clip(0, 1), edges)[0], label="mean IoU of an image")
    blocks: list[Block] = [
        Drawings([(f"mean IoU of {many(len(known), 'image')}: the median is {np.median(values):.4f}", figure)]),
        Legend(sample_images.legend(judged.view.classes)), Legend(ERRORS, "errors"),
    ]  # fmt: skip
    shown = known[:worst]
    blocks.append(Cards(_cards(judged, shown), across=True))
    return blocks


def _cards(judged: Judged, shown: Sequence[tuple[float, int]]) -> list[Card]:
    assert judged.view is not None
    numbers = [number for _, number in shown]
    samples = judged.view.read(numbers)
    run = Run(judged.view, judged.id, Path())
    found = run.predictions(list(zip(numbers, samples, strict=True)))
    return [
        sample_images.compared(judged.view, sample, [(judged.id, segments)], f"mean IoU {value:.4f}")
        for (value, _), sample, segments in zip(shown, samples, found, strict=True)
    ]


def settings_blocks(record: Mapping[str, Any]) -> list[Block]:
    """What the run was started with, and on what."""
    surroundings = dict(record["environment"] or {})
    command = surroundings.pop("command", None)
    packages = surroundings.pop("packages", None) or {}
    blocks: list[Block] = []
    if command:
        blocks.append(Command(redacted(shlex.join(["maskwright", *map(str, command[1:])]))))
    blocks.append(Table(("setting", "value"), [(name, told(value)) for name, value in record["settings"].items()]))
    rows = [*((name, told(value)) for name, value in surroundings.items()), *packages.items()]
    if rows:
        blocks.append(Table(("surroundings", "value"), rows, "Surroundings"))
    return blocks


def told(value: Any) -> str:
    """A setting in words."""
    if value is None or value in ([], {}, ""):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {told(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(told, value))
    return shown(value, 400)


def _evaluated(judged: Judged) -> str:
    assert judged.evaluation is not None
    where = " and ".join(judged.evaluation["settings"].get("where", ()))
    return f"revision {judged.evaluation['revision']}" + (f", where {where}" if where else "")


def _took(record: Mapping[str, Any]) -> str:
    if not record["ended"]:
        return "has not ended"
    seconds = (datetime.fromisoformat(record["ended"]) - datetime.fromisoformat(record["created"])).total_seconds()
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )


def _when(time: str) -> str:
    return f"{time.replace('T', ' ')[:16]} UTC"


def _pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(edge, int | float) for edge in value)
