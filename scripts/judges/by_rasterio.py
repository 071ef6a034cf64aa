"""rasterio, which is GDAL: features.rasterize draws GeoJSON in pixels, features.shapes makes it of masks."""

import json
import shutil
from pathlib import Path

import numpy as np
from judging import Found, Objects, Truth, main
from PIL import Image
from rasterio.features import rasterize, shapes


def read_geojson(folder: Path) -> Found:
    for file in sorted((folder / "labels").rglob("*.geojson")):
        key = file.relative_to(folder / "labels").with_suffix("")
        image = next((folder / "images").glob(f"{key}.*"))
        with Image.open(image) as opened:
            size = opened.size[::-1]
        found = [
            (row["properties"]["class"], rasterize([(row["geometry"], 1)], out_shape=size, dtype=np.uint8))
            for row in json.loads(file.read_text())["features"]
        ]
        yield key.as_posix(), Objects.of(found, size)


def write_geojson(truth: Truth, folder: Path) -> None:
    for home in ("images", "labels"):
        (folder / home).mkdir()
    for key, image, objects in truth:
        shutil.copy(image, folder / "images")
        rows = []
        for name, mask in objects:
            polygons = [shape["coordinates"] for shape, value in shapes(mask.astype(np.uint8)) if value]
            geometry = {"type": "MultiPolygon", "coordinates": polygons}
            rows.append({"type": "Feature", "geometry": geometry, "properties": {"class": name}})
        content = {"type": "FeatureCollection", "features": rows}
        (folder / f"labels/{key}.geojson").write_text(json.dumps(content))


if __name__ == "__main__":
    main({"geojson": read_geojson}, {"geojson": write_geojson})
