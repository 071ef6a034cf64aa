"""Colours that are not red, green and blue, made these: inks, L*a*b*, premultiplied ones; and profiles by name."""

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np

from maskwright.core.arrays import Array


@lru_cache(maxsize=64)  # images of one set have few
def profile_name(icc: bytes) -> str:
    """What a colour profile calls itself; "unnamed" where it cannot be read."""
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        return " ".join(ImageCms.getProfileDescription(profile).split())[:80] or "unnamed"
    except (ImageCms.PyCMSError, OSError, ValueError):
        return "unnamed"


def profile_note(icc: bytes | None) -> tuple[str, ...]:
    """What is said of the profile of red, green and blue or gray, which is not applied; nothing for sRGB's."""
    name = profile_name(icc) if icc else "sRGB"
    return () if name.lower().startswith("srgb") else (f"the colour profile {name!r} is not applied",)


def inks_note(icc: bytes | None) -> str:
    """What is said of inks, by the profile that comes with them."""
    how = f"by the profile {profile_name(icc)!r}" if icc else "without a profile"
    return f"CMYK becomes red, green and blue {how}"


def from_inks(opened: Any, icc: bytes | None) -> Any:
    """A Pillow image of four inks -> one of red, green and blue, by its profile; plainly where that is broken."""
    return _by_profile(opened, icc) if icc else opened.convert("RGB")


def from_lab(opened: Any) -> Any:
    """A Pillow image of L*a*b* -> one of red, green and blue."""
    from PIL import ImageCms

    return ImageCms.profileToProfile(
        opened, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )


def _by_profile(opened: Any, icc: bytes) -> Any:
    from PIL import ImageCms

    try:
        own = ImageCms.ImageCmsProfile(BytesIO(icc))
        return ImageCms.profileToProfile(opened, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return opened.convert("RGB")


def deep_inks(pixels: Array) -> Array:
    """(H, W, 4) of whole numbers above eight bits, cyan to black -> (H, W, 3) red to blue of the same type."""
    most = np.iinfo(pixels.dtype).max
    paper = most - pixels.astype(np.float64)
    return (paper[..., :3] * paper[..., 3:] / most).round().astype(pixels.dtype)


def straight(pixels: Array) -> Array:
    """(H, W, C) with alpha as the last channel and multiplied into the others -> with it divided out of them."""
    most = np.iinfo(pixels.dtype).max
    alpha = pixels[..., -1:].astype(np.float64)
    out = pixels.copy()
    colours = pixels[..., :-1] * (most / np.maximum(alpha, 1))
    out[..., :-1] = np.where(alpha > 0, colours.clip(0, most).round(), 0).astype(pixels.dtype)
    return out
