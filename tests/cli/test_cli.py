"""The program as a user meets it."""

import json
from pathlib import Path

import pytest
from command_line import run

from maskwright import formats


@pytest.fixture
def labels(make_samples, classes, tmp_path) -> Path:
    formats.write(make_samples(6), classes, tmp_path / "labels", "coco")
    return tmp_path / "labels"


def test_import_history_and_export(capsys, labels, tmp_path) -> None:
    place = tmp_path / "dataset"
    code, out, _ = run(capsys, "import", labels, place, "--author", "ann")
    assert code == 0
    assert "imported 6 samples" in out
    assert "ann" in run(capsys, "log", place)[1]
    shown = json.loads(run(capsys, "show", place, "--json")[1])
    assert shown["samples"] == 6
    assert {class_["name"] for class_ in shown["classes"]} >= {"cat", "dog"}
    assert "gold  revision 2" in run(capsys, "tag", place, "gold")[1]
    assert "no difference" in run(capsys, "diff", place, "2", "head")[1]
    assert "added" in run(capsys, "diff", place)[1]
    code, out, _ = run(capsys, "restore", place, "1")
    assert "revision 3 is what revision 1 was" in out
    assert json.loads(run(capsys, "show", place, "--json")[1])["samples"] == 0
    code, out, err = run(capsys, "export", place, tmp_path / "png", "--format", "label-map", "--at", "gold")
    assert code == 1
    assert "cannot hold everything" in err
    assert not (tmp_path / "png").exists()
    code, out, _ = run(
        capsys, "export", place, tmp_path / "png", "--format", "label-map", "--at", "gold", "--allow-loss", "--json"
    )
    assert code == 0
    assert json.loads(out)["losses"]
    assert run(capsys, "doctor", place)[0] == 0


def test_overwriting_is_said_and_never_takes_what_is_needed(capsys, labels, tmp_path) -> None:
    place = tmp_path / "dataset"
    run(capsys, "import", labels, place)
    out = tmp_path / "out"
    for call in (["export", place, out, "--format", "coco"], ["convert", labels, out, "--to", "cvat", "--allow-loss"]):
        if not out.exists():
            assert run(capsys, *call)[0] == 0
        code, _, err = run(capsys, *call)
        assert code == 2
        assert "--overwrite" in err
        (out / "mine.txt").write_text("old")
        assert run(capsys, *call, "--overwrite")[0] == 0
        assert not (out / "mine.txt").exists()
    assert formats.sniff(out) == "cvat"
    before = sorted(tmp_path.rglob("*"))
    for target, words in (
        (labels, "is not overwritten"), (place, "holds a dataset"), (tmp_path, "holds a dataset"),
        (place / "runs", "lies in the dataset"), (Path.cwd(), "current folder"), ("/", "current folder"),
    ):  # fmt: skip
        (place / "runs").mkdir(exist_ok=True)
        (place / "runs" / "x").touch()
        for call in (["export", place, target, "--format", "coco"], ["convert", labels, target, "--to", "coco"]):
            code, _, err = run(capsys, *call, "--overwrite")
            assert code == 2
            assert words in err
    assert set(before) <= set(tmp_path.rglob("*"))


