"""What a project is for, over HTTP: asked of a new one, changed later, seen by everybody."""

import base64
import io

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.core.sequence import Sequence
from maskwright.store import Dataset
from maskwright.studio import Settings, create_app

TOKEN = "a-token-of-enough-letters"
SIZE = (24, 32)


@pytest.fixture
def dataset(tmp_path):
    with Dataset.create(tmp_path / "set", Classes([Class(1, "object", "thing")])) as opened:
        with opened.edit("images") as edit:
            for k in range(3):
                Image.new("RGB", (32, 24)).save(tmp_path / "set" / f"{k}.png")
                edit.add(Sample(f"{k}", ImageRef(str(tmp_path / "set" / f"{k}.png"), SIZE), Segments.none(SIZE)))
        yield opened


def known(dataset: Dataset, **settings: object) -> TestClient:
    page = TestClient(create_app(dataset, Settings(TOKEN, **settings)), base_url="http://127.0.0.1:8181")
    page.get(f"/?token={TOKEN}")
    page.headers["origin"] = "http://127.0.0.1:8181"
    return page


@pytest.fixture
def page(dataset):
    return known(dataset)


def test_a_project_is_new_until_somebody_says_what_it_is_for(page, dataset) -> None:
    project = page.get("/api/project").json()
    assert (project["is_new"], project["task"], project["instructions"]) == (True, None, "")
    classes = [{"id": 1, "name": "cell", "colour": [255, 0, 0]}, {"id": 2, "name": "ground", "kind": "stuff"}]
    before = dataset.revision
    done = page.put("/api/setup", json={"task": "panoptic", "classes": classes, "instructions": "# Cells"}).json()
    assert dataset.revision == before + 1
    assert [(row["name"], row["kind"]) for row in done["classes"]] == [("cell", "thing"), ("ground", "stuff")]
    project = page.get("/api/project").json()
    assert (project["is_new"], project["task"], project["instructions"]) == (False, "panoptic", "# Cells")
    assert [row["colour"] for row in project["classes"]][0] == [255, 0, 0]
    # Each part by itself, later; the others stay.
    page.put("/api/setup", json={"instructions": "# Cells\n\nWhole ones."})
    project = page.get("/api/project").json()
    assert (project["task"], project["instructions"]) == ("panoptic", "# Cells\n\nWhole ones.")
    assert len(project["classes"]) == 2
    assert dataset.at(before + 1).instructions == "# Cells"


def test_what_has_labels_already_is_not_asked(page, dataset) -> None:
    mask = np.zeros(SIZE, bool)
    mask[3:9, 4:9] = True
    with dataset.edit("a label") as edit:
        edit.put("0", Segments(Masks.encode(mask[None]), [1]))
    assert page.get("/api/project").json()["is_new"] is False


def test_a_dataset_that_cannot_be_written_to_is_not_asked(dataset) -> None:
    with Dataset.open(dataset.place, read_only=True) as opened:
        assert known(opened).get("/api/project").json()["is_new"] is False


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"task": "depth"}, 422), ({"instructions": "x" * 20_001}, 422), ({"instructions": "a\0"}, 400),
        ({"classes": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}], "instructions": "b"}, 400),
        ({"classes": [{"id": 1, "name": ""}]}, 422),
    ],
    ids=["task", "long", "nul", "a name twice", "no name"],
)  # fmt: skip
def test_wrong_settings_change_nothing(page, dataset, wrong, status) -> None:
    before = dataset.revision
    assert page.put("/api/setup", json=wrong).status_code == status
    assert (dataset.revision, dataset.instructions) == (before, "")
    assert page.get("/api/project").json()["task"] is None


def test_wrong_values_are_told_in_a_sentence(page) -> None:
    rows = [{"id": 1, "name": "cell"}, {"id": 2, "name": ""}]
    for path in ("/api/setup", "/api/classes"):
        said = page.put(path, json={"classes": rows}).json()["detail"]
        assert said == "name of number 2 of classes: found an empty text, needed text of 1 or more letters.", path
    assert "found 'depth', needed 'semantic'" in page.put("/api/setup", json={"task": "depth"}).json()["detail"]
    assert page.put("/api/classes", json={}).json()["detail"] == "classes: found nothing, needed a value."
    wrong = page.put("/api/classes", json={"classes": [{"id": "a", "name": 3}]}).json()["detail"]
    assert wrong == "id of number 1 of classes: found 'a', needed a whole number. (1 more of the values is wrong)"
    not_json = page.put("/api/classes", content=b"{", headers={"content-type": "application/json"}).json()["detail"]
    assert "needed JSON" in not_json
    odd = page.put(
        "/api/classes", content=b'{"classes": [{"id": NaN, "name": "a"}]}', headers={"content-type": "application/json"}
    )
    assert "nan" in odd.json()["detail"]


def test_other_pages_hear_of_it(page) -> None:
    def word() -> str:
        return page.post("/api/images/1/present", json={"tab": "tab1"}).json()["known"]

    first = word()
    assert word() == first == page.get("/api/project").json()["known"]
    page.put("/api/setup", json={"instructions": "Whole cells."})
    second = word()
    page.put("/api/setup", json={"task": "semantic"})
    assert len({first, second, word()}) == 3


def test_an_image_of_the_instructions_comes_back_with_a_fixed_type(page) -> None:
    sink = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)).save(sink, "PNG")
    data = base64.b64encode(sink.getvalue()).decode()
    name = page.post("/api/instructions/images", json={"data": data}).json()["name"]
    answer = page.get(f"/api/instructions/images/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]
    page.cookies.clear()
    assert page.get(f"/api/instructions/images/{name}").status_code == 401  # as everything else


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("%%%", "damaged"), (base64.b64encode(b"<svg/>").decode(), "cannot be read"),
        (base64.b64encode(b"<script>alert(1)</script>").decode(), "cannot be read"),
    ],
    ids=["no base 64", "svg", "html"],
)  # fmt: skip
def test_what_is_no_image_is_refused(page, data, said) -> None:
    answer = page.post("/api/instructions/images", json={"data": data})
    assert (answer.status_code, said in answer.json()["detail"]) == (400, True)


def test_images_that_come_into_the_folder_are_taken_in(page, dataset) -> None:
    assert page.post("/api/look", json={}).json() == {"images": 0, "notes": []}
    Image.new("RGB", (8, 8)).save(dataset.database.folder / "new.png")
    (dataset.database.folder / "broken.png").write_bytes(b"no image")
    found = page.post("/api/look", json={}).json()
    assert found["images"] == 1
    assert "broken was left out" in found["notes"][0]
    assert dataset.keys()[-1] == "new"


def test_sequences_are_told_with_their_steps(tmp_path) -> None:
    with Dataset.create(tmp_path / "set", Classes([Class(1, "disk", "thing")])) as dataset:
        with dataset.edit("frames") as edit:
            for name in ("clip", "scan"):
                for k in range(2):
                    edit.add(
                        Sample(
                            f"{name}/{k}", ImageRef(f"{name}{k}.png", SIZE, video=name, frame=k), Segments.none(SIZE)
                        )
                    )
            edit.add_sequence(Sequence("scan", "space", (1.5, 1.0, 1.0)))
        assert known(dataset).get("/api/project").json()["sequences"] == [
            {"name": "clip", "axis": "time", "step": None}, {"name": "scan", "axis": "space", "step": 1.5},
        ]  # fmt: skip
