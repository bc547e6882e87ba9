"""Read captures with tshark: in a box, within limits, several at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sharklab.errors import N_, InputError, MachineryError
from sharklab.packets import container, decode
from sharklab.packets.model import Packet, Recording

NOBODY = 65534
READERS = {
    container.PCAP: "Wireshark/tcpdump/... - pcap",
    container.PCAPNG: "Wireshark/... - pcapng",
}
DECODE_AS = ("tcp.port==2049,rpc", "tcp.port==53,dns", "udp.port==53,dns")
"""Ports whose meaning is fixed here, because tshark believes the lower port of the two: an NFS client
on port 862 would show as TWAMP (clients of NFS take a port below 1024)."""


@dataclass(frozen=True)
class Limits:
    """What tshark may take for one capture: seconds, bytes of address space, bytes of output."""

    seconds: int = 60
    memory: int = 1 << 30
    output: int = 512 << 20


LIMITS = Limits()


def read(path: Path, limits: Limits = LIMITS) -> Recording:
    """Return the packets of the capture in `path`; of one that is cut short, those that are whole.

    Raises InputError when the file is no capture or is more than `limits` allow, and
    MachineryError when tshark is missing or broken.
    """
    capture = container.open_capture(path)
    packets = tuple(_packets(path, _tshark(path, capture.format, limits)))
    if len(packets) < len(capture.packets):
        raise MachineryError(
            N_("tshark read {count} of {total} packets"),
            place=str(path),
            hint=_REPAIR,
            count=len(packets),
            total=len(capture.packets),
        )
    return Recording(packets, capture.cut)


def read_all(paths: Iterable[Path], limits: Limits = LIMITS) -> Mapping[Path, Recording]:
    """Return each capture as read, as many at once as there are cores.

    A file that cannot be read is an empty recording whose `problem` says why, so that it does
    not hide the others. Raises MachineryError when tshark is missing or broken.
    """
    wanted = list(dict.fromkeys(paths))
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        return dict(zip(wanted, pool.map(lambda path: _read_or_say(path, limits), wanted), strict=True))


def _read_or_say(path: Path, limits: Limits) -> Recording:
    try:
        return read(path, limits)
    except InputError as error:
        return Recording((), problem=error.sentence)


def _tshark(path: Path, format: str, limits: Limits) -> bytes:
    """Return what tshark prints of the capture: one JSON object per line."""
    argv = [*_box(limits), _find("tshark"), *_options(format)]
    environ = {"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC", "LC_ALL": "C.UTF-8", **_NO_CONFIG}
    try:
        with path.open("rb") as capture:
            done = subprocess.run(
                argv, stdin=capture, capture_output=True, env=environ, timeout=limits.seconds, check=False
            )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            N_("the capture took tshark more than {seconds} s"),
            place=str(path),
            seconds=limits.seconds,
            hint=N_("capture fewer packets"),
        ) from error
    return _accept(path, done, limits)


_NO_CONFIG = {"WIRESHARK_CONFIG_DIR": "/nonexistent", "HOME": "/nonexistent"}
_REPAIR = N_("check tshark with: tshark --version")
_CUT = b"cut short in the middle of a packet"


def _accept(path: Path, done: subprocess.CompletedProcess[bytes], limits: Limits) -> bytes:
    """Return tshark's output, if it read the capture (to where it is cut)."""
    if done.returncode == 0 or _CUT in done.stderr:
        return bytes(done.stdout)
    if done.returncode < 0 or b"memory" in done.stderr:
        raise InputError(
            N_("the capture needs more than tshark may take ({memory} MiB, {seconds} s)"),
            place=str(path),
            memory=limits.memory >> 20,
            seconds=limits.seconds,
            hint=N_("capture fewer packets"),
        )
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    raise MachineryError(
        N_("tshark failed ({code}): {said}") if lines else N_("tshark failed ({code}): it said nothing"),
        place=str(path),
        hint=_REPAIR,
        code=done.returncode,
        said="".join(lines[-1:]),
    )


def _options(format: str) -> list[str]:
    """Return the options of tshark(1) that read standard input as `format` and print our fields."""
    decoders = [part for rule in DECODE_AS for part in ("-d", rule)]
    fields = [part for field in decode.FIELDS for part in ("-e", field)]
    reader = ["-n", "-r", "-", "-X", f"read_format:{READERS[format]}"]
    return [*reader, "-o", decode.COLUMNS, *decoders, "-T", "ek", *fields]


def _box(limits: Limits) -> list[str]:
    """Return the command that runs another one within limits and, for root, as nobody without a network."""
    bounds = [f"--as={limits.memory}", f"--cpu={limits.seconds}", f"--fsize={limits.output}", "--core=0"]
    box = [_find("prlimit"), *bounds]
    if os.geteuid() == 0:
        identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
        box += [_find("unshare"), "--net", "--", _find("setpriv"), *identity]
    return box


def _find(tool: str) -> str:
    found = shutil.which(tool)
    if not found:
        package = "tshark (wireshark-cli on Rocky)" if tool == "tshark" else "util-linux"
        raise MachineryError(
            N_("{tool} is not installed"),
            place=tool,
            hint=N_("install the package {package}"),
            tool=tool,
            package=package,
        )
    return found


def _packets(path: Path, output: bytes) -> Iterator[Packet]:
    """Yield the packet of each line; Elasticsearch's index lines stand between them."""
    for line in output.splitlines():
        try:
            layers = json.loads(line).get("layers")
            if layers:
                yield decode.packet({_dotted(name): values for name, values in layers.items()})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise MachineryError(
                N_("tshark printed what is no packet"), place=str(path), hint=_REPAIR
            ) from error


_DOTTED = {field.replace(".", "_"): field for field in decode.FIELDS}


def _dotted(name: str) -> str:
    """Return the field's own name: this output format writes its dots as underscores."""
    return _DOTTED.get(name, name)
