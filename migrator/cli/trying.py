"""Commands to get going: demo, init, doctor, trust."""

from pathlib import Path
from typing import Annotated

import typer

from migrator.cli import options
from migrator.cli.completing import services
from migrator.cli.options import Common, with_common
from migrator.cli.screen import say


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command()(demo)
    app.command()(with_common(init))
    app.command()(with_common(doctor))
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
    """Show the whole story on this machine, on a small blog.

    An image host is started, and its images move. Needs no account and no network. The result stays
    in FOLDER for you to look at.

    Examples:

        migrator demo

        migrator demo /tmp/demo --local

    Exit status: 0, or 2 FOLDER exists and is not an earlier demo.
    """
    from migrator.demo import run_demo

    return run_demo(folder, local=local)


def init(
    place: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="The folder of the site, or of its posts.")
    ] = Path(),
    *,
    provider: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            autocompletion=services,
            help="The service to move to: oss, cos, kodo, r2, aws ...",
        ),
    ] = "",
    bucket: Annotated[str, typer.Option(help="Its bucket.")] = "",
    region: Annotated[str, typer.Option(help="Its region, such as cn-hangzhou.")] = "",
    endpoint: Annotated[
        str, typer.Option(metavar="URL", help="Its address, where that is not known.")
    ] = "",
    public_url: Annotated[
        str, typer.Option(metavar="URL", help="Where readers see the root of the bucket or folder.")
    ] = "",
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="The profile in ~/.aws that holds your keys.")
    ] = "",
    prefix: Annotated[str, typer.Option(help="What comes before every name.")] = "",
    store_path: Annotated[
        str, typer.Option(metavar="FOLDER", help="Instead of a service: a folder of the site.")
    ] = "",
    links: Annotated[str, typer.Option(help="How links are written: relative ...")] = "",
    key: Annotated[str, typer.Option(metavar="TEMPLATE", help="How images are named.")] = "",
    host: Annotated[
        list[str],
        typer.Option(metavar="HOST", help="Only images on this host or provider (repeatable)."),
    ] = [],  # noqa: B006 - typer copies it
    site_url: Annotated[str, typer.Option(metavar="URL", help="Where the posts are read.")] = "",
    from_picgo: Annotated[
        bool, typer.Option("--from-picgo", help="Move to where PicGo or PicList uploads to.")
    ] = False,
    picgo_config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="PicGo's or PicList's configuration, if it is elsewhere."
        ),
    ] = None,
    yes: options.Yes = False,
    common: Common,
) -> int:
    """Write migrator.toml for a site, and check that it works.

    Asks on a terminal for what no option says. Never replaces a configuration that is there.
    Your keys never go into the file: they stay in the environment or in a profile of ~/.aws.

    Examples:

        migrator init

        migrator init --provider oss --bucket my-blog --region cn-hangzhou
        --public-url https://img.example.com --yes

        migrator init --store-path source/images --yes

        migrator init --from-picgo --yes

    Exit status: as of migrator doctor, which it runs at its end; 2 there is a configuration
    already, or an option is missing and nobody can be asked.
    """
    from migrator.cli.asked import hosts_named
    from migrator.cli.first_config import first_config
    from migrator.cli.picgo_file import answers_from
    from migrator.init import FOLDER, Answers

    answers = Answers(
        provider or (FOLDER if store_path else ""),
        bucket=bucket,
        region=region,
        endpoint=endpoint,
        public_url=public_url,
        profile=profile,
        prefix=prefix,
        store_path=store_path,
        links=links,
        key=key,
        hosts=hosts_named("--host", host),
        site_url=site_url,
    )
    if from_picgo or picgo_config:
        answers = answers_from(picgo_config, answers)
    return first_config(place, answers, common, yes=yes)


def doctor(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="[PATH]...", help="Posts, or folders of posts; without any, the whole site."
        ),
    ] = [],  # noqa: B006 - typer copies it
    *,
    json: options.Json = False,
    common: Common,
) -> int:
    """Find what is wrong before anything is moved. Changes nothing.

    Looks at the configuration, the posts, every store and its public address, the image hosts and
    this machine. A tiny image is put into the store, fetched back, looked at as a reader would,
    and deleted again.

    Examples:

        migrator doctor

        migrator doctor source/_posts --json

    Exit status: 0 nothing is wrong, or for the worst problem: 2 configuration, 6 this machine,
    posts or image hosts, 8 the store or its public address.
    """
    from migrator.cli.examining import examined

    return examined(paths, common, json=json)


def trust(*, common: Common) -> int:
    """Trust this site's migrator.toml: you wrote it, or agree.

    A configuration may come with a copied site. Until you trust it, it can neither reach into your
    network nor send your credentials to an address of its own. After a change, trust it again.

    Examples:

        migrator trust

    Exit status: 0, or 2 there is no configuration here.
    """
    from migrator.cli.session import trust_here

    say(trust_here(common))
    return 0
