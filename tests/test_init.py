import tomllib
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.config import Settings
from migrator.config.checking import Origin, build, checked
from migrator.init import FOLDER, NAMES, Answers, choices, config_text, fitting, needed
from migrator.sites import Generator
from migrator.uploader.providers import PROVIDERS, address_of

HEXO = Generator("Hexo", "source/_posts", "source/images", "/images")
BUNDLES = Generator("Hugo", "content", "content", links="page-bundle")


def settings_of(answers):
    return build(Settings, checked(Settings, tomllib.loads(config_text(answers)), Origin("test")))


def test_the_shortest_configuration_says_where_images_go_and_no_more():
    lines = config_text(Answers(FOLDER)).splitlines()
    said = [line for line in lines if line and not line.startswith("#")]
    assert said == ["[store]", 'path = "migrated-images"']


def test_every_answer_is_read_back_as_it_was_given():
    answers = Answers(
        "oss",
        bucket="my-blog",
        region="cn-hangzhou",
        endpoint="https://oss.example.com",
        profile="blog",
        public_url="https://img.example.com",
        prefix="图片/blog",
        key="{year}/{month}/{sha256:16}{ext}",
        hosts=("img.example.com", "sina"),
        site_url="https://blog.example.com/",
    )
    settings = settings_of(answers)
    given = ("provider", "bucket", "region", "endpoint", "profile", "public_url", "prefix", "key")
    for name in given:
        assert getattr(settings.store, name) == getattr(answers, name)
    assert settings.store.type == "s3"
    assert settings.scan.hosts == answers.hosts
    assert settings.scan.site_url == answers.site_url


PRINTABLE = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]))


@given(path=PRINTABLE.filter(bool), prefix=PRINTABLE, hosts=st.lists(PRINTABLE))
def test_no_text_breaks_out_of_its_quotes(path, prefix, hosts):
    answers = Answers(FOLDER, store_path=path, prefix=prefix, hosts=tuple(hosts))
    table = tomllib.loads(config_text(answers))
    assert table["store"]["path"] == path
    assert table["store"].get("prefix", "") == prefix
    assert table.get("scan", {}).get("hosts", []) == hosts


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_needed_is_all_that_is_needed(provider):
    examples = {
        "bucket": "my-blog-1250000000",
        "region": "cn-hangzhou",
        "endpoint": "https://s3.example.com",
        "public_url": "https://img.example.com",
    }
    answers = Answers(provider, **{name: examples[name] for name in needed(Answers(provider))})
    assert needed(answers) == []
    assert address_of(settings_of(answers).store).bucket == examples["bucket"]


def test_a_folder_needs_nothing_else():
    assert needed(Answers(FOLDER)) == []


def test_services_whose_own_domain_downloads_need_a_domain():
    assert "public_url" in needed(Answers("oss"))
    assert "public_url" not in needed(Answers("aws"))


def test_every_service_can_be_chosen_the_known_ones_first():
    assert set(choices()) == {FOLDER, *PROVIDERS}
    assert choices()[:3] == [FOLDER, "oss", "cos"]


@pytest.mark.parametrize(
    ("answers", "generator", "store"),
    [
        (Answers(FOLDER), HEXO, ("source/images", "/images", "")),
        (Answers(FOLDER, store_path="source/images"), HEXO, ("source/images", "/images", "")),
        (Answers(FOLDER), BUNDLES, ("content", "", "page-bundle")),
        (Answers(FOLDER, store_path="mine"), HEXO, ("mine", "", "")),
        (Answers(FOLDER, links="relative"), HEXO, ("migrated-images", "", "relative")),
        (Answers(FOLDER), Generator(""), ("migrated-images", "", "")),
    ],
)
def test_a_folder_fits_the_generator_unless_the_user_says_otherwise(answers, generator, store):
    settings = settings_of(fitting(answers, generator))
    assert (settings.store.path, settings.store.public_url, settings.rewrite.links) == store


@pytest.mark.parametrize(
    ("generator", "folder", "address"),
    [
        (HEXO, "source/pics", "/pics"),
        (HEXO, "source/a b/c", "/a%20b/c"),
        (Generator("Hugo", "content", "static/images", "/blog/images"), "static/up", "/blog/up"),
        (Generator("Docusaurus", "blog", "static/img", "/img"), "static", "/"),
        (Generator("Jekyll", ".", "assets/images", "/assets/images"), "assets/x", "/assets/x"),
        (HEXO, "elsewhere", ""),
        (HEXO, "source/_posts", ""),
        (HEXO, "/source/pics", ""),
    ],
)
def test_a_folder_that_the_generator_publishes_gets_its_address(generator, folder, address):
    settings = settings_of(fitting(Answers(FOLDER, store_path=folder), generator))
    assert (settings.store.path, settings.store.public_url) == (folder, address)


def test_a_bucket_is_not_changed_by_the_generator():
    answers = Answers("oss", bucket="b")
    assert fitting(answers, HEXO) is answers


@pytest.mark.parametrize("key", NAMES)
def test_offered_names_are_safe(key):
    assert settings_of(Answers(FOLDER, key=key)).store.key == key


def test_lines_are_short_and_say_where_keys_go():
    text = config_text(Answers("oss", bucket="my-blog", region="cn-hangzhou", generator="Hexo"))
    assert max(map(len, text.splitlines())) <= 80
    assert "AWS_SECRET_ACCESS_KEY" in text
    assert "Hexo" in text
    assert not any("secret" in field.name for field in fields(Answers))
