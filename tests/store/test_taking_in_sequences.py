"""Videos, stacks and folders of frames become datasets: on the command line, and as the studio opens them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from command_line import run
from made_videos import Made, make, own_reading
from PIL import Image

import maskwright as mw
from maskwright.core.names import natural
from maskwright.core.sequence import Sequence
from maskwright.store import Dataset
from maskwright.store.folder import open_place

pytest.importorskip("av")


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A folder with clip.mp4 of 23 frames, scan.tif of 5 slices of 16 bits and frames/ of 12 PNGs, which is gone to."""
    make(Made("clip.mp4", "mpeg4", count=23), tmp_path)
    slices = np.arange(5 * 8 * 9, dtype=np.uint16).reshape(5, 8, 9)
    tifffile.imwrite(tmp_path / "scan.tif", slices, photometric="minisblack")
    (tmp_path / "frames").mkdir()
    for number in range(12):
        Image.new("RGB", (9, 8), (number, 0, 0)).save(tmp_path / f"frames/frame{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_video_is_imported_by_reference(place, capsys) -> None:
    code, out, _ = run(capsys, "import", "clip.mp4", "street", "--every", "5", "--split", "train")
    assert code == 0
    assert "imported 5 images as the sequence 'clip'" in out
    frames = own_reading(place / "clip.mp4")
    with Dataset.open("street") as dataset:
        assert dataset.keys() == [f"clip/{number:06d}" for number in (0, 5, 10, 15, 20)]
        assert dataset.classes.names == ["object"]
        assert dataset.splits() == {"train": 5}
        assert dataset.sequences.names == ["clip"]
        assert dataset.sequences["clip"] == Sequence("clip", "time", (0.5,))
        assert [sample.fields["time"] for sample in dataset] == [0.0, 0.5, 1.0, 1.5, 2.0]
        assert dataset.columns["time"].unit == "s"
        assert dataset.where("time > 1.2").keys() == ["clip/000015", "clip/000020"]
        for sample in dataset.sequences.samples("clip"):
            assert sample.image.uri == f"{place}/clip.mp4#page={sample.image.frame}"
            wanted = frames[sample.image.frame].to_ndarray(format="rgb24")
            assert np.array_equal(mw.media.read(sample.image).pixels, wanted)
            assert sample.image.checksum is not None
        assert dataset.where("sequence = 'clip' and frame > 10").keys() == ["clip/000015", "clip/000020"]
    assert sorted(path.name for path in (place / "street").glob("*.mp4")) == []
    code, _, err = run(capsys, "import", "clip.mp4", "street")
    assert code == 2
    assert "5 of 23 samples are there already, such as 'clip/000000'" in err
    assert run(capsys, "import", "clip.mp4", "street", "--every", "9", "--name", "day 2/clip")[0] == 0
    with Dataset.open("street") as dataset:
        assert dataset.sequences.names == ["clip", "day 2/clip"]
        assert dataset.sequences.samples("day 2/clip").keys() == [f"day 2/clip/{n:06d}" for n in (0, 9, 18)]


def test_a_stack_and_a_folder_of_frames_are_imported(place, capsys) -> None:
    code, out, _ = run(capsys, "import", "scan.tif", "all", "--classes", "cell, nucleus", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["samples"] == 5
    assert told["sequence"]["name"] == "scan"
    assert told["sequence"]["axis"] == "space"
    code, out, _ = run(capsys, "import", "frames", "all", "--sequence", "--every", "3", "--classes", "other")
    assert code == 0
    assert "classes of its own" in out
    with Dataset.open("all") as dataset:
        assert dataset.classes.names == ["cell", "nucleus"]
        assert dataset.sequences.names == ["scan", "frames"]
        reds = [int(mw.media.read(sample.image).pixels[0, 0, 0]) for sample in dataset.sequences.samples("frames")]
        assert reds == [0, 3, 6, 9]
        values = mw.media.read(dataset["scan/000003"].image).pixels
        assert np.array_equal(values[..., 0], tifffile.imread("scan.tif")[3])
        assert dataset.check() == []


def test_a_folder_of_images_is_a_sequence_where_that_is_said(place, capsys) -> None:
    assert run(capsys, "import", "frames", "all", "--classes", "cell, nucleus")[0] == 0
    (place / "more").mkdir()
    Image.new("RGB", (9, 8)).save(place / "more/another.png")
    code, out, _ = run(capsys, "import", "more", "all", "--classes", "other")
    assert code == 0
    assert "note: the dataset has classes of its own" in out
    with Dataset.open("all") as dataset:
        assert dataset.sequences.names == []
        assert len(dataset) == 13
        assert dataset.classes.names == ["cell", "nucleus"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frames", "--every", "2"], "labels come whole"),
        (["frames", "--sequence", "-f", "coco"], "has no format"),
        (["clip.mp4", "-o", "a=b"], "has no format"),
        (["frames", "--name", "a"], "labels come whole"),
        (["clip.mp4", "--name", "../a"], "the key '../a'"),
        (["clip.mp4", "--classes", "a,a"], "a"),
        (["nowhere", "--sequence"], "nowhere"),
        (["broken.mp4"], "broken.mp4"),
    ],
)
def test_what_does_not_fit_is_said_and_leaves_nothing(place, capsys, arguments, said) -> None:
    (place / "broken.mp4").write_bytes(b"this is not a video" * 99)
    code, _, err = run(capsys, "import", arguments[0], "new", *arguments[1:])
    assert code in (1, 2)
    assert said in err
    assert "Traceback" not in err
    assert not (place / "new").exists()


def test_a_video_opens_with_a_dataset_beside_it(place) -> None:
    dataset, notes = open_place("clip.mp4", classes="car", every=4)
    with dataset:
        assert len(dataset) == 6
        assert dataset.classes.names == ["car"]
        assert any("clip.mp4.maskwright" in note for note in notes)
    dataset, notes = open_place("clip.mp4", every=2)
    with dataset:
        assert len(dataset) == 6
        assert dataset.revision == 2
        assert any("opened the dataset" in note for note in notes)
        assert any("--every" in note for note in notes)


def test_a_folder_takes_in_videos_and_stacks_in_the_order_of_their_names(place) -> None:
    open_place("clip.mp4")[0].close()  # its dataset lies in the folder, and is not one of its images
    shutil.copy("frames/frame0.png", "clip.mp4.maskwright/exported.png")
    (place / "part").mkdir()
    shutil.copy("scan.tif", "part/scan.tif")
    dataset, _ = open_place(".", every=2)
    with dataset:
        assert dataset.keys() == [
            *(f"clip/{number:06d}" for number in range(0, 23, 2)), *(f"frames/frame{number}" for number in range(12)),
            "part/scan/000000", "part/scan/000002", "part/scan/000004", "scan/000000", "scan/000002", "scan/000004",
        ]  # fmt: skip
        assert dataset.sequences.names == ["clip", "part/scan", "scan"]
        assert dataset.sequences["part/scan"].axis == "space"
        assert dataset["scan/000002"].image.frame == 2
        before = dataset.revision
    shutil.copy("clip.mp4", "later.mp4")
    (place / "bad.mp4").write_bytes(b"nothing")
    dataset, notes = open_place(".")
    with dataset:
        assert dataset.revision == before + 1
        assert len(dataset.sequences.samples("later")) == 23
        assert any("bad was left out" in note for note in notes)
        assert not any("opened" in note for note in notes)


def test_names_are_sorted_as_people_read_them() -> None:
    names = ["frame10", "frame2", "frame02b", "Frame1", "1", "a", "10"]
    assert sorted(names, key=natural) == ["1", "10", "Frame1", "a", "frame2", "frame02b", "frame10"]


def test_labels_over_pages_of_a_file_bring_what_the_file_says(tmp_path) -> None:
    nibabel = pytest.importorskip("nibabel")
    for folder, values in (("imagesTr", np.arange(60)), ("labelsTr", np.arange(60) % 2)):
        (tmp_path / "set" / folder).mkdir(parents=True)
        volume = nibabel.Nifti1Image(values.reshape(3, 4, 5).astype(np.int16), np.diag([0.5, 0.75, 2.5, 1]))
        nibabel.save(volume, tmp_path / "set" / folder / ("a_0000.nii.gz" if folder == "imagesTr" else "a.nii.gz"))
    reading = mw.formats.read(tmp_path / "set", "nifti")
    mw.store.import_samples(tmp_path / "d", reading.classes, reading.samples, "import")
    with Dataset.open(tmp_path / "d") as dataset:
        found = dataset.sequences["a"]
        assert found.axis == "space"
        assert found.spacing is not None
        assert sorted(found.spacing) == [0.5, 0.75, 2.5]
        assert found.spacing[0] == 2.5
        assert "".join(sorted(found.orientation or "")) == "ARS"
        assert dataset.where("sequence.axis = 'space'").keys() == dataset.keys()
        with dataset.edit("known better") as edit:
            edit.set_sequence("a", orientation="LPS")
    part = [sample for sample in mw.formats.read(tmp_path / "set", "nifti").samples if sample.image.frame in (0, 2)]
    mw.store.import_samples(tmp_path / "every", reading.classes, part, "each second")
    with Dataset.open(tmp_path / "every") as dataset:
        assert dataset.sequences["a"].spacing[0] == 5.0


def test_frames_are_exported_as_images_and_come_back_as_a_sequence(place, capsys) -> None:
    run(capsys, "import", "clip.mp4", "street", "--every", "5")
    with Dataset.open("street") as dataset, dataset.edit("draw") as edit:
        for sample in dataset:
            drawn = np.zeros((1, *sample.image.size), bool)
            drawn[0, 5:20, sample.image.frame : sample.image.frame + 9] = True
            edit.put(sample.key, mw.Segments(mw.Masks.encode(drawn), [1]))
    frames = own_reading(place / "clip.mp4")
    for name in ("davis", "youtube-vos", "mots", "coco"):
        assert run(capsys, "export", "street", f"{name}", "-f", name, "--allow-loss", "--check")[0] == 0
        for number in (0, 5, 20):
            (file,) = [path for path in (place / name).rglob(f"clip/{number:06d}.png") if "Annot" not in str(path)]
            wanted = frames[number].to_ndarray(format="rgb24")
            assert np.array_equal(np.array(Image.open(file)), wanted), file
    for name in ("davis", "youtube-vos", "mots"):
        assert run(capsys, "import", name, f"{name}-again")[0] == 0
        with Dataset.open(f"{name}-again") as dataset:
            assert dataset.sequences.names == ["clip"]
            assert [sample.segments.masks.areas().tolist() for sample in dataset.sequences.samples("clip")] == [
                [135]
            ] * 5
