"""Options of readers and writers: odd values give a reading or one sentence, good ones mean what people expect."""

import inspect
import traceback

import damaged_sets
import numpy as np
import pytest
from command_line import run
from PIL import Image

from maskwright import formats, registry
from maskwright.core import typed
from maskwright.core.typed import Bare
from maskwright.errors import MaskwrightError, UsageError

MODELS = ("safetensors", "pth", "onnx", "database", "snapshot")

#: As they are written on the command line, where all is text, and in Python.
ODD = [
    *(Bare(text) for text in (
        "", "none", "0", "1", "-1", "21", "2.5", "1e400", "inf", "true", "maybe", "cat", "cat,dog", "1,2", "[1,2", "(",
        "ü", "a=b", "x\0y", "9" * 400, "copy",
    )),
    None, True, 0, 1, -1, 21, 2.5, float("nan"), float("inf"), 10**30, "21", "cat", b"cat", "x\0y", [], [1, 2], ["cat"],
    ("cat", 3), [[1]], {"a": 1}, {1, 2}, object(), np.float64(2.5), np.arange(3), np.zeros((2, 2)), print,
]  # fmt: skip


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """(format, folder) of small whole sets of everything that is read."""
    home = tmp_path_factory.mktemp("sets")
    targets = damaged_sets.build(home / "whole", lambda name: name not in MODELS)
    for name, target in targets.items():
        damaged_sets.laid(target, home / name)
    return [(name.split(" ")[0], home / name) for name in targets]


def odd_options(function, after):
    for name in typed.parameters(function, after=after, skip=("ready",)):
        for value in ODD:
            yield name, value


def slip(work):
    """What is not one sentence, as a traceback; None where all is well."""
    try:
        work()
    except MaskwrightError as error:
        return str(error) if "\n\n" in str(error) else None
    except Exception:  # noqa: BLE001 - what is looked for
        return traceback.format_exc()
    return None


def test_readers(sets) -> None:
    bad = {}
    for format_name, folder in sets:
        for name, value in odd_options(registry.load("formats", format_name).read, 1):
            found = slip(lambda: list(formats.read(folder, format_name, **{name: value}).samples))  # noqa: B023 - at once
            if found:
                bad[format_name, name, repr(value)[:40]] = found[:1500]
    assert not bad, "\n".join(f"{place}: {found}" for place, found in bad.items())


def test_writers(make_samples, classes, tmp_path) -> None:
    bad = {}
    samples = make_samples(2, overlap=False)
    for format_name in formats.writers():
        for number, (name, value) in enumerate(odd_options(registry.load("formats", format_name).write, 3)):
            folder = tmp_path / format_name / str(number)
            found = slip(
                lambda: formats.write(samples, classes, folder, format_name, allow_loss=True, **{name: value})  # noqa: B023
            )
            if found:
                bad[format_name, name, repr(value)[:40]] = found[:1500]
            elif not folder.exists():
                assert not list((tmp_path / format_name).glob(f"*{number}")), "nothing is left of a refused write"
    assert not bad, "\n".join(f"{place}: {found}" for place, found in bad.items())


def test_every_option_says_what_it_takes() -> None:
    for format_name in formats.names():
        module = registry.load("formats", format_name)
        for function in filter(None, (module.read, getattr(module, "write", None))):
            for parameter in inspect.signature(function).parameters.values():
                assert parameter.annotation is not parameter.empty, (format_name, parameter.name)


@pytest.mark.parametrize(("things", "names", "cut"), [
    (21, None, [21]), ("21", None, [21]), ("1,21", None, [1, 21]), ([1, 21], None, [1, 21]), ("cat", "cat,21", [1]),
    (21, "cat,dog", [21]), ("21", "21,dog", [1]), ("dog, cat", "cat,dog", [1, 21]), (None, None, [1, 21]),
    (["cat", 21], ("cat", "dog"), [1, 21]), (np.array([21]), None, [21]),
])  # fmt: skip
def test_things_are_classes_by_name_or_value(tmp_path, things, names, cut) -> None:
    labels = np.zeros((6, 20), np.uint8)
    labels[1:5, [1, 4]] = 1  # two parts of each class
    labels[1:5, [10, 14]] = 21
    for folder, pixels in (("images", labels * 0), ("labels", labels)):
        (tmp_path / folder).mkdir()
        Image.fromarray(pixels).save(tmp_path / folder / "a.png")
    names = None if names is None else f"nothing,{names}" if isinstance(names, str) else ("nothing", *names)
    reading = formats.read(tmp_path, background=0, instances="components", things=things, names=names)
    (sample,) = reading.samples
    counts = {class_id: sample.segments.class_ids.tolist().count(class_id) for class_id in (1, 21)}
    assert counts == {class_id: 2 if class_id in cut else 1 for class_id in (1, 21)}
    for wrong in ("person", 7, ["dog", "person"]):
        with pytest.raises(UsageError, match="these can be cut: 1, 21"):
            formats.read(tmp_path, background=0, instances="components", things=wrong)
    with pytest.raises(UsageError, match="instances=components or watershed"):
        formats.read(tmp_path, things=21)


def test_a_parquet_file_is_answered_with_its_command(capsys, tmp_path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(20))
    for place in (tmp_path / "a.parquet", tmp_path):
        code, _, told = run(capsys, "import", place, tmp_path / "new")
        assert code == 1
        assert f"maskwright snapshot DATASET {tmp_path / 'a.parquet'} --read" in told


@pytest.mark.parametrize(("words", "said"), [
    ("things=person", "things has 'person', which is not a class; these can be cut"), ("palette=3", "3: the palette cannot"),
    ("instances=maybe", "it must be components or watershed"), ("background=x", "it must be a whole number"),
    ("names=5", "one name each, not 1"), ("threshold=-1", "at least 0"), ("planes=5", "classes or objects"),
])  # fmt: skip
def test_the_command_line_says_it_in_one_sentence(capsys, tmp_path, words, said) -> None:
    for folder in ("images", "labels"):
        (tmp_path / "set" / folder).mkdir(parents=True)
        Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4) // 4).save(tmp_path / "set" / folder / "a.png")
    more = ("-o", "instances=components") if words.startswith("things") else ()
    code, _, told = run(capsys, "import", tmp_path / "set", tmp_path / "new", "-o", words, *more)
    assert code in (1, 2)
    assert said in told
    assert told.count("\n") <= 2
    assert not (tmp_path / "new").exists()
