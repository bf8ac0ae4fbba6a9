"""The options that commands share, in the words of their help."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from migrator.cli.completing import store_names

Paths = Annotated[list[Path], typer.Argument(metavar="PATH", help="Posts, or folders of posts.")]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="STORE",
        autocompletion=store_names,
        help="Where images go: a folder, or s3://bucket/prefix.",
    ),
]
Links = Annotated[bool, typer.Option("--links", help="Links to image files, too.")]
Text = Annotated[
    bool,
    typer.Option("--text", help="Other text files, too: _config.yml, templates, data files."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")]
Diff = Annotated[bool, typer.Option("--diff", help="Show every changed line of every post.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Executor = Annotated[
    str,
    typer.Option(
        "--executor",
        metavar="ENGINE",
        help="What moves images: threads, processes[:N], or dask:tcp://HOST:8786.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")
]

Html = Annotated[
    Path | None,
    typer.Option(
        "--html", metavar="FILE", help="Write the report as a page with pictures, to look at, too."
    ),
]


@dataclass(frozen=True, slots=True)
class Common:
    """The options that every command has, after its own."""

    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="MIGRATOR_CONFIG",
            help="The configuration. Without it: migrator.toml, looked for upwards from PATH.",
        ),
    ] = None
    trust_config: Annotated[
        bool,
        typer.Option("--trust-config", help="Trust this site's migrator.toml for this command."),
    ] = False
    allow_private: Annotated[
        list[str],
        typer.Option(
            metavar="HOST[:PORT]",
            help="Images may be fetched from this private address, too (or a CIDR; repeatable).",
        ),
    ] = field(default_factory=list)
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but results and errors.")
    ] = False
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress.")] = False

    def kept(self) -> dict[str, Any]:
        """What ``resume`` must know of them, as fields of ``Asked``."""
        return {
            "config": str(self.config.absolute()) if self.config else "",
            "allow_private": tuple(self.allow_private),
        }


def with_common(command: Callable[..., int]) -> Callable[..., int]:
    """``command``, whose parameter ``common`` is a ``Common``, with each of its options instead."""
    own = inspect.signature(command).parameters
    shared = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=each.default if each.default is not MISSING else [],
            annotation=each.type,
        )
        for each in fields(Common)
    ]

    @functools.wraps(command)
    def run(**values: Any) -> int:
        common = Common(**{each.name: values.pop(each.name) for each in shared})
        return command(**values, common=common)

    parameters = [each for name, each in own.items() if name != "common"] + shared
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run
