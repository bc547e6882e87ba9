"""Where an engine (LXD or Incus) answers: its Unix socket on this machine, or a remote of the user's client.

Sources: the environment of lxc(1) and incus(1), and their file config.yml.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sharklab import yaml_file
from sharklab.errors import InputError, MachineryError
from sharklab.message import N_

SOCKET = "unix.socket"


@dataclass(frozen=True)
class Engine:
    """The differences between LXD and Incus for a program that asks them."""

    name: str
    folder_variable: str
    """The variable of the environment that names the folder of the socket."""

    folders: tuple[str, ...]
    client_variable: str
    """The variable that names the folder of the user's client."""

    client_folders: tuple[str, ...]
    """Folders of the user's client, below the home of the user."""

    group: str
    """The group whose members may use the socket."""


ENGINES = (
    Engine("Incus", "INCUS_DIR", ("/var/lib/incus",), "INCUS_CONF", (".config/incus",), "incus-admin"),
    Engine(
        "LXD",
        "LXD_DIR",
        ("/var/lib/lxd", "/var/snap/lxd/common/lxd"),
        "LXD_CONF",
        (".config/lxc", "snap/lxd/common/config"),
        "lxd",
    ),
)


@dataclass(frozen=True)
class EngineEndpoint:
    """A place at which an engine answers: a Unix socket, or an address with the certificates of TLS."""

    place: str
    """The place for a person: the path of the socket, or the remote with its address."""

    address: str
    """The start of each address: `http://engine`, or `https://203.0.113.5:8443`."""

    socket: Path | None = None
    certificate: Path | None = None
    """The certificate of the user's client; its key is in `key`."""

    key: Path | None = None
    server_certificate: Path | None = None
    """The certificate that the server must show; without it, the authorities of the system decide."""


def find(remote: str = "") -> EngineEndpoint:
    """Return the endpoint of `remote`, or of the first engine that has a socket on this machine.

    Raises InputError for a remote that no client knows, and MachineryError when there is no socket.
    """
    return _remote(remote) if remote else _local()


def _local() -> EngineEndpoint:
    sockets = list(_sockets(os.environ))
    for path in sockets:
        if path.is_socket():
            return EngineEndpoint(str(path), "http://engine", socket=path)
    raise MachineryError(
        N_("no engine (Incus or LXD) runs on this machine"),
        place=", ".join(map(str, sockets)),
        hint=N_("start the engine, or name another machine by --remote; docs/cluster.md has the steps"),
    )


def _sockets(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the sockets to look for; a variable that is set stands for all places of all engines."""
    named = [
        Path(environment[one.folder_variable]) for one in ENGINES if environment.get(one.folder_variable)
    ]
    usual = [Path(folder) for one in ENGINES for folder in one.folders]
    yield from (folder / SOCKET for folder in named or usual)


def _remote(name: str) -> EngineEndpoint:
    folders = list(_client_folders(os.environ))
    for folder in folders:
        if entry := _remotes(folder).get(name):
            return _of_entry(name, entry, folder)
    known = sorted({one for folder in folders for one in _remotes(folder)})
    raise InputError(
        N_("no client of Incus or LXD knows a remote {name!r}; known are: {known}"),
        place="--remote",
        hint=N_("add it by `incus remote add` or `lxc remote add`"),
        name=name,
        known=tuple(known) or "-",
    )


def _client_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environment.get("HOME") or "~").expanduser()
    named = [
        Path(environment[one.client_variable]) for one in ENGINES if environment.get(one.client_variable)
    ]
    yield from named or (home / folder for one in ENGINES for folder in one.client_folders)


def _remotes(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the remotes of a client's config.yml; a server of images is none."""
    file = folder / "config.yml"
    if not file.is_file():
        return {}
    try:
        content = yaml_file.read(file.read_text()).data
    except (OSError, UnicodeDecodeError, yaml_file.YamlError) as error:
        raise InputError(
            N_("the file cannot be read: {reason}"), place=str(file), reason=str(error)
        ) from None
    remotes = content.get("remotes") if isinstance(content, Mapping) else None
    if not isinstance(remotes, Mapping):
        return {}
    return {
        str(name): entry
        for name, entry in remotes.items()
        if isinstance(entry, Mapping)
        and entry.get("addr")
        and entry.get("protocol") in (None, "lxd", "incus")
    }


def _of_entry(name: str, entry: Mapping[str, Any], folder: Path) -> EngineEndpoint:
    address = str(entry["addr"])
    parts = urlsplit(address)
    if parts.scheme == "unix":
        if parts.path:
            return EngineEndpoint(parts.path, "http://engine", socket=Path(parts.path))
        return _local()
    if parts.scheme != "https":
        raise InputError(
            N_("the address of remote {name} is {address}, and must begin with https://"),
            place=str(folder / "config.yml"),
            name=name,
            address=address,
        )
    return EngineEndpoint(
        f"{name} ({address})",
        address.rstrip("/"),
        certificate=_find_file(folder / "client.crt"),
        key=_find_file(folder / "client.key"),
        server_certificate=_find_file(folder / "servercerts" / f"{name}.crt"),
    )


def _find_file(file: Path) -> Path | None:
    return file if file.is_file() else None
