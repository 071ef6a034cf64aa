"""A studio in a process of its own, for tests: forked from a process that has imported all, as that takes seconds."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

#: Forks a studio for every line; its answer is the studio's process. Nothing is open and no thread runs where it forks.
FORKS = """
import json, os, signal, sys
import maskwright.core.kernels.spans, maskwright.interactive.session, maskwright.studio.app, uvicorn
from maskwright.labelling.project_task import set_task, task_of
from maskwright.studio import Serving, open_place, serve
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    process = os.fork()
    if process:
        print(process, flush=True)
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked = json.loads(line)
    os.environ.clear()
    os.environ.update(asked["variables"])
    os.chdir(asked["folder"])
    os.dup2(2, 1)
    os.close(0)
    dataset, _ = open_place(asked["place"], classes=asked["classes"])
    if asked["classes"] and task_of(dataset) is None:
        set_task(dataset, "instance")
    serve(dataset, Serving(port=asked["port"], token=asked["token"], people=asked["people"]), say=lambda words: None)
    os._exit(0)
"""


@functools.cache
def _forks() -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def fork_studio(place: str, port: int, token: str, classes: str | None, people: list[str]) -> int:
    """-> the process. classes: none for a folder of which nothing was said yet; else the project's task is "instance"."""
    asked = {"place": place, "port": port, "token": token, "classes": classes, "people": people}
    asked |= {"variables": dict(os.environ), "folder": str(Path.cwd())}
    forks = _forks()
    assert forks.stdin and forks.stdout
    print(json.dumps(asked), file=forks.stdin, flush=True)
    return int(forks.stdout.readline())


def kill_studio(process: int) -> None:
    """As a power cut does it; it is gone when this returns."""
    os.kill(process, signal.SIGKILL)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.005)
    raise AssertionError(f"the studio's process {process} does not end")
