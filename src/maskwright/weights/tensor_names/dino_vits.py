"""DINOv2 and DINOv3 (Oquab et al., 2023; Siméoni et al., 2025). Common names are close to timm's.

timm and Meta keep queries, keys and values in one tensor.  DINOv3's keys have no bias, and of its small to large
networks timm leaves out those of queries and values too, which are zero.
"""

from maskwright.weights.tensor_names._body import NameMap, by_rules

_PLAIN = r"(weight|bias)"
_QKV = (r"blocks.\1.q.\2", r"blocks.\1.k.\2", r"blocks.\1.v.\2")

_TIMM = (
    (rf"blocks\.(\d+)\.attn\.qkv\.{_PLAIN}", _QKV),
    (r"blocks\.(\d+)\.attn\.([qv])_bias", r"blocks.\1.\2.bias"),
    (rf"blocks\.(\d+)\.attn\.proj\.{_PLAIN}", r"blocks.\1.proj.\2"),
    (rf"blocks\.(\d+)\.(norm\d|mlp\.fc\d)\.{_PLAIN}", r"blocks.\1.\2.\3"),
    (r"blocks\.(\d+)\.(?:ls(\d)\.gamma|gamma_(\d))", r"blocks.\1.scale\2\3"),
    (r"cls_token", "cls"),
    (r"(?:reg_token|register_tokens|storage_tokens)", "registers"),
    (r"mask_token", "mask_token"),
    (r"pos_embed", "positions"),
    (rf"patch_embed\.proj\.{_PLAIN}", r"patches.\1"),
    (rf"norm\.{_PLAIN}", r"norm.\1"),
)
_EMBEDDINGS = (
    (r"embeddings\.cls_token", "cls"),
    (r"embeddings\.register_tokens", "registers"),
    (r"embeddings\.mask_token", "mask_token"),
    (r"embeddings\.position_embeddings", "positions"),
)
_DINOV2 = (
    *_EMBEDDINGS,
    (rf"embeddings\.patch_embeddings\.projection\.{_PLAIN}", r"patches.\1"),
    *(
        (rf"encoder\.layer\.(\d+)\.attention\.attention\.{long}\.{_PLAIN}", rf"blocks.\1.{long[0]}.\2")
        for long in ("query", "key", "value")
    ),
    (rf"encoder\.layer\.(\d+)\.attention\.output\.dense\.{_PLAIN}", r"blocks.\1.proj.\2"),
    (rf"encoder\.layer\.(\d+)\.(norm\d|mlp\.fc\d)\.{_PLAIN}", r"blocks.\1.\2.\3"),
    (r"encoder\.layer\.(\d+)\.layer_scale(\d)\.lambda1", r"blocks.\1.scale\2"),
    (rf"layernorm\.{_PLAIN}", r"norm.\1"),
)
_DINOV3 = (
    *_EMBEDDINGS,
    (rf"embeddings\.patch_embeddings\.{_PLAIN}", r"patches.\1"),
    (rf"layer\.(\d+)\.attention\.([qkv])_proj\.{_PLAIN}", r"blocks.\1.\2.\3"),
    (rf"layer\.(\d+)\.attention\.o_proj\.{_PLAIN}", r"blocks.\1.proj.\2"),
    (rf"layer\.(\d+)\.(norm\d)\.{_PLAIN}", r"blocks.\1.\2.\3"),
    (rf"layer\.(\d+)\.mlp\.up_proj\.{_PLAIN}", r"blocks.\1.mlp.fc1.\2"),
    (rf"layer\.(\d+)\.mlp\.down_proj\.{_PLAIN}", r"blocks.\1.mlp.fc2.\2"),
    (r"layer\.(\d+)\.layer_scale(\d)\.lambda1", r"blocks.\1.scale\2"),
    (rf"norm\.{_PLAIN}", r"norm.\1"),
)

MAPS = (
    NameMap("dinov2", "timm", "blocks.0.ls1.gamma", by_rules(*_TIMM)),
    NameMap("dinov3", "timm", "blocks.0.gamma_1", by_rules(*_TIMM), zero=r"blocks\.\d+\.[qv]\.bias"),
    NameMap("dinov2", "transformers", "encoder.layer.0.layer_scale1.lambda1", by_rules(*_DINOV2)),
    NameMap("dinov3", "transformers", "embeddings.patch_embeddings.weight", by_rules(*_DINOV3)),
)
