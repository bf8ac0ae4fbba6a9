import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rig.images import image

from migrator.report.html import MARK, page
from migrator.report.html.records import Pictures, image_record
from migrator.report.summary import ImageReport, Images, Place, PostReport, Report, tally

HOSTILE = (
    "https://h/</script><script>alert(1)</script>.png",
    "https://h/<!--<script>.png",
    'https://h/"onerror="alert(1)',
    "javascript:alert(1)",
    "https://h/\x1b[31m\u202egnp.exe",
    "https://h/\u2028\udcff&amp;.png",
)


def report_on(*images, posts=(), **values):
    known = Report(
        run="2026-11-26-1",
        command="migrate",
        dry_run=False,
        started="2026-11-26T10:00:00.000Z",
        finished="2026-11-26T10:01:00.000Z",
        counts=tally((image.state for image in images), posts),
        images=Images(lambda: iter(images)),
        posts=tuple(posts),
    )
    return replace(known, **values)


def stored(url, **values):
    known = ImageReport(url, "stored", sha256="a" * 64, size=1000, references=(Place("a.md", 3),))
    return replace(known, **values)


def held(url, reason="any-name", **values):
    return stored(url, state="held", reason=reason, **values)


def text_of(report, next_command=None, *, picture=lambda _sha256, _large: None, **more):
    return "".join(page(report, next_command, picture=picture, **more))


