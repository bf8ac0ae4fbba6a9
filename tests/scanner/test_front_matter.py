"""Front matter: where it ends, which values are images, and that only these would change."""

import json
import tomllib
from pathlib import Path

import frontmatter
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from migrator.config import ScanSettings
from migrator.model import Kind
from migrator.scanner import find_references
from migrator.scanner.front_matter import FrontMatter, find
from migrator.scanner.spelling import read, write
from migrator.scanner.syntax import Syntax

CASES = sorted((Path(__file__).parent.parent / "cases" / "front_matter").glob("*.md"))
SETTINGS = ScanSettings()


def pieces(data, **more):
    found = find(data, ScanSettings(**more)).found
    return [(item.spelling, item.url) for item in found]


def urls(data, **more):
    return [url for _, url in pieces(data, **more)]


def yaml_post(text):
    return f"---\n{text}\n---\nBody\n".encode()


VARIANTS = ["as-is", "crlf", "cr", "bom", "blank-first", "no-final-newline"]


@pytest.mark.parametrize(
    ("path", "variant"),
    [
        pytest.param(path, variant, id=f"{path.stem}-{variant}")
        for path in CASES
        for variant in VARIANTS
        if (path.stem, variant) != ("hugo-toml", "cr")  # TOML knows no lone CR
    ],
)
def test_the_cases(path, variant):
    data, prefix = path.read_bytes(), b""
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if variant in ("crlf", "cr"):
        newline = {"crlf": b"\r\n", "cr": b"\r"}[variant]
        data = data.replace(b"\n", newline)
        expected["body"] = expected["body"].replace("\n", newline.decode())
    elif variant == "bom":
        prefix = b"\xef\xbb\xbf"
    elif variant == "blank-first":
        prefix = b" \n\n"
    elif variant == "no-final-newline":
        data = data.rstrip(b"\n")
    result = find(prefix + data, SETTINGS)
    data = prefix + data
    assert [[item.spelling, item.url] for item in result.found] == expected["found"]
    for item in result.found:
        assert item.kind is Kind.FRONT_MATTER
        assert read(data[item.start : item.end].decode(), item.spelling) == item.url
    lines_before = 2 if variant == "blank-first" else 0
    assert [note.line - lines_before for note in result.notes] == expected["notes"]
    body = data[result.end :] if result.end else data[len(prefix) :]
    assert body.startswith(expected["body"].encode())
    assert not result.opt_out


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"---\nmigrator: false\n---\n", True),
        (b"---\nmigrator: 'False' # please\n---\n", True),
        (b"---\nmigrator: true\n---\n", False),
        (b"---\nother:\n  migrator: false\n---\n", False),
        (b"---\n# migrator: false\na: b\n---\n", False),
        (b"---\na: [\nmigrator: false\n---\n", True),
        (b"+++\nmigrator = false\n+++\n", True),
        (b"+++\n[other]\nmigrator = false\n+++\n", False),
        (b'{"a": {"migrator": false}, "migrator": true}\n', False),
        (b'{"a": {}, "migrator": false}\n', True),
        (b';;;\n"migrator": false\n;;;\n', True),
        (b"migrator: false\n", False),
    ],
)
def test_a_post_can_opt_out(data, expected):
    assert find(data, SETTINGS).opt_out is expected


def test_configured_keys_name_images_too():
    data = yaml_post("Feature-Pic: https://x.org/a\n封面: https://x.org/b\nother: https://x.org/c")
    assert urls(data) == []
    assert urls(data, image_keys=("feature_pic", "封面")) == ["https://x.org/a", "https://x.org/b"]


def test_everything_includes_local_paths_and_data_urls():
    data = yaml_post("cover: /img/a.png\nicon: data:image/png;base64,AAAA\nx: a word")
    assert find(data, SETTINGS).found == ()
    everything = find(data, SETTINGS, everything=True).found
    assert [item.url for item in everything] == ["/img/a.png", "data:image/png;base64,AAAA"]


def test_a_list_between_rulers_is_body():
    data = yaml_post("- a: b\n- ![](https://x.org/a.png)\n- https://x.org/a.png")
    assert find(data, SETTINGS).end == 0


def test_text_above_a_ruler_that_cannot_be_read_is_body():
    data = b"title: [never closed\ncover: https://x.org/a.png\n---\nBody"
    assert find(data, SETTINGS) == FrontMatter()


