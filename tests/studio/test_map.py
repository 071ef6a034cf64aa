"""Maps over HTTP: points, what they are coloured by, their nearest, and what was chosen on them."""

import io
import json
import struct

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
from maskwright.store import Dataset

pytestmark = pytest.mark.filterwarnings("ignore")
SIZE = (60, 80)


@pytest.fixture
def dataset(tmp_path):
    """Six images on a line; the first three look alike, as do the others; each has two segments."""
    classes = Classes([Class(1, "car", "thing"), Class(2, "lamp", "thing")])
    masks = np.zeros((2, *SIZE), bool)
    masks[0, 10:20, 10:20], masks[1, 30:50, 50:70] = True, True
    with Dataset.create(tmp_path / "set", classes) as dataset:
        with dataset.edit("images") as edit:
            for k in range(6):
                Image.fromarray(np.full((*SIZE, 3), 40 * k, np.uint8)).save(tmp_path / f"p{k}.png")
                image = ImageRef(str(tmp_path / f"p{k}.png"), SIZE)
                edit.add(Sample(f"p{k}", image, Segments(Masks.encode(masks), [1, 2]), ["train", "val", None][k % 3]))
        keys = dataset.keys()
        looks = np.array([[1, 0, 0.01 * k] if k < 3 else [0, 1, 0.01 * k] for k in range(6)])
        dataset.vectors.write("look", keys, looks)
        dataset.vectors.write("look_map", keys, np.array([[k, 0.5 * k] for k in range(6)], np.float32))
        numbers = np.repeat(dataset.numbers(), 2)
        ids = np.concatenate([sample.segments.ids for sample in dataset])
        places = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
        dataset.vectors.write("part_map", numbers, places, segments=ids)
        dataset.vectors.write("part", numbers, np.pad(places, ((0, 0), (0, 1))), segments=ids)
        yield dataset


@pytest.fixture
def page(dataset) -> TestClient:
    return client_of(dataset)


def coloured(page, **asked) -> tuple[list[str] | None, np.ndarray]:
    answer = page.post("/api/maps/values", json=asked)
    assert answer.status_code == 200, answer.text
    (length,) = struct.unpack("<I", answer.content[:4])
    return json.loads(answer.content[4 : 4 + length])["words"], np.frombuffer(answer.content[4 + length :], "<f4")


def test_points_travel_as_numbers(page, dataset) -> None:
    assert page.get("/api/maps").json() == [
        {"name": "look_map", "owner": "sample", "vectors": "look"},
        {"name": "part_map", "owner": "segment", "vectors": "part"},
    ]
    answer = page.post("/api/maps/points", json={"name": "look_map"})
    assert (answer.headers["x-number"], answer.headers["x-revision"]) == ("6", str(dataset.revision))
    places = np.frombuffer(answer.content[:48], "<f4").reshape(2, 6)
    assert places[0].tolist() == pytest.approx([-1, -0.6, -0.2, 0.2, 0.6, 1])
    assert places[1].tolist() == pytest.approx([-0.5, -0.3, -0.1, 0.1, 0.3, 0.5])  # the same scale
    assert np.frombuffer(answer.content[48:], "<i4").tolist() == dataset.numbers()


def test_points_of_segments_have_their_ids(page, dataset) -> None:
    answer = page.post("/api/maps/points", json={"name": "part_map", "owner": "segment"})
    assert len(answer.content) == 12 * 12 + 8 * 12
    assert np.frombuffer(answer.content[96:144], "<i4").tolist() == np.repeat(dataset.numbers(), 2).tolist()
    ids = np.concatenate([sample.segments.ids for sample in dataset])
    assert np.frombuffer(answer.content[144:], "<f8").tolist() == ids.tolist()
    for name, owner in (("look", "sample"), ("look_map", "segment"), ("nothing", "sample")):
        assert page.post("/api/maps/points", json={"name": name, "owner": owner}).status_code == 400


def test_points_are_coloured_by_any_column(page, dataset) -> None:
    words, codes = coloured(page, name="look_map", expression="split")
    assert words == ["train", "val"]
    assert codes[:2].tolist() == [0, 1]
    assert np.isnan(codes[2])
    words, numbers = coloured(page, name="look_map", expression="height * 2")
    assert (words, numbers.tolist()) == (None, [120.0] * 6)
    words, codes = coloured(page, name="part_map", owner="segment", expression="class", of="segment")
    assert [words[int(code)] for code in codes] == ["car", "lamp"] * 6
    asked = {"name": "look_map", "expression": "nothing"}
    assert page.post("/api/maps/values", json=asked).status_code == 400
    # Of the revision that the points are of, when another one has come since.
    before = dataset.revision
    dataset.set_where("key = 'p0'", {"split": "test"})
    assert coloured(page, name="look_map", expression="split", revision=before)[0] == ["train", "val"]
    assert coloured(page, name="look_map", expression="split")[0] == ["test", "train", "val"]


def test_the_nearest_are_those_that_look_alike(page, dataset) -> None:
    numbers = dataset.numbers()
    found = page.post("/api/maps/nearest", json={"name": "look", "sample": numbers[0], "k": 3}).json()
    assert [row["key"] for row in found] == ["p1", "p2", "p3"]
    assert found[0]["number"] == numbers[1]
    assert found[1]["distance"] < 0.001
    assert found[2]["distance"] > 0.9
    segment = int(dataset.read(numbers[:1])[0].segments.ids[1])
    found = page.post("/api/maps/nearest", json={"name": "part", "sample": numbers[0], "segment": segment}).json()
    assert len(found) == 11
    assert (numbers[0], segment) not in [(row["number"], row["segment"]) for row in found]
    with dataset.edit("one more") as edit:
        edit.add(Sample("p9", ImageRef("nowhere.png", SIZE), Segments.none(SIZE)))
    answer = page.post("/api/maps/nearest", json={"name": "look", "sample": dataset.number_of("p9")})
    assert answer.status_code == 400
    assert "has no vector" in answer.json()["detail"]


def test_what_was_chosen_is_a_condition(page, dataset, monkeypatch) -> None:
    from maskwright.studio.routes import maps as routes

    numbers = dataset.numbers()
    found = page.post("/api/maps/chosen", json={"numbers": [numbers[4], numbers[1], 999]}).json()["where"]
    assert dataset.where(found).keys() == ["p1", "p4"]
    assert dataset.views() == {}
    monkeypatch.setattr(routes, "SHORT", 10)
    for chosen in (numbers[:4], numbers[3:]):
        found = page.post("/api/maps/chosen", json={"numbers": chosen}).json()["where"]
        assert dataset.where(found).numbers() == chosen
    assert list(dataset.views()) == ["chosen on the map"]
    assert page.post("/api/maps/chosen", json={"numbers": []}).status_code == 422


def test_a_segment_is_seen_closely(page, dataset) -> None:
    number = dataset.numbers()[1]
    segment = int(dataset.read([number])[0].segments.ids[1])
    answer = page.get(f"/api/images/{number}/segments/{segment}/thumbnail")
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (30, 30)  # 20 wide and high, with 5 on each side
    assert page.get(f"/api/images/{number}/segments/99999/thumbnail").status_code == 400
