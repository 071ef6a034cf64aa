"""Which device, and bfloat16 where it pays."""

from contextlib import AbstractContextManager, nullcontext
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


def autocast(device: "torch.device", precision: str) -> AbstractContextManager[Any]:
    import torch

    narrow = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(chosen(precision, device))
    return nullcontext() if narrow is None else torch.autocast(device.type, narrow)
