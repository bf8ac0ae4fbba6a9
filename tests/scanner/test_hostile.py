"""Whatever the bytes, the scanner does not raise, and its time grows with their number only."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rig.rewriting import assert_rewrites

from migrator.config import ScanSettings
from migrator.scanner import find_references
from migrator.scanner.syntax import Syntax

SETTINGS = ScanSettings(tags=("[photo * {url} *]",))
U = "http://h/a.png"

PATTERNS = {
    "nested images": "![",
    "nested images that close": "![a](http://h/",
    "closing brackets": "](",
    "images": f"![a]({U})",
    "images on lines": f"![a]({U})\n\n",
    "references": "![a][b]",
    "definitions": f"[a]: {U}\n\n",
    "definitions and images": f"[a]: {U}\n\n![a]",
    "open parentheses": f"![a]({U}(",
    "closing parentheses": f"![a]({U}))",
    "backslashes": "![\\",
    "backticks": "`a``b```c![",
    "emphasis": "*a_ **b** ![",
    "angle brackets": "![a](<",
    "open tags": "<a ",
    "open tags and quotes": '<img src="',
    "open tags and quotes, balanced": '<img src="">"<img ',
    "comments": "<!-- ",
    "declarations": "<![CDATA[ <?",
    "tags": f'<img src="{U}">\n',
    "code elements": "<code><pre>",
    "scripts": "<script> <textarea>",
    "open and closed": f"<code>![a]({U})</code>",
    "quotes": "> ",
    "quoted destinations": f"> > ![a](\n>> >>{U} ",
    "lists": "- ",
    "deep lists": f"-     ![a]({U})\n",
    "indented": f"    ![a]({U})\n",
    "deeper and deeper": "- - -     -     ",
    "tables": f"|a|\n|-|\n|![a]({U})|<img src='{U}'>\n",
    "dollars": f"$![a]({U})$ ",
    "double dollars": f"$$ ![a]({U})",
    "Liquid": "{% ",
    "Liquid tags": f"{{% img {U} %}}",
    "Liquid raw": "{% raw %}",
    "Liquid raw, listings": "{% raw %}{% codeblock %}{% endraw %}",
    "shortcodes": "{{< ",
    "shortcode comments": "{{</* {{/* {/* ",
    "one tag": f'{{{{< a "{U}" ',
    "one Liquid tag": f"{{% img {U}, a='x",
    "JSX": "<A b={",
    "JSX quotes": '<A b={"',
    "JSX quotes and slashes": "<A b={`http://",
    "JSX braces": f'<A src={{"{U}"}} b={{{{',
    "sized": "![a](http://h/( =3x",
    "sized parentheses": "![a](h(h)h(h)",
    "embeds": f"![[{U}|",
    "custom": "[photo a ",
    "srcset": f'<img srcset="{U} 1x, (',
    "styles": '<p style="url(&quot;',
    "styles, one": "url('",
    "ignore": "<!-- migrator-ignore-next -->",
    "ignore paragraphs": f"<!-- migrator-ignore-next -->\n\n![a]({U})\n\n",
    "URLs": "http://h/a.png,",
    "slashes": "//h/",
    "image names": "http://h/a.png!",
    "entities": "&amp;&#",
    "footnotes": "[^1]: ![a][^1]",
    "front matter": "---\na: ",
    "NUL": "\0![",
    "BOM": "\ufeff",
    "break": "a  \n",
    "carriage returns": "\r",
    "underscores": "_a_![",
    "label": "[a\n",
    "long label": "![a][" + "b" * 50,
}
PLACES = (
    ("", Syntax.MARKDOWN),
    ("<div>", Syntax.MARKDOWN),
    (f'{{{{< a "{U}" ', Syntax.MARKDOWN),
    ('<A b="', Syntax.MARKDOWN),
    ("", Syntax.MDX),
    ("", Syntax.HTML),
    ("", Syntax.TEXT),
)


def took(data, syntax):
    start = time.process_time()
    find_references(data, syntax, SETTINGS, links=True, everything=True)
    return time.process_time() - start


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_time_is_linear_in_the_input(pattern):
    for prefix, syntax in PLACES:
        small, large = ((prefix + pattern * (n // len(pattern))).encode() for n in (2**12, 2**15))
        for _ in range(5):  # a busy machine may spoil a few, a quadratic scan spoils all
            base, much = took(small, syntax), took(large, syntax)
            if much < 2.6**3 * max(base, 0.005):  # three times twice as much
                break
        else:
            pytest.fail(f"{syntax}, {prefix!r}: {base:.3f} s, {much:.3f} s for 8 times as much")


# A store whose URLs hold all that means something somewhere.
STORES = st.sampled_from(["http://new/", "http://new/图 (&copy;&amp'|=,[x]*_$\\\"`<"])
SNIPPETS = st.sampled_from(
    [
        *PATTERNS.values(),
        *(
            "\n",
            "\r\n",
            "\r",
            "\n\n",
            " ",
            "\t",
            "    ",
            "> ",
            "- ",
            "\\",
            ")",
            "]",
            '"',
            "'",
            ">",
            "`",
        ),
        *(
            "```\n",
            "-->",
            "</pre>",
            "</code>",
            "%}",
            ">}}",
            "{% endraw %}",
            "}",
            "|",
            "$",
            "=",
            "\x85",
            "\u2028",
        ),
        *(
            "![a](http://h/b.png 't')",
            '<img src="http://h/c.png" srcset="//h/d 1x">',
            "图",
            "é",
            "𝒳",
        ),
        *(
            "[r]: http://h/r.png\n",
            "![x][r]",
            "<center>![a](//h/e)</center>\n",
            "{{< img src='//h/f' >}}",
        ),
    ]
)
DOCUMENTS = st.one_of(
    st.lists(SNIPPETS, max_size=12).map("".join).map(str.encode),
    st.lists(st.one_of(SNIPPETS.map(str.encode), st.binary(max_size=4)), max_size=12).map(b"".join),
    st.lists(SNIPPETS, max_size=12).map(lambda parts: "".join(parts).encode("gb18030")),
)


# A tag in a row of a table: the "|" of its new address would end the cell.
@example(
    b"|a|b|\n|-|-|\n|{{< img src='//h/f' >}}|![a](http://h/a.png)|\n", Syntax.MARKDOWN, "http://n/|"
)
@given(DOCUMENTS, st.sampled_from(Syntax), STORES)
@settings(max_examples=1500, deadline=None)
def test_no_input_raises_and_every_rewrite_holds(data, syntax, store):
    assert_rewrites(data, syntax, store)
