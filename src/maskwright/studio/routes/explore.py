"""All samples at once: which of them a condition leaves, their values, how often those occur, and changes of many."""

import json
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.figures.marks import errors, marks
from maskwright.insight.askable import Askable, askable, bracketed
from maskwright.insight.charts import NumberBars, WordBars
from maskwright.insight.scatter import Region, Scatter
from maskwright.insight.together import grouped
from maskwright.media import tiles
from maskwright.runs import list_runs
from maskwright.runs.record import predicting
from maskwright.store import BulkChange, bulk_segments
from maskwright.store.bulk import read_values, settable
from maskwright.store.value_arrays import ValueArrays, described, value_arrays
from maskwright.studio.messages import ColumnInfo
from maskwright.studio.routes.bulk import of_numbers
from maskwright.studio.state import Studio, number_or_none, person

#: Each takes what the one before left; empty ones are passed over.
Conditions = Annotated[list[Annotated[str, Field(max_length=20_000)]], Field(max_length=50)]
Expression = Annotated[str, Field(max_length=2_000)]
Value = Any  # a number, words, true or false, or none


class AskableInfo(BaseModel):
    """What conditions, bars and tables can ask for; see `insight.askable.Askable`. settable: of many at once."""

    expression: str
    title: str
    column: ColumnInfo
    run: str | None
    settable: bool


class Written(BaseModel):
    """An expression as somebody typed it."""

    expression: Expression = Field(min_length=1)


class RunInfo(BaseModel):
    """A run, the newest first.  predicts: whether it holds predictions."""

    id: str
    kind: str
    status: str
    revision: int
    created: str
    predicts: bool


class Explorable(BaseModel):
    """What there is to ask for, the runs, and saved views: their conditions by name."""

    revision: int
    asks: list[AskableInfo]
    runs: list[RunInfo]
    views: dict[str, list[str]]


class Choice(BaseModel):
    """where: conditions, of which the last may only say an order."""

    where: Conditions = Field(default_factory=list)


Coordinate = Annotated[float, Field(allow_inf_nan=False)]


class Drawn(BaseModel):
    """A region of a plot; see `insight.scatter.Region`. polygon: x and y of its corners."""

    x: Expression
    y: Expression
    owner: Literal["sample", "segment"] = "sample"
    polygon: list[tuple[Coordinate, Coordinate]] = Field(min_length=3, max_length=1_000)


class Chosen(Choice):
    """regions: a sample lies in each of them, or a segment of it does where it is of segments."""

    regions: list[Drawn] = Field(default_factory=list, max_length=10)

    def drawn(self) -> list[Region]:
        """The regions as insight has them."""
        return [Region(part.x, part.y, part.owner, np.array(part.polygon, np.float64)) for part in self.regions]


class Ordered(Chosen):
    """group: an expression of words that puts samples together."""

    group: Expression | None = None


class Points(Chosen):
    """Which plot is asked for: expressions of numbers, and one of words that colours them."""

    x: Expression
    y: Expression
    owner: Literal["sample", "segment"] = "sample"
    colour: Expression | None = None


class Rows(BaseModel):
    """numbers: of samples.  columns: expressions."""

    numbers: list[int] = Field(max_length=500)
    columns: list[Expression] = Field(default_factory=list, max_length=30)


class Row(BaseModel):
    """A sample.  values: of the columns that were asked for, in their order; none where one is missing."""

    number: int
    key: str
    height: int
    width: int
    split: str | None
    segments: int
    values: list[Value]


class Chart(BaseModel):
    """Whose values: an expression of samples or of segments."""

    expression: Expression
    owner: Literal["sample", "segment"] = "sample"


class Charts(Chosen):
    """Which bars are asked for."""

    charts: list[Chart] = Field(max_length=30)


class Bars(BaseModel):
    """See `insight.charts`. edges: of numbers; words: of the others.  problem: why there are none."""

    edges: list[float] = Field(default_factory=list)
    whole: bool = False
    words: list[str] = Field(default_factory=list)
    all: list[int] = Field(default_factory=list)
    chosen: list[int] = Field(default_factory=list)
    others: int = 0
    others_chosen: int = 0
    missing: int = 0
    missing_chosen: int = 0
    problem: str | None = None


class Changing(Choice):
    """values: texts by column, as people write them; nothing takes a value away.  dry_run: only tell.

    numbers: of the samples that change, in place of all that the conditions leave.
    """

    values: dict[str, str] = Field(min_length=1, max_length=20)
    numbers: list[int] | None = Field(default=None, max_length=1_000_000)
    message: str = Field(default="", max_length=500)
    dry_run: bool = True