class Elements(HTMLParser):
    """Every start tag with its attributes, and the text of every script and style."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.inside, self._last = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._last = tag
        if tag in ("script", "style"):
            self.inside.append((tag, dict(attributes), ""))

    def handle_data(self, data):
        if self._last in ("script", "style"):
            *others, (tag, attributes, text) = self.inside
            self.inside = [*others, (tag, attributes, text + data)]

    def handle_endtag(self, _tag):
        self._last = ""

    def blocks(self, name):
        found = (text for _, attributes, text in self.inside if attributes.get("class") == name)
        return [each for text in found for each in json.loads(text)]


def test_only_the_script_and_the_style_of_the_page_itself_are_allowed():
    elements = Elements(text_of(report_on(stored("https://h/a.png"))))
    policy = next(a["content"] for t, a in elements.tags if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'; img-src data:; script-src 'sha256-")
    for kind in ("script", "style"):
        (text,) = [t for tag, a, t in elements.inside if tag == kind and "type" not in a]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_nothing_in_the_page_needs_what_the_policy_forbids():
    elements = Elements(text_of(report_on(stored("https://h/a.png"), held("https://h/b.png"))))
    for tag, attributes in elements.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            value = attributes.get(name) or ""
            assert tag == "a" or value.startswith(("data:", "#")) or not value


@pytest.mark.parametrize("url", HOSTILE)
def test_what_others_wrote_stays_text(url):
    post = PostReport(url, "skipped", 0, "unreadable", url)
    images = (held(url, detail=url), stored(url, new_url=url, references=(Place(url, 1, url),)))
    report = report_on(*images, posts=[post], warnings=(url,), notes=(url,), store=url)
    text = text_of(report, f"migrator migrate {url}", diffs=[(url, url)], trouble=url)
    plain = Elements(text_of(report_on(*(replace(each, url="https://h/x") for each in images))))
    elements = Elements(text)
    assert {tag for tag, _ in elements.tags} <= {tag for tag, _ in plain.tags} | {"section"}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e\ud800-\udfff]", text)
    for tag, attributes in elements.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert tag != "a" or attributes["href"].startswith(("https://", "#"))


def test_secrets_are_left_out():
    url = "https://u:pass@h/a.png?Expires=1&Signature=c2VjcmV0c2VjcmV0c2VjcmV0"
    image = stored(url, detail=url, source=f"{url}&v=2", references=(Place("a.md", 1, url),))
    text = text_of(
        report_on(image, replace(image, state="held", reason="svg"), warnings=(url,)),
        diffs=[("a.md", f"--- a/a.md\n+++ b/a.md\n@@ -1 +1 @@\n-![]({url})\n+![](b.png)\n")],
    )
    assert "c2VjcmV0" not in text
    assert "pass@" not in text
    assert "***" in text


def test_an_accept_command_is_one_word_for_the_shell():
    text = text_of(report_on(held("https://h;reboot/a.svg", "svg")))
    assert "migrator accept &#x27;svg:h;reboot&#x27;" in text


def test_records_tell_all_that_is_known():
    pictures = Pictures(lambda _sha256, _large: None)
    image = stored(
        "https://h/a.png?x=1",
        media_type="image/png",
        width=3,
        height=4,
        key="aa/a.png",
        new_url="https://new/a.png",
        source="https://elsewhere/a.png",
        references=(Place("a.md", 3, "https://new/a.png"), Place("b.md", 7)),
    )
    assert image_record(image, pictures) == {
        "url": "https://h/a.png?x=1",
        "state": "stored",
        "host": "h",
        "new": "https://new/a.png",
        "sha256": "a" * 64,
        "bytes": 1000,
        "size": "1.0 kB",
        "pixels": "3 × 4",
        "type": "image/png",
        "key": "aa/a.png",
        "source": "https://elsewhere/a.png",
        "picture": 0,
        "at": [["a.md", 3, "https://new/a.png"], ["b.md", 7, ""]],
    }


def test_each_picture_stands_in_the_page_once():
    asked = []

    def picture(sha256, large):
        asked.append((sha256, large))
        return image("WEBP", int(large))

    shas = [f"{number % 3:064x}" for number in range(700)]
    images = [stored(f"https://h/{n}.png", sha256=sha) for n, sha in enumerate(shas)]
    elements = Elements(text_of(report_on(*images), picture=picture))
    records = elements.blocks("images")
    assert [each["picture"] for each in records] == [number % 3 for number in range(700)]
    found = elements.blocks("pictures")
    assert found == ["data:image/webp;base64," + base64.b64encode(image("WEBP", 0)).decode()] * 3
    assert asked == [(sha, False) for sha in shas[:3]]


def test_a_held_image_has_a_large_picture_among_the_decisions():
    text = text_of(
        report_on(held("https://h/a.png")),
        picture=lambda _sha256, large: image("JPEG") if large else None,
    )
    before, _, _ = text.partition('<section id="images"')
    assert f'<img src="data:image/jpeg;base64,{base64.b64encode(image("JPEG")).decode()}"' in before
    assert f"migrator accept {'a' * 12}" in before
    assert "The host answers made-up names with this picture" in before


def test_memory_does_not_hold_the_page():
    """Images are gone over and never collected: a hundred thousand of them are a stream."""

    def images():
        for number in range(3000):
            yield stored(f"https://h/{number}.png", sha256=f"{number:064x}")

    report = replace(
        report_on(), images=Images(images), counts=tally((image.state for image in images()), ())
    )
    pieces = list(page(report, None, picture=lambda _sha256, _large: b"RIFF" * 500))
    assert max(map(len, pieces)) < 2_000_000 / 2
    assert sum(map(len, pieces)) > 6_000_000


def test_a_dry_run_says_so_and_what_would_happen():
    images = [ImageReport("https://h/a.png", "planned", size=10, references=(Place("a.md", 3),))]
    posts = [PostReport("a.md", "planned", 1)]
    report = report_on(*images, posts=posts, run=None, dry_run=True)
    text = text_of(report, "migrator migrate .")
    assert "Migrate, a dry run" in text
    assert "Nothing was changed." in text
    assert "Would try to move 1 image, 10 bytes." in text
    assert "<code>migrator migrate .</code>" in text


def test_a_page_can_be_told_from_other_files_and_is_no_post():
    text = text_of(report_on())
    assert MARK in text[:2000]
    assert "<!-- migrator-ignore -->" in text


def test_everything_is_readable_without_a_script():
    text = text_of(report_on(stored("https://h/a.png", new_url="https://new/a.png")))
    table = text.partition("<noscript><table")[2].partition("</noscript>")[0]
    assert "<td>https://h/a.png</td><td>stored</td><td>https://new/a.png</td>" in table
    assert "Without JavaScript" in text
