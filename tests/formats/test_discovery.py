"""Images and their labels are found in any layout; what was chosen is said, and two that fit alike are refused."""

import gzip
import json

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.errors import FormatError

HEIGHT, WIDTH = 20, 30


def photo(path, seed=0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)).save(path)


def label(path, values) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values)).save(path)


def classes(seed=0, values=(1, 2)):
    """A rectangle a value, at another place for another seed."""
    out = np.zeros((HEIGHT, WIDTH), np.uint8)
    for number, value in enumerate(values):
        out[2 + seed : 8 + seed, 10 * number + 1 : 10 * number + 8 + seed] = value
    return out


def mask(seed=0):
    return classes(seed, (255,))


def read(folder):
    reading = formats.read(folder)
    return reading, {sample.key: sample for sample in reading.samples}


def pixels(sample) -> dict[int, int]:
    areas = sample.segments.masks.areas().tolist()
    return dict(zip(sample.segments.class_ids.tolist(), areas, strict=True))


def counted(values) -> dict[int, int]:
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


LAYOUTS = {
    "img_dir and ann_dir": ("img_dir/train/{}.jpg", "ann_dir/train/{}.png"),
    "another case": ("Images/{}.jpg", "Masks/{}.png"),
    "splits above": ("Train/images/{}.jpg", "Train/masks/{}.png"),
    "deep": ("data/v1/set/imgs/{}.png", "data/v1/set/gt/{}.png"),
    "x and y": ("x_train/{}.png", "y_train/{}.png"),
    "a suffix": ("photos/{}.jpg", "photos/{}_segmentation.png"),
    "a suffix of folders apart": ("images/{}.jpg", "targets/{}_labelIds.png"),
    "a prefix": ("images/img_{}.jpg", "labels/lbl_{}.png"),
    "learned": ("images/scan-{}-t1.jpg", "labels/expert.{}.v2.png"),
    "one folder, two kinds": ("{}.jpg", "{}.png"),
    "trimaps": ("images/{}.jpg", "annotations/trimaps/{}.png"),
    "GIF": ("images/{}.tif", "1st_manual/{}.gif"),
    "an array": ("images/{}.jpg", "labels/{}.npy"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_found(tmp_path, name) -> None:
    image, target = LAYOUTS[name]
    for seed, stem in enumerate(("a01", "b02", "c03")):
        photo(tmp_path / image.format(stem), seed)
        file = tmp_path / target.format(stem)
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, classes(seed)) if file.suffix == ".npy" else label(file, classes(seed))
    _, samples = read(tmp_path)
    assert [pixels(sample) for _, sample in sorted(samples.items())] == [counted(classes(seed)) for seed in range(3)]
    split = "train" if "rain" in image else None
    assert {sample.split for sample in samples.values()} == {split}


def test_a_mat_file_may_hold_its_matrix_in_a_field(tmp_path) -> None:
    from scipy.io import savemat

    photo(tmp_path / "img" / "a.jpg")
    (tmp_path / "cls").mkdir()
    savemat(tmp_path / "cls" / "a.mat", {"GTcls": {"Segmentation": classes(), "Boundaries": np.zeros((2, 2))}})
    _, samples = read(tmp_path)
    assert pixels(samples["a"]) == counted(classes())


def test_splits_of_text_files(tmp_path) -> None:
    for name in "abc":
        photo(tmp_path / "images" / f"{name}.jpg")
        label(tmp_path / "masks" / f"{name}.png", classes())
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "train.txt").write_text("a.jpg\nb.jpg\n")
    (tmp_path / "lists" / "val.txt").write_text("c\n")
    reading, samples = read(tmp_path)
    assert {key: sample.split for key, sample in samples.items()} == {"a": "train", "b": "train", "c": "val"}
    assert any("splits are from lists/train.txt, lists/val.txt" in note for note in reading.notes)


