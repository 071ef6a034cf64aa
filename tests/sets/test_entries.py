"""The catalogue is true to the program: its commands parse, name formats and options that exist, and import its layouts."""

import json
import re
import shlex
from pathlib import Path

import pytest
import tiny_layouts
import typer

from maskwright import registry, sets
from maskwright.cli import build, main
from maskwright.core import typed
from maskwright.errors import FormatError, UsageError
from maskwright.sets.entry import DATASET, FOLDER, TASKS, PublicSet, entry

EVERY = [sets.load(name) for name in sets.names()]
READ = [found.name for found in EVERY if found.commands]
#: Layouts with videos, and with a thousand classes; the readers' own tests have them.
NOT_TINY = {"ade20k-full", "sa-v"}

WANTED = (
    "coco", "coco-panoptic", "coco-stuff", "voc2012", "sbd", "cityscapes", "camvid11", "camvid32", "ade20k", "ade20k-full",
    "coco128", "coco128-seg", "balloons", "lvis", "pascal-parts", "pascal-context", "dsb2018", "isbi2012", "drive",
    "chase-db1", "stare", "kitti", "mapillary", "bdd100k", "sa-1b", "davis2017", "youtube-vos", "mots", "brats",
    "decathlon", "liaci", "sartorius", "oxford-pet", "kvasir-seg", "isic2018", "carvana", "loveda", "pannuke", "lizard",
    "monuseg", "cell-tracking", "celebamask-hq", "spacenet2",
)  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    found = capsys.readouterr()
    return int(stop.value.code or 0), found.out, found.err


def test_the_sets_that_people_ask_for_are_there() -> None:
    assert set(WANTED) <= set(sets.names())


@pytest.mark.parametrize("found", EVERY, ids=lambda found: found.name)
def test_commands_parse_and_name_what_exists(found: PublicSet) -> None:
    program = typer.main.get_command(build()).commands["import"]
    for command, kept in zip(found.import_commands(), found.commands, strict=True):
        words = shlex.split(command)
        assert words[:2] == ["maskwright", "import"]
        with program.make_context("import", words[2:]) as context:
            given = context.params
        assert given["dataset"] == f"{found.name}-dataset" + f"-{kept.part}" * (found.name == "decathlon")
        assert given["source"].split("/")[0] == found.name
        assert given["format"] in registry.names("formats")
        reader = registry.load("formats", given["format"]).read
        typed.options(typed.pairs(given["option"] or ()), reader, given["format"], after=1)
        assert kept.format == given["format"]
        assert not re.search(r"\b(FOLDER|DATASET|NAMES)\b", command)
        assert {FOLDER, DATASET} <= set(re.split(r"[ =/-]", kept.text))


@pytest.mark.parametrize("found", EVERY, ids=lambda found: found.name)
def test_facts_agree_with_each_other(found: PublicSet) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]*", found.name)
    assert found.what.endswith(".") and found.what.count(". ") == 0, "one sentence"
    assert found.home.startswith(("https://", "http://"))
    assert found.classes is None or not found.class_names or len(found.class_names) == found.classes
    sizes = [file.size for file in found.files]
    if sizes and all(sizes):
        assert found.size == sum(sizes)
    assert found.size is None or found.size > 100_000
    assert all(getattr(found, field) not in (None, "") for field in found.unverified)
    assert not {"files", "commands", "title", "what"} & set(found.unverified)
    addresses = [file.address for file in found.files]
    assert len(set(addresses)) == len(addresses)
    if found.unread and not found.commands:
        assert found.unread.endswith(".")
    if found.obtain:
        assert "https://" in found.obtain or "http://" in found.obtain
        assert found.obtain.endswith(".")
    else:
        assert found.use != "terms", "what asks for consent is not fetched without it"


def test_each_layout_is_made_small() -> None:
    assert set(tiny_layouts.BUILDERS) == set(READ) - NOT_TINY


@pytest.mark.parametrize("name", sorted(tiny_layouts.BUILDERS))
def test_commands_import_the_layout(capsys, here, name) -> None:
    number = tiny_layouts.BUILDERS[name](Path(name))
    imported = 0
    for command in sets.load(name).import_commands():
        code, out, err = run(capsys, *shlex.split(command)[1:], "--json")
        assert code == 0, out + err
        result = json.loads(out)
        imported += result["samples"]
        assert result["segments"] > 0 or name == "airbus-ships"
    assert imported == number


def test_names_are_found_as_people_write_them() -> None:
    assert sets.load("COCO_Panoptic") is sets.load("coco-panoptic")
    for asked, near in (
        ("coc", "'coco'"),
        ("city", "'cityscapes'"),
        ("pets", "'oxford-pet'"),
        ("vos", "'youtube-vos'"),
    ):
        with pytest.raises(UsageError, match=rf"no public set '{asked}' in the list(?s:.*)Did you mean .*{near}"):
            sets.load(asked)
    with pytest.raises(UsageError, match="See: maskwright data list"):
        sets.load("qqqqqq")


