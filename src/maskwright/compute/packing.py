"""Plain values and arrays to bytes and back, for files that a later process reads: nothing in them is ever executed."""

import json
import zlib
from typing import Any

import numpy as np

#: What JSON has, and gives back as it was.
_JSON = frozenset({type(None), bool, int, float, str})

#: Bytes from which on making them fewer is worth its time; fewer are kept as they are, with a checksum.
_LARGE = 1 << 16

#: The only key of an object that stands for what JSON does not have.
_ARRAY, _NUMBER, _BYTES, _TUPLE, _PAIRS = "$array", "$number", "$bytes", "$tuple", "$pairs"


def pack(value: Any) -> bytes:
    """None, booleans, numbers, text, bytes, NumPy's arrays and numbers, and lists, tuples and dicts of these -> bytes.

    Raises TypeError for anything else, such as an object of a class or an array of objects.
    """
    blobs: list[bytes] = []
    text = json.dumps(_told(value, blobs)).encode()
    head = json.dumps([len(text), *map(len, blobs)]).encode() + b"\n"
    whole = b"".join([head, text, *blobs])
    return zlib.compress(whole, 1 if len(whole) > _LARGE else 0)


def unpack(packed: bytes) -> Any:
    """What `pack` was given, equal in types and to the last bit. Raises ValueError for bytes that are not from it."""
    try:
        head, _, rest = zlib.decompress(packed).partition(b"\n")
        lengths = json.loads(head)
        parts, begin = [], 0
        for length in lengths:
            parts.append(rest[begin : begin + length])
            begin += length
        return _meant(json.loads(parts[0]), parts[1:])
    except (zlib.error, KeyError, IndexError, TypeError) as error:
        raise ValueError(f"not packed values ({error})") from None


def _told(value: Any, blobs: list[bytes]) -> Any:
    kind = type(value)
    if kind in _JSON:
        return value
    if kind is list:
        if _JSON.issuperset(map(type, value)):  # long ones are of numbers
            return value
        return [_told(item, blobs) for item in value]
    if kind is tuple:
        return {_TUPLE: [_told(item, blobs) for item in value]}
    if kind is dict:
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: _told(item, blobs) for key, item in value.items()}
        return {_PAIRS: [[_told(key, blobs), _told(item, blobs)] for key, item in value.items()]}
    if kind is bytes:
        blobs.append(value)
        return {_BYTES: len(blobs) - 1}
    if (kind is np.ndarray or isinstance(value, np.generic)) and value.dtype.kind in "biufcSU":
        blobs.append(value.tobytes())
        about = [value.dtype.str, list(value.shape), len(blobs) - 1]
        return {_ARRAY if kind is np.ndarray else _NUMBER: about}
    raise TypeError(f"a {kind.__name__} is not a plain value")


def _meant(told: Any, blobs: list[bytes]) -> Any:
    if isinstance(told, list):
        if _JSON.issuperset(map(type, told)):
            return told
        return [_meant(item, blobs) for item in told]
    if not isinstance(told, dict):
        return told
    name = next(iter(told), "")
    if name in (_ARRAY, _NUMBER):
        kind, shape, blob = told[name]
        array = np.frombuffer(blobs[blob], np.dtype(kind)).reshape(shape).copy()
        return array if name == _ARRAY else array[()]
    if name == _BYTES:
        return blobs[told[name]]
    if name == _TUPLE:
        return tuple(_meant(item, blobs) for item in told[name])
    if name == _PAIRS:
        return {_meant(key, blobs): _meant(item, blobs) for key, item in told[name]}
    return {key: _meant(item, blobs) for key, item in told.items()}
