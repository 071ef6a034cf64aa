"""Several people in one studio: names, tasks, labels apart, agreement, and what suggestions saved."""

import io
from unittest.mock import ANY

import numpy as np
import pytest
import sqlalchemy as sql
from PIL import Image

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
from fastapi.testclient import TestClient

from maskwright import fewshot
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.fewshot.propagation import log_suggestion
from maskwright.figures.marks import GAINED, LOST
from maskwright.labelling import assignments, gestures, workflow
from maskwright.labelling.agreement import between
from maskwright.runs import Run
from maskwright.store import schema
from maskwright.studio import Settings, create_app, open_place
from maskwright.studio.serving import links_of

pytestmark = pytest.mark.filterwarnings("ignore")
HOME = "http://127.0.0.1:8181"
SIZE = (40, 60)
SECRET = "a-secret-of-enough-letters"


def square(left: int, width: int = 10) -> np.ndarray:
    out = np.zeros(SIZE, bool)
    out[10:20, left : left + width] = True
    return out


def string(mask: np.ndarray) -> str:
    return Masks.encode(mask[None]).compressed()[0].decode()


@pytest.fixture
def dataset(tmp_path):
    for k in range(8):
        Image.fromarray(np.full((*SIZE, 3), 20 * k, np.uint8)).save(tmp_path / f"p{k}.png")
    opened, _ = open_place(str(tmp_path), classes="leaf,stem")
    with opened:
        yield opened


@pytest.fixture
def pages(dataset):
    """A page of Ada's, and a page of Ben's."""
    links = links_of(SECRET, ["ada", "ben"])
    app = create_app(dataset, Settings(SECRET, people={link: name for name, link in links.items()}))
    out = []
    for name in ("ada", "ben"):
        page = TestClient(app, base_url=HOME, headers={"origin": HOME})
        assert page.get(f"/?token={links[name]}").status_code in (200, 303)
        out.append(page)
    return out


def draw(page: TestClient, name: str, mask: np.ndarray, *, image: int = 1, id: int = 1, layer: str = "shared", **more):
    gesture = {
        "id": f"operation-{name}", "kind": "brush", "put": [{"id": id, "class_id": 1, "counts": string(mask)}],
        "effort": {"seconds": 4, "clicks": 1}, **more,
    }  # fmt: skip
    answer = page.post(f"/api/images/{image}/operations?layer={layer}", json={"operations": [gesture]})
    assert answer.status_code == 200, answer.text
    return answer.json()[0]


def say(page: TestClient, name: str, state: str, *, image: int = 1, layer: str = "shared") -> None:
    gesture = {"id": f"operation-{name}", "kind": "state", "workflow": {"state": state}, "effort": {"seconds": 1}}
    assert page.post(f"/api/images/{image}/operations?layer={layer}", json={"operations": [gesture]}).status_code == 200


def row(page: TestClient, number: int) -> dict:
    return next(image for image in page.get("/api/project").json()["images"] if image["number"] == number)


def test_each_link_is_its_person_and_no_other(dataset, pages) -> None:
    ada, ben = pages
    assert ada.get("/api/project").json()["me"] == "ada"
    assert ben.get("/api/project").json()["me"] == "ben"
    assert ada.get("/api/project").json()["people"] == ["ada", "ben"]
    draw(ada, "ada-1", square(5))
    draw(ben, "ben-1", square(30), id=2)
    assert [entry["author"] for entry in ada.get("/api/images/1/history").json()] == ["ben", "ada"]
    assert [entry.author for entry in dataset.log(2)] == ["ben", "ada"]
    ada.post("/api/images/1/present", json={"tab": "tab-a"})
    sign = lambda tab: ben.post("/api/images/1/present", json={"tab": tab}).json()["people"]  # noqa: E731
    assert sign("tab-b") == ["ada"]
    assert sign("tab-b-again") == ["ada"]  # oneself in another tab is nobody else
    assert ada.post("/api/images/1/present", json={"tab": "tab-a", "gone": True}).json()["people"] == []
    assert sign("tab-b") == []
    ada.post("/api/images/1/present", json={"tab": "tab-a"})
    # The secret itself is nobody's link, and one link does not tell another.
    links = links_of(SECRET, ["ada", "ben"])
    app = create_app(dataset, Settings(SECRET, people={link: name for name, link in links.items()}))
    stranger = TestClient(app, base_url=HOME, follow_redirects=False)
    for wrong in (SECRET, "ada", links["ada"][:-1], ""):
        assert stranger.get(f"/?token={wrong}").status_code in (401, 403)
    assert links_of(SECRET, ["ada"])["ada"] == links["ada"]  # the same at the next start
    assert links_of("another-secret-of-letters", ["ada"])["ada"] != links["ada"]
    with pytest.raises(UsageError, match="same name"):
        links_of(SECRET, ["ada", " ada"])


