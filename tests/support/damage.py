"""Ways to damage one file, by what kind of file it is; the same generator gives the same damage."""

import gzip
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

Random = np.random.Generator


class Raw(str):
    """Text that stands in JSON or YAML as it is, such as a number that Python cannot write."""

    __slots__ = ()


_DEEP = 20_000

#: What may stand where a file has a value: numbers that fit nowhere, names that lead elsewhere, other kinds.
VALUES: tuple[Any, ...] = (
    Raw("1e400"), Raw("-1e400"), Raw("NaN"), -1, 0, 1, 2, 255, 70000, 2**31, 2**32, 2**40, 2**53, 2**63, 2**70, -(2**70), 0.5,
    -0.25, 1e300, "", "x", "1", "\0", "a\0b", "a" * 5000, "ä" * 300, "../../x", "..", "/etc", "/x/y.png", "a\\b", "C:\\x",
    "\ud800", "\u202ea", "line\nfeed", "NaN", "1e400", "last", None, True, False, [], {}, [[]], [None], [1, 2, 3], ["x"] * 4,
    [-1, 2**70], {"a": None}, {"id": 1}, [{}], Raw("[" * _DEEP + "]" * _DEEP), Raw('{"a":' * _DEEP + "1" + "}" * _DEEP),
)  # fmt: skip

_SAFE_TEXT = [value for value in VALUES if isinstance(value, str) and not isinstance(value, Raw)]
_NUMBERS = [str(value) for value in VALUES if isinstance(value, int | float) and not isinstance(value, bool)]
WORDS = [*_NUMBERS, "1e400", "nan", "inf", "-inf", "", "-", "x", "0x10", "1_0", "٣", "²", "\0", "a" * 5000, "../x", "1,2", "🙂"]  # fmt: skip


def damaged(content: bytes, name: str, random: Random) -> bytes:
    """The content of the file `name`, damaged in one way: as bytes, or as what it holds."""
    ways = _WAYS.get(kind_of(name), [])
    if ways and random.random() < 0.65:
        way = ways[int(random.integers(len(ways)))]
        try:
            return way(content, random)
        except (ValueError, KeyError, IndexError, zlib.error, OSError, RecursionError):
            pass  # this file has nothing of that kind
    return as_bytes(content, random)


def kind_of(name: str) -> str:
    low = name.lower()
    if low.endswith(".nii.gz"):
        return "nifti"
    end = low.rsplit(".", 1)[-1]
    return {"geojson": "json", "yml": "yaml", "tiff": "tif", "csv": "text", "txt": "text", "jpeg": "jpg"}.get(end, end)


# -- any file ------------------------------------------------------------------------------------------------


def as_bytes(content: bytes, random: Random) -> bytes:
    way = random.choice(
        [
            "flip",
            "flip",
            "flip",
            "cut",
            "cut",
            "remove",
            "insert",
            "double",
            "blank",
            "empty",
            "mark",
            "utf16",
            "bad utf8",
            "swap",
        ]
    )
    size = len(content)
    if way == "empty" or not size:
        return b"" if random.random() < 0.5 else b"\0" * int(random.integers(1, 100))
    at = int(random.integers(size))
    length = min(int(random.integers(1, 64)), size - at)
    if way == "flip":
        out = bytearray(content)
        for place in random.integers(0, size, int(random.integers(1, 17))).tolist():
            out[place] ^= 1 << int(random.integers(8))
        return bytes(out)
    if way == "cut":
        return content[:at]
    if way == "remove":
        return content[:at] + content[at + length :]
    if way == "insert":
        return content[:at] + random.bytes(length) + content[at:]
    if way == "double":
        return content[: at + length] + content[at : at + length] * int(random.integers(1, 4)) + content[at + length :]
    if way == "blank":
        return content[:at] + bytes([int(random.choice([0, 32, 255]))]) * length + content[at + length :]
    if way == "swap":
        other = int(random.integers(size))
        block = content[other : other + length]
        return content[:at] + block + content[at + len(block) :]
    if way == "mark":
        return random.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0"]) + content
    if way == "utf16":
        return content.decode("latin-1").encode("utf-16")
    return content[:at] + b"\xff\xc0\x80\xed\xa0\x80" + content[at:]


