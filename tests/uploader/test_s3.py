"""The connection to a service: credentials, certificates, logs."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from rig import tls
from rig.ports import free_port

from migrator.errors import ConfigError, StoreRefused
from migrator.uploader.placing import place

KEY = "ab/abcdef0123456789.png"
SOURCE = "5" * 64


@pytest.fixture
def settings(rclone_site):
    return rclone_site.settings


def without_keys(settings):
    return replace(settings, access_key_env="", secret_key_env="")


def test_credentials_come_from_the_usual_variables(rclone_site, settings, opened, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKPROBE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SKPROBE1")
    opened(rclone_site, without_keys(settings)).check()


def test_credentials_come_from_a_profile(rclone_site, settings, opened, monkeypatch, tmp_path):
    file = tmp_path / "credentials"
    file.write_text("[blog]\naws_access_key_id = AKPROBE\naws_secret_access_key = SKPROBE1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    opened(rclone_site, replace(without_keys(settings), profile="blog")).check()
    with pytest.raises(ConfigError, match=r"store\.profile = 'blogg'"):
        opened(rclone_site, replace(without_keys(settings), profile="blogg")).check()


def test_no_credentials_at_all(rclone_site, settings, opened, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(StoreRefused, match="no usable credentials") as caught:
        opened(rclone_site, without_keys(settings)).check()
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint


def test_half_of_the_credentials(rclone_site, settings, opened, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKPROBE")
    with pytest.raises(StoreRefused, match="no usable credentials"):
        opened(rclone_site, without_keys(settings)).check()


def test_a_variable_that_is_named_and_not_set(rclone_site, settings, opened, monkeypatch):
    monkeypatch.delenv(settings.secret_key_env)
    with pytest.raises(ConfigError, match=r"store\.secret_key_env names .* not set"):
        opened(rclone_site).check()


@pytest.mark.parametrize("value", ["SKPROBE1\r", "SK\nPROBE1"])
def test_a_line_end_in_a_key_is_told_with_its_variable(
    rclone_site, settings, opened, monkeypatch, value
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKPROBE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", value)
    with pytest.raises(ConfigError, match="AWS_SECRET_ACCESS_KEY holds a line end") as caught:
        opened(rclone_site, without_keys(settings)).check()
    assert "PROBE1" not in f"{caught.value}{caught.value.hint}"


def test_spaces_around_a_copied_key_do_no_harm(rclone_site, settings, opened, monkeypatch):
    monkeypatch.setenv(settings.secret_key_env, " SKPROBE1\n")
    opened(rclone_site).check()


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"bucket": "my blog"}, ConfigError, r"store\.bucket = 'my blog'"),
        ({"region": "!!"}, ConfigError, r"store\.region = '!!'"),
        ({"endpoint": "http://a b"}, ConfigError, r"store\.endpoint = 'http://a b'"),
        ({"endpoint": "http://no-such-host.invalid"}, StoreRefused, r"cannot be reached: [^()]+$"),
    ],
)
def test_settings_that_cannot_be_used(rclone_site, settings, opened, given, error, says):
    with pytest.raises(error, match=says) as caught:
        opened(rclone_site, replace(settings, **given)).check()
    assert caught.value.hint


def test_nobody_listens(rclone_site, settings, opened):
    endpoint = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(StoreRefused, match=f"{endpoint} cannot be reached: Connection refused"):
        opened(rclone_site, replace(settings, endpoint=endpoint)).check()


def test_plain_http_where_tls_was_asked_for(rclone_site, settings, opened):
    endpoint = settings.endpoint.replace("http:", "https:")
    with pytest.raises(StoreRefused, match="wrong version number"):
        opened(rclone_site, replace(settings, endpoint=endpoint)).check()


def test_a_certificate_nobody_vouches_for(rclone_server, rclone_site, settings, opened, tmp_path):
    context = tls.authority(tmp_path).context
    with tls.in_front_of(rclone_server.port, context) as port:
        endpoint = f"https://127.0.0.1:{port}"
        with pytest.raises(StoreRefused, match=r"certificate of .* is not to be trusted") as caught:
            opened(rclone_site, replace(settings, endpoint=endpoint)).check()
    assert "AWS_CA_BUNDLE" in caught.value.hint


def test_no_log_holds_keys_or_signatures(rclone_site, opened, fetched, caplog, monkeypatch):
    with caplog.at_level(logging.DEBUG):
        place(opened(rclone_site), fetched(), KEY)
        monkeypatch.setenv(rclone_site.settings.secret_key_env, "an-entirely-wrong-secret")
        with pytest.raises(StoreRefused) as caught:
            opened(rclone_site).check()
    said = caplog.text + str(caught.value) + repr(caught.value.__cause__)
    for secret in ("AKPROBE", "SKPROBE1", "entirely-wrong", "Signature=", "AWS4-HMAC"):
        assert secret not in said


def test_threads_share_one_connection_pool(rclone_site, opened, fetched):
    store = opened(rclone_site)
    image = fetched()
    together = threading.Barrier(8)

    def put(number):
        together.wait()
        store.put_new(f"{number}/{KEY}", image.path, image.asset, SOURCE)
        return store._connection()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(put, range(8)))) == 1
    assert len(rclone_site.contents()) == 8
