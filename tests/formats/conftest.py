"""Files that are long to write down."""

import pytest
import read_only_sets


@pytest.fixture
def dicom_image():
    """Writes a CT slice of 6 x 8 pixels and gives its dataset."""
    return read_only_sets.dicom_image
