import hashlib
import itertools
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.config import HostSettings, RouteSettings, SafetySettings, Settings
from migrator.downloader.host_rules import HostRules
from migrator.model import Asset, PastImage, Placement, Stored
from migrator.placeholders import KNOWN, held_back, settled
from migrator.reasons import Reason

HOST = "https://h.example"
BIG = {"width": 800, "height": 600, "size": 90_000}
SMALL = {"width": 200, "height": 200, "size": 9_000}


def picture(name, *, media_type="image/png", extension=".png", size=90_000, **more):
    pixels = {"width": 800, "height": 600} | more
    return Asset(hashlib.sha256(name.encode()).hexdigest(), size, media_type, extension, **pixels)


def stored(url, name=None, *, final_url="", judged=False, referer="", source="", **more):
    asset = picture(name or url, **more)
    source = source or url
    place = Placement("local:/x", asset.sha256, asset.sha256)
    return Stored(
        url, asset, place, source, final_url=final_url or source, referer=referer, judged=judged
    )


def past(url, name, state="stored", *, source="", final_url=""):
    asset = picture(name)
    return PastImage(url, state, None, "", asset, source or url, final_url or url, "2026-11-22-1")


class Hosts:
    """Answers probes from a table of (URL, Referer); remembers what it was asked."""

    def __init__(self, answers=None, *, any_name=None):
        self.answers = answers or {}
        self.any_name = any_name
        self.asked = []

    def __call__(self, probes):
        self.asked += probes
        return {each: self.answer(each) for each in probes}

    def answer(self, probe):
        if not probe.referer:
            return self.any_name or Reason.NOT_FOUND
        return self.answers.get(probe.url) or Reason.FORBIDDEN


def judge(images, *, earlier=(), ask=None, hosts=(), known=(), accepted=()):
    held, _ = judged(images, earlier=earlier, ask=ask, hosts=hosts, known=known, accepted=accepted)
    return held


def judged(images, *, earlier=(), ask=None, hosts=(), known=(), accepted=()):
    names = (f"made-up-{number}" for number in itertools.count())
    return held_back(
        images,
        earlier,
        ask or Hosts(),
        hosts=hosts if isinstance(hosts, HostRules) else HostRules(hosts),
        known=known,
        accepted=accepted,
        made_up=lambda: next(names),
    )


def reasons(images, **more):
    return {each.url: each.reason for each in judge(images, **more)}


def urls(count, start=0):
    return [f"{HOST}/{number}.png" for number in range(start, start + count)]


def test_different_pictures_are_let_through():
    assert judge([stored(url) for url in urls(5)]) == []


@pytest.mark.parametrize(
    ("count", "shape", "held"),
    [(1, SMALL, 0), (2, BIG, 0), (3, BIG, 3), (50, BIG, 50), (2, SMALL, 2)],
)
def test_one_picture_for_several_images_of_a_host_is_held(count, shape, held):
    found = judge([stored(url, "same", **shape) for url in urls(count)])
    assert [each.reason for each in found] == [Reason.SAME_BYTES] * held


@pytest.mark.parametrize(
    ("shape", "small"),
    [
        ({"width": 200, "height": 200}, True),
        ({"width": 201, "height": 200}, False),
        ({"width": 9, "height": 201}, False),
        ({"width": None, "height": None}, False),
        ({"size": 4096}, True),
        ({"size": 4097}, False),
    ],
)
def test_two_suffice_for_a_small_picture(shape, small):
    found = judge([stored(url, "same", **shape) for url in urls(2)])
    assert len(found) == (2 if small else 0)


def test_only_the_images_of_the_group_are_held():
    good = [stored(url) for url in urls(47)]
    bad = [stored(url, "gone") for url in urls(3, start=47)]
    assert set(reasons([*bad[:1], *good, *bad[1:]])) == {each.url for each in bad}


@pytest.mark.parametrize(
    "spellings",
    [
        ["http://h.example/a.png", "https://h.example/a.png", "https://H.example/a.png"],
        [f"{HOST}/a.png", f"{HOST}/a.png?v=1", f"{HOST}/a.png?v=2"],
        [f"{HOST}/a.png", f"{HOST}/a.png!small", f"{HOST}/a.png?x-oss-process=style/s"],
    ],
)
def test_variants_and_spellings_of_one_image_count_once(spellings):
    assert judge([stored(url, "same", **SMALL) for url in spellings]) == []


