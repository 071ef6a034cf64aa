"""Tables of run lengths in every coding, read without an option and judged by the masks that they were made of."""

import csv

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.errors import FormatError, UsageError

SIZE = (52, 70)


def masks(size, number=24):
    """Discs that lie anywhere, some of them cut by the image's edges."""
    random = np.random.default_rng(5)
    y, x = np.mgrid[: size[0], : size[1]]
    out = []
    for _ in range(number):
        row, column = random.integers(0, size[0]), random.integers(0, size[1])
        out.append((y - row) ** 2 + (x - column) ** 2 < random.integers(5, 12) ** 2)
    return out


def text(mask, order, base, second):
    """As competitors write them: the flat mask's changes."""
    flat = mask.T.flatten() if order == "column" else mask.flatten()
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flat.astype(np.int8), [0]])))
    starts, stops = changes[::2], changes[1::2]
    seconds = {"length": stops - starts, "end": stops - 1 + base, "stop": stops + base}[second]
    return " ".join(f"{start + base} {number}" for start, number in zip(starts, seconds, strict=True))


def table(folder, header, rows, size=SIZE, *, images=True):
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with open(folder / "train.csv", "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    if images:
        for row in rows:
            name = row[0].split("_")[0] if "." in row[0] else f"{row[0]}.png"
            Image.new("L", size[::-1]).save(folder / "images" / name.replace(".jpg", ".png"))
    return folder


def equal(reading, drawn) -> None:
    found = {sample.key: sample.segments for sample in reading.samples}
    for number, mask in enumerate(drawn):
        assert np.array_equal(found[f"i{number}"].masks.decode(), [mask]), (number, reading.notes)


@pytest.mark.parametrize("second", ["length", "end", "stop"])
@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("order", ["column", "row"])
@pytest.mark.parametrize("size", [SIZE, SIZE[::-1]])
def test_every_coding_is_told_by_its_numbers(tmp_path, size, order, base, second) -> None:
    drawn = masks(size)
    rows = [[f"i{number}", text(mask, order, base, second)] for number, mask in enumerate(drawn)]
    reading = formats.read(table(tmp_path, ["id", "runs"], rows, size), "rle-csv", rle_column="runs")
    assert any(f"numbered along {order}s: 24 masks have" in note for note in reading.notes)
    said = {"length": "lengths", "end": "ends, which are included", "stop": "ends, which are not included"}[second]
    assert any(
        f"numbered from {base}, the second number of a pair is taken for {said}" in note for note in reading.notes
    )
    equal(reading, drawn)


@pytest.mark.parametrize(("header", "size", "order", "more"), [
    (["ImageId", "EncodedPixels"], (64, 64), "column", []),  # Airbus, the Bowl of 2018
    (["ImageId", "EncodedPixels"], (52, 70), "row", []),  # the same columns, and masks that tell
    (["ImageId", "ClassId", "EncodedPixels"], (26, 160), "column", ["1"]),  # Severstal
    (["img", "rle_mask"], (52, 78), "row", []),  # Carvana
    (["ImageId", "EncodedPixels", "Height", "Width", "ClassId"], (52, 70), "column", None),  # iMaterialist
    (["id", "encoding"], (64, 64), "column", []),  # HuBMAP
    (["id", "annotation", "width", "height"], (52, 70), "row", None),  # Sartorius
    (["id", "class", "segmentation"], (64, 64), "row", ["stomach"]),  # UW-Madison
    (["id", "class", "segmentation"], (62, 72), "row", ["stomach"]),
    (["id", "rle_mask"], (64, 64), "column", []),  # TGS
])  # fmt: skip
def test_tables_of_competitions_without_an_option(tmp_path, header, size, order, more) -> None:
    drawn = masks(size)
    rows = []
    for number, mask in enumerate(drawn):
        cells = dict.fromkeys(header, "stomach" if "class" in header else "1")
        cells |= {"width": size[1], "Width": size[1], "height": size[0], "Height": size[0]}
        runs = next(
            name for name in header if name in ("EncodedPixels", "rle_mask", "encoding", "annotation", "segmentation")
        )
        cells |= {header[0]: f"i{number}", runs: text(mask, order, 1, "length")}
        rows.append([cells[name] for name in header])
    folder = table(tmp_path, header, rows, size, images=more is not None)
    reading = formats.read(folder)
    equal(reading, drawn)
    square = size[0] == size[1]
    assert any(("as in" in note) == square for note in reading.notes if "numbered along" in note)


def test_what_nothing_tells_is_refused_with_the_options(tmp_path) -> None:
    drawn = masks((64, 64))
    rows = [[f"i{number}", text(mask, "row", 1, "length")] for number, mask in enumerate(drawn)]
    square = table(tmp_path / "square", ["id", "mask"], rows, (64, 64))
    with pytest.raises(
        FormatError, match=r"24 masks have \d+ border pixels by columns and \d+ by rows; -o order=column or"
    ):
        formats.read(square)
    equal(formats.read(square, order="row"), drawn)
    inner = np.zeros(SIZE, bool)
    inner[10:20, 30:38] = True
    rows = [["i0", text(inner, "column", 1, "end")]]
    ends = table(tmp_path / "ends", ["id", "mask"], rows)
    with pytest.raises(FormatError, match="are ends, and nothing tells whether they are included; -o second=end"):
        formats.read(ends)
    equal(formats.read(ends, second="end"), [inner])
    told = formats.read(table(tmp_path / "inner", ["id", "mask"], [["i0", text(inner, "column", 1, "length")]]))
    assert any("numbered from 1" in note and "no mask tells it, and 1 is usual" in note for note in told.notes)
    equal(told, [inner])


def test_exchanged_sizes_are_put_right_or_named(tmp_path) -> None:
    drawn = masks(SIZE)
    rows = [[f"i{number}", text(mask, "column", 1, "length"), *SIZE[::-1]] for number, mask in enumerate(drawn)]
    table(tmp_path, ["ImageId", "EncodedPixels", "height", "width"], rows)
    reading = formats.read(tmp_path)
    equal(reading, drawn)
    assert "height and width of 24 images are exchanged in the table, and were put right" in reading.notes
    with pytest.raises(FormatError, match=r"(?s)'i0' is 52 x 70 \(height x width\), not 70 x 52.*Say -o size=52,70"):
        list(formats.read(tmp_path, size="70,52", order="column").samples)
    with pytest.raises(UsageError, match="two whole numbers"):
        formats.read(tmp_path, size="70")
    with pytest.raises(UsageError, match=r"a size is \(height, width\)"):
        formats.read(tmp_path, size="0,-3")


def test_broken_rows_are_named_and_do_not_decide(tmp_path) -> None:
    drawn = masks(SIZE)
    rows = [[f"i{number}", text(mask, "row", 1, "length")] for number, mask in enumerate(drawn)]
    rows[3][1] = "5 x"
    rows[4][1] = "1 3 2 9"
    table(tmp_path, ["id", "mask"], rows)
    with pytest.raises(FormatError, match="line 5: '5 x' is not made of whole numbers"):
        list(formats.read(tmp_path).samples)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize(("separator", "called"), [(",", None), (";", "semicolons"), ("\t", "tabs")])
def test_tables_as_spreadsheets_and_pandas_save_them(tmp_path, separator, called, encoding) -> None:
    drawn = masks(SIZE)
    rows = [[f"i{number}", text(mask, "column", 1, "length")] for number, mask in enumerate(drawn)]
    table(tmp_path, ["ImageId", "EncodedPixels"], rows)
    with open(tmp_path / "train.csv", "w", newline="", encoding=encoding) as file:
        header = ["", "ImageId", "EncodedPixels"]  # the index of a data frame has no name
        csv.writer(file, delimiter=separator).writerows([header, *([n, *row] for n, row in enumerate(rows))])
    assert formats.sniff(tmp_path) == "rle-csv"
    reading = formats.read(tmp_path)
    equal(reading, drawn)
    assert [class_.name for class_ in reading.classes] == ["object"]
    assert [note for note in reading.notes if "stand between the cells" in note] == (
        [f"{called} stand between the cells of the table"] if called else []
    )


def test_rows_and_images_without_a_partner_are_left_out_and_counted(tmp_path) -> None:
    drawn = masks(SIZE)
    rows = [[f"i{number}", text(mask, "column", 1, "length")] for number, mask in enumerate(drawn)]
    table(tmp_path, ["ImageId", "EncodedPixels"], rows[:-1])
    with open(tmp_path / "train.csv", "a", newline="") as file:
        csv.writer(file).writerow(["ghost", rows[-1][1]])
    for number in (3, 4):
        (tmp_path / "images" / f"i{number}.png").unlink()
        Image.new("L", SIZE[::-1]).save(tmp_path / "images" / f"other{number}.png")
    reading = formats.read(tmp_path)
    kept = [f"i{number}" for number in range(len(drawn) - 1) if number not in (3, 4)]
    assert [sample.key for sample in reading.samples] == kept
    assert reading.total == len(kept)
    assert "3 images of the table are not in images and were left out, such as i3 (line 5)" in reading.notes
    assert "2 images have no row in the table and were left out, such as other3" in reading.notes
    (tmp_path / "images").rename(tmp_path / "photographs")
    (tmp_path / "images").mkdir()
    Image.new("L", SIZE[::-1]).save(tmp_path / "images" / "other.png")
    with pytest.raises(FormatError, match=r"line 2: none of the 24 images that it names is in images, such as i0"):
        formats.read(tmp_path)
    reading = formats.read(tmp_path, size=f"{SIZE[0]},{SIZE[1]}")
    assert len(list(reading.samples)) == len(drawn)
    assert any("none of the images is in images; name their folder" in note for note in reading.notes)


@pytest.mark.parametrize("order", ["column", "row"])
def test_objects_a_pixel_from_the_edge_do_not_tell_where_numbers_begin(tmp_path, order) -> None:
    """Read from 0, those that end a pixel before a line's end would seem to touch it; 1 is usual."""
    drawn = []
    for number in range(8):
        mask = np.zeros(SIZE, bool)
        mask[1 + number : SIZE[0] - 1, 5 + number : SIZE[1] - 1] = True
        drawn.append(mask)
    rows = [[f"i{number}", text(mask, order, 1, "length")] for number, mask in enumerate(drawn)]
    reading = formats.read(table(tmp_path, ["id", "runs"], rows), "rle-csv", rle_column="runs", order=order)
    equal(reading, drawn)
    assert any("numbered from 1" in note and "1 is usual" in note for note in reading.notes)


def distances(mask, order):
    """As SIIM-ACR writes them: from the last run's end, from 0."""
    flat = mask.T.flatten() if order == "column" else mask.flatten()
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flat.astype(np.int8), [0]])))
    return " ".join(str(number) for number in np.diff(changes, prepend=0).tolist())


