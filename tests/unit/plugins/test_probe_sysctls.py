"""Settings of the kernel that the module `probe` changes for a while: always put back."""

from __future__ import annotations

import getpass
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import module_process
from tests.support.waiting import wait_until

NAME = "net.ipv4.tcp_syn_retries"
FILE = "/proc/sys/net/ipv4/tcp_syn_retries"
OUTSIDE = Path(FILE)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """Return the command that runs another one where network and /run are a host's own, which stays."""
    ready = tmp_path / "ready"
    script = f"mount -t tmpfs run /run && ip link set lo up; echo > {ready}; exec sleep 300"
    process = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", script])
    wait_until(ready.exists)
    yield ("nsenter", "--target", str(process.pid), "--net", "--mount")
    process.kill()
    process.wait()


def read(host: tuple[str, ...]) -> str:
    """Return the setting as it is on the host."""
    return subprocess.run([*host, "cat", FILE], capture_output=True, text=True, check=True).stdout.strip()


def probe(*argv: str) -> dict[str, Any]:
    """Return the option for one probe."""
    return {"id": "a", "argv": list(argv), "user": getpass.getuser()}


def test_probe_changes_settings_while_probes_run(host: tuple[str, ...]) -> None:
    """A probe meets the setting; before and after it is what it was; no other network is touched."""
    before, outside = read(host), OUTSIDE.read_text()
    answer = module_process.call("probe", *host, probes=[probe("cat", FILE)], sysctls={NAME: 1})
    assert ("1\n", before, outside) == (answer["probes"][0]["stdout"], read(host), OUTSIDE.read_text())
    assert subprocess.run([*host, "ls", "/run"], capture_output=True, check=True).stdout == b""


@pytest.mark.parametrize("generations", [0, 1], ids=["module", "supervisor"])
def test_probe_killed_puts_settings_back(host: tuple[str, ...], tmp_path: Path, generations: int) -> None:
    """When the module or its supervisor is killed, the other one puts them back."""
    before = read(host)
    script = f"echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/a; exec sleep 300"
    process = module_process.start("probe", *host, probes=[probe("sh", "-c", script)], sysctls={NAME: 1})
    wait_until((tmp_path / "a").exists)
    assert "1" == read(host) != before
    supervisor = _parent(int((tmp_path / "a").read_text()))
    os.kill([_parent(supervisor), supervisor][generations], signal.SIGKILL)
    wait_until(lambda: read(host) == before)
    process.communicate(timeout=120)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_probe_puts_back_what_a_killed_run_left(host: tuple[str, ...]) -> None:
    """When all of a run was killed, the next one begins with what was there before it."""
    before = read(host)
    note = json.dumps({NAME: before})
    left = f"echo 2 > {FILE}; cat > /run/sharklab-sysctls.json"
    subprocess.run([*host, "sh", "-c", left], input=note, text=True, check=True)
    module_process.call("probe", *host, probes=[probe("true")], sysctls={NAME: 1})
    assert before == read(host)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kernel.panic": 1}, "sysctl kernel.panic: only settings of the network (net.) may change"),
        ({"net./../../tmp": 1}, "sysctl net./../../tmp: only settings of the network (net.) may change"),
        ({"net.ipv4.no_such": 1}, "sysctl net.ipv4.no_such: this kernel has no such setting"),
        ({NAME: "many"}, "Cannot change the kernel's settings: [Errno 22] Invalid argument"),
    ],
    ids=["another part", "outside", "unknown", "bad value"],
)
def test_probe_refuses_settings(host: tuple[str, ...], settings: dict[str, Any], said: str) -> None:
    """What cannot be changed is refused before anything runs, and leaves nothing changed."""
    before = read(host)
    answer = module_process.call("probe", *host, probes=[probe("true")], sysctls=settings)
    assert (said, before) == (answer["msg"], read(host))


def test_probe_leaves_out_what_may_be_missing(host: tuple[str, ...]) -> None:
    """A setting with - before its name is changed where the kernel has it, and else is no fault."""
    settings = {f"-{NAME}": 1, "-net.ipv4.no_such": 1}
    answer = module_process.call("probe", *host, probes=[probe("cat", FILE)], sysctls=settings)
    assert "1\n" == answer["probes"][0]["stdout"]
