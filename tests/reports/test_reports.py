"""Reports: one file, which holds what the records say and asks nothing of anybody."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")
from command_line import run as call
from PIL import Image

from maskwright import reports
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.metrics import confusion
from maskwright.reports.of_dataset import chosen_examples
from maskwright.reports.of_two_runs import paired
from maskwright.runs import Run, evaluate, evaluations, sample_metrics
from maskwright.runs.by_class import by_class
from maskwright.store import Dataset

EVIL = "<script>alert('&\"')</script>"
SIZE = (40, 60)
VOID = {"meta", "img", "link", "br", "use", "path"}


class Page(HTMLParser):
    """What a browser would see. tables: rows of cells' words.  addresses: whatever an attribute points to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.images: list[dict[str, str]] = []
        self.ids: list[str] = []
        self.rows: list[list[str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes) -> None:
        held = dict(attributes)
        self.tags.add(tag)
        assert not any(name.startswith("on") for name in held)
        self.addresses += [held[name] for name in ("src", "href", "xlink:href", "data", "action") if name in held]
        self.ids += [held["id"]] if "id" in held else []
        if tag == "img":
            self.images.append(held)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)
            if {"td", "th"} & set(self.open):
                self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def cells(self, first: str, columns: int | None = None) -> list[str]:
        """The row that begins with this word."""
        return next(row for row in self.rows if row[0] == first and columns in (None, len(row)))


def parsed(text: str) -> Page:
    """The page, which is one file: not an address of anything but itself."""
    assert text.startswith("<!doctype html>")
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    page = Page(text)
    assert all(address.startswith(("#", "data:image/webp;base64,")) for address in page.addresses)
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert not page.tags & {"script", "iframe", "object", "embed", "form"}
    return page


def scene(seed: int, shift: int = 0) -> Segments:
    dense = np.zeros((2, *SIZE), bool)
    dense[0, 5 : 15 + seed, 5 + shift : 25 + shift] = True
    dense[1, 25:, 30:] = True
    return Segments(Masks.encode(dense), [1, 2])


@pytest.fixture
def dataset(tmp_path):
    """Six images, of which one has no segment; two runs scored on all but it, the second better on some."""
    classes = Classes(
        [Class(1, EVIL), Class(2, "water", "stuff"), Class(7, "never"), Class(9, "void", "stuff", "ignore")]
    )
    with Dataset.create(tmp_path / "set", classes, author="ann") as dataset:
        with dataset.edit(f"images {EVIL}", author="ann") as edit:
            for k in range(6):
                Image.fromarray(np.full((*SIZE, 3), 40 * k, np.uint8)).save(tmp_path / f"{k}.png")
                labels = scene(k) if k < 5 else Segments.none(SIZE)
                ref = ImageRef(str(tmp_path / f"{k}.png"), SIZE)
                edit.add(Sample(f"im&{k}", ref, labels, split="train" if k < 4 else None))
        for name, shifts in (("first", (0, 4, 8, 2, 0)), ("second", (0, 2, 12, 1, 3))):
            made = Run.start(dataset, "predict", {"model": "lite", "lr": 0.1 if name == "first" else 0.2}, name=name)
            numbers = dataset.numbers()[:5]
            made.add_predictions(
                [(n, scene(k, shift)) for k, (n, shift) in enumerate(zip(numbers, shifts, strict=True))]
            )
            for step in range(20):
                made.log(step, {"train/loss": 1 / (1 + step), "val/mean_iou": step / 20})
            made.finish()
            evaluate(dataset.where("count() > 0"), made)
        yield dataset


def four(value: float) -> str:
    return f"{value:.4f}"


def test_a_dataset(dataset) -> None:
    page = parsed(reports.dataset_report(dataset))
    statistics = {row["name"]: row for row in dataset.class_statistics()}
    whole = sum(row["pixels"] for row in statistics.values())
    row = statistics[EVIL]
    assert page.cells(EVIL, 7) == [
        EVIL, "5", "5", "1", "4", f"{row['pixels']:,}", f"{row['pixels'] / whole:.2%}",
    ]  # fmt: skip
    areas = np.sort(np.concatenate([scene(k).masks.areas()[:1] for k in range(5)]))
    assert page.rows[[row[0] for row in page.rows].index("class", 5)][2:] == [
        "smallest", "a quarter is below", "median", "a quarter is above", "largest",
    ]  # fmt: skip
    low, middle, high = (round(float(value)) for value in np.percentile(areas, (25, 50, 75)))
    found = [row for row in page.rows if row[0] == EVIL][1]
    assert found == [EVIL, "5", f"{areas[0]:,}", f"{low:,}", f"{middle:,}", f"{high:,}", f"{areas[-1]:,}"]
    assert page.cells("60 × 40") == ["60 × 40", "0.00 MP", "6", "100.00%"]
    assert "Declared, and never labelled: never, void." in page.text
    assert "1 image has not a segment." in page.text
    assert page.cells("2")[3:5] == ["ann", f"images {EVIL}"]
    assert len(page.images) == 6
    assert "im&0" in page.words


