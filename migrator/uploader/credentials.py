"""Where the keys of a bucket come from."""

import os

from migrator.config import StoreSettings
from migrator.errors import ConfigError


def key_from(setting: str, name: str, table: str) -> str | None:
    """The value of the environment variable ``name``, if ``setting`` of ``[table]`` names one.

    Raises:
        ConfigError: it is not set.
    """
    if not name:
        return None
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigError(
            f"{table}.{setting} names the environment variable {name}, which is not set",
            f"set {name}, or correct {table}.{setting}",
        )
    return value


def whereabouts(settings: StoreSettings, table: str) -> str:
    """What holds the keys, for people; the settings stand in ``[table]``."""
    variables = [each for each in (settings.access_key_env, settings.secret_key_env) if each]
    if variables:
        return f"{' and '.join(variables)}, which [{table}] names"
    if settings.profile:
        return f"the profile {settings.profile} in ~/.aws, which {table}.profile names"
    return f"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or at {table}.profile"
