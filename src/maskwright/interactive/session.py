"""A session: one image, encoded once, and the prompts given since."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from maskwright import media
from maskwright.core.arrays import U8, Array, Size
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
    """Interactive segmentation of one image: prompts in, masks out.

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
        closer: bool = False,
        **options: Any,
    ) -> None:
        """image: (H, W, 3) uint8 RGB, or a path; a deep image is displayed by percentiles of its own.
        engine: a name, with its options, or a loaded one to share.

        closer: objects that are small in the image are looked at again, enlarged, by engines that encode: sharper
        outlines for one more encoding, kept like all of them.

        Raises FormatError for an unreadable image, UsageError for an unknown engine, ModelError for its weights.
        """
        if isinstance(image, str | Path):
            self.image: U8 = media.read(image).display(media.window_over([image]))
        else:
            self.image = np.ascontiguousarray(image)
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise UsageError(
                f"the image is {self.image.dtype} {self.image.shape}", needed="(height, width, 3) uint8, RGB"
            )
        self.size = (self.image.shape[0], self.image.shape[1])
        self.engine: Engine = engines.build(engine, **options) if isinstance(engine, str) else engine
        self.cleanup = cleanup
        self.closer = closer and self.engine.key is not None
        self._embeddings = embeddings or Embeddings()
        self._encoded = self._embeddings.get(self.engine, self.image)
        self._near: tuple[tuple[int, int, int, int], Any] | None = None  # the last crop, encoded
        self.reset()

    def predict(
        self,
        points: object = None,
        point_labels: object = None,
        boxes: object = None,
        mask: object = None,
        text: str | None = None,
        *,
        threshold: float = 0.5,
    ) -> Answer:
        """Masks for these prompts alone, at the image's size, the best first.

        points: (N, 2) (x, y) in pixels.  point_labels: (N,) 1 on the object, 0 beside it; all on it when not given.
        boxes: (B, 4) or (4,) xyxy.  mask: a former answer's logits (h, w), or a mask (H, W) to correct.  text: what to
        look for, for engines that take words.  threshold: how sure the engine has to be of a pixel, above 0 and below
        1. Raises UsageError for a prompt the engine does not take.
        """
        if not 0 < threshold < 1:
            raise UsageError(f"the threshold is {threshold:g}", needed="above 0 and below 1")
        prompts = Prompts.of(self.size, points, point_labels, boxes, mask, text)
        given = {
            "points": len(prompts.points), "boxes": len(prompts.boxes), "mask": prompts.mask is not None,
            "text": prompts.text,
        }  # fmt: skip
        for kind, there in given.items():
            if there and kind not in self.engine.takes:
                raise UsageError(f"this engine takes no {kind}", needed=" or ".join(sorted(self.engine.takes)))
        answer = self.engine.answer(self._encoded, prompts)
        if self.closer and not answer.several:
            answer = self._closer(answer, prompts)
        masks = answer.masks if threshold == 0.5 else answer.above(threshold)
        return Answer(self.cleanup(masks, prompts), answer.scores, answer.logits, answer.several)

    def _closer(self, answer: Answer, prompts: Prompts) -> Answer:
        """The same question to a crop around the best mask, where that is small: only the masks are other ones."""
        crop = _around(answer.masks[0].box(), prompts, self.size)
        if crop is None:
            return answer
        x0, y0, x1, y1 = crop
        shift = np.array([x0, y0], np.float32)
        asked = Prompts.of(
            (y1 - y0, x1 - x0), prompts.points - shift, prompts.point_labels, prompts.boxes - np.tile(shift, 2),
            answer.masks[0].decode(window=crop),
        )  # fmt: skip
        if self._near is None or self._near[0] != crop:
            piece = np.ascontiguousarray(self.image[y0:y1, x0:x1])
            self._near = crop, self._embeddings.get(self.engine, piece)
        near = self.engine.answer(self._near[1], asked)
        return replace(answer, masks=near.masks.paste(self.size, left=x0, top=y0), scores=near.scores)

    # -- the session's own prompts -------------------------------------------------------------------

    def click(self, x: float, y: float, *, on: bool = True) -> Answer:
        """One more point on the object, or with on=False beside it. x, y: in pixels of the image from its top-left
        corner.
        """
        own = self._asked[-1]
        return self._ask(replace(own, points=(*own.points, (x, y)), labels=(*own.labels, int(on))))

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Answer:
        """The object is in this box: left x0, top y0, right x1, bottom y1, in pixels; it replaces the box before."""
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


def _around(box: tuple[int, int, int, int], prompts: Prompts, size: Size) -> tuple[int, int, int, int] | None:
    """A square three times as wide as what is asked about, or None where that is most of the image.

    Its corners are multiples of an eighth of its width, so that further clicks on the object meet the same crop.
    """
    if box[2] <= box[0]:
        return None
    x = np.concatenate([[box[0], box[2]], prompts.points[:, 0], prompts.boxes[:, [0, 2]].ravel()])
    y = np.concatenate([[box[1], box[3]], prompts.points[:, 1], prompts.boxes[:, [1, 3]].ravel()])
    wide = max(float(np.ptp(x)), float(np.ptp(y)), 16.0) * 3
    if wide > 0.5 * max(size):
        return None
    step = 2 ** int(np.ceil(np.log2(wide))) // 8
    out = []
    for low, high, length in ((x.min(), x.max(), size[1]), (y.min(), y.max(), size[0])):
        begin = int(((low + high - wide) / 2) // step * step)
        out.append((max(0, begin), min(length, begin + 8 * step)))
    return (out[0][0], out[1][0], out[0][1], out[1][1])
