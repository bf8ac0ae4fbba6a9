"""What a configuration may say, who wins, and what a person reads when it does not fit."""

import dataclasses

import pytest

from migrator.config import Settings
from migrator.config.loading import find_config, load, user_config
from migrator.config.trust import trust
from migrator.errors import ConfigError


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def user(tmp_path):
    file = tmp_path / "home" / "migrator" / "config.toml"
    file.parent.mkdir(parents=True)
    return file


@pytest.fixture
def read(site, user):
    """Load ``text`` as the site's file, with what else is given."""

    def read(text="", *, overrides=None, environ=None):
        file = site / "migrator.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(file, user_file=user, overrides=overrides or {}, environ=environ or {})

    return read


def test_without_any_file_everything_is_default(user):
    loaded = load(None, user_file=user, overrides={}, environ={})
    assert (loaded.settings, loaded.file, loaded.needs_trust) == (Settings(), None, ())


def test_values_of_every_type_arrive(read):
    settings = read(
        """
        [scan]
        hosts = ["img.example.com", "sina"]
        [download]
        workers = 4
        timeout = 30
        [store]
        type = "s3"
        check_public = false
        [[route]]
        match = "https://a.example/"
        from = "https://b.example/"
        [[route]]
        match = "https://c.example/"
        from = "file:dump/"
        """
    ).settings
    assert settings.scan.hosts == ("img.example.com", "sina")
    assert (settings.download.workers, settings.download.timeout) == (4, 30.0)
    assert isinstance(settings.download.timeout, float)
    assert settings.store.check_public is False
    assert [route.source for route in settings.route] == ["https://b.example/", "file:dump/"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[store]\nbukcet = 'x'", "[store] has no key `bukcet`; did you mean `bucket`?"),
        ("[stroe]\nbucket = 'x'", "there is no table [stroe]; did you mean [store]?"),
        ("[nonsense]", "there is no table [nonsense]"),
        ("bucket = 'x'", "`bucket` stands outside of any table; it belongs into [store]"),
        ("[store]\nworkers = 3", "[store] has no key `workers`; it belongs into [download]"),
        ("[store]\nfrom = 'x'", "[store] has no key `from`; it belongs into [[route]]"),
        ("[store]\nregion = 3", "store.region: expected text, got the number 3"),
        ("[store]\nregion = true", "store.region: expected text, got true"),
        ("[store]\nregion = 2025-01-01", "store.region: expected text, got a date or time"),
        ("[store]\nregion = {a = 1}", "store.region: expected text, got a table"),
        ("[download]\nworkers = 1.5", "download.workers: expected a whole number, got the number"),
        ("[download]\nworkers = true", "download.workers: expected a whole number, got true"),
        ("[download]\nworkers = 0", "download.workers: expected at least 1, got 0"),
        ("[download]\ntimeout = nan", "download.timeout: expected a number, got the number nan"),
        ("[download]\ntimeout = 1" + "0" * 4000, "download.timeout: expected a number, got the"),
        ("[download]\ntimeout = '30'", 'download.timeout: expected a number, got the text "30"'),
        ("[store]\ncheck_public = 'no'", "store.check_public: expected true or false"),
        ("[scan]\nhosts = 'a.example'", 'scan.hosts: expected a list, as in ["a", "b"], got the'),
        ("[scan]\nhosts = [3]", "scan.hosts: expected text, got the number 3"),
        ("store = 3", "store: expected the table [store], got the number 3"),
        ("[[store]]", "store: expected the table [store], got a list"),
        ("[route]\nmatch = 'x'", "route: expected tables that begin with [[route]], got a table"),
        ("route = [3]", "route 1: expected a table, got the number 3"),
        ("[[route]]\nmatch = 'https://a/'", "route 1.from: is needed, as in from = "),
        ("[[route]]\nmatch = 'a.example'", "route 1.match: expected how addresses begin, with h"),
        ("[[route]]\nmatch = 'https://a/*'", "route 1.match: expected how addresses begin, with "),
        ("[[route]]\nfrom = 'ftp://a/'", "route 1.from: expected an address such as "),
        ("[[route]]\nfrom = 's3://a b/'", "route 1.from: expected an address such as "),
        ("[rewrite]\nlinks = 'relativ'", "did you mean relative?"),
        ("[store]\ntype = 'ftp'", "store.type: expected one of local, s3; got the text"),
        ("[store]\nendpoint = 's3.example'", "store.endpoint: expected an address such as"),
        ("[store]\nregion = 'x.evil.example/'", "store.region: expected a region such as"),
        ('[store]\nprefix = "a\\nb"', "a line break or another control character"),
        ('[store]\n"a\\u001bb" = 1', "[store] has no key `a?b`"),
    ],
)
def test_a_value_that_does_not_fit_is_named(read, site, text, message):
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{site / 'migrator.toml'}: ")


