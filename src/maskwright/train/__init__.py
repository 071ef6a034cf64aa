"""Training: settings, data, one visible loop, checkpoints.

The loop is loaded when it is first used: help for the settings costs no NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from maskwright.train.settings import Settings

if TYPE_CHECKING:
    from maskwright.train import plan, sweep
    from maskwright.train.folds import fit_folds
    from maskwright.train.loop import fit

__all__ = ["Settings", "fit", "fit_folds", "plan", "sweep"]


def __getattr__(name: str) -> Any:
    homes = {"fit": "loop", "fit_folds": "folds", "plan": "plan", "sweep": "sweep"}
    if name not in homes:
        raise AttributeError(f"module 'maskwright.train' has no attribute {name!r}")
    module = import_module(f"maskwright.train.{homes[name]}")
    return module if name == homes[name] else getattr(module, name)
