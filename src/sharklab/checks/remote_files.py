"""Folders that hosts share by NFS, however a student spells them: sources, lines of fstab, exports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from sharklab.checks.context import Context

_OCTAL = re.compile(r"\\([0-7]{3})")
_TOKEN = re.compile(r'#[^\n]*|"(?P<quoted>[^"]*)"|(?P<sign>[{};=])|(?P<word>[^\s{};="#]+)')
"""A comment, a text in quotes, a sign, or a word of a configuration of nfs-ganesha."""

_PROPERTY = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)
"""A property of a unit, as `systemctl show` prints it."""

_MAP = re.compile(
    r"^Mount point: (?P<base>.*)$|^  (?P<key>.*?) \| (?:-\S+ +)*(?P<source>\S+) *$", re.MULTILINE
)
"""A map of autofs, or an entry of it with one source, as `automount --dumpmaps` prints them."""

_REMOTE_TYPES = ("nfs", "fuse")
"""How the types of file systems begin that mount a folder of another host."""


@dataclass(frozen=True)
class MountEntry:
    """A line of fstab, a unit or an entry of autofs that mounts a file system: its source and its path."""

    source: str
    path: str


@dataclass
class GaneshaBlock:
    """A block of a configuration of nfs-ganesha: its name and keys in lower case, its blocks."""

    name: str
    values: dict[str, str] = field(default_factory=dict)
    blocks: list[GaneshaBlock] = field(default_factory=list)


def folder(path: str) -> str:
    """Return a path without a slash at its end."""
    return path.rstrip("/") or "/"


def read_fstab_line(line: str) -> MountEntry | None:
    """Return the entry of a line that mounts something at the start (fstab(5)); None for any other line.

    A line needs a type; with `noauto` nothing is mounted, unless systemd mounts it when it is used
    (systemd.mount(5)). A folder of another host needs a type for that.
    """
    words = line.split()
    if len(words) < 3 or words[0].startswith("#"):
        return None
    source, path, type, *rest = (_OCTAL.sub(lambda code: chr(int(code[1], 8)), word) for word in words)
    options = (rest[0] if rest else "").split(",")
    if "noauto" in options and "x-systemd.automount" not in options:
        return None
    if ":/" in source and not type.startswith(_REMOTE_TYPES):
        return None
    return MountEntry(source, folder(path))


def read_units(printed: str) -> list[MountEntry]:
    """Return the entries that units of systemd mount at the start of a host, or at their first use.

    `printed` is a block of properties for each unit that is enabled, and for the mount of each automount
    (systemctl(1)): the mount of an automount that is enabled need not be enabled itself.
    """
    blocks = [dict(_PROPERTY.findall(block)) for block in printed.split("\n\n")]
    enabled = {unit.get("Id", "") for unit in blocks if unit.get("UnitFileState") == "enabled"}
    return [
        MountEntry(unit["What"], folder(unit.get("Where", "")))
        for unit in blocks
        if unit.get("What") and enabled & {unit.get("Id", ""), _automount(unit.get("Id", ""))}
    ]


def read_automounts(printed: str, place: str) -> list[MountEntry]:
    """Return the entries that autofs mounts at `place` as soon as somebody uses it (autofs(5)).

    `printed` is that of `automount --dumpmaps`. The key of a direct map is a whole path. The key * stands for
    every name, and & in a source for the key.
    """
    found, base = list[MountEntry](), ""
    for match in _MAP.finditer(printed):
        if match["key"] is None:
            base = match["base"]
            continue
        key = place.removeprefix(f"{base}/") if match["key"] == "*" else match["key"]
        path = key if base == "/-" else f"{base}/{key}"
        if path == place and "/" not in key.removeprefix(path):
            found.append(MountEntry(match["source"].replace("&", key), place))
    return found


def _automount(mount: str) -> str:
    return f"{mount.removesuffix('.mount')}.automount"


def is_same_source(context: Context, found: str, wanted: str) -> bool:
    """Tell whether a source is the `wanted` one ("" for any): the same folder of the same host.

    A host may be written by its name, with or without the domain of the seat, or by any of its addresses.
    """
    if wanted in ("", found):
        return True
    (host, path), (wanted_host, wanted_path) = _split(found), _split(wanted)
    same_host = host == wanted_host or _host(context, host) == _host(context, wanted_host) != ""
    return same_host and folder(path) == folder(wanted_path)


def _split(source: str) -> tuple[str, str]:
    host, _, path = source.partition(":/")
    return host.strip("[]"), f"/{path}"


def _host(context: Context, name: str) -> str:
    """Return the host of the lab that a name or an address means, "" for none."""
    if known := context.host_at(name):
        return known
    short, dot, domain = name.rstrip(".").partition(".")
    is_own = not dot or domain.casefold() == context.plan.seat.domain.casefold()
    return short.casefold() if is_own and context.addresses(short.casefold()) else ""


def lets_in(context: Context, host: str, clients: set[str], wanted: Sequence[str]) -> bool:
    """Tell whether the clients of an export of `host` are the `wanted` ones, and nobody but `host` itself.

    The wanted ones are addresses. A host may be written by any of its names and addresses.
    """
    own = [address for each in wanted for address in context.addresses(context.host_at(each))]
    allowed = ["127.0.0.1", "::1", *context.addresses(host), *wanted, *own]
    if any(
        _is_wide(name) or not any(_is_client(context, name, each) for each in allowed) for name in clients
    ):
        return False
    return all(any(_is_client(context, name, each) for name in clients) for each in wanted)


def _is_wide(name: str) -> bool:
    """Tell whether a client of an export may be many hosts: a network, a pattern, a netgroup (exports(5))."""
    try:
        return ip_network(name, strict=False).num_addresses > 1
    except ValueError:
        return name in ("", "<world>") or name.startswith("@") or any(sign in name for sign in "*?[")


def _is_client(context: Context, name: str, client: str) -> bool:
    try:
        network = ip_network(name)
    except ValueError:
        return _host(context, name) == context.host_at(client) != ""
    return network.num_addresses == 1 and ip_address(client) == network[0]


def is_mounted(context: Context, device: str, type: str, source: str) -> bool:
    """Tell whether a mount of `type` has the folder `source` ("" for any) of another host.

    A source is a text that root may choose: a file system of the host itself does not count.
    """
    is_remote = ":/" not in source or type.startswith(_REMOTE_TYPES)
    return is_remote and is_same_source(context, device, source)


def read_exports(printed: str) -> Mapping[str, set[str]]:
    """Return the clients of each export: of exportfs(8), and of an nfs-ganesha-export-config(8)."""
    clients_by_path: dict[str, set[str]] = {}
    for block in _blocks(printed):
        if block.name == "export":
            for key in ("path", "pseudo"):
                if key in block.values:
                    found = clients_by_path.setdefault(folder(block.values[key]), set())
                    found.update(_clients(block))
    for line in printed.splitlines():
        path, _, client = line.partition(" ")
        if path.startswith("/"):
            clients_by_path.setdefault(folder(path), set()).add(client.strip().partition("(")[0])
    return clients_by_path


def _clients(export: GaneshaBlock) -> Iterator[str]:
    """Yield the clients of an export that have access: that of their block, else that of the export."""
    for block in export.blocks:
        access = block.values.get("access_type", export.values.get("access_type", ""))
        if block.name == "client" and access.casefold() != "none":
            yield from (name.strip() for name in block.values.get("clients", "").split(",") if name.strip())


def _blocks(text: str) -> list[GaneshaBlock]:
    """Return the outer blocks of a configuration of nfs-ganesha, whatever its lines and its case."""
    open_blocks = [GaneshaBlock("")]
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        sign = token["sign"]
        if sign == "{":
            block = GaneshaBlock("".join(words[-1:]).casefold())
            open_blocks[-1].blocks.append(block)
            open_blocks.append(block)
        elif sign == ";" and "=" in words:
            key, value = words[: words.index("=")], words[words.index("=") + 1 :]
            open_blocks[-1].values[" ".join(key).casefold()] = " ".join(value)
        elif sign == "}" and len(open_blocks) > 1:
            open_blocks.pop()
        if sign in ("{", "}", ";"):
            words = []
        elif sign or token["word"] or token["quoted"] is not None:
            words.append(sign or token["word"] or token["quoted"])
    return open_blocks[0].blocks
