"""What must hold whatever the bytes: one function for each kind of input that others write.

``TARGETS`` has them by name. A target returns, or raises because something is wrong with us; what
the mechanism under test may raise it takes as an answer. The first byte of an input often chooses
between ways to read the rest.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from io import BytesIO

from fuzz import front, wires
from fuzz.wires import folder
from rig.rewriting import SETTINGS, assert_rewrites

from migrator.config import SafetySettings
from migrator.config.loading import load
from migrator.downloader import media_types, structure
from migrator.downloader.addresses import parse_exemptions
from migrator.downloader.faults import Unfetched
from migrator.downloader.host_rules import HostRules
from migrator.downloader.inspection import Inspector
from migrator.downloader.originals import elsewhere, original
from migrator.downloader.sources import Sources
from migrator.downloader.spool import draft
from migrator.errors import ConfigError, UsageError
from migrator.model import Spelling
from migrator.redact import redact
from migrator.relinking import LinkMap
from migrator.report.escape import columns, encoded, for_json, for_terminal, short_url
from migrator.rewriter.check import SelfCheckFailed, check
from migrator.rewriter.edits import apply, edits_for
from migrator.rewriter.links import check_links
from migrator.scanner import find_references
from migrator.scanner.hosts import provider
from migrator.scanner.source import decode
from migrator.scanner.spelling import read, settled, write
from migrator.scanner.syntax import Syntax
from migrator.signed import expires, is_signed, without_signature
from migrator.uploader.keys import check_key
from migrator.urls import (
    canonical,
    fragment,
    host,
    identity,
    is_external,
    names_an_image,
    without_fragment,
)

STORES = (
    "http://new/",
    "http://new/图 (&copy;&amp'|=,[x]*_$\\\"`<",
    "http://new/a)b(c]>-->%}}}>\n\t\u2028\x1b[2J\ud800/",
    "HTTPS://new.example:80/{{ x }}&sol;'!(",
)
RELATIVE = ("../images/(图 &amp;'\"|", "/-[x]:`<", "'*a: ", "&x;\\")
OVERLAPPING = (b"{", b"$", b"![[", b"[photo ")
SECRET = "hunter2hunter2"
# Image formats that say themselves where they end; of the others a part may be whole.
_ENDING = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/x-icon"}


def scanner(data: bytes) -> None:
    """Any post in any syntax, and rewrites to any store."""
    which, post = data[0] if data else 0, data[1:]
    syntaxes = list(Syntax)
    which, syntax = divmod(which, len(syntaxes))
    which, store = divmod(which, len(STORES))
    try:
        assert_rewrites(post, syntaxes[syntax], STORES[store])
        if syntaxes[syntax] is not Syntax.TEXT:  # where what is relative joins the words beside it
            _assert_relinks(post, syntaxes[syntax], RELATIVE[which % len(RELATIVE)])
    except SelfCheckFailed:
        # Where a URL belongs to two languages at once, a post may have to stay as it is.
        if not any(mark in post for mark in OVERLAPPING):
            raise


def _assert_relinks(post: bytes, syntax: Syntax, store: str) -> None:
    """As ``rewrite --map`` may: links and files of the site too, to URLs that are relative."""
    findings = find_references(post, syntax, SETTINGS, links=True, everything=True)
    if findings.opt_out:
        return
    new = {one.url: f"{store}{number}.png" for number, one in enumerate(findings.references)}
    edits = edits_for(findings.references, findings.encoding, new)
    after = apply(post, edits)
    if decode(after).encoding == findings.encoding or after.isascii():
        check(post, after, syntax, SETTINGS, edits, new)


def front_matter(data: bytes) -> None:
    """Any front matter: what is found is replaced, and nothing else differs to its own parser."""
    front.assert_values_are_found_where_they_stand(data)


def image(data: bytes) -> None:
    """Any file as an image: taken or refused, and never taken with its end missing."""
    safety = SafetySettings(svg="allow" if data[:1] < b"\x80" else "hold")
    inspector = Inspector(safety, wires.NoDecoders())

    def inspected(content: bytes, *, delimited: bool):
        with draft(folder("image")) as file:
            file.write(content)
            return inspector.inspect("https://h/a", file, delimited=delimited)

    try:
        asset = inspected(data[1:], delimited=True)
    except Unfetched as fault:
        _assert_harmless(fault.detail)
        return
    with suppress(Unfetched):
        # Bytes behind its end do not count: looked for where it ends.
        whole = inspected(data[1:], delimited=False)
        assert whole == asset
    if asset.media_type in _ENDING:
        end = _end_of(data[1:])
        for cut in {end - 1, end * data[0] // 256}:
            with suppress(Unfetched):
                inspected(data[1 : 1 + cut], delimited=False)
                raise AssertionError(f"an image of {end} bytes is taken for whole at {cut}")


def _assert_harmless(words: str) -> None:
    assert for_terminal(words) == words


def _end_of(content: bytes) -> int:
    image_type = media_types.sniff(content[: media_types.HEAD])
    assert image_type
    end = structure.inspect(BytesIO(content), len(content), image_type).end
    assert end is not None
    assert 0 < end <= len(content)
    return end


def url(data: bytes) -> None:
    """Any text as a URL: identities are stable, secrets stay hidden, what is shown is harmless."""
    text = data.decode("utf-8", "surrogateescape")
    if is_external(text):
        assert canonical(canonical(text)) == canonical(text)
        assert identity(identity(text)) == identity(text)
    assert without_fragment(text) + fragment(text) == text
    assert isinstance(expires(text), datetime | None)
    assert is_signed(text) or without_signature(text) == text
    for read_url in (
        host,
        names_an_image,
        is_external,
        original,
        elsewhere,
        provider,
    ):
        read_url(text)
    for spelling in Spelling:
        for encoding in ("utf-8", "ascii"):
            raw = write(text, spelling, encoding)
            assert read(raw, spelling) == settled(text, spelling, encoding)
            raw.encode(encoding)
        read(text, spelling)
    for shown in (for_terminal(text), redact(text), for_terminal(redact(text))):
        assert not shown.isspace() or text.isspace()
    for_terminal(text).encode()
    assert for_terminal(for_terminal(text)) == for_terminal(text)
    shown = short_url(text, 40)
    assert columns(shown) <= 40
    assert for_terminal(shown) == shown
    line = encoded({"url": text})
    assert len(line.encode().splitlines()) == 1
    assert for_json(line) == line
    if SECRET not in text:
        for secret in (
            f"https://me:{SECRET}@a.example/x.png",
            f"https://a.example/x.png?X-Amz-Signature={SECRET}&a=",
            f"https://a.example/x.png?a=b&token={SECRET}&",
        ):
            assert SECRET not in redact(f"{text} {secret}{text}")


def address(data: bytes) -> None:
    """Any URL, resolved to any addresses: connections go to public ones alone."""
    wires.assert_only_public_addresses(data)


def answer(data: bytes) -> None:
    """Any bytes that a host sends: an image, or a fault in our words; never more than asked."""
    wires.assert_answers_end(data)


def link_map(data: bytes) -> None:
    """Any file as ``rewrite --map``: refused in words, or a map in which no chain is left."""
    file = folder("map") / "map"
    file.write_bytes(data)
    try:
        new_urls = LinkMap.read(file)
    except UsageError:
        return
    for old in new_urls._exact:
        new = new_urls.get(old)
        assert new is None or (new.isprintable() and new.strip())
        assert new is None or new_urls.get(new) is None


def config(data: bytes) -> None:
    """Any file as the configuration: refused in words, or one that every part understands."""
    file = folder("config") / "migrator.toml"
    file.write_bytes(data)
    try:
        loaded = load(file, user_file=None, overrides={}, environ={})
        settings = loaded.settings
        parse_exemptions(settings.safety.allow_private)
        check_links(settings, settings.store.public_url or None)
        for store in (settings.store, *settings.mirror):
            check_key(store.key, store.prefix)
        rules = HostRules(settings.host, settings.scan.site_url)
        sources = Sources(settings.route, folder("site"), rules, originals=True)
        find_references(
            b"![](http://h/a.png) {{< x http://h/b.png >}}", Syntax.MARKDOWN, settings.scan
        )
    except ConfigError as error:
        str(error).encode()
        return
    rules.rule("https://h.example/a.png")
    with suppress(Unfetched):
        sources.of("https://h.example/a.png?x=1")


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (scanner, front_matter, image, url, address, answer, link_map, config)
}
