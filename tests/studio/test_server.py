"""The studio's server: who may ask, what is kept, and that nothing acknowledged is lost."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile

import numpy as np
import pytest
from PIL import Image, ImageOps

pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx")
from fastapi.testclient import TestClient

from maskwright import fewshot
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.labelling import gestures
from maskwright.store import Dataset
from maskwright.store.view import View
from maskwright.studio import Serving, Settings, create_app, open_place, serve

pytestmark = pytest.mark.filterwarnings("ignore")
TOKEN = "a-token-of-enough-letters"
HOME = "http://127.0.0.1:8181"
SIZE = (60, 80)


def scene(k: int) -> tuple[np.ndarray, np.ndarray]:
    """A red disk on green -> image, mask."""
    rng = np.random.default_rng(k)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disk = (y - 30) ** 2 + (x - 25 - 3 * k) ** 2 < 14**2
    image = np.full((*SIZE, 3), (60, 140, 70))
    image[disk] = (200, 60, 50)
    return np.clip(image + rng.integers(-10, 11, image.shape), 0, 255).astype(np.uint8), disk


@pytest.fixture
def dataset(tmp_path):
    for k in range(6):
        Image.fromarray(scene(k)[0]).save(tmp_path / f"p{k}.png")
    opened, _ = open_place(str(tmp_path), classes="disk,other")
    with opened:
        yield opened


@pytest.fixture
def page(dataset):
    return known(create_app(dataset, Settings(TOKEN)))


def known(app) -> TestClient:
    client = TestClient(app, base_url=HOME, headers={"origin": HOME})
    client.cookies.set("maskwright-8181", TOKEN)
    return client


def string(mask: np.ndarray) -> str:
    return Masks.encode(mask[None]).compressed()[0].decode()


def operation(name: str, id: int, mask: np.ndarray, base: int | None = None, **more) -> dict:
    return {
        "id": f"operation-{name}", "kind": "brush", "put": [{"id": id, "class_id": 1, "counts": string(mask)}],
        "base": {} if base is None else {str(id): base}, "effort": {"seconds": 1.5, "clicks": 2}, **more,
    }  # fmt: skip


def apply(page: TestClient, *given: dict, image: int = 1) -> list[dict]:
    answer = page.post(f"/api/images/{image}/operations", json={"operations": list(given)})
    assert answer.status_code == 200, answer.text
    return answer.json()


# -- who may ask


def test_the_link_becomes_a_cookie_and_nothing_goes_without(dataset) -> None:
    app = create_app(dataset, Settings(TOKEN))
    stranger = TestClient(app, base_url=HOME, follow_redirects=False)
    for path in ("/", "/api/project", "/api/images/1/pixels", "/assets/x.js", "/api/openapi.json"):
        assert stranger.get(path).status_code == 401
    assert stranger.get("/?token=wrong").status_code == 403
    assert stranger.get(f"/api/project?token={TOKEN}").status_code == 401  # only the link itself lets in
    answer = stranger.get(f"/?token={TOKEN}")
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert stranger.get("/api/project").status_code == 200
    stranger.cookies.clear()
    stranger.cookies.set("maskwright-8181", TOKEN[:-1] + "x")
    assert stranger.get("/api/project").status_code == 401


def test_who_is_not_let_in_sees_what_to_do(dataset) -> None:
    stranger = TestClient(create_app(dataset, Settings(TOKEN)), base_url=HOME, follow_redirects=False)
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path, status in (("/", 401), ("/?token=wrong", 403)):
        answer = stranger.get(path, headers=browser)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert len(answer.headers.get_list("content-security-policy")) == 1
        assert "in the terminal" in answer.text
        assert "kept in this browser" in answer.text
    answer = stranger.get("/api/project", headers={"accept": "*/*"})  # a program: one sentence
    assert answer.text == "open the link that the studio printed when it began"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),  # a name that was made to point here
        ({"host": "127.0.0.1.evil.example:8181"}, 421),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),  # another program of this machine
        ({"content-type": "text/plain"}, 415),  # what a form can send without asking
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-length": str(2**40)}, 413),
    ],
)
def test_other_sites_cannot_write(page, headers, status) -> None:
    body = json.dumps({"operations": []})
    answer = page.post("/api/images/1/operations", content=body, headers={"content-type": "application/json"} | headers)
    assert answer.status_code == status
    del page.headers["origin"]
    assert page.post("/api/images/1/operations", json={"operations": []}).status_code == 403


def test_guessing_tokens_and_flooding_are_slowed_down(dataset) -> None:
    from maskwright.studio.security import Guard

    app = create_app(dataset, Settings(TOKEN))
    stranger = TestClient(app, base_url=HOME, follow_redirects=False)
    answers = [stranger.get(f"/?token=guess-{k}").status_code for k in range(14)]
    assert answers == [403] * 10 + [429] * 4
    assert stranger.get(f"/?token={TOKEN}").status_code == 429  # the answers do not tell which of them was right
    page = known(app)  # who is in already is not kept out
    assert page.get("/api/project").status_code == 200
    slow = known(Guard(app.app, tokens={TOKEN: "me"}, hosts=app.hosts, rate=(2, 10)))
    assert [slow.get("/api/classes/use").status_code for _ in range(14)].count(429) >= 2


def test_the_api_is_described_on_a_page_of_its_own(page) -> None:
    text = page.get("/api").text
    assert "POST /api/images/{number}/operations" in text
    assert 'href="#Gesture"' in text
    assert 'id="Gesture"' in text
    assert "<script" not in text
    assert "http" not in text.replace("https://json-schema", "")
    assert page.get("/api/style.css").headers["content-type"].startswith("text/css")


def test_answers_forbid_what_a_page_could_be_made_to_do(page) -> None:
    for path in ("/api/project", "/", "/api/images/1/pixels", "/api/nothing"):
        headers = page.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
    assert page.options("/api/project", headers={"origin": "https://evil.example"}).status_code == 403


def test_no_path_leads_out(page, tmp_path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    for path in (
        "/../secret.txt", "/..%2f..%2fsecret.txt", "/assets/..%2f..%2f..%2fetc/passwd", "/%2fetc%2fpasswd", "/secret.txt",
        "/api/images/..%2fsecret/pixels", "/api/images/1%00/pixels",
    ):  # fmt: skip
        answer = page.get(path)
        assert "secret" not in answer.text.replace("secret.txt", "")
        assert "root:" not in answer.text
    assert page.get("/api/images/99/pixels").status_code == 422


def test_another_host_needs_a_token() -> None:
    for token in (None, "short"):
        with pytest.raises(UsageError, match="open to others"):
            Serving("0.0.0.0", token=token)


def test_a_studio_for_others_answers_to_this_machines_names_only(dataset) -> None:
    import socket

    from maskwright.studio.serving import reachable

    everywhere = reachable("0.0.0.0", ["Labels.Example"])
    assert everywhere[0] == "labels.example"
    assert socket.gethostname().lower() in everywhere
    assert "localhost" in everywhere
    assert "0.0.0.0" not in everywhere
    assert reachable("127.0.0.1")[0] == "127.0.0.1"
    assert reachable("10.1.2.3") == ["10.1.2.3", "127.0.0.1", "localhost", "[::1]"]
    assert reachable("fe80::1")[0] == "[fe80::1]"
    assert reachable("::1")[0] == "[::1]"
    app = create_app(dataset, Settings(TOKEN, frozenset(everywhere)))
    for name, status in (("labels.example", 200), ("evil.example", 421)):
        page = TestClient(app, base_url=f"http://{name}:8181")
        page.cookies.set("maskwright-8181", TOKEN)
        assert page.get("/api/project").status_code == status


def test_a_taken_port_is_said(dataset) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="--port"):
            serve(dataset, Serving(port=taken.getsockname()[1]))


def test_text_from_people_stays_text(page) -> None:
    name = "<img src=x onerror=alert(1)>"
    rows = page.get("/api/project").json()["classes"]
    rows[0]["name"] = name
    answer = page.put("/api/classes", json={"classes": rows})
    assert answer.headers["content-type"] == "application/json"
    assert page.get("/api/project").json()["classes"][0]["name"] == name


# -- images


def test_a_folder_of_images_becomes_a_dataset_and_grows(tmp_path) -> None:
    for name in ("a.png", "sub/b.jpg"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(scene(0)[0]).save(tmp_path / "in" / name)
    (tmp_path / "in" / "broken.png").write_bytes(b"no image")
    outside = tmp_path / "outside.png"
    Image.fromarray(scene(1)[0]).save(outside)
    (tmp_path / "in" / "link.png").symlink_to(outside)
    opened, notes = open_place(str(tmp_path / "in"), classes="cat, dog")
    with opened:
        assert sorted(opened.keys()) == ["a", "sub/b"]
        assert opened.classes.names == ["cat", "dog"]
        assert any("broken.png" in note for note in notes)
        assert any("leads out" in note for note in notes)
    Image.fromarray(scene(2)[0]).save(tmp_path / "in" / "c.png")
    again, _ = open_place(str(tmp_path / "in"))
    with again:
        assert sorted(again.keys()) == ["a", "c", "sub/b"]
    for place, words in ((tmp_path / "nowhere", "no such folder"), (tmp_path / "empty", "no image")):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(UsageError, match=words):
            open_place(str(place))


def test_images_come_as_the_masks_lie(tmp_path) -> None:
    plain, _ = scene(0)
    Image.fromarray(plain).save(tmp_path / "a.png")
    exif = Image.Exif()
    exif[274] = 6  # a browser would turn it
    Image.fromarray(plain).save(tmp_path / "b.jpg", exif=exif, quality=95)
    deep = (np.arange(60 * 80).reshape(60, 80) * 13).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "c.tif")
    opened, _ = open_place(str(tmp_path))
    with opened:
        page = known(create_app(opened, Settings(TOKEN)))
        for row in page.get("/api/project").json()["images"]:
            answer = page.get(f"/api/images/{row['number']}/pixels")
            assert answer.headers["content-type"] in ("image/png", "image/jpeg")
            with Image.open(io.BytesIO(answer.content)) as image:  # browsers turn it by its EXIF
                assert ImageOps.exif_transpose(image).size == (row["width"], row["height"])
            assert page.get(f"/api/images/{row['number']}/thumbnail").status_code == 200


def test_large_images_come_in_tiles(tmp_path) -> None:
    y, x = np.mgrid[:3001, :6007]
    whole = np.stack([x % 256, y % 256, (x + y) // 40 % 256], axis=2).astype(np.uint8) // 4 * 4
    whole[500:1100, 700:1300] = (250, 10, 10)
    Image.fromarray(whole).save(tmp_path / "large.tif", compression="tiff_lzw")
    Image.fromarray(scene(0)[0]).save(tmp_path / "small.png")
    opened, _ = open_place(str(tmp_path))
    with opened:
        page = known(create_app(opened, Settings(TOKEN)))
        small, large = sorted(page.get("/api/project").json()["images"], key=lambda row: row["width"])
        assert (small["tiles"], large["tiles"]) == (0, 5)  # 6007, 3004, 1502, 751, 376
        path = f"/api/images/{large['number']}/tiles"

        def tile(level: int, column: int, row: int) -> np.ndarray:
            answer = page.get(f"{path}/{level}/{column}/{row}")
            assert answer.headers["content-type"] == "image/jpeg"
            return np.asarray(Image.open(io.BytesIO(answer.content)))

        red = tile(0, 1, 1)
        assert red.shape == (512, 512, 3)
        assert abs(red[100:500, 250:500].astype(int) - (250, 10, 10)).max() < 8
        assert tile(0, 11, 5).shape == (3001 - 5 * 512, 6007 - 11 * 512, 3)
        whole_again = tile(4, 0, 0)
        assert whole_again.shape == (188, 376, 3)
        assert abs(whole_again[35:65, 48:78].astype(int) - (250, 10, 10)).max() < 12
        for wrong in ("0/12/0", "5/0/0", "-1/0/0", "0/-1/0"):
            assert page.get(f"{path}/{wrong}").status_code == 422


def test_classes_are_merged_and_what_that_touches_is_known_before(page, dataset) -> None:
    _, disk = scene(0)
    apply(page, operation("a", 1, disk), operation("b", 2, disk))
    other = operation("c", 3, disk)
    other["put"][0]["class_id"] = 2
    apply(page, other, image=2)
    assert page.post("/api/images/3/operations?layer=own", json={"operations": [operation("d", 4, disk)]}).json()
    use = {row["class_id"]: (row["objects"], row["images"]) for row in page.get("/api/classes/use").json()}
    assert use == {1: (2, 1), 2: (1, 1)}
    before = dataset.revision
    for wrong, words in (((1, 1), "itself"), ((1, 9), "no class"), ((9, 1), "no class")):
        answer = page.post("/api/classes/merge", json={"source": wrong[0], "target": wrong[1]})
        assert answer.status_code == 400
        assert words in answer.text
    # Classes that were made of others than those that are there take the place of none.
    stale = page.put("/api/classes", json={"classes": [], "seen": []})
    assert (stale.status_code, dataset.revision) == (409, before)
    assert "somebody else" in stale.text
    # A class that is used, if only in somebody's own labels, does not simply go.
    rows = page.get("/api/project").json()["classes"]
    assert "still use" in page.put("/api/classes", json={"classes": rows[1:]}).text
    assert [row["name"] for row in page.post("/api/classes/merge", json={"source": 1, "target": 2}).json()] == ["other"]
    assert dataset.revision == before + 1
    assert [segment["class_id"] for segment in page.get("/api/images/1/objects").json()["objects"]] == [2, 2]
    assert [segment["class_id"] for segment in page.get("/api/images/3/objects?layer=own").json()["objects"]] == [2]
    then = page.get(f"/api/images/1/objects?at={before}").json()["objects"]
    assert [segment["class_id"] for segment in then] == [1, 1]
    assert not dataset.check()


def test_a_merging_is_done_and_taken_back_once_however_often_it_is_sent(page, dataset) -> None:
    _, disk = scene(0)
    apply(page, operation("a", 1, disk), operation("b", 2, disk))
    assert page.post("/api/images/3/operations?layer=own", json={"operations": [operation("d", 4, disk)]}).json()
    rows = page.get("/api/project").json()["classes"]
    before = dataset.revision
    merging = {"source": 1, "target": 2, "id": "merging-1"}
    for _ in range(2):
        assert [row["id"] for row in page.post("/api/classes/merge", json=merging).json()] == [2]
        assert dataset.revision == before + 1
    # Somebody changes an object.
    [base] = [row["revision"] for row in page.get("/api/images/1/objects").json()["objects"] if row["id"] == 1]
    larger = operation("e", 1, np.pad(disk, 3)[:-6, :-6], base=base)
    larger["put"][0]["class_id"] = 2
    assert not apply(page, larger)[0]["stale"]
    back = {"id": "taking-back-1", "merging": "merging-1"}
    for _ in range(2):
        told = page.post("/api/classes/merge/undo", json=back).json()
        assert told["classes"] == rows
        key = dataset.read([1])[0].key
        assert (told["objects"], told["stayed"], told["images"], told["stayed_on"]) == (2, 1, 1, [key])
    assert dataset.revision == before + 3
    found = {row["id"]: row["class_id"] for row in page.get("/api/images/1/objects").json()["objects"]}
    assert found == {1: 2, 2: 1}
    assert [row["class_id"] for row in page.get("/api/images/3/objects?layer=own").json()["objects"]] == [1]
    assert dataset.log()[0].message.startswith("class ")
    unknown = page.post("/api/classes/merge/undo", json={"id": "taking-back-2", "merging": "merging-9"})
    assert (unknown.status_code, "not merged" in unknown.text) == (400, True)
    twice = page.post("/api/classes/merge/undo", json={"id": "taking-back-2", "merging": "merging-1"})
    assert (twice.status_code, "by now" in twice.text) == (400, True)
    assert not dataset.check()


# -- gestures


def test_a_gesture_is_applied_once_and_durably(page, dataset) -> None:
    _, disk = scene(0)
    [first] = apply(page, operation("1", 2**52 + 1, disk))
    assert not first["again"]
    [again] = apply(page, operation("1", 2**52 + 1, disk))
    # Asked again, it is itself the last change that was there before.
    assert again == first | {"again": True, "before": first["revision"]}
    assert first["before"] < first["revision"]
    got = page.get("/api/images/1/objects").json()["objects"]
    assert [(segment["id"], segment["counts"], segment["source"], segment["revision"]) for segment in got] == [
        (2**52 + 1, string(disk), "human", first["revision"])
    ]
    with Dataset.open(dataset.place) as other:  # another process would see it
        assert other["p0"].segments.masks == Masks.encode(disk[None])
    history = page.get("/api/images/1/history").json()
    assert history[0]["kind"] == "brush"
    assert page.get("/api/project").json()["effort"] == {
        "gestures": 1, "seconds": 1.5, "clicks": 2, "suggested": 0, "untouched": 0,
    }  # fmt: skip


def test_order_fields_and_removal(page, dataset) -> None:
    masks = [np.zeros(SIZE, bool) for _ in range(3)]
    for k, mask in enumerate(masks):
        mask[10 * k : 10 * k + 15, 5:40] = True
    apply(page, *(operation(f"{k}", 10 + k, mask) for k, mask in enumerate(masks)))
    ids = lambda: [segment["id"] for segment in page.get("/api/images/1/objects").json()["objects"]]  # noqa: E731
    assert ids() == [10, 11, 12]
    base = {segment["id"]: segment["revision"] for segment in page.get("/api/images/1/objects").json()["objects"]}
    raised = operation("raise", 10, masks[0], base[10])
    raised["put"][0]["z"] = 2
    [done] = apply(page, raised)
    assert ids() == [11, 12, 10]
    lowered = operation("lower", 10, masks[0], done["revision"])
    lowered["put"][0]["z"] = 0
    apply(page, lowered)
    assert ids() == [10, 11, 12]
    base = {segment["id"]: segment["revision"] for segment in page.get("/api/images/1/objects").json()["objects"]}
    apply(page, {"id": "operation-remove", "kind": "delete", "remove": [11], "base": {"11": base[11]}})
    assert ids() == [10, 12]
    apply(page, {"id": "operation-state", "kind": "state", "workflow": {"state": "labelled"}})
    assert page.get("/api/project").json()["images"][0]["state"] == "labelled"
    apply(page, {"id": "operation-state2", "kind": "state", "workflow": {"state": "open"}})
    assert page.get("/api/project").json()["images"][0]["state"] is None
    # What was is still there.
    then = page.get(f"/api/images/1/objects?at={base[11]}").json()["objects"]
    assert 11 in [segment["id"] for segment in then]


def test_a_stale_edit_of_the_same_object_is_not_applied(page) -> None:
    _, disk = scene(0)
    other = np.zeros(SIZE, bool)
    other[:5, :5] = True
    [first] = apply(page, operation("a", 5, disk))
    [second] = apply(page, operation("b", 5, other, first["revision"]))
    answers = apply(page, operation("c", 6, disk), operation("d", 5, disk, first["revision"]), operation("e", 7, disk))
    assert [answer["stale"] for answer in answers] == [[], [5]]  # what is another object's goes through; nothing after
    objects = page.get("/api/images/1/objects").json()["objects"]
    assert {segment["id"]: segment["counts"] for segment in objects} == {5: string(other), 6: string(disk)}
    assert apply(page, operation("d", 5, disk, second["revision"]))[0]["stale"] == []
    # An object that is gone, and an object that is there although it was thought new.
    assert apply(page, operation("f", 99, disk, 3))[0]["stale"] == [99]
    assert apply(page, operation("g", 6, disk))[0]["stale"] == [6]


@pytest.mark.parametrize(
    "wrong",
    [
        {"put": [{"id": 1, "class_id": 77, "counts": "PP"}]},
        {"put": [{"id": 1, "class_id": 1, "counts": "52203"}]},  # another size
        {"put": [{"id": 1, "class_id": 1, "counts": "\u0000<"}]},
        {"put": [{"id": -1, "class_id": 1, "counts": ""}]},
        {"put": [{"id": 2**53, "class_id": 1, "counts": ""}]},
        {"kind": "<script>"},
        {"id": "x"},
        {"fields": {"state": {"deep": 1}}},
        {"workflow": {"state": "done"}},
        {"workflow": {"comment": {"segment": -1, "text": "?"}}},
        {"workflow": {"suggestion": {"run": "a-run", "state": "waiting"}}},
    ],
)
def test_wrong_gestures_change_nothing(page, dataset, wrong) -> None:
    before = dataset.revision
    given = {"id": "operation-wrong", "kind": "brush"} | wrong
    answer = page.post("/api/images/1/operations", json={"operations": [given]})
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text
    assert dataset.revision == before


def test_many_people_at_once_lose_nothing(dataset) -> None:
    app = create_app(dataset, Settings(TOKEN))
    _, disk = scene(0)
    wrong: list[object] = []

    def annotator(number: int) -> None:
        page = known(app)
        for k in range(8):
            gesture = operation(f"{number}-{k}", 1000 * number + k, np.roll(disk, k, axis=1))
            image = 1 + (number + k) % 3
            for _ in range(2):  # each is sent twice
                answer = page.post(f"/api/images/{image}/operations", json={"operations": [gesture]})
                if answer.status_code != 200 or answer.json()[0]["stale"]:
                    wrong.append(answer.text)

    threads = [threading.Thread(target=annotator, args=(number,)) for number in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    found = sorted(int(k) for number in (1, 2, 3) for k in dataset.read([number])[0].segments.ids)
    assert found == sorted(1000 * number + k for number in range(1, 6) for k in range(8))
    assert not dataset.check()


SERVER = """
import sys
from maskwright.studio import Serving, open_place, serve
dataset, _ = open_place(sys.argv[1])
serve(dataset, Serving(port=int(sys.argv[2]), token=sys.argv[3]), say=lambda words: print(words, flush=True))
"""


def free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(place: str, port: int) -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", SERVER, place, str(port), TOKEN], stdout=subprocess.DEVNULL)
    for _ in range(200):
        try:
            httpx.get(f"http://127.0.0.1:{port}/")
            return process
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the studio did not start")


def test_killed_in_the_middle_nothing_acknowledged_is_lost_and_nothing_doubled(dataset) -> None:
    place = dataset.place
    _, disk = scene(0)
    acknowledged: set[int] = set()
    sent = 0
    for delay in (0.0, 0.005, 0.02):
        port = free_port()
        process = start(place, port)
        home = f"http://127.0.0.1:{port}"
        # Killed by what it has acknowledged, not by the clock: a slow machine has begun its work too.
        killer = threading.Timer(delay, lambda p=process: os.kill(p.pid, signal.SIGKILL))
        kill_at = len(acknowledged) + 4
        with httpx.Client(
            base_url=home, headers={"origin": home}, cookies={f"maskwright-{port}": TOKEN}, timeout=60
        ) as client:
            try:
                while True:
                    gesture = operation(f"kill-{sent}", 100 + sent, np.roll(disk, sent % 9, axis=1))
                    answer = client.post("/api/images/1/operations", json={"operations": [gesture]})
                    assert answer.status_code == 200
                    acknowledged.add(100 + sent)
                    sent += 1
                    if len(acknowledged) == kill_at:
                        killer.start()
            except httpx.TransportError:
                pass  # the same gesture is sent again to the next server
        killer.join()
        process.wait()
    assert len(acknowledged) >= 12
    with Dataset.open(place) as reopened:
        found = reopened.read([1])[0].segments.ids.tolist()
        assert not reopened.check()
    assert len(found) == len(set(found))
    assert acknowledged <= set(found)
    assert set(found) - acknowledged <= {100 + sent}  # written, but killed before it could say so


def test_a_full_disk_is_said_and_leaves_nothing_half(dataset) -> None:
    import sqlalchemy as sql

    @sql.event.listens_for(dataset.database.engine, "connect")
    def small(connection, _record) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    dataset.database.engine.dispose()
    page = known(create_app(dataset, Settings(TOKEN)))
    rng = np.random.default_rng(0)
    statuses = []
    kept = []
    for k in range(12):
        noise = rng.random(SIZE) < 0.5
        answer = page.post("/api/images/1/operations", json={"operations": [operation(f"full-{k}", 50 + k, noise)]})
        statuses.append(answer.status_code)
        if answer.status_code == 200:
            kept.append(50 + k)
    assert statuses[-1] == 422
    assert "full" in answer.text
    assert dataset.read([1])[0].segments.ids.tolist() == kept


# -- help


def test_questions_are_answered_with_masks(page) -> None:
    _, disk = scene(0)
    question = {"engine": "classical", "points": [[25, 30]], "labels": [1], "seq": 7}
    answer = page.post("/api/images/1/ask", json=question).json()
    assert answer["seq"] == 7
    found = Masks.from_compressed(answer["counts"][:1], SIZE)
    assert found.iou(Masks.encode(disk[None]))[0, 0] > 0.9
    box = page.post("/api/images/1/ask", json={"box": [8, 14, 42, 46]}).json()
    assert Masks.from_compressed(box["counts"][:1], SIZE).iou(Masks.encode(disk[None]))[0, 0] > 0.85
    sizes = []
    for threshold in (0.1, 0.5, 0.9):
        given = page.post("/api/images/1/ask", json=question | {"threshold": threshold}).json()
        sizes.append(int(Masks.from_compressed(given["counts"][:1], SIZE).areas()[0]))
    assert sizes[0] >= sizes[1] >= sizes[2] > 0
    assert sizes[0] > sizes[2]
    assert page.post("/api/images/1/ask", json=question | {"threshold": 1}).status_code == 422
    corrected = page.post("/api/images/1/ask", json=question | {"mask": string(disk), "labels": [0]}).json()
    assert Masks.from_compressed(corrected["counts"][:1], SIZE).areas()[0] < disk.sum()
    assert page.post("/api/images/1/prepare", json={}).status_code == 200
    assert "sam" not in page.get("/api/project").json()["engines"]
    for wrong, words in (
        ({"engine": "clasical"}, "Did you mean"), ({}, "no prompt"), ({"points": [[999, 1]], "labels": [1]}, "outside"),
        ({"engine": "sam", "points": [[1, 1]], "labels": [1]}, "needs weights"),
    ):  # fmt: skip
        answer = page.post("/api/images/1/ask", json=wrong)
        assert answer.status_code in (400, 422)
        assert words in answer.text


def test_engines_with_weights_are_named_at_the_start_and_never_over_the_wire(dataset, tmp_path) -> None:
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    config = transformers.SamConfig(
        vision_config={
            "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 64, "patch_size": 8,
            "mlp_dim": 64, "output_channels": 32, "num_pos_feats": 16, "window_size": 3, "global_attn_indexes": [1],
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": 64, "patch_size": 8},
        mask_decoder_config={
            "hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 2, "mlp_dim": 64, "iou_head_hidden_dim": 32,
        },
    )  # fmt: skip
    transformers.SamModel(config).eval().save_pretrained(tmp_path / "sam")
    page = known(create_app(dataset, Settings(TOKEN, weights={"sam": str(tmp_path / "sam")})))
    found = page.get("/api/project").json()
    assert found["engines"] == ["classical", "sam"]
    assert found["learners"] == ["forest", "network"]
    assert found["followers"] == ["classical"]
    assert found["texts"] == []
    question = {"engine": "sam", "points": [[25, 30]], "labels": [1]}
    assert page.post("/api/images/2/prepare", json=question).json() == {"ready": True}
    answer = page.post("/api/images/2/ask", json=question).json()
    assert len(answer["counts"]) == 3
    assert not answer["several"]
    assert (dataset.database.folder / ".maskwright" / "embeddings").is_dir()
    for wrong in ("sam2", "sam3"):
        assert "--weights" in page.post("/api/images/1/ask", json=question | {"engine": wrong}).text
    # A path that the page sends is not even looked at.
    sly = question | {"engine": "sam2", "options": {"weights": str(tmp_path / "sam")}}
    assert page.post("/api/images/1/ask", json=sly).status_code == 400
    for weights, words in (
        ({"sam": str(tmp_path / "none")}, "not there"), ({"classical": "x"}, "no engine"), ({"samm": "x"}, "no engine"),
        ({"sam": ""}, "not said where"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=words):
            create_app(dataset, Settings(TOKEN, weights=weights))


def test_an_answer_does_not_wait_for_what_is_prepared(dataset, monkeypatch) -> None:
    """While one image is being encoded, another image that is encoded already is answered."""
    from maskwright.interactive.engines import classical

    begun, go = threading.Event(), threading.Event()
    app = create_app(dataset, Settings(TOKEN))
    page = known(app)
    question = {"points": [[25, 30]], "labels": [1]}
    assert page.post("/api/images/1/prepare", json=question).status_code == 200
    encode = classical.Classical.encode

    def slow(self, image):
        begun.set()
        assert go.wait(60)
        return encode(self, image)

    monkeypatch.setattr(classical.Classical, "encode", slow)
    other = threading.Thread(target=lambda: known(app).post("/api/images/2/prepare", json=question))
    other.start()
    assert begun.wait(60)
    assert page.post("/api/images/1/ask", json=question).status_code == 200  # it would hang here
    go.set()
    other.join()


def finished(page: TestClient, job: dict) -> dict:
    for _ in range(600):
        job = page.get(f"/api/jobs/{job['id']}").json()
        if job["status"] != "running":
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def test_labels_propagate_and_a_suggestion_is_not_a_label_until_accepted(page, dataset) -> None:
    for k in range(2):
        _, disk = scene(k)
        apply(page, operation(f"label-{k}", 5, disk, workflow={"state": "labelled"}), image=k + 1)
    # Somebody is still at the third image: it must not teach that all else is background.
    apply(page, operation("unfinished", 5, np.eye(*SIZE, dtype=bool)), image=3)
    done = finished(page, page.post("/api/propagate", json={"engine": "forest"}).json())
    assert done["status"] == "done", done
    assert done["result"]["labelled"] == 2
    rows = {row["number"]: row for row in page.get("/api/project").json()["images"]}
    assert rows[3]["confidence"] is None
    assert 0 <= rows[4]["confidence"] <= 1
    assert rows[4]["objects"] == 0
    offered = page.get("/api/images/4/suggestion").json()["objects"]
    truth = Masks.encode(scene(3)[1][None])
    best = Masks.from_compressed([segment["counts"] for segment in offered], SIZE).iou(truth).max()
    assert best > 0.8
    assert len(dataset["p3"].segments) == 0
    put = [segment | {"id": 900 + k, "source": "human"} for k, segment in enumerate(offered)]
    apply(page, {"id": "operation-accept", "kind": "accept", "put": put, "workflow": {"state": "labelled"}}, image=4)
    assert set(dataset["p3"].segments.source) == {"human"}
    assert page.get("/api/project").json()["images"][3]["confidence"] is None
    assert len(fewshot.propagation.labelled(dataset)[0]) == 4


def test_videos_are_followed(tmp_path) -> None:
    dataset = Dataset.create(tmp_path / "set", Classes([Class(1, "disk", "thing")]))
    with dataset:
        with dataset.edit("frames") as edit:
            for k in range(4):
                image, disk = scene(k)
                Image.fromarray(image).save(tmp_path / f"{k}.png")
                segments = Segments.none(SIZE) if k else Segments(Masks.encode(disk[None]), [1])
                edit.add(Sample(f"{k}", ImageRef(str(tmp_path / f"{k}.png"), SIZE, video="v", frame=k), segments))
        page = known(create_app(dataset, Settings(TOKEN)))
        done = finished(page, page.post("/api/follow", json={}).json())
        assert done["result"]["suggested"] == 3, done
        assert page.get("/api/project").json()["images"][3]["video"] == "v"
        [segment] = page.get("/api/images/4/suggestion").json()["objects"]
        truth = Masks.encode(scene(3)[1][None])
        assert Masks.from_compressed([segment["counts"]], SIZE).iou(truth)[0, 0] > 0.8
        # From one frame only, and so many.
        some = finished(page, page.post("/api/images/1/follow", json={"limit": 2}).json())
        assert (some["result"]["numbers"], some["result"]["until"]) == ([2, 3], None), some
        assert page.post("/api/images/99/follow", json={}).status_code in (400, 422)
        wrong = finished(page, page.post("/api/images/1/follow", json={"objects": [999]}).json())
        assert "there is no object 999" in wrong["words"]


def test_long_work_can_be_cancelled_and_only_one_job_runs(page) -> None:
    for k in range(2):
        apply(page, operation(f"label-{k}", 5, scene(k)[1], workflow={"state": "labelled"}), image=k + 1)
    job = page.post("/api/propagate", json={"engine": "forest"}).json()
    second = page.post("/api/propagate", json={"engine": "forest"})
    assert second.status_code in (200, 409)
    page.post(f"/api/jobs/{job['id']}/cancel", json={})
    assert finished(page, job)["status"] in ("cancelled", "done")
    assert page.get("/api/jobs/nothing").status_code == 404
    wrong = page.post("/api/propagate", json={"engine": "forrest"}).json()
    assert "Did you mean" in finished(page, wrong)["words"]


def test_classes_change_only_where_no_object_is_orphaned(page) -> None:
    _, disk = scene(0)
    apply(page, operation("1", 5, disk))
    rows = page.get("/api/project").json()["classes"]
    rows[0] |= {"name": "plate", "colour": [1, 2, 3], "kind": "stuff"}
    answer = page.put("/api/classes", json={"classes": rows}).json()
    assert answer[0] == {"id": 1, "name": "plate", "kind": "stuff", "role": "class", "colour": [1, 2, 3]}
    gone = page.put("/api/classes", json={"classes": rows[1:]})
    assert gone.status_code == 400
    assert "still use" in gone.text
    twice = page.put("/api/classes", json={"classes": [rows[0], rows[0] | {"id": 9}]})
    assert twice.status_code == 400


def test_export_says_what_is_lost_and_then_gives_an_archive(page) -> None:
    _, disk = scene(0)
    holed = disk.copy()
    holed[28:32, 22:28] = False
    gesture = operation("1", 5, holed)
    gesture["put"][0]["is_crowd"] = True
    apply(page, gesture)
    report = page.get("/api/export/yolo").json()
    assert {loss["cause"]: loss["number"] for loss in report["grave"]}["crowd"] == 1
    assert {loss["key"] for loss in report["grave"]} == {"p0"}
    light = page.get("/api/export/coco").json()
    assert light["grave"] == []
    assert light["file"] in page.get("/api/export/coco/archive").headers["content-disposition"]
    if light["minor"]:  # it is told, and stops nothing
        assert page.get("/api/export/coco/archive").status_code == 200
    assert page.get("/api/export/yolo/archive").status_code == 422
    answer = page.get("/api/export/coco/archive?allow_loss=true")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        [name] = [member for member in archive.namelist() if member.endswith(".json") and "annotations" in member]
        rows = json.loads(archive.read(name))["annotations"]
    assert rows[0]["area"] == int(holed.sum())
    assert page.get("/api/export/nothing").status_code == 400


def upload(page: TestClient, name: str, data: bytes, **more):
    import base64

    return page.post("/api/import", json={"name": name, "data": base64.b64encode(data).decode()} | more)


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def test_labels_come_back_in(page, dataset) -> None:
    _, disk = scene(0)
    apply(page, operation("1", 5, disk), operation("2", 6, np.roll(disk, 9, axis=0)))
    before = dataset["p0"].segments
    archive = page.get("/api/export/coco/archive?allow_loss=true").content
    apply(page, {"id": "operation-gone", "kind": "delete", "remove": [5, 6],
                 "base": {"5": dataset.revision, "6": dataset.revision}})  # fmt: skip
    assert len(dataset["p0"].segments) == 0
    told = upload(page, "labels.zip", archive).json()
    assert (told["format"], told["images"], told["objects"], told["written"]) == ("coco", 1, 2, False)
    assert len(dataset["p0"].segments) == 0  # only told
    assert upload(page, "labels.zip", archive, write=True).json()["written"]
    after = dataset["p0"].segments
    assert after.masks == before.masks
    assert after.class_ids.tolist() == before.class_ids.tolist()
    assert set(after.source) == {"import"}
    upload(page, "labels.zip", archive, write=True)
    assert len(dataset["p0"].segments) == 4  # on top of what is there
    assert len(set(dataset["p0"].segments.ids.tolist())) == 4


def test_classes_of_a_file_are_matched_by_name(page, dataset) -> None:
    _, disk = scene(0)
    rle = {"size": list(SIZE), "counts": string(disk)}
    labels = {
        "images": [{"id": 1, "file_name": "p1.png", "height": 60, "width": 80},
                   {"id": 2, "file_name": "elsewhere.png", "height": 60, "width": 80}],
        "categories": [{"id": 2, "name": "disk"}, {"id": 1, "name": "new"}],
        "annotations": [
            {"id": k, "image_id": image, "category_id": kind, "segmentation": rle, "bbox": [0, 0, 9, 9], "iscrowd": 0,
             "area": int(disk.sum())} for k, (image, kind) in enumerate([(1, 2), (1, 1), (2, 2)], 1)
        ],
    }  # fmt: skip
    told = upload(page, "more.json", json.dumps(labels).encode(), write=True).json()
    assert told["new_classes"] == ["new"]
    assert told["missing"] == ["elsewhere"]
    names = {declared.id: declared.name for declared in dataset.classes}
    assert sorted(names[int(k)] for k in dataset["p1"].segments.class_ids) == ["disk", "new"]
    assert names[1] == "disk"


def test_images_are_matched_by_the_name_that_the_file_gave_and_by_other_slashes(page, dataset) -> None:
    _, disk = scene(0)
    labels = {
        "images": [{"id": k, "file_name": name, "height": 60, "width": 80}
                   for k, name in enumerate(["../p1.png", "..\\..\\p1.png", "../../p0.png"])],
        "categories": [{"id": 1, "name": "disk"}],
        "annotations": [
            {"id": k, "image_id": k, "category_id": 1, "segmentation": {"size": list(SIZE), "counts": string(disk)},
             "bbox": [0, 0, 9, 9], "iscrowd": 0, "area": int(disk.sum())} for k in range(3)
        ],
    }  # fmt: skip
    data = packed(**{"deep\\labels.json": json.dumps(labels).encode()})
    told = upload(page, "labels.zip", data, write=True).json()
    assert told["missing"] == []
    assert any("original_key" in note for note in told["notes"])
    assert len(dataset["p0"].segments) == 1


def test_labels_of_another_size_are_told_before_anything_is_written(page, dataset) -> None:
    labels = {
        "images": [{"id": 1, "file_name": "p1.png", "height": 30, "width": 40}], "categories": [{"id": 1, "name": "disk"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5], "iscrowd": 0, "area": 25,
                         "segmentation": [[1, 1, 6, 1, 6, 6, 1, 6]]}],
    }  # fmt: skip
    before = dataset.revision
    for write in (False, True):
        answer = upload(page, "small.json", json.dumps(labels).encode(), write=write)
        assert answer.status_code == 422
        assert "(30, 40)" in answer.text
        assert "p1" in answer.text
    assert dataset.revision == before


def test_a_refused_upload_is_called_what_the_sender_calls_it(page) -> None:
    for name, data, begins in (
        ("notes.txt", b"hello", "notes.txt: no format recognises this"),
        ("broken.json", b"{", "broken.json: "),
        ("set.zip", packed(a=b"x", b__c=b"y"), "set.zip: no format recognises this"),
        ("coco.zip", packed(**{"annotations__instances_all.json": b'{"images": ['}), "coco.zip"),
    ):
        detail = upload(page, name, data).json()["detail"]
        assert detail.startswith(begins), detail
        assert "/tmp" not in detail, detail
        assert "--format" not in detail, detail
    assert "ZIP archive" in upload(page, "notes.txt", b"hello").json()["detail"]


def test_uploads_that_are_wrong_or_wicked_leave_nothing(page, dataset, tmp_path) -> None:
    before = dataset.revision
    link = io.BytesIO()
    with zipfile.ZipFile(link, "w") as archive:
        member = zipfile.ZipInfo("labels.json")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("evil.json", b"{}")
        archive.writestr("./evil.json", b"[]")
    for name, data, words in (
        ("a.zip", packed(**{"..__..__evil.json": b"{}"}), "leads out"), ("a.zip", packed(__etc__evil=b"x"), "leads out"),
        ("a.zip", link.getvalue(), "leads out"), ("a.zip", b"PK not really", "cannot be read"),
        ("a.zip", packed(**{"..\\..\\evil.json": b"{}"}), "leads out"), ("a.zip", packed(**{"evil\n.json": b"{}"}), "leads out"),
        ("a.zip", packed(evil=b"x", evil__b=b"y"), "a file and a folder"), ("a.zip", packed(**{"evil" * 80: b"x"}), "leads out"),
        ("a.zip", twice.getvalue(), "is there twice"), ("..", b"[]", ""), ("evil\0" * 300 + ".json", b"[]", ""),
        ("a.json", b"{", ""), ("a.txt", b"hello", "recognises"), ("../../evil.json", b"[]", ""),
    ):  # fmt: skip
        answer = upload(page, name, data, write=True)
        assert answer.status_code in (400, 422), (name, answer.text)
        assert words in answer.text
        assert "Traceback" not in answer.text
        assert "maskwright-import" not in answer.text, "where it lies meanwhile is the server's own"
        assert "--" not in answer.text, "the page has no options of a command line"
    assert page.post("/api/import", json={"name": "x.json", "data": "%%%"}).status_code == 400
    assert dataset.revision == before
    assert not list(tmp_path.rglob("*evil*"))


def test_others_in_an_image_are_seen(page) -> None:
    sign = lambda tab, image=1: page.post(f"/api/images/{image}/present", json={"tab": tab}).json()  # noqa: E731
    assert sign("tab-a")["people"] == []
    assert sign("tab-b")["people"] == []  # a person's own tabs are nobody else
    sign("tab-a", image=2)
    # And whether there is something new to be seen.
    before = sign("tab-b")["revision"]
    [done] = apply(page, operation("new", 7, scene(0)[1]))
    assert sign("tab-b")["revision"] == done["revision"] > before
    apply(page, {"id": "operation-gone", "kind": "delete", "remove": [7], "base": {"7": done["revision"]}})
    assert sign("tab-b")["revision"] > done["revision"]
    assert sign("tab-a", image=2)["revision"] == before


def test_labels_are_of_the_revision_that_is_told(dataset, page, monkeypatch) -> None:
    """Somebody writes while they are read: who is told of the revision before hears of it later."""
    [done] = apply(page, operation("first", 7, scene(0)[1]))
    read = View.read
    again: list[dict] = []

    def slow(self, numbers) -> list[Sample]:
        found = read(self, numbers)
        if not again:
            again.append({})
            again[0] = apply(page, operation("second", 7, scene(1)[1], base=done["revision"]))[0]
        return found

    monkeypatch.setattr(View, "read", slow)
    told = page.get("/api/images/1/objects").json()
    assert again[0]["revision"] > done["revision"]
    assert told["revision"] == done["revision"]
    assert [row["revision"] for row in told["objects"]] == [done["revision"]]


def test_operations_from_python(tmp_path) -> None:
    """The same below HTTP."""
    with Dataset.create(tmp_path / "new", Classes([Class(1, "a", "thing")])) as dataset:
        with dataset.edit("an image") as edit:
            edit.add(Sample("x", ImageRef("x.png", (4, 4)), Segments.none((4, 4))))
        piece = gestures.Piece(3, 1, string(np.eye(4, dtype=bool)))
        done = gestures.apply(dataset, 1, gestures.Operation("operation-1", "brush", [piece]), author="me")
        assert gestures.revisions_of(dataset, 1) == {3: done.revision}
        with pytest.raises(UsageError, match="no image 9"):
            gestures.apply(dataset, 9, gestures.Operation("operation-2", "brush"), author="me")


def test_the_page_has_the_types_of_this_server(dataset) -> None:
    from pathlib import Path

    own = create_app(dataset, Settings(TOKEN)).app.openapi()
    held = json.loads((Path(__file__).parents[2] / "web" / "openapi.json").read_text())
    assert own == held, "run: python scripts/studio_types.py"


def test_the_link_stays_the_same_and_is_for_this_user_alone(tmp_path) -> None:

    from maskwright.studio.serving import _kept_token

    with Dataset.create(tmp_path / "set", Classes([Class(1, "cell")])) as dataset:
        first = _kept_token(dataset)
        assert len(first) >= 24
        assert _kept_token(dataset) == first
        file = tmp_path / "set/.maskwright/studio-token"
        assert file.stat().st_mode & 0o777 == 0o600
        file.chmod(0o644)  # others could have read it
        second = _kept_token(dataset)
        assert second != first
        assert file.stat().st_mode & 0o777 == 0o600
        file.write_text("short")
        assert len(_kept_token(dataset)) >= 24
