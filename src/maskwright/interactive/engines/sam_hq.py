"""SAM-HQ: SAM with finer outlines (Ke et al., "Segment Anything in High Quality", NeurIPS 2023)."""

from maskwright.core.typed import Device
from maskwright.errors import UsageError
from maskwright.interactive.engines._sam import Sam
from maskwright.weights import pretrained, weight_catalogue

WEIGHTS = weight_catalogue.told(weight_catalogue.find(engine="interactive.engines/sam-hq"))


def load(*, weights: str = "", encoder: str = "torch", device: Device = "cpu") -> Sam:
    """weights: a folder or hub:NAME.  encoder: torch, onnx or openvino.  Raises UsageError, ModelError."""
    if not weights:
        raise UsageError(
            "sam_hq needs weights",
            needed=f"a folder, or hub:NAME such as hub:{next(iter(WEIGHTS))} ({next(iter(WEIGHTS.values()))})",
        )
    return Sam(pretrained("SamHQModel", weights, WEIGHTS), "sam_hq", stretch=False, encoder=encoder, device=device)
