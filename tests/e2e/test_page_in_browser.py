"""The page in a browser: what a person sees, types and presses, and what no page of ours may do."""

import time

import pytest
from rig import npm
from rig.browser import DESKTOP, PHONE, chromium, looking_at  # noqa: F401 - a fixture
from rig.images import image

from migrator.report.diff import unified
from migrator.report.html import page
from migrator.report.summary import ImageReport, Place, PostReport, Report, tally

HOSTILE = 'https://h.example/"><img src=x onerror=alert(1)></script><script>alert(2)</script>.png'
SPOOFED = "https://h.example/\u202egnp.exe\x1b[31m.png"
TOLD = "<b onmouseover=alert(3)>bold</b> \u202e"


def images(number):
    """So many images: each tenth failed, some held, and pairs with one picture."""
    for n in range(number):
        host, ending = f"img{n % 3}.example.com", ("png", "jpg")[n % 2]
        url, places = f"https://{host}/{n}.{ending}", (Place(f"posts/{n // 4}.md", n % 4 + 3),)
        if n % 10 == 9:
            yield ImageReport(url, "failed", "not-found", "404 Not Found", references=places)
        elif n % 50 == 7:
            yield ImageReport(url, "held", "any-name", sha256="f" * 64, size=99, references=places)
        else:
            new = f"https://new.example.com/{n}.png"
            moved = tuple(Place(each.path, each.line, new) for each in places)
            yield ImageReport(
                url,
                "stored",
                sha256=f"{n - n % 40 // 38:064x}",
                size=1000 + n,
                media_type="image/png",
                width=24,
                height=16,
                key=f"{n}.png",
                new_url=new,
                references=moved,
            )


def hostile():
    places = (Place(TOLD, 1, HOSTILE),)
    yield ImageReport(HOSTILE, "held", "svg", TOLD, references=places)
    yield ImageReport(SPOOFED, "stored", sha256="e" * 64, key=HOSTILE, references=places)
    yield ImageReport("javascript:alert(4)", "failed", "bad-url", HOSTILE, references=places)


def written(folder, every, *, posts=(), diffs=(), **values):
    report = Report(
        run="2026-11-26-1",
        command="migrate",
        dry_run=False,
        started="2026-11-26T10:00:00.000Z",
        finished="2026-11-26T10:01:00.000Z",
        counts=tally((image.state for image in every), posts),
        images=every,
        posts=tuple(posts),
        **values,
    )
    file = folder / "report.html"
    picture = lambda _sha256, large: image("WEBP", int(large), (112, 75))  # noqa: E731
    file.write_text("".join(page(report, "migrator migrate posts", picture=picture, diffs=diffs)))
    return file


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    before = b"# Hello\n\n![a](https://img0.example.com/0.png) <script>alert(5)</script>\n"
    after = before.replace(b"img0", b"new")
    names = [f"posts/{n}.md" for n in range(120)]
    return written(
        tmp_path_factory.mktemp("report"),
        [*images(480), *hostile()],
        posts=[PostReport(name, "rewritten", 4) for name in names]
        + [PostReport(TOLD, "skipped", 0, "read-only", TOLD)],
        diffs=[(name, unified(name, before, after)) for name in names[:3]],
        warnings=(TOLD,),
    )


@pytest.fixture
def open_page(chromium, report):  # noqa: F811
    with looking_at(chromium, report, permissions=["clipboard-read", "clipboard-write"]) as looked:
        yield looked.page


def shown(page):
    return page.locator("#count").inner_text()


def addresses(page):
    return page.locator("#list > li .what > .url").all_inner_texts()


def test_it_shows_images_with_pictures_a_hundred_at_a_time(open_page):
    assert shown(open_page) == "483 images"
    assert len(addresses(open_page)) == 100
    first = open_page.locator("#list > li").first
    assert first.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert "→ https://new.example.com/0.png" in first.inner_text()
    assert "posts/0.md:3" in first.inner_text()
    open_page.get_by_role("button", name="Next").click()
    assert addresses(open_page)[0] == "https://img1.example.com/100.png"
    assert open_page.locator("#page").inner_text() == "101–200 of 483"


