"""The answers on the condition of a machine, as plain data."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from sharklab.hosts.agent import answer
from tests.support.programs import script

UNIT = "Id=nginx.service\nActiveState=failed\n"


def test_condition_has_the_journals_of_stopped_units(fakes: Path) -> None:
    """A host without firewalld opens nothing that is known."""
    (fakes / "shown").write_text(UNIT)
    script(fakes, "systemctl", 'cat "${0%/*}/shown"')
    script(fakes, "journalctl", 'echo "$*"')
    script(fakes, "firewall-cmd", "exit 252")
    found = answer.ANSWERS["condition"]({"cards": ["lan"]})
    assert (["nginx.service"], {}) == (list(found["stopped"]), found["opened"])
    assert found["stopped"]["nginx.service"].strip().endswith("--unit=nginx.service")
    assert found == json.loads(json.dumps(found))


def test_knock_answers_in_the_order_of_the_ports() -> None:
    """Ports are tried at the same time."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        ports = [{"address": "127.0.0.1", "port": each, "listens": False} for each in (1, number)]
        assert {"answers": ["refused", "accepted"]} == answer.ANSWERS["knock"](
            {"ports": ports, "seconds": 5.0}
        )
