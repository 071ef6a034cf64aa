"""What each kind of term means, worked out by hand over four samples, on both databases and in plain Python."""

from contextlib import contextmanager

import numpy as np
import pytest
import sqlalchemy as sql
from condition_cases import declare

from maskwright.core.classes import Class, Classes
from maskwright.core.columns import Column
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.store import Dataset, conditions, schema
from maskwright.store.conditions import grammar

CLASSES = Classes([Class(1, "car"), Class(2, "person")])
COLUMNS = [
    Column("temp", "number"), Column("name", "text"), Column("weather", "category", values=("sun", "rain")),
    Column("taken", "time"), Column("ok", "bool"), Column("mixed", "json", declared=False),
    Column("camera", "json", declared=False), Column("order", "integer"), Column("state", "text"),
    Column("angle", "number", "segment"), Column("order", "integer", "segment"),
    Column("place", "box"), Column("path", "text"), Column("looks", "vector", length=3),
    Column("fahrenheit", "number", unit="°F", expression="temp * 1.8 + 32"),
    Column("warm", "bool", expression="fahrenheit > 50"),
    Column("cars", "integer", expression="count(class = 'car')"),
    Column("share", "number", "segment", expression="area / (height * width)"),
]  # fmt: skip


def _segments(size, *rows) -> Segments:
    """rows: class, area, crowd, score, angle."""
    masks = np.arange(size[0] * size[1]).reshape(1, *size) < np.array([row[1] for row in rows])[:, None, None]
    return Segments(
        Masks.encode(masks), [row[0] for row in rows], is_crowd=[row[2] for row in rows], scores=[row[3] for row in rows],
        attributes=[{} if row[4] is None else {"angle": row[4]} for row in rows],
    )  # fmt: skip


def _sample(key, size, segments, split, weight, **fields) -> Sample:
    return Sample(key, ImageRef(f"/images/{key}.png", size), segments, split, weight, fields)


SAMPLES = [
    _sample("a", (2, 4), _segments((2, 4), (1, 2, False, 0.9, 10), (2, 3, False, np.nan, None)), "train", 1.0,
            temp=5, name="Straße", weather="sun", ok=True, mixed=5, order=1, state="mine", path="x\\y"),
    _sample("b", (2, 4), _segments((2, 4), (1, 1, True, 0.5, None), (1, 4, False, 0.25, -3), (1, 2, False, np.nan, 10)), "val", 2.0,
            temp=12.5, name="STRASSE", weather="rain", ok=False, mixed="5", order=2, path="x%y"),
    _sample("c", (3, 3), Segments.none((3, 3)), None, 0.5,
            temp=-1, name="ÄPFEL", taken="2024-05-01T12:30:00.000000", mixed=True, place=[0, 0, 1, 1]),
    _sample("d", (2, 4), _segments((2, 4), (2, 8, False, 1.0, 0)), "train", 1.0,
            name="äpfel_1", taken="2024-06-01T00:00:00.000000", mixed=[1], camera={"model": "X1", "gain": 2}),
]  # fmt: skip
RUNS = [
    conditions.Measured("r2-train", "train", frozenset({"iou", "segments found"}), frozenset({"iou"})),
    conditions.Measured("r1-evaluate", "evaluate", frozenset({"iou", "loss"})),
]
BESIDE = [
    conditions.Beside("done", "ann", {("r1-evaluate", "iou"): 0.9, ("r1-evaluate", "loss"): 0.0, ("r2-train", "iou"): 0.6,
                                      ("r2-train", "segments found"): 2.0},
                      {("r2-train", 1, "iou"): 0.2, ("r2-train", 2, "iou"): 0.8}),
    conditions.Beside("labelling", None, {("r1-evaluate", "iou"): 0.25, ("r2-train", "iou"): 0.5},
                      {("r2-train", 1, "iou"): 0.5}),
    conditions.Beside(None, None, {("r1-evaluate", "iou"): 0.5, ("r1-evaluate", "loss"): None}),
    conditions.Beside(),
]  # fmt: skip
VIEWS = {"rainy": ("weather = 'rain'",), "two": ("order by temp limit 2",)}

