"""The main job into real S3 servers, behind TLS where it matters."""

import pytest
from rig.images import image


@pytest.fixture
def bucket_of(site, request, tls_authority):
    """Let the site store into the bucket of a store site; returns its door behind our back."""

    def use(store_site, **changes):
        settings = store_site.settings
        values = {
            "type": "s3",
            "provider": settings.provider,
            "bucket": settings.bucket,
            "region": settings.region,
            "endpoint": settings.endpoint,
            "access_key_env": settings.access_key_env,
            "secret_key_env": settings.secret_key_env,
            "public_url": "https://img.example.com",
            **changes,
        }
        lines = [f'{key} = "{value}"' for key, value in values.items() if value]
        site.write("migrator.toml", "\n".join(["[store]", *lines, "check_public = false", ""]))
        return store_site.contents

    return use


@pytest.mark.parametrize("kind", ["ceph_site", "swift_site", "rclone_site"])
def test_images_go_to_the_bucket_and_links_to_its_public_address(site, bucket_of, request, kind):
    contents = bucket_of(request.getfixturevalue(kind))
    ended = site.migrator("migrate", "posts", "--yes", "--json", "--trust-config")
    assert ended.status == 0, ended.err
    assert set(contents().values()) == {image(k) for k in ("PNG", "JPEG", "GIF")}
    for each in ended.json["images"]:
        assert each["new_url"] == f"https://img.example.com/{each['key']}"
        assert each["key"] in contents()
    assert b"https://img.example.com/" in (site.root / "posts/one.md").read_bytes()
    again = site.migrator("migrate", "posts", "--yes", "--trust-config")
    assert (again.status, "Nothing to do" in again.out) == (0, True)


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"bucket": "no-such-bucket-here"}, "bucket"), ({"secret_key_env": "WRONG"}, "key")],
)
def test_a_store_that_refuses_ends_the_run_before_anything_moves(
    site, bucket_of, ceph_site, changes, says
):
    bucket_of(ceph_site, **changes)
    site.environment["WRONG"] = "not-the-secret"
    before = site.tree()
    ended = site.migrator("migrate", "posts", "--yes", "--trust-config")
    assert (ended.status, site.tree()) == (8, before)
    assert says in ended.err
    assert "not-the-secret" not in ended.err + ended.out
    assert site.host.asked == []
