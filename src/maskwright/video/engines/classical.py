"""Follows objects without weights: dense optical flow, colours learned from the given frame, and a cut.

The mask moves with the flow (DIS: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016).
Superpixels of the new frame are held against those of the given frame and of the last sure ones, by colour and texture;
the moved mask says where the object can be, less surely near its border; a smallest cut decides.  Where flow
forward and back disagree, or colours and moved mask do, drift grows; an object that has left nothing like itself is
hidden until something like it turns up where it was last seen.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.core.arrays import F32, U8, Array, Bool
from maskwright.core.masks import Masks
from maskwright.interactive import scene
from maskwright.registry import require


def load(**options: Any) -> "Classical":
    """options: fields of `Weights`."""
    require("cv2", "tracking objects")
    return Classical(Weights(**options))


@dataclass(frozen=True)
class Weights:
    """side: of the working image.  spread: how far one colour speaks for another, in CIELAB units.  colour: weight of
    the colours' log odds.  place: of the moved mask's.  band: how far inside the moved border it is wholly sure, as a
    share of the diagonal.  memory: how many recent frames' colours count beside the given frame's.
    """

    side: int = 400
    spread: float = 8.0
    colour: float = 1.0
    place: float = 4.0
    band: float = 0.03
    smooth: float = 6.0
    memory: int = 3
    first: float = 2.0


@dataclass
class _Look:
    """Colours of superpixels, with each object's share of their pixels: (S, D), (S, N), and (S,) pixels."""

    colours: F32
    shares: F32
    counts: F32


class Classical:
    """The video engine; keeps a few frames' colours."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._scene_weights = scene.Weights(side=weights.side, smooth=weights.smooth)

    def begin(self, image: U8, masks: Masks) -> None:
        made = scene.Scene(image, self._scene_weights)
        self._gray = _gray(made)
        self._masks = [_small(mask.decode(), made) for mask in masks]
        self._areas = [max(float(mask.sum()), 1.0) for mask in self._masks]
        self._looks = [_look(made, self._masks)]
        self._drift = np.zeros(len(masks))
        self._hidden = np.zeros(len(masks), bool)

    def step(self, image: U8) -> tuple[Masks, Array]:
        cv2: Any = require("cv2", "tracking objects")
        from maskwright.interactive.kernels.cut import smallest_cut

        weights = self.weights
        made = scene.Scene(image, self._scene_weights)
        gray = _gray(made)
        flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        back = flow.calc(gray, self._gray, None)  # for each new pixel, where it was
        forth = flow.calc(self._gray, gray, None)
        agree = _agreement(back, forth)
        height, width = made.size
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        odds = np.empty((len(self._masks), height, width), np.float32)
        moved = []
        colours = self._colour_odds(made)
        for k, mask in enumerate(self._masks):
            soft = cv2.remap(
                mask.astype(np.float32), x + back[..., 0], y + back[..., 1], cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT, borderValue=0,
            )  # fmt: skip
            # What covers a hidden object moves in its own way: the object waits where it was last seen.
            moved.append(mask if self._hidden[k] else soft > 0.5)
            depth = _signed_depth(moved[-1]) / (weights.band * made.diagonal)
            odds[k] = weights.place * depth.clip(-1.5, 1) + weights.colour * colours[:, k][made.owner]
        found = []
        drift = np.zeros(len(self._masks))
        for k in range(len(self._masks)):
            rivals = np.delete(odds, k, axis=0)
            own = odds[k] - (np.maximum(rivals.max(axis=0), 0) if len(rivals) else 0)
            terminal = np.clip(100 * own, -(10**6), 10**6).astype(np.int32)
            cut = smallest_cut(made.neighbours, made.edges.copy(), terminal.ravel()).reshape(made.size)
            cut = _near(cut, moved[k], int(2 * weights.band * made.diagonal))
            hidden = cut.sum() < 0.02 * self._areas[k]
            where = cut if cut.any() else moved[k]
            sure = float(agree[where].mean()) if where.any() else 0.0
            union = (cut | moved[k]).sum()
            kept = float((cut & moved[k]).sum() / union) if union else 0.0
            like = float((1 / (1 + np.exp(-own[where].clip(-20, 20)))).mean()) if where.any() else 0.0
            frame = 1 - sure**0.5 * kept**0.5 * like
            # Errors add up: what was lost once is not found again by going on.
            drift[k] = 1.0 if hidden else 1 - (1 - self._drift[k]) * (1 - 0.25 * frame)
            found.append(cut & ~hidden)
        for k, mask in enumerate(found):
            self._hidden[k] = not mask.any()
            if mask.any():
                self._masks[k] = mask
        self._drift = np.where(drift >= 1, self._drift, drift)
        self._gray = gray
        if all(mask.any() for mask in found):
            self._looks = [self._looks[0], *self._looks[1:][-(weights.memory - 1) :], _look(made, found)]
        return Masks.encode(_large(found, odds, made)), drift

    def _colour_odds(self, made: scene.Scene) -> F32:
        """(S, N) log odds of each superpixel being each object's, against all else, from the frames remembered."""
        weights = self.weights
        own = _colours(made)
        objects = self._looks[0].shares.shape[1]
        inside = np.zeros((len(own), objects), np.float32)
        outside = np.zeros((len(own), objects), np.float32)
        for number, look in enumerate(self._looks):
            like = np.exp(-_apart(own, look.colours) / (2 * weights.spread**2))
            weight = weights.first if number == 0 else 1.0
            for k in range(objects):
                f, b = look.shares[:, k] * look.counts, (1 - look.shares[:, k]) * look.counts
                inside[:, k] += weight * (like @ f) / max(f.sum(), 1)
                outside[:, k] += weight * (like @ b) / max(b.sum(), 1)
        least = 1e-3 * max(float(inside.max()), float(outside.max())) + 1e-9
        out: F32 = np.log((inside + least) / (outside + least)).clip(-3, 3)
        return out