#: A condition, or several of which each takes what the one before left, and the samples it leaves, in their order.
TABLE = [
    # numbers are numbers, and a missing one fulfils no comparison
    ("temp > 9", "b"), ("temp < 9", "ac"), ("temp != 5", "bc"), ("not temp > 9", "acd"), ("not temp != 5", "ad"),
    ("fields.temp >= -1 and temp <= 5.0", "ac"), ("temp = 1.25e1", "b"), ("temp > -1.5", "abc"), ("9 > temp", "ac"),
    ("height < 2.5", "abd"), ("height = 2.5", ""), ("height != 2.5", "abcd"), ("width >= 3.5", "abd"), ("height < 1e400", "abcd"),
    ("weight in (1, 0.5)", "acd"), ("temp in (5, 12.5)", "ab"), ("fields.order in (2.5)", ""), ("fields.order not in (2.5)", "ab"), ("fields.order in (2.0)", "b"), ("temp not in (5)", "bc"), ("not temp in (5)", "bcd"),
    # texts by their bytes: capitals first, A to Z before Ä
    ("split = 'train'", "ad"), ("split != 'train'", "b"), ("not split = 'train'", "bc"), ("name < 'T'", "ab"), ("name > 'z'", "cd"),
    ("split > 'train'", "b"), ("split in ('val', 'test')", "b"), ('key = "a"', "a"), ("name = 'Stra' and ok or key = 'd'", "d"),
    # like: % and _, and A to Z are a to z
    ("name like 'STRA%'", "ab"), ("name like 'ä%'", "d"), ("name like '_pfel%'", "cd"), ("name not like '%s%'", "cd"),
    ("name like '%\\%'", ""), ("split not like 't%'", "b"), ("not split like 't%'", "bc"), ("not (split not like 't%')", "acd"), ("camera.model like 'x_'", "d"),
    ("path like 'x\\%'", "a"), ("path like '%\\y'", "a"), ("path like 'x\\'", ""), ("path like '%\\'", ""), ("path like 'x_y'", "ab"),
    # missing values
    ("split is null", "c"), ("temp is not null", "abc"), ("camera is null", "abc"), ("place is not null", "c"),
    # true and false
    ("ok", "a"), ("not ok", "bcd"), ("ok = false", "b"), ("ok != true", "b"), ("ok = 1", "a"), ("ok is null", "cd"),
    # categories and times
    ("weather = 'sun'", "a"), ("weather != 'sun'", "b"), ("weather in ('sun', 'rain')", "ab"), ("weather like 'R%'", "b"),
    ("taken < '2024-05-02'", "c"), ("taken = '2024-05-01 12:30'", "c"), ("taken > '2024-05-01T12:30'", "d"),
    # several kinds: a comparison is of those values that are of its kind
    ("mixed = 5", "a"), ("mixed = '5'", "b"), ("mixed", "c"), ("mixed != 5", ""), ("mixed > 4", "a"), ("mixed < 'a'", "b"),
    ("mixed in (5, '5')", "ab"), ("mixed not in (5)", "bcd"), ("mixed is not null", "abcd"), ("camera.gain = 2", "d"),
    ("fields.camera.model = 'X1'", "d"), ("mixed = temp", "a"), ("mixed = fields.mixed", "abc"),
    # segments: one fulfils all of it at once
    ("class = 'car' and area > 2", "b"), ("class = 'car' and area = 3", ""), ("area = 3", "a"), ("class != 'car'", "ad"),
    ("not class = 'car'", "ad"), ("is_crowd", "b"), ("score > 0.8", "ad"), ("score is null", "ab"), ("class like 'P%'", "ad"),
    ("class in ('person', 'nobody')", "ad"), ("class = 'nobody'", ""), ("class is null", ""), ("class is not null", "abd"), ("split = 'val' or area = 3", "ab"), ("segment = 3", "b"),
    ("angle > 5", "ab"), ("attributes.angle < 0", "b"), ("class = 'car' and angle is null", "b"), ("share = 0.5", "b"),
    # segments together
    ("any(area > 3)", "bd"), ("none(area > 3)", "ac"), ("not any(area > 3)", "ac"), ("none()", "c"), ("any()", "abd"),
    ("count(class = 'car') > 1", "b"), ("count(class = 'car') = 0", "cd"), ("count() = 2", "a"), ("num_segments = count()", "abcd"),
    ("any(class = 'car' and area > 2) or split is null", "bc"), ("any(class = 'car') and any(class = 'person')", "a"),
    ("any(area > 3) and class = 'person'", "d"), ("any(area = num_segments)", "a"), ("count(class = 'car') = count()", "bc"),
    ("none(split = 'val')", "acd"), ("any(not class = 'car')", "ad"),
    # runs
    ("last.iou < 0.55", "b"), ("last('evaluate').iou < 0.55", "bc"), ("run('r1').iou - run('r2').iou > 0.2", "a"),
    ("run('r1-evaluate').iou is null", "d"), ('last."segments found" = 2', "a"), ("last.loss = 0", "a"),
    ("any(last.iou < 0.4)", "a"), ("class = 'car' and last.iou <= 0.5", "ab"), ("any(last('evaluate').iou < 0.4)", "b"),
    # arithmetic
    ("temp + weight * 2 = 7", "a"), ("(temp + weight) * 2 = 29", "b"), ("-temp > 0", "c"), ("temp / 0 = 1", ""), ("temp / 0 is null", "abcd"),
    ("1 / last.loss is null", "abcd"), ("temp - -1 = 6", "a"), ("weight*1e200 > 0", ""), ("any(area / 2 = 4)", "d"),
    ("abs(temp) = 1", "c"), ("round(temp) = 13", "b"), ("round(temp / 2) = 3", "a"), ("round(temp / 2) = 0", "c"), ("min(temp, weight) = 1", "a"),
    ("max(temp, 0, weight) = 0.5", "c"), ("max(temp, 0) is null", "d"), ("lower(name) = 'strasse'", "b"), ("lower(name) = 'Äpfel'", "c"), ("length(name) = 6", "a"),
    # virtual columns
    ("fahrenheit = 41", "a"), ("warm", "b"), ("not warm", "acd"), ("warm is null", ""), ("cars = 3", "b"), ("share > 0.4", "bd"),
    # workflow, and what is called as it is
    ("state = 'done'", "a"), ("fields.state = 'mine'", "a"), ("assignee is null", "bcd"), ("fields.order = 2", "b"), ('fields."order" = 1', "a"),
    # saved views
    ("view('rainy')", "b"), ("not view('rainy')", "acd"), ("view('two') and ok", "a"),
    # order and limit
    ("order by temp", "cabd"), ("order by temp desc", "bacd"), ("order by split, key desc", "dabc"), ("order by weight desc limit 3", "bad"),
    ("limit 2", "ab"), ("split is not null order by num_segments desc limit 2", "ba"), ("limit 0", ""), ("limit 9000000000", "abcd"), ("ORDER BY last.iou ASC", "bacd"),
    ("order by mixed", "abcd"), ("order by weather desc, temp desc", "abcd"), ("order by length(name), key", "cabd"),
    ("order by count(class = 'person') desc, ok", "adbc"), ("order by name", "bacd"),
    (("limit 3", "order by temp limit 1"), "c"), (("order by temp limit 2", "temp > 0"), "a"), (("order by temp", "limit 3", "split is not null"), "ab"),
    (("order by temp desc", "order by weight"), "cadb"),
]  # fmt: skip


