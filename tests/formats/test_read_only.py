"""Formats that are read only: broken files of theirs give one sentence, too."""

import numpy as np
import pytest
from read_only_sets import BUILDERS, SIZE, mapillary

from maskwright import formats, media, registry
from maskwright.errors import FormatError, UsageError


def test_every_read_only_format_is_here() -> None:
    assert set(BUILDERS) == set(formats.names()) - set(formats.writers())
    assert all("read only" in (registry.load("formats", name).__doc__ or "") for name in BUILDERS)


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_it_is_recognised_and_read(name, tmp_path) -> None:
    BUILDERS[name](tmp_path)
    assert formats.sniff(tmp_path) == name
    reading = formats.read(tmp_path)
    found = list(reading.samples)
    assert found
    for sample in found:
        assert media.read(sample.image).display().shape == (*SIZE, 3)
        area = max(sample.segments.masks.areas(), default=0)
        assert area == {"mapillary": 28, "unlabelled": 0}.get(name, 12) or (name == "mapillary" and area == 12)
    with pytest.raises(UsageError, match="read only"):
        formats.write(found, reading.classes, tmp_path / "out", name)
    formats.write(found, reading.classes, tmp_path / "coco", "coco", images="none", allow_loss=True, check=True)


def test_mapillary_labels(tmp_path) -> None:
    mapillary(tmp_path)
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert [reading.classes[int(class_id)].name for class_id in sample.segments.class_ids] == [
        "nature--sky",
        "object--car",
        "void--ego",
    ]
    assert reading.classes[2].role == "ignore"
    assert (sample.key, sample.split) == ("a", "train")


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_garbled_and_truncated_files_give_a_sentence(name, tmp_path) -> None:
    BUILDERS[name](tmp_path)
    whole = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    rng = np.random.default_rng(0)
    refused = 0
    for path, content in whole.items():
        garbled = []
        for _ in range(4):
            other = bytearray(content)
            for place in rng.integers(0, len(other), 4):
                other[place] = rng.integers(256)
            garbled.append(bytes(other))
        for other in (b"", content[: len(content) // 3], content[: 9 * len(content) // 10], *garbled):
            path.write_bytes(other)
            try:
                list(formats.read(tmp_path, name).samples)
            except FormatError as error:
                refused += 1
                assert str(tmp_path) in str(error)
        path.write_bytes(content)
    assert refused
    assert list(formats.read(tmp_path, name).samples)
