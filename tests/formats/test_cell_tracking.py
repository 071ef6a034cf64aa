"""Cell Tracking Challenge: outlines of few frames, markers of all, in 2D and in 3D."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from maskwright import formats, media
from maskwright.errors import FormatError

SIZE = (20, 30)


def put(file: Path, values: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(file, values, photometric="minisblack")


def cells(*values: int, inside: int = 0) -> np.ndarray:
    """(H, W): a rectangle a value, smaller by `inside` pixels on every side."""
    out = np.zeros(SIZE, np.uint16)
    for place, value in enumerate(values):
        out[2 + inside : 10 - inside, 9 * place + 1 + inside : 9 * place + 8 - inside] = value
    return out


def flat(folder: Path) -> None:
    """Two sequences of twelve frames, of which frame 2 and 11 have outlines and all have markers."""
    for sequence in ("01", "02"):
        for frame in range(12):
            put(folder / sequence / f"t{frame:03d}.tif", np.full(SIZE, 50 * frame, np.uint16))
            put(folder / f"{sequence}_GT/TRA/man_track{frame:03d}.tif", cells(7, 3, inside=3))
            if frame in (2, 11):
                put(folder / f"{sequence}_GT/SEG/man_seg{frame:03d}.tif", cells(1, 2, 5))
        (folder / f"{sequence}_GT/TRA/man_track.txt").write_text("3 0 11 0\n7 0 11 3\n")


def test_frames_with_outlines_are_read(tmp_path) -> None:
    flat(tmp_path / "Fluo-N2DL-HeLa")
    reading = formats.read(tmp_path)
    samples = list(reading.samples)
    assert [sample.key for sample in samples] == [f"Fluo-N2DL-HeLa/0{k}/t0{n:02d}" for k in (1, 2) for n in (2, 11)]
    for sample in samples:
        assert (sample.image.video, sample.image.frame) == (sample.key[:-5], int(sample.key[-2:]))
        assert (media.read(sample.image).pixels == 50 * sample.image.frame).all()
        assert sample.segments.ids.tolist() == [1, 2, 5]
        for number, mask in zip((1, 2, 5), sample.segments.masks.decode(), strict=True):
            assert np.array_equal(mask, cells(1, 2, 5) == number)
        assert sample.segments.attributes == [{"track": 7, "parent": 3}, {"track": 3}, {}]
    assert [row.name for row in reading.classes] == ["cell"]
    assert any("20 frames have no label and were left out" in note for note in reading.notes)
    assert any("the gold truth is read; there are markers too, as -o truth=markers" in note for note in reading.notes)


def test_the_truth_can_be_chosen(tmp_path) -> None:
    flat(tmp_path)
    put(tmp_path / "01_ST/SEG/man_seg004.tif", cells(8))
    put(tmp_path / "01_RES/mask000.tif", cells(4))
    (tmp_path / "01_RES/res_track.txt").write_text("4 0 0 2\n")
    for truth, keys, ids in (
        ("gold", ["01/t002", "01/t011", "02/t002", "02/t011"], [1, 2, 5]), ("silver", ["01/t004"], [8]),
        ("markers", [f"{sequence}/t{frame:03d}" for sequence in ("01", "02") for frame in range(12)], [3, 7]),
        ("results", ["01/t000"], [4]),
    ):  # fmt: skip
        samples = list(formats.read(tmp_path, "cell-tracking", truth=truth, class_name="nucleus").samples)
        assert [sample.key for sample in samples] == keys
        assert samples[0].segments.ids.tolist() == ids
    assert samples[0].segments.attributes == [{"track": 4, "parent": 2}]
    every = list(formats.read(tmp_path, frames="all").samples)
    assert len(every) == 24
    assert sum(sample.fields == {"unlabelled": True} for sample in every) == 20
    for file in tmp_path.rglob("man_seg*"):
        file.unlink()
    with pytest.raises(FormatError, match=r"has no gold or silver labels(?s:.*)-o truth=markers"):
        formats.read(tmp_path)


def test_slices_of_stacks(tmp_path) -> None:
    stack = np.stack([cells(1), cells(1, 2), cells(2)])
    for frame in range(3):
        put(tmp_path / f"01/t{frame:03d}.tif", np.arange(3, dtype=np.uint8)[:, None, None] * np.ones(SIZE, np.uint8))
    put(tmp_path / "01_GT/SEG/man_seg000.tif", stack)
    put(tmp_path / "01_GT/SEG/man_seg_001_002.tif", cells(9))
    put(tmp_path / "01_GT/TRA/man_track001.tif", np.stack([cells(), cells(), cells(6)]))
    reading = formats.read(tmp_path)
    samples = {sample.key: sample for sample in reading.samples}
    assert list(samples) == ["01/t000/000", "01/t000/001", "01/t000/002", "01/t001/002"]
    assert [len(sample.segments) for sample in samples.values()] == [1, 2, 1, 1]
    last = samples["01/t001/002"]
    assert (last.image.video, last.image.frame) == ("01/t001", 2)
    assert (media.read(last.image).pixels == 2).all()
    assert last.segments.attributes == [{"track": 6}]
    assert len(list(formats.read(tmp_path, frames="all").samples)) == 7
    put(tmp_path / "01_GT/SEG/man_seg_002_003.tif", cells(9))
    with pytest.raises(FormatError, match=r"man_seg_002_003\.tif: is of the slice 3; 0 to 2"):
        list(formats.read(tmp_path).samples)
    (tmp_path / "01_GT/SEG/man_seg_002_003.tif").unlink()
    put(tmp_path / "01_GT/SEG/man_seg002.tif", cells(9))
    with pytest.raises(FormatError, match=r"man_seg002\.tif: has one slice; 3, as its frame"):
        list(formats.read(tmp_path).samples)


def test_what_is_broken_is_named(tmp_path) -> None:
    flat(tmp_path)
    put(tmp_path / "01_GT/SEG/man_seg099.tif", cells(1))
    reading = formats.read(tmp_path)
    assert any(
        "1 label files have no frame and were left out, such as man_seg099.tif" in note for note in reading.notes
    )
    file = tmp_path / "01_GT/SEG/man_seg002.tif"
    for values, told in ((cells(1)[:9], "9 x 30"), (cells(1)[..., None] * np.ones(3, np.uint8), "colours|slice|page")):
        put(file, values)
        with pytest.raises(FormatError, match=rf"man_seg002\.tif(?s:.*)({told})"):
            list(formats.read(tmp_path).samples)
    file.write_bytes(file.read_bytes()[:40])
    reading = formats.read(tmp_path, skip_broken=True)
    assert [sample.key for sample in reading.samples] == ["01/t011", "02/t002", "02/t011"]
    assert [Path(row.file) for row in reading.broken] == [file]
    (tmp_path / "02_GT/TRA/man_track.txt").write_text("3 0 11 0\n7 0 11\n")
    with pytest.raises(FormatError, match=r"man_track\.txt: line 2: '7 0 11' is not a track"):
        formats.read(tmp_path)


def test_numbered_folders_alone_are_not_its_own(tmp_path) -> None:
    put(tmp_path / "01/t000.tif", cells(1))
    put(tmp_path / "01_masks/t000.tif", cells(1))
    put(tmp_path / "02_GT/SEG/man_seg000.tif", cells(1))
    assert "cell-tracking" not in {found.format for found in formats.find(tmp_path)}
