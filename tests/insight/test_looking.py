"""A dataset as it is looked at: what is kept is never old."""

import numpy as np
import pytest
from condition_cases import CLASSES, fill, make

from maskwright.errors import UsageError
from maskwright.insight.askable import askable, bracketed, quoted
from maskwright.insight.looking import Looking
from maskwright.store import Dataset, run_values
from maskwright.store.value_arrays import value_arrays


@pytest.fixture
def dataset(tmp_path):
    with Dataset.create(tmp_path / "set", CLASSES) as dataset:
        fill(dataset, make(5, str(dataset.database.folder)))
        with dataset.database.writing() as connection:
            run_values.write_columns(connection)
        yield dataset


def test_bars_are_of_all_and_of_those_a_condition_leaves(dataset) -> None:
    looking = Looking(dataset)
    view = looking.view(["height > 5", "", "width > 5"])
    assert view.keys() == dataset.where("height > 5").where("width > 5").keys()
    chosen = np.array(view.numbers())
    found = looking.bars(view.revision, "height", chosen=chosen)
    areas = looking.bars(view.revision, "area", "segment", chosen=chosen)
    assert found.all.sum() == len(dataset)
    assert found.chosen.sum() == len(view)
    assert areas.chosen.sum() == sum(len(sample.segments) for sample in view)


def test_an_edit_is_seen_at_once(dataset) -> None:
    looking = Looking(dataset)
    before = looking.bars(dataset.revision, "split")
    dataset.set_where("", {"split": "val"})
    after = looking.bars(dataset.revision, "split")
    assert len(before.words) > 1
    assert after.words == ("val",)


def test_what_a_run_says_later_is_seen_at_once(dataset) -> None:
    looking = Looking(dataset)
    view = looking.view([])
    number = view.numbers()[0]
    run = dataset.run("r1-evaluate")
    expression = "run('r1-evaluate').iou"
    for value in (0.25, 0.75):
        run.log_samples("iou", {number: value})
        found = looking.values(view.revision, expression)
        assert found.numbers[found.samples == number].tolist() == [value]


def test_values_that_are_kept_are_asked_for_once(dataset, monkeypatch) -> None:
    from maskwright.insight import looking as module

    asked = []
    monkeypatch.setattr(module, "value_arrays", lambda *what: asked.append(what) or value_arrays(*what))
    looking = Looking(dataset)
    first = looking.values(dataset.revision, "height")
    assert looking.values(dataset.revision, "height") is first
    assert len(asked) == 1
    monkeypatch.setattr(module, "MOST_BYTES", first.nbytes)
    looking.values(dataset.revision, "width")
    looking.values(dataset.revision, "height")
    assert len(asked) == 3  # memory has a limit


def test_whatever_can_be_asked_is_understood_by_conditions(dataset) -> None:
    found = askable(dataset, dataset.frozen())
    names = {(ask.expression, ask.column.owner) for ask in found}
    assert len(names) == len(found)
    for expression, owner in names:
        value_arrays(dataset, expression, owner)
    expressions = {ask.expression for ask in found}
    assert {"split", "class", "fields.'odd name'", "fields.'a.b'", "run('r2-evaluate').'a.b'", "angle"} <= expressions
    assert "frame_box" not in expressions
    runs = [ask.run for ask in found if ask.run]
    assert runs[0] == "r4-predict"


def test_names_are_quoted_where_conditions_need_it() -> None:
    assert [quoted(name) for name in ("a_1", "a b", "it's", "a.b", "ä")] == ["a_1", "'a b'", "'it''s'", "'a.b'", "'ä'"]


def test_a_mistake_is_told_with_its_place(dataset) -> None:
    with pytest.raises(UsageError, match="character 9"):
        Looking(dataset).view(["height >"])
    assert np.array_equal(Looking(dataset).view(["limit 0"]).numbers(), [])


def test_expressions_have_brackets_where_comparisons_need_them(dataset) -> None:
    alone = ["height", "fields.angle", "count(class = 'x')", "run('a').iou", "lower(split)"]
    assert [bracketed(text) for text in alone] == alone
    for text in ("a - b", "count() - count(area > 1)", "abs(min(a, b))", "count(any(a)) > 1", "(a)", "'text'"):
        assert bracketed(text) == f"({text})"
