"""maskwright set"""

from typing import Annotated

import typer

from maskwright.cli.output import Author, DatasetPlace, Json, emit, table


def command(
    dataset: DatasetPlace,
    values: Annotated[
        list[str], typer.Argument(metavar="COLUMN=VALUE…", help="What they get; nothing behind = takes a value away.")
    ],
    where: Annotated[str | None, typer.Option(help="Only samples for which this holds; needed, or --all.")] = None,
    all: Annotated[bool, typer.Option("--all", help="All samples.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell how many would change, and the first ten.")
    ] = False,
    author: Author = None,
    json: Json = False,
) -> None:
    """Give many samples the same values, as one revision."""
    from maskwright.core.names import shown
    from maskwright.errors import UsageError
    from maskwright.store import Dataset
    from maskwright.store.bulk import read_values

    if where is not None and (all or not where.strip()):
        wrong = "both --where and --all are given" if all else "the condition is empty"
        raise UsageError(wrong, needed="--where CONDITION, or --all for all samples")
    if where is None and not all:
        raise UsageError("it is not said which samples", needed="--where CONDITION, or --all for all samples")
    with Dataset.open(dataset) as opened:
        given = read_values(opened.columns, values)
        found = opened.set_where(where or "", given, dry_run=dry_run, author=author)
        revision = opened.revision
    result = {
        "matched": found.matched, "changed": found.changed, "revision": None if dry_run else revision,
        "first": [{"key": row.key, "before": dict(row.before), "after": dict(row.after)} for row in found.first],
    }  # fmt: skip
    rows = [
        (shown(row.key), name, str(row.before[name]), str(value))
        for row in found.first for name, value in row.after.items() if row.before[name] != value
    ]  # fmt: skip
    told = f"{found.changed} of the {found.matched} samples that were meant {'would change' if dry_run else 'changed'}"
    lines = [*(table(rows, ("sample", "column", "before", "after")) if dry_run else ()), told]
    emit(result, lines, json)
