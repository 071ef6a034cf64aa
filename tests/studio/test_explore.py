"""All samples at once, over HTTP: choices, rows, bars, changes of many, saved views, and marks over small images."""

import io
import json

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
from maskwright.figures.comparison import INVENTED, MISSED
from maskwright.runs import Run
from maskwright.store import Dataset
from maskwright.studio.routes import bulk

pytestmark = pytest.mark.filterwarnings("ignore")
SIZE = (60, 80)


def box(*sides: int) -> np.ndarray:
    left, top, right, bottom = sides
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.fixture
def dataset(tmp_path):
    """Six images: a car in every one, k + 1 columns wide, and a lamp in every second."""
    classes = Classes([Class(1, "car", "thing", colour=(250, 0, 0)), Class(2, "lamp", "thing", colour=(0, 0, 250))])
    with Dataset.create(tmp_path / "set", classes) as dataset:
        dataset.columns.add("weather", "category", values=["sun", "rain"])
        dataset.columns.add("seen", "bool")
        with dataset.edit("images") as edit:
            for k in range(6):
                Image.fromarray(np.full((*SIZE, 3), 30 * k, np.uint8)).save(tmp_path / f"p{k}.png")
                masks = [box(10, 10, 11 + k, 20)] + [box(50, 30, 70, 50)] * (k % 2)
                segments = Segments(Masks.encode(np.array(masks)), [1, 2][: len(masks)])
                image = ImageRef(str(tmp_path / f"p{k}.png"), SIZE)
                fields = {"weather": "rain"} if k > 2 else {}
                edit.add(Sample(f"p{k}", image, segments, "train" if k < 4 else "val", fields=fields))
        yield dataset


@pytest.fixture
def page(dataset) -> TestClient:
    return client_of(dataset)


def chosen(page, *where: str) -> list[int]:
    answer = page.post("/api/explore/choose", json={"where": list(where)})
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-total"] == "6"
    return np.frombuffer(answer.content, "<i4").tolist()


def asked(page, where: list[str], *charts: tuple[str, str]) -> list[dict]:
    wanted = [{"expression": expression, "owner": owner} for expression, owner in charts]
    answer = page.post("/api/explore/charts", json={"where": where, "charts": wanted})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_conditions_leave_samples_in_their_order(page, dataset) -> None:
    numbers = dataset.numbers()
    assert chosen(page) == numbers
    assert chosen(page, "split = 'val'", "") == numbers[4:]
    assert chosen(page, "class = 'lamp'", "order by key desc") == [numbers[5], numbers[3], numbers[1]]
    answer = page.post("/api/explore/choose", json={"where": ["area >"]})
    assert answer.status_code == 400
    assert "at character 7" in answer.json()["detail"]


def test_rows_have_the_values_that_were_asked_for(page, dataset) -> None:
    numbers = dataset.numbers()
    wanted = {
        "numbers": [numbers[3], numbers[0], 999],
        "columns": ["weather", "count(class = 'lamp')", "weight", "seen"],
    }
    rows = page.post("/api/explore/rows", json=wanted).json()
    assert [row["key"] for row in rows] == ["p3", "p0"]
    assert [row["values"] for row in rows] == [["rain", 1, 1, None], [None, 0, 1, None]]
    assert rows[0] | {"values": []} == {
        "number": numbers[3], "key": "p3", "height": 60, "width": 80, "split": "train", "segments": 2, "values": [],
    }  # fmt: skip
    answer = page.post("/api/explore/rows", json={"numbers": [numbers[0]], "columns": ["nothing"]})
    assert answer.status_code == 400


def test_numbers_that_no_sample_has_are_left_out(page, dataset) -> None:
    for number in (-1, 0, 2**31, 2**70):
        assert page.post("/api/explore/rows", json={"numbers": [number]}).json() == []
        wanted = {"numbers": [number], "values": {"split": "x"}, "dry_run": False}
        assert page.post("/api/explore/change", json=wanted).json()["matched"] == 0
        assert page.get(f"/api/images/{number}/marks").status_code in (400, 422)
    assert dataset.splits() == {"train": 4, "val": 2}


