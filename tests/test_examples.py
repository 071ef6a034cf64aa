"""Every example runs."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path) -> None:
    if "build_demo_set" in path.read_text():
        pytest.importorskip("skimage")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.slow
@pytest.mark.real
def test_published_weights_of_another_architecture_score_as_they_should(real) -> None:
    pytest.importorskip("torch")
    weights = real("weights_espnet") / "pretrained" / "decoder" / "espnet_p_2_q_8_camvid.pth"
    example = next(path for path in EXAMPLES if path.stem == "espnet_camvid")
    done = subprocess.run(
        [sys.executable, str(example), str(weights), str(real("camvid"))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    scores = {
        line.rsplit(maxsplit=1)[0].strip(): float(line.rsplit(maxsplit=1)[1]) for line in done.stdout.splitlines()[:11]
    }
    assert sum(scores.values()) / 11 == pytest.approx(0.6931, abs=0.002)
    assert scores["Road"] > 0.96
