"""Prompts from the page: engines loaded once, images read and encoded once."""

import threading
import time
from collections import OrderedDict
from typing import Any

import numpy as np

from maskwright import media
from maskwright.core.masks import Masks
from maskwright.core.sample import Sample
from maskwright.errors import UsageError
from maskwright.interactive import Cleanup, Embeddings, Session, engines
from maskwright.studio.messages import Masked, Question
from maskwright.weights.available import AvailableEngines

FAMILY = "interactive.engines"
MOST_PIXELS = 150_000_000  # of the images that are kept read, in all


class Asking:
    """Answers one question at a time; what is encoded in the meantime for later does not hold it up."""

    def __init__(self, embeddings: Embeddings, available: AvailableEngines) -> None:
        """Loads the engines that were given weights. Raises what loading raises."""
        self._embeddings = embeddings
        self._available = available
        self._engines: dict[str, Any] = {}
        self._sessions: OrderedDict[tuple[str, str], Session] = OrderedDict()
        self._answering = threading.Lock()
        self._encoding = threading.Lock()
        self._keeping = threading.Lock()
        for name in available.names(FAMILY):
            if name in available.weights:
                self._engine(name)

    def takes(self, what: str) -> list[str]:
        """Loaded engines that take such a prompt: points, boxes, mask or text."""
        return [name for name, engine in self._engines.items() if what in engine.takes]

    def answer(self, sample: Sample, question: Question) -> Masked:
        """Raises UsageError, ModelError, FormatError."""
        begun = time.perf_counter()
        session = self._session(sample, question.engine)
        with self._answering:
            mask = None
            if question.mask is not None:
                try:
                    mask = Masks.from_compressed([question.mask], sample.image.size).decode()[0]
                except ValueError as error:
                    raise UsageError(f"the mask cannot be read ({error})") from None
            found = session.predict(
                question.points or None, question.labels or None, None if question.box is None else [question.box],
                mask, question.text, threshold=question.threshold,
            )  # fmt: skip
            return Masked(
                seq=question.seq, counts=[one.decode("ascii") for one in found.masks.compressed()],
                scores=[float(one) for one in np.nan_to_num(found.scores)], several=found.several,
                milliseconds=1000 * (time.perf_counter() - begun),
            )  # fmt: skip

    def prepare(self, sample: Sample, question: Question) -> None:
        """Read and encode an image that is likely to be asked about next."""
        self._session(sample, question.engine)

    def _engine(self, name: str) -> Any:
        with self._keeping:
            if name not in self._engines:
                self._engines[name] = engines.load(name).load(**self._available.options(FAMILY, name))
            return self._engines[name]

    def _session(self, sample: Sample, engine: str) -> Session:
        loaded = self._engine(engine)
        name = (engine, sample.image.uri)
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
                media.read(sample.image).rgb(), loaded, cleanup=Cleanup(keep_clicked=True), embeddings=self._embeddings
            )
        with self._keeping:
            self._sessions[name] = session
            while len(self._sessions) > 1 and sum(_pixels(one) for one in self._sessions.values()) > MOST_PIXELS:
                self._sessions.popitem(last=False)
        return session


def _pixels(session: Session) -> int:
    height, width = session.size
    return int(height) * int(width)