@pytest.mark.parametrize("order", ["column", "row"])
def test_starts_that_are_distances_are_seen(tmp_path, order) -> None:
    drawn = [*masks(SIZE), np.zeros(SIZE, bool)]
    rows = [[f"i{number}", f" {distances(mask, order) or -1}"] for number, mask in enumerate(drawn)]
    reading = formats.read(table(tmp_path, ["ImageId", " EncodedPixels"], rows), "rle-csv")
    found = {sample.key: sample.segments.masks.union().decode() for sample in reading.samples}
    assert all(np.array_equal(found[f"i{number}"], mask) for number, mask in enumerate(drawn))
    assert any("starts are taken as distances" in note for note in reading.notes)
    given = formats.read(tmp_path, "rle-csv", order=order, base=0, second="length", starts="relative")
    equal(given, drawn[:-1])
    assert not [note for note in given.notes if "starts are taken" in note]


def test_square_images_of_distances_go_by_the_columns_names(tmp_path) -> None:
    drawn = masks((60, 60))
    rows = [[f"i{number}", distances(mask, "column")] for number, mask in enumerate(drawn)]
    reading = formats.read(table(tmp_path, ["ImageId", " EncodedPixels"], rows, (60, 60)), "rle-csv")
    equal(reading, drawn)
    assert any("SIIM-ACR" in note and "order=row" in note for note in reading.notes)


