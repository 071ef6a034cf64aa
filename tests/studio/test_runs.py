"""Runs over HTTP: at a glance, whole, and what people say of them."""

import io
import math

import numpy as np
import pytest

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient
from PIL import Image
from studio_client import client_of

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.runs import Run, evaluate
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


@pytest.fixture
def judged(tmp_path):
    """A run over two images whose predictions are half right, evaluated; and a run that nobody evaluated."""

    def strips(*edges: tuple[int, int]) -> Masks:
        dense = np.zeros((len(edges), 10, 40), bool)
        for mask, (left, right) in zip(dense, edges, strict=True):
            mask[:, left:right] = True
        return Masks.encode(dense)

    with Dataset.create(tmp_path / "judged", Classes([Class(1, "car"), Class(2, "street lamp's")])) as dataset:
        truth = Segments(strips((0, 8), (10, 18)), [1, 2])
        with dataset.edit("labels") as edit:
            for key in ("a", "b", "c"):
                edit.add(Sample(key, ImageRef(f"{key}.png", (10, 40)), truth), hash_image=False)
        run = Run.start(dataset, "predict", {}, name="it's x")
        wrong = Segments(strips((0, 8), (10, 14)), [2, 2], scores=[0.9, 0.8])
        part = Segments(strips((0, 2), (30, 40)), [2, 1], scores=[0.9, 0.8])
        run.add_predictions(zip(dataset.numbers(), (truth, wrong, part), strict=True))
        evaluate(dataset, run)
        Run.start(dataset, "predict", {}, name="new").finish()
        run.finish()
        yield dataset


def test_what_is_taken_for_what_and_where(judged) -> None:
    page = client_of(judged)
    told = page.get("/api/runs/it's x/confusion").json()
    assert told["classes"] == ["car", "street lamp's", "background"]
    assert [0, 1, 100] in told["pixels"]
    assert told["objects"] == [[0, 0, 1], [0, 1, 1], [0, 3, 1], [1, 1, 2], [1, 3, 1], [3, 0, 1], [3, 1, 1]]
    _, b, c = judged.numbers()
    cell = {"truth": "car", "predicted": "street lamp's", "of": "pixels"}
    found = page.post("/api/runs/it's x/confused", json=cell).json()
    assert (found["numbers"], found["counts"]) == ([b, c], [80, 20])
    asked = {"where": [f"{found['expression']} > 0", f"order by {found['expression']}"]}
    left = np.frombuffer(page.post("/api/explore/choose", json=asked).content, "<i4")
    assert left.tolist() == [c, b]
    again = page.post("/api/runs/it's x/confused", json={"truth": "car", "of": "objects"}).json()
    assert (again["numbers"], again["counts"]) == ([c], [1])
    assert page.post("/api/runs/it's x/confused", json={"truth": "bus"}).status_code == 400
    assert page.get("/api/runs/new/confusion").json() is None
    refused = page.post("/api/runs/new/confused", json=cell)
    assert (refused.status_code, "maskwright evaluate" in refused.text) == (400, True)


def test_how_sure_a_run_is_and_how_right(judged) -> None:
    page = client_of(judged)
    told = page.get("/api/runs/it's x/objects").json()
    assert told["objects"] == {"car": 3, "street lamp's": 3}
    # cars: found once, with no score; in another image a wrong one.  lamps: 0.9 wrong twice, 0.8 half of one.
    assert told["precision"]["car"] == [0.0] + [None] * 100
    assert told["precision"]["street lamp's"][:34] == [1 / 3] * 34
    assert told["precision"]["street lamp's"][34:] == [None] * 67
    assert [(bin_["predictions"], bin_["right"]) for bin_ in told["calibration"] if bin_["predictions"]] == [
        (2, 0.5), (2, 0.0),
    ]  # fmt: skip
    assert told["expected_error"] == pytest.approx((0.3 + 0.9) / 2)
    assert told["sizes"] == [{"low": 64, "high": 256, "objects": 6, "iou": pytest.approx((1 + 1 + 0.5) / 6)}]
    assert page.get("/api/runs/new/objects").json() is None


def test_images_and_layers_of_a_training(page, dataset) -> None:
    run = dataset.run("first")
    for step in (10, 20):
        run.log_image(step, "val/p0", np.full((6, 24, 3), 5 * step, np.uint8))
        run.log_histogram(step, "weights/head.weight", [0.0, 0.5, 1.0, math.inf], bins=2)
    told = page.get("/api/runs/first/images").json()
    assert told == [{"name": "val-p0", "step": 10}, {"name": "val-p0", "step": 20}]
    answer = page.get("/api/runs/first/image", params=told[1])
    assert answer.headers["content-type"] == "image/jpeg"
    assert abs(int(np.asarray(Image.open(io.BytesIO(answer.content)))[3, 12, 0]) - 100) <= 2
    assert page.get("/api/runs/first/image", params={"name": "../../maskwright", "step": 10}).status_code == 400
    rows = page.get("/api/runs/first/histograms").json()
    assert [row["step"] for row in rows["weights/head.weight"]] == [10, 20]
    assert rows["weights/head.weight"][0] == {"step": 10, "counts": [1, 2], "low": 0.0, "high": 1.0, "not_finite": 1}
    assert page.get("/api/runs/second/images").json() == []
    assert page.get("/api/runs/second/histograms").json() == {}
