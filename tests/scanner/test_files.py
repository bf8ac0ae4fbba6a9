"""Which files are read, in which order, and that no kind of file holds a scan up."""

import hashlib
import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest
from rig.someone import as_someone

from migrator.config import ScanSettings
from migrator.errors import UsageError
from migrator.model import Post, SkippedPost
from migrator.reasons import Reason
from migrator.scanner import files
from migrator.scanner.files import File, read, shown_from, walk
from migrator.scanner.scan import scan


def names(*paths, root, text=False, **settings):
    return [file.name for file in walk(paths, ScanSettings(**settings), root, text=text)]


def skipped(path):
    """What scanning the folder of ``path`` says about that one file."""
    (post,) = scan([path.parent], path.parent, ScanSettings())
    assert post.name == path.name
    assert isinstance(post, SkippedPost)
    return post.reason


@pytest.fixture
def site(tmp_path):
    for name in (
        "b.md", "a/z.markdown", "a/B.MD", "a.md", "a b/中文.md", "c/deep/er/x.mdx", "page.html",
        "logo.png", "notes.txt", "_config.yml", "md", ".md", ".hidden.md", "._a.md", ".git/x.md",
        ".migrator/runs/x.md", ".vuepress/x.md", "node_modules/p/README.md", "drafts/d.md",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"![](https://x.org/a.png)\n")
    return tmp_path


ALL = ["a/B.MD", "a/z.markdown", "a b/中文.md", "a.md", "b.md", "c/deep/er/x.mdx", "drafts/d.md",
       "page.html"]  # fmt: skip


def test_a_folder_gives_its_posts_in_order_and_nothing_hidden(site):
    assert names(site, root=site) == ALL
    assert names(site, root=site) == ALL


def test_with_text_other_text_files_count(site):
    assert set(names(site, root=site, text=True)) == {*ALL, "notes.txt", "_config.yml"}


def test_a_hidden_folder_is_read_if_asked_for(site):
    assert names(site / ".vuepress", root=site) == [".vuepress/x.md"]


def test_the_state_folder_is_never_read(site):
    with pytest.raises(UsageError, match="state folder"):
        names(site / ".migrator", root=site)


def test_names_start_at_the_site_root(site):
    assert names(site / "a", root=site / "c") == ["../a/B.MD", "../a/z.markdown"]
    assert names(site / "a.md", root=site) == ["a.md"]


def test_relative_paths_and_a_root_behind_a_link_give_the_same_names(site, tmp_path, monkeypatch):
    link = tmp_path / "a" / "link"
    link.symlink_to(site)
    monkeypatch.chdir(site / "c")
    assert names(Path("../a/../b.md"), Path(".."), root=link) == [
        "b.md",
        *(n for n in ALL if n != "b.md"),
    ]


def test_each_file_comes_once_even_if_paths_overlap(site):
    rest = [name for name in ALL if name != "b.md" and not name.startswith("a/")]
    overlapping = names(site / "b.md", site / "a", site, site, root=site)
    assert overlapping == ["b.md", "a/B.MD", "a/z.markdown", *rest]


def test_a_file_that_is_no_post_is_named_as_such(site):
    (post,) = walk([site / "logo.png"], ScanSettings(), site)
    assert (post.name, post.reason) == ("logo.png", Reason.NOT_A_POST)
    assert names(site / "notes.txt", root=site, text=True) == ["notes.txt"]


