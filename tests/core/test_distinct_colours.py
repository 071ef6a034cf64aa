"""Classes' own colours, as people see them who lack a kind of cones."""

import re
from pathlib import Path

import numpy as np
import pytest

from maskwright.core.classes import DISTINCT, Class, Classes

#: Machado, Oliveira and Fernandes, TVCG 2009, severity 1, for linear RGB.
EYES = {
    "all cones": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colours: np.ndarray, eye: object) -> np.ndarray:
    """(N, 3) 0 … 255 -> CIELAB of what the eye sees."""
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4) @ np.array(eye).T
    xyz = (
        linear.clip(0, 1)
        @ np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]).T
        / (0.950456, 1, 1.088754)
    )
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], axis=1)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize(("number", "least"), [(4, 40), (8, 25)])
def test_the_first_classes_look_different_to_everybody(eye, number, least) -> None:
    colours = Classes([Class(0, "background", "stuff", "background"), *(Class(k + 1, f"c{k}") for k in range(number))])
    seen = lab(colours.colours()[1:].astype(float), EYES[eye])
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(number, 1)]
    assert apart.min() > least


def test_the_page_has_the_same() -> None:
    page = Path(__file__).parents[2] / "web" / "src" / "pages" / "label" / "dialogs" / "colours.ts"
    listed = page.read_text(encoding="utf-8").split("DISTINCT: ")[1].split("];")[0]
    found = re.findall(r"\[(\d+), (\d+), (\d+)\]", listed)
    assert tuple(tuple(map(int, row)) for row in found) == DISTINCT


def test_further_classes_have_colours_too() -> None:
    colours = Classes([Class(k, f"c{k}") for k in range(30)]).colours()
    assert len({tuple(row) for row in colours.tolist()}) == 30
