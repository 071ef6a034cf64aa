"""Running the studio."""

import hmac
import ipaddress
import secrets
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from maskwright.core.masks import Masks
from maskwright.dataset import Dataset
from maskwright.errors import UsageError
from maskwright.families import require
from maskwright.interactive import Cleanup, Session
from maskwright.studio.app import Settings, create_app
from maskwright.studio.pictures import MOST_PIXELS

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  only compared with


def serve(
    dataset: Dataset, *, host: str = "127.0.0.1", port: int = 8181, token: str | None = None,
    people: Sequence[str] = (), weights: Mapping[str, str] | None = None, say: Any = print,
) -> None:  # fmt: skip
    """Until interrupted.  host: another than loopback needs a token of at least 16 characters.

    people: names; each gets a link of their own, and what they do carries their name.  With a token, links stay the
    same from one start to the next.  weights: of engines, by name.  Raises UsageError, ModelError.
    """
    uvicorn: Any = require("uvicorn", "the studio")
    if not _loopback(host) and (token is None or len(token) < 16):
        raise UsageError(
            f"the studio would be open to others at {host}", needed="a token of at least 16 characters",
            todo="Give --token, or stay on 127.0.0.1 and use an SSH tunnel.",
        )  # fmt: skip
    # Pillow warns of half of what we allow, and refuses more: a bomb is an error, a large image none.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2
    secret = token or secrets.token_urlsafe(24)
    hosts = frozenset({"127.0.0.1", "localhost", "[::1]", host.lower()})
    links = links_of(secret, people)
    app = create_app(
        dataset,
        Settings(token=secret, hosts=hosts, people={link: name for name, link in links.items()}, weights=weights or {}),
    )
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", server_header=False)
    server = uvicorn.Server(config)
    shown = "127.0.0.1" if host in EVERYWHERE else host
    if links:
        for name, link in links.items():
            say(f"for {name}:  http://{shown}:{port}/?token={link}")
    else:
        say(f"the studio is at  http://{shown}:{port}/?token={secret}")
    if not _loopback(host):
        say("others can reach it: put a server with TLS before it, the token travels in the clear otherwise")
    say("stop it with Ctrl+C; nothing that the page shows as saved is lost")
    threading.Thread(target=warm, name="studio-warm", daemon=True).start()
    server.run()


def links_of(secret: str, people: Sequence[str]) -> dict[str, str]:
    """Name -> the token of their link, which tells nothing of the others'. Raises UsageError for a name twice."""
    names = [one.strip() for one in people if one.strip()]
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