@pytest.mark.parametrize("name", ["gone.md", "a.md/below", "nul\0.md", "x" * 300])
def test_a_missing_path_stops_before_anything_is_read(site, name):
    with pytest.raises(UsageError, match="no such file or folder") as stop:
        scan([site, site / name], site, ScanSettings())
    assert "spelling" in stop.value.hint


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"include": ("a/**",)}, ["a/B.MD", "a/z.markdown"]),
        ({"include": ("./a",)}, ["a/B.MD", "a/z.markdown"]),
        ({"include": ("*.md",)}, ["a b/中文.md", "a.md", "b.md", "drafts/d.md"]),
        ({"include": ("/*.md",)}, ["a.md", "b.md"]),
        ({"include": ("**/er/*", "?.md")}, ["a.md", "b.md", "c/deep/er/x.mdx", "drafts/d.md"]),
        ({"exclude": ("a*", "c/**/x.mdx", "drafts/")}, ["b.md", "page.html"]),
        ({"exclude": ("deep", "drafts/**", "*.*")}, []),
        ({"include": ("a/**",), "exclude": ("B.MD",)}, ["a/z.markdown"]),
        ({"extensions": (".PNG", ".txt")}, ["logo.png", "notes.txt"]),
    ],
)
def test_patterns_choose_among_posts(site, settings, expected):
    assert names(site, root=site, **settings) == expected


def test_a_file_asked_for_by_name_is_not_excluded(site):
    assert names(site / "b.md", root=site, exclude=("b.md",)) == ["b.md"]


def test_paths_are_shown_from_what_was_scanned(site):
    assert shown_from([site / "a"], site) == site / "a"
    assert shown_from([site / "a" / "z.markdown"], site) == site / "a"
    assert shown_from([site / "a", site / "c"], site) == site


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["link", "broken link", "loop", "fifo", "socket", "device"])
def test_what_is_no_regular_file_is_skipped_at_once(tmp_path, kind):
    path = tmp_path / "x.md"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    elif kind == "device":
        try:
            os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
        except PermissionError:
            pytest.skip("devices are for root")
    else:
        target = tmp_path / ".target.md"
        if kind == "link":
            target.write_text("x")
        path.symlink_to(path if kind == "loop" else target)
    expected = Reason.SYMLINK if path.is_symlink() else Reason.NOT_A_FILE
    assert skipped(path) is expected
    (explicit,) = scan([path], tmp_path, ScanSettings())
    assert explicit.reason is expected


def test_folders_behind_links_are_read_only_if_asked_for(site, tmp_path):
    (site / "a" / "again").symlink_to(site)
    (site / "a" / "folder.md").symlink_to(site)
    found = list(walk([site / "a"], ScanSettings(), site))
    assert [file.name for file in found] == ["a/B.MD", "a/folder.md", "a/z.markdown"]
    assert read(found[1]).reason is Reason.SYMLINK
    assert names(site / "a" / "again", root=site) == ["a/B.MD", "a/folder.md", *ALL[1:]]


def test_a_folder_named_like_a_post_is_a_folder(tmp_path):
    (tmp_path / "x.md").mkdir()
    (tmp_path / "x.md" / "y.md").write_text("")
    assert names(tmp_path, root=tmp_path) == ["x.md/y.md"]


@pytest.mark.parametrize(
    "data",
    [
        "\ufeff# 标题\n".encode("utf-16-le"),
        "\ufeff# 标题\n".encode("utf-16-be"),
        "\ufeff# 标题\n".encode("utf-32-le"),
        "\ufeff# 标题\n".encode("utf-32-be"),
        "标题\n![](https://x.org/a.png)".encode("utf-16-le"),
        "标题\n![](https://x.org/a.png)".encode("utf-16-be"),
        "标题\n![](https://x.org/a.png)".encode("utf-32-le"),
        "标题\n![](https://x.org/a.png)".encode("utf-32-be"),
    ],
)
def test_utf_16_and_32_are_skipped(tmp_path, data):
    (tmp_path / "x.md").write_bytes(data)
    assert skipped(tmp_path / "x.md") is Reason.UTF_16


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"a\0b\0![](x)", b"\xef\xbb\xbfx", b"\xff\xfd", b"\r\n\0\0\0"]
)
def test_other_odd_bytes_are_read_as_they_are(tmp_path, data):
    (tmp_path / "x.md").write_bytes(data)
    assert read(File(str(tmp_path / "x.md"), "x.md")) == data


