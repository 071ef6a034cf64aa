"""Compiled loops from network outputs at low resolution to run lengths and label maps at native size."""
