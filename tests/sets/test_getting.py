"""Sets are fetched from a server of the test's own: resumed, checked, unpacked safely, never half there."""

import gzip
import hashlib
import http.server
import io
import json
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskwright import sets
from maskwright.cli import main
from maskwright.core import unpacking
from maskwright.errors import FormatError, UsageError
from maskwright.sets import PublicSet, SetFile, downloading

CONTENT = bytes(range(256)) * 12_000  # 3 MB


class Server(http.server.ThreadingHTTPServer):
    """files: by path.  gives_parts: whether Range is heard.  cuts: how many bytes each of the next answers sends.
    marks: by path, the ETag.  ranges: what was asked for, in order; status: by path, an answer that is an error.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.gives_parts = True
        self.cuts: list[int] = []
        self.marks: dict[str, str] = {}
        self.status: dict[str, list[int]] = {}
        self.kind = "application/octet-stream"
        self.ranges: list[str | None] = []

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def file(self, name: str, content: bytes, checked: bool = True, **more: object) -> SetFile:
        self.files[f"/{name}"] = content
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}" if checked else ""
        return SetFile(self.address(name), **{"size": len(content), "checksum": digest} | more)

    def handle_error(self, *_: object) -> None:
        """A connection that the test cuts is not news."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        if server.status.get(self.path):
            self.send_error(server.status[self.path].pop(0))
            return
        if self.path not in server.files:
            self.send_error(404)
            return
        content = server.files[self.path]
        mark = server.marks.get(self.path, '"first"')
        begin = 0
        if asked and server.gives_parts and self.headers.get("If-Range", mark) == mark:
            begin = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            if begin >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("ETag", mark)
        self.send_header("Content-Type", server.kind)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        cut = server.cuts.pop(0) if server.cuts else len(content)
        self.wfile.write(content[begin : begin + cut])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setattr(downloading, "WAIT", 0.0)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Server() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def made(*files: SetFile, **more: object) -> PublicSet:
    """A set of these files."""
    known: dict[str, object] = {
        "name": "leaves", "title": "Leaves", "what": "Leaves.", "tasks": ("semantic",), "licence": "CC0", "use": "free",
        "home": "https://leaves.example", "layout": "images, masks", "sources": "made up", "files": files,
        "commands": (sets.ImportCommand("maskwright import FOLDER DATASET --format label-map"),),
    }  # fmt: skip
    return PublicSet(**known | more)


