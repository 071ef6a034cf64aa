"""What is read, written, read and written again stays what it is: files, masks, what was drawn, boxes that were given."""

import functools
from dataclasses import replace

import numpy as np
import pytest

from maskwright import formats, registry
from maskwright.core.masks import Masks
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.testing.samples import CLASSES as AWKWARD
from maskwright.testing.samples import make_samples as awkward_samples

#: How near a drawn number or a box comes back: YOLO and Label Studio write parts of the image's size.
NEAR = 1e-3


def holding(column) -> list[str]:
    """The writers that give a column back."""
    modules = {name: registry.load("formats", name) for name in formats.writers()}
    return [name for name, module in modules.items() if column in getattr(module, "KEEPS", ())]


@pytest.fixture
def plain(tmp_path):
    """Samples that every format holds but for what it cannot tell apart: no overlap, one segment a class, no score."""
    samples = []
    for sample in awkward_samples(tmp_path, 5, seed=3, overlap=False):
        _, first = np.unique(sample.segments.class_ids, return_index=True)
        samples.append(replace(sample, segments=sample.segments[np.sort(first)], split="train"))
    return samples


def written(samples, classes, folder, name) -> list[Sample]:
    """Write, and read what is there, in the order of keys."""
    formats.write(samples, classes, folder, name, allow_loss=True)
    return sorted(formats.read(folder, name).samples, key=lambda sample: sample.key)


def files(folder) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*") if file.is_file() and not file.name.endswith(".nii.gz")
    }  # fmt: skip


@pytest.mark.parametrize("name", formats.writers())
def test_what_is_written_again_is_the_same(name, plain, tmp_path) -> None:
    """Every file to the byte; compressed volumes carry the time."""
    first = written(plain, AWKWARD, tmp_path / "first", name)
    classes = formats.read(tmp_path / "first", name).classes
    second = written(first, classes, tmp_path / "second", name)
    written(second, formats.read(tmp_path / "second", name).classes, tmp_path / "third", name)
    assert files(tmp_path / "second") == files(tmp_path / "third")
    for before, after in zip(first, second, strict=True):
        assert before.segments.masks == after.segments.masks


def numbers_of(drawn) -> list[float]:
    """All numbers of what was drawn, in order, less what only its own format understands."""
    if isinstance(drawn, dict):
        return [number for key in sorted(drawn) if key != "own" for number in numbers_of(drawn[key])]
    if isinstance(drawn, list | tuple):
        return [number for value in drawn for number in numbers_of(value)]
    return [float(drawn)] if isinstance(drawn, int | float) else []


def drawn_in(samples) -> list:
    return [
        drawn for sample in samples for drawn in sample.segments.more.get("geometry", [None] * len(sample.segments))
    ]


@pytest.mark.parametrize("name", holding("geometry"))
def test_what_was_drawn_comes_back(name, plain, tmp_path) -> None:
    first = written(plain, AWKWARD, tmp_path / "first", name)
    if not any(drawn_in(first)):
        pytest.skip(f"{name} writes these masks as run lengths or bitmaps")
    second = written(first, formats.read(tmp_path / "first", name).classes, tmp_path / "second", name)
    for before, after in zip(drawn_in(first), drawn_in(second), strict=True):
        assert (before is None) == (after is None)
        if before is not None:
            assert before.get("shape") == after.get("shape")
            assert numbers_of(before) == pytest.approx(numbers_of(after), abs=NEAR)