def test_filters_search_and_order_work_together(open_page):
    form = open_page.locator("#filters")
    form.get_by_label("State", exact=True).select_option("failed")
    assert shown(open_page) == "49 images of 483"
    form.get_by_label("Host", exact=True).select_option("img0.example.com")
    assert shown(open_page) == "16 images of 483"
    form.get_by_label("Search", exact=True).fill("404 POSTS/2.md")
    assert addresses(open_page) == ["https://img0.example.com/9.jpg"]
    form.get_by_label("Search", exact=True).fill("no such thing")
    assert shown(open_page) == "No image is like that."
    form.get_by_role("button", name="Clear").click()
    open_page.locator("#count", has_text="483 images").wait_for()
    form.get_by_label("Order", exact=True).select_option("size")
    assert addresses(open_page)[0] == "https://img1.example.com/478.png"
    form.get_by_label("Post", exact=True).select_option("posts/7.md")
    assert shown(open_page) == "4 images of 483"
    form.get_by_label("Reason", exact=True).select_option("any-name")
    assert shown(open_page) == "No image is like that."


def test_what_the_overview_counts_can_be_seen_with_one_press(open_page):
    open_page.get_by_role("button", name="11 held waiting").click()
    assert shown(open_page) == "11 images of 483"
    open_page.get_by_role("button", name="Show 48 images").click()
    assert shown(open_page) == "48 images of 483"


def test_a_command_can_be_copied(open_page):
    card = open_page.locator("#decide li.card", has_text="made-up names")
    assert card.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")
    card.get_by_role("button", name="Copy").click()
    card.get_by_role("button", name="Copied").wait_for()
    assert open_page.evaluate("navigator.clipboard.readText()") == f"migrator accept {'f' * 12}"


def test_pictures_with_several_addresses_stand_together(open_page):
    doubles = open_page.locator("#doubles li.card")
    assert "10 addresses" in doubles.first.inner_text()
    doubles.first.get_by_role("button", name="Show all 10").click()
    assert shown(open_page) == "10 images of 483"
    assert "2 addresses" in doubles.nth(1).inner_text()


def test_what_changed_in_a_post_is_shown_when_it_is_opened(open_page):
    assert open_page.locator(".posts > li").count() == 100
    open_page.locator(".posts summary").first.click()
    diff = open_page.get_by_role("region", name="What changed in posts/0.md")
    assert diff.locator("mark").all_inner_texts() == ["img0", "new"]
    assert "<script>alert(5)</script>" in diff.inner_text()
    open_page.get_by_label("Search posts").fill("read-only")
    assert open_page.locator(".posts > li").count() == 1


def test_everything_can_be_reached_by_keyboard(open_page):
    keyboard = open_page.keyboard
    keyboard.press("Tab")
    assert open_page.evaluate("document.activeElement.textContent") == "To the list of images"
    keyboard.press("/")
    assert open_page.evaluate("document.activeElement.name") == "text"
    keyboard.type("/8.png")
    assert addresses(open_page) == ["https://img2.example.com/8.png"]
    for _ in range(7):  # the filters, Clear, the list's first link
        keyboard.press("Tab")
    assert open_page.evaluate("document.activeElement.href") == "https://img2.example.com/8.png"
    for _ in range(2):
        keyboard.press("Tab")
    keyboard.press("Enter")
    assert "In the store\n8.png" in open_page.locator("#list").inner_text()


