"""Derive a student's seat: addresses, names and a token that no other student has.

Everything comes from HMAC-SHA-256 (RFC 2104) over the lab, the student and a
label, keyed by the course secret: the values of one seat tell nothing about those of
another. Subnets are few enough to collide, so the course keeps a
register of those it has given out and a colliding seat is drawn again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.errors import InputError, MachineryError
from sharklab.lab import fault_choice
from sharklab.lab.model import Address, LabContent, Seat
from sharklab.message import N_, Message

STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
ID = re.compile(r"[0-9a-f]{8}")
GOLDEN, STRANGER = "golden", "somebody-else"
"""Students of sample seats: to check or bake a lab, and to stand for another student."""
HOST_NUMBERS = range(10, 250)
GATEWAY = 254
"""The number of the gateway of a network; hosts have 1 to 250 (lab.schema.json)."""


@dataclass(frozen=True)
class Draw:
    """Values for one lab and student; another `salt` gives other values."""

    secret: bytes
    lab: str
    student: str
    salt: int = 0

    def bytes(self, label: str) -> bytes:
        """Return 32 bytes that only the secret's holder can compute."""
        text = "\0".join(("sharklab", self.lab, self.student, str(self.salt), label))
        return hmac.new(self.secret, text.encode(), hashlib.sha256).digest()

    def word(self, label: str, length: int) -> str:
        """Return `length` lower-case letters and digits (RFC 4648 base32: five bits each)."""
        return base64.b32encode(self.bytes(label)).decode().lower()[:length]

    def number(self, label: str, below: int) -> int:
        """Return a whole number from 0 to `below` - 1."""
        return int.from_bytes(self.bytes(label), "big") % below


def check_student(student: str) -> str:
    """Return `student` if it can name a seat. Raises InputError."""
    if not STUDENT.fullmatch(student):
        raise InputError(
            N_("{student!r} is not a valid student id"),
            place="--student",
            hint=N_("use at most 64 letters, digits and . _ @ + -, and start with a letter or a digit"),
            student=student,
        )
    return student


def derive(lab: LabContent, student: str, secret: bytes, taken: Container[IPv4Network] = ()) -> Seat:
    """Return the seat of `student` in `lab`, in subnets that are not in `taken`."""
    check_student(student)
    for salt in range(10_000):
        draw = Draw(secret, lab.name, student, salt)
        subnets = {network.name: _subnet(draw, network.name) for network in lab.networks}
        nets = set(subnets.values())
        if len(nets) == len(subnets) and not any(net in taken for net in nets):
            return _seat(lab, student, draw, subnets)
    raise MachineryError(
        N_("no free subnet is left for this seat"), hint=N_("remove seats with: sharklab down --all")
    )


def sample(lab: LabContent, student: str = GOLDEN) -> Seat:
    """Return a seat that belongs to no student; its secret is no course's."""
    return derive(lab, student, bytes(32))


def _seat(lab: LabContent, student: str, draw: Draw, subnets: Mapping[str, IPv4Network]) -> Seat:
    token, own = draw.word("token", 10), replace(draw, salt=0)
    domain, share = names(lab.name, token)
    return Seat(
        lab=lab.name,
        student=student,
        id=own.bytes("id").hex()[:8],
        token=token,
        domain=domain,
        share=share,
        addresses=_addresses(lab, draw, subnets),
        folder=state.seat_folder(lab.name, student),
        password=draw.word("password", 24),
        faults=fault_choice.choose(lab, own.number),
    )


def gateway(address: IPv4Interface) -> IPv4Interface:
    """Return the gateway to the Internet in the subnet of `address`."""
    return IPv4Interface((address.network.network_address + GATEWAY, address.network.prefixlen))


def names(lab: str, token: str) -> tuple[str, str]:
    """Return the domain and the share of a seat, which have its token in them."""
    return f"{token}.{lab}.test", f"{lab}-{token}"


def _subnet(draw: Draw, network: str) -> IPv4Network:
    """Return a /24 of 10.16.0.0 to 10.255.255.0 (RFC 1918), away from the most used ones."""
    index = draw.number(f"subnet {network}", 240 * 256)
    return IPv4Network(((10 << 24) + ((16 << 8) + index << 8), 24))


