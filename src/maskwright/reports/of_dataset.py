"""The report on a dataset."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from maskwright.core.arrays import I64
from maskwright.core.names import shown_place
from maskwright.core.plurals import many
from maskwright.figures.bars import bars, occurrences
from maskwright.reports import sample_images
from maskwright.reports.page import Block, Cards, Drawings, Fact, Legend, Named, Section, Share, Table, Words, page
from maskwright.store import Dataset, Revision, View
from maskwright.store.declarations import columns_of
from maskwright.store.value_arrays import value_arrays

EXAMPLES, REVISIONS, SIZES = 12, 20, 12
#: Classes that are drawn.
DRAWN = 24
BINS = 32
#: Splits that have a column of their own.
SPLITS = 6
NO_SPLIT = "without split"


def dataset_report(dataset: Dataset, view: View | None = None, *, examples: int = EXAMPLES) -> str:
    """The page as text: counts by split and class, areas, sizes, states, examples with labels drawn, history.

    view: some of its samples, or another revision; all of the newest when None.  examples: how many samples are shown;
    those that show the most classes not shown yet come first.  An empty dataset gives a page that says so.
    Raises MissingExtraError without Jinja or Matplotlib.
    """
    view = (dataset if view is None else view).frozen()
    numbers = view.numbers()
    splits = {NO_SPLIT if name is None else name: count for name, count in view.splits().items()}
    statistics = view.class_statistics()
    revision = dataset.log(1, before=view.revision + 1)[0]
    segments = sum(row["segments"] for row in statistics)
    facts = [
        Fact("images", len(numbers), ", ".join(f"{count:,} {name}" for name, count in splits.items())),
        Fact("segments", segments, f"{segments / len(numbers):.1f} an image" if numbers else ""),
        Fact("classes", sum(class_.role == "class" for class_ in view.classes), _roles(view)),
        Fact("revision", str(view.revision), f"{revision.created[:10]}, by {revision.author}"),
    ]
    where = " and ".join(view.conditions)
    intro = f"{shown_place(view.place)}, revision {view.revision}" + (f", where {where}" if where else "") + "."
    name = shown_place(view.place).rstrip("/").rpartition("/")[2] or "dataset"
    if not numbers:
        return page("Dataset", name, intro, facts, [Section("Images", [Words("There are no images here.")])])
    samples, kinds, areas, crowds = view.class_areas()
    split_of = dict(zip(numbers, _splits_of(view), strict=True))
    return page("Dataset", name, intro, facts, [
        Section("Classes", _classes(view, statistics, splits, split_of, samples, kinds)),
        Section("Segments", _segments(view, numbers, samples, areas[~crowds], kinds[~crowds])),
        Section("Images", _images(view, splits)),
        Section("Examples", _examples(view, examples, numbers, samples, kinds)),
        Section("Columns", _columns(view)),
        Section("History", _history(dataset.log(REVISIONS, before=view.revision + 1), view.revision)),
    ])  # fmt: skip


def _roles(view: View) -> str:
    things = sum(class_.kind == "thing" and class_.role == "class" for class_ in view.classes)
    stuff = sum(class_.kind == "stuff" and class_.role == "class" for class_ in view.classes)
    return ", ".join([*([f"{things} of things"] if things else []), *([f"{stuff} of stuff"] if stuff else [])])


def _splits_of(view: View) -> list[str]:
    """Each sample's split, in the order of the view's numbers."""
    found = value_arrays(view, "split")
    assert found.codes is not None
    by_number = {
        number: NO_SPLIT if code < 0 else found.words[code]
        for number, code in zip(found.samples.tolist(), found.codes.tolist(), strict=True)
    }
    return [by_number.get(number, NO_SPLIT) for number in view.numbers()]


def _classes(
    view: View, statistics: Sequence[Mapping[str, Any]], splits: dict[str, int], split_of: dict[int, str],
    samples: I64, kinds: I64,
) -> list[Block]:  # fmt: skip
    names = list(splits)[:SPLITS]
    place_of_split = {name: place for place, name in enumerate(names)}
    ids, places = np.unique(kinds, return_inverse=True)
    of_segment = np.array([place_of_split.get(split_of[number], SPLITS) for number in samples.tolist()], np.int64)
    counts = np.bincount(places * (SPLITS + 1) + of_segment, minlength=ids.size * (SPLITS + 1))
    by_split = dict(zip(ids.tolist(), counts.reshape(-1, SPLITS + 1).tolist(), strict=True))
    shown_in = Counter(np.unique(np.stack([kinds, samples]), axis=1)[0].tolist())
    whole = sum(row["pixels"] for row in statistics)
    named = _named(view)
    rows: list[tuple[Any, ...]] = [
        (
            named[row["id"]], shown_in[row["id"]], row["segments"],
            *(by_split.get(row["id"], [0] * SPLITS)[: len(names)] if len(names) > 1 else ()), row["pixels"],
            Share(row["pixels"] / whole if whole else None), row["crowds"],
        )
        for row in statistics
    ]  # fmt: skip
    header = ["class", "images", "segments", *([f"in {name}" for name in names] if len(names) > 1 else []), "pixels",
              "of labelled pixels", "crowd regions"]  # fmt: skip
    if not any(row["crowds"] for row in statistics):
        header, rows = header[:-1], [row[:-1] for row in rows]
    most = f"; the {DRAWN} with the most" if len(statistics) > DRAWN else ""
    share = 100 / whole if whole else 0
    figures = [
        (f"segments of each class{most}", bars({"segments": _largest(statistics, "segments", 1)})),
        (f"labelled pixels of each class, in per cent{most}", bars({"pixels": _largest(statistics, "pixels", share)})),
    ]
    blocks: list[Block] = [Drawings(figures), Table(header, rows)]
    never = [row["name"] for row in statistics if not row["segments"]]
    if never:
        blocks.append(Words(f"Declared, and never labelled: {', '.join(never)}.", warns=True))
    return blocks


def _largest(statistics: Sequence[Mapping[str, Any]], of: str, times: float) -> dict[str, float | None]:
    return {row["name"]: times * row[of] for row in sorted(statistics, key=lambda row: -row[of])[:DRAWN]}


def _named(view: View) -> dict[int, Named | str]:
    """Each class by id as a cell has it."""
    colours = {named.name: named for named in sample_images.legend(view.classes)}
    return {class_.id: colours.get(class_.name, f"{class_.name} (ignored)") for class_ in view.classes}


def _segments(view: View, numbers: Sequence[int], samples: I64, areas: I64, of: I64) -> list[Block]:
    """samples: (S,) of every segment.  areas, of: (T,) area and class id of those that are not crowd regions."""
    each = np.bincount(np.searchsorted(np.asarray(sorted(numbers)), samples), minlength=len(numbers))
    figures = []
    there = areas[areas > 0]
    if there.size:
        edges = np.geomspace(there.min() * 0.999, there.max() * 1.001, BINS + 1).astype(np.float64)
        figures.append((
            f"areas of {there.size:,} segments",
            occurrences(edges, np.histogram(there, edges)[0], label="area in pixels", logarithmic=True),
        ))  # fmt: skip
    top = int(each.max(initial=0))
    step = max(1, -(-(top + 1) // BINS))
    between = np.arange(0, top + step + 1, step, dtype=np.float64) - 0.5
    figures.append((
        "how many segments images have",
        occurrences(between, np.histogram(each, between)[0], label="segments in an image"),
    ))  # fmt: skip
    order = np.lexsort((areas, of))
    ids, begins = np.unique(of[order], return_index=True)
    own = dict(zip(ids.tolist(), np.split(areas[order], begins[1:]), strict=True)) if ids.size else {}
    rows = [
        (name, own[number].size, int(own[number][0]), *(
            round(float(value)) for value in np.percentile(own[number], (25, 50, 75))
        ), int(own[number][-1]))
        for number, name in _named(view).items() if number in own
    ]  # fmt: skip
    blocks: list[Block] = [Drawings(figures)]
    if rows:
        header = ("class", "segments", "smallest", "a quarter is below", "median", "a quarter is above", "largest")
        blocks.append(Table(header, rows, "Areas in pixels, without crowd regions"))
    bare = int((each == 0).sum())
    if bare:
        blocks.append(Words(f"{many(bare, 'image')} {'has' if bare == 1 else 'have'} not a segment.", warns=True))
    return blocks


def _images(view: View, splits: dict[str, int]) -> list[Block]:
    heights, widths = (value_arrays(view, name).numbers for name in ("height", "width"))
    assert heights is not None
    assert widths is not None
    sizes = Counter(zip(widths.tolist(), heights.tolist(), strict=True))
    total = sum(sizes.values())
    common = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    rows = [
        (f"{int(width)} × {int(height)}", f"{width * height / 1e6:.2f} MP", times, Share(times / total))
        for (width, height), times in common[:SIZES]
    ]
    blocks: list[Block] = []
    figures = [("images of each split", bars({"images": dict(splits)}, width=4.6))]
    if len(sizes) > 1:
        pixels = widths * heights / 1e6
        counts, edges = np.histogram(pixels, BINS)
        figures.append(("sizes of images, in megapixels", occurrences(edges, counts, label="megapixels")))
    states = _states(view)
    if states:
        figures.append(("states of work", bars({"images": states}, width=4.6)))
    blocks.append(Drawings(figures))
    blocks.append(Table(("width × height", "pixels", "images", "share"), rows, "Sizes"))
    if len(sizes) > SIZES:
        blocks.append(Words(f"And {len(sizes) - SIZES:,} more sizes."))
    return blocks


def _states(view: View) -> dict[str, float | None]:
    """How many samples have each state of work; none where nobody has worked."""
    found = value_arrays(view, "state")
    assert found.codes is not None
    counts = np.bincount(found.codes + 1, minlength=len(found.words) + 1).tolist()
    if not sum(counts[1:]):
        return {}
    told: dict[str, float | None] = dict(zip(found.words, counts[1:], strict=True))
    return told | ({"not begun": counts[0]} if counts[0] else {})


def _examples(view: View, most: int, numbers: Sequence[int], samples: I64, kinds: I64) -> list[Block]:
    chosen = chosen_examples(numbers, samples, kinds, most)
    if not chosen:
        return []
    cards = []
    for sample in view.read(chosen):
        height, width = sample.image.size
        note = f"{width} × {height}, {many(len(sample.segments), 'segment')}"
        cards.append(sample_images.drawn(view, sample, f"{note}, {sample.split}" if sample.split else note))
    return [Legend(sample_images.legend(view.classes)), Cards(cards)]


def chosen_examples(numbers: Sequence[int], samples: I64, kinds: I64, most: int) -> list[int]:
    """Sample numbers, ascending: every class is shown where that can be, the rest lies evenly between them.

    samples, kinds: (S,) sample number and class id of every segment.  most: how many at most.
    """
    left = set(np.unique(kinds).tolist())
    shows: dict[int, set[int]] = {}
    for number, kind in zip(samples.tolist(), kinds.tolist(), strict=True):
        shows.setdefault(number, set()).add(kind)
    chosen: list[int] = []
    while left and len(chosen) < most:
        best = max(numbers, key=lambda number: len(shows.get(number, set()) & left))
        chosen.append(best)
        left -= shows[best]
    rest = [number for number in numbers if number not in set(chosen)]
    room = min(most - len(chosen), len(rest))
    chosen += [rest[place * len(rest) // room] for place in range(room)]
    return sorted(chosen)


def _columns(view: View) -> list[Block]:
    rows = [
        (column.name, column.owner, column.kind, column.unit or "", column.description or "")
        for column in columns_of(view)
    ]
    return [Table(("column", "of each", "kind", "unit", "what it says"), rows)] if rows else []


def _history(revisions: Sequence[Revision], newest: int) -> list[Block]:
    rows = [
        (str(revision.id), ", ".join(revision.tags), revision.created.replace("T", " ")[:16], revision.author,
         revision.message, ", ".join(f"{name} {count}" for name, count in revision.summary.items()))
        for revision in revisions
    ]  # fmt: skip
    blocks: list[Block] = [Table(("revision", "names", "when, UTC", "who", "message", "what it did"), rows)]
    if revisions and newest > len(revisions):
        blocks.append(Words(f"Older than these: {newest - len(revisions):,}."))
    return blocks
