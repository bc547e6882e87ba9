"""The provider of borrowed machines, which are reached over SSH and restored when the seat ends.

`borrow` learns where they are, says what will change and keeps the state as it is now, all before the first
change; `down` puts that state back, even after a crash of sharklab.

    <seat folder>/machines.json            how each is reached, and where it is on the lab's networks
    <seat folder>/before/<host>.json       its state before anything was changed
    <seat folder>/before/<host>.packaged.json    and after packages were installed, if any were
    <seat folder>/start/<host>.json        its state at the start of the student's work
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sharklab import process, state, system_packages, untrusted
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import address, borrowed, changes, image, inventory, user_inventory
from sharklab.hosts.changes import Changes
from sharklab.hosts.image.model import Layers
from sharklab.hosts.providers import provider, remote
from sharklab.hosts.providers.remote import Machine
from sharklab.hosts.user_inventory import Variables
from sharklab.lab import plan_file
from sharklab.lab.model import Host, Plan, Seat
from sharklab.lab.plan import make_plan, make_solved_plan
from sharklab.message import N_, NN_, Message
from sharklab.process import Say

FAMILIES = ("Debian", "RedHat")
LIMIT = 200_000_000
"""Bytes that may lie where a lab changes files: all of it is kept, and put back."""

SOCKET_PATH = 107
"""Bytes that the path of a socket may have: unix(7)'s 108 with the null byte at its end."""

SOCKET_NAME = 1 + 40 + 1 + 16
"""Bytes that ssh adds to the folder: a slash, its hash %C, a dot and 16 letters (as it makes the socket)."""

Agree = Callable[[Sequence[Message]], bool]
"""A function that shows a person the coming changes and returns True if the person agrees."""


class Existing:
    """The provider `existing`; see `Provider` for what each function does."""

    name = "existing"
    bakes = False

    def adapt(self, plan: Plan) -> Plan:
        """Return the plan as it is: roles ask these machines for their features."""
        return plan

    def image(self, golden: Plan, os: str, bake: Callable[[Plan], None], progress: Say) -> Layers:
        """Return no layers: sharklab does not make these machines."""
        return image.NOTHING

    def make(self, plan: Plan, layers: Layers) -> None:
        """Make nothing: the machines run already."""

    def up(self, plan: Plan, layers: Layers, progress: Say) -> Mapping[str, Mapping[str, object]]:
        """Install the packages that are missing; the machines run already, and roles do the rest."""
        known = borrowed.read(plan.seat.folder)
        progress(Message(N_("packages on {hosts}"), {"hosts": list(known)}))
        remote.ask_all(
            _machines(plan.seat, known), lambda one: _install(plan, plan.lab.host(one.name), one, known)
        )
        return {}

    def keep(self, plan: Plan) -> None:
        """Record the state of each machine once more, as the start state."""

        def record(one: Machine) -> None:
            own = _changes(plan, one.name)
            file = _start_record(plan.seat, one.name)
            state.folder(file.parent)
            state.write(file, json.dumps(one.ask("record", **_paths_to_record(own))))

        remote.ask_all(_machines(plan.seat, borrowed.read(plan.seat.folder)), record)

    def reset(self, plan: Plan, hosts: Sequence[str], layers: Layers, progress: Say) -> Sequence[Message]:
        """Put the start state of the machines back, as `down` does with the state before."""
        known = borrowed.read(plan.seat.folder)
        chosen = [one for one in _machines(plan.seat, known) if one.name in hosts]
        for one in chosen:
            if not (file := _start_record(plan.seat, one.name)).exists():
                raise provider.not_kept(plan, one.name, file)
        told = remote.ask_all(chosen, lambda one: _answer_or_failure(lambda: _reset(plan, one)))
        _raise_failures(plan.seat, told, "reset", plan.seat.folder / "start")
        return [sentence for host, answer in told.items() for sentence in _remarks(host, answer)]

    def stop(self, plan: Plan) -> None:
        """Leave the machines as they are: they are not ours to shut down."""

    def down(self, seat: Seat) -> Sequence[Message]:
        """Restore the machines, and remove the seat's folder.

        Raises MachineryError, and keeps the folder, when that cannot be done for all of them.
        """
        known = borrowed.read(seat.folder)
        kept = [one for one in _machines(seat, known) if _record(seat, one.name).exists()]
        told = remote.ask_all(kept, lambda one: _answer_or_failure(lambda: _restore(seat, one)))
        _raise_failures(seat, told, "down", seat.folder / "before")
        _close_connections(seat)
        state.remove(seat.folder)
        return [sentence for host, answer in told.items() for sentence in _remarks(host, answer)]

    def sweep(self) -> None:
        """Change nothing: without the folder of its seat, the state of a machine is unknown."""

    def status(self, seat: Seat) -> Mapping[str, str]:
        """Return "running" for each machine that answers, "absent" for the others."""
        known = borrowed.read(seat.folder)
        answers = remote.ask_all(_machines(seat, known), lambda one: one.answers())
        return {host: N_("running") if answers[host] else N_("absent") for host in answers}

    def forget_lost(self, seat: Seat) -> None:
        """Forget nothing: a borrowed machine comes back, or its owner mends it."""

    def warnings(self, seat: Seat) -> Sequence[Message]:
        """Return nothing: the limits of a borrowed machine are its owner's."""
        return ()


