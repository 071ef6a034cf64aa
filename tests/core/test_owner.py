"""Who made something: whether a process is surely gone."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from maskwright.core.owner import Owner

AS_JSON = "import json; from maskwright.core.owner import Owner; print(json.dumps(Owner.me().to_json()))"


def test_a_living_process_is_not_gone_and_an_ended_one_is() -> None:
    assert not Owner.me().is_gone()
    said = subprocess.run([sys.executable, "-c", AS_JSON], capture_output=True, text=True, check=True).stdout
    other = Owner.from_json(json.loads(said))
    assert other is not None
    assert other.host == Owner.me().host
    assert other.is_gone()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="when a process began is known from /proc")
def test_the_same_number_later_is_another_process() -> None:
    assert replace(Owner.me(), started="another boot/12").is_gone()


def test_nothing_is_known_of_processes_elsewhere() -> None:
    assert not replace(Owner.me(), host="elsewhere", pid=2**31 - 1).is_gone()


@pytest.mark.parametrize(
    "content",
    [None, [], {}, {"host": "a", "pid": "1", "started": ""}, {"host": "a", "pid": -1, "started": ""},
     {"host": 1, "pid": 1, "started": ""}, {"host": "a", "pid": True, "started": "x"}],
)  # fmt: skip
def test_what_is_no_owner_is_none(content: object) -> None:
    assert Owner.from_json(content) is None
