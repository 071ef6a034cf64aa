"""Whether gray values are soft edges: what scaling and blurring leave between the levels that were drawn."""

from dataclasses import dataclass, field

import numpy as np

from maskwright.core.arrays import I64, Array, Bool

#: What is so near to black or white is that, in an image with soft edges.
DARK, BRIGHT = 16, 239
#: How many pixels a soft edge is at most away from black and from white, in a row and in a column.
_REACH = 2
#: From so many gray values between black and white on, edges may be soft: one more value may be a class.
_FEWEST = 2
#: One in so many gray pixels may lie elsewhere, as in thin places that nowhere are white.
_ELSEWHERE = 10
#: How many values on steps between others are an edge's, and which part of a value's pixels has to lie so.
_STEPS, _MOSTLY = 4, 0.8


@dataclass
class Softness:
    """What the gray label maps of a set say of their edges. (256,) pixels of each value each.

    every: all.  between: gray ones that lie near black and near white.  stepped: with a darker and a brighter pixel
    at their sides.  flat: that are the middle of 3 x 3 pixels of one value.
    """

    every: I64 = field(default_factory=lambda: np.zeros(256, np.int64))
    between: I64 = field(default_factory=lambda: np.zeros(256, np.int64))
    stepped: I64 = field(default_factory=lambda: np.zeros(256, np.int64))
    flat: I64 = field(default_factory=lambda: np.zeros(256, np.int64))

    def look(self, values: Array, codes: list[int], counts: I64) -> None:
        """At one label map, (H, W) of 0 … 255. codes, counts: its values, ascending, and how many pixels have each."""
        self.every[codes] += counts
        if codes[0] > DARK or codes[-1] < BRIGHT or all(code <= DARK or code >= BRIGHT for code in codes):
            return
        values = values.astype(np.uint8)
        dark, bright = values <= DARK, values >= BRIGHT
        gray = ~(dark | bright)
        self.between += _counted(values, gray & _near(dark) & _near(bright))
        self.stepped += _counted(values, gray & _stepped(values))
        middle = values[1:-1, 1:-1]
        self.flat += _counted(middle, _flat(values))

    @property
    def is_black_and_white(self) -> bool:
        """Whether gray lies nearly everywhere between black and white, and is nowhere a place of its own."""
        gray = np.arange(DARK + 1, BRIGHT)
        total, between = self.every[gray].sum(), self.between[gray].sum()
        places = np.flatnonzero(self.flat)
        return bool(
            np.count_nonzero(self.every[gray]) >= _FEWEST
            and _ELSEWHERE * (total - between) <= total
            and (places <= DARK).sum() <= 1
            and (places >= BRIGHT).sum() <= 1
            and not ((places > DARK) & (places < BRIGHT)).any()
        )

    @property
    def is_soft(self) -> bool:
        """Whether most of the values lie on steps between others."""
        stepped = (self.flat == 0) & (self.stepped > 0) & (self.stepped >= _MOSTLY * self.every)
        number = int(stepped.sum())
        return number >= _STEPS and 2 * number > int(np.count_nonzero(self.every))


def _counted(values: Array, where: Bool) -> I64:
    return np.bincount(values[where], minlength=256)


def _near(mask: Bool) -> Bool:
    """Pixels at most `_REACH` rows and columns from the mask."""
    for _ in range(_REACH):
        wide = mask.copy()
        wide[1:] |= mask[:-1]
        wide[:-1] |= mask[1:]
        mask = wide.copy()
        mask[:, 1:] |= wide[:, :-1]
        mask[:, :-1] |= wide[:, 1:]
    return mask


def _stepped(values: Array) -> Bool:
    """Pixels with a darker and with a brighter one among the four at their sides."""
    least, most = values.copy(), values.copy()
    for here, there in (
        (np.s_[1:], np.s_[:-1]), (np.s_[:-1], np.s_[1:]), (np.s_[:, 1:], np.s_[:, :-1]), (np.s_[:, :-1], np.s_[:, 1:]),
    ):  # fmt: skip
        np.minimum(least[here], values[there], out=least[here])
        np.maximum(most[here], values[there], out=most[here])
    found: Bool = (least < values) & (values < most)
    return found


def _flat(values: Array) -> Bool:
    """(H - 2, W - 2) pixels whose eight neighbours have their value."""
    middle = values[:, 1:-1]
    row = (values[:, :-2] == middle) & (middle == values[:, 2:])
    column = (middle[:-2] == middle[1:-1]) & (middle[1:-1] == middle[2:])
    found: Bool = row[:-2] & row[1:-1] & row[2:] & column
    return found
