"""torch.export's program, run by PyTorch without the network's Python code."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import ModelError
from maskwright.predict.checkpoint import ModelInfo
from maskwright.predict.exported._runner import KEY, described, example, read_description, runner
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn

SUFFIX = ".pt2"


def export(model: "nn.Module", info: ModelInfo, path: Path, *, size: tuple[int, int] | None = None) -> None:
    """Any multiple of the stride where `size` is None. Raises ModelError for a network that allows only one size."""
    torch: Any = require("torch", "exporting")
    stride = int(getattr(model, "stride", 32))
    shapes = None
    if size is None:
        rows, columns = torch.export.Dim("rows", min=1, max=256), torch.export.Dim("columns", min=1, max=256)
        shapes = ({2: stride * rows, 3: stride * columns},)
    inputs = (example(info, stride, size),)
    try:
        with torch.no_grad():
            program = torch.export.export(model.eval(), inputs, dynamic_shapes=shapes)
    except Exception as error:  # noqa: BLE001  tracing can fail in any way the network can
        reason = str(error).strip().split("\n", maxsplit=1)[0][:160]
        raise ModelError(
            f"{info.model} cannot be exported {'at this size' if size else 'for any size'} ({reason})",
            todo="Export it for one size, with --size, or to ONNX.",
        ) from None
    torch.export.save(program, str(path), extra_files={KEY: described(info, stride, size)})


def load(path: Path) -> tuple["nn.Module", ModelInfo]:
    torch: Any = require("torch", "running an exported program")
    held = {KEY: ""}
    try:
        program = torch.export.load(str(path), extra_files=held)
    except Exception as error:  # noqa: BLE001  tracing can fail in any way the network can
        raise ModelError(f"not a readable exported program ({str(error)[:120]})", file=path) from None
    info, stride, size = read_description(held[KEY], path)
    network = program.module()
    return runner(lambda x: network(torch.from_numpy(x)).detach(), stride, size, batches=False), info
