"""What other programs read of what is written here, and what is read here of what they write.

The programs are asked by scripts/judges, which do not know Maskwright; docs/reference/consumers.md has the figures.
"""

import importlib

import pytest
from consumers import CLASSES, CONSUMERS, Row, as_held, made, objects_of, prepared, put, scored
from judging import Truth

from maskwright import formats

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:supervision"),
    pytest.mark.filterwarnings("ignore:Skipping COCO polygon"),
]

HERE = [consumer for consumer in CONSUMERS if not consumer.environment]


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """Four small made images: samples, and the folder that judges are given."""
    chosen = ("made00", "made01", "made02", "made04")
    samples = [sample for sample in made() if sample.key in chosen]
    return prepared(tmp_path_factory.mktemp("made"), samples, regions=False)


def called(consumer) -> str:
    return f"{consumer.format}-{consumer.reads}-{consumer.name.split(',')[0].replace(' ', '-')}"


@pytest.mark.parametrize("consumer", HERE, ids=called)
def test_they_read_what_we_wrote(consumer, truth, tmp_path) -> None:
    samples, _ = truth
    judge = importlib.import_module(consumer.program)
    put(consumer, samples, tmp_path / "ours", CLASSES)
    expected = ((sample.key, consumer.holds(objects_of(sample))) for sample in samples)
    score = scored(expected, dict(judge.READS[consumer.reads](tmp_path / "ours")))
    assert not Row(consumer, "", score).broken(of_made=True)


@pytest.mark.parametrize("consumer", [consumer for consumer in HERE if consumer.writes], ids=called)
def test_we_read_what_they_wrote(consumer, truth, tmp_path) -> None:
    """As they read it themselves."""
    _, folder = truth
    judge = importlib.import_module(consumer.program)
    (tmp_path / "theirs").mkdir()
    held = as_held(folder, consumer.holds, tmp_path / "truth")
    judge.WRITES[consumer.writes](Truth(held, [class_.name for class_ in CLASSES]), tmp_path / "theirs")
    reading = formats.read(tmp_path / "theirs", consumer.format, **consumer.given)
    found = {sample.key.rsplit("/", 1)[-1]: objects_of(sample, reading.classes) for sample in reading.samples}
    score = scored(judge.READS[consumer.reads](tmp_path / "theirs"), found)
    assert not Row(consumer, "", score).broken(of_made=True)


def test_every_consumer_has_its_rows() -> None:
    """The page is written by scripts/consumers.py, for all of them."""
    from consumers import PAGE

    text = PAGE.read_text()
    assert not [consumer for consumer in CONSUMERS if f"| `{consumer.format}` | {consumer.name} |" not in text]