@pytest.mark.parametrize("second", ["length", "end", "stop"])
def test_places_are_not_taken_for_distances(tmp_path, second) -> None:
    drawn = masks(SIZE, 6)
    rows = [[f"i{number}", text(mask, "column", 1, second)] for number, mask in enumerate(drawn)]
    options = {} if second == "length" else {"second": second}
    reading = formats.read(table(tmp_path, ["ImageId", "EncodedPixels"], rows), "rle-csv", **options)
    equal(reading, drawn)
    with pytest.raises(FormatError, match="leaves the image"):
        list(formats.read(tmp_path, "rle-csv", order="column", second="length", starts="relative").samples)


def test_one_broken_row_does_not_make_distances(tmp_path) -> None:
    rows = [["i0", "100 5 90 20"], ["i1", "100 5"]]
    with pytest.raises(FormatError, match="two runs overlap"):
        list(formats.read(table(tmp_path, ["ImageId", "EncodedPixels"], rows), "rle-csv", order="column").samples)
    rows = [["i0", "900 2 7 2 800 2 8 2 500 2 801 2 250 2"]]  # scattered pixels are not a shape
    with pytest.raises(FormatError, match="two runs overlap"):
        list(formats.read(table(tmp_path, ["ImageId", "EncodedPixels"], rows), "rle-csv", order="column").samples)