# -- values inside -------------------------------------------------------------------------------------------


def places(value: Any, found: list[tuple[Any, Any]] | None = None) -> list[tuple[Any, Any]]:
    """Every (container, key) in a tree of dicts and lists."""
    found = [] if found is None else found
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(rows):
        found.append((value, key))
        places(inner, found)
    return found


def change(tree: Any, random: Random) -> Any:
    """One place of the tree with another value, key or number of them; the tree itself is changed."""
    found = places(tree)
    if not found:
        return random_value(random)
    container, key = found[int(random.integers(len(found)))]
    value = container[key]
    way = random.choice(["value", "value", "value", "value", "near", "near", "key", "drop", "twice", "wrap"])
    if way == "near":
        near = _near(value, random)
        container[key] = random_value(random) if near is None else near
    elif way == "key" and isinstance(container, dict):
        del container[key]
        container[_SAFE_TEXT[int(random.integers(len(_SAFE_TEXT)))]] = value
    elif way == "drop":
        del container[key]
    elif way == "twice" and isinstance(container, list):
        container.insert(key, value)
    elif way == "wrap":
        container[key] = [value] if random.random() < 0.5 else {"x": value}
    else:
        container[key] = random_value(random)
    return tree


def random_value(random: Random) -> Any:
    return VALUES[int(random.integers(len(VALUES)))]


