"""Vectors laid out in the plane: those that are alike lie together."""

from collections.abc import Callable, Iterable
from typing import Literal, get_args

import numpy as np

from maskwright.core.arrays import F64, Array
from maskwright.core.names import shown
from maskwright.errors import UsageError

Layout = Literal["tsne", "pca"]

#: Numbers that principal components leave of a vector before t-SNE.
COMPONENTS = 50
#: Vectors that t-SNE lays out; of more, so many of them, evenly chosen, and the others go beside these.
MOST_FITTED = 5_000
#: Vectors under which there is nothing to lay out but by principal components.
FEWEST = 6
_BLOCK = 4096
_NEAREST = 3


def laid_out(
    batches: Callable[[], Iterable[Array]], layout: Layout = "tsne", seed: int = 0, most: int = MOST_FITTED
) -> tuple[Array, str]:
    """(N, 2) float32 places in the plane, about their middle, and how they were found, in a few words.

    batches: gives all N vectors anew at each call, as (n, L) finite numbers.  No vector gives (0, 2).
    layout: pca, the first two principal components; or tsne, t-SNE (van der Maaten, Hinton, 2008; scikit-learn's) of
    the first 50, whose beginning is pca.  Of more than `most` vectors t-SNE lays out that many, every N / most-th, and
    each other one is put between the three of these that are nearest to it in the 50, weighted by nearness.
    The same vectors and seed give the same places.
    Raises UsageError for another layout, and MissingExtraError for tsne without scikit-learn.
    """
    if layout not in get_args(Layout):
        raise UsageError(f"there is no layout {shown(repr(layout), 40)}", needed=" or ".join(get_args(Layout)))
    parts = components(batches, COMPONENTS)
    number = len(parts)
    if layout == "pca" or number < FEWEST:
        flat = np.zeros((number, 2), np.float32)
        flat[:, : min(2, parts.shape[1])] = parts[:, :2]
        return flat, "principal components"
    chosen = np.unique(np.linspace(0, number - 1, min(number, most)).round().astype(np.int64))
    fitted = _tsne(parts[chosen], seed)
    if len(chosen) == number:
        return fitted, "t-SNE"
    return _beside(parts, chosen, fitted), f"t-SNE of {len(chosen):,}, the others beside their nearest"


def components(batches: Callable[[], Iterable[Array]], most: int) -> Array:
    """(N, K) float32: the first principal components of N vectors, K at most `most` and at most their length.

    batches: as of `laid_out`; gone through twice, so that no more than the result is held.  The sign of a component is
    the one that its largest weight has positive.
    """
    number, total, products = 0, np.zeros(0), np.zeros((0, 0))
    for batch in batches():
        values = batch.astype(np.float64)
        if not number:
            total, products = np.zeros(values.shape[1]), np.zeros((values.shape[1],) * 2)
        number += len(values)
        total += values.sum(0)
        products += values.T @ values
    if not number:
        return np.zeros((0, 2), np.float32)
    mean = total / number
    _, axes = np.linalg.eigh(products / number - np.outer(mean, mean))
    axes = axes[:, ::-1][:, :most]
    signs = np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])
    axes *= np.where(signs == 0, 1, signs)
    return np.concatenate([((batch - mean) @ axes).astype(np.float32) for batch in batches()])


def _tsne(parts: Array, seed: int) -> Array:
    from maskwright import registry

    manifold = registry.require("sklearn.manifold", "a layout by t-SNE")
    perplexity = min(30.0, (len(parts) - 1) / 3)
    spread = float(parts.std())
    found = manifold.TSNE(2, perplexity=perplexity, init="pca" if spread > 0 else "random", random_state=seed)
    return np.asarray(found.fit_transform(parts), np.float32)


def _beside(parts: Array, chosen: Array, fitted: Array) -> Array:
    """Places of all, where those of some are known."""
    known = parts[chosen].astype(np.float64)
    squares: F64 = (known**2).sum(1)
    out = np.empty((len(parts), 2), np.float32)
    for at in range(0, len(parts), _BLOCK):
        block = parts[at : at + _BLOCK].astype(np.float64)
        far = np.maximum(squares - 2 * block @ known.T + (block**2).sum(1)[:, None], 0)
        nearest = np.argpartition(far, _NEAREST - 1, axis=1)[:, :_NEAREST]
        weights = 1 / (np.sqrt(np.take_along_axis(far, nearest, 1)) + 1e-9)
        weights /= weights.sum(1, keepdims=True)
        out[at : at + _BLOCK] = (fitted[nearest] * weights[..., None]).sum(1)
    out[chosen] = fitted
    return out
