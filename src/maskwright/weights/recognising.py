"""What a file of weights is, by the names and shapes of its tensors."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import ModelError
from maskwright.weights import at_hand, tensor_names, weight_catalogue
from maskwright.weights.class_names import class_names, lists
from maskwright.weights.encoder_sizes import encoder_of
from maskwright.weights.publication import Published
from maskwright.weights.tensor_names import torchvision_detection
from maskwright.weights.tensors import FILES, HUB, read_weights

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Recognised:
    """network: an encoder ("resnet18"), a model here that has such weights ("maskrcnn/resnet50"), or an engine ("sam").
    kind: "encoder", "network" or "engine".  config: further arguments of the model.  program: whose names they are.
    outputs: how many classes its last layer has, a background among them; None for an encoder.
    classes: (name, kind) by output; empty where the names are not known, and why: how they are known.
    published: of the catalogue, where it is one of those.  mean, std: of its images, where that is known.
    tensors, parameters: how many.
    """

    network: str
    kind: str
    program: str
    tensors: int
    parameters: int
    config: dict[str, Any] = field(default_factory=dict)
    outputs: int | None = None
    classes: tuple[tuple[str, str], ...] = ()
    why: str = ""
    published: Published | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    @property
    def words(self) -> str:
        """In a few words, such as "the encoder resnet18, as torchvision names its tensors"."""
        return f"the {self.kind} {self.network}" + (f", as {self.program} names its tensors" if self.program else "")


def recognise(source: str | Path) -> Recognised:
    """What weights are. source: as `read_weights` takes it. Raises ModelError for a file that cannot be read, or whose
    tensors are of no network that is known here.
    """
    return of_tensors(read_weights(source), source)


def of_tensors(given: "Mapping[str, Tensor]", source: str | Path) -> Recognised:
    """The same of tensors that were read from there."""
    tensors = torchvision_detection.renamed(given)
    found = _named(tensors)
    if found is None:
        raise ModelError(
            "its tensors are of no network that is known here", file=source,
            needed=f"it holds {', '.join(list(given)[:4])}, …",
        )  # fmt: skip
    published = published_at(source)
    found = replace(found, published=published)
    alike = [published] if published else weight_catalogue.find(network=found.network)
    norms = {(other.mean, other.std) for other in alike if other.mean}
    # Where it is not known which of them it is: what all of them agree on.
    if len(norms) == 1:
        mean, std = norms.pop()
        found = replace(found, mean=mean, std=std)
    given_norm = _of_folder(source, "preprocessor_config.json")
    if {"image_mean", "image_std"} <= given_norm.keys():
        found = replace(found, mean=tuple(given_norm["image_mean"]), std=tuple(given_norm["image_std"]))
    return _with_classes(found, source, alike)


def _with_classes(found: Recognised, source: str | Path, alike: list[Published]) -> Recognised:
    """Names of its outputs: from the folder's own description, the catalogue, or of all weights of such a network."""
    if found.outputs is None:
        return found
    labels = _of_folder(source, "config.json").get("id2label", {})
    own = [str(name) for _, name in sorted(labels.items(), key=lambda item: int(item[0]))]
    unnamed = all(re.fullmatch(r"LABEL_\d+", name) for name in own)
    if len(own) == found.outputs and len(set(own)) == len(own) and not unnamed:
        known = next((listed for listed in map(class_names, lists()) if [name for name, _ in listed] == own), None)
        return replace(found, classes=known or tuple((name, "thing") for name in own), why="its folder says")
    if found.published is not None and found.published.classes:
        return _if_as_many(found, found.published.classes, f"it is {found.published.name}")
    # What every published file of this network with as many outputs has.
    called = {other.classes for other in alike if other.classes}
    for name in sorted(called):
        named = _if_as_many(found, name, f"as all published weights of {found.network} with so many outputs have")
        if named.classes:
            return named
    return found


def _if_as_many(found: Recognised, of: str, why: str) -> Recognised:
    classes = class_names(of)
    background = found.network.startswith("maskrcnn/")  # its output 0 is "nothing"
    return replace(found, classes=classes, why=why) if len(classes) + background == found.outputs else found


