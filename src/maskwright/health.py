"""What is installed, what is missing, and whether a dataset is sound."""

import importlib.util
import os
import platform
from typing import Any

from maskwright import __version__
from maskwright.families import EXTRA_OF


def diagnose(dataset: str | None = None) -> dict[str, Any]:
    """Facts for `maskwright doctor`; imports torch only when it is there."""
    extras: dict[str, dict[str, Any]] = {}
    for module, extra in EXTRA_OF.items():
        one = extras.setdefault(extra, {"missing": [], "install": f"pip install 'maskwright[{extra}]'"})
        if importlib.util.find_spec(module) is None:
            one["missing"].append(module)
    problems: list[str] = []
    if dataset is not None:
        from maskwright.dataset import Dataset

        with Dataset.open(dataset, read_only=True) as opened:
            problems = opened.check()
    return {
        "version": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "extras": extras,
        "devices": _devices() if not extras["train"]["missing"] else {},
        "problems": problems,
    }


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
