"""Distributions of others, made importable in a folder as an installation would leave them."""

import shutil
import tomllib
from pathlib import Path


def install(source: Path, folder: Path) -> Path:
    """Copy a distribution's packages into a folder with what its pyproject.toml says of it -> the folder."""
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    for package in source.iterdir():
        if package.is_dir():
            shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return _described(folder, project["name"], project["version"], project["entry-points"])


def made(folder: Path, name: str, modules: dict[str, str], points: dict[str, dict[str, str]]) -> Path:
    """A distribution of single modules: their text by name, and entry points by group -> the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)
    return _described(folder, name, "1.0", points)


def _described(folder: Path, name: str, version: str, points: dict[str, dict[str, str]]) -> Path:
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        line
        for group, entries in points.items()
        for line in (f"[{group}]", *(f"{entry} = {value}" for entry, value in entries.items()), "")
    ]
    (about / "entry_points.txt").write_text("\n".join(lines))
    return folder
