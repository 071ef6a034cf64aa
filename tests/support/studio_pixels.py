"""What tools of the label page draw, worked out again from what the mouse did, without the page's own code."""

from typing import Any

import numpy as np
from scipy import ndimage
from studio_person import SIZE, Person

_LISTEN = """() => {
  const canvas = document.querySelector("canvas.board");
  window.pointerEvents = [];
  for (const kind of ["pointerdown", "pointermove", "pointerup"])
    canvas.addEventListener(kind, (event) => {
      const box = canvas.getBoundingClientRect();
      const { x, y, scale, angle } = window.maskwright.board.view;
      window.pointerEvents.push([kind, event.clientX - box.left, event.clientY - box.top, x, y, scale, angle]);
    }, { capture: true });
}"""


class Pointer:
    """Where the pointer was pressed, moved and let go, in the image's pixels, as the browser told the page."""

    def __init__(self, person: Person) -> None:
        self._page = person.page
        self._page.evaluate(_LISTEN)

    def took(self) -> list[tuple[str, float, float]]:
        """Kind and place of each event since the last call."""
        rows: list[list[Any]] = self._page.evaluate("(() => window.pointerEvents.splice(0))()")
        out = []
        for kind, x, y, left, top, scale, angle in rows:
            turn = np.exp(-1j * np.deg2rad(angle))
            at = complex((x - left) / scale, (y - top) / scale) * (turn if angle else 1)
            out.append((kind, at.real, at.imag))
        return out

    def pressed(self) -> list[tuple[float, float]]:
        """Where it was pressed since the last call."""
        return [(x, y) for kind, x, y in self.took() if kind == "pointerdown"]

    def dragged(self) -> list[tuple[float, float]]:
        """Where it went since the last call, from where it was pressed to where it was let go."""
        found = self.took()
        kinds = [kind for kind, _, _ in found]
        first, last = kinds.index("pointerdown"), len(kinds) - 1 - kinds[::-1].index("pointerup")
        return [(x, y) for _, x, y in found[first : last + 1]]


def polygon(*rings: list[tuple[float, float]], size: tuple[int, int] = SIZE) -> np.ndarray:
    """(H, W) bool: pixels whose centre a ray to the left leaves through an odd number of edges."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    inside = np.zeros(size, bool)
    for ring in rings:
        for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
            if y0 == y1:
                continue
            crosses = (y0 <= y) != (y1 <= y)
            inside ^= crosses & (x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x)
    return inside


def stroke(points: list[tuple[float, float]], radius: float, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(H, W) bool: pixels whose centre is at most `radius` from the line through the points."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    out = np.zeros(size, bool)
    for (x0, y0), (x1, y1) in zip([points[0], *points], [*points, points[-1]], strict=True):
        length = (x1 - x0) ** 2 + (y1 - y0) ** 2
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1) if length else 0.0 * x
        out |= (x - x0 - along * (x1 - x0)) ** 2 + (y - y0 - along * (y1 - y0)) ** 2 <= radius**2
    return out


def hanging_together(alike: np.ndarray, at: tuple[float, float]) -> np.ndarray:
    """(H, W) bool: what hangs together by edges with the pixel at x, y, where `alike` is true."""
    labels, _ = ndimage.label(alike)
    return labels == labels[int(at[1]), int(at[0])]


def grown(mask: np.ndarray, radius: float) -> np.ndarray:
    return ndimage.distance_transform_edt(~mask) <= radius if mask.any() else mask


def shrunk(mask: np.ndarray, radius: float) -> np.ndarray:
    return mask & (ndimage.distance_transform_edt(mask) > radius) if not mask.all() else mask
