"""Families: a family is a package, a member is a module in it.

Adding a format, model, loss, metric or tracker is adding one file.  Another distribution adds a member
by an entry point in the group of the family's dotted name:

    [project.entry-points."maskwright.formats"]
    myformat = "mypackage.myformat"
"""

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from maskwright.errors import MissingExtraError, UsageError


def names(family: str) -> list[str]:
    """Sorted member names of a family such as "formats", without importing any of them.

    Modules whose name begins with an underscore are shared by the members and are none themselves.
    """
    spec = importlib.util.find_spec(f"maskwright.{family}")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"there is no family named {family!r}")
    found = {
        path.stem
        for folder in spec.submodule_search_locations
        for path in Path(folder).glob("[a-z]*.py")
        if not path.stem.startswith("_")
    }
    found |= {point.name for point in entry_points(group=f"maskwright.{family}")}
    return sorted(name.replace("_", "-") for name in found)


def load(family: str, name: str) -> ModuleType:
    """The member's module.

    Raises UsageError for a name nobody has, with the nearest one, and MissingExtraError when the
    member needs a package that is not installed.
    """
    known = names(family)
    if name.replace("_", "-") not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
        raise UsageError(f"{name!r} is not among maskwright's {family}", todo=hint)
    module = name.replace("-", "_")
    for point in entry_points(group=f"maskwright.{family}"):
        if point.name == name:
            loaded = point.load()
            if isinstance(loaded, ModuleType):
                return loaded
    try:
        return importlib.import_module(f"maskwright.{family}.{module}")
    except ModuleNotFoundError as error:
        if error.name is None or _is_ours(error):
            raise
        raise missing(error.name, f"{family} member {name!r}") from error


#: Top-level module -> the extra that installs it; packages of no extra are named themselves.
EXTRA_OF = {
    "torch": "train",
    "torchvision": "train",
    "timm": "train",
    "segmentation_models_pytorch": "train",
    "accelerate": "train",
    "safetensors": "train",
    "hotcoco": "train",
    "cv2": "train",
    "scipy": "train",
    "skimage": "train",
    "fsspec": "train",
    "nibabel": "medical",
    "pydicom": "medical",
    "highdicom": "medical",
    "tensorboard": "track",
    "mlflow": "track",
    "alembic": "track",
    "wandb": "track",
    "optuna": "train",
    "transformers": "train",
    "huggingface_hub": "train",
    "faster_coco_eval": "train",
    "sklearn": "train",
    "av": "video",
    "fastapi": "studio",
    "uvicorn": "studio",
    "onnx": "deploy",
    "onnxruntime": "deploy",
    "openvino": "deploy",
    "psycopg": "postgres",
}


def missing(module: str, what: str) -> MissingExtraError:
    """The error for `what` needing a module that is not installed."""
    top = module.split(".", maxsplit=1)[0]
    return MissingExtraError(f"{what} needs the package {top!r}, which is not installed", **_from_where(top))


def require(module: str, what: str) -> ModuleType:
    """Import an optional dependency, or say in one sentence how to get it or what it lacks itself."""
    with needing(module, what):
        return importlib.import_module(module)


@contextmanager
def needing(module: str, what: str) -> Iterator[None]:
    """A block that works with `module`, which may import the rest of itself only then.

    What it lacks becomes MissingExtraError; one of our own modules that is missing stays what it is.
    """
    try:
        yield
    except ImportError as error:
        # Lazy packages hide what was missing behind an error of their own.
        causes: list[BaseException] = [error]
        while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
            causes.append(cause)
        absent = [cause for cause in causes if isinstance(cause, ModuleNotFoundError) and cause.name]
        if any(isinstance(cause, ImportError) and _is_ours(cause) for cause in causes):
            raise
        if absent:
            raise missing(str(absent[-1].name), what) from error
        top = module.split(".", maxsplit=1)[0]
        reason = " ".join(str(error).split())[:200]
        found = f"{what} needs the package {top!r}, which is installed but cannot be loaded ({reason})"
        raise MissingExtraError(found, **_from_where(top)) from error


def _is_ours(error: ImportError) -> bool:
    """One of our own modules is missing or lacks a name: a slip, and no question of extras."""
    return error.name is not None and error.name.split(".", maxsplit=1)[0] == "maskwright"


def _from_where(top: str) -> dict[str, str]:
    extra = EXTRA_OF.get(top)
    return {"package": top} if extra is None else {"extra": extra}
