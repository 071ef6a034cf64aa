"""Engines that follow objects, one module each: `load(**options)` -> a `Follower`."""
