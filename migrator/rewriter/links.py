"""How a post links to a placement. Pure."""

import os.path
from pathlib import Path
from urllib.parse import quote

from migrator.config import Settings
from migrator.errors import ConfigError


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
    if style in {"relative", "site-absolute"} and store == "s3":
        raise ConfigError(
            f'rewrite.links = "{style}" does not fit a bucket, which has no place in the site',
            'Leave it out, or write links = "public".',
        )


def link_for(key: str, public_url: str | None, post: str, settings: Settings, root: Path) -> str:
    """The link to the object ``key`` to write into ``post`` (its name below the site's ``root``).

    ``public`` is the object's ``public_url``; ``relative`` leads from the post's folder to the
    local store's; ``site-absolute`` begins at the site root.
    """
    style = settings.rewrite.links or ("public" if public_url else "relative")
    if style == "public":
        assert public_url is not None  # noqa: S101 - see check_links
        return public_url
    image = root / settings.store.path / key
    start = root if style == "site-absolute" else (root / post).parent
    path = quote(os.path.relpath(image, start).replace(os.sep, "/"))
    return f"/{path}" if style == "site-absolute" else path
