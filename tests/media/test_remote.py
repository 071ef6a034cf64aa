"""Remote files: fetched once, kept within a limit, fetched again when they change, errors in a sentence."""

import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright import media
from maskwright.core.sample import ImageRef
from maskwright.errors import FormatError, MissingExtraError, UsageError
from maskwright.media import pages, remote

fsspec = pytest.importorskip("fsspec")
RNG = np.random.default_rng(8)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("MASKWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MASKWRIGHT_CACHE_BYTES", raising=False)
    monkeypatch.setattr(remote, "GRACE", 0.0)
    return tmp_path / "cache"


@pytest.fixture
def store() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()


def noise(*shape: int) -> np.ndarray:
    return RNG.integers(0, 255, shape, dtype=np.uint8)


def put(system: fsspec.AbstractFileSystem, path: str, values: np.ndarray) -> str:
    with system.open(path, "wb") as file:
        Image.fromarray(values).save(file, "PNG")
    return f"memory://{path}"


def counted(monkeypatch: pytest.MonkeyPatch, system: fsspec.AbstractFileSystem) -> list[str]:
    opened: list[str] = []
    own = type(system).open
    monkeypatch.setattr(
        type(system), "open", lambda self, path, *rest, **more: opened.append(path) or own(self, path, *rest, **more)
    )
    return opened


def test_fetched_once_and_again_when_it_changes(store, monkeypatch, folder) -> None:
    first, second = noise(20, 30, 3), noise(20, 30, 3)
    uri = put(store, "/set/a.png", first)
    opened = counted(monkeypatch, store)
    for _ in range(3):
        assert np.array_equal(media.read(ImageRef(uri, (20, 30))).pixels, first)
    assert len(opened) == 1
    time.sleep(0.01)
    put(store, "/set/a.png", second)
    assert np.array_equal(media.read(uri).pixels, second)
    assert len(list(folder.iterdir())) == 1


def test_describing_fetches_no_more_than_the_header(store, folder) -> None:
    uri = put(store, "/set/a.png", noise(300, 400, 3))
    assert media.describe(uri).size == media.image_size(uri) == (300, 400)
    assert not folder.exists()
    media.read(uri)
    assert media.describe(uri).size == (300, 400)


def test_every_kind_is_read_from_afar(store) -> None:
    values = RNG.integers(0, 65535, (3, 20, 30), dtype=np.uint16)
    with store.open("/set/stack.ome.tif", "wb") as file:
        tifffile.imwrite(file, values, ome=True, metadata={"axes": "ZYX"})
    with store.open("/set/stack.npy", "wb") as file:
        np.save(file, values)
    for uri in ("memory://set/stack.ome.tif", "memory://set/stack.npy"):
        assert pages.shape(uri) == (3, (20, 30))
        assert media.describe(uri).dtype == "uint16"
        assert np.array_equal(media.read(f"{uri}#page=2").pixels[..., 0], values[2])
        assert np.array_equal(media.read(uri, region=(3, 4, 9, 10)).pixels[..., 0], values[0, 4:10, 3:9])
        with pytest.raises(FormatError, match=f"{uri}: has no page 3"):
            media.read(f"{uri}#page=3")


def test_addresses_of_files_are_paths(tmp_path, folder) -> None:
    values = noise(5, 6, 3)
    Image.fromarray(values).save(tmp_path / "a b.png")
    uri = f"file://{tmp_path}/a%20b.png"
    assert remote.local(uri) == tmp_path / "a b.png"
    assert np.array_equal(media.read(uri).pixels, values)
    assert media.describe(uri).size == (5, 6)
    assert remote.local(tmp_path / "x.png") == tmp_path / "x.png"
    assert not folder.exists()


def test_the_folder_holds_no_more_than_it_may(store, monkeypatch, folder) -> None:
    uris = [put(store, f"/set/{number}.png", noise(50, 50, 3)) for number in range(4)]
    size = store.info("/set/0.png")["size"]
    monkeypatch.setenv("MASKWRIGHT_CACHE_BYTES", str(int(size * 2.5)))
    places = []
    for uri in uris[:2]:
        places.append(remote.local(uri))
        time.sleep(0.02)
    remote.local(uris[0])  # the first is used again: the second goes
    time.sleep(0.02)
    remote.local(uris[2])
    assert places[0].exists()
    assert not places[1].exists()
    assert sum(file.stat().st_size for file in folder.iterdir()) <= size * 2.5
    monkeypatch.setattr(remote, "GRACE", 60.0)
    remote.local(uris[3])
    assert places[0].exists()


def test_a_file_that_is_larger_than_the_folder(store, monkeypatch) -> None:
    uri = put(store, "/set/a.png", noise(50, 50, 3))
    monkeypatch.setenv("MASKWRIGHT_CACHE_BYTES", "1000")
    with pytest.raises(FormatError, match="MASKWRIGHT_CACHE_BYTES"):
        media.read(uri)
    monkeypatch.setenv("MASKWRIGHT_CACHE_BYTES", "lots")
    with pytest.raises(UsageError, match="'lots'"):
        media.read(uri)