def zipped(**members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as out:
        for name, content in members.items():
            out.writestr(name.replace("__", "/"), content)
    return held.getvalue()


def tarred(*members: tarfile.TarInfo, mode: str = "w") -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as out:
        for member in members:
            out.addfile(member, io.BytesIO(b"x" * member.size))
    return held.getvalue()


def member(name: str, size: int = 3, **more: object) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.size = size
    for field, value in more.items():
        setattr(found, field, value)
    return found


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_archives_and_files_come_to_their_places(server, tmp_path) -> None:
    found = made(
        server.file("images.zip", zipped(a=b"1", b=b"22"), to="images"),
        server.file("masks.tar.gz", tarred(member("deep/a.png"), mode="w:gz")),
        server.file("train-labels.tif", b"labels", to="labels/train.tif"),
        server.file("list.csv.gz", gzip.compress(b"a,b"), to="list.csv"),
        server.file("old.tar", tarred(member("plain.txt")), checked=False, size=None),
    )
    fetched = sets.get(found, tmp_path / "a leaf")
    assert below(tmp_path) == [f"a leaf/{name}" for name in (
        "deep/a.png", "images/a", "images/b", "labels/train.tif", "list.csv", "plain.txt",
    )]  # fmt: skip
    assert (tmp_path / "a leaf" / "list.csv").read_bytes() == b"a,b"
    assert fetched.files == 6
    assert fetched.commands == (f"maskwright import '{tmp_path}/a leaf' leaves-dataset --format label-map",)
    assert "no checksum is published of old.tar" in fetched.notes[1]
    assert [path.name for path in tmp_path.iterdir()] == ["a leaf"]
    asked = len(server.ranges)
    with pytest.raises(UsageError, match="not empty"):
        sets.get(found, tmp_path / "a leaf")
    assert len(server.ranges) == asked, "before anything is fetched"


def test_members_that_are_packed_again_are_unpacked_where_the_entry_says_so(server, tmp_path) -> None:
    packed = gzip.compress(b"P5 1 1 255 x")
    content = zipped(**{"deep__im0001.ppm.gz": packed, "deep__val.zip": zipped(**{"val__1.png": b"png"})})
    fetched = sets.get(made(server.file("stare.zip", content, inner=True)), tmp_path / "out")
    assert below(tmp_path) == ["out/deep/im0001.ppm", "out/deep/val/1.png"]
    assert fetched.files == 2
    sets.get(made(server.file("stare.zip", content)), tmp_path / "as it is")
    assert below(tmp_path / "as it is") == ["deep/im0001.ppm.gz", "deep/val.zip"]
    with pytest.raises(FormatError, match=r"im0001.ppm.gz cannot be unpacked"):
        sets.get(made(server.file("bad.zip", zipped(**{"im0001.ppm.gz": b"no"}), inner=True)), tmp_path / "other")
    evil = zipped(**{"inner.zip": zipped(**{"..__..__evil": b"x"})})
    with pytest.raises(FormatError, match=r"'../../evil' leads out of it"):
        sets.get(made(server.file("evil.zip", evil, inner=True)), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_what_macos_packs_beside_files_is_left_out_and_told(server, tmp_path) -> None:
    packed = tarred(member("imagesTr/._la_003.nii.gz"), member("imagesTr/la_003.nii.gz"), member(".DS_Store"))
    fetched = sets.get(made(server.file("a.tar", packed)), tmp_path / "out")
    assert below(tmp_path) == ["out/imagesTr/la_003.nii.gz"]
    assert fetched.files == 1
    assert "2 files that macOS packs beside others" in fetched.notes[-1]


def test_files_that_no_reader_pairs_are_moved(server, tmp_path) -> None:
    content = zipped(**{"em__train-volume.tif": b"1", "em__train-labels.tif": b"2"})
    moves = (("em/train-volume.tif", "images/train.tif"), ("em/train-labels.tif", "labels/train.tif"))
    sets.get(made(server.file("em.zip", content, moves=moves)), tmp_path / "out")
    assert below(tmp_path) == ["out/images/train.tif", "out/labels/train.tif"]
    with pytest.raises(FormatError, match=r"the archive holds no test.tif; the layout that this catalogue describes"):
        sets.get(made(server.file("em.zip", content, moves=(("em/test.tif", "a"),))), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_cut_connection_is_opened_again_and_goes_on(server, tmp_path) -> None:
    server.cuts = [1_500_000, 1_000_000]
    path = downloading.download(server.file("a.bin", CONTENT), tmp_path, home="")
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1500000-", "bytes=2500000-"]
    assert below(tmp_path) == ["a.bin"]


def test_a_later_call_goes_on_with_what_came(server, tmp_path) -> None:
    server.cuts = [2_000_000, 0, 0, 0, 0, 0]
    file = server.file("a.bin", CONTENT)
    with pytest.raises(FormatError, match="broke off after 2,000,000 of 3,072,000 bytes") as stopped:
        sets.get(made(file), tmp_path / "out")
    assert "2,000,000 bytes are in" in str(stopped.value)
    assert "goes on with them" in str(stopped.value)
    assert below(tmp_path) == ["out.download/a.bin.part", "out.download/a.bin.part.json"]
    server.cuts, server.ranges = [], []
    sets.get(made(file), tmp_path / "out")
    assert server.ranges == ["bytes=2000000-"]
    assert (tmp_path / "out" / "a.bin").read_bytes() == CONTENT
    assert below(tmp_path) == ["out/a.bin"]


def test_a_server_without_parts_starts_over(server, tmp_path) -> None:
    server.gives_parts = False
    server.cuts = [2_000_000]
    path = downloading.download(server.file("a.bin", CONTENT), tmp_path, home="")
    assert path.read_bytes() == CONTENT
    server.cuts = [2_000_000] * 50
    with pytest.raises(FormatError, match="broke off"):
        downloading.download(server.file("b.bin", CONTENT), tmp_path, home="")


def test_another_file_at_the_address_is_not_appended_to_the_old_one(server, tmp_path) -> None:
    server.cuts = [2_000_000, 0, 0, 0, 0]
    with pytest.raises(FormatError, match="broke off"):
        downloading.download(server.file("a.bin", CONTENT, checked=False), tmp_path, home="")
    changed = CONTENT[::-1]
    server.cuts, server.marks = [], {"/a.bin": '"second"'}
    path = downloading.download(server.file("a.bin", changed, checked=False), tmp_path, home="")
    assert path.read_bytes() == changed


def test_a_half_file_that_nothing_vouches_for_is_begun_anew(server, tmp_path) -> None:
    (tmp_path / "a.bin.part").write_bytes(b"?" * 1000)
    path = downloading.download(server.file("a.bin", CONTENT, checked=False), tmp_path, home="")
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None]


def test_all_of_a_file_whose_length_nobody_published(server, tmp_path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    path = downloading.download(server.file("a.bin", CONTENT, size=None), tmp_path, home="")
    assert path.read_bytes() == CONTENT
    assert server.ranges == [f"bytes={len(CONTENT)}-"], "the server says that there is no more"
    (tmp_path / "b.bin.part").write_bytes(CONTENT + b"more")
    assert downloading.download(server.file("b.bin", CONTENT, size=None), tmp_path, home="").read_bytes() == CONTENT


def test_a_wrong_checksum_removes_nothing(server, tmp_path) -> None:
    file = server.file("a.bin", CONTENT, checksum="md5:" + "0" * 32)
    found = hashlib.md5(CONTENT).hexdigest()
    for _ in range(2):
        with pytest.raises(FormatError) as wrong:
            sets.get(made(file), tmp_path / "out")
        assert f"a.bin.part: has the md5 {found}; {'0' * 32}, as {file.address} was published" in str(wrong.value)
        assert "Nothing was removed. Remove " in str(wrong.value)
        assert (tmp_path / "out.download" / "a.bin.part").read_bytes() == CONTENT
    assert len(server.ranges) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("change", ["page", "size"])
def test_a_half_file_stays_where_the_server_has_something_else(server, tmp_path, change) -> None:
    file = server.file("a.bin", CONTENT)
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    server.gives_parts = False
    if change == "page":
        server.kind = "text/html"
    else:
        server.files["/a.bin"] = b"short"
    with pytest.raises(FormatError, match=r"is a web page|has 5 bytes"):
        downloading.download(file, tmp_path, home="")
    assert (tmp_path / "a.bin.part").read_bytes() == CONTENT[:1000]
    server.gives_parts, server.kind, server.files["/a.bin"] = True, "image/tiff", CONTENT
    assert downloading.download(file, tmp_path, home="").read_bytes() == CONTENT
    assert server.ranges[-1] == "bytes=1000-"


def test_another_part_than_was_asked_for_is_not_taken(server, tmp_path, monkeypatch) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    send = Handler.send_header
    monkeypatch.setattr(
        Handler, "send_header", lambda self, name, value: send(self, name, value.replace("bytes 1000-", "bytes 900-"))
    )
    with pytest.raises(FormatError, match="it sent another part of the file"):
        downloading.download(server.file("a.bin", CONTENT), tmp_path, home="")


def test_a_half_file_that_is_longer_than_the_whole_is_told(server, tmp_path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT + b"more")
    with pytest.raises(FormatError, match=r"a.bin.part: has 3,072,004 bytes; 3,072,000, as .* was published"):
        downloading.download(server.file("a.bin", CONTENT, checked=False), tmp_path, home="")
    assert (tmp_path / "a.bin.part").stat().st_size == 3_072_004


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda server: server.files.clear(), r"no such file any more \(404\).*\n.*https://leaves.example"),
        (lambda server: server.status.update({"/a.bin": [403]}), r"may not be fetched \(403\)"),
        (lambda server: server.status.update({"/a.bin": [400]}), r"the server refuses \(400 Bad Request\)"),
        (lambda server: server.status.update({"/a.bin": [503] * 9}), r"no time for it \(503.*\n.*try again"),
        (lambda server: server.files.update({"/a.bin": b"short"}), "has 5 bytes; 3,072,000, as was published"),
        (lambda server: setattr(server, "kind", "text/html; charset=utf-8"), "is a web page and not the file"),
    ],
)
def test_what_a_server_says_instead_is_a_sentence(server, tmp_path, change, told) -> None:
    file = server.file("a.bin", CONTENT)
    change(server)
    with pytest.raises(FormatError, match=told):
        sets.get(made(file), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_server_that_is_busy_for_a_moment_is_asked_again(server, tmp_path) -> None:
    file = server.file("a.bin", CONTENT)
    server.status = {"/a.bin": [503, 429]}
    assert downloading.download(file, tmp_path, home="").read_bytes() == CONTENT


def test_no_network_is_a_sentence(server, tmp_path) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(FormatError, match=r"cannot be reached.*\n.*this machine is online, and try again\.$"):
        sets.get(made(SetFile(server.address("a.bin"), 5)), tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.zip", zipped(**{"..__..__evil": b"x"}), "'../../evil' leads out of it"),
        ("a.zip", zipped(__evil=b"x"), "'/evil' leads out of it"),
        ("a.zip", zipped(good=b"x")[:-30], "the archive cannot be read"),
        ("a.tar", tarred(member("good"), member("../evil")), "'../evil' leads out of it"),
        ("a.tgz", tarred(member("a", 0, type=tarfile.SYMTYPE, linkname="/etc"), mode="w:gz"), "'a' is a link"),
        ("a.tar", tarred(member("a", 0, type=tarfile.LNKTYPE, linkname="b")), "'a' is a link"),
        ("a.tar", tarred(member("a", 0, type=tarfile.FIFOTYPE)), "'a' is neither a file nor a folder"),
        ("a.tar", tarred(member("a"), member("a")), "'a' is there twice"),
        ("a.tar", tarred(member("a"), member("a/b")), "'a/b' is there twice, or a file and a folder"),
        ("a.tar.gz", tarred(member("a", 5000), mode="w:gz")[:60], "the archive cannot be read"),
        ("a.zip", b"<html>", "the archive cannot be read"),
    ],
    ids=range(11),
)
def test_an_archive_that_is_not_sound_leaves_no_folder(server, tmp_path, name, content, told) -> None:
    place = tmp_path / "deep" / "out"
    with pytest.raises(FormatError, match=re.escape(told)):
        sets.get(made(server.file(name, content)), place)
    assert below(tmp_path) == [f"deep/out.download/{name}"]
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]


