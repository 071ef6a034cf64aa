"""Compiled loops over run lengths. Nothing here is public; `Masks` is the face.

Two forms travel between kernels, both for a whole batch of masks at once:

* counts: (R,) uint32 run lengths in column-major order, first run zeros, with offsets (N + 1,) int64.
* spans: the foreground runs alone, as starts and ends (S,) int64 linear column-major positions,
  end exclusive, ascending and never touching, with offsets (N + 1,) int64.
* pieces: spans cut at column borders, as x, top, bottom (P,) int64, bottom exclusive.

Numba is imported with these modules, so callers import them inside functions.
"""
