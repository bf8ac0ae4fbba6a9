import pytest

from migrator.local_images import LocalImages
from migrator.model import Kind, Post, Reference, Spelling
from migrator.reasons import Reason

PUBLIC = "https://img.example.com"
HEXO = (
    "source/_posts/hello.md",
    "source/_posts/hello/inside.png",
    "source/images/logo.png",
    "source/images/图 片.png",
)
HUGO = ("content/posts/trip/index.md", "content/posts/trip/map.jpg", "static/img/a.png")
JEKYLL = ("_posts/2024-01-02-hello.md", "assets/images/cat.webp")
VUEPRESS = ("docs/guide/intro.md", "docs/.vuepress/public/hero.png")
DOCUSAURUS = ("blog/2024/post.md", "static/img/chart.svg")
TYPORA = (
    "notes/hello.md",
    "notes/hello.assets/image-20240102030405.png",
    "notes/hello.assets/C#笔记 50%.png",
)
VAULT = (".obsidian/app.json", "daily/2024-01-02.md", "attachments/2024/pasted.png", "top.png")
TWINS = ("posts/a.md", "static/same.png", "public/same.png", "static/two.png", "public/two.png")


@pytest.fixture
def site(tmp_path):
    """``site(names)``: a site with these files; each holds its own last name."""
    root = tmp_path / "site"
    root.mkdir()

    def make(names):
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(path.name.encode())
        return root

    return make


def post_of(root, name, *urls, kind=Kind.IMAGE):
    references = tuple(Reference(0, 0, kind, Spelling.MARKDOWN, url, url, 1, 1) for url in urls)
    return Post(root, name, "", "utf-8", references)


def looked_up(root, post, url, *, kind=Kind.IMAGE, store="migrated-images", public=None):
    local = LocalImages(root, root / store, public)
    image = local.image_at(post_of(root, post, url, kind=kind), url)
    return image, image and local.reason_to_stay(image)


@pytest.mark.parametrize(
    ("files", "url", "image"),
    [
        (HEXO, "hello/inside.png", "source/_posts/hello/inside.png"),
        (HEXO, "inside.png", "source/_posts/hello/inside.png"),
        (HEXO, "./hello/../hello/inside.png", "source/_posts/hello/inside.png"),
        (HEXO, "/images/logo.png", "source/images/logo.png"),
        (HEXO, "../images/logo.png", "source/images/logo.png"),
        (HEXO, "images/logo.png", "source/images/logo.png"),
        (HEXO, "/images/logo.png?v=2", "source/images/logo.png"),
        (HEXO, "/images/logo.png#center", "source/images/logo.png"),
        (HEXO, "/images/logo.png?v=2#center", "source/images/logo.png"),
        (HEXO, "../images/图 片.png", "source/images/图 片.png"),
        (HEXO, "../images/%E5%9B%BE%20%E7%89%87.png", "source/images/图 片.png"),
        (HEXO, "../images/%e5%9b%be%20片.png", "source/images/图 片.png"),
        (HEXO, "..\\images\\logo.png", "source/images/logo.png"),
        (HEXO, "/blog/images/logo.png", "source/images/logo.png"),
        (HUGO, "map.jpg", "content/posts/trip/map.jpg"),
        (HUGO, "./map.jpg", "content/posts/trip/map.jpg"),
        (HUGO, "/img/a.png", "static/img/a.png"),
        (HUGO, "img/a.png", "static/img/a.png"),
        (JEKYLL, "/assets/images/cat.webp", "assets/images/cat.webp"),
        (VUEPRESS, "/hero.png", "docs/.vuepress/public/hero.png"),
        (DOCUSAURUS, "/img/chart.svg", "static/img/chart.svg"),
        (DOCUSAURUS, "@site/static/img/chart.svg", "static/img/chart.svg"),
        (TYPORA, "hello.assets/image-20240102030405.png", TYPORA[1]),
        (TYPORA, "hello.assets\\image-20240102030405.png", TYPORA[1]),
        (TYPORA, "hello.assets/C#笔记 50%.png", TYPORA[2]),
        (TYPORA, "hello.assets/C#笔记%2050%25.png", TYPORA[2]),
        (TYPORA, "hello.assets/C%23%E7%AC%94%E8%AE%B0%2050%25.png", TYPORA[2]),
        (TWINS[:2], "/same.png", "static/same.png"),
    ],
)
def test_a_local_path_means_a_file_of_the_site(site, files, url, image):
    root = site(files)
    (post,) = (name for name in files if name.endswith(".md"))
    assert looked_up(root, post, url) == (f"file:{image}", None)


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64,AAAA",
        "data:image/svg+xml,<svg/>/a.png",
        "blob:x/a.png",
        "mailto:a.png",
        "app://local/a.png",
        "video.mp4",
        "paper.pdf",
        "other-post",
        "#a.png",
        "?a.png",
        "/counter?for=a.png",
        "",
        "http:",
    ],
)
def test_what_is_no_local_image_is_not_looked_at(site, url):
    assert looked_up(site(HEXO), HEXO[0], url) == (None, None)


