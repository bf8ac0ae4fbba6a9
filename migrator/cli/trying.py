"""Commands to get going: demo, trust."""

from pathlib import Path
from typing import Annotated

import typer

from migrator.cli.options import Common, with_common


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command()(demo)
    app.command()(with_common(trust))


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where to put the blog and its images.")
    ] = Path("migrator-demo"),
    *,
    local: Annotated[
        bool,
        typer.Option("--local", help="Store into a folder, even if rclone's S3 server is there."),
    ] = False,
) -> int:
    """Show the whole story on this machine: a small blog, an image host, and a migration.

    Needs no account and no network. The result stays in FOLDER for you to look at.

    Exit status: 0, or 2 FOLDER exists and is not an earlier demo.
    """
    from migrator.demo import run_demo

    return run_demo(folder, local=local)


def trust(*, common: Common) -> int:
    """Remember that this site's migrator.toml is yours, or that you read it and agree.

    A configuration may come with a copied site. Until you trust it, it can neither reach into your
    network nor send your credentials to an address of its own. After a change, trust it again.

    Exit status: 0, or 2 there is no configuration here.
    """
    from migrator.cli.session import trust_here

    typer.echo(trust_here(common))
    return 0
