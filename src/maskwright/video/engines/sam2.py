"""SAM 2 and 2.1 on videos (Ravi et al., "SAM 2: Segment Anything in Images and Videos", ICLR 2025)."""

from typing import Any

from maskwright.core.typed import Device
from maskwright.errors import UsageError
from maskwright.registry import require
from maskwright.video.engines._memory import Memory
from maskwright.weights import pretrained, weight_catalogue

WEIGHTS = weight_catalogue.told(weight_catalogue.find(engine="video.engines/sam2"))


def load(*, weights: str = "", device: Device = "cpu") -> Memory:
    """weights: a folder or hub:NAME. Raises UsageError, ModelError."""
    if not weights:
        raise UsageError(
            "sam2 needs weights",
            needed=f"a folder, or hub:NAME such as hub:{next(iter(WEIGHTS))} ({next(iter(WEIGHTS.values()))})",
        )
    model: Any = pretrained("Sam2VideoModel", weights, WEIGHTS)
    transformers: Any = require("transformers", "the engine sam2")
    return Memory(model, transformers.Sam2VideoInferenceSession, device)