def published_at(source: str | Path) -> Published | None:
    """Which weights of the catalogue these are: by name, place, or name of the file and checksum."""
    text = str(source)
    for published in weight_catalogue.every():
        if text in (published.name, f"{HUB}{published.hub}" if published.hub else published.name):
            return published
    place = Path(source)
    if not place.is_file():
        return None
    for published in weight_catalogue.every():
        alike = place.name in (Path(published.file).name, published.torch) or place.stat().st_size == published.size
        if alike and published.checksum and _has_checksum(place, published.checksum):
            return published
        if published.hub and place == at_hand.place_of(published):
            return published
    return None


def _has_checksum(place: Path, checksum: str) -> bool:
    import hashlib

    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().startswith(checksum.removeprefix("sha256:"))


def _of_folder(source: str | Path, file: str) -> dict[str, Any]:
    """A description beside the weights."""
    text = str(source)
    folder = Path(source).parent if Path(source).name in FILES else Path(source)
    place = at_hand.of_hub(text.removeprefix(HUB), file) if text.startswith(HUB) else folder / file
    if place is None or not place.is_file():
        return {}
    try:
        held = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _named(tensors: "Mapping[str, Tensor]") -> Recognised | None:
    """The first network whose sign is there; an encoder where none is."""
    count = len(tensors), sum(tensor.numel() for name, tensor in tensors.items() if "running_" not in name)
    count = count[0], count[1] - sum(name.endswith("num_batches_tracked") for name in tensors)
    inside = next(iter(tensor_names.found(tensors)), None)
    bodies = [found for found in map(encoder_of, tensor_names.found(tensors)) if found]
    encoder = bodies[0] if bodies else ""
    for sign, make in _NETWORKS:
        if any(re.search(sign, name) for name in tensors):
            said = make(tensors, encoder)
            if said is not None:
                network, program, outputs, config = said
                return Recognised(network, "network", program, *count, config=config, outputs=outputs)
    for sign, engine, program in _ENGINES:
        if any(re.match(sign, name) for name in tensors):
            return Recognised(engine, "engine", program, *count)
    if not encoder or inside is None:
        small = next((name for sign, name in _MOBILENETS if all(end in tensors for end in sign)), None)
        return None if small is None else Recognised(small, "encoder", "torchvision", *count)
    return Recognised(encoder, "encoder", inside.program, *count)


#: Tensors that only these have.
_MOBILENETS = (
    (("features.18.0.weight", "features.17.conv.3.running_mean"), "mobilenet_v2"),
    (("features.16.0.weight", "features.15.block.3.1.running_mean"), "mobilenet_v3_large"),
)

_Said = tuple[str, str, int | None, dict[str, Any]]


def _rows(tensors: "Mapping[str, Tensor]", end: str) -> int | None:
    return next((int(tensor.shape[0]) for name, tensor in tensors.items() if name.endswith(end)), None)


def _mask_rcnn(tensors: "Mapping[str, Tensor]", encoder: str) -> _Said | None:
    if not encoder:
        return None
    second = any("box_head.0.0.weight" in name for name in tensors)
    outputs = _rows(tensors, "roi_heads.box_predictor.cls_score.weight")
    return f"maskrcnn/{encoder}", "torchvision", outputs, {"version": 2} if second else {}


def _torchvision(model: str, last: str) -> "Callable[[Mapping[str, Tensor], str], _Said | None]":
    def make(tensors: "Mapping[str, Tensor]", encoder: str) -> _Said | None:
        spine = encoder or ("mobilenet_v3_large" if any("backbone.16." in name for name in tensors) else "")
        outputs = next((int(t.shape[0]) for name, t in tensors.items() if re.fullmatch(rf"(.*\.)?{last}", name)), None)
        return (f"{model}/{spine}", "torchvision", outputs, {}) if spine and outputs else None

    return make


def _smp(model: str) -> "Callable[[Mapping[str, Tensor], str], _Said | None]":
    def make(tensors: "Mapping[str, Tensor]", encoder: str) -> _Said | None:
        outputs = _rows(tensors, "segmentation_head.0.weight")
        if not outputs or not encoder:
            return None
        config: dict[str, Any] = {}
        if model == "segformer":
            config = {"width": _rows(tensors, "decoder.fuse_stage.0.weight")}
        return f"{model}/{encoder}", "segmentation-models-pytorch", outputs, config

    return make


def _segformer(tensors: "Mapping[str, Tensor]", encoder: str) -> _Said | None:
    if not encoder:
        return None
    outputs, width = _rows(tensors, "decode_head.classifier.weight"), _rows(tensors, "decode_head.linear_fuse.weight")
    return f"segformer/{encoder}", "transformers", outputs, {"width": width}