def test_images_that_differ_in_the_query_alone_count_each_where_the_path_names_none():
    images = [stored(f"{HOST}/show?id={number}", "same") for number in range(3)]
    assert set(reasons(images).values()) == {Reason.SAME_BYTES}


def test_each_host_is_judged_for_itself():
    images = [stored(f"https://{host}.example/a.png", "same", **SMALL) for host in "abc"]
    assert judge(images) == []


def test_the_host_that_was_asked_counts_and_not_the_one_in_the_post():
    images = [
        stored(f"https://{host}.example/{host}.png", "same", source=f"https://new.example/{host}")
        for host in "abc"
    ]
    assert set(reasons(images).values()) == {Reason.SAME_BYTES}


def test_images_of_earlier_runs_count_and_are_not_judged():
    earlier = [past(url, "same") for url in urls(2)]
    new = stored(f"{HOST}/new.png", "same")
    assert reasons([new], earlier=earlier) == {new.url: Reason.SAME_BYTES}
    assert reasons([new], earlier=earlier[:1]) == {}


def test_what_an_image_was_earlier_does_not_count_beside_what_it_is_now():
    earlier = [past(url, "same", "held") for url in urls(3)]
    assert (
        judge([stored(url) for url in urls(2)] + [stored(urls(3)[2], "same")], earlier=earlier)
        == []
    )


def test_the_users_own_copies_are_not_judged():
    for source in ("file:dump/a.png", "s3://bucket/a.png"):
        ask = Hosts()
        assert judge([stored(url, "same", source=source) for url in urls(5)], ask=ask) == []
        assert ask.asked == []


def test_what_the_user_accepted_is_not_held_but_still_counts():
    images = [stored(url, "same") for url in urls(3)]
    assert judge(images, accepted={images[0].asset.sha256}) == []
    earlier = [past(urls(1)[0], "same")]
    found = reasons(images, accepted={f"same-bytes {urls(1)[0]}"}, earlier=earlier)
    assert set(found) == set(urls(2, start=1))


def test_what_the_user_accepted_for_another_reason_is_judged():
    images = [stored(url, "same") for url in urls(3)]
    accepted = {f"{reason} {url}" for reason in ("too-large", "stand-in") for url in urls(3)}
    assert set(reasons(images, accepted=accepted).values()) == {Reason.SAME_BYTES}


def test_redirects_of_different_images_to_one_address_are_held():
    images = [stored(url, url, final_url="https://cdn.example/sorry") for url in urls(2)]
    assert set(reasons(images).values()) == {Reason.SAME_TARGET}
    assert judge(images[:1]) == []


@pytest.mark.parametrize(
    "final_url",
    ["https://h.example/0.png", "http://h.example/0.png", "https://h.example/0.png?signed=1"],
)
def test_an_image_that_is_redirected_to_itself_is_not_redirected(final_url):
    images = [
        stored(f"{scheme}://h.example/0.png", final_url=final_url) for scheme in ("http", "https")
    ]
    assert judge(images) == []


def test_redirects_to_a_place_of_each_image_are_fine():
    assert judge([stored(url, final_url=url.replace("h.", "cdn.")) for url in urls(5)]) == []


@pytest.mark.parametrize(
    "name",
    [
        "removed.png", "default.jpg", "default_d_large.gif", "404.png", "error404.jpg",
        "notfound.png", "not-found.png", "image_not_found.gif", "placeholder.png", "no-image.jpg",
        "noimage.png", "nopic_200.gif", "forbidden.png", "hotlink.png", "anti-leech.png",
        "expired.png", "favicon.ico", "favicon-32x32.png", "Error.PNG",
    ],
)  # fmt: skip
def test_a_redirect_to_a_telling_name_is_held(name):
    image = stored(f"{HOST}/a.png", final_url=f"https://cdn.example/img/{name}")
    assert reasons([image]) == {image.url: Reason.STAND_IN}


@pytest.mark.parametrize(
    "name",
    ["b.png", "terror.png", "defaults2.png", "1404.png", "a404b.png", "no-images-of-cats-2.png",
     "unexpired.png", "errors-in-go.png"],
)  # fmt: skip
def test_a_redirect_to_any_other_name_is_fine(name):
    assert judge([stored(f"{HOST}/a.png", final_url=f"https://cdn.example/img/{name}")]) == []


def test_an_image_that_has_a_telling_name_itself_may_be_redirected():
    assert judge([stored(f"{HOST}/404.png", final_url="https://cdn.example/x/404.png")]) == []
    assert judge([stored(f"{HOST}/404.png")]) == []


