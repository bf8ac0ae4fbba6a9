"""Where the keys of a bucket come from."""

import os

from migrator.config import StoreSettings
from migrator.errors import ConfigError

_USUAL = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


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


def check_variables(settings: StoreSettings) -> None:
    """See that the keys in the environment can be sent; boto3 takes them as they are.

    Raises:
        ConfigError: one holds a line end or another control character; names the variable.
    """
    own = () if settings.profile else _USUAL
    named = (settings.access_key_env, settings.secret_key_env)
    values = {name: os.environ.get(name, "").strip() for name in named if name}
    if not values:
        values = {name: os.environ.get(name, "") for name in own}
    for name, value in values.items():
        if not value.isprintable():
            raise ConfigError(
                f"the environment variable {name} holds a line end or another control character",
                f"set {name} anew; a .env file from Windows needs its line ends changed (dos2unix)",
            )


def whereabouts(settings: StoreSettings, table: str) -> str:
    """What holds the keys, for people; the settings stand in ``[table]``."""
    variables = [each for each in (settings.access_key_env, settings.secret_key_env) if each]
    if variables:
        return f"{' and '.join(variables)}, which [{table}] names"
    if settings.profile:
        return f"the profile {settings.profile} in ~/.aws, which {table}.profile names"
    return f"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or at {table}.profile"
