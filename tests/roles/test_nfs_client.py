"""Role nfs_client: a real mount of a real server's folder, used as a student uses it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from testinfra.backend.base import CommandResult
from testinfra.host import Host

from sharklab import paths
from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]


LISTENS = "timeout 60 bash -c 'until ss -Htln | grep -q :2049; do sleep 0.1; done'"
TRIES = "systemctl list-units --plain | grep --count NFS.mount"
TWO_TRIES = f"timeout 60 bash -c 'until [ $({TRIES}) = 2 ]; do sleep 0.1; done'"
ENDS = "timeout 60 bash -c 'while pgrep --full ^/usr/bin/python3.*mount.fuse.nfs4; do sleep 0.1; done'"


@pytest.fixture
def client(host_of: HostOf) -> Host:
    """Return the host that mounts."""
    return host_of("client")


@pytest.fixture
def mounted(plan: Plan) -> str:
    """Return where the folder is mounted."""
    return f"/mnt/{plan.seat.share}"


@pytest.fixture
def note(client: Host, mounted: str) -> Iterator[str]:
    """Name a file that a test makes, and remove it afterwards."""
    path = f"{mounted}/test-note"
    yield path
    client.run("runuser -u student -- rm -f %s", path)


def as_student(client: Host, script: str, *arguments: str) -> CommandResult:
    """Run a line of shell as user student."""
    return client.run("runuser -u student -- bash -c %s bash" + " %s" * len(arguments), script, *arguments)


def test_folder_is_mounted(client: Host, plan: Plan, mounted: str) -> None:
    """df tells the source, and by its type that NFS is in user space; sizes are the server's."""
    source, kind, size, *_ = client.check_output("df -T %s", mounted).splitlines()[1].split()
    server = plan.seat.address("server", "lan").ipv4.ip
    assert (f"{server}:/srv/{plan.seat.share}", "fuse.nfs4", True) == (source, kind, int(size) > 0)


def test_fstab_mounts_it_again(client: Host, mounted: str) -> None:
    """What a reboot does: fstab alone is enough."""
    client.check_output("umount %s", mounted)
    client.check_output("mount --all --types fuse.nfs4")
    assert client.mount_point(mounted).exists


def test_unmounting_leaves_nothing(client: Host, mounted: str) -> None:
    """Neither a process nor an open connection, at most five seconds later."""
    client.check_output("umount %s", mounted)
    ended = client.run(ENDS)
    connections = client.check_output("ss -Htn dport = :2049")
    client.check_output("mount %s", mounted)
    assert (0, "") == (ended.rc, connections)


def test_connection_stays_open(client: Host, plan: Plan, mounted: str) -> None:
    """One connection to port 2049, for `ss` to show."""
    client.check_output("ls %s", mounted)
    peers = [
        line.split()[3]
        for line in client.check_output("ss -Htn state established dport = :2049").splitlines()
    ]
    assert [f"{plan.seat.address('server', 'lan').ipv4.ip}:2049"] == peers


def test_student_reads_the_token(client: Host, plan: Plan, mounted: str) -> None:
    """The file that the server made."""
    assert plan.seat.token in as_student(client, 'cat "$1/readme.txt"', mounted).stdout


def test_student_writes_what_the_server_has(client: Host, host_of: HostOf, plan: Plan, note: str) -> None:
    """A new file, written over and added to, belongs to the student on the server too."""
    script = 'echo first > "$1" && echo second > "$1" && echo third >> "$1" && cat "$1"'
    assert "second\nthird\n" == as_student(client, script, note).stdout
    file = host_of("server").file(f"/srv/{plan.seat.share}/test-note")
    assert ("second\nthird\n", int(client.check_output("id -u student"))) == (file.content_string, file.uid)


def test_large_file_comes_back_the_same(client: Host, note: str) -> None:
    """More than one WRITE and one READ can carry."""
    script = (
        'head -c 500000 /dev/urandom > "$1.local" && cp "$1.local" "$2" && cmp "$1.local" "$2"; rm "$1.local"'
    )
    done = as_student(client, script, "/tmp/large", note)
    assert ("", "") == (done.stdout, done.stderr)


def test_write_to_root_s_file_is_refused(client: Host, mounted: str) -> None:
    """The server says no, and the program gets the reason."""
    done = as_student(client, 'echo mine > "$1/readme.txt"', mounted)
    assert (1, True) == (done.rc, done.stderr.endswith("Permission denied\n"))


