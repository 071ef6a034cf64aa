"""YOLO's lines: what its programs draw is read, and what is written they draw, to the pixel."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from maskwright import formats
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import LossError, UsageError
from maskwright.formats import _yolo_lines, yolo
from maskwright.formats.kernels import bridges, yolo_text

CLASSES = Classes([Class(4, "cell"), Class(9, "wall")])


def fill(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    import cv2

    out = np.zeros(size, np.uint8)
    cv2.fillPoly(out, [points.astype(np.int32).reshape(-1, 2)], 1)
    return out.astype(bool)


def sample_of(folder: Path, dense: np.ndarray, *, key: str = "a", split: str = "train", **columns: object) -> Sample:
    file = folder / "originals" / f"{key}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", dense.shape[:0:-1]).save(file)
    segments = Segments(Masks.encode(dense), [4] * len(dense), **columns)
    return Sample(key, ImageRef(str(file), dense.shape[1:]), segments, split=split)


def put(
    folder: Path, text: str, size: tuple[int, int], config: str = "train: images/train\nnames: [cell, wall]\n"
) -> Path:
    for name in ("images/train", "labels/train"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size[::-1]).save(folder / "images/train/a.png")
    (folder / "labels/train/a.txt").write_text(text)
    (folder / "data.yaml").write_text(config)
    return folder


def only(folder: Path, **options: object) -> Segments:
    (sample,) = formats.read(folder, "yolo", **options).samples
    return sample.segments


def lines(folder: Path) -> list[list[float]]:
    return [[float(word) for word in line.split()] for line in (folder / "labels/train/a.txt").read_text().splitlines()]


# -- one ring a mask ----------------------------------------------------------------------------------------

shapes = st.tuples(st.integers(1, 3), st.integers(1, 13), st.integers(1, 13))
dense_masks = shapes.flatmap(
    lambda shape: arrays(np.bool_, shape, elements=st.sampled_from([False, True, True]))
)  # fmt: skip


@given(dense_masks)
def test_one_ring_is_a_mask_of_one_part_holes_and_all(dense: np.ndarray) -> None:
    import cv2

    points, bounds, parts = bridges.single_rings(*Masks.encode(dense)._spans, dense.shape[1])
    for row, mask in enumerate(dense):
        found, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        assert parts[row] == found - 1
        if not parts[row]:
            assert bounds[row] == bounds[row + 1]
            continue
        drawn = fill(points[bounds[row] : bounds[row + 1]], mask.shape)
        sizes = np.bincount(labels.ravel())[1:]
        assert any(drawn[labels == part + 1].all() for part in np.flatnonzero(sizes == sizes.max()))
        if parts[row] == 1:
            assert np.array_equal(drawn, mask)
        # Never worse than the largest part alone.
        assert (drawn ^ mask).sum() <= mask.sum() - sizes.max()


def test_an_empty_mask_beside_one_with_a_hole_has_no_ring() -> None:
    dense = np.zeros((2, 9, 9), bool)
    dense[0, 1:8, 1:8] = True
    dense[0, 3:5, 3:5] = False
    points, bounds, parts = bridges.single_rings(*Masks.encode(dense)._spans, 9)
    assert (parts.tolist(), bounds.tolist()) == ([1, 0], [0, len(points), len(points)])
    assert np.array_equal(fill(points, (9, 9)), dense[0])


def test_parts_are_joined_where_it_costs_least() -> None:
    dense = np.zeros((3, 12, 30), bool)
    dense[:, 2:9, 2:9] = True
    dense[:, 4:9, 12:20] = True
    dense[1, 0, 29] = True  # nearer to nothing than its own pixel is worth
    dense[2, 5, 14:18] = False
    points, bounds, _ = bridges.single_rings(*Masks.encode(dense)._spans, 12)
    for row, pixels in enumerate((3, 4, 3)):
        drawn = fill(points[bounds[row] : bounds[row + 1]], dense.shape[1:])
        assert (drawn ^ dense[row]).sum() == pixels


@given(st.integers(0, 10**6), st.sampled_from([(1, 1), (7, 9), (480, 640), (2999, 4001), (333, 20011)]))
def test_lines_are_the_same_pixels_to_those_who_round_and_who_cut_off(seed: int, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    points = np.stack([rng.integers(0, size[1], 40), rng.integers(0, size[0], 40)], 1)
    text, _ = yolo_text.lines(points, np.array([0, 40]), np.array([17]), *size, _yolo_lines.digits_for(size))
    kind, *words = text.tobytes().decode().split()
    assert kind == "17"
    for dtype in (np.float64, np.float32):
        found = np.array(words, dtype).reshape(-1, 2) * np.array(size[::-1], dtype)
        assert np.array_equal(np.rint(found), points)
        assert np.array_equal(np.trunc(found), points)
    assert np.array_equal(_yolo_lines.points_of(words, np.array(words, float), size, "cut"), points)


# -- reading ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("printed", ["{:.5f}", "{:.6f}", "{:.8f}", "{!r}", "{:g}"])
def test_whole_pixels_divided_and_printed_are_those_pixels(tmp_path, printed) -> None:
    size = (427, 640)
    ring = np.array([[3, 7], [17, 5], [300, 111], [639, 426], [91, 333]])
    text = " ".join(printed.format(float(number)) for number in (ring / size[::-1]).ravel())
    segments = only(put(tmp_path, f"1 {text}\n", size))
    assert segments.class_ids.tolist() == [1]
    assert np.array_equal(segments.masks[0].decode(), fill(ring, size))
    geometry = segments.more["geometry"][0]
    assert geometry["parts"] == [[ring.ravel().tolist()]]
    assert geometry["own"]["yolo"] == [float(word) for word in text.split()]


def test_other_points_are_cut_off_or_rounded_or_meant_along_edges(tmp_path) -> None:
    size = (10, 20)
    ring = np.array([[2.6, 1.7], [15.4, 2.2], [13.9, 8.8], [3.1, 7.5]])
    put(tmp_path, "0 " + " ".join(f"{number:.8f}" for number in (ring / size[::-1]).ravel()), size)
    assert np.array_equal(only(tmp_path).masks[0].decode(), fill(np.trunc(ring), size))
    assert np.array_equal(only(tmp_path, rule="cut").masks[0].decode(), fill(np.trunc(ring), size))
    assert np.array_equal(only(tmp_path, rule="round").masks[0].decode(), fill(np.round(ring), size))
    edges = only(tmp_path, rule="edges")
    assert edges.masks[0] == formats._rules.RULES["edges"].draw([[[ring.ravel()]]], size)[0]
    assert edges.more["geometry"][0]["rule"] == "edges"
    with pytest.raises(UsageError, match="cut, round or edges"):
        only(tmp_path, rule="other")


def test_sets_written_along_edges_are_read_along_edges(tmp_path) -> None:
    """What Maskwright's first sets look like: `maskwright` is a list of classes."""
    own = [{"id": 4, "name": "cell", "kind": "thing", "role": "class"}]
    config = yaml.safe_dump({"path": ".", "train": "images/train", "names": {0: "cell"}, "maskwright": own})
    put(tmp_path, "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n", (10, 20), config)
    segments = only(tmp_path)
    assert segments.masks.boxes().tolist() == [[2, 1, 10, 5]]
    assert segments.class_ids.tolist() == [4]
    assert only(tmp_path, rule="cut").masks.boxes().tolist() == [[2, 1, 11, 6]]
    # Its numbers would mean other pixels where they are written: the outline is.
    reading = formats.read(tmp_path)
    samples = list(reading.samples)
    formats.write(samples, reading.classes, tmp_path / "out", "yolo", check=True)
    assert only(tmp_path / "out").masks == segments.masks


