"""YAML files from elsewhere: plain values only, and no more of them than a file of its length can mean."""

from pathlib import Path
from typing import Any

from maskwright.core.foreign import sentence
from maskwright.errors import FormatError

#: Values that the aliases of one file may unfold to; settings and class tables have thousands.
MOST = 1_000_000


def load_yaml(file: Path) -> dict[str, Any]:
    """The file's mapping. Raises FormatError for anything else, also for aliases that unfold without end."""
    import yaml

    try:
        loader = yaml.SafeLoader(file.read_text(encoding="utf-8-sig"))
        try:
            node = loader.get_single_node()
            if node is not None and _unfolded(node, {}) > MOST:
                raise FormatError(f"its aliases unfold to more than {MOST} values", file=file)
            content = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, OSError, RecursionError) as error:
        raise FormatError(f"not valid YAML ({' '.join(sentence(error).split())})", file=file) from None
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        # What looks like a number or a date and is none breaks the parser in several ways.
        raise FormatError(f"not valid YAML ({sentence(error)})", file=file) from None
    if not isinstance(content, dict):
        raise FormatError("holds no settings", file=file, needed="names: and train: or val:")
    return content


def _unfolded(node: Any, known: dict[int, float]) -> float:
    """How many values a node is when every alias is written out; infinite for one that holds itself."""
    if not isinstance(node.value, list):
        return 1
    if id(node) not in known:
        known[id(node)] = float("inf")
        inner = [part for entry in node.value for part in (entry if isinstance(entry, tuple) else (entry,))]
        known[id(node)] = 1 + sum(_unfolded(part, known) for part in inner)
    return known[id(node)]
