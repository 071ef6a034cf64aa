"""Who owns a running run: a process, known by its machine, its number and when it began; and whether it still lives.

On its own machine a process is asked for; elsewhere only its last sign of life tells.
"""

import secrets
import weakref
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.owner import Owner

#: Seconds between two signs of life, and after how many without one a process elsewhere counts as dead.
BEAT, SILENCE = 15.0, 600.0

#: What this process owns, by token: an owner that was let go of is not an owner.
_held: "weakref.WeakValueDictionary[str, object]" = weakref.WeakValueDictionary()


def new_owner(holder: object) -> dict[str, Any]:
    """The process itself as owner, for as long as `holder` is kept."""
    token = secrets.token_hex(16)
    _held[token] = holder
    return {**Owner.me().to_json(), "token": token}


def let_go(owner: Mapping[str, Any]) -> None:
    _held.pop(str(owner["token"]), None)


def alive(owner: Mapping[str, Any] | None, heartbeat: str | None, now: datetime) -> bool:
    """Is the owner of a run at work? No owner is dead.

    heartbeat: its last sign of life, by the same clock as `now`; only asked where the process cannot be.
    """
    if not owner:
        return False
    process, me = Owner.from_json(owner), Owner.me()
    if process == me:
        return owner.get("token") in _held
    if process is not None and process.host == me.host:
        return not process.is_gone()
    return heartbeat is not None and now - datetime.fromisoformat(heartbeat) < timedelta(seconds=SILENCE)


def clock(connection: Connection) -> datetime:
    """The time that all who share the database agree on: a server's own, else this machine's."""
    if connection.dialect.name == "postgresql":
        found: datetime = connection.execute(sql.select(sql.func.clock_timestamp())).scalar_one()
        return found.astimezone(UTC)
    return datetime.now(UTC)


def told(owner: Mapping[str, Any] | None) -> str:
    """An owner in words."""
    return "nobody" if not owner else f"process {owner.get('pid')} on {str(owner.get('host')).partition('/')[0]}"
