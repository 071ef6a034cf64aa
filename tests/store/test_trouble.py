"""Killed writers, full disks, read-only folders, files that are not datasets."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskwright import media
from maskwright.core.mask import Mask
from maskwright.errors import DatasetError, FormatError
from maskwright.store import Dataset

WRITER = """
import sys
import numpy as np
from maskwright.core.mask import Mask
from maskwright.store import Dataset
dataset = Dataset.open(sys.argv[1])
size = dataset["a"].image.size
rng = np.random.default_rng(int(sys.argv[2]))
while True:
    with dataset.edit("more") as edit:
        for key in ("a", "sub/folder/x", "日本"):
            edit.set_segment(key, 1, mask=Mask.encode(rng.random(dataset[key].image.size) < 0.5))
    print(dataset.revision, flush=True)  # acknowledged
"""


@pytest.fixture
def filled(tmp_path, make_samples, classes):
    with Dataset.create(tmp_path / "dataset", classes) as dataset, dataset.edit("add") as edit:
        for sample in make_samples(6):
            edit.add(sample)
    return tmp_path / "dataset"


@pytest.mark.slow
def test_killing_a_writer_many_times_loses_nothing_acknowledged(filled: Path) -> None:
    rng = np.random.default_rng(0)
    last = 2
    for attempt in range(12):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(filled), str(attempt)], stdout=subprocess.PIPE, text=True
        )
        acknowledged = int(writer.stdout.readline())
        time.sleep(rng.uniform(0, 0.05))
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read().split("\n")
        writer.wait()
        writer.stdout.close()
        acknowledged = max([acknowledged, *(int(line) for line in rest[:-1] if line)])
        with Dataset.open(filled) as dataset:
            assert dataset.revision >= acknowledged > last
            last = dataset.revision
            assert dataset.check() == []
            assert len(dataset) == 6
            # A revision is whole: it changed all three samples.
            assert len(dataset.diff("head~1")) == 3


def test_a_full_disk_is_said_and_changes_nothing(filled: Path, make_samples) -> None:
    import sqlalchemy as sql

    with Dataset.open(filled) as dataset:
        with dataset.database.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

        @sql.event.listens_for(dataset.database.engine, "begin", insert=True)
        def _limit(connection) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        big = Mask.encode(np.random.default_rng(0).random(dataset["a"].image.size) < 0.5)
        with pytest.raises(DatasetError, match="disk is full"), dataset.edit("too much") as edit:
            for _ in range(200):
                edit.set_segment("a", 1, mask=big, score=float(_))
                edit.put("日本", dataset["日本"].segments[:0])
                edit.add(replace(dataset["a"], key=f"copy {_}"))
    with Dataset.open(filled) as dataset:
        assert dataset.revision == 2
        assert dataset.check() == []


def test_a_read_only_folder_can_be_read(filled: Path) -> None:
    program = (
        "import sys, os\n"
        "from maskwright.store import Dataset\n"
        "from maskwright.errors import MaskwrightError\n"
        "list(Dataset.open(sys.argv[1], read_only=True))\n"  # loads all it needs while it may
        "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "dataset = Dataset.open(sys.argv[1])\n"
        "print(len(dataset), len(list(dataset)))\n"
        "try:\n"
        "    with dataset.edit('x') as edit: edit.remove('a')\n"
        "except MaskwrightError as error: print(error)\n"
        "try: Dataset.create(sys.argv[1] + '/new')\n"
        "except MaskwrightError as error: print(error)\n"
    )
    for folder in (filled, *filled.parents):
        if folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    filled.chmod(0o555)
    (filled / "maskwright.db").chmod(0o444)
    done = subprocess.run([sys.executable, "-c", program, str(filled)], capture_output=True, text=True)
    filled.chmod(0o755)
    assert done.stdout.startswith("6 6\n"), done.stderr
    assert "reading only" in done.stdout
    assert "cannot be" in done.stdout


def test_what_is_no_dataset_is_refused(tmp_path: Path, filled: Path) -> None:
    with pytest.raises(DatasetError, match="no dataset here"):
        Dataset.open(tmp_path / "nowhere")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "maskwright.db").write_text("hello")
    with pytest.raises(DatasetError, match="not a dataset"):
        Dataset.open(tmp_path / "text")
    sqlite3.connect(tmp_path / "other.db").execute("create table x (y)").connection.close()
    with pytest.raises(DatasetError, match="no Maskwright dataset"):
        Dataset.open(tmp_path / "other.db")
    file = filled / "maskwright.db"
    file.write_bytes(file.read_bytes()[:100] + b"\xff" * 3000 + file.read_bytes()[3100:])
    with pytest.raises(DatasetError, match=r"damaged|refused"), Dataset.open(filled) as dataset:
        list(dataset)


def test_a_newer_version_is_refused(filled: Path) -> None:
    with sqlite3.connect(filled / "maskwright.db") as raw:
        raw.execute("update maskwright set value = '999' where name = 'schema'")
    raw.close()
    with pytest.raises(DatasetError, match=r"newer Maskwright[\s\S]*Upgrade"):
        Dataset.open(filled)


def test_a_moved_folder_finds_its_images(tmp_path, make_samples, classes) -> None:
    home = tmp_path / "home"
    home.mkdir()
    sample = make_samples(1)[0]
    inside = home / "images" / "x.png"
    inside.parent.mkdir()
    inside.write_bytes(Path(sample.image.uri).read_bytes())
    with Dataset.create(home, classes) as dataset, dataset.edit("add") as edit:
        edit.add(replace(sample, image=replace(sample.image, uri=str(inside))))
    home.rename(tmp_path / "away")
    with Dataset.open(tmp_path / "away") as dataset:
        assert media.read(dataset["a"].image).display().shape[:2] == sample.image.size


def test_a_failing_import_leaves_no_dataset(tmp_path, make_samples, classes) -> None:
    from maskwright.store import transfer

    def broken():
        yield from make_samples(3)
        raise FormatError("broken")

    with pytest.raises(FormatError):
        transfer.import_samples(tmp_path / "new", classes, broken(), "x")
    assert not (tmp_path / "new").exists()
    transfer.import_samples(tmp_path / "new", classes, make_samples(3), "x")
    with pytest.raises(FormatError):
        transfer.import_samples(
            tmp_path / "new", classes, (replace(each, key=each.key + "2") for each in broken()), "x"
        )
    with Dataset.open(tmp_path / "new") as dataset:
        assert dataset.revision == 2
