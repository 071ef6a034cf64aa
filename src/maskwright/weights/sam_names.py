"""The names of tensors in SAM's and MobileSAM's own files, as transformers calls them.

The files are published as pickled state dicts (`sam_vit_b_01ec64.pth`, `mobile_sam.pt`); prompt encoder and mask
decoder are the same in both.
"""

import re
from collections.abc import Mapping
from typing import Any

_PARTS = (
    (r"^image_encoder\.", "vision_encoder."),
    (r"neck\.0\.", "neck.conv1."),
    (r"neck\.1\.", "neck.layer_norm1."),
    (r"neck\.2\.", "neck.conv2."),
    (r"neck\.3\.", "neck.layer_norm2."),
    (r"mask_downscaling\.0\.", "mask_embed.conv1."),
    (r"mask_downscaling\.1\.", "mask_embed.layer_norm1."),
    (r"mask_downscaling\.3\.", "mask_embed.conv2."),
    (r"mask_downscaling\.4\.", "mask_embed.layer_norm2."),
    (r"mask_downscaling\.6\.", "mask_embed.conv3."),
    (r"point_embeddings\.", "point_embed."),
    (r"pe_layer\.positional_encoding_gaussian_matrix", "shared_embedding.positional_embedding"),
    (r"output_upscaling\.0\.", "upscale_conv1."),
    (r"output_upscaling\.1\.", "upscale_layer_norm."),
    (r"output_upscaling\.3\.", "upscale_conv2."),
    (r"((?:iou_prediction_head|output_hypernetworks_mlps\.\d))\.layers\.0\.", r"\1.proj_in."),
    (r"((?:iou_prediction_head|output_hypernetworks_mlps\.\d))\.layers\.1\.", r"\1.layers.0."),
    (r"((?:iou_prediction_head|output_hypernetworks_mlps\.\d))\.layers\.2\.", r"\1.proj_out."),
    (r"transformer\.norm_final_attn\.", "transformer.layer_norm_final_attn."),
    (r"(transformer\.layers\.\d)\.norm(\d)\.", r"\1.layer_norm\2."),
)
_VIT = (
    (r"patch_embed\.proj\.", "patch_embed.projection."),
    (r"\.blocks\.", ".layers."),
    (r"(layers\.\d+)\.norm(\d)\.", r"\1.layer_norm\2."),
)
_TINY_VIT = (
    (r"patch_embed\.seq\.0\.", "patch_embed.conv1."),
    (r"patch_embed\.seq\.2\.", "patch_embed.conv2."),
    (r"\.c\.", ".conv."),
)


def renamed(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The same tensors by transformers' names; those that already have them are left alone."""
    out: dict[str, Any] = {}
    tiny = any(name.startswith("image_encoder.patch_embed.seq.") for name in tensors)
    for name, tensor in tensors.items():
        if name.endswith("attention_bias_idxs") or name.startswith(("image_encoder.norm_head", "image_encoder.head.")):
            continue  # computed, or of the classifier that the encoder was trained as first
        new = name
        for old, there in _PARTS:
            new = re.sub(old, there, new)
        if new.startswith("vision_encoder.") and new != name:
            for old, there in _TINY_VIT if tiny else _VIT:
                new = re.sub(old, there, new)
        if tiny and new.startswith("vision_encoder."):
            new = _staged(new)
        out[new] = tensor
        if new == "prompt_encoder.shared_embedding.positional_embedding":
            out["shared_image_embedding.positional_embedding"] = tensor
    return out


def _staged(name: str) -> str:
    """MobileSAM puts a stage's narrowing behind it, timm before the next one."""
    if name.startswith("vision_encoder.neck."):
        return name
    name = name.replace("vision_encoder.", "vision_encoder.trunk.", 1)
    found = re.match(r"vision_encoder\.trunk\.layers\.(\d)\.(downsample\.)?(.*)", name)
    if not found:
        return name
    stage, down, rest = int(found[1]), found[2], found[3]
    return f"vision_encoder.trunk.stages.{stage + 1 if down else stage}.{down or ''}{rest}"