def test_boxes_lie_along_edges_and_are_given(tmp_path) -> None:
    put(tmp_path, "0 0.5 0.5 0.5 0.4\n1 0.25 0.5 0 0.4\n", (10, 20))
    segments = only(tmp_path)
    assert segments.masks.boxes().tolist() == [[5, 3, 15, 7], [0, 0, 0, 0]]
    assert segments.attributes == [{}, {}]
    assert list(segments.more["box"][0]) == [5, 3, 15, 7]
    assert segments.more["geometry"][0]["shape"] == "rectangle"


# -- writing ------------------------------------------------------------------------------------------------


def awkward() -> np.ndarray:
    y, x = np.mgrid[:60, :90]
    dense = np.zeros((6, 60, 90), bool)
    dense[0] = np.hypot(y - 30, x - 40) < 20
    dense[1] = dense[0] & (np.hypot(y - 28, x - 37) > 8) & (np.hypot(y - 40, x - 50) > 3)
    dense[2, 59, 89] = True
    dense[3, 10, 3:70] = True
    dense[4] = (x == y) | (x == y + 1) | ((x == 80) & (y < 9))
    dense[5, :, 4:9] = True
    dense[5, 3:9, 20:40] = True
    return dense


def test_what_is_written_is_drawn_and_read_alike(tmp_path) -> None:
    sample = sample_of(tmp_path, awkward())
    with pytest.raises(LossError, match="yolo cannot hold everything: shape: 2 "):
        formats.write([sample], CLASSES, tmp_path / "out", "yolo")
    lost = formats.write([sample], CLASSES, tmp_path / "out", "yolo", allow_loss=True, check=True)
    pixels = {loss.segment: loss.pixels for loss in lost if loss.cause == "shape"}
    assert pixels.keys() == {5, 6}
    back = only(tmp_path / "out")
    assert back.class_ids.tolist() == [4] * 6
    for row, mask in enumerate(sample.segments.masks.decode()):
        points = np.array(lines(tmp_path / "out")[row][1:]).reshape(-1, 2) * (90, 60)
        for whole in (np.trunc, np.round):
            drawn = fill(whole(points), (60, 90))
            assert (drawn ^ mask).sum() == pixels.get(row + 1, 0)
            assert np.array_equal(drawn, back.masks[row].decode())


