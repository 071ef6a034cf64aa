"""Trainings over HTTP: planned, refused field by field, begun, stopped, gone on with."""

import os

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("torch")
from fastapi.testclient import TestClient
from small_trainings import SMALL, end_all, made, status, until
from studio_client import client_of

from maskwright.runs import launching
from maskwright.store import Dataset

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="processes that can be told apart"),
    pytest.mark.timeout(400),
]


@pytest.fixture
def dataset(tmp_path):
    with Dataset.open(made(tmp_path)) as dataset:
        yield dataset
        end_all(dataset)


@pytest.fixture
def page(dataset) -> TestClient:
    return client_of(dataset)


def test_a_plan_is_shown_and_refusals_name_their_fields(page, dataset) -> None:
    assert page.get("/api/trainings").json()["possible"]
    assert "lite" in page.get("/api/trainings").json()["models"]
    plan = page.post("/api/trainings/plan", json={"epochs": "3", "lines": SMALL}).json()
    assert (plan["refused"], plan["training"], plan["validation"]) == ([], 4, 2)
    lines = {name: (value, reason) for name, value, reason in plan["lines"]}
    assert lines["epochs"] == ("3", "given")
    assert lines["model"][1] not in ("", "given")
    wrong = page.post("/api/trainings/plan", json={"name": "a/b", "lines": "--lr fast"}).json()
    assert [refused["field"] for refused in wrong["refused"]] == ["name", "lines"]
    assert wrong["lines"] == []
    for name in ("a/b", "../../up", "; touch here"):
        answer = page.post("/api/trainings", json={"name": name, "epochs": "x"})
        assert answer.status_code == 400
    assert launching.launched(dataset) == {}
    assert len(dataset.runs) == 0


def test_a_training_is_listed_at_once_stopped_and_gone_on_with(page, dataset) -> None:
    wished = {"name": "mine", "epochs": "100000", "model": "lite", "lines": SMALL}
    assert page.post("/api/trainings", json=wished).json() == {"run": "mine"}
    [row] = page.get("/api/runs").json()
    assert (row["id"], row["status"], row["kind"]) == ("mine", "starting", "train")
    run = page.get("/api/runs/mine").json()
    assert (run["made"], run["curves"]) == (False, {})
    assert page.post("/api/trainings", json=wished).status_code == 400, "it is under way"
    assert page.request("DELETE", "/api/trainings/mine", json={}).status_code == 400
    until(dataset, lambda: page.get("/api/runs/mine").json()["curves"])
    assert page.get("/api/runs").json()[0]["status"] == "running"
    assert any("the plan is in" in line for line in page.get("/api/runs/mine/printed").json())
    assert page.post("/api/runs/mine/resume", json={}).status_code == 400, "it is under way"
    assert page.post("/api/runs/mine/stop", json={}).status_code == 200
    until(dataset, lambda: status(dataset, "mine") == "interrupted")
    until(dataset, lambda: not launching.launched(dataset)["mine"].going)
    assert page.post("/api/runs/mine/stop", json={}).status_code == 400
    assert page.post("/api/runs/mine/resume", json={"minutes": "soon"}).status_code == 400
    assert page.post("/api/runs/mine/resume", json={"minutes": "3s"}).status_code == 200
    assert page.get("/api/runs").json()[0]["status"] == "starting"
    until(dataset, lambda: page.get("/api/runs").json()[0]["status"] == "done")


def test_one_that_cannot_begin_is_listed_with_what_it_printed(page, dataset) -> None:
    launching.begin(dataset, lambda file: file.write_text("epochs: some\n"), name="wrong")
    until(dataset, lambda: page.get("/api/runs").json()[0]["status"] == "failed")
    assert not page.get("/api/runs/wrong").json()["made"]
    assert page.get("/api/runs/wrong/printed").json()
    assert page.request("DELETE", "/api/trainings/wrong", json={}).status_code == 200
    assert page.get("/api/runs").json() == []
    assert page.get("/api/runs/wrong").status_code == 400


def test_who_may_only_read_begins_nothing(dataset) -> None:
    with Dataset.open(dataset.place, read_only=True) as still:
        page = client_of(still)
        assert not page.get("/api/trainings").json()["possible"]
        answer = page.post("/api/trainings", json={"name": "mine", "epochs": "1", "model": "lite", "lines": SMALL})
        assert answer.status_code == 400
        assert "read only" in answer.json()["detail"]
    assert launching.launched(dataset) == {}