def _raise_failures(seat: Seat, told: Mapping[str, Mapping[str, Any]], verb: str, folder: Path) -> None:
    """Raise MachineryError with all that the machines could not put back, if there is any."""
    failed = [f"{host}: {line}" for host, answer in told.items() for line in remote.failures(answer)]
    if failed:
        raise MachineryError(
            N_("some changes could not be undone:\n{failed}"),
            place=Message(N_("seat {lab}/{student}"), {"lab": seat.lab, "student": seat.student}),
            hint=N_("remove the cause and run sharklab {verb} again; the saved state stays in {folder}"),
            failed="\n".join(failed),
            verb=verb,
            folder=folder,
        )


def borrow(plan: Plan, file: Path, agree: Agree) -> Plan:
    """Return the plan at the addresses of the machines that the inventory `file` names.

    Says by `agree` what will change; `record_state` comes next. Raises InputError when
    the person does not agree, or a machine cannot be a host of the lab; no trace is left then.
    """
    inventoried = user_inventory.read(file, [host.name for host in plan.hosts])
    folder = state.folder(plan.seat.folder)
    is_new = not (folder / borrowed.FILE).exists()
    try:
        known = _survey(plan, inventoried, file.parent)
        own = make_plan(
            plan.source, borrowed.with_addresses(plan.seat, known), plan.pace, plan.start, plan.solved
        )
        if not agree(_sentences(own, known)):
            raise InputError(
                N_("nothing was changed"), place="--provider existing", hint=N_("answer yes, or use --yes")
            )
    except BaseException:
        if is_new:
            _close_connections(plan.seat)
            state.remove(folder)
        raise
    borrowed.write(folder, known)
    plan_file.save(own)
    inventory.save(own)
    return own


def _survey(plan: Plan, inventoried: Mapping[str, Variables], beside: Path) -> dict[str, Any]:
    """Look at all machines. Raises InputError for one that cannot be a host of the lab.

    `beside` is the folder of the inventory.
    """
    config = state.folder(plan.seat.folder / "ssh") / "config"
    state.write(config, user_inventory.ssh_config(config, inventoried, _sockets(plan.seat), beside))
    known = {host: borrowed.access(variables) for host, variables in inventoried.items()}
    found = remote.ask_all(
        _machines(plan.seat, known), lambda one: one.find_python(inventoried[one.name].get("lab_pythons", ()))
    )
    for name, python in found.items():
        borrowed.refuse_templates(name, python)
    known = {host: borrowed.with_python(entry, found[host]) for host, entry in known.items()}
    asked = remote.ask_all(_machines(plan.seat, known), lambda one: _examine(plan, one))
    for host in plan.hosts:
        borrowed.refuse_templates(host.name, asked[host.name])
        check_machine(plan, host, asked[host.name])
        at = find_address(host, inventoried[host.name], asked[host.name])
        known[host.name] |= borrowed.description(host, asked[host.name], at)
    check_apart(known)
    packages = {
        host.name: _packages(plan.lab.path, host, known[host.name]) for host in make_solved_plan(plan).hosts
    }
    absent = remote.ask_all(
        _machines(plan.seat, known), lambda one: one.ask("missing", packages=packages[one.name])["missing"]
    )
    return {host: {**entry, "missing": absent[host]} for host, entry in known.items()}


def _examine(plan: Plan, one: Machine) -> dict[str, Any]:
    """Return the machine's own description, by sudo if its user is not root."""
    own = _changes(plan, one.name)
    sudo = one.ask("look", modules={}, paths=[])["uid"] != 0
    answer = replace(one, sudo=sudo).ask("look", modules=dict(own.modules), paths=own.paths)
    return {**answer, "sudo": sudo}