def test_known_placeholders_are_held():
    (digest, _), *_ = KNOWN.items()
    image = stored(f"{HOST}/a.png")
    image = replace(image, asset=replace(image.asset, sha256=digest))
    assert reasons([image]) == {image.url: Reason.KNOWN_PLACEHOLDER}
    other = stored(f"{HOST}/b.png")
    assert reasons([other], known=[other.asset.sha256]) == {other.url: Reason.KNOWN_PLACEHOLDER}


@pytest.mark.parametrize("name", ["a.png", "a.JPG", "a.jpeg", "a.webp"])
@pytest.mark.parametrize("kind", [("image/gif", ".gif"), ("image/x-icon", ".ico")])
def test_a_small_gif_or_icon_for_the_name_of_a_photo_is_held(name, kind):
    media_type, extension = kind
    url = f"{HOST}/{name}"
    image = stored(url, media_type=media_type, extension=extension, size=10_239)
    assert reasons([image]) == {url: Reason.STAND_IN}
    assert judge([replace(image, asset=replace(image.asset, size=10_240))]) == []
    named = stored(f"{HOST}/a{extension}", media_type=media_type, extension=extension, size=9)
    assert judge([named]) == []


def test_what_a_made_up_name_gets_is_held_wherever_it_came_from_that_host():
    images = [
        stored(f"{HOST}/x/0.png", "same"),
        stored(f"{HOST}/y/1.png", width=9),
        stored(f"{HOST}/2.png", width=9),
    ]
    elsewhere = stored("https://other.example/3.png", "same")
    ask = Hosts(any_name=picture("same"))
    found = reasons(images, ask=ask)
    assert found == {images[0].url: Reason.ANY_NAME}
    ask = Hosts()
    assert reasons([*images, elsewhere], ask=ask) == {}


def test_what_looks_like_the_answer_to_a_made_up_name_is_held():
    images = [stored(f"{HOST}/{width}.png", width=width) for width in (400, 500)]
    images.append(stored(f"{HOST}/a.jpg", width=400, media_type="image/jpeg"))
    held, warnings = judged(images, ask=Hosts(any_name=picture("other", width=400)))
    assert {each.url: each.reason for each in held} == {images[0].url: Reason.ANY_NAME}
    assert "400x600 pixels" in held[0].detail
    words = "answers every name with a picture, so nobody can tell a lost image there"
    assert warnings == (f"h.example {words}",)


@pytest.mark.parametrize("reason", list(Reason))
def test_a_host_that_does_not_answer_is_told_and_one_that_refuses_is_not(reason):
    held, warnings = judged([stored(f"{HOST}/a.png")], ask=Hosts(any_name=reason))
    assert held == []
    told = (f"h.example could not be checked ({reason.words}), so its images were taken on trust",)
    assert warnings == (told if reason.retry or reason is Reason.INTERNAL else ())


def test_made_up_names_are_asked_in_the_fullest_folders_with_their_ending():
    images = [
        *(stored(f"{HOST}/full/{number}.jpg?v={number}") for number in range(4)),
        *(stored(f"{HOST}/three/{number}.png") for number in range(3)),
        *(stored(f"{HOST}/two/{number}") for number in range(2)),
        stored(f"{HOST}/one/0.png"),
        stored("https://other.example/a.webp", judged=True),
    ]
    ask = Hosts()
    judge(images, ask=ask)
    assert [each.url for each in ask.asked if not each.referer] == [
        f"{HOST}/full/made-up-0.jpg",
        f"{HOST}/three/made-up-1.png",
        f"{HOST}/two/made-up-2",
    ]


def test_each_ending_of_a_folder_has_a_made_up_name_and_a_name_in_a_query_too():
    images = [stored(f"{HOST}/f/{name}") for name in ("a.png", "b.png", "c.jpg", "d")]
    images += [stored(f"{HOST}/pic.php?w=9&id={number}&x={{") for number in range(2)]
    images.append(stored("https://u.example/u/12?v=4"))
    ask = Hosts()
    judge(images, ask=ask)
    assert [each.url for each in ask.asked if not each.referer] == [
        f"{HOST}/f/made-up-0.png",
        f"{HOST}/f/made-up-1",
        f"{HOST}/f/made-up-2.jpg",
        f"{HOST}/pic.php?w=9&id=made-up-3&x=%7B",
        "https://u.example/u/made-up-4",
    ]


