"""Running the studio."""

import ipaddress
import secrets
from typing import Any

from PIL import Image

from maskwright.dataset import Dataset
from maskwright.errors import UsageError
from maskwright.families import require
from maskwright.studio.app import Settings, create_app
from maskwright.studio.pictures import MOST_PIXELS

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  only compared with


def serve(
    dataset: Dataset, *, host: str = "127.0.0.1", port: int = 8181, token: str | None = None, say: Any = print
) -> None:
    """Until interrupted.  host: another than loopback needs a token of at least 16 characters. Raises UsageError."""
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
    app = create_app(dataset, Settings(token=secret, hosts=hosts))
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", server_header=False)
    server = uvicorn.Server(config)
    shown = "127.0.0.1" if host in EVERYWHERE else host
    say(f"the studio is at  http://{shown}:{port}/?token={secret}")
    if not _loopback(host):
        say("others can reach it: put a server with TLS before it, the token travels in the clear otherwise")
    say("stop it with Ctrl+C; nothing that the page shows as saved is lost")
    server.run()


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
