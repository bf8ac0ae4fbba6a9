"""Sites as trees of files; those of Jekyll, VuePress and others by their documents, not built."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.config.loading import find_config, load
from migrator.sites import Generator, detect

HUGO_PAGES = {"content/_index.md": "", "content/about.md": "", "content/a/index.md": ""}
HEXO_ASSETS = "post_asset_folder: true\nurl: https://me.example\n"

SITES = {
    "nothing": ({"a.md": ""}, Generator("")),
    "hugo": (
        {"hugo.toml": 'baseURL = "https://me.example/"', "content/a.md": ""},
        Generator("Hugo", "content", "static/images", "/images"),
    ),
    "hugo below a path": (
        {"config.toml": 'baseurl = "https://me.example/博客/"\nstaticDir = ["assets/s", "t"]'},
        Generator("Hugo", "content", "assets/s/images", "/%E5%8D%9A%E5%AE%A2/images"),
    ),
    "hugo in yaml": (
        {"config.yaml": "baseURL: /blog\ncontentDir: ./posts\nstaticDir:\n  - st\n  - x\n"},
        Generator("Hugo", "posts", "st/images", "/blog/images"),
    ),
    "hugo in json": (
        {"config/_default/config.json": '{"baseURL": "https://me.example"}'},
        Generator("Hugo", "content", "static/images", "/images"),
    ),
    "hugo with bundles": (
        {"hugo.yaml": "title: x", **HUGO_PAGES, "content/b/index.zh.md": ""},
        Generator("Hugo", "content", "content", links="page-bundle"),
    ),
    "hugo with as many single posts": (
        {"hugo.toml": "", **HUGO_PAGES},
        Generator("Hugo", "content", "static/images", "/images"),
    ),
    "another config.toml": ({"config.toml": 'base_url = "https://zola.example"'}, Generator("")),
    "hexo": (
        {"_config.yml": "title: x\nurl: https://me.example\n", "source/_posts/a.md": ""},
        Generator("Hexo", "source/_posts", "source/images", "/images"),
    ),
    "hexo by its package": (
        {"_config.yml": "title: x\n", "package.json": '{"dependencies": {"hexo": "^7.0.0"}}'},
        Generator("Hexo", "source/_posts", "source/images", "/images"),
    ),
    "hexo below a path": (
        {"_config.yml": "url: https://me.example/blog/\nsource_dir: src\nroot: /blog/\n"},
        Generator("Hexo", "src/_posts", "src/images", "https://me.example/blog/images"),
    ),
    "hexo with asset folders": (
        {"_config.yml": HEXO_ASSETS + "marked: {prependRoot: true, postAsset: true}\n"},
        Generator("Hexo", "source/_posts", "source/_posts", links="asset-folder"),
    ),
    "jekyll": (
        {"_config.yml": "baseurl: /blog\nmarkdown: kramdown\n", "_posts/2024-05-01-a.md": ""},
        Generator("Jekyll", "_posts", "assets/images", "/blog/assets/images"),
    ),
    "jekyll by its gems": (
        {"_config.yml": "source: site\n", "Gemfile": "gem 'jekyll'"},
        Generator("Jekyll", "site/_posts", "site/assets/images", "/assets/images"),
    ),
    "vuepress": (
        {"docs/.vuepress/config.js": "module.exports = {}"},
        Generator("VuePress", "docs", "docs/.vuepress/public/images", "/images"),
    ),
    "vuepress at the top": (
        {".vuepress/config.ts": ""},
        Generator("VuePress", ".", ".vuepress/public/images", "/images"),
    ),
    "vitepress": (
        {"docs/.vitepress/config.mts": ""},
        Generator("VitePress", "docs", "docs/public/images", "/images"),
    ),
    "docusaurus": (
        {"docusaurus.config.ts": "", "blog/a.md": "", "docs/b.md": ""},
        Generator("Docusaurus", "blog", "static/img", "/img"),
    ),
    "mkdocs": (
        {"mkdocs.yml": "docs_dir: doc\nx: !!python/name:os.system\n"},
        Generator("MkDocs", "doc", "doc/images", links="relative"),
    ),
    "obsidian": (
        {".obsidian/app.json": '{"attachmentFolderPath": "资料/图"}'},
        Generator("Obsidian", ".", "资料/图", links="relative"),
    ),
    "obsidian with images beside notes": (
        {".obsidian/app.json": '{"attachmentFolderPath": "./"}'},
        Generator("Obsidian", ".", "attachments", links="relative"),
    ),
    "paths that leave the site": (
        {"hugo.toml": 'contentDir = "../../etc"\nstaticDir = "/etc"', "content/a.md": ""},
        Generator("Hugo", "content", "static/images", "/images"),
    ),
    "a broken configuration": (
        {"_config.yml": "a: [", "source/_posts/a.md": "", "hugo.toml": "=", "content/a.md": ""},
        Generator("Hugo", "content", "static/images", "/images"),
    ),
}


def grow(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize("name", SITES)
def test_a_generator_is_known_by_its_own_files(tmp_path, name):
    files, expected = SITES[name]
    assert detect(grow(tmp_path, files)) == expected


@pytest.mark.parametrize("name", SITES)
def test_what_is_suggested_is_a_configuration(tmp_path, name):
    site = detect(grow(tmp_path, SITES[name][0]))
    lines = ["[store]", f'path = "{site.store_path}"']
    lines += [f'public_url = "{site.public_url}"'] * bool(site.public_url)
    lines += ["[rewrite]", f'links = "{site.links}"']
    (tmp_path / "migrator.toml").write_text("\n".join(lines))
    loaded = load(find_config(tmp_path), user_file=None, overrides={}, environ={})
    assert loaded.settings.store.path == site.store_path
    assert loaded.needs_trust == ()


def test_hexo_is_asked_to_resolve_images_of_posts_before_they_are_stored_there(tmp_path):
    site = detect(grow(tmp_path, {"_config.yml": HEXO_ASSETS}))
    assert (site.store_path, site.public_url) == ("source/images", "/images")
    assert "postAsset: true" in site.hint


@given(text=st.text(), name=st.sampled_from(["hugo.toml", "_config.yml", "mkdocs.yml"]))
def test_whatever_a_configuration_holds_it_breaks_nothing(tmp_path_factory, text, name):
    root = grow(tmp_path_factory.mktemp("site"), {name: text})
    site = detect(root)
    for path in (site.posts, site.store_path):
        assert (root / path).resolve().is_relative_to(root.resolve())
