"""Training: settings, data, one visible loop, checkpoints."""

from maskwright.train import plan, sweep
from maskwright.train.folds import fit_folds
from maskwright.train.loop import fit
from maskwright.train.settings import Settings

__all__ = ["Settings", "fit", "fit_folds", "plan", "sweep"]
