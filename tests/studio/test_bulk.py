"""Objects of many images changed at once over HTTP: told before, one revision, refused where they cannot be."""

import numpy as np
import pytest

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient
from studio_client import client_of

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.runs import Run
from maskwright.store import Dataset
from maskwright.store.dataset import user_name

pytestmark = pytest.mark.filterwarnings("ignore")
SIZE = (6, 8)


def spans(*widths: int) -> Masks:
    masks = np.zeros((len(widths), *SIZE), bool)
    for mask, width in zip(masks, widths, strict=True):
        mask[:, :width] = True
    return Masks.encode(masks)


@pytest.fixture
def dataset(tmp_path):
    """p0 to p3: a car, k + 1 columns wide, and a lamp; the run "found" saw a lamp on all of them."""
    with Dataset.create(tmp_path / "set", Classes([Class(1, "car"), Class(2, "lamp")])) as made:
        made.columns.add("seen", "bool", owner="segment")
        with made.edit("images") as edit:
            for k in range(4):
                labels = Segments(spans(k + 1, 8), [1, 2], source="human")
                edit.add(Sample(f"p{k}", ImageRef(f"/images/p{k}.png", SIZE), labels), hash_image=False)
        run = Run.start(made, "predict", {}, name="found")
        run.add_predictions([(number, Segments(spans(5), [2], scores=[0.5])) for number in made.numbers()])
        run.finish()
        yield made


@pytest.fixture
def page(dataset) -> TestClient:
    return client_of(dataset)


def told(page, dataset, **asked) -> dict:
    answer = page.post("/api/explore/change-objects", json={"numbers": dataset.numbers(), **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_class_goes_to_objects_of_the_images_that_are_named(page, dataset) -> None:
    before = dataset.revision
    wish = {"what": "set", "segments": "class = 'car' and area < 20", "values": {"class": "lamp"}}
    found = told(page, dataset, numbers=dataset.numbers()[1:], **wish)
    assert (found["matched"], found["samples"], found["changed"], found["revision"]) == (3, 2, 2, before)
    row = {"key": "p1", "segment": "1", "before": {"class": "car"}, "after": {"class": "lamp"}}
    assert found["first"][0] == row
    assert dataset.revision == before
    done = told(page, dataset, numbers=dataset.numbers()[1:], **wish, message="too small for cars", dry_run=False)
    assert done == {**found, "revision": before + 1}
    newest = dataset.log()[0]
    assert (newest.message, newest.author) == ("too small for cars", user_name())
    assert [sample.segments.class_ids.tolist() for sample in dataset] == [[1, 2], [2, 2], [2, 2], [1, 2]]
    assert told(page, dataset, what="set", values={"attributes.seen": "yes"}, dry_run=False)["changed"] == 8
    assert len(dataset.where("none(seen = false) and any(seen)")) == 4


def test_objects_and_images_go(page, dataset) -> None:
    numbers = dataset.numbers()
    assert told(page, dataset, what="delete", segments="class = 'lamp'", dry_run=False)["removed"] == 4
    assert told(page, dataset, what="delete", numbers=numbers[:1], dry_run=False)["removed"] == 1
    found = told(page, dataset, what="delete images", numbers=numbers[:2])
    assert (found["samples"], found["removed"]) == (2, 1)
    assert found["first"][0] == {"key": "p0", "segment": None, "before": {"split": None, "segments": 0}, "after": None}
    told(page, dataset, what="delete images", numbers=numbers[:2], dry_run=False)
    assert dataset.keys() == ["p2", "p3"]
    assert told(page, dataset, what="delete images", numbers=[], dry_run=False)["samples"] == 0
    assert told(page, dataset, what="delete images", numbers=numbers[:2], dry_run=False)["samples"] == 0
    assert dataset.keys() == ["p2", "p3"]


def test_predictions_become_labels(page, dataset) -> None:
    wish = {"what": "accept", "run": "found", "replace": True, "classes": ["lamp"], "least_score": 0.5}
    found = told(page, dataset, numbers=dataset.numbers()[:2], **wish)
    assert (found["samples"], found["added"], found["removed"]) == (2, 2, 2)
    assert told(page, dataset, numbers=dataset.numbers()[:2], **wish, dry_run=False)["added"] == 2
    assert [sample.segments.source for sample in dataset][1:3] == [["human", "model"], ["human", "human"]]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"what": "set", "values": {}}, "nothing to set"),
        ({"what": "set", "values": {"class": "lmp"}}, "near it: lamp"),
        ({"what": "set", "values": {"attributes.seen": "perhaps"}}, "seen"),
        ({"what": "delete", "segments": "area >"}, "at character 7"),
        ({"what": "accept"}, "whose predictions"),
        ({"what": "accept", "run": "nobody"}, "nobody"),
        ({"what": "accept", "run": "found", "classes": []}, "no class is named"),
    ],
)
def test_what_cannot_be_is_refused(page, dataset, asked: dict, said: str) -> None:
    for dry in (True, False):
        answer = page.post("/api/explore/change-objects", json={"numbers": dataset.numbers(), "dry_run": dry, **asked})
        assert answer.status_code == 400
        assert said in answer.json()["detail"]
    assert dataset.revision == 3


def test_the_page_knows_what_objects_can_be_given(page) -> None:
    asks = page.get("/api/explore").json()["asks"]
    can = {ask["title"] for ask in asks if ask["settable"] and ask["column"]["owner"] == "segment"}
    assert can == {"class", "source", "is_crowd", "seen"}
