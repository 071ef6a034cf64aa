"""Needs a package that nobody has."""

import not_to_be_found_anywhere  # noqa: F401
