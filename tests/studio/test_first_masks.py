"""First masks: suggestions before anything is labelled, in the background, with a result that says what was found."""

import base64
import json
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
from fastapi.testclient import TestClient
from first_masks_scene import blobs

from maskwright import fewshot, formats
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.fewshot import first_masks
from maskwright.interactive import engines
from maskwright.interactive.prompts import Answer
from maskwright.labelling import assignments, workflow
from maskwright.runs import Run, list_runs
from maskwright.runs.record import find
from maskwright.store import Dataset
from maskwright.studio import Settings, create_app, open_place

pytestmark = pytest.mark.filterwarnings("ignore")
TOKEN = "a-token-of-enough-letters"
HOME = "http://127.0.0.1:8181"


@pytest.fixture
def dataset(tmp_path):
    for k in range(3):
        Image.fromarray(blobs(k)[0]).save(tmp_path / f"p{k}.png")
    Image.fromarray(np.full((90, 120, 3), 80, np.uint8)).save(tmp_path / "p3.png")  # nothing is there
    opened, _ = open_place(str(tmp_path), classes="cell,other")
    with opened:
        yield opened


def known(app) -> TestClient:
    client = TestClient(app, base_url=HOME, headers={"origin": HOME})
    client.get(f"/?token={TOKEN}")
    return client


@pytest.fixture
def page(dataset):
    return known(create_app(dataset, Settings(TOKEN)))


def finished(page: TestClient, job: dict) -> dict:
    for _ in range(1200):
        job = page.get(f"/api/jobs/{job['id']}").json()
        if job["status"] != "running":
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def begun(page: TestClient, **wishes: object) -> dict:
    answer = page.post("/api/first-masks", json={"source": "everything"} | wishes)
    assert answer.status_code == 200, answer.text
    return finished(page, answer.json())


def sources(page: TestClient) -> dict[str, dict]:
    return {source["name"]: source for source in page.get("/api/first-masks").json()["sources"]}


def gesture(page: TestClient, number: int, name: str, **parts: object) -> None:
    operation = {"id": f"gesture-{name}", "kind": name.replace("-", " "), "base": {}, **parts}
    answer = page.post(f"/api/images/{number}/operations", json={"operations": [operation]})
    assert answer.status_code == 200, answer.text


def rows(page: TestClient) -> dict[int, dict]:
    return {row["number"]: row for row in page.get("/api/project").json()["images"]}


# -- what is possible -----------------------------------------------------------------------------


def test_sources_that_are_not_possible_say_what_to_do(page) -> None:
    found = sources(page)
    assert [choice["name"] for choice in found["everything"]["choices"]] == ["classical"]
    assert not found["everything"]["lacks"]
    assert "--weights sam3=hub:facebook/sam3 (SAM License" in found["words"]["lacks"]
    assert "maskwright train" in found["run"]["lacks"]
    assert found["examples"]["lacks"] == "2 finished images are needed, with cell and other on them."
    for source in ("words", "run", "examples"):
        refused = page.post("/api/first-masks", json={"source": source, "words": "cell"})
        assert refused.status_code == 400
        assert found[source]["lacks"].rstrip(".") in refused.json()["detail"]
    wrong = page.post("/api/first-masks", json={"source": "everything", "choice": "sam9"})
    assert "classical" in wrong.json()["detail"]
    assert page.post("/api/first-masks", json={"source": "everything", "class_id": 77}).status_code == 400
    assert page.post("/api/first-masks", json={"source": "everything", "number": 99}).status_code in (400, 404, 422)


