"""Every door that needs an optional package, opened while some packages are not there; prints what came of each.

python doors_without_extras.py torch,cv2 FOLDER
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

BLOCKED = sys.argv[1].split(",")


class _NotInstalled:
    """Says of the blocked packages what Python says of those that are not there."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name.split(".", maxsplit=1)[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, _NotInstalled)  # type: ignore[arg-type]
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
from PIL import Image

from maskwright import formats, models, registry
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import MaskwrightError, MissingExtraError
from maskwright.media import image_size, pages
from maskwright.predict import checkpoint
from maskwright.store import Dataset
from maskwright.weights import read_weights

FOLDER = Path(sys.argv[2]).resolve()
FOLDER.mkdir(parents=True, exist_ok=True)
os.chdir(FOLDER)  # what a command writes goes there
CLASSES = Classes([Class(1, "cat"), Class(2, "grass", "stuff")])


def _sample() -> Sample:
    dense = np.zeros((2, 32, 40), bool)
    dense[0, 4:12, 5:15] = dense[1, 20:, :] = True
    Image.fromarray(np.full((32, 40, 3), 90, np.uint8)).save(FOLDER / "a.png")
    return Sample("a", ImageRef(str(FOLDER / "a.png"), (32, 40)), Segments(Masks.encode(dense), [1, 2]), split="train")


SAMPLE = _sample()


def _file(name: str, content: bytes = b"x") -> Path:
    (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_bytes(content)
    return FOLDER / name


def _dicom() -> object:
    _file("dicom/a.dcm", b"\0" * 128 + b"DICM")
    return formats.read(FOLDER / "dicom", "dicom-seg")


def _watershed() -> object:
    formats.write([SAMPLE], CLASSES, FOLDER / f"maps{os.getpid()}", "label-map", allow_loss=True)
    return list(formats.read(FOLDER / f"maps{os.getpid()}", "label-map", instances="watershed").samples)


def _command(*words: str) -> object:
    from maskwright import cli

    return cli.build()(args=list(words), standalone_mode=False)


def _dataset() -> str:
    place = FOLDER / "set"
    if not place.exists():
        with Dataset.create(place, CLASSES) as dataset, dataset.edit("add") as edit:
            edit.add(SAMPLE)
    return str(place)


def _export(name: str, file: Path) -> object:
    network = models.build("lite", 2) if "torch" not in BLOCKED else None
    info = checkpoint.ModelInfo("lite", CLASSES.to_json())
    return registry.load("predict.exported", name).export(network, info, file)


DOORS: dict[str, Callable[[], object]] = {
    "dicom-seg": _dicom,
    "nifti": lambda: pages.shape(_file("a.nii")),
    "nifti, writing": lambda: formats.write([SAMPLE], CLASSES, FOLDER / "nii", "nifti", allow_loss=True),
    "dicom page": lambda: pages.read(_file("b.dcm"), 0),
    "video page": lambda: pages.shape(_file("a.mp4")),
    "watershed": _watershed,
    "remote picture": lambda: image_size("memory://a.png"),
    "checkpoint": lambda: checkpoint.load(_file("a.safetensors")),
    "onnx": lambda: checkpoint.load(_file("a.onnx")),
    "openvino": lambda: checkpoint.load(_file("a.xml")),
    "torch.export": lambda: checkpoint.load(_file("a.pt2")),
    "export to onnx": lambda: _export("onnx", FOLDER / "b.onnx"),
    "export to openvino": lambda: _export("openvino", FOLDER / "b.xml"),
    "weights": lambda: read_weights(_file("b.safetensors")),
    "weights of the hub": lambda: read_weights("hub:nobody/nothing"),
    "postgres": lambda: Dataset.open("postgresql://nobody@127.0.0.1:1/none"),
    "command train": lambda: _command("train", _dataset(), "--epochs", "1", "--model", "lite", "--batch-size", "1"),
    "command sweep": lambda: _command("sweep", _dataset(), "--search", "lr=log(1e-4,1e-2)", "--val-split", "train"),
    "command segment": lambda: _command("segment", str(FOLDER / "a.png"), "--everything"),
    "command propagate": lambda: _command("propagate", _dataset()),
    "command track": lambda: _command("track", str(_file("a.mp4")), "--masks", "x", "--to", str(FOLDER / "y")),
    "command studio": lambda: _command("studio", _dataset()),
    "command demo": lambda: _command("demo"),
    **{
        f"{family} {name}": lambda family=family, name=name: _opened(family, name)
        for family in ("models", "interactive.engines", "fewshot.engines", "video.engines", "runs.trackers")
        for name in registry.names(family)
    },
}


#: Doors that do their work, or wait for a browser, where none of these is missing.
_LONG = {
    "command demo": ("torch", "skimage"), "command studio": ("fastapi", "uvicorn"), "command sweep": ("torch", "optuna"),
    "command train": ("torch", "safetensors"),
}  # fmt: skip


def _opened(family: str, name: str) -> object:
    """The member as it is made by those who use it."""
    if family == "models":
        return models.build(name, 2)
    module = registry.load(family, name)
    if family == "runs.trackers":
        return module.open_tracker(FOLDER, {})
    return module.load(weights="hub:nobody/nothing") if hasattr(module, "WEIGHTS") else module.load()


def main() -> None:
    wanted = sys.argv[3:]
    rows = []
    for name, door in DOORS.items():
        if wanted and not any(name.startswith(word) for word in wanted):
            continue
        if name in _LONG and not set(_LONG[name]) & set(BLOCKED):
            continue
        try:
            door()
            rows.append((name, "opened", ""))
        except MissingExtraError as error:
            rows.append((name, "missing", str(error)))
        except (MaskwrightError, SystemExit) as error:
            rows.append((name, "clean", str(error)))
        except Exception as error:  # noqa: BLE001 - what is looked for
            rows.append((name, "traceback", f"{type(error).__name__}: {error}"))
    sys.stdout.write("FOUND" + json.dumps(rows) + "\n")


if __name__ == "__main__":
    main()
