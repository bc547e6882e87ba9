"""The program that tries effects: on real sockets beyond a cable, as real users, with programs that hang."""

from __future__ import annotations

import errno
import inspect
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sharklab.evidence import effect_program
from tests.support import programs

NEAR, FAR, FAR_IPV6, OTHER = "10.99.0.1", "10.99.0.2", "fd99::2", "10.99.0.4"
RULES = """
table inet filter {
    chain input {
        type filter hook input priority filter
        tcp dport 81 reject with icmpx admin-prohibited
        tcp dport 82 drop
        udp dport 3478 drop
    }
}
"""
OWN_RULES = f"""
table inet own {{
    chain output {{
        type filter hook output priority filter
        tcp dport 84 reject with tcp reset
        tcp dport 85 reject with icmp port-unreachable
    }}
    chain nat {{
        type nat hook output priority -100
        tcp dport 86 dnat ip to {OTHER}:80
    }}
}}
"""
"""Rules of the host itself, which answer in the place of the server, or ask another one."""
SERVER = """
import socket, sys
listening, nfs = (socket.create_server(("0.0.0.0", port)) for port in (80, 2049))
dns, ntp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
dns.bind(("0.0.0.0", 53)); ntp.bind(("0.0.0.0", 123))
print("ready", flush=True)
question, asker = dns.recvfrom(512)
dns.sendto(b"no answer", asker)
dns.sendto(question[:2] + b"\\x85" + question[3:], asker)
question, asker = ntp.recvfrom(512)
ntp.sendto(b"\\x24" + bytes(23) + question[40:48] + bytes(16), asker)
for answer in (b"", b"SSH-2.0-fake", None):
    [connection, _] = nfs.accept()
    call = connection.recv(512)
    length = len(call).to_bytes(4, "big")
    connection.sendall(length + call[4:8] + bytes(3) + b"\\1" + bytes(16) if answer is None else answer)
    connection.close()
listening.accept()
"""
NETWORK = f"""
set -e
mount -t tmpfs run /run
ip netns add far
ip link set lo up
ip link add lan type veth peer name lan netns far
ip address add {NEAR}/24 dev lan && ip link set lan up
echo 100 > /proc/sys/net/ipv4/neigh/lan/retrans_time_ms # of ARP
ip -n far address add {FAR}/24 dev lan && ip -n far link set lan up
ip -n far address add {OTHER}/24 dev lan
ip -n far address add {FAR_IPV6}/64 dev lan nodad && ip address add fd99::1/64 dev lan nodad
printf '%s' "$2" | ip netns exec far nft -f -
printf '%s' "$4" | nft -f -
ip netns exec far timeout 60 "$0" -I -c "$3" | (read ready; exec "$0" -I -c "$1")
"""
"""The commands of a host and of a server beyond a cable; the program runs on the host."""
TRIES: dict[str, dict[str, Any]] = {
    f"{FAR} 80/tcp": {"verdict": "open"},
    f"{FAR} 81/tcp": {"verdict": "rejected", "icmp": [3, 13], "origin": FAR},
    f"{FAR} 82/tcp": {"verdict": "silent"},
    f"{FAR} 83/tcp": {"verdict": "refused"},
    f"{FAR} 84/tcp": {"verdict": "refused", "unheard": True},
    f"{FAR_IPV6} 83/tcp": {"verdict": "refused"},
    f"{FAR_IPV6} 84/tcp": {"verdict": "refused", "unheard": True},
    f"{FAR} 85/tcp": {"verdict": "rejected", "icmp": [3, 3], "origin": NEAR},
    f"{FAR} 86/tcp": {"verdict": "open", "unheard": True},
    f"{FAR} 53/udp": {"verdict": "open"},
    f"{FAR} 123/udp": {"verdict": "open"},
    f"{FAR} 3478/udp": {"verdict": "silent"},
    f"{NEAR} 3478/udp": {"verdict": "refused", "icmp": [3, 3], "origin": NEAR, "own": True},
    f"{NEAR} 80/tcp": {"verdict": "refused", "own": True},
    "10.99.0.3 80/tcp": {"verdict": "silent"},
    "192.0.2.1 80/tcp": {"verdict": "silent"},
    "fd00::1 80/tcp": {"verdict": "silent"},
}


def test_reaches_tells_what_packets_tell() -> None:
    """A RST, an ICMP error and no answer are three things, for TCP and for UDP; so are questions answered.

    Of three programs at the port of NFS, one answers a call. What a rule of the host answers is unheard.
    """
    attempts = [["reaches", "server", *words.split()] for words in [*TRIES, *[f"{FAR} 2049/tcp"] * 3]]
    text = f"{inspect.getsource(effect_program)}\nPATIENCE = 1.5\nmain({json.dumps(attempts)})\n"
    script = ["sh", "-c", NETWORK, sys.executable, text, RULES, SERVER, OWN_RULES]
    words = ["unshare", "--net", "--mount", *script]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "" == done.stderr
    found = [{**effect, "said": ""} for effect in json.loads(done.stdout)]
    assert [{**effect, "said": ""} for effect in TRIES.values()] == found[:-3]
    assert ["open", "other", "other"] == sorted(each["verdict"] for each in found[-3:])


def one(*words: str) -> dict[str, Any]:
    """Return what one attempt came to."""
    [effect] = effect_program.results([words])
    return effect


def test_resolves_as_programs_do() -> None:
    """The name of this host has an address, a name that nobody can have has none (RFC 6761)."""
    assert "127.0.0.1" in one("resolves", "localhost")["addresses"]
    assert "unknown" == one("resolves", "nothing..invalid")["verdict"]