def test_bars_are_of_all_and_of_those_that_are_left(page) -> None:
    split, area, weather, gone = asked(
        page,
        ["any(class = 'lamp')"],
        ("split", "sample"),
        ("area", "segment"),
        ("weather", "sample"),
        ("gone", "sample"),
    )
    assert (split["words"], split["all"], split["chosen"]) == (["train", "val"], [4, 2], [2, 1])
    assert sum(area["all"]) == 9
    assert sum(area["chosen"]) == 6
    assert (weather["missing"], weather["missing_chosen"]) == (3, 1)
    assert "there is no column 'gone'" in gone["problem"]


def rectangle(left: float, low: float, right: float, high: float) -> list[list[float]]:
    return [[left, low], [right, low], [right, high], [left, high]]


def plotted(page, **asked) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What is said of the points, x, y, whether they are chosen, and their colours' places."""
    answer = page.post("/api/explore/points", json=asked)
    assert answer.status_code == 200, answer.text
    long = int(np.frombuffer(answer.content[:4], "<u4")[0])
    said, rest = json.loads(answer.content[4 : 4 + long]), answer.content[4 + long :]
    assert long % 4 == 0
    number = said["points"]
    x, y = np.frombuffer(rest[: 8 * number], "<f4").reshape(2, number)
    packed = (number + 7) // 8
    bits = np.frombuffer(rest[8 * number : 8 * number + packed], np.uint8)
    places = np.frombuffer(rest[8 * number + packed :], np.uint8)
    return said, x, y, np.unpackbits(bits, count=number, bitorder="little"), places


def test_two_values_are_points_of_which_some_are_left(page) -> None:
    said, x, y, left, places = plotted(page, x="num_segments", y="weight", where=["split = 'val'"], colour="split")
    assert said == {"points": 6, "all": 6, "missing": 0, "words": ["train", "val"], "x": [1, 2], "y": [1, 1]}
    assert (x.tolist(), y.tolist()) == ([1, 2, 1, 2, 1, 2], [1] * 6)
    assert (left.tolist(), places.tolist()) == ([0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1])
    said, x, y, left, places = plotted(page, x="area", y="num_segments", owner="segment", where=["class = 'lamp'"])
    assert x.tolist() == [10, 20, 400, 30, 40, 400, 50, 60, 400]
    assert y.tolist() == [1, 2, 2, 1, 2, 2, 1, 2, 2]
    assert (left.tolist(), places.size) == ([0, 1, 1, 0, 1, 1, 0, 1, 1], 0)
    for wrong in ({"x": "split", "y": "weight"}, {"x": "height >", "y": "weight"}, {"x": "weight", "y": "area"},
                  {"x": "weight", "y": "weight", "colour": "width"}):  # fmt: skip
        assert page.post("/api/explore/points", json=wrong).status_code == 400


def test_a_region_leaves_samples_of_which_a_segment_lies_in_it(page, dataset) -> None:
    numbers = dataset.numbers()

    def left(*regions: dict, where: tuple[str, ...] = ()) -> list[int]:
        answer = page.post("/api/explore/choose", json={"where": list(where), "regions": list(regions)})
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-total"] == "6"
        return np.frombuffer(answer.content, "<i4").tolist()

    small = {"x": "area", "y": "num_segments", "owner": "segment", "polygon": rectangle(15, 0.5, 45, 2.5)}
    two = {"x": "num_segments", "y": "height", "polygon": rectangle(1.5, 59, 2.5, 61)}
    assert left(small) == numbers[1:4]
    assert left(two) == numbers[1::2]
    assert left(small, two, where=("order by key desc",)) == [numbers[3], numbers[1]]
    assert left(small, where=("key != 'p2'",)) == [numbers[1], numbers[3]]
    triangle = {"x": "area", "y": "area", "owner": "segment", "polygon": [[0, 0], [25, 0], [0, 25]]}
    assert left(triangle) == numbers[:1]  # the corner at 25, 25 is cut off
    charts = {"where": [], "regions": [small], "charts": [{"expression": "split"}]}
    assert page.post("/api/explore/charts", json=charts).json()[0]["chosen"] == [3, 0]
    for polygon in ([[0, 0], [1, 1]], [[0, 0], [1, 1], [2, None]]):
        assert page.post("/api/explore/choose", json={"regions": [small | {"polygon": polygon}]}).status_code == 422
    wrong = page.post("/api/explore/choose", json={"regions": [small | {"x": "class"}]})
    assert wrong.status_code == 400
    assert "'class' are words" in wrong.json()["detail"]


