"""The public address of the workbench, from which every URL and every check of an origin follows."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sharklab.errors import InputError
from sharklab.message import N_

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Site:
    """`origin` is scheme, host and port, as a browser sends it; `prefix` is "" or a path such as "/lab"."""

    origin: str
    prefix: str = ""

    @property
    def host(self) -> str:
        """The only value of the header Host that is answered."""
        return self.origin.partition("://")[2]

    @property
    def is_secure(self) -> bool:
        """True where browsers reach the workbench by TLS."""
        return self.origin.startswith("https:")

    @property
    def cookie(self) -> str:
        """The name of the cookie; browsers keep one jar for all ports of a host, so the name has the port."""
        return "sharklab-" + "".join(c if c.isalnum() else "-" for c in self.host)

    def url(self, path: str) -> str:
        """Return the path of a page for a link."""
        return self.prefix + path

    def link(self, token: str) -> str:
        """Return the whole address of a personal link."""
        return f"{self.origin}{self.url('/enter/')}{token}"


def read(url: str) -> Site:
    """Return the site at `url`. Raises InputError when it is no address of http or https."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in PORTS or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise InputError(
            N_("{url!r} is not an address of a site"),
            place="--url",
            hint=N_("write it as in https://lab.example.org/workbench"),
            url=url,
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = host if port in (None, PORTS[parts.scheme]) else f"{host}:{port}"
    return Site(f"{parts.scheme}://{shown}", parts.path.rstrip("/"))