def test_redirects_to_one_picture_with_other_queries_are_held():
    images = [stored(url, url, final_url=f"{HOST}/c/x.jpg?src={url}") for url in urls(2)]
    assert set(reasons(images).values()) == {Reason.SAME_TARGET}


def test_no_name_is_made_up_where_names_do_not_matter():
    ask = Hosts(any_name=picture("a"))
    image = stored("https://mmbiz.qpic.cn/mmbiz_png/abc/640?wx_fmt=png", "a")
    assert judge([image], ask=ask) == []
    assert ask.asked == []


def test_the_smallest_three_images_of_a_host_are_asked_for_from_its_own_page():
    images = [stored(url, size=90_000 - number) for number, url in enumerate(urls(5))]
    images += [stored("http://127.0.0.1:8000/a.png")]
    ask = Hosts()
    judge(images, ask=ask)
    asked = [(each.url, each.referer) for each in ask.asked if each.referer]
    assert asked == [
        ("http://127.0.0.1:8000/a.png", "http://127.0.0.1:8000/"),
        *((f"{HOST}/{number}.png", f"{HOST}/") for number in (4, 3, 2)),
    ]


def test_where_one_image_depends_on_the_referer_all_of_the_host_are_checked():
    images = [stored(url, size=90_000 + number) for number, url in enumerate(urls(6))]
    other = picture("real")
    same = images[4].asset
    answers = {each.url: other for each in images} | {images[4].url: same, images[5].url: None}
    ask = Hosts(answers)
    assert reasons(images, ask=ask) == dict.fromkeys(urls(4), Reason.BY_REFERER)
    assert len([each for each in ask.asked if each.referer]) == len(images)
    (first, *_) = judge(images, ask=Hosts(answers))
    assert other.sha256[:12] in first.detail
    assert "migrator accept by-referer:h.example" in first.detail


def test_what_was_fetched_with_a_referer_or_by_a_known_rule_is_not_asked_for_again():
    images = [
        stored(f"{HOST}/a.png", referer=f"{HOST}/"),
        stored("https://pic1.zhimg.com/v2-a_r.jpg"),
        stored("https://said.example/a.png"),
    ]
    ask = Hosts({each.url: picture("other") for each in images})
    said = [HostSettings(match="said.example", referer=("https://page.example/",))]
    assert judge(images, ask=ask, hosts=said) == []
    assert [each for each in ask.asked if each.referer] == []


def test_the_second_look_asks_as_the_site_and_the_other_listed_pages_would():
    site, one, two = "https://blog.example/", "https://one.example/", "https://two.example/"
    rules = HostRules([HostSettings(match="said.example", referer=(one, two, ""))], site)
    images = [stored(f"{HOST}/a.png"), stored("https://said.example/a.png", referer=one)]
    images.append(stored("https://pic1.zhimg.com/v2-a_r.jpg"))

    class Blog(Hosts):
        def answer(self, probe):
            return picture("real") if probe.referer in (site, two) else super().answer(probe)

    ask = Blog()
    found = reasons(images, ask=ask, hosts=rules)
    assert found == dict.fromkeys((f"{HOST}/a.png", images[1].url), Reason.BY_REFERER)
    asked = [(each.url, each.referer) for each in ask.asked if each.referer]
    assert asked == [
        (f"{HOST}/a.png", f"{HOST}/"),
        (f"{HOST}/a.png", site),
        (images[1].url, site),
        (images[1].url, two),
    ]


def test_hosts_of_which_all_images_were_judged_are_left_in_peace():
    ask = Hosts(any_name=picture("same"))
    assert judge([stored(url, "same", judged=True) for url in urls(2)], ask=ask) == []
    assert ask.asked == []


def test_a_detail_names_the_others_and_the_command_that_lets_the_group_through():
    images = [stored(f"{url}?token={'s' * 30}", "same") for url in urls(6)]
    held = judge(images)[0]
    sha = images[0].asset.sha256
    assert held.detail.endswith(f"if it is right: migrator accept {sha[:12]}")
    assert f"{HOST}/1.png" in held.detail
    assert "and 2 more" in held.detail
    assert "sss" not in held.detail


def test_the_order_of_arrival_makes_no_difference_to_a_small_group():
    images = [
        stored(urls(1)[0], "same", **SMALL),
        stored(urls(2)[1], "same", **SMALL),
        stored(f"{HOST}/x.png", final_url=f"{HOST}/sorry"),
        stored(f"{HOST}/y.png", final_url=f"{HOST}/sorry"),
        stored(f"{HOST}/z.png", size=5_000),
    ]
    ask = Hosts({f"{HOST}/z.png": picture("other")})
    results = {
        frozenset((each.url, each.reason, each.detail) for each in judge(order, ask=ask))
        for order in itertools.permutations(images)
    }
    assert len(results) == 1
    assert len(results.pop()) == 5