def _gray(made: scene.Scene) -> U8:
    out: U8 = (made.lab[..., 0] * 2.55).clip(0, 255).astype(np.uint8)
    return out


def _small(mask: Bool, made: scene.Scene) -> Bool:
    cv2: Any = require("cv2", "tracking objects")
    small = cv2.resize(mask.astype(np.float32), made.size[::-1], interpolation=cv2.INTER_AREA)
    out: Bool = small > 0.5
    return out if out.any() or not mask.any() else small > 0


def _large(masks: list[Bool], odds: F32, made: scene.Scene) -> Bool:
    """(N, H, W): smooth outlines, each pixel of several objects to the likeliest."""
    cv2: Any = require("cv2", "tracking objects")
    if not masks:
        return np.zeros((0, *made.native), bool)
    levels = np.stack([
        cv2.resize(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7), made.native[::-1],
                   interpolation=cv2.INTER_LINEAR)
        for mask in masks
    ])  # fmt: skip
    best = levels.argmax(axis=0)
    out: Bool = (levels > 0.5) & (best[None] == np.arange(len(masks))[:, None, None])
    return out


def _look(made: scene.Scene, masks: list[Bool]) -> _Look:
    flat = made.owner.ravel()
    shares = [np.bincount(flat, mask.ravel(), len(made.counts)) / made.counts for mask in masks]
    return _Look(
        _colours(made),
        np.stack(shares, axis=1).astype(np.float32) if shares else np.zeros((len(made.counts), 0), np.float32),
        made.counts,
    )


def _colours(made: scene.Scene) -> F32:
    return made.colours


def _apart(a: F32, b: F32) -> F32:
    """(S, T) squared distances."""
    out: F32 = np.maximum((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * (a @ b.T), 0)
    return out


def _signed_depth(mask: Bool) -> F32:
    """(H, W) pixels to the border, positive inside."""
    cv2: Any = require("cv2", "tracking objects")
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    out: F32 = np.where(mask, inside - 0.5, 0.5 - outside).astype(np.float32)
    return out


def _agreement(back: F32, forth: F32) -> F32:
    """(H, W) 1 where going back and forth leads home, less the farther away it leads."""
    cv2: Any = require("cv2", "tracking objects")
    height, width = back.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    home = cv2.remap(forth, x + back[..., 0], y + back[..., 1], cv2.INTER_LINEAR)
    off = np.hypot(*(back + home).transpose(2, 0, 1))
    out: F32 = np.exp(-((off / 3) ** 2))
    return out


def _near(cut: Bool, moved: Bool, reach: int) -> Bool:
    """Parts that touch where the object was carried, no farther from it than it could have gone."""
    cv2: Any = require("cv2", "tracking objects")
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    allowed = cv2.dilate(moved.astype(np.uint8), element).astype(bool)
    cut = cut & allowed
    number, part = cv2.connectedComponents(cut.astype(np.uint8), connectivity=8)
    wanted = np.zeros(number, bool)
    wanted[part[moved & cut]] = True
    wanted[0] = False
    out: Bool = wanted[part]
    return out


#: What the options are for; their types and names are read off it.
OPTIONS = Weights
