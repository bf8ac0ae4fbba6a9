"""What is held moves when the user says so, and not before."""

import fcntl
import hashlib
import time

import pytest
from rig.hosts import answer, status
from rig.images import SVG, image

SORRY = image("PNG", seed=99, size=(300, 260))
SHA = hashlib.sha256(SORRY).hexdigest()


@pytest.fixture
def blog(site):
    """Three images with one picture, an SVG, a large image, one that is gone, one that is fine."""
    for name in ("posts/one.md", "posts/deep/two.md"):
        (site.root / name).unlink()
    for number in range(3):
        site.host.on(f"/{number}.png", answer(SORRY))
    site.host.on("/x.svg", answer(SVG))
    site.host.on("/large.png", answer(image("PNG", seed=1, size=(400, 400))))
    site.host.on("/gone.png", status(404))
    site.write("migrator.toml", "[download]\nmax_bytes = 200_000\n")
    assert len(image("PNG", seed=1, size=(400, 400))) > 200_000 > len(SORRY)
    for name in ("0.png", "1.png", "2.png", "x.svg", "large.png", "gone.png", "a.png"):
        site.write(f"posts/{name}.md", f"![]({{host}}/{name})\n")
    assert site.migrator("migrate", "posts", "--yes").status == 3
    return site


def moved(site):
    """The images that their posts do not show at their host any more."""
    posts = (site.root / "posts").glob("*.md")
    return {post.stem for post in posts if site.host.url("").encode() not in post.read_bytes()}


def again(site):
    ended = site.migrator("migrate", "posts", "--yes", "--only-failed", "--json")
    assert "Traceback" not in ended.err
    return ended.status, {
        each["url"].rpartition("/")[2]: each["reason"] or each["state"]
        for each in ended.json["images"]
    }


def test_nothing_that_is_held_moves_by_itself(blog):
    assert moved(blog) == {"a.png"}
    asked = len(blog.host.asked)
    code, states = again(blog)
    assert code == 3
    assert moved(blog) == {"a.png"}
    assert states == {
        **dict.fromkeys(("0.png", "1.png", "2.png", "x.svg"), "still-held"),
        "large.png": "too-large",
        "gone.png": "still-gone",
    } | {name: state for name, state in states.items() if name.startswith("a.png")}
    assert {each.path for each in blog.host.asked[asked:]} == {"/large.png"}


def test_the_list_says_why_and_how(blog):
    ended = blog.migrator("accept")
    assert ended.status == 0
    assert f"migrator accept {SHA[:12]}" in ended.out
    assert f"migrator accept svg:{blog.host.authority}" in ended.out
    assert f"migrator accept too-large:{blog.host.authority}" in ended.out
    assert "the host gives one picture for different images" in ended.out
    listed = blog.migrator("accept", "--json").json["held"]
    assert [each["url"].rpartition("/")[2] for each in listed] == [
        "0.png",
        "1.png",
        "2.png",
        "large.png",
        "x.svg",
    ]
    assert {each["group"] for each in listed if each["sha256"] == SHA} == {SHA[:12]}


@pytest.mark.parametrize("digits", [8, 12, 64])
def test_a_picture_is_accepted_by_its_first_digits_and_not_fetched_again(blog, digits):
    ended = blog.migrator("accept", SHA[:digits].upper() if digits == 12 else SHA[:digits])
    assert ended.status == 0, ended.err
    assert "Let through: 3 images" in ended.out
    assert "Next:  migrator migrate posts --yes --only-failed" in ended.out
    assert moved(blog) == {"a.png"}
    asked = len(blog.host.asked)
    again(blog)
    assert moved(blog) == {"a.png", "0.png", "1.png", "2.png"}
    assert not [
        each for each in blog.host.asked[asked:] if each.path.endswith((".0", "/0.png", "/1.png"))
    ]
    assert f"{SHA}.png" in (blog.root / "posts/0.png.md").read_text()


def test_a_picture_that_the_store_lost_is_fetched_again(blog):
    blog.migrator("accept", SHA[:12])
    for path in blog.root.glob(f"migrated-images/*/{SHA}.png"):
        path.unlink()
    again(blog)
    assert {"0.png", "1.png", "2.png"} < moved(blog)


