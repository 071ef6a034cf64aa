"""What annotators are told: text in revisions, images by their content; and the task."""

import io

import numpy as np
import pytest
from PIL import Image

from maskwright.core.classes import Class, Classes
from maskwright.errors import DatasetError, UsageError
from maskwright.labelling import instruction_images, project_task
from maskwright.store import Dataset, schema


@pytest.fixture
def dataset(tmp_path):
    with Dataset.create(tmp_path / "set", Classes([Class(1, "cell", "thing")])) as opened:
        yield opened


def png(size: tuple[int, int] = (40, 30), mode: str = "RGB", format: str = "PNG", **options: object) -> bytes:
    """size: (width, height), as Pillow has it."""
    sink = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (size[1], size[0], len(mode)), np.uint8), mode).save(
        sink, format, **options
    )
    return sink.getvalue()


def test_instructions_live_in_revisions(dataset) -> None:
    assert dataset.instructions == ""
    with dataset.edit("told") as edit:
        edit.set_instructions("# Cells\n\nTails count.\t✓")
    first = dataset.revision
    with dataset.edit("the same again") as edit:
        edit.set_instructions("# Cells\n\nTails count.\t✓")
    assert dataset.revision == first  # nothing changed, so there is no revision
    with dataset.edit("otherwise") as edit:
        edit.set_instructions("Tails do not count.")
        edit.set_instructions("No tails.")
    assert dataset.instructions == "No tails."
    assert dataset.at(first).instructions == "# Cells\n\nTails count.\t✓"
    assert dataset.at(first - 1).instructions == ""
    assert dataset.log()[0].summary == {"instructions changed": 2}
    dataset.restore(first)
    assert dataset.instructions == "# Cells\n\nTails count.\t✓"
    with dataset.edit("nothing") as edit:
        edit.set_instructions("")
    assert dataset.instructions == ""
    assert dataset.check() == []


@pytest.mark.parametrize(("text", "said"), [(7, "of type int"), ("a\0b", "NUL"), ("x" * 20_001, "20001 characters")])
def test_what_is_no_text_is_refused(dataset, text, said) -> None:
    with pytest.raises(UsageError, match=said), dataset.edit("wrong") as edit:
        edit.set_instructions(text)
    assert dataset.instructions == ""


def test_damaged_instructions_are_not_shown(dataset) -> None:
    with dataset.edit("told") as edit:
        edit.set_instructions("Tails count.")
    with dataset.database.writing() as connection:
        connection.execute(schema.instructions.update().values(text="Tails do not count."))
    with pytest.raises(DatasetError, match="not what was written"):
        dataset.instructions  # noqa: B018


def test_an_image_is_kept_once_under_the_name_of_its_content(dataset) -> None:
    name = instruction_images.add(dataset, png())
    assert instruction_images.add(dataset, png()) == name
    content, kind = instruction_images.read(dataset, name)
    assert kind == "image/png"
    with Image.open(io.BytesIO(content)) as image, Image.open(io.BytesIO(png())) as given:
        assert np.array_equal(np.asarray(image), np.asarray(given))


def test_only_pixels_of_a_file_come_in(dataset) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by 90 degrees
    turned[0x010E] = "who took it, and where"
    name = instruction_images.add(dataset, png((400, 200), format="JPEG", exif=turned))
    content, kind = instruction_images.read(dataset, name)
    assert kind == "image/jpeg"
    assert b"where" not in content
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (200, 400)


def test_large_images_become_smaller(dataset) -> None:
    content, kind = instruction_images.read(dataset, instruction_images.add(dataset, png((2400, 900))))
    assert (kind, len(content) <= instruction_images.MOST_KEPT) == ("image/jpeg", True)  # noise is none for a PNG
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (1600, 600)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<svg onload='alert(1)'/>", "cannot be read"), (b"", "cannot be read"), (png()[:200], "cannot be read"),
        (png(format="BMP"), "cannot be read"), (b"\0" * (8 * 2**20 + 1), "8.0 MiB"),
    ],
    ids=["svg", "empty", "cut off", "another format", "too many bytes"],
)  # fmt: skip
def test_what_is_no_image_is_refused(dataset, data, said) -> None:
    with pytest.raises(UsageError, match=said):
        instruction_images.add(dataset, data)


def test_all_images_together_have_a_limit(dataset, monkeypatch) -> None:
    monkeypatch.setattr(instruction_images, "MOST_TOGETHER", 5000)
    first = instruction_images.add(dataset, png())
    with pytest.raises(UsageError, match="together"):
        instruction_images.add(dataset, png((41, 30)))
    assert instruction_images.add(dataset, png()) == first  # one that is there takes no room


@pytest.mark.parametrize("name", ["", "window", "../maskwright.db", "0" * 24 + ".png", "0" * 24 + ".svg"])
def test_only_images_are_given_out(dataset, name) -> None:
    with pytest.raises(UsageError, match="no such image"):
        instruction_images.read(dataset, name)


def test_a_damaged_image_is_not_given_out(dataset) -> None:
    name = instruction_images.add(dataset, png())
    table = schema.meta
    with dataset.database.writing() as connection:
        connection.execute(table.update().where(table.c.name.endswith(name)).values(value="AAAA"))
    with pytest.raises(DatasetError, match="not what was written"):
        instruction_images.read(dataset, name)


def test_the_task_is_the_datasets(dataset) -> None:
    before = dataset.revision
    assert project_task.task_of(dataset) is None
    project_task.set_task(dataset, "panoptic")
    project_task.set_task(dataset, "semantic")
    assert (project_task.task_of(dataset), dataset.revision) == ("semantic", before)
    with pytest.raises(UsageError, match="one of semantic, instance, panoptic"):
        project_task.set_task(dataset, "depth")  # type: ignore[arg-type]
    assert project_task.task_of(dataset) == "semantic"
