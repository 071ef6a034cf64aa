"""Places where no dataset can be, told from their address alone and said in words before anything is made."""

import re
from pathlib import Path

from maskwright.core.names import shown_place
from maskwright.errors import UsageError

SERVERS = ("postgresql", "postgresql+psycopg", "postgres")
STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "wasb", "wasbs", "hdfs", "oss", "r2")
WEB = ("http", "https", "ftp", "ftps", "sftp", "ssh", "scp", "webdav", "webdavs", "hf", "git", "git+https")
FILES = ("file", "sqlite", "sqlite3", "sqlite+pysqlite")

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):/(/?)")
_PASSWORD = re.compile(r"[^:]+://[^:/?]*:(?P<password>[^?]*)@")


#: Servers that this process or the one it was forked from asked: address without its password -> the whole address.
_asked: dict[str, str] = {}


def without_password(url: str) -> str:
    """A server's address without any password in it, always spelled the same way."""
    import sqlalchemy as sql

    bare = sql.make_url(url).set(drivername="postgresql", password=None)
    return bare.difference_update_query(["password", "sslpassword"]).render_as_string()


def remember(url: str) -> None:
    """Keep a server's address for `with_password`, for as long as the process lives."""
    _asked[without_password(url)] = url


def with_password(place: str) -> str:
    """The address as it was given here before; as it is where there was none, and for a folder."""
    return _asked.get(place, place)


def server_of(url: str) -> str:
    """What two addresses of one server's database have in common."""
    import sqlalchemy as sql

    there = sql.make_url(url)
    return repr((there.host or there.query.get("host"), there.port or 5432, there.database))


def check_place(place: str | Path) -> None:
    """Raises UsageError for the address of something that keeps no dataset, such as s3://BUCKET/FOLDER.

    A folder, a file and a PostgreSQL server's address pass; nothing is opened or asked.
    """
    text = str(place)
    if not text.strip():
        raise UsageError("the dataset's place is empty", needed="a folder, or postgresql://…")
    address = _ADDRESS.match(text)
    if address is None:
        return
    scheme = address[1].lower()
    if scheme in SERVERS:
        _check_server(text)
        return
    # A path made of an address has one slash: such a thing is an address only where its scheme is known.
    if not address[2] and scheme not in {*STORES, *WEB, *FILES}:
        return
    where = "an object store" if scheme in STORES else "a web address" if scheme in WEB else f"an address of {scheme}"
    found, todo = f"{where} is not a place for a dataset", "Its images may lie there; give the dataset a folder."
    if scheme in FILES:
        found = "a dataset on this machine is given by its folder, not by an address"
        todo = "Leave out what stands before the path."
    raise UsageError(found, file=shown_place(text), needed="a local folder, or postgresql://…", todo=todo)


def _check_server(text: str) -> None:
    import sqlalchemy as sql

    userinfo = _PASSWORD.match(text)
    if userinfo is not None and "@" in userinfo["password"]:
        raise UsageError(
            'the password holds an "@" as it is', file=shown_place(text), needed="%40 in its place",
            todo="The same goes for / (%2F), ? (%3F), # (%23) and % (%25).",
        )  # fmt: skip
    try:
        sql.make_url(text)
    except (sql.exc.ArgumentError, ValueError):
        raise UsageError(
            "the address cannot be read", file=shown_place(text), needed="postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        ) from None