def test_a_part_of_a_dataset_and_an_empty_one(dataset, tmp_path) -> None:
    page = parsed(reports.dataset_report(dataset, dataset.where("split = 'train'"), examples=2))
    assert len(page.images) == 2
    assert "where split = 'train'" in page.text
    with Dataset.create(tmp_path / "empty") as empty:
        assert "There are no images here." in parsed(reports.dataset_report(empty)).text


def test_an_image_that_is_gone_is_said(dataset, tmp_path) -> None:
    (tmp_path / "0.png").unlink()
    page = parsed(reports.dataset_report(dataset))
    assert len(page.images) == 5
    assert "It cannot be shown:" in page.text


def test_examples_show_every_class() -> None:
    samples, kinds = np.array([1, 1, 2, 9, 9]), np.array([1, 2, 1, 3, 1])
    assert chosen_examples(list(range(1, 11)), samples, kinds, 2) == [1, 9]
    assert chosen_examples(list(range(1, 11)), samples, kinds, 4) == [1, 2, 6, 9]
    assert chosen_examples([1, 2], samples[:3], kinds[:3], 9) == [1, 2]
    assert chosen_examples([], samples[:0], kinds[:0], 3) == []


def test_a_run(dataset) -> None:
    done = evaluations(dataset, "first")[-1]
    scores = done["scores"]
    page = parsed(reports.run_report(dataset, "first"))
    for name in ("mean_iou", "pixel_accuracy", "mean_dice"):
        low, high = scores["intervals"][name]
        assert page.cells(name) == [name, four(scores[name]), f"{four(low)} to {four(high)}"]
    view = dataset.where("count() > 0")
    counted = by_class(view, dataset.run("first"), view.numbers())
    told = confusion.compute(counted.counts)
    place = counted.classes.names.index(EVIL)
    low, high = counted.intervals[EVIL]
    assert low <= scores["classes"][EVIL] <= high
    assert abs(told["iou"][place] - scores["classes"][EVIL]) < 1e-12
    assert page.cells(EVIL, 7) == [
        EVIL, four(scores["classes"][EVIL]), f"{four(low)} to {four(high)}",
        *(four(told[name][place]) for name in ("dice", "precision", "recall")), f"{counted.counts[place].sum():,}",
    ]  # fmt: skip
    assert page.cells("never", 7)[1] == "–"
    by_sample = sample_metrics(dataset, "first", "mean_iou")
    worst = min(by_sample, key=by_sample.__getitem__)
    assert page.text.index(f"mean IoU {four(by_sample[worst])}") < page.text.index("lr 0.1")
    assert len(page.images) == 15
    assert [image["alt"] for image in page.images[:3]] == [
        f"{what} of im&{dataset.numbers().index(worst)}" for what in ("truth", "prediction", "errors")
    ]
    assert page.cells("lr") == ["lr", "0.1"]
    assert "predictions are not those that were scored" not in page.text


def test_a_run_that_predicted_otherwise_since(dataset) -> None:
    made = dataset.run("first")
    made.add_predictions([(dataset.numbers()[0], Segments.none(SIZE))])
    assert "The predictions are not those that were scored" in parsed(reports.run_report(dataset, "first")).text


def test_a_run_that_was_never_evaluated(dataset) -> None:
    made = Run.start(dataset, "train", {"model": "lite"}, name="bare", notes=EVIL)
    made.finish(scores={"main": "mean_iou", "mean_iou": 0.25, "classes": {"water": 0.25, "never": None}})
    page = parsed(reports.run_report(dataset, "bare"))
    assert "was never evaluated" in page.text
    assert "--model bare" in page.text
    assert page.cells("mean_iou") == ["mean_iou", "0.2500"]
    assert page.cells("water") == ["water", "0.2500"]
    assert EVIL in page.text
    assert not page.images


def test_two_runs(dataset) -> None:
    a, b = (evaluations(dataset, name)[-1]["scores"] for name in ("first", "second"))
    page = parsed(reports.comparison_report(dataset, "first", "second"))
    moved = f"{b['mean_iou'] - a['mean_iou']:+.4f}".replace("-", "−")
    row = page.cells("mean_iou")
    assert (row[1], row[3], row[5]) == (four(a["mean_iou"]), four(b["mean_iou"]), moved)
    row = page.cells(EVIL)
    assert (row[1], row[3]) == (four(a["classes"][EVIL]), four(b["classes"][EVIL]))
    first, second = (sample_metrics(dataset, name, "mean_iou") for name in ("first", "second"))
    better = sum(second[number] > first[number] for number in first)
    worse = sum(second[number] < first[number] for number in first)
    assert (better, worse) == (2, 2)
    assert f"B is better on {better}, worse on {worse}, and the same on 1" in page.text
    assert len(page.images) == 5 * (better + worse)
    assert page.cells("lr", 3) == ["lr", "0.1", "0.2"]
    assert "model" not in [row[0] for row in page.rows if len(row) == 3]


