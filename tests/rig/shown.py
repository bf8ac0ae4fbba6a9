"""The images that a page of HTML shows, read with the standard library's parser.

Written apart from the scanner, so that they cannot share a mistake.
"""

import re
from html.parser import HTMLParser

_LAZY = re.compile(r"data-(?:src|original|srcset|bg)")
_IMAGE = {("video", "poster"), ("image", "href"), ("image", "xlink:href"), ("td", "background")}
_SILENT = {"textarea", "title", "iframe"}
# In an attribute "&copy=" is no entity (HTML, 13.2.5.73); older versions of the parser think so.
_NO_ENTITY = re.compile(r"&(?=[A-Za-z0-9]+=)")
_CANDIDATE = re.compile(r"[^\s,]\S*[^\s,]")
_CSS_URL = re.compile(r"(?<=url\()([\"']?)(.*?)(?=\1\))")
_DESCRIPTOR = re.compile(r"[0-9.]+[wx]")


class Page(HTMLParser):
    """``images`` are the URLs of a page's images in its order, as they are written.

    ``events`` are all that the page says, with each of those URLs replaced by what ``new_url``
    makes of it.
    """

    def __init__(self, html, new_url=lambda url: url):
        super().__init__(convert_charrefs=True)
        self.images, self.events = [], []
        self._new_url, self._silent = new_url, ""
        self.feed(_NO_ENTITY.sub("&amp;", html))
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag in _SILENT:
            self._silent = self._silent or tag
        values = dict(reversed(attributes))  # a browser keeps the first of two
        if not self._silent:
            values = {name: self._read(tag, name, values) for name in reversed(values)}
        self.events.append(("start", tag, values))

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        if tag == self._silent:
            self._silent = ""
        self.events.append(("end", tag))

    def handle_data(self, data):
        self.events.append(("data", data))

    def handle_comment(self, data):
        self.events.append(("comment", data))

    def _read(self, tag, name, values):
        value = values[name]
        if not value:
            return value
        if name.endswith("srcset"):
            return _CANDIDATE.sub(lambda match: self._candidate(match[0]), value)
        if name == "style":
            return _CSS_URL.sub(lambda match: match[1] + self._shown(match[2]), value)
        is_source = name == "src" and (
            tag in ("img", "image") or (tag == "input" and values.get("type") == "image")
        )
        if is_source or (tag, name) in _IMAGE or _LAZY.fullmatch(name):
            return self._shown(value.strip())
        return value

    def _candidate(self, word):
        return word if _DESCRIPTOR.fullmatch(word) else self._shown(word)

    def _shown(self, url):
        self.images.append(url)
        return self._new_url(url)
