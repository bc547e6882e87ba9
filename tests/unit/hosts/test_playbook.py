"""Running playbooks: what a person hears of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from sharklab import i18n, paths
from sharklab.errors import MachineryError
from sharklab.hosts import playbook
from sharklab.hosts.providers.disk import Overlay
from sharklab.message import Message
from tests.support.errors import error_of
from tests.support.labs import write_role
from tests.support.programs import script
from tests.support.waiting import wait_until

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Prepare
      ansible.builtin.set_fact:
        ready: true
    - name: Apply the role
      ansible.builtin.include_role:
        name: greeter
"""
ROLE = """
- name: Greet
  ansible.builtin.assert:
    that: friendly
    fail_msg: nobody is here

- name: Greet each
  ansible.builtin.assert:
    that: item != stranger | default('')
    fail_msg: "{{ item }} is a stranger"
  loop: [ada, grace]
"""
LIKE_DNF = """#!/usr/bin/python3
# WANT_JSON
print('{"failed": true, "msg": "no such package", "results": ["Installed: nginx"]}')
"""
WAITING = "- {name: Wait, ansible.builtin.pause: {minutes: 60}}"


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the inventory of one host that is this machine; the playbook `meet` has the role `greeter`."""
    monkeypatch.setenv("PYTHONPATH", str(paths.SOURCE.parent))  # for the process that runs it
    monkeypatch.setattr(paths, "PLAYBOOKS", tmp_path)
    (tmp_path / "roles" / "greeter" / "tasks").mkdir(parents=True)
    (tmp_path / "roles" / "greeter" / "tasks" / "main.yml").write_text(ROLE)
    (tmp_path / "meet.yml").write_text(PLAYBOOK)
    (tmp_path / "inventory.yml").write_text("all: {hosts: {alone: {ansible_connection: local}}}")
    return tmp_path / "inventory.yml"


def test_run_tells_roles_and_no_task(inventory: Path) -> None:
    """Progress is the role that each host is at, in the reader's language: tasks have English names."""
    heard: list[Message] = []
    playbook.run("meet", inventory, {"friendly": True}, progress=heard.append)
    assert {"alone: role greeter"} == set(map(str, heard))
    assert {"alone\N{NO-BREAK SPACE}: rôle greeter"} == {
        each.say(i18n.translator("fr").gettext) for each in heard
    }


def test_run_finds_the_roles_of_a_lab(inventory: Path, tmp_path: Path) -> None:
    """A role that the lab alone has is found by its name, from a folder with a blank in its name too."""
    lab = tmp_path / "a lab"
    (inventory.parent / "roles").rename(inventory.parent / "elsewhere")
    write_role(lab, "greeter", **{"tasks/main.yml": ROLE})
    heard: list[Message] = []
    playbook.run("meet", inventory, {"friendly": True}, lab=lab, progress=heard.append)
    assert ["alone: role greeter"] == list(dict.fromkeys(map(str, heard)))
    assert error_of(MachineryError, playbook.run, "meet", inventory, {"friendly": True})


def test_run_that_should_stop_is_ended(inventory: Path) -> None:
    """A playbook that could only wait for what will not come is ended with all that it started."""
    (inventory.parent / "roles/greeter/tasks/main.yml").write_text(WAITING)
    heard: list[Message] = []
    with pytest.raises(MachineryError):
        playbook.run("meet", inventory, progress=heard.append, should_stop=lambda: heard)
    assert ["alone: role greeter"] == list(map(str, heard))
    assert not at_work(inventory)


def test_run_ends_at_many_signals(inventory: Path) -> None:
    """A parent with several threads that is killed sends its child several signals, one into the other."""
    (inventory.parent / "roles/greeter/tasks/main.yml").write_text(WAITING)
    child = playbook.get_ready()
    ended = threading.Thread(target=signal_until_it_ends, args=(child, inventory))
    ended.start()
    with pytest.raises(MachineryError):
        playbook.run("meet", inventory)
    ended.join()
    assert not at_work(inventory)


