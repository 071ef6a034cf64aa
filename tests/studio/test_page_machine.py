"""Whatever is done in whatever order: the page shows what the studio holds, and taking all back gives the beginning.

The second and third image begin with suggestions, which are accepted and rejected whole and one by one.
"""

import random

import pytest
from studio_person import Person

from maskwright.labelling import workflow
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(900)]

IMAGES = 3


def held(person: Person) -> list[tuple]:
    """The classes; of each image its state, and its objects as the dataset has them."""
    person.saved()
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        out: list[tuple] = [tuple(sorted((declared.id, declared.name) for declared in dataset.classes))]
        for number in range(1, IMAGES + 1):
            segments = dataset.read([number])[0].segments
            rows = zip(segments.ids.tolist(), segments.class_ids.tolist(), segments.masks.compressed(), strict=True)
            out.append((workflow.of(dataset, number).state, sorted(rows)))
        return out


def shown(person: Person) -> tuple[int, list[tuple[int, int, int]]]:
    """The number of the image on the page; ids, classes and areas of its objects there."""
    number, rows = person.page.evaluate(
        "[window.maskwright.number(), window.maskwright.scene().segments.map((t) => [t.id, t.classId, t.bits.area()])]"
    )
    return number, sorted((int(row[0]), row[1], row[2]) for row in rows)


def kept(person: Person, number: int) -> list[tuple[int, int, int]]:
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        segments = dataset.read([number])[0].segments
    areas = segments.masks.areas().tolist()
    return sorted(zip(segments.ids.tolist(), segments.class_ids.tolist(), areas, strict=True))


def suggested(person: Person) -> list[int]:
    """Suggest masks for what is not labelled -> how many objects, of the second and the third image."""
    person.press("Shift+U")
    person.page.locator("[data-action=begin]").click()
    person.page.locator("[role=dialog] [data-done=suggest]").wait_for()
    person.press("Escape")
    person.page.locator("[role=dialog]").wait_for(state="detached")
    rows = person.page.evaluate(
        "() => Promise.all([2, 3].map((n) => fetch(`/api/images/${n}/suggestion`).then((answer) => answer.json())))"
    )
    return [len(row["objects"]) for row in rows]


class Refusing:
    """A studio that refuses the next gesture, once."""

    def __init__(self) -> None:
        self.next = False

    def __call__(self, route) -> None:
        if self.next and route.request.method == "POST":
            self.next = False
            route.fulfill(status=422, json={"detail": "not this time"})
        else:
            route.continue_()


def somewhere(chance: random.Random) -> tuple[int, int]:
    return chance.randrange(20, 300), chance.randrange(20, 220)


def edit_classes(person: Person, chance: random.Random) -> None:
    """Rename one, add one, or take one away that nothing uses."""
    page = person.page
    page.get_by_role("button", name="Edit classes").click()
    dialog = page.locator("[role=dialog]")
    person.until("!document.querySelector('[role=dialog] [data-class] .quiet').innerText.includes('…')")
    rows = dialog.locator("[data-class]")
    row = rows.nth(chance.randrange(rows.count()))
    unused = row.get_by_role("button", name="Delete")
    what = chance.choice(["rename", "add", "delete"])
    if what == "delete" and rows.count() > 1 and unused.is_enabled() and row.get_attribute("data-class") != "1":
        unused.click()
    elif what == "rename":
        row.get_by_label("Name of the class").fill(f"name {chance.randrange(10**6)}")
    else:
        dialog.get_by_role("button", name="Add", exact=True).click()
    dialog.get_by_role("button", name="Save", exact=True).click()
    dialog.wait_for(state="detached")


def merge_classes(person: Person, chance: random.Random) -> None:
    """Any class but the first, which suggestions have, becomes another."""
    page = person.page
    page.get_by_role("button", name="Edit classes").click()
    dialog = page.locator("[role=dialog]")
    person.until("!document.querySelector('[role=dialog] [data-class] .quiet').innerText.includes('…')")
    ids = [row.get_attribute("data-class") for row in dialog.locator("[data-class]").all()]
    others = [name for name in ids if name != "1"]
    if others:
        source = chance.choice(others)
        target = chance.choice([name for name in ids if name != source])
        dialog.locator(f"[data-class='{source}']").get_by_label("merge into …").select_option(target)
        page.locator("[data-effect=merge]").get_by_role("button", name="Merge", exact=True).click()
        dialog.locator(f"[data-class='{source}']").wait_for(state="detached")
    dialog.locator(".close").click()
    dialog.wait_for(state="detached")


def everywhere(person: Person, action: str, done: str) -> None:
    """Accept or reject what is suggested for all images, where some wait."""
    person.page.get_by_label("Show", exact=True).select_option("suggested")
    person.page.wait_for_timeout(100)
    if person.page.locator(f"[data-action={action}]").count():
        person.page.locator(f"[data-action={action}]").click()
        person.until(f"/{done}/.test(document.querySelector('[data-toast]')?.innerText)")
    person.page.get_by_label("Show", exact=True).select_option("all")