def _addresses(
    lab: LabContent, draw: Draw, subnets: Mapping[str, IPv4Network]
) -> Mapping[str, Mapping[str, Address]]:
    site = b"\xfd" + draw.bytes("site")[:5]  # RFC 4193: a unique local /48
    addresses: dict[str, dict[str, Address]] = {host.name: {} for host in lab.hosts}
    for index, network in enumerate(lab.networks):
        prefix = IPv6Network((int.from_bytes(site + index.to_bytes(2, "big") + bytes(8), "big"), 64))
        for host, number in _numbers(lab, draw, network.name).items():
            addresses[host][network.name] = Address(
                network=network.name,
                ipv4=IPv4Interface((int(subnets[network.name].network_address) + number, 24)),
                ipv6=IPv6Interface((int(prefix.network_address) + number, 64)),
                mac="02:" + draw.bytes(f"mac {host} {network.name}").hex(":")[:14],
            )
    return addresses


def _numbers(lab: LabContent, draw: Draw, network: str) -> Mapping[str, int]:
    """Return each host's number in `network`: the author's, else one drawn without repeats."""
    members = [host for host in lab.hosts if network in host.networks]
    numbers = {host.name: host.numbers[network] for host in members if network in host.numbers}
    for host in members:
        if host.name not in numbers:
            free = sorted({*HOST_NUMBERS} - {*numbers.values()})
            numbers[host.name] = free[draw.number(f"host {host.name} {network}", len(free))]
    return numbers


def register(lab: LabContent, student: str) -> Seat:
    """Return the seat of `student`, entered in the course's register so that no other gets its subnets.

    An imported seat is the one that the instructor made; any other is derived here.
    """
    return register_all(lab, [student])[0]


def register_all(lab: LabContent, students: Iterable[str]) -> list[Seat]:
    """Return the seats of `students` as `register` does, and write the register once for all of them."""
    file = _register_file()
    with state.lock(file.with_name("lock"), Message(N_("the course's register")), patience=10.0):
        entries = _read_register(file)
        course = _Course(entries)
        seats = []
        for student in students:
            seats.append(own := _find_seat(lab, student, course))
            course.enter(_register_key(lab, student), _nets(own))
        nets_by_key = {_register_key(lab, own.student): _nets(own) for own in seats}
        if any(entries.get(key) != nets for key, nets in nets_by_key.items()):
            state.write(file, json.dumps({**entries, **nets_by_key}, indent=1), 0o600, durable=True)
    return seats


def look_up(lab: LabContent, student: str) -> Seat:
    """Return the seat that `register` would return now, and leave the course's register as it is."""
    return look_up_all(lab, [student])[student]


def look_up_all(lab: LabContent, students: Iterable[str]) -> dict[str, Seat]:
    """Return the seat of each of `students` as `look_up` does."""
    course = _Course(_read_register(_register_file()))
    return {student: _find_seat(lab, student, course) for student in students}


def networks_of_others(own: Seat) -> frozenset[IPv4Network | IPv6Network]:
    """Return the networks of every seat in the course's register but `own`, and leave the register as it is.

    Raises MachineryError when the register is damaged.
    """
    entries = _read_register(_register_file())
    entries.pop(f"{own.lab}/{own.student}", None)
    given = {net for nets in entries.values() for net in nets}
    return frozenset(map(ip_network, given - {*_nets(own)}))


class _Course:
    """The secret of the course and the subnets of its seats, read once for all seats of a class."""

    def __init__(self, entries: Mapping[str, list[str]]) -> None:
        self._owners: dict[IPv4Network | IPv6Network, set[str]] = {}
        for key, nets in entries.items():
            self.enter(key, nets)

    @cached_property
    def secret(self) -> bytes:
        """The course secret."""
        return secret()

    def enter(self, key: str, nets: Iterable[str]) -> None:
        """Note that the seat `key` has these subnets."""
        for net in nets:
            self._owners.setdefault(ip_network(net), set()).add(key)

    def of_others(self, key: str) -> Container[IPv4Network]:
        """Return the subnets of all seats but `key`."""
        return _Others(self._owners, key)


@dataclass(frozen=True)
class _Others(Container[IPv4Network]):
    owners: Mapping[IPv4Network | IPv6Network, set[str]]
    key: str

    def __contains__(self, net: object) -> bool:
        return isinstance(net, IPv4Network) and bool(self.owners.get(net, set()) - {self.key})


def _find_seat(lab: LabContent, student: str, course: _Course) -> Seat:
    check_student(student)
    if given := read_import(lab.name, student):
        return from_plain(given["seat"])
    return derive(lab, student, course.secret, course.of_others(_register_key(lab, student)))


def _nets(seat: Seat) -> list[str]:
    places = [at for by_network in seat.addresses.values() for at in by_network.values()]
    return sorted({str(ip.network) for at in places for ip in (at.ipv4, at.ipv6)})


def _register_key(lab: LabContent, student: str) -> str:
    return f"{lab.name}/{student}"


