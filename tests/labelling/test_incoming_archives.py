"""Archives that somebody sends: of any kind, within limits, and nothing in them leads out."""

import io
import tarfile

import pytest

from maskwright.core.unpacking import Limits
from maskwright.errors import FormatError
from maskwright.labelling import incoming


def tarred(*names: str, mode: str = "w") -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as out:
        for name in names:
            out.addfile(tarfile.TarInfo(name))
    return held.getvalue()


@pytest.mark.parametrize(("name", "mode"), [("set.tar", "w"), ("Set.TGZ", "w:gz"), ("set.tar.xz", "w:xz")])
def test_a_tar_is_unpacked_like_a_zip(tmp_path, name, mode) -> None:
    place = incoming.laid_out(tarred("set/a.json", "._set", mode=mode), name, tmp_path)
    assert [path.name for path in place.iterdir()] == ["a.json"]
    assert place.name == "set"


def test_what_is_sent_stays_in_its_folder_and_its_limits(tmp_path, monkeypatch) -> None:
    for name, data, words in (
        ("a.tar", tarred("../evil"), r"^a\.tar: the archive's member '\.\./evil' leads out of it"),
        ("a.tgz", tarred("a", "b", mode="w:gz"), r"^a\.tgz: the archive holds 2 files"),
    ):
        home = tmp_path / name
        home.mkdir()
        monkeypatch.setattr(incoming, "LIMITS", Limits(files=1))
        with pytest.raises(FormatError, match=words):
            incoming.laid_out(data, name, home)
    assert not list(tmp_path.rglob("evil"))
