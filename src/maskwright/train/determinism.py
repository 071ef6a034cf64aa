"""The same numbers every time, on a GPU too."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from maskwright.errors import UsageError
from maskwright.registry import require
from maskwright.train.settings import Settings

#: What cuBLAS needs to be told before its first call.
WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


@contextmanager
def exact(settings: Settings) -> Iterator[None]:
    """A block in which PyTorch takes kernels that always add in the same order, where the settings ask for it.

    Raises UsageError, naming the operation, where a network needs one that has no such kernel.  On a CPU nothing
    changes: its kernels are such.
    """
    if not settings.deterministic:
        yield
        return
    torch = require("torch", "training")
    cudnn = torch.backends.cudnn
    before = torch.are_deterministic_algorithms_enabled(), cudnn.benchmark
    os.environ.setdefault(WORKSPACE, ":4096:8")
    torch.use_deterministic_algorithms(True)
    cudnn.benchmark = False
    try:
        yield
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        operation = str(error).split(" does not have")[0]
        raise UsageError(
            f"{settings.model} needs {operation}, which has no deterministic kernel on this device",
            needed="another model or device, or --no-deterministic",
        ) from None
    finally:
        torch.use_deterministic_algorithms(before[0])
        cudnn.benchmark = before[1]