def test_an_image_on_another_host_is_its_address(site):
    for url in ("https://h.example/a.png#x", "//h.example/a.png"):
        assert looked_up(site(HEXO), HEXO[0], url) == (url, None)


@pytest.mark.parametrize(
    ("url", "image", "reason"),
    [
        ("no.png", "source/_posts/no.png", Reason.NO_FILE),
        ("../images/no%20%E5%9B%BE.png", "source/images/no 图.png", Reason.NO_FILE),
        ("/no.png", "/no.png", Reason.NO_FILE),
        ("/images", None, None),
        ("a\0b.png", "source/_posts/a\0b.png", Reason.NO_FILE),
        (f"{'x' * 5000}.png", f"source/_posts/{'x' * 5000}.png", Reason.NO_FILE),
        ("../../../out.png", "../out.png", Reason.OUTSIDE_SITE),
        ("../../../missing.png", "../missing.png", Reason.OUTSIDE_SITE),
        ("C:\\Users\\me\\a.png", "C:/Users/me/a.png", Reason.OUTSIDE_SITE),
        ("file:///C:/Users/me/a.png", "C:/Users/me/a.png", Reason.OUTSIDE_SITE),
        ("\\\\server\\share\\a.png", "//server/share/a.png", Reason.OUTSIDE_SITE),
    ],
)
def test_what_is_missing_or_elsewhere_stays_with_its_reason(site, url, image, reason):
    root = site(HEXO)
    (root.parent / "out.png").write_bytes(b"")
    assert looked_up(root, HEXO[0], url) == (image and f"file:{image}", reason)


def test_a_full_path_counts_where_it_leads_into_the_site(site):
    root = site(HEXO)
    there, elsewhere = root / "source/images/logo.png", root.parent / "out.png"
    elsewhere.write_bytes(b"")
    image = "file:source/images/logo.png"
    assert looked_up(root, HEXO[0], str(there)) == (image, None)
    assert looked_up(root, HEXO[0], there.as_uri()) == (image, None)
    assert looked_up(root, HEXO[0], str(elsewhere))[1] is Reason.OUTSIDE_SITE


def test_a_symbolic_link_counts_for_the_file_it_leads_to_inside_the_site_only(site):
    root = site(HEXO)
    (root.parent / "private").mkdir()
    (root.parent / "private/key.png").write_bytes(b"")
    (root / "source/_posts/out.png").symlink_to(root.parent / "private/key.png")
    (root / "source/private").symlink_to(root.parent / "private")
    (root / "source/_posts/in.png").symlink_to("../images/logo.png")
    (root / "source/_posts/loop.png").symlink_to("loop.png")
    assert looked_up(root, HEXO[0], "out.png")[1] is Reason.OUTSIDE_SITE
    assert looked_up(root, HEXO[0], "../private/key.png")[1] is Reason.OUTSIDE_SITE
    assert looked_up(root, HEXO[0], "in.png") == ("file:source/images/logo.png", None)
    assert looked_up(root, HEXO[0], "loop.png")[1] is Reason.NO_FILE


def test_a_site_below_a_symbolic_link_is_a_site(site, tmp_path):
    site(HEXO)
    (tmp_path / "link").symlink_to("site")
    assert looked_up(tmp_path / "link", HEXO[0], "inside.png") == (
        "file:source/_posts/hello/inside.png",
        None,
    )


def test_what_lies_in_the_store_is_there_already(site):
    root = site([*HEXO, "migrated-images/ab/x.png"])
    there = looked_up(root, HEXO[0], "../../migrated-images/ab/x.png")
    assert there == ("file:migrated-images/ab/x.png", Reason.ALREADY_THERE)
    assert looked_up(root, HEXO[0], "../../migrated-images/ab/no.png")[1] is Reason.NO_FILE


def test_what_lies_below_the_public_address_is_an_address(site):
    root = site([*HEXO, "source/img/ab/x.png"])
    for url in ("/blog/img/ab/x.png", "/blog/img/no.png"):
        assert looked_up(root, HEXO[0], url, store="source/img", public="/blog/img") == (url, None)
    assert looked_up(root, HEXO[0], "/blog/images/logo.png", public="/blog/img")[0] == (
        "file:source/images/logo.png"
    )