def check_machine(plan: Plan, host: Host, seen: Mapping[str, Any]) -> None:
    """Raise InputError if the machine, described by its answer `seen`, cannot be the host of the lab."""
    before = borrowed.read(plan.seat.folder).get(host.name, {})
    for wrong, sentence in (
        (
            seen["family"] not in FAMILIES,
            N_("the machine runs {system}; labs need a system of the Rocky or Debian family"),
        ),
        (seen["claim"] not in ("", plan.seat.id), N_("the machine belongs to another seat ({claim})")),
        (
            before.get("id", seen["id"]) != seen["id"],
            N_("the machine is not the one that the seat started with"),
        ),
        (seen["size"] > LIMIT, N_("the folders that the lab changes hold {size}, too much to save")),
        (
            len(host.networks) > 1,
            N_("the host has {many} networks, but a borrowed machine can join only one"),
        ),
    ):
        if wrong:
            values = {"system": seen["system"], "claim": seen["claim"], "size": untrusted.size(seen["size"])}
            raise InputError(
                sentence,
                place=f"--inventory: {host.name}",
                hint=N_("name another machine, or remove that seat first: sharklab down"),
                many=len(host.networks),
                **values,
            )


def find_address(host: Host, variables: Variables, seen: Mapping[str, Any]) -> Mapping[str, str]:
    """Return where the machine is on the lab's network. Raises InputError when no card can be."""
    reached = str(variables.get("lab_address") or seen["way"].get("address", ""))
    at = address.find(seen["facts"], reached)
    if "dns_client" in host.roles and at["interface"] not in seen["connections"]:
        raise InputError(
            N_("NetworkManager has no connection on {card}, and the role dns_client needs one"),
            place=f"--inventory: {host.name}",
            hint=N_("let NetworkManager have it: nmcli device set {card} managed yes"),
            card=at["interface"],
        )
    return at


def check_apart(known: Mapping[str, Any]) -> None:
    """Raise InputError if two machines have the same address."""
    addresses = {host: entry["address"]["ipv4"] for host, entry in known.items()}
    if len(set(addresses.values())) < len(addresses):
        raise InputError(
            N_("several machines have the same address: {addresses}"),
            place="--inventory",
            hint=N_("give each machine its address on the lab's network, as in lab_address: 192.168.56.11"),
            addresses=[f"{host} {ipv4}" for host, ipv4 in addresses.items()],
        )


def _packages(lab: Path, host: Host, entry: Mapping[str, Any]) -> list[str]:
    """Return the packages of a host's roles; in the solved lab, so that a student's work needs no network.

    `lab` is the folder of the lab.
    """
    roles = [*host.roles, *image.RUN_ROLES]
    return image.packages_of(roles, entry["family"], entry["kernel"], lab)


def _sentences(plan: Plan, known: Mapping[str, Any]) -> list[Message]:
    """Return the coming changes on the machines, and which of them `down` puts back."""
    lines = [line for host in plan.hosts for line in _host_sentences(plan, host, known[host.name])]
    values = {"lab": plan.lab.name, "student": plan.seat.student}
    return [
        *lines,
        Message(
            N_("First, sharklab saves /etc, the files above, and the state of services, firewall and mounts.")
        ),
        Message(
            N_("sharklab down {lab} --student {student} restores all of it; packages stay installed."), values
        ),
    ]


def _host_sentences(plan: Plan, host: Host, entry: Mapping[str, Any]) -> list[Message]:
    own, values = _changes(plan, host.name), inventory.hostvars(make_solved_plan(plan))[host.name]
    at = f"{entry['address']['ipv4']} {entry['address']['interface']}"
    title = {"host": host.name, "machine": entry["machine"], "system": entry["system"], "address": at}
    sentence = N_("{host} ({system}, {address})")
    if entry["machine"] != host.name:
        sentence = N_("{host} is the machine {machine} of the inventory ({system}, {address})")
    lines = [Message(sentence, title)]
    lines.append(
        Message(N_("    the roles {roles} set it up and change files in /etc"), {"roles": host.roles})
    )
    if entry["missing"]:
        lines.append(Message(N_("    packages are installed: {packages}"), {"packages": entry["missing"]}))
    if {"firewall", "port_states"} & set(host.roles):
        opened = [*values.get("firewall_services", ()), *values.get("firewall_ports", ())]
        ports = {"port": entry["extra"]["lab_ssh_port"], "open": opened}
        lines.append(
            Message(
                N_("    firewalld allows only SSH (port {port}) and the services of the lab: {open}"), ports
            )
        )
    if "ssh_server" in host.roles:
        lines.append(Message(N_("    SSH accepts keys only")))
    files = [*own.paths, *own.made]
    return [*lines, Message(N_("    files are made or changed in {files}"), {"files": files})]


def record_state(plan: Plan) -> None:
    """Keep the state of every machine, each whole, and only then mark them as the seat's."""
    known = borrowed.read(plan.seat.folder)

    def record(one: Machine) -> None:
        file = _record(plan.seat, one.name)
        if not file.exists():
            state.folder(file.parent)
            own = _changes(plan, one.name)
            state.write(file, json.dumps(one.ask("record", **_paths_to_record(own))))

    remote.ask_all(_machines(plan.seat, known), record)
    remote.ask_all(_machines(plan.seat, known), lambda one: one.ask("claim", seat=plan.seat.id))


