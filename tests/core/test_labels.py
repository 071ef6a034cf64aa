"""Classes, segments, samples, geometry, overlay."""

import numpy as np
import pytest

from maskwright import media
from maskwright.core import geometry
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.figures.overlay import overlay
from maskwright.media import image_size


def test_ids_keep_their_gaps_and_indices_have_none(classes: Classes) -> None:
    assert classes.num_classes == 4
    assert [classes.index_of(value) for value in (1, 5, 9, 0)] == [0, 1, 2, 3]
    assert classes.id_of(2) == 9
    assert classes.indices(np.array([77, 9, 1])).tolist() == [255, 2, 0]
    assert classes["dog"].id == 5
    assert classes.background is classes[0]
    assert Classes.from_json(classes.to_json()) == classes
    assert classes.with_background() is classes
    with pytest.raises(KeyError):
        classes.index_of(77)


def test_doubles_are_refused() -> None:
    with pytest.raises(ValueError, match="id 1"):
        Classes([Class(1, "a"), Class(1, "b")])
    with pytest.raises(ValueError, match="name 'a'"):
        Classes([Class(1, "a"), Class(2, "a")])
    with pytest.raises(ValueError, match="background"):
        Classes([Class(1, "a", role="background"), Class(2, "b", role="background")])


def test_background_is_declared_or_ignored(classes: Classes) -> None:
    segments = Segments(Masks.encode(np.array([[[1, 1, 0]], [[0, 1, 0]]])), [9, 77])
    assert segments.label_map(classes).tolist() == [[2, 255, 3]]
    without = Classes(class_ for class_ in classes if class_.role != "background")
    assert segments.label_map(without).tolist() == [[2, 255, 255]]


def test_more_classes_than_a_label_map_holds_are_refused() -> None:
    many = Classes([Class(k, str(k)) for k in range(256)])
    with pytest.raises(UsageError, match="256 classes"):
        Segments.none((2, 2)).label_map(many)
    assert Segments.none((2, 2)).label_map(Classes(list(many)[:255])).tolist() == [[255, 255], [255, 255]]


def test_visible_parts_do_not_overlap() -> None:
    segments = Segments(Masks.encode(np.array([[[1, 1, 1]], [[0, 1, 1]], [[0, 0, 1]]])), [1, 1, 1])
    assert segments.visible().masks.decode().astype(int).tolist() == [[[1, 0, 0]], [[0, 1, 0]], [[0, 0, 1]]]


def test_rows_by_mask_and_equality() -> None:
    rng = np.random.default_rng(0)
    segments = Segments(Masks.encode(rng.random((4, 5, 6)) < 0.5), [1, 2, 3, 4], scores=[0.1, np.nan, 0.3, 0.4])
    assert segments[[3, 1]].class_ids.tolist() == [4, 2]
    assert segments[segments.class_ids > 2].ids.tolist() == [3, 4]
    assert segments[:] == segments
    assert segments[:2] != segments
    with pytest.raises(ValueError, match="class_ids"):
        Segments(segments.masks, [1])
    with pytest.raises(ValueError, match="same id"):
        Segments(segments.masks, [1, 1, 1, 1], ids=[1, 1, 2, 3])
    with pytest.raises(ValueError, match="size"):
        Sample("x", ImageRef("x.png", (9, 9)), segments)


def test_boxes() -> None:
    boxes = np.array([[0.0, 0, 4, 4], [2, 2, 6, 6], [9, 9, 9, 9]])
    assert geometry.box_iou(boxes, boxes)[0].tolist() == [1, 4 / 28, 0]
    assert np.array_equal(geometry.xywh_to_xyxy(geometry.xyxy_to_xywh(boxes)), boxes)


def test_images_say_what_is_wrong(tmp_path) -> None:
    from PIL import Image

    good = tmp_path / "x.png"
    Image.fromarray(np.zeros((4, 6), np.uint8)).save(good)
    assert image_size(good) == (4, 6)
    assert media.read(good).display().shape == (4, 6, 3)
    with pytest.raises(FormatError, match="its labels are for 5 x 6"):
        media.read(good, expected=(5, 6)).display()
    with pytest.raises(FormatError, match="not there"):
        media.read(tmp_path / "y.png").display()
    broken = tmp_path / "z.png"
    broken.write_bytes(good.read_bytes()[:40])
    with pytest.raises(FormatError, match="not a readable image"):
        media.read(broken).display()


def test_an_overlay_tints_only_what_is_labelled(classes: Classes) -> None:
    image = np.full((20, 20, 3), 100, np.uint8)
    dense = np.zeros((1, 20, 20), bool)
    dense[0, 5:15, 5:15] = True
    drawn = overlay(image, Segments(Masks.encode(dense), [1]), classes)
    assert np.array_equal((drawn != image).any(axis=2), dense[0])