def _near(value: Any, random: Random) -> Any:
    """Of the same kind and a little or much different; None where there is no such."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return [value + 1, value - 1, -value, value * 1000, value + 0.5, str(value), value * 10**12][random.integers(7)]
    if isinstance(value, str):
        at = int(random.integers(len(value) + 1))
        return [value[:at], value + value, value[:at] + "\0" + value[at:], value * 500, value[:at] + "~" + value[at:]][
            random.integers(5)
        ]
    if isinstance(value, list):
        return [value[:-1], value * 2, value[::-1], [value]][random.integers(4)]
    return None


_RAW = re.compile('"@raw:([^"]*)@"')


def dumped(tree: Any) -> str:
    """JSON with raw pieces as they are."""
    pieces: list[str] = []

    def marked(value: Any) -> Any:
        if isinstance(value, Raw):
            pieces.append(str(value))
            return f"@raw:{len(pieces) - 1}@"
        if isinstance(value, dict):
            return {key: marked(inner) for key, inner in value.items()}
        return [marked(inner) for inner in value] if isinstance(value, list) else value

    text = json.dumps(marked(tree), ensure_ascii=True)
    return _RAW.sub(lambda match: pieces[int(match[1])], text)


def in_json(content: bytes, random: Random) -> bytes:
    return dumped(change(json.loads(content), random)).encode()


def deep_json(content: bytes, random: Random) -> bytes:
    """A value, or the whole file, inside thousands of brackets."""
    deep = int(random.choice([200, 2000, 200_000]))
    opening, closing = ("[", "]") if random.random() < 0.5 else ('{"a":', "}")
    text = content.decode()
    if random.random() < 0.3:
        return (opening * deep + text + closing * deep).encode()
    tree = json.loads(text)
    container, key = places(tree)[int(random.integers(len(places(tree))))]
    container[key] = Raw(opening * deep + "1" + closing * deep)
    return dumped(tree).encode()


def in_yaml(content: bytes, random: Random) -> bytes:
    import yaml

    tree = change(yaml.safe_load(content), random)
    return dumped(tree).encode()  # JSON is YAML


def hostile_yaml(content: bytes, random: Random) -> bytes:
    bomb = "\n".join(
        ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        + [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 10)]
    )
    lines = [
        bomb, bomb + "\nnames: *a9", bomb + "\ntrain: *a9", "names: &n [*n]", "a: &a {<<: *a}", "names: !!python/object/apply:os.getcwd []",
        "train: !!python/name:os.system", "names: !!binary aGVsbG8=", "names: 2001-01-01", "names: !!set {a, b}", "? [a, b]\n: c",
        "names: !!timestamp x", "path: !!float .inf", "names: " + "[" * 5000, "names: {" + "a: {" * 3000, "<<: 5", "names: !!int x",
        "\tnames: 1", "--- a\n--- b", "names: 0o777777777777777777777777", "names: 190:20:30",
    ]  # fmt: skip
    line = lines[int(random.integers(len(lines)))]
    text = content.decode()
    key = line.rsplit("\n", 1)[-1].split(":")[0]
    kept = re.sub(rf"(?ms)^{re.escape(key)}:.*?(?=^\w|\Z)", "", text) if key.isalpha() else text
    return (line + "\n" + kept if random.random() < 0.7 else kept + "\n" + line).encode()


def in_xml(content: bytes, random: Random) -> bytes:
    """An attribute's or an element's text replaced."""
    text = content.decode()
    found = list(re.finditer(r'="([^"]*)"|>([^<>]+)<', text))
    match = found[int(random.integers(len(found)))]
    group = 1 if match[1] is not None else 2
    value = str(WORDS[int(random.integers(len(WORDS)))])
    return (text[: match.start(group)] + value + text[match.end(group) :]).encode("utf-8", "replace")


def hostile_xml(content: bytes, random: Random) -> bytes:
    text = content.decode()
    bomb = "".join(f'<!ENTITY a{k} "{f"&a{k - 1};" * 10}">' for k in range(1, 10))
    options = [
        f'<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">{bomb}]><annotations>&a9;</annotations>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><annotations><image name="&e;"/></annotations>',
        re.sub(r"^<\?xml[^>]*\?>", "", text) and "<a>" * 50_000 + "</a>" * 50_000,
        re.sub(r"(<image |<object)", "<b>" * 3000 + "</b>" * 3000 + r"\1", text, count=1),
        text.replace('encoding="utf-8"', 'encoding="utf-7"'), text.replace('encoding="utf-8"', 'encoding="nonsense"'),
        re.sub(r"<image (.*?)>", r"<image>", text, count=1), re.sub(r"<(\w+)/>", r"<\1>", text, count=1),
    ]  # fmt: skip
    return options[int(random.integers(len(options)))].encode()


def in_text(content: bytes, random: Random) -> bytes:
    """One word of a table or a list replaced, dropped or doubled."""
    text = content.decode()
    found = list(re.finditer(r"[^\s,;:]+", text))
    match = found[int(random.integers(len(found)))]
    word = [
        str(WORDS[int(random.integers(len(WORDS)))]),
        "",
        match[0] + " " + match[0],
        "-" + match[0],
        match[0] + "9" * 20,
    ][random.integers(5)]
    return (text[: match.start()] + word + text[match.end() :]).encode("utf-8", "replace")


# -- headers that lie ----------------------------------------------------------------------------------------

_HUGE = (0, 1, 30_000, 65_535, 70_000, 2**31 - 1, 2**32 - 1)


def png_size(content: bytes, random: Random) -> bytes:
    """Another width or height, with the right checksum."""
    out = bytearray(content)
    place = 16 + 4 * int(random.integers(2))
    struct.pack_into(">I", out, place, _HUGE[int(random.integers(len(_HUGE)))])
    struct.pack_into(">I", out, 29, zlib.crc32(bytes(out[12:29])))
    return bytes(out)


def png_kind(content: bytes, random: Random) -> bytes:
    """Another depth, colour type or interlacing, with the right checksum."""
    out = bytearray(content)
    out[24 + int(random.choice([0, 1, 4]))] = int(random.choice([0, 1, 2, 3, 4, 6, 16, 255]))
    struct.pack_into(">I", out, 29, zlib.crc32(bytes(out[12:29])))
    return bytes(out)


def png_other(content: bytes, random: Random) -> bytes:
    """Another picture altogether: size, mode and values do not fit."""
    from PIL import Image

    size = tuple(int(side) for side in random.integers(1, 60, 2))
    mode = str(random.choice(["1", "L", "P", "RGB", "RGBA", "LA", "I;16"]))
    image = Image.frombytes("RGB", size, random.bytes(3 * size[0] * size[1]))
    if mode == "I;16":
        image = Image.fromarray(random.integers(0, 65536, size, dtype=np.uint16))
    out = io.BytesIO()
    (image if mode in ("RGB", "I;16") else image.convert(mode)).save(out, "PNG")
    return out.getvalue()


def tiff_tag(content: bytes, random: Random) -> bytes:
    """One tag of a page with another value, count or type."""
    end = "<" if content[:2] == b"II" else ">"
    pages = []
    at = struct.unpack_from(end + "I", content, 4)[0]
    while at and len(pages) < 8:
        pages.append(at)
        number = struct.unpack_from(end + "H", content, at)[0]
        at = struct.unpack_from(end + "I", content, at + 2 + 12 * number)[0]
    page = pages[int(random.integers(len(pages)))]
    number = struct.unpack_from(end + "H", content, page)[0]
    entry = page + 2 + 12 * int(random.integers(number))
    out = bytearray(content)
    way = int(random.integers(4))
    if way == 0:
        struct.pack_into(end + "I", out, entry + 8, _HUGE[int(random.integers(len(_HUGE)))])
    elif way == 1:
        struct.pack_into(end + "I", out, entry + 4, _HUGE[int(random.integers(len(_HUGE)))])
    elif way == 2:
        struct.pack_into(end + "H", out, entry + 2, int(random.integers(20)))
    else:
        struct.pack_into(end + "I", out, page + 2 + 12 * number, int(random.choice([4, page, len(content) - 2])))
    return bytes(out)


def npy_header(content: bytes, random: Random) -> bytes:
    shapes = ["(1000000, 1000000)", "(-1, 5)", "()", "(0, 0)", "(2,)", "(3, 3, 3, 3)", "'x'", "(99999999999999999999,)"]
    kinds = ["'|O'", "'<f8'", "'<c16'", "'|S5'", "'<M8[s]'", "[('a', '<i4')]", "5", "'<u8'"]
    header = content[10 : 10 + struct.unpack_from("<H", content, 8)[0]].decode()
    if random.random() < 0.5:
        header = re.sub(r"'shape': \([^)]*\)", "'shape': " + shapes[int(random.integers(len(shapes)))], header)
    else:
        header = re.sub(r"'descr': '[^']*'", "'descr': " + kinds[int(random.integers(len(kinds)))], header)
    length = struct.unpack_from("<H", content, 8)[0]
    return content[:8] + struct.pack("<H", len(header)) + header.encode() + content[10 + length :]


def nifti_header(content: bytes, random: Random) -> bytes:
    """Sizes, types and places of the packed header."""
    packed = content[:2] == b"\x1f\x8b"
    out = bytearray(gzip.decompress(content) if packed else content)
    way = int(random.integers(5))
    if way == 0:
        struct.pack_into("<h", out, 40 + 2 * int(random.integers(8)), int(random.choice([-1, 0, 2, 9, 32767])))
    elif way == 1:
        struct.pack_into("<h", out, 70, int(random.choice([0, 1, 2, 16, 32, 64, 128, 512, 1792, 2304, 9999])))
    elif way == 2:
        struct.pack_into("<f", out, 108, float(random.choice([0, -1, 1e30, np.nan, 7])))
    elif way == 3:
        struct.pack_into(
            "<f", out, int(random.choice([80, 84, 88, 112, 116])), float(random.choice([0, -1, np.nan, np.inf]))
        )
    else:
        return gzip.compress(as_bytes(bytes(out), random), mtime=0) if packed else as_bytes(bytes(out), random)
    return gzip.compress(bytes(out), mtime=0) if packed else bytes(out)


def zip_member(content: bytes, random: Random) -> bytes:
    """A member damaged, dropped or renamed, the archive whole."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    names = list(members)
    name = names[int(random.integers(len(names)))]
    way = int(random.integers(4))
    if way == 0:
        del members[name]
    elif way == 1:
        members[name + "x"] = members.pop(name)
    else:
        members[name] = as_bytes(members[name], random)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for inner, value in members.items():
            archive.writestr(inner, value)
    return out.getvalue()


