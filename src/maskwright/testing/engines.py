"""What every engine of interactive segmentation promises."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest

from maskwright.core.arrays import U8, Bool
from maskwright.interactive import Answer, Session, engines
from maskwright.interactive.engines import Engine

#: What an engine may say that it takes.
KINDS = frozenset({"points", "boxes", "mask", "text"})


def disc(size: tuple[int, int] = (90, 120)) -> tuple[U8, Bool]:
    """(H, W, 3) uint8 of a bright disc on dark ground, both a little noisy, and (H, W) bool of the disc."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    inside = np.hypot(y - 45, x - 50) < 22
    noise = np.random.default_rng(0).normal(0, 4, (*size, 3))
    image = np.where(inside[..., None], (230, 190, 60), (30, 50, 80)) + noise
    return image.clip(0, 255).astype(np.uint8), inside


class EngineContract:
    """An engine, as sessions, the studio and `maskwright segment` take it.

    name: the engine's.  options: what it is loaded with, such as small weights.  least: the IoU with an easy object
    that one click in its middle has to reach; 0 for an engine whose weights have learned nothing.
    """

    name: str
    options: ClassVar[Mapping[str, Any]] = {}
    least = 0.8

    @pytest.fixture
    def engine(self) -> Engine:
        return engines.build(self.name, **self.options)

    def asked(self, engine: Engine, session: Session) -> list[Answer]:
        """An answer to each kind of prompt that needs no words."""
        _, inside = disc()
        prompts: dict[str, Any] = {"points": [(50, 45)], "boxes": [(28, 23, 72, 67)], "mask": inside}
        return [session.predict(**{kind: given}) for kind, given in prompts.items() if kind in engine.takes]

    def test_it_says_what_it_takes_and_under_which_name_it_may_be_kept(self, engine: Engine) -> None:
        assert engine.takes
        assert engine.takes <= KINDS
        assert engine.key is None or (isinstance(engine.key, str) and engine.key)

    def test_what_is_kept_is_arrays_and_the_image_stays_as_it_was(self, engine: Engine) -> None:
        image, _ = disc()
        before = image.copy()
        encoded = engine.encode(image)
        assert np.array_equal(image, before)
        if engine.key is not None:
            assert isinstance(encoded, dict)
            assert all(isinstance(name, str) for name in encoded)
            assert all(isinstance(part, np.ndarray) and part.dtype != object for part in encoded.values())

    @pytest.mark.parametrize("size", [(90, 120), (41, 33)])
    def test_masks_have_the_size_of_the_image_and_the_best_is_first(
        self, engine: Engine, size: tuple[int, int]
    ) -> None:
        image, _ = disc(size)
        session = Session(image, engine)
        kinds = {"points": [(20, 20)], "boxes": [(5, 5, 30, 30)]}
        for kind, given in kinds.items():
            if kind not in engine.takes:
                continue
            answer = session.predict(**{kind: given})  # type: ignore[arg-type]
            assert answer.masks.size == size
            assert len(answer.masks) == len(answer.scores) == len(answer.logits) > 0
            assert answer.scores[0] == max(answer.scores)

    def test_the_same_question_has_the_same_answer(self, engine: Engine) -> None:
        session = Session(disc()[0], engine)
        for first, second in zip(self.asked(engine, session), self.asked(engine, session), strict=True):
            assert first.masks == second.masks
            assert np.array_equal(first.scores, second.scores)

    def test_a_click_finds_what_is_clicked(self, engine: Engine) -> None:
        image, inside = disc()
        if "points" not in engine.takes:
            return
        found = Session(image, engine).predict([(50, 45)]).masks[0].decode()
        overlap = (found & inside).sum() / max(1, (found | inside).sum())
        assert overlap >= self.least
