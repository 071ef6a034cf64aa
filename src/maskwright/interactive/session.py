"""A session: one image, encoded once, and the prompts given since."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import U8, Array
from maskwright.core.sample import read_image
from maskwright.errors import UsageError
from maskwright.interactive import engines
from maskwright.interactive.cleanup import Cleanup
from maskwright.interactive.embeddings import Embeddings
from maskwright.interactive.engines import Engine
from maskwright.interactive.prompts import Answer, Prompts

NOTHING = Cleanup()


@dataclass(frozen=True)
class _Asked:
    """A session's own prompts."""

    points: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    box: tuple[float, float, float, float] | None = None
    start: Any = None


class Session:
    """Masks by asking.

        session = Session("photo.jpg")
        answer = session.click(120, 80)              # on the object
        answer = session.click(40, 200, on=False)    # not this
        answer.masks[0], answer.scores[0]

    `predict` answers any prompts and remembers nothing; `click`, `box` and `undo` add to the session's own.
    """

    def __init__(
        self,
        image: Array | str | Path,
        engine: str | Engine = "classical",
        *,
        cleanup: Cleanup = NOTHING,
        embeddings: Embeddings | None = None,
        **options: Any,
    ) -> None:
        """image: (H, W, 3) uint8 RGB, or a path.  engine: a name, with its options, or a loaded one to share.

        Raises FormatError for an unreadable image, UsageError for an unknown engine, ModelError for its weights.
        """
        self.image: U8 = read_image(image) if isinstance(image, str | Path) else np.ascontiguousarray(image)
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise UsageError(
                f"the image is {self.image.dtype} {self.image.shape}", needed="(height, width, 3) uint8, RGB"
            )
        self.size = (self.image.shape[0], self.image.shape[1])
        self.engine: Engine = engines.load(engine).load(**options) if isinstance(engine, str) else engine
        self.cleanup = cleanup
        self._encoded = (embeddings or Embeddings()).get(self.engine, self.image)
        self.reset()

    def predict(
        self,
        points: object = None,
        point_labels: object = None,
        boxes: object = None,
        mask: object = None,
        text: str | None = None,
    ) -> Answer:
        """Masks for these prompts alone; shapes as in `Prompts`.

        mask: a former answer's logits, or a mask to correct.  Raises UsageError for a prompt the engine does not take.
        """
        prompts = Prompts.of(self.size, points, point_labels, boxes, mask, text)
        given = {
            "points": len(prompts.points), "boxes": len(prompts.boxes), "mask": prompts.mask is not None,
            "text": prompts.text,
        }  # fmt: skip
        for kind, there in given.items():
            if there and kind not in self.engine.takes:
                raise UsageError(f"this engine takes no {kind}", needed=" or ".join(sorted(self.engine.takes)))
        answer = self.engine.answer(self._encoded, prompts)
        return Answer(self.cleanup(answer.masks, prompts), answer.scores, answer.logits, answer.several)

    # -- the session's own prompts -------------------------------------------------------------------

    def click(self, x: float, y: float, *, on: bool = True) -> Answer:
        """One more point, on the object or beside it, in pixels of the image."""
        own = self._asked[-1]
        return self._ask(replace(own, points=(*own.points, (x, y)), labels=(*own.labels, int(on))))

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Answer:
        """The object is in this box."""
        return self._ask(replace(self._asked[-1], box=(x0, y0, x1, y1)))

    def correct(self, mask: Array) -> Answer:
        """Begin from this mask, (H, W) bool; clicks that follow change it."""
        return self._ask(_Asked(start=mask))

    def undo(self) -> Answer | None:
        """Take back the last `click`, `box` or `correct`; None when nothing is left to ask."""
        if len(self._asked) > 1:
            self._asked.pop()
            self._answers.pop()
        return self._answers[-1]

    def reset(self) -> None:
        """Forget the prompts; the image stays encoded."""
        self._asked = [_Asked()]
        self._answers: list[Answer | None] = [None]

    def _ask(self, asked: _Asked) -> Answer:
        mask, last = asked.start, self._answers[-1]
        # Networks see their own last logits, as they were trained to; the classical engine replays its steps.
        if mask is None and self.engine.key is not None and last is not None and len(asked.points) > 1:
            mask = last.logits[0]
        answer = self.predict(asked.points or None, asked.labels or None, asked.box, mask)
        self._asked.append(asked)
        self._answers.append(answer)
        return answer