def test_find_by_task_and_licence() -> None:
    free = sets.find(use="free")
    assert "chase-db1" in [found.name for found in free]
    assert all(found.use == "free" for found in free)
    volumes = [found.name for found in sets.find(task="volume", use="free")]
    assert volumes == ["decathlon"]
    assert len(sets.find()) == len(sets.names()) >= 45
    with pytest.raises(UsageError, match=f"no task 'depth'; one of {', '.join(TASKS)}"):
        sets.find(task="depth")
    with pytest.raises(UsageError, match="no kind of licence 'gpl'"):
        sets.find(use="gpl")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"colour": "red"}, r"unknown: \['colour'\]"),
        ({"licence": None}, r"missing: \['licence'\]"),
        ({"use": "any"}, "use 'any'"),
        ({"tasks": ["depth"]}, "tasks"),
        ({"obtain": ""}, "one of the two"),
        ({"files": [{"address": "https://a.example/a.zip"}]}, "one of the two"),
        ({"obtain": "", "files": [{"address": "file:///etc/passwd"}]}, "the address"),
        ({"obtain": "", "files": [{"address": "https://a.example/a.zip", "checksum": "md5:12"}]}, "the checksum"),
        ({"obtain": "", "files": [{"address": "https://a.example/a.zip", "to": "../up"}]}, "below the folder"),
        (
            {"obtain": "", "files": [{"address": "https://a.example/a.zip", "moves": [["a", "../b"]]}]},
            "below the folder",
        ),
        ({"obtain": "", "files": [{"address": "https://a.example/a.zip", "pages": 3}]}, "unexpected keyword"),
        ({"obtain": "", "files": [{"address": f"https://{host}.example/a.zip"} for host in "ab"]}, "one name"),
        ({"import": []}, "no command imports it"),
        ({"import": [{"text": "maskwright import FOLDER DATASET", "part": "val"}]}, "a part that no file has"),
        ({"unverified": ["mood"]}, "mood"),
    ],
)
def test_a_broken_entry_is_told(change, told) -> None:
    good = {
        "title": "Leaves", "what": "Leaves.", "tasks": ["semantic"], "licence": "CC0", "use": "free",
        "home": "https://leaves.example", "layout": "images", "sources": "made up", "obtain": "Ask.",
        "import": ["maskwright import FOLDER DATASET --format coco"],
    }  # fmt: skip
    assert entry("leaves", good).formats == ("coco",)
    with pytest.raises(FormatError, match=told):
        entry("leaves", {field: value for field, value in (good | change).items() if value is not None})


def test_folders_with_spaces_stay_one_word() -> None:
    command = sets.load("coco").import_commands("my data/coco", ("val",))
    assert len(command) == 1
    assert shlex.split(command[0])[2:] == [
        "my data/coco/annotations/instances_val2017.json", "coco-dataset", "--format", "coco", "-o",
        "images=my data/coco/val2017", "--split", "val",
    ]  # fmt: skip


def test_data_list(capsys) -> None:
    code, out, _ = run(capsys, "data")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == ["name", "task", "images", "classes", "size", "get", "licence"]
    assert len(lines) == len(EVERY) + 3
    row = next(line for line in lines if line.startswith("cityscapes "))
    assert re.fullmatch(r"cityscapes +semantic, instance, panoptic +5,000 +30 +11.6 GB\? +by hand +own terms.*", row)
    assert lines[-2] == "?: not verified"
    code, out, _ = run(capsys, "data", "list", "--task", "volume", "--licence", "free", "--json")
    assert [found["name"] for found in json.loads(out)["sets"]] == ["decathlon"]
    code, out, _ = run(capsys, "data", "list", "--task", "volume", "--licence", "labels-free")
    assert out == "no set is both; see: maskwright data list\n"


def test_data_show(capsys) -> None:
    code, out, _ = run(capsys, "data", "show", "VOC2012")
    assert code == 0
    assert "  maskwright import voc2012/VOCdevkit/VOC2012 voc2012-dataset --format voc\n" in out
    assert "sha256:e14f763270cf193d0b5f74b169f44157a4b0c6efa708f4dd0ff78ee691763bcb" in out
    assert "fetch it: maskwright data get voc2012" in out
    code, out, _ = run(capsys, "data", "show", "cityscapes")
    assert "to get it: Register at https://www.cityscapes-dataset.com" in out
    assert "  size          11.6 GB?\n" in out
    assert "not verified  size" in out
    code, out, _ = run(capsys, "data", "show", "sbd")
    assert "cannot be imported as it is: its labels are MATLAB structures" in out
    code, out, _ = run(capsys, "data", "show", "decathlon")
    assert "not all of it is read: volumes of several channels" in out
    code, out, _ = run(capsys, "data", "show", "coco", "--json")
    assert json.loads(out)["parts"] == ["train", "val"]
    assert json.loads(out)["import"] == sets.load("coco").import_commands()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show"], "data show needs the name of a set"),
        (["get"], "data get needs the name of a set"),
        (["list", "coco"], "data list takes no name"),
        (["show", "coco", "--task", "volume"], "choose what data list shows"),
        (["show", "coco", "there"], "say what data get fetches"),
        (["list", "--part", "val"], "say what data get fetches"),
        (["show", "coc"], "Did you mean 'coco'"),
        (["get", "cityscapes"], "no plain download"),
        (["get", "coco", "--part", "test"], "no part 'test'; one of train, val"),
    ],
)
def test_wrong_calls(capsys, here, words, told) -> None:
    code, out, err = run(capsys, "data", *words)
    assert code == 2
    assert told in err
    assert out == ""
    assert list(here.iterdir()) == []