def listed(page, where: tuple[str, ...] = (), **asked) -> list[list[int]]:
    answer = page.post("/api/explore/objects", json={"where": list(where), **asked})
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-total"] == "9"
    return np.frombuffer(answer.content, "<i4").reshape(-1, 2).tolist()


def test_objects_are_those_that_conditions_speak_of(page, dataset) -> None:
    numbers = dataset.numbers()
    ids = {number: dataset.read([number])[0].segments.ids.tolist() for number in numbers}
    cars = [[number, ids[number][0]] for number in numbers]
    lamps = [[number, ids[number][1]] for number in numbers[1::2]]
    everything = [[number, own] for number in numbers for own in ids[number]]
    assert listed(page) == everything
    assert listed(page, ("class = 'car'",)) == cars
    assert listed(page, ("class = 'car' and area > 35 and split = 'val'",)) == cars[4:]
    assert listed(page, ("split = 'val'",)) == everything[6:]
    assert listed(page, ("any(class = 'lamp') and split = 'val'",)) == lamps[2:]
    assert listed(page, ("any(class = 'lamp')", "class = 'car'")) == []  # a lamp that is a car
    for about_images in ("none(class = 'lamp')", "count(class = 'lamp') = 0", "not any(class = 'lamp')"):
        assert listed(page, (about_images,)) == cars[::2]
    page.put("/api/explore/views", json={"name": "lamps", "where": ["class = 'lamp'"]})
    assert listed(page, ("view('lamps')",)) == lamps
    assert listed(page, ("class = 'car'",), order="area", descending=True) == cars[::-1]
    assert listed(page, ("split = 'val'",), order="class") == [*cars[4:], lamps[2]]
    assert listed(page, ("split = 'val'",), order="class", descending=True) == [lamps[2], *cars[4:]]
    assert listed(page, ("class = 'lamp'",), order="score") == lamps  # without a value: as they were
    small = {"x": "area", "y": "num_segments", "owner": "segment", "polygon": rectangle(15, 0.5, 45, 2.5)}
    two = {"x": "num_segments", "y": "height", "polygon": rectangle(1.5, 59, 2.5, 61)}
    assert listed(page, regions=[small]) == cars[1:4]
    assert listed(page, regions=[small, two], order="area", descending=True) == [cars[3], cars[1]]
    assert page.post("/api/explore/objects", json={"where": ["area >"]}).status_code == 400
    assert page.post("/api/explore/objects", json={"order": "nothing"}).status_code == 400


def test_objects_have_values_and_a_look(page, dataset) -> None:
    number = dataset.numbers()[3]
    car, lamp = dataset.read([number])[0].segments.ids.tolist()
    run = Run.start(dataset, "evaluate", {}, name="first")
    run.log_segments("iou", {(number, lamp): 0.25})
    run.finish()
    wanted = {"objects": [[number, lamp], [number, car], [number, 99], [999, 1]],
              "columns": ["class", "area", "source", "score", "run('first').iou"]}  # fmt: skip
    assert page.post("/api/explore/object-rows", json=wanted).json() == [
        {"number": number, "object": lamp, "key": "p3", "values": ["lamp", 400, "import", None, 0.25]},
        {"number": number, "object": car, "key": "p3", "values": ["car", 40, "import", None, None]},
    ]
    answer = page.get(f"/api/images/{number}/objects/{lamp}/look")
    with Image.open(io.BytesIO(answer.content)) as image:
        drawn = np.asarray(image)
    assert drawn.shape == (20 + 8 + 8, 20 + 8 + 8, 3)  # 8 pixels around it, within the image
    outline = (drawn == (0, 0, 250)).all(-1)
    assert outline.sum() == 4 * 19
    assert (drawn[~outline] == 90).all()
    assert np.argwhere(outline).min(0).tolist() == [8, 8]
    assert page.get(f"/api/images/{number}/objects/99/look").status_code == 400


def test_samples_are_put_together_by_a_word(page, dataset) -> None:
    numbers = dataset.numbers()

    def groups(**asked) -> tuple[list[int], list[list]]:
        answer = page.post("/api/explore/choose", json=asked)
        assert answer.status_code == 200, answer.text
        return np.frombuffer(answer.content, "<i4").tolist(), json.loads(answer.headers["x-groups"])

    assert groups(where=["order by key desc"], group="split") == (
        [*numbers[3::-1], numbers[5], numbers[4]], [["train", 4], ["val", 2]],
    )  # fmt: skip
    assert groups(where=["class = 'lamp'"], group="weather") == ([numbers[3], numbers[5], numbers[1]],
                                                                 [["rain", 2], [None, 1]])  # fmt: skip
    assert groups() == (numbers, [])
    answer = page.post("/api/explore/choose", json={"group": "weight"})
    assert answer.status_code == 400
    assert "grouped by numbers" in answer.json()["detail"]


