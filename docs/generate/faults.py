"""The table of faults in docs/authoring.md, from the catalogue of the role `faults`."""

from __future__ import annotations

from collections.abc import Iterator

from docs.generate.markdown import code, fill, table
from sharklab.lab import fault_catalogue


def page(text: str) -> str:
    """Return the page with its table of faults filled in."""
    return fill(text, "faults", _faults())


def _faults() -> Iterator[str]:
    faults = map(fault_catalogue.find, fault_catalogue.names())
    rows = (
        (
            code(fault.id),
            str(fault.level),
            fault.side,
            fault.lasts,
            ", ".join(map(code, fault.packets)) or "-",
            fault.title["en"],
        )
        for fault in faults
    )
    return table(("fault", "level", "host", "lasts", "packets", "cause"), rows)
