"""Archives that lie, lead elsewhere or are broken end in one sentence, and what is in sound ones comes out as it was."""

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.core import archive, unpacking
from maskwright.core.unpacking import Limits, unpack
from maskwright.errors import FormatError

PACKERS = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tgz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
}


def zipped(*members: tuple[str, bytes], links: tuple[tuple[str, str], ...] = ()) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as out:
        for name, target in links:
            link = zipfile.ZipInfo(name)
            link.external_attr = 0o120777 << 16
            out.writestr(link, target)
        for name, content in members:
            out.writestr(name, content)
    return held.getvalue()


def tarred(
    *members: tuple[str, bytes], links: tuple[tuple[str, str], ...] = (), kind: bytes = tarfile.SYMTYPE
) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as out:
        for name, target in links:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = kind, target
            out.addfile(link)
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return held.getvalue()


MAKERS = {"zip": zipped, "tar": tarred}


def out_of(home: Path, name: str, content: bytes, **more) -> dict[str, bytes]:
    """What comes out of an archive, by path."""
    (home / name).write_bytes(content)
    unpack(home / name, home / "out", **more)
    return {
        file.relative_to(home / "out").as_posix(): file.read_bytes()
        for file in (home / "out").rglob("*") if file.is_file() and not file.is_symlink()
    }  # fmt: skip


def refuse(home: Path, name: str, content: bytes, words: str, **more) -> None:
    before = {path for path in home.rglob("*") if "out" not in path.parts}
    with pytest.raises(FormatError, match=words) as caught:
        out_of(home, name, content, **more)
    assert str(home / name) in str(caught.value)
    assert {path for path in home.rglob("*") if (home / "out") not in (path, *path.parents)} == before | {home / name}


@pytest.mark.parametrize("ending", ["zip", *PACKERS])
def test_each_kind_comes_out_as_it_went_in(tmp_path, ending) -> None:
    files = {"a": b"", "deep/b.png": bytes(range(256)) * 5000, "deep/är.txt": b"text"}
    content = zipped(*files.items()) if ending == "zip" else PACKERS[ending](tarred(*files.items()))
    assert out_of(tmp_path, f"x.{ending}", content) == files
    assert archive.is_archive(f"X.{ending.upper()}")
    assert archive.without_ending(f"x.y.{ending}") == "x.y"
    assert archive.names(tmp_path / f"x.{ending}") == set(files)


def test_the_first_bytes_say_what_packs_a_tar(tmp_path) -> None:
    plain = tarred(("a", b"1"))
    assert out_of(tmp_path, "x.tgz", plain) == {"a": b"1"}
    halves = gzip.compress(plain[:700]) + gzip.compress(plain[700:])  # as programs that pack in parallel write it
    (tmp_path / "two").mkdir()
    assert out_of(tmp_path / "two", "x.tar", halves) == {"a": b"1"}
    assert not archive.is_archive("a.ppm.gz")
    assert archive.without_ending(".zip") == ".zip"


@pytest.mark.parametrize("kind", MAKERS)
def test_what_systems_add_is_left_out_and_counted(tmp_path, kind) -> None:
    litter = ("._a", "__MACOSX/a", "b/.DS_Store", "b/Thumbs.db", "desktop.ini", "@eaDir/a", "b\\._c", "$RECYCLE.BIN/x")
    content = MAKERS[kind](("a", b"1"), *((name, b"x") for name in litter))
    (tmp_path / f"x.{kind}").write_bytes(content)
    done = unpack(tmp_path / f"x.{kind}", tmp_path / "out", limits=Limits(files=1, size=1))
    assert (done.files, done.size, done.left_out) == (1, 1, len(litter))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]


@pytest.mark.parametrize("kind", MAKERS)
def test_the_other_systems_slashes_are_slashes(tmp_path, kind) -> None:
    assert out_of(tmp_path, f"x.{kind}", MAKERS[kind](("a\\", b""), ("a\\b", b"1"), ("./c", b"2"))) == {
        "a/b": b"1", "c": b"2",
    }  # fmt: skip


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(
    "name",
    ["../x", "/x", "a/../../x", "..\\x", "a\\..\\..\\x", "a\nb", "b" * 300, "..", "C:/../../x", "a/" * 1500 + "b"],
)
def test_no_member_leads_out(tmp_path, kind, name) -> None:
    content = MAKERS[kind](("good", b"1"), (name, b"x"))
    refuse(tmp_path, f"x.{kind}", content, "leads out of it, or cannot be a file")


