"""Compiled loops of the context engines."""
