"""Several masks of one image: those that a second person drew, and those of further objects."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.labelling import agreement, gestures, own_labels, workflow
from maskwright.labelling.gestures import Operation
from maskwright.store import Dataset, doctor, transfer

SIZE = (30, 40)
NAMES = ("01", "02", "03")


def put(file: Path, pixels: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)


def photo(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 255, (*SIZE, 3), dtype=np.uint8)


def drawn(first: bool, number: int) -> np.ndarray:
    """The second observer is more generous by a row."""
    out = np.zeros(SIZE, np.uint8)
    out[4 : 9 if first else 10, 2 + number : 30] = 255
    return out


def beside(home: Path) -> None:
    """As CHASE_DB1 has it."""
    for number, name in enumerate(NAMES):
        put(home / f"{name}.jpg", photo(number))
        put(home / f"{name}_1stHO.png", drawn(True, number))
        put(home / f"{name}_2ndHO.png", drawn(False, number))


def folders(home: Path, first: str, second: str, images: str = "images") -> None:
    for number, name in enumerate(NAMES):
        put(home / images / f"{name}.png", photo(number))
        put(home / first / f"{name}.png", drawn(True, number))
        put(home / second / f"{name}.png", drawn(False, number))


SETS = {
    "CHASE_DB1": beside,
    "DRIVE": lambda home: folders(home, "1st_manual", "2nd_manual"),
    "STARE": lambda home: folders(home, "labels-ah", "labels-vk", "stare-images"),
    "observers": lambda home: folders(home, "masks", "masks_observer2"),
}


@pytest.mark.parametrize("name", SETS)
def test_the_first_is_read_and_the_command_for_the_second_works(tmp_path, name) -> None:
    home = tmp_path / "a set"
    SETS[name](home)
    reading = formats.read(home)
    first = {sample.key: int(sample.segments.masks.areas().sum()) for sample in reading.samples}
    assert first == {key: 5 * (28 - number) for number, key in enumerate(NAMES)}
    (finding,) = [finding for finding in reading.findings if finding.kind == "second annotators"]
    assert (finding.number, finding.grave) == (3, False)
    assert not any("neither the images nor the labels" in note for note in reading.notes)
    words = shlex.split(finding.text.partition("place of the first with: ")[2])
    assert words[:6] == ["maskwright", "import", str(home), "DATASET", "-f", "label-map"]
    options = dict(word.split("=", 1) for word in words[6:] if word != "-o")
    other = formats.read(home, "label-map", **options)
    second = {sample.key: int(sample.segments.masks.areas().sum()) for sample in other.samples}
    assert second == {key: 6 * (28 - number) for number, key in enumerate(NAMES)}
    assert not any("have no label" in note for note in other.notes)


@pytest.mark.parametrize(("name", "who"), [("CHASE_DB1", "2ndHO"), ("DRIVE", "2nd_manual"), ("STARE", "labels-vk")])
def test_a_dataset_keeps_both(tmp_path, name, who) -> None:
    """In one revision, as labels of their own that are finished; classes are chosen in both."""
    home = tmp_path / "download"
    SETS[name](home)
    reading = formats.selected(formats.read(home), map={"object": "vessel"})
    result = transfer.import_samples(tmp_path / "set", reading.classes, reading.samples, "import")
    assert result["revision"] == 2
    with Dataset.open(tmp_path / "set") as dataset:
        assert own_labels.annotators(dataset) == [who]
        areas = {sample.key: int(sample.segments.masks.areas().sum()) for sample in dataset}
        others = {
            sample.key: int(sample.segments.masks.areas().sum()) for sample in own_labels.view(dataset, who)
        }  # fmt: skip
        assert areas == {key: 5 * (28 - number) for number, key in enumerate(NAMES)}
        assert others == {key: 6 * (28 - number) for number, key in enumerate(NAMES)}
        assert {row.workflow.own_labels for row in gestures.overview(dataset)} == {(who,)}
        numbers = [row.number for row in gestures.overview(dataset)]
        for number in numbers:
            said = Operation(f"op{number}", "submit", said=workflow.Said(state="labelled"))
            gestures.apply(dataset, number, said, author="me")
        assert len(agreement.agreements(dataset)) == 3
        assert doctor.verify(dataset).problems == []


def test_labels_again_are_the_newest(tmp_path) -> None:
    """A folder that is opened again has what both observers drew since."""
    home = tmp_path / "download"
    SETS["DRIVE"](home)
    formats.open_dataset(home).close()
    put(home / "2nd_manual" / "02.png", drawn(True, 9))
    with formats.open_dataset(home) as dataset:
        others = {
            sample.key: int(sample.segments.masks.areas().sum()) for sample in own_labels.view(dataset, "2nd_manual")
        }
    assert others == {"01": 6 * 28, "02": 5 * 19, "03": 6 * 26}


def test_a_broken_mask_of_the_second_goes_alone(tmp_path) -> None:
    SETS["DRIVE"](tmp_path)
    (tmp_path / "2nd_manual" / "02.png").write_bytes(b"nothing")
    reading = formats.read(tmp_path, skip_broken=True)
    assert [(sample.key, list(sample.own_labels)) for sample in reading.samples] == [
        ("01", ["2nd_manual"]), ("02", []), ("03", ["2nd_manual"])
    ]  # fmt: skip
    assert [Path(entry.file).name for entry in reading.broken] == ["02.png"]


def test_a_field_of_view_is_nobodys_drawing(tmp_path) -> None:
    folders(tmp_path, "1st_manual", "mask")
    reading = formats.read(tmp_path)
    list(reading.samples)
    assert not any(finding.kind == "second annotators" for finding in reading.findings)


def test_labels_with_a_letter_more_are_samples_of_the_image(tmp_path) -> None:
    """As the Berkeley objects: 189011 whole, and two parts of it."""
    for number, name in enumerate(("101085", "189011", "3096")):
        put(tmp_path / "images" / f"{name}.jpg", photo(number))
        put(tmp_path / "masks" / f"{name}.png", drawn(True, number))
    for letter in "ab":
        put(tmp_path / "masks" / f"189011{letter}.png", drawn(letter == "a", 5))
    put(tmp_path / "masks" / "3096b.png", drawn(True, 7))  # without an a it is of something else
    reading = formats.read(tmp_path)
    found = {sample.key: Path(sample.image.uri).name for sample in reading.samples}
    assert found == {
        "101085": "101085.jpg", "189011": "189011.jpg", "189011a": "189011.jpg", "189011b": "189011.jpg",
        "3096": "3096.jpg",
    }  # fmt: skip
    assert any(
        note.startswith("2 labels are called as an image and a letter more, such as 189011a") for note in reading.notes
    )
    assert any("1 label has no image and was left out: 3096b" in note for note in reading.notes)
