"""A running S3 server as tests see it, whatever program it is."""

from dataclasses import dataclass
from functools import cached_property

import boto3
from botocore.config import Config


@dataclass(frozen=True)
class S3Server:
    """``port`` speaks plain HTTP on 127.0.0.1; ``access_key`` and ``secret_key`` are its user's."""

    port: int
    access_key: str
    secret_key: str

    @cached_property
    def client(self):
        """A client of our own, to look behind the back of the code under test."""
        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
