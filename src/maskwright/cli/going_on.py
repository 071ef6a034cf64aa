"""An import that goes on where a killed one was, and one that is taken back."""

import shlex
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from maskwright.cli.output import emit, progress, say

if TYPE_CHECKING:
    from maskwright.formats import Candidate, Keep


def keep_of(
    source: str, dataset: str, chosen: "Candidate", call: dict[str, Any], words: list[str], *, hashing: bool,
    quiet: bool,
) -> "Keep":  # fmt: skip
    """Where an import keeps what it has read.

    call: what has to be the same for an import to go on.  words: of the command line behind SOURCE and DATASET.
    Raises UsageError as `Keep`, where another import is unfinished in the dataset.
    """
    from os.path import abspath, exists

    from maskwright import formats
    from maskwright.core.names import shown_place

    places = [source, str(chosen.path), *map(str, chosen.parts)]
    places += [value for value in call["options"].values() if isinstance(value, str) and exists(value)]  # noqa: PTH110

    def follow(what: str, total: int | None, done: int, samples: Iterable[Any]) -> Iterator[Any]:
        if done:
            say(f"going on with the import of {shown_place(source)}: {done:,} samples are there", err=True)
        with progress(what, total, done=done, quiet=quiet) as bar:
            yield from bar(samples)

    read = {"source": abspath(source), "format": chosen.format, "path": abspath(chosen.path)}  # noqa: PTH100
    return formats.Keep(
        dataset, source=shown_place(source), command=shlex.join(["maskwright", "import", source, dataset, *words]),
        call={**read, "hash": hashing, **call}, states=lambda: formats.states(places, dataset), follow=follow,
        hash_images=hashing, tell=lambda sentence: say(sentence, err=True),
    )  # fmt: skip


def take_back(dataset: str, json: bool) -> None:
    """Undo the unfinished import of a dataset. Raises UsageError where there is none."""
    from maskwright.core.names import shown_place
    from maskwright.store import tray

    known = tray.take_back(dataset)
    what = "the dataset is gone, which it had made" if known.new else "the dataset is as it was"
    line = f"took back the import of {known.source} into {shown_place(dataset)}; {what}"
    emit({"taken_back": known.samples, "source": known.source, "dataset": dataset}, [line], json)


def words_of(values: list[tuple[str, Any]]) -> list[str]:
    """Options as they are written. values: by name; lists are several, False and None are not given."""
    out: list[str] = []
    for name, value in values:
        for item in value if isinstance(value, list) else [value]:
            if item is True:
                out.append(name)
            elif item not in (None, False):
                out += [name, str(item)]
    return out