def test_regions_of_stuff_are_a_line_a_part_and_one_again(tmp_path) -> None:
    import cv2

    classes = Classes([Class(3, "sky", "stuff"), Class(5, "car"), Class(9, "road", "stuff")])
    dense = np.zeros((3, 40, 60), bool)
    dense[0, 2:9, 2:12] = dense[0, 20:31, 40:55] = dense[0, 12, 30] = True
    dense[0, 23:26, 44:50] = False
    dense[1, 12:20, 20:28] = dense[1, 12:20, 30:36] = True
    dense[2, 33:39, 1:59] = True
    image = tmp_path / "a.png"
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(image)
    sample = Sample("a", ImageRef(str(image), (40, 60)), Segments(Masks.encode(dense), [3, 5, 9]), split="train")
    lost = formats.write([sample], classes, tmp_path / "out", "yolo", allow_loss=True)
    assert {loss.segment for loss in lost if loss.cause == "shape"} == {2}, "two parts of a thing are joined"
    lines = (tmp_path / "out/labels/train/a.txt").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["0", "0", "0", "1", "2"]
    drawn = np.zeros((3, 40, 60), np.uint8)
    for line in lines:
        kind, *values = line.split()
        points = np.trunc(np.array(values, float).reshape(-1, 2) * (60, 40)).astype(np.int32)
        cv2.fillPoly(drawn[int(kind)], [points], 1)
    assert np.array_equal(drawn[[0, 2]].astype(bool), dense[[0, 2]])
    reading = formats.read(tmp_path / "out")
    (back,) = reading.samples
    assert back.segments.class_ids.tolist() == [3, 5, 9]
    assert np.array_equal(back.segments.masks.decode()[[0, 2]].astype(bool), dense[[0, 2]])
    assert formats.write([back], reading.classes, tmp_path / "again", "yolo") == []
    again = (tmp_path / "again/labels/train/a.txt").read_text().splitlines()
    assert [[float(word) for word in line.split()] for line in again] == [
        [float(word) for word in line.split()] for line in lines
    ]


