"""The studio: labelling in the browser, over HTTP, on a dataset.

Needs the extra `studio`.  `create_app` is the application, `serve` runs it.
"""

from maskwright.store.folder import open_place
from maskwright.studio.app import create_app
from maskwright.studio.serving import Serving, serve
from maskwright.studio.state import Settings

__all__ = ["Serving", "Settings", "create_app", "open_place", "serve"]