@pytest.mark.parametrize("kind", MAKERS)
def test_links_that_stay_inside_become_copies(tmp_path, kind) -> None:
    links = (("chain", "deep/a"), ("deep/a", "../real"), ("deep/same", "./a"))
    found = out_of(tmp_path, f"x.{kind}", MAKERS[kind](("real", b"content"), links=links))
    assert found == dict.fromkeys(("real", "deep/a", "chain", "deep/same"), b"content")
    hard = tarred(("d/real", b"content"), links=(("d/a", "d/real"),), kind=tarfile.LNKTYPE)
    (tmp_path / "hard").mkdir()
    assert out_of(tmp_path / "hard", "x.tar", hard) == dict.fromkeys(("d/real", "d/a"), b"content")


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(
    ("links", "words"),
    [
        ((("a", "/etc/passwd"),), "'a' is a link that leads out of it"),
        ((("d/a", "../../x"),), "'d/a' is a link that leads out of it"),
        ((("a", "x/../.."),), "'a' is a link that leads out of it"),
        ((("a", "d\\..\\..\\x"),), "'a' is a link that leads out of it"),
        ((("a", "missing"),), "'a' is a link to what is not in it"),
        ((("a", "b"), ("b", "a")), "'a' is a link to what is not in it"),
        ((("a", "a"),), "'a' is a link to what is not in it"),
        ((("a", "deep"),), "'a' is a link to what is not in it"),
        ((("deep", "elsewhere"),), "'deep' is there twice, or a file and a folder"),
        ((("./real", "deep/x"),), "'real' is there twice, or a file and a folder"),
        ((("a", "real"), ("./a", "deep/x")), "'a' is there twice, or a file and a folder"),
        ((("../a", "real"),), "leads out of it"),
    ],
)
def test_other_links_are_refused(tmp_path, kind, links, words) -> None:
    refuse(tmp_path, f"x.{kind}", MAKERS[kind](("real", b"1"), ("deep/x", b"2"), links=links), words)


def test_nothing_is_written_or_copied_through_a_link(tmp_path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "door").symlink_to(tmp_path)
    (tmp_path / "out" / "way").symlink_to(tmp_path / "secret")
    for name, content, words in (
        ("a.tar", tarred(("door/evil", b"x")), "leads out of it"),
        ("b.tar", tarred(("way", b"x")), "is there twice"),
        ("c.tar", tarred(links=(("a", "way"),)), "is a link to what is not in it"),
        ("d.tar", tarred(links=(("a", "door/secret"),)), "is a link to what is not in it"),
    ):
        refuse(tmp_path, name, content, words)
    assert (tmp_path / "secret").read_text() == "secret"


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_are_refused(tmp_path, kind) -> None:
    refuse(tmp_path, "x.tar", tarred(links=(("a", ""),), kind=kind), "'a' is neither a file nor a folder")


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("names", [("a", "./a"), ("a", "a/b"), ("a/b", "a"), ("a\\b", "a/b")])
def test_a_name_is_there_once(tmp_path, kind, names) -> None:
    refuse(
        tmp_path, f"x.{kind}", MAKERS[kind](*((name, b"x") for name in names)), "is there twice, or a file and a folder"
    )


def test_members_that_lie_of_their_size_are_refused(tmp_path) -> None:
    for held, words in ((50, "the archive's member 'a' holds more than it says"), (3, "'a' ends 7 bytes early")):
        member = archive.Member("a", 10, "x.zip", open=lambda held=held: io.BytesIO(b"x" * held))
        with pytest.raises(FormatError, match=words):
            list(member.pieces())
    content = bytearray(zipped(("a", b"x" * 5000)))
    place = content.index(b"PK\x01\x02") + 24
    for size in (10, 50_000):
        content[place : place + 4] = size.to_bytes(4, "little")
        (tmp_path / str(size)).mkdir()
        refuse(tmp_path / str(size), "x.zip", bytes(content), "cannot be read|more than it says")


def test_an_encrypted_zip_is_said_before_anything_is_written(tmp_path) -> None:
    content = bytearray(zipped(("a", b"x")))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    refuse(tmp_path, "x.zip", bytes(content), "the archive is encrypted")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("ending", ["zip", *PACKERS])