@pytest.mark.parametrize(
    "text",
    [
        "[store]\nsecret_key = 'hunter2'",
        "[store]\naccess_key = 'hunter2'",
        "[store]\naws_secret_access_key = 'hunter2'",
        "[store]\npassword = 'hunter2'",
        "[store]\nendpoint = 'https://me:hunter2@s3.example.com'",
        "[[route]]\nmatch = 'https://a.example/'\nfrom = 'https://me:hunter2@b.example/'",
    ],
)
def test_a_secret_is_refused_and_not_repeated(read, text):
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert "hunter2" not in str(caught.value)
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.hint


def test_a_key_in_place_of_a_variables_name_is_not_repeated(read):
    with pytest.raises(ConfigError, match="the name of an environment variable") as caught:
        read("[store]\nsecret_key_env = 'wJalr/XUtn+FEMI'")
    assert "wJalr" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[store]\nbucket = \n", "line 2, column 10"),
        ("[store]\nbucket = “my-blog”", "line 2, column 10"),
        ("[store", "not valid TOML: Expected"),
        ("x = " + "[" * 100_000, "nested too deeply"),
        ("x = " + "1" * 10_000, "not valid TOML"),
        (b"[store]\nbucket = '\xb2\xa9'", "line 2 is not UTF-8"),
        ("[store]\n".encode("utf-16"), "line 1 is not UTF-8"),
        (b"#" * (1024 * 1024 + 1), "too large"),
    ],
)
def test_a_file_that_is_not_toml_is_a_clear_error(read, text, message):
    with pytest.raises(ConfigError, match=message):
        read(text)


def test_backslashes_in_a_path_get_their_own_cure(read):
    with pytest.raises(ConfigError) as caught:
        read('[store]\npath = "C:\\images"')
    assert "single quotes" in caught.value.hint


def test_a_byte_order_mark_and_crlf_are_fine(read):
    assert read(b"\xef\xbb\xbf[store]\r\nbucket = 'b'\r\n").settings.store.bucket == "b"


def test_a_missing_file_or_a_folder_is_a_clear_error(site):
    for file in (site / "absent.toml", site):
        with pytest.raises(ConfigError, match="cannot be read"):
            load(file, user_file=None, overrides={}, environ={})


def test_flag_beats_environment_beats_site_beats_user_beats_default(read, user):
    user.write_text(
        "[download]\nworkers = 1\nretries = 1\nper_host = 9\n[safety]\nallow_private = ['u']"
    )
    loaded = read(
        "[download]\nworkers = 2\nretries = 2\n[safety]\nallow_private = ['s']",
        overrides={"download": {"workers": 3}},
        environ={"MIGRATOR_ALLOW_PRIVATE": " 127.0.0.1:80, 10.0.0.0/8,"},
    )
    download = loaded.settings.download
    assert (download.workers, download.retries, download.per_host) == (3, 2, 9)
    assert download.timeout == Settings().download.timeout
    assert loaded.settings.safety.allow_private == ("127.0.0.1:80", "10.0.0.0/8")


def test_a_flag_beats_the_environment(read):
    overrides = {"safety": {"allow_private": ("10.0.0.1",)}}
    loaded = read(overrides=overrides, environ={"MIGRATOR_ALLOW_PRIVATE": "10.0.0.2"})
    assert loaded.settings.safety.allow_private == ("10.0.0.1",)


def test_an_override_that_does_not_fit_names_the_command_line(read):
    with pytest.raises(ConfigError, match=r"command line: download\.workers: expected at least"):
        read(overrides={"download": {"workers": 0}})


