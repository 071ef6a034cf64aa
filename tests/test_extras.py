"""A package that is not installed is one sentence at every door that needs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from maskwright import registry
from maskwright.errors import MissingExtraError

SCRIPT = Path(__file__).parent / "support" / "doors_without_extras.py"


def opened(blocked: list[str], folder: Path, *doors: str) -> dict[str, tuple[str, str]]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), ",".join(blocked), str(folder), *doors], capture_output=True, text=True
    )
    line = next((line for line in done.stdout.splitlines() if line.startswith("FOUND")), None)
    assert line is not None, done.stderr[-2000:]
    return {name: (kind, text) for name, kind, text in json.loads(line.removeprefix("FOUND"))}


def test_without_any_optional_package(tmp_path) -> None:
    found = opened([*registry.EXTRA_OF], tmp_path)
    assert len(found) > 40
    # The weights of this engine are looked for before its packages are.
    assert {name: outcome for name, outcome in found.items() if outcome[0] != "missing"}.keys() <= {
        "interactive.engines mobile-sam"
    }
    for _, text in found.values():
        assert text.count("\n") <= 1
        assert "Install it with: pip install" in text or "no such file" in text


@pytest.mark.slow
@pytest.mark.parametrize("package", [*registry.EXTRA_OF])
def test_without_one_package(package, tmp_path) -> None:
    found = opened([package], tmp_path)
    assert not {name: text for name, (kind, text) in found.items() if kind == "traceback"}


def test_a_package_that_another_one_needs(tmp_path) -> None:
    found = opened(["pydicom"], tmp_path, "dicom")
    assert found["dicom-seg"][0] == "missing"
    (tmp_path / "needs_another.py").write_text("import not_to_be_found_anywhere\n")
    (tmp_path / "broken.py").write_text("from json import nothing_of_that_name\n")
    sys.path.insert(0, str(tmp_path))
    try:
        with pytest.raises(MissingExtraError, match="needs the package 'not_to_be_found_anywhere'"):
            registry.require("needs_another", "this")
        with pytest.raises(MissingExtraError, match="'broken', which is installed but cannot be loaded") as caught:
            registry.require("broken", "this")
        assert "pip install broken" in str(caught.value)
        (tmp_path / "lazy.py").write_text(
            "def __getattr__(name):\n"
            "    try:\n"
            "        import not_to_be_found_either\n"
            "    except ImportError as error:\n"
            "        raise ModuleNotFoundError(f'could not import {name}') from error\n"
        )
        lazy = registry.require("lazy", "this")
        expected = pytest.raises(MissingExtraError, match="that needs the package 'not_to_be_found_either'")
        with expected, registry.needing("lazy", "that"):
            lazy.Network  # noqa: B018
    finally:
        sys.path.remove(str(tmp_path))


def test_a_module_of_ours_that_is_missing_is_a_slip() -> None:
    with pytest.raises(ModuleNotFoundError):
        registry.require("maskwright.nothing", "this")
