"""The report on two runs side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright import metrics
from maskwright.core.arrays import F64
from maskwright.core.names import shown_place
from maskwright.core.plurals import many
from maskwright.figures.bars import bars, occurrences
from maskwright.figures.curves import curves
from maskwright.reports import sample_images
from maskwright.reports.of_run import ERRORS, Judged, Progress, ordered_curves, settings_blocks, told
from maskwright.reports.page import Block, Card, Cards, Drawings, Fact, Legend, Moved, Section, Table, Words, page
from maskwright.runs import Run, compare
from maskwright.store import Dataset

SHOWN = 4
#: Draws of the bootstrap over images.
REPLICATES = 2000


@dataclass(frozen=True, eq=False)
class Paired:
    """numbers: (N,) samples that both runs were scored on, ascending.  first, second: (N,) their mean IoU.

    mean: of second - first.  interval: its 95 % interval, by bootstrap over these images; None below two images.
    """

    numbers: list[int]
    first: F64
    second: F64
    mean: float
    interval: tuple[float, float] | None


def paired(first: dict[int, float], second: dict[int, float]) -> Paired:
    """Scores of single images of two runs, where both have one. first, second: by sample number, NaN for none."""
    numbers = sorted(n for n in first.keys() & second.keys() if first[n] == first[n] and second[n] == second[n])
    a, b = (np.array([scores[number] for number in numbers], np.float64) for scores in (first, second))
    moved = b - a
    interval = None
    if len(numbers) > 1:
        rng = np.random.default_rng(0)
        means = np.array([moved[rng.integers(0, moved.size, moved.size)].mean() for _ in range(REPLICATES)])
        low, high = np.percentile(means, (2.5, 97.5))
        interval = float(low), float(high)
    return Paired(numbers, a, b, float(moved.mean()) if numbers else float("nan"), interval)


def comparison_report(
    dataset: Dataset, first: str, second: str, *, shown: int = SHOWN,
    progress: Progress = lambda numbers: numbers,
) -> str:  # fmt: skip
    """The page as text: scores of both with intervals and differences, by class, image by image, settings that differ.

    first, second: ids of runs, their beginnings, or "last".  shown: how many of the samples that got most worse, and of
    those that got most better, with what either run predicted.  progress: told of every sample that is compared.
    Raises UsageError for a run that is not there, MissingExtraError without Jinja or Matplotlib.
    """
    found = compare(dataset, first, second)
    sides = [Judged(dataset, name) for name in found["runs"]]
    a, b = sides
    both = paired(a.by_sample, b.by_sample)
    moved = None if a.score is None or b.score is None else b.score - a.score
    facts = [
        Fact(f"A: {a.id}", a.score, a.fact().note), Fact(f"B: {b.id}", b.score, b.fact().note),
        Fact("B − A, mean IoU", Moved(moved)),
    ]  # fmt: skip
    if both.numbers:
        facts.append(Fact(
            "B − A of one image, on average", Moved(both.mean),
            "" if both.interval is None else f"95 %: {_signed(both.interval[0])} to {_signed(both.interval[1])}",
        ))  # fmt: skip
    intro = f"Two runs of {shown_place(dataset.place)}."
    return page("Comparison", f"{a.id} and {b.id}", intro, facts, [
        Section("Scores", _scores(a, b)),
        Section("Classes", _classes(a, b, progress)),
        Section("Image by image", _images(a, b, both)),
        Section("Samples that got worse", _samples(a, b, both, shown, better=False)),
        Section("Samples that got better", _samples(a, b, both, shown, better=True)),
        Section("Curves", _curves(a, b)),
        Section("Settings", _settings(found, a, b)),
    ])  # fmt: skip


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−")


def _scores(a: Judged, b: Judged) -> list[Block]:
    blocks: list[Block] = []
    for judged, name in ((a, "A"), (b, "B")):
        if judged.evaluation is None:
            blocks.append(Words(f"{name} was never evaluated: its scores are those of its own validation.", warns=True))
    if a.evaluation is not None and b.evaluation is not None:
        own = [
            (judged.evaluation["revision"], judged.evaluation["settings"].get("where", ()), judged.by_sample.keys())
            for judged in (a, b) if judged.evaluation is not None
        ]  # fmt: skip
        if own[0] != own[1]:
            blocks.append(Words(
                f"They were not scored on the same: A on {many(len(a.by_sample), 'image')} of revision {own[0][0]}, B"
                f" on {many(len(b.by_sample), 'image')} of revision {own[1][0]}. Compare image by image, below, where"
                " both have a score.", warns=True,
            ))  # fmt: skip
    names = list(dict.fromkeys([*a.numbers, *b.numbers]))
    rows = [
        (name, a.numbers.get(name), a.intervals.get(name), b.numbers.get(name), b.intervals.get(name),
         Moved(_minus(b.numbers.get(name), a.numbers.get(name)), _more_is_better(name)))
        for name in names
    ]  # fmt: skip
    shares = [name for name in names if all(0 <= j.numbers.get(name, 0) <= 1 for j in (a, b))][:10]
    if shares:
        series: dict[str, dict[str, float | None]] = {
            f"{word}: {judged.id}": {name: judged.numbers.get(name) for name in shares}
            for word, judged in (("A", a), ("B", b))
        }
        pairs = {
            f"{word}: {judged.id}": {name: pair for name, pair in judged.intervals.items() if name in shares}
            for word, judged in (("A", a), ("B", b))
        }
        told = ", with 95 % intervals by bootstrap over images" if any(pairs.values()) else ""
        blocks.append(Drawings([(f"scores{told}", bars(series, intervals=pairs, limits=(0, 1)))]))
    if rows:
        blocks.append(Table(("score", "A", "95 % interval", "B", "95 % interval", "B − A"), rows))
    return blocks


def _more_is_better(name: str) -> bool:
    """Not so of metrics that measure a distance or an error. name: of a score, its metric's before a slash."""
    metric = name.partition("/")[0]
    return metric not in metrics.names() or bool(metrics.load(metric).HIGHER_IS_BETTER)