@pytest.mark.parametrize("name", holding("geometry"))
def test_what_was_drawn_goes_with_its_mask(name, plain, tmp_path) -> None:
    """A mask that was changed is written as it is, whatever was drawn for it before."""
    first = written(plain, AWKWARD, tmp_path / "first", name)
    classes = formats.read(tmp_path / "first", name).classes
    changed = []
    for sample in first:
        dense = sample.segments.masks.decode().astype(bool)
        dense = np.roll(dense, (1, 2), axis=(1, 2))
        dense[:, :2] = False
        masks = Masks.encode(dense) if len(dense) else sample.segments.masks
        changed.append(replace(sample, segments=sample.segments.with_masks(masks)))
    second = written(changed, classes, tmp_path / "second", name)
    lost = {(loss.key, loss.segment) for loss in formats.losses(changed, classes, name) if loss.cause == "shape"}
    for before, after in zip(changed, second, strict=True):
        there = before.segments[before.segments.masks.areas() > 0]
        if not any(key == before.key for key, _ in lost):
            assert after.segments.masks == there.masks


@pytest.mark.parametrize("name", holding("box"))
def test_given_boxes_come_back(name, plain, tmp_path) -> None:
    samples = []
    for sample in plain:
        height, width = sample.image.size
        boxes = [[1.0, 2.0, width - 1.0, height - 1.0]] * len(sample.segments)
        segments = sample.segments
        segments = Segments(segments.masks, segments.class_ids, ids=segments.ids, more={"box": boxes})
        samples.append(replace(sample, segments=segments))
    reported = {(loss.key, loss.segment) for loss in formats.losses(samples, AWKWARD, name) if loss.cause == "box"}
    back = {sample.key: sample for sample in written(samples, AWKWARD, tmp_path / "out", name)}
    for sample in samples:
        found = back[sample.key].segments
        boxes = found.more.get("box", [None] * len(found))
        for row, number in enumerate(sample.segments.ids.tolist()):
            if (sample.key, number) not in reported:
                other = found.ids.tolist().index(number) if number in found.ids else row
                assert boxes[other] == pytest.approx(sample.segments.more["box"][row], abs=NEAR)


@functools.cache
def of_polygons(folder) -> list[Sample]:
    """Samples whose segments were drawn as polygons between pixels, by COCO."""
    import json

    from PIL import Image

    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(5)
    images, rows = [], []
    for number in (1, 2):
        Image.new("RGB", (64, 48)).save(folder / "images" / f"p{number}.png")
        images.append({"id": number, "file_name": f"p{number}.png", "height": 48, "width": 64})
        for place in range(5):
            angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
            around = (
                rng.uniform((12, 12), (52, 36)) + rng.uniform(4, 11, (9, 1)) * np.c_[np.cos(angles), np.sin(angles)]
            )
            ring = around.round(2).reshape(-1).tolist()
            rows.append({"id": 10 * number + place, "image_id": number, "category_id": 1 + place % 2, "iscrowd": 0,
                         "area": 1.0, "bbox": [0, 0, 1, 1], "segmentation": [ring]})  # fmt: skip
    names = [{"id": 1, "name": "person"}, {"id": 2, "name": "car"}]
    (folder / "annotations").mkdir()
    content = {"images": images, "annotations": rows, "categories": names}
    (folder / "annotations" / "instances_train.json").write_text(json.dumps(content))
    return list(formats.read(folder, "coco").samples)


@pytest.mark.parametrize(
    "name", sorted({"coco", "cvat", "datumaro", "geojson", "label-studio", "labelme", "via", "yolo"})
)
def test_polygons_of_another_rule_keep_their_pixels(name, tmp_path) -> None:
    """COCO's polygons lie between pixels; in a format that draws otherwise the same pixels come back, or the report says."""
    samples = of_polygons(tmp_path / "coco")
    classes = formats.read(tmp_path / "coco", "coco").classes
    lost = {(loss.key, loss.segment) for loss in formats.losses(samples, classes, name) if loss.cause == "shape"}
    back = {sample.key: sample for sample in written(samples, classes, tmp_path / "out", name)}
    for sample in samples:
        pairs = zip(sample.segments.ids.tolist(), sample.segments.masks, back[sample.key].segments.masks, strict=True)
        assert not [number for number, before, after in pairs if before != after and (sample.key, number) not in lost]
