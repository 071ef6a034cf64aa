"""SAM 2 and 2.1 on images (Ravi et al., "SAM 2: Segment Anything in Images and Videos", ICLR 2025)."""

from maskwright.core.typed import Device
from maskwright.errors import UsageError
from maskwright.interactive.engines._sam import Sam
from maskwright.weights import pretrained, weight_catalogue

WEIGHTS = weight_catalogue.told(weight_catalogue.find(engine="interactive.engines/sam2"))


def load(*, weights: str = "", encoder: str = "torch", device: Device = "cpu") -> Sam:
    """weights: a folder or hub:NAME.  encoder: torch, onnx or openvino.  Raises UsageError, ModelError."""
    if not weights:
        raise UsageError(
            "sam2 needs weights",
            needed=f"a folder, or hub:NAME such as hub:{next(iter(WEIGHTS))} ({next(iter(WEIGHTS.values()))})",
        )
    return Sam(pretrained("Sam2Model", weights, WEIGHTS), "sam2", stretch=True, encoder=encoder, device=device)