def _minus(second: float | None, first: float | None) -> float | None:
    return None if first is None or second is None else second - first


def _classes(a: Judged, b: Judged, progress: Progress) -> list[Block]:
    names = list(dict.fromkeys([*a.classes, *b.classes]))
    if not names:
        return []
    pairs = [judged.class_intervals(judged.counted(progress)) for judged in (a, b)]
    moved = {name: _minus(b.classes.get(name), a.classes.get(name)) for name in names}
    ordered = sorted(names, key=lambda name: moved[name] or 0.0)
    titles = [f"A: {a.id}", f"B: {b.id}"]
    series = {
        title: {name: judged.classes.get(name) for name in ordered}
        for title, judged in zip(titles, (a, b), strict=True)
    }
    drawn = bars(series, intervals=dict(zip(titles, pairs, strict=True)), limits=(0, 1))
    rows: list[tuple[Any, ...]] = [
        (name, a.classes.get(name), pairs[0].get(name), b.classes.get(name), pairs[1].get(name), Moved(moved[name]))
        for name in names
    ]
    header = ["class", "A", "95 % interval", "B", "95 % interval", "B − A"]
    if not any(pairs):
        header, rows = ["class", "A", "B", "B − A"], [(row[0], row[1], row[3], row[5]) for row in rows]
    return [Drawings([("IoU of each class; what fell most comes first", drawn)]), Table(header, rows)]


def _images(a: Judged, b: Judged, both: Paired) -> list[Block]:
    if not both.numbers:
        return [Words("There is not an image on which both were scored.")]
    moved = both.second - both.first
    better, worse = int((moved > 0).sum()), int((moved < 0).sum())
    text = (
        f"Both were scored on {many(len(moved), 'image')}: B is better on {better}, worse on {worse}, and the same on"
        f" {len(moved) - better - worse}. The mean IoU of one image moved by {_signed(both.mean)} on average"
    )
    if both.interval is not None:
        low, high = both.interval
        clear = (
            "the interval does not hold 0: on such images B is better" if low > 0
            else "the interval does not hold 0: on such images B is worse" if high < 0
            else "the interval holds 0: these images do not tell which is better"
        )  # fmt: skip
        text += f", with a 95 % interval of {_signed(low)} to {_signed(high)} by bootstrap over images; {clear}"
    reach = max(float(np.abs(moved).max()), 1e-3)
    edges = np.linspace(-reach, reach, 32)
    figure = occurrences(edges, np.histogram(moved, edges)[0], label="B − A, mean IoU of an image")
    return [Words(f"{text}."), Drawings([("how much single images moved: right of 0, B is better", figure)])]


def _samples(a: Judged, b: Judged, both: Paired, most: int, *, better: bool) -> list[Block]:
    moved = both.second - both.first
    order = np.argsort(-moved if better else moved, kind="stable")
    places = [place for place in order.tolist() if (moved[place] > 0 if better else moved[place] < 0)][:most]
    if not places or b.view is None:
        return []
    numbers = [both.numbers[place] for place in places]
    view = b.view
    samples = view.read(numbers)
    pairs = list(zip(numbers, samples, strict=True))
    found = [Run(view, judged.id, Path()).predictions(pairs) for judged in (a, b)]
    cards: list[Card] = []
    for place, sample, of_a, of_b in zip(places, samples, *found, strict=True):
        note = (
            f"mean IoU {both.first[place]:.4f} in A, {both.second[place]:.4f} in B: {_signed(float(moved[place]))}"
        )  # fmt: skip
        cards.append(sample_images.compared(view, sample, [("A", of_a), ("B", of_b)], note))
    return [Legend(sample_images.legend(view.classes)), Legend(ERRORS, "errors"), Cards(cards, across=True)]


def _curves(a: Judged, b: Judged) -> list[Block]:
    merged = dict(ordered_curves(a.curves)) | dict(ordered_curves(b.curves))
    figures = []
    for name, _ in ordered_curves(merged):
        lines = {f"{word}: {judged.id}": judged.curves.get(name, []) for word, judged in (("A", a), ("B", b))}
        figures.append((name, curves(lines)))
    return [Drawings(figures)] if figures else []


def _settings(found: dict[str, Any], a: Judged, b: Judged) -> list[Block]:
    rows: Sequence[tuple[str, str, str]] = [
        (name, *(told(value) for value in pair)) for name, pair in found["settings"].items()
    ]
    blocks: list[Block] = []
    if rows:
        blocks.append(Table(("setting", f"A: {a.id}", f"B: {b.id}"), rows))
    else:
        blocks.append(Words("Both were started with the same settings."))
    if a.record["revision"] != b.record["revision"]:
        blocks.append(Words(
            f"They saw other labels: A revision {a.record['revision']}, B revision {b.record['revision']}.", warns=True
        ))  # fmt: skip
    for word, judged in (("A", a), ("B", b)):
        table = next(block for block in settings_blocks(judged.record) if isinstance(block, Table))
        blocks.append(Table(table.header, table.rows, f"All settings of {word}", folded=True))
    return blocks
