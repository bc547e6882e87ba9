"""The hands-on exercises of tp4, played on a seat: start, solution, vandalism and reset."""

from __future__ import annotations

import json

from tests.conftest import Call


def test_the_play_of_tp4_holds(sharklab: Call) -> None:
    """No act earns other points than its own, a second solution changes nothing, and a reset is the start."""
    done = sharklab("prove", "tp4", "--play", "--output", "json")
    assert done.stdout, done.stderr
    acts = json.loads(done.stdout)["acts"]
    assert [] == [act for act in acts if act["wrong"]]
    alone = [act["title"] for act in acts if act["title"].startswith("solved alone")]
    assert [f"solved alone: {exercise}" for exercise in ("firewall", "ssh", "nfs", "dns")] == alone
    assert 0 == done.returncode
