import hashlib

import pytest
from rig import hosts, images

from migrator.model import Fetched, Held


@pytest.mark.parametrize("named_by", ["URL", "SHA-256"])
def test_what_the_user_accepted_is_taken(host, downloader_for, named_by):
    url = host.on("/a.svg", hosts.answer(images.SVG))
    other = host.on("/b.svg", hosts.answer(images.SVG + b"\n"))
    word = url if named_by == "URL" else hashlib.sha256(images.SVG).hexdigest()
    downloader = downloader_for(accepted={word})
    assert isinstance(downloader.fetch(url + "#fragment"), Fetched)
    assert isinstance(downloader.fetch(other), Held)
