"""The command line: one module a verb. No logic lives here; what a verb does lies one room down.

Modules import nothing heavy at their top, so that `maskwright --help` starts at once.
"""

import importlib
import sys
from collections.abc import Sequence

import typer

from maskwright.cli.calling import Verb, call

#: Verbs in the order of a day's work. A verb's module has its name, with _ after a Python keyword.
VERBS = (
    "demo", "data", "import", "show", "window", "columns", "set", "export", "convert", "log", "diff", "tag", "restore",
    "snapshot", "embed", "studio", "segment", "propagate", "track", "plan", "train", "sweep", "predict", "evaluate",
    "metrics", "model", "runs", "compare", "report", "doctor",
)  # fmt: skip


def module_of(verb: str) -> str:
    return f"maskwright.cli.{verb}_" if verb == "import" else f"maskwright.cli.{verb}"


def build() -> typer.Typer:
    app = typer.Typer(
        name="maskwright",
        help="The whole life of image-segmentation data and models: import, history, training, evaluation, export.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for verb in VERBS:
        app.command(verb, cls=Verb)(importlib.import_module(module_of(verb)).command)
    app.callback(invoke_without_command=True)(_version)
    return app


def _version(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        from maskwright import __version__

        typer.echo(__version__)
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit codes: 0 done, 1 the work failed, 2 the call was wrong, 130 interrupted."""
    raise SystemExit(call(build, list(sys.argv[1:] if arguments is None else arguments)))
