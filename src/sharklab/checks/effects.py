"""Checks of effects that were tried from a host: reach a port, resolve a name, log in, write or read a file.

`attempt` gives the attempt that a check needs; `sharklab.evidence.effects` makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sharklab.checks import remote_files
from sharklab.checks.context import Context
from sharklab.checks.host_check import make_finding, observation, of_host
from sharklab.checks.kind import TEXT, Params, Rests, Schema, check
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.evidence import effects
from sharklab.evidence.effects import Attempt, Effect
from sharklab.lab.model import Check, Plan
from sharklab.message import N_, Message

STUDENT = "student"
"""The user whose rights count where a check names none."""
UDP_PORTS = ("53/udp", "123/udp", "3478/udp")
"""The ports of UDP for which sharklab has a question: DNS, NTP and STUN."""

_PORT: Schema = {"type": "string", "pattern": r"^[1-9][0-9]{0,4}/(tcp|udp)$"}
_VERDICTS: Mapping[str, str] = {
    "open": N_("A program answers"),
    "refused": N_("The host refuses the packets"),
    "rejected": N_("A firewall or a router rejects the packets"),
    "silent": N_("No program answers"),
    "other": N_("A program answers, but not in the protocol of this port"),
}
_VERDICT: Schema = {"type": "string", "enum": list(_VERDICTS)}


@check(
    "reaches",
    Rests.STATE,
    N_("From {host} to port {port} of {to}"),
    N_("the answer that the exercise asks for"),
    params=of_host("to", "port", to=TEXT, port=_PORT, verdict=_VERDICT, address=TEXT),
    look=N_("Try it from that host, and look at the packets of your try with: tcpdump"),
)
def reaches(context: Context, params: Params) -> Finding:
    """A try from `host` at `port` (`2049/tcp`) of the host `to` ends with `verdict`, or else `open`.

    `refused` is a RST, `rejected` an ICMP error, `silent` no answer within 5 s. On `2049/tcp` an NFS server
    must answer; any other program is `other`. An answer that a rule of `host` itself makes does not count.
    Without `address`, the try goes to the IPv4 address of `to` on a network of both. The ports of UDP are
    `53/udp`, `123/udp` and `3478/udp`.
    """
    effect = _effect(context, "reaches", params)
    if not effect or effect["verdict"] not in _VERDICTS:
        return _untold(params, effect)
    wanted = params.get("verdict", "open")
    told = Message(_VERDICTS[effect["verdict"]])
    values = {**params, "told": _with_packet(context, told, effect)}
    if params["to"] != params["host"] and _is_by_itself(context, params["host"], effect):
        text = N_("{told}. But this is the answer of {host} itself, and not of {to}.")
        return make_finding(False, params["host"], Message(text, values))
    if effect.get("unheard", False):
        text = N_("{told}. But no packet of {to} says so: a rule of {host} answers in its place.")
        return make_finding(False, params["host"], Message(text, values))
    return make_finding(effect["verdict"] == wanted, params["host"], Message("{told}.", values))


def _is_by_itself(context: Context, host: str, effect: Effect) -> bool:
    """Tell whether the packets did not leave the host: it has the address itself, or rejects them itself."""
    return effect.get("own", False) or context.host_at(effect.get("origin", "")) == host


def _with_packet(context: Context, told: Message, effect: Effect) -> Message:
    """Return the verdict with the ICMP message that made it, and with its sender."""
    if "icmp" not in effect:
        return told
    kind, code = effect["icmp"]
    origin = effect.get("origin", "")
    values = {"told": told, "type": kind, "code": code, "sender": context.host_at(origin) or origin}
    return Message(N_("{told} (ICMP {type}/{code} from {sender})"), values)


@check(
    "resolves",
    Rests.STATE,
    N_("The name {name} on {host}"),
    N_("programs get its address"),
    params=of_host("name", name=TEXT, address=TEXT, by={"type": "string", "enum": ["dns"]}),
    look=N_("Ask as programs do, with: getent ahosts"),
)
def resolves(context: Context, params: Params) -> Finding:
    """Programs on `host` get an address for `name` within 5 s, from files or DNS; with `address`, this.

    With `by: dns`, only DNS is asked: a line in /etc/hosts does not count.
    """
    effect = _effect(context, "resolves", params)
    if not effect or effect["verdict"] not in ("found", "unknown", "late"):
        return _untold(params, effect)
    values = {**params, "addresses": effect.get("addresses", []), "said": effect.get("said", "").rstrip(".")}
    if effect["verdict"] == "late":
        return make_finding(False, params["host"], Message(N_("There is no answer within 5 s."), values))
    if effect["verdict"] == "unknown":
        return make_finding(False, params["host"], Message(N_("There is no address: {said}."), values))
    good = "address" not in params or params["address"] in values["addresses"]
    return make_finding(good, params["host"], Message(N_("The addresses are: {addresses}."), values))


@check(
    "logs_in",
    Rests.STATE,
    N_("From {host} to {to} by SSH"),
    N_("the user gets in without a password"),
    params=of_host("to", to=TEXT, user=TEXT, **{"as": TEXT}),
    look=N_("Log in as that user with: ssh -v"),
    of_hosts=("host", "to"),
)
def logs_in(context: Context, params: Params) -> Finding:
    """The user `user` (or else `student`) of `host` logs in to the host `to` by SSH, without a password.

    There the user has the same name, or that of `as`. A host key that changed is refused; a new one is taken.
    An account that needs neither a key nor a password is refused, too.
    """
    effect = _effect(context, "logs_in", params)
    if effect and "boot_id" in effect:
        target: Mapping[str, Any] = context.evidence.state[params["to"]]
        if "boot_id" not in target:
            return _untold(params, {**effect, "said": "boot_id"})
        if effect["boot_id"] != target["boot_id"]:
            text = N_("{user} logs in, but another host than {to} answers.")
            return make_finding(False, params["host"], Message(text, {"user": STUDENT, **params}))
    good = N_("{user} logs in.")
    return _of_user(context, "logs_in", params, good, N_("{user} cannot log in: {said}."))


@check(
    "writes",
    Rests.STATE,
    N_("Writing in {path} of {host}"),
    N_("a new file can be made there"),
    params=of_host("path", path=TEXT, user=TEXT, source=TEXT),
    look=N_(
        "Make a file there as that user with: touch. "
        "Look at the mount, at the export and at the folder's mode."
    ),
)
def writes(context: Context, params: Params) -> Finding:
    """The user `user` (or else `student`) of `host` makes a file in the folder `path`, and removes it.

    With `source`, the file must lie in this folder of another host, and not in one of `host` itself.
    """
    good = N_("{user} writes there.")
    return _of_user(context, "writes", params, good, N_("{user} cannot write there: {said}."))


@check(
    "reads",
    Rests.STATE,
    N_("The file {path} on {host}"),
    N_("the user reads the text that the exercise asks for"),
    params=of_host("path", "contains", path=TEXT, contains=TEXT, user=TEXT, source=TEXT),
    look=N_("Read it as that user with: cat. Look at the mount, and at the modes with: ls -l"),
)
def reads(context: Context, params: Params) -> Finding:
    """The user `user` (or else `student`) of `host` reads in the file `path` the text `contains`.

    With `source`, the file must lie below this folder of another host.
    """
    effect = _effect(context, "reads", params)
    if effect and effect["verdict"] == "other":
        found = Message(N_("The file does not have the text {contains}."), params)
        return make_finding(False, params["host"], found)
    good = N_("{user} reads {contains} in it.")
    return _of_user(context, "reads", params, good, N_("{user} cannot read it: {said}."))


def _of_user(context: Context, kind: str, params: Params, good: str, bad: str) -> Finding:
    effect = _effect(context, kind, params)
    if not effect or effect["verdict"] not in ("done", "refused", "late"):
        return _untold(params, effect)
    if effect["verdict"] == "done" and "device" in effect:
        device, type = effect["device"], effect.get("type", "")
        if not remote_files.is_mounted(context, device, type, params.get("source", "")):
            text = N_("{user} gets there, but the file lies in {device} ({type}) and not in {source}.")
            values = {"user": STUDENT, **params, "device": device, "type": type}
            return make_finding(False, params["host"], Message(text, values))
    late = Message(N_("nothing happens within 20 s"))
    words = effect.get("said", "-").rstrip(".")  # the sentence has its own stop
    said = late if effect["verdict"] == "late" else Message("{said}", {"said": words})
    values = {"user": STUDENT, **params, "said": said}
    is_done = effect["verdict"] == "done"
    return make_finding(is_done, params["host"], Message(good if is_done else bad, values))


def _effect(context: Context, kind: str, params: Params) -> Effect | None:
    """Return the effect of the check's attempt, or None where it was not tried."""
    tried = observation(context, params).get("effects", {})
    found: Effect | None = tried.get(effects.key(_ATTEMPTS[kind](context.plan, params)))
    return found


