"""DICOM, NIfTI and arrays: numbers in their unit, judged by pydicom, nibabel and NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright import media
from maskwright.errors import FormatError
from maskwright.media import pages

RNG = np.random.default_rng(7)


def dicom(file: Path, values: np.ndarray, kind: str = "MONOCHROME2", **more: Any) -> Path:
    pydicom = pytest.importorskip("pydicom")
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = pydicom.uid.CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = pydicom.uid.generate_uid()
    data.Modality = "CT"
    colours = kind == "RGB" or kind.startswith("YBR")
    frames = values.ndim - (2 + colours)
    data.Rows, data.Columns = values.shape[frames : frames + 2]
    if frames:
        data.NumberOfFrames = values.shape[0]
    data.SamplesPerPixel = 3 if colours else 1
    if colours:
        data.PlanarConfiguration = 0
    data.PhotometricInterpretation = kind
    data.BitsAllocated = data.BitsStored = values.dtype.itemsize * 8
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(values.dtype.kind == "i")
    for name, value in more.items():
        setattr(data, name, value)
    data.PixelData = values.tobytes()
    data.save_as(file, enforce_file_format=True)
    return file


def test_ct_is_in_hounsfield_units(tmp_path) -> None:
    import pydicom

    stored = RNG.integers(0, 4095, (20, 30), dtype=np.uint16)
    file = dicom(tmp_path / "a.dcm", stored, RescaleSlope="1", RescaleIntercept="-1024", BitsStored=12, HighBit=11)
    found, about = media.read(file), media.describe(file)
    judge = pydicom.pixels.apply_rescale(stored, pydicom.dcmread(file))
    assert np.array_equal(found.pixels[..., 0], judge)
    assert found.pixels.dtype == np.int16
    assert (about.dtype, about.size, about.channels) == ("int16", (20, 30), ("gray",))
    assert about.notes == ("numbers are times 1 plus -1024, in Hounsfield units",)
    window = media.Window.preset("soft tissue")
    assert found.display(window)[judge == 50].size == 0 or found.display(window)[judge == 50].min() == 128
    assert np.array_equal(media.read(file, region=(2, 3, 9, 11)).pixels[..., 0], judge[3:11, 2:9])


@pytest.mark.parametrize(("slope", "shift"), [("0.5", "0.25"), ("3", "-70000")])
def test_slopes(tmp_path, slope, shift) -> None:
    import pydicom

    stored = RNG.integers(-3000, 3000, (6, 7), dtype=np.int16)
    file = dicom(tmp_path / "a.dcm", stored, RescaleSlope=slope, RescaleIntercept=shift)
    found = media.read(file)
    assert np.array_equal(found.pixels[..., 0], pydicom.pixels.apply_rescale(stored, pydicom.dcmread(file)))
    assert found.pixels.dtype.name == media.describe(file).dtype == ("float32" if "." in slope else "int32")


def test_frames_have_scales_of_their_own(tmp_path) -> None:
    import pydicom

    def groups(slope: str) -> pydicom.Dataset:
        inner, outer = pydicom.Dataset(), pydicom.Dataset()
        inner.RescaleSlope, inner.RescaleIntercept = slope, "10"
        outer.PixelValueTransformationSequence = [inner]
        return outer

    stored = RNG.integers(0, 900, (3, 5, 6), dtype=np.uint16)
    frames = [groups("1"), groups("2"), groups("3")]
    file = dicom(tmp_path / "a.dcm", stored, PerFrameFunctionalGroupsSequence=frames)
    assert pages.shape(file) == (3, (5, 6))
    for page in range(3):
        assert np.array_equal(media.read(f"{file}#page={page}").pixels[..., 0], stored[page] * (page + 1) + 10)
    with pytest.raises(FormatError, match="has no page"):
        media.read(f"{file}#page=3")


def test_monochrome1_is_turned_round_for_display_alone(tmp_path) -> None:
    stored = RNG.integers(0, 255, (5, 6), dtype=np.uint8)
    found = media.read(dicom(tmp_path / "a.dcm", stored, "MONOCHROME1"))
    assert np.array_equal(found.pixels[..., 0], stored)
    assert np.array_equal(found.display()[..., 1], 255 - stored)
    assert "MONOCHROME1" in media.describe(tmp_path / "a.dcm").notes[0]


def test_colours_of_dicom(tmp_path) -> None:
    import pydicom

    stored = RNG.integers(0, 255, (2, 5, 6, 3), dtype=np.uint8)
    file = dicom(tmp_path / "a.dcm", stored, "RGB")
    assert np.array_equal(media.read(f"{file}#page=1").pixels, stored[1])
    file = dicom(tmp_path / "b.dcm", stored[0], "YBR_FULL")
    judge = pydicom.pixels.convert_color_space(stored[0], "YBR_FULL", "RGB")
    assert np.array_equal(media.read(file).pixels, judge)
    assert media.describe(file).notes == ("YBR_FULL becomes red, green, blue",)


def test_a_palette_of_dicom(tmp_path) -> None:
    import pydicom

    stored = RNG.integers(0, 255, (5, 6), dtype=np.uint8)
    tables = {}
    for place, name in enumerate(("Red", "Green", "Blue")):
        tables[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tables[f"{name}PaletteColorLookupTableData"] = (np.arange(256, dtype="<u2") * (50 + place)).tobytes()
    file = dicom(tmp_path / "a.dcm", stored, "PALETTE COLOR", **tables)
    found = media.read(file).pixels
    assert np.array_equal(found, pydicom.pixels.apply_color_lut(stored, pydicom.dcmread(file)))
    assert found.dtype.name == media.describe(file).dtype


def test_dicom_without_its_suffix(tmp_path) -> None:
    stored = RNG.integers(0, 255, (5, 6), dtype=np.uint8)
    file = dicom(tmp_path / "IM0001", stored)
    assert np.array_equal(media.read(file).pixels[..., 0], stored)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("scaled", [False, True])
def test_slices_of_nifti(tmp_path, suffix, scaled) -> None:
    nibabel = pytest.importorskip("nibabel")
    values = RNG.integers(-900, 900, (6, 5, 4, 2), dtype=np.int16)
    volume = nibabel.Nifti1Image(values, np.eye(4))
    if scaled:
        volume.header.set_slope_inter(0.5, 3)
    file = tmp_path / f"a{suffix}"
    nibabel.save(volume, file)
    judge = np.asarray(nibabel.load(file).dataobj)
    about = media.describe(file)
    assert (about.size, about.pages) == ((5, 6), 8)
    assert about.dtype == ("float64" if scaled else "int16")
    assert bool(about.notes) == scaled
    for page in range(8):
        found = media.read(f"{file}#page={page}")
        assert np.array_equal(found.pixels[..., 0], judge[:, :, page % 4, page // 4].T)
        assert found.pixels.dtype.name == about.dtype
    assert np.array_equal(media.read(file).pixels[..., 0], judge[:, :, 0, 0].T)
    assert np.array_equal(media.read(file, region=(1, 2, 6, 4)).pixels[..., 0], judge[1:6, 2:4, 0, 0].T)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", ">i4", "float32", "float64", "bool"])
def test_arrays(tmp_path, dtype) -> None:
    def kept(*shape: int) -> tuple[Path, np.ndarray]:
        values = RNG.integers(0, 100, shape).astype(dtype)
        file = tmp_path / f"{len(shape)}-{shape[-1]}.npy"
        np.save(file, values)
        return file, values

    file, values = kept(40, 50)
    assert np.array_equal(media.read(file).pixels[..., 0], values)
    assert media.read(file).pixels.dtype.name == media.describe(file).dtype == values.dtype.newbyteorder("=").name
    file, values = kept(40, 50, 6)
    assert np.array_equal(media.read(file).pixels, values)
    assert np.array_equal(media.read(file, region=(3, 4, 30, 31)).pixels, values[4:31, 3:30])
    assert media.describe(file).channels == tuple("012345")
    file, values = kept(5, 40, 50)
    assert np.array_equal(media.read(f"{file}#page=3").pixels[..., 0], values[3])
    file, values = kept(5, 40, 30, 3)
    assert np.array_equal(media.read(f"{file}#page=4").pixels, values[4])
    assert media.describe(f"{file}#page=4").channels == ("red", "green", "blue")


@pytest.mark.parametrize("values", [np.zeros(5), np.zeros((4, 4), complex), np.array([["a"]]), np.zeros((0, 4))])
def test_arrays_that_are_not_images(tmp_path, values) -> None:
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(FormatError, match=r"holds .* numbers of two, three or four axes"):
        media.read(tmp_path / "a.npy")
