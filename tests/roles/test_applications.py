"""The servers of part I and their clients on the desktop: web, mail, chat, time and voice."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from testinfra.host import Host

from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]


def as_student(host: Host, command: str) -> str:
    """Run a command as the student, as probes do, and return what it prints."""
    return str(host.check_output(f"runuser -l student -c {quoted(command)}"))


def quoted(text: str) -> str:
    """Return `text` as one word for a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def call(plan: Plan) -> str:
    """Return the command of a call by the relay's user, all but its other end."""
    wanted = plan.lab.host("server").vars
    login = f"-u {wanted.get('voice_server_user', 'student')} -w {wanted['voice_server_password']}"
    return f"turnutils_uclient -c -X -l 160 {login}"


SOCKETS = (
    ("tcp", 443, "nginx"),
    ("tcp", 993, "dovecot"),
    ("tcp", 1883, "mosquitto"),
    ("udp", 123, "chronyd"),
    ("udp", 3478, "turnserver"),
)


@pytest.mark.parametrize(("protocol", "port", "process"), SOCKETS)
def test_server_listens_for_the_lab(host_of: HostOf, protocol: str, port: int, process: str) -> None:
    """Each server has its socket on every IPv4 address of the host."""
    lines = host_of("server").check_output(f"ss --numeric --listening --processes --{protocol}").splitlines()
    assert any(f" 0.0.0.0:{port} " in line and f'"{process}"' in line for line in lines)


@pytest.mark.parametrize("unit", ["nginx", "dovecot", "mosquitto", "chrony", "coturn"])
def test_server_starts_with_the_host(host_of: HostOf, unit: str) -> None:
    """Each server runs and is enabled."""
    service = host_of("server").service(unit)
    assert (True, True) == (service.is_running, service.is_enabled)


@pytest.mark.parametrize("page", ["", "page2.html", "page3.html"])
def test_web_page_carries_the_token(host_of: HostOf, plan: Plan, page: str) -> None:
    """Each page of the site has the seat's token as its title."""
    text = as_student(host_of("desktop"), f"curl --silent --show-error https://www.{plan.seat.domain}/{page}")
    assert f"<title>{plan.seat.token}</title>" in text


def test_web_pages_come_on_one_connection(host_of: HostOf, plan: Plan) -> None:
    """The server keeps the connection open between pages."""
    pages = " ".join(f"https://www.{plan.seat.domain}/{page}" for page in ("", "page2.html", "page3.html"))
    silent = "curl --silent --show-error --output /dev/null --output /dev/null --output /dev/null"
    made = as_student(host_of("desktop"), f"{silent} --write-out '%{{num_connects}}\\n' {pages}")
    assert ["1", "0", "0"] == made.split()


def test_mailbox_holds_the_message(host_of: HostOf, plan: Plan) -> None:
    """The student's mail program logs in by itself and reads the token."""
    text = as_student(
        host_of("desktop"),
        f"curl --netrc --silent --show-error 'imaps://mail.{plan.seat.domain}/INBOX;MAILINDEX=1'",
    )
    assert f"Subject: {plan.seat.token}" in text


def test_mailbox_refuses_a_wrong_password(host_of: HostOf, plan: Plan) -> None:
    """Without the password there is no mail: curl ends with `login denied` (67)."""
    done = host_of("desktop").run(f"curl --silent --user student:wrong imaps://mail.{plan.seat.domain}/INBOX")
    assert 67 == done.rc


def test_mail_server_keeps_no_password(host_of: HostOf, plan: Plan) -> None:
    """The host has only a hash, and only dovecot may read it."""
    users = host_of("server").file("/etc/dovecot/lab-users")
    assert (0o640, "root", "dovecot") == (users.mode, users.user, users.group)
    assert re.fullmatch(r"student:\{SHA256\.HEX\}[0-9a-f]{64}\n", users.content_string)


def test_mail_is_read_over_tls_only(host_of: HostOf) -> None:
    """Nothing listens on the port of plain IMAP."""
    assert not host_of("server").socket("tcp://0.0.0.0:143").is_listening


def test_chat_brings_a_message_to_who_listens(host_of: HostOf, plan: Plan) -> None:
    """What one program says, another hears."""
    where = f"-h chat.{plan.seat.domain} -t test/{plan.seat.token}"
    kept, forget = f"mosquitto_pub {where} -r -m {plan.seat.token}", f"mosquitto_pub {where} -r -n"
    heard = as_student(host_of("desktop"), f"{kept}; mosquitto_sub {where} -C 1 -W 10; {forget}")
    assert plan.seat.token == heard


def test_time_server_answers_and_leaves_the_clock_alone(host_of: HostOf, plan: Plan) -> None:
    """A client gets the time, from a server that was told never to set it."""
    query = f"/usr/sbin/chronyd -Q -U -4 -t 10 'server ntp.{plan.seat.domain} iburst maxsamples 1'"
    as_student(host_of("desktop"), query)
    assert "-x" in host_of("server").check_output("ps -C chronyd -o args=").split()


def test_voice_comes_back_without_loss(host_of: HostOf, plan: Plan) -> None:
    """Every packet of a call returns from the relay's other end."""
    text = as_student(host_of("desktop"), f"{call(plan)} -e 127.0.0.1 -n 20 voice.{plan.seat.domain}")
    assert "tot_send_msgs=20, tot_recv_msgs=20" in text


def test_voice_relay_reaches_nothing_else(host_of: HostOf, plan: Plan) -> None:
    """The relay lets nobody through to a host of the lab."""
    peer = plan.seat.address("client", "lan").ipv4.ip
    refused = f"! timeout 20 {call(plan)} -e {peer} -n 1 voice.{plan.seat.domain} 2>&1"
    assert "error 403 (Forbidden IP)" in host_of("desktop").check_output(refused)


def test_desktop_runs_no_server_of_its_programs(host_of: HostOf) -> None:
    """The relay that comes with its client stays off."""
    service = host_of("desktop").service("coturn")
    assert (False, False) == (service.is_running, service.is_enabled)


def test_desktop_keeps_passwords_for_the_student_alone(host_of: HostOf) -> None:
    """Nobody else reads the file of passwords."""
    file = host_of("desktop").file("/home/student/.netrc")
    assert ("student", 0o600) == (file.user, file.mode)
