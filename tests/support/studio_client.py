"""A studio's routes without a server and a browser."""

from fastapi.testclient import TestClient

from maskwright.store import Dataset
from maskwright.studio import Settings, create_app

TOKEN = "a-token-of-enough-letters"
HOME = "http://127.0.0.1:8181"


def client_of(dataset: Dataset) -> TestClient:
    """Somebody who has opened the link."""
    page = TestClient(create_app(dataset, Settings(TOKEN)), base_url=HOME, headers={"origin": HOME})
    page.get(f"/?token={TOKEN}")
    return page
