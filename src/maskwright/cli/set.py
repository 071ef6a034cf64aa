"""maskwright set"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskwright.cli.output import Author, DatasetPlace, Json, emit, table

if TYPE_CHECKING:
    from maskwright.store import SegmentsChange


def command(
    dataset: DatasetPlace,
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="COLUMN=VALUE…", help="What they get; nothing behind = takes a value away."),
    ] = None,
    where: Annotated[str | None, typer.Option(help="Only samples for which this holds; needed, or --all.")] = None,
    all: Annotated[bool, typer.Option("--all", help="All samples.")] = False,
    segments: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITION",
            help="Instead: of those samples the segments for which this holds, such as \"class = 'car' and area < 9\"; "
            "class=NAME gives them a class.",
        ),
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Instead of values: take segments away; samples without --segments.")
    ] = False,
    accept: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Instead of values: make what this run predicted labels; its id, or last."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="With --accept: in place of the labels.")] = False,
    class_: Annotated[
        list[str] | None, typer.Option("--class", metavar="NAME", help="With --accept: only of this class; repeatable.")
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(min=0, max=1, help="With --accept: only of at least this score.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE.csv", help="Instead: a row a sample, a column a value."),
    ] = None,
    key: Annotated[str | None, typer.Option(help="With --from: its column that names the samples; the first.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell how many would change, and the first ten.")
    ] = False,
    message: Annotated[str | None, typer.Option(help="What the revision says; what was done when not given.")] = None,
    author: Author = None,
    json: Json = False,
) -> None:
    """Change many samples or segments at once, as one revision: values, those of a CSV file, predictions as labels."""
    from maskwright.cli.opening import open_dataset
    from maskwright.core.names import shown
    from maskwright.errors import UsageError
    from maskwright.store.bulk import read_values

    others = values or all or where is not None or segments is not None or delete or accept is not None or message
    if source is not None and others:
        raise UsageError("a file says which samples get what", todo="Leave out values and all other choices.")
    if accept is None and (replace or class_ or min_score is not None):
        raise UsageError("--replace, --class and --min-score are about predictions", needed="--accept RUN")
    if accept is not None and (values or delete or segments is not None):
        raise UsageError("predictions are accepted as they are", todo="Leave out values, --segments and --delete.")
    if key is not None and source is None:
        raise UsageError("--key is about a file", needed="--from FILE.csv")
    if delete and values:
        raise UsageError("what is deleted gets no values", needed="values, or --delete")
    if source is None and not values and not delete and accept is None:
        raise UsageError("there is nothing to set", needed="COLUMN=VALUE, --delete, --accept RUN, or --from FILE.csv")
    if source is None and where is not None and (all or not where.strip()):
        wrong = "both --where and --all are given" if all else "the condition is empty"
        raise UsageError(wrong, needed="--where CONDITION, or --all for all samples")
    if source is None and where is None and not all:
        raise UsageError("it is not said which samples", needed="--where CONDITION, or --all for all samples")
    told: Mapping[str, Any] = {"dry_run": dry_run, "author": author, "message": message}
    with open_dataset(dataset, quiet=json) as opened:
        if segments is not None or delete or accept is not None:
            from maskwright.store import bulk_segments

            # What is said of all samples is meant: nothing is deleted by an oversight.
            chosen = where or ("key is not null" if delete and not segments else "")
            if accept is not None:
                from maskwright.labelling import accept_run

                only: Mapping[str, Any] = {"replace": replace, "classes": class_ or None, "least_score": min_score}
                objects = accept_run(opened, accept, chosen, **only, **told)
            elif not delete:
                given = bulk_segments.read_values(opened.columns, values or ())
                objects = opened.set_segments_where(chosen, segments or "", given, **told)
            elif segments is not None:
                objects = opened.remove_segments_where(chosen, segments, **told)
            else:
                objects = opened.remove_where(chosen, **told)
            _tell(objects, None if dry_run else opened.revision, json)
            return
        if source is not None:
            found = opened.set_from(source, key=key, dry_run=dry_run, author=author)
        else:
            found = opened.set_where(where or "", read_values(opened.columns, values or ()), **told)
        revision = opened.revision
    result = {
        "matched": found.matched, "changed": found.changed, "revision": None if dry_run else revision,
        "first": [{"key": row.key, "before": dict(row.before), "after": dict(row.after)} for row in found.first],
    }  # fmt: skip
    rows = [
        (shown(row.key), name, str(row.before[name]), str(value))
        for row in found.first for name, value in row.after.items() if row.before[name] != value
    ]  # fmt: skip
    line = f"{found.changed} of the {found.matched} samples that were meant {'would change' if dry_run else 'changed'}"
    lines = [*(table(rows, ("sample", "column", "before", "after")) if dry_run else ()), line]
    emit(result, lines, json)


def _tell(found: "SegmentsChange", revision: int | None, json: bool) -> None:
    """revision: None where nothing was done."""
    from dataclasses import asdict

    from maskwright.core.names import shown
    from maskwright.core.plurals import many

    def said(values: Mapping[str, Any] | None) -> str:
        return ", ".join(f"{name} {value}" for name, value in (values or {}).items()) or "-"

    rows = [
        (shown(row.key), "" if row.segment is None else str(row.segment), said(row.before), said(row.after))
        for row in found.first
    ]
    parts = [
        f"{many(number, 'segment')} {word}"
        for number, word in ((found.added, "added"), (found.changed, "changed"), (found.removed, "removed"))
        if number
    ]
    on = f", on {found.samples} of the {found.matched} samples that were meant"
    lines = [*(table(rows, ("sample", "segment", "before", "after")) if revision is None and rows else ())]
    would = "would be: " if revision is None and parts else ""
    most = "at most " if found.at_most and revision is None and parts else ""
    lines.append(f"{would}{most}{', '.join(parts) or 'nothing changes'}{on}")
    emit({**asdict(found), "revision": revision}, lines, json)
