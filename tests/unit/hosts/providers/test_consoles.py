"""The consoles of hosts that boot."""

from __future__ import annotations

import pytest

from sharklab.hosts.providers import consoles, disk
from sharklab.lab.model import Plan

SYSTEMD_LIMIT = 90.0
"""Seconds that systemd waits for a unit to start (systemd-system.conf(5), DefaultTimeoutStartSec)."""


def test_limit_lets_systemd_give_a_unit_up() -> None:
    """A folder of a server that is off is tried for the 90 s of systemd, and then the host has settled."""
    assert consoles.LIMIT > SYSTEMD_LIMIT


def test_host_that_still_starts_units_has_more_time(seat_plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine needs more than the limit for all. The animation of a unit that waits is no news."""
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    console = disk.folder(seat_plan, "server") / disk.CONSOLE
    console.parent.mkdir(parents=True)
    shown = consoles.Consoles(seat_plan, ["server"])
    now += 110
    assert 110 == shown.silence("server")
    console.write_text("[\x1b[0;32m  OK  \x1b[0m] Started a.service\n")
    now += 9
    assert 0 == shown.silence("server")
    with console.open("a") as file:
        file.write("[ \x1b[0;31m*\x1b[0m] Job b.service/start running (1min / 2min)\n")
    now += 50
    assert 50 == shown.silence("server")


def test_failed_units_are_on_the_console(seat_plan: Plan) -> None:
    """As systemd writes them there."""
    console = disk.folder(seat_plan, "server") / disk.CONSOLE
    console.parent.mkdir(parents=True)
    console.write_text("[  OK  ] Started a.service\n")
    assert not consoles.has_failed_units(seat_plan, "server")
    console.write_text("[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mb.service\x1b[0m - B.\n")
    assert consoles.has_failed_units(seat_plan, "server")