def test_two_regions_of_one_stuff_class_are_reported(tmp_path) -> None:
    dense = np.zeros((2, 20, 20), bool)
    dense[0, :5], dense[1, 10:] = True, True
    sample = Sample("a", ImageRef("a.png", (20, 20)), Segments(Masks.encode(dense), [3, 3]), split="train")
    stuff = Classes([Class(3, "sky", "stuff")])
    assert [(loss.cause, loss.segment) for loss in formats.losses([sample], stuff, "yolo")] == [("regions", 2)]
    assert "regions" not in {loss.cause for loss in formats.losses([sample], stuff, "yolo", boxes=True)}


def test_exact_segments_pass_silently(tmp_path) -> None:
    sample = sample_of(tmp_path, awkward()[:4])
    assert not [loss for loss in formats.write([sample], CLASSES, tmp_path / "out", "yolo", check=True) if loss.grave]


def test_untouched_lines_are_written_back_as_they_were(tmp_path) -> None:
    text = "0 0.123456 0.2 0.7125 0.25 0.5 0.912345\n1 0.1 0.1 0.5 0.1 0.50001 0.5\n"
    reading = formats.read(put(tmp_path / "in", text, (37, 91)))
    (sample,) = reading.samples
    lost = formats.write([sample], reading.classes, tmp_path / "out", "yolo", check=True)
    assert [loss for loss in lost if loss.cause in ("geometry", "shape", "box")] == []
    assert lines(tmp_path / "out") == lines(tmp_path / "in")
    # Of a mask that was changed the outline is written, and of one that another rule drew.
    other = sample.segments.masks.flip(horizontal=True)
    moved = replace(sample, segments=sample.segments.with_masks(other))
    formats.write([moved], reading.classes, tmp_path / "moved", "yolo")
    assert only(tmp_path / "moved").masks == other
    for rule in ("edges", "round"):
        (sample,) = formats.read(tmp_path / "in", rule=rule).samples
        lost = formats.write([sample], reading.classes, tmp_path / rule, "yolo", check=True)
        assert only(tmp_path / rule).masks == sample.segments.masks
        assert len([loss for loss in lost if loss.cause == "geometry"]) == (2 if rule == "edges" else 0)


def test_boxes_are_written_back_as_they_were(tmp_path) -> None:
    reading = formats.read(put(tmp_path / "in", "0 0.5 0.5 0.3333 0.4\n1 0.2 0.21 0.111 0.1\n", (37, 91)))
    (sample,) = reading.samples
    formats.write([sample], reading.classes, tmp_path / "out", "yolo", check=True)
    assert lines(tmp_path / "out") == lines(tmp_path / "in")
    # Given boxes stay when the masks change, and are written where boxes are asked for.
    masks = Masks.encode(np.stack([np.eye(37, 91, dtype=bool)] * 2))
    segmented = replace(sample, segments=sample.segments.with_masks(masks))
    lost = formats.write(
        [segmented], reading.classes, tmp_path / "boxes", "yolo", boxes=True, allow_loss=True, check=True
    )
    assert np.allclose(lines(tmp_path / "boxes"), lines(tmp_path / "in"), atol=1e-12)
    assert [loss.cause for loss in lost if loss.grave] == ["shape", "shape"]
    lost = formats.write([segmented], reading.classes, tmp_path / "outlines", "yolo", check=True)
    assert only(tmp_path / "outlines").masks == masks
    assert [loss.segment for loss in lost if loss.cause == "box"] == [1, 2]


