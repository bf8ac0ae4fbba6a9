"""Names of objects."""

import ntpath
from datetime import date
from pathlib import PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import ConfigError
from migrator.model import Asset, TransferTask
from migrator.uploader.keys import LONGEST, check_key, key_for, names_a_date, old_name, own_keys

SHA256 = "0123456789abcdef" * 4
ASSET = Asset(SHA256, 3, "image/png", ".png")
TASK = TransferTask("https://h.example/a/b.jpg", post="posts/hello.md")
HASHED = f"01/{SHA256}.png"


def is_reserved(name):
    if hasattr(ntpath, "isreserved"):  # from Python 3.13 on
        return ntpath.isreserved(name)
    return PureWindowsPath(name).is_reserved()


def key(template, url="https://h.example/a/b.jpg", post="posts/hello.md", *, distinct=False):
    return key_for(template, "", ASSET, TransferTask(url, post=post), distinct=distinct)


@pytest.mark.parametrize(
    ("template", "prefix", "expected"),
    [
        ("{sha256:2}/{sha256}{ext}", "", f"01/{SHA256}.png"),
        ("{sha256:2}/{sha256}{ext}", "blog", f"blog/01/{SHA256}.png"),
        ("{sha256:2}/{sha256}{ext}", "/图片/a b/", f"图片/a b/01/{SHA256}.png"),
        ("{sha256:16}", "", "0123456789abcdef"),
        ("i-{sha256:20}{ext}", "x", "x/i-0123456789abcdef0123.png"),
        ("{{x}}/{sha256}", "", f"{{x}}/{SHA256}"),
    ],
)
def test_a_template_is_filled_in(template, prefix, expected):
    assert key_for(template, prefix, ASSET, TASK) == expected


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("", "the same name"),
        ("image{ext}", "the same name"),
        ("{year}/{month}{ext}", "the same name"),
        ("{stem:9}", "is not known"),
        ("{post}" * 4, "255 bytes"),
        ("{sha256:0}", "from 1 to 64"),
        ("{sha256:65}", "from 1 to 64"),
        ("{sha256:²}", "from 1 to 64"),
        ("{sha256:>70}", "from 1 to 64"),
        ("{sha256}{md5}", "{md5} is not known"),
        ("{sha256}{}", "{} is not known"),
        ("{sha256}{ext.__class__}", "is not known"),
        ("{sha256!r}", "is not known"),
        ("{sha256}{ext:9}", "is not known"),
        ("{sha256", "brace"),
        ("sha256}", "brace"),
        ("/{sha256}", "empty part"),
        ("{sha256}/", "empty part"),
        ("../{sha256}", "empty part"),
        ("a\\{sha256}", "cannot stand in a name"),
        ("{stem}{ext}/", "{stem}{ext}/"),
        ("{stem}//{sha256}{ext}", "empty part"),
        (".hidden/{sha256}{ext}", "a dot"),
        ("a/{ext}", "same name"),
        ("{stem}/{ext}", "a dot"),
        (" a/{sha256}{ext}", "a space"),
        ("a /{sha256}{ext}", "end of a part"),
        ("{stem}{ext}.", "end of a part"),
        ("{stem}?{ext}", "'?'"),
        ("{stem}#{ext}", "'#'"),
        ("{stem}|{ext}", "'|'"),
        ("{sha256}", ".png"),
        ("{stem}.php", ".png"),
        ("{stem}{ext}.php", ".png"),
    ],
)
def test_a_bad_template_is_named_with_its_cure(template, says):
    with pytest.raises(ConfigError, match=r"store\.key") as caught:
        check_key(template, "")
    assert says in str(caught.value)
    assert caught.value.hint


def test_a_bad_template_is_quoted_as_it_was_written_and_the_cure_can_be_copied():
    with pytest.raises(ConfigError) as caught:
        check_key("img/{stem}{ext}.php", "")
    assert "'img/{stem}{ext}.php'" in str(caught.value)
    assert "'img/{stem}{ext}'" in caught.value.hint
    check_key("img/{stem}{ext}", "")
    check_key("old/{path}", "")


@pytest.mark.parametrize(
    "prefix",
    [".git", "a#b", "a?b", "a.", "..", "a/../b", "a//b", "./a", "a\\b", "a\nb", "a\0b", "a\u202eb"],
)
def test_a_prefix_that_is_no_folder_is_refused(prefix):
    with pytest.raises(ConfigError, match=r"store\.prefix") as caught:
        check_key("{sha256}", prefix)
    assert caught.value.hint


