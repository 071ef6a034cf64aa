"""Objects of other programs, there and back."""

import numpy as np
import pytest
from PIL import Image

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.integrations import detectron2, torchvision
from maskwright.integrations.torch import SampleDataset


def test_supervision(make_samples, classes) -> None:
    sv = pytest.importorskip("supervision")
    from maskwright.integrations.supervision import from_detections, to_detections

    for sample in make_samples(6):
        found = to_detections(sample.segments, classes)
        assert isinstance(found, sv.Detections)
        assert len(found) == len(sample.segments)
        if len(found):
            assert np.array_equal(found.mask, sample.segments.masks.decode())
            assert found.area.tolist() == sample.segments.masks.areas().tolist()
        back = from_detections(found, sample.segments.size, classes)
        assert back.masks == sample.segments.masks
        assert back.class_ids.tolist() == sample.segments.class_ids.tolist()
        assert back.source == ["model"] * len(back)
    boxes = sv.Detections(xyxy=np.array([[1.0, 2.0, 4.0, 4.0]]), class_id=np.array([1]))
    assert from_detections(boxes, (6, 8), classes).masks.areas().tolist() == [6]


def test_detectron2(make_samples, classes) -> None:
    samples = make_samples(6)
    rows = detectron2.to_dicts(samples, classes)
    assert [len(row["annotations"]) for row in rows] == [len(sample.segments) for sample in samples]
    back = detectron2.from_dicts(rows, classes)
    for sample, other in zip(samples, back, strict=True):
        assert other.segments.masks == sample.segments.masks
        assert other.segments.class_ids.tolist() == sample.segments.class_ids.tolist()
        assert other.image.uri == sample.image.uri
    ring = [1, 1, 4, 1, 4, 4, 1, 4]
    shapes = [{"segmentation": [ring]}, {"segmentation": [], "bbox": [1, 1, 3, 3], "bbox_mode": 1}]
    row = {
        "file_name": "a.png",
        "height": 6,
        "width": 8,
        "annotations": [{**shape, "category_id": 0} for shape in shapes],
    }
    masks = detectron2.from_dicts([row], classes)[0].segments.masks
    assert masks[0] == masks[1]


def test_tv_tensors_go_through_transforms(make_samples, classes) -> None:
    import torch
    from torchvision.transforms import v2

    sample = make_samples(3)[2]
    image, target = torchvision.to_tv_tensors(sample, classes)
    assert image.shape == (3, *sample.image.size)
    assert target["labels"].min() >= 1
    flipped, turned = v2.RandomHorizontalFlip(p=1)(image, target)
    assert torch.equal(flipped, image.flip(-1))
    expected = sample.segments.masks.flip(horizontal=True)
    assert torchvision.from_tv_tensors(turned, classes).masks == expected
    assert turned["boxes"].tolist() == expected.boxes().tolist()
    prediction = {"masks": target["masks"][:, None].float() * 0.9, "labels": target["labels"],
                  "scores": torch.full((len(target["labels"]),), 0.7)}  # fmt: skip
    back = torchvision.from_tv_tensors(prediction, classes)
    assert back.masks == sample.segments.masks
    assert back.scores.tolist() == pytest.approx([0.7] * len(back))


@pytest.mark.parametrize("target", ["semantic", "instance"])
def test_torch_datasets_load_with_workers(make_samples, classes, target) -> None:
    from torch.utils.data import DataLoader

    samples = make_samples(4)
    loader = DataLoader(SampleDataset(samples, classes, target=target), batch_size=None, num_workers=1)
    for sample, (image, labels) in zip(samples, loader, strict=True):
        assert image.shape == (3, *sample.image.size)
        if target == "semantic":
            assert np.array_equal(labels.numpy(), sample.segments.label_map(classes))
        else:
            assert len(labels["masks"]) == len(sample.segments)
    with pytest.raises(ValueError, match="semantic or instance"):
        SampleDataset(samples, classes, target="panoptic")


@pytest.mark.parametrize("target", ["semantic", "instance"])
def test_tensors_of_deep_images_hold_their_own_numbers(tmp_path, target) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    deep = np.random.default_rng(0).integers(0, 65536, (6, 8)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    bands = np.random.default_rng(1).random((1, 6, 8, 5), np.float32)
    np.save(tmp_path / "bands.npy", bands)
    gray = (deep >> 8).astype(np.uint8)
    Image.fromarray(gray).save(tmp_path / "gray.png")
    labels = Segments.from_label_map(np.ones((6, 8), np.uint8))
    uris = [str(tmp_path / "deep.png"), f"{tmp_path / 'bands.npy'}#page=0", str(tmp_path / "gray.png")]
    samples = [Sample(str(place), ImageRef(uri, (6, 8)), labels) for place, uri in enumerate(uris)]
    found = [image for image, _ in SampleDataset(samples, Classes([Class(1, "a")]), target=target)]
    wanted = deep[None].astype(np.int32), bands[0].transpose(2, 0, 1), np.stack([gray] * 3)
    for image, pixels in zip(found, wanted, strict=True):
        assert torch.equal(torch.as_tensor(image), torch.from_numpy(np.ascontiguousarray(pixels)))


def test_hugging_face_tables(make_samples, classes, tmp_path) -> None:
    datasets = pytest.importorskip("datasets")
    from maskwright.integrations.huggingface import classes_of, from_datasets, to_datasets

    samples = make_samples(6)
    table = to_datasets(samples, classes)
    table.to_parquet(tmp_path / "table.parquet")
    again = datasets.Dataset.from_parquet(str(tmp_path / "table.parquet"), cache_dir=str(tmp_path / "cache"))
    assert again[0]["image"].size == samples[0].image.size[::-1]
    named = classes_of(table)
    for sample, other in zip(samples, from_datasets(table), strict=True):
        assert other.segments.masks == sample.segments.masks
        names = [classes[int(class_id)].name for class_id in sample.segments.class_ids]
        assert [named[int(class_id)].name for class_id in other.segments.class_ids] == names
        assert (other.key, other.split, other.image.uri) == (sample.key, sample.split, sample.image.uri)
    scored = Segments(Masks.empty((4, 4), 1), [1], scores=[0.25])
    from dataclasses import replace

    from maskwright.core.sample import ImageRef

    each = replace(samples[0], segments=scored, image=ImageRef(samples[0].image.uri, (4, 4)))
    assert next(from_datasets(to_datasets([each], classes))).segments.scores.tolist() == [0.25]