def safetensors_header(content: bytes, random: Random) -> bytes:
    """The header's values, the description inside it, or its length."""
    length = struct.unpack_from("<Q", content)[0]
    header, rest = json.loads(content[8 : 8 + length]), content[8 + length :]
    way = int(random.integers(6))
    if way == 0:
        lie = [0, 1, length - 1, length + 1, 2**31, 2**63, 2**64 - 1][random.integers(7)]
        return struct.pack("<Q", lie) + content[8:]
    if way == 1:
        header = change(header, random)
    elif way == 2:
        tensors = {name: about for name, about in header.items() if name != "__metadata__"}
        change(tensors[list(tensors)[int(random.integers(len(tensors)))]], random)
        header.update(tensors)
    else:
        described = change(json.loads(header["__metadata__"]["maskwright"]), random)
        header["__metadata__"]["maskwright"] = dumped(described)
    text = dumped(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


def parquet_lies(content: bytes, random: Random) -> bytes:
    """A whole Parquet file of the same schema, or nearly, whose values or description are wrong."""
    import pyarrow as pa
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(content), use_threads=False)
    about = table.schema.metadata or {}
    way = int(random.integers(8))
    if way == 0:
        name = table.column_names[int(random.integers(table.num_columns))]
        table = table.drop_columns([name])
    elif way == 1:
        described = change(json.loads(about[b"maskwright"]), random)
        table = table.replace_schema_metadata({b"maskwright": dumped(described).encode("utf-8", "surrogatepass")})
    elif way == 2:
        table = table.replace_schema_metadata({b"maskwright": as_bytes(about[b"maskwright"], random)})
    elif way == 3:
        at = int(random.integers(table.num_columns))
        kind = [pa.string(), pa.float64(), pa.list_(pa.int64()), pa.bool_(), pa.int8()][random.integers(5)]
        column = pa.nulls(table.num_rows, kind) if random.random() < 0.3 else _column(kind, table.num_rows, random)
        table = table.set_column(at, table.column_names[at], column)
    else:
        rows = table.to_pylist()
        for _ in range(40):
            container, key = places(rows)[int(random.integers(len(places(rows))))]
            old = container[key]
            near = _near(old, random) if random.random() < 0.5 else None
            container[key] = random_value(random) if near is None else near
            try:
                table = pa.Table.from_pylist(rows, table.schema)
                break
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, TypeError, ValueError, AttributeError):
                container[key] = old
    out = io.BytesIO()
    parquet.write_table(table, out, compression="zstd")
    return out.getvalue()


def _column(kind: Any, rows: int, random: Random) -> Any:
    import pyarrow as pa

    value = {"string": "x" * 9, "double": float("nan"), "bool": True, "int8": -1}.get(str(kind), [1, -2, 3])
    return pa.array([value] * rows, kind)


_WAYS: dict[str, list[Callable[[bytes, Random], bytes]]] = {
    "json": [in_json, in_json, in_json, in_json, deep_json],
    "yaml": [in_yaml, hostile_yaml],
    "xml": [in_xml, in_xml, hostile_xml],
    "text": [in_text],
    "png": [png_size, png_kind, png_other],
    "tif": [tiff_tag],
    "npy": [npy_header],
    "nifti": [nifti_header],
    "nii": [nifti_header],
    "npz": [zip_member],
    "pth": [zip_member],
    "safetensors": [safetensors_header],
    "parquet": [parquet_lies],
}
