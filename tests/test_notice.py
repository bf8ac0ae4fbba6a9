import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from rig.hosts import Host, answer, drip

from migrator.notice import Ending, give_notice

ENDING = Ending(
    "backup",
    3,
    "/博 客",
    'migrator backup: 2 images "lost" $(id)',
    "2 images were lost\n  https://h/a.png?token=CANARY\n  \udce4.md\0\n",
)
TEXT = "2 images were lost\n  https://h/a.png?token=***\n  \\udce4.md\n"


class Receiver(BaseHTTPRequestHandler):
    """Answers with the status in the path; keeps what came."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(int(self.path.strip("/").partition("/")[0]))
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.received = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()


def test_a_command_learns_everything_by_variables_and_the_text_by_its_input(tmp_path, capfd):
    told = tmp_path / "told"
    command = f"env -0 > {told}; echo printed; cat > {tmp_path / 'text'}"
    assert give_notice(command, ENDING) == ""
    variables = dict(line.partition("=")[::2] for line in told.read_text().split("\0"))
    assert {name: variables[f"MIGRATOR_{name}"] for name in ("COMMAND", "STATUS", "SITE")} == {
        "COMMAND": "backup",
        "STATUS": "3",
        "SITE": "/博 客",
    }
    assert variables["MIGRATOR_SUMMARY"] == ENDING.summary
    assert variables["MIGRATOR_TEXT"] == (tmp_path / "text").read_text() == TEXT
    assert capfd.readouterr() == ("", "printed\n")


@pytest.mark.parametrize("command", ["exit 3", "no-such-program-anywhere", "kill -9 $$", "if"])
def test_a_command_that_fails_is_told_once_without_repeating_it(command):
    problem = give_notice(command, ENDING)
    assert problem.startswith("the command ended with ")
    assert command not in problem


def test_a_command_that_reads_nothing_of_a_long_text_is_fine():
    long = Ending("backup", 3, "", "", "文" * 1_000_000)
    assert give_notice("test ${#MIGRATOR_TEXT} -lt 30000", long) == ""


def test_a_command_that_does_not_end_is_ended_with_all_that_it_started(tmp_path):
    number = tmp_path / "number"
    problem = give_notice(f"sleep 1000 & echo $! > {number}; wait", ENDING, seconds=1)
    assert "did not end" in problem
    give_up = time.monotonic() + 30
    while alive(int(number.read_text())):
        assert time.monotonic() < give_up


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_url_gets_one_json_document(receiver):
    assert give_notice(f"{receiver.url}/200", ENDING) == ""
    ((path, kind, document),) = receiver.received
    assert (path, kind) == ("/200", "application/json")
    assert document == {
        "command": "backup",
        "status": 3,
        "site": "/博 客",
        "summary": ENDING.summary,
        "text": TEXT,
    }


@pytest.mark.parametrize("status", [302, 308, 404, 429, 503])
def test_an_answer_that_is_no_success_is_told_and_nothing_is_sent_again(receiver, status):
    problem = give_notice(f"{receiver.url}/{status}/hooks/CANARY", ENDING)
    assert problem == f"127.0.0.1 answered {status}"
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/CANARY", "https://u:CANARY@127.0.0.1/", "http://[CANARY/", "http://"],
)
def test_what_cannot_be_posted_to_is_told_without_its_secrets(url):
    problem = give_notice(url, ENDING)
    assert problem
    assert "CANARY" not in problem


def test_a_host_that_drips_its_answer_is_not_waited_for():
    with Host() as host:
        host.on("/hook", drip(answer(b"x" * 10_000), 0.2))
        before = time.monotonic()
        assert "in time" in give_notice(host.url("/hook"), ENDING, seconds=2)
        assert time.monotonic() - before < 60
