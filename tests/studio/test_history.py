"""The dataset's history over HTTP: revisions, differences image by image, names, and going back."""

import io

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient
from studio_client import client_of

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.figures.comparison import MISTAKEN
from maskwright.figures.marks import GAINED, LOST
from maskwright.store import Dataset

pytestmark = pytest.mark.filterwarnings("ignore")
SIZE = (30, 40)


def band(first: int, end: int) -> np.ndarray:
    """Columns of the image."""
    mask = np.zeros(SIZE, bool)
    mask[:, first:end] = True
    return mask


def segments(*bands: tuple[int, int], class_ids: tuple[int, ...] = ()) -> Segments:
    masks = np.array([band(*columns) for columns in bands]).reshape(-1, *SIZE)
    return Segments(Masks.encode(masks), class_ids or [1] * len(bands), ids=range(1, 1 + len(bands)))


@pytest.fixture
def dataset(tmp_path):
    """Classes are revision 1; 2: two images with a band each; 3: one band moved, a split; 4: an image more, a class."""
    with Dataset.create(tmp_path / "set", Classes([Class(1, "car"), Class(2, "lamp")]), author="ann") as dataset:
        with dataset.edit("images", author="ann") as edit:
            for key in ("p0", "p1"):
                Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / f"{key}.png")
                edit.add(Sample(key, ImageRef(str(tmp_path / f"{key}.png"), SIZE), segments((0, 10))))
        with dataset.edit("moved", author="Bob") as edit:
            edit.put("p0", segments((5, 15)))
            edit.set("p1", split="val")
        with dataset.edit("more", author="ann") as edit:
            edit.add(Sample("p2", ImageRef(str(tmp_path / "p1.png"), SIZE), segments((0, 4), (8, 10))))
            edit.set_classes(Classes([Class(1, "car"), Class(2, "lantern")]))
        yield dataset


@pytest.fixture
def page(dataset) -> TestClient:
    return client_of(dataset)


def test_revisions_come_newest_first_and_older_ones_after(page, dataset) -> None:
    rows = page.get("/api/history").json()
    assert [row["message"] for row in rows][:3] == ["more", "moved", "images"]
    assert [row["id"] for row in rows] == [revision.id for revision in dataset.log()]
    older = page.get("/api/history", params={"before": rows[1]["id"]}).json()
    assert older == rows[2:]


def test_differences_are_told_image_by_image(page, dataset) -> None:
    head = dataset.revision
    moved = page.get("/api/history/differences", params={"old": head - 2, "new": head - 1}).json()
    first, second = moved["images"]
    assert (first["key"], first["what"], first["changed"], first["pixels"]) == ("p0", "changed", 1, 10 * 30)
    assert (second["key"], second["pixels"], second["values"]) == ("p1", 0, [["split", None, "val"]])
    more = page.get("/api/history/differences", params={"old": head - 1, "new": head}).json()
    assert [(image["key"], image["what"], image["added"]) for image in more["images"]] == [("p2", "added", 2)]
    assert more["others"] == ["class lantern changed"]
    back = page.get("/api/history/differences", params={"old": head, "new": head - 1}).json()
    assert [(image["key"], image["what"], image["removed"]) for image in back["images"]] == [("p2", "removed", 2)]
    none = page.get("/api/history/differences", params={"old": head, "new": head}).json()
    assert (none["total"], none["others"]) == (0, [])
    assert page.get("/api/history/differences", params={"old": 1, "new": 99}).status_code == 400


def drawn(page, number: int, old: int, new: int) -> np.ndarray:
    answer = page.get(f"/api/images/{number}/difference", params={"old": old, "new": new})
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as image:
        return np.asarray(image)


def test_a_difference_is_drawn_pixel_by_pixel(page, dataset) -> None:
    head, numbers = dataset.revision, dataset.numbers()
    layer = drawn(page, numbers[0], head - 2, head - 1)
    assert layer.shape == (*SIZE, 4)
    assert (layer[:, :5, :3] == LOST).all()
    assert (layer[:, 10:15, :3] == GAINED).all()
    assert not layer[:, 5:10, 3].any()
    assert not layer[:, 15:, 3].any()
    assert (drawn(page, numbers[2], head - 1, head)[..., 3] > 0).sum() == (4 + 2) * 30  # it is new
    with dataset.edit("another class") as edit:
        edit.set_segment("p0", 1, class_id=2)
    assert (drawn(page, numbers[0], head, head + 1)[:, 5:15, :3] == MISTAKEN).all()
    for number in (99, -1, 2**70):
        assert page.get(f"/api/images/{number}/difference", params={"old": head, "new": head}).status_code == 400
    assert page.get("/api/history", params={"before": 2**70}).status_code == 422


def test_revisions_get_names_and_are_gone_back_to(page, dataset) -> None:
    head = dataset.revision
    assert page.post("/api/history/tags", json={"revision": head - 1, "name": "good"}).json() == {"good": head - 1}
    assert page.get("/api/history").json()[1]["tags"] == ["good"]
    assert page.post("/api/history/tags", json={"revision": head, "name": "good"}).status_code == 400
    made = page.post("/api/history/restore", json={"revision": head - 1}).json()
    assert made["id"] == head + 1
    assert dataset.keys() == ["p0", "p1"]
    assert dataset.diff(head - 1, head + 1) == []
    assert page.post("/api/history/restore", json={"revision": 99}).status_code == 400
