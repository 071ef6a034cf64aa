"""Runs over HTTP: at a glance, whole, and what people say of them."""

import math

import pytest

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient
from studio_client import client_of

from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.runs import Run
from maskwright.runs.record import last_evaluations
from maskwright.store import Dataset
from maskwright.studio.routes import runs as routes

pytestmark = pytest.mark.filterwarnings("ignore")


MOST_POINTS = 10


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    """A run that is done and was evaluated twice, and one that goes on."""
    monkeypatch.setattr(routes, "MOST_POINTS", MOST_POINTS)
    with Dataset.create(tmp_path / "set", Classes([Class(1, "car"), Class(2, "lamp")])) as dataset:
        with dataset.edit("image") as edit:
            edit.add(Sample("p0", ImageRef("p0.png", (6, 8)), Segments.none((6, 8))), hash_image=False)
        run = Run.start(dataset, "train", {"model": "lite", "lr": 0.1}, name="first")
        for step in range(3 * MOST_POINTS):
            run.log(step, {"train/loss": 1 / (1 + step)})
        run.log(7, {"val/mean_iou": math.nan})
        run.log_samples("mean_iou", {dataset.numbers()[0]: 0.25})
        run.finish(scores={"mean_iou": 0.25, "iou": [0.25], "classes": {"car": 0.25, "lamp": math.nan}})
        for score in (0.5, 0.75):
            scores = {
                "mean_iou": score,
                "classes": {"car": score},
                "intervals": {"mean_iou": [score - 0.1, score + 0.1]},
            }
            run.add_evaluation(1, {"name": f"at {score}", "where": ["split = 'val'"]}, scores)
        going = Run.start(dataset, "train", {"model": "unet"}, name="second", tags=["try"])
        yield dataset
        going.finish()


@pytest.fixture
def page(dataset) -> TestClient:
    return client_of(dataset)


def test_all_runs_at_a_glance(page) -> None:
    second, first = page.get("/api/runs").json()
    assert (second["id"], second["status"], second["model"], second["tags"], second["score"]) == (
        "second", "running", "unet", ["try"], None,
    )  # fmt: skip
    assert (first["id"], first["status"], first["score"]) == ("first", "done", 0.75)


def test_a_run_whole(page) -> None:
    run = page.get("/api/runs/first").json()
    assert run["settings"]["lr"] == 0.1
    assert run["scores"] == {"mean_iou": 0.25, "classes/car": 0.25}
    assert run["per_sample"] == ["mean_iou"]
    curve = run["curves"]["train/loss"]
    assert len(curve) <= MOST_POINTS + 1
    assert curve[0] == [0, 1.0]
    assert curve[-1][0] == 3 * MOST_POINTS - 1
    assert "val/mean_iou" not in run["curves"]
    before, last = run["evaluations"]
    assert (before["name"], last["scores"]) == ("at 0.5", {"mean_iou": 0.75, "classes/car": 0.75})
    assert last["intervals"] == {"mean_iou": [0.65, 0.85]}
    assert last["where"] == ["split = 'val'"]
    assert page.get("/api/runs/nothing").status_code == 400


def test_people_say_what_a_run_is(page, dataset) -> None:
    said = page.put("/api/runs/first", json={"tags": ["best", "kept"], "notes": "With **more** rain."}).json()
    assert (said["tags"], said["notes"]) == (["best", "kept"], "With **more** rain.")
    page.put("/api/runs/first", json={"tags": []})
    run = dataset.run("first")
    assert (tuple(run.tags), run.notes) == ((), "With **more** rain.")
    assert page.put("/api/runs/first", json={"tags": [""]}).status_code == 400


def test_the_newest_evaluation_of_every_run(dataset) -> None:
    found = last_evaluations(dataset)
    assert list(found) == ["first"]
    assert found["first"]["scores"]["mean_iou"] == 0.75
    assert found["first"]["settings"]["name"] == "at 0.75"
