"""A made-up blog of any size, the same for the same seed: where every image stands is known.

Chinese and English, front matter, lists, tables, code, and images in every syntax that is read;
also what looks like an image and is none.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from migrator.model import Kind

_SLOT = "\0"  # in a template: a URL stands here
_MEDIAN, _SPREAD = 4130, 0.85  # bytes of a post, log-normal: 4.8 KB on average
_NO_IMAGE = 0.15  # of the posts

_ENGLISH = """
time year people way day man thing woman life child world school state family student
group country problem hand part place case week company system program question work
government number night point home water room mother area money story fact month lot
right study book eye job word business issue side kind head house service friend father
power hour game line the of and to in is that it was for on are with as be this have
from or had by not but what server bucket picture mountain camera editor theme release
branch kernel thread socket cache
"""
_WORDS = tuple(_ENGLISH.split())
_CHARACTERS = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产"
    "种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业"
    "本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利"
    "比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文"
)
_CODE = (
    (
        "```markdown\n![an example](https://decoy.example.com/a.png)\n"
        '<img src="https://decoy.example.com/b.png">\n```'
    ),
    (
        "```python\ndef fetch(url):\n    # ![not an image](https://decoy.example.com/c.png)\n"
        "    return get(url)\n```"
    ),
    '### A listing\n\n    <img src="https://decoy.example.com/d.png">\n    of the year 2009',
    "Write `![alt](https://decoy.example.com/e.png)` to show a picture, as `<img src=x>` does.",
    '```bash\n$ aria2c -j32 -i urls.txt && sha256sum *.png | sort > sums\n$ echo "done"\n```',
)
_LINK = "See [the announcement](https://www.example.com/blog/{}) and <https://docs.example.com/{}>."

# How often, the kind of each URL, and how it is written. A definition is used further up.
_SYNTAXES = (
    (600, (Kind.IMAGE,), "![{alt}](\0)"),
    (80, (Kind.IMAGE,), '![{alt}](\0 "{alt}")'),
    (40, (Kind.IMAGE,), "![{alt}](<\0>)"),
    (30, (Kind.IMAGE,), "[![{alt}](\0)](https://www.example.com/gallery)"),
    (20, (Kind.IMAGE,), "![{alt}](\0 =600x400)"),
    (15, (Kind.IMAGE, Kind.IMAGE), "| a | b |\n| --- | --- |\n| ![{alt}](\0) | ![{alt}](\0) |"),
    (15, (Kind.IMAGE,), "> {words}\n>\n> ![{alt}](\0)"),
    (15, (Kind.IMAGE,), "1. {words}\n\n   ![{alt}](\0)\n\n2. {words}"),
    (30, (Kind.DEFINITION,), "![{alt}][{label}] {words}\n\n[{label}]: \0 '{alt}'"),
    (80, (Kind.HTML,), '<img src="\0" alt="{alt}" width="600">'),
    (15, (Kind.HTML,), "<p align='center'>\n<img width=600 src='\0' />\n</p>"),
    (15, (Kind.HTML,), '<figure><img class="lazy" data-src="\0"></figure>'),
    (5, (Kind.HTML,), '<video controls poster="\0"></video>'),
    (10, (Kind.SRCSET, Kind.SRCSET), '<img alt="{alt}" srcset="\0 1x, \0 2x">'),
    (8, (Kind.STYLE,), "<div style=\"height: 9em; background: url('\0')\"></div>"),
    (10, (Kind.LITERAL,), "<center>![{alt}](\0)</center>"),
    (12, (Kind.TAG,), "{{% asset_img \0 {alt} %}}"),
    (12, (Kind.TAG,), '{{{{< figure src="\0" title="{alt}" >}}}}'),
    (
        8,
        (Kind.TAG, Kind.TAG),
        "{{% gallery %}}\n{{% image \0 %}}\n{{% image \0 %}}\n{{% endgallery %}}",
    ),
    (6, (Kind.TAG,), '<Photo src={{"\0"}} alt="{alt}" />'),
    (10, (Kind.EMBED,), "![[\0|300]]"),
)


@dataclass(frozen=True, slots=True)
class Expected:
    """A URL of a generated post: where its text stands, in bytes, and as what."""

    start: int
    end: int
    kind: Kind
    raw: str


@dataclass(frozen=True, slots=True)
class Made:
    """A generated post."""

    name: str
    data: bytes
    expected: tuple[Expected, ...]


def some_urls(number: int, seed: int = 1) -> list[str]:
    """URLs as they stand in Chinese blogs: of several services, some with parameters."""
    pick = random.Random(seed)
    hosts = (
        "https://img.example.com/",
        "http://blog-1250000000.cos.ap-guangzhou.myqcloud.com/",
        "https://pictures.oss-cn-hangzhou.aliyuncs.com/blog/",
        "https://ws1.sinaimg.cn/large/",
        "http://7xabcd.com1.z0.glb.clouddn.com/",
        "https://cdn.jsdelivr.net/gh/someone/pictures@master/",
        "//i.loli.net/",
    )
    ends = (".png",) * 40 + (".jpg",) * 40 + (".gif", ".webp", ".png?imageView2/2/w/600&v=2")
    return [
        f"{pick.choice(hosts)}{2010 + number % 15}/{pick.randbytes(5).hex()}-{number}"
        f"{pick.choice(ends)}"
        for number in range(number)
    ]


def blog(posts: int, references: int, urls: Sequence[str], seed: int = 1) -> Iterator[Made]:
    """``posts`` posts with exactly so many ``references``, in which each of ``urls`` stands."""
    pick = random.Random(seed)
    weights = [0.0 if pick.random() < _NO_IMAGE else pick.expovariate(1) for _ in range(posts)]
    weights[-1] = weights[-1] or 1.0  # one at least shows images
    quotas = Counter(pick.choices(range(posts), weights, k=references))
    # Each URL once; some are used again and again, as banners are.
    popular = list(accumulate(1 / (rank + 10) for rank in range(len(urls))))
    again = pick.choices(urls, cum_weights=popular, k=references - len(urls))
    deck = [*urls, *again]
    pick.shuffle(deck)
    paragraphs = [_paragraph(pick) for _ in range(400)]
    for number in range(posts):
        yield _post(number, quotas[number], deck, paragraphs, pick)


def write(folder: Path, made: Iterator[Made]) -> None:
    """Write posts below ``folder``."""
    for post in made:
        path = folder / post.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(post.data)


def _post(
    number: int, quota: int, deck: list[str], paragraphs: Sequence[str], pick: random.Random
) -> Made:
    year = 2010 + number % 15
    date = f"{year}-{number // 7 % 12 + 1:02}-{number // 3 % 28 + 1:02}"
    front, kinds = _front_matter(number, date, quota, pick)
    blocks = [(paragraph, ()) for paragraph in _filling(paragraphs, pick)]
    if pick.random() < 0.3:
        blocks.append((pick.choice(_CODE), ()))
    if pick.random() < 0.5:
        blocks.append((_LINK.format(number, number), ()))
    quota -= len(kinds)
    while quota:
        (_, of, template) = pick.choices(_SYNTAXES, _HOW_OFTEN)[0]
        if len(of) <= quota:
            words = " ".join(pick.choices(_WORDS, k=6))
            alt = pick.choice(("", "图", "截图 1", "a picture", "屏幕快照 2016-03-01 下午"))
            label = f"image {number}-{quota}"
            blocks.append((template.format(alt=alt, words=words, label=label), of))
            quota -= len(of)
    pick.shuffle(blocks)
    for block, of in blocks:
        front += f"\n{block}\n"
        kinds += of
    data, expected = b"", []
    pieces = front.split(_SLOT)
    for piece, kind in zip(pieces, kinds, strict=False):
        data += piece.encode()
        url = deck.pop()
        raw = url.replace("&", "&amp;") if kind in _IN_HTML else url
        start = len(data)
        data += raw.encode()
        expected.append(Expected(start, len(data), kind, raw))
    return Made(f"{year}/{date}-{number}.md", data + pieces[-1].encode(), tuple(expected))


_HOW_OFTEN = [often for often, _, _ in _SYNTAXES]
_IN_HTML = frozenset({Kind.HTML, Kind.SRCSET, Kind.STYLE})


def _front_matter(
    number: int, date: str, quota: int, pick: random.Random
) -> tuple[str, tuple[Kind, ...]]:
    chance = pick.random()
    cover = bool(quota) and pick.random() < 0.06
    kinds = (Kind.FRONT_MATTER,) if cover and chance < 0.95 else ()
    if chance < 0.85:
        quoted = pick.choice((_SLOT, f'"{_SLOT}"'))
        lines = [f"title: 第 {number} 篇：a post", f"date: {date} 10:00:00", "tags:", "  - 生活"]
        lines += ["  - linux", "categories: [notes, 笔记]"]
        lines += ["link: https://www.example.com/about"] if pick.random() < 0.05 else []
        lines += [f"cover: {quoted}"] if cover else []
        return "\n".join(("---", *lines, "---", "")), kinds
    if chance < 0.95:
        image = f'image = "{_SLOT}"\n' if cover else ""
        return f'+++\ntitle = "第 {number} 篇"\ndate = {date}\n{image}+++\n', kinds
    return f"# 第 {number} 篇\n", kinds


def _filling(paragraphs: Sequence[str], pick: random.Random) -> Iterator[str]:
    left = int(pick.lognormvariate(0, _SPREAD) * _MEDIAN)
    while left > 0:
        paragraph = pick.choice(paragraphs)
        left -= 2 * len(paragraph)  # bytes, for half of them are Chinese
        yield f"## {' '.join(pick.choices(_WORDS, k=3))}" if pick.random() < 0.1 else paragraph


def _paragraph(pick: random.Random) -> str:
    if pick.random() < 0.5:
        sentences = (
            "".join(pick.choices(_CHARACTERS, k=pick.randint(8, 40)))
            for _ in range(pick.randint(1, 6))
        )
        text = "。".join(sentences) + "。"
    else:
        sentences = (
            " ".join(pick.choices(_WORDS, k=pick.randint(5, 20))).capitalize()
            for _ in range(pick.randint(1, 6))
        )
        text = ". ".join(sentences) + "."
    if pick.random() < 0.2:
        words = text.split()
        text = f"**{words[0]}** {' '.join(words[1:])} `code_{len(text)}` and *more*"
    return f"- {text}\n- and another item" if pick.random() < 0.1 else text
