"""Documents in the manner of the CommonMark specification, and what another parser makes of them.

The specification's own examples come from npm's ``commonmark-spec``.
"""

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from rig import npm

_EXAMPLE = re.compile(r"^`{32} example\n(.*?)^\.\n.*?^`{32}$", re.MULTILINE | re.DOTALL)
_RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_ATTRIBUTES = {"img": "src", "responsive-image": "src"}

DESTINATIONS = (
    "http://h/a.png",
    "<http://h/a b.png>",
    "http://h/a(b(c)).png",
    r"http://h/a\(b\*.png",
    "<http://h/a)b>",
    "http://h/?a=1&amp;b=2&copy;",
    "http://h/图片.png#f",
    "http://h/%20%2Fa.png",
    "http://h/a_b_*c*.png",
    "http://h/a.png 'title'",
    'http://h/a.png "ti](t) <img src=x>le"',
    "  http://h/a.png   (title)  ",
    "\nhttp://h/a.png\n'title'\n",
    "http://h/a.png!style@2x|y",
    "//h/a.png",
)
DOCUMENTS = (
    "![a]({0})",
    "a ![b]({0}) c ![d]({1}) e",
    "![*a* `](x)` [b] \\] &#93;]({0})",
    "[![a]({0})]({1})",
    "![![a]({0})]({1})",
    "\\![a]({0}) !\\[a]({0}) `![a]({0})` ``![`]({1})``",
    "# ![a]({0})\n\n![a]({1})\n===\n",
    "```\n![a]({0})\n```\n\n    ![a]({0})\n\n![a]({1})",
    "a\n    ![b]({0})\n",
    '<img src="http://h/a.png"> ![a]({0}) <img\nalt=">"\n src=http://h/b.png />',
    "<!-- ![a]({0}) --> ![a]({1})",
    "<div>\n<img src='http://h/a.png'>\n\n![a]({0})\n\n</div>",
    "- ![a]({0})\n\n  ![b]({1})\n- ![c]({0})\n",
    "1. a\n   > ![a]({0})\n   ![b]({1})\n",
    "![a][r] ![R][] ![r]\n\n[r]: http://h/r.png 't'\n[r]: http://h/second.png\n",
    "> [ẞ]: <http://h/r r.png>\n\n![SS] ![a](\n{0})",
    "[a\n b]: http://h/r.png\n\n![x][A B] [l][A B]\n\n[l]: http://h/l.png",
    "| ![a](http://h/a\\|b.png) | `![x](\\|)` |\n|---|---|\n| x | ![b](http://h/c.png) |\n",
    "<http://h/a.png> http://h/a.png [a]({0})",
    "![a]({0}\n![b]({1})",
    "![a] ({0}) ![b]({1})",
    "***![a]({0})** ![b]({1})*",
)


def specification():
    """The Markdown of the specification's examples."""
    text = (npm.installed() / "node_modules/commonmark-spec/spec.txt").read_text(encoding="utf-8")
    return [example.replace("→", "\t") for example in _EXAMPLE.findall(text)]


def made_up():
    """Documents with every form of destination in every kind of place."""
    for document in DOCUMENTS:
        for index, first in enumerate(DESTINATIONS):
            second = DESTINATIONS[(index + 4) % len(DESTINATIONS)]
            yield document.format(first, second)


def derived(document):
    """``document``, with its links made images, and each nested in quotes and lists."""
    images = re.sub(r"(?<!!)\[(?![ xX^]\])", "![", document)
    one_by_one = (
        document[: match.start()] + "!" + document[match.start() :]
        for match in re.finditer(r"(?<!!)\[", document)
    )
    for flat in dict.fromkeys((document, images, *one_by_one)):
        lines = flat.split("\n")
        yield flat
        yield "\n".join(f"> {line}" for line in lines)
        yield "\n".join(
            f"{'- ' if number == 0 else '  '}{line}" for number, line in enumerate(lines)
        )
        yield "\n".join(
            f"> {'1. ' if number == 0 else '   '}{line}" for number, line in enumerate(lines)
        )
        yield f"x {flat}"


class _Shown(HTMLParser):
    def __init__(self, image_url_of, link_url_of):
        super().__init__(convert_charrefs=False)
        self.events, self.images, self.code = [], [], 0
        self.image_url_of, self.link_url_of = image_url_of, link_url_of

    def handle_starttag(self, tag, attrs):
        self.code += tag in ("code", "pre")
        shown = []
        for name, value in attrs:
            if _ATTRIBUTES.get(tag) == name and not self.code:
                self.images.append(value)
                value = self.image_url_of.get(value, value)  # noqa: PLW2901 - the mapped one
            elif tag == "a" and name == "href":
                value = self.link_url_of.get(value, value)  # noqa: PLW2901 - likewise
            shown.append((name, value))
        self.events.append(("start", tag, shown))

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        self.code -= tag in ("code", "pre")
        self.events.append(("end", tag))

    def handle_data(self, data):
        self.events.append(("data", data))

    def handle_comment(self, data):
        self.events.append(("comment", data))

    def handle_entityref(self, name):
        self.events.append(("entity", name))

    handle_charref = handle_decl = handle_pi = unknown_decl = handle_entityref


def shown(document, image_url_of, link_url_of):
    """The HTML that markdown-it makes of ``document``, as events with URLs mapped.

    Also the URLs of its images.
    """
    parser = _Shown(_as_rendered(image_url_of), _as_rendered(link_url_of))
    parser.feed(_RENDERER.render(document))
    parser.close()
    return parser.events, parser.images


def _as_rendered(new_url_of):
    """``new_url_of`` with percent-encoded keys too: those of Markdown are rendered so."""
    return new_url_of | {_RENDERER.normalizeLink(old): new for old, new in new_url_of.items()}