def test_a_label_file_in_the_folder_is_not_overwritten(capsys, labels, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    content = json.loads((labels / "annotations" / "instances_train.json").read_text())
    for image in content["images"]:
        image["file_name"] = str(labels / "images" / image["file_name"])
    (tmp_path / "out" / "labels.json").write_text(json.dumps(content))
    code, _, err = run(
        capsys, "convert", tmp_path / "out" / "labels.json", tmp_path / "out", "--to", "coco", "--overwrite"
    )
    assert code == 2
    assert "still needed" in err
    assert (tmp_path / "out" / "labels.json").is_file()


def test_foreign_keys_are_told(capsys, labels, tmp_path) -> None:
    content = json.loads((labels / "annotations" / "instances_train.json").read_text())
    for number, image in enumerate(content["images"]):
        image["file_name"] = f"../../{number}.png"
        del image["maskwright"]
    (labels / "annotations" / "instances_train.json").write_text(json.dumps(content))
    for call in (
        ["import", labels / "annotations" / "instances_train.json", tmp_path / "d"],
        ["convert", labels / "annotations" / "instances_train.json", tmp_path / "o", "--to", "coco", "--images", "none"],
    ):  # fmt: skip
        code, out, _ = run(capsys, *call, "--force")  # none of the images is there
        assert code == 0
        assert "note: 3 keys could not stay, such as '../../0' became '0'" in out


def test_show_draws_a_sample(capsys, labels, tmp_path) -> None:
    run(capsys, "import", labels, tmp_path / "d")
    code, out, _ = run(capsys, "show", tmp_path / "d", "a", "--to", tmp_path / "a.png")
    assert code == 0
    assert (tmp_path / "a.png").stat().st_size > 0
    assert "class" in out


def test_convert_without_a_dataset(capsys, labels, tmp_path) -> None:
    code, _, error = run(capsys, "convert", labels, tmp_path / "yolo", "--to", "yolo")
    assert code == 1
    assert "yolo cannot hold everything: shape: " in error
    code, out, _ = run(capsys, "convert", labels, tmp_path / "yolo", "--to", "yolo", "--allow-loss")
    assert code == 0
    assert "wrote 6 samples as yolo" in out
    assert formats.sniff(tmp_path / "yolo") == "yolo"


def test_snapshot_both_ways(capsys, labels, tmp_path) -> None:
    run(capsys, "import", labels, tmp_path / "d")
    assert run(capsys, "snapshot", tmp_path / "d", tmp_path / "s.parquet")[0] == 0
    assert run(capsys, "snapshot", tmp_path / "e", tmp_path / "s.parquet", "--read")[0] == 0
    both = [json.loads(run(capsys, "show", tmp_path / each, "--json")[1])["classes"] for each in "de"]
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["log", "nowhere"], 1, "there is no dataset here"),
        (["import", "nowhere", "x"], 1, "no such file"),
        (["train", "nowhere"], 1, "there is no dataset here"),
        (["convert", ".", "x", "--to", "nonsense", "-f", "coco"], 1, ""),
        (["show"], 2, "Missing argument"),
        (["fly"], 2, "No such command"),
    ],
)
def test_wrong_calls_get_one_sentence(capsys, tmp_path, monkeypatch, arguments, code, words) -> None:
    monkeypatch.chdir(tmp_path)
    found, _, err = run(capsys, *arguments)
    assert found == code
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_wrong_words_inside(capsys, labels, tmp_path) -> None:
    place = tmp_path / "d"
    run(capsys, "import", labels, place)
    for arguments, words in (
        (["show", place, "nobody"], "no sample 'nobody'"),
        (["show", place, "--where", "splat = 1"], "there is no column 'splat'"),
        (["log", place, "--limit", "0"], "limit"),
        (["diff", place, "1", "9"], "no revision '9'"),
        (["import", labels, place, "-f", "coko"], "Did you mean 'coco'"),
        (["import", labels, tmp_path / "n", "-o", "what=1"], "no option 'what'"),
        (["import", labels, tmp_path / "n", "-o", "what"], "has no value"),
        (["evaluate", place], "no run 'last'"),
        (["predict", place, "--model", "x.safetensors"], "no such file"),
        (["train", place, "--loss", "dise"], "Did you mean 'dice'"),
        (["train", place, "--model", "unett"], "Did you mean"),
        (["train", place, "--size", "50", "50"], "multiples of 32"),
        (["train", place, "--lr", "-1"], "must be more than 0"),
        (["train", place, "--train-split", "x", "--val-split", "val"], "no sample of the split 'x'"),
    ):
        code, _, err = run(capsys, *arguments)
        assert code in (1, 2), arguments
        assert words in err, (arguments, err)
        assert "Traceback" not in err
    assert json.loads(run(capsys, "runs", place, "--json")[1])["runs"] == [], "a wrong call leaves no run"


def test_importing_the_same_twice_changes_nothing(capsys, labels, tmp_path) -> None:
    run(capsys, "import", labels, tmp_path / "d")
    code, _, err = run(capsys, "import", labels, tmp_path / "d")
    assert code == 2
    assert "already" in err
    assert json.loads(run(capsys, "log", tmp_path / "d", "--json")[1])["revisions"][0]["id"] == 2