class ChangedRow(BaseModel):
    """A sample before and after."""

    key: str
    before: dict[str, Value]
    after: dict[str, Value]


class Changes(BaseModel):
    """See `store.BulkChange`. revision: that shows it; as before where nothing was changed."""

    matched: int
    changed: int
    first: list[ChangedRow]
    revision: int


class SavedView(Choice):
    """A name for conditions."""

    name: str = Field(min_length=1, max_length=80)


#: What every row has.
_ROW = ("key", "height", "width", "split", "num_segments")


def router(studio: Studio) -> APIRouter:
    """/api/explore, and marks of an image under /api/images/{number}."""
    routes = APIRouter()
    dataset = studio.dataset
    looking = studio.looking

    @routes.get("/api/explore")
    def explorable() -> Explorable:
        """What there is to ask for."""
        with_predictions = predicting(dataset)
        plain = [name for name in RunInfo.model_fields if name != "predicts"]
        runs = [
            RunInfo(**{name: record[name] for name in plain}, predicts=record["id"] in with_predictions)
            for record in list_runs(dataset)
        ]
        asks = [_described(found) for found in askable(dataset, dataset.frozen())]
        views = {name: list(conditions) for name, conditions in dataset.views().items()}
        return Explorable(revision=dataset.revision, asks=asks, runs=runs, views=views)

    @routes.post("/api/explore/column")
    def column(asked: Written) -> AskableInfo:
        """What an expression says: whose value it is, and its kind."""
        text = asked.expression.strip()
        return _described(Askable(bracketed(text), text, described(dataset.frozen(), text)))

    @routes.post("/api/explore/choose")
    def choose(choice: Ordered) -> Response:
        """The numbers of the samples that are left, in their order: int32, little endian. The headers say the revision,
        how many samples there are in all, and the groups: JSON of words and how many samples have each.
        """
        view = looking.view(choice.where)
        left = looking.left(view, choice.drawn())
        numbers = np.array(view.numbers() if left is None else left, np.int64)
        total = numbers.size if left is None else len(dataset.at(view.revision))
        groups: list[tuple[str | None, int]] = []
        if choice.group:
            numbers, groups = grouped(looking.values(view.revision, choice.group), numbers)
            groups = [(None if word is None else shown(word, 80), count) for word, count in groups]
        headers = {
            "x-revision": str(view.revision),
            "x-groups": json.dumps(groups),
            "x-total": str(total),
            "cache-control": "no-store",
        }
        return Response(numbers.astype("<i4").tobytes(), media_type="application/octet-stream", headers=headers)

    @routes.post("/api/explore/rows")
    def rows(asked: Rows) -> list[Row]:
        """Samples with values, in the order asked for; those that are not there any more are left out."""
        view = dataset.frozen()
        found = [value_arrays(view, name, samples=asked.numbers) for name in (*_ROW, *asked.columns)]
        columns = [plain(values) for values in found]
        by_number = {
            int(number): Row(number=number, key=key, height=height, width=width, split=split, segments=segments,
                             values=values)
            for number, key, height, width, split, segments, *values in zip(found[0].samples, *columns, strict=True)
        }  # fmt: skip
        return [by_number[number] for number in asked.numbers if number in by_number]

    @routes.post("/api/explore/charts")
    def charts(asked: Charts) -> list[Bars]:
        """How often values occur, of all samples and of those that are left."""
        view = looking.view(asked.where)
        chosen = looking.left(view, asked.drawn())
        out = []
        for chart in asked.charts:
            try:
                out.append(_bars(looking.bars(view.revision, chart.expression, chart.owner, chosen=chosen)))
            except UsageError as error:  # a column that is not there any more
                out.append(Bars(problem=str(error)))
        return out

    @routes.post("/api/explore/points")
    def points(asked: Points) -> Response:
        """Two values of all samples or segments, as `_packed` has them, those that are left marked."""
        view = looking.view(asked.where)
        chosen = looking.left(view, asked.drawn())
        found = looking.scatter(view.revision, asked.x, asked.y, asked.owner, colour=asked.colour, chosen=chosen)
        return Response(_packed(found), media_type="application/octet-stream", headers={"cache-control": "no-store"})

    @routes.post("/api/explore/change")
    def change(asked: Changing, request: Request) -> Changes:
        """Give samples values as one revision, or tell what that would change."""
        values = read_values(dataset.columns, [f"{name}={text}" for name, text in asked.values.items()])
        where = list(asked.where)
        if asked.numbers is not None:
            where = [of_numbers(studio, asked.numbers)]
        done = dataset.set_where(
            where, values, dry_run=asked.dry_run, author=person(request), message=asked.message or None
        )
        return _changes(done, dataset.revision)

    @routes.put("/api/explore/views")
    def save_view(asked: SavedView, request: Request) -> dict[str, list[str]]:
        """Keep conditions under a name."""
        dataset.save_view(asked.name, [text for text in asked.where if text.strip()], author=person(request))
        return {name: list(conditions) for name, conditions in dataset.views().items()}

    @routes.delete("/api/explore/views/{name}")
    def drop_view(name: str) -> dict[str, list[str]]:
        """Forget a saved view."""
        dataset.drop_view(name)
        return {name: list(conditions) for name, conditions in dataset.views().items()}

    @routes.get("/api/images/{number}/marks")
    def layer(
        number: int, run: str | None = None, what: Literal["labels", "errors"] = "labels",
        longest: Annotated[int, Query(ge=16, le=4096)] = tiles.THUMB, boxes: bool = False,
    ) -> Response:  # fmt: skip
        """Labels as a PNG of a thumbnail's size, clear where there are none, and where the run did not see the image.

        run: what it predicted, in place of the truth.  what: errors shows where that differs from the truth.
        longest: of its sides, in pixels, where a thumbnail is too small.  boxes: around each object too.
        """
        view = dataset.frozen()
        sample = view.read([number])[0]
        size = tiles.fitting(sample.image.size, longest)
        if run is None:
            drawn = marks(sample.segments, view.classes, size, boxes=boxes)
        elif not (asked := dataset.run(run)).has_predicted(number):
            drawn = marks(sample.segments[:0], view.classes, size)
        else:
            found = asked.predictions([(number, sample)])[0]
            if what == "errors":
                drawn = errors(sample.segments, found, view.classes, size)
            else:
                drawn = marks(found, view.classes, size, dashed=True, boxes=boxes)
        return Response(tiles.png(drawn), media_type="image/png", headers={"cache-control": "no-store"})

    return routes


