"""How a call is read and how it ends: doubled options, exit codes, errors as text or JSON, interruptions."""

import math
import os
import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import typer
from typer.core import TyperCommand

from maskwright.cli.output import emit
from maskwright.errors import NO_ROOM, FormatError, LossError, MaskwrightError, UsageError, plain

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130

#: Options of two numbers, which may be two words: `--size 64 96` is `--size 64,96`.
PAIRS = ("--size", "--scale", "--percentiles")

#: Verbs whose arguments are numbers that may be negative, which would be read as options.
SIGNED = ("window",)

MINUS = "\N{MINUS SIGN}"

#: What typer raises for a call it cannot read; its own home differs between versions.
_Unreadable: type[Exception] = typer.BadParameter.__mro__[2]

#: Modules whose functions are called by C code.
CALLED_BACK = ("maskwright.store.locks", "llvmlite.binding.executionengine")

_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+")
_NEGATIVE = re.compile(rf"-({_NUMBER.pattern})(e[+-]?\d+)?", re.IGNORECASE)


class Verb(TyperCommand):
    """A command that refuses an option given twice, where once is meant, and numbers that are none."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words = list(_joined(args))
        if self.name in SIGNED:  # with a minus sign, not a hyphen, they are arguments
            words = [f"{MINUS}{word[1:]}" if _NEGATIVE.fullmatch(word) else word for word in words]
        _, _, order = self.make_parser(ctx).parse_args(list(words))
        for parameter, times in Counter(order).items():
            if times > 1 and not getattr(parameter, "multiple", False) and parameter.param_type_name == "option":
                name = max(parameter.opts, key=len)
                raise UsageError(
                    f"{name} is given {'twice' if times == 2 else f'{times} times'}", needed="it takes one value"
                )
        left: list[str] = super().parse_args(ctx, words)
        for name, value in ctx.params.items():
            for number in value if isinstance(value, list | tuple) else (value,):
                if isinstance(number, float) and not math.isfinite(number):
                    raise UsageError(f"--{name.replace('_', '-')} is {number}", needed="it must be a finite number")
        return left


def _joined(words: Sequence[str]) -> Iterator[str]:
    rest = list(words)
    while rest:
        word = rest.pop(0)
        yield word
        if word in PAIRS and len(rest) > 1 and all(_NUMBER.fullmatch(value) for value in rest[:2]):
            yield f"{rest.pop(0)},{rest.pop(0)}"


def call(make: Callable[[], typer.Typer], words: Sequence[str]) -> int:
    """Run the program with these words -> its exit code.

    0 done, 1 the work failed, 2 the call was wrong, 130 interrupted (Ctrl+C or SIGTERM).  An error is one sentence on
    standard error; with --json it is one object on standard output, where the result would be.
    """
    own = words[: words.index("--")] if "--" in words else words
    as_json = "--json" in own
    try:
        with _ended_by_signal():
            command = typer.main.get_command(make())
            with command.make_context("maskwright", list(words)) as context:
                command.invoke(context)
    except typer.Exit as stop:
        return stop.exit_code
    except MaskwrightError as error:
        return _told(error, WRONG if isinstance(error, UsageError) else FAILED, as_json)
    except _Unreadable as error:
        return _unreadable(error, as_json)
    except (KeyboardInterrupt, typer.Abort) as stop:
        # Work that keeps what it has done says so itself.
        said = str(stop) if isinstance(stop, KeyboardInterrupt) else ""
        return _told(MaskwrightError(said or "interrupted; nothing half-done was left behind"), INTERRUPTED, as_json)
    except BrokenPipeError:
        # Nobody reads any more; what Python flushes at its end would be a second error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        found = f"cannot be written ({error.strerror}); make room and do it again"
        return _told(MaskwrightError(found, file=error.filename), FAILED, as_json)
    return DONE


def _unreadable(error: Any, as_json: bool) -> int:
    """A call that typer refuses, in our words' order; help is printed as it is."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return WRONG
    path = error.ctx.command_path if error.ctx is not None else "maskwright"
    # What its library says before a choice that is not there says nothing to people.
    found = plain(error.format_message()).rstrip(".").replace(": Value error, ", ": ")
    return _told(UsageError(found, todo=f"See: {path} --help"), WRONG, as_json)


def _told(error: MaskwrightError, code: int, as_json: bool) -> int:
    if as_json:
        parts = {name: getattr(error, name) for name in ("file", "record", "found", "needed", "todo")}
        if isinstance(error, LossError):
            parts["losses"] = [loss._asdict() for loss in error.losses]
        if isinstance(error, FormatError) and error.others:
            parts["others"] = list(error.others[1:])
        kind = "Interrupted" if code == INTERRUPTED else type(error).__name__
        emit({"error": {"kind": kind, "exit_code": code, "message": str(error), **parts}}, (), True)
    else:
        typer.echo(f"maskwright: {error}", err=True)  # its text is plain already
        sys.stderr.flush()
    return code


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Ctrl+C and SIGTERM end this process alike; children that inherit the handler die of SIGTERM at once.

    An error inside a function that C code calls back, as SQLite does for its locks, would be printed and forgotten: a
    signal that arrives there comes again a moment later.
    """
    me = os.getpid()

    def end(number: int, frame: FrameType | None) -> None:
        if os.getpid() != me:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        while frame is not None:
            if frame.f_globals.get("__name__") in CALLED_BACK:
                threading.Timer(0.02, os.kill, (me, number)).start()
                return
            frame = frame.f_back
        raise KeyboardInterrupt

    before: dict[signal.Signals, Any] = {}
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.signal(number, end)
    except ValueError:  # only a process' main thread may
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
