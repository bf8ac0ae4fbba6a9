"""Does the configuration say something, and does what it says fit together?"""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path, PurePosixPath

from migrator.config import BackupSettings, Settings, StoreSettings
from migrator.config.fields import key_of
from migrator.config.loading import FILE_NAME, Loaded
from migrator.errors import ConfigError
from migrator.finding import Area, Finding, note, ok, problem, trouble
from migrator.homes import unresolved
from migrator.rewriter.links import WITH_POST, check_links
from migrator.sites import Generator, detect
from migrator.state import Site
from migrator.transfer import Transfer, TransferSpec
from migrator.uploader.providers import PROVIDERS

_FOR_BOTH = {"type", "prefix", "public_url", "key"}
_LOCAL = {"path"}
_STRICT = {"Hexo", "Hugo", "Jekyll"}  # the others follow relative links out of what they publish


def check_config(loaded: Loaded | ConfigError, root: Path, *, trusted: bool) -> Iterator[Finding]:
    """What is wrong with the configuration itself; nothing outside of it is asked."""
    if isinstance(loaded, ConfigError):
        yield trouble(Area.CONFIG, loaded)
        return
    settings = loaded.settings
    if loaded.file is None:
        yield note(
            Area.CONFIG,
            f"there is no {FILE_NAME}: images would go to the folder {settings.store.path}/",
            str(root),
            "To choose another place: migrator init",
        )
    if loaded.needs_trust and not trusted:
        yield problem(
            Area.CONFIG,
            f"it sets {', '.join(loaded.needs_trust)}, and nobody has said that it is yours",
            str(loaded.file),
            "After reading it: migrator trust",
        )
    try:
        with closing(Transfer(TransferSpec(settings, root, Site(root).spool))) as transfer:
            check_links(settings, transfer.store.public_url(""))
    except ConfigError as error:
        yield trouble(Area.CONFIG, error)
        return
    yield from _idle(settings)
    yield from _unpublished(settings, detect(root), root)
    if loaded.file is not None:
        yield ok(Area.CONFIG, f"{loaded.file.name} can be read and fits together", str(loaded.file))


def _idle(settings: Settings) -> Iterator[Finding]:
    """Keys that do nothing where they stand, or not what one would think."""
    for table, store in each_store(settings):
        idle = ", ".join(_without_effect(store))
        if idle:
            yield note(
                Area.CONFIG,
                f'{idle} {"do" if "," in idle else "does"} nothing with type = "{store.type}"',
                f"[{table}]",
                f"Remove it, or correct type in [{table}].",
            )
        if store.public_url.startswith("http://") and not _is_here(store.public_url):
            yield note(
                Area.CONFIG,
                f"public_url = {store.public_url!r}: pages served over https may not show "
                "images that are not",
                f"[{table}]",
                "Use https:// if the domain has a certificate.",
            )
        if table != "store" and store.public_url:
            yield note(Area.CONFIG, "public_url does nothing here: links go to [store]", table)
        if table == "backup" and store.key != StoreSettings().key:
            yield note(Area.CONFIG, "key does nothing in [backup], whose names are its own", table)
    if settings.store.type != "s3":
        return
    if not settings.store.public_url and not PROVIDERS[settings.store.provider].shows_images:
        yield note(
            Area.CONFIG,
            f"links would lead to the own domain of {settings.store.provider}, where browsers "
            "download images instead of showing them",
            "[store]",
            "Bind a domain of your own to the bucket and write it into public_url.",
        )
    if not settings.store.check_public:
        yield note(
            Area.CONFIG,
            "check_public = false: nobody looks whether readers see the new images",
            "[store]",
            "Remove it once the public address works.",
        )


def _unpublished(settings: Settings, generator: Generator, root: Path) -> Iterator[Finding]:
    """A folder for images that the site's generator does not show where links would look."""
    store, links = settings.store, settings.rewrite.links
    if words := unresolved(settings, root):
        yield problem(Area.CONFIG, words, "_config.yml")
    if store.type != "local" or store.public_url:
        return
    if ".." in PurePosixPath(os.path.relpath(root / store.path, root)).parts:
        yield problem(
            Area.CONFIG,
            f"links to {store.path} would lead out of the site, where readers cannot follow",
            "[store]",
            "Name a folder of the site, or write the address at which readers see it: public_url.",
        )
        return
    if not generator.name:
        return
    published = PurePosixPath(generator.store_path).parent
    shown = (
        links not in ("", "relative")
        if generator.public_url or generator.links in WITH_POST
        else PurePosixPath(store.path).is_relative_to(published)
    )
    if not shown:
        keys = {"public_url": generator.public_url, "links": generator.links}
        more = "".join(f', {key} = "{value}"' for key, value in keys.items() if value)
        yield (problem if generator.name in _STRICT else note)(
            Area.CONFIG,
            f"{generator.name} may not show images of {store.path}/ where links to them would look",
            "[store]",
            f'What fits it: path = "{generator.store_path}"{more} ([rewrite] for links).'
            if generator.links
            else f'What fits it: path = "{generator.store_path}"{more}.',
        )


def each_store(settings: Settings) -> Iterator[tuple[str, StoreSettings]]:
    """Every store of the settings, with the name of its table for people."""
    yield "store", settings.store
    for number, mirror in enumerate(settings.mirror, start=1):
        yield "mirror" if len(settings.mirror) == 1 else f"mirror {number}", mirror
    if settings.backup != BackupSettings():
        yield "backup", settings.backup


def _without_effect(store: StoreSettings) -> Iterator[str]:
    default = type(store)()
    for field in fields(StoreSettings):
        used = field.name in _FOR_BOTH or (field.name in _LOCAL) == (store.type == "local")
        if not used and getattr(store, field.name) != getattr(default, field.name):
            yield key_of(field)


def _is_here(url: str) -> bool:
    return url.startswith(("http://127.", "http://localhost", "http://[::1]"))
