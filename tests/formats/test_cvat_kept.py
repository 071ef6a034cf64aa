"""CVAT's shapes mean the pixels that CVAT's own exports give them, and come back as they were drawn."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from maskwright import formats
from maskwright.core import drawn
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _cv_ellipse

SIZE = (40, 60)
CLASSES = Classes([Class(1, "c")])


def image(path, size=SIZE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(path)


def folder(home, body: str, meta: str = ""):
    image(home / "images" / "a.png")
    if "<image" not in body and "<track" not in body:
        body = f'<image id="0" name="a.png" width="60" height="40">{body}</image>'
    (home / "annotations.xml").write_text(
        f'<?xml version="1.0"?><annotations><version>1.1</version><meta>{meta}</meta>{body}</annotations>'
    )
    return home


def read(home, **options):
    reading = formats.read(home, "cvat", plausible=False, **options)
    samples = list(reading.samples)
    return reading, samples


def rewritten(tmp_path, body: str, **options):
    """Elements of the image that comes of reading and writing it."""
    reading, samples = read(folder(tmp_path / "in", body))
    lost = formats.write(samples, reading.classes, tmp_path / "out", "cvat", check=True, **options)
    root = ET.parse(tmp_path / "out" / "annotations.xml").getroot()
    return list(root.find("image")), lost


def by_pycocotools(points) -> np.ndarray:
    return coco.decode(coco.frPyObjects([np.asarray(points, float).reshape(-1).tolist()], *SIZE))[..., 0].astype(bool)


def test_polygons_and_boxes_are_what_pycocotools_draws(tmp_path) -> None:
    body = (
        '<polygon label="c" points="3.25,2.50;31.75,7.10;22.40,30.90;5.00,18.00" z_order="0"/>'
        '<box label="c" xtl="10.30" ytl="4.60" xbr="29.80" ybr="15.20" z_order="0"/>'
        '<box label="c" xtl="10" ytl="10" xbr="30" ybr="20" rotation="30" z_order="0"/>'
    )
    _, (sample,) = read(folder(tmp_path, body))
    x0, y0, x1, y1 = 10, 10, 30, 20
    spin = np.deg2rad(30)
    turned = [
        (20 + np.cos(spin) * (x - 20) - np.sin(spin) * (y - 15), 15 + np.sin(spin) * (x - 20) + np.cos(spin) * (y - 15))
        for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    ]  # Datumaro's and CVAT's own: clockwise on the screen, around the middle
    found = sample.segments.masks.decode()
    for mask, points in zip(found, (
        [3.25, 2.5, 31.75, 7.1, 22.4, 30.9, 5, 18], [10.3, 4.6, 29.8, 4.6, 29.8, 15.2, 10.3, 15.2], turned,
    ), strict=True):  # fmt: skip
        assert np.array_equal(mask, by_pycocotools(points))
    assert sample.segments.column("box") == (None, [10.3, 4.6, 29.8, 15.2], None)
    assert [geometry["rule"] for geometry in sample.segments.column("geometry")] == ["coco"] * 3


def test_an_ellipse_is_what_opencv_fills(tmp_path) -> None:
    body = '<ellipse label="c" cx="29.60" cy="21.50" rx="12.60" ry="7.20" rotation="35.00" z_order="0"/>'
    _, (sample,) = read(folder(tmp_path, body))
    expected = np.zeros(SIZE, np.uint8)
    cv2.ellipse(expected, (30, 22), (13, 7), 35.0, 0, 360, 1, -1)
    assert np.array_equal(sample.segments.masks[0].decode(), expected.astype(bool))


def test_ellipses_of_all_sizes_and_turns_are_bit_equal_to_opencv() -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        x, y = (int(number) for number in rng.integers(45, 55, 2))
        across, down = (int(number) for number in rng.integers(0, 44, 2))
        turn = float(rng.integers(-400, 400)) / 2
        expected = np.zeros((100, 100), np.uint8)
        cv2.ellipse(expected, (x, y), (across, down), turn, 0, 360, 1, -1)
        found = _cv_ellipse.filled((x, y), (across, down), turn, (100, 100)).decode()
        assert np.array_equal(found, expected.astype(bool)), (x, y, across, down, turn)


def test_ellipses_that_leave_the_image_differ_in_hardly_a_pixel() -> None:
    rng = np.random.default_rng(4)
    differ = pixels = 0
    for _ in range(300):
        x, y, across, down, turn = (int(number) for number in rng.integers([-5, -5, 1, 1, 0], [65, 45, 40, 40, 180]))
        expected = np.zeros(SIZE, np.uint8)
        cv2.ellipse(expected, (x, y), (across, down), turn, 0, 360, 1, -1)
        differ += int((_cv_ellipse.filled((x, y), (across, down), turn, SIZE).decode() != expected.astype(bool)).sum())
        pixels += int(expected.sum())
    assert differ < pixels * 1e-4


def test_an_ellipse_without_measure_is_refused(tmp_path) -> None:
    for numbers in ('cx="1" cy="1" rx="1e9" ry="1"', 'cx="1" cy="1" rx="-2" ry="1"', 'cx="nan" cy="1" rx="1" ry="1"'):
        place = folder(tmp_path / str(len(numbers)) / numbers[-6:-1].strip('" ='), f'<ellipse label="c" {numbers}/>')
        with pytest.raises(FormatError, match="ellipse 0"):
            read(place)


def test_a_mask_begins_empty(tmp_path) -> None:
    body = (
        '<mask label="c" rle="1, 3, 2, 2" left="5" top="6" width="4" height="2" z_order="0"/>'
        '<mask label="c" rle="1, 2" left="0" top="0" width="4" height="2" z_order="0"/>'
        '<mask label="c" rle="0, 2, 1" left="0" top="0" width="4" height="2" z_order="0"/>'
    )
    _, (sample,) = read(folder(tmp_path, body))
    dense = sample.segments.masks.decode()
    assert dense[0, 6:8, 5:9].tolist() == [[False, True, True, True], [False, False, True, True]]
    assert dense[0].sum() == 5
    # Runs that end early leave zeros, as CVAT's own conversion has it.
    assert dense[1, 0].nonzero()[0].tolist() == [1, 2]
    assert dense[2, 0].nonzero()[0].tolist() == [0, 1]
    assert "geometry" not in sample.segments.more


DRAWN = (
    '<polygon label="c" source="semi-auto" occluded="1" points="3.25,2.50;31.75,7.10;22.40,30.90" z_order="2" '
    'group_id="4" id="77"><attribute name="age">1.50</attribute><attribute name="code">007</attribute>'
    '<attribute name="old">true</attribute><attribute name="number">3</attribute></polygon>'
    '<box label="c" source="manual" occluded="0" xtl="10.30" ytl="4.60" xbr="29.80" ybr="15.20" z_order="5"></box>'
    '<box label="c" source="file" occluded="0" xtl="10" ytl="10" xbr="30" ybr="20" rotation="30.25" z_order="5"></box>'
    '<ellipse label="c" source="auto" occluded="0" cx="30.4" cy="20.5" rx="12.6" ry="7.2" rotation="35" z_order="5"/>'
    '<mask label="c" source="manual" occluded="0" rle="0, 3, 1, 2" left="6" top="6" width="3" height="2" z_order="9"/>'
)


def said(element) -> dict:
    """What an element says, numbers as numbers."""
    out = {}
    for name, text in element.attrib.items():
        try:
            out[name] = [float(number) for number in text.replace(";", ",").split(",")]
        except ValueError:
            out[name] = text
    return {"tag": element.tag, **out, "values": [(child.get("name"), child.text) for child in element]}


def test_what_was_drawn_comes_back_as_it_was(tmp_path) -> None:
    found, lost = rewritten(tmp_path, DRAWN)
    wanted = ET.fromstring(f"<image>{DRAWN}</image>")
    assert [said(element) for element in found] == [said(element) for element in wanted]
    assert not lost


def test_a_dataset_gives_it_back_too(tmp_path) -> None:
    import maskwright as mw

    reading, samples = read(folder(tmp_path / "in", DRAWN))
    with mw.Dataset.create(tmp_path / "set", reading.classes) as dataset:
        with dataset.edit("import") as edit:
            for sample in samples:
                edit.add(sample)
        formats.write(dataset, dataset.classes, tmp_path / "out", "cvat")
    root = ET.parse(tmp_path / "out" / "annotations.xml").getroot()
    wanted = ET.fromstring(f"<image>{DRAWN}</image>")
    assert [said(element) for element in root.find("image")] == [said(element) for element in wanted]


def test_an_edited_mask_is_written_as_a_mask(tmp_path) -> None:
    reading, (sample,) = read(folder(tmp_path / "in", DRAWN))
    segments = sample.segments
    dense = segments.masks.decode()
    dense[1, 30:35, 40:45] = True
    edited = sample.with_segments(segments.with_masks(Masks.encode(dense)))
    lost = formats.write([edited], reading.classes, tmp_path / "out", "cvat", check=True)
    root = ET.parse(tmp_path / "out" / "annotations.xml").getroot()
    wanted = [element.tag for element in ET.fromstring(f"<image>{DRAWN}</image>")]
    assert wanted[1] == "box"
    assert [element.tag for element in root.find("image")] == [wanted[0], "mask", *wanted[2:]]
    assert [(loss.cause, loss.segment) for loss in lost] == [("box", 2)], "the box was given, and has no place"


def test_masks_alone_are_written_where_they_are_asked_for(tmp_path) -> None:
    found, lost = rewritten(tmp_path, DRAWN, shapes="mask")
    assert [element.tag for element in found] == ["mask"] * 5
    causes = [loss.cause for loss in lost]
    assert causes.count("geometry") == 4
    assert causes.count("box") == 1
    assert not [loss for loss in lost if loss.grave]


def test_polygons_cost_what_the_report_says(tmp_path) -> None:
    dense = np.zeros((3, *SIZE), bool)
    dense[0, 5:20, 10:30] = True
    dense[1, 2:12, 40:50] = dense[1, 20:30, 44:56] = True
    dense[1, 4:8, 43:47] = False  # a hole
    dense[2, np.arange(10) + 25, np.arange(10)] = True  # a diagonal of single pixels
    sample = Sample("a", ImageRef(str(tmp_path / "a.png"), SIZE), Segments(Masks.encode(dense), [1, 1, 1]))
    image(tmp_path / "a.png")
    lost = formats.write([sample], CLASSES, tmp_path / "out", "cvat", shapes="polygon", allow_loss=True)
    root = ET.parse(tmp_path / "out" / "annotations.xml").getroot()
    found = list(root.find("image"))
    assert [element.tag for element in found] == ["polygon"] * 3
    said_pixels = {loss.segment: loss.pixels for loss in lost if loss.cause == "shape"}
    for number, (element, mask) in enumerate(zip(found, dense, strict=True), 1):
        points = [float(text) for pair in element.get("points").split(";") for text in pair.split(",")]
        assert (by_pycocotools(points) != mask).sum() == said_pixels.get(number, 0)
    assert 1 not in said_pixels


def test_polygons_of_other_formats_stay_polygons(tmp_path) -> None:
    """Drawn under the same rule, or meaning the same pixels; else, as with several rings, a mask."""
    ring = [3.0, 2.0, 31.0, 7.0, 22.0, 30.0]
    square = [5.0, 5.0, 25.0, 5.0, 25.0, 15.0, 5.0, 15.0]
    masks = np.stack([by_pycocotools(ring), by_pycocotools(square), by_pycocotools(ring) | by_pycocotools(square)])
    geometry = [
        drawn.polygon([[ring]], "coco"), drawn.polygon([[square]], "edges"), drawn.polygon([[ring], [square]], "coco"),
    ]  # fmt: skip
    segments = Segments(Masks.encode(masks), [1, 1, 1], more={"geometry": geometry})
    image(tmp_path / "a.png")
    sample = Sample("a", ImageRef(str(tmp_path / "a.png"), SIZE), segments)
    lost = formats.write([sample], CLASSES, tmp_path / "out", "cvat", check=True)
    root = ET.parse(tmp_path / "out" / "annotations.xml").getroot()
    assert [element.tag for element in root.find("image")] == ["polygon", "polygon", "mask"]
    assert [(loss.cause, loss.segment) for loss in lost] == [("geometry", 3)]


def test_an_ellipse_of_another_rule_is_one_only_where_it_means_these_pixels(tmp_path) -> None:
    image(tmp_path / "a.png")
    same = _cv_ellipse.filled((20, 20), (9, 5), 0, SIZE).decode()
    other = same.copy()
    other[0, 0] = True
    geometry = [drawn.ellipse((20, 20), (9, 5), "edges")] * 2
    segments = Segments(Masks.encode(np.stack([same, other])), [1, 1], more={"geometry": geometry})
    formats.write([Sample("a", ImageRef(str(tmp_path / "a.png"), SIZE), segments)], CLASSES, tmp_path / "out", "cvat")
    root = ET.parse(tmp_path / "out" / "annotations.xml").getroot()
    assert [element.tag for element in root.find("image")] == ["ellipse", "mask"]


def test_tags_and_shapes_without_area_are_kept_beside(tmp_path) -> None:
    body = (
        '<box label="c" source="manual" occluded="0" xtl="1" ytl="1" xbr="5" ybr="5" z_order="0"/>'
        '<polyline label="c" points="1,1;5,5" occluded="0" z_order="0"/>'
        '<skeleton label="s" z_order="0"><points label="1" outside="0" occluded="0" points="3.00,4.00"/>'
        '<attribute name="pose">up &amp; down</attribute></skeleton>'
        '<tag label="t" source="manual"><attribute name="weather">rain</attribute></tag>'
    )
    reading, (sample,) = read(folder(tmp_path / "look", body))
    assert sample.fields["cvat"]["tags"] == [
        {"kind": "tag", "label": "t", "source": "manual", "attributes": {"weather": "rain"}}
    ]
    assert [note.split(",")[0] for note in reading.notes] == [
        "2 polylines", "1 labels of whole images (tags) are in the samples' field cvat",
    ]  # fmt: skip
    found, lost = rewritten(tmp_path, body)
    assert [element.tag for element in found] == ["box", "polyline", "skeleton", "tag"]
    assert found[2][0].attrib == {"label": "1", "outside": "0", "occluded": "0", "points": "3.00,4.00"}
    assert {child.text for element in found for child in element if child.tag == "attribute"} == {"up & down", "rain"}
    assert not lost
    assert [loss.cause for loss in formats.losses([replace(sample, fields={"sun": 1})], CLASSES, "cvat")] == ["fields"]


META = (
    "<task><id>5</id><name>v1</name><size>{size}</size><mode>interpolation</mode><start_frame>{start}</start_frame>"
    "<stop_frame>{stop}</stop_frame><frame_filter>{step}</frame_filter><original_size><width>60</width>"
    "<height>40</height></original_size><source>clip.mp4</source></task>"
)
TRACKS = (
    '<track id="0" label="c" source="manual" group_id="3">'
    '<box frame="10" keyframe="1" outside="0" occluded="0" xtl="0" ytl="0" xbr="10" ybr="10" z_order="0"/>'
    '<box frame="16" keyframe="1" outside="0" occluded="1" xtl="20" ytl="0" xbr="30" ybr="10" z_order="0"/>'
    '<box frame="19" keyframe="1" outside="1" occluded="0" xtl="20" ytl="0" xbr="30" ybr="10" z_order="0"/></track>'
    '<track id="1" label="d"><polygon frame="13" keyframe="1" outside="0" points="40,20;50,20;50,30"/></track>'
    '<track id="2" label="d"><polygon frame="10" keyframe="1" outside="0" points="1,20;5,20;5,30"/>'
    '<polygon frame="16" keyframe="1" outside="1" points="1,20;5,20;5,30;1,30"/></track>'
    '<track id="3" label="s"><skeleton frame="10" keyframe="1" z_order="0"/></track>'
)


def test_tracks_are_the_segments_of_their_frames(tmp_path) -> None:
    place = folder(tmp_path, TRACKS, META.format(size=4, start=10, stop=19, step="step=3"))
    for frame in (10, 13, 16, 19):
        image(place / "images" / f"frame_{frame:06d}.PNG")
    reading, samples = read(place)
    assert reading.total == 4
    assert [sample.key for sample in samples] == ["frame_000010", "frame_000013", "frame_000016", "frame_000019"]
    assert [(sample.image.video, sample.image.frame) for sample in samples][1] == ("v1", 13)
    assert samples[1].image.uri.endswith("frame_000013.PNG")
    tracks = [[attributes["track"] for attributes in sample.segments.attributes] for sample in samples]
    assert tracks == [[0, 2], [0, 1, 2], [0, 1], [1]], "the last shape stays, an outside one ends it"
    boxes = [sample.segments.column("box")[0] for sample in samples[:3]]
    assert boxes == [[0, 0, 10, 10], [10, 0, 20, 10], [20, 0, 30, 10]], "on the straight way"
    assert samples[1].segments.masks[0].box() == (10, 0, 20, 10)
    assert samples[2].segments.attributes[0] == {"occluded": True, "group_id": 3, "track": 0}
    assert samples[0].segments.source == ["human", "import"]
    assert [reading.classes[int(number)].name for number in samples[1].segments.class_ids] == ["c", "d", "d"]
    notes = " ".join(reading.notes)
    assert "1 polylines, points, skeletons" in notes
    assert "stand still" in notes
    assert "no image" not in notes


def test_a_polygon_of_as_many_points_moves_and_a_box_turns_the_short_way(tmp_path) -> None:
    body = (
        '<track id="0" label="c"><polygon frame="0" outside="0" points="0,0;10,0;10,10"/>'
        '<polygon frame="4" outside="0" points="40,0;50,0;50,10"/></track>'
        '<track id="1" label="c"><box frame="0" outside="0" xtl="10" ytl="20" xbr="30" ybr="30" rotation="350"/>'
        '<box frame="4" outside="0" xtl="10" ytl="20" xbr="30" ybr="30" rotation="30"/></track>'
    )
    _, samples = read(folder(tmp_path, body, META.format(size=5, start=0, stop=4, step="")))
    geometry = samples[1].segments.column("geometry")
    assert geometry[0]["parts"] == [[[10, 0, 20, 0, 20, 10]]]
    assert "turn" not in geometry[1], "350 and a quarter of 40 degrees"
    assert samples[2].segments.column("geometry")[1]["turn"] == 10


def test_frames_without_images_say_so_once(tmp_path) -> None:
    body = (
        '<track id="0" label="c"><polygon frame="0" outside="0" keyframe="1" points="0,0;20,0;20,10" z_order="0"/>'
        '<polygon frame="1" outside="1" keyframe="1" points="0,0;20,0;20,10" z_order="0"/></track>'
    )
    meta = "<task><size>2</size><original_size><width>60</width><height>40</height></original_size></task>"
    reading, samples = read(folder(tmp_path, body, meta))
    assert [len(sample.segments) for sample in samples] == [1, 0]
    (note,) = reading.notes
    assert "2 frames have no image" in note
    assert "frame_000000.png" in note
    assert samples[0].image.uri.endswith("images/frame_000000.png")


def test_frames_are_pages_of_the_video_beside_the_file(tmp_path) -> None:
    place = folder(tmp_path, TRACKS, META.format(size=4, start=10, stop=19, step="step=3"))
    writer = cv2.VideoWriter(str(place / "clip.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10, SIZE[::-1])
    for _ in range(20):
        writer.write(np.zeros((*SIZE, 3), np.uint8))
    writer.release()
    reading, samples = read(place)
    assert samples[1].image.uri == f"{place / 'clip.mp4'}#page=13"
    assert "no image" not in " ".join(reading.notes)


def test_tracks_of_several_tasks_are_several_videos(tmp_path) -> None:
    task = META.format(size=1, start=0, stop=0, step="")
    meta = f"<project><tasks>{task}{task.replace('>5<', '>6<').replace('v1', 'v2')}</tasks></project>"
    track = '<track id="0" label="c" task_id="{}"><box frame="0" outside="0" xtl="0" ytl="0" xbr="9" ybr="9"/></track>'
    place = folder(tmp_path, track.format(5) + track.format(6), meta)
    _, samples = read(place)
    assert [sample.key for sample in samples] == ["v1/frame_000000", "v2/frame_000000"]
    (place / "annotations.xml").write_text(
        (place / "annotations.xml").read_text().replace('task_id="6"', 'task_id="8"')
    )
    with pytest.raises(FormatError, match="1 tracks belong to a task"):
        read(place)


def test_tracks_without_a_size_are_one_sentence(tmp_path) -> None:
    body = '<track id="0" label="c"><box frame="0" outside="0" xtl="0" ytl="0" xbr="9" ybr="9"/></track>'
    with pytest.raises(FormatError, match="original_size"):
        read(folder(tmp_path, body))


def test_latin_1_without_a_word_is_read_and_said(tmp_path) -> None:
    place = folder(tmp_path, "")
    text = (place / "annotations.xml").read_text().replace("a.png", "é.png")
    (place / "annotations.xml").write_bytes(text.encode("latin-1"))
    reading, (sample,) = read(place)
    assert sample.key == "é"
    (note,) = reading.notes
    assert "not UTF-8" in note
    assert "Latin-1" in note
    (place / "annotations.xml").write_bytes(text.replace("é", "я").encode("cp1251"))
    reading, (sample,) = read(place, encoding="cp1251")
    assert sample.key == "я"
    assert not reading.notes
    with pytest.raises(FormatError, match="XML"):
        formats.read(place, "cvat", encoding="klingon")


def test_a_declared_encoding_is_followed(tmp_path) -> None:
    place = folder(tmp_path, "")
    text = (place / "annotations.xml").read_text().replace("a.png", "é.png")
    text = text.replace('<?xml version="1.0"?>', '<?xml version="1.0" encoding="ISO-8859-1"?>')
    (place / "annotations.xml").write_bytes(text.encode("latin-1"))
    reading, (sample,) = read(place)
    assert sample.key == "é"
    assert not reading.notes


def test_a_file_without_images_and_tracks_is_not_silent(tmp_path) -> None:
    (tmp_path / "annotations.xml").write_text("<annotations><version>1.1</version><meta></meta></annotations>")
    reading, samples = read(tmp_path)
    assert not samples
    assert "neither an <image> nor a <track>" in reading.notes[0]


def test_subsets_are_declared_in_the_head(tmp_path) -> None:
    """Datumaro reads images of a subset only where a project's task declares it."""
    image(tmp_path / "a.png")
    segments = Segments(Masks.encode(np.ones((1, *SIZE), bool)), [1])
    place = ImageRef(str(tmp_path / "a.png"), SIZE)
    samples = [Sample(split, place, segments, split=split) for split in ("train", "a & b")]
    formats.write(samples, CLASSES, tmp_path / "out", "cvat", check=True)
    root = ET.parse(tmp_path / "out" / "annotations.xml").getroot()
    assert [element.text for element in root.find("meta").iter("subset")] == ["train", "a & b"]
    assert [element.get("subset") for element in root.iter("image")] == ["train", "a & b"]
    assert [element.findtext("name") for element in root.find("meta/project/tasks/task/labels")] == ["c"]
    formats.write([Sample("a", place, segments)], CLASSES, tmp_path / "one", "cvat", check=True)
    root = ET.parse(tmp_path / "one" / "annotations.xml").getroot()
    assert root.find("meta/task/labels/label/name").text == "c"


