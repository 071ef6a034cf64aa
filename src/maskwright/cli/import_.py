"""maskwright import"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskwright.cli.class_choices import Drop, Map, Merge, Only, choice
from maskwright.cli.going_on import keep_of, words_of
from maskwright.cli.going_on import take_back as undo
from maskwright.cli.output import (
    Author,
    BrokenList,
    Force,
    Json,
    Options,
    SkipUnreadable,
    broken_file,
    broken_lines,
    emit,
    plausibility,
    progress,
    write_broken,
)
from maskwright.core import typed
from maskwright.core.plurals import many

if TYPE_CHECKING:
    from maskwright.formats import Candidate

TakeBack = Annotated[
    bool,
    typer.Option("--take-back", help="Undo an import that was interrupted; SOURCE is the dataset, nothing is read."),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Show what would be read, why, and what it holds; all is read, nothing written."),
]


def command(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="Labels in any known format: a folder, a file, an archive; images, a video, a stack."
        ),
    ],
    dataset: Annotated[
        str | None,
        typer.Argument(metavar="DATASET", help="Where the dataset is or will be: folder or URL. --dry-run needs none."),
    ] = None,
    format: Annotated[str | None, typer.Option("--format", "-f", help="The format; recognised when not given.")] = None,
    split: Annotated[str | None, typer.Option(help="Put every sample into this split.")] = None,
    message: Annotated[str | None, typer.Option("--message", "-m", help="What the revision says.")] = None,
    option: Options = None,
    dry_run: DryRun = False,
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
        str | None,
        typer.Option(help="Of images without labels in a new dataset: names with commas. One class, object."),
    ] = None,
    mapped: Map = None,
    only: Only = None,
    drop: Drop = None,
    merge: Merge = False,
    skip_broken: SkipUnreadable = False,
    broken_list: BrokenList = None,
    force: Force = False,
    take_back: TakeBack = False,
    author: Author = None,
    json: Json = False,
) -> None:
    """Bring labels into a dataset as one revision; a broken file leaves the dataset as it was.

    What was read is kept while an import goes on: where it is killed, the same command goes on with it.

    What is read, where and why, and what is left out is printed; --dry-run shows it beforehand. Images without labels
    become samples to label.

    With --skip-broken what cannot be read is left out instead, an object alone where its image can be read without it;
    every image is read whole for that, which takes longer.

    What is implausible about them is reported; something grave, such as most images missing, ends this before anything
    is brought in.

    A video, and a file of many images without labels, is a sequence whose images are samples to label; they stay where
    they are.
    """
    from dataclasses import asdict
    from os.path import isfile
    from pathlib import Path

    from maskwright import formats
    from maskwright.cli.dry_run import chosen_lines, show
    from maskwright.core.classes import Classes
    from maskwright.core.names import shown_place
    from maskwright.errors import UsageError
    from maskwright.media import remote, sequences
    from maskwright.store import transfer

    if take_back:
        if dataset is not None:
            raise UsageError("--take-back takes one place", needed="maskwright import DATASET --take-back")
        undo(source, json)
        return
    if dataset is None and not dry_run:
        raise UsageError("DATASET is missing", todo="Name the dataset's folder, or look first with --dry-run.")
    file = isfile(source) or remote.is_remote(source)  # noqa: PTH113 - of a name that no file can have, a Path raises
    if sequence or (format is None and file and sequences.is_sequence(source)):
        if format or option:
            raise UsageError("a sequence without labels has no format", todo="Leave --format and --option out.")
        if skip_broken or broken_list:
            raise UsageError("a sequence without labels has no broken ones", todo="Leave --skip-broken out.")
        if mapped or only or drop or merge:
            raise UsageError(
                "a sequence has no labels to choose from", todo="Leave --map, --only, --drop and --merge out."
            )
        target = None if dry_run else dataset
        _import_sequence(source, target, name, every or 1, classes, split, message, not no_hash, author, json)
        return
    wanted = choice(mapped, only, drop)
    listed = broken_file(broken_list, skip=skip_broken)
    candidates = _candidates(source, json, dry_run) if format is None else []
    options: dict[str, Any] = dict(typed.pairs(option or ()))
    unlabelled = (candidates[0].format if candidates else format) == "unlabelled"
    if (every, name) != (None, None) or (classes is not None and not unlabelled):
        raise UsageError(
            "labels come whole, with the classes and names they have", todo="Leave --every, --classes and --name out."
        )
    if classes is not None:
        options["classes"] = classes
    place = candidates[0] if candidates else source
    if dataset is None or dry_run:
        reading = formats.read(place, format, skip_broken=skip_broken, **options)
        show(formats.selected(reading, **wanted), candidates, json)
        return
    chosen_way = candidates[0] if candidates else formats.Candidate(format or "", Path(source), 1.0)
    call = {"options": options, "split": split, **wanted, "merge": merge, "skip_broken": skip_broken}
    words = words_of([
        ("-f", format), ("--split", split), ("-o", option), ("--no-hash", no_hash), ("--classes", classes),
        ("--map", mapped), ("--only", only), ("--drop", drop), ("--merge", merge), ("--skip-broken", skip_broken),
        ("--broken-list", broken_list), ("--force", force), ("-m", message), ("--author", author),
    ])  # fmt: skip
    its_own = unlabelled and _is_finished(dataset)  # images without labels say nothing of a dataset's classes
    with keep_of(source, dataset, chosen_way, call, words, hashing=not no_hash, quiet=json) as keep:
        reading = formats.read(place, format, skip_broken=skip_broken, keep=keep, **options)
        reading = formats.selected(reading, **wanted)
        chosen = None if reading.chosen is None else reading.chosen.to_json()
        name = "" if chosen is None else chosen["format"]
        samples = keep.read(reading.samples if force else reading.plausible(file=source))
        with progress(f"importing {name}", reading.total, quiet=json) as follow:
            result: dict[str, Any] = transfer.import_samples(
                dataset, Classes(()) if its_own else reading.classes, follow(samples),
                message or f"import {name} from {shown_place(source)}", author=author, split=split,
                hash_images=not no_hash, about=reading.about, merge=merge, tray=keep.tray,
            )  # fmt: skip
    notes = [*reading.notes, *result["notes"]]
    if its_own and classes:
        notes.append("the dataset has classes of its own")
    columns = [column.to_json() for column in result["columns"]]
    list_file = write_broken(reading.broken, listed, f"{dataset}.{result['revision']}") if skip_broken else None
    findings = [asdict(finding) for finding in reading.findings]
    result |= {"format": name, "chosen": chosen, "notes": notes, "findings": findings, "columns": columns}
    result |= {"broken": [asdict(record) for record in reading.broken], "broken_list": list_file}
    lines = [*chosen_lines(chosen), *plausibility(notes, reading.findings), *broken_lines(reading.broken, list_file)]
    lines.append(
        f"imported {many(result['samples'], 'sample')} with {many(result['segments'], 'segment')} of "
        f"{many(result['classes'], 'class')} as revision {result['revision']} of {dataset}"
    )
    emit(result, lines, json)


def _is_finished(dataset: str) -> bool:
    """Whether a dataset is there, and was not begun by an import that is unfinished."""
    from maskwright.store import Dataset, tray

    return Dataset.exists(dataset) and not ((known := tray.unfinished(dataset)) is not None and known.new)


def _candidates(source: str, json: bool, dry_run: bool) -> "list[Candidate]":
    """All ways to read a place, the one that is chosen first; a dry run shows them where none can be chosen."""
    from maskwright import formats
    from maskwright.cli.dry_run import show_candidates
    from maskwright.errors import FormatError

    try:
        best = formats.choose(source)
    except FormatError:
        if dry_run:
            show_candidates(formats.find(source), json)
        raise
    return [best, *(way for way in formats.find(source) if way != best)] if dry_run else [best]


def _import_sequence(
    source: str, dataset: str | None, name: str | None, every: int, classes: str | None, split: str | None,
    message: str | None, hashing: bool, author: str | None, json: bool,
) -> None:  # fmt: skip
    from maskwright.cli.dry_run import show_sequence
    from maskwright.core.classes import Classes
    from maskwright.core.names import shown_place
    from maskwright.media import sequences
    from maskwright.store import Dataset, checks, sequence_samples, transfer
    from maskwright.store.folder import named_classes

    if name is not None:
        checks.key(name)
    found = sequences.find(source, every=every)
    if dataset is None:
        show_sequence(found, json)
        return
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
    images = many(result["samples"], "image")
    lines.append(f"imported {images} as the sequence {declared.name!r}, revision {result['revision']} of {dataset}")
    emit(result, lines, json)
