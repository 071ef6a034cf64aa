"""EdgeTAM on videos (Zhou et al., "EdgeTAM: On-Device Track Anything Model", CVPR 2025)."""

from typing import Any

from maskwright.core.typed import Device
from maskwright.errors import UsageError
from maskwright.registry import require
from maskwright.video.engines._memory import Memory
from maskwright.weights import pretrained, weight_catalogue

WEIGHTS = weight_catalogue.told(weight_catalogue.find(engine="video.engines/edgetam"))


def load(*, weights: str = "", device: Device = "cpu") -> Memory:
    """weights: a folder or hub:NAME. Raises UsageError, ModelError."""
    if not weights:
        raise UsageError(
            "edgetam needs weights",
            needed=f"a folder, or hub:NAME such as hub:{next(iter(WEIGHTS))} ({next(iter(WEIGHTS.values()))})",
        )
    model: Any = pretrained("EdgeTamVideoModel", weights, WEIGHTS)
    transformers: Any = require("transformers", "the engine edgetam")
    return Memory(model, transformers.EdgeTamVideoInferenceSession, device)