@pytest.mark.parametrize("layers", [(0, 0, 0), (0, 1, 2), (1, 1, 4)])
def test_layers_stay_as_they_were_read(layers, tmp_path) -> None:
    body = "".join(
        f'<mask label="c" source="manual" occluded="0" rle="0, {4 + number}" left="0" top="0" width="{4 + number}" '
        f'height="1" z_order="{layer}"/>'
        for number, layer in enumerate(layers)
    )  # fmt: skip
    found, lost = rewritten(tmp_path, body)
    assert [(int(element.get("z_order")), int(element.get("width"))) for element in found] == list(
        zip(layers, (4, 5, 6), strict=True)
    )
    assert not lost
    reading, (sample,) = read(tmp_path / "in")
    turned = sample.with_segments(sample.segments[[2, 0, 1]])
    formats.write([turned], reading.classes, tmp_path / "turned", "cvat")
    root = ET.parse(tmp_path / "turned" / "annotations.xml").getroot()
    stated = [int(element.get("z_order")) for element in root.find("image")]
    assert stated == sorted(stated), "the order of the segments counts"
    assert [int(element.get("width")) for element in root.find("image")] == [6, 4, 5]


def elements(place) -> list:
    return list(ET.parse(place / "annotations.xml").getroot().find("image"))


