"""Prompts from the page: engines loaded once, images encoded once."""

import threading
import time
from typing import Any

import numpy as np

from maskwright.core.masks import Masks
from maskwright.core.sample import Sample
from maskwright.errors import UsageError
from maskwright.interactive import Cleanup, Embeddings, Session, engines
from maskwright.studio.messages import Masked, Question


class Asking:
    """Answers one question at a time for each engine; keeps what is encoded."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._engines: dict[str, Any] = {}
        self._lock = threading.Lock()

    def answer(self, sample: Sample, question: Question) -> Masked:
        """Raises UsageError, ModelError, FormatError."""
        with self._lock:
            begun = time.perf_counter()
            session = self._session(sample, question)
            mask = None
            if question.mask is not None:
                try:
                    mask = Masks.from_compressed([question.mask], sample.image.size).decode()[0]
                except ValueError as error:
                    raise UsageError(f"the mask cannot be read ({error})") from None
            found = session.predict(
                question.points or None, question.labels or None, None if question.box is None else [question.box],
                mask,
                threshold=question.threshold,
            )  # fmt: skip
            return Masked(
                seq=question.seq, counts=[one.decode("ascii") for one in found.masks.compressed()],
                scores=[float(one) for one in np.nan_to_num(found.scores)],
                milliseconds=1000 * (time.perf_counter() - begun),
            )  # fmt: skip

    def prepare(self, sample: Sample, question: Question) -> None:
        """Encode an image that is likely to be asked about next."""
        with self._lock:
            self._session(sample, question)

    def _session(self, sample: Sample, question: Question) -> Session:
        name = repr((question.engine, sorted(question.options.items())))
        if name not in self._engines:
            self._engines[name] = engines.load(question.engine).load(**question.options)
        return Session(
            sample.image.pixels(), self._engines[name], cleanup=Cleanup(keep_clicked=True), embeddings=self._embeddings
        )