def conflict(pages: list[Person], chance: random.Random) -> None:
    """Both change one object of the first image, on which nothing is suggested; the other is faster, and its is taken."""
    person, other = pages
    person.image(0)
    hears = "**/present"
    person.page.route(hears, lambda route: route.abort())
    place = person.page.evaluate(
        """() => {
            const { top, width } = window.maskwright.scene();
            const at = top.findIndex((value) => value > 0);
            return at < 0 ? null : [at % width + 0.5, Math.floor(at / width) + 0.5];
        }"""
    )
    if place is not None:
        other.saved()
        other.page.reload()
        other.ready()
        other.image(0)
        for somebody, key in ((other, "Shift+C"), (person, chance.choice(["Shift+C", "Delete"]))):
            somebody.press("Escape", "v")
            somebody.click(*place)
            somebody.press(key)
            if somebody is other:
                other.saved()
        person.page.get_by_role("button", name="Take theirs").click()
        person.until("/Theirs is taken/.test(document.querySelector('[data-toast]')?.innerText)")
    person.page.unroute(hears)


def step(chance: random.Random, pages: list[Person], refusing: Refusing) -> None:
    person = pages[0]
    what = chance.choice(
        ["draw", "draw", "draw", "add", "subtract", "refine", "class", "delete", "state", "undo", "undo", "redo", "switch",
         "reload", "other tab", "refused", "split", "mode", "accept", "reject", "judge", "judge", "classes", "classes", "reject all",
         "accept all", "merge classes", "conflict"]
    )  # fmt: skip
    if what in ("draw", "add", "subtract", "refine", "refused"):
        person.press("Escape", "b")
        if what in ("add", "subtract", "refine"):
            person.press("v")
            person.click(*somewhere(chance))
            person.press("b", {"add": "Shift+Q", "subtract": "Shift+E", "refine": "Shift+K"}[what])
        refusing.next = what == "refused"
        person.drag(somewhere(chance), somewhere(chance))
        person.press("Escape")
        person.saved()
        refusing.next = False
        if what == "refused" and person.page.locator("[data-parked]").count():
            person.page.locator("[data-parked]").click()
            again = chance.random() < 0.5
            name = "Try again" if again else "Give this change up"
            person.page.get_by_role("button", name=name).click()
            person.page.locator("[data-refused]").wait_for(state="detached")
            person.page.locator("[role=dialog] .close").click()  # the focus may have gone with the row
            person.page.locator("[role=dialog]").wait_for(state="detached")
    elif what in ("class", "delete", "split"):
        person.press("v")
        person.click(*somewhere(chance))
        person.press(
            chance.choice(["Shift+1", "Shift+2", "Shift+3"])
            if what == "class"
            else {"delete": "Delete", "split": "Shift+S"}[what]
        )
        person.press("Escape")
    elif what == "state":
        person.press(chance.choice(["Shift+R", "Shift+A", "Shift+B"]))
    elif what in ("accept", "reject"):
        person.image(chance.randrange(1, IMAGES))
        person.press(what[0])
    elif what == "judge":  # a single object
        person.image(chance.randrange(1, IMAGES))
        person.press(chance.choice(["ArrowDown", "ArrowUp"]), chance.choice(["ArrowRight", "ArrowLeft"]))
    elif what == "classes":
        edit_classes(person, chance)
    elif what == "reject all":
        everywhere(person, "rejectEverywhere", "^Rejected")
    elif what == "accept all":
        everywhere(person, "acceptEverywhere", "on . images|sure enough")
    elif what == "merge classes":
        merge_classes(person, chance)
    elif what == "conflict":
        conflict(pages, chance)
    elif what == "undo":
        person.press("Control+z")
    elif what == "redo":
        person.press("Control+Shift+Z")
    elif what == "mode":
        person.page.get_by_label("Mode").select_option(chance.choice(["instance", "panoptic"]))
    elif what == "switch":
        person.saved()
        person.image(chance.randrange(IMAGES))
    elif what == "reload":
        person.saved()
        person.page.reload()
        person.ready()
    elif what == "other tab":
        other = pages[1]
        other.saved()
        other.page.reload()  # it sees what is there now, as it would some seconds later
        other.ready()
        other.image(chance.randrange(IMAGES))
        other.press("b")
        other.drag(somewhere(chance), somewhere(chance))
        other.saved()
        person.saved()
        person.page.reload()
        person.ready()
    person.saved()


@pytest.mark.parametrize(
    ("seed", "steps"), [(1, 9), *(pytest.param(seed, 22, marks=pytest.mark.slow) for seed in range(1, 8))]
)
def test_any_sequence_is_held_and_taken_back(browser, studio, seed, steps) -> None:
    chance = random.Random(seed)
    context = browser.new_context()
    pages = [Person(context.new_page(), studio), Person(context.new_page(), studio)]
    refusing = Refusing()
    pages[0].page.route("**/operations?*", refusing)
    pages[0].drag((60, 60), (120, 60))
    pages[0].saved()
    assert min(suggested(pages[0])) > 1
    beginning = [((1, "disk"), (2, "box")), *((None, []) for _ in range(IMAGES))]
    for number in range(steps):
        step(chance, pages, refusing)
        person = pages[0]
        for _ in range(100):  # what was given up is read again from the studio
            image, objects = shown(person)
            if objects == kept(person, image):
                break
            person.page.wait_for_timeout(50)
        else:
            assert objects == kept(person, image), f"after step {number}"
    person = pages[0]
    person.page.get_by_label("Mode").select_option("instance")
    for _ in range(4 * steps):
        person.press("Control+z")
        person.saved()
        if "nothing to take back" in (
            person.page.locator("[data-toast]").inner_text() if person.page.locator("[data-toast]").count() else ""
        ):
            break
    assert held(person) == beginning
    with Dataset.open(studio.folder, read_only=True) as dataset:
        assert workflow.judged(dataset) == set()
    assert not person.errors
    context.close()
