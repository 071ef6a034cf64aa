"""How kernels are compiled."""

import numpy as np


def test_without_a_place_to_keep_machine_code_kernels_still_run(monkeypatch) -> None:
    from numba.core import caching

    from maskwright.core.kernels.jit import kernel

    def total(values: np.ndarray) -> int:
        out = 0
        for value in values:
            out += value
        return out

    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert kernel(total)(np.arange(5)) == 10


def test_kernels_never_sort() -> None:
    """Numba's generated sorting helpers are linked crosswise when kept on disk; see jit.py."""
    from pathlib import Path

    import maskwright

    for path in Path(maskwright.__file__).parent.rglob("kernels/*.py"):
        if path.name != "jit.py":
            assert "sort(" not in path.read_text().replace("sort_by_column(", ""), path