def test_an_edited_mask_leaves_the_layers_and_sources_of_all(tmp_path) -> None:
    reading, (sample,) = read(folder(tmp_path / "in", DRAWN))
    dense = sample.segments.masks.decode()
    dense[[0, 1], 30:35, 50:55] = True
    changed = sample.with_segments(sample.segments.with_masks(Masks.encode(dense)))
    wanted = list(ET.fromstring(f"<image>{DRAWN}</image>"))
    for turn in ("one", "two"):
        formats.write([changed], reading.classes, tmp_path / turn, "cvat", check=True)
        found = elements(tmp_path / turn)
        assert [element.tag for element in found[:2]] == ["mask", "mask"]
        for name in ("z_order", "source", "group_id", "id", "occluded"):
            assert [element.get(name) for element in found] == [element.get(name) for element in wanted]
        assert [said(element) for element in found[2:]] == [said(element) for element in wanted[2:]]
        (changed,) = read(tmp_path / turn)[1]
    more = Segments(Masks.encode(np.concatenate([dense, dense[:1]])), [1] * 6)
    formats.write([sample.with_segments(more)], reading.classes, tmp_path / "more", "cvat")
    assert [element.get("z_order") for element in elements(tmp_path / "more")] == ["2", "5", "5", "5", "9", "9"]