def test_a_name_is_no_longer_than_services_allow():
    longest = "图" * 319 + "ab"  # 959 bytes; slash and hash make it 1024
    assert len(key_for("{sha256}", longest, ASSET, TASK).encode()) == LONGEST
    with pytest.raises(ConfigError, match="1024 bytes"):
        check_key("{sha256}", longest + "c")


def test_a_key_may_begin_with_the_month_of_the_post():
    template = "{year}/{month}/{stem}{ext}"
    dated = TransferTask("https://h/A%20b.jpg", written=date(2024, 5, 1))
    assert key_for(template, "", ASSET, dated) == "2024/05/a-b.png"
    assert key(template) == "0000/00/b.png"
    assert names_a_date(template)
    assert not names_a_date("{sha256}{ext}")


@pytest.mark.parametrize(
    ("url", "stem"),
    [
        ("https://h/a/IMG_2041.JPG?w=1#x", "img_2041"),
        ("//h/%E5%9B%BE%20%E7%89%87.png", "图-片"),
        ("https://h/cafe%CC%81.png", "café"),
        ("https://h/हिन्दी.png", "हिन्दी"),
        ("https://h/a.png!small", "a"),
        ("https://h/a.webp~tplv-x:200:0:0.image", "a"),
        ("https://h/v1.2.3.png", "v1-2-3"),
        ("https://h/..%2f..%5cetc.png", "etc"),
        ("https://h/a/b/", "b"),
        ("https://h/CON.png", "con-"),
        ("https://h/.png", "image"),
        ("https://h/?id=3", "image"),
        ("https://h/%ff%fe.png", "image"),
        ("https://[/x.png", "image"),
        ("file:posts/100%25.png", "100-25"),
        (f"https://h/{'图' * 99}.png", "图" * 26),
    ],
)
def test_a_stem_is_the_old_name_made_safe(url, stem):
    assert key("{stem}{ext}", url) == f"{stem}.png"


@pytest.mark.parametrize(
    ("post", "name"),
    [
        ("content/posts/Hello World.md", "hello-world"),
        ("source/_posts/2024-05-01-你好，世界.md", "2024-05-01-你好-世界"),
        ("content/posts/hello/index.md", "hello"),
        ("content/posts/hello/index.zh-cn.md", "hello"),
        ("content/_index.md", "content"),
        ("notes/README.md", "notes"),
        ("index.md", "index"),
        ("../index.md", "index"),
        ("aux.md", "aux-"),
        ("!!!.md", "post"),
        ("", "post"),
    ],
)
def test_a_post_gives_its_name_or_that_of_its_folder(post, name):
    assert key("{post}/{sha256:4}{ext}", post=post) == f"{name}/0123.png"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://h/2020/01/IMG 1.JPG?x-oss-process=style/a#pic", "2020/01/IMG 1.JPG"),
        ("https://h/%E5%9B%BE/a%2Bb.png", "图/a+b.png"),
        ("https://h/a/b/mmbiz", "a/b/mmbiz"),
        ("https://h/a.png!small", "a.png!small"),
        ("https://h/a%23b.png", "a#b.png"),
        ("https://h/aux.png", "aux-.png"),
        ("file:assets/100%25 a#b.png", "assets/100%25 a#b.png"),
    ],
)
def test_a_path_is_kept_as_it_was(url, path):
    assert key("{path}", url) == path
    assert key("old/{path}", url) == f"old/{path}"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "..",
        "a/../b.png",
        "%2e%2e/b.png",
        "a//b.png",
        "a/",
        ".git/a.png",
        ".migrator-a.png",
        "a%5cb.png",
        "a%00.png",
        "a%0ab.png",
        "a\u202eb.png",
        "a%3ab.png",
        "a.webp~tplv-x:200.image",
        "a%20/b.png",
        "a./b.png",
        "%b2%e2.png",
        "\ud800.png",
        "index.html",
        "a.php?id=3",
        "a" * 238,
        "/".join("a" * 300),
    ],
)
def test_a_path_that_cannot_be_a_name_gives_way_to_the_hash(path):
    assert key("{path}", f"https://h/{path}") == HASHED
    assert key("{path}", f"https://h/{path}", distinct=True) == HASHED


@pytest.mark.parametrize(
    ("template", "distinct"),
    [
        ("{stem}{ext}", "b-0123456789abcdef.png"),
        ("{post}/{stem}", "hello/b-0123456789abcdef"),
        ("{path}", "a/b-0123456789abcdef.jpg"),
        ("{sha256:15}{ext}", "0123456789abcde-0123456789abcdef.png"),
        ("{sha256:16}{ext}", "0123456789abcdef.png"),
        ("{stem}.x/.{sha256:2}", "b.x/.01-0123456789abcdef"),
    ],
)
def test_a_distinct_name_holds_enough_of_the_hash(template, distinct):
    assert key(template, distinct=True) == distinct