def test_a_toml_table_ends_where_the_next_begins():
    data = b"+++\n[cover]\na = 'https://x.org/1'\n[other]\na = 'https://x.org/2'\n+++\n"
    assert urls(data) == ["https://x.org/1"]


def test_numbers_of_any_length_cost_nothing_in_json():
    data = f'{{"n": {"9" * 100_000}, "m": 1{"0" * 5000}.5, "cover": "https://x.org/a"}}\n'.encode()
    assert urls(data) == ["https://x.org/a"]


def test_an_alias_under_an_image_key_is_edited_once_at_its_anchor():
    data = yaml_post("a: &u https://x.org/a\ncover: *u\nimages: [*u, *u]")
    (found,) = find(data, SETTINGS).found
    assert data[found.start - 3 : found.end] == b"&u https://x.org/a"


def test_a_space_belongs_to_the_address_only_where_an_image_is_named():
    data = yaml_post(
        "cover: https://x.org/a b.png\nother: https://x.org/a b.png\n"
        "image: https://x.org/a.png https://x.org/b.png"
    )
    assert urls(data) == ["https://x.org/a b.png"]


def test_gb18030_has_true_offsets():
    text = "---\ntitle: 中文标题\ncover: https://x.org/图.png\nthumb: https://x.org/t\n---\n正文"
    data = text.encode("gb18030")
    cover, thumb = find_references(data, Syntax.MARKDOWN, SETTINGS).references
    assert cover.url == cover.raw == "https://x.org/图.png"
    assert data[cover.span.start : cover.span.end].decode("gb18030") == cover.url
    assert data[thumb.span.start : thumb.span.end] == b"https://x.org/t"


def test_bytes_that_are_no_text_stay_and_are_reported():
    data = b"---\ntitle: x\xff\ncover: https://x.org/\xff.png\nthumb: https://x.org/t\n---\n"
    result = find_references(data, Syntax.MARKDOWN, SETTINGS)
    assert [item.url for item in result.references] == ["https://x.org/t"]
    assert [note.line for note in result.notes] == [3]


@pytest.mark.parametrize(
    "character", ["\x85", "\u2028", "\ufeff", "\x0b", "\x0c", "\x1c", "\xa0", "\u200b", "😀"]
)
@pytest.mark.parametrize("fence", ["---\n{}\n---\n", "+++\n{}\n+++\n"])
def test_odd_characters_never_shift_an_offset(character, fence):
    assign = "cover: 'https://x.org/a.png'" if "-" in fence else "cover = 'https://x.org/a.png'"
    title = f"title: 'x{character}y'" if "-" in fence else f"title = 'x{character}y'"
    data = fence.format(f"{title}\n{assign}").encode()
    result = find(data, SETTINGS)
    assert result.notes or [data[f.start : f.end] for f in result.found] == [b"https://x.org/a.png"]
    assert result.end == len(data)


HOSTILE = {
    "alias bomb": "a: &a [x, x]\n"
    + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)
    ),
    "merge bomb": "a: &a {x: y}\n" + "".join(f"b{i}: &a\n  <<: [*a, *a]\n" for i in range(5000)),
    "recursion": "a: &a [*a, &b {c: *b}]",
    "deep flow": "a: " + "[" * 100_000,
    "deep block": "".join(" " * i + "a:\n" for i in range(600)),
    "deep sequence": "a:\n " + "- " * 100_000 + "x",
    "huge integer": "n: " + "9" * 200_000,
    "python object": "a: !!python/object/apply:os.system [echo]",
    "duplicate keys": "cover: a\ncover: b",
    "unknown alias": "a: *nowhere",
    "nul": "a: \x00",
    "tags": "%TAG !a! b\n" * 20_000,
    "too long": "a: b\n" * 60_000,
    "many quotes": "a: '" + "<img " * 40_000 + "'",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.timeout(20)  # a tenth of a second each; a bomb would take hours
def test_hostile_yaml_never_stops_the_body(name):
    data = yaml_post("site: https://x.org/\n" + HOSTILE[name])
    result = find(data, SETTINGS)
    assert data[result.end :] == b"Body\n"


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a." * 100_000 + "b = 1",
        "n = " + "9" * 100_000,
        'a = "',
        'a = """',
        "a",
        "= 1",
        "a = }",
        "[a",
        "a = 1\na = 2",
    ],
)
@pytest.mark.timeout(20)
def test_hostile_toml_is_a_note(text):
    data = f"+++\nx = 'https://x.org/a.png'\n{text}\n+++\nBody".encode()
    result = find(data, SETTINGS)
    assert (result.found, len(result.notes), data[result.end :]) == ((), 1, b"Body")


