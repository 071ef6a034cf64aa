"""Images, videos and labels with images that somebody sends: which are new, which are here, and what stays where."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.core.masks import Masks
from maskwright.errors import FormatError, UsageError
from maskwright.labelling import incoming
from maskwright.media import read
from maskwright.store import Dataset
from maskwright.store.folder import look_again
from maskwright.studio import open_place

SIZE = (24, 32)


def png(value: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((*SIZE, 3), value, np.uint8)).save(out, "png")
    return out.getvalue()


def stack() -> bytes:
    out = io.BytesIO()
    pages = [Image.fromarray(np.full(SIZE, 40 * k, np.uint8)) for k in range(3)]
    pages[0].save(out, "tiff", save_all=True, append_images=pages[1:])
    return out.getvalue()


def coco(*names: str) -> bytes:
    mask = np.zeros((1, *SIZE), bool)
    mask[0, 4:12, 5:20] = True
    counts = Masks.encode(mask).compressed()[0].decode()
    rows = [
        {"id": k, "image_id": k, "category_id": 7, "segmentation": {"size": list(SIZE), "counts": counts},
         "bbox": [5, 4, 15, 8], "area": 120, "iscrowd": 0} for k in range(len(names))
    ]  # fmt: skip
    images = [{"id": k, "file_name": name, "height": SIZE[0], "width": SIZE[1]} for k, name in enumerate(names)]
    return json.dumps({"images": images, "categories": [{"id": 7, "name": "leaf"}], "annotations": rows}).encode()


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.fixture
def dataset(tmp_path):
    home = tmp_path / "photos"
    home.mkdir()
    (home / "p0.png").write_bytes(png(10))
    opened, _ = open_place(str(home), classes="leaf,stem")
    with opened:
        yield opened


def send(dataset: Dataset, tmp_path: Path, *files: tuple[str, bytes], write: bool = True) -> incoming.Incoming:
    folder = tmp_path / f"sent-{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    place, name = incoming.laid_out_together(files, folder)
    found = incoming.add(dataset, place, name=name, write=write, author="ada", loose=len(files) > 1)
    for file in sorted(folder.rglob("*"), reverse=True):  # what was sent is gone afterwards
        file.rmdir() if file.is_dir() else file.unlink()
    return found


def test_images_come_in_and_stay_beside_the_dataset(dataset, tmp_path) -> None:
    sent = (("a.png", png(20)), ("b.png", png(30)), ("p0.png", png(10)))
    told = send(dataset, tmp_path, *sent, write=False)
    assert (told.format, told.new_images, told.already, told.written) == ("unlabelled", 2, 1, False)
    assert dataset.keys() == ["p0"]
    assert not (dataset.database.folder / "imported").exists()
    before = dataset.revision
    done = send(dataset, tmp_path, *sent)
    assert done.written
    assert dataset.revision == before + 1
    assert sorted(dataset.keys()) == ["a", "b", "p0"]
    assert read(dataset["b"].image.uri).pixels[0, 0, 0] == 30
    assert Path(dataset["b"].image.uri).is_relative_to(dataset.database.folder / "imported")
    assert dataset.log(1)[0].author == "ada"
    assert [declared.name for declared in dataset.classes] == ["leaf", "stem"]
    look_again(dataset)
    assert len(dataset) == 3, "they are known, and no image of the folder that is new"
    assert not dataset.check()


def test_labels_with_their_images_and_labels_of_what_is_here_come_in_together(dataset, tmp_path) -> None:
    labels = coco("p0.png", "c.png", "away.png")
    archive = packed({"annotations/instances_train.json": labels, "images/c.png": png(50)})
    told = send(dataset, tmp_path, ("set.zip", archive), write=False)
    assert (told.format, told.images, told.objects, told.new_images, told.missing) == ("coco", 2, 2, 1, ["away"])
    send(dataset, tmp_path, ("set.zip", archive))
    assert sorted(dataset.keys()) == ["c", "p0"]
    for key in ("c", "p0"):
        assert dataset[key].segments.masks.areas().tolist() == [120]
        assert dataset[key].segments.class_ids.tolist() == [dataset.classes["leaf"].id]
    assert read(dataset["c"].image.uri).pixels[0, 0, 0] == 50
    look_again(dataset)
    assert len(dataset) == 2, "files of labels that were sent are not images to label"


def test_a_file_of_many_images_is_a_sequence(dataset, tmp_path) -> None:
    told = send(dataset, tmp_path, ("film.tif", stack()), write=False)
    assert (told.format, told.new_images) == ("sequence", 3)
    done = send(dataset, tmp_path, ("film.tif", stack()), ("d.png", png(60)))
    assert done.new_images == 4
    assert [sample.key for sample in dataset if sample.image.video == "film"] == [f"film/{k:06d}" for k in range(3)]
    assert list(dataset.sequences) == ["film"]
    assert read(dataset["film/000002"].image.uri).pixels.max() == 80
    assert len(dataset) == 5


def test_what_cannot_come_in_leaves_nothing(dataset, tmp_path, monkeypatch) -> None:
    before = dataset.revision
    with pytest.raises(UsageError, match="two files are called"):
        send(dataset, tmp_path, ("a.png", png(1)), ("x/a.png", png(2)))
    with pytest.raises(FormatError):
        send(dataset, tmp_path, ("notes.txt", b"hello"))

    def full(*_: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(incoming.shutil, "copyfile", full)
    with pytest.raises(OSError, match="no space"):
        send(dataset, tmp_path, ("a.png", png(1)))
    assert dataset.revision == before
    assert not list((dataset.database.folder / "imported").iterdir())
