"""What somebody outside meets: types, names and a program that runs, as with any installed package."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import maskwright

PROGRAM = Path(__file__).with_name("program.py")
SOURCE = Path(maskwright.__file__).parent

PROBE = """
import maskwright as mw
from maskwright.metrics import boundary_iou

reveal_type(mw.Dataset.open)
reveal_type(mw.media.read)
reveal_type(mw.interactive.Session)
reveal_type(boundary_iou.update)
mw.nothing
mw.metrics.nothing()
mw.media.nothing
"""


@pytest.fixture
def checked(request, tmp_path):
    """mypy over one file, which knows Maskwright as it knows installed packages, and none of this project's settings."""
    cache = request.config.cache.mkdir("mypy-outside")

    def check(file: Path) -> str:
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(cache), str(file)]
        # mypy takes what lies on the interpreter's path for installed packages.
        environment = {**os.environ, "PYTHONPATH": str(SOURCE.parent)}
        environment.pop("MYPYPATH", None)
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True).stdout

    return check


@pytest.mark.timeout(900)
def test_an_outside_program_passes_strict_type_checking(checked) -> None:
    assert checked(PROGRAM) == "Success: no issues found in 1 source file\n"


@pytest.mark.timeout(900)
def test_types_are_told_and_mistakes_are_found(checked, tmp_path) -> None:
    file = tmp_path / "probe.py"
    file.write_text(PROBE)
    said = checked(file)
    assert "-> maskwright.store.dataset.Dataset" in said
    assert "-> maskwright.media.images.Image" in said
    assert "-> maskwright.interactive.session.Session" in said
    assert "pred: maskwright.core.segments.Segments" in said
    assert 'Module has no attribute "nothing"' in said
    assert said.count("error:") == 3, said


def test_the_outside_program_runs(tmp_path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE.parent)}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout == "done\n", done.stderr


def public() -> set[str]:
    """Dotted names behind `mw`: the package's, and those of every room."""
    names = set(maskwright.__all__)
    for room in maskwright.__all__:
        if (SOURCE / room).is_dir() or (SOURCE / f"{room}.py").is_file():
            module = importlib.import_module(f"maskwright.{room}")
            names |= {f"{room}.{name}" for name in getattr(module, "__all__", ())}
    return names


def test_the_outside_program_uses_every_public_name() -> None:
    used = set()
    for node in ast.walk(ast.parse(PROGRAM.read_text())):
        if isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            if text.startswith("mw."):
                used.add(text.removeprefix("mw."))
    assert sorted(public() - used) == []
