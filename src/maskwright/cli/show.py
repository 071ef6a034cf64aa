"""maskwright show"""

from typing import Annotated, Any

import typer

from maskwright.cli.output import At, DatasetPlace, Json, Where, emit, view_of
from maskwright.cli.output import table as aligned
from maskwright.core.names import shown
from maskwright.core.plurals import many


def command(
    dataset: DatasetPlace,
    key: Annotated[str | None, typer.Argument(help="A sample's key; the whole dataset when not given.")] = None,
    to: Annotated[str | None, typer.Option(help="Write the sample with its labels drawn over it to this PNG.")] = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="COLUMN,…", help="A row for each sample, such as key,split,last.iou."),
    ] = None,
    where: Where = None,
    at: At = None,
    json: Json = False,
) -> None:
    """What is in a dataset: samples, splits, classes; or a table of its samples; or one sample, drawn."""
    from maskwright.cli.opening import open_dataset
    from maskwright.errors import UsageError

    if table is not None and (key is not None or to is not None):
        raise UsageError("--table is of all samples", todo="Leave out the key and --to, or choose with --where.")
    with open_dataset(dataset, quiet=json) as opened:
        view = view_of(opened, at, where)
        if table is not None:
            _table(view, [name.strip() for name in table.split(",")], json)
        elif key is None:
            _dataset(view, json)
        else:
            _sample(view, key, to, json)


def _table(view: Any, names: list[str], json: bool) -> None:
    columns = view.table(columns=names).to_pydict()
    rows = list(zip(*(columns[name] for name in names), strict=True))
    emit(
        {"revision": view.revision, "samples": [dict(zip(names, row, strict=True)) for row in rows]},
        aligned(rows, names),
        json,
    )


def _dataset(view: Any, json: bool) -> None:
    from maskwright.store.declarations import columns_of

    statistics = view.class_statistics()
    columns = columns_of(view)
    result = {
        "revision": view.revision,
        "samples": len(view),
        "splits": {str(name): number for name, number in view.splits().items()},
        "classes": statistics,
        "columns": [column.to_json() for column in columns],
    }
    splits = ", ".join(f"{number} {name or 'without split'}" for name, number in view.splits().items())
    lines = [f"revision {result['revision']}: {many(result['samples'], 'sample')} ({splits or 'none'})", ""]
    roles = {
        class_.id: f"{class_.kind}, {class_.role}" if class_.role != "class" else class_.kind for class_ in view.classes
    }
    rows = [
        (
            statistic["id"],
            statistic["name"],
            roles[statistic["id"]],
            statistic["segments"],
            statistic["pixels"],
            statistic["crowds"],
        )
        for statistic in statistics
    ]
    said = ", ".join(f"{shown(column.name, 40)} ({column.kind})" for column in columns)
    more = ["", f"columns: {said}"] if said else []
    emit(result, [*lines, *aligned(rows, ("id", "class", "kind", "segments", "pixels", "crowds")), *more], json)


def _sample(view: Any, key: str, to: str | None, json: bool) -> None:
    sample = view[key]
    segments, areas, boxes = sample.segments, sample.segments.masks.areas(), sample.segments.masks.boxes()
    classes = view.classes
    rows = [
        (
            int(segments.ids[i]),
            classes[int(segments.class_ids[i])].name,
            int(areas[i]),
            boxes[i].tolist(),
            segments.source[i],
        )
        for i in range(len(segments))
    ]
    if to is not None:
        from PIL import Image

        from maskwright import media
        from maskwright.core.staging import check_file
        from maskwright.errors import UsageError
        from maskwright.figures.overlay import overlay

        check_file(to)
        if not to.lower().endswith(".png"):
            raise UsageError("the image is a PNG", file=to, needed="a name that ends with .png")
        Image.fromarray(overlay(media.read(sample.image).display(view.window), segments, classes)).save(to)
    result = {
        "key": key,
        "image": sample.image.uri,
        "size": sample.image.size,
        "split": sample.split,
        "weight": sample.weight,
        "fields": {**sample.fields, **sample.more},
        "segments": [dict(zip(("id", "class", "area", "box", "source"), row, strict=True)) for row in rows],
    }
    head = f"{key}: {sample.image.uri}, {sample.image.size[0]} x {sample.image.size[1]}, split {sample.split}"
    own = [f"{shown(name, 40)}: {shown(value, 200)}" for name, value in result["fields"].items()]
    emit(result, [head, *own, *aligned(rows, ("id", "class", "area", "box xyxy", "source"))], json)
