"""Compiled loops of the engine that needs no weights."""
