"""Answers to the controller, with the machine's own state left alone."""

from __future__ import annotations

import base64
import io
import json
import socket
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sharklab.hosts.agent import answer, files, network, packages, rules, sessions, units
from sharklab.hosts.agent.tool import Failures
from tests.support.programs import script

BEFORE: Mapping[str, Any] = {
    "mounts": {},
    "settings": {},
    "connections": {},
    "packages": ["curl"],
    "users": ["ada"],
    "rules": {},
    "made": [],
}


@pytest.fixture(autouse=True)
def _own_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "CLAIM", tmp_path / "state" / "seat")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the steps that a restoration takes on the machine; none of them is really taken."""
    taken: list[str] = []

    def instead(module: Any, name: str, result: Any = None) -> None:
        def note(*given: Any, **options: Any) -> Any:
            taken.append(name)
            return result

        monkeypatch.setattr(module, name, note)

    instead(sessions, "end_others")
    for name in ("unmount_new", "set_back", "reapply", "mount_missing"):
        instead(network, name)
    instead(network, "mounts", {})
    instead(units, "stop_new", ["nginx.service"])
    instead(units, "is_active", False)
    instead(units, "has_rebooted", False)
    for name in ("start_missing", "restart_restarted"):
        instead(units, name)
    instead(rules, "put_back")
    instead(rules, "differences", [])
    instead(packages, "list_installed", ["curl"])
    monkeypatch.setattr(answer, "output", lambda argv: taken.append(argv[0]))
    instead(Failures, "run", True)
    return taken


def kept(folder: Path) -> str:
    """Return the archive of a folder as `record` gives it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        files.keep(archive, [str(folder)])
    return base64.b64encode(buffer.getvalue()).decode()


def restore(before: Mapping[str, Any], packaged: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the answer to the request of seat `0a` to restore its machine."""
    request = {"seat": "0a", "before": before, "packaged": packaged, "users": ["ada", "nginx"]}
    return answer.restore(request)


def test_claim_is_a_file_with_the_seat() -> None:
    """Its folder is made."""
    assert {} == answer.claim({"seat": "0a"})
    assert "0a\n" == answer.CLAIM.read_text()


def test_restore_leaves_the_machine_of_another_seat_alone(steps: list[str]) -> None:
    """Its claim is told, and no step is taken."""
    answer.claim({"seat": "0b"})
    assert {"failed": [(str(answer.CLAIM), "0b")]} == restore(BEFORE)
    assert [] == steps


def test_restore_puts_files_back_and_removes_those_that_roles_made(steps: list[str], tmp_path: Path) -> None:
    """Sessions end first, what is mounted goes before the files, and services follow them."""
    folder, made = tmp_path / "etc", tmp_path / "made"
    folder.mkdir()
    (folder / "hosts").write_text("before")
    before = {**BEFORE, "archive": kept(folder), "roots": [str(folder)], "made": [str(made)]}
    (folder / "hosts").write_text("after!")
    (folder / "new").write_text("")
    made.mkdir()
    told = restore(before)
    assert ["hosts"] == [file.name for file in folder.iterdir()] and not made.exists()
    assert ("before", {str(folder / "hosts"), str(folder / "new"), str(made)}) == (
        (folder / "hosts").read_text(),
        set(told["changed"]),
    )
    assert (["nginx.service"], [], []) == (told["stopped"], told["failed"], told["packages"])
    order = ["end_others", "unmount_new", "stop_new", "systemctl", "set_back", "start_missing", "put_back"]
    assert order == [step for step in dict.fromkeys(steps) if step in order]
    assert "reapply" not in steps


@pytest.mark.parametrize(("path", "expected"), [("resolv.conf", True), ("hosts", False)])
def test_restore_lets_networkmanager_read_its_files_again(
    path: str, expected: bool, steps: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where one of them was put back."""
    monkeypatch.setattr(answer, "RESOLVER", (f"{tmp_path}/etc/resolv.conf",))
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / path).write_text("before")
    before = {**BEFORE, "archive": kept(folder), "roots": [str(folder)]}
    (folder / path).write_text("after!")
    restore(before)
    assert expected is ("reapply" in steps)


def test_restore_keeps_files_of_packages_that_came_later(
    steps: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packages stay, with their files; only the users that roles made are removed."""
    folder = tmp_path / "etc"
    folder.mkdir()
    before = {**BEFORE, "archive": kept(folder), "roots": [str(folder)]}
    for name in ("of-package", "of-nobody"):
        (folder / name).write_text("")
    monkeypatch.setattr(packages, "list_installed", lambda: ["curl", "nginx"])
    monkeypatch.setattr(packages, "files_of", lambda names: frozenset({f"{folder}/of-package"}))
    assert ["nginx"] == restore(before)["packages"]
    assert ["of-package"] == [file.name for file in folder.iterdir()]
    assert "userdel" in steps


def test_record_has_files_and_what_is_not_there_yet(
    steps: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders that roles will make are named where they are absent; ~ is the home of who logged in."""
    roots: list[str] = []
    monkeypatch.setattr(files, "keep", lambda archive, names: roots.extend(names))
    for module in (rules, units):
        monkeypatch.setattr(module, "state", lambda: {"some": "state"})
    monkeypatch.setattr(network, "connections", dict)
    monkeypatch.setattr(network, "settings", lambda names: dict.fromkeys(names, "1"))
    monkeypatch.setenv("SUDO_USER", "root")
    request = {
        "paths": ["~/.ssh", "~no-such-user/captures", "/srv"],
        "made": [str(tmp_path), str(tmp_path / "absent")],
        "settings": ["net.ipv4.ip_forward"],
    }
    told = answer.record(request)
    home = Path("~root").expanduser()
    assert ["/etc", f"{home}/.ssh", "/home/no-such-user/captures", "/srv"] == told["roots"] == roots
    assert ([str(tmp_path / "absent")], "state") == (told["made"], told["some"])
    assert ({"net.ipv4.ip_forward": "1"}, ["curl"]) == (told["settings"], told["packages"])


def test_condition_has_the_journals_of_stopped_units(fakes: Path) -> None:
    """A host without firewalld opens nothing that is known."""
    (fakes / "shown").write_text("Id=nginx.service\nActiveState=failed\n")
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
