"""Every format in the folder keeps the same promises."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from maskwright import formats, media
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, LossError
from maskwright.testing import FormatContract


class TestEveryFormat(FormatContract):
    @pytest.fixture(autouse=True, params=formats.writers())
    def one_of_them(self, request) -> None:
        self.name = request.param
        self.cut_files_pass = self.one_ring = request.param == "yolo"


@pytest.mark.parametrize("name", ["coco", "coco-panoptic", "cvat", "labelme", "label-studio", "datumaro"])
def test_labels_without_their_pictures(name, make_samples, classes, tmp_path) -> None:
    """Formats that know sizes need no pictures; keys stay, and the pictures are found where they are."""
    samples = make_samples(4)
    formats.write(samples, classes, tmp_path / "out", name, allow_loss=True, images="none", check=True)
    back = {sample.key: sample for sample in formats.read(tmp_path / "out").samples}
    for sample in samples:
        assert np.array_equal(media.read(back[sample.key].image).display(), media.read(sample.image).display())


@pytest.mark.parametrize("name", formats.writers())
def test_every_format_writes_labels_alone(name, make_samples, classes, tmp_path) -> None:
    """As the studio packs them."""
    formats.write(make_samples(4), classes, tmp_path / "out", name, allow_loss=True, images="none")
    assert any((tmp_path / "out").rglob("*"))
    images = {file for kind in ("jpg", "tif", "npy") for file in (tmp_path / "out").rglob(f"*.{kind}")}
    assert not images


def test_the_check_finds_what_is_wrong(make_samples, classes, tmp_path, monkeypatch) -> None:
    from maskwright.formats import bitmaps

    def careless(samples, classes, folder, *, images="copy") -> None:
        honest(
            (replace(sample, segments=sample.segments[:-1]) if sample.key == "a" else sample for sample in samples if sample.key != "日本"),
            classes, folder, images=images,
        )  # fmt: skip

    honest = bitmaps.write
    monkeypatch.setattr(bitmaps, "write", careless)
    with pytest.raises(FormatError, match=r"a: has .* segments, .* were written; 日本: is missing"):
        formats.write(make_samples(6), classes, tmp_path / "out", "bitmaps", allow_loss=True, check=True)
    assert not (tmp_path / "out").exists()


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


def test_a_dataset_and_a_broken_file_are_told_as_what_they_are(tmp_path) -> None:
    from maskwright import Dataset
    from maskwright.core.classes import Class, Classes

    Dataset.create(tmp_path / "set", Classes([Class(1, "cell")])).close()
    with pytest.raises(FormatError, match=r"is a dataset.*\n.*maskwright export"):
        formats.sniff(tmp_path / "set")
    (tmp_path / "yolo").mkdir()
    (tmp_path / "yolo" / "data.yaml").write_text("names: [cell\ntrain: images\n")
    with pytest.raises(FormatError, match=r"no format recognises this, and .*data\.yaml.*line"):
        formats.sniff(tmp_path / "yolo")


def test_a_refusal_has_all_losses(make_samples, classes, tmp_path, capsys) -> None:
    samples = make_samples(4)
    with pytest.raises(LossError) as told:
        formats.write(samples, classes, tmp_path / "out", "label-map")
    assert list(told.value.losses) == formats.losses(samples, classes, "label-map")


def test_objects_that_others_cover_whole_are_gone(make_samples, classes, tmp_path) -> None:
    sample = make_samples(1)[0]
    dense = np.zeros((2, *sample.image.size), bool)
    dense[0, 2:4, 2:4] = dense[1, 1:6, 1:6] = True
    covered = replace(sample, segments=Segments(Masks.encode(dense), [1, 1], ids=[4, 9]))
    for name in ("voc", "bitmaps", "instance-map"):
        found = {(loss.cause, loss.segment) for loss in formats.losses([covered], classes, name)}
        assert (("empty", 4) in found) == ("overlap" in formats._module(name).LOSES), name
