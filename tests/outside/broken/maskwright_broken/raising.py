"""Raises when it is imported."""

raise RuntimeError("boom\nand more")