def test_two_layouts_that_fit_alike_are_refused_with_both_commands(tmp_path) -> None:
    for name in "abc":
        photo(tmp_path / "images" / f"{name}.jpg")
        label(tmp_path / "labels_anna" / f"{name}.png", classes(1))
        label(tmp_path / "labels_otto" / f"{name}.png", classes(2))
    with pytest.raises(FormatError, match=r'(?s)fit nearly alike.*labels="labels_anna".*labels="labels_otto"'):
        formats.read(tmp_path)
    chosen = formats.read(tmp_path, "label-map", images="images", labels="labels_otto")
    assert pixels(next(chosen.samples)) == counted(classes(2))


def test_two_folders_that_say_the_same_are_no_question(tmp_path) -> None:
    colours = np.array([(0, 0, 0), (200, 0, 0), (0, 200, 0)], np.uint8)
    for seed, name in enumerate("abc"):
        photo(tmp_path / "images" / f"{name}.jpg")
        label(tmp_path / "labels" / f"{name}.png", classes(seed))
        label(tmp_path / "labels_colored" / f"{name}.png", colours[classes(seed)])
    reading, samples = read(tmp_path)
    assert pixels(samples["b"]) == counted(classes(1))
    assert any("labels_colored/ was left out" in note for note in reading.notes)


def test_a_field_of_view_is_not_the_label(tmp_path) -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    view = np.where((y - 10) ** 2 + (x - 15) ** 2 < 90, 255, 0).astype(np.uint8)
    for seed, name in enumerate("abc"):
        photo(tmp_path / "images" / f"{name}.jpg")
        label(tmp_path / "labels" / f"{name}.png", mask(seed))
        label(tmp_path / "mask" / f"{name}_mask.png", view)
    reading, samples = read(tmp_path)
    assert [pixels(samples[name])[1] for name in "abc"] == [int((mask(seed) > 0).sum()) for seed in range(3)]
    assert any("mask/ was left out" in note for note in reading.notes)


def test_a_folder_a_class(tmp_path) -> None:
    photo(tmp_path / "images" / "a.jpg")
    photo(tmp_path / "images" / "b.jpg", 1)
    for name in "ab":
        label(tmp_path / "masks" / "nucleus" / f"{name}.png", mask(0))
        label(tmp_path / "masks" / "wall" / f"{name}.png", mask(4))
    reading, samples = read(tmp_path)
    assert [class_.name for class_ in reading.classes] == ["background", "nucleus", "wall"]
    assert pixels(samples["a"]) == {1: int((mask(0) > 0).sum()), 2: int((mask(4) > 0).sum())}


def test_a_folder_a_class_with_the_images_in_it(tmp_path) -> None:
    for seed, kind in enumerate(("benign", "malignant")):
        photo(tmp_path / kind / f"{kind} (1).png", seed)
        label(tmp_path / kind / f"{kind} (1)_mask.png", mask(seed))
    second = np.roll(mask(0), 15, 1)
    label(tmp_path / "benign" / "benign (1)_mask_1.png", second)
    reading, samples = read(tmp_path)
    assert [class_.name for class_ in reading.classes] == ["background", "benign", "malignant"]
    both = int((mask(0) | second > 0).sum())
    found = {key.rpartition("/")[2]: pixels(sample) for key, sample in samples.items()}
    assert found == {"benign (1)": {1: both}, "malignant (1)": {2: int((mask(1) > 0).sum())}}
    named = formats.read(tmp_path, names="lesion")
    assert [class_.name for class_ in named.classes] == ["background", "lesion"]


def test_folders_that_are_no_classes_name_none(tmp_path) -> None:
    for seed, place in enumerate(("london", "paris")):
        photo(tmp_path / place / f"p{seed}.jpg")
        label(tmp_path / place / f"p{seed}_mask.png", mask(seed))
    reading, _ = read(tmp_path)
    assert [class_.name for class_ in reading.classes] == ["background", "object"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("_classes.csv", "Pixel Value, Class\n0, background\n1, cat\n2, dog\n"),
        ("classes.txt", "background\ncat\ndog\n"),
        ("dataset.json", json.dumps({"labels": {"background": 0, "cat": 1, "dog": 2}})),
        ("objectInfo150.txt", "Idx\tRatio\tName\n1\t0.1\tcat\n2\t0.2\tdog\n"),
    ],
)
def test_names_of_classes_from_a_file_beside(tmp_path, file, content) -> None:
    for name in "ab":
        photo(tmp_path / "images" / f"{name}.jpg")
        label(tmp_path / "labels" / f"{name}.png", classes())
    (tmp_path / file).write_text(content)
    reading, _ = read(tmp_path)
    assert [(class_.name, class_.role) for class_ in reading.classes] == [
        ("background", "background"), ("cat", "class"), ("dog", "class"),
    ]  # fmt: skip
    assert f"names are from {file}" in reading.notes


