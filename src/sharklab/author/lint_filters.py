"""Faults of the filters of captures: libpcap compiles each one, as tcpdump will on the host."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from sharklab.lab.model import Exercise
from sharklab.lab.schema import Fault, Path, fault
from sharklab.message import N_

LIBRARIES = ("libpcap.so.0.8", "libpcap.so.1", "libpcap.so")
"""The names of libpcap on Debian and on Rocky, and where its development files are."""

ETHERNET = 1
"""The link type of a host's network (DLT_EN10MB, pcap-linktype(7))."""

WHOLE_PACKETS = 262_144
ANY_MASK = 0xFFFFFFFF
NAMED_HOST = re.compile(
    r"\b(?:host|net|gateway)\s+(?!and\b|or\b|not\b)([a-z_][\w-]*(?:\.[\w-]+)*)(?![\w:.])", re.I
)
"""A host or network by name (pcap-filter(7)); an IPv6 address has a colon, an Ethernet address too."""

SERVICES = FilePath("/etc/services")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.c_void_p))


def faults(at: Path, exercise: Exercise) -> Iterator[Fault]:
    """Yield the faults of the filters of a filled exercise, which is at `at`."""
    for j, capture in enumerate(exercise.captures):
        where = (*at, "captures", j, "filter")
        named = NAMED_HOST.search(capture.filter)
        if named:
            sentence = N_("the filter names {name}: tcpdump would have to ask a name server for it")
            hint = N_("write the address, for example: host {address}")
            yield fault(where, sentence, hint, name=named[1], address="{{ hosts.server.ipv4 }}")
        elif said := complaint(capture.filter):
            sentence = N_("tcpdump does not understand this filter: {said}")
            yield fault(where, sentence, N_("see pcap-filter(7), or try: tcpdump -d FILTER"), said=said)


def complaint(expression: str) -> str:
    """Return the complaint of libpcap about a filter for Ethernet; "" for a right filter, or without libpcap.

    The verb `lint` makes sure that there is one; labs that have passed it are not compiled in vain elsewhere.
    """
    library = _library()
    if library is None or "\0" in expression:
        return "" if library is None else "NUL"
    handle = library.pcap_open_dead(ETHERNET, WHOLE_PACKETS)
    program = _Program()
    try:
        if library.pcap_compile(handle, ctypes.byref(program), expression.encode(), 1, ANY_MASK) == 0:
            library.pcap_freecode(ctypes.byref(program))
            return ""
        said: str = library.pcap_geterr(handle).decode(errors="replace")
    finally:
        library.pcap_close(handle)
    # A computer without a list of services does not know what the hosts know.
    return "" if "unknown port" in said and not SERVICES.exists() else said


@cache
def _library() -> Any:
    for name in LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.pcap_open_dead.restype = ctypes.c_void_p
        library.pcap_geterr.restype = ctypes.c_char_p
        for function in (library.pcap_geterr, library.pcap_close):
            function.argtypes = [ctypes.c_void_p]
        program = ctypes.POINTER(_Program)
        library.pcap_compile.argtypes = [
            ctypes.c_void_p,
            program,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.c_uint32,
        ]
        library.pcap_freecode.argtypes = [program]
        return library
    return None
