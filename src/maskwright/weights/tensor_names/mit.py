"""MiT, SegFormer's encoder (Xie et al., NeurIPS 2021). Common names are NVIDIA's own, keys and values apart."""

from maskwright.weights.tensor_names._body import NameMap, by_rules

_PLAIN = r"(weight|bias)"

#: NVIDIA's names, which segmentation-models-pytorch keeps.
NVIDIA = (
    (rf"block(\d)\.(\d+)\.attn\.kv\.{_PLAIN}", (r"block\1.\2.attn.k.\3", r"block\1.\2.attn.v.\3")),
    (rf"((?:block\d\.\d+|patch_embed\d|norm\d)\.(?:.*\.)?{_PLAIN})", r"\1"),
)


def _stage(number: int) -> list[tuple[str, str]]:
    new = rf"block{number + 1}.\1"
    old = rf"block\.{number}\.(\d+)"
    parts = {
        r"attention\.self\.query": "attn.q", r"attention\.self\.key": "attn.k", r"attention\.self\.value": "attn.v",
        r"attention\.self\.sr": "attn.sr", r"attention\.self\.layer_norm": "attn.norm",
        r"attention\.output\.dense": "attn.proj", r"layer_norm_1": "norm1", r"layer_norm_2": "norm2",
        r"mlp\.dense1": "mlp.fc1", r"mlp\.dense2": "mlp.fc2", r"mlp\.dwconv\.dwconv": "mlp.dwconv.dwconv",
    }  # fmt: skip
    return [
        (rf"patch_embeddings\.{number}\.proj\.{_PLAIN}", rf"patch_embed{number + 1}.proj.\1"),
        (rf"patch_embeddings\.{number}\.layer_norm\.{_PLAIN}", rf"patch_embed{number + 1}.norm.\1"),
        (rf"layer_norm\.{number}\.{_PLAIN}", rf"norm{number + 1}.\1"),
        *((rf"{old}\.{part}\.{_PLAIN}", rf"{new}.{name}.\2") for part, name in parts.items()),
    ]


TRANSFORMERS = tuple(rule for number in range(4) for rule in _stage(number))

MAPS = (
    NameMap("mit", "segmentation-models-pytorch", "patch_embed1.proj.weight", by_rules(*NVIDIA)),
    NameMap("mit", "transformers", "patch_embeddings.0.proj.weight", by_rules(*TRANSFORMERS)),
)