def test_the_table_has_every_word_of_the_language() -> None:
    text = " ".join(line if isinstance(line, str) else " ".join(line) for line, _ in TABLE)
    for word in (*grammar.FUNCTIONS, "any(", "none(", "count(", "last.", "last('", "run('", "view('", "order by", "limit", "like", "in (",
                 "is null", "not", "+", "-", "*", "/"):  # fmt: skip
        assert word in text, word


@pytest.fixture
def dataset(place):
    with made(place) as opened:
        yield opened


@contextmanager
def made(place):
    with Dataset.create(place, CLASSES) as opened:
        with opened.edit("add") as edit:
            for sample in SAMPLES:
                edit.add(sample, hash_image=False)
        with opened.database.writing() as connection:
            declare(connection, COLUMNS)
            for position, run in enumerate(reversed(RUNS)):
                row = {
                    "id": run.id,
                    "kind": run.kind,
                    "number": position,
                    "status": "done",
                    "revision": 1,
                    "created": "",
                }
                connection.execute(schema.runs.insert().values(**row, settings={}, environment={}, scores={}))
            for number, beside in enumerate(BESIDE, 1):
                if beside.state is not None:
                    row = {"state": beside.state, "assignee": beside.assignee, "changed": "", "author": ""}
                    connection.execute(schema.workflow.insert().values(sample=number, **row))
                for (run, name), value in beside.runs.items():
                    row = {"run": run, "sample": number, "name": name, "value": value}
                    connection.execute(schema.run_samples.insert().values(**row))
                for (run, segment, name), value in beside.by_segment.items():
                    row = {"run": run, "sample": number, "segment": segment, "name": name, "value": value}
                    connection.execute(schema.run_segments.insert().values(**row))
        for name, texts in VIEWS.items():
            opened.save_view(name, texts)
        yield opened


