"""What has no partner, and images that end too early, are named in the notes of what is read beside them."""

import shutil

import numpy as np
import pytest
from PIL import Image

from maskwright import formats, media
from maskwright.errors import FormatError
from maskwright.media.endings import is_cut_short

SIZE = (12, 16)
MAP = np.zeros(SIZE, np.uint8)
MAP[2:8, 3:9] = 1


def save(place, pixels=None, **more) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8) if pixels is None else pixels).save(place, **more)


def arrays(place, values) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    np.save(place, values)


def volume(place) -> None:
    import nibabel

    place.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 5, 2), np.int16), np.eye(4)), place)


def label_maps(root) -> None:
    for name in "abx":
        save(root / "images" / f"{name}.png")
    for name in "aby":
        save(root / "labels" / f"{name}.png", MAP)


def instance_maps(root) -> None:
    for name in "ax":
        save(root / f"{name}.png")
    for name in "ay":
        save(root / f"{name}_masks.png", MAP)


def bitmaps(root) -> None:
    for name in "abx":
        save(root / name / "images" / f"{name}.png")
    for name in "ay":
        save(root / name / "masks" / "0.png", MAP * 255)
    (root / "b" / "masks").mkdir()


def davis(root) -> None:
    for number in (0, 1):
        save(root / "JPEGImages" / "480p" / "v" / f"{number:05d}.jpg")
    for number in (0, 7):
        save(root / "Annotations" / "480p" / "v" / f"{number:05d}.png", MAP)


def youtube_vos(root) -> None:
    save(root / "JPEGImages" / "v" / "00000.jpg")
    for number in (0, 7):
        save(root / "Annotations" / "v" / f"{number:05d}.png", MAP)
    (root / "meta.json").write_text('{"videos": {"v": {"objects": {"1": {"category": "cat"}}}}}')


def stacks(root) -> None:
    for folder, names in (("images", "ax"), ("labels", "ay")):
        for name in names:
            arrays(root / folder / f"{name}.npy", np.stack([MAP, MAP]))


def nifti(root) -> None:
    for name in ("imagesTr/a_0000", "imagesTr/a_0001", "imagesTr/x_0000", "labelsTr/a", "labelsTr/y"):
        volume(root / f"{name}.nii.gz")


def ade20k(root) -> None:
    for name in "ax":
        save(root / "images" / "training" / f"{name}.jpg")
    save(root / "annotations" / "training" / "a.png", MAP)


@pytest.mark.parametrize(("make", "said"), [
    (label_maps, ["1 image has no label and was left out: x", "1 label has no image and was left out: y"]),
    (instance_maps, ["1 image has no label and was left out: x", "1 label has no image and was left out: y_masks"]),
    (bitmaps, ["1 folders hold no masks/ and were left out, such as x", "1 folders hold no images/ and were left out, such as y",
               "1 images have no mask, such as b, and are without objects"]),
    (davis, ["1 frames have no label, such as v/00001; -o frames=all", "1 label has no frame and was left out: v/00007"]),
    (youtube_vos, ["1 label has no frame and was left out: v/00007"]),
    (stacks, ["1 image has no label and was left out: x.npy", "1 label has no image and was left out: y.npy"]),
    (nifti, ["1 volume has no label and was left out: x_0000", "1 label has no volume and was left out: y"]),
    (ade20k, ["1 image has no label and was left out: training/x"]),
])  # fmt: skip
def test_what_has_no_partner_is_named(tmp_path, make, said) -> None:
    make(tmp_path)
    format_name = make.__name__.replace("_", "-").removesuffix("-maps") + "-map" * ("maps" in make.__name__)
    format_name = "bitmaps" if make is bitmaps else format_name
    reading = formats.read(tmp_path, format_name)
    assert list(reading.samples)
    for note in said:
        assert any(found.startswith(note) for found in reading.notes), reading.notes


def test_whole_sets_say_nothing_of_partners(tmp_path) -> None:
    label_maps(tmp_path)
    for file in ("images/x.png", "labels/y.png"):
        (tmp_path / file).unlink()
    reading = formats.read(tmp_path)
    list(reading.samples)
    assert not any("left out" in note or "too early" in note for note in reading.notes)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp"])
def test_images_that_end_too_early_are_named(tmp_path, suffix) -> None:
    random = np.random.default_rng(0).integers(0, 255, (96, 96, 3), np.uint8)
    for name in "ab":
        save(tmp_path / "images" / f"{name}.{suffix}", random)
        save(tmp_path / "labels" / f"{name}.png", np.pad(MAP, ((0, 84), (0, 80))))
    whole = (tmp_path / "images" / f"b.{suffix}").read_bytes()
    for kept in (len(whole) // 2, len(whole) - len(whole) // 50 - 40):
        (tmp_path / "images" / f"b.{suffix}").write_bytes(whole[:kept])
        with pytest.raises(FormatError):
            media.read(tmp_path / "images" / f"b.{suffix}")
        reading = formats.read(tmp_path, "label-map")
        assert len(list(reading.samples)) == 2
        said = "1 image ends too early and cannot be read whole: b; replace it, or leave it out with --skip-broken"
        assert said in reading.notes
    (tmp_path / "images" / f"b.{suffix}").write_bytes(whole + b"\0" * 700 + b"something behind it" * 400)
    assert not is_cut_short(str(tmp_path / "images" / f"b.{suffix}")), "what lies behind an image is none of its"
    assert not is_cut_short(str(tmp_path / "missing.png"))
    shutil.copy(__file__, tmp_path / "other")
    assert not is_cut_short(str(tmp_path / "other"))