def test_a_second_studio_on_this_machine_does_not_end_the_first_ones_session(dataset) -> None:
    app = create_app(dataset, Settings(SECRET))
    cookies = set()
    for port in (8181, 8282):
        page = TestClient(app, base_url=f"http://127.0.0.1:{port}", follow_redirects=False)
        cookies.add(page.get(f"/?token={SECRET}").headers["set-cookie"].partition("=")[0])
        assert page.get("/api/project").status_code == 200
    assert len(cookies) == 2


def test_labels_apart_are_neither_seen_nor_changed_by_others(dataset, pages) -> None:
    ada, ben = pages
    draw(ada, "shared", square(5), id=7)
    before = dataset.revision
    first = draw(ben, "own-1", square(8), id=9, layer="own")
    assert draw(ben, "own-1", square(8), id=9, layer="own") == first | {"again": True, "before": ANY}
    assert gestures.last_change(dataset, 1) == before  # no change of everybody's labels
    own = lambda page, **more: page.get("/api/images/1/objects", params={"layer": "own", **more})  # noqa: E731
    assert [segment["id"] for segment in own(ben).json()["objects"]] == [9]
    assert own(ada).json()["objects"] == []
    assert [segment["id"] for segment in ada.get("/api/images/1/objects").json()["objects"]] == [7]
    # Nobody looks before it is finished.
    assert own(ada, of="ben").status_code == 400
    # A stale edit is told, as with shared labels.
    second = draw(ben, "own-2", square(9), id=9, layer="own", base={"9": first["revision"]})
    assert second["stale"] == []
    assert draw(ben, "own-3", square(3), id=9, layer="own", base={"9": first["revision"]})["stale"] == [9]
    say(ben, "own-done", "labelled", layer="own")
    assert row(ada, 1)["own_labels"] == ["ben"]
    assert row(ada, 1)["state"] is None
    assert [segment["counts"] for segment in own(ada, of="ben").json()["objects"]] == [string(square(9))]
    # What they did is effort, and no history of the shared labels.
    assert [entry["kind"] for entry in ada.get("/api/images/1/history").json()] == ["brush"]
    assert gestures.effort(dataset)["gestures"] == 4
    removed = {"id": "operation-own-gone", "kind": "delete", "remove": [9], "base": {"9": second["revision"]}}
    assert ben.post("/api/images/1/operations?layer=own", json={"operations": [removed]}).json()[0]["stale"] == []
    assert own(ben).json()["objects"] == []
    say(ben, "own-open", "open", layer="own")
    assert row(ada, 1)["own_labels"] == []
    wrong = {"id": "operation-wrong", "kind": "brush", "put": [{"id": 1, "class_id": 77, "counts": string(square(1))}]}
    assert ben.post("/api/images/1/operations?layer=own", json={"operations": [wrong]}).status_code == 422
    assert not dataset.check()


def test_agreement_is_the_hand_counted_one(dataset, pages) -> None:
    ada, ben = pages
    draw(ada, "a1", square(5), image=1)
    say(ada, "a1-done", "labelled", image=1)
    draw(ben, "b1", square(10), image=1, layer="own")  # half of it overlaps: 50 of 150 pixels
    say(ben, "b1-done", "labelled", image=1, layer="own")
    draw(ada, "a2", square(5), image=2, layer="own")
    say(ada, "a2-done", "labelled", image=2, layer="own")
    draw(ben, "b2", square(6), image=2, layer="own")  # nine tenths: 90 of 110
    say(ben, "b2-done", "labelled", image=2, layer="own")
    draw(ben, "b3", square(6), image=3, layer="own")  # nobody to compare with
    say(ben, "b3-done", "labelled", image=3, layer="own")
    found = ada.get("/api/work").json()["agreement"]
    assert [(pair["number"], pair["first"], pair["second"]) for pair in found] == [(1, None, "ben"), (2, "ada", "ben")]
    assert found[0]["mean_iou"] == pytest.approx(50 / 150)
    assert found[0]["f1"] == 0
    assert found[1]["mean_iou"] == pytest.approx(90 / 110)
    assert found[1]["f1"] == 1
    # Where they differ: red is the first's alone, green the second's; two objects of one class are no difference.
    layer = lambda number, **who: ben.get(f"/api/images/{number}/disagreement", params=who)  # noqa: E731
    drawn = np.array(Image.open(io.BytesIO(layer(1, second="ben").content)))
    assert drawn.shape == (*SIZE, 4)
    red, green = ((drawn[..., :3] == colour).all(-1) & (drawn[..., 3] > 0) for colour in (LOST, GAINED))
    assert (red.sum(), green.sum(), (drawn[..., 3] > 0).sum()) == (50, 50, 100)
    assert (np.array(Image.open(io.BytesIO(layer(2, first="ada", second="ben").content)))[..., 3] > 0).sum() == 20
    # Nobody looks before both have finished.
    draw(ada, "a3", square(20), image=3, layer="own")
    assert layer(3, first="ada", second="ben").status_code == 400
    assert layer(99, second="ben").status_code == 422


