"""Which generator makes a site, and where that shows images from. Reads, and writes nothing.

A generator is told by its own files, and asked through them where posts and images lie. What is in
them may be wrong or hostile: paths that leave the site are not believed, and code is not run.
"""

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from migrator.scanner.front_matter import yaml_reader
from migrator.scanner.front_matter.reading import Close, Key, NoMapping, Open, Rejected, Value

_LARGEST = 256 * 1024  # bytes; a configuration is a few pages
_CODE = ("js", "ts", "mjs", "cjs", "mts")  # configurations that are programs: only seen, not read


@dataclass(frozen=True, slots=True)
class Generator:
    """What makes a site (its name; empty: not known), and what fits it in ``migrator.toml``.

    ``posts`` is the folder of posts and ``store_path`` the one for images, both from the site root;
    ``public_url`` and ``links`` are empty where the default is right. ``hint`` is a sentence for
    the user, if there is something to see to.
    """

    name: str
    posts: str = "."
    store_path: str = "migrated-images"
    public_url: str = ""
    links: str = ""
    hint: str = ""

    def address_of(self, folder: str) -> str | None:
        """Where readers see ``folder`` (from the site root); ``None``: not published, or unknown.

        What begins with a dot or an underscore is not published, or not by all of them.
        """
        top, address = PurePosixPath(self.store_path), self.public_url
        while top.name and address.endswith(f"/{top.name}"):
            top, address = top.parent, address.removesuffix(f"/{top.name}")
        path = PurePosixPath(folder)
        if not self.public_url or path.is_absolute() or not path.is_relative_to(top):
            return None
        below = path.relative_to(top)
        if any(part.startswith((".", "_")) for part in below.parts):
            return None
        return "/".join([address, *map(quote, below.parts)]) or "/"


def detect(root: Path) -> Generator:
    """The generator of the site at ``root``; a plain folder of posts where none is found."""
    found = (of(root) for of in _KNOWN)
    return next((each for each in found if each), Generator(""))


def _hugo(root: Path) -> Generator | None:
    endings = ("toml", "yaml", "yml", "json")
    own = [f"{folder}hugo.{end}" for folder in ("", "config/_default/") for end in endings]
    shared = [f"{folder}config.{end}" for folder in ("", "config/_default/") for end in endings]
    file = _first(root, own) or _first(root, shared)
    config = {key.lower(): value for key, value in _config(file).items()} if file else {}
    if not file or ("hugo" not in file.name and "baseurl" not in config):
        return None
    posts = _folder(config.get("contentdir"), "content")
    static = _folder(_one(config.get("staticdir")), "static")
    names = [path.stem.partition(".")[0] for path in (root / posts).rglob("*.md")]
    if 2 * names.count("index") > len(names) - names.count("_index"):
        return Generator("Hugo", posts, posts, links="page-bundle")
    base = _url_path(config.get("baseurl"))
    return Generator("Hugo", posts, f"{static}/images", f"{base}/images")


def _hexo(root: Path) -> Generator | None:
    config = _config(root / "_config.yml")
    signs = {"source_dir", "new_post_name", "post_asset_folder", "skip_render"}
    is_hexo = signs & config.keys() or '"hexo"' in _text(root / "package.json")
    if not config or not (is_hexo or (root / "source/_posts").is_dir()):
        return None
    source = _folder(config.get("source_dir"), "source")
    posts, images, hint = f"{source}/_posts", f"{source}/images", ""
    marked = config.get("marked")
    marked = marked if isinstance(marked, dict) else {}
    if config.get("post_asset_folder") == "true":
        if (marked.get("postAsset"), marked.get("prependRoot", "true")) == ("true", "true"):
            return Generator("Hexo", posts, posts, links="asset-folder")
        hint = (
            "to have images in the folder of each post, add `marked:` with `prependRoot: true` and "
            "`postAsset: true` to _config.yml"
        )
    # The renderer puts a root before links in Markdown but not into HTML; a whole address suits
    # both.
    url = str(config.get("url") or "")
    top = _url_path(config.get("root")) or _url_path(url)
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.netloc}{top}" if top and parts.netloc else top
    return Generator("Hexo", posts, images, f"{address}/images", hint=hint)


