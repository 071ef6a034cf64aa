"""MobileSAM: SAM's decoder behind a small encoder (Zhang et al., "Faster Segment Anything", 2023).

The encoder is timm's TinyViT with its last stage kept at full width (stride 1), and SAM's neck.
"""

from pathlib import Path
from typing import Any

from maskwright.core.typed import Device
from maskwright.errors import ModelError, UsageError
from maskwright.interactive.engines._sam import Sam
from maskwright.registry import require
from maskwright.weights import fill_exactly, read_weights, weight_catalogue
from maskwright.weights.sam_names import renamed

WEIGHTS = weight_catalogue.told(weight_catalogue.find(engine="interactive.engines/mobile-sam"))


def load(*, weights: str = "", encoder: str = "torch", device: Device = "cpu") -> Sam:
    """weights: MobileSAM's own file.  encoder: torch, onnx or openvino.  Raises UsageError, ModelError."""
    if not weights:
        raise UsageError("mobile-sam needs weights", needed="the file mobile_sam.pt")
    if not Path(weights).is_file():
        raise ModelError("there is no such file", file=weights, needed="mobile_sam.pt")
    tensors = renamed(read_weights(weights))
    return Sam(fill_exactly(network(), tensors, weights), "mobile-sam", encoder=encoder, device=device)


def network(side: int = 1024) -> Any:
    """The network with random weights."""
    torch: Any = require("torch", "the engine mobile-sam")
    transformers: Any = require("transformers", "the engine mobile-sam")
    timm: Any = require("timm", "the engine mobile-sam")
    from transformers.modeling_outputs import BaseModelOutput
    from transformers.models.sam.modeling_sam import SamVisionNeck

    class TinyViT(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, config: Any) -> None:
            super().__init__()
            trunk = timm.create_model("tiny_vit_5m_224", num_classes=0)
            trunk.stages[3].downsample.conv2.conv.stride = (1, 1)
            del trunk.head
            self.trunk = trunk
            self.neck = SamVisionNeck(config)
            self.neck.conv1 = torch.nn.Conv2d(320, config.output_channels, 1, bias=False)

        def forward(self, pixel_values: Any, **_: Any) -> Any:
            x = self.trunk.patch_embed(pixel_values)
            for stage in self.trunk.stages:
                x = stage(x)
            return BaseModelOutput(last_hidden_state=self.neck(x.permute(0, 2, 3, 1)))

    config = transformers.SamConfig(
        # SAM's own encoder is made and let go: as small as it can be.
        vision_config={"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1, "image_size": side},
        prompt_encoder_config={"image_size": side},
    )
    model = transformers.SamModel(config)
    model.vision_encoder = TinyViT(config.vision_config)
    return model.eval().requires_grad_(False)