def test_nothing_else_in_the_folder_is_removed(store, monkeypatch, folder) -> None:
    uri = put(store, "/set/a.png", noise(50, 50, 3))
    folder.mkdir()
    (folder / "theirs.bin").write_bytes(bytes(100_000))
    abandoned = folder / "part-1-x"
    abandoned.write_bytes(b"half")
    os.utime(abandoned, (0, 0))
    monkeypatch.setenv("MASKWRIGHT_CACHE_BYTES", "50000")
    media.read(uri)
    assert (folder / "theirs.bin").exists()
    assert not abandoned.exists()


def test_errors_are_sentences(store, monkeypatch, folder) -> None:
    with pytest.raises(FormatError, match=r"memory://set/none\.png: the image is not there"):
        media.read("memory://set/none.png")
    with pytest.raises(FormatError, match="the image is not there"):
        media.describe("memory://set/none.png")
    with pytest.raises(UsageError, match="nobody speaks"):
        media.read("strange://set/a.png")
    with pytest.raises(MissingExtraError, match="pip install s3fs"):
        media.read("s3://bucket/a.png")
    store.mkdir("/set/folder")
    with pytest.raises(FormatError, match="is a folder"):
        media.read("memory://set/folder")
    with store.open("/set/b.png", "wb") as file:
        file.write(b"nothing")
    with pytest.raises(FormatError, match=r"memory://set/b\.png: not a readable image"):
        media.read("memory://set/b.png")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match=r"maskwright\[remote\]"):
        media.read("memory://set/b.png")


def test_a_transfer_that_breaks_off_leaves_nothing(store, monkeypatch, folder) -> None:
    uri = put(store, "/set/a.png", noise(50, 50, 3))
    size = store.info("/set/a.png")["size"]
    own = type(store).info
    monkeypatch.setattr(type(store), "info", lambda self, path, **more: {**own(self, path, **more), "size": size + 5})
    with pytest.raises(FormatError, match=f"broke off after {size:,} of {size + 5:,} bytes"):
        media.read(uri)
    assert list(folder.iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setenv("MASKWRIGHT_CACHE", str(folder))

    def broken(*_: object) -> None:
        raise ConnectionResetError("reset by peer")

    monkeypatch.setattr("shutil.copyfileobj", broken)
    with pytest.raises(FormatError, match=r"cannot be fetched .*reset by peer"):
        media.read(uri)
    assert list(folder.iterdir()) == []


def test_over_http(tmp_path, folder) -> None:
    pytest.importorskip("aiohttp")
    values = noise(20, 30, 3)
    (tmp_path / "web").mkdir()
    Image.fromarray(values).save(tmp_path / "web" / "a.png")
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *parts: object, **more: object) -> None:
            super().__init__(*parts, directory=str(tmp_path / "web"), **more)

        def do_HEAD(self) -> None:
            if "secret" in self.path:
                self.send_error(403)
            else:
                super().do_HEAD()

        def do_GET(self) -> None:
            if "secret" in self.path:
                self.send_error(403)
            else:
                super().do_GET()

        def log_message(self, *_: object) -> None:
            asked.append(self.command)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{server.server_port}/a.png"
        assert np.array_equal(media.read(uri).pixels, values)
        asked.clear()
        assert np.array_equal(media.read(uri).pixels, values)
        assert "GET" not in asked
        with pytest.raises(FormatError, match="not there"):
            media.read(uri.replace("a.png", "b.png"))
        with pytest.raises(FormatError, match=r"may not be read .*403"):
            media.read(uri.replace("a.png", "secret.png"))
        changed = noise(20, 30, 3)
        Image.fromarray(changed).save(tmp_path / "web" / "a.png")
        os.utime(tmp_path / "web" / "a.png", (1, 1))
        assert np.array_equal(media.read(uri).pixels, changed)
        server.shutdown()
    with pytest.raises(FormatError, match="cannot be fetched"):
        media.read(uri)


def test_several_processes_share_the_folder(tmp_path, folder) -> None:
    """None sees half a file, whoever else fetches and removes."""
    program = (
        "import sys, fsspec, numpy as np\n"
        "from fsspec.implementations.dirfs import DirFileSystem\n"
        "class Far(fsspec.implementations.local.LocalFileSystem):\n"
        "    protocol = 'far'\n"
        "    @classmethod\n"
        "    def _strip_protocol(cls, path): return super()._strip_protocol(path.removeprefix('far://'))\n"
        "fsspec.register_implementation('far', Far)\n"
        "from maskwright import media\n"
        "rng = np.random.default_rng(int(sys.argv[2]))\n"
        "for _ in range(60):\n"
        "    number = int(rng.integers(6))\n"
        "    pixels = media.read(f'far://{sys.argv[1]}/{number}.png').pixels\n"
        "    assert (pixels == number).all()\n"
    )
    for number in range(6):
        Image.fromarray(np.full((400, 400, 3), number, np.uint8)).save(tmp_path / f"{number}.png", compress_level=0)
    environment = {**os.environ, "MASKWRIGHT_CACHE_BYTES": "1500000"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(seed)], env=environment, stderr=subprocess.PIPE
        )
        for seed in range(3)
    ]
    for process in running:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()[-2000:]
    assert not list(folder.glob("part-*"))
