"""The explore page in a real browser: filters, picking, changing many, and the way to the canvas and back."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from studio_person import SIZE, Person, Studio, scene

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.runs import Run
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


@pytest.fixture
def labelled(studio) -> Studio:
    """Five images, a disk in every one and a box in the first two; a run that found the disks in all but one."""
    with Dataset.open(studio.folder) as dataset:
        dataset.columns.add("weather", "category", values=["sun", "rain"])
        with dataset.edit("labels") as edit:
            for k in range(5):
                masks = np.array(scene(k)[1:][: 2 if k < 2 else 1])
                edit.put(f"p{k}", Segments(Masks.encode(masks), [1, 2][: len(masks)]))
        run = Run.start(dataset, "predict", {}, name="first")
        none = Segments.none(SIZE)
        found = [none if k == 3 else Segments(Masks.encode(scene(k)[1][None]), [1]) for k in range(5)]
        run.add_predictions(zip(dataset.numbers(), found, strict=True))
        run.log_samples("mean_iou", {number: 0.2 * k for k, number in enumerate(dataset.numbers())})
        run.finish()
    return studio


@pytest.fixture
def explorer(browser, labelled):
    context = browser.new_context()
    person = Person(context.new_page(), labelled)
    person.page.get_by_role("button", name="Explore").click()
    count(person, 5)
    yield person
    assert not person.errors
    context.close()


def count(person: Person, number: int) -> None:
    person.until(f"document.querySelector('[data-found]')?.dataset.found === '{number}'")


def keys(person: Person) -> list[str]:
    person.until("![...document.querySelectorAll('.cell .key')].some((cell) => cell.textContent === '…')")
    return person.page.locator(".cell .key").all_inner_texts()


def test_bars_and_conditions_leave_images_and_the_address_holds_them(explorer) -> None:
    page = explorer.page
    page.locator("[data-column='segment class'] [data-word=box]").click()
    count(explorer, 2)
    assert keys(explorer) == ["p0", "p1"]
    page.locator("#condition").fill("key = 'p1'")
    count(explorer, 1)
    page.reload()
    count(explorer, 1)
    assert keys(explorer) == ["p1"]
    assert page.locator("[data-word=box]").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Show all", exact=True).click()
    count(explorer, 5)
    page.locator("#condition").fill("key >")
    page.locator(".filters [role=alert]").wait_for()
    assert "at character 6" in page.locator(".filters [role=alert]").inner_text()
    assert len(keys(explorer)) == 5  # what was shown stays


def test_numbers_are_swept_over_and_typed(explorer) -> None:
    page = explorer.page
    area = page.locator("[data-column='segment area']")
    low = area.get_by_label("area from")
    largest = int(area.get_by_label("area to").input_value())
    low.fill(str(largest))
    low.press("Enter")
    explorer.until("document.querySelector('[data-found]').dataset.found !== '5'")
    with page.expect_response(lambda answer: answer.url.endswith("/explore/charts")):
        page.get_by_role("button", name="Show all: area").click()
    count(explorer, 5)
    explorer.until("document.querySelector('[data-column=\"segment area\"] .u-select').offsetWidth === 0")
    page.wait_for_timeout(300)
    chart = area.locator(".u-over").bounding_box()
    page.mouse.move(chart["x"] + 1, chart["y"] + 20)
    page.mouse.down()
    page.mouse.move(chart["x"] + 8, chart["y"] + 20, steps=3)
    page.mouse.up()
    count(explorer, 2)  # the boxes are smaller than the disks


def test_a_region_drawn_on_a_plot_leaves_images_and_the_address_holds_it(explorer) -> None:
    page = explorer.page
    page.get_by_role("button", name="Plots", exact=True).click()
    plot = page.locator("[data-plot='0']")
    explorer.until("document.querySelector('[data-plot]')?.dataset.drawn === '7'")
    plot.get_by_label("Colour").select_option("class")
    plot.locator(".inks").get_by_text("disk").wait_for()
    plot.get_by_role("button", name="Rectangle").click()

    def sweep(*corners: tuple[float, float]) -> None:
        chart = plot.locator(".u-over").bounding_box()
        places = [(chart["x"] + x * chart["width"], chart["y"] + y * chart["height"]) for x, y in corners]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=8)
        page.mouse.up()

    sweep((0.005, 0.005), (0.3, 0.99))
    count(explorer, 2)  # the boxes, which are smaller than the disks
    assert keys(explorer) == ["p0", "p1"]
    page.reload()
    count(explorer, 2)
    assert plot.locator("polygon").get_attribute("points").count(",") == 4
    page.locator("#condition").fill("key != 'p0'")
    count(explorer, 1)
    page.locator("#condition").fill("")
    plot.get_by_role("button", name="Clear region").click()
    count(explorer, 5)
    plot.get_by_role("button", name="Lasso").click()
    sweep((0.7, 0.7), (0.99, 0.7), (0.99, 0.99), (0.7, 0.99))
    count(explorer, 3)  # a disk, and nothing else
    page.get_by_role("button", name="Show all", exact=True).click()
    count(explorer, 5)
    plot.get_by_role("button", name="Close the plot").click()
    plot.wait_for(state="detached")


def test_a_column_is_typed_in_and_the_address_holds_it(explorer) -> None:
    page = explorer.page
    field = page.get_by_label("Add a column")
    field.fill("count(class = 'box') >")
    field.press("Enter")
    page.get_by_text("at character 23").wait_for()
    assert field.get_attribute("aria-invalid") == "true"
    field.fill("num_segments - count(class = 'disk')")
    field.press("Enter")
    own = page.locator("[data-column='sample (num_segments - count(class = \\'disk\\'))']")
    own.get_by_label("from").wait_for()
    explorer.until("document.querySelector('.cell .value:last-child')?.textContent.endsWith(' 1')")
    low = own.get_by_label("num_segments - count(class = 'disk') from")
    low.fill("1")
    low.press("Enter")
    count(explorer, 2)
    page.get_by_label("Sort by").select_option(label="num_segments - count(class = 'disk')")
    page.reload()
    count(explorer, 2)
    own.get_by_label("from").wait_for()
    explorer.until("document.querySelectorAll('.cell .value').length === 6")
    page.get_by_role("button", name="Take the column away").click()
    count(explorer, 5)
    own.wait_for(state="detached")
    assert "v=" not in page.url


def test_the_grid_has_headings_over_groups_that_fold(explorer) -> None:
    page = explorer.page
    with Dataset.open(explorer.studio.folder) as dataset:
        dataset.set_where("key in ('p1', 'p3')", {"split": "val"})
        dataset.set_where("key = 'p2'", {"split": "train"})
    page.get_by_label("Group by").select_option("split")
    explorer.until("document.querySelectorAll('[data-group]').length === 3")
    headings = page.locator("[data-group]")
    assert [text.split("\n")[0] for text in headings.all_inner_texts()] == [
        "▾ train 1 image", "▾ val 2 images", "▾ no value 2 images",
    ]  # fmt: skip
    assert keys(explorer) == ["p2", "p1", "p3", "p0", "p4"]
    page.get_by_role("button", name="val 2 images").click()
    assert keys(explorer) == ["p2", "p0", "p4"]
    page.locator(".cells").focus()
    explorer.press("Home", "ArrowRight")  # over what is folded
    explorer.until("document.querySelector('.cell.here .key').textContent === 'p0'")
    explorer.press("ArrowUp")
    explorer.until("document.querySelector('.cell.here .key').textContent === 'p2'")
    page.reload()
    explorer.until("document.querySelectorAll('[data-group]').length === 3")
    assert keys(explorer) == ["p2", "p1", "p3", "p0", "p4"]
    page.locator("#condition").fill("split = 'val'")
    explorer.until("document.querySelectorAll('[data-group]').length === 1")
    assert keys(explorer) == ["p1", "p3"]


def test_objects_are_listed_sorted_and_lead_to_their_image(explorer) -> None:
    page = explorer.page
    page.locator("[data-of=objects]").click()
    explorer.until("document.querySelector('[data-objects]')?.dataset.objects === '7'")
    page.locator("[data-column='segment class'] [data-word=box]").click()
    explorer.until("document.querySelector('[data-objects]').dataset.objects === '2'")  # and not the disks beside them
    rows = page.locator(".sheet .all [role=row]")
    explorer.until("document.querySelector('.sheet .all').innerText.includes('box')")
    assert "disk" not in page.locator(".sheet .all").inner_text()
    explorer.until("[...document.querySelectorAll('.objects img')].every((image) => image.naturalWidth > 0)")
    page.get_by_role("button", name="Show all", exact=True).click()
    explorer.until("document.querySelector('[data-objects]').dataset.objects === '7'")
    page.get_by_role("columnheader", name="area (px)").get_by_role("button").click()
    explorer.until("document.querySelector('.sheet .all [role=row]')?.innerText.includes('box')")
    page.get_by_role("columnheader", name="area (px)").get_by_role("button").click()
    explorer.until("document.querySelector('.sheet .all [role=row]')?.innerText.includes('disk')")
    page.reload()
    explorer.until("document.querySelector('.sheet .all [role=row]')?.innerText.includes('disk')")
    assert rows.count() == 7
    page.locator("#condition").fill("key = 'p1' and class = 'box'")
    explorer.until("document.querySelector('[data-objects]').dataset.objects === '1'")
    page.locator(".sheet").focus()
    explorer.press("Home", "Enter")
    explorer.ready()
    explorer.until("window.maskwright.number() === 2")
    page.locator(".bar [data-chosen]").get_by_text("box").wait_for()
    page.go_back()
    explorer.until("document.querySelector('[data-objects]')?.dataset.objects === '1'")
    page.locator("[data-of=images]").click()
    count(explorer, 1)
    assert keys(explorer) == ["p1"]


def test_samples_are_sorted_by_what_a_run_says(explorer) -> None:
    page = explorer.page
    page.get_by_label("Sort by").select_option(label="first: mean_iou")
    page.get_by_role("button", name="Ascending").click()
    explorer.until("document.querySelector('.cell .key')?.textContent === 'p4'")
    page.get_by_role("button", name="Table", exact=True).click()
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("first: mean_iou", exact=True).check()
    page.get_by_role("columnheader", name="first: mean_iou").get_by_role("button").click()
    explorer.until(
        "document.querySelector('.sheet .all [role=row] [role=gridcell]:nth-child(2)')?.textContent === 'p0'"
    )
    explorer.until(
        "document.querySelector('.sheet .all [role=row]').innerText.includes('0.0') || document.querySelector('.sheet .all [role=row]').innerText.trim().endsWith('0')"
    )
    assert page.locator(".sheet [role=row]").count() == 6


def test_many_images_are_changed_after_a_look_and_the_bars_follow(explorer) -> None:
    page = explorer.page
    page.locator("[data-image]").nth(1).click()
    page.locator("[data-image]").nth(3).click(modifiers=["Shift"])
    assert page.locator("[data-picked]").get_attribute("data-picked") == "3"
    page.locator("[data-action=change]").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Column").select_option("weather")
    dialog.get_by_label("Value").select_option("rain")
    dialog.get_by_label("What for").fill("it rained")
    dialog.get_by_role("button", name="Show what changes").click()
    dialog.locator("[data-changes='3']").wait_for()
    with Dataset.open(explorer.studio.folder, read_only=True) as dataset:
        assert not any("weather" in sample.fields for sample in dataset)
    dialog.get_by_role("button", name="Change 3 images").click()
    page.get_by_role("dialog").wait_for(state="detached")
    with Dataset.open(explorer.studio.folder, read_only=True) as dataset:
        assert [sample.fields.get("weather") for sample in dataset] == [None, "rain", "rain", "rain", None]
        assert dataset.log()[0].message == "it rained"
    page.locator("[data-column='sample weather'] > summary").click()
    page.locator("[data-column='sample weather'] [data-word=rain]").click()
    count(explorer, 3)


def test_objects_get_a_class_and_predictions_become_labels_after_a_look(explorer) -> None:
    page = explorer.page
    page.get_by_role("button", name="Pick all shown").click()
    page.locator("[data-action=change]").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Change objects").check()
    dialog.get_by_label("Objects with").fill("class = 'box'")
    dialog.get_by_label("Value").select_option("disk")
    dialog.get_by_role("button", name="Show what changes").click()
    dialog.locator("[data-changes='2']").wait_for()
    assert "2 objects would change, on 2 images of 5" in dialog.inner_text()
    assert "p0, object 2" in dialog.inner_text()
    dialog.get_by_label("Objects with").fill(
        "class = 'box' and key = 'p1'"
    )  # what was looked at is not wished any more
    assert dialog.locator("[data-changes]").count() == 0
    dialog.get_by_role("button", name="Show what changes").click()
    dialog.locator("[data-changes='1']").wait_for()
    dialog.get_by_role("button", name="Change 1 image").click()
    page.get_by_role("dialog").wait_for(state="detached")
    with Dataset.open(explorer.studio.folder, read_only=True) as dataset:
        assert [sample.segments.class_ids.tolist() for sample in dataset] == [[1, 2], [1, 1], [1], [1], [1]]
    page.locator("[data-action=change]").click()
    dialog.get_by_label("Accept predictions").check()
    dialog.get_by_label("Labels there").select_option("replace")
    dialog.get_by_role("button", name="Show what changes").click()
    dialog.locator("[data-changes='5']").wait_for()
    dialog.get_by_label("What for").fill("good enough")
    dialog.get_by_role("button", name="Change 5 images").click()
    page.get_by_role("dialog").wait_for(state="detached")
    with Dataset.open(explorer.studio.folder, read_only=True) as dataset:
        assert [sample.segments.source for sample in dataset] == [["model"], ["model"], ["model"], [], ["model"]]
        assert dataset.log()[0].message == "good enough"


def test_images_go_by_the_keyboard_and_come_back(explorer) -> None:
    page = explorer.page
    page.locator("[data-image]").nth(1).click()
    page.locator("[data-action=change]").focus()
    explorer.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Change images").focus()
    explorer.press("ArrowUp")  # around, to the last
    assert dialog.get_by_label("Delete images").is_checked()
    dialog.get_by_role("button", name="Show what changes").focus()
    explorer.press("Enter")
    dialog.locator("[data-changes='1']").wait_for()
    dialog.get_by_role("button", name="Delete 1 image").focus()
    explorer.press("Enter")
    count(explorer, 4)
    assert keys(explorer) == ["p0", "p2", "p3", "p4"]
    with Dataset.open(explorer.studio.folder) as dataset:
        dataset.restore("head~1")
        assert len(dataset) == 5


def test_two_presses_lead_to_the_canvas_and_the_way_back_to_the_same_place(explorer) -> None:
    page = explorer.page
    page.locator("[data-column='segment class'] [data-word=box]").click()
    count(explorer, 2)
    page.locator("[data-image]").nth(1).dblclick()
    explorer.ready()
    explorer.until("window.maskwright.number() === 2")
    explorer.drag((20, 20), (60, 50))
    explorer.saved()
    page.go_back()
    count(explorer, 2)
    assert page.locator("[data-word=box]").get_attribute("aria-pressed") == "true"
    page.locator(".cells").focus()
    explorer.press("Home", "Enter")
    explorer.ready()
    explorer.until("window.maskwright.number() === 1")
    page.get_by_role("button", name="Explore").click()
    count(explorer, 2)


def test_a_view_is_saved_chosen_and_forgotten(explorer) -> None:
    page = explorer.page
    page.locator("#condition").fill("class = 'box'")
    count(explorer, 2)
    page.get_by_role("button", name="Save view").click()
    page.get_by_label("Name of the view").fill("boxes")
    page.get_by_label("Name of the view").press("Enter")
    explorer.until("[...document.querySelectorAll('option')].some((option) => option.textContent === 'boxes')")
    page.get_by_role("button", name="Show all", exact=True).click()
    count(explorer, 5)
    page.get_by_label("Saved views").select_option("boxes")
    count(explorer, 2)
    page.get_by_role("button", name="Forget the view boxes").click()
    count(explorer, 5)
    with Dataset.open(explorer.studio.folder, read_only=True) as dataset:
        assert dataset.views() == {}


def test_predictions_and_errors_lie_over_the_images(explorer) -> None:
    page = explorer.page
    page.get_by_label("Predictions of").select_option("first")
    shown = "[...document.querySelectorAll('.thumbnail')].every((cell) => [...cell.querySelectorAll('img')].length === 3 && [...cell.querySelectorAll('img')].every((image) => image.naturalWidth > 0))"
    explorer.until(shown)
    page.get_by_label("Red is missed").select_option("errors")
    explorer.until(
        "[...document.querySelectorAll('.thumbnail img')].some((image) => image.src.includes('what=errors'))"
    )
    explorer.until(shown)
    page.get_by_label("Labels", exact=True).uncheck()
    explorer.until(
        "[...document.querySelectorAll('.thumbnail')].every((cell) => cell.querySelectorAll('img').length === 2)"
    )


def test_runs_are_seen_side_by_side_and_lead_to_the_images_that_got_worse(explorer) -> None:
    page = explorer.page
    with Dataset.open(explorer.studio.folder) as dataset:
        run = Run.start(dataset, "train", {"model": "lite", "lr": 0.01}, name="second")
        for step in range(5):
            run.log(step, {"train/loss": 1.0 - 0.1 * step})
        run.log_samples("mean_iou", dict.fromkeys(dataset.numbers(), 0.5))
        page.locator("[data-page=runs]").click()
        page.locator("[data-run=second]").get_by_role("button").click()
        chart = page.get_by_role("img", name="train/loss: second 0.6")
        chart.wait_for()
        run.log(5, {"train/loss": 0.3})  # it is under way: what it says is seen by itself
        page.get_by_role("img", name="train/loss: second 0.3").wait_for()
        run.finish(scores={"mean_iou": 0.5, "classes": {"disk": 0.4}})
    page.get_by_label("Tags").fill("good, kept")
    page.get_by_label("Tags").press("Enter")
    page.get_by_label("Tags").blur()
    explorer.until("document.querySelector('[data-run=second]').innerText.includes('good kept')")
    page.get_by_label("first beside others").check()
    page.get_by_label("second beside others").uncheck()
    page.get_by_label("second beside others").check()
    explorer.until("document.querySelectorAll('.legend span').length === 2")
    page.locator("[data-score=mean_iou]").wait_for()
    page.reload()
    page.get_by_role("button", name="Images that got worse").click()
    count(explorer, 5)
    # 0.5 for all of them, where the first run said 0, 0.2, 0.4, 0.6 and 0.8.
    assert keys(explorer) == ["p4", "p3", "p2", "p1", "p0"]


def test_images_and_labels_dropped_anywhere_come_in(explorer, tmp_path) -> None:
    page = explorer.page
    masks = {}
    names = []
    for k in (7, 8):
        image, masks[k], _ = scene(k)
        Image.fromarray(image).save(tmp_path / f"new{k}.png")
        names.append(tmp_path / f"new{k}.png")
    drop(explorer, names)
    page.locator("[data-import=seen]", has_text="2 new images").wait_for()
    assert page.locator(".dialog", has_text="new7.png, new8.png").count() == 1
    with Dataset.open(explorer.studio.folder, read_only=True) as dataset:
        assert len(dataset) == 5, "it is only told"
    page.get_by_role("button", name="Add them").click()
    page.locator("[data-import=written]").wait_for()
    count(explorer, 7)
    page.locator(".dialog .close").click()
    # Once more: they are here, and nothing is left to add; their labels are another matter.
    drop(explorer, names)
    page.locator(".dialog li", has_text="2 images are left out").wait_for()
    assert page.get_by_role("button", name="Add them").count() == 0
    page.locator(".dialog .close").click()
    drop(explorer, [labels_of(tmp_path, masks)])
    page.locator("[data-import=seen]", has_text="2 objects on 2 images").wait_for()
    page.get_by_role("button", name="Add them").click()
    page.locator("[data-import=written]").wait_for()
    with Dataset.open(explorer.studio.folder, read_only=True) as dataset:
        for k, mask in masks.items():
            assert (dataset[f"new{k}"].segments.masks[0].decode() == mask).all()
    page.locator(".dialog .close").click()
    (tmp_path / "notes.txt").write_text("hello")
    drop(explorer, [tmp_path / "notes.txt"])
    page.locator(".dialog [role=alert]", has_text="notes.txt").wait_for()


def drop(person: Person, files: list[Path]) -> None:
    """Let go of files over the grid, as a file manager does it."""
    sent = [[file.name, base64.b64encode(file.read_bytes()).decode()] for file in files]
    person.page.evaluate(
        """(sent) => {
          const data = new DataTransfer();
          for (const [name, text] of sent) data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
          const main = document.querySelector('main');
          for (const kind of ['dragover', 'drop'])
            main.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        sent,
    )


def labels_of(folder: Path, masks: dict[int, np.ndarray]) -> Path:
    """A COCO file of a disk on each of the images."""
    rows = [
        {"id": k, "image_id": k, "category_id": 1, "iscrowd": 0, "bbox": [0, 0, 9, 9], "area": int(mask.sum()),
         "segmentation": {"size": list(SIZE), "counts": Masks.encode(mask[None]).compressed()[0].decode()}}
        for k, mask in masks.items()
    ]  # fmt: skip
    images = [{"id": k, "file_name": f"new{k}.png", "height": SIZE[0], "width": SIZE[1]} for k in masks]
    file = folder / "labels.json"
    file.write_text(json.dumps({"images": images, "categories": [{"id": 1, "name": "disk"}], "annotations": rows}))
    return file
