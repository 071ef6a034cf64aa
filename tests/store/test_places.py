"""Where a dataset can be, told from the address alone."""

from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.store.places import check_place


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("s3://bucket/set", "an object store is not a place for a dataset"),
        ("gs://bucket/set", "an object store"),
        (Path("s3://bucket/set"), "an object store"),
        ("https://example.org/set", "a web address"),
        ("mysql://ann@host/set", "an address of mysql"),
        ("mongodb+srv://host/set", "an address of mongodb"),
        ("sqlite:///set/maskwright.db", "given by its folder"),
        ("file:///data/set", "given by its folder"),
        ("postgresql://host:port/set", "cannot be read"),
        ("postgresql://ann:ge@heim@host/set", "%40"),
    ],
)
def test_an_address_that_keeps_no_dataset_is_refused_in_words(place, words, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        check_place(place)
    assert words in str(caught.value)
    assert "heim" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "place",
    [
        "street", "/data/street", Path("a b#?%/street"), "C:\\data\\street", "C:/data/street", "proj:1/street", "s3/street",
        "postgresql://ann@host/set", "postgres://ann:ge%40heim@host:5432/set", "postgresql+psycopg:///set?host=/tmp/x",
        "postgresql://ann@server:word@host/set",
    ],
)  # fmt: skip
def test_folders_and_servers_pass(place) -> None:
    check_place(place)


@pytest.mark.postgres
def test_a_server_knows_whose_a_run_is_and_its_password_is_nowhere(
    postgres, capsys, make_samples, classes, tmp_path, monkeypatch
) -> None:
    import sqlalchemy as sql

    from maskwright import formats
    from maskwright.cli import main
    from maskwright.runs import Run, find, list_runs, ownership
    from maskwright.store import Dataset, schema

    engine = sql.create_engine(postgres.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS whose")
        connection.exec_driver_sql("CREATE DATABASE whose")
    engine.dispose()
    place = postgres.replace("/postgres?", "/whose?").replace("tester@", "tester:geh%2Feim@")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["maskwright", "train", place])
    formats.write(make_samples(4), classes, tmp_path / "labels", "coco")
    main_calls = (["import", "labels", place], ["show", place], ["log", place, "--json"], ["runs", place, "--json"],
                  ["runs", place, "one"], ["evaluate", place], ["doctor", place, "--json"])  # fmt: skip

    with Dataset.create(place, classes) as dataset:
        run = Run.start(dataset, "train", {}, name="one")
        Run.start(dataset, "train", {}, name="two").finish()
        assert [record["number"] for record in list_runs(dataset)] == [2, 1]
        assert find(dataset, "one")["status"] == "running"
        assert run.folder == Path("runs/one")
        run._beaten -= ownership.BEAT + 1
        run.beat()
        with dataset.database.writing() as connection:
            owner = connection.execute(sql.select(schema.runs.c.owner).where(schema.runs.c.id == "one")).scalar_one()
            connection.execute(
                schema.runs.update().where(schema.runs.c.id == "one").values(owner={**owner, "host": "h2"})
            )
        assert find(dataset, "one")["status"] == "running", "it gave a sign of life just now"
        with dataset.database.writing() as connection:
            connection.execute(schema.runs.update().values(heartbeat="2001-01-01T00:00:00+00:00"))
        assert [record["status"] for record in list_runs(dataset)] == ["done", "dead"]
        Run.resume(dataset, "one").finish("failed")
        assert find(dataset, "one")["status"] == "failed"
        with dataset.database.reading() as connection:
            held = str(connection.execute(sql.select(schema.runs)).all())
        assert "eim" not in held
    for arguments in main_calls:
        with pytest.raises(SystemExit):
            main(arguments)
        found = capsys.readouterr()
        assert "eim" not in found.out + found.err, arguments
        assert "Traceback" not in found.err
