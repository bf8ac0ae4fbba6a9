"""Renderers of Markdown that share no code with our parser."""

import json
import subprocess

import cmarkgfm.cmark
from rig import hugo, npm

_UNSAFE = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE | cmarkgfm.cmark.Options.CMARK_OPT_FOOTNOTES
_EXTENSIONS = ["table", "strikethrough", "autolink", "tasklist"]


def cmark_gfm(documents):
    """What GitHub's renderer makes of ``documents``."""
    return [
        cmarkgfm.cmark.markdown_to_html_with_extensions(one, _UNSAFE, _EXTENSIONS)
        for one in documents
    ]


def of_node(documents):
    """What each renderer of npm's makes of them: ``marked`` as Hexo runs it, ``markdown-it``."""
    done = subprocess.run(
        ["node", "render.js"],
        cwd=npm.installed(),
        input=json.dumps(documents),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return json.loads(done.stdout)


_HUGO = {
    "config.toml": """
disableKinds = ["taxonomy", "term", "RSS", "sitemap", "robotsTXT", "404"]
[markup.goldmark.renderer]
unsafe = true
[outputs]
home = ["JSON"]
""",
    "layouts/index.json": """
{{- $all := slice -}}
{{- range site.Data.documents -}}
{{- $all = $all | append (string ($.RenderString (dict "display" "block") .)) -}}
{{- end -}}
{{- $all | jsonify -}}
""",
}


def goldmark(documents, folder):
    """What Hugo makes of them, in a site built in the empty ``folder``."""
    for name, text in {**_HUGO, "data/documents.json": json.dumps(documents)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return json.loads((hugo.build(folder) / "index.json").read_text(encoding="utf-8"))
