"""Running the studio."""

import contextlib
import hmac
import ipaddress
import os
import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from maskwright.core.masks import Masks
from maskwright.core.names import check_name
from maskwright.errors import UsageError
from maskwright.interactive import Cleanup, Session
from maskwright.media.tiles import MOST_PIXELS
from maskwright.registry import require
from maskwright.store import Dataset
from maskwright.studio.app import create_app
from maskwright.studio.state import Settings
from maskwright.weights.available import AvailableEngines

#: Letters of a token that lets others in than who sits at this machine.
_SHORTEST = 16

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  only compared with


@dataclass(frozen=True)
class Serving:
    """How a studio is to run; wrong wishes are said when this is made, before anything is opened or written.

    host: another than loopback needs a token of at least 16 characters.  people: names; each gets a link of their own,
    and what they do carries their name.  With a token, links stay the same from one start to the next.  weights: of
    engines, by name.  names: by which others reach it, beside this machine's own.  Raises UsageError.
    """

    host: str = "127.0.0.1"
    port: int = 8181
    token: str | None = None
    people: Sequence[str] = ()
    weights: Mapping[str, str] = field(default_factory=dict)
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not _loopback(self.host) and (self.token is None or len(self.token) < _SHORTEST):
            raise UsageError(
                f"the studio would be open to others at {self.host}",
                needed=f"a token of at least {_SHORTEST} characters",
                todo="Give --token, or stay on 127.0.0.1 and use an SSH tunnel.",
            )  # fmt: skip
        links_of("", self.people)
        AvailableEngines(self.weights)


def serve(dataset: Dataset, wishes: Serving | None = None, *, say: Any = print) -> None:
    """Until interrupted. Raises UsageError for a port that is taken, ModelError for weights that do not load."""
    uvicorn: Any = require("uvicorn", "the studio")
    wishes = wishes or Serving()
    # Pillow warns of half of what we allow, and refuses more: a bomb is an error, a large image none.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2
    secret = wishes.token or _kept_token(dataset)
    hosts = reachable(wishes.host, wishes.names)
    links = links_of(secret, wishes.people)
    names = {link: name for name, link in links.items()}
    settings = Settings(token=secret, hosts=frozenset(hosts), people=names, weights=wishes.weights)
    with _listening(wishes.host, wishes.port) as listener:
        port = listener.getsockname()[1]
        app = create_app(dataset, settings)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
        shown = hosts[0]
        for name, link in (links or {"you": secret}).items():
            who = f"for {name}: " if links else "the studio is at "
            say(f"{who} http://{shown}:{port}/?token={link}")
        if not _loopback(wishes.host):
            say(f"it answers to the names {', '.join(hosts)}; --name adds another")
            say("others can reach it: put a server with TLS before it, the token travels in the clear otherwise")
        say("stop it with Ctrl+C; nothing that the page shows as saved is lost")
        threading.Thread(target=warm, name="studio-warm", daemon=True).start()
        server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
    except OSError as error:
        listener.close()
        raise UsageError(
            f"nothing can be served at {host}, port {port} ({error.strerror or error})",
            todo="Is another studio running? Give another --port, or --port 0 for any that is free.",
        ) from None
    return listener


def reachable(host: str, names: Sequence[str] = ()) -> list[str]:
    """What the Host header may name, the best for a link first.

    A studio that listens everywhere answers to this machine's own names and addresses, and to no others: a name that
    somebody makes point here stays outside.
    """
    given = [name.strip().lower() for name in names if name.strip()]
    here = ["127.0.0.1", "localhost", "[::1]"]
    own = _own() if host in EVERYWHERE else [_bracketed(host.lower())]
    return list(dict.fromkeys([*given, *own, *here]))


def _bracketed(address: str) -> str:
    """An IPv6 address as it stands in a link."""
    return f"[{address.partition('%')[0]}]" if ":" in address and "[" not in address else address


def _own() -> list[str]:
    """Addresses and names of this machine, the address that leads outside first."""
    found: list[str] = []
    for family, outside in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            try:
                asking.connect((outside, 9))  # nothing is sent: this only asks which way it would go
                found.append(str(asking.getsockname()[0]))
            except OSError:
                continue
    name = socket.gethostname()
    with contextlib.suppress(OSError):
        found += [str(row[4][0]) for row in socket.getaddrinfo(name, None)]
    return [*map(_bracketed, found), name.lower(), socket.getfqdn().lower()]


def _kept_token(dataset: Dataset) -> str:
    """The token of a dataset's studio, which this user alone can read: pages that are open go on after a new start.

    A new one where it cannot be kept, as for a database by URL and a folder that cannot be written to.
    """
    folder = dataset.database.folder
    if folder is None or not dataset.database.writable:
        return secrets.token_urlsafe(24)
    file = folder / ".maskwright" / "studio-token"
    try:
        held = file.read_text(encoding="ascii").strip()
        if len(held) >= _SHORTEST and not file.stat().st_mode & 0o077:
            return held
    except (OSError, UnicodeDecodeError):
        pass
    made = secrets.token_urlsafe(24)
    with contextlib.suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as sink:
            sink.write(made)
    return made


def links_of(secret: str, people: Sequence[str]) -> dict[str, str]:
    """Name -> the token of their link, which tells nothing of the others'.

    Raises UsageError for a name twice, and for what is not a name.
    """
    names = [check_name(name.strip(), "a person's name") for name in people if name.strip()]
    if len(set(names)) < len(names):
        raise UsageError("two people have the same name", needed="names that differ")
    return {
        name: hmac.new(secret.encode(), name.encode(), "sha256").hexdigest()[:40] for name in names
    }  # fmt: skip


def warm() -> None:
    """Compile what the first click and the first stroke need, while the page is still being opened."""
    y, x = np.mgrid[:48, :64]
    disk = (y - 24) ** 2 + (x - 30) ** 2 < 15**2
    image = np.where(disk[..., None], 200, 60).astype(np.uint8).repeat(3, axis=2)
    Session(image, cleanup=Cleanup(keep_clicked=True)).predict([[30, 24]], [1])
    Masks.from_compressed(Masks.encode(disk[None]).compressed(), disk.shape).decode()


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
