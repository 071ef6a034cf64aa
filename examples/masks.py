"""Masks in a few lines: encode, compare, outline, paint.

python examples/masks.py
"""

import numpy as np

import maskwright as mw

y, x = np.mgrid[:120, :160]
disc = np.hypot(y - 60, x - 60) < 40
ring = (np.hypot(y - 60, x - 95) < 45) & (np.hypot(y - 60, x - 95) > 20)

masks = mw.Masks.encode(np.stack([disc, ring]))
print("areas", masks.areas().tolist())
print("boxes", masks.boxes().tolist())
print("IoU", masks.iou(masks).round(3).tolist())

polygon = masks[1].polygon()
print("the ring has", len(polygon.parts), "part with", len(polygon.parts[0]) - 1, "hole")
print("and back, exactly:", mw.Mask.from_polygon(polygon, masks.size) == masks[1])

label_map = masks.composite([1, 2])
print("pixels of each label, the ring on top:", np.bincount(label_map.ravel()).tolist())
