"""EdgeTAM on images (Zhou et al., "EdgeTAM: On-Device Track Anything Model", CVPR 2025): quick on a processor."""

from maskwright.core.typed import Device
from maskwright.errors import UsageError
from maskwright.interactive.engines._sam import Sam
from maskwright.weights import pretrained, weight_catalogue

WEIGHTS = weight_catalogue.told(weight_catalogue.find(engine="interactive.engines/edgetam"))


def load(*, weights: str = "", encoder: str = "torch", device: Device = "cpu") -> Sam:
    """weights: a folder or hub:NAME.  encoder: torch, onnx or openvino.  Raises UsageError, ModelError."""
    if not weights:
        raise UsageError(
            "edgetam needs weights",
            needed=f"a folder, or hub:NAME such as hub:{next(iter(WEIGHTS))} ({next(iter(WEIGHTS.values()))})",
        )
    return Sam(pretrained("EdgeTamModel", weights, WEIGHTS), "edgetam", stretch=True, encoder=encoder, device=device)
