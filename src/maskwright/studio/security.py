"""Who may ask what: token and cookie, Host and Origin, limits and headers.

The threats are those that other local tools met: any web site can make a browser send requests to 127.0.0.1, and a name
can be made to point there.
"""

import functools
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from maskwright.studio import refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SAFE = frozenset({"GET", "HEAD"})
HEADERS = [
    (
        b"content-security-policy",
        (
            b"default-src 'self'; img-src 'self' blob: data:; style-src 'self'; object-src 'none'; base-uri 'none'; "
            b"frame-ancestors 'none'; form-action 'self'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]


class Guard:
    """ASGI middleware around the whole application.

    tokens: what the first link carries -> whom it lets in; whoever shows it gets a cookie, and requests carry the name
    in their state as `person`.  hosts: names that the Host header may have.  most: bytes of a request's body.  rate:
    requests a second that one person may make over some seconds, and wrong tokens a minute from one address.
    """

    def __init__(
        self, app: Any, *, tokens: Mapping[str, str], hosts: frozenset[str], most: int = 64 * 2**20,
        rate: tuple[float, float] = (300, 10),
    ) -> None:  # fmt: skip
        self.app, self.tokens, self.hosts, self.most = app, dict(tokens), hosts, most
        self._asked = Bucket(rate[0], burst=5 * rate[0])
        self._guessed = Bucket(rate[1] / 60, burst=rate[1])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no socket is served
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        # A browser that opens an address shows what it is answered.
        opened = scope["method"] in SAFE and "text/html" in headers.get("accept", "")
        refuse = functools.partial(_refuse, send, opened)
        host = headers.get("host", "")
        if _name_of(host) not in self.hosts:
            await refuse(421, "this address does not serve that host name")
            return
        if scope["method"] not in SAFE:
            origin = headers.get("origin")
            if origin is None or urlsplit(origin).netloc.lower() != host.lower():
                await refuse(403, "the request comes from another site")
                return
            if not headers.get("content-type", "").lower().startswith("application/json"):
                await refuse(415, "only JSON is taken")
                return
        address = str((scope.get("client") or ("",))[0])
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        if given and scope["path"] == "/":
            # Right tokens too: else the answers would tell which they are.
            if not self._guessed.left(address):
                await refuse(429, "too many links that are not valid; wait a minute")
                return
            if self._person(given) is None:
                self._guessed.take(address)
                await refuse(403, "this link is not valid any more; take the newest from where the studio runs")
                return
            cookie = f"{cookie_name(host)}={given}; HttpOnly; SameSite=Strict; Path=/"
            await _answer(send, 303, b"", [(b"location", b"/"), (b"set-cookie", cookie.encode())])
            return
        person = self._person(_cookie(headers.get("cookie", ""), cookie_name(host)))
        if person is None:
            await refuse(401, "open the link that the studio printed when it began")
            return
        if not self._asked.take(person):
            await refuse(429, "too many requests at once; wait a moment")
            return
        if int(headers.get("content-length") or 0) > self.most:
            await refuse(413, f"more than {self.most} bytes")
            return
        scope.setdefault("state", {})["person"] = person
        await self.app(scope, self._limited(receive), _adorned(send))

    def _person(self, given: str) -> str | None:
        """Every token is compared, each in constant time."""
        found = None
        for token, name in self.tokens.items():
            if hmac.compare_digest(given.encode(), token.encode()):
                found = name
        return found

    def _limited(self, receive: Receive) -> Receive:
        """Bodies without a length are counted as they come."""
        seen = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.most:
                return {"type": "http.disconnect"}
            return message

        return counted


class Bucket:
    """So many tokens a second flow in, up to `burst`; an event takes one token. Names unheard of for long go."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._held: dict[str, tuple[float, float]] = {}

    def left(self, name: str) -> float:
        """Whole events that are left."""
        held, seen = self._held.get(name, (self.burst, 0.0))
        return float(int(min(self.burst, held + self.rate * (time.monotonic() - seen))))

    def take(self, name: str) -> bool:
        now = time.monotonic()
        held, seen = self._held.get(name, (self.burst, now))
        held = min(self.burst, held + self.rate * (now - seen))
        self._held[name] = (held - 1 if held >= 1 else held, now)
        if len(self._held) > 10_000:
            self._held = {name: row for name, row in self._held.items() if now - row[1] < self.burst / self.rate}
        return held >= 1


def cookie_name(host: str) -> str:
    """Cookies do not know ports: without the port in its name, two studios of one host would share a cookie."""
    port = host.rpartition(":")[2]
    return f"maskwright-{port}" if port.isdigit() else "maskwright"


def _cookie(cookies: str, name: str) -> str:
    try:
        held = SimpleCookie(cookies).get(name)
    except Exception:  # noqa: BLE001  a broken cookie is none
        return ""
    return "" if held is None else held.value


def _name_of(host: str) -> str:
    """Without the port; brackets of IPv6 stay."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()


def _adorned(send: Send) -> Send:
    async def adorned(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(row for row in HEADERS if row[0] not in there)]
        await send(message)

    return adorned


async def _refuse(send: Send, opened: bool, status: int, why: str) -> None:
    """opened: it is answered with a page, else with the bare sentence."""
    if opened:
        kind, policy = b"text/html; charset=utf-8", (b"content-security-policy", refusal.POLICY.encode())
        await _answer(send, status, refusal.page(status, why), [(b"content-type", kind), policy])
    else:
        await _answer(send, status, why.encode(), [(b"content-type", b"text/plain; charset=utf-8")])


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    there = {name for name, _ in headers}
    rest = [row for row in HEADERS if row[0] not in there]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length, *rest]})
    await send({"type": "http.response.body", "body": body})