def test_an_archive_that_was_cut_anywhere_is_broken(tmp_path, ending) -> None:
    files = [(f"{number}.png", bytes([number]) * 512) for number in range(4)]
    whole = zipped(*files) if ending == "zip" else PACKERS[ending](tarred(*files))
    ends = range(0, 8 * 512, 512) if ending == "tar" else [0, 5, len(whole) // 2, len(whole) - 5]
    for end in ends:
        home = tmp_path / str(end)
        home.mkdir()
        refuse(home, f"x.{ending}", whole[:end], "the archive cannot be read")


def test_a_broken_header_is_not_the_end_of_a_tar(tmp_path) -> None:
    content = bytearray(tarred(("a", b"1"), ("b", b"2")))
    content[1024 + 3] ^= 0xFF
    refuse(tmp_path, "x.tar", bytes(content), "the archive cannot be read")


def test_a_wrong_checksum_is_seen(tmp_path) -> None:
    content = bytearray(gzip.compress(tarred(("a", b"hello " * 90))))
    content[-8] ^= 1
    refuse(tmp_path, "x.tgz", bytes(content), "the archive cannot be read")


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**33
    refuse(tmp_path, "x.tar", header.tobuf(tarfile.GNU_FORMAT) + bytes(4096), "a header of 8,589,934,592 bytes")


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(files=3), "the archive holds 4 files.*; 3 at most"),
        (Limits(size=10_000), r"the archive holds 1\d\.\d KiB.*; 9\.8 KiB at most"),
        (Limits(ratio=2, ratio_from=3000), r"become [\d.]+ KiB.*, which no set of images does; 2 times its size"),
    ],
)
def test_limits_hold(tmp_path, kind, limits, words) -> None:
    content = MAKERS[kind](*((f"{number}", bytes(4000)) for number in range(4)))
    content = content if kind == "zip" else gzip.compress(content)
    refuse(tmp_path, f"x.{kind}", content, words, limits=limits)
    (tmp_path / "wide").mkdir()
    assert len(out_of(tmp_path / "wide", f"x.{kind}", content, limits=Limits(4, 16_000, 2, 16_000))) == 4


def test_copies_of_links_count(tmp_path) -> None:
    content = tarred(("a", bytes(4000)), links=tuple((f"l{number}", "a") for number in range(9)))
    for limits in (Limits(size=30_000), Limits(files=9), Limits(ratio=2, ratio_from=1000)):
        with tempfile.TemporaryDirectory(dir=tmp_path) as home:
            refuse(Path(home), "x.tar", content, "or more", limits=limits)


def test_there_is_room_or_it_is_said(tmp_path, monkeypatch) -> None:
    free = [0]
    usage = unpacking.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda _: usage._replace(free=unpacking.SPARE + free[0]))
    for kind, words in (("zip", "the archive holds 200 bytes"), ("tar", "member 'b' holds 100 bytes")):
        home = tmp_path / kind
        home.mkdir()
        free[0] = 199 if kind == "zip" else 99
        content = MAKERS[kind](("a", b""), ("b", b"x" * 100), ("c", b"x" * 100))
        refuse(home, f"x.{kind}", content, f"{words}, and the disk has room for {free[0]} bytes")
    free[0] = 200
    (tmp_path / "ok").mkdir()
    assert len(out_of(tmp_path / "ok", "x.zip", zipped(("a", b""), ("b", b"x" * 200)))) == 2


def test_progress_is_told_and_messages_bear_the_given_name(tmp_path) -> None:
    told = []

    @contextmanager
    def progress(what, total):
        told.append((what, total))
        yield lambda members: (told.append(member.name) or member for member in members)

    (tmp_path / "x.zip").write_bytes(zipped(("a", b"1"), ("b", b"2"), ("._b", b"")))
    unpack(tmp_path / "x.zip", tmp_path / "out", progress=progress, name="mine.zip")
    assert told == [("unpacking mine.zip, files", 2), "a", "b"]
    with pytest.raises(FormatError, match=r"^mine\.zip: the archive's member 'a' is there twice"):
        unpack(tmp_path / "x.zip", tmp_path / "out", name="mine.zip")


SOUND = {
    "x.zip": zipped(("a/b.txt", b"hello " * 40), ("c", b"x"), links=(("l", "c"),)),
    "x.tar": tarred(("a/b.txt", b"hello " * 40), ("c", b"x"), links=(("l", "c"),)),
    "x.tgz": gzip.compress(tarred(("a/b.txt", b"hello " * 40), ("c", b"x"), ("n" * 150, b"long"))),
    "x.tar.xz": lzma.compress(tarred(("a/b.txt", b"hello " * 40), ("c", b"x"))),
}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_bytes_that_were_changed_never_end_in_a_traceback(data) -> None:
    name = data.draw(st.sampled_from(sorted(SOUND)))
    content = bytearray(SOUND[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / name).write_bytes(content)
        try:
            unpack(Path(home) / name, Path(home) / "out", limits=Limits(size=2**20))
        except FormatError as error:
            assert name in str(error)
        assert {path.name for path in Path(home).iterdir()} <= {name, "out"}