def test_runs_that_were_scored_on_others_are_said(dataset) -> None:
    evaluate(dataset.where("split = 'train'"), dataset.run("second"))
    assert "They were not scored on the same" in parsed(reports.comparison_report(dataset, "first", "second")).text


def test_pairs_of_scores() -> None:
    nan = float("nan")
    found = paired({1: 0.5, 2: 0.5, 3: nan, 4: 0.1}, {1: 0.6, 2: 0.7, 3: 0.5, 5: 0.2})
    assert found.numbers == [1, 2]
    assert found.mean == pytest.approx(0.15)
    assert found.interval == pytest.approx((0.1, 0.2))
    assert paired({1: 0.5}, {1: 0.75}).interval is None
    assert paired({}, {}).numbers == []
    # As the normal distribution has it, for many.
    moved = np.random.default_rng(0).normal(0.01, 0.1, 2000)
    low, high = paired(dict.fromkeys(range(2000), 0.0), dict(enumerate(moved.tolist()))).interval
    half = 1.96 * moved.std() / 2000**0.5
    assert (low, high) == pytest.approx((moved.mean() - half, moved.mean() + half), abs=half / 10)


def test_the_same_record_gives_the_same_page(dataset) -> None:
    for make in (reports.dataset_report, reports.run_report):
        assert make(dataset) == make(dataset)


def test_on_the_command_line(capsys, dataset, tmp_path) -> None:
    place = dataset.place
    for arguments, words in (
        (("report", place), "Dataset"), (("report", place, "first", "--samples", 1), "Run"),
        (("compare", place, "first", "second"), "Comparison"),
    ):  # fmt: skip
        file = tmp_path / f"{words}.html"
        option = "--report" if words == "Comparison" else "-o"
        for _ in range(2):  # an older report is replaced
            code, out, err = call(capsys, *arguments, option, file)
            assert (code, err) == (0, "")
            assert f"wrote {file}" in out
        assert words in parsed(file.read_text()).words
    code, out, _ = call(capsys, "compare", place, "first", "second", "--report", file, "--json")
    assert json.loads(out)["report"] == str(file)
    code, out, _ = call(capsys, "report", place, "-o", file, "--json")
    assert json.loads(out) == {"file": str(file), "bytes": file.stat().st_size}


def test_refused_in_one_sentence_and_nothing_is_left(capsys, dataset, tmp_path) -> None:
    place = dataset.place
    (tmp_path / "mine.html").write_text("mine")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    for arguments, words in (
        (("report", place, "-o", tmp_path / "mine.html"), "is not overwritten"),
        (("report", place, "-o", tmp_path / "x.pdf"), "ends with .html"),
        (("report", place, "-o", tmp_path / "not" / "x.html"), "its folder is not there"),
        (("report", place, "nobody", "-o", tmp_path / "x.html"), "there is no run 'nobody'"),
        (("report", place, "first", "--at", "1", "-o", tmp_path / "x.html"), "of a dataset's report"),
        (("report", place, "--where", "spit = 1", "-o", tmp_path / "x.html"), "spit"),
        (("compare", place, "first", "nobody", "--report", tmp_path / "x.html"), "there is no run 'nobody'"),
        (("compare", place, "first", "second", "--report", tmp_path / "mine.html"), "is not overwritten"),
    ):  # fmt: skip
        code, _, err = call(capsys, *arguments)
        assert code == 2, err
        assert words in err
        assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert (tmp_path / "mine.html").read_text() == "mine"


@pytest.mark.browser
@pytest.mark.parametrize("light", ["light", "dark"])
def test_in_a_browser_without_a_network(browser, dataset, tmp_path, light) -> None:
    """Every image is shown, nothing is asked for, and nothing is wider than the window."""
    file = tmp_path / "two.html"
    file.write_text(reports.comparison_report(dataset, "first", "second"))
    asked, said = [], []
    context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme=light, offline=True)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    shown = page.evaluate("[...document.images].map(image => image.complete && image.naturalWidth)")
    wide = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    line = page.evaluate("getComputedStyle(document.querySelector('svg text')).fill")
    paper = page.evaluate("getComputedStyle(document.querySelector('section')).backgroundColor")
    context.close()
    assert shown
    assert all(width == SIZE[1] for width in shown)
    assert wide
    assert said == []
    assert [address for address in asked if not address.startswith("data:")] == [file.as_uri()]
    dark, bright = ((sum(map(int, re.findall(r"\d+", colour)[:3])) / 765) for colour in (ground, line))
    assert (dark < 0.2 and bright > 0.5) if light == "dark" else (bright < 0.55 and dark > 0.9)
    assert paper != ground
