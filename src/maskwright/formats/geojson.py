"""GeoJSON: polygons with holes and parts, in pixels, or in the world's coordinates where the image is a GeoTIFF.

RFC 7946.  Layout: images/x.tif + labels/x.geojson, or the two side by side; or in folders of their own with different
beginnings, as SpaceNet's RGB-PanSharpen_x.tif and buildings_x.geojson.  A GeoTIFF's pixel scale and tie point, or its
transformation, say where its corner lies; reference systems are not changed.  QuPath's exports, whose points are in
pixels from the image's corner, are read with their classifications.

A pixel is in when its centre is, as GDAL's `RasterizeLayer` and `rasterio.features.rasterize` have it with
`all_touched=False`, and QuPath's shapes too; centres that lie on an edge may fall otherwise there.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import F64
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments, Source
from maskwright.errors import FormatError
from maskwright.formats import _aside, _listing
from maskwright.formats import _geojson_features as features
from maskwright.formats._aside import Aside
from maskwright.formats._contract import (
    Loss,
    Reading,
    Sure,
    common_losses,
    image_beside,
    key_of,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    usable_ids,
    write_about,
)  # fmt: skip
from maskwright.formats._cores import by_core
from maskwright.formats._json import load
from maskwright.formats._rasters import opened
from maskwright.media import image_size

LOSES = frozenset({"empty", "area", "weight", "fields"})
KEEPS = frozenset({"geometry"})

#: Of a sample: what its collection says beside features, features without an area, and by the ids of segments what
#: features say that stays with them when they change.
_FIELD = "geojson"
_NAMED = 5  # label files without an image


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with .geojson files beside images."""
    if not path.is_dir():
        return 0.0
    if _pairs(path):
        return 0.85
    notes: list[str] = []
    return Sure(0.8, *notes) if by_core(path, _labels(path), None, notes) else 0.0


def _labels(path: Path) -> list[Path]:
    return _listing.current().of_kind(path, ".geojson")


def _pairs(path: Path, alone: list[Path] | None = None) -> list[tuple[str, Path, Path]]:
    """Key, image and labels. alone: labels without an image are added."""
    out = []
    for file in _labels(path):
        home = path / "labels" if (path / "labels") in file.parents else path
        key = key_of(file, home)
        image = image_beside(path / "images", key) or image_beside(home, key)
        if image is not None:
            out.append((key, image, file))
        elif alone is not None:
            alone.append(file)
    return out


def read(path: Path, *, attribute: str | None = None, class_name: str = "object", images: str | None = None) -> Reading:
    """attribute: the property that names the class.

    Else it is the first of class, classification, label, name, type, category; of QuPath's objects class or
    classification.  class_name: what features without it are.  Points and lines have no area: they are in the sample's
    field `geojson`, with a note.  images: the folder of the images, below `path` or anywhere, where these are called
    otherwise than the labels: names pair by what is left without what all of a folder share, as SpaceNet's do.
    """
    alone: list[Path] = []
    notes: list[str] = []
    pairs = _pairs(path, alone) if images is None else []
    if not pairs:
        pairs = by_core(path, _labels(path), images, notes)
        paired = {file for *_, file in pairs}
        alone = [file for file in _labels(path) if file not in paired]
    if not pairs:
        raise FormatError("no .geojson with an image of its name", file=path)
    about = read_about(path)
    classes = about.classes if about else _classes(pairs, attribute, class_name)
    ids_of = {class_.name: class_.id for class_ in classes}
    if alone:
        some = ", ".join(shown(file.relative_to(path), 60) for file in alone[:_NAMED])
        notes.append(
            f"{len(alone)} label files have no image of their name, which says their size, and were left out: {some}"
            + (" …" if len(alone) > _NAMED else "")
        )

    counts = {"thin": 0, "nuclei": 0}
    aside = _aside.current()

    def sample_of(pair: tuple[str, Path, Path]) -> Sample:
        key, image, file = pair
        size = image_size(image)
        segments, fields = _segments(file, size, to_world(image), ids_of, attribute, class_name, counts, aside)
        split = about.splits.get(key) if about else None
        return Sample(key, ImageRef(str(image), size), segments, split=split, fields=fields)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(pairs, sample_of, lambda pair: (pair[2], None))
        if counts["thin"]:
            notes.append(f"{counts['thin']} points and lines have no area: they are in the samples' field {_FIELD}")
        if counts["nuclei"]:
            notes.append(
                f"{counts['nuclei']} cells have a nucleus beside their outline (nucleusGeometry): it is kept with what "
                "was drawn, and is not a segment"
            )

    return Reading(classes, samples(), len(pairs), notes)


def _classes(pairs: list[tuple[str, Path, Path]], attribute: str | None, class_name: str) -> Classes:
    """Classes as features name them, in alphabetical order, with the colours of QuPath."""
    found: dict[str, tuple[int, int, int] | None] = {}
    for listed, _ in _aside.readable((file for *_, file in pairs), _features):
        for feature in listed:
            name = features.named(feature, attribute, class_name)[0]
            found[name] = found.get(name) or features.colour(feature)
    return Classes(Class(number, name, colour=found[name]) for number, name in enumerate(sorted(found), 1))


