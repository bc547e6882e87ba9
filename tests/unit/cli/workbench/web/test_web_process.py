"""The process that answers browsers: what it is made of, and that it gives up all rights."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
import uvicorn
from starlette.testclient import TestClient

from sharklab.cli.workbench import client, server
from sharklab.cli.workbench.desk import student_desk as desk
from sharklab.cli.workbench.web import web_process
from sharklab.hosts.door import pace
from tests.support.workbench import Bench

PROGRAM = """
import sys
from pathlib import Path
from sharklab.cli.workbench import server, site
from sharklab.cli.workbench.desk import student_desk as desk
from sharklab.cli.workbench.identity import Reader
from sharklab.lab import load
lab = load.read_named(sys.argv[1])
listener = server.listen("127.0.0.1", 0)
address = f"http://127.0.0.1:{listener.getsockname()[1]}"
handlers = desk.Desk({lab.name: lab}, lambda *_: Path(sys.argv[2])).handlers()
bench = server.Workbench(site.read(address), handlers)
print(bench.link(Reader("alice", seats=frozenset({(lab.name, "alice")}))), flush=True)
bench.run(listener, {})
"""


def status(pid: int) -> dict[str, str]:
    """Return the lines of proc(5)'s status of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_web_process_has_no_right(bench: Bench, tmp_path: Path) -> None:
    """It has a user id of its own, no capability and no way to any; and the page works through the door.

    It goes before other programs, because it carries keys.
    """
    command = [sys.executable, "-P", "-c", PROGRAM, str(bench.plan.source.path), str(tmp_path / "work")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        try:
            assert parent.stdout
            link = parent.stdout.readline().strip()
            origin, _, token = link.partition("/enter/")
            with httpx2.Client(base_url=origin, headers={"origin": origin}, timeout=60) as browser:
                assert 200 == browser.get(f"/enter/{token}").status_code
                assert 303 == browser.post("/enter", data={"token": token}).status_code
                page = browser.get("/seats/mylab/alice/")
            children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
            known = [status(int(pid)) for pid in children]
            nice = [os.getpriority(os.PRIO_PROCESS, int(pid)) for pid in children]
            groups = [Path(f"/proc/{pid}/autogroup") for pid in children]
            of_group = [file.read_text().split()[-1] for file in groups if file.exists()]
        finally:
            parent.send_signal(signal.SIGTERM)
    assert (200, True) == (page.status_code, "mylab of alice" in page.text)
    [web] = [each for each in known if each["Uid"].split() == [str(server.UID)] * 4]
    assert [str(server.UID)] * 4 == web["Gid"].split()
    assert ("", "1", pace.EAGER) == (web["Groups"], web["NoNewPrivs"], nice[known.index(web)])
    assert not of_group or str(pace.EAGER) == of_group[known.index(web)]
    assert not any(int(web[name], 16) for name in ("CapInh", "CapPrm", "CapEff"))
    assert re.fullmatch(r"[\w-]+", token)


@pytest.fixture
def made(bench: Bench, tmp_path: Path) -> uvicorn.Server:
    """Return the web server of alice, made from the settings that the workbench gives, as JSON."""
    (tmp_path / "other.min.js").write_text("let other;")
    handlers = desk.Desk({bench.lab: bench.plan.source}, lambda *_: bench.folder).handlers()
    workbench = server.Workbench(bench.site, handlers)
    link = workbench.link(bench.reader())
    settings = workbench.settings({"other.js": tmp_path / "other.min.js"})
    settings["links"] = {"token": settings["links"].pop(link.rpartition("/")[2])}
    return web_process.make(json.loads(json.dumps(settings)), client.here(handlers, desk.explain))


def test_settings_are_all_that_it_needs(made: uvicorn.Server, bench: Bench) -> None:
    """A link, the key of its cookie, the labs through the desk, and a file of another maker."""
    assert not made.config.ws_per_message_deflate
    origin = bench.site.origin
    browser = TestClient(made.config.app, base_url=origin, headers={"origin": origin})  # type: ignore[arg-type]
    assert 401 == browser.get(bench.at + "/").status_code
    assert 200 == browser.post("/enter", data={"token": "token"}).status_code
    assert "mylab of alice" in browser.get(bench.at + "/").text
    assert "let other;" == browser.get("/static/other.js").text


def test_all_is_loaded_before_rights_are_given_up(made: uvicorn.Server) -> None:
    """No address of a page is written down, for that of a link has its token; no header names a reader."""
    config = made.config
    assert config.loaded
    assert (False, False, False) == (config.access_log, config.proxy_headers, config.server_header)
    assert web_process.LARGEST_MESSAGE == config.ws_max_size and not config.is_ssl


def test_interrupt_is_an_ordinary_end(made: uvicorn.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C reaches both processes."""
    served: list[object] = []

    def serve(sockets: list[socket.socket]) -> None:
        served.extend(sockets)
        raise KeyboardInterrupt

    monkeypatch.setattr(made, "run", serve)
    with socket.socket() as listener:
        web_process.run(made, listener)
        assert [listener] == served