SENSITIVE = [
    ("[store]\nendpoint = 'https://s3.example'", "store.endpoint"),
    ("[store]\nprofile = 'work'", "store.profile"),
    ("[store]\naccess_key_env = 'A'", "store.access_key_env"),
    ("[safety]\nallow_private = ['10.0.0.0/8']", "safety.allow_private"),
    ("[store]\npath = '../elsewhere'", "store.path"),
    ("[store]\npath = '/srv/images'", "store.path"),
    ("[store]\npath = 'link/images'", "store.path"),
    ("[store]\npath = 'loop/images'", "store.path"),
    (f"[store]\npath = '{'x' * 300}/images'", "store.path"),
    ("[[route]]\nmatch = 'https://a.example/'\nfrom = 'file:../dump'", "route.from"),
    ("[[route]]\nmatch = 'https://a.example/'\nfrom = 'file:///etc'", "route.from"),
]


@pytest.mark.parametrize(("text", "key"), SENSITIVE)
def test_the_sites_file_alone_needs_trust_for_what_it_must_not_decide(read, site, text, key):
    (site / "link").symlink_to(site.parent)
    (site / "loop").symlink_to(site / "loop")
    assert read(text).needs_trust == (key,)


@pytest.mark.parametrize(("text", "key"), SENSITIVE[:4])
def test_the_users_own_file_needs_no_trust(read, user, text, key):
    user.write_text(text)
    assert read().needs_trust == ()
    assert read(text).needs_trust == ()  # the site's file says nothing that the user's does not


@pytest.mark.parametrize(
    "text",
    [
        "[store]\npath = 'static/images'",
        "[store]\npath = 'a/../b'",
        "[store]\ntype = 's3'\nprovider = 'oss'\nbucket = 'b'\nregion = 'cn-hangzhou'",
        "[[route]]\nmatch = 'https://a.example/'\nfrom = 'file:dump/'",
        "[[route]]\nmatch = 'https://a.example/'\nfrom = 'https://b.example/'",
    ],
)
def test_ordinary_settings_of_a_site_need_no_trust(read, text):
    assert read(text).needs_trust == ()


def test_what_a_flag_overrides_needs_no_trust(read):
    overrides = {"store": {"endpoint": "https://mine.example"}}
    assert read("[store]\nendpoint = 'https://s3.example'", overrides=overrides).needs_trust == ()


def test_trust_lasts_until_the_file_changes(read, site, user):
    text = "[store]\nprofile = 'work'"
    loaded = read(text)
    trust(loaded.file, loaded.digest, user)
    assert read(text).needs_trust == ()
    assert read(text + "\n").needs_trust == ("store.profile",)


def test_the_nearest_file_upwards_is_found_without_leaving_through_a_symlink(site, tmp_path):
    posts = tmp_path / "elsewhere" / "posts"
    posts.mkdir(parents=True)
    (site / "source").symlink_to(posts.parent)
    file = site / "migrator.toml"
    assert find_config(site / "source" / "posts") is None
    file.touch()
    (posts / "migrator.toml").mkdir()
    assert find_config(site / "source" / "posts" / "a.md") == file


def test_the_users_file_follows_xdg(tmp_path):
    assert user_config({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "migrator/config.toml"
    home = {"XDG_CONFIG_HOME": "relative", "HOME": str(tmp_path)}
    assert user_config(home) == tmp_path / ".config/migrator/config.toml"


def test_settings_are_immutable(read):
    with pytest.raises(dataclasses.FrozenInstanceError):
        read().settings.store = None


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ('[store]\nprovider = "oss"\nbucket = "blog"\nregion = "cn-hangzhou"\n', "s3"),
        ('[store]\nbucket = "blog"\n', "s3"),
        ('[store]\nendpoint = "https://s3.example.com"\n', "s3"),
        ('[store]\npath = "images"\n', "local"),
        ('[store]\ntype = "local"\nbucket = "blog"\n', "local"),
        ("", "local"),
    ],
)
def test_who_names_a_bucket_and_no_type_means_a_bucket(read, text, type_):
    settings = read(text + text.replace("[store]", "[[mirror]]")).settings
    assert settings.store.type == type_
    assert all(mirror.type == type_ for mirror in settings.mirror)


def test_an_address_without_a_slash_before_it_is_told_what_a_path_looks_like(read):
    with pytest.raises(ConfigError, match="such as /images"):
        read('[store]\npublic_url = "images"\n')
