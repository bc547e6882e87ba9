"""Filters are compiled as tcpdump will compile them."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from sharklab.author import lint_filters


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", ""),
        ("tcp and host 192.0.2.1 and port 443", ""),
        ("tcp prot 443", "can't parse filter expression: syntax error"),
        ("-i lo", "can't parse filter expression: syntax error"),
        ("tcp and udp", "expression rejects all packets"),
        ("port 443\0", "NUL"),
    ],
)
def test_complaint_is_libpcaps(expression: str, said: str) -> None:
    """The words of the compiler, or none."""
    assert said == lint_filters.complaint(expression)


def test_ports_by_name_need_a_list_of_services(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The hosts have one; where this computer has none, a name is not wrong."""
    assert lint_filters.complaint("port no-such-port")
    monkeypatch.setattr(lint_filters, "SERVICES", tmp_path / "services")
    assert "" == lint_filters.complaint("port no-such-port")


def test_without_libpcap_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """`lint` installs it with tshark; other verbs go on without."""

    def refuse(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    lint_filters._library.cache_clear()
    try:
        assert "" == lint_filters.complaint("tcp prot 443")
    finally:
        lint_filters._library.cache_clear()
