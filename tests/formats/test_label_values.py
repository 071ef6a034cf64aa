"""What the numbers, colours and planes of label maps mean: each kind of file, and the note that says what was chosen."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.io import savemat

from maskwright import formats
from maskwright.errors import FormatError, UsageError

SIZE = (40, 60)
OBJECT = np.zeros(SIZE, np.uint8)
OBJECT[:10, :20] = 1
PALETTE = [0, 0, 0, 255, 0, 0] + [0] * 750


def laid(folder, name, save, size=SIZE):
    """One image and its label, which `save` writes to the place it is given."""
    for home in ("images", "labels"):
        (folder / home).mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(folder / "images" / f"{name.split('.')[0]}.png")
    save(folder / "labels" / name)
    return folder


def image(pixels, **more):
    return lambda place: Image.fromarray(pixels).save(place, **more)


def array(values):
    return lambda place: np.save(place, values)


def indexed(place) -> None:
    pixels = Image.fromarray(OBJECT)
    pixels.putpalette(PALETTE)
    pixels.save(place, transparency=0)


def smooth(factor=1):
    """A disc drawn four times as large and made small again: 1 where its pixels are mostly in, and gray edges."""
    large = Image.new("L", (60 * 4, 40 * 4))
    ImageDraw.Draw(large).ellipse((40, 40, 120, 120), fill=255)
    small = np.asarray(large.resize((60, 40), Image.Resampling.BOX))
    return (small * factor).astype(np.uint8)


MASK = "values 0 and 255 are a mask: 0 is background, 255 the class 'object'"
KINDS = {
    "palette with transparency": ("a.png", indexed, {1: OBJECT}, ["value 0 is transparent in the palette"]),
    "one bit": ("a.png", lambda place: Image.fromarray(OBJECT * 255).convert("1").save(place), {1: OBJECT},
                ["values 0 and 1 are a mask"]),
    "16 bits": ("a.png", image(OBJECT.astype(np.uint16) * 300), {0: 1 - OBJECT, 300: OBJECT}, ["values [0, 300] found"]),
    "three equal channels": ("a.png", image(np.stack([OBJECT * 255] * 3, -1)), {1: OBJECT}, [MASK]),
    "black and white": ("a.png", image(OBJECT * 255), {1: OBJECT}, [MASK]),
    "gray numbers": ("a.png", image(OBJECT), {0: 1 - OBJECT, 1: OBJECT}, ["values [0, 1] found"]),
    "numbers and 255": ("a.png", image(OBJECT + 254 * np.roll(OBJECT, 30, 1)),
                        {0: 1 - OBJECT - np.roll(OBJECT, 30, 1), 1: OBJECT, 254: np.roll(OBJECT, 30, 1)},
                        ["values [0, 1, 254] found"]),
    "alpha": ("a.png", image(np.stack([OBJECT * 255, OBJECT * 0, OBJECT * 0, OBJECT * 255], -1)),
              {1: OBJECT}, ["the colours #000000 and", "are a mask: #000000 is background"]),
    "gray JPEG": ("a.jpg", image(OBJECT * 255), {1: OBJECT}, ["1 JPEGs, whose values are blurred: values from 128 on",
                                                              MASK]),
    "gray JPEG of three channels": ("a.jpg", image(np.stack([OBJECT * 255] * 3, -1), quality=60), {1: OBJECT},
                                    ["1 JPEGs", MASK]),
    "whole floats": ("a.npy", array(OBJECT.astype(float)), {0: 1 - OBJECT, 1: OBJECT}, ["values [0, 1] found"]),
    "-1": ("a.npy", array(OBJECT.astype(np.int64) - 1), {0: OBJECT, 255: 1 - OBJECT},
           ["value -1 is taken as ignored, and becomes 255", "values [0] found"]),
    "bools": ("a.npy", array(OBJECT.astype(bool)), {1: OBJECT}, ["values 0 and 1 are a mask"]),
    "planes of classes": ("a.npy", array(np.stack([1 - OBJECT, OBJECT])), {0: 1 - OBJECT, 1: OBJECT},
                          ["plane k is the class k of 2 (every pixel is in exactly one plane"]),
    "planes at the end": ("a.npy", array(np.stack([1.0 - OBJECT, OBJECT], -1)), {0: 1 - OBJECT, 1: OBJECT},
                          ["plane k is the class k of 2"]),
    "planes of objects": ("a.npy", array(np.stack([OBJECT, np.roll(OBJECT, 30, 1)]) * np.uint8(255)),
                          {1: [OBJECT, np.roll(OBJECT, 30, 1)]},
                          ["a plane is taken as an object of one class (pixels lie in none or in several)"]),
    "soft edges": ("a.png", image(smooth()), {1: smooth() >= 128}, ["gray with soft edges: values from 128 on", MASK]),
    "MATLAB": ("a.mat", lambda place: savemat(place, {"GT": OBJECT}), {0: 1 - OBJECT, 1: OBJECT},
               ["values [0, 1] found"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_read_and_said(tmp_path, kind) -> None:
    name, save, wanted, notes = KINDS[kind]
    laid(tmp_path, name, save)
    assert formats.sniff(tmp_path) == "label-map"
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    found = {}
    for class_id, mask in zip(sample.segments.class_ids.tolist(), sample.segments.masks, strict=True):
        found.setdefault(class_id, []).append(mask.decode())
    assert found.keys() == wanted.keys()
    for class_id, masks in wanted.items():
        several = masks if isinstance(masks, list) else [masks]
        assert np.array_equal(found[class_id], np.array(several, bool)), class_id
    for note in notes:
        assert any(note in said for said in reading.notes), reading.notes


@pytest.mark.parametrize(("name", "save", "said"), [
    ("a.jpg", image(smooth(0.2)), "1 JPEG holds .* gray values, which JPEG has blurred: they are not black and white.* -o threshold=N"),
    ("a.jpg", image(np.stack([OBJECT * 255, OBJECT * 90, OBJECT], -1)), "is a JPEG of colours.*as PNG"),
    ("a.png", image(smooth(0.5)), "gray values on borders, of .*-o threshold=0 for a class of every value"),
    ("a.png", image(np.stack([smooth(), smooth(0.5), smooth(0.1)], -1)), "colours on borders.*without smooth edges"),
    ("a.npy", array(OBJECT * 0.7), "fractions between 0 and 1, such as probabilities; .*array > 0.5"),
    ("a.npy", array(OBJECT.astype(int) - 3), r"holds the values \[-3, -2\]; values from 0 on.*-o ignore=VALUE"),
    ("a.npy", array(np.stack([OBJECT] * 3) * 0.5), "3 planes whose values are not only 0 and 1; .*argmax"),
    ("a.npy", array(np.zeros((3, 41, 60))), r"shape \(3, 41, 60\); .*over the image's 40 x 60 \(height x width\)"),
    ("a.npy", array(OBJECT.T), r"is 60 x 40, its image turned: axes are \(width, height\); 40 x 60 .*array\.T"),
    ("a.png", image(OBJECT[:30]), r"the label is 30 x 60; its image is 40 x 60 \(height x width\)"),
    ("a.mat", lambda place: savemat(place, {"a": OBJECT, "b": OBJECT}), "holds a .*b .*exactly one matrix"),
    ("a.mat", lambda place: savemat(place, {"a": {"x": OBJECT}}), "holds a .*fields.*exactly one matrix"),
    ("a.mat", lambda place: place.write_bytes(b"MATLAB 7.3 MAT-file"), "not a readable .mat file"),
])  # fmt: skip
def test_what_cannot_be_told_is_refused(tmp_path, name, save, said) -> None:
    laid(tmp_path, name, save)
    with pytest.raises(FormatError, match=f"(?s){said}"):
        list(formats.read(tmp_path, "label-map").samples)


def test_options_say_otherwise(tmp_path) -> None:
    laid(tmp_path / "soft", "a.png", image(smooth()))
    values = np.unique(smooth())
    every = formats.read(tmp_path / "soft", threshold=0)
    assert [class_.id for class_ in every.classes] == values.tolist()
    (sample,) = formats.read(tmp_path / "soft", threshold=40).samples
    assert np.array_equal(sample.segments.masks.decode(), [smooth() >= 40])
    reading = formats.read(tmp_path / "soft", names=["none", "disc"])
    assert [(class_.id, class_.name) for class_ in reading.classes] == [(0, "none"), (255, "disc")]
    assert next(reading.samples).segments.class_ids.tolist() == [0, 255]
    (named,) = [class_ for class_ in formats.read(tmp_path / "soft", names="disc").classes if class_.role == "class"]
    assert (named.id, named.name) == (1, "disc")
    inverse = formats.read(tmp_path / "soft", background=255)
    assert next(inverse.samples).segments.class_ids.tolist() == [0]


def test_planes_that_may_be_either_are_asked_for(tmp_path) -> None:
    for name in ("a.npy", "b.npy"):
        laid(tmp_path, name, array(np.stack([OBJECT, np.roll(OBJECT, 30, 1)])))
    with pytest.raises(FormatError, match="-o planes=classes or -o planes=objects"):
        formats.read(tmp_path)
    assert [sample.segments.class_ids.tolist() for sample in formats.read(tmp_path, planes="classes").samples] == [
        [0, 1]
    ] * 2
    assert [sample.segments.class_ids.tolist() for sample in formats.read(tmp_path, planes="objects").samples] == [
        [1, 1]
    ] * 2
    with pytest.raises(UsageError, match="classes or objects"):
        formats.read(tmp_path, planes="things")
    np.save(tmp_path / "labels" / "b.npy", OBJECT)
    with pytest.raises(FormatError, match="some labels are planes"):
        formats.read(tmp_path, planes="classes")


def test_many_parts_of_one_class_are_said(tmp_path) -> None:
    cells = np.zeros(SIZE, np.uint8)
    for top in range(2, 36, 8):
        for left in range(2, 56, 8):
            cells[top : top + 4, left : left + 4] = 255
    laid(tmp_path / "cells", "a.png", image(cells))
    reading = formats.read(tmp_path / "cells")
    list(reading.samples)
    assert any(
        "'object' lies in about 35 parts an image" in note and "instances=components" in note for note in reading.notes
    )
    asked = formats.read(tmp_path / "cells", instances="components")
    assert len(next(asked.samples).segments) == 35
    list(asked.samples)
    assert not any("parts an image" in note for note in asked.notes)
    laid(tmp_path / "one", "a.png", image(OBJECT * 255))
    reading = formats.read(tmp_path / "one")
    list(reading.samples)
    assert not any("parts an image" in note for note in reading.notes)


def levels(values, size=(120, 160)):
    """Discs of these values, apart from each other, on black."""
    out = np.zeros(size, np.uint8)
    for place, value in enumerate(values):
        for row in (30, 85):
            cv2.circle(out, (25 + 45 * place, row), 14, value, -1)
    return out


def halved(mask):
    return cv2.resize(mask, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_LINEAR)


def doubled(mask):
    return cv2.resize(mask, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)


def blurred(mask):
    return cv2.GaussianBlur(mask, (3, 3), 0)


def averaged(mask):
    return cv2.blur(mask, (3, 3))


def drawn_smoothly(mask):
    out = np.zeros_like(mask)
    for value in np.unique(mask)[1:].tolist():
        contours, _ = cv2.findContours((mask == value).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(out, contours, -1, value, -1, cv2.LINE_AA)
    return out


SMOOTHLY = [halved, doubled, blurred, averaged, drawn_smoothly]


@pytest.mark.parametrize("shape", ["discs", "rectangles", "ellipse"])
@pytest.mark.parametrize("make", SMOOTHLY)
def test_soft_edges_of_opencv_are_black_and_white(tmp_path, make, shape) -> None:
    mask = levels([255, 255, 255])
    if shape == "rectangles":
        mask = np.zeros_like(mask)
        mask[11:50, 20:71], mask[60:99, 81:140] = 255, 255
    elif shape == "ellipse":
        mask = np.zeros_like(mask)
        cv2.ellipse(mask, (80, 60), (60, 25), 20, 0, 360, 255, -1)
    soft = make(mask)
    if shape == "rectangles" and make is drawn_smoothly:
        soft = cv2.warpAffine(mask, np.array([[1, 0, 0.4], [0, 1, 0.3]]), mask.shape[::-1], flags=cv2.INTER_LINEAR)
    assert len(np.unique(soft)) > 3
    laid(tmp_path, "a.png", image(soft), soft.shape)
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert np.array_equal(sample.segments.masks.decode(), [soft >= 128])
    assert any("gray with soft edges" in note for note in reading.notes)


@pytest.mark.parametrize("make", SMOOTHLY[:-1])
def test_three_levels_with_soft_edges_are_refused(tmp_path, make) -> None:
    soft = make(levels([128, 255, 128]))
    laid(tmp_path, "a.png", image(soft), soft.shape)
    with pytest.raises(FormatError, match="gray values on borders"):
        formats.read(tmp_path)


@pytest.mark.parametrize(
    "values", [(1, 2), (128, 255), (127, 254, 255), (40, 80, 255), tuple(range(1, 4)), (17, 18, 255)]
)
def test_values_of_classes_without_soft_edges_stay(tmp_path, values) -> None:
    mask = levels(values[:3])
    laid(tmp_path, "a.png", image(mask), mask.shape)
    reading = formats.read(tmp_path)
    assert [class_.id for class_ in reading.classes] == [0, *values]
    assert any(f"values {[0, *values]} found" in note for note in reading.notes)


def test_a_thin_class_between_black_and_white_stays(tmp_path) -> None:
    mask = levels([255, 255])
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(mask, contours, -1, 128, 1)
    laid(tmp_path, "a.png", image(mask), mask.shape)
    assert [class_.id for class_ in formats.read(tmp_path).classes] == [0, 128, 255]


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int64, np.float32])
def test_below_zero_is_ignored_in_every_type(tmp_path, dtype) -> None:
    laid(tmp_path, "a.npy", array((OBJECT.astype(int) * 3 - 1).astype(dtype)))
    reading = formats.read(tmp_path, names=["two"])
    assert [(class_.id, class_.name, class_.role) for class_ in reading.classes] == [
        (2, "two", "class"), (255, "255", "ignore")
    ]  # fmt: skip
    (sample,) = reading.samples
    assert sample.segments.class_ids.tolist() == [2, 255]
    assert np.array_equal(sample.segments.masks.decode(), [OBJECT == 1, OBJECT == 0])
    assert "names go to the values in their order: 2 is 'two'" in reading.notes
    assert not any("name them with" in note for note in reading.notes)
    with pytest.raises(FormatError, match=r"1 values found: \[2\]; one name each, not 2"):
        formats.read(tmp_path, names=["ignored", "two"])


def test_names_for_0_to_n_are_not_told_and_values_that_are_nowhere_are(tmp_path) -> None:
    laid(tmp_path, "a.png", image(OBJECT))
    assert not formats.read(tmp_path, names=["none", "disc"]).notes
    notes = formats.read(tmp_path, background=99, ignore=7).notes
    assert "background is 99, which no label holds" in notes
    assert "ignore is 7, which no label holds" in notes
    (tmp_path / "label_colors.txt").write_text("0 0 0 none\n9 9 9 disc\n")
    palette = formats.read(tmp_path, palette=str(tmp_path / "label_colors.txt"), ignore=7).notes
    assert palette == ["ignore is 7, which no label holds"]


def test_pixels_without_a_segment_are_told_when_written(tmp_path) -> None:
    laid(tmp_path / "in", "a.png", image(OBJECT))
    reading = formats.read(tmp_path / "in")
    notes = []
    formats.write(reading.samples, reading.classes, tmp_path / "out", "label-map", notes=notes)
    assert "pixels without a segment are 255" in notes
    reading = formats.read(tmp_path / "in", background=0)
    notes = []
    formats.write(reading.samples, reading.classes, tmp_path / "out2", "label-map", notes=notes)
    assert not notes


def numbered(count, size=(60, 80), *, apart=True):
    out = np.zeros(size, np.uint16)
    for number in range(count):
        row, column = divmod(number, 8)
        out[row * 9 : row * 9 + 6, column * 9 : column * 9 + 6] = number + 1
    if not apart:
        out[50:] = out[:10]
    return out


def test_numbers_of_objects_are_told_and_read_as_such(tmp_path) -> None:
    for name, count in (("a.png", 12), ("b.png", 30), ("c.png", 7)):
        laid(tmp_path / "plain", name, image(numbered(count)), (60, 80))
        laid(tmp_path / "named", name, image(numbered(count)), (60, 80))
        laid(tmp_path / "same", name, image(numbered(12)), (60, 80))
        laid(tmp_path / "parts", name, image(numbered(count, apart=False)), (60, 80))
    (tmp_path / "named" / "labels").rename(tmp_path / "named" / "objects")
    told = "they are 1 … N in every image, N is 7 to 30, and each is one connected part; if so, read them with "
    assert any(note.endswith(told + "-f instance-map") for note in formats.read(tmp_path / "plain", "label-map").notes)
    assert formats.sniff(tmp_path / "plain") == "instance-map"
    assert not {formats.sniff(tmp_path / folder) for folder in ("same", "parts")} & {"instance-map"}
    folders = {"images": "images", "labels": "objects"}
    notes = formats.read(tmp_path / "named", "label-map", **folders).notes
    assert any(note.endswith(told + "-f instance-map -o images=images -o labels=objects") for note in notes)
    for folder in ("same", "parts"):
        assert not any("numbers of objects" in note for note in formats.read(tmp_path / folder).notes)
    for found in (
        formats.read(tmp_path / "plain", "instance-map"),
        formats.read(tmp_path / "named", "instance-map", **folders),
    ):
        assert [(sample.key, len(sample.segments)) for sample in found.samples] == [("a", 12), ("b", 30), ("c", 7)]


def test_three_levels_whose_edges_fill_places_by_chance_are_refused(tmp_path) -> None:
    random = np.random.default_rng(3)
    mask = np.zeros((300, 400), np.uint8)
    for number in range(60):
        cv2.circle(mask, random.integers(0, 400, 2).tolist(), int(random.integers(6, 30)), (128, 255)[number % 2], -1)
    soft = doubled(mask)
    laid(tmp_path, "a.png", image(soft), soft.shape)
    with pytest.raises(FormatError, match="gray values on borders"):
        formats.read(tmp_path)


def test_specks_of_odd_colours_leave_black_the_background(tmp_path) -> None:
    values = np.zeros((400, 300, 3), np.uint8)
    values[20:60, 30:80] = 255
    values[5, 5], values[9, 9] = (255, 0, 255), (197, 197, 197)
    laid(tmp_path, "a.png", image(values), size=values.shape[:2])
    reading = formats.read(tmp_path, names=["cell"])
    (sample,) = reading.samples
    roles = {row.name: row.role for row in reading.classes}
    assert roles == {"background": "background", "#c5c5c5": "class", "#ff00ff": "class", "cell": "class"}
    areas = sample.segments.masks.areas().tolist()
    assert sorted(areas) == [1, 1, 2000]
    assert any("#000000 covers most" in note and "#c5c5c5, #ff00ff are specks, 2 pixels" in note
               for note in reading.notes)  # fmt: skip
    assert [finding.number for finding in reading.findings if finding.kind == "specks"] == [2]


def test_a_few_pixels_of_a_small_image_are_no_specks(tmp_path) -> None:
    values = np.zeros((*SIZE, 3), np.uint8)
    values[20:30, 30:50] = 255
    values[5, 5] = (255, 0, 255)
    laid(tmp_path, "a.png", image(values))
    reading = formats.read(tmp_path)
    assert len(list(reading.samples)) == 1
    assert {row.role for row in reading.classes} == {"class"}
    assert "specks" not in {finding.kind for finding in reading.findings}


@pytest.mark.parametrize("name", ["void", "Unlabeled", "_unlabelled_", "ignore", "unknown"])
@pytest.mark.parametrize(("file", "text"), [
    ("classes.txt", "road\n{}\n"), ("class_dict.csv", "name,r,g,b\nroad,0,0,0\n{},1,1,1\n"),
    ("data.yaml", "train: images\nmasks_dir: labels\nnames: [road, {}]\n"),
])  # fmt: skip
def test_what_a_file_calls_void_is_ignored(tmp_path, file, text, name) -> None:
    laid(tmp_path, "a.png", image(OBJECT))
    (tmp_path / file).write_text(text.format(name))
    reading = formats.read(tmp_path, "label-map")
    assert [(row.name, row.role) for row in reading.classes] == [("road", "class"), (name, "ignore")]
    assert any("is ignored, and is not a class to learn" in note for note in reading.notes)
    given = formats.read(tmp_path, "label-map", names=["street", name])  # who names a class means it
    assert {row.role for row in given.classes} == {"class"}