def _known() -> conditions.Given:
    return conditions.Given(CLASSES, COLUMNS, runs=RUNS, views=VIEWS)


def test_the_table(dataset) -> None:
    hold_the_table(dataset)


@pytest.mark.postgres
def test_the_table_on_a_server_that_sorts_by_a_language(postgres) -> None:
    name = "by_language"
    engine = sql.create_engine(postgres.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if engine.dialect.server_version_info < (15,):
            pytest.skip("PostgreSQL before 15 has no database of a language of ICU")
        how = "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
        connection.exec_driver_sql(f"CREATE DATABASE {name} {how}")
        with made(postgres.replace("/postgres?", f"/{name}?")) as opened:
            hold_the_table(opened)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


def hold_the_table(dataset: Dataset) -> None:
    assert dataset.numbers() == [1, 2, 3, 4]
    wrong = []
    for line, wanted in TABLE:
        texts = (line,) if isinstance(line, str) else line
        view = dataset
        for text in texts:
            view = view.where(text)
        found = "".join(view.keys())
        reckoned = "".join(SAMPLES[i].key for i in conditions.choose(texts, SAMPLES, _known(), BESIDE))
        if not found == reckoned == wanted:
            wrong.append(f"{line!r}: {found!r}, in Python {reckoned!r}, by hand {wanted!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # the column and its kind are named
        ("split = 5", "character 9: the column 'split' is text, and 5 is a number; text in quotes"),
        ("temp > '9'", "character 8: the column 'temp' is a number, and '9' is text; a number without quotes"),
        ("fields.temp = true", "the column 'fields.temp' is a number, and True is true or false"), ("ok = 'yes'", "the column 'ok' is true or false"),
        ("ok < true", "compares with = and != only"), ("temp in (1, 'a')", "character 13: the column 'temp' is a number"),
        ("temp like '9%'", "the column 'temp' is a number, and like is of text"), ("weather = 'snow'", "the column 'weather': the value is 'snow'; one of sun, rain"),
        ("source in ('human', 'robot')", "the column 'source'.*'robot'"), ("taken > 'noon'", "the column 'taken': the value is 'noon'; a time such as"),
        ("taken > 5", "the column 'taken' is a time, and 5 is a number"), ("split = temp", "the column 'split' is text, and the column 'temp' is a number"),
        ("place = 5", "the column 'place' is a box"), ("looks is null", "the column 'looks' is a vector, which compares with nothing"),
        ("split + 1 > 0", "the column 'split' is text, and arithmetic is of numbers"), ("lower(temp) = 'a'", "the column 'temp' is a number, and lower is of text"),
        ("temp", "expected a comparison: the column 'temp' is a number"), ("camera = fields.temp = 1", "did not expect"),
        ("geometry = 5", "the column 'geometry' is of several kinds"), ("weather = 5", "the column 'weather' is one of sun, rain, and 5"),
        # names that are not there, and those near them
        ("splt = 'a'", "there is no column 'splt'; near it: split"), ("fields.tmep > 1", "there is no column 'fields.tmep'; near it: fields.temp"),
        ("attributes.angel > 1", "near it: attributes.angle"), ("fields.temp.a = 1", "there is no column 'fields.temp.a'"),
        ("order = 1", "samples and segments both have a column 'order'; fields.order or attributes.order"),
        ("last.ioo > 1", "no run has values named 'ioo'; near it: iou"), ("run('r').iou > 0", "2 runs begin with 'r'"), ("run('x').iou > 0", "there is no run 'x'; one of r2-train, r1-evaluate"),
        ("last('predict').iou > 0", "no run has values named 'iou'"), ("run('r2').loss > 0", "the run 'r2-train' has no values named 'loss'"),
        ("view('rany')", "there is no saved view 'rany'; near it: rainy"), ("sqrt(temp) > 1", "there is no function 'sqrt'"), ("fields = 1", "there is no column 'fields'"),
        # shape
        ("min(temp) > 1", "min is of 2 to 9 values, not of 1"), ("order by area", "'area' is a segment's, and a sample has many"), ("limit -1", "there is no column 'limit'"),
        ("limit 1.5", "a limit is a whole number"), ("order by camera.gain, place", "which has no order"), ("temp > 1 limit 2 order by temp", "did not expect 'order'"),
        ("1" + " + 1" * 201 + " > 0", "more than 200 operations of arithmetic"), ("temp" + " * temp" * 60 + " > 0", "too much is computed"), ("abs(" * 31 + "1" + ")" * 31 + " > 0", "more than 30 brackets"),
        ("name like '" + "a" * 10_001 + "'", "a pattern of more than 10000 characters"), ("temp in (" + "1, " * 20_000 + "1)", "more than 20000 values"),
        ("any(" * 9 + "ok" + ")" * 9, "stand in each other, 8 deep"), ("any(" * 8 + "ok or " * 150 + "ok" + ")" * 8, "too much is computed"), ("any(temp > 1", "expected '\\)', found 'the end'"), ("count(area) > 1", "expected a comparison: the column 'area' is a whole number"),
    ],
)  # fmt: skip
def test_a_sentence_says_what_is_wrong_and_where(text, message) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        conditions.choose(text, SAMPLES, _known(), BESIDE)
    assert "at character" in str(caught.value)