def test_a_box_beside_polygons_is_written_as_a_polygon(tmp_path) -> None:
    """Ultralytics refuses a file that mixes the two."""
    reading = formats.read(put(tmp_path / "in", "0 0.5 0.5 0.3333 0.4\n1 0.1 0.1 0.5 0.1 0.5 0.5\n", (37, 91)))
    (sample,) = reading.samples
    lost = formats.write([sample], reading.classes, tmp_path / "out", "yolo", check=True)
    assert {(loss.cause, loss.segment) for loss in lost} >= {("box", 1), ("geometry", 1)}
    assert all(len(line) >= 7 for line in lines(tmp_path / "out"))
    assert only(tmp_path / "out").masks == sample.segments.masks


def test_boxes_instead_of_outlines(make_samples, classes, tmp_path) -> None:
    samples = make_samples(6)
    lost = formats.write(samples, classes, tmp_path / "out", "yolo", boxes=True, allow_loss=True, check=True)
    assert {loss.cause for loss in lost if loss.grave} == {"shape"}
    back = {sample.key: sample for sample in formats.read(tmp_path / "out").samples}
    for sample in samples:
        assert np.array_equal(back[sample.key].segments.masks.boxes(), sample.segments.masks.boxes())
        given = back[sample.key].segments.column("box")
        assert np.allclose(np.array(given).reshape(-1, 4), sample.segments.masks.boxes(), atol=1e-5)


def test_boxes_that_are_stated_beside_polygons(tmp_path) -> None:
    """COCO's bbox of a polygon is written where boxes are asked for, until the mask is another."""
    (tmp_path / "coco").mkdir()
    Image.new("RGB", (100, 50)).save(tmp_path / "coco/a.png")
    ring, bbox = [10.25, 5.5, 60.5, 5.5, 60.5, 40.75, 10.25, 40.75], [10.25, 5.5, 50.25, 35.25]
    rows = [
        {"id": 1, "bbox": bbox}, {"id": 2, "bbox": [0, 0, 0, 0]}, {"id": 3},
        {"id": 4, "bbox": [1.5, 2, 6.25, 3.5], "segmentation": []},
    ]  # fmt: skip
    same = {"image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": [ring], "area": 1771.3}
    content = {
        "images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 50}],
        "annotations": [{**same, **row} for row in rows], "categories": [{"id": 1, "name": "cell"}],
    }  # fmt: skip
    (tmp_path / "coco/a.json").write_text(json.dumps(content))
    reading = formats.read(tmp_path / "coco", "coco")
    (sample,) = reading.samples
    formats.write([sample], reading.classes, tmp_path / "out", "yolo", boxes=True, allow_loss=True, check=True)

    def relative(left: float, top: float, width: float, height: float) -> list[float]:
        return [
            round(side, 9) for side in ((left + width / 2) / 100, (top + height / 2) / 50, width / 100, height / 50)
        ]

    left, top, right, bottom = sample.segments.masks.boxes()[0].tolist()
    tight = relative(left, top, right - left, bottom - top)
    assert tight != relative(*bbox)
    expected = [relative(*bbox), tight, tight, relative(1.5, 2, 6.25, 3.5)]
    assert [line[1:] for line in lines(tmp_path / "out")] == expected
    moved = sample.with_segments(sample.segments.with_masks(sample.segments.masks.flip(horizontal=True)))
    formats.write([moved], reading.classes, tmp_path / "moved", "yolo", boxes=True, allow_loss=True)
    assert lines(tmp_path / "moved")[0][1:] == relative(100 - right, top, right - left, bottom - top)


THIN = "0 0.50026 0.5 0.0005 0.2\n"