def test_how_many_finished_images_are_needed_is_said_before(page, dataset) -> None:
    def ready() -> dict:
        return page.get("/api/first-masks").json()["readiness"]

    def label(number: int, class_id: int, name: str) -> None:
        counts = Masks.encode(blobs(number - 1)[1].any(axis=0)[None]).compressed()[0].decode()
        gesture(
            page, number, name, put=[{"id": 5, "class_id": class_id, "counts": counts}], workflow={"state": "labelled"}
        )

    assert ready()["more"] == 2
    refused = page.post("/api/propagate", json={"engine": "forest"})
    assert refused.status_code == 400
    assert "2 finished images are needed" in refused.json()["detail"]
    label(1, 1, "first-image")
    assert ready()["words"] == "1 more finished image is needed, with other on it."
    label(2, 1, "second-image")
    now = ready()
    assert (now["more"], now["missing"]) == (0, ["other"])
    assert now["words"] == "Learns from 2 finished images. None of them has other, so none will be suggested."
    job = finished(page, page.post("/api/propagate", json={"engine": "forest"}).json())
    assert job["status"] == "done", job
    assert re.match(r"\d+ masks? suggested on \d images?, learned from 2\. Expected mean IoU", job["words"])
    assert page.get("/api/jobs").json() == job  # a page that is loaded anew shows it
    assert job["result"]["objects"] > 0
    assert str(job["result"]["objects"]) == job["words"].split()[0]
    for number, name in ((3, "third-image"), (4, "fourth-image")):
        gesture(page, number, name, workflow={"state": "labelled"})
    refused = page.post("/api/propagate", json={"engine": "forest"})
    assert refused.status_code == 400
    assert "nothing is left to label" in refused.json()["detail"]


class Blind:
    """Finds nothing; its learning takes steps."""

    window = None

    def fit(self, samples, classes) -> None:
        self.size = samples[0].image.size

    def predict(self, image) -> fewshot.Prediction:
        size = image.shape[:2]
        return fewshot.Prediction(Segments.none(size), np.zeros(size, np.float32))


def test_a_round_that_finds_nothing_says_why_and_learning_is_counted(dataset) -> None:
    with dataset.edit("two are labelled") as edit:
        for number in (1, 2):
            key = dataset.read([number])[0].key
            edit.put(key, Segments(Masks.encode(blobs(number - 1)[1].any(axis=0)[None]), [1]))
    steps = []

    def learning(folds):
        for fold in folds:
            steps.append(fold)
            yield fold

    done = fewshot.propagate(dataset, dataset.frozen(), Blind(), engine="forest", learning=learning)
    assert steps == [0, 1]
    assert (done.objects, done.empty) == (0, done.suggested)
    assert done.words.startswith(f"No mask was made: nothing on {done.suggested} images looks like what was learned")


def test_documents_and_page_say_alike_how_many_finished_images_are_needed() -> None:
    named = {1: "one", 2: "two", 3: "three", 4: "four"}
    root = Path(__file__).parents[2]
    how_to = (root / "docs" / "how-to" / "label-a-folder.md").read_text(encoding="utf-8")
    reference = (root / "docs" / "reference" / "studio.md").read_text(encoding="utf-8")
    assert f"With {named[first_masks.EXAMPLES]} finished images, press" in how_to
    assert f"finish {named[first_masks.EXAMPLES]} by hand" in how_to
    assert f"{named[first_masks.EXAMPLES].capitalize()} finished images are needed" in reference
    page = root / "web" / "src" / "pages" / "label" / "store" / "jobs.ts"
    [again] = re.findall(r"AGAIN = (\d+);", page.read_text(encoding="utf-8"))
    assert f"after {named[int(again)]} more finished images" in reference


# -- everything -----------------------------------------------------------------------------------


def test_a_fresh_folder_is_labelled_beforehand_in_one_action(page, dataset) -> None:
    job = begun(page, class_id=2)
    assert job["status"] == "done", job
    truths = [blobs(k)[1] for k in range(3)]
    objects = sum(len(truth) for truth in truths)
    assert job["words"] == f"{objects} objects suggested on 3 images. Nothing was found on 1 image."
    assert (job["result"]["objects"], job["result"]["images"], job["result"]["empty"]) == (objects, 3, 1)
    assert all(not len(sample.segments) for sample in dataset)  # no label is made
    assert [row["confidence"] is not None for row in rows(page).values()] == [True, True, True, False]
    for number, truth in enumerate(truths, 1):
        offered = page.get(f"/api/images/{number}/suggestion").json()
        found = Masks.from_compressed([segment["counts"] for segment in offered["objects"]], truth.shape[1:])
        assert found.iou(Masks.encode(truth)).max(axis=0).min() > 0.97
        assert {segment["class_id"] for segment in offered["objects"]} == {2}
        scores = [segment["score"] for segment in offered["objects"]]
        assert scores == sorted(scores)  # the surest on top
        assert all(0.5 < score <= 1 for score in scores)
        assert offered["objects"][0]["attributes"] == {"suggested_by": job["result"]["run"]}
    assert [row["kind"] for row in list_runs(dataset)] == ["suggest"]


