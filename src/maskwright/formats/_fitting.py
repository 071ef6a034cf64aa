"""Good keys, and labels on images as shown; what was changed, and what is implausible, is told behind the samples."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from maskwright.core.sample import Sample
from maskwright.errors import FormatError
from maskwright.formats._aside import Aside
from maskwright.formats._contract import Reading
from maskwright.formats._keys import Incoming
from maskwright.formats._laying import Laying
from maskwright.formats._plausible import Noted, Watch

if TYPE_CHECKING:
    from maskwright.formats._keeping import Keep


class Fitted(NamedTuple):
    """A sample as it goes into a dataset. original: the key that its file gave it.  is_there, fits: as of `Laying`."""

    sample: Sample
    original: str
    is_there: bool
    fits: bool


@dataclass
class Fitting:
    """come: samples as their reader gives them.  reading: what is told of them.  path: of the set, for errors.

    watch: what looks at them, None where nobody asked.  keep: where they are kept meanwhile; those that come from there
    are what is looked at.
    """

    come: Iterator[Sample]
    reading: Reading
    path: str | Path
    laying: Laying
    watch: Watch | None
    aside: Aside
    keep: "Keep | None" = None
    keys: Incoming = field(default_factory=Incoming)

    def samples(self) -> Iterator[Sample]:
        """All of them, once."""
        fitted: Iterable[Fitted] = self._fitted()
        if self.keep is not None:
            self.keep.total = self.reading.total
            name = "" if self.reading.chosen is None else self.reading.chosen.format
            fitted = self.keep.through(f"reading {name}", fitted, self)
        try:
            for sample, _, is_there, fits in fitted:
                if self.watch is not None:
                    self.watch.see(sample, is_there=is_there, fits=fits)
                yield sample
        except FormatError as error:
            raise error.at(file=self.path) from error.__cause__
        self._tell()

    def _fitted(self) -> Iterator[Fitted]:
        for sample in self.come:
            laid = self.laying.lay(sample)
            fitted = self.keys.fit(laid)
            yield Fitted(fitted, self.keys.original(fitted.key), self.laying.is_there, self.laying.fits)

    def mark(self, samples: int) -> Any:
        """How far this is, JSON-safe. samples: that came."""
        said = {"reader": self.aside.mark(samples), "laying": self.laying.told(), "keys": self.keys.told()}
        return json.loads(json.dumps(said))  # which goes on being told of later samples

    def go_on(self, mark: Any, keys: Iterable[tuple[str, str]]) -> bool:
        """Be as it was then -> False where all has to come again. keys: of the samples that came, with the original."""
        if mark["reader"] is None:
            return False
        self.laying.restore(mark["laying"])
        self.keys.restore(mark["keys"], keys)
        return True

    def _tell(self) -> None:
        reading, laying = self.reading, self.laying
        if self.watch is not None:
            reading.findings.extend(self.watch.findings(reading.notes))
        told = {note for note in reading.notes if isinstance(note, Noted)}
        texts = [finding.text for finding in reading.findings if finding.text not in told]
        reading.notes.extend(self.keys.notes() + laying.notes() + texts)