def test_the_database_says_the_same_sentence(dataset) -> None:
    for text in ("split = 5", "splt = 'a'", "last.ioo > 1", "run('r').iou > 0", "view('rany')"):
        with pytest.raises(UsageError) as here:
            dataset.where(text)
        with pytest.raises(UsageError) as plain:
            conditions.matches(text, SAMPLES[0], _known())
        assert str(here.value) == str(plain.value)


def test_a_view_obeys_its_order_and_its_limit_everywhere(dataset) -> None:
    view = dataset.where("temp is not null").where("order by temp desc limit 2")
    assert view.keys() == ["b", "a"]
    assert view.numbers() == [2, 1]
    assert len(view) == 2
    assert [sample.key for sample in view] == ["b", "a"]
    assert [sample.key for sample in reversed(view)] == ["a", "b"]
    assert [sample.key for sample in view[::-1]] == ["a", "b"]
    assert (view[0].key, view[-1].key) == ("b", "a")
    assert ("b" in view, "c" in view) == (True, False)
    assert list(view.weights().items()) == [(2, 2.0), (1, 1.0)]
    assert view.splits() == {"train": 1, "val": 1}
    assert [row["segments"] for row in view.class_statistics()] == [4, 1]
    with pytest.raises(IndexError):
        view[2]
    later = view.where("temp > 0 limit 1")
    assert later.keys() == ["b"]
    assert later.frozen() == dataset.at(later.revision).where("temp is not null").where(view.conditions[1]).where(
        "temp > 0 limit 1"
    )


def test_views_have_names(dataset) -> None:
    assert dataset.views() == {"rainy": ("weather = 'rain'",), "two": ("order by temp limit 2",)}
    assert dataset.view("two").keys() == ["c", "a"]
    dataset.save_view("two", dataset.where("order by temp").where("limit 1"), author="ann")
    assert dataset.view("two") == dataset.where("order by temp").where("limit 1")
    assert dataset.where("view('two') or view('rainy')").keys() == ["b", "c"]
    assert dataset.at(1).where("view('rainy')").keys() == []
    dataset.save_view("more", "view('two') and ok is null")
    assert dataset.view("more").keys() == ["c"]
    with pytest.raises(UsageError, match="the saved view 'two' is a part of itself"):
        dataset.save_view("two", "view('more')")
    for name, condition in (("bad", "splt = 'a'"), ("none", ()), ("a/b", "ok")):
        with pytest.raises(UsageError):
            dataset.save_view(name, condition)
    assert sorted(dataset.views()) == ["more", "rainy", "two"]
    dataset.drop_view("rainy")
    for absent in (dataset.view, dataset.drop_view):
        with pytest.raises(UsageError, match="there is no saved view 'rainy'; one of more, two"):
            absent("rainy")


def test_fields_that_nobody_declared_are_compared_as_what_they_are(place) -> None:
    with Dataset.create(place, CLASSES) as opened:
        with opened.edit("add") as edit:
            for sample in SAMPLES:
                edit.add(sample, hash_image=False)
        assert opened.where("fields.temp > 9").keys() == ["b"]
        assert opened.where("attributes.angle < 0").keys() == ["b"]
        assert opened.where("fields.mixed = '5' or fields.mixed").keys() == ["b", "c"]


def test_plain_python_needs_no_dataset() -> None:
    known = conditions.Given(CLASSES, COLUMNS)
    assert [conditions.matches("temp > 0 and count(area > 1) = 2", sample, known) for sample in SAMPLES] == [
        True,
        True,
        False,
        False,
    ]
    assert conditions.choose("fields.a > 1 order by fields.a desc", [SAMPLES[0]], conditions.Given(dynamic=True)) == []
    with pytest.raises(UsageError, match="depends on all others"):
        conditions.matches("temp > 0 limit 1", SAMPLES[0], known)
    with pytest.raises(UsageError, match="depends on all others"):
        conditions.matches("view('two')", SAMPLES[0], _known())
    assert conditions.matches("view('rainy')", SAMPLES[1], _known())


