"""What a bucket is opened with: keys, and the authorities whose certificates are believed.

The one home of boto3, which knows what people told it and the ``aws`` command.
"""

import logging
import os
import ssl
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import certifi

from migrator.config import StoreSettings
from migrator.errors import ConfigError, StoreRefused
from migrator.uploader.credentials import check_variables, key_from
from migrator.uploader.signing import Keys

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.session import Session

Answer = TypeVar("Answer")

_FILES = {
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
}

# At lower levels botocore writes access keys into the log.
for _logger in map(logging.getLogger, ("boto3", "botocore", "urllib3")):
    _logger.setLevel(max(_logger.level, logging.WARNING))


class Access:
    """What the bucket at ``endpoint`` is opened with: by its settings, else by what boto3 finds.

    boto3 takes 0.2 s to import, so it is asked only where it has a say. The settings stand in
    ``[table]``.

    Raises:
        ConfigError: a variable that the settings name, or their profile, is not usable.
        StoreRefused: there are no keys, or half of them.
    """

    def __init__(self, settings: StoreSettings, endpoint: str, table: str) -> None:
        self._settings, self._endpoint, self._table = settings, endpoint, table
        check_variables(settings)
        access = key_from("access_key_env", settings.access_key_env, table)
        secret = key_from("secret_key_env", settings.secret_key_env, table)
        if bool(access) != bool(secret):
            lacking = "secret_key_env" if access else "access_key_env"
            raise self._unusable(f"{table}.{lacking} is missing")
        named = Keys(access, secret) if access and secret else None
        self._found = named or self._asked(self._from_boto3)

    def keys(self) -> Keys:
        """The keys of this moment: some expire, and boto3 gets new ones.

        Raises:
            StoreRefused: it cannot.
        """
        if isinstance(self._found, Keys):
            return self._found
        found = self._asked(self._found.get_frozen_credentials)
        return Keys(found.access_key or "", found.secret_key or "", found.token)

    def trusted(self) -> ssl.SSLContext:
        """TLS that believes the authorities that the user named, else those of browsers.

        Raises:
            ConfigError: their file cannot be used.
        """
        bundle = os.environ.get("AWS_CA_BUNDLE") or self._configured_bundle()
        bundle = bundle or os.environ.get("REQUESTS_CA_BUNDLE") or certifi.where()
        try:
            context = ssl.create_default_context(cafile=bundle)
        except OSError as error:
            raise ConfigError(
                f"the file of authorities {bundle} cannot be used: {error.strerror}",
                "correct AWS_CA_BUNDLE, or what else names it: ca_bundle in ~/.aws/config",
            ) from error
        # Python 3.13 is strict about what authorities of one's own often lack
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    def _configured_bundle(self) -> str | None:
        files = (os.environ.get(name, usual) for name, usual in _FILES.items())
        if not self._settings.profile and not any(
            os.path.exists(os.path.expanduser(file))  # noqa: PTH110, PTH111 - Path fails without a home
            for file in files
        ):
            return None
        bundle: str | None = self._asked(lambda: self._session.get_config_variable("ca_bundle"))
        return bundle

    def _from_boto3(self) -> "Credentials":
        import boto3  # noqa: PLC0415 - see above
        from botocore.exceptions import NoCredentialsError  # noqa: PLC0415

        found = boto3.session.Session(botocore_session=self._session).get_credentials()
        if found is None:
            raise NoCredentialsError
        return found

    @cached_property
    def _session(self) -> "Session":
        from botocore.session import Session  # noqa: PLC0415 - see above

        return Session(profile=self._settings.profile or None)

    def _asked(self, question: Callable[[], Answer]) -> Answer:
        from botocore.exceptions import (  # noqa: PLC0415 - see above
            BotoCoreError,
            ClientError,
            ProfileNotFound,
        )

        try:
            return question()
        except ProfileNotFound as error:
            raise ConfigError(
                f"{self._table}.profile = {self._settings.profile!r} is not in ~/.aws",
                "correct the name, or run: aws configure --profile NAME",
            ) from error
        except (BotoCoreError, ClientError) as error:
            raise self._unusable(str(error)) from error

    def _unusable(self, why: str) -> StoreRefused:
        return StoreRefused(
            f"there are no usable credentials for {self._endpoint}: {why}",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile in "
            f"[{self._table}]",
        )
