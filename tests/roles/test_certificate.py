"""Roles certificate and certificate_trust: a certificate for the seat's names, accepted on the desktop."""

from __future__ import annotations

from collections.abc import Callable

from testinfra.host import Host

from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]
FOLDER = "/etc/pki/lab"


def test_key_is_for_root_alone(host_of: HostOf) -> None:
    """Nobody but root can read the key."""
    key = host_of("server").file(f"{FOLDER}/lab.key")
    assert ("root", 0o600) == (key.user, key.mode)


def test_certificate_belongs_to_the_key(host_of: HostOf) -> None:
    """Certificate and key hold the same public key."""
    server = host_of("server")
    of_key = server.check_output(f"openssl pkey -in {FOLDER}/lab.key -pubout")
    assert of_key == server.check_output(f"openssl x509 -in {FOLDER}/lab.crt -noout -pubkey")


def test_certificate_is_for_the_names_of_the_seat(host_of: HostOf, plan: Plan) -> None:
    """Its alternative names are all of the seat's domain, because lab.yml names no others."""
    text = host_of("server").check_output(f"openssl x509 -in {FOLDER}/lab.crt -noout -ext subjectAltName")
    wanted = [f"DNS:*.{plan.seat.domain}", f"DNS:{plan.seat.domain}"]
    assert wanted == text.splitlines()[1].strip().split(", ")


def test_desktop_trusts_the_certificate(host_of: HostOf, plan: Plan) -> None:
    """A program that knows nothing of the lab accepts the server by the system's own trust store."""
    where = f"www.{plan.seat.domain}"
    names = f"-connect {where}:443 -servername {where} -verify_hostname {where}"
    done = host_of("desktop").run(f"openssl s_client {names} -verify_return_error -brief < /dev/null")
    assert (0, True) == (done.rc, "Verification: OK" in done.stderr)


def test_client_does_not_trust_the_certificate(host_of: HostOf, plan: Plan) -> None:
    """Where nobody asked for trust there is none."""
    where, server = f"www.{plan.seat.domain}", plan.seat.address("server", "lan").ipv4.ip
    done = host_of("client").run(f"curl --silent --resolve {where}:443:{server} https://{where}/")
    assert 60 == done.rc
