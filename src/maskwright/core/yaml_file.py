"""YAML files from elsewhere: plain values only, and no more of them than a file of its length can mean."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from maskwright.core.foreign import sentence
from maskwright.core.names import shown
from maskwright.core.typed import Bare
from maskwright.errors import FormatError

T = TypeVar("T")

#: Values that the aliases of one file may unfold to; settings and class tables have thousands.
MOST = 1_000_000


def load_yaml(file: Path, *, encoding: str = "utf-8-sig") -> dict[str, Any]:
    """The file's mapping. Raises FormatError for anything else, also for aliases that unfold without end."""
    content = _parsed(file, lambda loader, node: loader.construct_document(node), encoding)
    if not isinstance(content, dict):
        raise FormatError("holds no settings", file=file, needed="names: and train: or val:")
    return content


def load_written(file: Path) -> dict[str, tuple[Any, int]]:
    """The file's names -> (value, line), values as they were written: text without quotes is `Bare`.

    Lists and mappings hold the same; an empty value and null are None.  Raises FormatError for what is not a mapping
    of names, and for a name that is there twice.
    """
    pairs = _parsed(file, lambda _, node: _pairs(node, file))
    return {} if pairs is None else pairs


def _parsed(file: Path, make: Callable[[Any, Any], T], encoding: str = "utf-8-sig") -> T | None:
    """What `make` does of the loader and the file's one document; None for an empty file. Raises FormatError."""
    import yaml

    try:
        loader = yaml.SafeLoader(file.read_text(encoding=encoding))
        try:
            node = loader.get_single_node()
            if node is not None and _unfolded(node, {}) > MOST:
                raise FormatError(f"its aliases unfold to more than {MOST} values", file=file)
            return None if node is None else make(loader, node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise FormatError(f"not valid YAML ({shown(' '.join(str(error).split()), 300)})", file=file) from None
    except (OSError, RecursionError) as error:
        raise FormatError(f"not valid YAML ({sentence(error)})", file=file) from None
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        # What looks like a number or a date and is none breaks the parser in several ways.
        raise FormatError(f"not valid YAML ({sentence(error)})", file=file) from None


def _pairs(node: Any, file: Path) -> dict[str, tuple[Any, int]]:
    line = node.start_mark.line + 1
    if node.id != "mapping":
        raise FormatError(f"a {node.id} stands where names with values belong", file=file, record=f"line {line}")
    out: dict[str, tuple[Any, int]] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.id != "scalar":
            raise FormatError(f"a {key.id} stands where a name belongs", file=file, record=f"line {line}")
        if key.value in out:
            first = out[key.value][1]
            found = f"{key.value!r} is there twice, first in line {first}"
            raise FormatError(found, file=file, record=f"line {line}", needed="each name once")
        out[key.value] = _written(value, file), line
    return out


def _written(node: Any, file: Path) -> Any:
    if node.id == "mapping":
        return {name: value for name, (value, _) in _pairs(node, file).items()}
    if node.id == "sequence":
        return [_written(part, file) for part in node.value]
    if node.style is not None:
        return node.value
    return None if node.tag == "tag:yaml.org,2002:null" else Bare(node.value)


def _unfolded(node: Any, known: dict[int, float]) -> float:
    """How many values a node is when every alias is written out; infinite for one that holds itself."""
    if not isinstance(node.value, list):
        return 1
    if id(node) not in known:
        known[id(node)] = float("inf")
        inner = [part for entry in node.value for part in (entry if isinstance(entry, tuple) else (entry,))]
        known[id(node)] = 1 + sum(_unfolded(part, known) for part in inner)
    return known[id(node)]
