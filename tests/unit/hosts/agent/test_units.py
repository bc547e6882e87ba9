"""Units of systemd: which stay active, which are new, missing or restarted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sharklab.hosts.agent import units
from sharklab.hosts.agent.tool import Failures
from tests.support.programs import script


def unit(name: str, active: str = "active", run: str = "1", **values: str) -> str:
    """Return a unit as `systemctl show` prints it."""
    lines = {"Type": "simple", "RemainAfterExit": "no", "UnitFileState": "enabled", **values}
    known = {"Id": name, "ActiveState": active, "InvocationID": run, **lines}
    return "\n".join(f"{key}={value}" for key, value in known.items())


def systemd(fakes: Path, *shown: str) -> None:
    """Let systemctl show these units and note what it is told to do."""
    (fakes / "shown").write_text("\n\n".join(shown) + "\n")
    script(
        fakes,
        "systemctl",
        'case "$1" in show) cat "${0%/*}/shown";; *) echo "$*" >>"$0.log"; [ "$2" != bad.service ];; esac',
    )


def log(fakes: Path) -> list[str]:
    """Return the orders that systemctl got."""
    file = fakes / "systemctl.log"
    return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def before(fakes: Path) -> dict[str, Any]:
    """Return the state of a machine with three services that run and one that does not."""
    systemd(fakes, *map(unit, ("a.service", "b.service", "same.service")), unit("c.service", "inactive"))
    return units.state()


def test_state_has_units_that_can_be_switched_and_stay(fakes: Path) -> None:
    """Static units and one-shot services say nothing about the work of a machine."""
    systemd(
        fakes,
        unit("a.service"),
        unit("static.service", UnitFileState="static"),
        unit("once.service", Type="oneshot"),
        unit("stays.service", Type="oneshot", RemainAfterExit="yes"),
    )
    assert {"a.service", "stays.service"} == set(units.state()["units"])


def test_is_active_takes_one_of_several_names(before: dict[str, Any]) -> None:
    """Debian and Rocky call some services differently."""
    assert [True, False, False] == [units.is_active(before, *names) for names in (("x", "a"), ("c",), ("x",))]


def test_units_go_back(fakes: Path, before: dict[str, Any]) -> None:
    """New ones stop, missing ones start, restarted ones restart; the others are left alone."""
    now = (unit("a.service", run="2"), unit("b.service", "failed"), unit("new.service"))
    systemd(fakes, *now, unit("same.service"))
    failures = Failures()
    assert ["new.service"] == units.stop_new(before, failures)
    assert ["b.service"] == units.start_missing(before, failures)
    assert ["a.service"] == units.restart_restarted(before, failures)
    assert ["stop new.service", "start b.service", "restart a.service"] == log(fakes)
    assert [] == failures.entries


def test_restart_after_a_reboot_would_be_all(fakes: Path, before: dict[str, Any]) -> None:
    """Each service has another invocation then, and read its files anyway."""
    systemd(fakes, unit("a.service", run="2"))
    rebooted = {**before, "boot": "another"}
    assert (False, True) == (units.has_rebooted(before), units.has_rebooted(rebooted))
    assert ([], []) == (units.restart_restarted(rebooted, Failures()), log(fakes))


def test_failed_order_is_noted(fakes: Path, before: dict[str, Any]) -> None:
    """The other units go on."""
    systemd(fakes, unit("bad.service"), unit("new.service"), unit("a.service"))
    units.stop_new(before, failures := Failures())
    assert ["systemctl stop bad.service"] == [what for what, _ in failures.entries]
    assert ["stop bad.service", "stop new.service"] == log(fakes)


DUTY = {"SubState": "running", "WantedBy": "multi-user.target", "RequiredBy": "", "ConditionResult": "yes"}


def test_stopped_units_are_failed_and_ended_ones(fakes: Path) -> None:
    """A unit of an active target must be active; nothing else says that a host does not do its work."""
    idle = {**DUTY, "ConditionTimestampMonotonic": "7"}
    systemd(
        fakes,
        unit("multi-user.target", Type=""),
        unit("graphical.target", "inactive", Type=""),
        unit("runs.service", **idle),
        unit("starts.service", "activating", **idle),
        unit("ended.service", "inactive", **idle),
        unit("ended.socket", "inactive", **{**idle, "WantedBy": "", "RequiredBy": "multi-user.target"}),
        unit(
            "failed.service",
            "failed",
            **{**idle, "WantedBy": "", "Type": "oneshot", "UnitFileState": "static"},
        ),
        unit("again.service", "activating", **{**idle, "SubState": "auto-restart"}),
        unit(
            "never.service",
            "inactive",
            **{**idle, "ConditionResult": "no", "ConditionTimestampMonotonic": "0"},
        ),
        unit("unmet.service", "inactive", **{**idle, "ConditionResult": "no"}),
        unit("once.service", "inactive", **{**idle, "Type": "oneshot"}),
        unit("later.service", "inactive", **{**idle, "WantedBy": "graphical.target"}),
        unit("bus.service", "inactive", **{**idle, "WantedBy": ""}),
        unit("off.service", "inactive", **{**idle, "UnitFileState": "disabled"}),
    )
    names = ["again.service", "ended.service", "ended.socket", "failed.service", "never.service"]
    assert names == units.list_stopped()