def test_boxes_without_a_pixel_come_back_as_boxes(tmp_path) -> None:
    """A thin box among boxes goes through a dataset, and one whose mask was made empty is written where asked."""
    import maskwright as mw

    reading = formats.read(put(tmp_path / "in", THIN + "1 0.5 0.5 0.3333 0.4\n", (37, 91)))
    with mw.Dataset.create(tmp_path / "set", reading.classes) as dataset:
        with dataset.edit("add") as edit:
            for read in reading.samples:
                edit.add(read)
        (sample,) = list(dataset)
        classes = dataset.classes
        for name, options in (("whole", {}), ("asked", {"boxes": True})):
            lost = formats.write([sample], classes, tmp_path / name, "yolo", check=True, **options)
            assert not [loss for loss in lost if loss.cause in ("empty", "box", "shape")]
            assert lines(tmp_path / name) == lines(tmp_path / "in")
    # Beside outlines it cannot be written, and is told.
    put(tmp_path / "mixed", THIN + "1 0.1 0.1 0.5 0.1 0.5 0.5\n", (37, 91))
    reading = formats.read(tmp_path / "mixed")
    (sample,) = reading.samples
    lost = formats.write([sample], reading.classes, tmp_path / "out", "yolo", allow_loss=True, check=True)
    assert {loss.cause for loss in lost if loss.segment == 1} == {"empty", "box", "geometry"}
    assert len(lines(tmp_path / "out")) == yolo.prepare(sample, reading.classes)["rings"] == 1
    lost = formats.write([sample], reading.classes, tmp_path / "boxes", "yolo", boxes=True, allow_loss=True, check=True)
    assert {(loss.cause, loss.segment) for loss in lost if loss.grave} == {("shape", 2)}
    assert lines(tmp_path / "boxes")[0] == lines(tmp_path / "mixed")[0]


def test_boxes_of_changed_masks_are_short(tmp_path) -> None:
    """What a line said is written, not what the way through pixels makes of it, such as 0.19694300000000006."""
    rows = np.random.default_rng(5).uniform(0.1, 0.4, (30, 4)).round(6).tolist()
    put(tmp_path / "in", "".join(f"0 {' '.join(map(str, row))}\n" for row in rows), (427, 641))
    reading = formats.read(tmp_path / "in")
    (sample,) = reading.samples
    moved = sample.with_segments(sample.segments.with_masks(sample.segments.masks.flip(horizontal=True)))
    formats.write([moved], reading.classes, tmp_path / "out", "yolo", boxes=True, allow_loss=True)
    assert (tmp_path / "out/labels/train/a.txt").read_text() == (tmp_path / "in/labels/train/a.txt").read_text()


def test_polygons_of_other_formats_are_written_as_they_were_drawn(tmp_path) -> None:
    from maskwright.core import drawn

    ring = [5, 5, 40, 9, 33, 41, 20, 20.5]
    mask = fill(np.trunc(np.array(ring)), (60, 90))
    geometry = [drawn.polygon([[ring]], "fill")]
    sample = sample_of(tmp_path, mask[None], more={"geometry": geometry})
    lost = formats.write([sample], CLASSES, tmp_path / "out", "yolo", check=True)
    assert not [loss for loss in lost if loss.cause == "geometry"]
    points = np.array(lines(tmp_path / "out")[0][1:]).reshape(-1, 2) * (90, 60)
    assert np.array_equal(np.trunc(points).ravel(), np.trunc(ring))


