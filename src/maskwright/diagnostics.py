"""What is installed, what is missing, and whether a dataset is sound."""

import importlib.util
import os
import platform
from collections.abc import Callable, Iterable
from typing import Any

from maskwright import __version__, registry
from maskwright.registry import EXTRA_OF

__all__ = ["diagnose"]


def diagnose(
    dataset: str | None = None, *, deep: bool = False, repair: bool = False,
    progress: Callable[[Iterable[Any]], Iterable[Any]] = lambda items: items,
) -> dict[str, Any]:  # fmt: skip
    """Facts for `maskwright doctor`; imports torch only when it is there.

    dataset: a folder or URL to examine too.  deep: every mask and image of it.  repair: mend what can be mended.
    plugins: names of what other packages bring and can be used, by family; set_aside: what cannot, a sentence each.
    problems: of the dataset, in sentences; number: how many there are; left: how many after the repair.
    """
    extras: dict[str, dict[str, Any]] = {}
    for module, extra in EXTRA_OF.items():
        about = extras.setdefault(extra, {"missing": [], "install": f"pip install 'maskwright[{extra}]'"})
        if importlib.util.find_spec(module) is None:
            about["missing"].append(module)
    found: dict[str, Any] = {"problems": [], "number": 0, "left": 0, "repaired": [], "rows": 0, "images": 0}
    if dataset is not None:
        found = _examined(dataset, deep, repair, progress)
    return {
        "version": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "extras": extras,
        "plugins": {family: brought for family in registry.FAMILIES if (brought := registry.outside(family))},
        "set_aside": [str(member) for member in registry.aside()],
        "devices": _devices() if not extras["train"]["missing"] else {},
        **found,
    }


def _examined(
    dataset: str, deep: bool, repair: bool, progress: Callable[[Iterable[Any]], Iterable[Any]]
) -> dict[str, Any]:
    from maskwright.store import Dataset, doctor

    with Dataset.open(dataset, read_only=not repair) as opened:
        report = doctor.verify(opened, deep=deep, progress=progress)
        left = report.number
        if repair and report.number:
            doctor.repair(opened, report)
            left = doctor.verify(opened, deep=deep, progress=progress).number
    return {
        "problems": [str(problem) for problem in report.problems], "number": report.number, "left": left,
        "repaired": report.repaired, "rows": report.rows, "images": report.images,
    }  # fmt: skip


def _devices() -> dict[str, str]:
    import torch

    from maskwright.predict.precision import bf16_pays

    native = "bfloat16 is native" if bf16_pays(torch.device("cpu")) else "bfloat16 is emulated, float32 is used"
    out = {"cpu": f"torch {torch.__version__}, {torch.get_num_threads()} threads, {native}"}
    if torch.cuda.is_available():
        out |= {f"cuda:{i}": torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())}
    else:
        out["gpu"] = "none found; everything works on the CPU"
    return out