IMAGES = st.builds(
    lambda host, path, name, target, size, judged: stored(
        f"https://{host}.example/{path}",
        name,
        size=size,
        judged=judged,
        final_url=f"https://{host}.example/{target}" if target else "",
    ),
    st.sampled_from("ab"),
    st.sampled_from(["0.png", "1.png", "2.png?x", "3.gif", "d/4.png", "d/5.jpg"]),
    st.sampled_from(["one", "two", "three"]),
    st.sampled_from(["", "", "t", "removed.png"]),
    st.sampled_from([100, 5_000]),
    st.booleans(),
)


@given(
    st.lists(IMAGES, max_size=10, unique_by=lambda each: each.url),
    st.sampled_from([None, "one", "two"]),
    st.dictionaries(st.sampled_from(["https://a.example/0.png"]), st.sampled_from("xy")),
    st.randoms(use_true_random=False),
)
def test_neither_arrival_nor_what_was_judged_before_changes_the_verdict(
    images, any_name, answers, shuffle
):
    answers = {url: picture(name) for url, name in answers.items()}
    ask = Hosts(answers, any_name=any_name and picture(any_name))
    verdict = {each.url: (each.reason, each.detail) for each in judge(images, ask=ask)}
    shuffled = shuffle.sample(images, len(images))
    again = judge(shuffled, ask=ask)
    assert {each.url: (each.reason, each.detail) for each in again} == verdict
    # Some were judged, and recorded, before an interruption.
    cut = [each for each in images if shuffle.random() < 0.5 and each.url in verdict]
    earlier = [
        PastImage(each.url, "held", Reason.TINY, "", each.asset, each.source, each.final_url, "r")
        for each in cut
    ]
    rest = judge([each for each in images if each not in cut], earlier=earlier, ask=ask)
    left = {each.url for each in images} - {each.url for each in cut}
    if not answers and any_name is None:
        assert {each.url: each.reason for each in rest} == {
            url: reason for url, (reason, _) in verdict.items() if url in left
        }


def state(reason, url=f"{HOST}/a.png"):
    kind = "held" if reason not in (Reason.GONE, Reason.NOT_FOUND, Reason.DNS) else "failed"
    return replace(past(url, "a", kind), reason=reason)


@pytest.mark.parametrize(
    ("reason", "safety", "waits"),
    [
        (Reason.NOT_FOUND, {}, Reason.STILL_GONE),
        (Reason.GONE, {}, Reason.STILL_GONE),
        (Reason.DNS, {}, None),
        (Reason.SAME_BYTES, {}, Reason.STILL_HELD),
        (Reason.BY_REFERER, {}, Reason.STILL_HELD),
        (Reason.SAME_BYTES, {"placeholders": "allow"}, None),
        (Reason.SVG, {}, Reason.STILL_HELD),
        (Reason.SVG, {"svg": "allow"}, None),
        (Reason.TINY, {}, Reason.STILL_HELD),
        (Reason.TOO_LARGE, {}, None),
    ],
)
def test_what_only_failed_does_not_ask_for_again(reason, safety, waits):
    image, settings = state(reason), Settings(safety=SafetySettings(**safety))
    assert settled(image, settings, ()) == waits
    if waits is not Reason.STILL_GONE:
        assert settled(image, settings, {image.asset.sha256}) is None
        assert settled(image, settings, {f"{reason} {image.url}"}) is None


def test_what_is_gone_is_asked_for_where_a_route_leads_elsewhere():
    settings = Settings(route=(RouteSettings(match="https://H.example", source="file:dump/"),))
    assert settled(state(Reason.GONE), settings, ()) is None
    assert settled(state(Reason.SAME_BYTES), settings, ()) is Reason.STILL_HELD


class Many:
    """Images that are made when somebody goes over them."""

    def __init__(self, count):
        self.count = count

    def __iter__(self):
        return (stored(url) for url in urls(self.count))


def test_many_images_are_judged_without_holding_them():
    def peak(count):
        tracemalloc.start()
        try:
            assert judge(Many(count), earlier=Many(count)) == []
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)  # what is made once
    assert (peak(6400) - peak(1600)) / 4800 < 400  # bytes for each image