HEAD = (
    "<task><id>12</id><name>street &amp; cats</name><size>1</size><mode>annotation</mode><subset>Train</subset>"
    "<created>2024-05-02 08:11:21.111+00:00</created><start_frame>0</start_frame><stop_frame>0</stop_frame>"
    "<owner><username>ann</username></owner><labels>"
    "<label><name>c</name><color>#fa3253</color><type>polygon</type><attributes><attribute><name>colour</name>"
    "<mutable>False</mutable><input_type>select</input_type><default_value>red</default_value>"
    "<values>red\nblue</values></attribute></attributes></label>"
    "<label><name>pose</name><color>#12345f</color><type>skeleton</type><attributes/><svg>&lt;line/&gt;</svg></label>"
    "<label><name>head</name><type>points</type><attributes/><parent>pose</parent></label>"
    "</labels></task><dumped>2024-05-03 09:13:00.000+00:00</dumped>"
)


def by_path(element, path: str = "") -> list:
    """Everything that an element says, whatever stands between."""
    here = f"{path}/{element.tag}"
    return [(here, (element.text or "").strip())] + [row for child in element for row in by_path(child, here)]


def test_the_head_the_subset_and_what_else_an_image_says_come_back(tmp_path) -> None:
    import maskwright as mw

    body = '<image id="0" name="a.png" subset="Train" task_id="12" unknown="yes" width="60" height="40"/>'
    place = folder(tmp_path / "in", body, HEAD)
    reading, samples = read(place)
    assert [sample.split for sample in samples] == ["train"]
    wanted = by_path(ET.parse(place / "annotations.xml").getroot().find("meta"))
    formats.write(samples, reading.classes, tmp_path / "one", "cvat", about=reading.about, check=True)
    reading = formats.read(tmp_path / "one", "cvat")
    with mw.Dataset.create(tmp_path / "set", reading.classes) as dataset:
        with dataset.edit("import") as edit:
            for sample in reading.samples:
                edit.add(sample)
            edit.meet_about(reading.about)
        formats.write(dataset, dataset.classes, tmp_path / "two", "cvat")
    for turn in ("one", "two"):
        root = ET.parse(tmp_path / turn / "annotations.xml").getroot()
        assert by_path(root.find("meta")) == wanted
        told = {"subset": "Train", "task_id": "12", "unknown": "yes"}
        assert told.items() <= root.find("image").attrib.items()
    moved = replace(samples[0], split="val")
    formats.write([moved], reading.classes, tmp_path / "moved", "cvat", about=reading.about, check=True)
    root = ET.parse(tmp_path / "moved" / "annotations.xml").getroot()
    assert root.find("image").get("subset") == "val"
    assert [element.text for element in root.iter("subset")] == ["val"]
    assert root.findtext("meta/project/tasks/task/labels/label/attributes/attribute/values") == "red\nblue"


