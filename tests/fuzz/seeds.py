"""Where fuzzing begins: the inputs of other tests, cases that once failed, and what may be in any.

An input is as its target takes it, so posts stand behind the byte that chooses their syntax.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from fuzz.wires import BETWEEN
from rig import address_forms, broken_images, images

CASES = Path(__file__).parents[1] / "cases"
_OK = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: image/png\r\nETag: "a"\r\n\r\n'
_AWAY = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n"
_PLACES = (
    b"https://h.example/b",
    b"//10.0.0.1/",
    b"http://[::1]/",
    b"/x#y",
    b"ftp://h/",
    b"http://h:8080/",
)
_HEADERS = (
    b"HTTP/1.1 429 No\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\n",
    b"HTTP/1.1 503 No\r\nRetry-After: 120\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGIF\r\n0\r\n\r\n",
    b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 5-9/10\r\nContent-Encoding: gzip\r\n\r\n",
    b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<title>\x1b[2J</title>",
)
_MAPS = (
    b'{"https://a.example/a.png": "https://b.example/b.png", "https://a.example/c.png#x": "../c"}',
    b'https://a.example/a.png,https://b.example/b.png\r\n"a ""b"".png",c.png\n',
    b"[]",
    b"\xef\xbb\xbfa,b",
)
_CONFIGS = (
    b'[store]\ntype = "s3"\nbucket = "b"\nregion = "r"\nkey = "{stem}{ext}"\n',
    b'[[route]]\nmatch = "https://old.example/"\nfrom = "s3://b/x"\nprovider = "oss"\n',
    b"[[host]]\nmatch = 'h.example'\noriginal = ['_s(\\.\\w+)$', '\\1']\nrate = 1e3\n",
    b'[safety]\nallow_private = ["127.0.0.1:80", "[::1]", "10.0.0.0/8", "nas.local"]\n',
    b'[[mirror]]\ntype = "local"\npath = "../x"\n[scan]\ntags = ["[x {url} *]"]\n',
)
_FRONT_MATTER = (  # each behind the byte that chooses its first fence
    b"\2a: &a https://x.org/a.png\ncover: *a\nb: [*a, 'x y']\n---\n",
    b"\4[cover]\nimage = 'https://x.org/a'\nb = {c = [1979-05-27 07:32:00]}\n+++\n",
    b'\6"a": [1, {"cover": "https://x.org/a.png"}]\n;;;\n',
)
# What means something somewhere; a random byte seldom does.
TOKENS = tuple(
    token.encode("utf-8", "surrogateescape")
    for token in (
        *("![", "](", "http://h/a.png", "//h/", '<img src="', "srcset='", "{% img ", "{{< ", ">}}"),
        *("<!-- migrator-ignore -->", "```", "\n---\n", "+++", "url(&quot;", "\\", "&#x2F;", "\0"),
        *("<A b={", "![[", "| a |\n|-|\n", "[a]: ", "[^1]", "$$", "\r", "\u2028", "\u202e", "图"),
        *("cover: ", "&a ", "*a", "<<: ", "!!python/object:x ", "[cover]\n", "= '''", '"""'),
        *("\\u0041", "\xff\xd8", "\xff\xda", "\xff\xd9", "IEND", "IHDR", "VP8X", "ftypavif"),
        *("iloc", "ispe", "<svg>", "%2e%2e", "%00", "?token=", "&Signature=", "@", "[::1]"),
        *("0x7f.1", "xn--", "\x1b[31m", "\x9b", "HTTP/1.1 200 OK\r\n", "Content-Length: "),
        *("Transfer-Encoding: chunked\r\n", "Location: ", "Retry-After: ", "\r\n\r\n"),
        *("[[route]]\n", "[store]\n", "{url}", "{ext}", "\udcff", "1e999"),
    )
)


def seeds(target: str) -> Iterator[bytes]:
    """The inputs of other tests that suit ``target``, then what once failed there."""
    yield from _OF_OTHER_TESTS[target]()
    yield from _files(f"fuzz/{target}/*")


def _posts() -> Iterator[bytes]:
    for file in _files("**/*.md", "**/*.mdx", "**/*.html", "**/*.yml"):
        for syntax in range(4):
            yield bytes([syntax + 4 * (len(file) % 16)]) + file


def _front_matter() -> Iterator[bytes]:
    for file in _files("front_matter/*.md"):
        yield from (b"\0" + file, b"\1" + file)
    yield from _FRONT_MATTER


def _images() -> Iterator[bytes]:
    for one in (
        *(images.image(kind) for kind in images.FORMATS),
        *(images.animated(kind) for kind in ("GIF", "PNG", "WEBP")),
        *(images.HEIC, images.JXL_CODESTREAM, images.JXL_CONTAINER, images.SVG),
        *(broken_images.motion_photo(), broken_images.tiff_loop(), broken_images.GIF_SCRIPT),
        *(broken_images.claims(2, 2), broken_images.icon_of(images.image("PNG"))),
    ):
        yield b"\x10" + one


def _urls() -> Iterator[bytes]:
    for file in _files("sources/*.txt"):
        yield from file.split()


def _addresses() -> Iterator[bytes]:
    for form in address_forms.address_forms():
        yield f"http://{form}/\n\x90".encode() + bytes([93, 184, 216, 34, 127, 0, 0, 1])
    yield b"https://h.example:443/x\n\x10" + bytes.fromhex("26064700" + "0" * 24)


def _answers() -> Iterator[bytes]:
    png, large = images.image("PNG"), images.large_png(1500)
    whole = _OK % len(large) + large
    for which in (b"\x10", b"\x03", b"\x0a"):
        yield which + (_OK % len(png)) + png
        yield which + BETWEEN.join((whole[:-600], whole))
        yield from (which + BETWEEN.join((_AWAY % place, _OK % 3)) for place in _PLACES)
        yield from (which + one for one in _HEADERS)


def _configurations() -> Iterator[bytes]:
    yield from _CONFIGS
    yield (CASES.parents[1] / "config.example.toml").read_bytes()


_OF_OTHER_TESTS: dict[str, Callable[[], Iterable[bytes]]] = {
    "scanner": _posts,
    "front_matter": _front_matter,
    "image": _images,
    "url": _urls,
    "address": _addresses,
    "answer": _answers,
    "link_map": lambda: _MAPS,
    "config": _configurations,
}


def _files(*patterns: str) -> Iterator[bytes]:
    for pattern in patterns:
        for path in sorted(CASES.glob(pattern)):
            yield path.read_bytes()


def mutations(inputs: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """``count`` inputs made of ``inputs``: bytes changed, parts lost, doubled, exchanged."""
    chance = random.Random(seed)
    for _ in range(count):
        data = bytearray(chance.choice(inputs))
        for _ in range(chance.randint(1, 6)):
            at = chance.randint(0, len(data))
            to = min(len(data), at + chance.choice((1, 2, 8, 64)))
            match chance.randrange(6):
                case 0:
                    data[at:to] = bytes(chance.randrange(256) for _ in range(to - at))
                case 1:
                    del data[at:to]
                case 2:
                    data[at:at] = data[at:to] * chance.choice((1, 2, 20))
                case 3:
                    data[at:at] = chance.choice(TOKENS)
                case 4:
                    data[at:to] = chance.choice(TOKENS)
                case 5:
                    other = chance.choice(inputs)
                    data[at:] = other[chance.randint(0, len(other)) :]
        yield bytes(data)