def _paths_to_record(own: Changes) -> dict[str, Any]:
    return {"paths": own.paths, "made": own.made, "settings": own.settings}


def _changes(plan: Plan, host: str) -> Changes:
    """Return the changes on a host by all roles of the lab, the student's work included."""
    whole = make_solved_plan(plan)
    return changes.of_host(whole, whole.lab.host(host))


def _start_record(seat: Seat, host: str) -> Path:
    return seat.folder / "start" / f"{host}.json"


def _reset(plan: Plan, one: Machine) -> dict[str, Any]:
    """Put the start state of a machine back; packages that came since stay."""
    return one.ask(
        "restore",
        seat=plan.seat.id,
        users=_changes(plan, one.name).users,
        before=json.loads(_start_record(plan.seat, one.name).read_text()),
        packaged=None,
    )


def _record(seat: Seat, host: str) -> Path:
    return seat.folder / "before" / f"{host}.json"


def _install(plan: Plan, host: Host, one: Machine, known: Mapping[str, Any]) -> None:
    """Install the missing packages, and save the state after that: packages stay when the seat ends."""
    entry, file = known[host.name], _record(plan.seat, f"{host.name}.packaged")
    if not entry["missing"] or file.exists():
        return
    first = image.repositories_of(
        make_solved_plan(plan).lab.host(host.name).roles, entry["family"], entry["kernel"], plan.lab.path
    )
    installer = system_packages.INSTALLER.read_text(encoding="utf-8")
    failed = remote.failures(one.ask("install", packages=entry["missing"], first=first, installer=installer))
    if failed:
        raise MachineryError(
            N_("packages of {host} could not be installed: {said}"),
            place=Message(N_("packages")),
            hint=N_("check that the machine reaches its package registry, then run the command again"),
            host=host.name,
            said="\n".join(failed),
        )
    state.write(file, json.dumps(one.ask("record", **_paths_to_record(_changes(plan, host.name)))))


def _restore(seat: Seat, one: Machine) -> dict[str, Any]:
    plan = plan_file.read(seat.folder / "plan.json")
    packaged = _record(seat, f"{one.name}.packaged")
    return one.ask(
        "restore",
        seat=seat.id,
        users=_changes(plan, one.name).users,
        before=json.loads(_record(seat, one.name).read_text()),
        packaged=json.loads(packaged.read_text()) if packaged.exists() else None,
    )


def _answer_or_failure(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the answer, or why there is none: the other machines are put back all the same."""
    try:
        return ask()
    except MachineryError as error:
        return {"failed": [(str(error.place), error.message)]}


def _remarks(host: str, answer: Mapping[str, Any]) -> list[Message]:
    """Return the differences from the state before, with the reasons."""
    remarks = [
        Message(
            NN_("{host}: {count} file was restored", "{host}: {count} files were restored"),
            {"host": host, "count": len(answer["changed"])},
        )
    ]
    for key, sentence in (
        ("packages", N_("{host}: these packages stay installed: {found}")),
        ("rules", N_("{host}: these firewall rules differ from before: {found}")),
    ):
        if answer[key]:
            remarks.append(Message(sentence, {"host": host, "found": answer[key]}))
    if answer["rebooted"]:
        sentence = N_(
            "{host} was rebooted during the lab; reboot it again to make all services read the restored files"
        )
        remarks.append(Message(sentence, {"host": host}))
    return remarks


def _machines(seat: Seat, known: Mapping[str, Any]) -> list[Machine]:
    config = seat.folder / "ssh" / "config"
    return [
        Machine(host, config, entry["python"], entry["sudo"], entry["password"])
        for host, entry in known.items()
    ]


def _sockets(seat: Seat) -> Path:
    """Return the folder of shared SSH connections: ours alone, and short, as a socket's path must be."""
    bases = [os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir(), "/tmp"]  # noqa: S108 (0700, and checked)
    folders = [Path(base) / f"sharklab-{os.getuid()}-{seat.id}" for base in bases]
    folder = next(
        (each for each in folders if len(os.fsencode(each)) + SOCKET_NAME <= SOCKET_PATH), folders[-1]
    )
    state.folder(folder)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o077:
        raise MachineryError(
            N_("other users can read or change this folder"), place=str(folder), hint=N_("remove it")
        )
    return folder


def _close_connections(seat: Seat) -> None:
    """End the shared connections and remove their folder."""
    for path in _sockets(seat).iterdir():
        process.run(["ssh", "-o", f"ControlPath={path}", "-O", "exit", "machine"])
    state.remove(_sockets(seat))
