"""SA-1B's files with run lengths in either form, and videos without a frame."""

import json

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.errors import FormatError


def folder(home, segmentation) -> None:
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(home / "sa_1.jpg")
    rows = [{"id": 5, "segmentation": segmentation, "predicted_iou": 0.5, "bbox": [1, 1, 2, 2], "area": 4}]
    content = {"image": {"image_id": 1, "file_name": "sa_1.jpg", "height": 4, "width": 4}, "annotations": rows}
    (home / "sa_1.json").write_text(json.dumps(content))


def test_run_lengths_may_be_numbers(tmp_path) -> None:
    folder(tmp_path, {"size": [4, 4], "counts": [5, 2, 2, 2, 5]})  # columns: ...., .XX., .XX., ....
    (sample,) = formats.read(tmp_path).samples
    expected = np.zeros((4, 4), bool)
    expected[1:3, 1:3] = True
    assert np.array_equal(sample.segments.masks[0].decode(), expected)
    assert sample.segments.ids.tolist() == [5]
    folder(tmp_path, {"size": [4, 4], "counts": [5, 2]})
    with pytest.raises(FormatError, match="sum"):
        list(formats.read(tmp_path, "segment-anything").samples)


def test_a_video_without_a_frame_is_not_silent(tmp_path) -> None:
    content = {"video_id": "sav_1", "video_height": 4, "video_width": 4, "masklet_id": [0], "masklet": []}
    (tmp_path / "sav_1_manual.json").write_text(json.dumps(content))
    reading = formats.read(tmp_path)
    assert not list(reading.samples)
    assert "sav_1_manual.json has no annotated frame" in reading.notes
