"""Where an engine answers: sockets, and remotes of the user's client."""

from __future__ import annotations

import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sharklab.errors import InputError, MachineryError
from sharklab.hosts.providers.cluster import endpoint
from tests.support.errors import error_of


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a client, and no engine of this machine."""
    for engine in endpoint.ENGINES:
        monkeypatch.delenv(engine.folder_variable, raising=False)
        monkeypatch.delenv(engine.client_variable, raising=False)
    monkeypatch.setenv("LXD_DIR", str(tmp_path / "no-engine"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def _client(folder: Path, address: str, *, protocol: str = "lxd") -> None:
    (folder / "servercerts").mkdir(parents=True)
    (folder / "config.yml").write_text(
        f"remotes:\n  class: {{addr: '{address}', protocol: {protocol}}}\n"
        "  images: {addr: 'https://images.example', protocol: simplestreams}\n"
    )
    for name in ("client.crt", "client.key", "servercerts/class.crt"):
        (folder / name).write_text("")


@pytest.mark.parametrize("variable", ["LXD_DIR", "INCUS_DIR"])
def test_socket_is_found_by_the_variable_of_either_engine(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that the variable names decides."""
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as bound:
        place = Path(folder) / "unix.socket"
        bound.bind(str(place))
        monkeypatch.setenv(variable, folder)
        found = endpoint.find()
    assert (place, str(place), "http://engine") == (found.socket, found.place, found.address)


def test_no_engine_here_names_every_place(home: Path) -> None:
    """The error has the places that were looked at."""
    error = error_of(MachineryError, endpoint.find)
    assert "no engine (Incus or LXD) runs on this machine" == error.message_id
    assert str(home / "no-engine" / "unix.socket") == error.place


def test_usual_places_of_both_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a variable, Debian's, Incus's and the snap's places are looked at."""
    monkeypatch.delenv("LXD_DIR")
    assert [
        "/var/lib/incus/unix.socket",
        "/var/lib/lxd/unix.socket",
        "/var/snap/lxd/common/lxd/unix.socket",
    ] == [str(one) for one in endpoint._sockets({})]


@pytest.mark.parametrize(
    ("place", "protocol"),
    [(".config/incus", "incus"), (".config/lxc", "lxd"), ("snap/lxd/common/config", "lxd")],
)
def test_remote_comes_from_the_client_of_the_user(home: Path, place: str, protocol: str) -> None:
    """The address, the client's certificate with its key, and the server's pinned one."""
    _client(home / place, "https://203.0.113.5:8443", protocol=protocol)
    found = endpoint.find("class")
    assert ("https://203.0.113.5:8443", None) == (found.address, found.socket)
    assert (home / place / "client.crt", home / place / "client.key") == (found.certificate, found.key)
    assert home / place / "servercerts/class.crt" == found.server_certificate


def test_variable_names_the_folder_of_the_client(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """INCUS_CONF and LXD_CONF work as for the engines' own clients; a certificate may be missing."""
    _client(home / "own", "https://203.0.113.5:8443/")
    (home / "own" / "servercerts/class.crt").unlink()
    monkeypatch.setenv("INCUS_CONF", str(home / "own"))
    found = endpoint.find("class")
    assert ("https://203.0.113.5:8443", None) == (found.address, found.server_certificate)


def test_remote_that_is_a_socket(home: Path) -> None:
    """`unix:///path` is a remote, too."""
    _client(home / ".config/lxc", "unix:///somewhere/unix.socket")
    assert Path("/somewhere/unix.socket") == endpoint.find("class").socket


def test_unknown_remote_names_the_known_ones(home: Path) -> None:
    """A server of images is no remote for instances."""
    _client(home / ".config/lxc", "https://203.0.113.5:8443")
    error = error_of(InputError, lambda: endpoint.find("images"))
    assert (("class",), "images") == (error.values["known"], error.values["name"])


def test_remote_without_tls_is_refused(home: Path) -> None:
    """A password of the cluster never goes over plain HTTP."""
    _client(home / ".config/lxc", "http://203.0.113.5:8443")
    assert "http://203.0.113.5:8443" == error_of(InputError, lambda: endpoint.find("class")).values["address"]


def test_broken_configuration_is_an_error_with_its_place(home: Path) -> None:
    """No traceback for a file that is no YAML."""
    _client(home / ".config/lxc", "https://203.0.113.5:8443")
    (home / ".config/lxc/config.yml").write_text("remotes: [")
    assert str(home / ".config/lxc/config.yml") == error_of(InputError, lambda: endpoint.find("class")).place
