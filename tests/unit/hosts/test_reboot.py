"""Hosts that reboot: their boot ids, and why one does not come back; a program stands in for ssh."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from sharklab.hosts import reboot, seat_provider
from sharklab.hosts.reboot import Reboot
from tests.support import provider_seat
from tests.support.programs import script

SSH = """
while :; do case $1 in -F | -o) shift 2 ;; -O) exit 0 ;; *) break ;; esac; done
export HOST="$1"; shift
if [ -e "{place}/$HOST.silent" ]; then echo "ssh: no route" >&2; exit 255; fi
exec sh -c "$*"
"""
SYSTEMCTL = """
if [ "$1" = -i ]; then {order} exit {code}; fi
cat "{place}/state"
"""


class Hosts:
    """The hosts `server` and `client` of a seat, whose boot ids are files; time passes only in pauses."""

    def __init__(self, place: Path, fakes: Path, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("SHARKLAB_STATE", str(place / "state-folder"))
        self.plan = provider_seat.plan("ada", 1)
        self.place, self.fakes, self.clock = place, fakes, 0.0
        patch.setattr(reboot, "BOOT_ID", f'"{place}/$HOST.id"')
        patch.setattr(reboot, "time", SimpleNamespace(monotonic=lambda: self.clock, sleep=self.sleep))
        for host in provider_seat.HOSTS:
            (place / f"{host}.id").write_text(f"first-{host}\n")
        (place / "state").write_text("running\n")
        script(fakes, "ssh", SSH.format(place=place))
        self.obey('echo "second-$HOST" >"$ID.id";')

    def obey(self, order: str, code: int = 255) -> None:
        """Let the order to reboot do `order` and end with `code`; it ends with 255 if the host goes down."""
        order = order.replace("$ID", f"{self.place}/$HOST")
        script(self.fakes, "systemctl", SYSTEMCTL.format(order=order, code=code, place=self.place))

    def sleep(self, seconds: float) -> None:
        """Let a minute pass, however short the pause."""
        self.clock += 60

    def reboot(self, limit: float = 100.0) -> dict[str, Reboot]:
        """Reboot the hosts."""
        return dict(reboot.reboot(self.plan, limit))


@pytest.fixture
def hosts(tmp_path: Path, fakes: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """Return hosts that reboot at once."""
    return Hosts(tmp_path, fakes, monkeypatch)


def test_reboot_returns_both_boot_ids(hosts: Hosts) -> None:
    """Every host has another one, and systemd's word for how it came up."""
    (hosts.place / "state").write_text("degraded\n")
    expected = {
        host: Reboot(f"first-{host}", f"second-{host}", 0.0, "degraded") for host in provider_seat.HOSTS
    }
    assert expected == hosts.reboot()


def test_reboot_waits_until_units_have_settled(hosts: Hosts) -> None:
    """A host whose units still start at the end of the limit came back all the same."""
    (hosts.place / "state").write_text("starting\n")
    found = hosts.reboot()["server"]
    assert ("second-server", "starting") == (found.after, found.state)
    assert not found.reason and found.seconds >= 60 and hosts.clock >= 100  # both hosts' pauses count


def test_reboot_names_a_host_that_stays_silent(hosts: Hosts) -> None:
    """It has no second boot id, and the reason has the last words of ssh; the other host came back."""
    hosts.obey('echo "second-$HOST" >"$ID.id"; [ "$HOST" = server ] || : >"$ID.silent";')
    found = hosts.reboot()
    assert ("first-client", "") == (found["client"].before, found["client"].after)
    reason = found["client"].reason
    assert ("no answer within {seconds:g} s ({complaint})", "ssh: no route") == (
        reason.msgid,
        reason.values["complaint"],
    )
    assert "second-server" == found["server"].after


def test_reboot_names_a_host_that_does_not_reboot(hosts: Hosts) -> None:
    """It obeys, and has the same boot id until the end of the limit."""
    hosts.obey(":;", 0)
    found = hosts.reboot()["server"]
    assert ("it did not reboot within {seconds:g} s", {"seconds": 100.0}) == (
        found.reason.msgid,
        found.reason.values,
    )
    assert "" == found.after


def test_reboot_names_a_host_that_refuses(hosts: Hosts) -> None:
    """Nobody waits for it."""
    hosts.obey("echo 'no way' >&2;", 1)
    found = hosts.reboot()["server"]
    assert ("it refuses to reboot: {said}", "no way") == (found.reason.msgid, found.reason.values["said"])
    assert 0.0 == hosts.clock


def test_reboot_leaves_out_a_host_that_cannot_be_reached(hosts: Hosts) -> None:
    """It is not told to reboot; the other host is."""
    (hosts.place / "client.silent").touch()
    found = hosts.reboot()
    assert ("it cannot be reached: {said}", "") == (found["client"].reason.msgid, found["client"].before)
    assert "second-server" == found["server"].after and 0.0 == hosts.clock


@pytest.mark.parametrize(
    ("provider", "limit"), [("nspawn", 120.0), ("qemu", 600.0), ("auto", 600.0), ("existing", 600.0)]
)
def test_limit_is_that_of_the_provider(hosts: Hosts, provider: str, limit: float) -> None:
    """Machines may be emulated, and take longer than containers."""
    hosts.obey(":;", 0)
    hosts.plan.seat.folder.mkdir(parents=True)
    seat_provider.write(hosts.plan.seat.folder, provider)
    assert limit == dict(reboot.reboot(hosts.plan))["server"].reason.values["seconds"]
