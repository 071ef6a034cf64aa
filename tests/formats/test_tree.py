"""A set's folders are listed once, whoever asks, and the same is passed over everywhere."""

import os
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.formats._listing import Listing, listing
from maskwright.formats._tree import walk


def touch(home, *names):
    for name in names:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).touch()


def walked(home):
    return {folder.name: folder.files for folder in walk(home)}


def test_folders_come_sorted_with_their_files(tmp_path) -> None:
    touch(tmp_path, "b/2.png", "b/1.png", "a/deep/x.png", "top.txt")
    (tmp_path / "empty").mkdir()
    assert [(folder.name, folder.path) for folder in walk(tmp_path)] == [
        (".", tmp_path), ("a/deep", tmp_path / "a/deep"), ("b", tmp_path / "b"),
    ]  # fmt: skip
    assert walked(tmp_path)["b"] == ("1.png", "2.png")
    assert walk(tmp_path / "nowhere") == walk(tmp_path / "top.txt") == []


def test_both_pass_over_what_is_hidden_litter_or_made_by_maskwright(tmp_path) -> None:
    touch(
        tmp_path, "a.png", ".a.png", ".git/a.png", "__MACOSX/._a.png", "Thumbs.db", "desktop.ini", "@eaDir/a.png",
        "set.zip.unpacked/a.png", "clip.maskwright/a.png", "own/unpacked/a.png",
    )  # fmt: skip
    assert walked(tmp_path) == {".": ("a.png",), "own/unpacked": ("a.png",)}
    assert Listing().files(tmp_path) == [tmp_path / "a.png", tmp_path / "own/unpacked/a.png"]
    assert walked(tmp_path / "set.zip.unpacked") == {".": ("a.png",)}


def test_links_are_followed_once_and_so_far_down(tmp_path) -> None:
    touch(tmp_path / "far", "x.png")
    touch(tmp_path / "set", "real/y.png", "/".join("d" * 10) + "/z.png", "/".join("e" * 11) + "/z.png")
    for name, target in (("to", "../far"), ("too", "../far"), ("up", "."), ("again", "real"), ("broken", "nowhere")):
        (tmp_path / "set" / name).symlink_to(target)
    found = walked(tmp_path / "set")
    assert len([name for name in found if name.startswith("to")]) == 1
    assert [name for name in found if not name.startswith("to")] == ["/".join("d" * 10), "real"]


def test_a_folder_is_listed_once_by_all(tmp_path, monkeypatch) -> None:
    for number in range(4):
        for home, most in (("images", 255), ("masks", 2)):
            file = tmp_path / home / "train" / f"i{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((8, 9), number % most, np.uint8)).save(file)
    listed: Counter[str] = Counter()
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path=".": listed.update([str(path)]) or scan(path))
    with listing() as kept:
        for _ in range(2):
            walk(tmp_path)
            kept.files(tmp_path)
            list(kept.folders(tmp_path))
    assert set(listed.values()) == {1}
    listed.clear()
    reading = formats.read(tmp_path, "label-map")
    assert len(list(reading.samples)) == 4
    assert listed[str(tmp_path / "images" / "train")] == listed[str(tmp_path / "masks" / "train")] == 1
    listed.clear()
    formats.find(tmp_path)
    assert listed[str(tmp_path / "images" / "train")] == listed[str(tmp_path / "masks" / "train")] == 1


@pytest.mark.parametrize("given", [".", "set"])
def test_paths_from_here_are_the_same_for_both(tmp_path, monkeypatch, given) -> None:
    touch(tmp_path / "set", "a/x.png")
    monkeypatch.chdir(tmp_path if given == "set" else tmp_path / "set")
    listed: list[str] = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path=".": listed.append(str(path)) or scan(path))
    with listing() as kept:
        list(kept.folders(given))
        walk(kept.files(given)[0].parents[1])
    assert len(listed) == len(set(listed)) == 2
