"""SegFormer as a whole (Xie et al., NeurIPS 2021): its encoder's common names below "encoder.", and its decoder's.

The decoder joins features from the coarsest to the finest in every program; segmentation-models-pytorch also counts
them in that order.
"""

from maskwright.weights.tensor_names import mit
from maskwright.weights.tensor_names._body import NameMap, by_rules

_NORM = r"(weight|bias|running_mean|running_var|num_batches_tracked)"
_PLAIN = r"(weight|bias)"


def _below(old: str, rules: tuple[tuple[str, str | tuple[str, ...]], ...]) -> list[tuple[str, str | tuple[str, ...]]]:
    """The encoder's rules where it lies inside."""
    return [
        (old + name, f"encoder.{new}" if isinstance(new, str) else tuple(f"encoder.{part}" for part in new))
        for name, new in rules
    ]


_TRANSFORMERS = by_rules(
    *_below(r"segformer\.encoder\.", mit.TRANSFORMERS),
    (rf"decode_head\.linear_c\.(\d)\.proj\.{_PLAIN}", r"linear.\1.\2"),
    (r"decode_head\.linear_fuse\.weight", "fuse.weight"),
    (rf"decode_head\.batch_norm\.{_NORM}", r"fuse_norm.\1"),
    (rf"decode_head\.classifier\.{_PLAIN}", r"classes.\1"),
)
_SMP = by_rules(
    *_below(r"encoder\.", mit.NVIDIA),
    *((rf"decoder\.mlp_stage\.{3 - k}\.linear\.{_PLAIN}", rf"linear.{k}.\1") for k in range(4)),
    (r"decoder\.fuse_stage\.0\.weight", "fuse.weight"),
    (rf"decoder\.fuse_stage\.1\.{_NORM}", r"fuse_norm.\1"),
    (rf"segmentation_head\.0\.{_PLAIN}", r"classes.\1"),
)

MAPS = (
    NameMap("segformer", "transformers", "decode_head.linear_c.0.proj.weight", _TRANSFORMERS),
    NameMap("segformer", "segmentation-models-pytorch", "decoder.mlp_stage.0.linear.weight", _SMP),
)