def test_a_link_in_a_zip_is_refused(server, tmp_path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as out:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        out.writestr(link, "/etc/passwd")
    with pytest.raises(FormatError, match="'link' is a link"):
        sets.get(made(server.file("a.zip", held.getvalue())), tmp_path / "out")


def test_room_is_looked_for_first(server, tmp_path, monkeypatch) -> None:
    file = server.file("a.zip", zipped(a=b"x" * 10))
    usage = unpacking.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda _: usage._replace(free=10**9))
    with pytest.raises(FormatError, match=r"Leaves needs 2,000,000.0 GB, and 1.0 GB are free on the disk of"):
        sets.get(made(SetFile(file.address, size=10**15)), tmp_path / "out")
    assert server.ranges == []
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda _: usage._replace(free=unpacking.SPARE + 5))
    with pytest.raises(FormatError, match=r"a.zip: the archive holds 10 bytes, and the disk has room for 5 bytes"):
        sets.get(made(SetFile(file.address)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_parts_come_alone(server, tmp_path) -> None:
    commands = tuple(
        sets.ImportCommand(f"maskwright import FOLDER/{part} DATASET --split {part}", part) for part in ("train", "val")
    )
    found = made(
        server.file("names.txt", b"cat"), server.file("train.tar", tarred(member("train/a")), part="train"),
        server.file("val.tar", tarred(member("val/b")), part="val"), commands=commands,
    )  # fmt: skip
    assert found.parts == ("train", "val")
    fetched = sets.get(found, tmp_path / "out", parts=["val"])
    assert below(tmp_path) == ["out/names.txt", "out/val/b"]
    assert fetched.commands == (f"maskwright import {tmp_path}/out/val leaves-dataset --split val",)
    assert sets.get(found, tmp_path / "all").files == 3
    with pytest.raises(UsageError, match=r"leaves has no part 'test'; one of train, val"):
        sets.get(found, tmp_path / "none", parts=["test"])
    with pytest.raises(UsageError, match="it comes whole"):
        sets.get(made(server.file("names.txt", b"cat")), tmp_path / "none", parts=["test"])


def test_a_set_that_takes_a_person_says_what_to_do(tmp_path) -> None:
    found = made(obtain="Register at https://leaves.example.", licence="own terms")
    with pytest.raises(UsageError, match=r"no plain download \(licence: own terms\)") as told:
        sets.get(found, tmp_path / "leaves")
    assert str(told.value).endswith(
        f"Register at https://leaves.example. Then: maskwright import {tmp_path}/leaves leaves-dataset --format label-map"
    )
    assert list(tmp_path.iterdir()) == []


def test_two_processes_do_not_write_into_one_file(server, tmp_path) -> None:
    file = server.file("a.bin", CONTENT)
    with (
        downloading._alone(tmp_path / "a.bin.part"),
        pytest.raises(FormatError, match="another process is fetching this"),
    ):
        downloading.download(file, tmp_path, home="")


def test_progress_is_told_in_megabytes_of_what_is_missing(server, tmp_path) -> None:
    told: list[tuple[str, int | None, int]] = []

    from contextlib import contextmanager

    @contextmanager
    def follow(what: str, total: int | None):
        def counted(items):
            number = 0
            for item in items:
                yield item
                number += 1
            told.append((what, total, number))

        yield counted

    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1_000_000])
    downloading.download(server.file("a.bin", CONTENT), tmp_path, home="", progress=follow)
    assert told == [("fetching a.bin, MB", 2, 2), ("checking a.bin, MB", 3, 4)]
    told.clear()
    downloading.download(server.file("b.bin", CONTENT, checked=False, size=None), tmp_path, home="", progress=follow)
    assert told == [("fetching b.bin, MB", 3, 3)], "the server's word where nobody published a length"


