"""The tensors of a network of ours, under the names that published files of its parts have.

transformers calls tensors otherwise in memory than in files, and says itself which is which.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from maskwright.errors import MissingExtraError
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import Tensor, nn


def as_in_files(model: "nn.Module") -> "dict[str, tuple[str, Tensor]]":
    """Name in files -> name in memory, and the tensor itself.

    Those that a file holds in another shape (in parts, or several as one) keep the name they have in memory.
    """
    own: dict[str, Tensor] = dict(model.state_dict())
    out = {name: (name, tensor) for name, tensor in own.items()}
    for path, part in _of_transformers(model):
        prefix = f"{path}." if path else ""
        inside = {name.removeprefix(prefix): tensor for name, tensor in own.items() if name.startswith(prefix)}
        places = {_identity(tensor): name for name, tensor in inside.items()}
        for new, tensor in _reverted(part, inside).items():
            old = places.get(_identity(tensor))
            if old is not None and old != new:
                del out[prefix + old]
                out[prefix + new] = (prefix + old, own[prefix + old])
    return out


def loaded(model: "nn.Module", tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor] | None":
    """A file's tensors as the network holds them in memory, by transformers' own loader; None for other networks.

    For networks that hold tensors in another shape than files do.  Those that have another size keep the file's.
    """
    import torch

    parts = _of_transformers(model)
    if len(parts) != 1:
        return None
    path, part = parts[0]
    logging: Any = require("transformers.utils.logging", "these weights")
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        filled, report = type(part).from_pretrained(
            None, config=part.config, state_dict=dict(tensors), output_loading_info=True, ignore_mismatched_sizes=True
        )
    except Exception:  # noqa: BLE001  as many as there are networks: a file that it cannot take is not one of it
        return None
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
    held: dict[str, Tensor] = {
        name: tensor for name, tensor in filled.state_dict().items() if name not in report["missing_keys"]
    }
    held |= {name: torch.empty(shape) for name, shape, _ in report["mismatched_keys"]}
    held |= {name: tensors[name] for name in report["unexpected_keys"] if name in tensors}
    prefix = f"{path}." if path else ""
    return {prefix + name: tensor for name, tensor in held.items()}


def _identity(tensor: "Tensor") -> tuple[Any, ...]:
    return (tensor.data_ptr(), tuple(tensor.shape), id(tensor) if not tensor.numel() else 0)


def _of_transformers(model: "nn.Module") -> "list[tuple[str, Any]]":
    """The outermost networks of transformers in it."""
    if not any(type(part).__module__.startswith("transformers.") for part in model.modules()):
        return []
    kind: Any = require("transformers", "these weights").PreTrainedModel
    found: list[tuple[str, Any]] = []
    for path, part in model.named_modules():
        inside = any(path == above or path.startswith(f"{above}." if above else "") for above, _ in found)
        if isinstance(part, kind) and not inside:
            found.append((path, part))
    return found


def _reverted(part: Any, tensors: "dict[str, Tensor]") -> "dict[str, Tensor]":
    try:
        loading: Any = require("transformers.core_model_loading", "these weights")
    except MissingExtraError:  # another version, which keeps this elsewhere: names in memory will have to do
        return tensors
    out: dict[str, Tensor] = loading.revert_weight_conversion(part, dict(tensors))
    return out