def test_an_expression_is_a_column(page, dataset) -> None:
    def described(text: str) -> dict:
        answer = page.post("/api/explore/column", json={"expression": text})
        assert answer.status_code == 200, answer.text
        return answer.json()

    cars = described("count(class = 'lamp')")
    assert (cars["expression"], cars["column"]["kind"], cars["column"]["owner"]) == (
        "count(class = 'lamp')", "integer", "sample",
    )  # fmt: skip
    assert not cars["settable"]
    both = described(" height - count(area > 20) ")
    assert (both["expression"], both["title"]) == ("(height - count(area > 20))", "height - count(area > 20)")
    assert chosen(page, f"{both['expression']} <= 58") == dataset.numbers()[3::2]
    assert chosen(page, f"order by {both['expression']}")[:2] == dataset.numbers()[3::2]
    truth = described("num_segments > 1 and split = 'val'")
    assert truth["column"]["kind"] == "bool"
    assert chosen(page, f"{truth['expression']} = true") == dataset.numbers()[5:]
    (bar,) = asked(page, [], (truth["expression"], "sample"))
    assert (bar["edges"], bar["all"]) == ([0, 1, 2], [5, 1])
    share = described("area / (height * width)")
    assert (share["column"]["kind"], share["column"]["owner"]) == ("number", "segment")
    (bar,) = asked(page, [], (share["expression"], "segment"))
    assert sum(bar["all"]) == 9
    word = described("lower(class)")
    assert (word["column"]["kind"], word["column"]["owner"]) == ("text", "segment")
    for wrong, said in (("area >", "character 7"), ("nothing", "there is no column"), ("box", "of kind box")):
        answer = page.post("/api/explore/column", json={"expression": wrong})
        assert (answer.status_code, said in answer.json()["detail"]) == (400, True), answer.text


def test_more_are_changed_than_a_database_takes_at_once(page, dataset, monkeypatch) -> None:
    monkeypatch.setattr(bulk, "MOST_NUMBERS", 2)
    done = page.post(
        "/api/explore/change", json={"numbers": dataset.numbers()[:5], "values": {"split": "x"}, "dry_run": False}
    ).json()
    assert (done["matched"], dataset.splits()) == (5, {"val": 1, "x": 5})


def test_many_are_changed_as_one_revision_after_a_look(page, dataset) -> None:
    numbers, before = dataset.numbers(), dataset.revision
    wanted = {"numbers": numbers[1:4], "values": {"weather": "rain"}, "message": "looked outside"}
    told = page.post("/api/explore/change", json=wanted).json()
    assert (told["matched"], told["changed"], told["revision"]) == (3, 2, before)
    assert told["first"][0] == {"key": "p1", "before": {"weather": None}, "after": {"weather": "rain"}}
    assert dataset.revision == before
    done = page.post("/api/explore/change", json=wanted | {"dry_run": False}).json()
    assert (done["changed"], done["revision"]) == (2, before + 1)
    assert [sample.fields.get("weather") for sample in dataset] == [None, "rain", "rain", "rain", "rain", "rain"]
    assert dataset.log()[0].message == "looked outside"
    page.post("/api/explore/change", json={"where": ["weather = 'rain'"], "values": {"weather": ""}, "dry_run": False})
    assert {sample.fields.get("weather") for sample in dataset} == {None}
    for values, word in (({"weather": "fog"}, "fog"), ({"key": "x"}, "key"), ({"nothing": "x"}, "nothing")):
        answer = page.post("/api/explore/change", json={"values": values, "dry_run": False})
        assert answer.status_code == 400
        assert word in answer.json()["detail"]
    none = page.post("/api/explore/change", json={"numbers": [], "values": {"split": "x"}, "dry_run": False}).json()
    assert (none["matched"], dataset.splits()) == (0, {"train": 4, "val": 2})