def test_agreement_is_the_same_either_way_and_knows_nothing() -> None:
    classes = Classes(
        [Class(1, "leaf", "thing"), Class(2, "stem", "stuff"), Class(3, "blurred", "stuff", role="ignore")]
    )
    rng = np.random.default_rng(0)
    labels = []
    for _ in range(4):
        masks = Masks.encode(rng.random((6, *SIZE)) < 0.3)
        labels.append(Segments(masks, rng.integers(1, 4, 6)))
    for a in labels:
        assert between(a, a, classes)[0] == 1
        for b in labels:
            assert between(a, b, classes) == pytest.approx(between(b, a, classes), nan_ok=True)
    none = Segments.none(SIZE)
    assert np.isnan(between(none, none, classes)).all()
    assert between(none, labels[0], classes)[0] == 0


def test_images_are_given_to_people(dataset, pages) -> None:
    ada, _ = pages
    say(ada, "done", "labelled", image=2)
    assert ada.post("/api/assign", json={"name": "ben", "count": 3}).json() == [1, 3, 4]  # 2 is not open
    assert ada.post("/api/assign", json={"name": "ada", "count": 2}).json() == [5, 6]
    assert ada.post("/api/assign", json={"name": "ada", "numbers": [1]}).json() == [1]
    assert ada.post("/api/assign", json={"numbers": [3]}).json() == [3]
    people = [row(ada, number)["assignee"] for number in range(1, 9)]
    assert people == ["ada", None, None, "ben", "ada", "ada", None, None]
    assert ada.post("/api/assign", json={"name": "ben", "numbers": [1, 99]}).status_code == 400
    assert row(ada, 1)["assignee"] == "ada"
    assert dataset.revision == 2  # a task is not part of the labels
    done = {person["name"]: person for person in ada.get("/api/work").json()["people"]}
    assert (done["ada"]["assigned"], done["ben"]["assigned"]) == (3, 1)


def test_progress_and_what_was_saved(dataset, pages) -> None:
    ada, ben = pages
    nothing = assignments.progress(dataset)
    assert nothing.states == {"open": 8}
    assert nothing.saved is None
    draw(ada, "1", square(5), image=1)
    draw(ada, "2", square(30), image=1, id=2)  # two objects, four seconds each
    say(ada, "1-done", "labelled", image=1)
    taken = {"suggested_by": "run", "accepted": "untouched"}
    put = [
        {"id": 10 + k, "class_id": 2, "counts": string(square(5 + 12 * k)), "attributes": taken} for k in range(3)
    ]  # fmt: skip
    put.append(put[0] | {"id": 20, "attributes": {"suggested_by": "run", "accepted": "mended"}})
    accepted = {
        "id": "operation-accept", "kind": "accept", "put": put, "workflow": {"state": "labelled"}, "effort": {"seconds": 2},
    }  # fmt: skip
    assert ben.post("/api/images/2/operations", json={"operations": [accepted]}).status_code == 200
    say(ben, "3", "review", image=3)
    draw(ben, "apart", square(5), image=4, layer="own")  # says nothing of what an object costs
    found = ada.get("/api/work").json()
    assert found["states"] == {"labelled": 2, "review": 1, "open": 5}
    assert (found["drawn"], found["seconds_each"], found["suggested"], found["untouched"]) == (2, 4.0, 4, 3)
    assert found["saved"] == 3 * 4 - 2
    people = {person["name"]: person for person in found["people"]}
    assert (people["ada"]["finished"], people["ben"]["finished"]) == (1, 2)
    assert people["ada"]["seconds"] == 9
    assert sum(number for _, number in found["days"]) == 3
    effort = [(day["name"], day["finished"], day["seconds"]) for day in found["effort"]]
    assert sum(finished for _, finished, _ in effort) == 3
    assert {name: sum(row[2] for row in effort if row[0] == name) for name in ("ada", "ben")} == {
        name: people[name]["seconds"] for name in ("ada", "ben")
    }
    use = {row["class_id"]: (row["objects"], row["images"]) for row in found["classes"]}
    assert use == {1: (2, 1), 2: (4, 1)}


