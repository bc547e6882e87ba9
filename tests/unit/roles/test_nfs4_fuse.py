"""The NFS client in user space of role nfs_client, with a server that is only played."""

from __future__ import annotations

import errno
import os
import re
import time
from typing import Any

import pytest
from nfs4_fuse import mount
from nfs4_fuse.mount import Request, parse_request
from nfs4_fuse.session import Caller, Libnfs, Session, StateLost, caller_of, fault, newest
from nfs4_fuse.share import MOST_WRITTEN, Share

STUDENT, TEACHER = Caller(1000, 1000), Caller(1001, 1001)


class PlayedSession(Session):
    """Notes what is asked; fails where a test wants it to."""

    def __init__(self, faults: dict[str, OSError] | None = None) -> None:
        self.calls: list[tuple[str, Caller]] = []
        self.faults = faults or {}
        self.closed_by_server = False
        self.hung_up = False

    def call(self, caller: Caller, function: str, *arguments: Any) -> int:
        """Note the call."""
        self.calls.append((function, caller))
        if function in self.faults:
            raise self.faults[function]
        return 0

    def is_hung_up(self) -> bool:
        """Tell what the test says."""
        return self.closed_by_server

    def hang_up(self) -> None:
        """Note it."""
        self.hung_up = True

    @property
    def functions(self) -> list[str]:
        """The functions that were called, in order."""
        return [function for function, _caller in self.calls]


class PlayedShare(Share):
    """A share whose caller and next session a test chooses."""

    def __init__(self, first: PlayedSession, second: PlayedSession | None = None) -> None:
        self.caller = STUDENT
        super().__init__(first, lambda: second or PlayedSession(), lambda: self.caller)


def test_parse_request_takes_what_mount_gives() -> None:
    """The words that mount(8) calls its helpers with, in its order."""
    words = ["10.0.0.1:/srv/x", "/mnt/x", "-o", "rw,soft,timeo=50,retry=1,_netdev,noexec", "-t", "fuse.nfs4"]
    expected = Request("10.0.0.1:/srv/x", "/mnt/x", timeout=5.0, retry=60.0, flags=("rw", "noexec"))
    assert expected == parse_request(words)


def test_parse_request_takes_defaults_without_options() -> None:
    """Ten seconds for a call and two minutes to reach the server, as nfs(5) has it."""
    assert Request("a:/b", "/c", timeout=10.0, retry=120.0) == parse_request(["a:/b", "/c"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["/mnt"], "usage: mount.fuse.nfs4 SERVER:/PATH DIRECTORY [-o OPTIONS]"),
        (["server", "/mnt"], "usage: mount.fuse.nfs4 SERVER:/PATH DIRECTORY [-o OPTIONS]"),
        (["a:/b", "/c", "-o", "rw,colour=red"], "unknown option 'colour=red'"),
        (["a:/b", "/c", "-o", "timeo=soon"], "option timeo needs a whole number, not 'soon'"),
    ],
)
def test_parse_request_names_what_is_wrong(words: list[str], message: str) -> None:
    """A wrong command line is one sentence."""
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        parse_request(words)
    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("source", "server", "export"),
    [("10.0.0.1:/srv/x", "10.0.0.1", "/srv/x"), ("[fd00::1]:/srv/x", "fd00::1", "/srv/x"), ("a:/", "a", "/")],
)
def test_request_splits_its_source(source: str, server: str, export: str) -> None:
    """Also for IPv6, whose addresses have colons."""
    request = Request(source, "/mnt")
    assert (server, export) == (request.server, request.export)


@pytest.mark.parametrize(
    ("code", "text", "kind", "number"),
    [
        (errno.EACCES, "NFS4: OPEN (path /x) failed with NFS4ERR_ACCESS(-13)", OSError, errno.EACCES),
        (errno.EPERM, "NFS4: REMOVE (path /x) failed with NFS4ERR_PERM(-1)", OSError, errno.EPERM),
        (errno.ERANGE, "NFS4: OPEN (path /x) failed with NFS4ERR_EXPIRED(-34)", StateLost, errno.EIO),
        (errno.ERANGE, "NFS4: OPEN (path /x) failed with NFS4ERR_GRACE(-34)", OSError, errno.EAGAIN),
        (errno.EINTR, "command timed out", StateLost, errno.ETIMEDOUT),
        (errno.EFAULT, "", StateLost, errno.EIO),
        (errno.EIO, "nfs_service failed", StateLost, errno.EIO),
        (errno.EIO, "NFS4: READ (path /x) failed with NFS4ERR_IO(-5)", OSError, errno.EIO),
    ],
)
def test_fault_tells_answers_from_breaks(code: int, text: str, kind: type[OSError], number: int) -> None:
    """What the server answers is final; a broken connection or a forgotten lease is not."""
    error = fault(code, text)
    assert (kind is StateLost, number) == (isinstance(error, StateLost), error.errno)


