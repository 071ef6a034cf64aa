"""Which engines are available: those that need no weights, and those that weights were given for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright import registry
from maskwright.errors import MissingExtraError, UsageError

#: Families whose engines a person at the page may choose from.
FAMILIES = tuple(
    family
    for family, protocol in registry.FAMILIES.items()
    if family.endswith(".engines") and "WEIGHTS: dict" in protocol.optional
)


class AvailableEngines:
    """weights: of engines by name, as `-o weights=` takes them; a name may be in several families.

    Who asks for an engine names it only: where weights come from is said when this is made, never over the wire.
    Raises UsageError for a name nobody has, and for one that takes no weights.
    """

    def __init__(self, weights: Mapping[str, str]) -> None:
        self.weights = {registry.canonical(name): place for name, place in weights.items()}
        for name, place in self.weights.items():
            holders = [each for each in FAMILIES if name in registry.names(each) and _needs_weights(each, name)]
            if not holders:
                known = sorted({each_name for family in FAMILIES for each_name in registry.names(family)
                                if _needs_weights(family, each_name)})  # fmt: skip
                raise UsageError(f"no engine {name!r} takes weights", needed=", ".join(known))
            if not place:
                raise UsageError(f"it is not said where the weights of {name} are", needed=f"{name}=WHERE")
            if not place.startswith("hub:") and not Path(place).exists():
                raise UsageError(f"the weights of {name} are not there", file=place)

    def names(self, family: str) -> list[str]:
        """Of one family, those that need nothing first."""
        ready = [name for name in registry.names(family) if _needs_weights(family, name) is False]
        return [*ready, *(name for name in registry.names(family) if name in self.weights)]

    def options(self, family: str, name: str) -> dict[str, Any]:
        """For the engine's `load`. Raises UsageError for one that is not available."""
        wanted = registry.canonical(name)
        registry.load(family, wanted)  # says what is near to a name that nobody has
        if wanted in self.weights:
            return {"weights": self.weights[wanted]}
        if wanted not in self.names(family):
            raise UsageError(f"{wanted} needs weights", todo=f"Start the studio with --weights {wanted}=WHERE.")
        return {}


def _needs_weights(family: str, name: str) -> bool | None:
    """None for one whose packages are not installed."""
    try:
        return hasattr(registry.load(family, name), "WEIGHTS")
    except MissingExtraError:
        return None