def test_conditions_are_kept_under_names(page) -> None:
    made = page.put("/api/explore/views", json={"name": "lamps", "where": ["class = 'lamp'", ""]}).json()
    assert made == {"lamps": ["class = 'lamp'"]}
    assert page.get("/api/explore").json()["views"] == made
    assert len(chosen(page, "view('lamps')")) == 3
    assert page.put("/api/explore/views", json={"name": "none", "where": []}).status_code == 400
    assert page.request("DELETE", "/api/explore/views/lamps", json={}).json() == {}
    assert page.request("DELETE", "/api/explore/views/lamps", json={}).status_code == 400


def test_what_can_be_asked_is_told(page, dataset) -> None:
    run = Run.start(dataset, "predict", {}, name="first")
    run.add_predictions([(dataset.numbers()[0], Segments.none(SIZE))])
    run.log_samples("mean_iou", {dataset.numbers()[0]: 0.5})
    run.finish()
    found = page.get("/api/explore").json()
    asks = {ask["expression"]: ask for ask in found["asks"]}
    can = {(ask["column"]["owner"], name) for name, ask in asks.items() if ask["settable"]}
    assert can == {
        ("sample", "split"), ("sample", "weight"), ("sample", "weather"), ("sample", "seen"), ("segment", "class"),
        ("segment", "source"), ("segment", "is_crowd"),
    }  # fmt: skip
    assert asks["run('first').mean_iou"]["run"] == "first"
    assert [(row["id"], row["predicts"]) for row in found["runs"]] == [("first", True)]
    assert chosen(page, "run('first').mean_iou > 0.4") == dataset.numbers()[:1]


def drawn(page, number: int, **query: str) -> np.ndarray:
    answer = page.get(f"/api/images/{number}/marks", params=query)
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as image:
        return np.asarray(image)


def test_marks_lie_where_labels_are(page, dataset) -> None:
    numbers = dataset.numbers()
    layer = drawn(page, numbers[5])
    assert layer.shape == (60, 80, 4)
    assert (layer[..., 3] > 0).sum() == 6 * 10 + 20 * 20
    assert layer[40, 60].tolist()[:3] == [0, 0, 250]
    assert layer[40, 50, 3] == 255 > layer[40, 60, 3]
    assert np.array_equal(drawn(page, numbers[5], boxes="true"), layer), "these objects are their boxes"
    run = Run.start(dataset, "predict", {}, name="first")
    run.add_predictions([(numbers[5], Segments(Masks.encode(box(50, 30, 75, 50)[None]), [2]))])
    run.finish()
    dashed = drawn(page, numbers[5], run="first")
    assert 0 < (dashed[..., 3] > 0).sum() < 2 * (25 + 20)  # a border with gaps, and nothing inside
    wrong = drawn(page, numbers[5], run="first", what="errors")
    assert wrong[40, 72, :3].tolist() == list(INVENTED)
    assert wrong[15, 12, :3].tolist() == list(MISSED)
    assert wrong[40, 60, 3] == 0
    assert not drawn(page, numbers[4], run="first", what="errors").any(), "the run did not see this image"
    large = drawn(page, numbers[5], longest="4096")
    assert large.shape == (60, 80, 4), "never larger than the image"
    told = page.get(f"/api/images/{numbers[5]}/judged", params={"run": "first"}).json()
    assert [(row["what"], row["class_name"]) for row in told] == [
        ("matched", "lamp"), ("lost", "car"),
    ]  # fmt: skip
    assert told[0]["iou"] == pytest.approx(20 / 25)
    assert told[0]["box"] == [50, 30, 75, 50]
    refused = page.get(f"/api/images/{numbers[4]}/judged", params={"run": "first"})
    assert refused.status_code == 400
    assert "did not predict this image" in refused.json()["detail"]
    assert page.get(f"/api/images/{numbers[0]}/marks", params={"run": "nothing"}).status_code == 400


def test_what_is_too_small_to_be_seen_is_still_shown(page, dataset, tmp_path) -> None:
    Image.fromarray(np.zeros((900, 1600, 3), np.uint8)).save(tmp_path / "large.png")
    mask = np.zeros((1, 900, 1600), bool)
    mask[0, 502:504, 803:805] = True
    with dataset.edit("large") as edit:
        image = ImageRef(str(tmp_path / "large.png"), (900, 1600))
        edit.add(Sample("large", image, Segments(Masks.encode(mask), [1])))
    layer = drawn(page, dataset.numbers()[-1])
    assert layer.shape == (90, 160, 4)
    assert np.argwhere(layer[..., 3]).tolist() == [[50, 80]]