def test_a_kept_head_follows_classes_and_images(tmp_path) -> None:
    reading, (sample,) = read(folder(tmp_path / "in", "", HEAD))
    classes = Classes([Class(1, "c", colour=(1, 2, 3)), Class(7, "new")])
    samples = [sample, replace(sample, key="b")]
    formats.write(samples, classes, tmp_path / "out", "cvat", about=reading.about, check=True)
    task = ET.parse(tmp_path / "out" / "annotations.xml").getroot().find("meta/task")
    assert [label.findtext("name") for label in task.iter("label")] == ["c", "new"]
    assert task.findtext("labels/label/color") == "#010203"
    assert task.findtext("labels/label/attributes/attribute/default_value") == "red"
    assert (task.findtext("size"), task.findtext("stop_frame"), task.findtext("id")) == ("2", "1", "12")
    for broken in ({"cvat": 5}, {"cvat": {"default": {"meta": "<meta"}}}, {"cvat": {"default": {"meta": "<a/>"}}}):
        formats.write([sample], classes, tmp_path / "out", "cvat", about=broken, check=True, overwrite=True)
    assert not formats.read(tmp_path / "out").about, "a head that was made here says nothing more"


def video(home):
    """The tracks in a folder with an image for each frame."""
    meta = META.format(size=4, start=10, stop=19, step="step=3").replace("<source>", "<labels/><source>")
    place = folder(home, TRACKS, meta)
    for frame in (10, 13, 16, 19):
        image(place / "images" / f"frame_{frame:06d}.png")
    return place


