"""Images to store, and the store of a site."""

import hashlib
import random

import pytest

from migrator.model import Asset, Fetched
from migrator.uploader import open_store


@pytest.fixture
def fetched(tmp_path):
    """``fetched(data)``: those bytes as an image in the spool."""
    spool = tmp_path / "spool"
    spool.mkdir()

    def make(data=None):
        data = random.Random(7).randbytes(70_001) if data is None else data
        asset = Asset(hashlib.sha256(data).hexdigest(), len(data), "image/png", ".png")
        path = spool / asset.sha256
        path.write_bytes(data)
        url = f"https://img.example.com/{asset.sha256[:8]}.png"
        return Fetched(asset, path, url, url)

    return make


@pytest.fixture
def opened():
    """``opened(site)``: its store, closed at the end."""
    stores = []

    def make(site, settings=None):
        stores.append(open_store(settings or site.settings, site.root))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def naps():
    """The pauses asked for, in seconds; ``naps.append`` is a ``sleep`` that does not wait."""
    return []