PARTS = st.one_of(
    st.text(),
    st.text(st.sampled_from("aA.%2f5cE:?* ~!图é\u0301\\/")),
    st.sampled_from(["con", "NUL.x", "com1", "LPT¹.png", "..", ".", "%2e%2e", "a" * 300]),
)


@given(
    url=st.lists(PARTS).map("/".join),
    post=st.lists(PARTS).map("/".join),
    template=st.sampled_from(
        ["{path}", "{stem}{ext}", "{post}/{stem}{ext}", "{year}/{post}{ext}", "co{stem}"]
    ),
    distinct=st.booleans(),
)
def test_whatever_images_and_posts_are_called_every_system_takes_the_name(
    url, post, template, distinct
):
    name = key(template, f"https://h/{url}", post, distinct=distinct)
    assert len(name.encode()) <= LONGEST
    for part in name.split("/"):
        assert part not in {"", ".", ".."}
        assert len(part.encode()) <= 255
        assert not is_reserved(part)
        assert not set(part) & set('<>:"|?*\\')
        assert part.isprintable()
        assert not part.startswith(".")
        assert not part.endswith((" ", "."))
    if template != "{path}":
        assert name == name.lower()
    if distinct:
        assert SHA256[:16] in name


@given(template=st.text(st.sampled_from("{}sha256:ext/.1é\\ "), max_size=40), prefix=st.text())
def test_whatever_is_written_gives_a_usable_key_or_a_clear_error(template, prefix):
    try:
        check_key(template, prefix)
        key = key_for(template, prefix, ASSET, TASK)
    except ConfigError as error:
        assert error.hint  # noqa: PT017 - an error is one of the two good ends
    else:
        assert not {"", ".", ".."} & set(key.split("/"))


OWN_TEMPLATES = [
    "{sha256:2}/{sha256}{ext}",
    "{year}/{month}/{post}-{sha256:16}{ext}",
    "{host}/{sha256}/{path}",
]


@given(
    template=st.sampled_from(OWN_TEMPLATES),
    prefix=st.sampled_from(["", "blog", "/图片/a+b/"]),
    url=st.lists(PARTS).map("/".join),
    post=st.lists(PARTS).map("/".join),
    distinct=st.booleans(),
)
def test_every_key_of_ours_looks_like_one(template, prefix, url, post, distinct):
    own = own_keys(template, prefix)
    task = TransferTask(f"https://h/{url}", post=post)
    assert own.fullmatch(key_for(template, prefix, ASSET, task, distinct=distinct))


@pytest.mark.parametrize(
    "name", ["logo.png", HASHED, f"blog/01/{SHA256}", f"blog/01/{SHA256[:-1]}g.png", "blog/a/b.png"]
)
def test_what_others_put_there_does_not(name):
    assert not own_keys(OWN_TEMPLATES[0], "blog").fullmatch(name)


@pytest.mark.parametrize("template", ["{stem}{ext}", "{sha256:15}{ext}", "{path}"])
def test_names_without_enough_of_the_hash_are_told_from_none(template):
    assert own_keys(template, "") is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://Img.Example.COM:8443/a/b.png?v=1#x", "img.example.com/a/b.png"),
        ("//user:pw@h.example./caf%C3%A9.png", "h.example/café.png"),
        ("https://图床.example/a.png", "xn--wcso9o.example/a.png"),
        ("http://[2001:db8::1]/a.png", "2001-db8-1/a.png"),
        ("https://a..b/a.png", "a-.b/a.png"),
        ("file:posts/a.png", "local/posts/a.png"),
        ("https://h.example/a.php?id=7", ""),
        ("https://h.example/../a.png", ""),
    ],
)
def test_host_and_path_are_what_a_server_of_the_old_host_looks_for(url, name):
    assert old_name(url) == name
    assert key("{host}/{path}", url).startswith(name or f"h.example/{HASHED}")


@given(st.text(max_size=300), st.text(max_size=20))
def test_any_host_makes_one_part_of_a_name(host, path):
    check_key("{host}/{path}", "")
    first, *rest = key("{host}/{path}", f"https://{host}/{path}").split("/")
    assert first.isascii()
    assert 0 < len(first) <= 254
    assert not first.startswith(".")
    assert rest
