"""Lines of progress come from time to time, with how many of how many, the rate, and the time left."""

import pytest

from maskwright.core import progress


@pytest.mark.parametrize(
    ("total", "done", "steps", "line"),
    [
        (1000, 0, 100, "reading: 100 of 1,000, 10 a second, 1:30 left"),
        (100_000, 41_500, 20, "reading: 41,520 of 100,000, 2.0 a second, 8:07:20 left"),
        (None, 0, 100, "reading: 100, 10 a second"),
        (50, 0, 100, "reading: 100 of 50, 10 a second"),
    ],
)
def test_a_line(total, done, steps, line, monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    pace = progress.Pace("reading", total, done)
    lines = []
    for step in range(1, steps + 1):
        now[0] = progress.EVERY * step / steps
        lines.append(pace.line())
    assert lines == [None] * (steps - 1) + [line]