def _described(found: Askable) -> AskableInfo:
    column = ColumnInfo.of(found.column, built_in=found.built_in)
    can = found.run is None and (settable(found.column) or bulk_segments.settable(found.column))
    return AskableInfo(expression=found.expression, title=found.title, column=column, run=found.run, settable=can)


def plain(values: ValueArrays) -> list[Value]:
    """As JSON has them."""
    if values.codes is not None:
        return [None if code < 0 else values.words[code] for code in values.codes.tolist()]
    assert values.numbers is not None
    known = [number_or_none(number) for number in values.numbers.tolist()]
    if values.kind == "bool":
        return [None if number is None else number > 0 for number in known]
    return [int(number) if number is not None and number.is_integer() else number for number in known]


def _bars(found: NumberBars | WordBars) -> Bars:
    common = {"all": found.all.tolist(), "chosen": found.chosen.tolist(), "missing": found.missing,
              "missing_chosen": found.missing_chosen}  # fmt: skip
    if isinstance(found, NumberBars):
        return Bars(edges=found.edges.tolist(), whole=found.whole, **common)
    return Bars(words=list(found.words), others=found.others, others_chosen=found.others_chosen, **common)


def _packed(found: Scatter) -> bytes:
    """Little endian: the length of the JSON that follows as uint32, the JSON, filled up to four bytes with spaces: how
    many points there are, drawn and in all, the ranges of all, and the words of colours.  Then x and y as float32, a
    bit for each point, whether it is chosen, the first in the lowest bit, and a byte for each, the place of its word.
    """
    head = {"points": found.x.size, "all": found.all, "missing": found.missing, "words": found.words,
            "x": found.x_range, "y": found.y_range}  # fmt: skip
    told = json.dumps(head).encode()
    told += b" " * (-len(told) % 4)
    places = b"" if found.places is None else found.places.tobytes()
    bits = np.packbits(found.chosen, bitorder="little").tobytes()
    return b"".join([np.uint32(len(told)).astype("<u4").tobytes(), told, found.x.astype("<f4").tobytes(),
                     found.y.astype("<f4").tobytes(), bits, places])  # fmt: skip


def _changes(done: BulkChange, revision: int) -> Changes:
    first = [ChangedRow(key=row.key, before=dict(row.before), after=dict(row.after)) for row in done.first]
    return Changes(matched=done.matched, changed=done.changed, first=first, revision=revision)
