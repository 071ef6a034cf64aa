"""Members by name, what they offer, and how often the installation is asked."""

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from maskwright import formats, registry
from maskwright.errors import UsageError

COUNTED = """
import importlib.metadata as metadata, sys
asked, listed = [], []
real = metadata.entry_points
def counted(**options):
    if sys._getframe(1).f_globals["__name__"].startswith("maskwright."):
        asked.append(options)
    return real(**options)
metadata.entry_points = counted
from pathlib import Path
glob = Path.glob
def counting(self, pattern, *more, **named):
    if pattern == "[a-z]*.py":
        listed.append(str(self))
    return glob(self, pattern, *more, **named)
Path.glob = counting
import maskwright.cli
for words in (["import", SOURCE, TARGET + "/dataset"], ["convert", SOURCE, TARGET + "/out", "--to", "bitmaps"]):
    try:
        maskwright.cli.main(words)
    except SystemExit as end:
        assert not end.code, end.code
print("ASKED", len(asked), "LISTED", len(listed), len(set(listed)))
"""


def test_entry_points_and_folders_are_asked_once_a_process(tmp_path, make_samples, classes) -> None:
    formats.write(make_samples(3), classes, tmp_path / "coco", "coco", allow_loss=True)
    program = f"SOURCE, TARGET = {str(tmp_path / 'coco')!r}, {str(tmp_path)!r}\n{COUNTED}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    last = done.stdout.splitlines()[-1].split()
    assert last[:3] == ["ASKED", "1", "LISTED"], done.stderr
    assert last[3] == last[4] != "0"


def test_a_name_has_one_spelling() -> None:
    for family in registry.FAMILIES:
        for name in registry.names(family):
            assert "_" not in name
    assert registry.load("formats", "coco_panoptic") is registry.load("formats", "coco-panoptic")
    with pytest.raises(UsageError, match="Did you mean 'coco-panoptic'"):
        registry.load("formats", "coco_panoptics")
    with pytest.raises(UsageError, match="no family named 'nothing'; one of formats, models"):
        registry.names("nothing")


def test_every_member_of_ours_offers_what_its_family_does() -> None:
    for family, protocol in registry.FAMILIES.items():
        for name in registry.names(family):
            module = registry.load(family, name)
            assert protocol.lack(module) is None
            assert protocol.trial is None or protocol.trial(module) is None, name


def test_a_member_of_ours_that_lacks_something_is_a_slip(monkeypatch) -> None:
    from maskwright.losses import dice

    registry.forget()
    monkeypatch.delattr(dice, "loss")
    with pytest.raises(TypeError, match=r"maskwright.losses.dice lacks loss\(logits, target, \*, ignore_index\)"):
        registry.load("losses", "dice")
    monkeypatch.undo()
    assert registry.load("losses", "dice") is dice


def module(**content: object) -> ModuleType:
    made = ModuleType("made")
    vars(made).update(content)
    return made


def test_what_a_module_lacks_is_said() -> None:
    def sniff(path: object) -> float:
        return 0.0

    read, losses = sniff, lambda sample, classes: []
    lack = registry.FAMILIES["formats"].lack
    assert lack(module()) == "lacks sniff(path)"
    assert lack(module(sniff=sniff, read=read)) is None
    assert lack(module(sniff=sniff, read=read, LOSES=frozenset())) is None, (
        "one that is read only may say what it loses"
    )
    assert lack(module(sniff=sniff, read=read, LOSES=[])) == "has LOSES of type list, not frozenset"
    assert lack(module(sniff=sniff, read="x")) == "has read, which is not a function"
    assert lack(module(sniff=sniff, read=read, write=lambda *_: None)) == "lacks losses(sample, classes)"
    whole = {"sniff": sniff, "read": read, "losses": losses, "LOSES": frozenset()}
    assert lack(module(**whole, write=lambda samples, classes, folder, **options: None)) is None
    assert lack(module(**whole, write=lambda samples, classes: None)) == (
        "has write, which cannot be called as write(samples, classes, folder) (too many positional arguments)"
    )
    said = lack(module(**whole, write=lambda samples, classes, folder, *, how: None))
    assert said is not None
    assert re.fullmatch(  # Python 3.12 says which kind of argument
        r"has write, which cannot be called as write\(samples, classes, folder\) \(missing a required .*argument: 'how'\)",
        said,
    )
    metric = {"update": lambda pred, target, classes: 0, "compute": lambda counts, classes: {}}
    assert registry.FAMILIES["metrics"].lack(module(**metric)) == "lacks HIGHER_IS_BETTER: bool"
    assert registry.FAMILIES["metrics"].lack(module(**metric, HIGHER_IS_BETTER=True)) is None


def test_what_options_a_function_takes() -> None:
    assert registry.takes(lambda a, b, *, c: 0, "c", given=2)
    assert not registry.takes(lambda a, b, *, c: 0, "b", given=2)
    assert registry.takes(lambda a, **more: 0, "anything", given=1)


def test_the_page_on_plugins_says_what_is_checked() -> None:
    page = (Path(__file__).parents[1] / "docs" / "how-to" / "write-a-plugin.md").read_text()
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `maskwright.")}
    assert set(rows) == {f"maskwright.{family}" for family in registry.FAMILIES}
    for family, protocol in registry.FAMILIES.items():
        way = protocol.ways[-1] if family == "formats" else protocol.ways[0]
        assert all(f"`{declaration}`" in rows[f"maskwright.{family}"] for declaration in way), family
