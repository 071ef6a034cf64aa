"""Which file system a place lies on: on those that machines share, SQLite's locks and shared memory do not hold."""

from pathlib import Path

#: Kinds as the kernel names them; of those in user space (fuse.NAME) the names.
_NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "cephfs", "lustre", "gpfs", "beegfs", "glusterfs",
    "orangefs", "pvfs2", "ocfs2", "gfs2", "9p", "vboxsf", "sshfs", "s3fs", "goofys", "rclone", "gcsfuse", "davfs",
    "davfs2", "mount-s3", "blobfuse", "blobfuse2", "juicefs", "weka", "wekafs", "moosefs", "mfs", "lizardfs",
    "seaweedfs",
})  # fmt: skip

TABLE = Path("/proc/self/mountinfo")


def network(place: Path) -> str | None:
    """The kind of the network file system that `place` lies on; None for a local one, and where nobody can tell."""
    kind = _kind(place)
    plain = kind.removeprefix("fuse.") if kind is not None else ""
    return kind if plain in _NETWORK else None


def _kind(place: Path) -> str | None:
    try:
        lines = TABLE.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    path = place.resolve()
    best, kind = -1, None
    for line in lines:
        # "36 35 98:0 /root /mount/point options… - type source options"; blanks are written as \040
        left, found, right = line.partition(" - ")
        fields = left.split(" ")
        if not found or len(fields) < 5:
            continue
        point = Path(_plain(fields[4]))
        if path.is_relative_to(point) and len(point.parts) >= best:  # of two at one point the later lies on top
            best, kind = len(point.parts), right.split(" ")[0]
    return kind


def _plain(text: str) -> str:
    for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, letter)
    return text
