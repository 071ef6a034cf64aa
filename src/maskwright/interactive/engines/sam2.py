"""SAM 2 and 2.1 on images (Ravi et al., "SAM 2: Segment Anything in Images and Videos", ICLR 2025)."""

from maskwright.core.typed import Device
from maskwright.errors import UsageError
from maskwright.interactive.engines._sam import Sam
from maskwright.weights import pretrained

WEIGHTS = {
    "facebook/sam2.1-hiera-tiny": "Apache-2.0; 39 M parameters, 156 MB",
    "facebook/sam2.1-hiera-small": "Apache-2.0; 46 M parameters, 184 MB",
    "facebook/sam2.1-hiera-base-plus": "Apache-2.0; 81 M parameters, 324 MB",
    "facebook/sam2.1-hiera-large": "Apache-2.0; 224 M parameters, 898 MB",
}


def load(*, weights: str = "", encoder: str = "torch", device: Device = "cpu") -> Sam:
    """weights: a folder or hub:NAME.  encoder: torch, onnx or openvino.  Raises UsageError, ModelError."""
    if not weights:
        raise UsageError(
            "sam2 needs weights",
            needed=f"a folder, or hub:NAME such as hub:{next(iter(WEIGHTS))} ({next(iter(WEIGHTS.values()))})",
        )
    return Sam(pretrained("Sam2Model", weights, WEIGHTS), "sam2", stretch=True, encoder=encoder, device=device)
