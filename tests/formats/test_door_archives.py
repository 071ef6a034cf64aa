"""Archives are unpacked beside themselves, once, safely, and read as what they hold."""

import io
import os
import shutil
import struct
import tarfile
import zipfile

import pytest
from door_sets import coco, image, text, yolo

from maskwright import formats, media
from maskwright.core import unpacking
from maskwright.errors import FormatError
from maskwright.formats import _archives


def packed(folder, archive):
    """All files below a folder, in a zip or a tar."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
            for file in files:
                out.write(file, file.relative_to(folder).as_posix())
    else:
        with tarfile.open(
            archive, "w" if archive.suffix == ".tar" else f"w:{archive.suffix[1:].replace('tgz', 'gz')}"
        ) as out:
            for file in files:
                out.add(file, file.relative_to(folder).as_posix())
    return archive


def read(path, format=None):
    reading = formats.read(path, format)
    samples = list(reading.samples)
    for sample in samples:
        assert media.read(sample.image).display().shape == (40, 60, 3)
    return reading, samples


@pytest.mark.parametrize(
    "name", ["set.zip", "set.tar", "set.tar.gz", "set.tgz", "set.tar.xz", "set.tar.bz2", "SET.ZIP"]
)
def test_an_archive_is_read_and_its_images_stay(tmp_path, name) -> None:
    yolo(tmp_path / "made" / "wrapper")
    archive = packed(tmp_path / "made", tmp_path / name.lower())
    archive = archive.rename(tmp_path / name)
    shutil.rmtree(tmp_path / "made")
    reading, (sample,) = read(archive)
    place = tmp_path / f"{name}.unpacked"
    assert reading.chosen.path == place / "wrapper"
    assert sample.image.uri == str(place / "wrapper" / "images" / "train" / "a.jpg")
    assert f"{name} was unpacked into {place} (3 files" in reading.notes[0]
    again, _ = read(archive, "yolo")
    assert "was unpacked before" in " ".join(again.notes)
    assert [way.format for way in formats.find(tmp_path)][:1] == ["yolo"]  # looked into from outside, too


def test_it_is_unpacked_again_when_it_changes_and_only_then(tmp_path) -> None:
    yolo(tmp_path / "made")
    archive = packed(tmp_path / "made", tmp_path / "set.zip")
    read(archive)
    inside = tmp_path / "set.zip.unpacked" / "images" / "train" / "a.jpg"
    inside.chmod(0o600)
    before = inside.stat().st_ino
    os.utime(archive, (1, 1))  # another time, the same content
    read(archive)
    assert inside.stat().st_ino == before
    image(tmp_path / "made" / "images" / "train" / "b.jpg")
    text(tmp_path / "made" / "labels" / "train" / "b.txt", "")
    packed(tmp_path / "made", archive)
    assert [sample.key for sample in read(archive)[1]] == ["a", "b"]


def test_several_archives_are_one_set(tmp_path) -> None:
    coco(tmp_path / "notes" / "annotations" / "instances_train2017.json")
    image(tmp_path / "pictures" / "train2017" / "a.jpg")
    (tmp_path / "download").mkdir()
    packed(tmp_path / "notes", tmp_path / "download" / "annotations_trainval2017.zip")
    packed(tmp_path / "pictures", tmp_path / "download" / "train2017.zip")
    text(tmp_path / "download" / "README.md", "hello")
    reading, (sample,) = read(tmp_path / "download")
    assert reading.chosen.format == "coco"
    assert sample.image.uri.endswith("download.unpacked/train2017/a.jpg")
    assert (tmp_path / "download" / "download.unpacked" / "README.md").read_text() == "hello"
    assert "was unpacked before" in " ".join(read(tmp_path / "download")[0].notes)


def test_archives_that_hold_the_same_names_stay_apart(tmp_path) -> None:
    (tmp_path / "download").mkdir()
    for split in ("train", "val"):
        yolo(tmp_path / split / "x", yaml=False, split="all")
        packed(tmp_path / split / "x", tmp_path / "download" / f"{split}.zip")
    _, samples = read(tmp_path / "download")
    assert sorted(sample.split for sample in samples) == ["train", "val"]


def test_an_archive_in_an_archive(tmp_path) -> None:
    yolo(tmp_path / "made" / "wrapper")
    (tmp_path / "outer").mkdir()
    packed(tmp_path / "made", tmp_path / "outer" / "inner.zip")
    reading, _ = read(packed(tmp_path / "outer", tmp_path / "outer.zip"))
    assert reading.chosen.format == "yolo"


def test_what_file_managers_add_is_left_behind(tmp_path) -> None:
    yolo(tmp_path / "made" / "x")
    text(tmp_path / "made" / "__MACOSX" / "x" / "._a.jpg", "litter")
    text(tmp_path / "made" / "x" / "images" / "train" / "._a.jpg", "litter")
    text(tmp_path / "made" / "x" / ".DS_Store", "litter")
    _, samples = read(packed(tmp_path / "made", tmp_path / "set.zip"))
    assert len(samples) == 1
    assert not [file for file in (tmp_path / "set.zip.unpacked").rglob("*") if file.name.startswith(("._", "__"))]


def refused(archive, words):
    with pytest.raises(FormatError, match=words) as caught:
        formats.read(archive)
    left = [file.name for file in archive.parent.iterdir() if file != archive]
    assert not left, "what was half done is still there"
    assert str(archive) in str(caught.value)


@pytest.mark.parametrize(
    "name", ["../out.txt", "/tmp/out.txt", "a/../../out.txt", "C:/x/../../../out.txt", "a\\..\\..\\out"]
)
def test_nothing_leads_out(tmp_path, name) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as out:
        out.writestr("good.txt", "x")
        out.writestr(name, "x")
    refused(tmp_path / "bad.zip", "leads out of it, or cannot be a file")
    (tmp_path / "bad.zip").unlink()
    with tarfile.open(tmp_path / "bad.tar", "w") as out:
        out.addfile(tarfile.TarInfo(name), io.BytesIO())
    refused(tmp_path / "bad.tar", "leads out of it, or cannot be a file")


def test_links_are_what_they_lead_to_or_refused(tmp_path) -> None:
    image(tmp_path / "made" / "images" / "a.jpg")
    with tarfile.open(tmp_path / "good.tar", "w") as out:
        out.add(tmp_path / "made" / "images" / "a.jpg", "photos/a.jpg")
        link = tarfile.TarInfo("photos/b.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "a.jpg"
        out.addfile(link)
    shutil.rmtree(tmp_path / "made")
    _, samples = read(tmp_path / "good.tar")
    assert [sample.key for sample in samples] == ["photos/a", "photos/b"]
    assert not (tmp_path / "good.tar.unpacked" / "photos" / "b.jpg").is_symlink()
    for kind, target in ((tarfile.SYMTYPE, "/etc/passwd"), (tarfile.SYMTYPE, "../../x"), (tarfile.LNKTYPE, "../x")):
        home = tmp_path / "apart"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        with tarfile.open(home / "bad.tar", "w") as out:
            link = tarfile.TarInfo("photos/b.jpg")
            link.type, link.linkname = kind, target
            out.addfile(link)
        refused(home / "bad.tar", "is a link that leads out of it")
    with tarfile.open(home / "bad.tar", "w") as out:
        device = tarfile.TarInfo("photos/b.jpg")
        device.type = tarfile.CHRTYPE
        out.addfile(device)
    refused(home / "bad.tar", "is neither a file nor a folder")


def test_links_in_a_zip_are_refused(tmp_path) -> None:
    link = zipfile.ZipInfo("x")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as out:
        out.writestr(link, "/etc/passwd")
    refused(tmp_path / "bad.zip", "is a link")


def test_an_encrypted_archive_is_one_sentence(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as out:
        out.writestr("x.txt", "x")
    content = bytearray((tmp_path / "bad.zip").read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "bad.zip").write_bytes(content)
    refused(tmp_path / "bad.zip", "the archive is encrypted")


@pytest.mark.parametrize("name", ["cut.zip", "cut.tar.gz"])
def test_a_cut_archive_is_one_sentence(tmp_path, name) -> None:
    made = tmp_path / "home" / "made"
    yolo(made)
    archive = packed(made, tmp_path / "home" / name)
    shutil.rmtree(made)
    archive.write_bytes(archive.read_bytes()[:-200])
    refused(archive, "the archive cannot be read")
    archive.write_bytes(b"")
    refused(archive, "the archive cannot be read")


def test_a_broken_member_is_one_sentence(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as out:
        out.writestr("x.txt", "hello hello")
    content = (tmp_path / "bad.zip").read_bytes().replace(b"hello hello", b"hullo hullo")
    (tmp_path / "bad.zip").write_bytes(content)
    refused(tmp_path / "bad.zip", "the archive cannot be read")


def test_bombs_are_refused_before_they_go_off(tmp_path, monkeypatch) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("x.txt", bytes(2**22))
    monkeypatch.setattr(_archives, "RATIO_FROM", 2**20)
    refused(tmp_path / "bomb.zip", r"become 4\.0 MiB, which no set of images does")
    content = bytearray((tmp_path / "bomb.zip").read_bytes())  # a member that says that it is small
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = struct.pack("<I", 10)
    (tmp_path / "bomb.zip").write_bytes(content)
    refused(tmp_path / "bomb.zip", "cannot be read|which no set of images does")
    monkeypatch.setattr(_archives, "MOST_FILES", 0)
    refused(tmp_path / "bomb.zip", "the archive holds 1 files")


def test_room_is_looked_at_first(tmp_path, monkeypatch) -> None:
    with zipfile.ZipFile(tmp_path / "big.zip", "w") as out:
        out.writestr("x.txt", bytes(2**16))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=unpacking.SPARE + 2**15))
    refused(tmp_path / "big.zip", "the archive holds 64.0 KiB, and the disk has room for 32.0 KiB")


def test_a_folder_of_that_name_is_never_replaced(tmp_path) -> None:
    yolo(tmp_path / "made")
    archive = packed(tmp_path / "made", tmp_path / "set.zip")
    text(tmp_path / "set.zip.unpacked" / "mine.txt", "mine")
    with pytest.raises(FormatError, match="is something else"):
        formats.read(archive)
    assert (tmp_path / "set.zip.unpacked" / "mine.txt").read_text() == "mine"
