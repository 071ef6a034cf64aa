"""Every format in the folder keeps the same promises."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskwright import formats, media
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, LossError, UsageError

NAMES = formats.writers()


def loaded(name: str):
    from maskwright import registry

    return registry.load("formats", name)


def strip(sample, loses: frozenset[str], classes):
    """The sample without what the format says it cannot hold, and without where its image lies."""
    segments = sample.segments
    if "overlap" in loses:
        segments = segments.visible()
    if "empty" in loses:
        segments = segments[segments.masks.areas() > 0]
    if "instances" in loses or "regions" in loses:
        alone = [row if classes[int(one)].kind == "thing" and "instances" not in loses else -int(one) - 1
                 for row, one in enumerate(segments.class_ids)]  # fmt: skip
        _, first, groups = np.unique(alone, return_index=True, return_inverse=True)
        if len(first) < len(alone):
            segments = Segments(segments.masks.group_unions(groups, len(first)), segments.class_ids[first])
    rows = np.arange(len(segments))
    if "order" in loses:
        runs = [mask.counts.tolist() for mask in segments.masks]
        segments = segments[
            np.array(
                sorted(rows, key=lambda row: ("classes" not in loses and segments.class_ids[row], runs[row])), np.int64
            )
        ]
    return (
        sample.key,
        sample.image.size,
        None if "split" in loses else sample.split,
        segments.masks,
        None if "classes" in loses else segments.class_ids.tolist(),
        rows.tolist() if "ids" in loses else segments.ids.tolist(),
        None if "crowd" in loses else segments.is_crowd.tolist(),
        None if "score" in loses else np.nan_to_num(segments.scores, nan=-1).tolist(),
        None if "attributes" in loses else segments.attributes,
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_reading_what_was_written_gives_it_back(name, seed, make_samples, classes, tmp_path) -> None:
    samples = make_samples(6, seed=seed)
    lost = formats.write(samples, classes, tmp_path / "out", name, allow_loss=True)
    reading = formats.read(tmp_path / "out", name)
    back = sorted(reading.samples, key=lambda sample: sample.key)
    assert reading.total == 6
    loses = loaded(name).LOSES - {"shape"}
    assert not [loss for loss in lost if loss.cause == "shape"], "these shapes survive every format"
    for before, after in zip(sorted(samples, key=lambda sample: sample.key), back, strict=True):
        assert strip(before, loses, classes) == strip(after, loses, classes)
        assert np.array_equal(media.read(before.image).rgb(), media.read(after.image).rgb())
    if "classes" in loses:
        return
    assert [(one.id, one.name, one.kind, one.role) for one in reading.classes] == [
        (one.id, one.name, one.kind, one.role) for one in classes
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(2))
def test_the_check_accepts_what_is_right(name, seed, make_samples, classes, tmp_path) -> None:
    lost = formats.write(make_samples(6, seed=seed), classes, tmp_path / "out", name, allow_loss=True, check=True)
    assert all(loss.cause in loaded(name).LOSES | {"ids", "crowd"} for loss in lost)


@pytest.mark.parametrize("name", ["coco", "coco-panoptic", "cvat", "labelme", "label-studio", "datumaro"])
def test_labels_without_their_pictures(name, make_samples, classes, tmp_path) -> None:
    """Formats that know sizes need no pictures; keys stay, and the pictures are found where they are."""
    samples = make_samples(4)
    formats.write(samples, classes, tmp_path / "out", name, allow_loss=True, images="none", check=True)
    back = {sample.key: sample for sample in formats.read(tmp_path / "out").samples}
    for sample in samples:
        assert np.array_equal(media.read(back[sample.key].image).rgb(), media.read(sample.image).rgb())


def test_the_check_finds_what_is_wrong(make_samples, classes, tmp_path, monkeypatch) -> None:
    from maskwright.formats import bitmaps

    def careless(samples, classes, folder, *, images="copy") -> None:
        honest(
            (replace(one, segments=one.segments[:-1]) if one.key == "a" else one for one in samples if one.key != "日本"),
            classes, folder, images=images,
        )  # fmt: skip

    honest = bitmaps.write
    monkeypatch.setattr(bitmaps, "write", careless)
    with pytest.raises(FormatError, match=r"a: has .* segments, .* were written; 日本: is missing"):
        formats.write(make_samples(6), classes, tmp_path / "out", "bitmaps", allow_loss=True, check=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_every_column_that_is_held_comes_back(name, seed, make_samples, classes, tmp_path) -> None:
    """Crowds, scores, ids, sources, fields: what LOSES does not name is there again, to the last digit."""
    rng = np.random.default_rng(seed)
    loses = loaded(name).LOSES
    samples = []
    for made in make_samples(5, seed=seed, overlap=False):
        sample = made
        n = len(sample.segments)
        ids = rng.permutation(200)[:n] + 1
        # Formats that merge what they cannot tell apart get nothing to merge here; that is tested above.
        class_ids = sample.segments.class_ids
        if loses & {"instances", "regions"}:
            first = np.unique(class_ids, return_index=True)[1]
            keep = np.sort(first)
            sample, ids, class_ids, n = (
                replace(sample, segments=sample.segments[keep]),
                ids[keep],
                class_ids[keep],
                len(keep),
            )
        things = np.array([classes[int(one)].kind == "thing" for one in class_ids], bool)
        segments = Segments(
            sample.segments.masks, class_ids, ids=ids, is_crowd=(rng.random(n) < 0.3) & things,
            scores=np.where(rng.random(n) < 0.5, rng.random(n), np.nan),
            source=[["human", "model", "import"][k] for k in rng.integers(0, 3, n)],
        )  # fmt: skip
        samples.append(replace(sample, segments=segments, weight=0.5, fields={"sun": [1, {"é": None}]}))
    formats.write(samples, classes, tmp_path / "out", name, allow_loss=True, check=True)
    back = {sample.key: sample for sample in formats.read(tmp_path / "out", name).samples}
    for sample in samples:
        other = back[sample.key]
        rows = np.arange(len(sample.segments))
        if "order" in loses:
            mine = {mask.counts.tobytes(): row for row, mask in enumerate(sample.segments.masks)}
            rows = np.array([mine[mask.counts.tobytes()] for mask in other.segments.masks], np.int64)
        before = sample.segments[rows]
        assert other.segments.masks == before.masks
        columns = {
            "classes": (before.class_ids.tolist(), other.segments.class_ids.tolist()),
            "ids": (before.ids.tolist(), other.segments.ids.tolist()),
            "crowd": (before.is_crowd.tolist(), other.segments.is_crowd.tolist()),
            "score": (
                np.nan_to_num(before.scores, nan=-1).tolist(),
                np.nan_to_num(other.segments.scores, nan=-1).tolist(),
            ),
            "source": (before.source, other.segments.source),
            "split": (sample.split, other.split),
            "fields": (sample.fields, other.fields),
            "weight": (sample.weight, other.weight),
        }
        for cause, (expected, found) in columns.items():
            assert cause in loses or expected == found, cause


@pytest.mark.parametrize("name", [name for name in NAMES if "attributes" not in loaded(name).LOSES])
def test_attributes_of_every_kind_come_back(name, make_samples, classes, tmp_path) -> None:
    sample = make_samples(1, seed=3)[0]
    strange = {"class": "x", "label": 5, "flags": [1], "occluded": False, "group_id": "5", "text": "5", "none": None,
               "maskwright": 1, "nested": {"a": [1.5, 'é<&"']}, "box": True, "yes": "true", "empty": ""}  # fmt: skip
    sample = replace(
        sample,
        segments=Segments(
            sample.segments.masks, sample.segments.class_ids, attributes=[strange] * len(sample.segments)
        ),
    )
    formats.write([sample], classes, tmp_path / "out", name, allow_loss=True)
    (back,) = formats.read(tmp_path / "out", name).samples
    assert back.segments.attributes[0] == strange


@pytest.mark.parametrize("name", NAMES)
def test_three_hundred_instances(name, classes, tmp_path) -> None:
    """More objects than eight bits number, one of them a pixel at the corner, in a picture of odd size."""
    from PIL import Image

    size = (97, 121)
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(tmp_path / "many.png")
    dense = np.zeros((300, *size), bool)
    for k in range(300):
        y, x = divmod(k, 20)
        dense[k, 6 * y : 6 * y + 4 + k % 3, 6 * x : 6 * x + 3 + k % 4] = True
    dense[-1] = False
    dense[-1, -1, -1] = True
    segments = Segments(Masks.encode(dense), [1] * 300)
    sample = Sample("many", ImageRef(str(tmp_path / "many.png"), size), segments)
    formats.write([sample], classes, tmp_path / "out", name, allow_loss=True, check=True)
    (back,) = formats.read(tmp_path / "out", name).samples
    assert len(back.segments) == (1 if "instances" in loaded(name).LOSES else 300)
    assert back.segments.masks.union() == segments.masks.union()


@pytest.mark.parametrize("name", NAMES)
def test_writing_twice_is_stable(name, make_samples, classes, tmp_path) -> None:
    formats.write(make_samples(4), classes, tmp_path / "one", name, allow_loss=True)
    reading = formats.read(tmp_path / "one", name)
    assert formats.sniff(tmp_path / "one") == name
    again = list(reading.samples)
    assert not [loss for loss in formats.losses(again, reading.classes, name) if loss.grave]
    formats.write(again, reading.classes, tmp_path / "two", name)
    assert list(formats.read(tmp_path / "two", name).samples)[0].segments == again[0].segments


@pytest.mark.parametrize("name", NAMES)
def test_the_report_names_what_is_lost(name, make_samples, classes, tmp_path) -> None:
    loses = loaded(name).LOSES
    assert loses <= set(formats.CAUSES)
    sample = make_samples(1, seed=4)[0]
    dense = np.zeros((4, *sample.image.size), bool)
    dense[0, :, :4] = dense[1, :, 2:5] = dense[3, :, 4:] = True  # 0 and 1 overlap, 2 is empty
    rich = replace(
        sample,
        segments=Segments(
            Masks.encode(dense), [1, 1, 5, 9], ids=[10, 20, 30, 40], is_crowd=[0, 1, 0, 0],
            scores=[0.5, np.nan, np.nan, np.nan], attributes=[{}, {}, {}, {"colour": "red"}],
            source=["human", "import", "import", "import"],
        ),
        weight=2.0, fields={"sun": 1}, split="val",
    )  # fmt: skip
    found = {(loss.cause, loss.segment) for loss in formats.losses([rich], classes, name)}
    expected = {
        "overlap": 10, "instances": 20, "empty": 30, "crowd": 20, "score": 10, "attributes": 40, "ids": 10,
        "source": 10, "weight": None, "fields": None, "classes": 30,
    }  # fmt: skip
    for cause, segment in expected.items():
        assert ((cause, segment) in found) == (cause in loses), (cause, found)
    if any(loss.grave for loss in formats.losses([rich], classes, name)):
        with pytest.raises(LossError, match="--allow-loss"):
            formats.write([rich], classes, tmp_path / "out", name)
        assert not (tmp_path / "out").exists()
        assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


@pytest.mark.parametrize("name", NAMES)
def test_a_failing_write_leaves_nothing(name, make_samples, classes, tmp_path) -> None:
    samples = make_samples(3)
    Path(samples[2].image.uri).unlink()
    with pytest.raises(FormatError, match="not there"):
        formats.write(samples, classes, tmp_path / "out", name, allow_loss=True)
    assert [one.name for one in tmp_path.iterdir()] == ["pictures"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cut", [0.0, 0.3, 0.7])
def test_truncated_files_give_a_format_error(name, cut, make_samples, classes, tmp_path) -> None:
    formats.write(make_samples(4), classes, tmp_path / "out", name, allow_loss=True)
    labels = [
        path for path in sorted((tmp_path / "out").rglob("*"))
        if path.is_file() and "images" not in path.parts[len(tmp_path.parts):]
    ]  # fmt: skip
    failed = 0
    for path in labels:
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * cut)])
        try:
            list(formats.read(tmp_path / "out", name).samples)
        except FormatError as error:
            failed += 1
            assert str(tmp_path) in str(error)
        path.write_bytes(whole)
    assert failed or name == "yolo", "a broken file must not pass for a whole one"
    assert len(list(formats.read(tmp_path / "out", name).samples)) == 4


@pytest.mark.parametrize("name", NAMES)
def test_random_bytes_never_give_a_traceback(name, make_samples, classes, tmp_path) -> None:
    formats.write(make_samples(2), classes, tmp_path / "out", name, allow_loss=True)
    rng = np.random.default_rng(0)
    for path in sorted((tmp_path / "out").rglob("*")):
        if not path.is_file():
            continue
        whole = path.read_bytes()
        for _ in range(6):
            garbled = bytearray(whole or b"x")
            for place in rng.integers(0, len(garbled), 4):
                garbled[place] = rng.integers(256)
            path.write_bytes(bytes(garbled))
            try:
                list(formats.read(tmp_path / "out", name).samples)
            except (FormatError, UsageError):
                pass
        path.write_bytes(whole)


@pytest.mark.parametrize("name", NAMES)
def test_the_place_must_be_new(name, make_samples, classes, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="not empty"):
        formats.write(make_samples(1), classes, tmp_path / "out", name, allow_loss=True)
    assert (tmp_path / "out" / "mine.txt").read_text() == "keep"
    with pytest.raises(UsageError, match="no option"):
        formats.read(tmp_path, name, nonsense=1)


def test_nothing_recognises_an_empty_folder(tmp_path) -> None:
    with pytest.raises(FormatError, match="no format recognises"):
        formats.sniff(tmp_path)
    with pytest.raises(FormatError, match="no such file"):
        formats.read(tmp_path / "absent", "coco")
    (tmp_path / "cut.json").write_text('{"images": [')
    with pytest.raises(FormatError, match="ends too early"):
        formats.sniff(tmp_path / "cut.json")


def test_images_can_be_linked(make_samples, classes, tmp_path) -> None:
    formats.write(make_samples(2), classes, tmp_path / "out", "yolo", allow_loss=True, images="link")
    assert all(path.is_symlink() for path in (tmp_path / "out" / "images").rglob("*.png"))
    assert len(list(formats.read(tmp_path / "out").samples)) == 2
    shutil.rmtree(tmp_path / "out")
