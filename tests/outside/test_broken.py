"""A package that does everything wrong: what it brings is set aside with a sentence, and nothing else notices."""

import json

import pytest
from distributions import made

from maskwright import formats, losses, metrics, models, registry
from maskwright.errors import UsageError

#: family -> name -> how the sentence ends
SAID = {
    "formats": {
        "raising": "it cannot be loaded (RuntimeError: boom and more)",
        "leaving": "it cannot be loaded (SystemExit: 3)",
        "function": "it is maskwright_broken.parts:read, a function, and not a module",
        "unwritable": "it lacks write(samples, classes, folder)",
        "unsniffable": "it raises ZeroDivisionError when its sniff is asked about an empty folder (nobody sniffs here)",
        "greedy": "it takes an empty folder for its own",
        "absent": "it names the module maskwright_broken.absent, which is not there",
        "Not A Name": "it has a name that is not lower-case letters, digits and hyphens",
        "coco": "it has the name of one of maskwright's own formats, which no package replaces",
    },
    "losses": {
        "dice": "it has the name of one of maskwright's own losses, which no package replaces",
        "signless": "it has loss, which cannot be called as loss(logits, target, *, ignore_index)"
                    " (got an unexpected keyword argument 'ignore_index')",
    },
    "metrics": {"needy": "it needs the package 'not_to_be_found_anywhere', which is not installed"},
    "models": {"unlicensed": "it lacks LICENCE: str"},
    "transforms": {"blur": "it is in the group maskwright.augment, which is named maskwright.transforms"},
    "fewshot.engines": {
        "forester": "it is in the group maskwright.context.engines, which is named maskwright.fewshot.engines"
    },
    "bridges": {
        "elsewhere": "it is in the group maskwright.bridges, which nothing reads:"
                     " maskwright.integrations are modules that one imports"
    },
    "format": {
        "misspelt": "it is in the group maskwright.format, which nothing reads: perhaps maskwright.formats is meant"
    },
}  # fmt: skip


def sentences() -> list[str]:
    return [
        f"the {registry.FAMILIES[family].what if family in registry.FAMILIES else 'member'} {name!r} of the package"
        f" maskwright-broken is set aside: {end}"
        for family, members in SAID.items()
        for name, end in members.items()
    ]


@pytest.fixture
def ours() -> dict[str, list[str]]:
    return {family: registry.names(family) for family in registry.FAMILIES}


def test_each_is_set_aside_with_one_sentence(ours, installed, broken_folder) -> None:
    installed(broken_folder)
    assert sorted(map(str, registry.aside())) == sorted(sentences())
    assert {family: registry.names(family) for family in registry.FAMILIES} == ours
    for family, members in SAID.items():
        for name, end in members.items():
            if family in ours and name not in ours[family]:
                with pytest.raises(UsageError) as caught:
                    registry.load(family, name)
                assert end in str(caught.value)
                assert "maskwright doctor" in str(caught.value)
    for family, name in (("losses", "dice"), ("formats", "coco")):
        assert registry.load(family, name).__name__ == f"maskwright.{family}.{name}"


def test_nothing_else_notices(installed, broken_folder, example_folder, make_samples, classes, tmp_path) -> None:
    installed(broken_folder, example_folder)
    formats.write(make_samples(2), classes, tmp_path / "coco", "coco", allow_loss=True)
    assert formats.sniff(tmp_path / "coco") == "coco"
    assert "one-json" in formats.names()
    assert "squared-error" in losses.of_pixels()
    assert "object-count" in metrics.of_segments()
    assert "two-layers" in models.names()
    losses.parse("ce + dice + squared-error")
    with pytest.raises(UsageError, match="the loss 'signless' of the package maskwright-broken is set aside"):
        losses.parse("ce + signless")
    with pytest.raises(UsageError, match=r"the model 'unlicensed' .* lacks LICENCE"):
        models.build("unlicensed", 2)


def test_the_command_line_goes_on_and_doctor_lists_all(
    command, broken_folder, example_folder, make_samples, classes, tmp_path
) -> None:
    folders = [broken_folder, example_folder]
    formats.write(make_samples(2), classes, tmp_path / "coco", "coco", allow_loss=True)
    for words in (
        ["--help"], ["convert", "--help"], ["convert", tmp_path / "coco", tmp_path / "out", "--to", "one-json"],
        ["import", tmp_path / "coco", tmp_path / "dataset"], ["metrics", "list"], ["model", "list"],
    ):  # fmt: skip
        done = command(folders, *words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert "set aside" not in done.stdout
    done = command(folders, "convert", tmp_path / "coco", tmp_path / "no", "--to", "raising")
    assert done.returncode == 2
    assert "the format 'raising' of the package maskwright-broken is set aside: it cannot be loaded" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "no").exists()
    done = command(folders, "doctor")
    assert done.returncode == 0
    assert all(f"  plugins   {sentence}\n" in done.stdout for sentence in sentences())
    assert "  plugins   formats: one-json\n" in done.stdout
    assert sorted(json.loads(command(folders, "doctor", "--json").stdout)["set_aside"]) == sorted(sentences())


FORMAT = "def read(path): ...\ndef sniff(path):\n    {}\n"


def test_two_packages_with_one_name_are_both_set_aside(installed, tmp_path) -> None:
    text = FORMAT.format("return 0.0")
    for package, name in (("first-one", "my_format"), ("second-one", "my-format")):
        module = package.replace("-", "_")
        made(tmp_path / package, package, {module: text}, {"maskwright.formats": {name: module}})
    installed(tmp_path / "first-one", tmp_path / "second-one")
    assert list(map(str, registry.aside())) == [
        f"the format 'my-format' of the package {mine} is set aside: it has the same name as one of the package {other}"
        for mine, other in (("first-one", "second-one"), ("second-one", "first-one"))
    ]
    with pytest.raises(UsageError, match="the same name as one of the package"):
        registry.load("formats", "my_format")
    assert "my-format" not in formats.names()


def test_a_look_that_breaks_later_sets_its_format_aside(installed, tmp_path) -> None:
    breaks = FORMAT.format("assert path.is_dir(), 'folders only'\n    return 0.0")
    content = FORMAT.format("return float(path.is_file() and path.read_text('utf-8') == 'mine')")
    made(tmp_path / "a", "a-package", {"asserting": breaks}, {"maskwright.formats": {"asserting": "asserting"}})
    made(tmp_path / "b", "b-package", {"textual": content}, {"maskwright.formats": {"textual": "textual"}})
    installed(tmp_path / "a", tmp_path / "b")
    assert {"asserting", "textual"} <= set(formats.names())
    (tmp_path / "x.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(formats.FormatError, match="no format recognises"):
        formats.sniff(tmp_path / "x.txt")
    assert "textual" in formats.names(), "what a file's content causes is a way of saying no"
    assert [(member.name, member.reason) for member in registry.aside()] == [
        ("asserting", "raises AssertionError when its sniff is asked (folders only)")
    ]
    assert "asserting" not in formats.names()
    (tmp_path / "y.txt").write_text("mine")
    assert formats.sniff(tmp_path / "y.txt") == "textual"
