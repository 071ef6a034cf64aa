"""Every kind of implausible thing is planted in a good set, in its file's own syntax, and named; a good set has none."""

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright import formats
from maskwright.cli import main
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _alignment
from maskwright.formats._laying import Laying
from maskwright.formats._plausible import Noted, Watch
from maskwright.store import Dataset

TWO = Classes([Class(1, "round", "thing"), Class(2, "square", "thing")])
SIZE = (150, 200)


def drawing(number: int, size: tuple[int, int] = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """An image of a disc and a square at places of their own, gently noisy, and the two masks (2, H, W)."""
    height, width = size
    random = np.random.default_rng(number)
    y, x = np.mgrid[:height, :width]
    middle = (random.uniform(0.3, 0.7) * height, random.uniform(0.25, 0.4) * width)
    left, top = int(random.uniform(0.55, 0.7) * width), int(random.uniform(0.15, 0.5) * height)
    disc = np.hypot(y - middle[0], x - middle[1]) < 0.17 * height
    square = (x >= left) & (x < left + 45) & (y >= top) & (y < top + 40)
    pixels = np.full((height, width, 3), 90.0) + random.normal(0, 4, (height, width, 3))
    pixels[disc] += (90, 20, 0)
    pixels[square] -= (20, 60, 60)
    return pixels.clip(0, 255).astype(np.uint8), np.stack([disc, square])


def good(folder: Path, number: int = 8) -> list[Sample]:
    """Samples without anything implausible, their images below folder/originals."""
    samples = []
    for place in range(number):
        pixels, masks = drawing(place)
        file = folder / "originals" / f"image{place}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
        segments = Segments(Masks.encode(masks), [1, 2])
        samples.append(Sample(f"image{place}", ImageRef(str(file), SIZE), segments, split="train"))
    return samples


def written(folder: Path, format: str, samples: list[Sample] | None = None, classes: Classes = TWO) -> Path:
    """A good set that our own writer made."""
    formats.write(good(folder) if samples is None else samples, classes, folder / "set", format, allow_loss=True)
    return folder / "set"


def found(place: Path, format: str, **options: object) -> dict[str, formats.Finding]:
    """The findings by kind, after the last sample; their texts are among the notes."""
    reading = formats.read(place, format, **options)
    assert not reading.findings
    list(reading.samples)
    for finding in reading.findings:
        assert finding.kind in formats.KINDS
        assert finding.text in reading.notes
        assert finding.number > 0 or finding.kind == "nothing found"
    return {finding.kind: finding for finding in reading.findings}


def coco(folder: Path) -> tuple[Path, dict]:
    """A good set of COCO and the content of its only file of labels."""
    place = written(folder, "coco")
    return place, json.loads(next((place / "annotations").iterdir()).read_text())


def put(place: Path, content: dict) -> Path:
    next((place / "annotations").iterdir()).write_text(json.dumps(content))
    return place


@pytest.mark.parametrize("format", formats.writers())
def test_a_good_set_has_no_finding_whatever_its_format(tmp_path, format) -> None:
    place = written(tmp_path, format)
    assert not found(place, format)


def test_images_that_are_not_there(tmp_path) -> None:
    place = written(tmp_path, "coco")
    images = sorted((place / "images").rglob("*.png"))
    images[0].unlink()
    some = found(place, "coco")
    assert list(some) == ["images missing"]
    assert (some["images missing"].number, some["images missing"].grave) == (1, False)
    assert some["images missing"].example == "train/image0" or some["images missing"].example == "image0"
    for image in images[1:]:
        image.unlink()
    whole = found(place, "coco")
    assert list(whole) == ["most images missing"]
    assert whole["most images missing"].grave
    assert "8 of 8 images are not where the labels say" in whole["most images missing"].text
    assert "name their folder with -o images=FOLDER" in whole["most images missing"].text


def test_images_at_addresses(tmp_path) -> None:
    place, content = coco(tmp_path)
    images = sorted((place / "images").rglob("*.png"))
    for row in content["images"]:
        row["coco_url"] = f"https://images.example/{row['file_name']}"
    put(place, content)
    assert not found(place, "coco")
    images[0].unlink()
    some = found(place, "coco")["images at addresses"]
    assert (some.number, some.grave) == (1, False)
    assert some.example is not None
    assert some.example.startswith("https://images.example/")
    assert "1 image is not here" in some.text
    assert "put the images beside the JSON, or name their folder with -o images=FOLDER" in some.text


def test_labels_without_an_image(tmp_path) -> None:
    place = written(tmp_path, "yolo")
    next(iter(sorted(place.rglob("images/**/*.png")))).unlink()
    assert list(found(place, "yolo")) == ["labels without an image"]
    shutil.rmtree(place)
    place = written(tmp_path, "label-map")
    next(iter(sorted((place / "images").rglob("*.png")))).unlink()
    assert list(found(place, "label-map")) == ["labels without an image"]


def test_images_without_labels_where_most_have_some(tmp_path) -> None:
    place, content = coco(tmp_path)
    content["annotations"] = [row for row in content["annotations"] if row["image_id"] != content["images"][2]["id"]]
    kinds = found(put(place, content), "coco")
    assert list(kinds) == ["images without labels"]
    assert kinds["images without labels"].number == 1
    content["annotations"] = content["annotations"][:2]
    assert not found(put(place, content), "coco"), "where most have none, that is how it is"
    place = written(tmp_path / "maps", "label-map")
    min((place / "labels").rglob("*.png")).unlink()
    assert list(found(place, "label-map")) == ["images without labels"]


@pytest.mark.parametrize("images", [True, False])
def test_nothing_found_is_grave(tmp_path, images) -> None:
    place, content = coco(tmp_path)
    content["annotations"] = []
    if not images:
        content["images"] = []
    kinds = found(put(place, content), "coco")
    assert "nothing found" in kinds
    assert kinds["nothing found"].grave
    assert kinds["nothing found"].text.startswith(
        f"set: {'8 images and no segment' if images else 'no image'} found, where"
    )


def test_fractions_given_as_pixels(tmp_path) -> None:
    place, content = coco(tmp_path)
    for row in content["annotations"]:
        row["segmentation"] = [[0.1, 0.1, 0.6, 0.2, 0.5, 0.7, 0.2, 0.6]]
    kinds = found(put(place, content), "coco")
    assert kinds["fractions as pixels"].grave
    assert kinds["fractions as pixels"].number == 16
    for row in content["annotations"]:
        row["segmentation"] = [[0.1, 0.1, 60, 20, 50, 70.5, 20, 60]]
    assert "fractions as pixels" not in found(put(place, content), "coco")


def test_pixels_given_as_fractions(tmp_path) -> None:
    """Label Studio has per cents; YOLO's reader refuses such a line by itself."""
    place = written(tmp_path, "label-studio")
    file = next(file for file in place.rglob("*.json") if "maskwright" not in file.name)
    tasks = json.loads(file.read_text())
    for task in tasks:
        for result in task["annotations"][0]["result"]:
            result["type"], result["from_name"] = "polygonlabels", "label"
            labels = next(value for key, value in result["value"].items() if key.endswith("labels"))
            result["value"] = {"points": [[110, 30], [700, 30], [650, 900]], "polygonlabels": labels}
    file.write_text(json.dumps(tasks))
    kinds = found(place, "label-studio")
    assert kinds["pixels as fractions"].grave
    assert "divide them" in kinds["pixels as fractions"].text
    place = written(tmp_path / "yolo", "yolo")
    text = next(file for file in sorted(place.rglob("labels/**/*.txt")))
    text.write_text("0 110 30 700 30 650 90\n")
    with pytest.raises(FormatError, match="Divide pixels by the image's size"):
        found(place, "yolo")


def test_x_and_y_exchanged(tmp_path) -> None:
    place, content = coco(tmp_path)
    for row in content["annotations"]:
        ring = [20, 10, 190, 12, 180, 100]
        row["segmentation"] = [[value for x, y in zip(ring[::2], ring[1::2], strict=True) for value in (y, x)]]
    kinds = found(put(place, content), "coco")
    assert kinds["x and y exchanged"].grave
    assert "outside the image" not in kinds
    content["annotations"][0]["segmentation"] = [[20, 10, 190, 12, 180, 100]]
    content["annotations"][1]["segmentation"] = [[20, 10, 190, 12, 180, 100]]
    kinds = found(put(place, content), "coco")
    assert "x and y exchanged" not in kinds, "one that fits only as it is says that they are not"
    assert kinds["outside the image"].number == 14


def test_what_was_drawn_outside_the_image(tmp_path) -> None:
    place, content = coco(tmp_path)
    content["annotations"][0]["segmentation"] = [[150, 20, 260, 30, 240, 180]]
    kinds = found(put(place, content), "coco")
    assert list(kinds) == ["outside the image"]
    assert kinds["outside the image"].number == 1
    content["annotations"][0]["segmentation"] = [[150, 20, 201, 30, 198, 151]]
    assert not found(put(place, content), "coco"), "a pixel is little"


def test_sizes_that_differ_from_the_stated(tmp_path) -> None:
    place, content = coco(tmp_path)
    content["images"][0]["width"] += 40
    kinds = found(put(place, content), "coco")
    assert list(kinds) == ["sizes differ", "odd sizes"] or list(kinds) == ["sizes differ"]
    assert "(150 x 200, labelled as 150 x 240)" in kinds["sizes differ"].text
    assert not kinds["sizes differ"].grave
    for image in content["images"]:
        image["width"] = 240
    kinds = found(put(place, content), "coco")
    assert list(kinds) == ["most sizes differ"]
    assert kinds["most sizes differ"].grave
    for image in content["images"]:
        image["width"], image["height"] = 150, 200
    kinds = found(put(place, content), "coco")
    assert kinds["height and width exchanged"].grave
    assert "most sizes differ" not in kinds


def test_a_few_of_another_size(tmp_path) -> None:
    samples = good(tmp_path, 12)
    pixels, masks = drawing(3, (160, 200))
    Image.fromarray(pixels).save(samples[3].image.uri)
    samples[3] = replace(
        samples[3], image=ImageRef(samples[3].image.uri, (160, 200)), segments=Segments(Masks.encode(masks), [1, 2])
    )
    kinds = found(written(tmp_path, "coco", samples), "coco")
    assert list(kinds) == ["odd sizes"]
    assert "150 x 200" in kinds["odd sizes"].text


def test_tracks_left_out(tmp_path) -> None:
    file = tmp_path / "annotations.xml"
    boxes = '<box frame="0" outside="0" occluded="0" keyframe="1" xtl="10" ytl="10" xbr="60" ybr="60"></box>'
    points = '<points frame="0" outside="0" occluded="0" keyframe="1" points="5.0,5.0"></points>'
    head = (
        "<meta><task><name>clip</name><size>1</size><mode>interpolation</mode><labels><label><name>round</name></label>"
        "</labels><original_size><width>200</width><height>150</height></original_size></task></meta>"
    )
    (tmp_path / "images").mkdir()
    Image.fromarray(drawing(0)[0]).save(tmp_path / "images" / "frame_000000.png")
    track = f'<track id="0" label="round">{boxes}</track>'
    file.write_text(f"<annotations><version>1.1</version>{head}{track}</annotations>")
    assert not found(tmp_path, "cvat")
    more = f'<track id="1" label="round">{points}</track>'
    file.write_text(f"<annotations><version>1.1</version>{head}{track}{more}</annotations>")
    assert found(tmp_path, "cvat")["tracks left out"].number == 1


def test_second_annotators(tmp_path) -> None:
    place = written(tmp_path, "label-studio")
    file = next(file for file in place.rglob("*.json") if "maskwright" not in file.name)
    tasks = json.loads(file.read_text())
    tasks[0]["annotations"].append({**tasks[0]["annotations"][0], "id": 9001, "completed_by": 7})
    file.write_text(json.dumps(tasks))
    kinds = found(place, "label-studio")
    assert list(kinds) == ["second annotators"]
    assert kinds["second annotators"].number == 1


def test_classes_that_are_never_used_doubled_or_background(tmp_path) -> None:
    place, content = coco(tmp_path)
    for category, name in zip(content["categories"], ("round", "square"), strict=True):
        category["name"] = name
    content["categories"].append({"id": 3, "name": "hexagon"})
    assert list(found(put(place, content), "coco")) == ["classes never used"]
    content["categories"][2]["name"] = "Round "
    content["annotations"][0]["category_id"] = 3
    kinds = found(put(place, content), "coco")
    assert list(kinds) == ["doubled names"]
    assert "'round' and 'Round '" in kinds["doubled names"].text
    content["categories"][2]["name"] = "_background_"
    kinds = found(put(place, content), "coco")
    assert list(kinds) == ["background as a class"]
    assert "has 1 segment," in kinds["background as a class"].text


def test_classes_that_are_called_by_their_number(tmp_path) -> None:
    place = written(tmp_path, "label-map")
    (place / "maskwright.json").unlink()
    (place / "_classes.csv").unlink()
    kinds = found(place, "label-map", background=255)
    assert kinds["classes without a name"].number == 2
    assert not kinds["classes without a name"].grave


def test_class_ids_beyond_the_names(tmp_path) -> None:
    """Numbers from 1 where names go from 0; our own readers refuse such a label by itself."""
    watch = Watch(Classes([Class(0, "round"), Class(1, "square")]), tmp_path / "set", Laying())
    for sample in good(tmp_path):
        watch.see(sample, is_there=False, fits=False)
    (finding, *others) = watch.findings([])
    assert (finding.kind, finding.grave, finding.number) == ("class beyond the names", True, 8)
    assert [other.kind for other in others] == ["classes never used"]
    assert "the classes are 0 to 1; class 0 is never used, so that numbers seem to begin at 1" in finding.text
    place = written(tmp_path, "yolo")
    for text in place.rglob("labels/**/*.txt"):
        lines = [line.split(" ", 1) for line in text.read_text().splitlines()]
        text.write_text("".join(f"{int(number) + 1} {rest}\n" for number, rest in lines))
    with pytest.raises(FormatError, match="has the unknown class 2; a class with a name: 0 to 1"):
        found(place, "yolo")


def test_doubled_images_and_images_in_two_splits(tmp_path) -> None:
    place, content = coco(tmp_path)
    first, second = content["images"][:2]
    shutil.copy(place / "images" / first["file_name"], (place / "images" / first["file_name"]).parent / "again.png")
    (place / "images" / "more").mkdir()
    shutil.copy(place / "images" / first["file_name"], place / "images" / "more" / Path(first["file_name"]).name)
    second["file_name"] = f"more/{Path(first['file_name']).name}"
    assert found(put(place, content), "coco")["doubled images"].number == 1
    samples = good(tmp_path / "two")
    shutil.copytree(tmp_path / "two" / "originals", tmp_path / "two" / "more")
    other = tmp_path / "two" / "more" / "image0.png"
    samples[1] = replace(samples[1], image=ImageRef(str(other), SIZE), segments=samples[0].segments, split="val")
    place = written(tmp_path / "two", "coco", samples)
    file = place / "annotations" / "instances_val.json"
    content = json.loads(file.read_text())
    image = place / "images" / content["images"][0]["file_name"]
    (image.parent / "more").mkdir()
    image.rename(image.parent / "more" / "image0.png")
    content["images"][0]["file_name"] = str(Path(content["images"][0]["file_name"]).parent / "more" / "image0.png")
    file.write_text(json.dumps(content))
    kinds = found(place, "coco")
    assert list(kinds) == ["images in two splits"]
    assert "(train and val)" in kinds["images in two splits"].text


def test_doubled_empty_and_whole_segments(tmp_path) -> None:
    place, content = coco(tmp_path)
    row = content["annotations"][0]
    content["annotations"].append({**row, "id": 9001})
    kinds = found(put(place, content), "coco")
    assert list(kinds) == ["doubled segments"]
    content["annotations"][-1] |= {"segmentation": {"size": list(SIZE), "counts": [SIZE[0] * SIZE[1]]}, "area": 0}
    assert list(found(put(place, content), "coco")) == ["empty masks"]
    content["annotations"][-1] |= {"segmentation": {"size": list(SIZE), "counts": [0, SIZE[0] * SIZE[1]]}}
    kinds = found(put(place, content), "coco")
    assert list(kinds) == ["whole images"]
    assert kinds["whole images"].example.endswith("segment 9001")


def test_single_pixels(tmp_path) -> None:
    place, content = coco(tmp_path)
    dots = [
        {**content["annotations"][0], "id": 9000 + k, "area": 1, "bbox": [k, 0, 1, 1],
         "segmentation": {"size": list(SIZE), "counts": [k * SIZE[0], 1, SIZE[0] * (SIZE[1] - k) - 1]}}
        for k in range(3)
    ]  # fmt: skip
    content["annotations"] += dots[:1]
    assert not found(put(place, content), "coco"), "one is nothing"
    content["annotations"] += dots[1:]
    assert list(found(put(place, content), "coco")) == ["single pixels"]


def test_crowds_only(tmp_path) -> None:
    samples = [
        replace(sample, segments=sample.segments.replace(is_crowd=np.ones(2, bool))) for sample in good(tmp_path)
    ]
    assert list(found(written(tmp_path, "coco", samples), "coco")) == ["crowds only"]
    samples[0] = replace(samples[0], segments=samples[0].segments.replace(is_crowd=[True, False]))
    assert not found(written(tmp_path / "again", "coco", samples), "coco")


def test_inverted_masks(tmp_path) -> None:
    """Black objects on a white ground, in files without a table."""
    place = written(tmp_path, "label-map")
    (place / "maskwright.json").unlink()
    for number, file in enumerate(sorted((place / "labels").rglob("*.png"))):
        inside = drawing(number)[1].any(axis=0)
        Image.fromarray(np.where(inside, 255, 0).astype(np.uint8)).save(file)
    assert "inverted masks" not in found(place, "label-map", background=0)
    for file in sorted((place / "labels").rglob("*.png")):
        with Image.open(file) as image:
            Image.fromarray(255 - np.array(image)).save(file)
    kinds = found(place, "label-map", background=0)
    assert kinds["inverted masks"].number == 8


def test_files_that_are_cut_short_unreadable_or_oddly_turned(tmp_path) -> None:
    place, content = coco(tmp_path)
    names = [place / "images" / image["file_name"] for image in content["images"]]
    whole = names[0].read_bytes()
    names[0].write_bytes(whole[: len(whole) // 2])
    assert list(found(place, "coco")) == ["images cut short"]
    names[0].write_text("this is not an image")
    assert list(found(place, "coco")) == ["images unreadable"]
    names[0].write_bytes(whole)
    for flag, expected in ((9, ["unknown orientation"]), (1, [])):
        exif = Image.Exif()
        exif[0x0112] = flag
        with Image.open(names[1]) as image:
            image.save(names[1], exif=exif)
        assert list(found(place, "coco")) == expected


def test_further_pages_of_an_image(tmp_path) -> None:
    place = written(tmp_path, "coco")
    (file,) = place.rglob("*.json")
    assert not found(place, "coco")
    first = np.array(Image.open(place / "images" / "image0.png"))
    tifffile.imwrite(place / "images" / "image0.tif", np.stack([first, first, first]), photometric="rgb")
    file.write_text(file.read_text().replace("image0.png", "image0.tif"))
    told = found(place, "coco")["pages left out"]
    assert not told.grave
    assert "1 image is the first page of a file of several (image0, of 3), where one is expected" in told.text


def moved(samples: list[Sample], x: int, y: int) -> list[Sample]:
    out = []
    for sample in samples:
        dense = np.roll(sample.segments.masks.decode(), (y, x), axis=(1, 2))
        out.append(replace(sample, segments=Segments(Masks.encode(dense), sample.segments.class_ids)))
    return out


@pytest.mark.parametrize(("x", "y", "said"), [
    (8, 0, "8 pixels to the left"), (-9, 12, "9 pixels to the right and 12 pixels up"), (0, -20, "20 pixels down"),
])  # fmt: skip
def test_shifted_labels(tmp_path, x, y, said) -> None:
    kinds = found(written(tmp_path, "label-map", moved(good(tmp_path), x, y)), "label-map")
    assert list(kinds) == ["shifted labels"]
    assert kinds["shifted labels"].grave
    assert f"about {said} from them" in kinds["shifted labels"].text


def test_labels_that_belong_to_the_neighbour(tmp_path) -> None:
    place = written(tmp_path, "yolo")
    texts = sorted(place.rglob("labels/**/*.txt"))
    contents = [file.read_text() for file in texts]
    for file, content in zip(texts, contents[1:] + contents[:1], strict=True):
        file.write_text(content)
    kinds = found(place, "yolo")
    assert list(kinds) == ["labels of the neighbour"]
    assert "the image behind shows" in kinds["labels of the neighbour"].text
    for file, content in zip(texts, contents[-1:] + contents[:-1], strict=True):
        file.write_text(content)
    assert "the image before shows" in found(place, "yolo")["labels of the neighbour"].text


def test_few_images_are_opened_however_many_there_are(tmp_path, monkeypatch) -> None:
    opened = []
    real = _alignment._gray
    monkeypatch.setattr(_alignment, "_gray", lambda image: opened.append(image.uri) or real(image))
    many = good(tmp_path, 60)
    looking = _alignment.Looking()
    for sample in many:
        looking.follow(sample)
        assert len(looking._kept) < 2 * _alignment.MOST
    assert looking.found() is None
    assert len(opened) == _alignment.FEW
    looking, opened[:] = _alignment.Looking(), []
    for sample in moved(many, 12, 0):
        looking.follow(sample)
    assert looking.found() is not None
    assert len(opened) <= _alignment.MOST


@pytest.mark.parametrize("number", [4, 12])
@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_said_where_images_do_not_tell(tmp_path, seed, number) -> None:
    """Masks over images of something else: chance finds some place for them, and is not believed."""
    looking = _alignment.Looking()
    for place in range(number):
        random = np.random.default_rng((seed, place))
        file = tmp_path / f"{place}.png"
        blocks = random.integers(0, 255, (10, 14), np.uint8)
        Image.fromarray(blocks).resize((SIZE[1], SIZE[0]), Image.Resampling.BICUBIC).save(file)
        masks = Masks.encode(drawing(1000 * seed + place)[1])
        looking.follow(Sample(str(place), ImageRef(str(file), SIZE), Segments(masks, [1, 2])))
    assert looking.found() is None


def test_a_note_that_is_a_finding_crosses_processes() -> None:
    note = Noted("2 tracks were left out", "tracks left out", 2, "a")
    again = pickle.loads(pickle.dumps(note))
    assert (again, again.kind, again.number, again.example) == (note, "tracks left out", 2, "a")


def test_looking_can_be_left_out(tmp_path) -> None:
    place = written(tmp_path, "label-map", moved(good(tmp_path), 8, 0))
    assert not found(place, "label-map", plausible=False)


def called(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def test_grave_findings_stop_before_anything_is_made(tmp_path, capsys) -> None:
    place, content = coco(tmp_path)
    put(place, content)
    assert called("import", place, tmp_path / "good") == 0
    assert "plausibility: nothing to report" in capsys.readouterr().out
    for image in sorted((place / "images").rglob("*.png")):
        image.unlink()
    for words in (["import", place, tmp_path / "new"], ["convert", place, tmp_path / "new", "--to", "coco"]):
        assert called(*words) == 1
        said = capsys.readouterr().err
        assert "most images missing: set: 8 of 8 images are not where the labels say" in said
        assert "--force" in said
        assert not (tmp_path / "new").exists()
    assert called("import", place, tmp_path / "good") == 1
    with Dataset.open(tmp_path / "good") as dataset:
        assert dataset.revision == 2
    capsys.readouterr()
    assert called("import", place, tmp_path / "new", "--force", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert [finding["kind"] for finding in result["findings"]] == ["most images missing"]
    assert result["findings"][0]["text"] in result["notes"]
    assert called("convert", place, tmp_path / "yes", "--to", "coco", "--images", "none", "--force") == 0
    assert "plausibility, grave: most images missing: set: 8 of 8" in capsys.readouterr().out
