"""A tour on images made here, with exact truth."""

from maskwright.demo.demo_set import build_demo_set

__all__ = ["build_demo_set"]
