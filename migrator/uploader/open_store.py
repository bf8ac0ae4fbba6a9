"""From settings to an open store."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from migrator.config import Settings, StoreSettings
from migrator.errors import ConfigError, UsageError
from migrator.uploader.base import Store
from migrator.uploader.bucket import BucketStore
from migrator.uploader.keys import check_key
from migrator.uploader.local import LocalStore


def open_store(
    settings: StoreSettings, root: Path, *, table: str = "store", by_content: bool = False
) -> Store:
    """The store of ``settings``; relative paths start at the site root ``root``.

    ``table`` is where the settings stand in the configuration. ``by_content`` promises that every
    name holds enough of its image's hash, so that who takes one stores the same image.

    Nothing is asked of the store and nothing is written.

    Raises:
        ConfigError: a setting is missing or does not fit; names it and the cure.
    """
    check_key(settings.key, settings.prefix)
    public_url = settings.public_url
    addresses = ("https://", "http://") if settings.type == "s3" else ("https://", "http://", "/")
    if public_url and not public_url.startswith(addresses):
        raise ConfigError(
            f"{table}.public_url = {public_url!r} is not an address",
            "a bucket is not a folder of the site: write the domain at which readers see it, "
            'such as public_url = "https://img.example.com"'
            if public_url.startswith("/")
            else f'write it in full: public_url = "https://{public_url}"',
        )
    if {".", ".."} & set(unquote(public_url).split("/")):
        raise ConfigError(
            f"{table}.public_url = {public_url!r} has '.' or '..' between its slashes",
            "write the address without them, such as /images",
        )
    if settings.type == "s3":
        return BucketStore(settings, table=table, by_content=by_content)
    if not settings.path:
        raise ConfigError(f"{table}.path is empty", f'write path = "FOLDER" into [{table}]')
    parts = Path(settings.path).parts
    if parts[:1] == ("~",):
        raise ConfigError(
            f"{table}.path = {settings.path!r}: ~ is not read here",
            f"write the whole path: path = {str(Path(settings.path).expanduser())!r}",
        )
    if found := {".git", ".migrator"} & {part.lower() for part in parts}:
        raise ConfigError(
            f"{table}.path = {settings.path!r} is inside of {found.pop()}, whose files are git's "
            "or Migrator's own",
            'choose a folder that your site publishes, such as path = "images"',
        )
    folder = Path(os.path.abspath(root / settings.path))  # noqa: PTH100 - resolve() follows links
    inside = folder.is_relative_to(Path(os.path.abspath(root)))  # noqa: PTH100 - likewise
    if inside and not folder.resolve().is_relative_to(root.resolve()):
        raise ConfigError(
            f"{table}.path = {settings.path!r} leads out of the site through a symbolic link",
            f"write the folder it means: path = {str(folder.resolve())!r}",
        )
    owner = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:8]
    return LocalStore(folder, settings.public_url, owner, settings.prefix)


def with_store(text: str, settings: Settings) -> Settings:
    """``settings`` with the store that ``text`` names (see ``place_named``).

    It has mirrors only where it is the store of ``settings``.

    Raises:
        UsageError: ``text`` names none, or the backup, which no post links to.
    """
    if text == "backup":
        raise UsageError(
            "a backup keeps copies under names of its own, and posts do not link to it",
            "To copy images there: migrator backup. For a folder of that name: --to ./backup",
        )
    place = place_named(text, settings, settings.store)
    same = place == settings.store
    return replace(
        settings,
        store=replace(place, key=settings.store.key),
        mirror=settings.mirror if same else (),
    )


def place_named(text: str, settings: Settings, like: StoreSettings) -> StoreSettings:
    """The settings of the store that ``text`` names: ``store``, ``mirror``, ``backup``, or a place.

    ``mirror`` is the first of the configuration. A place is a folder, relative to the current one,
    or ``s3://bucket/prefix``, and else like the store ``like``; it has the public address only
    where it is that store.

    Raises:
        UsageError: ``text`` names none.
    """
    named = {"store": settings.store, "backup": settings.backup}
    named |= {"mirror": settings.mirror[0]} if settings.mirror else {}
    if text == "mirror" and text not in named:
        raise UsageError(
            "mirror means the [[mirror]] of the configuration, which has none",
            "For a folder of that name: --to ./mirror",
        )
    return named.get(text) or _at(text, like)


def _at(text: str, settings: StoreSettings) -> StoreSettings:
    if not text or ("://" in text and not text.startswith("s3://")):
        raise UsageError(
            f"{text!r} is not a store", "name a folder, or a bucket as s3://BUCKET/PREFIX"
        )
    if text.startswith("s3://"):
        bucket, _, prefix = text.removeprefix("s3://").partition("/")
        same = settings.type == "s3" and settings.bucket == bucket
        place_ = replace(settings, type="s3", bucket=bucket, prefix=prefix)
    else:
        folder = os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111 - links stay as written
        same = settings.type == "local" and settings.path == folder
        place_ = replace(settings, type="local", path=folder, prefix="")
    return place_ if same else replace(place_, public_url="")