def _untold(params: Params, effect: Effect | None) -> Finding:
    """Return the finding where nothing was tried, or where the attempt itself broke."""
    evidence = (Reference(host=params["host"]),)
    if not effect:
        text = N_("This was not tried from {host}: the state of the host has no result of it.")
        return Finding(Status.INCONCLUSIVE, Message(text, params), evidence)
    said = {**params, "said": effect.get("said", effect["verdict"])}
    return Finding(Status.INCONCLUSIVE, Message(N_("The try from {host} broke: {said}"), said), evidence)


def attempt(plan: Plan, wanted: Check) -> Attempt | None:
    """Return the attempt that a check needs, or None for one of another kind or of an unknown host."""
    build = _ATTEMPTS.get(wanted.kind)
    known = {host.name for host in plan.hosts}
    named = {str(wanted.params[name]) for name in ("host", "to") if name in wanted.params}
    return build(plan, wanted.params) if build and named <= known else None


def _to_reach(plan: Plan, params: Params) -> Attempt:
    return "reaches", params["to"], str(params.get("address", "")) or _address(plan, params), params["port"]


def _to_resolve(plan: Plan, params: Params) -> Attempt:
    by = (params["by"],) if "by" in params else ()
    return ("resolves", params["name"], *by)


def _to_log_in(plan: Plan, params: Params) -> Attempt:
    user = params.get("user", STUDENT)
    return "logs_in", user, params.get("as", user), params["to"], _address(plan, params)


def _to_write(plan: Plan, params: Params) -> Attempt:
    return "writes", params.get("user", STUDENT), params["path"]


def _to_read(plan: Plan, params: Params) -> Attempt:
    return "reads", params.get("user", STUDENT), params["path"], params["contains"]


def _address(plan: Plan, params: Params) -> str:
    """Return the IPv4 address of `to` on the first network that it shares with `host`, else on its first."""
    own = plan.lab.host(params["host"]).networks
    networks = plan.lab.host(params["to"]).networks
    network = next((name for name in networks if name in own), networks[0])
    return str(plan.seat.address(params["to"], network).ipv4.ip)


_ATTEMPTS: Mapping[str, Callable[[Plan, Mapping[str, Any]], Attempt]] = {
    "reaches": _to_reach,
    "resolves": _to_resolve,
    "logs_in": _to_log_in,
    "writes": _to_write,
    "reads": _to_read,
}
"""The function that builds the attempt of each check."""