def test_caller_of_process_has_its_groups() -> None:
    """The groups are those of the process, at most as many as AUTH_SYS can carry."""
    caller = caller_of(1, 2, os.getpid())
    assert (1, 2, tuple(os.getgroups()[:16])) == (caller.uid, caller.gid, caller.groups)


def test_caller_of_process_that_is_gone_has_no_groups() -> None:
    """The kernel asks on behalf of no process when it writes back."""
    assert Caller(1, 2) == caller_of(1, 2, 0)


def test_share_does_it_again_when_state_is_lost() -> None:
    """A server that restarted is met with a new session, and the program notices nothing."""
    first, second = PlayedSession({"nfs_rmdir": StateLost(errno.EIO, "gone")}), PlayedSession()
    PlayedShare(first, second).rmdir("/x")
    assert (["nfs_rmdir"], True) == (second.functions, first.hung_up)


def test_share_renews_a_connection_that_the_server_closed() -> None:
    """Nothing is sent into a connection that is known to be closed."""
    first, second = PlayedSession(), PlayedSession()
    first.closed_by_server = True
    PlayedShare(first, second).unlink("/x")
    assert ([], ["nfs_unlink"]) == (first.functions, second.functions)


def test_share_passes_on_what_the_server_refuses() -> None:
    """An answer is an answer: nothing is tried again."""
    first = PlayedSession({"nfs_unlink": PermissionError(errno.EACCES, "no")})
    with pytest.raises(PermissionError):
        PlayedShare(first).unlink("/x")
    assert ["nfs_unlink"] == first.functions


def test_destroy_hangs_up_without_a_new_session() -> None:
    """Unmounting does not connect again, not even when the server is gone."""
    first, second = PlayedSession(), PlayedSession()
    first.closed_by_server = True
    PlayedShare(first, second).destroy("/")
    assert (True, []) == (first.hung_up, second.functions)


def test_open_asks_as_the_one_who_opens() -> None:
    """Every open(2) is an OPEN of its own, with the credential of its process."""
    session = PlayedSession()
    share = PlayedShare(session)
    share.open("/x", os.O_RDONLY)
    share.caller = TEACHER
    share.open("/x", os.O_RDONLY)
    assert [("nfs_open2", STUDENT), ("nfs_open2", TEACHER)] == session.calls


def test_open_in_a_folder_that_may_not_be_changed_is_denied() -> None:
    """libnfs says EINVAL for it, which would puzzle a student."""
    share = PlayedShare(PlayedSession({"nfs_open2": OSError(errno.EINVAL, "")}))
    with pytest.raises(PermissionError):
        share.open("/x", os.O_WRONLY)


def test_release_closes_with_the_last_user_only() -> None:
    """Two programs that have a file open share one state on the server."""
    session = PlayedSession()
    share = PlayedShare(session)
    numbers = [share.open("/x", os.O_RDONLY), share.open("/x", os.O_RDONLY)]
    share.release("/x", numbers[0])
    before = session.functions.count("nfs_close")
    share.release("/x", numbers[1])
    assert (0, 1) == (before, session.functions.count("nfs_close"))


def test_read_opens_again_in_a_new_session_as_the_one_who_opened() -> None:
    """A file that was open when the server restarted can be read on, under the first one's name."""
    first, second = PlayedSession({"nfs_pread": StateLost(errno.EIO, "gone")}), PlayedSession()
    share = PlayedShare(first, second)
    number = share.open("/x", os.O_RDONLY)
    share.caller = TEACHER
    share.read("/x", 10, 0, number)
    assert [("nfs_open2", STUDENT), ("nfs_pread", STUDENT)] == second.calls


def test_write_sends_parts_that_libnfs_can_encode() -> None:
    """libnfs 4.0 has 4 KiB for a call."""
    session = PlayedSession()
    share = PlayedShare(session)
    number = share.create("/x", 0o644)
    written = share.write("/x", b"x" * (2 * MOST_WRITTEN + 1), 0, number)
    assert (2 * MOST_WRITTEN + 1, 3) == (written, session.functions.count("nfs_pwrite"))


