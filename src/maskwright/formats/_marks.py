"""How far reading came, so that another process can go on there: which items were read, and what was counted meanwhile.

A reader that makes its samples of items by `Aside.samples` tells with them what else it remembers, as `state`; then
what was read is passed over when it is gone on with.  Of a reader that does not, everything is read again, and only
what is dear behind it is not done twice.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from maskwright.errors import FormatError
from maskwright.formats._plausible import Tally


class State(Protocol):
    """What a reader remembers of the samples that it made."""

    def told(self) -> Any:
        """JSON-safe."""

    def restore(self, told: Any) -> None:
        """Be as it was when `told` said this."""


class Nothing:
    """Of readers whose samples do not depend on each other, and that count nothing."""

    def told(self) -> Any:
        return None

    def restore(self, told: Any) -> None:
        """There is nothing."""


@dataclass
class Several:
    """Several together."""

    states: Sequence[State]

    def told(self) -> Any:
        return [state.told() for state in self.states]

    def restore(self, told: Any) -> None:
        for state, said in zip(self.states, told, strict=True):
            state.restore(said)


@dataclass
class Counts:
    """Counters by words."""

    counters: list[Counter[str]]

    def told(self) -> Any:
        return [dict(counter) for counter in self.counters]

    def restore(self, told: Any) -> None:
        for counter, said in zip(self.counters, told, strict=True):
            counter.clear()
            counter.update(said)


@dataclass
class Parts:
    """Attributes of objects, each a plain value or a `Tally`."""

    objects: list[Any]
    names: tuple[str, ...]

    def told(self) -> Any:
        return [[_plain(getattr(held, name)) for name in self.names] for held in self.objects]

    def restore(self, told: Any) -> None:
        for held, values in zip(self.objects, told, strict=True):
            for name, value in zip(self.names, values, strict=True):
                setattr(held, name, _as(getattr(held, name), value))


def _plain(value: Any) -> Any:
    return [value.number, value.examples] if isinstance(value, Tally) else value


def _as(before: Any, value: Any) -> Any:
    return Tally(value[0], list(value[1])) if isinstance(before, Tally) else value


@dataclass
class Call:
    """One call of `Aside.samples`. items: that were gone through.  samples: that it gave.  state: None of a reader that
    does not say what it remembers.
    """

    state: State | None
    items: int = 0
    samples: int = 0


@dataclass
class Marks:
    """All calls of a reading, in their order. known: what an earlier reading said of them, which are passed over."""

    calls: list[Call] = field(default_factory=list)
    known: list[Any] = field(default_factory=list)

    def begin(self, state: State | None) -> Call:
        call = Call(state)
        self.calls.append(call)
        return call

    def told(self, samples: int) -> list[Any] | None:
        """JSON-safe; None where what was read has to be read again. samples: that came of the reader altogether."""
        if sum(call.samples for call in self.calls) != samples:
            return None
        told = []
        for call in self.calls:
            if call.state is None:
                return None
            told.append([call.items, call.samples, call.state.told()])
        return told

    def passed(self, call: Call, item: Callable[[], Any]) -> bool:
        """Pass over what an earlier reading has read -> whether there was anything. item: the next one, or END."""
        place = len(self.calls) - 1
        if place >= len(self.known) or call.state is None:
            return False
        items, call.samples, state = self.known[place]
        call.state.restore(state)
        for _ in range(items):
            if item() is END:
                raise FormatError("holds less than when its import began", todo=_AGAIN)
            call.items += 1
        return True


_AGAIN = "Take what was imported of it back, with --take-back, and import it again."

#: Behind the last item.
END = object()