@pytest.mark.train
def test_train_predict_evaluate_and_compare(capsys, labels, tmp_path) -> None:
    pytest.importorskip("torch")
    place = tmp_path / "d"
    run(capsys, "import", labels, place)
    small = ("--epochs", 1, "--size", 64, 64, "--batch-size", 2, "--device", "cpu", "--precision", "fp32")
    code, out, err = run(capsys, "train", place, *small, "--name", "one", "--json")
    assert code == 0, err
    first = json.loads(out)
    assert (first["run"], set(first["classes"])) == ("one", {"cat", "dog", "grass", "nothing"})
    assert run(capsys, "train", place, *small, "--name", "two", "--loss", "focal(gamma=1)", "--seed", 3,
               "--tag", "focal", "--tag", "paper", "--note", "with the other loss")[0] == 0  # fmt: skip
    two = json.loads(run(capsys, "runs", place, "two", "--json")[1])
    assert (two["tags"], two["notes"]) == (["focal", "paper"], "with the other loss")
    assert run(capsys, "train", place, *small, "--tag", "a/b")[0] == 2
    code, out, _ = run(capsys, "compare", place, "one", "two")
    assert code == 0
    assert "focal(gamma=1)" in out
    assert "mean_iou" in out
    code, out, _ = run(
        capsys, "predict", place, "--model", "one", "--to", tmp_path / "found", "--json", "--device", "cpu",
        "--name", "found", "--tag", "paper",
    )  # fmt: skip
    assert code == 0
    predicted = json.loads(out)
    assert predicted["run"] == "found"
    for name, said in (
        ("found", "there is a run 'found' already"),
        ("../x", "without slashes"),
        ("/tmp/x", "without slashes"),
    ):
        code, _, err = run(capsys, "predict", place, "--model", "one", "--device", "cpu", "--name", name)
        assert (code, said in err) == (2, True)
    assert predicted["samples"] == 6
    assert formats.sniff(tmp_path / "found") == "coco"
    again = ["predict", place, "--model", "one", "--to", tmp_path / "found", "--device", "cpu"]
    assert "--overwrite" in run(capsys, *again)[2]
    assert len(list((tmp_path / "found").iterdir())) > 0
    assert run(capsys, *again, "--overwrite", "--format", "cvat")[0] == 0
    assert formats.sniff(tmp_path / "found") == "cvat"
    code, out, err = run(capsys, "evaluate", place, predicted["run"], "--where", "split = 'val'", "--name", "val")
    assert code == 0, err
    assert "evaluated val, " in run(capsys, "runs", place, "found")[1]
    assert "mean_iou" in out
    assert "COCO mask" in out
    extra = ("panoptic-quality", "boundary-iou", "surface-distance", "instance-matching")
    code, out, err = run(
        capsys, "evaluate", place, predicted["run"], "--json", *(word for entry in extra for word in ("-m", entry))
    )
    assert code == 0, err
    scores = json.loads(out)
    assert 0 <= scores["panoptic-quality"]["pq"] <= 1
    assert scores.keys() >= set(extra)
    code, _, err = run(capsys, "evaluate", place, predicted["run"], "--metric", "magic")
    assert code == 2
    assert "'magic' is not among maskwright's metrics" in err
    assert {each_run["kind"] for each_run in json.loads(run(capsys, "runs", place, "--json")[1])["runs"]} == {
        "train",
        "predict",
    }
    assert "train/loss" in run(capsys, "runs", place, "one")[1]
    assert run(capsys, "train", place, "--resume", "one", "--json")[0] == 0


def test_a_dry_run_shows_and_writes_nothing(capsys, labels, tmp_path) -> None:
    before = sorted(file for file in tmp_path.rglob("*"))
    code, out, _ = run(capsys, "import", labels, "--dry-run", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["dry_run"]
    assert told["format"] == told["candidates"][0]["format"] == "coco"
    assert told["images"] == len(list(formats.read(labels).samples)) > 0
    assert told["segments"] == sum(row["segments"] for row in told["classes"])
    assert told["chosen"]["command"].startswith("maskwright import ")
    code, out, _ = run(capsys, "import", labels, tmp_path / "d", "--dry-run")
    assert code == 0
    assert "read as coco" in out
    assert "plausibility: " in out
    assert out.rstrip().endswith("nothing was written")
    assert sorted(file for file in tmp_path.rglob("*")) == before
    code, _, err = run(capsys, "import", labels)
    assert code == 2
    assert "--dry-run" in err
