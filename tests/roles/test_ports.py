"""The roles of the lab ports: daemons that answer, nmap that stays at home, a router that can be closed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testinfra.host import Host

from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]

UNITS = [
    ("server", "vsftpd"),
    ("server", "telnet.socket"),
    ("server", "postfix"),
    ("server", "dovecot"),
    ("server", "snmpd"),
    ("server", "rsyslog"),
    ("server", "mariadb"),
    ("router", "nginx"),
    ("printer", "snmpd"),
    ("printer", "listener@9100"),
]


def address(plan: Plan, host: str) -> str:
    """Return where a host is on the lab's network."""
    return str(plan.seat.address(host, "lan").ipv4.ip)


@pytest.mark.parametrize(("host", "unit"), UNITS)
def test_daemon_runs_now_and_after_a_reboot(served: HostOf, host: str, unit: str) -> None:
    """Each daemon is a unit that runs and is enabled."""
    service = served(host).service(unit)
    assert (True, True) == (service.is_running, service.is_enabled)


@pytest.mark.parametrize("host", ["client", "server", "router", "printer"])
def test_no_unit_failed(served: HostOf, host: str) -> None:
    """Nothing on the host failed to start."""
    assert "" == served(host).check_output("systemctl --failed --plain --no-legend").strip()


def test_ftp_gives_a_file_and_takes_none(served: HostOf, ports: Plan) -> None:
    """Anonymous downloads work in passive mode; uploads are refused (curl's exit code 25)."""
    url = f"ftp://{address(ports, 'server')}/readme.txt"
    assert "Fetched by FTP." == served("client").check_output(f"curl --silent --show-error {url}").strip()
    assert 25 == served("client").run(f"curl --silent --upload-file /etc/hostname {url}").rc


def test_mail_arrives_and_is_not_relayed(served: HostOf, ports: Plan) -> None:
    """A message for the student is in his mailbox at once; one for elsewhere is refused (55)."""
    send = f"echo pouet-{ports.seat.token} | curl --silent --mail-from student@client --upload-file - "
    server = f"smtp://{address(ports, 'server')}/client"
    assert 0 == served("client").run(f"{send} --mail-rcpt student {server}").rc
    wait = f"timeout 60 sh -c 'until grep -q pouet-{ports.seat.token} /var/mail/student; do sleep 0.1; done'"
    assert 0 == served("server").run(wait).rc
    assert 55 == served("client").run(f"{send} --mail-rcpt someone@example.org {server}").rc


def test_mail_without_tls_takes_no_password(served: HostOf, ports: Plan) -> None:
    """Plain IMAP greets, and refuses a login before STARTTLS."""
    said = served("client").check_output(
        f"printf 'a LOGIN student x\\r\\nb LOGOUT\\r\\n' | nc -w 5 {address(ports, 'server')} 143"
    )
    assert "* OK" in said and "a NO [PRIVACYREQUIRED]" in said


def test_logs_of_others_are_kept(served: HostOf, ports: Plan) -> None:
    """What another host logs is in the collector's file."""
    word = f"role-{ports.seat.token}"
    served("client").check_output(f"logger --tcp --server {address(ports, 'server')} --port 514 {word}")
    wait = f"timeout 60 sh -c 'until grep -q {word} /var/log/remote.log; do sleep 0.1; done'"
    assert 0 == served("server").run(wait).rc


def test_snmp_tells_and_cannot_be_told(served: HostOf, ports: Plan) -> None:
    """The location is the seat's token; setting it is refused, and so is another community."""
    at, oid = address(ports, "printer"), ".1.3.6.1.2.1.1.6.0"
    assert ports.seat.token in served("client").check_output(f"snmpget -v2c -c public {at} {oid}")
    assert 0 != served("client").run(f"snmpset -v2c -c public {at} {oid} s x").rc
    assert 0 != served("client").run(f"snmpget -t 1 -r 0 -v2c -c private {at} {oid}").rc


