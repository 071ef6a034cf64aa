"""A column that is built in is one entry: SQL, Parquet, conditions, reports of losses and the page's types have it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = r"""
import json, sys
from pathlib import Path
from maskwright.core import columns

mood = columns.Column("mood", "category", "sample", values=("good", "bad"), description="how the image feels")
depth = columns.Column("depth", "number", "segment", unit="m", description="how far away it is")
columns.BUILT_IN["sample"] = columns.SAMPLE = (*columns.SAMPLE, mood)
columns.BUILT_IN["segment"] = columns.SEGMENT = (*columns.SEGMENT, depth)

import numpy as np
from pyarrow import parquet
import sqlalchemy as sql
from maskwright import formats
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.store import Dataset, snapshot, schema

folder = Path(sys.argv[1])
classes = Classes([Class(1, "cell")])
masks = Mask.encode(np.ones((4, 5), bool)).batch
rich = Sample("rich", ImageRef("/x/rich.png", (4, 5)), Segments(masks, [1], more={"depth": [2.5]}), more={"mood": "bad"})
bare = Sample("bare", ImageRef("/x/bare.png", (4, 5)), Segments(masks, [1]))
out = {}
with Dataset.create(folder / "set", classes) as dataset:
    with dataset.edit("fill") as edit:
        edit.add(rich, hash_image=False)
        edit.add(bare, hash_image=False)
    with dataset.database.reading() as connection:
        out["sql"] = [list(connection.execute(sql.text(text)).scalars())
                      for text in ("SELECT mood FROM samples", "SELECT depth FROM segments")]
    assert list(dataset) == [rich, bare]
    snapshot.write(dataset, folder / "view.parquet")
    found = parquet.read_table(folder / "view.parquet")
    out["parquet"] = [found.column("mood").to_pylist(),
                      [row[0]["depth"] for row in found.column("segments").to_pylist()]]
    assert list(snapshot.read(folder / "view.parquet")[1]) == [rich, bare]
    out["table"] = [dataset.table().column("mood").to_pylist(), dataset.table("segment").column("depth").to_pylist()]
    out["where"] = [dataset.where(text).keys() for text in ("mood = 'bad'", "depth > 2", "mood is null")]
    out["losses"] = {name: sorted({loss.cause for loss in formats.losses([rich], classes, name)} & {"mood", "depth"})
                     for name in formats.writers()}
    out["said"] = formats.CAUSES["depth"]
    with dataset.edit("set") as edit:
        edit.set("bare", mood="good")
        edit.set_segment("bare", 1, depth=1)
    out["set"] = [dataset["bare"].more, dict(dataset["bare"].segments.more)]
    assert dataset.set_where("", {"mood": "good"}).changed == 1
    assert dataset.check() == []
    from maskwright.studio import Settings, create_app
    made = create_app(dataset, Settings("for the schema only")).app.openapi()["components"]["schemas"]
    out["wire"] = [made["ImageInfo"]["properties"].get("mood"), made["SegmentInfo"]["properties"].get("depth")]
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("column")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_sql_has_it(found: dict) -> None:
    assert found["sql"] == [["bad", None], [2.5, None]]
    assert found["set"] == [{"mood": "good"}, {"depth": [1.0]}]


def test_parquet_and_tables_have_it(found: dict) -> None:
    assert found["parquet"] == [["bad", None], [2.5, None]]
    assert found["table"] == [["bad", None], [2.5, None]]


def test_conditions_have_it(found: dict) -> None:
    assert found["where"] == [["rich"], ["rich"], ["bare"]]


def test_every_report_of_losses_names_it(found: dict) -> None:
    assert len(found["losses"]) > 15
    assert all(causes == ["depth", "mood"] for causes in found["losses"].values()), found["losses"]
    assert found["said"] == "how far away it is"


def test_the_page_has_its_type(found: dict) -> None:
    mood, depth = found["wire"]
    assert {"type": "null"} in mood["anyOf"]
    assert {"type": "number"} in depth["anyOf"]
    declared = (Path(__file__).parents[2] / "web" / "src" / "api" / "schema.ts").read_text()
    assert "annotator?:" in declared, "the page's types are those of the wire"