def test_the_verb_fetches_and_says_how_to_import(server, tmp_path, monkeypatch, capsys) -> None:
    found = made(server.file("a.zip", zipped(a=b"1")))
    monkeypatch.setattr("maskwright.sets.obtaining.load", lambda name: found)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["data", "get", "leaves"])
    assert stop.value.code == 0
    out = capsys.readouterr().out.splitlines()
    assert out == [
        "note: licence: CC0 (free); see https://leaves.example", "leaves: 1 files in leaves",
        "  maskwright import leaves leaves-dataset --format label-map",
    ]  # fmt: skip
    with pytest.raises(SystemExit) as stop:
        main(["data", "get", "leaves", "other", "--json"])
    assert json.loads(capsys.readouterr().out)["folder"] == "other"


def test_an_interruption_says_that_the_same_command_goes_on(server, tmp_path, monkeypatch, capsys) -> None:
    def interrupted(file, *_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("maskwright.sets.obtaining.load", lambda name: made(server.file("a.zip", zipped(a=b"1"))))
    monkeypatch.setattr("maskwright.sets.obtaining.download", interrupted)
    with pytest.raises(SystemExit) as stop:
        main(["data", "get", "leaves", str(tmp_path / "leaves")])
    assert stop.value.code == 130
    assert "the same command goes on with it" in capsys.readouterr().err
    assert not (tmp_path / "leaves").exists()


def test_an_address_names_a_file_of_the_folder(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"'\.\.' does not lie below the folder"):
        downloading.download(SetFile("http://127.0.0.1:9/a/.."), tmp_path, home="")
