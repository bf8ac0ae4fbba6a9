"""How a post links to a placement. Pure."""

import os.path
from urllib.parse import quote

from migrator.config import Settings
from migrator.model import Placement


def link_for(placement: Placement, post: str, settings: Settings) -> str:
    """The link to write into the post named ``post`` (relative to the site root).

    ``public`` is the placement's public URL; ``relative`` leads from the post's folder to the local
    store's; ``site-absolute`` begins at the site root.
    """
    style = settings.rewrite.links or ("public" if placement.public_url else "relative")
    if style == "public":
        assert placement.public_url is not None  # noqa: S101 - settings are checked when loaded
        return placement.public_url
    place = f"{settings.store.path.rstrip('/')}/{placement.key}"
    if style == "site-absolute":
        return "/" + quote(os.path.normpath(place))
    path = quote(os.path.relpath(place, os.path.dirname(post) or "."))
    return path if path.startswith(".") else f"./{path}" if ":" in path.split("/")[0] else path