def _queries(model: str) -> "Callable[[Mapping[str, Tensor], str], _Said | None]":
    def make(tensors: "Mapping[str, Tensor]", encoder: str) -> _Said | None:
        ends = ("class_predictor.weight", "transformer_module.decoder.class_embed.weight")
        rows = _rows(tensors, ends[0]) or _rows(tensors, ends[1])
        queries = next((int(t.shape[0]) for name, t in tensors.items() if name.endswith("queries_embedder.weight")), 0)
        spine = encoder or _swin(tensors)
        if rows is None or not spine:
            return None
        return f"{model}/{spine}", "transformers", rows - 1, {"queries": queries} if queries else {}

    return make


_SWINS = {(48, 2): "swin-nano", (96, 6): "swin-tiny", (96, 18): "swin-small", (128, 18): "swin-base",
          (192, 18): "swin-large"}  # fmt: skip


def _swin(tensors: "Mapping[str, Tensor]") -> str:
    width = _rows(tensors, "encoder.embeddings.patch_embeddings.projection.weight")
    third = {m[1] for name in tensors if (m := re.search(r"encoder\.layers\.2\.blocks\.(\d+)\.", name))}
    return _SWINS.get((width or 0, len(third)), "")


def _eomt(tensors: "Mapping[str, Tensor]", encoder: str) -> _Said | None:
    wide, rows = _rows(tensors, "mask_head.fc1.weight"), _rows(tensors, "class_predictor.weight")
    positions = next((int(t.shape[0]) for n, t in tensors.items() if n.endswith("position_embeddings.weight")), 0)
    size = {96: "nano", 384: "small", 768: "base", 1024: "large"}.get(wide or 0)
    queries = next((int(t.shape[0]) for name, t in tensors.items() if name == "query.weight"), 0)
    if size is None or rows is None:
        return None
    config = {"queries": queries, "side": 16 * round(positions**0.5)} if positions else {"queries": queries}
    return f"eomt/{size}", "transformers", rows - 1, config


#: A name that only this network has -> what it is. Whole networks, the more particular ones first.
_NETWORKS: "tuple[tuple[str, Callable[[Mapping[str, Tensor], str], _Said | None]], ...]" = (
    (r"roi_heads\.mask_predictor\.mask_fcn_logits\.weight$", _mask_rcnn),
    (r"task_encoder\.task_mlp\.", _queries("oneformer")),
    (r"transformer_module\.decoder\.mask_predictor\.", _queries("mask2former")),
    (r"^upscale_block\.block\.0\.", _eomt),
    (r"classifier\.low_classifier\.weight$", _torchvision("lraspp", r"classifier\.low_classifier\.weight")),
    (r"(^|\.)classifier\.0\.convs\.0\.0\.weight$", _torchvision("deeplabv3", r"classifier\.4\.weight")),
    (r"(^|\.)classifier\.4\.weight$", _torchvision("fcn", r"classifier\.4\.weight")),
    (r"decode_head\.linear_c\.0\.proj\.weight$", _segformer),
    (r"decoder\.mlp_stage\.0\.linear\.weight$", _smp("segformer")),
    (r"decoder\.blocks\.0\.conv1\.0\.weight$", _smp("unet")),
    (r"decoder\.p5\.weight$", _smp("fpn")),
    (r"decoder\.aspp\.0\.convs\.0\.0\.weight$", _smp("deeplabv3plus")),
    (r"decoder\.fpn_lateral_blocks\.", _smp("upernet")),
    (r"decoder\.psp\.", _smp("pspnet")),
)
_ENGINES = (
    (r"image_encoder\.patch_embed\.seq\.", "mobile-sam", "MobileSAM"),
    (r"image_encoder\.patch_embed\.proj\.", "sam", "segment-anything"),
    (r"(detector_model\.)?(geometry_encoder|detr_decoder)\.", "sam3", "transformers"),
    (r"mask_decoder\.hf_token|mask_decoder\.compress_vit_conv", "sam-hq", "transformers"),
    (r"vision_encoder\.backbone\.timm_model\.", "edgetam", "transformers"),
    (r"vision_encoder\.backbone\.blocks\.", "sam2", "transformers"),
    (r"vision_encoder\.layers\.0\.attn\.", "sam", "transformers"),
    (r"(model\.)?encoder\.layers\.0\.attention\.rel_pos_h", "seggpt", "transformers"),
)
