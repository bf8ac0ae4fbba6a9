"""Which syntax a file's name promises."""

from enum import StrEnum
from os.path import splitext
from pathlib import PurePath


class Syntax(StrEnum):
    """How a file is read."""

    MARKDOWN = "markdown"
    MDX = "mdx"  # Markdown with JSX: indented text is not code
    HTML = "html"
    TEXT = "text"  # no syntax: image URLs wherever they stand


_BY_EXTENSION = {
    ".md": Syntax.MARKDOWN,
    ".markdown": Syntax.MARKDOWN,
    ".mdown": Syntax.MARKDOWN,
    ".mkd": Syntax.MARKDOWN,
    ".qmd": Syntax.MARKDOWN,
    ".mdx": Syntax.MDX,
    ".html": Syntax.HTML,
    ".htm": Syntax.HTML,
}


def syntax_of(path: PurePath | str) -> Syntax:
    """The syntax of the file at ``path`` by its extension; plain text if it is none we know."""
    extension = splitext(path)[1]  # noqa: PTH122 - of a path in text; a Path takes 3 us to make
    return _BY_EXTENSION.get(extension.lower(), Syntax.TEXT)