def _jekyll(root: Path) -> Generator | None:
    config = _config(root / "_config.yml")
    signs = ("_posts", "_layouts", "_includes", "_sass")
    is_jekyll = any((root / sign).is_dir() for sign in signs) or "jekyll" in _text(root / "Gemfile")
    if not config or not (is_jekyll or "kramdown" in config or "baseurl" in config):
        return None
    source = _folder(config.get("source"), ".")
    base = _url_path(config.get("baseurl"))
    posts, images = _below(source, "_posts"), _below(source, "assets/images")
    return Generator("Jekyll", posts, images, f"{base}/assets/images")


def _vuepress(root: Path) -> Generator | None:
    for name, where in (("VuePress", ".vuepress/public"), ("VitePress", "public")):
        for folder in (".", "docs", "src", "blog"):
            if (root / folder / f".{name.lower()}").is_dir():
                images = _below(folder, f"{where}/images")
                return Generator(name, folder, images, "/images")
    return None


def _docusaurus(root: Path) -> Generator | None:
    if not _first(root, [f"docusaurus.config.{end}" for end in _CODE]):
        return None
    posts = "blog" if (root / "blog").is_dir() else "docs"
    return Generator("Docusaurus", posts, "static/img", "/img")


def _mkdocs(root: Path) -> Generator | None:
    file = _first(root, ["mkdocs.yml", "mkdocs.yaml"])
    if not file:
        return None
    docs = _folder(_config(file).get("docs_dir"), "docs")
    return Generator("MkDocs", docs, f"{docs}/images", links="relative")


def _obsidian(root: Path) -> Generator | None:
    if not (root / ".obsidian").is_dir():
        return None
    # "/" is the vault, "./" the folder of each note: neither is one folder for images alone
    chosen = _config(root / ".obsidian/app.json").get("attachmentFolderPath")
    own = isinstance(chosen, str) and not chosen.startswith(("/", "."))
    return Generator(
        "Obsidian", ".", _folder(chosen if own else None, "attachments"), links="relative"
    )


_KNOWN: tuple[Callable[[Path], Generator | None], ...] = (
    _docusaurus,
    _vuepress,
    _mkdocs,
    _hugo,
    _hexo,
    _jekyll,
    _obsidian,
)


def _first(root: Path, names: Iterable[str]) -> Path | None:
    return next((root / name for name in names if (root / name).is_file()), None)


def _folder(value: Any, default: str) -> str:
    """A folder of the site that its configuration names; ``default`` if it names none."""
    if not isinstance(value, str) or not value.isprintable() or "\\" in value:
        return default
    path = PurePosixPath(value)
    return default if path.is_absolute() or ".." in path.parts else str(path)


def _one(value: Any) -> Any:
    """What stands alone or first in a list."""
    entries = value.values() if isinstance(value, dict) else value
    return value if isinstance(value, str) else next(iter(entries or ()), None)


def _below(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}/{name}"


def _url_path(value: Any) -> str:
    """The path in an address or a path, without its last slash, as it can stand in a link."""
    try:
        path = urlsplit(value).path if isinstance(value, str) else ""
    except ValueError:
        return ""
    path = quote(path.strip("/"), safe="/%")
    return f"/{path}" if path and "//" not in path else ""


def _config(file: Path) -> Mapping[str, Any]:
    """The configuration in ``file``, scalars of YAML as text; empty if it cannot be read."""
    text = _text(file)
    try:
        if file.suffix in (".yml", ".yaml"):
            return _nested(yaml_reader.steps(text))
        table = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError, Rejected, NoMapping):
        return {}
    return table if isinstance(table, dict) else {}


def _nested(steps: Iterator[Any]) -> dict[str, Any]:
    """Steps as tables: an entry of a list has its number for a key."""
    top: dict[str, Any] = {}
    tables, key = [top], ""
    for step in islice(steps, 1, None):  # the first opens the whole
        match step:
            case Key(name=key):
                continue
            case Open():
                table: dict[str, Any] = {}
                tables[-1][key or str(len(tables[-1]))] = table
                tables.append(table)
            case Close():
                tables.pop()
            case Value(value=value):
                tables[-1][key or str(len(tables[-1]))] = value
        key = ""
    return top


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(_LARGEST).decode("utf-8-sig", "replace")
    except OSError:
        return ""