def test_one_url_in_any_spelling_lets_through_that_image_alone(blog):
    ended = blog.migrator("accept", blog.host.url("/%30.png#here").replace("http", "HTTP"))
    assert ended.status == 0, ended.err
    assert "Let through: 1 image." in ended.out
    again(blog)
    assert moved(blog) == {"a.png", "0.png"}


def test_an_svg_and_a_large_image_move_once_accepted(blog):
    ended = blog.migrator(
        "accept", f"svg:{blog.host.authority}", blog.host.url("/large.png"), "--json"
    )
    assert ended.status == 0, ended.err
    assert sorted(each["reason"] for each in ended.json["images"]) == ["svg", "too-large"]
    assert set(ended.json["accepted"]) == {
        "svg " + blog.host.url("/x.svg"),
        "too-large " + blog.host.url("/large.png"),
    }
    assert ended.json["next"] == "migrator migrate posts --yes --only-failed"
    again(blog)
    assert moved(blog) == {"a.png", "x.svg", "large.png"}


def test_what_comes_instead_of_a_large_image_that_was_accepted_is_judged(blog):
    assert blog.migrator("accept", f"too-large:{blog.host.authority}").status == 0
    blog.host.on("/large.png", answer(SORRY))
    assert again(blog)[1]["large.png"] == "same-bytes"
    assert moved(blog) == {"a.png"}


def test_all_is_done_once_all_is_accepted_and_what_is_gone_is_back(blog):
    blog.host.on("/gone.png", answer(image("PNG", seed=2)))
    names = [each["group"] for each in blog.migrator("accept", "--json").json["held"]]
    assert blog.migrator("accept", *dict.fromkeys(names)).status == 0
    assert "Nothing is held" in blog.migrator("accept").out
    ended = blog.migrator("migrate", "posts", "--yes")
    assert ended.status == 0, ended.out
    assert len(moved(blog)) == 7


def test_what_was_never_held_is_refused_with_what_is_near(blog):
    for what in (blog.host.url("/a.png"), "svgs:" + blog.host.authority, "deadbeef", "xyz"):
        ended = blog.migrator("accept", what)
        assert ended.status == 2
        assert what in ended.err
        assert "migrator accept" in ended.err
    assert (
        f"svg:{blog.host.authority}" in blog.migrator("accept", "svgs:" + blog.host.authority).err
    )
    assert blog.host.url("/0.png") in blog.migrator("accept", blog.host.url("/00.png")).err


def test_one_wrong_name_among_several_accepts_nothing(blog):
    assert blog.migrator("accept", SHA[:12], "wrong").status == 2
    assert len(blog.migrator("accept", "--json").json["held"]) == 5


def test_accepting_twice_is_fine(blog):
    for _ in range(2):
        assert blog.migrator("accept", SHA[:12]).status == 0
    again(blog)
    ended = blog.migrator("accept", SHA[:12])
    assert ended.status == 2
    assert "no held image" in ended.err


def test_where_no_run_was_there_is_nothing_to_accept_and_no_state_folder(site):
    assert "Nothing is held" in site.migrator("accept").out
    ended = site.migrator("accept", "deadbeef")
    assert (ended.status, "no run has changed anything here" in ended.err) == (2, True)
    assert not (site.root / ".migrator").exists()


def test_a_picture_whose_host_died_meanwhile_still_moves(blog):
    blog.migrator("accept", SHA[:12])
    for number in range(3):
        blog.host.on(f"/{number}.png", status(404))
    again(blog)
    assert {"0.png", "1.png", "2.png"} < moved(blog)


def test_what_is_accepted_while_a_run_is_interrupted_moves_when_it_is_resumed(blog):
    blog.host.on("/slow.png", lambda connection: connection.stopped.wait(30))
    blog.write("posts/slow.png.md", "![]({host}/slow.png)\n")
    process = blog.start("migrate", "posts", "--yes")
    while not blog.host.count("/slow.png"):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    ended = blog.migrator("accept", f"svg:{blog.host.authority}")
    assert ended.status == 0, ended.err
    blog.host.on("/slow.png", answer(image("PNG", seed=8)))
    blog.migrator("resume", "--yes")
    assert moved(blog) == {"a.png", "slow.png", "x.svg"}


def test_the_site_is_locked_while_something_is_accepted(blog):
    with (blog.root / ".migrator/lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert blog.migrator("accept").status == 0
        assert blog.migrator("accept", SHA[:12]).status == 7
