"""Splits that have each class, and each size of its objects, on every side in the same share.

Iterative stratification (Sechidis, Tsoumakas, Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011):
what is rarest is dealt out first, each time to the side that lacks most of it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from maskwright.store import View

#: Of the objects of a class: small, middling, large, as many of each.
SIZES = 3

#: A class, and a size of its objects; the size alone is -1 for the class as a whole.
Stratum = tuple[int, int]


def strata(view: View) -> dict[int, frozenset[Stratum]]:
    """What each sample shows, by its number; samples that show nothing are left out.

    Classes that are learned, and of things also which third of its class's areas an object is in.
    """
    samples, kinds, areas, crowds = view.class_areas()
    samples, kinds, areas = samples[~crowds], kinds[~crowds], areas[~crowds]
    things = {class_.id: class_.kind == "thing" for class_ in view.classes if class_.role == "class"}
    found: dict[int, set[Stratum]] = {}
    for kind in np.unique(kinds).tolist():
        if kind not in things:
            continue
        mine = kinds == kind
        own = areas[mine]
        edges = np.quantile(own, np.arange(1, SIZES) / SIZES) if things[kind] else []
        sizes = np.searchsorted(edges, own, side="right").tolist() if things[kind] else [-1] * len(own)
        for number, size in zip(samples[mine].tolist(), sizes, strict=True):
            found.setdefault(number, set()).update({(kind, -1), (kind, size)})
    return {number: frozenset(shown) for number, shown in found.items()}


def dealt(
    groups: Sequence[Sequence[int]], shown: Mapping[int, frozenset[Stratum]], room: Sequence[int]
) -> list[list[int]]:
    """Groups of samples, which stay whole, dealt to as many sides as there are numbers in `room`.

    groups: sample numbers, in random order.  shown: as `strata` gives it.  room: how many samples each side takes; a
    group that fits nowhere goes where most room is left.
    """
    holds: list[dict[Stratum, int]] = []
    owners: dict[Stratum, set[int]] = {}
    for place, group in enumerate(groups):
        counts: dict[Stratum, int] = {}
        for number in group:
            for stratum in shown.get(number, ()):
                counts[stratum] = counts.get(stratum, 0) + 1
        holds.append(counts)
        for stratum in counts:
            owners.setdefault(stratum, set()).add(place)
    left = [float(side) for side in room]
    shares = np.array(room, float) / max(1, sum(room))
    lacks = {
        stratum: (shares * sum(holds[place][stratum] for place in places)).tolist()
        for stratum, places in owners.items()
    }
    out: list[list[int]] = [[] for _ in room]

    def deal(place: int, stratum: Stratum | None) -> None:
        group = groups[place]
        sides = [side for side in range(len(room)) if left[side] >= len(group)] or list(range(len(room)))
        lack = lacks[stratum] if stratum is not None else left
        best = max(sides, key=lambda side: (round(lack[side], 9), left[side]))
        out[best].extend(group)
        left[best] -= len(group)
        for own, number in holds[place].items():
            lacks[own][best] -= number
            owners[own].discard(place)

    while waiting := {stratum: len(places) for stratum, places in owners.items() if places}:
        rarest = min(waiting, key=lambda stratum: (waiting[stratum], stratum))
        for place in sorted(owners[rarest]):
            deal(place, rarest)
    for place, counts in enumerate(holds):
        if not counts:
            deal(place, None)
    return out