def _features(file: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The features of a file, and what its collection says beside them: of a collection, a feature, or a plain list."""
    content = load(file, (dict, list))
    beside: dict[str, Any] = {}
    if isinstance(content, list):
        found = content
    elif content.get("type") == "Feature":
        found = [content]
    else:
        found = content.get("features")
        beside = {name: value for name, value in content.items() if name not in ("type", "features")}
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise FormatError("holds no features", file=file, needed="a FeatureCollection")
    return found, beside


def _segments(
    file: Path, size: tuple[int, int], world: F64 | None, ids_of: dict[str, int], attribute: str | None,
    class_name: str, counts: dict[str, int], aside: Aside,
) -> tuple[Segments, dict[str, Any]]:  # fmt: skip
    """The segments of an image, and its fields."""
    found, beside = _features(file)
    rows, class_ids, thin = [], [], []
    for number, feature in enumerate(found):
        with aside.record(file, f"feature {number}"):
            try:
                name, key = features.named(feature, attribute, class_name)
                row = features.read(feature, name, key, size, world)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
                raise FormatError(f"cannot be read ({error})") from None
            if row is None:
                thin.append(feature)
                continue
            if name not in ids_of:
                raise FormatError(f"has the unknown class {name!r}")
            rows.append(row)
            class_ids.append(ids_of[name])
            counts["nuclei"] += "nucleusGeometry" in feature
    counts["thin"] += len(thin)
    segments = Segments(
        Masks.stack([row.mask for row in rows], size), class_ids, ids=usable_ids(list(features.ids_of(rows))),
        scores=[np.nan if row.own.get("score") is None else float(row.own["score"]) for row in rows],
        is_crowd=[bool(row.own.get("is_crowd")) for row in rows],
        source=[_source(row.own.get("source")) for row in rows],
        attributes=[row.attributes for row in rows], more={"geometry": [row.geometry for row in rows]},
    )  # fmt: skip
    of_objects = {
        str(number): said
        for number, row in zip(segments.ids.tolist(), rows, strict=True)
        if (said := features.beside(row))
    }
    parts = {"collection": beside, "features": thin, "objects": of_objects}
    kept = {name: part for name, part in parts.items() if part}
    return segments, {_FIELD: kept} if kept else {}


def _source(word: Any) -> Source:
    return word if word in ("human", "model") else "import"


def to_world(image: Path) -> F64 | None:
    """(3, 3) from pixel corners to the world for a GeoTIFF, None for other images."""
    if image.suffix.lower() not in (".tif", ".tiff"):
        return None
    with opened(image, "image") as decoded:
        tags = getattr(decoded, "tag_v2", {})
        transformation, scale, tie = (tags.get(number) for number in (34264, 33550, 33922))
    if transformation and len(transformation) == 16:
        whole = np.array(transformation, np.float64).reshape(4, 4)
        return whole[np.ix_([0, 1, 3], [0, 1, 3])]
    if scale and tie and len(tie) >= 6:
        (column, row, _, x, y, _), (across, down) = tie[:6], scale[:2]
        return np.array([[across, 0, x - column * across], [0, -down, y + row * down], [0, 0, 1]], np.float64)
    return None


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    own = {name: value for name, value in sample.fields.items() if name != _FIELD}
    found = common_losses(replace(sample, fields=own), LOSES)
    segments = sample.segments
    if "geometry" not in segments.more:
        return found
    world = to_world(Path(sample.image.uri)) if Path(sample.image.uri).is_file() else None
    there = segments.masks.areas() > 0
    for row, geometry in enumerate(segments.more["geometry"]):
        class_ = classes[int(segments.class_ids[row])]
        kept = there[row] and features.written(segments, row, row + 1, class_, world)[1]
        if geometry is not None and not kept:
            found.append(Loss(sample.key, "geometry", int(segments.ids[row])))
    return found


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """A FeatureCollection for each image in labels/, the images in images/.

    images: copy or link; sizes come from them.  Polygons that were drawn come back as they were, everything else as its
    outline along pixel edges.
    """
    splits = {}
    for sample in unique_keys(samples):
        image = put_image(sample, folder, f"images/{sample.key}{suffix_of(sample)}", images)
        target = new_file(folder, f"labels/{sample.key}.geojson")
        world = to_world(image)
        segments = sample.segments
        kept = sample.fields.get(_FIELD)
        kept = kept if isinstance(kept, dict) else {}
        beside, thin, said = kept.get("collection"), kept.get("features"), kept.get("objects")
        said = said if isinstance(said, dict) else {}
        rows = []
        for place, row in enumerate(np.flatnonzero(segments.masks.areas()).tolist(), 1):
            class_ = classes[int(segments.class_ids[row])]
            of_object = said.get(str(int(segments.ids[row])))
            rows.append(features.written(segments, row, place, class_, world, of_object)[0])
        content = {
            "type": "FeatureCollection", **(beside if isinstance(beside, dict) else {}),
            "features": rows + (thin if isinstance(thin, list) else []),
        }  # fmt: skip
        target.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        splits[sample.key] = sample.split
    write_about(folder, "geojson", classes, splits)
