"""maskwright diff"""

from dataclasses import asdict
from typing import Annotated

import typer

from maskwright.cli.output import DatasetPlace, Json, emit


def command(
    dataset: DatasetPlace,
    old: Annotated[str, typer.Argument(help="A revision: number, tag, head~N.")] = "head~1",
    new: Annotated[str, typer.Argument(help="Another one.")] = "head",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many differences to print.")] = 50,
    json: Json = False,
) -> None:
    """What changed between two revisions."""
    from maskwright.cli.opening import open_dataset
    from maskwright.core.names import shown

    with open_dataset(dataset, quiet=json) as opened:
        changes = opened.diff(old, new)
    lines = []
    for change in changes[:limit]:
        part = "" if change.segment is None else f" segment {change.segment} (class {change.class_id})"
        pixels = f", {change.pixels} pixels" if change.pixels is not None else ""
        told = [f"{name} {shown(before, 40)} -> {shown(after, 40)}" for name, before, after in change.values[:6]]
        values = f": {', '.join(told)}{' …' if len(change.values) > len(told) else ''}" if told else ""
        lines.append(f"{change.what:8} {change.kind} {change.key}{part}{pixels}{values}")
    lines += [f"… and {len(changes) - limit} more"] if len(changes) > limit else []
    lines += [] if changes else ["no difference"]
    emit({"changes": [asdict(change) for change in changes]}, lines, json)
