"""Archives in and out of a folder. What lying members do is tried over HTTP, in tests/studio."""

import zipfile

import pytest

from maskwright.core.archive import pack
from maskwright.core.unpacking import unpack
from maskwright.errors import FormatError


def test_what_is_packed_comes_out_again(tmp_path) -> None:
    inside = {"a.json": b"{}", "masks/b.png": bytes(range(256)) * 9, "masks/deep/empty": b""}
    for name, content in inside.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    pack(tmp_path / "in", tmp_path / "x.zip")
    unpack(tmp_path / "x.zip", tmp_path / "out", name="x.zip")
    out = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*")}
    assert {name: path.read_bytes() for name, path in out.items() if path.is_file()} == inside


def test_nothing_is_unpacked_beside_the_folder(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr("../beside", "no")
    with pytest.raises(FormatError, match=r"mine\.zip: the archive's member '\.\./beside' leads out of it"):
        unpack(tmp_path / "x.zip", tmp_path / "out", name="mine.zip")
    assert not (tmp_path / "beside").exists()


def test_what_is_not_an_archive_is_said(tmp_path) -> None:
    (tmp_path / "x.zip").write_bytes(b"not one")
    with pytest.raises(FormatError, match=r"mine\.zip: the archive cannot be read"):
        unpack(tmp_path / "x.zip", tmp_path / "out", name="mine.zip")