def told(element) -> tuple:
    return element.get("frame"), element.get("keyframe"), element.get("outside")


def test_a_video_is_written_as_tracks_again(tmp_path) -> None:
    reading, samples = read(video(tmp_path / "in"))
    notes: list[str] = []
    options = {"about": reading.about, "check": True, "notes": notes}
    lost = formats.write(samples, reading.classes, tmp_path / "out", "cvat", **options)
    assert {loss.cause for loss in lost} == {"sequence"}, "what is said before it is known that all frames are there"
    assert not notes
    root = ET.parse(tmp_path / "out" / "annotations.xml").getroot()
    assert root.findtext("meta/task/mode") == "interpolation"
    tracks = {track.get("id"): track for track in root.findall("track")}
    assert [track.get("label") for track in tracks.values()] == ["c", "d", "d"]
    assert (tracks["0"].get("source"), tracks["0"].get("group_id")) == ("manual", "3")
    assert [told(element) for element in tracks["0"]] == [
        ("10", "1", "0"), ("13", "0", "0"), ("16", "1", "0"), ("19", "1", "1"),
    ]  # fmt: skip
    assert [told(element) for element in tracks["1"]] == [("13", "1", "0"), ("16", "0", "0"), ("19", "0", "0")]
    again_reading, again = read(tmp_path / "out")
    assert "still" not in " ".join(again_reading.notes)
    for before, after in zip(samples, again, strict=True):
        assert after.segments.attributes == before.segments.attributes
        assert (after.image.video, after.image.frame) == (before.image.video, before.image.frame)
        assert after.segments.column("geometry") == before.segments.column("geometry")
    # CVAT takes keyframes alone.
    text = (tmp_path / "out" / "annotations.xml").read_text()
    for track in tracks.values():
        for element in [element for element in track if element.get("keyframe") == "0"]:
            track.remove(element)
    ET.ElementTree(root).write(tmp_path / "out" / "annotations.xml")
    assert (tmp_path / "out" / "annotations.xml").read_text() != text
    for before, after in zip(samples, read(tmp_path / "out")[1], strict=True):
        assert np.array_equal(after.segments.masks.decode(), before.segments.masks.decode())