def test_simplified_when_asked_and_its_cost_is_told(tmp_path) -> None:
    sample = sample_of(tmp_path, awkward()[:2])
    notes: list[str] = []
    lost = formats.write(
        [sample], CLASSES, tmp_path / "out", "yolo", simplify=1.5, allow_loss=True, check=True, notes=notes
    )
    wrong = {
        row + 1: int((mask ^ back).sum())
        for row, (mask, back) in enumerate(
            zip(sample.segments.masks.decode(), only(tmp_path / "out").masks.decode(), strict=True)
        )
    }
    assert wrong == {loss.segment: loss.pixels for loss in lost if loss.cause == "shape"}
    assert 0 < sum(wrong.values()) < 0.1 * sample.segments.masks.areas().sum()
    formats.write([sample], CLASSES, tmp_path / "whole", "yolo")
    after, before = (sum(len(line) // 2 for line in lines(tmp_path / name)) for name in ("out", "whole"))
    assert notes[1:] == [f"simplified to {after} of {before} points: {sum(wrong.values())} pixels in 2 segments differ"]
    assert after < before / 2
    with pytest.raises(UsageError, match="simplify"):
        formats.write([sample], CLASSES, tmp_path / "never", "yolo", simplify=-1)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_single_split_has_both_keys(tmp_path, split) -> None:
    """As Ultralytics' check_det_dataset reads it: train and val are asked for, paths are below the file."""
    sample = sample_of(tmp_path, awkward()[:1], split=split)
    notes: list[str] = []
    formats.write([sample], CLASSES, tmp_path / "out", "yolo", notes=notes, check=True)
    config = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())
    assert "path" not in config
    assert {"train", "val"} <= config.keys()
    assert all((tmp_path / "out" / config[key]).is_dir() for key in ("train", "val"))
    assert len(notes) == (2 if split == "test" else 1)
    (back,) = formats.read(tmp_path / "out").samples
    assert back.split == split
    assert formats.read(tmp_path / "out").notes == []


@pytest.mark.parametrize("name", ["größe \U0001f600", "yes", "a: b # c", "x\x7fy", 'a "b" \\ c', "1.0"])
def test_names_of_every_kind_come_back(tmp_path, name) -> None:
    classes = Classes([Class(7, name, extra={"name": name}), Class(4, "cell")])
    formats.write([sample_of(tmp_path, awkward()[:1])], classes, tmp_path / "out", "yolo", check=True)
    assert formats.read(tmp_path / "out").classes == classes


def test_sets_of_boxes_and_outlines_are_told(tmp_path) -> None:
    reading = formats.read(put(tmp_path / "in", "0 0.5 0.5 0.3333 0.4\n", (60, 90)))
    samples = [*reading.samples, replace(sample_of(tmp_path, awkward()[:1], key="b"))]
    samples[1] = samples[1].with_segments(samples[1].segments.replace(class_ids=[0]))
    notes: list[str] = []
    formats.write(samples, reading.classes, tmp_path / "out", "yolo", notes=notes)
    assert any("1 files have boxes and 1 outlines" in note for note in notes)


def test_what_is_not_a_class_is_left_out(make_samples, classes) -> None:
    sample = make_samples(1)[0]
    segments = Segments(sample.segments.masks[:1], [77])
    found = formats.losses([replace(sample, segments=segments, split="odd")], classes, "yolo")
    assert {(loss.cause, loss.segment, loss.grave) for loss in found} == {("class", 1, True), ("split", None, False)}


def test_supervision_writes_what_is_read(tmp_path) -> None:
    sv = pytest.importorskip("supervision")

    dense = awkward()[:2]
    Image.new("RGB", (90, 60)).save(tmp_path / "a.jpg")
    boxes = Masks.encode(dense).boxes().astype(float)
    detections = sv.Detections(xyxy=boxes, mask=dense, class_id=np.array([0, 0]))
    theirs = sv.DetectionDataset(["cell"], [str(tmp_path / "a.jpg")], {str(tmp_path / "a.jpg"): detections})
    theirs.as_yolo(
        str(tmp_path / "out/images"), str(tmp_path / "out/labels"), str(tmp_path / "out/data.yaml"),
        approximation_percentage=0.0,
    )  # fmt: skip
    again = sv.DetectionDataset.from_yolo(
        str(tmp_path / "out/images"), str(tmp_path / "out/labels"), str(tmp_path / "out/data.yaml"), force_masks=True
    )
    ((_, _, expected),) = again
    (sample,) = formats.read(tmp_path / "out").samples
    assert len(sample.segments) == len(expected) == 2
    assert np.array_equal(sample.segments.masks.decode(), expected.mask)
