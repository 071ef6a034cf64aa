"""GeoJSON whose images have names that begin differently, as SpaceNet's."""

import json

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from maskwright import formats
from maskwright.errors import FormatError

STEP, LEFT, TOP = 0.5, 100.0, 50.0
SQUARE = [[2, 1], [6, 1], [6, 4], [2, 4], [2, 1]]


def image(path, *, size=(8, 10), step=STEP) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for number, values in ((33550, (step, step, 0.0)), (33922, (0.0, 0.0, 0.0, LEFT, TOP, 0.0))):
        tags[number] = values
        tags.tagtype[number] = TiffImagePlugin.TiffTags.DOUBLE
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(path, tiffinfo=tags)


def labels(path) -> None:
    ring = [[LEFT + x * STEP, TOP - y * STEP, 0.0] for x, y in SQUARE]
    rows = [{"type": "Feature", "properties": {"OBJECTID": 1}, "geometry": {"type": "Polygon", "coordinates": [ring]}}]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}))


def area(root, number=2, images=("RGB-PanSharpen",), names=(1, 10, 3)) -> None:
    for name in names:
        labels(root / f"geojson/buildings/buildings_AOI_{number}_img{name}.geojson")
        for kind in images:
            step = STEP * (4 if kind == "MUL" else 1)
            size = (2, 3) if kind == "MUL" else (8, 10)
            image(root / f"{kind}/{kind}_AOI_{number}_img{name}.tif", size=size, step=step)


def test_images_that_show_colours_are_taken(tmp_path) -> None:
    area(tmp_path, images=("MUL", "PAN", "RGB-PanSharpen"))
    reading = formats.read(tmp_path)
    found = {sample.key: sample for sample in reading.samples}
    assert sorted(found) == ["AOI_2_img1", "AOI_2_img10", "AOI_2_img3"]
    for key, sample in found.items():
        assert sample.image.uri.endswith(f"RGB-PanSharpen_{key}.tif")
        assert sample.segments.masks.areas().tolist() == [12]
        assert sample.segments.masks.decode()[0, 1:4, 2:6].all()
    assert any("MUL, PAN hold the same" in note for note in reading.notes)
    small = next(iter(formats.read(tmp_path, "geojson", images="MUL").samples))
    assert small.image.size == (2, 3)


def test_areas_are_not_mixed(tmp_path) -> None:
    for number in (2, 3):
        area(tmp_path / f"area_{number}", number)
    found = {sample.key: sample.image.uri for sample in formats.read(tmp_path).samples}
    assert len(found) == 6
    assert all(uri.endswith(f"_{key}.tif") for key, uri in found.items())
    for file in (tmp_path / "area_2/RGB-PanSharpen").iterdir():
        file.unlink()
    reading = formats.read(tmp_path)
    assert sorted(sample.key for sample in reading.samples) == ["AOI_3_img1", "AOI_3_img10", "AOI_3_img3"]
    assert any(note.startswith("3 label files have no image") for note in reading.notes)


def test_words_in_the_middle_and_behind(tmp_path) -> None:
    for name in ("2018_01", "2018_02"):
        labels(tmp_path / f"labels/global_{name}_Buildings.geojson")
        image(tmp_path / f"images/global_{name}.tif")
    assert sorted(sample.key for sample in formats.read(tmp_path).samples) == ["global_2018_01", "global_2018_02"]


@pytest.mark.parametrize(
    ("label", "photo"), [("buildings_{}", "tile_{}"), ("buildings_{}_a", "RGB_{}_b"), ("x_7_img{}", "y_8_img{}")]
)
def test_numbers_alone_and_other_names_do_not_pair(tmp_path, label, photo) -> None:
    for number in (1, 2):
        labels(tmp_path / f"labels/{label.format(number)}.geojson")
        image(tmp_path / f"tiles/{photo.format(number)}.tif")
    with pytest.raises(FormatError, match="no format recognises this"):
        formats.read(tmp_path)


def test_one_file_pairs_by_its_whole_name_alone(tmp_path) -> None:
    area(tmp_path / "set", names=(1,))
    with pytest.raises(FormatError, match="no format recognises this"):
        formats.read(tmp_path / "set")
    labels(tmp_path / "one/a.geojson")
    image(tmp_path / "elsewhere/a.tif")
    (sample,) = formats.read(tmp_path / "one", "geojson", images=str(tmp_path / "elsewhere")).samples
    assert len(sample.segments) == 1
