"""Tables and figures of runs as files, over HTTP."""

import io

import numpy as np
import pytest

pytest.importorskip("fastapi")
import pyarrow.csv
import pyarrow.parquet
from fastapi.testclient import TestClient
from PIL import Image
from studio_client import client_of

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.runs import Run, evaluate
from maskwright.store import Dataset

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def page(tmp_path) -> TestClient:
    """Two images with a car each; the run finds the first as it is, and calls the second a lamp. Another one goes on."""
    classes = Classes([Class(1, "car"), Class(2, "lamp")])
    dense = np.zeros((1, 6, 8), bool)
    dense[0, 1:4, 1:5] = True
    with Dataset.create(tmp_path / "set", classes) as dataset:
        with dataset.edit("images") as edit:
            for name in ("p0", "p1"):
                segments = Segments(Masks.encode(dense), [1])
                edit.add(Sample(name, ImageRef(f"{name}.png", (6, 8)), segments), hash_image=False)
        run = Run.start(dataset, "predict", {}, name="first")
        found = [Segments(Masks.encode(dense), [kind], scores=[0.9]) for kind in (1, 2)]
        run.add_predictions(zip(dataset.numbers(), found, strict=True))
        run.finish()
        evaluate(dataset, run)
        second = Run.start(dataset, "train", {}, name="second")
        second.log(1, {"train/loss": 0.5})
        second.log(2, {"train/loss": 0.25})
        yield client_of(dataset)
        second.finish()


def rows(page: TestClient, address: str):
    answer = page.get(f"/api/tables/{address}")
    assert answer.status_code == 200, answer.text
    return pyarrow.csv.read_csv(io.BytesIO(answer.content)).to_pylist()


def test_scores_and_curves_are_tables(page) -> None:
    scores = {row["score"]: row for row in rows(page, "scores.csv?run=first")}
    # One of the two cars is right: 12 of the 24 pixels; a lamp is never one.
    assert scores["classes/car"]["value"] == 0.5
    assert "classes/lamp" not in scores, "the truth shows none"
    low, high = scores["mean_iou"]["low"], scores["mean_iou"]["high"]
    assert 0 <= low <= scores["mean_iou"]["value"] <= high <= 1
    curve = [{"run": "second", "curve": "train/loss", "step": step, "value": 0.5 / step} for step in (1, 2)]
    assert rows(page, "curves.csv?run=second") == curve
    assert rows(page, "curves.csv?run=first&run=second") == curve


def test_what_was_taken_for_what_is_a_table(page) -> None:
    found = {(row["of"], row["truth"], row["predicted"]): row["count"] for row in rows(page, "confusion.csv?run=first")}
    assert found[("pixels", "car", "car")] == 12
    assert found[("pixels", "car", "lamp")] == 12
    assert found[("objects", "car", "lamp")] == 1
    assert rows(page, "confusion.csv?run=second") == []


def test_values_of_images_are_columns_of_parquet(page) -> None:
    answer = page.get("/api/tables/images.parquet?run=first")
    assert answer.headers["content-disposition"] == 'attachment; filename="images-first.parquet"'
    table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    assert table["key"].to_pylist() == ["p0", "p1"]
    assert table["first/lost"].to_pylist() == [0.0, 1.0]
    assert table["first/invented"].to_pylist() == [0.0, 1.0]


def test_what_is_chosen_is_a_table(page) -> None:
    def table(form: str, **asked: object):
        answer = page.post(f"/api/explore/table.{form}", json=asked)
        assert answer.status_code == 200, answer.text
        return answer.content

    images = pyarrow.csv.read_csv(
        io.BytesIO(table("csv", where=["order by key desc"], columns=["num_segments", "split"]))
    )
    assert images.column_names == ["key", "num_segments", "split"]
    assert images.to_pylist() == [{"key": name, "num_segments": 1, "split": None} for name in ("p1", "p0")]
    lost = table("parquet", where=["run('first').matched = false and class = 'car'"], of="objects",
                 columns=["class", "area", "run('first').matched"])  # fmt: skip
    [row] = pyarrow.parquet.read_table(io.BytesIO(lost)).to_pylist()
    assert row == {"key": "p1", "segment": 1, "class": "car", "area": 12, "run('first').matched": False}
    region = {"x": "area", "y": "area", "owner": "segment", "polygon": [[0, 0], [5, 0], [5, 5]]}
    assert pyarrow.csv.read_csv(io.BytesIO(table("csv", regions=[region]))).num_rows == 0
    assert page.post("/api/explore/table.csv", json={"columns": ["odd"]}).status_code == 400


def test_figures_are_svg_and_png(page) -> None:
    pytest.importorskip("matplotlib")
    svg = page.get("/api/figures/curve.svg?run=second&name=train/loss")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.content.startswith(b"<?xml")
    assert svg.headers["content-disposition"] == 'attachment; filename="train-loss-second.svg"'
    for address in ("scores.png?run=first", "classes.png?run=first&run=second", "confusion.png?run=first"):
        png = page.get(f"/api/figures/{address}")
        assert png.status_code == 200, png.text
        assert min(Image.open(io.BytesIO(png.content)).size) > 100


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tables/scores.csv?run=nothing", "nothing"), ("tables/scores.csv", "run"),
        ("figures/confusion.svg?run=second", "there is no confusion of the run 'second'"),
        ("figures/curve.svg?run=second&name=odd", "no run of these has a curve 'odd'"),
        ("tables/other.csv?run=first", "what"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said(page, address, said) -> None:
    answer = page.get(f"/api/{address}")
    assert answer.status_code in (400, 422)
    assert said in answer.json()["detail"]
