"""What an import has read lies in the dataset until it is a revision, on both databases; damage of it is found."""

import json
from dataclasses import replace

import pytest
import sqlalchemy as sql

from maskwright.core.segments import Segments
from maskwright.errors import DatasetError, UsageError
from maskwright.store import Dataset, import_samples, packed_samples, schema, tray
from maskwright.store.tray import Tray, Unfinished


def known(new: bool) -> Unfinished:
    return Unfinished("labels", "maskwright import labels d", {"source": "labels"}, {}, new=new)


def keys(samples) -> list:
    return [[sample.key, sample.key] for sample in samples]


def filled(place, samples, classes, *, new: bool) -> Tray:
    if not new:
        Dataset.create(place, classes).close()
    opened = Tray.begin(place, known(new))
    for at in range(0, len(samples), 2):
        opened.put(samples[at : at + 2], keys(samples[at : at + 2]), {"at": at})
    return opened


def test_samples_come_back_as_they_were(make_samples) -> None:
    samples = make_samples(7)
    samples[3] = replace(samples[3], fields={"of": [1, 2.5, None, {"deep": "日本"}]}, weight=0.25, split="val")
    samples[5] = replace(
        samples[5], own_labels={"ada": samples[5].segments, "ben": Segments.none(samples[5].image.size)}
    )
    back = list(packed_samples.unpack(packed_samples.pack(samples)))
    assert packed_samples.pack(back) == packed_samples.pack(samples)
    assert back[5].own_labels["ada"].masks == samples[5].segments.masks
    assert [len(drawn) for drawn in back[5].own_labels.values()] == [len(samples[5].segments), 0]
    assert [(sample.key, sample.image.uri, sample.fields) for sample in back] == [
        (sample.key, sample.image.uri, sample.fields) for sample in samples
    ]
    assert all((a.segments.masks == b.segments.masks) for a, b in zip(back, samples, strict=True))


@pytest.mark.parametrize("new", [True, False])
def test_it_becomes_a_revision(place, new, make_samples, classes) -> None:
    samples = make_samples(5)
    filled(place, samples, classes, new=new).close()
    assert tray.unfinished(place).samples == 5
    with Tray.take_up(place) as opened:
        assert [key for key, _ in opened.read_as()] == [sample.key for sample in samples]
        done = import_samples(place, classes, opened.samples(), "import", hash_images=False, tray=opened)
    assert (done["samples"], done["revision"]) == (5, 2)
    assert tray.unfinished(place) is None
    with Dataset.open(place) as dataset:
        assert dataset.unfinished is None
        assert (dataset.keys(), dataset.check()) == ([sample.key for sample in samples], [])
        with dataset.database.reading() as connection:
            assert "import_batches" not in sql.inspect(connection).get_table_names()


@pytest.mark.parametrize("new", [True, False])
def test_it_is_taken_back(place, new, make_samples, classes) -> None:
    filled(place, make_samples(5), classes, new=new).close()
    if new:
        with pytest.raises(DatasetError, match="is unfinished") as told:
            Dataset.open(place)
        assert "--take-back" in str(told.value)
    else:
        with Dataset.open(place) as dataset:
            assert (len(dataset), dataset.unfinished.samples) == (0, 5)
    assert tray.take_back(place).samples == 5
    assert Dataset.exists(place) is not new
    with pytest.raises(UsageError, match="no import is unfinished here"):
        tray.take_back(place)
    import_samples(place, classes, make_samples(5), "import", hash_images=False)


@pytest.mark.parametrize("new", [True, False])
def test_a_failure_behind_the_last_sample_keeps_all(place, new, make_samples, classes) -> None:
    opened = filled(place, make_samples(5), classes, new=new)

    def failing():
        yield from opened.samples()
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        import_samples(place, classes, failing(), "import", hash_images=False, tray=opened)
    opened.close()
    with Tray.take_up(place) as again:
        import_samples(place, classes, again.samples(), "import", hash_images=False, tray=again)
    with Dataset.open(place) as dataset:
        assert (len(dataset), dataset.check()) == (5, [])


def test_there_is_one_at_a_time(place, make_samples, classes) -> None:
    samples = make_samples(4)
    first = filled(place, samples, classes, new=False)
    with pytest.raises(UsageError, match="an import of labels is unfinished"):
        Tray.begin(place, known(new=False))
    second = Tray.take_up(place)  # as after a long silence
    for fails in (lambda: first.put(samples[:1], keys(samples[:1]), None), first.take_back):
        with pytest.raises(DatasetError, match="by another process"):
            fails()
    first.close()
    second.take_back()
    assert tray.unfinished(place) is None


def test_who_is_at_it(tmp_path, make_samples, classes) -> None:
    from maskwright.core.owner import Owner

    opened = filled(tmp_path / "d", make_samples(2), classes, new=True)
    opened.close()
    mine = opened.known
    assert not mine.is_going_on  # it is this process
    other = replace(Owner.me(), pid=1, started=Owner.me().started)
    assert not replace(mine, owner={**other.to_json(), "pid": 2**31 - 1}).is_going_on
    far = replace(mine, owner={**other.to_json(), "host": "elsewhere"})
    assert far.is_going_on
    assert not replace(far, seen=far.seen - tray.SILENT - 1).is_going_on


@pytest.mark.parametrize("content", [b"", b"abc", packed_samples.pack([])[:-1]])
def test_damage_is_found(content, tmp_path, make_samples, classes) -> None:
    with filled(tmp_path / "d", make_samples(4), classes, new=True) as opened:
        with opened.database.writing() as connection:
            connection.execute(tray._batches.update().where(tray._batches.c.number == 1).values(content=content))
        with pytest.raises(DatasetError, match="not what was written"):
            list(opened.samples())
        with opened.database.writing() as connection:
            table = schema.meta
            connection.execute(table.update().where(table.c.name == "import").values(value=json.dumps({"a": 1})))
        with pytest.raises(DatasetError, match="unfinished import cannot be read"):
            tray.unfinished(tmp_path / "d")
