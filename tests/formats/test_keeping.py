"""An import that is killed at any batch and goes on ends in the same dataset, with the same report, as one that is not."""

import json
from itertools import count

import numpy as np
import pytest
from going_on import KilledError, check_sound, imported, killed_at, small_batches, tables
from PIL import Image
from public_sets import LAYOUTS

from maskwright import formats
from maskwright.errors import FormatError, UsageError
from maskwright.store import Dataset, tray


def goes_on(source, tmp_path, monkeypatch, **options) -> None:
    """Killed at each batch in turn until none is left, each time gone on with."""
    with monkeypatch.context() as patch:
        small_batches(patch, 10**6)
        right = imported(tmp_path / "whole", source, keeping=False, **options)
    small_batches(monkeypatch)
    for batch in count():
        place = tmp_path / f"killed{batch}"
        with monkeypatch.context() as patch:
            killed_at(patch, batch)
            try:
                imported(place, source, **options)
            except KilledError:
                assert batch == 0 or tray.unfinished(place).samples == batch
            else:
                assert batch > 0
                break
        assert imported(place, source, **options) == right
        assert tables(place) == tables(tmp_path / "whole")
        check_sound(place)


def odd_yolo(root) -> None:
    """Two splits with images of one name, texts without an image, images without a text, scores, boxes and more."""
    texts = ["0 0.1 0.1 0.5 0.1 0.5 0.5 0.9\n", "1 0.5 0.5 0.2 0.2\n0 0.1 0.1 0.5 0.1 0.5 0.5\n", "", None,
             "1 0.9 0.9 1.2 0.9 1.2 1.2\n"]  # fmt: skip
    for split in ("train", "val"):
        for number, text in enumerate(texts):
            image = root / "images" / split / f"{number}.png"
            image.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((30, 40, 3), 20 * number, np.uint8)).save(image)
            label = root / "labels" / split / f"{number}.txt"
            label.parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                label.write_text(text)
        (root / "labels" / split / "lone.txt").write_text(texts[0])
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [ant, bee]\n")


def odd_coco(root) -> None:
    """Two files, images in another folder, at an address and nowhere, boxes alone, a broken record."""
    for split in ("train", "val"):
        rows, images = [], []
        for number in range(1, 6):
            name = f"{split}{number}.png"
            images.append({"id": number, "file_name": name, "height": 30, "width": 40})
            if number < 4:
                file = root / "elsewhere" / split / name
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.full((30, 40), 20 * number, np.uint8)).save(file)
            rows.append({"id": number, "image_id": number, "category_id": 1, "bbox": [1, 1, 9, 9], "iscrowd": 0,
                         "segmentation": [[1, 1, 10, 1, 10, 10, 1, 10]] if number % 2 else []})  # fmt: skip
        images[4]["coco_url"] = "http://nowhere.invalid/a.png"
        content = {"images": images, "annotations": rows, "categories": [{"id": 1, "name": "ant"}]}
        (root / "annotations").mkdir(parents=True, exist_ok=True)
        (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))


def maps(root) -> None:
    for number in range(5):
        for folder, values in (("images", (number, 9, 200)), ("masks", (0, 1, number))):
            file = root / folder / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.repeat(np.array(values, np.uint8), 100).reshape(20, 15)).save(file)


@pytest.mark.parametrize("build", [odd_yolo, pytest.param(odd_coco, marks=pytest.mark.slow), maps])
def test_odd_sets_go_on(build, tmp_path, monkeypatch) -> None:
    build(tmp_path / "set")
    goes_on(tmp_path / "set", tmp_path, monkeypatch)


@pytest.mark.parametrize("name", formats.writers())
def test_what_every_format_writes_goes_on(name, make_samples, classes, tmp_path, monkeypatch) -> None:
    formats.write(make_samples(4), classes, tmp_path / "set", name, allow_loss=True)
    goes_on(tmp_path / "set", tmp_path, monkeypatch)


@pytest.mark.parametrize("layout", [pytest.param(layout, id=layout.name) for layout in LAYOUTS[::8]])
def test_public_sets_go_on(layout, tmp_path, monkeypatch) -> None:
    layout.build(tmp_path / "set")
    goes_on(tmp_path / "set", tmp_path, monkeypatch)


@pytest.mark.parametrize("at", [0, 3, 9])
def test_what_is_broken_is_listed_once(at, tmp_path, monkeypatch) -> None:
    odd_yolo(tmp_path / "set")
    texts = sorted((tmp_path / "set" / "labels").rglob("[0-9].txt"))
    texts[min(at, len(texts) - 1)].write_text("7 0.1 0.1 0.5 0.1 0.5 0.5\n0 0.1 0.1 0.5 0.1 0.5 0.5\n")
    texts[2].write_bytes(b"\xff\x00\xff")
    goes_on(tmp_path / "set", tmp_path, monkeypatch, skip_broken=True)


def test_a_broken_file_takes_back_what_was_kept(tmp_path, monkeypatch) -> None:
    odd_yolo(tmp_path / "set")
    max((tmp_path / "set" / "labels" / "val").rglob("[0-9].txt")).write_text("7 0.1\n")
    small_batches(monkeypatch)
    with pytest.raises(FormatError, match="unknown class 7"):
        imported(tmp_path / "new" / "d", tmp_path / "set")
    assert not (tmp_path / "new").exists()
    with Dataset.create(tmp_path / "there"):
        pass
    before = tables(tmp_path / "there")
    with pytest.raises(FormatError, match="unknown class 7"):
        imported(tmp_path / "there", tmp_path / "set")
    assert tables(tmp_path / "there") == before


def test_a_change_of_the_files_is_not_gone_on_with(tmp_path, monkeypatch) -> None:
    odd_yolo(tmp_path / "set")
    small_batches(monkeypatch)
    with monkeypatch.context() as patch:
        killed_at(patch, 4)
        with pytest.raises(KilledError):
            imported(tmp_path / "d", tmp_path / "set")
    (tmp_path / "set" / "labels" / "train" / "3.txt").write_text("")
    with pytest.raises(UsageError, match=r"4 of 10 samples are kept.*files have changed since(.|\n)*--take-back"):
        imported(tmp_path / "d", tmp_path / "set")
    assert tray.unfinished(tmp_path / "d").samples == 4
    tray.take_back(tmp_path / "d")
    assert not (tmp_path / "d").exists()
    imported(tmp_path / "d", tmp_path / "set")


def test_less_than_a_batch_is_never_seen(tmp_path, monkeypatch) -> None:
    odd_yolo(tmp_path / "set")
    killed_at(monkeypatch, 0)
    imported(tmp_path / "d", tmp_path / "set")


def test_batches_end_by_time_and_by_size(tmp_path, monkeypatch) -> None:
    from maskwright.formats import _keeping

    odd_yolo(tmp_path / "set")
    for name in ("BYTES", "SECONDS"):
        with monkeypatch.context() as patch:
            killed_at(patch, 2)
            patch.setattr(_keeping, name, 0)
            with pytest.raises(KilledError):
                imported(tmp_path / name, tmp_path / "set")
            assert tray.unfinished(tmp_path / name).samples == 2
