"""The label table of IDD, the India Driving Dataset: Cityscapes' layout and polygons with classes of its own.

https://github.com/AutoNUE/public-code, helpers/anue_labels.py.
"""

from maskwright.core.classes import Class, Classes

#: name, id, level 3 id (what its benchmark trains on), category, has instances, ignored in evaluation, colour
LABELS = (
    ("road", 0, 0, "drivable", 0, 0, (128, 64, 128)), ("parking", 1, 1, "drivable", 0, 0, (250, 170, 160)),
    ("drivable fallback", 2, 1, "drivable", 0, 0, (81, 0, 81)),
    ("sidewalk", 3, 2, "non-drivable", 0, 0, (244, 35, 232)),
    ("rail track", 4, 3, "non-drivable", 0, 0, (230, 150, 140)),
    ("non-drivable fallback", 5, 3, "non-drivable", 0, 0, (152, 251, 152)),
    ("person", 6, 4, "living-thing", 1, 0, (220, 20, 60)), ("animal", 7, 4, "living-thing", 1, 1, (246, 198, 145)),
    ("rider", 8, 5, "living-thing", 1, 0, (255, 0, 0)), ("motorcycle", 9, 6, "2-wheeler", 1, 0, (0, 0, 230)),
    ("bicycle", 10, 7, "2-wheeler", 1, 0, (119, 11, 32)), ("autorickshaw", 11, 8, "autorickshaw", 1, 0, (255, 204, 54)),
    ("car", 12, 9, "car", 1, 0, (0, 0, 142)), ("truck", 13, 10, "large-vehicle", 1, 0, (0, 0, 70)),
    ("bus", 14, 11, "large-vehicle", 1, 0, (0, 60, 100)), ("caravan", 15, 12, "large-vehicle", 1, 1, (0, 0, 90)),
    ("trailer", 16, 12, "large-vehicle", 1, 1, (0, 0, 110)), ("train", 17, 12, "large-vehicle", 1, 1, (0, 80, 100)),
    ("vehicle fallback", 18, 12, "large-vehicle", 1, 0, (136, 143, 153)),
    ("curb", 19, 13, "barrier", 0, 0, (220, 190, 40)),
    ("wall", 20, 14, "barrier", 0, 0, (102, 102, 156)), ("fence", 21, 15, "barrier", 0, 0, (190, 153, 153)),
    ("guard rail", 22, 16, "barrier", 0, 0, (180, 165, 180)), ("billboard", 23, 17, "structures", 0, 0, (174, 64, 67)),
    ("traffic sign", 24, 18, "structures", 0, 0, (220, 220, 0)),
    ("traffic light", 25, 19, "structures", 0, 0, (250, 170, 30)),
    ("pole", 26, 20, "structures", 0, 0, (153, 153, 153)),
    ("polegroup", 27, 20, "structures", 0, 0, (153, 153, 153)),
    ("obs-str-bar-fallback", 28, 21, "structures", 0, 0, (169, 187, 214)),
    ("building", 29, 22, "construction", 0, 0, (70, 70, 70)), ("bridge", 30, 23, "construction", 0, 0, (150, 100, 100)),
    ("tunnel", 31, 23, "construction", 0, 0, (150, 120, 90)),
    ("vegetation", 32, 24, "vegetation", 0, 0, (107, 142, 35)),
    ("sky", 33, 25, "sky", 0, 0, (70, 130, 180)),
    ("fallback background", 34, 25, "object fallback", 0, 0, (169, 187, 214)),
    ("unlabeled", 35, 255, "void", 0, 1, (0, 0, 0)), ("ego vehicle", 36, 255, "void", 0, 1, (0, 0, 0)),
    ("rectification border", 37, 255, "void", 0, 1, (0, 0, 0)), ("out of roi", 38, 255, "void", 0, 1, (0, 0, 0)),
    ("license plate", 39, 255, "vehicle", 0, 1, (0, 0, 142)),
)  # fmt: skip


def classes_of_idd() -> Classes:
    """Its forty classes with ids, names, colours and level 3 ids; those that it does not score are ignored."""
    return Classes(
        Class(
            number, name, "thing" if instances else "stuff", "ignore" if ignored else "class", colour,
            {"level3Id": level, "category": category},
        )
        for name, number, level, category, instances, ignored, colour in LABELS
    )  # fmt: skip