@pytest.mark.parametrize("value", ["[" * 60_000 + "]" * 60_000, "tru", "{,}", "\x00", "1e"])
@pytest.mark.timeout(20)
def test_hostile_json_is_a_note(value):
    data = f'{{"x": "https://x.org/a.png", "a": {value}}}\nBody'.encode()
    result = find(data, SETTINGS)
    assert (result.found, len(result.notes), data[result.end :]) == ((), 1, b"Body")


# Properties: replacing what was found changes these values of the document and nothing else.

NEW = "https://new.example.org/{}.png"
url_paths = st.text(st.sampled_from("ab中é(),!%7E&=;@:~*|'"), max_size=6)
image_urls = st.builds("https://x.org/{}.png".format, url_paths)
keys = st.sampled_from(["cover", "title", "link", "images", "x y", "no", "a"])
words = st.text(st.sampled_from("ab中 😀'\"#:-[]{}\\\n\t,&*!|>%@`é"), max_size=12)
leaves = image_urls | image_urls | words | st.booleans() | st.none() | st.integers()
trees = st.dictionaries(
    keys,
    st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
)
newlines = st.sampled_from(["\n", "\r\n"])


def mapped(node, new):
    if isinstance(node, dict):
        return {key: mapped(value, new) for key, value in node.items()}
    if isinstance(node, list):
        return [mapped(value, new) for value in node]
    return new.get(node, node) if isinstance(node, str) else node


def images_of(node):
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        return {url for item in node for url in images_of(item)}
    return {node} if isinstance(node, str) and node.startswith("https:") else set()


def replaced(data, found):
    """The new bytes, and the new URL of each old one."""
    new, cursor, parts = {}, 0, []
    for item in found:
        new.setdefault(item.url, NEW.format(len(new)))
        parts += [data[cursor : item.start], write(new[item.url], item.spelling).encode()]
        cursor = item.end
    return b"".join([*parts, data[cursor:]]), new


@given(
    tree=trees,
    style=st.sampled_from([None, "'", '"']),
    flow=st.booleans(),
    unicode=st.booleans(),
    width=st.sampled_from([20, 10_000]),
    newline=newlines,
    bom=st.sampled_from(["", "\ufeff"]),
)
def test_only_the_found_values_of_yaml_change(tree, style, flow, unicode, width, newline, bom):
    dumped = yaml.dump(
        tree, Dumper=yaml.SafeDumper, default_style=style, default_flow_style=flow,
        allow_unicode=unicode, width=width, sort_keys=False,
    )  # fmt: skip
    text = "head: [1]\n" + dumped if not flow else dumped
    data = f"{bom}---\n{text}---\nBody".replace("\n", newline).encode()
    result = find(data, SETTINGS)
    after, new = replaced(data, result.found)
    before_text, after_text = (
        part[len(bom.encode()) + 3 : -len("---Body" + newline)].decode() for part in (data, after)
    )
    before = yaml.safe_load(before_text)
    assert yaml.safe_load(after_text) == mapped(before, new)
    # What is not found is spelled in pieces (folded, escaped, doubled), and said so.
    assert result.notes or set(new) == images_of(tree)


@given(
    tree=trees,
    ascii_=st.booleans(),
    indent=st.sampled_from([None, 2]),
    slash=st.booleans(),
    newline=newlines,
)
def test_only_the_found_values_of_json_change(tree, ascii_, indent, slash, newline):
    text = json.dumps(tree, ensure_ascii=ascii_, indent=indent)
    if slash:
        text = text.replace("/", "\\/")
    data = text.replace("\n", newline).encode() + b"\nBody"
    result = find(data, SETTINGS)
    assert data[result.end :] == b"Body"
    after, new = replaced(data, result.found)
    assert json.loads(after.removesuffix(b"\nBody")) == mapped(tree, new)
    assert result.notes or set(new) == images_of(tree)


