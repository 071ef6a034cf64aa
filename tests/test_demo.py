"""The demo set and the tour."""

import numpy as np
import pytest

pytest.importorskip("skimage")

from maskwright import media
from maskwright.demo import build_demo_set
from maskwright.errors import UsageError


def test_the_set_is_exact_seeded_and_of_any_size(tmp_path) -> None:
    classes, samples = build_demo_set(tmp_path / "one", number=6, size=(70, 91), seed=3)
    _, again = build_demo_set(tmp_path / "two", number=6, size=(70, 91), seed=3)
    _, other = build_demo_set(tmp_path / "three", number=6, size=(70, 91), seed=4)
    assert [a.segments == b.segments for a, b in zip(samples, again, strict=True)] == [True] * 6
    assert (tmp_path / "one" / "0000.png").read_bytes() == (tmp_path / "two" / "0000.png").read_bytes()
    assert samples[0].segments != other[0].segments
    for sample in samples:
        assert media.read(sample.image).display().shape == (70, 91, 3)
        # panoptic: every pixel exactly once; semantic: no pixel left open
        assert (sample.segments.visible().masks.decode().sum(axis=0) == 1).all()
        assert 255 not in sample.segments.label_map(classes)
    everything = np.concatenate([sample.segments.class_ids for sample in samples])
    assert set(everything) >= {1, 2, 3}
    assert any(sample.segments.masks[2:].union().area() < sample.segments.masks[2:].areas().sum() for sample in samples)
    assert any(mask.polygon().has_holes for sample in samples for mask in sample.segments.masks)


@pytest.mark.train
def test_the_tour_goes_through_every_room(tmp_path) -> None:
    pytest.importorskip("torch")
    from maskwright import formats
    from maskwright.demo.tour import tour

    said: list[str] = []
    result = tour(tmp_path / "demo", images=10, minutes=0.05, say=said.append)
    page = (tmp_path / "demo" / "report.html").read_text()
    assert page.count("<img") == 3 * 2
    assert "polyline" in page or "Curves" in page
    assert 0 <= result["mean_iou"] <= 1
    saved = result["propagated"]
    assert saved["images"] == 7
    assert saved["clicks"] < saved["clicks_alone"]
    assert "Labels from three examples" in page
    assert formats.sniff(tmp_path / "demo" / "yolo") == "yolo"
    assert [line.split()[0] for line in said] == [
        "made", "imported", "propagated", "trained", "evaluated", "worst", "exported", "done",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="not empty"):
        tour(tmp_path / "demo")
