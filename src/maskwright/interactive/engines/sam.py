"""SAM (Kirillov et al., "Segment Anything", ICCV 2023), from transformers' folders and from its own .pth files."""

from pathlib import Path
from typing import Any

from maskwright.core.typed import Device
from maskwright.errors import ModelError, UsageError
from maskwright.interactive.engines._sam import Sam
from maskwright.registry import require
from maskwright.weights import fill_exactly, pretrained, read_weights, weight_catalogue
from maskwright.weights.sam_names import renamed

WEIGHTS = weight_catalogue.told(weight_catalogue.find(engine="interactive.engines/sam"))


def load(*, weights: str = "", encoder: str = "torch", device: Device = "cpu") -> Sam:
    """weights: a folder, hub:NAME or a .pth file.  encoder: torch, onnx, openvino.  Raises UsageError, ModelError."""
    if not weights:
        raise UsageError(
            "sam needs weights",
            needed=f"a folder, a .pth file, or hub:{next(iter(WEIGHTS))} ({next(iter(WEIGHTS.values()))})",
        )
    model = _from_file(weights) if Path(weights).is_file() else pretrained("SamModel", weights, WEIGHTS)
    return Sam(model, "sam", encoder=encoder, device=device)


def _from_file(weights: str) -> Any:
    """The sizes of the network are read off its tensors."""
    transformers: Any = require("transformers", "the engine sam")
    tensors = renamed(read_weights(weights))
    try:
        embed = tensors["vision_encoder.patch_embed.projection.weight"]
        number = 1 + max(int(name.split(".")[2]) for name in tensors if name.startswith("vision_encoder.layers."))
        grid = tensors["vision_encoder.pos_embed"].shape[1]
        bias = [tensors[f"vision_encoder.layers.{k}.attn.rel_pos_h"].shape for k in range(number)]
        everywhere = [k for k in range(number) if bias[k][0] == 2 * grid - 1]
        window = next(((shape[0] + 1) // 2 for shape in bias if shape[0] != 2 * grid - 1), 0)
        channels = tensors["vision_encoder.neck.conv1.weight"].shape[0]
        mlp = tensors["vision_encoder.layers.0.mlp.lin1.weight"].shape[0]
        width = tensors["mask_decoder.transformer.layers.0.mlp.lin1.weight"].shape[0]
    except (KeyError, ValueError):
        raise ModelError(
            "these are not SAM's tensors", file=weights, needed="image_encoder.patch_embed.proj …"
        ) from None
    width_head = bias[0][1]
    side = grid * embed.shape[2]
    config = transformers.SamConfig(
        vision_config={
            "hidden_size": embed.shape[0], "num_hidden_layers": number, "mlp_dim": mlp, "image_size": side,
            "num_attention_heads": embed.shape[0] // width_head, "patch_size": embed.shape[2], "window_size": window,
            "global_attn_indexes": everywhere, "output_channels": channels,
            "num_pos_feats": channels // 2,
        },
        prompt_encoder_config={
            "hidden_size": channels, "image_size": side, "patch_size": embed.shape[2],
            "mask_input_channels": tensors["prompt_encoder.mask_embed.conv2.weight"].shape[0],
        },
        mask_decoder_config={
            "hidden_size": channels, "mlp_dim": width,
            "iou_head_hidden_dim": tensors["mask_decoder.iou_prediction_head.proj_in.weight"].shape[0],
        },
    )  # fmt: skip
    return fill_exactly(transformers.SamModel(config), tensors, weights)
