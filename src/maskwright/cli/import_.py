"""maskwright import"""

from typing import Annotated, Any

import typer

from maskwright.cli.output import Author, Json, Options, emit, progress
from maskwright.core import typed


def command(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A label file or folder, in any known format; a video or a stack.")
    ],
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Where the dataset is or will be: folder or URL.")],
    format: Annotated[str | None, typer.Option("--format", "-f", help="The format; recognised when not given.")] = None,
    split: Annotated[str | None, typer.Option(help="Put every sample into this split.")] = None,
    message: Annotated[str | None, typer.Option("--message", "-m", help="What the revision says.")] = None,
    option: Options = None,
    no_hash: Annotated[
        bool, typer.Option("--no-hash", help="Do not read the images for checksums; changed ones are then not found.")
    ] = False,
    sequence: Annotated[
        bool, typer.Option("--sequence", help="A folder of frames without labels, in the order of their names.")
    ] = False,
    every: Annotated[int | None, typer.Option(min=1, help="Of a sequence, each n-th image.")] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Of a sequence, what it is called; the file's or the folder's name when not given."),
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="Of a sequence, for a dataset that is new: names with commas. One class, object.")
    ] = None,
    author: Author = None,
    json: Json = False,
) -> None:
    """Bring labels into a dataset as one revision; a broken file leaves the dataset as it was.

    A video, and a file of many images without labels, is a sequence whose images are samples to label; they stay where
    they are.
    """
    from os.path import isfile

    from maskwright import formats, registry
    from maskwright.core.names import shown_place
    from maskwright.errors import UsageError
    from maskwright.media import remote, sequences
    from maskwright.store import transfer

    file = isfile(source) or remote.is_remote(source)  # noqa: PTH113 - of a name that no file can have, a Path raises
    if sequence or (format is None and file and sequences.is_sequence(source)):
        if format or option:
            raise UsageError("a sequence without labels has no format", todo="Leave --format and --option out.")
        _import_sequence(source, dataset, name, every or 1, classes, split, message, not no_hash, author, json)
        return
    if (every, classes, name) != (None, None, None):
        raise UsageError(
            "labels come whole, with the classes and names they have", todo="Leave --every, --classes and --name out."
        )
    name = registry.canonical(format) if format else formats.sniff(source)
    reading = formats.read(source, name, **typed.pairs(option or ()))
    with progress(f"importing {name}", reading.total, quiet=json) as follow:
        result: dict[str, Any] = transfer.import_samples(
            dataset, reading.classes, follow(reading.samples), message or f"import {name} from {shown_place(source)}",
            author=author, split=split, hash_images=not no_hash,
        )  # fmt: skip
    notes = [*reading.notes, *result["notes"]]
    columns = [column.to_json() for column in result["columns"]]
    result |= {"format": name, "notes": notes, "columns": columns}
    lines = [f"note: {note}" for note in notes]
    lines.append(
        f"imported {result['samples']} samples with {result['segments']} segments of {result['classes']} classes "
        f"as revision {result['revision']} of {dataset}"
    )
    emit(result, lines, json)


def _import_sequence(
    source: str, dataset: str, name: str | None, every: int, classes: str | None, split: str | None,
    message: str | None, hashing: bool, author: str | None, json: bool,
) -> None:  # fmt: skip
    from maskwright.core.classes import Classes
    from maskwright.core.names import shown_place
    from maskwright.media import sequences
    from maskwright.store import Dataset, checks, sequence_samples, transfer
    from maskwright.store.folder import named_classes

    if name is not None:
        checks.key(name)
    found = sequences.find(source, every=every)
    there = Dataset.exists(dataset)
    declared = sequence_samples.sequence_of(found, name)
    samples = sequence_samples.samples_of(found, name, split=split)
    with progress(f"importing {found.name}", len(found.images), quiet=json) as follow:
        result: dict[str, Any] = transfer.import_samples(
            dataset, Classes(()) if there else named_classes(classes), follow(samples),
            message or f"import {shown_place(source)}", author=author, hash_images=hashing,
            columns=[sequence_samples.TIME] if found.times else [], sequences=[declared],
        )  # fmt: skip
    notes = [*found.notes, *result["notes"], *(["the dataset has classes of its own"] if there and classes else [])]
    columns = [column.to_json() for column in result["columns"]]
    result |= {"sequence": declared.to_json(), "notes": notes, "columns": columns}
    lines = [f"note: {note}" for note in notes]
    number = f"{result['samples']} image{'s' * (result['samples'] != 1)}"
    lines.append(f"imported {number} as the sequence {declared.name!r}, revision {result['revision']} of {dataset}")
    emit(result, lines, json)
