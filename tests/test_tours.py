"""The pages that say that they run do: their blocks of Python, from top to bottom, in an empty folder."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
TOURS = [page for page in sorted(DOCS.rglob("*.md")) if "runs as it stands" in page.read_text()]


def test_there_are_tours() -> None:
    assert [page.name for page in TOURS]


@pytest.mark.parametrize("page", TOURS, ids=lambda page: page.stem)
def test_it_runs(page: Path, tmp_path: Path) -> None:
    pytest.importorskip("skimage")
    if "import av" in page.read_text():
        pytest.importorskip("av")
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 1
    (tmp_path / "page.py").write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