def toml_string(text, choice):
    basic = json.dumps(text).replace("\x7f", "\\u007f")
    plain = not set(text) & set("\n\t'")
    if choice == 1 and plain:
        return f"'{text}'"
    if choice == 2 and "'''" not in text and not text.endswith("'"):
        return f"'''\n{text}'''"
    if choice == 3:
        return f'""{json.dumps(text, ensure_ascii=False)}""'
    return basic if text.isascii() else json.dumps(text, ensure_ascii=False)


def toml_value(node, choose):
    if isinstance(node, dict):
        items = (f'"{key}" = {toml_value(value, choose)}' for key, value in node.items())
        return "{ " + ", ".join(items) + " }"
    if isinstance(node, list):
        return "[" + ",\n # 'no\n".join(toml_value(item, choose) for item in node) + "]"
    if isinstance(node, str):
        return toml_string(node, choose())
    return {True: "true", False: "false", None: "1979-05-27 07:32:00Z"}.get(node, str(node))


@given(tree=trees, data=st.data(), newline=newlines)
def test_only_the_found_values_of_toml_change(tree, data, newline):
    def choose():
        return data.draw(st.integers(0, 3))

    lines = []
    for key, value in tree.items():
        if isinstance(value, dict) and choose():
            lines.append(f'"{key}".inner."{key}" = {toml_value(value, choose)}')
        else:
            lines.append(f'"{key}" = {toml_value(value, choose)}  # "')
    lines += ["[t.cover]", "u = 'https://x.org/no-extension'", "[[t.list]]", "a.b = 1", "c = 1.5e3"]
    text = "\n".join(lines).replace("\n", newline)
    post = f"+++{newline}{text}{newline}+++{newline}Body".encode()
    result = find(post, SETTINGS)
    after, new = replaced(post, result.found)
    cut = 3 + len(newline)
    before_document, after_document = (
        tomllib.loads(part[cut : -len("+++Body" + newline)].decode()) for part in (post, after)
    )
    assert after_document == mapped(before_document, new)
    assert result.notes or set(new) == images_of(tree) | {"https://x.org/no-extension"}


@given(
    st.binary(max_size=60).map(lambda noise: noise.decode(errors="replace").encode()),
    st.sampled_from([b"---\n", b"+++\n", b'{"', b";;;\n", b'title: "http:', b""]),
)
def test_no_text_raises(noise, fence):
    data = fence + b'a: "https://x.org/a.png"\n' + noise + b"\n" + fence
    result = find(data, SETTINGS)
    assert 0 <= result.end <= len(data)
    for item in result.found:
        assert item.end <= result.end


@given(
    st.lists(
        st.sampled_from(
            [
                "a: b",
                "cover: http://x.org/a.png",
                "---",
                "----",
                "...",
                "",
                "# h",
                "text",
                "- x",
                " --- ",
            ]
        ),
        max_size=7,
    )
)
def test_python_frontmatter_agrees_where_the_body_begins(lines):
    """It is lenient about what follows, so compare what it takes for metadata."""
    text = "---\n" + "\n".join(lines) + "\n---\nEnd\n"
    try:
        metadata, body = frontmatter.parse(text, handler=frontmatter.default_handlers.YAMLHandler())
    except (yaml.YAMLError, TypeError, ValueError, AttributeError):
        return
    result = find(text.encode(), SETTINGS)
    if not metadata or "..." in lines:
        return  # Jekyll ends front matter at "...", python-frontmatter does not
    assert text.encode()[result.end :].decode().strip() == body.strip()


@pytest.mark.parametrize("value", ["/images/a b.png", '"/images/封 面.png"', "'a b.jpg'"])
def test_a_local_path_with_a_space_is_an_image_below_an_image_s_key(value):
    data = f"---\ncover: {value}\ntitle: about /images/a b.png\n---\n".encode()
    found = find(data, SETTINGS, everything=True).found
    assert [item.url for item in found] == [value.strip("\"'")]


def test_many_comments_stand_before_the_first_key():
    text = b"---\n" + b"#\n" * 60_000 + b"cover: http://h/a.png\n---\n"
    (found,) = find(text, SETTINGS).found
    assert text[found.start : found.end] == b"http://h/a.png"


def test_words_with_very_many_colons_are_no_key():
    text = b"---\nab" + b":b" * 2_000 + b"\n---\n![a](http://h/a.png)\n"
    assert find(text, SETTINGS).end == 0