def test_images_with_labels_are_left_alone_unless_one_is_asked_for(page, dataset) -> None:
    counts = Masks.encode(blobs(0)[1][:1]).compressed()[0].decode()
    gesture(page, 1, "drawn", put=[{"id": 5, "class_id": 1, "counts": counts}])
    before = dataset["p0"].segments
    gesture(page, 2, "empty", workflow={"state": "labelled"})  # finished, and nothing is on it
    assert page.get("/api/first-masks").json()["unlabelled"] == 2
    job = begun(page)
    assert job["result"]["images"] == 1
    assert [row["confidence"] is not None for row in rows(page).values()] == [False, False, True, False]
    job = begun(page, number=1)
    assert job["result"]["images"] == 1
    assert rows(page)[1]["confidence"] is not None
    assert dataset["p0"].segments == before
    nothing = begun(page, number=4)
    assert nothing["words"] == "No object was found."
    for number in (3, 4):
        gesture(page, number, f"done-with-{'abcdef'[number]}", workflow={"state": "labelled"})
    refused = begun(page)
    assert refused["status"] == "failed"
    assert "every image has labels or is finished" in refused["words"]


def test_images_that_cannot_be_read_are_named(page, dataset, tmp_path) -> None:
    (tmp_path / "p1.png").write_bytes(b"no image")
    job = begun(page)
    assert job["status"] == "done"
    assert "1 image could not be worked on." in job["words"]
    [aside] = job["result"]["set_aside"]
    assert (aside["number"], aside["key"]) == (2, "p1")
    assert "p1.png" in aside["reason"]


def test_work_that_is_stopped_says_what_it_did_and_goes_on_from_there(page, dataset, monkeypatch) -> None:
    looked: list[int] = []
    working = first_masks.Everything.__call__

    def stopping(self, number, sample):
        if len(looked) == 1:  # while the second is worked on
            page.post(f"/api/jobs/{page.get('/api/jobs').json()['id']}/cancel", json={})
        looked.append(number)
        return working(self, number, sample)

    monkeypatch.setattr(first_masks.Everything, "__call__", stopping)
    job = begun(page)
    assert job["status"] == "cancelled"
    assert "not looked at" in job["words"]
    assert job["result"]["images"] >= 1
    assert rows(page)[1]["confidence"] is not None
    monkeypatch.setattr(first_masks.Everything, "__call__", working)
    again = begun(page)
    assert again["status"] == "done"
    assert again["result"]["run"] == job["result"]["run"]
    assert again["result"]["images"] == 3


# -- words, networks, predictions ------------------------------------------------------------------


class Reading:
    """An engine that takes words: it finds what is bright when it is asked for cells."""

    takes = frozenset({"text"})
    key = None

    def encode(self, image):
        return image

    def answer(self, encoded, prompts):
        size = encoded.shape[:2]
        found = Masks.encode((encoded.sum(axis=2) > 300)[None]).components()[0] if prompts.text == "cells" else None
        masks = Masks.empty(size) if found is None else found[np.flatnonzero(found.areas() > 50)]
        scores = np.linspace(0.9, 0.5, len(masks)).astype(np.float32)
        return Answer(masks, scores, np.zeros((len(masks), 4, 4), np.float32), several=True)


def test_words_find_objects_of_the_class_that_was_chosen(dataset) -> None:
    found = first_masks.suggest(dataset, first_masks.Words("reading", Reading(), "cells", 2, None))
    assert (found.images, found.empty) == (3, 1)
    assert found.objects == sum(len(blobs(k)[1]) for k in range(3))
    offered = fewshot.suggestion(dataset, found.run, 1)
    assert set(offered.class_ids.tolist()) == {2}
    assert offered.masks.iou(Masks.encode(blobs(0)[1])).max(axis=0).min() > 0.95
    assert find(dataset, found.run)["settings"]["text"] == "cells"
    nothing = first_masks.suggest(dataset, first_masks.Words("reading", Reading(), "zebra", 1, None))
    assert nothing.words == "No object was found."
    assert fewshot.waiting(dataset)[1][0] == found.run  # what was found before still waits
    with pytest.raises(UsageError, match="takes no words"):
        first_masks.Words("classical", engines.build("classical"), "cells", 1, None)
    with pytest.raises(UsageError, match="what to look for"):
        first_masks.Words("reading", Reading(), "  ", 1, None)


