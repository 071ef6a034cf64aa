"""What transforms that mix several windows are given to draw further ones."""

from collections.abc import Callable
from typing import Any

from maskwright.core.arrays import Array

#: Draws another window: (image, target), of the size and the kind of the first.
Others = Callable[[], tuple[Array, Any]]