def test_database_answers_its_own_host_alone(served: HostOf) -> None:
    """Over its UNIX socket, to root; on the network it is on 127.0.0.1."""
    assert "1" == served("server").check_output("mariadb --skip-column-names --execute 'select 1'").strip()
    assert "127.0.0.1:3306" in served("server").check_output("ss -Hlnt sport = 3306")


def test_telnet_asks_who_is_there(served: HostOf, ports: Plan) -> None:
    """The daemon negotiates, then asks for a name."""
    said = served("client").check_output(f"nc -t -w 2 {address(ports, 'server')} 23 | tr -cd '[:print:]'")
    assert "login:" in said


def test_router_table_is_what_systemd_has(served: HostOf, ports: Plan) -> None:
    """www-ssl is off and can be turned on: its port then answers, and the table says so."""
    router, web = served("router"), f"curl --silent --insecure https://{address(ports, 'router')}/"
    assert " 4 X www-ssl  443" in router.check_output("ip-service print").splitlines()
    assert 7 == served("client").run(web).rc
    router.check_output("ip-service enable www-ssl")
    try:
        assert " 4   www-ssl  443" in router.check_output("ip-service print").splitlines()
        retry = "--retry 20 --retry-delay 1 --retry-connrefused"
        assert ports.seat.token in served("client").check_output(f"{web} {retry}")
    finally:
        router.check_output("ip-service disable www-ssl")
    assert " 4 X www-ssl  443" in router.check_output("ip-service print").splitlines()
    assert 2 == router.run("ip-service disable nothing").rc


FOREIGN = [
    "192.0.2.1",
    "127.0.0.1",
    "{network}",
    "{server}-254",
    "{server},9",
    "example.org",
    "{server} 192.0.2.1",
]


@pytest.mark.parametrize("words", FOREIGN)
@pytest.mark.parametrize("user", ["student", "root", "sudo"])
def test_nmap_refuses_what_is_not_the_seats(served: HostOf, ports: Plan, words: str, user: str) -> None:
    """An address, a network, a range, a list or a name that means an address of no host."""
    network = ports.seat.address("server", "lan").ipv4.network
    target = words.format(network=network, server=address(ports, "server"))
    command = f"nmap -sn -n {target}"
    if user != "root":
        command = f"runuser -l student -c '{'sudo ' * (user == 'sudo')}{command}'"
    done = served("client").run(command)
    assert (77, "") == (done.rc, done.stdout)
    assert "refused" in done.stderr


@pytest.mark.parametrize(
    "words", ["-iR 1", "--script default {server}", "-D {server} {server}", "-sI {router} {server}"]
)
def test_nmap_refuses_what_may_reach_others(served: HostOf, ports: Plan, words: str) -> None:
    """Options that draw others in, even with targets of the seat."""
    target = words.format(server=address(ports, "server"), router=address(ports, "router"))
    assert 77 == served("client").run(f"nmap {target}").rc


@pytest.mark.parametrize(
    "words", ["{server}", "{server},12,13", "{server}-13", "server.{domain}", "-6 {server6}"]
)
def test_nmap_scans_what_is_the_seats(served: HostOf, ports: Plan, words: str) -> None:
    """One, several, a range, a name, over IPv6: the words go to nmap as they are."""
    values = {
        "server": address(ports, "server"),
        "server6": ports.seat.address("server", "lan").ipv6.ip,
        "domain": ports.seat.domain,
    }
    done = served("client").run(f"nmap -n -p 22 {words.format(**values)}")
    assert (0, "") == (done.rc, done.stderr)
    assert "22/tcp" in done.stdout


def test_nmap_without_its_list_scans_nothing(served: HostOf, ports: Plan) -> None:
    """Where it is not known what is the seat's, nothing is."""
    client, target = served("client"), address(ports, "server")
    client.check_output("mv /etc/sharklab/scan-targets /etc/sharklab/away")
    try:
        assert 77 == client.run(f"nmap -n -sn {target}").rc
    finally:
        client.check_output("mv /etc/sharklab/away /etc/sharklab/scan-targets")