def test_virtual_columns_are_read() -> None:
    own = {column.name: column for column in COLUMNS}
    known = _known()
    assert [conditions.value(own["fahrenheit"], sample, known) for sample in SAMPLES] == [41.0, 54.5, 30.2, None]
    assert [conditions.value(own["warm"], sample, known) for sample in SAMPLES] == [False, True, False, False]
    assert [conditions.value(own["cars"], sample, known) for sample in SAMPLES] == [1, 3, 0, 0]
    assert [conditions.value(own["share"], SAMPLES[1], known, segment=i) for i in range(3)] == [0.125, 0.5, 0.25]
    gain = Column("gain", "number", expression="run('r1').iou - last.iou")
    assert conditions.value(gain, SAMPLES[0], known, BESIDE[0]) == pytest.approx(0.3)
    whole = conditions.value(Column("n", "number", expression="count()"), SAMPLES[0], known)
    assert (whole, type(whole)) == (2.0, float)
    for column, segment in ((own["warm"], 0), (own["share"], None)):
        with pytest.raises(UsageError, match="is of a "):
            conditions.value(column, SAMPLES[0], known, segment=segment)


@pytest.mark.parametrize(
    ("expression", "kind", "owner", "message"),
    [
        ("tmep * 2", "number", "sample", "the column 'new'.*there is no column 'tmep'; near it: temp"), ("temp +", "number", "sample", "'new'.*expected a column"),
        ("new + 1", "number", "sample", "computed from itself: 'new' from 'new'"), ("fields.warmer + 1", "number", "sample", "'new' from 'warmer' from 'new'"),
        ("temp > 5", "number", "sample", "the column 'new' is a number, and its expression is true or false"), ("temp", "integer", "sample", "'new' is a whole number"),
        ("name", "number", "sample", "its expression is text"), ("area * 2", "number", "sample", "'area' is a segment's"), ("view('rainy')", "bool", "sample", "no saved view"),
        ("weather", "category", "sample", None), ("temp * 1", "number", "sample", None), ("count(area > 2)", "integer", "sample", None), ("area * temp", "number", "segment", None),
        ("last.anything - run('what').ever", "number", "sample", None), ("lower(name)", "text", "sample", None), ("taken", "time", "sample", None),
    ],
)  # fmt: skip
def test_an_expression_is_checked_when_it_is_declared(expression, kind, owner, message) -> None:
    values = ("sun", "rain") if kind == "category" else ()
    column = Column("new", kind, owner, values=values, expression=expression)
    beside = [*COLUMNS, Column("warmer", "number", expression="fields.new + 1")] if "warmer" in expression else COLUMNS
    if message is None:
        conditions.check_expression(column, beside)
        return
    with pytest.raises(UsageError, match=message):
        conditions.check_expression(column, beside)


def test_both_databases_bear_what_is_not_refused(dataset) -> None:
    for text, number in (
        ("any(" * 8 + "area > 1 or " * 40 + "ok" + ")" * 8, 3), ("not (" * 29 + "temp" + " * temp" * 38 + " > 1" + ")" * 29, 2),
        ("min(1, " * 29 + "temp" + ")" * 29 + " < 0", 1), (" or ".join(["area > 7 and temp + weight < 0"] * 150), 0),
    ):  # fmt: skip
        assert len(dataset.where(text)) == len(conditions.choose(text, SAMPLES, _known(), BESIDE)) == number


def test_a_column_that_others_depend_on_keeps_its_kind() -> None:
    with pytest.raises(UsageError, match="the column 'fahrenheit'"):
        conditions.check_expression(Column("temp", "text", expression="name"), COLUMNS)


def test_what_is_computed_from_much_is_refused() -> None:
    columns = [Column("v0", "number")]
    columns += [Column(f"v{i}", "number", expression=f"v{i - 1} + v{i - 1}") for i in range(1, 40)]
    known = conditions.Given(CLASSES, columns)
    assert conditions.choose("v5 > 0", [SAMPLES[0]], known) == []
    for text in ("v20 > 0", "v39 > 0"):
        with pytest.raises(UsageError, match="too much is computed"):
            conditions.choose(text, [SAMPLES[0]], known)
