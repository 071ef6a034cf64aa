"""Random data and random conditions of every kind, for holding the databases against plain Python."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sql

import maskwright as mw
from maskwright.core.classes import Class, Classes
from maskwright.core.columns import Column
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.store import Dataset, hashes, run_values, schema
from maskwright.store.conditions import Beside, Given, Measured

CLASSES = Classes([Class(1, "car"), Class(2, "Ärger"), Class(5, "person"), Class(7, "CAR_2")])
WORDS = [
    "",
    "a",
    "A",
    "Z",
    "a_b",
    "a%b",
    "a\\b",
    "ä",
    "Ä",
    "straße",
    "Zebra",
    "zebra",
    "日本",
    "𝒳",
    "x'y",
    '"q"',
    "\x7f",
    "aab",
    "10",
    "9",
]
NUMBERS = [
    0.0, -0.0, 1.0, -1.0, 0.1, 0.5, 2.5, -2.5, 3.0, 1e150, 9.9e149, -1e200, 1.7e308, 5e-324, 1e-140, 1e-120, 1e16,
    9007199254740993, -7, 42, 9, 10,
]  # fmt: skip
WHOLE = [0, 1, -1, 2, 3, 9, 10, 49, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63)]
TIMES = [
    "2024-05-01T12:30:00.000000",
    "2024-05-01T10:30:00.000000+00:00",
    "2023-01-31T00:00:00.000000",
    "2024-05-01T12:30:00.000001",
]
WEATHER = ("sun", "rain", "Snow")

COLUMNS = [
    Column("num", "number"), Column("whole", "integer"), Column("words", "text"), Column("ok", "bool"),
    Column("weather", "category", values=WEATHER), Column("taken", "time"), Column("frame_box", "box"),
    Column("mixed", "json", declared=False), Column("odd name", "text", declared=False), Column("camera", "json", declared=False),
    Column("a.b", "integer", declared=False), Column("both", "number"), Column("ref", "reference"),
    Column("angle", "number", "segment"), Column("tag", "text", "segment"), Column("seen", "bool", "segment"),
    Column("loose", "json", "segment", declared=False), Column("both", "number", "segment"),
    Column("twice", "number", expression="num * 2 + weight"), Column("many", "bool", expression="count(class = 'car') > 1"),
    Column("low", "text", expression="lower(words)"), Column("chars", "integer", expression="length(words)"),
    Column("again", "number", expression="max(twice, abs(whole)) / count(area > 3)"),
    Column("share", "number", "segment", expression="area / (height * width)"),
    Column("speed", "number", "sequence"), Column("place", "text", "sequence", declared=False),
    Column("steep", "bool", "segment", expression="angle > 1 or last.iou < 0.5"),
    Column("struck", "bool", "segment", expression="last.hit"), Column("missed", "bool", "segment", expression="run('r3').hit = false"),
]  # fmt: skip

RUNS = [
    Measured("r4-predict", "predict", frozenset({"segments found"})),
    Measured("r3-train", "train", frozenset({"iou"}), frozenset({"iou", "loss", "hit"}), frozenset({"hit"})),
    Measured("r2-evaluate", "evaluate", frozenset({"iou", "loss", "a.b"})),
    Measured("r1-evaluate", "evaluate", frozenset({"iou"})),
]
VIEWS = {
    "cars": ["class = 'car' and area > 2"], "ten": ["order by num desc, key limit 10", "height > 6"],
    "odd one": ["view('ten') or ok", "limit 12"],
}  # fmt: skip


@dataclass
class Cases:
    """Samples of one random dataset, and what is known beside them."""

    samples: list[Sample]
    beside: list[Beside]
    sequences: list[mw.core.Sequence]

    def known(self, dataset: Dataset) -> Given:
        return Given(
            CLASSES, COLUMNS, runs=RUNS, views=VIEWS, folder=dataset.database.folder, sequences=self.sequences
        )  # fmt: skip


def make(seed: int, folder: str, number: int = 40) -> Cases:
    rng = random.Random(seed)

    def maybe(values: Sequence[Any], chance: float = 0.75) -> Any:
        return rng.choice(values) if rng.random() < chance else None

    anything = [*NUMBERS, *WORDS, True, False, None, [1, 2], {"model": "x"}, {"model": 3, "deep": {"er": 1.5}}]
    samples, beside = [], []
    for i in range(number):
        height, width, count = rng.randint(3, 9), rng.randint(3, 9), rng.choice([0, 0, 1, 2, 3, 5])
        masks = np.array([[[rng.random() < 0.3 for _ in range(width)] for _ in range(height)] for _ in range(count)])
        masks = masks.reshape(count, height, width).astype(bool)
        masks[:, 0, 0] = True
        attributes = [
            _there({"angle": maybe(NUMBERS), "tag": maybe(WORDS), "seen": maybe([True, False]),
                    "loose": maybe(anything), "both": maybe(NUMBERS)}) for _ in range(count)
        ]  # fmt: skip
        ids = rng.sample([*range(1, 20), 2**40], count)
        segments = Segments(
            Masks.encode(masks), [rng.choice([1, 2, 5, 7]) for _ in range(count)], ids=ids,
            scores=[rng.choice([np.nan, 0.0, 0.25, 0.5, 1.0]) for _ in range(count)],
            is_crowd=[rng.random() < 0.3 for _ in range(count)],
            source=[rng.choice(["human", "import", "model"]) for _ in range(count)], attributes=attributes,
            more={"annotator": [maybe(["ann", "Bob"]) for _ in range(count)], "parent": [maybe(ids) for _ in range(count)]},
        )  # fmt: skip
        video = maybe(["v1", "v2", "Ä"], 0.5)
        fields = {
            "num": maybe(NUMBERS), "whole": maybe(WHOLE), "words": maybe(WORDS), "ok": maybe([True, False]),
            "weather": maybe(WEATHER), "taken": maybe(TIMES), "frame_box": maybe([[0.0, 0.0, 1.0, 1.0]]),
            "mixed": maybe(anything, 0.9), "odd name": maybe(WORDS), "a.b": maybe(WHOLE), "both": maybe(NUMBERS),
            "camera": maybe([{"model": "x", "gain": 2.5}, {"model": 3}, "none", {"gain": None, "deep": {"er": "1"}}]),
            "ref": maybe(WORDS),
        }  # fmt: skip
        place = f"{folder}/images/{i}.png" if i % 2 else f"s3://bucket/{i}.png"
        image = ImageRef(place, (height, width), maybe(["sha256:0", "sha256:1"]), video, None if video is None else i)
        key = rng.choice(["train", "Val", "ä"]) + f"/{i:03d}"
        split = maybe(["train", "val", "Test"])
        samples.append(Sample(key, image, segments, split, rng.choice([0.0, 0.5, 1.0, 2.0]), _there(fields)))
        measured = {(run.id, name): _value(rng) for run in RUNS for name in sorted(run.by_sample) if rng.random() < 0.8}
        by_segment = {
            (run.id, own, name): _value(rng) for run in RUNS for name in sorted(run.by_segment) for own in ids
            if rng.random() < 0.8
        }  # fmt: skip
        beside.append(Beside(maybe(["labelling", "done"]), maybe(["ann", "Bob"]), measured, by_segment))
    sequences = [
        mw.core.Sequence("v1", "space", (2.5, 1, 1), "RAS", _there({"speed": maybe(NUMBERS), "place": maybe(WORDS)})),
        mw.core.Sequence("Ä", fields=_there({"speed": maybe(NUMBERS)})),
    ]
    return Cases(samples, beside, sequences)


def _there(values: dict[str, Any]) -> dict[str, Any]:
    """Of a missing value either nothing is kept, or that it is missing."""
    return {name: value for place, (name, value) in enumerate(values.items()) if value is not None or place % 2}


def _value(rng: random.Random) -> float | None:
    return rng.choice([None, 0.0, 0.2, 0.4, 0.5, 0.7, 1.0, float("inf")])


def fill(dataset: Dataset, cases: Cases) -> None:
    """Everything into a dataset, some of it twice over, so that it has rows of earlier revisions."""
    with dataset.edit("first") as edit:
        for sample in cases.samples:
            edit.add(sample, hash_image=False)
    with dataset.edit("second") as edit:
        for sequence in cases.sequences:
            if sequence.name in dataset.sequences:
                about = {"spacing": sequence.spacing, "orientation": sequence.orientation, "fields": sequence.fields}
                edit.set_sequence(sequence.name, axis=sequence.axis, **about)
        for sample in cases.samples[::3]:
            edit.set(sample.key, weight=sample.weight + 1)
            if len(sample.segments):
                edit.set_segment(sample.key, int(sample.segments.ids[0]), source="model", class_id=7)
    with dataset.edit("back") as edit:
        for sample in cases.samples[::3]:
            edit.set(sample.key, weight=sample.weight)
            if len(sample.segments):
                own = sample.segments
                edit.set_segment(sample.key, int(own.ids[0]), source=own.source[0], class_id=int(own.class_ids[0]))
    numbers = dataset.numbers()
    with dataset.database.writing() as connection:
        declare(connection, COLUMNS)
        for place, run in enumerate(reversed(RUNS)):
            row = {
                "id": run.id,
                "kind": run.kind,
                "status": "done",
                "revision": 1,
                "created": "2024",
                "number": place + 1,
            }
            connection.execute(schema.runs.insert().values(**row, settings={}, environment={}, scores={}))
            for name in run.bools:
                run_values.note(connection, run.id, Column(name, "bool", "segment", declared=False))
        for name, texts in VIEWS.items():
            row = {"name": name, "conditions": texts, "author": "ann", "created": "2024"}
            connection.execute(schema.views.insert().values(**row))
        for number, beside in zip(numbers, cases.beside, strict=True):
            if beside.state is not None or beside.assignee is not None:
                row = {
                    "sample": number,
                    "state": beside.state,
                    "assignee": beside.assignee,
                    "changed": "",
                    "author": "x",
                }
                connection.execute(schema.workflow.insert().values(**row))
            rows = [{"run": run, "sample": number, "name": name, "value": value}
                    for (run, name), value in beside.runs.items()]  # fmt: skip
            _insert(connection, schema.run_samples, rows)
            rows = [{"run": run, "sample": number, "segment": own, "name": name, "value": value}
                    for (run, own, name), value in beside.by_segment.items()]  # fmt: skip
            _insert(connection, schema.run_segments, rows)


def declare(connection: sql.Connection, columns: Sequence[Column]) -> None:
    """Make these the columns of every revision."""
    connection.execute(schema.columns.delete())
    for place, column in enumerate(columns):
        row = {"position": place, "owner": column.owner, "name": column.name, "definition": column.to_json()}
        connection.execute(schema.columns.insert().values(**row, hash=hashes.of_column(row), added=1))


def _insert(connection: sql.Connection, table: sql.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


class Texts:
    """Random conditions. pick: one of some options."""

    SAMPLE_NUMBERS = (
        "weight", "height", "width", "frame", "num_segments", "fields.num", "num", "whole", "fields.whole", "fields.both",
        'fields."a.b"', "fields.a.b", "twice", "again", "chars", "fields.mixed", "mixed", "fields.camera.gain",
        "camera.deep.er", "last.iou", "last.loss", "last('evaluate').iou", "run('r1-evaluate').iou", "run('r2').loss",
        'last."segments found"', "last('evaluate').a.b", "count()", "sequence.fields.speed", "run('r4')." + '"segments found"',
    )  # fmt: skip
    SEGMENT_NUMBERS = (
        "area",
        "score",
        "class_id",
        "segment",
        "angle",
        "attributes.both",
        "attributes.loose",
        "parent",
        "share",
        "loose",
    )
    SAMPLE_TEXTS = (
        "key", "split", "uri", "video", "checksum", "words", "fields.words", 'fields."odd name"', "mixed", "low", "state",
        "assignee", "sequence", "sequence.orientation", "sequence.fields.place", "fields.camera.model", "camera.deep.er", "ref",
    )  # fmt: skip
    SEGMENT_TEXTS = ("class", "tag", "annotator", "attributes.loose", "attributes.tag")
    SAMPLE_BOOLS = ("ok", "many", "fields.mixed")
    SEGMENT_BOOLS = ("is_crowd", "seen", "steep", "attributes.loose", "struck", "missed")
    SAMPLE_OTHERS = ("fields.frame_box", "mixed", "camera", "weather", "taken", "fields.camera.deep")
    OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "==", "<>")

    def __init__(self, pick: Callable[[Sequence[Any]], Any]) -> None:
        self.pick = pick

    def texts(self) -> list[str]:
        """One to three conditions, each of what the one before left."""
        return [self.query() for _ in range(self.pick((1, 1, 1, 2, 3)))]

    def query(self) -> str:
        what = self.pick((1, 1, 1, 2, 3, 4, 5))
        parts = [] if what in (4, 5) else [self.condition(self.pick((False, False, True)), self.pick((0, 1, 2, 3)))]
        if what in (2, 4, 5):
            keys = [self.key() for _ in range(self.pick((1, 1, 2)))]
            parts.append(f"order by {', '.join(keys)}")
        if what in (3, 5):
            parts.append(f"limit {self.pick((0, 1, 3, 10, 25, 100))}")
        return " ".join(parts)

    def key(self) -> str:
        what = self.pick(("number", "text", "bool", "other"))
        made = {
            "number": lambda: self.number(False, 1), "text": lambda: self.pick(self.SAMPLE_TEXTS),
            "bool": lambda: self.pick(self.SAMPLE_BOOLS), "other": lambda: self.pick(("weather", "taken", "mixed")),
        }  # fmt: skip
        return made[what]() + self.pick(("", " asc", " desc", " DESC"))

    def condition(self, segment: bool, depth: int) -> str:
        """segment: whether terms of one segment may stand in it."""
        if depth <= 0:
            return self.comparison(segment)
        what = self.pick(("and", "or", "not", "over", "count", "leaf", "leaf", "view"))
        if what in ("and", "or"):
            parts = [self.condition(segment, depth - 1) for _ in range(self.pick((2, 2, 3)))]
            return f"({f' {what} '.join(parts)})"
        if what == "not":
            return f"not ({self.condition(segment, depth - 1)})"
        if what == "over":
            return f"{self.pick(('any', 'none'))}({self.condition(True, depth - 1)})"
        if what == "count":
            inside = self.pick(("", self.condition(True, depth - 1)))
            return f"count({inside}) {self.pick(self.OPERATORS)} {self.pick((0, 1, 2, 1.5))}"
        if what == "view":
            return f"view('{self.pick(tuple(VIEWS))}')"
        return self.comparison(segment)

    def comparison(self, segment: bool) -> str:
        what = self.pick(("number", "number", "number", "text", "text", "bool", "in", "like", "null", "other", "mixed"))
        negative = self.pick(("", "not "))
        if what == "number":
            left, right = self.number(segment, 2), self.number(segment, 1)
            return f"{left} {self.pick(self.OPERATORS)} {right}"
        if what == "text":
            right = self.pick((self.quoted(self.pick(WORDS)), self.text(segment)))
            return f"{self.text(segment)} {self.pick(self.OPERATORS)} {right}"
        if what == "bool":
            return f"{self.flag(segment)}{self.pick(('', ' = true', ' != true', ' = 0', ' <> false'))}"
        if what == "in":
            kind = self.pick(("number", "text", "class", "many"))
            if kind == "number":
                values = ", ".join(str(self.pick((*NUMBERS[:12], *WHOLE))) for _ in range(3))
                return f"{self.column_number(segment)} {negative}in ({values})"
            if kind == "many":
                values = ", ".join(str(value) for value in (*range(60), 0.5, 2.5))
                return f"{self.column_number(segment)} {negative}in ({values})"
            if kind == "class" and segment:
                return f"class {negative}in ('car', 'nobody', 'Ärger')"
            values = ", ".join(self.quoted(self.pick(WORDS)) for _ in range(self.pick((1, 3, 60))))
            return f"{self.text(segment)} {negative}in ({values})"
        if what == "like":
            pattern = "".join(
                self.pick(("a", "A", "%", "_", "b", "ä", "z", "\\", "Z", "r")) for _ in range(self.pick((0, 1, 2, 4)))
            )
            return f"{self.text(segment)} {negative}like {self.quoted(pattern)}"
        if what == "null":
            return f"{self.anything(segment)} is {negative}null"
        if what == "other":
            return self.pick((
                "sequence.axis = 'space'", "sequence.axis != 'space'", "sequence.axis is null", "sequence.spacing is null",
                "weather = 'sun'", "weather != 'rain'", "weather in ('sun', 'Snow')", "weather < 'sun'", "weather like 's%'",
                "taken < '2024-05-01T12:30:00'", "taken = '2024-05-01T12:30:00+02:00'", "taken >= '2024-05-01'",
                "taken > '2024-05-01T12:30'", "taken not in ('2023-01-31')", 'words < fields."odd name"',
                *(("source = 'model'", "source in ('human', 'import')", "class = fields.words", "lower(class) = 'car'",
                   "length(class) > 3", "class is null", "class >= 'a'") if segment else ()),
            ))  # fmt: skip
        return self.pick((
            f"mixed {self.pick(self.OPERATORS)} fields.camera", "mixed in (1, 'a', true, 9)", "mixed not in (1, 'a')",
            f"mixed {self.pick(self.OPERATORS)} {self.quoted(self.pick(WORDS))}", "mixed = true", "mixed",
            "mixed = fields.camera.model", "fields.camera.model = 3", "fields.mixed.model is not null",
        ))  # fmt: skip

    def column_number(self, segment: bool) -> str:
        return self.pick((*self.SAMPLE_NUMBERS, *(self.SEGMENT_NUMBERS * 2 if segment else ())))

    def number(self, segment: bool, depth: int) -> str:
        what = self.pick(
            ("literal", "column", "column", "column", "sum", "function")
            if depth > 0
            else ("literal", "column", "column")
        )
        if what == "literal":
            return str(self.pick((*NUMBERS, *WHOLE, "1e400", "-1e400", 0.4)))
        if what == "column":
            return self.column_number(segment)
        inside = [self.number(segment, depth - 1) for _ in range(self.pick((2, 2, 3)))]
        if what == "sum":
            return f"({inside[0]} {self.pick('+-*/')} {self.pick(('', '', '-', '- -'))}{inside[1]})"
        name = self.pick(("abs", "round", "min", "max", "length"))
        if name in ("abs", "round"):
            return f"{name}({inside[0]})"
        return f"length({self.text(segment)})" if name == "length" else f"{name}({', '.join(inside)})"

    def text(self, segment: bool) -> str:
        found = self.pick((*self.SAMPLE_TEXTS, *(self.SEGMENT_TEXTS * 3 if segment else ())))
        return f"lower({found})" if self.pick((0, 0, 0, 1)) else found

    def flag(self, segment: bool) -> str:
        return self.pick((*self.SAMPLE_BOOLS, *(self.SEGMENT_BOOLS if segment else ())))

    def anything(self, segment: bool) -> str:
        return self.pick((
            *self.SAMPLE_NUMBERS, *self.SAMPLE_TEXTS, *self.SAMPLE_BOOLS, *self.SAMPLE_OTHERS, "(num / whole)", "(key = 'a')",
            *((*self.SEGMENT_NUMBERS, *self.SEGMENT_TEXTS, *self.SEGMENT_BOOLS, "geometry") if segment else ()),
        ))  # fmt: skip

    @staticmethod
    def quoted(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"
