"""Run inside `rig.internet`: migrate a site whose images lie on hosts with rules of their own.

The argument is the site's folder. Prints JSON: how the command ended, and what hosts were asked for
by which name and with which Referer.
"""

import json
import subprocess
import sys

from rig.hosts import Connection, Host, Scenario, answer, redirect, status
from rig.images import image
from rig.internet import PUBLIC, NameServer

HOSTS = ("wx1.sinaimg.cn", "i.imgur.com", "p3-sign.byteimg.com", "web.archive.org", "mmbiz.qpic.cn")
SIGNED = "/tos/x~tplv-y.image?x-expires=4000000000&x-signature=a%2Fb%3D"
GONE = "http://gone.example.com/2013/a.png"
MOMENT = f"/web/20140101000000id_/{GONE}"


def for_referers(*referers: str, give: bytes, otherwise: bytes) -> Scenario:
    def play(connection: Connection) -> None:
        sent = connection.asked.headers.get("referer", "")
        connection.send(give if sent in referers else otherwise)

    return play


def main() -> None:
    NameServer(lambda name: [PUBLIC] if name in HOSTS else 3).start()
    notice = answer(image("GIF", 9, (140, 140)))
    with Host("0.0.0.0", 80) as web:
        for path in ("/large/a.jpg", "/large/b.jpg", "/mw690/b.jpg"):
            give = status(404) if path == "/large/b.jpg" else answer(image("JPEG", ord(path[1])))
            web.on(path, for_referers("https://weibo.com/", give=give, otherwise=status(403)))
        web.on("/abcdefg.png", for_referers("", give=answer(image()), otherwise=status(403)))
        web.on("/mmbiz_png/x/0", for_referers("", give=answer(image("PNG", 5)), otherwise=notice))
        web.on(SIGNED, answer(image("WEBP")))
        web.on(f"/web/2013id_/{GONE}", redirect(MOMENT))
        web.on(MOMENT, answer(image("PNG", 7)))
        command = [sys.executable, "-m", "migrator", "migrate", "posts", "--yes", "--json"]
        ended = subprocess.run(
            command, cwd=sys.argv[1], capture_output=True, text=True, check=False
        )
        asked = [
            (each.headers["host"], each.path, each.headers.get("referer", "")) for each in web.asked
        ]
    print(
        json.dumps(
            {"status": ended.returncode, "out": ended.stdout, "err": ended.stderr, "asked": asked}
        )
    )


if __name__ == "__main__":
    main()
