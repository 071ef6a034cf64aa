"""Engines that track objects, one module each: `load(**options)` -> a `VideoEngine`."""