def test_hostile_words_are_only_words(open_page):
    assert not open_page.evaluate("document.querySelectorAll('[onerror], [onmouseover]').length")
    assert open_page.locator("script:not([type])").count() == 1
    hrefs = open_page.locator("a").evaluate_all("links => links.map(link => link.protocol)")
    assert set(hrefs) <= {"https:", "http:", "file:"}
    open_page.get_by_label("Search", exact=True).fill("gnp.exe")
    assert addresses(open_page) == [r"https://h.example/\u202egnp.exe\x1b[31m.png"]
    open_page.get_by_label("Search", exact=True).fill("javascript:alert(4)")
    assert addresses(open_page) == ["javascript:alert(4)"]
    assert open_page.locator("#list .what > a").count() == 0


def test_the_policy_stops_what_is_not_ours(chromium, report):  # noqa: F811
    context = chromium.new_context()
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.goto(report.as_uri())
    page.evaluate(
        """() => {
          document.body.insertAdjacentHTML("beforeend",
            '<img src="data:," onerror="window.ran = 1"><p onclick="window.ran = 2">x</p>' +
            '<img src="http://127.0.0.1:9/x.png"><iframe src="http://127.0.0.1:9/"></iframe>');
          document.body.lastElementChild.previousElementSibling.previousElementSibling.click();
          const script = document.createElement("script");
          script.textContent = "window.ran = 3";
          document.body.append(script);
        }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert sum("Content Security Policy" in each for each in said) >= 5
    context.close()


def test_without_a_script_it_has_a_table(chromium, report):  # noqa: F811
    with looking_at(chromium, report, java_script_enabled=False) as looked:
        assert looked.page.locator("table.plain tbody tr").count() == 483
        assert "Without JavaScript" in looked.page.inner_text("body")
        assert looked.page.locator("#decide img").count() == 1
        assert looked.page.locator("#images").is_hidden()


def test_on_paper_all_that_is_meant_is_shown(chromium, report):  # noqa: F811
    with looking_at(chromium, report) as looked:
        looked.page.get_by_label("State", exact=True).select_option("stored")
        looked.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert looked.page.locator("#list > li").count() == 423
        looked.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert looked.page.locator("#list > li").count() == 100


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_for_everybody(chromium, report, size, scheme):  # noqa: F811
    if reason := npm.why_not():
        pytest.skip(reason)
    with looking_at(chromium, report, size=size, scheme=scheme) as looked:
        looked.page.locator("#list summary").first.click()
        looked.page.locator(".posts summary").first.click()
        assert looked.violations() == []
        assert looked.page.evaluate("document.documentElement.scrollWidth") == size[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fields_can_be_told_from_the_page(chromium, report, scheme):  # noqa: F811
    """What axe does not look at: the edge of a field (WCAG 1.4.11), and the hint in it (1.4.3)."""
    with looking_at(chromium, report, scheme=scheme) as looked:
        for field in looked.page.locator("input, select").all():
            edge, inside, around = field.evaluate(
                """field => [getComputedStyle(field).borderTopColor,
                    getComputedStyle(field).backgroundColor,
                    getComputedStyle(document.body).backgroundColor]"""
            )
            assert min(contrast(edge, inside), contrast(edge, around)) >= 3
            hint = field.evaluate("field => getComputedStyle(field, '::placeholder').color")
            assert contrast(hint, inside) >= 4.5


def contrast(one, other):
    """How far two colours of a browser, ``rgb(1, 2, 3)``, are from each other, as WCAG has it."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    parts = [int(each) / 255 for each in colour.removeprefix("rgb(").rstrip(")").split(",")]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return sum(share * each for share, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_ten_thousand_images_stay_usable(chromium, tmp_path):  # noqa: F811
    """The bounds leave much room for slow machines: see docs/reference/report.md for figures."""
    file = written(tmp_path, list(images(10_000)))
    with looking_at(chromium, file) as looked:
        assert looked.page.evaluate("Number(document.documentElement.dataset.ready)") < 10_000
        search = looked.page.get_by_label("Search", exact=True)
        began = time.monotonic()
        search.fill("/9998.png")
        assert addresses(looked.page) == ["https://img2.example.com/9998.png"]
        assert time.monotonic() - began < 5
        assert looked.page.locator("#list *").count() < 5000