def test_a_path_that_could_mean_several_files_is_not_guessed(site):
    root = site(TWINS)
    assert looked_up(root, TWINS[0], "/two.png") == ("file:static/two.png", None)
    (root / "public/two.png").write_bytes(b"another")
    assert looked_up(root, TWINS[0], "/two.png") == ("file:/two.png", Reason.SEVERAL_FILES)
    assert looked_up(root, TWINS[0], "../static/two.png") == ("file:static/two.png", None)


def test_a_vault_finds_files_by_name_wherever_they_lie(site):
    root = site(VAULT)
    pasted = ("file:attachments/2024/pasted.png", None)
    for url in ("pasted.png", "2024/pasted.png", "attachments/2024/pasted.png"):
        for kind in (Kind.EMBED, Kind.IMAGE):
            assert looked_up(root, VAULT[1], url, kind=kind) == pasted
    assert looked_up(root, VAULT[1], "4/pasted.png", kind=Kind.EMBED)[1] is Reason.NO_FILE
    (root / "other").mkdir()
    (root / "other/pasted.png").write_bytes(b"another")
    assert looked_up(root, VAULT[1], "pasted.png", kind=Kind.EMBED)[1] is Reason.SEVERAL_FILES
    assert looked_up(root, VAULT[1], "2024/pasted.png", kind=Kind.EMBED) == pasted


def test_the_folder_of_the_post_comes_before_the_site(site):
    root = site(["posts/a.md", "img/x.png", "posts/a/img/x.png", "posts/img/x.png"])
    (root / "posts/img/x.png").write_bytes(b"another")
    assert looked_up(root, "posts/a.md", "img/x.png") == ("file:posts/img/x.png", None)
    assert looked_up(root, "posts/a.md", "/posts/a/img/x.png")[0] == "file:posts/a/img/x.png"


def test_only_an_embed_is_looked_for_by_name_where_there_is_no_vault(site):
    root = site(VAULT[1:])
    assert looked_up(root, VAULT[1], "pasted.png", kind=Kind.EMBED)[1] is None
    assert looked_up(root, VAULT[1], "pasted.png")[1] is Reason.NO_FILE


def test_hidden_folders_are_not_searched_by_name(site):
    root = site([*VAULT, ".trash/gone.png", "node_modules/x/lib.png"])
    for name in ("gone.png", "lib.png"):
        assert looked_up(root, VAULT[1], name, kind=Kind.EMBED)[1] is Reason.NO_FILE


def test_embeds_keep_names_of_files_where_links_are_public(site):
    root = site(VAULT)
    post = post_of(root, VAULT[1], "pasted.png", "https://h/a.png", "note", kind=Kind.EMBED)
    assert LocalImages(root, None, None).without_names(post) == post
    fit = LocalImages(root, None, PUBLIC).without_names(post)
    assert [each.url for each in fit.references] == ["https://h/a.png", "note"]
    (note,) = fit.notes
    assert "pasted.png stays as it is" in note.text


@pytest.mark.parametrize(
    ("text", "moves"),
    [
        ("{% img left /images/logo.png 300 %}", True),
        ("{% asset_img /images/logo.png 题 %}", False),
        ('{{< figure src="/images/logo.png" title="a" >}}', True),
        ('{{< imgproc "/images/logo.png" Resize "600x" >}}', False),
        ('{% asset_img x %}\n{{% figure src="/images/logo.png" %}}', True),
        ('<Image src="/images/logo.png" />', False),
        (f"{{% img x %}}{'长' * 3000}{{% asset_img /images/logo.png %}}", False),
        (f"{{% asset_img x %}}{'长' * 3000}{{% img /images/logo.png %}}", True),
    ],
)
def test_a_tag_keeps_the_name_of_a_file_unless_it_takes_addresses(site, text, moves):
    root = site(HEXO)
    (root / HEXO[0]).write_text(text)
    at = len(text[: text.index("/images")].encode())
    reference = Reference(at, at + 16, Kind.TAG, Spelling.PLAIN, "/images/logo.png", "", 1, 1)
    post = Post(root, HEXO[0], "", "utf-8", (reference,))
    fit = LocalImages(root, None, PUBLIC).without_names(post)
    assert (fit.references == (reference,), bool(fit.notes)) == (moves, not moves)
    there_already = LocalImages(root, root / "source/images", PUBLIC)
    assert there_already.without_names(post) == post