def test_an_edited_frame_of_a_track_is_a_keyframe_and_moves_no_others(tmp_path) -> None:
    body = (
        '<track id="0" label="c" source="manual"><box frame="0" keyframe="1" outside="0" xtl="0" ytl="0" xbr="9" ybr="9"/>'
        '<box frame="4" keyframe="1" outside="0" xtl="40" ytl="0" xbr="49" ybr="9"/></track>'
    )
    meta = META.format(size=5, start=0, stop=4, step="").replace("<source>", "<labels/><source>")
    reading, samples = read(folder(tmp_path / "in", body, meta))
    for sample in samples:
        image(tmp_path / "in" / "images" / f"{sample.key}.png")
    reading, samples = read(tmp_path / "in")
    dense = samples[2].segments.masks.decode()
    dense[:, 30:, 3:9] = True
    samples[2] = samples[2].with_segments(samples[2].segments.with_masks(Masks.encode(dense)))
    formats.write(samples, reading.classes, tmp_path / "out", "cvat", about=reading.about, check=True)
    (track,) = ET.parse(tmp_path / "out" / "annotations.xml").getroot().findall("track")
    assert [element.tag for element in track] == ["box", "box", "mask", "box", "box"]
    assert [element.get("keyframe") for element in track] == ["1", "1", "1", "1", "1"]


def test_that_tracks_are_written_as_single_shapes_is_told(tmp_path) -> None:
    meta = META.format(size=4, start=10, stop=19, step="step=3").replace("<source>", "<labels/><source>")
    reading, samples = read(folder(tmp_path / "in", TRACKS, meta))
    notes: list[str] = []
    formats.write(
        samples[:3], reading.classes, tmp_path / "out", "cvat", images="none", notes=notes, about=reading.about
    )
    (note,) = notes
    assert note.startswith("3 samples are frames of a video: their objects are written as shapes of single frames")
    assert ET.parse(tmp_path / "out" / "annotations.xml").getroot().findtext("meta/task/mode") == "annotation"
