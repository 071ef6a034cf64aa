"""maskwright studio"""

from typing import Annotated

import typer

from maskwright.cli.output import say


def command(
    place: Annotated[
        str, typer.Argument(metavar="PLACE", help="A folder of images, a video, a dataset, or a database URL.")
    ],
    classes: Annotated[
        str | None, typer.Option(help="Names with commas, for a folder that is not a dataset yet. One class, object.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Of a video or a stack that is taken in, each n-th image.")] = 1,
    host: Annotated[str, typer.Option(help="Where to listen. Another than loopback needs --token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8181,
    token: Annotated[
        str | None, typer.Option(envvar="MASKWRIGHT_TOKEN", help="The secret of the link. A new secret each time.")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="By which others reach it, such as behind another server; repeatable.")
    ] = None,
    people: Annotated[
        str | None, typer.Option(help="Names with commas: each gets a link of their own, and their work their name.")
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(metavar="ENGINE=WHERE", help="Offer an engine that needs weights: a file, a folder, hub:NAME."),
    ] = None,
) -> None:
    """Label in the browser, with help; everything stays on this machine."""
    from maskwright import registry

    registry.require("fastapi", "the studio")
    from maskwright import formats
    from maskwright.cli.opening import open_dataset
    from maskwright.store.folder import open_place
    from maskwright.studio import Serving, serve

    given = dict(weight.partition("=")[::2] for weight in weights or [])
    wishes = Serving(host, port, token, (people or "").split(","), given, name or [])
    if formats.is_dataset_or_labels(place) and not formats.is_dataset(place):
        dataset, notes = open_dataset(place), []
        if classes:
            notes = [f"the dataset has classes of its own: {', '.join(dataset.classes.names[:10])}"]
    else:
        dataset, notes = open_place(place, classes=classes, every=every)
    for note in notes:
        say(note)
    with dataset:
        serve(dataset, wishes, say=say)
