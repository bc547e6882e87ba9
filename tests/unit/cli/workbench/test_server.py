"""The two processes of a workbench that root serves: the one that answers browsers has no right."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from sharklab.cli.workbench import server
from tests.support.workbench import Bench

PROGRAM = """
import sys
from pathlib import Path
from sharklab.cli.workbench import desk, server, site
from sharklab.cli.workbench.identity import Reader
from sharklab.lab import load
lab = load.named(sys.argv[1])
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
    """It has a user id of its own, no capability and no way to any; and the page works through the door."""
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
        finally:
            parent.send_signal(signal.SIGTERM)
    assert (200, True) == (page.status_code, "mylab of alice" in page.text)
    [web] = [each for each in known if each["Uid"].split() == [str(server.UID)] * 4]
    assert [str(server.UID)] * 4 == web["Gid"].split()
    assert ("", "1") == (web["Groups"], web["NoNewPrivs"])
    assert not any(int(web[name], 16) for name in ("CapInh", "CapPrm", "CapEff"))
    assert re.fullmatch(r"[\w-]+", token)


@pytest.mark.parametrize(("address", "port"), [("127.0.0.1", 70_000), ("192.0.2.1", 0)])
def test_place_that_is_not_ours_is_named(address: str, port: int) -> None:
    """The error has the place, whatever is wrong with it."""
    from sharklab.errors import MachineryError
    from tests.support.errors import error_of

    assert f"{address}:{port}" == error_of(MachineryError, server.listen, address, port).place