def test_a_killed_run_leaves_its_disks(inventory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With every process that it started, and without a word, also when `down` has removed them meanwhile."""
    folder = inventory.parent / "disk"
    for name in ("lower", "upper", "work", "root"):
        (folder / name).mkdir(parents=True)
    disk = Overlay(folder, "lowerdir=lower,upperdir=upper,workdir=work,index=on")
    (inventory.parent / "roles/greeter/tasks/main.yml").write_text(WAITING)
    child = playbook.get_ready()

    def kill() -> None:
        wait_until(lambda: len(at_work(inventory)) > 1)
        folder.rename(inventory.parent / "removed")
        os.kill(child.pid, signal.SIGTERM)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(MachineryError):
        playbook.run("meet", inventory, disks=[disk])
    killer.join()
    assert 1 == child.returncode and not at_work(inventory)
    assert "" == capfd.readouterr().err


@pytest.mark.parametrize("said", ["mount point busy.", "overlay already mounted on a"])
def test_a_disk_is_mounted_as_soon_as_it_is_free(
    inventory: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """Another error of mount(8) is told at once, and a disk that stays busy is told in the end."""
    monkeypatch.setattr(playbook, "FREE_PAUSE", 0.0)
    tools, tried = inventory.parent / "bin", inventory.parent / "tried"
    tools.mkdir()
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    script(tools, "mount", f"[ -e {tried} ] && exit 0", f"touch {tried}", f"echo {said} >&2", "exit 32")
    playbook._mount_disk(str(tools), "")
    script(tools, "mount", "echo root: wrong fs type >&2", "echo more >&2", "exit 32")
    error = error_of(MachineryError, playbook._mount_disk, str(tools), "")
    assert "root: wrong fs type" == error.values["said"]
    script(tools, "mount", f"echo {said} >&2", "exit 32")
    monkeypatch.setattr(playbook, "FREE_SECONDS", 0.0)
    assert said == error_of(MachineryError, playbook._mount_disk, str(tools), "").values["said"]


def test_reason_of_a_raw_task_is_its_output() -> None:
    """`raw` has a terminal, where the errors of a program are among its output."""
    failed = {"msg": "non-zero return code", "stderr": "", "stdout": "Hello\r\nINVALID_SERVICE: x\r\n"}
    assert "non-zero return code; INVALID_SERVICE: x" == playbook._reason(failed)
    assert "non-zero return code; gone" == playbook._reason({**failed, "stderr": "gone"})


def test_reason_of_a_message_is_its_first_line() -> None:
    """Advice of Ansible follows the cause; a traceback ends with it."""
    missing = "Could not find or access 'x.j2'\nSearched in:\n\t/a\nIf you are using a module, see remote_src"
    assert "Could not find or access 'x.j2'" == playbook._reason({"msg": missing})
    failed = {"msg": "Module failed\nSee stderr", "stderr": "Traceback\nValueError: y"}
    assert "Module failed; ValueError: y" == playbook._reason(failed)


def signal_until_it_ends(child: subprocess.Popen[str], inventory: Path) -> None:
    """Wait until Ansible's worker is there, then send the child signals; kill it if it stays."""
    wait_until(lambda: len(at_work(inventory)) > 1)
    with suppress(ProcessLookupError):  # it has ended
        for _ in range(400_000):
            os.kill(child.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(60)
        return
    os.killpg(child.pid, signal.SIGKILL)


def at_work(inventory: Path) -> list[Path]:
    """Return the processes whose command names the inventory."""
    files = Path("/proc").glob("[0-9]*/cmdline")
    return [file for file in files if str(inventory).encode() in content(file)]


def content(file: Path) -> bytes:
    """Return a file's content; nothing when its process has ended."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def test_run_names_the_task_that_failed(inventory: Path) -> None:
    """A failure says file, line, host, task and what it said, by which an author finds it."""
    error = error_of(MachineryError, playbook.run, "meet", inventory, {"friendly": False})
    place = f"{inventory.parent}/roles/greeter/tasks/main.yml:2"
    assert (place, "alone: Greet: nobody is here") == (error.place, error.values["said"])


def test_run_names_the_line_of_a_wrong_task(inventory: Path) -> None:
    """A module that nobody has is no failure of a task, but an error of Ansible itself."""
    tasks = inventory.parent / "roles/greeter/tasks/main.yml"
    tasks.write_text("\n- name: Greet\n  ansible.builtin.cpy: {}\n")
    error = error_of(MachineryError, playbook.run, "meet", inventory)
    assert f"{tasks}:2" == error.place
    assert error.message.startswith("couldn't resolve module/action 'ansible.builtin.cpy'.")


def test_run_says_how_to_go_on_after_a_mistake_in_a_labs_role(inventory: Path, tmp_path: Path) -> None:
    """To run the command again helps where the cause was outside; a role has to be mended."""
    lab = tmp_path / "lab"
    (inventory.parent / "roles").rename(inventory.parent / "elsewhere")
    write_role(lab, "greeter", **{"tasks/main.yml": ROLE})
    error = error_of(MachineryError, playbook.run, "meet", inventory, {"friendly": False}, lab=lab)
    assert "mend the role, and run the command again" == error.hint
    (inventory.parent / "elsewhere").rename(inventory.parent / "roles")
    error = error_of(MachineryError, playbook.run, "meet", inventory, {"friendly": False})
    assert "run sharklab up again: it finishes the seat" == error.hint


def test_run_says_why_an_item_failed(inventory: Path) -> None:
    """Of a loop, what is told is the reason of the item that failed."""
    variables = {"friendly": True, "stranger": "grace"}
    error = error_of(MachineryError, playbook.run, "meet", inventory, variables)
    assert "alone: Greet each: grace is a stranger" == error.values["said"]


def test_run_takes_results_that_are_texts(inventory: Path) -> None:
    """dnf's results are texts, one for each package: of a task that fails they hide no message."""
    tasks = inventory.parent / "roles/greeter/tasks/main.yml"
    (inventory.parent / "library").mkdir()
    (inventory.parent / "library" / "like_dnf.py").write_text(LIKE_DNF)
    tasks.write_text("- {name: Install, like_dnf: }")
    error = error_of(MachineryError, playbook.run, "meet", inventory)
    assert "alone: Install: no such package" == error.message


def test_run_takes_the_process_that_is_ready(inventory: Path) -> None:
    """A process that was started before does the next run, and no other."""
    child = playbook.get_ready()
    assert child is playbook.get_ready()
    playbook.run("meet", inventory, {"friendly": True})
    assert 0 == child.returncode
    playbook.run("meet", inventory, {"friendly": True})


def test_child_ends_when_no_order_comes() -> None:
    """A process that gets no order ends by itself and well, as when the command fails before its playbook."""
    with playbook.start_child() as child:
        assert child.stdin
        child.stdin.close()
        assert 0 == child.wait(60)


def test_a_process_that_gets_no_order_is_ended_in_order() -> None:
    """Nothing of it is left when its parent has ended, and Python warns of nothing."""
    script = "from sharklab.hosts import playbook; print(playbook.get_ready().pid)"
    done = subprocess.run([sys.executable, "-X", "dev", "-c", script], capture_output=True, text=True)
    assert ("", 0) == (done.stderr, done.returncode)
    assert not Path(f"/proc/{done.stdout.strip()}").exists()


def test_a_run_that_cannot_write_says_why(inventory: Path) -> None:
    """As on a full disk: in the words of the system, and without a traceback."""
    order = dict.fromkeys(("project_dir", "playbook", "inventory", "extravars", "tags"), "")
    order |= {"private_data_dir": "/proc", "disks": ""}
    error = error_of(MachineryError, playbook._run_child, "meet", order, lambda told: None, lambda: False)
    assert "No such file or directory" == error.values["said"]
