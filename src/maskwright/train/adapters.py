"""Adapters: a few weights that are added to a frozen encoder and learn in its place.

LoRA (Hu et al., ICLR 2022): a linear layer W of the encoder's attention becomes W + B A, of which only A and B, of a
low rank, learn; B begins at zero, so that the network begins as it was.  The layers are peft's (Apache-2.0).
Checkpoints to go on from hold W, A and B apart; files of weights hold their sum, and need no peft to be used or
exported.
"""

import copy
from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.registry import require
from maskwright.train.settings import Settings

if TYPE_CHECKING:
    from torch import nn

#: Where nothing is said.
RANK = 8

#: Linear layers of attention, by the last part of their names: queries and values, or all three in one.
LAYERS = frozenset({"query", "value", "q_proj", "v_proj", "qkv", "q", "v", "kv"})


def add(model: "nn.Module", settings: Settings) -> str | None:
    """Put the adapter of the settings into a model, whose encoder is frozen from here -> one sentence; None for none.

    Raises UsageError for a model without an encoder that has attention.
    """
    if settings.adapter is None:
        return None
    torch = require("torch", "training")
    peft = require("peft", "adapters")
    paths = getattr(model, "encoder_path", "encoder")
    before = tuple(f"{path}." for path in ((paths,) if isinstance(paths, str) else paths))
    wanted = [
        name
        for name, module in model.named_modules()
        if name.startswith(before) and name.rpartition(".")[2] in LAYERS and isinstance(module, torch.nn.Linear)
    ]
    if not wanted:
        raise UsageError(
            f"{settings.model} has no encoder with attention, to which an adapter could be added",
            needed="a model such as dino or sam",
        )
    rank = settings.adapter_rank or RANK
    learned = {name: weight.requires_grad for name, weight in model.named_parameters()}
    config = peft.LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=wanted, bias="none")
    peft.inject_adapter_in_model(config, model)
    added = 0
    for name, weight in model.named_parameters():
        if name not in learned and ".lora_" in name:
            added += weight.numel()
        else:  # peft froze everything; outside the encoder what learned goes on learning
            weight.requires_grad_(not name.startswith(before) and learned.get(name, False))
    return (
        f"the encoder is frozen; an adapter of rank {rank} on {len(wanted)} layers of its attention learns"
        f" {added:,} weights"
    )


def merged(model: "nn.Module") -> "nn.Module":
    """The same network without an adapter: its layers are the sums. One that has none is given back as it is."""
    if not any(".lora_" in name for name, _ in model.named_parameters()):
        return model
    from peft.tuners.tuners_utils import BaseTunerLayer

    whole = copy.deepcopy(model)
    layers: list[tuple[str, Any]] = [
        (name, module) for name, module in whole.named_modules() if isinstance(module, BaseTunerLayer)
    ]
    for name, layer in layers:
        layer.merge(safe_merge=True)
        above, _, last = name.rpartition(".")
        setattr(whole.get_submodule(above), last, layer.get_base_layer())
    return whole