def test_flush_commits_what_was_written_once() -> None:
    """COMMIT goes out when a program closes what it wrote, not when it closes what it read."""
    session = PlayedSession()
    share = PlayedShare(session)
    number = share.create("/x", 0o644)
    share.flush("/x", number)
    before = session.functions.count("nfs_fsync")
    share.write("/x", b"x", 0, number)
    share.flush("/x", number)
    share.flush("/x", number)
    assert (0, 1) == (before, session.functions.count("nfs_fsync"))


def test_truncate_of_an_open_file_keeps_its_state() -> None:
    """libnfs's truncate by path would end it by a CLOSE."""
    session = PlayedSession()
    share = PlayedShare(session)
    share.open("/x", os.O_WRONLY)
    share.truncate("/x", 0)
    share.truncate("/y", 0)
    assert ["nfs_open2", "nfs_ftruncate", "nfs_truncate"] == session.functions


def test_utimens_of_an_open_file_ends_its_state() -> None:
    """After libnfs's own CLOSE, ours would count as a wrong one."""
    session = PlayedSession()
    share = PlayedShare(session)
    number = share.create("/x", 0o644)
    share.utimens("/x", None)
    share.release("/x", number)
    assert ["nfs_open2", "nfs_utimes"] == session.functions


def test_rename_of_an_open_file_keeps_its_state() -> None:
    """What is open under the old name is closed under the new one."""
    session = PlayedSession()
    share = PlayedShare(session)
    number = share.open("/x", os.O_RDONLY)
    share.rename("/x", "/y")
    share.release("/y", number)
    assert (["nfs_open2", "nfs_rename", "nfs_close"], {}) == (session.functions, share.files)


def test_connect_within_tries_until_the_server_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """At boot the server may start later than its client."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    answers: list[PlayedSession | StateLost] = [StateLost(errno.EIO, "refused"), PlayedSession()]

    def connect() -> Session:
        answer = answers.pop(0)
        if isinstance(answer, StateLost):
            raise answer
        return answer

    expected = answers[1]
    assert expected is mount.connect_within(connect, lambda: None, 60.0)


def test_connect_within_says_why_it_gave_up() -> None:
    """libnfs does not tell; a plain connection does."""

    def connect() -> Session:
        raise StateLost(errno.EIO, "nfs_service failed")

    def reach() -> None:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    with pytest.raises(ConnectionRefusedError):
        mount.connect_within(connect, reach, -1.0)


LISTED = """\
\tlibnfs.so.9 (libc6,x86-64) => /lib/x86_64-linux-gnu/libnfs.so.9
\tlibnfs.so.16.2.0 (libc6,x86-64) => /lib/x86_64-linux-gnu/libnfs.so.16.2.0
\tlibnfs.so.13 (libc6,x86-64) => /lib/x86_64-linux-gnu/libnfs.so.13
\tlibnfs.so (libc6,x86-64) => /lib/x86_64-linux-gnu/libnfs.so
\tlibnfsidmap.so.1000 (libc6,x86-64) => /lib/x86_64-linux-gnu/libnfsidmap.so.1000
"""


def test_newest_is_the_highest_number() -> None:
    """Neither the order of the list nor another library's name counts."""
    assert (16, 2, 0) == newest(LISTED)


def test_newest_names_the_package_when_there_is_none() -> None:
    """A host without libnfs is told what to install."""
    with pytest.raises(OSError, match="install its package"):
        newest("\tlibc.so.6 (libc6,x86-64) => /lib/x86_64-linux-gnu/libc.so.6\n")


@pytest.mark.parametrize(
    ("version", "function", "expected"),
    [
        ((13,), "nfs_pread", ("handle", "offset", "size", "buffer")),
        ((16, 2, 0), "nfs_pread", ("handle", "buffer", "size", "offset")),
        ((16, 2, 0), "nfs_pwrite", ("handle", "buffer", "size", "offset")),
        ((16, 2, 0), "nfs_open2", ("handle", "offset", "size", "buffer")),
    ],
)
def test_order_follows_the_version(
    version: tuple[int, ...], function: str, expected: tuple[str, ...]
) -> None:
    """libnfs 6 turned the arguments of reading and writing around, and no others."""
    libnfs = Libnfs.__new__(Libnfs)
    libnfs.version = version
    assert expected == libnfs.order(function, ("handle", "offset", "size", "buffer"))


def test_unlink_of_an_open_file_keeps_its_state_apart() -> None:
    """It can still be closed, and a new file of that name has a state of its own."""
    session = PlayedSession()
    share = PlayedShare(session)
    first = share.create("/x", 0o644)
    share.unlink("/x")
    second = share.create("/x", 0o644)
    share.release("/x", first)
    assert ["/x"] == list(share.files) == [share.paths[second]]
    share.release("/x", second)
    assert ({}, {}) == (share.files, share.paths)
