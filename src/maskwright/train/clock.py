"""How much of a training is done: by its steps, or by the time that it has."""

import math
import time

from maskwright.train.distributed import Processes
from maskwright.train.settings import Settings

#: The share of a budget that evaluations may take, the last one and the predictions at the end among them.
JUDGING = 0.3

#: What the predictions at the end may take beyond the budget: so many seconds, or this share of it, where that is more.
OVER = 5.0, 0.05

#: Steps between two times at which processes agree on the time.
AGREE = 10


class Clock:
    """The share done of a training: steps over all steps, or the first process's time over what evaluations leave.

    elapsed: seconds before this process began.  total: steps, where the settings give epochs.
    """

    def __init__(self, settings: Settings, total: int, processes: Processes, *, elapsed: float = 0.0) -> None:
        self._processes = processes
        self._total = total
        self._started = time.monotonic() - elapsed
        self.budget = None if settings.minutes is None else 60.0 * settings.minutes
        self._wanted = settings.evaluations
        #: How often the predictions at the end go through all images.
        self._looks = 2 if settings.predict_flip else 1
        self._last = 0.0
        self._pace = 0.0
        self._agreed = -1
        #: Seconds that an evaluation of all samples takes; 0 while it is not known.
        self.judging = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the training began, those of earlier processes among them."""
        return time.monotonic() - self._started

    @property
    def evaluations(self) -> int:
        """How many evaluations there are in all: as many as are wanted, or as fit into their share of the budget."""
        if self.budget is None or not self.judging:
            return self._wanted
        fit = int(JUDGING * self.budget / self.judging) - self._looks
        return max(1, min(self._wanted, fit))

    @property
    def reserved(self) -> float:
        """Seconds of the budget that are kept for the last evaluation and the predictions at the end."""
        return 0.0 if self.budget is None else min((1 + self._looks) * self.judging, JUDGING * self.budget)

    def fits(self, each: float, number: int) -> int:
        """How many of so many images an evaluation may take, at least one. each: seconds an image."""
        if self.budget is None or each <= 0:
            return number
        return max(1, min(number, int(JUDGING / 2 * self.budget / each)))

    @property
    def end(self) -> float | None:
        """When predictions at the end have to stop, as `time.monotonic` counts; None where there is no budget.

        Scores over some of the images are worth less than a few seconds: they have `OVER` beyond the budget.
        """
        return None if self.budget is None else self._started + self.budget + max(OVER[0], OVER[1] * self.budget)

    def share(self, step: int) -> float:
        """0 to 1, at a step; the same in all processes."""
        if self.budget is None:
            return step / self._total
        if self._processes.world == 1:
            return self._of_budget()
        # Between two times at which all ask the first, each goes on at the same pace.
        if self._agreed < 0 or step >= self._agreed + AGREE:
            told = self._processes.said_by_first(self._of_budget())
            if self._agreed >= 0:
                self._pace = max(0.0, told - self._last) / (step - self._agreed)
            self._last, self._agreed = told, step
        return self._last + self._pace * (step - self._agreed)

    def ends(self, step: int, in_epoch: int) -> bool:
        """Whether no epoch of so many steps comes after this one, as far as that is known."""
        return self.budget is None and step // in_epoch + 1 >= self._total // in_epoch

    def _of_budget(self) -> float:
        assert self.budget is not None
        return min(1.0, self.elapsed / max(self.budget - self.reserved, 1e-9))

    def forget(self) -> None:
        """Processes ask the first one at the next step: an evaluation came between."""
        self._agreed = -1

    def due(self, share: float, evaluated: int) -> int | None:
        """The number of the evaluation that is due now, or None. evaluated: the number of the last one."""
        number = math.floor(min(share, 1.0) * self.evaluations + 1e-9)
        return number if number > evaluated or share >= 1 else None
