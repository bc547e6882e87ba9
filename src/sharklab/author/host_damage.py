"""The faults of a host, each with the checks of its state that must then not pass."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sharklab.checks import administration
from sharklab.lab.model import Asked, Check
from sharklab.message import N_

State = Mapping[str, Any]
EXTRA = "4444/tcp"
"""A port that no lab opens."""
REDIRECT = """# nftables
table inet firewalld {
}
table ip other {
\tchain first {
\t\ttype nat hook prerouting priority dstnat; policy accept;
\t\ttcp dport 4444 redirect to :22
\t}
}
"""
"""The tables of a host that lets packets to a closed port in at another."""
NOBODY = "192.0.2.53"
"""An address that nobody has (RFC 5737)."""


@dataclass(frozen=True)
class HostDamage:
    """One thing that is wrong with a host: the state that shows it, and the checks, by name, that it breaks.

    `about` are the parameters that a check must have to be broken, such as the service that was stopped;
    the programs of a `silent` host are no longer known.
    """

    title: str
    state: State
    breaks: frozenset[str]
    about: Mapping[str, Any] = field(default_factory=dict)
    silent: bool = False

    def hits(self, leaf: Check | Asked) -> bool:
        """Tell whether a check of the host must not pass, or a question has no answer any more."""
        if isinstance(leaf, Asked):
            return self.silent
        return leaf.kind in self.breaks and self.about.items() <= leaf.params.items()


def damages(state: State, looked_at: tuple[Check | Asked, ...]) -> Iterator[HostDamage]:
    """Yield the possible faults of a host in `state` that the given checks and questions examine."""
    yield from _firewall(state)
    if any(isinstance(leaf, Asked) for leaf in looked_at):
        yield HostDamage(
            N_("no service listens"), {**state, "sockets": []}, frozenset({"listens"}), silent=True
        )
    for leaf in looked_at:
        if isinstance(leaf, Check) and leaf.kind in _OF_CHECK:
            yield from _OF_CHECK[leaf.kind](state, leaf)


def _firewall(state: State) -> Iterator[HostDamage]:
    printed = state["firewall"]
    runtime, permanent = printed["runtime"], printed["permanent"]
    stopped = {**state, "firewall": {"runtime": "", "permanent": ""}}
    rules = {"firewalld_same", "firewalld_opens", "firewalld_open", "firewalld_closed"}
    yield HostDamage(
        N_("firewalld stopped"),
        _with_service(stopped, "firewalld", running=False),
        frozenset({"firewalld_on", *rules}),
    )
    yield HostDamage(
        N_("firewalld not started with the host"),
        _with_service(state, "firewalld", enabled=False),
        frozenset({"firewalld_on"}),
    )
    more = _with_port(permanent)
    yield HostDamage(
        N_("a permanent rule that is not in force"),
        {**state, "firewall": {"runtime": runtime, "permanent": more}},
        frozenset({"firewalld_same"}),
    )
    yield HostDamage(
        N_("a rule in force that is not permanent"),
        {**state, "firewall": {"runtime": _with_port(runtime), "permanent": permanent}},
        frozenset({"firewalld_same", "firewalld_opens"}),
    )
    yield HostDamage(
        N_("one open port too many"),
        {**state, "firewall": {"runtime": _with_port(runtime), "permanent": more}},
        frozenset({"firewalld_opens"}),
    )
    yield from _beside_zones(state)


def _beside_zones(state: State) -> Iterator[HostDamage]:
    """Yield the faults that the list of one zone does not show."""
    runtime, permanent = state["firewall"]["runtime"], state["firewall"]["permanent"]
    zone = str(state["firewall"].get("default", ""))
    opens = frozenset({"firewalld_opens"})
    for title, more, breaks in (
        (N_("a direct rule that accepts everything"), {"direct": "ipv4 filter INPUT 0 -j ACCEPT\n"}, opens),
        (N_("a table of nftables that redirects packets"), {"tables": REDIRECT}, opens),
    ):
        rules = {"runtime": runtime, "permanent": permanent, **more}
        yield HostDamage(title, {**state, "firewall": rules}, breaks)
    if zone and state["firewall"].get("permanent_zones"):
        other = {**state["firewall"], "permanent_default": f"{zone}-other"}
        title = N_("another default zone after a restart")
        yield HostDamage(title, {**state, "firewall": other}, frozenset({"firewalld_same"}))


def _with_port(zone: str) -> str:
    """Return the output of `firewall-cmd --list-all` with one more open port."""
    return zone.replace("  ports:", f"  ports: {EXTRA}", 1)


def _with_service(state: State, name: str, **values: bool) -> State:
    service = {**state["services"].get(name, {"running": True, "enabled": True}), **values}
    return {**state, "services": {**state["services"], name: service}}


def _service(state: State, check: Check) -> Iterator[HostDamage]:
    asked = administration.names(check.params["service"])
    for title, values in (
        (N_("service stopped"), {"running": False}),
        (N_("service not started with the host"), {"enabled": False}),
    ):
        found = state
        for name in asked:
            found = _with_service(found, name, **values)
        yield HostDamage(title, found, frozenset({"service"}), {"service": check.params["service"]})


def _listens(state: State, check: Check) -> Iterator[HostDamage]:
    port, _, transport = str(check.params["port"]).partition("/")
    left = [line for line in state["sockets"] if not (line.startswith(transport) and f":{port} " in line)]
    silent, about = {**state, "sockets": left}, {"port": f"{port}/{transport}"}
    yield HostDamage(N_("no program listens"), silent, frozenset({"listens"}), about)


def _mount(state: State, check: Check) -> Iterator[HostDamage]:
    about = {"path": str(check.params["path"])}
    left = [each for each in state["mounts"] if each["path"] != about["path"]]
    yield HostDamage(N_("not mounted"), {**state, "mounts": left}, frozenset({"mount"}), about)
    if "source" in check.params:
        other = {"path": about["path"], "device": f"{check.params['source']}-other", "type": "nfs4"}
        mounts = {**state, "mounts": [*left, other]}
        yield HostDamage(N_("another folder mounted"), mounts, frozenset({"mount"}), about)


def _mount_kept(state: State, check: Check) -> Iterator[HostDamage]:
    forgotten = {**state, "fstab": [], "units": "", "automounts": ""}
    yield HostDamage(N_("nothing in fstab"), forgotten, frozenset({"mount_kept"}))


def _export(state: State, check: Check) -> Iterator[HostDamage]:
    yield HostDamage(N_("not exported"), {**state, "exports": ""}, frozenset({"export"}))


def _sshd(state: State, check: Check) -> Iterator[HostDamage]:
    about = {"settings": check.params["settings"]}
    name = str(check.params["settings"][0]).partition(" ")[0]
    lines = [*state.get("sshd", []), f"{name} -"]
    yield HostDamage(N_("another setting of sshd"), {**state, "sshd": lines}, frozenset({"sshd"}), about)


def _resolver(state: State, check: Check) -> Iterator[HostDamage]:
    lines = [f"nameserver {NOBODY}", *state["resolver"]]
    yield HostDamage(N_("another DNS server"), {**state, "resolver": lines}, frozenset({"resolver"}))


def _close_openings(state: State, check: Check) -> Iterator[HostDamage]:
    """Yield that what must be open is not."""
    printed = {name: _without_openings(state["firewall"][name]) for name in ("runtime", "permanent")}
    shut = {**state, "firewall": printed}
    yield HostDamage(N_("no port open"), shut, frozenset({"firewalld_open", "firewalld_opens"}))


def _without_openings(zone: str) -> str:
    """Return the output of `firewall-cmd --list-all` without open services and ports."""
    keys = ("  services:", "  ports:")
    return "\n".join(next((key for key in keys if line.startswith(key)), line) for line in zone.splitlines())


def _reaches(state: State, check: Check) -> Iterator[HostDamage]:
    verdict = "silent" if check.params.get("verdict", "open") == "open" else "open"
    about = {name: str(check.params[name]) for name in ("to", "port", "address") if name in check.params}
    yield _effect(state, check, N_("packets end otherwise"), about, verdict)


def _resolves(state: State, check: Check) -> Iterator[HostDamage]:
    about = {"name": str(check.params["name"])}
    yield _effect(state, check, N_("the name is not known"), about, "unknown", said="-")
    if "address" in check.params:
        about = {**about, "address": str(check.params["address"])}
        yield _effect(state, check, N_("the name has another address"), about, "found", addresses=[NOBODY])


def _logs_in(state: State, check: Check) -> Iterator[HostDamage]:
    about = {"to": str(check.params["to"])}
    yield _effect(state, check, N_("no login without a password"), about, "refused", said="-")
    yield _effect(state, check, N_("a login that ends on another host"), about, "done", boot_id="-")


def _writes(state: State, check: Check) -> Iterator[HostDamage]:
    about = {"path": str(check.params["path"])}
    yield _effect(state, check, N_("no right to write"), about, "refused", said="-")
    yield from _local(state, check, about)


def _reads(state: State, check: Check) -> Iterator[HostDamage]:
    about = {"path": str(check.params["path"])}
    yield _effect(state, check, N_("no right to read"), about, "refused", said="-")
    yield from _local(state, check, about)
    about = {**about, "contains": str(check.params["contains"])}
    yield _effect(state, check, N_("the file has another text"), about, "other")


def _local(state: State, check: Check, about: Mapping[str, str]) -> Iterator[HostDamage]:
    """Yield that a folder of the host itself is in the place of another host's."""
    if "source" in check.params:
        about = {**about, "source": str(check.params["source"])}
        yield _effect(state, check, N_("a folder of the host itself"), about, "done", device="/", type="ext4")


def _effect(
    state: State, check: Check, title: str, about: Mapping[str, str], verdict: str, **more: Any
) -> HostDamage:
    """Return the damage that all attempts of the check's kind about the same thing end with `verdict`."""
    unsaid = {"source"} if check.kind == "reaches" else {"source", "address"}
    wanted = {value for name, value in about.items() if name not in unsaid}
    effects = {
        key: {"verdict": verdict, **more} if words[0] == check.kind and wanted <= {*words} else effect
        for key, effect in state.get("effects", {}).items()
        for words in [shlex.split(key)]
    }
    return HostDamage(title, {**state, "effects": effects}, frozenset({check.kind}), about)


_OF_CHECK: Mapping[str, Callable[[State, Check], Iterator[HostDamage]]] = {
    "service": _service,
    "listens": _listens,
    "mount": _mount,
    "mount_kept": _mount_kept,
    "export": _export,
    "sshd": _sshd,
    "resolver": _resolver,
    "firewalld_opens": _close_openings,
    "firewalld_open": _close_openings,
    "reaches": _reaches,
    "resolves": _resolves,
    "logs_in": _logs_in,
    "writes": _writes,
    "reads": _reads,
}