def test_removal_of_root_s_file_is_refused(client: Host, mounted: str) -> None:
    """The folder has the sticky bit."""
    done = as_student(client, 'rm -f "$1/readme.txt"', mounted)
    assert (1, True) == (done.rc, done.stderr.endswith("Operation not permitted\n"))


def test_missing_file_is_told(client: Host, mounted: str) -> None:
    """As with any other file system."""
    done = as_student(client, 'cat "$1/missing.txt"', mounted)
    assert (1, True) == (done.rc, done.stderr.endswith("No such file or directory\n"))


def test_root_of_the_client_counts_as_nobody(client: Host, host_of: HostOf, plan: Plan, mounted: str) -> None:
    """A file that root makes through the mount belongs to the user nobody on the server."""
    client.check_output("touch %s", f"{mounted}/test-root")
    owner = host_of("server").file(f"/srv/{plan.seat.share}/test-root").uid
    host_of("server").check_output("rm %s", f"/srv/{plan.seat.share}/test-root")
    assert 65534 == owner


def test_folders_and_names_can_be_changed(client: Host, mounted: str) -> None:
    """mkdir, touch, mv, chmod, ls, ln -s, readlink, rm and rmdir."""
    script = (
        'cd "$1" && mkdir test-d && touch test-d/f && mv test-d/f test-d/g && chmod 600 test-d/g'
        " && ln -s g test-d/l && readlink test-d/l && stat -c %a test-d/g && ls test-d"
        " && rm test-d/g test-d/l && rmdir test-d"
    )
    assert "g\n600\ng\nl\n" == as_student(client, script, mounted).stdout


def test_open_file_outlives_the_server_s_restart(client: Host, host_of: HostOf, note: str) -> None:
    """A program that has a file open goes on as if nothing had been."""
    client.check_output("rm -f /tmp/test-go && mkfifo --mode=666 /tmp/test-go")
    script = 'exec 3> "$1"; echo one >&3; read < /tmp/test-go; echo two >&3; exec 3>&-; touch /tmp/test-end'
    client.check_output("runuser -u student -- bash -c %s bash %s > /dev/null 2>&1 &", script, note)
    client.check_output("timeout 60 bash -c 'until grep -q one \"$1\"; do sleep 0.1; done' bash %s", note)
    host_of("server").check_output("systemctl restart nfs-ganesha && " + LISTENS)
    client.check_output(
        "timeout 60 bash -c 'echo > /tmp/test-go; until rm /tmp/test-end; do sleep 0.1; done'"
    )
    client.check_output("rm /tmp/test-go")
    assert "one\ntwo" == client.check_output("cat %s", note)


def test_server_that_is_off_is_told_at_once(client: Host, host_of: HostOf, mounted: str) -> None:
    """No program hangs; when the server is back, so is the folder."""
    host_of("server").check_output("systemctl stop nfs-ganesha")
    gone = client.run("timeout 20 ls %s", mounted)
    host_of("server").check_output("systemctl start nfs-ganesha && " + LISTENS)
    assert (2, 0) == (gone.rc, client.run("timeout 20 ls %s", mounted).rc)


def test_mount_that_a_killed_set_up_had_begun_is_no_failure(
    client: Host, host_of: HostOf, plan: Plan, mounted: str
) -> None:
    """The role finds the folder mounted by another try, which waited for the server as well."""
    client.check_output("umount %s", mounted)
    host_of("server").check_output("systemctl stop nfs-ganesha")
    client.check_output("mount %s > /dev/null 2>&1 &", mounted)
    tool = Path(sys.executable).with_name("ansible-playbook")
    command: list[str | Path] = [tool, "-i", plan.seat.folder / "inventory.yml"]
    command += [paths.PLAYBOOKS / "personalise.yml", "--limit", "client"]
    role = subprocess.Popen(command, cwd=paths.ROOT, stdout=subprocess.PIPE, text=True)
    tries = client.run(TWO_TRIES)
    host_of("server").check_output("systemctl start nfs-ganesha")
    said, _ = role.communicate(timeout=120)
    assert (0, 0, True) == (tries.rc, role.returncode, client.mount_point(mounted).exists), said
