"""Training: settings, data, one visible loop, checkpoints."""

from maskwright.train.loop import fit
from maskwright.train.settings import Settings

__all__ = ["Settings", "fit"]
