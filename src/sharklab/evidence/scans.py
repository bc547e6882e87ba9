"""Read the XML that nmap writes with -oX (nmap(1), nmap.dtd)."""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat


@dataclass(frozen=True)
class Scanned:
    """One port as nmap has it: its `state` (open, closed, filtered ...), and the `reason` for saying so."""

    address: str
    transport: str
    port: int
    state: str
    reason: str = ""
    service: str = ""

    @property
    def name(self) -> str:
        """The port as nmap and firewalld write it, for example 22/tcp."""
        return f"{self.port}/{self.transport}"


def read_scan(text: str) -> tuple[Scanned, ...]:
    """Return the ports that nmap lists, in its order. Raises ValueError when `text` is not its XML.

    A text that declares entities is refused: nmap never does, and they can be made to grow without end.
    """
    reader, parser = _Reader(), expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    if not reader.nmap:
        raise ValueError("nmaprun")
    return tuple(reader.found)


def _refuse(*_declaration: object) -> None:
    raise ValueError("ENTITY")


class _Reader:
    """Collects ports while expat goes through the text."""

    def __init__(self) -> None:
        self.nmap = False
        self.found: list[Scanned] = []
        self.host = ""
        self.port: dict[str, str] = {}

    def start(self, element: str, values: dict[str, str]) -> None:
        """Note the values of an element."""
        if element == "nmaprun":
            self.nmap = True
        elif element == "address" and values.get("addrtype") != "mac":
            self.host = values.get("addr", "")
        elif element == "port":
            self.port = {"transport": values.get("protocol", ""), "port": values.get("portid", "")}
        elif element in ("state", "service") and self.port:
            names = {"state": ("state", "reason"), "service": ("name",)}[element]
            self.port |= {f"{element}.{name}": values.get(name, "") for name in names}

    def end(self, element: str) -> None:
        """Keep a port once all of it was read."""
        if element == "port" and self.port:
            self.found.append(
                Scanned(
                    address=self.host,
                    transport=self.port["transport"],
                    port=int(self.port["port"]),
                    state=self.port.get("state.state", ""),
                    reason=self.port.get("state.reason", ""),
                    service=self.port.get("service.name", ""),
                )
            )
            self.port = {}
