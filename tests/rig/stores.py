"""Fixtures: real stores, started at first use, ended with the tests; skipped aloud where missing.

``store_site`` is a fresh store of each kind in turn.
"""

import json
import socket
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rig import ceph, oss_front, rclone, swift, tls
from rig.front import serving

from migrator.config import StoreSettings

ACCESS_KEY_ENV = "MIGRATOR_TEST_ACCESS_KEY"
SECRET_KEY_ENV = "MIGRATOR_TEST_SECRET_KEY"


@dataclass(frozen=True)
class StoreSite:
    """A fresh, empty store, and doors behind the back of the code under test.

    ``kind`` names the server. ``atomic``: of many writers of one key exactly one creates it.
    ``checks_signatures``: it notices a wrong secret key.
    """

    settings: StoreSettings
    root: Path
    plant: Callable[[str, bytes], None]
    contents: Callable[[], dict[str, bytes]]
    kind: str = "local"
    atomic: bool = True
    checks_signatures: bool = True

    def toml(self, **changes: object) -> str:
        """What to write into a configuration so that a command stores into this bucket."""
        settings = self.settings
        values = {
            "type": "s3",
            "provider": settings.provider,
            "bucket": settings.bucket,
            "region": settings.region,
            "endpoint": settings.endpoint,
            "access_key_env": settings.access_key_env,
            "secret_key_env": settings.secret_key_env,
            "public_url": "https://img.example.com",
            "check_public": False,
            **changes,
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if value != ""]
        return "\n".join(["[store]", *lines, ""])


@pytest.fixture(scope="session")
def tls_authority(tmp_path_factory):
    """Who vouches for the TLS servers of this session."""
    return tls.authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def localhost_names():
    """Names below localhost lead to this machine, as RFC 6761 wants and Debian does not do."""
    resolve = socket.getaddrinfo

    def resolve_localhost(host, *arguments, **options):
        below = isinstance(host, str) and host.endswith(".localhost")
        return resolve("127.0.0.1" if below else host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve_localhost)
        yield


def _server(program, folder, **options):
    if reason := program.why_not():
        pytest.skip(reason)
    return program.running(folder, **options)


@pytest.fixture(scope="session")
def ceph_server(tmp_path_factory):
    with _server(ceph, tmp_path_factory.mktemp("ceph")) as server:
        yield server


@pytest.fixture(scope="session")
def swift_server(tmp_path_factory):
    with _server(swift, tmp_path_factory.mktemp("swift")) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory):
    with _server(rclone, tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="session")
def ceph_tls_port(ceph_server, tls_authority):
    with tls.in_front_of(ceph_server.port, tls_authority.context) as port:
        yield port


@pytest.fixture(scope="session")
def swift_tls_port(swift_server, tls_authority):
    with tls.in_front_of(swift_server.port, tls_authority.context) as port:
        yield port


@pytest.fixture(scope="session")
def oss(request, tmp_path_factory, tls_authority, localhost_names):
    """The server behind a model of OSS, the model's TLS port, and its rules."""
    anonymous = bool(ceph.why_not())
    with ExitStack() as started:
        if anonymous:
            folder = tmp_path_factory.mktemp("oss")
            server = started.enter_context(_server(rclone, folder, anonymous=True))
        else:
            server = request.getfixturevalue("ceph_server")
        rules = oss_front.OssRules(server.port, anonymous_behind=anonymous)
        yield server, started.enter_context(serving(rules, tls_authority.context)), rules


@pytest.fixture
def bucket_on(monkeypatch, tls_authority):
    """``bucket_on(server, endpoint, **settings)``: a new bucket there, as a ``StoreSite``."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tls_authority.file))

    def make(server, endpoint, *, kind, atomic=True, provider="custom", bucket=None, **settings):
        monkeypatch.setenv(ACCESS_KEY_ENV, server.access_key)
        monkeypatch.setenv(SECRET_KEY_ENV, server.secret_key)
        bucket = bucket or f"blog-{uuid.uuid4().hex[:12]}"
        client = server.client
        client.create_bucket(Bucket=bucket)

        def contents():
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
            found = {}
            for key in keys:
                with suppress(client.exceptions.NoSuchKey):  # deleted since it was listed
                    found[key] = client.get_object(Bucket=bucket, Key=key)["Body"].read()
            return found

        return StoreSite(
            StoreSettings(
                type="s3",
                provider=provider,
                bucket=bucket,
                endpoint=endpoint,
                access_key_env=ACCESS_KEY_ENV,
                secret_key_env=SECRET_KEY_ENV,
                **settings,
            ),
            Path(),
            lambda key, data: client.put_object(Bucket=bucket, Key=key, Body=data),
            contents,
            kind,
            atomic=atomic,
        )

    return make


@pytest.fixture
def local_site(tmp_path):
    folder = tmp_path / "site" / "images"
    folder.mkdir(parents=True)

    def plant(key, data):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(data)

    def contents():
        files = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    return StoreSite(StoreSettings(path="images"), folder.parent, plant, contents)


@pytest.fixture
def ceph_site(ceph_server, ceph_tls_port, bucket_on):
    return bucket_on(
        ceph_server, f"https://127.0.0.1:{ceph_tls_port}", kind="ceph", provider="ceph"
    )


@pytest.fixture
def swift_site(swift_server, swift_tls_port, bucket_on):
    return bucket_on(
        swift_server, f"https://127.0.0.1:{swift_tls_port}", kind="swift", atomic=False
    )


@pytest.fixture
def rclone_site(rclone_server, bucket_on):
    return bucket_on(
        rclone_server, f"http://127.0.0.1:{rclone_server.port}", kind="rclone", atomic=False
    )


@pytest.fixture
def oss_site(oss, bucket_on):
    server, port, _ = oss
    endpoint = f"https://{oss_front.SUFFIX}:{port}"
    site = bucket_on(server, endpoint, kind="oss", provider="oss", region="us-east-1")
    return replace(site, checks_signatures=not ceph.why_not())


_BUCKETS = ["rclone", "ceph", "swift", "oss"]


@pytest.fixture(params=_BUCKETS)
def bucket_site(request):
    """A fresh bucket, of each kind of server in turn."""
    return request.getfixturevalue(f"{request.param}_site")


@pytest.fixture(params=["local", *_BUCKETS])
def store_site(request):
    """A fresh store, of each kind in turn."""
    return request.getfixturevalue(f"{request.param}_site")