def test_a_file_beside_that_tells_objects_apart(tmp_path) -> None:
    two = classes(0, (26, 26))
    objects = classes(0, (1, 2)).astype(np.uint16)
    for name in "abc":
        photo(tmp_path / "image_2" / f"{name}.png")
        label(tmp_path / "semantic" / f"{name}.png", two)
        label(tmp_path / "instance" / f"{name}.png", two.astype(np.uint16) * 256 + objects)
    reading, samples = read(tmp_path)
    own = samples["a"].segments
    assert own.class_ids.tolist() == [0, 26, 26]
    assert sorted(own.masks.areas()[1:].tolist()) == sorted([int((objects == 1).sum()), int((objects == 2).sum())])
    assert [class_.kind for class_ in reading.classes] == ["stuff", "thing"]


def test_void_of_voc_is_ignored(tmp_path) -> None:
    palette = [0, 0, 0, 128, 0, 0, 0, 128, 0] + [0] * (256 * 3 - 12) + [224, 224, 192]
    for name in "ab":
        photo(tmp_path / "images" / f"{name}.jpg")
        stored = Image.fromarray(classes(0, (1, 255)))
        stored.putpalette(palette)
        (tmp_path / "labels").mkdir(exist_ok=True)
        stored.save(tmp_path / "labels" / f"{name}.png")
    reading, _ = read(tmp_path)
    assert {class_.id: class_.role for class_ in reading.classes} == {0: "class", 1: "class", 255: "ignore"}


@pytest.mark.parametrize(
    ("image", "target", "values", "roles"),
    [
        ("images/s_{:08d}_pre_disaster.png", "targets/s_{:08d}_pre_disaster_target.png", (1, 4), {0: "background"}),
        ("images/train2017/{:012d}.jpg", "annotations/train2017/{:012d}.png", (7, 255), {255: "ignore"}),
        ("images/10k/train/{}.jpg", "labels/sem_seg/masks/train/{}.png", (7, 255), {255: "ignore"}),
    ],
)
def test_public_sets_whose_files_do_not_say_what_is_void(tmp_path, image, target, values, roles) -> None:
    for number in range(3):
        photo(tmp_path / image.format(number), number)
        label(tmp_path / target.format(number), classes(0, values))
    reading, _ = read(tmp_path)
    assert {class_.id: class_.role for class_ in reading.classes if class_.role != "class"} == roles


VIDEOS = ("masks/dog/{}.png", "masks/cat/{}.png")
INDEXED = ("trainannot/{}.png",)


@pytest.mark.parametrize("names", [VIDEOS, INDEXED])
def test_what_is_drawn_pairs_with_photos_above_alone(tmp_path, names) -> None:
    home = tmp_path / "set"
    for name in names:
        for seed, stem in enumerate(("a1", "b2")):
            label(home / name.format(stem), classes(seed, range(1, 4)))
    part = home / names[0].partition("/")[0]
    for place in (home, part, (home / names[0]).parent):
        with pytest.raises(FormatError, match=r"(?s)images are all label maps.* -f label-map -o images=FOLDER -o lab"):
            formats.read(place)
    for name in names:
        for seed, stem in enumerate(("a1", "b2")):
            photo(
                home / name.replace("masks", "images").replace("annot", "").format(stem).replace(".png", ".jpg"), seed
            )
    for place in (part, (home / names[0]).parent):
        reading, samples = read(place)
        assert reading.chosen.path == home
        assert len(samples) == 2 * len(names)
        assert f"{place.name} is a part of it" in reading.chosen.reasons[0]
        assert all(sample.image.uri.endswith(".jpg") for sample in samples.values())