def predicted(dataset: Dataset) -> Run:
    run = Run.start(dataset, "predict", {"model": "somewhere"}, name="predicting")
    for number in (1, 2):
        truth = blobs(number - 1)[1]
        found = Segments(Masks.encode(truth), [1] * (len(truth) - 1) + [2], scores=np.linspace(0.5, 0.9, len(truth)))
        run.add_predictions([(number, found)])
    run.finish("done")
    return run


def test_predictions_of_a_run_enter_the_same_queue(page, dataset) -> None:
    run = predicted(dataset)
    [choice] = sources(page)["run"]["choices"]
    assert choice["name"] == run.id
    job = begun(page, source="run", choice=run.id)
    assert job["result"]["images"] == 2
    offered = page.get("/api/images/1/suggestion").json()
    assert [segment["class_id"] for segment in offered["objects"]] == [1] * (len(blobs(0)[1]) - 1) + [2]
    assert offered["run"] == job["result"]["run"] != run.id
    assert rows(page)[1]["confidence"] == pytest.approx(0.7)
    none = page.post("/api/first-masks", json={"source": "run", "choice": run.id, "number": 4}).json()
    assert "predicted none of these images" in finished(page, none)["words"]


def test_predicted_classes_that_are_not_here_are_left_out_and_named(dataset) -> None:
    run = predicted(dataset)
    with dataset.edit("other names") as edit:
        edit.set_classes(Classes([Class(1, "nucleus"), Class(2, "other"), Class(3, "cell")]))
    found = first_masks.suggest(dataset, first_masks.of_run(dataset, run.id))
    assert not found.unknown  # the names of the revision that was predicted: cell and other
    assert set(fewshot.suggestion(dataset, found.run, 1).class_ids.tolist()) == {2, 3}
    with dataset.edit("and others") as edit:
        edit.set_classes(Classes([Class(1, "nucleus"), Class(2, "other")]))
    again = first_masks.suggest(dataset, first_masks.of_run(dataset, run.id))
    assert again.unknown == ("cell",)
    assert "no such class: cell" in again.words
    with pytest.raises(UsageError, match="one of suggest"):
        first_masks.of_run(dataset, found.run)


def trained(dataset: Dataset) -> Run:
    """A run of training whose network says that everything is a cell."""
    torch = pytest.importorskip("torch")
    from maskwright import models
    from maskwright.predict.checkpoint import ModelInfo, save

    run = Run.start(dataset, "train", {"model": "lite"}, name="trained")
    torch.manual_seed(0)
    classes = dataset.classes.with_background()
    model = models.build("lite", classes.num_classes, 3)
    last = [module for module in model.modules() if isinstance(module, torch.nn.Conv2d)][-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([9.0 * (classes.id_of(index) == 1) for index in range(classes.num_classes)]))
    save(model, ModelInfo("lite", classes.to_json(), {}), run.folder / "best.safetensors")
    run.finish("done")
    return run


def test_a_network_that_was_trained_here_suggests(page, dataset, capsys) -> None:
    run = trained(dataset)
    [choice] = sources(page)["run"]["choices"]
    assert choice["name"] == run.id
    assert choice["words"].startswith("network lite, trained 20")
    job = begun(page, source="run")
    assert job["status"] == "done", job
    assert job["words"] == "4 objects suggested on 4 images."
    offered = page.get("/api/images/1/suggestion").json()["objects"]
    assert [segment["class_id"] for segment in offered] == [1]
    assert Masks.from_compressed([offered[0]["counts"]], (240, 320)).areas().tolist() == [240 * 320]
    from maskwright.cli import main

    with pytest.raises(SystemExit) as stop:
        main(["predict", str(dataset.place), "--model", run.id, "--suggest", "--json"])
    assert stop.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["suggested"]["images"], said["suggested"]["objects"]) == (4, 4)
    assert page.get("/api/images/1/suggestion").json()["run"] == said["suggested"]["run"]


# -- examples from elsewhere ------------------------------------------------------------------------


