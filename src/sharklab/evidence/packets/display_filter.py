"""Choose packets of a capture by a display filter of Wireshark (wireshark-filter(4)), as tshark reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from sharklab.errors import InputError, MachineryError
from sharklab.evidence.packets import box, container, reader
from sharklab.evidence.packets.container import Container
from sharklab.limits import LARGE, LARGE_TOOL, TOOL, CaptureLimits, ToolLimits
from sharklab.message import N_

EXAMPLE = "tcp.port == 443"


def check(filter: str, limits: ToolLimits = TOOL) -> None:
    """Raise InputError when `filter` is no display filter, with what tshark says of it.

    Raises MachineryError when tshark is missing or broken.
    """
    with _sound() as capture:
        try:
            _choose(capture, filter, limits)
        except MachineryError as error:
            _choose(capture, "frame", limits)  # where this fails too, the filter is not at fault
            raise InputError(
                N_("not a display filter of Wireshark: {said}"),
                place=f"--filter {filter!r}",
                hint=N_("write it as in Wireshark, such as {example}"),
                said=error.values.get("said", ""),
                example=repr(EXAMPLE),
            ) from error


def numbers(capture: Container, filter: str, limits: ToolLimits = TOOL) -> frozenset[int]:
    """Return the numbers (from 1) of the packets of `capture` that `filter` chooses.

    Raises InputError when tshark needs more than `limits` allow, MachineryError when it is missing or broken.
    """
    return frozenset(_choose(capture, filter, limits))


def extract(path: Path, filter: str, bounds: CaptureLimits = LARGE, limits: ToolLimits = LARGE_TOOL) -> bytes:
    """Return a pcapng with the packets of the file `path` that `filter` chooses: of one too large to be read.

    Raises InputError for a file beyond `bounds`, or when tshark needs more than `limits` allow;
    MachineryError when tshark is missing or broken, or finds no capture in the file.
    """
    options = ["-n", "-r", "-", *reader.DECODERS, "-Y", filter, "-F", "pcapng", "-w", "-"]
    with box.run("tshark", options, path, limits, most=bounds.bytes) as output:
        return output.read()


def _choose(capture: Container, filter: str, limits: ToolLimits) -> list[int]:
    options = [*reader.source(capture.format), "-Y", filter, "-T", "fields", "-e", "frame.number"]
    with box.run("tshark", options, capture.path, limits, capture.whole) as output:
        return [int(line) for line in output]


@contextmanager
def _sound() -> Iterator[Container]:
    """Lend a capture that is sound."""
    with NamedTemporaryFile(suffix=".pcap") as file:
        file.write(reader.SOUND)
        file.flush()
        yield container.open_capture(Path(file.name))
