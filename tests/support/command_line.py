"""The command line inside a test's own process."""

from typing import Any

from maskwright.cli import main


def run(capsys: Any, *arguments: object) -> tuple[int, str, str]:
    """The exit code, and what was printed and said."""
    try:
        main([str(argument) for argument in arguments])
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    found = capsys.readouterr()
    return code, found.out, found.err
