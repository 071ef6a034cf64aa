"""Archives of sets are unpacked once beside themselves, and nothing in them leads out."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from small_sets import photo, written

from maskwright import formats
from maskwright.errors import FormatError


def packed(folder: Path, archive: Path) -> Path:
    """A folder as zip or tar, by the archive's name."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as made:
            for file in files:
                made.write(file, file.relative_to(folder.parent))
    else:
        with tarfile.open(archive, "w:gz" if archive.name.endswith("gz") else "w") as made_tar:
            for file in files:
                made_tar.add(file, file.relative_to(folder.parent))
    return archive


@pytest.mark.parametrize("end", ["zip", "tar", "tar.gz", "tgz"])
@pytest.mark.parametrize("name", ["coco", "yolo"])
def test_an_archive_is_read_and_its_images_stay(tmp_path, end, name) -> None:
    archive = packed(written(tmp_path / "made/set", name), tmp_path / f"set.{end}")
    reading = formats.read(archive)
    samples = list(reading.samples)
    assert len(samples) == 3
    assert all(Path(sample.image.uri).is_file() for sample in samples)
    assert all(f"set.{end}.unpacked" in sample.image.uri for sample in samples)
    assert reading.chosen is not None
    assert any("was unpacked into" in reason for reason in reading.chosen.reasons)


def test_it_is_used_again_while_it_is_unchanged(tmp_path) -> None:
    archive = packed(written(tmp_path / "made/set", "coco"), tmp_path / "set.zip")
    list(formats.read(archive).samples)
    mark = tmp_path / "set.zip.unpacked/set/mark"
    mark.write_text("kept")
    os.utime(archive, (1, 1))
    assert any("was unpacked before" in reason for reason in formats.choose(archive).reasons)
    assert mark.exists()
    packed(written(tmp_path / "other/set", "coco", 5), archive)
    assert len(list(formats.read(archive).samples)) == 5
    assert not mark.exists()


def bad_zip(archive: Path, name: str, content: bytes = b"x", mode: int = 0) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = mode << 16
        made.writestr(info, content)
    return archive


@pytest.mark.parametrize("name", ["../out.txt", "/abs.txt", "a/../../out.txt"])
def test_no_member_leads_out(tmp_path, name) -> None:
    with pytest.raises(FormatError, match="leads out"):
        formats.read(bad_zip(tmp_path / "set.zip", name))
    assert [file.name for file in tmp_path.iterdir()] == ["set.zip"]


def test_links_that_lead_out_are_refused(tmp_path) -> None:
    with pytest.raises(FormatError, match="is a link"):
        formats.read(bad_zip(tmp_path / "set.zip", "link", b"/etc/passwd", 0o120777))
    with tarfile.open(tmp_path / "set.tar", "w") as made:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, "../../etc/passwd"
        made.addfile(info)
    with pytest.raises(FormatError, match="leads out"):
        formats.read(tmp_path / "set.tar")
    assert not list(tmp_path.glob("*.unpacked"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"no archive"])
@pytest.mark.parametrize("end", ["zip", "tar.gz"])
def test_what_is_broken_is_said_and_leaves_nothing(tmp_path, content, end) -> None:
    file = tmp_path / f"set.{end}"
    file.write_bytes(content)
    with pytest.raises(FormatError):
        formats.read(file)
    assert [found.name for found in tmp_path.iterdir()] == [file.name]


def test_bombs_are_refused(tmp_path, monkeypatch) -> None:
    from maskwright.formats import _archives

    monkeypatch.setattr(_archives, "RATIO_FROM", 1000)
    with pytest.raises(FormatError, match="which no set of images does"):
        formats.read(bad_zip(tmp_path / "set.zip", "a.bin", bytes(2_000_000)))
    assert not list(tmp_path.glob("*.unpacked"))


def test_what_is_not_ours_is_not_replaced(tmp_path) -> None:
    archive = packed(written(tmp_path / "made/set", "coco"), tmp_path / "set.zip")
    (tmp_path / "set.zip.unpacked").mkdir()
    (tmp_path / "set.zip.unpacked/mine").write_text("kept")
    with pytest.raises(FormatError, match="is something else"):
        formats.read(archive)
    assert (tmp_path / "set.zip.unpacked/mine").read_text() == "kept"


def test_several_archives_of_one_folder_are_one_set(tmp_path) -> None:
    made = written(tmp_path / "made/coco", "coco")
    home = tmp_path / "download"
    home.mkdir()
    packed(made / "images", home / "images.zip")
    packed(made / "annotations", home / "annotations.zip")
    assert len(list(formats.read(home).samples)) == 3


def test_what_systems_add_is_left_out(tmp_path) -> None:
    archive = tmp_path / "photos.zip"
    buffer = io.BytesIO(photo(tmp_path / "a.png").read_bytes())
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("photos/a.png", buffer.getvalue())
        made.writestr("__MACOSX/photos/._a.png", b"x")
        made.writestr("photos/Thumbs.db", b"x")
    assert [sample.key for sample in formats.read(archive).samples] in (["a"], ["photos/a"])
