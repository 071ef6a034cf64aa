"""Sequences where they lie, judged by what tifffile, nibabel and pydicom wrote into the files."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from made_videos import UNEVEN, Made, make
from PIL import Image

from maskwright import media
from maskwright.errors import FormatError, UsageError
from maskwright.media import sequences

SIZE = (20, 31)


def layers(number: int = 5, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, (number, *SIZE)).astype(dtype)


def pixels(found: sequences.SequenceOfImages) -> list[np.ndarray]:
    return [media.read(image).pixels[..., 0] for image in found.images]


def frames_of(folder: Path, names: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        Image.fromarray(np.full(SIZE, number, np.uint8)).save(folder / name)
    return folder


def test_frames_of_a_video(tmp_path) -> None:
    pytest.importorskip("av")
    path = make(Made("street.one.mp4", count=13), tmp_path)
    found = sequences.find(path)
    assert (found.name, found.axis, len(found.images)) == ("street.one", "time", 13)
    assert found.spacing == pytest.approx((0.1,))
    assert [image.frame for image in found.images] == list(range(13))
    assert {image.video for image in found.images} == {"street.one"}
    assert found.images[7].uri == f"{path}#page=7"
    assert found.images[7].size == (48, 64)
    fifth = sequences.find(str(path), every=5)
    assert [image.frame for image in fifth.images] == [0, 5, 10]
    assert [image.uri for image in fifth.images] == [f"{path}#page={page}" for page in (0, 5, 10)]
    assert fifth.spacing == pytest.approx((0.5,))
    assert fifth.times == pytest.approx((0, 0.5, 1.0))
    assert sequences.is_sequence(path)


def test_videos_of_variable_rate_turned_and_cut(tmp_path) -> None:
    pytest.importorskip("av")
    found = sequences.find(make(Made("uneven.mkv", times=UNEVEN), tmp_path), every=3)
    assert found.spacing is None
    assert found.times == pytest.approx([time / 1000 for time in UNEVEN[::3]], abs=0.0006)
    turned = sequences.find(make(Made("turned.mp4", rotation=90), tmp_path))
    assert turned.images[0].size == (64, 48)
    assert media.read(turned.images[3]).size == (64, 48)
    cut = sequences.find(make(Made("cut.mkv", cut=0.6), tmp_path))
    assert 0 < len(cut.images) < 30
    assert "header says" in cut.notes[0]


def test_a_folder_is_in_natural_order(tmp_path) -> None:
    names = ["frame2.png", "frame10.png", "frame1.PNG", "Frame3.png", "frame02b.png"]
    found = sequences.find(frames_of(tmp_path / "clip", names))
    assert [Path(image.uri).name for image in found.images] == [
        "Frame3.png", "frame1.PNG", "frame2.png", "frame02b.png", "frame10.png",
    ]  # fmt: skip
    assert (found.name, found.axis, found.spacing, found.times) == ("clip", "time", None, None)
    assert [image.frame for image in found.images] == [0, 1, 2, 3, 4]
    assert [image.frame for image in sequences.find(tmp_path / "clip", every=2).images] == [0, 2, 4]
    assert [media.read(image).pixels[0, 0, 0] for image in found.images] == [3, 2, 0, 4, 1]
    (tmp_path / "clip" / "notes.txt").write_text("no image")
    (tmp_path / "clip" / ".hidden.png").write_bytes(b"")
    assert len(sequences.find(tmp_path / "clip").images) == 5


@pytest.mark.parametrize(
    ("unit", "mm"), [("micron", 1e-3), ("um", 1e-3), ("\\u00B5m", 1e-3), ("mm", 1.0), ("nm", 1e-6)]
)
def test_imagej_stacks_say_how_far_slices_are_apart(unit: str, mm: float, tmp_path) -> None:
    tifffile = pytest.importorskip("tifffile")
    path, values = tmp_path / "cells.tif", layers(dtype="uint16")
    tifffile.imwrite(
        path, values, imagej=True, resolution=(4.0, 2.0), metadata={"axes": "ZYX", "spacing": 3.0, "unit": unit}
    )
    found = sequences.find(path)
    assert (found.name, found.axis, len(found.images)) == ("cells", "space", 5)
    assert found.spacing == pytest.approx((3.0 * mm, 0.5 * mm, 0.25 * mm), rel=1e-4)
    for read, written in zip(pixels(found), values, strict=True):
        assert np.array_equal(read, written)
    assert sequences.find(path, every=2).spacing == pytest.approx((6.0 * mm, 0.5 * mm, 0.25 * mm), rel=1e-4)
    assert sequences.is_sequence(path)


def test_imagej_stacks_of_times_and_of_both(tmp_path) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "t.tif", layers(), imagej=True, metadata={"axes": "TYX", "finterval": 0.5})
    found = sequences.find(tmp_path / "t.tif")
    assert (found.axis, found.spacing) == ("time", (0.5,))
    assert found.times == (0.0, 0.5, 1.0, 1.5, 2.0)
    both = layers(6).reshape(3, 2, *SIZE)
    tifffile.imwrite(tmp_path / "tz.tif", both, imagej=True, metadata={"axes": "TZYX", "spacing": 1.0, "unit": "um"})
    found = sequences.find(tmp_path / "tz.tif")
    assert (len(found.images), found.spacing) == (6, None)
    assert "3 times and 2 slices" in found.notes[0]
    tifffile.imwrite(
        tmp_path / "px.tif", layers(), imagej=True, metadata={"axes": "ZYX", "spacing": 1.0, "unit": "ell"}
    )
    found = sequences.find(tmp_path / "px.tif")
    assert found.spacing is None
    assert "'ell'" in found.notes[0]


def test_ome_stacks(tmp_path) -> None:
    tifffile = pytest.importorskip("tifffile")
    sizes = {"PhysicalSizeX": 0.2, "PhysicalSizeY": 0.3, "PhysicalSizeZ": 1.5}
    tifffile.imwrite(tmp_path / "cells.ome.tif", layers(), metadata={"axes": "ZYX", **sizes})
    found = sequences.find(tmp_path / "cells.ome.tif")
    assert (found.name, found.axis) == ("cells", "space")
    assert found.spacing == pytest.approx((1.5e-3, 0.3e-3, 0.2e-3))
    units = {f"{name}Unit": "nm" for name in sizes}
    tifffile.imwrite(tmp_path / "n.ome.tif", layers(), metadata={"axes": "ZYX", **sizes, **units})
    assert sequences.find(tmp_path / "n.ome.tif").spacing == pytest.approx((1.5e-6, 0.3e-6, 0.2e-6))
    for unit, notes in (("µm", 0), ("parsec", 1)):
        units = {f"{name}Unit": unit for name in sizes}
        tifffile.imwrite(tmp_path / "u.ome.tif", layers(), metadata={"axes": "ZYX", **sizes, **units})
        found = sequences.find(tmp_path / "u.ome.tif")
        assert (found.spacing is None, len(found.notes)) == (bool(notes), notes)
    tifffile.imwrite(tmp_path / "t.ome.tif", layers(), metadata={"axes": "TYX", "TimeIncrement": 250.0,
                                                                "TimeIncrementUnit": "ms"})  # fmt: skip
    found = sequences.find(tmp_path / "t.ome.tif")
    assert (found.axis, found.spacing) == ("time", (0.25,))


def test_plain_stacks_say_nothing(tmp_path) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "plain.tif", layers(), photometric="minisblack", metadata=None)
    np.save(tmp_path / "plain.npy", layers())
    for path in (tmp_path / "plain.tif", tmp_path / "plain.npy"):
        found = sequences.find(path, every=2)
        assert (found.name, found.axis, found.spacing, found.orientation) == ("plain", "space", None, None)
        assert [image.frame for image in found.images] == [0, 2, 4]
        for read, written in zip(pixels(found), layers()[::2], strict=True):
            assert np.array_equal(read, written)
        assert sequences.is_sequence(path)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_volumes(suffix: str, tmp_path) -> None:
    nibabel = pytest.importorskip("nibabel")
    values = layers().transpose(2, 1, 0).astype(np.int16)
    image = nibabel.Nifti1Image(values, np.diag([-0.5, -0.75, 2.0, 1.0]))
    image.header.set_xyzt_units("mm")
    nibabel.save(image, tmp_path / f"liver{suffix}")
    found = sequences.find(tmp_path / f"liver{suffix}")
    assert (found.name, found.axis, found.orientation) == ("liver", "space", "LPS")
    assert found.spacing == pytest.approx((2.0, 0.75, 0.5))
    assert found.notes == ()
    for read, written in zip(pixels(found), layers(), strict=True):
        assert np.array_equal(read, written)
    image = nibabel.Nifti1Image(values, np.diag([500.0, 750.0, 2000.0, 1.0]))
    image.header.set_xyzt_units("micron")
    nibabel.save(image, tmp_path / f"small{suffix}")
    found = sequences.find(tmp_path / f"small{suffix}")
    assert (found.spacing, found.orientation) == (pytest.approx((2.0, 0.75, 0.5)), "RAS")
    image = nibabel.Nifti1Image(values, None)
    nibabel.save(image, tmp_path / f"bare{suffix}")
    found = sequences.find(tmp_path / f"bare{suffix}")
    assert found.orientation is None
    assert "taken for mm" in found.notes[0]


def dicom(path: Path, values: np.ndarray, series: str = "1.2.3", **more: object) -> None:
    pydicom = pytest.importorskip("pydicom")
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = pydicom.uid.CTImageStorage, "1.2"
    header = pydicom.dataset.FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    header.SOPClassUID, header.SOPInstanceUID, header.SeriesInstanceUID = pydicom.uid.CTImageStorage, "1.2", series
    header.Rows, header.Columns = values.shape[-2:]
    if values.ndim == 3:
        header.NumberOfFrames = len(values)
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 16, 15, 0
    header.PixelData = values.astype("<u2").tobytes()
    for name, value in more.items():
        setattr(header, name, value)
    header.save_as(path)


FLAT = [1, 0, 0, 0, 1, 0]


def series(folder: Path, heights: list[float], directions: list[float] = FLAT, **more: object) -> Path:
    """Slices whose file names say nothing of their order."""
    folder.mkdir()
    normal = np.cross(directions[:3], directions[3:])
    for number, (values, height) in enumerate(zip(layers(len(heights)), heights, strict=True)):
        dicom(
            folder / f"{(number * 7) % 11}.dcm", values, ImageOrientationPatient=directions, PixelSpacing=[0.75, 0.5],
            ImagePositionPatient=[float(value) for value in normal * height], InstanceNumber=number + 1, **more,
        )  # fmt: skip
    return folder


def test_dicom_slices_are_ordered_by_their_positions(tmp_path) -> None:
    heights = [10.0, -5.0, 0.0, 5.0, 15.0]
    found = sequences.find(series(tmp_path / "ct", heights))
    assert (found.name, found.axis, found.orientation) == ("ct", "space", "LPS")
    assert found.spacing == pytest.approx((5.0, 0.75, 0.5))
    assert [image.frame for image in found.images] == [0, 1, 2, 3, 4]
    for read, written in zip(pixels(found), layers()[np.argsort(heights)], strict=True):
        assert np.array_equal(read, written)
    standing = sequences.find(series(tmp_path / "sagittal", heights, [0, 1, 0, 0, 0, -1]))
    assert standing.orientation == "PIR"
    for read, written in zip(pixels(standing), layers()[np.argsort(heights)], strict=True):
        assert np.array_equal(read, written)
    assert sequences.find(tmp_path / "ct", every=2).spacing == pytest.approx((10.0, 0.75, 0.5))


def test_dicom_slices_that_do_not_lie_evenly(tmp_path) -> None:
    found = sequences.find(series(tmp_path / "gap", [0.0, 5.0, 15.0]))
    assert found.spacing is None
    assert "5 to 10 mm apart" in found.notes[0]
    found = sequences.find(series(tmp_path / "twice", [0.0, 5.0, 5.0]))
    assert "one position" in found.notes[0]
    (tmp_path / "lost").mkdir()
    for number in (3, 1, 2):
        dicom(tmp_path / "lost" / f"{9 - number}.dcm", layers()[number], InstanceNumber=number)
    found = sequences.find(tmp_path / "lost")
    assert "order of their numbers" in found.notes[0]
    for read, written in zip(pixels(found), layers()[1:4], strict=True):
        assert np.array_equal(read, written)


def test_folders_of_dicom_that_are_not_one_series(tmp_path) -> None:
    folder = series(tmp_path / "two", [0.0, 5.0])
    dicom(folder / "other.dcm", layers()[0], series="9.9")
    with pytest.raises(FormatError, match="2 series"):
        sequences.find(folder)
    folder = series(tmp_path / "sizes", [0.0, 5.0])
    dicom(folder / "z.dcm", layers()[0][:10], ImagePositionPatient=[0, 0, 9.0])
    with pytest.raises(FormatError, match=r"z\.dcm.*10 x 31"):
        sequences.find(folder)
    folder = series(tmp_path / "broken", [0.0, 5.0])
    (folder / "a.dcm").write_bytes(b"not DICOM")
    with pytest.raises(FormatError, match=r"a\.dcm"):
        sequences.find(folder)


def test_dicom_files_of_several_frames(tmp_path) -> None:
    pydicom = pytest.importorskip("pydicom")
    dicom(tmp_path / "cine.dcm", layers(), FrameTime=40.0)
    found = sequences.find(tmp_path / "cine.dcm")
    assert (found.axis, found.spacing) == ("time", (0.04,))
    dicom(tmp_path / "stack.dcm", layers(), PixelSpacing=[0.75, 0.5], SpacingBetweenSlices=2.0)
    assert sequences.find(tmp_path / "stack.dcm").spacing == (2.0, 0.75, 0.5)

    def group(**values: object) -> object:
        found = pydicom.dataset.Dataset()
        for name, value in values.items():
            setattr(found, name, value)
        return found

    heights = [4.0, 0.0, 2.0, 8.0, 6.0]
    shared = group(
        PixelMeasuresSequence=[group(PixelSpacing=[0.75, 0.5])],
        PlaneOrientationSequence=[group(ImageOrientationPatient=FLAT)],
    )
    frames = [group(PlanePositionSequence=[group(ImagePositionPatient=[0, 0, height])]) for height in heights]
    dicom(tmp_path / "enhanced.dcm", layers(), SharedFunctionalGroupsSequence=[shared],
          PerFrameFunctionalGroupsSequence=frames)  # fmt: skip
    found = sequences.find(tmp_path / "enhanced.dcm")
    assert found.spacing == (2.0, 0.75, 0.5)
    assert [image.uri.rpartition("=")[2] for image in found.images] == ["1", "2", "0", "4", "3"]
    assert [image.frame for image in found.images] == [0, 1, 2, 3, 4]
    for read, written in zip(pixels(found), layers()[np.argsort(heights)], strict=True):
        assert np.array_equal(read, written)


def test_what_is_not_a_sequence(tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("no image")
    for place in ("empty", "text.txt", "nowhere.mp4", "nowhere"):
        with pytest.raises(FormatError, match=place):
            sequences.find(tmp_path / place)
        assert not sequences.is_sequence(tmp_path / place)
    Image.fromarray(layers()[0]).save(tmp_path / "one.tif")
    Image.fromarray(layers()[0]).save(tmp_path / "one.png")
    assert not sequences.is_sequence(tmp_path / "one.tif")
    assert not sequences.is_sequence(tmp_path / "one.png")
    assert len(sequences.find(tmp_path / "one.tif").images) == 1
    with pytest.raises(UsageError, match="every is 0"):
        sequences.find(tmp_path, every=0)


def test_frames_of_a_video_without_files(tmp_path, monkeypatch) -> None:
    pytest.importorskip("av")
    path = make(Made("clip.mp4", count=11), tmp_path)
    before = sorted(tmp_path.iterdir())
    with media.Frames.open(path, every=4) as frames:
        assert (frames.name, len(frames), frames.size) == ("clip", 3, (48, 64))
        assert frames.names == ["000000", "000004", "000008"]
        for number, frame in zip((0, 4, 8), frames, strict=True):
            assert np.array_equal(frame, media.read(f"{path}#page={number}").pixels)
    assert sorted(tmp_path.iterdir()) == before


def test_frames_of_a_folder(tmp_path) -> None:
    folder = frames_of(tmp_path / "clip", ["f2.png", "f10.png", "f1.png"])
    frames = media.Frames.open(folder)
    assert frames.names == ["f1", "f2", "f10"]
    assert [int(frame[0, 0, 0]) for frame in frames] == [2, 0, 1]
    shutil.copy(folder / "f1.png", folder / "f3.png")
    Image.fromarray(np.zeros((5, 6), np.uint8)).save(folder / "f3.png")
    frames = media.Frames.open(folder)
    assert len(frames) == 4
    with pytest.raises(FormatError, match=r"f3\.png: the frame is 5 x 6; 20 x 31"):
        list(frames)


def test_a_video_that_is_elsewhere(tmp_path, monkeypatch) -> None:
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("av")
    monkeypatch.setenv("MASKWRIGHT_CACHE", str(tmp_path / "cache"))
    make(Made("clip.mkv", "ffv1", count=6), tmp_path)
    with fsspec.open("memory://videos/street.mkv", "wb") as target:
        target.write((tmp_path / "clip.mkv").read_bytes())
    uri = "memory://videos/street.mkv"
    assert sequences.is_sequence(uri)
    assert not sequences.is_sequence("memory://videos/street.txt")
    found = sequences.find(uri, every=2)
    assert (found.name, found.axis) == ("street", "time")
    assert [image.uri for image in found.images] == [f"{uri}#page={page}" for page in (0, 2, 4)]
    here = sequences.find(tmp_path / "clip.mkv", every=2)
    for image, own in zip(found.images, here.images, strict=True):
        assert np.array_equal(media.read(image).pixels, media.read(own).pixels)


def test_a_folder_of_slices_is_opened_as_one_sequence(tmp_path) -> None:
    pytest.importorskip("pydicom")
    from maskwright.store.folder import open_place

    (tmp_path / "patient").mkdir()
    series(tmp_path / "patient" / "scan", [2.0, 0.0, 4.0])
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "patient" / "photo.png")
    dataset, _ = open_place(str(tmp_path / "patient"))
    with dataset:
        assert dataset.keys() == ["photo", "scan/000000", "scan/000001", "scan/000002"]
        (declared,) = dataset.sequences.values()
        assert (declared.name, declared.axis, declared.spacing) == (
            "scan",
            "space",
            sequences.find(tmp_path / "patient" / "scan").spacing,
        )
    again, notes = open_place(str(tmp_path / "patient"))
    with again:
        assert len(again) == 4
        assert not notes
