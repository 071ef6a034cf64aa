"""Engines that learn from a few labelled images, one module each: `load(**options)` -> a `Learner`."""
