"""Where published weights are on this machine: in an installed package, or in a cache. Nothing is fetched."""

import os
from importlib import metadata
from pathlib import Path

from maskwright.weights import weight_catalogue
from maskwright.weights.publication import Published

HUB_FILES = ("model.safetensors", "pytorch_model.bin")


def place_of(published: Published) -> Path | None:
    """The file; None where it is not here."""
    if published.package:
        return _of_package(published.package, published.file)
    if published.hub:
        return of_hub(published.hub)
    if published.torch:
        place = _torch_home() / "hub" / "checkpoints" / published.torch
        return place if place.is_file() else None
    return None


def at_hand(found: list[Published]) -> list[tuple[Published, Path]]:
    """Those of them that are here, in their order, and where."""
    places = [(published, place_of(published)) for published in found]
    return [(published, place) for published, place in places if place is not None]


def of_hub(name: str, file: str | None = None) -> Path | None:
    """A file of the hub's cache, whatever the hub's own package is.

    name: OWNER/NAME.  file: one of it; the weights where none is named.
    """
    folder = _hub_cache() / f"models--{name.replace('/', '--')}" / "snapshots"
    main = folder.parent / "refs" / "main"
    snapshots = [folder / main.read_text(encoding="utf-8").strip()] if main.is_file() else []
    snapshots += sorted(folder.glob("*")) if folder.is_dir() else []
    for snapshot in snapshots:
        for wanted in (file,) if file else HUB_FILES:
            if (snapshot / wanted).is_file():
                return snapshot / wanted
    return None


def of_name(source: str) -> Path | None:
    """The file behind a name of the catalogue; None where the name is none or the file is not here."""
    return next((place_of(published) for published in weight_catalogue.every() if published.name == source), None)


def _of_package(distribution: str, file: str) -> Path | None:
    try:
        place = Path(str(metadata.distribution(distribution).locate_file(file)))
    except metadata.PackageNotFoundError:
        return None
    return place if place.is_file() else None


def _hub_cache() -> Path:
    home = Path(os.environ.get("HF_HOME") or _cache_home() / "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE") or home / "hub")


def _torch_home() -> Path:
    return Path(os.environ.get("TORCH_HOME") or _cache_home() / "torch")


def _cache_home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
