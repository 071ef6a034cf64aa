"""A person at the studio's page: the real application, asked over its HTTP routes in a process of its own."""

import asyncio
import json
import random
import time
from pathlib import Path
from typing import Any

from maskwright.core.masks import Masks
from maskwright.studio import Settings, create_app, open_place
from torturing import values
from torturing.journal import Journal, described
from torturing.nursery import Board

TOKEN = "only-for-the-torture"
HOST = "127.0.0.1:8181"
GESTURES = 5


class Page:
    """Sends requests to the application as a browser that has followed the studio's link does."""

    def __init__(self, application: Any) -> None:
        self.application = application

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """-> status, and the answer."""
        return asyncio.run(self._ask(method, path, b"" if body is None else json.dumps(body).encode()))

    async def _ask(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        headers = {
            "host": HOST, "origin": f"http://{HOST}", "content-type": "application/json",
            "content-length": str(len(body)), "cookie": f"maskwright-{HOST.rpartition(':')[2]}={TOKEN}",
        }  # fmt: skip
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8181),
        }  # fmt: skip
        sent = False
        answer: dict[str, Any] = {"status": 0, "body": b""}

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                await asyncio.sleep(3600)
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            answer["status"] = message.get("status", answer["status"])
            answer["body"] += message.get("body", b"")

        await self.application(scope, receive, send)
        return answer["status"], json.loads(answer["body"] or b"null")


def letters(text: str) -> str:
    """A gesture's kind is letters and spaces."""
    return "".join(chr(ord("a") + int(sign)) if sign.isdigit() else " " for sign in text)


def gesture(
    place: str, journal: Path, board: Board, who: str, mark: str, seed: str, pause: float = 0.03
) -> None:  # fmt: skip
    """Draw one object again and again; some gestures are sent twice, as by a browser that got no answer."""
    notes, rng = Journal(journal), random.Random(seed)
    dataset, _ = open_place(place)
    with dataset:
        page = Page(create_app(dataset, Settings(TOKEN)))
        number = dataset.number_of(values.GESTURED)
        base = _base(page, number)
        done = tried = 0
        while done < GESTURES and tried < 4 * GESTURES:
            tried += 1
            stamp = f"{mark}.{tried}"
            drawn = values.segment(values.GESTURE, rng, pair=stamp) | {"source": "human", "score": None}
            fields = {"pair": stamp}
            kind = f"draw {letters(stamp)}"
            message = f"{kind}: {values.GESTURED}"
            sent = {
                "id": f"torture-{stamp.replace('.', '-')}", "kind": kind, "fields": fields,
                "base": {} if base is None else {str(values.GESTURE): base}, "put": [wire(drawn)],
            }  # fmt: skip
            steps = [["gesture", values.GESTURED, drawn, fields]]
            notes.note("try", message=message, stamp=None, steps=steps)
            try:
                answers = [_send(page, number, sent) for _ in range(rng.choice([1, 1, 2]))]
            except Exception as error:  # noqa: BLE001
                notes.note("refused", message=message, **described(error))
                time.sleep(pause)
                continue
            if answers[0]["stale"]:  # somebody restored another revision
                base = _base(page, number)
                continue
            base = answers[0]["revision"]
            notes.acknowledge("done", message=message, revision=base)
            done += 1
            if any(again["revision"] != base or not again["again"] for again in answers[1:]):
                notes.note("mixed", what=f"a gesture that was sent twice is answered {answers}")
            time.sleep(rng.uniform(0.2, 1.8) * pause)
    if done < GESTURES:
        notes.note("refused", message=who, error=f"only {done} gestures were acknowledged", known=False)


def wire(drawn: values.Held) -> dict[str, Any]:
    """A segment as the page sends it."""
    counts = Masks.from_counts([drawn["counts"]], values.SIZE).compressed()[0].decode()
    return {name: value for name, value in drawn.items() if name != "counts"} | {"counts": counts}


class RefusedError(Exception):
    """The application answered with an error."""


def _send(page: Page, number: int, sent: dict[str, Any]) -> dict[str, Any]:
    status, answer = page.ask("POST", f"/api/images/{number}/operations", {"operations": [sent]})
    if status != 200:
        raise RefusedError(f"{status} {answer}")
    return answer[0]


def _base(page: Page, number: int) -> int | None:
    """The revision in which the drawn object was written; None where there is none."""
    _, answer = page.ask("GET", f"/api/images/{number}/objects")
    return next((row["revision"] for row in answer["objects"] if row["id"] == values.GESTURE), None)
