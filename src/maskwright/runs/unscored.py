"""Classes without a score of their own: what nobody showed, to the network or to the judge, says nothing of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from maskwright.core.classes import Classes
from maskwright.errors import UsageError
from maskwright.runs.record import find
from maskwright.store import View

NOT_SHOWN = "no image that is scored shows it"
NOT_LEARNED = "no training image shows it"
ALONE = "it is the only class, so that no pixel can be of another"

#: Classes that are named in a sentence.
NAMED = 6


def shown_by(view: View, numbers: Iterable[int]) -> set[int]:
    """Ids of the classes that some of the samples show, crowd regions included. numbers: the samples'."""
    return shown_by_each(view, [numbers])[0]


def shown_by_each(view: View, sides: Sequence[Iterable[int]]) -> list[set[int]]:
    """The same of several lists of samples. sides: their numbers."""
    samples, kinds, _, _ = view.class_areas()
    inside = [np.isin(samples, np.fromiter(numbers, np.int64)) for numbers in sides]
    return [set(np.unique(kinds[own]).tolist()) for own in inside]


def unscored(classes: Classes, scored: set[int], learned: set[int] | None = None) -> dict[str, str]:
    """Name -> reason, of the classes that are learned.

    scored: ids of those that the truth shows.  learned: of those that a training image showed; None for all.
    A class of stuff beside which there is neither another class nor a background is right wherever it is said.
    """
    out = {}
    own = [class_ for class_ in classes if class_.role == "class"]
    alone = len(own) == 1 and own[0].kind == "stuff" and classes.background is None
    for class_ in own:
        if alone:
            out[class_.name] = ALONE
        elif learned is not None and class_.id not in learned:
            out[class_.name] = NOT_LEARNED
        elif class_.id not in scored:
            out[class_.name] = NOT_SHOWN
    return out


def never_learned(view: View, record: Mapping[str, Any]) -> set[str]:
    """Names of the classes that the network of a run never saw, as its training says. record: of a run."""
    if record["kind"] == "predict":
        networks = record["settings"].get("networks") or ()
        found = [_unlearned(view, network) for network in networks]
        known = [names for names in found if names is not None]
        return set.intersection(*known) if known and len(known) == len(found) else set()
    told = record["scores"].get("unscored") or {}
    return {name for name, reason in told.items() if reason == NOT_LEARNED}


def _unlearned(view: View, network: Mapping[str, Any]) -> set[str] | None:
    """Of one that predicted: as its file said, or its training; None where neither is known."""
    if isinstance(network.get("unlearned"), list):
        return set(map(str, network["unlearned"]))
    other = _known(view, str(network.get("model")))
    return None if other is None else never_learned(view, other)


def _known(view: View, name: str) -> dict[str, Any] | None:
    try:
        return find(view, name, "train")
    except UsageError:
        return None


def told(found: Mapping[str, str]) -> str | None:
    """One sentence; None where every class has a score. found: as `unscored` gives it."""
    if not found:
        return None
    some = [f"{name!r} ({reason})" for name, reason in list(found.items())[:NAMED]]
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    have = "1 class has no score and enters" if len(found) == 1 else f"{len(found)} classes have no score and enter"
    return f"{have} no mean: {', '.join(some)}{more}"


def left_out(classes: Classes, found: Mapping[str, str]) -> frozenset[int]:
    """Their ids. found: as `unscored` gives it."""
    return frozenset(class_.id for class_ in classes if class_.name in found)
