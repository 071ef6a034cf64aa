"""Sessions of many images with several engines: engines loaded once, images read and encoded once."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from maskwright import media
from maskwright.core.sample import Sample
from maskwright.interactive import engines
from maskwright.interactive.cleanup import Cleanup
from maskwright.interactive.embeddings import Embeddings
from maskwright.interactive.engines import Engine
from maskwright.interactive.prompts import Answer
from maskwright.interactive.session import Session
from maskwright.media.windows import Window
from maskwright.weights.available import AvailableEngines

FAMILY = "interactive.engines"
MOST_PIXELS = 150_000_000  # of the images that are kept read, in all


class SessionCache:
    """Answers one question at a time; what is encoded in the meantime for later does not hold it up.

    Safe to use from several threads.
    """

    def __init__(
        self, embeddings: Embeddings, available: AvailableEngines, window: Callable[[], Window | None] = lambda: None
    ) -> None:
        """Loads the engines that were given weights. Raises what loading raises.

        window: asked how images are displayed whenever a session begins.
        """
        self._window = window
        self._embeddings = embeddings
        self._available = available
        self._engines: dict[str, Any] = {}
        self._sessions: OrderedDict[tuple[str, str, Window | None], Session] = OrderedDict()
        self._answering = threading.Lock()
        self._encoding = threading.Lock()
        self._keeping = threading.Lock()
        for name in available.names(FAMILY):
            if name in available.weights:
                self._engine(name)

    def engine(self, name: str) -> Engine:
        """An engine, loaded once, for other work than a session's. Raises UsageError, ModelError."""
        found: Engine = self._engine(name)
        return found

    def takes(self, what: str) -> list[str]:
        """Loaded engines that take such a prompt: points, boxes, mask or text."""
        return [name for name, engine in self._engines.items() if what in engine.takes]

    def predict(
        self, sample: Sample, engine: str, *, points: object = None, point_labels: object = None, boxes: object = None,
        mask: object = None, text: str | None = None, threshold: float = 0.5,
    ) -> Answer:  # fmt: skip
        """As `Session.predict`, of the sample's image. Raises UsageError, ModelError, FormatError."""
        session = self._session(sample, engine)
        with self._answering:
            return session.predict(points, point_labels, boxes, mask, text, threshold=threshold)

    def prepare(self, sample: Sample, engine: str) -> None:
        """Read and encode an image that is likely to be asked about next."""
        self._session(sample, engine)

    def _engine(self, name: str) -> Any:
        with self._keeping:
            if name not in self._engines:
                self._engines[name] = engines.build(name, **self._available.options(FAMILY, name))
            return self._engines[name]

    def _session(self, sample: Sample, engine: str) -> Session:
        loaded = self._engine(engine)
        window = self._window()
        name = (engine, sample.image.uri, window)
        with self._keeping:
            if name in self._sessions:
                self._sessions.move_to_end(name)
                return self._sessions[name]
        # One at a time: engines are not made to encode two images at once.
        with self._encoding:
            with self._keeping:
                if name in self._sessions:
                    return self._sessions[name]
            session = Session(
                media.read(sample.image).display(window),
                loaded,
                cleanup=Cleanup(keep_clicked=True),
                embeddings=self._embeddings,
            )
        with self._keeping:
            self._sessions[name] = session
            while len(self._sessions) > 1 and sum(map(_pixels, self._sessions.values())) > MOST_PIXELS:
                self._sessions.popitem(last=False)
        return session


def _pixels(session: Session) -> int:
    height, width = session.size
    return int(height) * int(width)
