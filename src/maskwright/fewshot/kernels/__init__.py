"""Compiled loops of the few-shot engines."""
