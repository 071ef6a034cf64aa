"""Formats that are read only: broken files of theirs give one sentence, too."""

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from maskwright import families, formats
from maskwright.errors import FormatError, UsageError

SIZE = (6, 8)


def save(path, array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array)).save(path)


def text(mask) -> str:
    return coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()


PICTURE = np.zeros((*SIZE, 3), np.uint8)
LABEL = np.zeros(SIZE, np.uint8)
LABEL[1:4, 2:6] = 1


def ade20k(root, draw=None) -> None:
    code = np.zeros((*SIZE, 3), np.uint8)
    code[LABEL > 0] = (10, 44, 9)
    save(root / "training" / "ADE_train_1.jpg", PICTURE)
    save(root / "training" / "ADE_train_1_seg.png", code)
    save(root / "training" / "ADE_train_1_parts_1.png", code)
    (root / "training" / "ADE_train_1.json").write_text(
        '{"annotation": {"object": [{"name": "car", "name_ndx": 300}]}}'
    )


def dicom_seg(root, draw) -> None:
    pytest.importorskip("highdicom")
    import highdicom as hd
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    image = draw(root / "1.dcm", 1, generate_uid())
    algorithm = hd.AlgorithmIdentificationSequence("x", codes.DCM.ArtificialIntelligence, "1")
    about = hd.seg.SegmentDescription(
        1, "liver", codes.SCT.Organ, codes.SCT.Liver, hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC, algorithm
    )
    hd.seg.Segmentation(
        [image], LABEL[None], hd.seg.SegmentationTypeValues.BINARY, [about], generate_uid(), 2, generate_uid(), 1,
        "x", "x", "1", "1",
    ).save_as(root / "seg.dcm")  # fmt: skip


def mapillary(root, draw=None) -> None:
    kinds = [
        {"name": "nature--sky", "readable": "Sky", "instances": False, "evaluate": True, "color": [1, 2, 3]},
        {"name": "object--car", "readable": "Car", "instances": True, "evaluate": True, "color": [4, 5, 6]},
        {"name": "void--ego", "instances": False, "evaluate": False, "color": [0, 0, 0]},
    ]
    root.mkdir(exist_ok=True)
    (root / "config_v2.0.json").write_text(json.dumps({"labels": kinds}))
    values = LABEL.astype(np.uint16) * 256 + LABEL * 3
    values[5] = 512
    save(root / "training" / "images" / "a.jpg", PICTURE)
    save(root / "training" / "v2.0" / "instances" / "a.png", values)


def segment_anything(root, draw=None) -> None:
    row = {"id": 1, "segmentation": {"size": list(SIZE), "counts": text(LABEL)}, "area": 12, "predicted_iou": 0.9}
    root.mkdir(exist_ok=True)
    content = {"image": {"file_name": "sa_1.png", "height": 6, "width": 8}, "annotations": [row]}
    (root / "sa_1.json").write_text(json.dumps(content))
    save(root / "sa_1.png", PICTURE)


def stacks(root, draw=None) -> None:
    for name, layer in (("images", LABEL * 50), ("labels", LABEL)):
        (root / name).mkdir(parents=True)
        pages = [Image.fromarray(layer) for _ in range(2)]
        pages[0].save(root / name / "a.tif", save_all=True, append_images=pages[1:])


BUILDERS = {one.__name__.replace("_", "-"): one for one in (
    ade20k, dicom_seg, mapillary, segment_anything, stacks,
)}  # fmt: skip


def test_every_read_only_format_is_here() -> None:
    assert set(BUILDERS) == set(formats.names()) - set(formats.writers())
    assert all("read only" in (families.load("formats", name).__doc__ or "") for name in BUILDERS)


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_it_is_recognised_and_read(name, tmp_path, dicom_image) -> None:
    BUILDERS[name](tmp_path, dicom_image)
    assert formats.sniff(tmp_path) == name
    reading = formats.read(tmp_path)
    found = list(reading.samples)
    assert found
    for sample in found:
        assert sample.image.pixels().shape == (*SIZE, 3)
        area = max(sample.segments.masks.areas())
        assert area == 12 or (name == "mapillary" and area == 28)
    with pytest.raises(UsageError, match="read only"):
        formats.write(found, reading.classes, tmp_path / "out", name)
    formats.write(found, reading.classes, tmp_path / "coco", "coco", images="none", allow_loss=True, check=True)


def test_mapillary_labels(tmp_path) -> None:
    mapillary(tmp_path)
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert [reading.classes[int(one)].name for one in sample.segments.class_ids] == [
        "nature--sky",
        "object--car",
        "void--ego",
    ]
    assert reading.classes[2].role == "ignore"
    assert (sample.key, sample.split) == ("a", "train")


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_garbled_and_truncated_files_give_a_sentence(name, tmp_path, dicom_image) -> None:
    BUILDERS[name](tmp_path, dicom_image)
    whole = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    rng = np.random.default_rng(0)
    refused = 0
    for path, content in whole.items():
        garbled = []
        for _ in range(4):
            other = bytearray(content)
            for place in rng.integers(0, len(other), 4):
                other[place] = rng.integers(256)
            garbled.append(bytes(other))
        for other in (b"", content[: len(content) // 3], content[: 9 * len(content) // 10], *garbled):
            path.write_bytes(other)
            try:
                list(formats.read(tmp_path, name).samples)
            except FormatError as error:
                refused += 1
                assert str(tmp_path) in str(error)
        path.write_bytes(content)
    assert refused
    assert list(formats.read(tmp_path, name).samples)