def test_what_is_said_of_an_image_reaches_the_others_and_no_field_of_the_users(dataset, pages) -> None:
    ada, ben = pages
    with dataset.edit("places", author="cy") as edit:
        edit.set_fields("p0", {"state": "Bavaria", "assignee": 3})
    look = lambda page: page.post("/api/images/1/present", json={"tab": "tab-of-one"}).json()  # noqa: E731
    before = look(ben)
    assert (before["workflow"], before["revision"]) == (0, dataset.revision)
    say(ada, "done", "review")
    remark = {"id": "operation-remark", "kind": "comment", "workflow": {"comment": {"segment": 7, "text": "too wide?"}}}
    [answer] = ada.post("/api/images/1/operations", json={"operations": [remark]}).json()
    assert (answer["revision"], answer["workflow"], answer["again"]) == (before["revision"], 2, False)
    [again] = ada.post("/api/images/1/operations", json={"operations": [remark]}).json()
    assert (again["workflow"], again["again"]) == (2, True)
    seen = look(ben)
    assert seen.pop("known")
    assert seen | {"people": []} == {"people": [], "revision": before["revision"], "workflow": 2, "window": ""}
    seen = ben.get("/api/images/1/objects").json()
    assert seen["fields"] == {"state": "Bavaria", "assignee": 3}
    assert (seen["workflow"]["state"], seen["workflow"]["assignee"], seen["workflow"]["number"]) == ("review", None, 2)
    assert [(said["segment"], said["author"], said["text"]) for said in seen["workflow"]["comments"]] == [
        (7, "ada", "too wide?")
    ]
    assert ben.get("/api/images/1/objects?layer=own").json()["workflow"]["comments"] == []
    assert row(ben, 1)["state"] == "review"
    assert (row(ben, 1)["assignee"], dataset["p0"].fields) == (None, {"state": "Bavaria", "assignee": 3})
    found = ben.get("/api/work").json()
    assert found["states"] == {"review": 1, "open": 7}
    assert ben.get("/api/images/1/history").json()[0]["revision"] == before["revision"]
    assert not dataset.check()


def test_who_gets_a_link_is_known_and_has_a_role(dataset, pages) -> None:
    ada, _ = pages
    assert workflow.roles(dataset) == {"ada": "annotator", "ben": "annotator"}
    workflow.set_role(dataset, "ada", "reviewer")
    workflow.set_role(dataset, "cy", "owner")
    assert ada.get("/api/project").json()["people"] == ["ada", "ben", "cy"]
    say(ada, "done", "labelled")
    assert [(person["name"], person["role"]) for person in ada.get("/api/work").json()["people"]] == [
        ("ada", "reviewer")
    ]


def test_a_suggestion_that_was_rejected_waits_no_longer(dataset, pages) -> None:
    ada, _ = pages
    run = Run.start(dataset, "propagate", {}, name="suggesting")
    log_suggestion(run, 1, Segments(Masks.encode(square(5)[None]), [1]), 0.5)
    log_suggestion(run, 2, Segments(Masks.encode(square(5)[None]), [1]), 0.5)
    run.finish("done", {})
    assert [row(ada, number)["confidence"] for number in (1, 2)] == [0.5, 0.5]
    assert ada.get("/api/images/1/suggestion").json()["run"] == "suggesting"
    verdict = {"suggestion": {"run": "suggesting", "state": "rejected"}}
    gesture = {"id": "operation-reject", "kind": "reject", "workflow": verdict}
    assert ada.post("/api/images/1/operations", json={"operations": [gesture]}).json()[0]["workflow"] == 1
    offered = ada.get("/api/images/1/suggestion").json()
    assert (offered["run"], offered["objects"]) == (None, [])
    assert [row(ada, number)["confidence"] for number in (1, 2)] == [None, 0.5]
    assert fewshot.accept(dataset, "suggesting", ["p1"], author="ada") == 1
    with dataset.database.reading() as connection:
        found = connection.execute(sql.select(schema.suggestions).order_by(schema.suggestions.c.sample)).all()
    assert [(judged.run, judged.sample, judged.state, judged.author) for judged in found] == [
        ("suggesting", 1, "rejected", "ada"), ("suggesting", 2, "accepted", "ada"),
    ]  # fmt: skip
