"""How a post links to a placement, and where images live that live with their post. Pure."""

import os.path
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from migrator.config import Settings, StoreSettings
from migrator.errors import ConfigError
from migrator.model import Kind, Note, Post
from migrator.urls import is_external

PAGE_BUNDLE, ASSET_FOLDER = "page-bundle", "asset-folder"
WITH_POST = (PAGE_BUNDLE, ASSET_FOLDER)  # each post has a copy of its images
_BUNDLES = {"index", "_index"}  # Hugo: pages that own the files beside them
_POSTS = {"_posts", "_drafts"}  # Hexo: where posts have folders
_BY_MARKDOWN = {Kind.IMAGE, Kind.DEFINITION}


def _is_elsewhere(_post: Post, url: str) -> bool:
    return is_external(url)


def check_links(settings: Settings, public_root: str | None) -> None:
    """See that links as the settings want them can be written for this store.

    Raises:
        ConfigError: they cannot.
    """
    style, store = settings.rewrite.links, settings.store.type
    if style == "public" and public_root is None:
        raise ConfigError(
            'rewrite.links = "public" needs the address of the folder as readers see it',
            'Add public_url = "https://..." to [store].',
        )
    if style not in {"", "public"} and store == "s3":
        raise ConfigError(
            f'rewrite.links = "{style}" does not fit a bucket, which has no place in the site',
            'Leave it out, or write links = "public".',
        )
    if style in WITH_POST and settings.store.path == StoreSettings().path:
        raise ConfigError(
            f'rewrite.links = "{style}" puts images into the folders of posts, which are not below '
            f"store.path = {settings.store.path!r}",
            'Name the folder of all posts: path = "content" for Hugo, "source/_posts" for Hexo.',
        )
    if style in WITH_POST and "{path}" in settings.store.key:
        raise ConfigError(
            f'rewrite.links = "{style}" does not fit store.key = "{settings.store.key}": '
            "images move into the folders of posts",
            'Write another key, such as key = "{stem}{ext}".',
        )


def folder_of_images(post: str, settings: Settings, root: Path) -> str | None:
    """The folder in the store for images of ``post``; ``None`` if there is none for this post.

    Hugo publishes what lies beside ``index.md`` with that page (https://gohugo.io, page bundles),
    but not beside other pages: links from those would lead one folder too deep. Hexo has a folder
    for each post that is named like it, and none for pages. It has to be below ``store.path``.
    """
    path = PurePosixPath(post)
    if settings.rewrite.links == PAGE_BUNDLE:
        if path.stem.partition(".")[0] not in _BUNDLES:  # also index.zh.md
            return None
        folder = path.parent
    else:
        if _POSTS.isdisjoint(path.parts[:-1]):
            return None
        folder = path.with_suffix("")
    inside = _relative(root / folder, root / settings.store.path)
    if inside.startswith("../") or inside == ".." or "\\" in inside:
        return None
    return "" if inside == "." else inside


def without_folder(settings: Settings) -> str:
    """What to tell someone whose post has no folder for images."""
    where = f"below {settings.store.path} ([store] path)"
    if settings.rewrite.links == PAGE_BUNDLE:
        return (
            f"Hugo shows images from a folder only for its index.md, {where}; rename the post, as "
            "from hello.md to hello/index.md, or store the images below static/ instead"
        )
    return (
        f"Hexo has folders for posts in _posts and _drafts only, {where}; "
        "or store the images below source/"
    )


def shown_from_folder(
    post: Post, settings: Settings, may_move: Callable[[Post, str], bool] = _is_elsewhere
) -> Post:
    """``post`` without the places where its generator finds no image in the post's folder.

    Hexo's renderer looks there for ``![](...)`` alone (hexo-renderer-marked, ``postAsset``). Notes
    tell of those whose image ``may_move``.
    """
    if settings.rewrite.links != ASSET_FOLDER:
        return post
    notes = [
        Note(
            each.line,
            f"{each.url} stays as it is, for Hexo finds images in the folder of a post only for "
            "![](...); write it so, or store the images below source/",
        )
        for each in post.references
        if each.kind not in _BY_MARKDOWN and may_move(post, each.url)
    ]
    kept = tuple(each for each in post.references if each.kind in _BY_MARKDOWN)
    return replace(post, references=kept, notes=(*post.notes, *notes))


def link_for(
    key: str, public_url: str | None, post: str, settings: Settings, root: Path, mark: str = ""
) -> str:
    """The link to the object ``key`` to write into ``post`` (its name below the site's ``root``).

    ``public`` is the object's ``public_url``; ``relative`` leads from the post's folder to the
    local store's; ``site-absolute`` begins at the site root; with the other two the image is in
    the post's own folder. ``mark`` is the fragment to end with; a file of a post's
    asset folder is named, and has none.
    """
    style = settings.rewrite.links or ("public" if public_url else "relative")
    if style == "public":
        assert public_url is not None  # noqa: S101 - see check_links
        return public_url + mark
    if style == PAGE_BUNDLE:
        return quote(key) + mark
    if style == ASSET_FOLDER:  # Hexo compares it with the names of files, letter by letter
        return "".join(c if ord(c) > 0x7F else quote(c) for c in key)  # noqa: PLR2004 - end of ASCII
    start = root if style == "site-absolute" else (root / post).parent
    path = quote(_relative(root / settings.store.path / key, start))
    return (f"/{path}" if style == "site-absolute" else path) + mark


def _relative(path: Path, start: Path) -> str:
    return os.path.relpath(path, start).replace(os.sep, "/")