def test_what_is_drawn_has_no_partners_that_are_drawn(tmp_path) -> None:
    for name in ("anna", "masks"):
        label(tmp_path / name / "a.png", classes())
    with pytest.raises(FormatError, match="all label maps"):
        formats.read(tmp_path)
    reading = formats.read(tmp_path, "label-map", images="anna", labels="masks")  # where it is said, it is done
    assert pixels(next(reading.samples)) == counted(classes())


@pytest.mark.parametrize("beside", ["{}annot/{}", "{}_labels/{}", "labels/{}/{}"])
def test_drawn_images_have_the_labels_that_names_say(tmp_path, beside) -> None:
    for split in ("train", "val"):
        label(tmp_path / split / f"{split}.png", mask(1))
        label(tmp_path / beside.format(split, f"{split}.png"), classes())
    found = read(tmp_path)[1]
    assert sorted(sample.split for sample in found.values()) == ["train", "val"]
    assert all(pixels(sample) == counted(classes()) for sample in found.values())


def test_drawn_images_that_are_called_images_have_labels(tmp_path) -> None:
    label(tmp_path / "images" / "a.png", mask(1))
    label(tmp_path / "masks" / "a.png", classes())
    assert pixels(read(tmp_path)[1]["a"]) == counted(classes())
    assert formats.read(tmp_path / "images", "unlabelled").total == 1


def test_nothing_pairs(tmp_path) -> None:
    photo(tmp_path / "images" / "a.jpg")
    label(tmp_path / "images2" / "b.jpg", classes())
    assert formats.label_map.sniff(tmp_path) == 0


@pytest.mark.parametrize("packed", [False, True])
def test_labels_of_ppm_two_people_drew(tmp_path, packed) -> None:
    """As STARE's: the first one's are taken, and the other's are said to be left out."""
    for number, seed in ((1, 0), (44, 1), (319, 2)):
        photo(tmp_path / f"images/im{number:04d}.ppm", seed)
        label(tmp_path / f"labels-ah/im{number:04d}.ah.ppm", mask(seed))
        label(tmp_path / f"labels-vk/im{number:04d}.vk.ppm", mask(seed + 1))
    for file in tmp_path.rglob("*.ppm") if packed else ():
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    reading, samples = read(tmp_path)
    assert {key: pixels(sample) for key, sample in samples.items()} == {
        f"im{number:04d}": {1: int((mask(seed) > 0).sum())} for number, seed in ((1, 0), (44, 1), (319, 2))
    }
    assert any("a second observer drew 3 images" in note and "labels-vk" in note for note in reading.notes)
    other = formats.read(tmp_path, "label-map", images="images", labels="labels-vk", suffix=".vk", names=["vessel"])
    assert {sample.key: pixels(sample)[1] for sample in other.samples}["im0001"] == (mask(1) > 0).sum()

    formats.write(list(samples.values()), reading.classes, tmp_path / "out", "label-map")
    suffix = "png" if packed else "ppm"
    assert (tmp_path / f"out/images/im0001.{suffix}").is_file()
    again = {sample.key: pixels(sample) for sample in formats.read(tmp_path / "out").samples}
    assert again == {key: pixels(sample) for key, sample in samples.items()}


def test_a_packed_label_that_is_cut_off_is_one_sentence(tmp_path) -> None:
    for seed, stem in enumerate(("a01", "b02", "c03")):
        photo(tmp_path / f"images/{stem}.ppm", seed)
        label(tmp_path / f"labels/{stem}.ppm", mask(seed))
        whole = gzip.compress((tmp_path / f"labels/{stem}.ppm").read_bytes())
        (tmp_path / f"labels/{stem}.ppm").unlink()
        (tmp_path / f"labels/{stem}.ppm.gz").write_bytes(whole[:30] if seed else whole)
    with pytest.raises(FormatError, match=r"b02\.ppm\.gz(?s:.*)not a readable label map"):
        list(formats.read(tmp_path, "label-map", images="images", labels="labels").samples)
