"""Which device, and bfloat16 where it pays."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from maskwright.core import typed
from maskwright.errors import UsageError

if TYPE_CHECKING:
    import torch


#: Types of numbers to compute in.
WORDS = ("bf16", "fp16", "fp32")


def best_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def usable(device: str | None) -> str:
    """The device that is wanted, or the best one for None. Raises UsageError for one that is not there."""
    import torch

    wanted = best_device() if device is None else typed.read(device, typed.Device, found="the device")
    kind, _, number = wanted.partition(":")
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "cuda" and int(number or 0) >= there:
        found = f"the device is {wanted!r}, and PyTorch finds {there or 'no'} GPU{'' if there == 1 else 's'} here"
        raise UsageError(found, needed="cpu, or nothing for the best there is")
    return wanted


def name_of(device: str | None) -> str:
    """As people know it: "cpu", or a GPU's own name. device: as `usable` takes it. Raises UsageError as that does."""
    import torch

    found = usable(device)
    return f"{found} ({torch.cuda.get_device_name(found)})" if found.startswith("cuda") else found


def bf16_pays(device: "torch.device") -> bool:
    """True where bfloat16 arithmetic is native; elsewhere it is emulated and slower than float32."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and _cpu_flag("avx512_bf16", "amx_bf16")


def _cpu_flag(*names: str) -> bool:
    try:
        with open("/proc/cpuinfo") as file:
            flags = next((line.split() for line in file if line.startswith("flags")), [])
    except OSError:
        return False
    return any(name in flags for name in names)


def chosen(precision: str, device: "torch.device") -> str:
    """auto, bf16, fp16 or fp32 -> one of the last three. Raises UsageError for others, and for fp16 without a GPU."""
    if precision == "auto":
        return "bf16" if bf16_pays(device) else "fp32"
    if precision not in WORDS:
        raise UsageError(f"the precision {precision!r} is unknown", needed=f"auto, {', '.join(WORDS[:-1])} or fp32")
    if precision == "fp16" and device.type != "cuda":
        raise UsageError("the precision fp16 is a GPU's", needed=f"auto, bf16 or fp32 on a {device.type}")
    return precision


@contextmanager
def autocast(device: "torch.device", precision: str) -> Iterator[None]:
    """Arithmetic of that precision: PyTorch's autocast, or none for float32.

    On a CPU depthwise convolutions whose windows are wider than 3 x 3, or that have strides, learn in float32 all the
    same: oneDNN has no bfloat16 code for their gradients, and a step of EfficientNet-Lite0 takes a half longer with
    PyTorch's own. They hold few of the multiplications. Without gradients all is bfloat16.

    device: where it is computed.  precision: as `chosen` takes it. Raises UsageError as that does.
    """
    import torch

    narrow = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(chosen(precision, device))
    if narrow is None:
        yield
        return
    with torch.autocast(device.type, narrow), _depthwise_in_float32() if device.type == "cpu" else nullcontext():
        yield


def _depthwise_in_float32() -> AbstractContextManager[Any]:
    """Where it is entered, and gradients are wanted: what `autocast` says of depthwise convolutions on a CPU."""
    import torch
    from torch.overrides import TorchFunctionMode

    def slow(weight: Any, stride: Any = 1, groups: int = 1, **_others: Any) -> bool:
        if groups == 1 or weight.shape[1] > 1 or not torch.is_grad_enabled():
            return False
        strides = (stride, stride) if isinstance(stride, int) else tuple(stride)
        return bool(max(weight.shape[2:]) > 3 or max(strides) > 1)

    class Wide(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            named = kwargs or {}
            if function is not torch.conv2d:
                return function(*args, **named)
            given = dict(
                zip(("input", "weight", "bias", "stride", "padding", "dilation", "groups"), args, strict=False)
            )
            given |= named
            if not slow(**given):
                return function(*args, **named)
            given |= {name: value.float() for name, value in given.items() if isinstance(value, torch.Tensor)}
            with torch.autocast("cpu", enabled=False):
                return function(**given).to(torch.bfloat16)

    return Wide()