def test_a_file_larger_than_a_post_is_skipped_unread(tmp_path):
    with (tmp_path / "x.md").open("wb") as file:
        file.truncate(files.LARGEST_POST)
    assert len(read(File(str(tmp_path / "x.md"), "x.md"))) == files.LARGEST_POST
    with (tmp_path / "x.md").open("wb") as file:
        file.truncate(1 << 40)
    assert skipped(tmp_path / "x.md") is Reason.POST_TOO_LARGE


@pytest.fixture
def public():
    """A folder that another user can reach, unlike ``tmp_path``."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_what_may_not_be_read_is_reported(public):
    (public / "x.md").write_text("x")
    (public / "x.md").chmod(0)
    assert as_someone(lambda: skipped(public / "x.md").value) == Reason.UNREADABLE.value
    (public / "x.md").unlink()
    (public / "closed").mkdir(mode=0)
    assert as_someone(lambda: skipped(public / "closed").value) == Reason.UNREADABLE.value


def test_a_folder_too_deep_to_open_is_reported(tmp_path):
    here, depth = os.open(tmp_path, os.O_RDONLY), 0
    while depth < 25:  # 25 names of 200 bytes are longer than a path may be
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here, depth = below, depth + 1
    os.close(here)
    (tmp_path / "x.md").write_text("")
    *_, deep, post = scan([tmp_path], tmp_path, ScanSettings())
    assert (deep.reason, post.name) == (Reason.UNREADABLE, "x.md")


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems refuse such names")
def test_a_name_that_is_no_text_is_reported_in_words(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    (folder / os.fsdecode(b"\xfe.md")).write_text("x")
    (post,) = scan([tmp_path], tmp_path, ScanSettings())
    assert (post.name, post.reason) == ("\\xff/\\xfe.md", Reason.FILE_NAME)


def test_names_that_differ_in_case_or_composition_are_different_posts(tmp_path):
    for name in ("é.md", "e\u0301.md", "a.md", "A.md"):
        (tmp_path / name).write_text("x")
    there = sorted(path.name for path in tmp_path.iterdir())
    assert names(tmp_path, root=tmp_path) == there


def test_a_file_or_folder_that_vanishes_during_the_walk_is_no_crash(site):
    found = scan([site], site, ScanSettings())
    assert next(found).name == "a/B.MD"
    for name in ("a/z.markdown", "c/deep/er/x.mdx", "drafts/d.md"):
        (site / name).unlink()
    (site / "drafts").rmdir()
    (site / "new.md").write_text("")
    rest = list(found)
    assert [(post.name, post.reason) for post in rest if isinstance(post, SkippedPost)] == [
        ("a/z.markdown", Reason.UNREADABLE)
    ]


def test_a_scan_gives_posts_and_what_asks_to_be_left_alone(tmp_path):
    (tmp_path / "a.md").write_bytes(b"---\nmigrator: false\n---\n![](https://x.org/a.png)")
    (tmp_path / "b.md").write_bytes("标题 ![](https://x.org/a.png)".encode("gb18030"))
    (tmp_path / "c.md").write_bytes(b"![](a.png) [full](https://x.org/b.png)")
    opt_out, chinese, plain = scan([tmp_path], tmp_path, ScanSettings())
    assert (opt_out.name, opt_out.reason) == ("a.md", Reason.OPT_OUT)
    assert isinstance(chinese, Post)
    assert (chinese.encoding, [r.url for r in chinese.references]) == (
        "gb18030",
        ["https://x.org/a.png"],
    )
    assert chinese.sha256 == hashlib.sha256((tmp_path / "b.md").read_bytes()).hexdigest()
    assert plain.references == ()
    *_, plain = scan([tmp_path], tmp_path, ScanSettings(links=True), everything=True)
    assert [reference.url for reference in plain.references] == ["a.png", "https://x.org/b.png"]
