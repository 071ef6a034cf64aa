"""maskwright import"""

from typing import Annotated, Any

import typer

from maskwright.cli.output import Author, Json, Options, emit, progress
from maskwright.core import typed


def command(
    source: Annotated[str, typer.Argument(metavar="LABELS", help="A label file or folder, in any known format.")],
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Where the dataset is or will be: folder or URL.")],
    format: Annotated[str | None, typer.Option("--format", "-f", help="The format; recognised when not given.")] = None,
    split: Annotated[str | None, typer.Option(help="Put every sample into this split.")] = None,
    message: Annotated[str | None, typer.Option("--message", "-m", help="What the revision says.")] = None,
    option: Options = None,
    no_hash: Annotated[
        bool, typer.Option("--no-hash", help="Do not read the images for checksums; changed ones are then not found.")
    ] = False,
    author: Author = None,
    json: Json = False,
) -> None:
    """Bring labels into a dataset as one revision; a broken file leaves the dataset as it was."""
    from maskwright import formats, registry
    from maskwright.core.names import shown_place
    from maskwright.store import transfer

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
