"""Who looks at which image at the moment."""

import threading
import time

LEASE = 20.0  # seconds that a page counts as present after its last sign


class Presence:
    """Signs of life of pages, kept in memory. Safe to use from several threads."""

    def __init__(self) -> None:
        self._seen: dict[int, dict[str, tuple[float, str]]] = {}
        self._lock = threading.Lock()

    def sign(self, number: int, tab: str, person: str) -> list[str]:
        """A person's page, named by `tab`, shows this image and no other -> the other people whose pages do."""
        now = time.monotonic()
        with self._lock:
            for tabs in self._seen.values():
                tabs.pop(tab, None)
            tabs = self._seen.setdefault(number, {})
            tabs[tab] = (now, person)
            for other in [other for other, (seen, _) in tabs.items() if now - seen > LEASE]:
                del tabs[other]
            return sorted({name for _, name in tabs.values() if name != person})

    def gone(self, tab: str) -> None:
        """A page was closed."""
        with self._lock:
            for tabs in self._seen.values():
                tabs.pop(tab, None)
