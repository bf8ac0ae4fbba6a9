from dataclasses import replace

import pytest

from migrator import posts
from migrator.config import ScanSettings
from migrator.events import ignore
from migrator.interruption import Stop
from migrator.ledger import Ledger
from migrator.plan import image_elsewhere
from migrator.posts import PostWriter, edited, original_of
from migrator.reading import read_posts
from migrator.reasons import Reason
from migrator.state import Site, locked

URL, NEW = "https://h.example/a.png", "https://new.example/a.png"
SETTINGS = ScanSettings()


@pytest.fixture
def site(tmp_path):
    (tmp_path / "post.md").write_text(f"the words before\n\n![a]({URL})\n")
    site = Site(tmp_path)
    with locked(site):
        yield site


def read(site):
    (post,) = read_posts([site.root / "post.md"], site, SETTINGS, ignore)
    return post


def test_a_change_to_more_than_a_link_is_refused_and_the_post_stays(site):
    post = read(site)
    (reference,) = post.references
    wrong = replace(post, references=(reference._replace(start=4, end=9),))
    refused = edited(wrong, {URL: NEW}, SETTINGS)
    assert refused.reason is Reason.SELF_CHECK


def test_a_post_that_changed_since_it_was_scanned_is_refused(site):
    post = read(site)
    site.post("post.md").write_text("something else")
    assert edited(post, {URL: NEW}, SETTINGS).reason is Reason.POST_CHANGED


@pytest.mark.parametrize("many", [0, 10_000])
def test_a_run_replaces_a_post_once_so_that_its_original_is_the_first(site, monkeypatch, many):
    monkeypatch.setattr(posts, "_MANY", many)
    before = site.post("post.md").read_bytes()
    with Ledger.open(site.ledger) as ledger:
        run = ledger.begin("migrate", {})
        writer = PostWriter(site, ledger, run, ignore)
        writer.rewrite_all([read(site)], lambda _: {URL: NEW}, image_elsewhere, SETTINGS, Stop())
        edit = site.post("post.md").read_bytes() + f"![later]({URL})\n".encode()
        site.post("post.md").write_bytes(edit)  # by the author, between a kill and resume
        writer.rewrite_all([read(site)], lambda _: {URL: NEW}, image_elsewhere, SETTINGS, Stop())
        assert site.post("post.md").read_bytes() == edit
        (swap,) = ledger.swaps(run, state="rewritten")
        assert original_of(site, swap) == before