def _register_file() -> Path:
    return state.folder(state.root() / "course") / "seats.json"


def _read_register(file: Path) -> dict[str, list[str]]:
    try:
        entries: dict[str, list[str]] = json.loads(file.read_text())
        return entries
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise MachineryError(
            N_("the course's register is damaged"),
            place=str(file),
            hint=N_("restore it, or remove it when no seat is up"),
        ) from error


def with_addresses(seat: Seat, given: Mapping[str, Mapping[str, str]]) -> Seat:
    """Return `seat` with hosts at the addresses that they have: {host: {"ipv4": ..., "ipv6": ...}}."""
    addresses = {host: dict(by_network) for host, by_network in seat.addresses.items()}
    for host, known in given.items():
        first, at = next(iter(addresses[host].items()))
        addresses[host][first] = _address(
            first, {"ipv4": str(at.ipv4), "ipv6": str(at.ipv6), "mac": at.mac, **known}
        )
    return replace(seat, addresses=addresses)


def at(folder: Path) -> Seat:
    """Return the seat that was started in `folder`; a damaged one is known by its folder's names alone,

    which is enough to remove it.
    """
    try:
        return from_plain(json.loads((folder / "seat.json").read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        lab, student = folder.parent.name, folder.name
        if given := read_import(lab, student):
            return from_plain(given["seat"])
        draw = Draw(secret(), lab, student)
        return Seat(lab, student, draw.bytes("id").hex()[:8], "", "", "", {}, folder)


def find_imported_file(lab: str, student: str) -> Path:
    """Return where the seat of `student` is kept when the instructor made it (`sharklab.lab.seat_file`)."""
    folder = state.seat_folder(lab, student)
    return state.root() / "imported" / folder.parent.name / f"{folder.name}.json"


def owners(lab: str) -> tuple[str, ...]:
    """Return the students whose seats of a lab were imported, sorted."""
    return tuple(sorted(file.stem for file in find_imported_file(lab, "any").parent.glob("*.json")))


def read_import(lab: str, student: str) -> Mapping[str, Any]:
    """Return the seat file that was imported, or nothing. Raises MachineryError when it is damaged."""
    file = find_imported_file(lab, student)
    try:
        content: Mapping[str, Any] = json.loads(file.read_text())
        return content
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise MachineryError(
            N_("the imported seat is damaged"),
            place=str(file),
            hint=N_("import it again: sharklab seats import"),
        ) from error


def key(lab: str, student: str) -> bytes:
    """Return the key that signs the submissions of `student` (32 bytes)."""
    if given := read_import(lab, student):
        return bytes.fromhex(given["key"])
    return Draw(secret(), lab, student).bytes("key")


def secret() -> bytes:
    """Return the course secret (32 bytes), made at the first call and kept in a 0600 file."""
    file = state.folder(state.root() / "course") / "secret"
    if not file.exists():
        state.write(file, secrets.token_hex(32) + "\n", 0o600, durable=True)
    try:
        return bytes.fromhex(file.read_text())
    except ValueError as error:
        raise MachineryError(
            N_("the course secret is damaged"), place=str(file), hint=N_("restore it from a copy")
        ) from error


def to_plain(seat: Seat) -> dict[str, Any]:
    """Return `seat` as JSON data; `from_plain` reads it back."""
    return {
        "lab": seat.lab,
        "student": seat.student,
        "id": seat.id,
        "token": seat.token,
        "domain": seat.domain,
        "share": seat.share,
        "password": seat.password,
        "addresses": {
            host: {
                name: {"ipv4": str(at.ipv4), "ipv6": str(at.ipv6), "mac": at.mac}
                for name, at in by_network.items()
            }
            for host, by_network in seat.addresses.items()
        },
        **({"faults": {id: list(chosen) for id, chosen in seat.faults.items()}} if seat.faults else {}),
    }


def from_plain(data: Mapping[str, Any]) -> Seat:
    """Return the seat of `to_plain` data; its folder is where this machine keeps it."""
    addresses = {
        host: {name: _address(name, entry) for name, entry in by_network.items()}
        for host, by_network in data["addresses"].items()
    }
    names = {key: data[key] for key in ("lab", "student", "id", "token", "domain", "share", "password")}
    faults = {id: tuple(chosen) for id, chosen in data.get("faults", {}).items()}
    folder = state.seat_folder(data["lab"], data["student"])
    return Seat(**names, addresses=addresses, folder=folder, faults=faults)


def _address(network: str, entry: Mapping[str, str]) -> Address:
    return Address(network, IPv4Interface(entry["ipv4"]), IPv6Interface(entry["ipv6"]), entry["mac"])
