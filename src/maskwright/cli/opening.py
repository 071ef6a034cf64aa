"""How verbs open a dataset: labels and images in its place are imported once, and what was done is said."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from maskwright.cli.output import progress, say

if TYPE_CHECKING:
    from pathlib import Path

    from maskwright.store import Dataset


def open_dataset(place: str, *, quiet: bool = False, read_only: bool = False) -> "Dataset":
    """The dataset at a place, as `formats.open_dataset`; sentences go to standard error. quiet: without a bar."""
    from maskwright.store import Dataset

    opened = Dataset.open(dataset_of(place, quiet=quiet), read_only=read_only)
    say_unfinished(opened, place)
    return opened


def say_unfinished(dataset: "Dataset", place: str) -> None:
    """A note of an import into the dataset that was interrupted, or is going on."""
    if (known := dataset.unfinished) is not None:
        say(f"note: {known.told(place)}, and nothing of it is in the dataset. {known.todo(place)}", err=True)


def dataset_of(place: str, *, quiet: bool = False) -> "str | Path":
    """Where it is."""
    from maskwright import formats

    def follow(what: str, total: int | None, samples: Iterable[Any]) -> Iterator[Any]:
        with progress(what, total, quiet=quiet) as bar:
            yield from bar(samples)

    return formats.dataset_of(place, tell=lambda sentence: say(sentence, err=True), follow=follow)
