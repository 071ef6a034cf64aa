"""Several people at the page, videos, classes, and long lists."""

import numpy as np
import pytest
from PIL import Image
from studio_person import SIZE, TOKEN, Person, Studio, iou, near_line, scene, visiting

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.labelling import workflow
from maskwright.store import Dataset
from maskwright.studio.serving import links_of

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


@pytest.fixture
def team(browser, tmp_path):
    """Ada's page and Ben's, in browsers of their own."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(6):
        Image.fromarray(scene(k % 3)[0]).save(folder / f"p{k}.png")
    studio = Studio(folder, ("ada", "ben"))
    studio.start()
    links = links_of(TOKEN, ["ada", "ben"])
    contexts = [browser.new_context() for _ in range(2)]
    people = [
        Person(context.new_page(), studio, studio.link_of(links[name]))
        for context, name in zip(contexts, ("ada", "ben"), strict=True)
    ]
    yield people
    for person, context in zip(people, contexts, strict=True):
        assert not person.errors
        context.close()
    studio.kill()


def work(person: Person, what: str) -> None:
    person.press("Shift+W")
    person.page.get_by_role("dialog").locator("select").select_option(what)
    person.until(f"window.maskwright.layer() === '{what}'")
    person.page.get_by_role("button", name="Close").click()


def test_what_others_draw_appears_and_who_is_here_too(team) -> None:
    ada, ben = team
    ada.drag((60, 60), (160, 60))
    ada.saved()
    ben.until("window.maskwright.scene().segments.length === 1")
    ben.until("document.querySelector('.others')?.innerText.includes('ada')")
    assert ben.hash() == ada.hash()
    # Ben goes on with what Ada drew; it is his gesture, and no conflict.
    ben.press("v")
    ben.click(100, 60)
    ben.press("e")
    ben.drag((110, 40), (110, 80))
    ben.saved()
    assert ben.state() == "saved"
    ada.until(
        "window.maskwright.scene().segments[0].bits.has(60, 60) && !window.maskwright.scene().segments[0].bits.has(110, 60)"
    )
    cut = near_line((60, 60), (160, 60), 12) & ~near_line((110, 40), (110, 80), 12)
    assert iou(ada.segments().masks, cut) > 0.95
    with Dataset.open(ada.studio.folder, read_only=True) as dataset:
        assert [entry.author for entry in dataset.log(2)] == ["ben", "ada"]
    # Ada's page closes: it is said at the next sign of life, and not when her last one is forgotten.
    ada.page.goto(f"http://127.0.0.1:{ada.studio.port}/api")
    ben.until("!document.querySelector('.others')", 15)


@pytest.mark.parametrize("opened_again", [False, True])
def test_what_is_drawn_while_labels_are_read_stays(team, opened_again) -> None:
    ada, ben = team
    late: list[tuple] = []
    ada.page.route("**/images/1/objects*", lambda route: late.append((route, route.fetch())), times=1)
    if opened_again:
        ada.page.locator("nav li button").nth(0).click()
    else:
        ben.drag((60, 160), (160, 160))
        ben.saved()
    while not late:  # the page has asked, and the answer is on its way
        ada.page.wait_for_timeout(30)
    ada.drag((60, 60), (160, 60))
    ada.saved()
    route, answer = late[0]
    route.fulfill(response=answer)
    ada.page.wait_for_timeout(300)
    assert ada.page.evaluate("window.maskwright.scene().segments.some(({ bits }) => bits.has(100, 60))")
    if not opened_again:
        ada.until("window.maskwright.scene().segments.length === 2")
    ada.press("Control+z")
    ada.until(f"window.maskwright.scene().segments.length === {0 if opened_again else 1}")


def test_two_label_apart_and_are_compared(team) -> None:
    ada, ben = team
    ada.drag((200, 200), (220, 200))
    ada.press("Delete")
    ada.saved()
    for person, shift in ((ada, 0), (ben, 6)):
        work(person, "own")
        person.press("b")
        person.drag((60, 60 + shift), (160, 60 + shift))
        person.saved()
    # Neither sees the other's, and the shared labels stay empty; nor does history show those.
    ada.press("Shift+Y")
    ada.page.get_by_text("Nobody has changed anything here yet.").wait_for()
    ada.page.get_by_role("button", name="Close").click()
    assert ada.page.evaluate("window.maskwright.scene().segments.length") == 1
    assert len(ada.segments()) == 0
    ada.page.reload()
    ada.ready()
    assert ada.page.evaluate("window.maskwright.scene().segments.length") == 0
    work(ada, "own")
    ada.until("window.maskwright.scene().segments.length === 1")  # still there
    for person in (ada, ben):
        person.press("Enter")
        person.until("location.hash === '#2'")
        person.saved()
    ada.press("Shift+W")
    line = ada.page.locator("[data-agreement]")
    line.wait_for()
    cells = line.locator("td").all_inner_texts()
    assert cells[1] == "ada / ben"
    a, b = near_line((60, 60), (160, 60), 12), near_line((60, 66), (160, 66), 12)
    assert float(cells[2]) == pytest.approx((a & b).sum() / (a | b).sum(), abs=0.02)
    # Ada looks at Ben's and takes them.
    line.get_by_role("button", name="Look").click()
    ada.page.locator("[data-shown=ben]").wait_for()
    ada.page.get_by_role("button", name="Take them instead").click()
    found = ada.segments(0)
    assert iou(found.masks, b) > 0.95
    ada.press("Control+z")
    assert len(ada.segments(0)) == 0


def test_tasks_are_given_worked_through_and_reviewed(team) -> None:
    ada, ben = team
    ada.press("Shift+W")
    ada.page.get_by_label("Who", exact=True).fill("ben")
    ada.page.get_by_label("How many").fill("3")
    ada.page.locator("[data-action=assign]").click()
    ada.until("document.querySelector('[data-person=ben] td:nth-child(2)')?.innerText === '3'")
    ada.page.get_by_role("button", name="Close").click()
    ben.page.reload()
    ben.ready()
    ben.page.get_by_label("Show").select_option("mine")
    assert ben.page.locator("nav li button").count() == 3
    ben.page.get_by_label("Show").select_option("all")
    # Enter goes through the person's own images and then on.
    for k in (1, 2, 3):
        ben.drag((60, 60), (100, 60))
        ben.press("Enter")
        ben.until(f"location.hash === '#{k + 1}'")
    ben.saved()
    ben.press("s")
    ben.until("location.hash === '#3'")
    ben.page.wait_for_timeout(200)
    ben.press("v")
    ben.click(80, 60)
    ben.page.get_by_label("Comment on this object").fill("too wide?")
    ben.page.get_by_label("Comment on this object").press("Tab")
    ben.page.locator("canvas.board").focus()
    ben.press("Shift+R")
    ben.saved()
    ada.page.reload()
    ada.ready()
    ada.press("Shift+L")
    ada.until("location.hash === '#3'")
    ada.page.wait_for_timeout(200)
    ada.press("v")
    ada.click(80, 60)
    assert ada.page.get_by_label("Comment on this object").input_value() == "too wide?"
    ada.press("Shift+A")
    ada.saved()
    with Dataset.open(ada.studio.folder, read_only=True) as dataset:
        states = [workflow.of(dataset, number).state for number in dataset.numbers()]
    assert states == ["labelled", "labelled", "approved", None, None, None]
    ada.press("Shift+W")
    ada.until("document.querySelector('[data-work=saved]')?.innerText.includes('3 objects drawn by hand')")
    texts = ada.page.locator("[data-person=ben] td").all_inner_texts()
    assert texts[:3] == ["ben", "3", "2"]


@pytest.mark.slow
def test_what_is_said_shows_within_seconds_and_can_be_taken_back(team) -> None:
    ada, ben = team
    ada.drag((60, 60), (100, 60))
    ada.saved()
    ben.until("window.maskwright.scene().segments.length === 1")
    ben.press("v")
    ben.click(80, 60)
    ben.page.get_by_label("Comment on this object").fill("too wide?")
    ben.page.get_by_label("Comment on this object").press("Tab")
    ben.page.locator("canvas.board").focus()
    ben.press("Shift+R")
    ben.saved()
    ada.until("window.maskwright.scene().comments.size === 1")
    ada.until("document.querySelector('nav li .state.review') !== null")
    ben.press("Control+z")
    ben.saved()
    ada.until("document.querySelector('nav li .state.review') === null")
    assert ada.page.evaluate("window.maskwright.scene().comments.size") == 1
    ben.press("Control+z")
    ben.saved()
    ada.until("window.maskwright.scene().comments.size === 0")
    ben.press("Control+Shift+Z", "Shift+R")
    ben.saved()
    ada.until("document.querySelector('nav li .state.review') !== null")
    assert ada.page.evaluate("window.maskwright.scene().segments.length") == 1
    ada.press("Shift+B")
    ada.saved()
    ben.until("document.querySelector('nav li .state.review') === null")
    with Dataset.open(ada.studio.folder, read_only=True) as dataset:
        assert [entry.author for entry in dataset.log(2)][0] == "ada"
        assert dataset.log(1)[0].summary == {"segments added": 1}  # and nothing of what was said
        assert dict(dataset[0].fields) == {}
        assert dataset[0].segments.attributes == [{}]
        assert dataset[0].segments.column("annotator") == ("ada",)


def test_a_name_that_cannot_be_is_refused_in_words(team) -> None:
    ada, _ = team
    ada.press("Shift+W")
    ada.page.get_by_label("Who").fill("a/b\\c")
    ada.page.locator("[data-action=assign]").click()
    refusal = ada.page.get_by_role("dialog").get_by_role("alert")
    refusal.wait_for()
    assert "the name" in refusal.inner_text()
    assert not ada.page.locator(".message").inner_text()
    ada.page.get_by_label("Who", exact=True).fill("ben")
    ada.page.get_by_label("How many").fill("1")
    ada.page.locator("[data-action=assign]").click()
    ada.until("document.querySelector('.message').innerText === '1 image for ben'")
    assert refusal.count() == 0


def frame(k: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disk = (y - 110) ** 2 + (x - 80 - 12 * k) ** 2 < 40**2
    image = np.full((*SIZE, 3), (60, 130, 70)) + (
        np.kron(np.random.default_rng(0).integers(-20, 20, (24, 32, 1)), np.ones((10, 10, 1)))
    )
    image[disk] = (200, 60, 50)
    return np.clip(image, 0, 255).astype(np.uint8), disk


@pytest.fixture
def film(browser, tmp_path):
    home = tmp_path / "film"
    home.mkdir()
    with Dataset.create(home, Classes([Class(1, "disk", "thing")])) as dataset, dataset.edit("frames") as edit:
        for k in range(6):
            Image.fromarray(frame(k)[0]).save(home / f"{k:03d}.png")
            image = ImageRef(str(home / f"{k:03d}.png"), SIZE, video="clip", frame=k)
            edit.add(Sample(f"clip/{k:03d}", image, Segments.none(SIZE)))
    with visiting(browser, home) as person:
        yield person


def test_a_film_is_followed_from_its_timeline(film) -> None:
    person = film
    assert person.page.locator(".timeline rect.none").count() == 6
    person.image(2)
    person.press("c")
    person.ask(lambda: person.click(80 + 24, 110))
    person.press("Enter", "Enter")
    person.saved()
    person.page.locator(".timeline summary").click()
    person.page.get_by_label("Direction").select_option("forward")
    person.page.locator(".timeline [data-action=follow]").click()
    person.until("document.querySelectorAll('.timeline rect.suggested').length === 3")
    assert person.page.locator(".timeline rect.labelled").count() == 1
    person.page.get_by_label("Direction").select_option("both")
    person.page.locator(".timeline [data-action=follow]").click()
    person.until("document.querySelectorAll('.timeline rect.suggested').length === 5")
    assert person.page.locator("[data-worst]").count() == 1
    # To the last frame by the slider's own keys; one key accepts.
    person.page.locator(".timeline > svg").focus()
    person.page.keyboard.press("End")
    person.until("location.hash === '#6'")
    person.page.locator(".suggestion").wait_for()
    person.page.locator("canvas.board").focus()
    person.press("a")
    found = person.segments(5)
    assert iou(found.masks, frame(5)[1]) > 0.85
    assert person.page.locator(".timeline rect.labelled").count() == 2
    # A click on the strip goes to the frame.
    box = person.page.locator(".timeline > svg").bounding_box()
    person.page.mouse.click(box["x"] + box["width"] * 0.1, box["y"] + 8)
    person.until("location.hash === '#1'")
    person.page.get_by_title("Labelled frame after").click()
    person.until("location.hash === '#3'")


def test_classes_are_renamed_ignored_and_merged_with_the_effect_shown_first(person) -> None:
    person.drag((60, 60), (160, 60))
    person.press("q", "2")
    person.drag((60, 160), (160, 160))
    person.saved()
    person.page.get_by_role("button", name="Edit classes").click()
    row = person.page.locator("[data-class='2']")
    row.get_by_label("Name of the class").fill("carton")
    effect = person.page.locator("[data-effect=rename]")
    effect.wait_for()
    assert "box becomes carton on 1 object of 1 image" in effect.inner_text()
    row.get_by_label("Role").select_option("ignore")
    assert row.get_by_role("button", name="Delete").is_disabled()  # it is used
    person.page.get_by_role("button", name="Save", exact=True).click()
    person.until("!document.querySelector('.dialog')")
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert [(row.name, row.role) for row in dataset.classes] == [("disk", "class"), ("carton", "ignore")]
    person.page.get_by_role("button", name="Edit classes").click()
    person.page.locator("[data-class='2']").get_by_label("merge into …").select_option("1")
    effect = person.page.locator("[data-effect=merge]")
    assert "1 object on 1 image becomes disk" in effect.inner_text()
    assert person.segments().class_ids.tolist() == [1, 2]  # nothing has happened yet
    effect.get_by_role("button", name="Merge", exact=True).click()
    person.until("document.querySelectorAll('[data-class]').length === 1")
    assert person.segments().class_ids.tolist() == [1, 1]
    person.page.get_by_role("button", name="Close").click()
    # And the page goes on with what there is now.
    person.press("b", "q", "1")
    person.drag((200, 60), (260, 60))
    assert person.segments().class_ids.tolist() == [1, 1, 1]


@pytest.mark.slow
def test_what_is_fixed_is_learned_again_by_itself(browser, tmp_path) -> None:
    folder = tmp_path / "six"
    folder.mkdir()
    for k in range(6):  # one is left to learn for
        Image.fromarray(scene(k % 5)[0]).save(folder / f"p{k}.png")
    with visiting(browser, folder) as person:
        for k in range(5):
            _, disk, _ = scene(k)
            person.image(k)
            person.press("q", "1", "c")
            y, x = (int(v.mean()) for v in np.nonzero(disk))
            person.ask(lambda x=x, y=y: person.click(x, y))
            person.press("Enter", "Enter")
            person.saved()
            if k == 1:
                person.page.locator("[data-action=propagate]:not([disabled])").click()
                person.page.locator("[data-done=propagate]").wait_for()

        # Three more are finished: a second round ran on its own.
        def rounds() -> list[int]:
            with Dataset.open(person.studio.folder, read_only=True) as dataset:
                from maskwright.runs import list_runs

                return [row["scores"]["labelled"] for row in list_runs(dataset) if row["status"] == "done"]

        for _ in range(1800):
            if len(rounds()) == 2:
                break
            person.page.wait_for_timeout(100)
        assert sorted(rounds()) == [2, 5]


def test_a_list_of_thousands_holds_few_rows(browser, tmp_path) -> None:
    home = tmp_path / "many"
    home.mkdir()
    Image.fromarray(scene(0)[0]).save(home / "one.png")
    mask = Masks.encode(np.ones((1, *SIZE), bool))
    names = [Class(k + 1, f"class-{chr(97 + k)}", "thing") for k in range(14)]
    with Dataset.create(home, Classes(names)) as dataset, dataset.edit("many") as edit:
        for k in range(3000):
            segments = Segments(mask, [1]) if k == 2500 else Segments.none(SIZE)
            edit.add(Sample(f"image {k:04d}", ImageRef(str(home / "one.png"), SIZE), segments))
    with visiting(browser, home) as person:
        rows = person.page.locator("nav li button")
        assert 5 < rows.count() < 60
        assert "0 of 3000" in person.page.locator(".progress").inner_text()
        list_ = person.page.locator("nav ul.long")
        assert list_.evaluate("(element) => element.scrollHeight") == pytest.approx(3000 * 52, abs=60)
        list_.evaluate("(element) => { element.scrollTop = element.scrollHeight; }")
        person.page.get_by_role("button", name="image 2999").click()
        person.until("location.hash === '#3000'")
        assert rows.count() < 60
        # The list follows the keys, and finds by name.
        person.press("s")
        person.until("location.hash === '#2999'")
        person.page.get_by_label("Name", exact=True).fill("2500")
        person.until("document.querySelectorAll('nav li button').length === 1")
        rows.first.click()
        person.until("location.hash.split('?')[0] === '#2501'")
        assert len(person.segments(2500)) == 1
        # A class by its name: the keyboard has nine digits only.
        person.page.locator("canvas.board").focus()
        person.press("v")
        person.click(100, 100)
        person.press("/")
        person.page.keyboard.type("s-m")
        person.press("Shift+Enter")
        assert person.segments(2500).class_ids.tolist() == [13]


def test_the_teams_page_shows_where_people_disagree(team) -> None:
    ada, ben = team
    for person, shifts in ((ada, (0, 0)), (ben, (2, 40))):
        work(person, "own")
        for shift in shifts:
            person.press("b")
            person.drag((60, 60 + shift), (160, 60 + shift))
            person.saved()
            before = person.page.evaluate("location.hash")
            person.press("Enter")
            person.until(f"location.hash !== '{before}'")
            person.saved()
    page = ada.page
    page.locator("header [data-page=explore]").click()
    page.locator("header [data-page=team]").click()
    cells = page.locator("[data-disagreement]")
    cells.first.wait_for()
    # The image on which they are furthest apart comes first, each with the layer of where they differ.
    assert [cells.nth(k).get_attribute("data-disagreement") for k in range(2)] == ["2", "1"]
    assert "ada and ben" in cells.first.inner_text()
    ada.until(
        "[...document.querySelectorAll('.differences img')].length === 4"
        " && [...document.querySelectorAll('.differences img')].every((image) => image.naturalWidth > 0)"
    )
    assert page.locator("[data-person]").count() == 2
    assert page.locator("[data-day]").count() >= 1
    page.get_by_label("Day by day").locator("select").select_option("gestures")
    assert "gestures" in page.locator("[data-day] svg").first.get_attribute("aria-label")
    page.get_by_label("Who", exact=True).fill("ben")
    page.get_by_label("How many").fill("3")
    page.locator("[data-action=assign]").click()
    ada.until("document.querySelector('[data-person=ben] td:nth-child(2)')?.innerText === '3'")
    # A press opens the image, with the other's labels over the shared ones, to be taken.
    cells.first.click()
    ada.ready()
    ada.until("location.hash.startsWith('#2')")
    page.get_by_text("ben's own labels: 1 object").wait_for()
