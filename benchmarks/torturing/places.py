"""Where stores lie: in a folder, on a small file system that can be filled, on a PostgreSQL server."""

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CHUNK = 1 << 16


class Folder:
    """Stores are folders below one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def new(self, name: str) -> str:
        (self.root / name).mkdir()
        return str(self.root / name / "dataset")

    def drop(self, place: str) -> None:
        shutil.rmtree(Path(place).parent, ignore_errors=True)

    def close(self) -> None:
        pass


class SmallDisk(Folder):
    """A file system of some megabytes in memory. Raises OSError where none can be mounted."""

    MEGABYTES = 8

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True)
        options = f"size={self.MEGABYTES}m,mode=0777"
        try:
            done = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "maskwright-torture", root],
                check=False, capture_output=True, text=True,
            )  # fmt: skip
        except FileNotFoundError:
            raise OSError("there is no program mount") from None
        if done.returncode:
            raise OSError((done.stderr.strip() or f"mount says {done.returncode}").splitlines()[0])
        super().__init__(root)

    def fill(self, spare: int) -> None:
        """Leave no byte free, but for `spare` ones."""
        filler = os.open(self.root / "filler", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        size = CHUNK
        while size:
            try:
                size = size if os.write(filler, bytes(size)) == size else size // 2
            except OSError:
                size //= 2
        os.ftruncate(filler, max(0, os.lseek(filler, 0, os.SEEK_END) - spare))
        os.close(filler)

    def make_room(self) -> None:
        (self.root / "filler").unlink(missing_ok=True)

    def close(self) -> None:
        subprocess.run(["umount", "-l", self.root], check=False, capture_output=True)


class Server:
    """Stores are databases of a server. url: of a database from which others may be made, or "auto" for a server
    that lives as long as this. Raises OSError where none can be started.
    """

    def __init__(self, url: str) -> None:
        self._folder: Path | None = None
        self.url = self._begin() if url == "auto" else url
        self._run("SELECT 1")

    @property
    def own(self) -> bool:
        return self._folder is not None

    def new(self, name: str) -> str:
        self._run(f'CREATE DATABASE "{name}"')
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def drop(self, place: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{urlsplit(place).path[1:]}" WITH (FORCE)')

    def end_backend(self, place: str) -> None:
        """End one of the server's processes that work on a store, as an administrator would."""
        self._run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = (SELECT pid FROM pg_stat_activity "
            "WHERE datname = %s AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1)",
            (urlsplit(place).path[1:],),
        )

    def restart(self) -> None:
        """Without a word to anybody, as after a crash."""
        self._control("-m", "immediate", "restart")

    def close(self) -> None:
        if self._folder is not None:
            self._control("-m", "immediate", "stop")
            shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, command: str, values: Any = None) -> None:
        import psycopg

        plain = self.url.replace("postgresql+psycopg://", "postgresql://", 1)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(command, values)

    def _begin(self) -> str:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        there = str(found[-1]) if found else shutil.which("initdb")
        if there is None:
            raise OSError("PostgreSQL's server binaries are not installed (Debian: apt-get install postgresql)")
        self._programs = Path(there).resolve().parent
        # PostgreSQL refuses to run as root; nobody will do, in a folder that nobody owns.
        self._user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        self._folder = Path(tempfile.mkdtemp(prefix="maskwright-pg-"))
        if self._user:
            os.chown(self._folder, 65534, 65534)
        options = ["-D", str(self._folder / "data"), "-U", "tester", "-A", "trust", "-N"]
        self._quiet([*self._user, str(self._programs / "initdb"), *options])
        self._control("start")
        return f"postgresql://tester@/postgres?host={self._folder}"

    def _control(self, *words: str) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        control = [*self._user, str(self._programs / "pg_ctl"), "-D", f"{self._folder}/data", "-w"]
        self._quiet([*control, "-l", f"{self._folder}/log", "-o", options, *words])

    def _quiet(self, command: list[str]) -> None:
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, cwd=self._folder, timeout=60
            )
