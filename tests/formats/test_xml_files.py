"""XML of Aperio ImageScope and of MIT's LabelMe: what counts as an object, as its class and as its image."""

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.errors import FormatError

SQUARE = ((2, 1), (6, 1), (6, 4), (2, 4))


def image(path, size=(8, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(path)


def text(path, content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def region(points, number=1, **about) -> str:
    said = "".join(f' {name}="{value}"' for name, value in about.items())
    corners = "".join(f'<Vertex X="{x}" Y="{y}"/>' for x, y in points)
    return f'<Region Id="{number}"{said}><Vertices>{corners}</Vertices></Region>'


def layer(*regions, name="", more="") -> str:
    return f'<Annotation Id="1" Name="{name}"><Attributes>{more}</Attributes><Regions>{"".join(regions)}</Regions></Annotation>'  # fmt: skip


def slide(root, *layers) -> None:
    image(root / "a.png")
    text(root / "a.xml", f"<Annotations>{''.join(layers)}</Annotations>")


def test_regions_are_rectangles_ellipses_and_holes(tmp_path) -> None:
    hole = region(((3, 2), (5, 2), (5, 3), (3, 3)), 2, NegativeROA=1)
    ellipse = region(((1, 4), (9, 8)), 3, Type=2)
    ruler = region(((0, 0), (9, 7)), 4, Type=4)
    slide(tmp_path, layer(region(SQUARE, 1, Type=1), hole, name="gland"), layer(ellipse, ruler, name="vessel"))
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert [class_.name for class_ in reading.classes] == ["gland", "vessel"]
    gland, vessel = sample.segments.masks.decode()
    expected = np.zeros((8, 10), bool)
    expected[1:4, 2:6] = True
    expected[2, 3:5] = False
    assert (gland == expected).all()
    assert vessel[5, 1:9].all()
    assert not vessel[4, 1]
    assert vessel.sum() == 28
    assert sample.segments.more["geometry"][0] is None, "what is cut is not what its points draw"
    assert sum("left out" in note and note.startswith("1 regions") for note in reading.notes) == 1
    assert any("1 negative regions" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (layer(region(SQUARE), name="Tumour"), "Tumour"),
        (layer(region(SQUARE), more='<Attribute Name="Description" Value="stroma"/>'), "stroma"),
        (layer(region(SQUARE), more='<Attribute Name="Epithelial" Value=""/>'), "Epithelial"),
        (layer(region(SQUARE), more='<Attribute Name="Description" Value=""/>'), "object"),
    ],
)
def test_a_region_is_of_what_its_layer_says(tmp_path, made, name) -> None:
    slide(tmp_path, made)
    reading = formats.read(tmp_path)
    assert [class_.name for class_ in reading.classes] == [name]
    assert any("class_name=NAME" in note for note in reading.notes) == (name == "object")
    assert [class_.name for class_ in formats.read(tmp_path, class_name="nucleus").classes] == ["nucleus"]
    (sample,) = formats.read(tmp_path, class_name="nucleus").samples
    assert sample.segments.masks.areas().tolist() == [12]


def test_of_several_images_of_a_name_masks_come_last(tmp_path) -> None:
    text(tmp_path / "train/Annotations/a.xml", f"<Annotations>{layer(region(SQUARE))}</Annotations>")
    text(tmp_path / "test/Annotations/a.xml", f"<Annotations>{layer(region(SQUARE))}</Annotations>")
    for split in ("train", "test"):
        image(tmp_path / split / "Tissue Images/a.tif")
        image(tmp_path / split / "Binary masks/a.png")
    reading = formats.read(tmp_path, "aperio")
    found = {(sample.key, sample.image.uri, sample.split) for sample in reading.samples}
    assert found == {
        (f"{split}/Annotations/a", str(tmp_path / split / "Tissue Images/a.tif"), split) for split in ("train", "test")
    }


def test_a_file_without_an_image_is_named(tmp_path) -> None:
    slide(tmp_path, layer(region(SQUARE)))
    text(tmp_path / "b.xml", f"<Annotations>{layer(region(SQUARE))}</Annotations>")
    with pytest.raises(FormatError, match=r"b\.xml: has no image of its name(?s:.*)images=FOLDER"):
        list(formats.read(tmp_path).samples)
    reading = formats.read(tmp_path, skip_broken=True)
    assert [sample.key for sample in reading.samples] == ["a"]
    assert [broken.file for broken in reading.broken] == [str(tmp_path / "b.xml")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("<Annotations><Annotation ", "not readable XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><Annotations>&a;</Annotations>', "not readable XML"),
        ("<Notes/>", "its root is <Notes>"),
        (f"<Annotations>{layer(region((('one', 2), (3, 4), (5, 6))))}</Annotations>", "is not a number"),
        (f"<Annotations>{layer(region(((1, 'inf'), (3, 4), (5, 6))))}</Annotations>", "layer 1, region 1"),
    ],
)
def test_broken_slides_are_named(tmp_path, content, told) -> None:
    slide(tmp_path, layer(region(SQUARE)))
    text(tmp_path / "a.xml", content)
    with pytest.raises(FormatError, match=told):
        list(formats.read(tmp_path, "aperio").samples)


def outlined(name, number, points=SQUARE, more="") -> str:
    corners = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in points)
    return f"<object><name>{name}</name><id>{number}</id>{more}<polygon><username>me</username>{corners}</polygon></object>"  # fmt: skip


def street(root, *objects, size=(8, 10), folder="street") -> None:
    image(root / "Images" / folder / "a.jpg")
    stated = f"<imagesize><nrows>{size[0]}</nrows><ncols>{size[1]}</ncols></imagesize>" if size else ""
    text(
        root / "Annotations" / folder / "a.xml",
        f"<annotation><filename>a.jpg</filename>{stated}{''.join(objects)}</annotation>",
    )


def test_parts_are_linked_and_attributes_kept(tmp_path) -> None:
    part = "<parts><hasparts></hasparts><ispartof>4</ispartof></parts><occluded>yes</occluded>"
    lost = "<parts><ispartof>9</ispartof></parts><verified>1</verified><attributes>red</attributes>"
    street(tmp_path, outlined("car", 4), outlined("wheel", 5, more=part), outlined("sign", 6, more=lost))
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert sample.key == "street/a"
    assert sample.segments.ids.tolist() == [4, 5, 6]
    assert list(sample.segments.more["parent"]) == [None, 4, None]
    assert sample.segments.attributes == [
        {"username": "me"},
        {"occluded": True, "username": "me"},
        {"attributes": "red", "verified": True, "username": "me"},
    ]
    assert any("parts of one that is not there" in note for note in reading.notes)


def test_what_was_deleted_comes_when_it_is_asked_for(tmp_path) -> None:
    street(tmp_path, outlined("car", 1), outlined("tree", 2, more="<deleted>1</deleted>"))
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert [class_.name for class_ in reading.classes] == ["car"]
    assert len(sample.segments) == 1
    assert any(note.startswith("1 objects that were deleted") for note in reading.notes)
    (sample,) = formats.read(tmp_path, deleted=True).samples
    assert [row.get("deleted") for row in sample.segments.attributes] == [None, True]


def test_masks_that_were_cut_out(tmp_path) -> None:
    def cut(name) -> str:
        return f"<object><name>dog</name><id>1</id><segm><username>me</username><mask>{name}</mask></segm></object>"

    street(tmp_path, cut("a_mask_0.png"))
    values = np.zeros((8, 10), np.uint8)
    values[2:5, 3:7] = 255
    (tmp_path / "Masks/street").mkdir(parents=True)
    Image.fromarray(values).save(tmp_path / "Masks/street/a_mask_0.png")
    (sample,) = formats.read(tmp_path).samples
    assert (sample.segments.masks.decode()[0] == (values > 0)).all()
    street(tmp_path, cut("gone.png"), outlined("cat", 2))
    with pytest.raises(FormatError, match=r"object 1(?s:.*)'gone\.png' is not in Masks/street"):
        list(formats.read(tmp_path).samples)
    street(tmp_path, cut("../../../x.png"), outlined("cat", 2))
    reading = formats.read(tmp_path, skip_broken=True)
    (sample,) = reading.samples
    assert len(sample.segments) == 1
    assert "leads out" in reading.broken[0].reason


def test_a_size_that_is_not_the_images_is_implausible(tmp_path) -> None:
    street(tmp_path, outlined("car", 1), size=(80, 100))
    reading = formats.read(tmp_path)
    list(reading.samples)
    assert [(finding.kind, finding.grave) for finding in reading.findings][0] == ("most sizes differ", True)
    street(tmp_path, outlined("car", 1), size=("x", 10))
    with pytest.raises(FormatError, match="its imagesize is 'x'"):
        list(formats.read(tmp_path).samples)
    street(tmp_path, outlined("car", 1), size=None)
    assert [sample.image.size for sample in formats.read(tmp_path).samples] == [(8, 10)]


def test_lines_and_nameless_objects(tmp_path) -> None:
    street(tmp_path, outlined("car", 1), outlined("wire", 2, SQUARE[:2]))
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert len(sample.segments) == 1
    assert any("have no area" in note for note in reading.notes)
    street(tmp_path, outlined("car", 1), outlined("", 2))
    with pytest.raises(FormatError, match=r"object 2(?s:.*)has no name"):
        list(formats.read(tmp_path).samples)
    street(tmp_path, outlined("car", 1, (("a", 1), (2, 2), (3, 3))))
    with pytest.raises(FormatError, match=r"object 1(?s:.*)is not a number"):
        list(formats.read(tmp_path).samples)