def test_resolves_by_one_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that is named is the only one that is asked."""
    assert ["127.0.0.1"] == [
        each for each in one("resolves", "localhost", "files")["addresses"] if "." in each
    ]
    programs.script(tmp_path, "getent", f"echo $* > {tmp_path}/words; exit 2")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    assert {"verdict": "unknown", "said": "dns: no address"} == one("resolves", "www", "dns")
    assert "-s dns ahosts www\n" == (tmp_path / "words").read_text()


def test_writes_leaves_no_file_that_was_refused_too_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of NFS makes the file in a first step, and may refuse the second one."""
    made, opened = list[str](), os.open

    def refuse(name: str, flags: int, mode: int) -> int:
        made.append(name)
        os.close(opened(name, flags, mode))
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(signal, "signal", lambda *words: None)
    monkeypatch.setattr(signal, "alarm", lambda seconds: None)
    monkeypatch.setattr(effect_program, "_become", lambda user: "")
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError):
        effect_program.writes("root", str(tmp_path))
    assert (1, []) == (len(made), [*tmp_path.iterdir()])


def test_writes_as_the_user(tmp_path: Path) -> None:
    """The file is gone afterwards; who may not write, and who does not exist, is refused."""
    done = one("writes", "root", str(tmp_path))
    assert ("done", True, True) == (done["verdict"], "device" in done, "type" in done)
    assert [] == list(tmp_path.iterdir())
    assert {"verdict": "refused", "said": "Permission denied"} == one("writes", "nobody", str(tmp_path))
    assert "refused" == one("writes", "no-such-user", str(tmp_path))["verdict"]


def test_reads_as_the_user(tmp_path: Path) -> None:
    """The text may be anywhere in the file; who may not read is refused."""
    file = tmp_path / "readme.txt"
    file.write_text("Share of tok7f3a\n")
    assert "done" == one("reads", "root", str(file), "tok7f3a")["verdict"]
    assert "other" == one("reads", "root", str(file), "tok0000")["verdict"]
    assert {"verdict": "done", "type": "proc", "device": "proc"} == one("reads", "root", "/proc/uptime", ".")
    tmp_path.chmod(0o700)
    assert {"verdict": "refused", "said": "Permission denied"} == one("reads", "nobody", str(file), "tok7f3a")
    assert "refused" == one("reads", "root", str(tmp_path / "none"), "x")["verdict"]


@pytest.mark.parametrize(
    ("script", "effect"),
    [
        ("echo 2b6f", {"verdict": "done", "boot_id": "2b6f"}),
        ("echo Welcome; echo 2b6f", {"verdict": "done", "boot_id": "2b6f"}),
        (
            """echo 'Authenticated to 10.0.0.2 ([10.0.0.2]:22) using "none".' >&2; echo 2b6f""",
            {"verdict": "refused", "said": "ada has no password at server"},
        ),
        (
            "echo first >&2; echo 'denied (publickey).' >&2; exit 255",
            {"verdict": "refused", "said": "denied (publickey)."},
        ),
        ("exit 255", {"verdict": "refused", "said": ""}),
    ],
)
def test_logs_in_without_a_question(
    script: str, effect: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line of ssh is the reason; the first file of known hosts keeps nothing."""
    programs.script(tmp_path, "ssh", f'printf "%s " "$@" > {tmp_path}/words', script)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert effect == one("logs_in", "root", "ada", "server", "10.0.0.2")
    words = (tmp_path / "words").read_text()
    assert {"BatchMode=yes", "HostName=10.0.0.2", "StrictHostKeyChecking=accept-new"} <= set(words.split())
    assert "UserKnownHostsFile=/dev/null " in words
    assert words.endswith("-l ada -- server cat /proc/sys/kernel/random/boot_id ")


def test_an_attempt_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, with every program that it started."""
    read, write = os.pipe()
    os.set_inheritable(write, True)

    def hang() -> dict[str, Any]:
        subprocess.run(["sleep", "600"], check=False, close_fds=False)
        return {}

    monkeypatch.setitem(effect_program.ATTEMPTS, "hang", hang)
    assert [{"verdict": "late"}] == effect_program.results([["hang"]], limit=0.3)
    os.close(write)
    assert [read] == select.select([read], [], [], 60)[0], "a program of the attempt still runs"
    assert b"" == os.read(read, 1)
    os.close(read)


def test_a_late_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that answers again after the time is up has nothing of the attempt."""
    folder = tmp_path / "folder"
    folder.mkdir()
    read, write = os.pipe()  # it ends with the process of the attempt
    answers, answer = os.pipe()
    monkeypatch.setattr(os, "fsync", lambda _: os.read(answers, 1))
    assert [{"verdict": "late"}] == effect_program.results([["writes", "root", str(folder)]], limit=0.3)
    os.write(answer, b"x")
    os.close(write)
    assert [read] == select.select([read], [], [], 60)[0], "the attempt still runs"
    assert (b"", []) == (os.read(read, 1), list(folder.iterdir()))
    for end in (read, answers, answer):
        os.close(end)


def test_an_attempt_that_breaks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the program is not one of the host, and one that ends without a word is one too."""
    monkeypatch.setitem(effect_program.ATTEMPTS, "end", lambda: os._exit(1))
    broken, ended = effect_program.results([["writes"], ["end"]])
    assert ("error", True) == (broken["verdict"], broken["said"].startswith("TypeError"))
    assert {"verdict": "error", "said": "no result"} == ended


def test_a_name_that_is_answered_after_its_time_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs give up by then; the attempt itself may take longer, on a slow machine."""
    monkeypatch.setattr(effect_program, "ANSWER", -1.0)
    assert "late" == one("resolves", "localhost")["verdict"]
