"""maskwright data"""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from maskwright.cli.output import Json, emit, progress, say, table

if TYPE_CHECKING:
    from maskwright.sets import PublicSet

Action = Literal["list", "show", "get"]


def command(
    action: Annotated[Action, typer.Argument(help="What to do.")] = "list",
    name: Annotated[str | None, typer.Argument(help="The set, such as coco or voc2012.")] = None,
    folder: Annotated[
        str | None, typer.Argument(help="For get: a new folder; one of the set's name when not given.")
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="For list: semantic, instance, panoptic, video, volume, parts, boxes or prompted."),
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="For list: free, labels-free, non-commercial, terms or unstated.")
    ] = None,
    part: Annotated[
        list[str] | None, typer.Option("--part", help="For get: only this part of a set that has some; repeatable.")
    ] = None,
    json: Json = False,
) -> None:
    """Public sets: list them, show where one comes from and how it is imported, or fetch it where that is allowed.

    What was fetched of a call that was interrupted is gone on with.
    """
    from maskwright import sets
    from maskwright.errors import UsageError

    if (name is None) != (action == "list"):
        raise UsageError(f"data {action} {'takes no name' if name else 'needs the name of a set'}")
    if action != "list" and (task, licence) != (None, None):
        raise UsageError("--task and --licence choose what data list shows")
    if action != "get" and (folder is not None or part):
        raise UsageError("a folder and --part say what data get fetches")
    if action == "list":
        found = sets.find(task=task, use=licence)
        emit({"sets": [each_set.to_json() for each_set in found]}, _listed(found), json)
    elif action == "show":
        shown = sets.load(str(name))
        emit(shown.to_json() | {"import": shown.import_commands()}, _about(shown), json)
    else:
        try:
            fetched = sets.get(
                str(name), folder, parts=part or (), progress=lambda what, total: progress(what, total, quiet=json)
            )
        except KeyboardInterrupt:
            say("what was fetched stays in the folder's .download; the same command goes on with it", err=True)
            raise
        lines = [f"note: {note}" for note in fetched.notes]
        lines.append(f"{fetched.name}: {fetched.files} files in {fetched.folder}")
        lines += [f"  {command}" for command in fetched.commands]
        emit(fetched.to_json(), lines, json)


def _listed(found: "list[PublicSet]") -> list[str]:
    if not found:
        return ["no set is both; see: maskwright data list"]
    rows = [
        (
            each_set.name, ", ".join(each_set.tasks), _checked(each_set, "images"), _checked(each_set, "classes"),
            _checked(each_set, "size"), "yes" if each_set.files else "by hand", _checked(each_set, "licence"),
        )
        for each_set in found
    ]  # fmt: skip
    lines = list(table(rows, ("name", "task", "images", "classes", "size", "get", "licence")))
    if any(cell.endswith("?") for row in rows for cell in row):
        lines.append("?: not verified")
    return [*lines, "more of one with: maskwright data show NAME"]


def _checked(found: "PublicSet", field: str) -> str:
    """A field as text; "-" where it is not known, with "?" where nothing confirmed it."""
    value = getattr(found, field)
    if value in (None, ""):
        return "-"
    text = size_text(value) if field == "size" else f"{value:,}" if isinstance(value, int) else str(value)
    return text + "?" * (field in found.unverified)


def size_text(size: int) -> str:
    """Bytes in words: 19.3 GB, 816 MB."""
    for unit, many in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= many:
            return f"{size / many:.{1 if size < 100 * many else 0}f} {unit}"
    return f"{max(1, round(size / 1e3))} kB"


def _about(found: "PublicSet") -> list[str]:
    from maskwright.sets import USES

    splits = f": {found.splits}" if found.splits else ""
    named = f": {', '.join(found.class_names)}" if found.class_names else ""
    rows = [
        ("task", ", ".join(found.tasks)), ("images", _checked(found, "images") + splits),
        ("classes", _checked(found, "classes") + named),
        ("size", _checked(found, "size")),
        ("licence", f"{_checked(found, 'licence')} ({found.use}: {USES[found.use]})"),
        ("page", found.home), ("layout", _checked(found, "layout")), ("formats", ", ".join(found.formats) or "-"),
    ]  # fmt: skip
    rows.append(("checked with", found.sources))
    if found.unverified:
        rows.append(("not verified", ", ".join(found.unverified)))
    lines = [f"{found.title}: {found.what}", *(f"  {name:<12}  {value}" for name, value in rows)]
    if found.files:
        lines.append("files:")
        for file in found.files:
            told = [size_text(file.size) if file.size else "", file.checksum, f"part {file.part}" if file.part else ""]
            lines.append(f"  {file.address}")
            lines += [f"    {text}" for text in [", ".join(filter(None, told))] if text]
        lines.append(f"fetch it: maskwright data get {found.name}")
    else:
        lines.append(f"to get it: {found.obtain}")
    if found.commands:
        lines.append(f"import it, from a folder {found.name}:")
        lines += [f"  {command}" for command in found.import_commands()]
    if found.unread:
        lines.append(f"{'not all of it is read' if found.commands else 'cannot be imported as it is'}: {found.unread}")
    return lines