def archive(folder, name: str) -> dict[str, str]:
    """Two images with labels of one class, as they are sent."""
    folder.mkdir()
    samples = []
    for k in (5, 7):
        image, truth = blobs(k)
        Image.fromarray(image).save(folder / f"e{k}.png")
        segments = Segments(Masks.encode(truth), [4] * len(truth))
        samples.append(Sample(f"e{k}", ImageRef(str(folder / f"e{k}.png"), truth.shape[1:]), segments))
    formats.write(samples, Classes([Class(4, name)]), folder / "labels", "coco", images="copy")
    made = shutil.make_archive(str(folder / "examples"), "zip", folder / "labels")
    return {"name": "examples.zip", "data": base64.b64encode(Path(made).read_bytes()).decode()}


def test_examples_from_elsewhere_teach_before_anything_is_labelled(page, dataset, tmp_path_factory) -> None:
    given = archive(tmp_path_factory.mktemp("elsewhere") / "given", "cell")
    job = begun(page, source="examples", choice="forest", examples=given)
    assert job["status"] == "done", job
    assert job["result"]["images"] >= 3
    for number in (1, 2, 3):
        offered = page.get(f"/api/images/{number}/suggestion").json()["objects"]
        truth = blobs(number - 1)[1]
        found = Masks.from_compressed([segment["counts"] for segment in offered], truth.shape[1:])
        assert found.iou(Masks.encode(truth)).max(axis=0).min() > 0.8
        assert {segment["class_id"] for segment in offered} == {1}
    wrong = archive(tmp_path_factory.mktemp("other") / "given", "nucleus")
    refused = begun(page, source="examples", choice="forest", examples=wrong)
    assert refused["status"] == "failed"
    assert "no example has an object of a class that the dataset has" in refused["words"]
    assert "nucleus" in refused["words"]
    assert "examples.zip" in refused["words"]
    damaged = page.post("/api/first-masks", json={"source": "examples", "examples": {"name": "a.zip", "data": "???"}})
    assert damaged.status_code == 400
    broken = {"name": "a.zip", "data": base64.b64encode(b"PK no archive").decode()}
    failed = begun(page, source="examples", examples=broken)
    assert failed["status"] == "failed"
    assert "a.zip" in failed["words"]
    assert "/tmp" not in failed["words"]


# -- accepted and rejected one by one --------------------------------------------------------------


def test_single_objects_are_rejected_and_that_can_be_taken_back(page, dataset) -> None:
    job = begun(page)
    run = job["result"]["run"]
    ids = [segment["id"] for segment in page.get("/api/images/1/suggestion").json()["objects"]]
    changes = workflow.of(dataset, 1).number
    gesture(page, 1, "no", workflow={"objects": {"run": run, "segments": ids[:2], "state": "rejected"}})
    assert page.get("/api/images/1/suggestion").json()["rejected"] == ids[:2]
    assert page.get("/api/images/2/suggestion").json()["rejected"] == []
    assert workflow.of(dataset, 1).number > changes  # other pages hear of it
    assert rows(page)[1]["confidence"] is not None
    gesture(page, 1, "yes", workflow={"objects": {"run": run, "segments": ids[:1], "state": "open"}})
    assert page.get("/api/images/1/suggestion").json()["rejected"] == ids[1:2]


def test_an_image_of_which_a_part_was_accepted_still_waits(page, dataset) -> None:
    job = begun(page)
    offered = page.get("/api/images/1/suggestion").json()["objects"]
    put = offered[0] | {
        "id": 900,
        "source": "human",
        "attributes": offered[0]["attributes"] | {"accepted": "untouched"},
    }
    gesture(page, 1, "accept-one", put=[put])
    assert rows(page)[1]["confidence"] is not None
    gesture(page, 1, "accept", workflow={"suggestion": {"run": job["result"]["run"], "state": "accepted"}})
    assert rows(page)[1]["confidence"] is None
    assert 1 not in fewshot.waiting(dataset)
    counts = Masks.encode(blobs(1)[1][:1]).compressed()[0].decode()
    gesture(page, 2, "drawn", put=[{"id": 5, "class_id": 1, "counts": counts}])
    assert rows(page)[2]["confidence"] is None  # drawn by hand: the suggestion is not wanted
    assert assignments.unlabelled(dataset) == [3, 4]
