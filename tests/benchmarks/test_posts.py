from collections import Counter

from benchmarks import posts
from migrator.config import ScanSettings
from migrator.scanner import find_references
from migrator.scanner.syntax import Syntax

NUMBER, REFERENCES = 1500, 7500
URLS = posts.some_urls(3000)
BLOG = list(posts.blog(NUMBER, REFERENCES, URLS))


def test_the_scanner_finds_exactly_the_images_that_were_put_into_the_posts():
    for post in BLOG:
        found = find_references(post.data, Syntax.MARKDOWN, ScanSettings()).references
        assert [posts.Expected(*_edges(one), one.kind, one.raw) for one in found] == [
            *post.expected
        ], post.name


def _edges(reference):
    return reference.span.start, reference.span.end


def test_a_blog_has_as_many_posts_and_references_as_asked_for_and_shows_each_url():
    raws = Counter(one.raw.replace("&amp;", "&") for post in BLOG for one in post.expected)
    assert len({post.name for post in BLOG}) == NUMBER
    assert raws.total() == REFERENCES
    assert set(raws) == set(URLS)


def test_the_same_seed_makes_the_same_blog():
    assert list(posts.blog(50, 200, URLS[:100], seed=7)) == list(
        posts.blog(50, 200, URLS[:100], seed=7)
    )
    assert list(posts.blog(50, 200, URLS[:100], seed=7)) != list(
        posts.blog(50, 200, URLS[:100], seed=8)
    )


def test_posts_are_as_large_as_those_of_a_blog():
    average = sum(len(post.data) for post in BLOG) / NUMBER
    assert 4000 < average < 6000
    assert {len(post.expected) == 0 for post in BLOG} == {True, False}
