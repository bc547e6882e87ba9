"""Waiting for hosts that boot; a program stands in for ssh."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.providers import boot_query, consoles, disk
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support.errors import error_of
from tests.support.programs import script


def explain(host: str, reason: Message) -> MachineryError:
    """Return an error that keeps the host and the reason."""
    return MachineryError("failed", host=host, reason=reason)


def test_wait_reports_how_each_host_came_up(seat_plan: Plan, fakes: Path) -> None:
    """systemd's word, and the units that failed."""
    answers = 'case "$3" in server) echo running;; *) echo degraded; echo "x.service loaded failed";; esac'
    script(fakes, "ssh", answers)
    found = boot_query.wait(seat_plan, lambda host: True, explain)
    assert [("server", "running", ()), ("client", "degraded", ("x.service",))] == [
        (report.host, report.state, report.failed) for report in found
    ]


def test_wait_asks_again_until_a_host_can_be_reached(seat_plan: Plan, fakes: Path) -> None:
    """A host that boots does not answer at first."""
    script(fakes, "ssh", 'if [ -e "$0.$3" ]; then echo running; else touch "$0.$3"; exit 255; fi')
    found = boot_query.wait(seat_plan, lambda host: True, explain)
    assert ["running", "running"] == [report.state for report in found]


def test_wait_does_not_wait_long_for_the_folder_of_a_server_that_is_off(seat_plan: Plan, fakes: Path) -> None:
    """Only a mount is left: the host is asked once more, after the others have settled."""
    again = 'if [ -e "$0.server" ]; then echo starting; echo mnt-share.mount; else exit 255; fi'
    last = f'*"timeout {boot_query.MOUNT_LIMIT}"*'
    first = 'server*) touch "$0.server"; echo running'
    script(fakes, "ssh", f'case "$3 $4" in {first};; {last}) {again};; *) echo starting;; esac')
    found = boot_query.wait(seat_plan, lambda host: True, explain)
    assert [("server", "running", ()), ("client", "starting", ("mnt-share.mount",))] == [
        (report.host, report.state, report.failed) for report in found
    ]


SYSTEMCTL = """
case "$*" in
    *is-system-running*) exit 0 ;;
    *list-jobs*) cat "$0.jobs" ;;
esac
"""


@pytest.mark.parametrize(
    ("command", "jobs", "expected"),
    [
        (boot_query.SETTLED, "12 mnt-share.mount start running\n", "starting\n"),
        (boot_query.LAST, "12 mnt-share.mount start running\n", "starting\nmnt-share.mount\n"),
    ],
)
def test_commands_end_when_only_a_mount_is_left(command: str, jobs: str, expected: str, fakes: Path) -> None:
    """systemd says nothing before all jobs have ended; the list of jobs tells which ones are left."""
    script(fakes, "systemctl", SYSTEMCTL)
    (fakes / "systemctl.jobs").write_text(jobs)
    assert expected == subprocess.run(["sh", "-c", command], capture_output=True, text=True).stdout


def test_wait_gives_up_a_host_that_has_ended(seat_plan: Plan, fakes: Path) -> None:
    """The error is the provider's, with the reason; other queries are dropped."""
    script(fakes, "ssh", "exec sleep 600")
    error = error_of(MachineryError, boot_query.wait, seat_plan, lambda host: host == "server", explain)
    assert ("client", "the host ended while it booted") == (
        error.values["host"],
        getattr(error.values["reason"], "msgid", ""),
    )


def test_wait_has_a_limit(seat_plan: Plan, fakes: Path) -> None:
    """The reason has the last complaint of ssh, or that nothing listens."""
    script(fakes, "ssh", "exec sleep 600")
    error = error_of(MachineryError, boot_query.wait, seat_plan, lambda host: True, explain, limit=1e-9)
    reason = error.values["reason"]
    assert isinstance(reason, Message)
    assert ("server", "no answer within {seconds:g} s ({complaint})") == (error.values["host"], reason.msgid)
    assert "nothing listens on port 22" == reason.values["complaint"].msgid


def test_wait_goes_on_while_a_host_starts_units(
    seat_plan: Plan, fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow machine needs more than the limit for all of them; each unit on the console begins it anew."""
    monkeypatch.setattr(consoles, "LOOK", -1.0)
    file = disk.folder(seat_plan, "server") / disk.CONSOLE
    file.parent.mkdir(parents=True)
    unit = "[  OK  ] Started a unit"
    look = f'n=$(wc -l < "{file}" 2>/dev/null || echo 0); echo "{unit}" >> "{file}"; [ "$n" -gt 12 ]'
    script(fakes, "ssh", f"sleep 0.2; if {look}; then echo running; else exit 255; fi")
    begun = time.monotonic()
    [found] = boot_query.wait(seat_plan, lambda host: True, explain, limit=2.0, hosts=["server"])
    assert "running" == found.state and time.monotonic() > begun + 2.0
