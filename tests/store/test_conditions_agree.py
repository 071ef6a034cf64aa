"""SQLite and PostgreSQL give the rows that plain Python gives, over random conditions and random data."""

import pytest
from condition_cases import CLASSES, Texts, fill, make
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwright.store import Dataset
from maskwright.store.conditions import choose


@st.composite
def conditions(draw: st.DrawFn) -> list[str]:
    return Texts(lambda options: draw(st.sampled_from(options))).texts()


def agree(place: str, seed: int, number: int) -> None:
    with Dataset.create(place, CLASSES) as dataset:
        cases = make(seed, str(dataset.database.folder or "/images"))
        fill(dataset, cases)
        known = cases.known(dataset)
        keys = [sample.key for sample in cases.samples]

        @settings(max_examples=number, database=None, suppress_health_check=list(HealthCheck))
        @given(conditions())
        def check(texts: list[str]) -> None:
            wanted = [keys[i] for i in choose(texts, cases.samples, known, cases.beside)]
            view = dataset
            for text in texts:
                view = view.where(text)
            assert view.keys() == wanted
            assert len(view) == len(wanted)

        check()


def test_some_conditions(place) -> None:
    agree(place, 0, 150)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, 6))
def test_five_thousand_conditions(place, seed) -> None:
    agree(place, seed, 1000)
