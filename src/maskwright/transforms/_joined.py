"""Parts of several windows in one: which segments there are then, and what covers what."""

from collections.abc import Sequence

import numpy as np

from maskwright.core import columns
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments


def without(segments: Segments, hidden: Masks) -> Segments:
    """What is not hidden; rows of which nothing is left vanish. hidden: one mask."""
    masks = segments.masks - hidden[np.zeros(len(segments), np.int64)]
    seen = segments.with_masks(masks)
    return seen[masks.areas() > 0]


def on_top(below: Segments, others: Sequence[Segments]) -> Segments:
    """All rows, later ones on top.

    Those of `below` keep their ids and all that is said of them; others get new ids, and keep class, crowd, score and
    source.
    """
    number = sum(map(len, others))
    first = int(below.ids.max(initial=0)) + 1
    return Segments(
        Masks.concatenate([below.masks, *(part.masks for part in others)], below.size),
        np.concatenate([below.class_ids, *(part.class_ids for part in others)]),
        ids=np.concatenate([below.ids, np.arange(first, first + number)]),
        scores=np.concatenate([below.scores, *(part.scores for part in others)]),
        is_crowd=np.concatenate([below.is_crowd, *(part.is_crowd for part in others)]),
        source=[*below.source, *(source for part in others for source in part.source)],
        attributes=[*below.attributes, *({} for _ in range(number))],
        more={name: [*values, *[_default(name)] * number] for name, values in below.more.items()},
    )


def _default(name: str) -> object:
    found = columns.built_in("segment", name)
    return None if found is None else found.default
