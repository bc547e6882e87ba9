"""Files that nobody thought of: recorded ones with changes, and pieces put together at random.

Whatever comes of it is a reading or one sentence that says why not (InputError); anything else is a
fault of the reader, and so is a file written where it does not belong.
"""

from __future__ import annotations

import io
import json
import struct
import tempfile
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from sharklab import i18n
from sharklab.errors import InputError
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets import container
from sharklab.evidence.packets.explanation import explain
from sharklab.grading.submission import archive, bundle, manifest, sheet
from sharklab.grading.submission.model import Seal, Submission
from sharklab.lab import roster
from sharklab.limits import CAPTURE
from sharklab.message import NN_
from tests.hostile.conftest import Fuzz
from tests.support import submission_sample as sample
from tests.support.hostile_captures import INTERFACE, PCAP, SECTION, block, packet_block, record

RECORDED = sorted(path for path in sample.DATA.iterdir() if path.suffix in (".pcap", ".pcapng"))
LINKS = (0, 1, 12, 101, 113, 228, 229, 276, 105, 127, 147, 195, 220, 239, 252, 273)
"""Link types: null, Ethernet, raw IP, SLL, SLL2, and some that are seldom seen."""
TELLING = [0, 1, 2, 4, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


@st.composite
def changed(draw: st.DrawFn, content: bytes, most: int = 6) -> bytes:
    """Return `content` with some bytes replaced, left out, doubled, or its end cut off."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        way = draw(st.sampled_from(("byte", "number", "leave out", "double", "cut")))
        if way == "byte":
            data[at : at + 1] = draw(st.binary(min_size=1, max_size=4))
        elif way == "number":
            number = draw(st.sampled_from(TELLING))
            data[at : at + 4] = number.to_bytes(4, draw(st.sampled_from(("little", "big"))))
        elif way == "leave out":
            del data[at : at + draw(st.integers(1, 64))]
        elif way == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 64))]
        elif len(data) > 24:
            del data[max(24, at) :]
    return bytes(data)


@cache
def frames() -> Sequence[bytes]:
    """Return the packets of all recorded captures."""
    opened = [container.open_capture(path) for path in RECORDED]
    return [found.content[start : start + size] for found in opened for start, size in found.packets]


@st.composite
def changed_packets(draw: st.DrawFn) -> bytes:
    """Return a capture of many packets that were changed, as pcap or as pcapng."""
    chosen = draw(st.lists(st.sampled_from(frames()), min_size=50, max_size=150))
    seed = draw(st.randoms(use_true_random=False))
    data = [_spoil(frame, seed) for frame in chosen]
    link = draw(st.sampled_from((1, 1, 1, *LINKS)))
    if draw(st.booleans()):
        return PCAP[:20] + struct.pack("<I", link) + b"".join(map(record, data))
    interface = INTERFACE[:8] + struct.pack("<H", link) + INTERFACE[10:]
    return SECTION + interface + b"".join(map(packet_block, data))


def _spoil(frame: bytes, seed: Any) -> bytes:
    """Return a packet of which some bytes are others; cheaper than to draw each change by itself."""
    data = bytearray(frame[: seed.choice((len(frame), len(frame), seed.randrange(1 + len(frame))))])
    for _ in range(seed.randrange(8) if data else 0):
        data[seed.randrange(len(data))] = seed.choice((0, 1, 0x7F, 0x80, 0xC0, 0xFF, seed.randrange(256)))
    return bytes(data)


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    """Return a file of blocks of pcapng in any order, of any kind, with any content."""
    kinds = st.sampled_from((1, 2, 3, 4, 5, 6, 9, 10, 0xBAD, 0x40000BAD, 0x0A0D0D0A, 0x80000001))
    bodies = st.binary(max_size=64).map(lambda body: body + bytes(-len(body) % 4))
    parts = st.one_of(
        st.builds(block, kinds, bodies),
        st.builds(packet_block, st.binary(max_size=80), st.integers(0, 3)),
        st.builds(packet_block, st.binary(max_size=80), st.just(0), st.sampled_from((1, 96, 4096, *TELLING))),
        st.just(INTERFACE),
        st.just(SECTION),
    )
    return SECTION + b"".join(draw(st.lists(parts, max_size=20)))


def look_at_container(content: bytes) -> None:
    """Check that what the first reader says lies within the file, or that it refuses it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "capture"
        file.write_bytes(content)
        try:
            found = container.open_capture(file)
        except InputError:
            return
    assert len(found.packets) <= CAPTURE.packets
    assert [] == [(at, size) for at, size in found.packets if not 0 <= at <= at + size <= len(content)]


NEVER = (
    "tshark printed something other than packets",
    NN_("tshark read {read} of {count} packet", "tshark read {read} of {count} packets"),
)
"""What would be said of a capture that tshark takes and we do not."""


def read_whole(content: bytes) -> None:
    """Check that a capture is read to its facts and explanations in words, or refused."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "capture"
        file.write_bytes(content)
        facts = RecordedCapture("any", "client", file).facts
    assert facts.problem.msgid not in NEVER
    assert [packet.number for packet in facts.packets] == list(range(1, len(facts.packets) + 1))
    words = i18n.translator("fr")
    said = [words.say(each.what) for each in explain(facts)] + [words.say(facts.problem)]
    assert all(isinstance(text, str) for text in said)


def test_container_of_changed_captures(fuzz: Fuzz) -> None:
    """Recorded captures whose headers and lengths lie."""
    strategy = st.sampled_from([path.read_bytes()[:4000] for path in RECORDED]).flatmap(changed)
    fuzz(strategy, look_at_container, 300)


def test_container_of_blocks(fuzz: Fuzz) -> None:
    """Blocks of pcapng that no program would write."""
    fuzz(blocks(), look_at_container, 200)


def test_container_of_any_bytes(fuzz: Fuzz) -> None:
    """Anything after the first bytes of a capture."""
    starts = st.sampled_from((PCAP[:4], b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", SECTION[:12], SECTION))
    fuzz(st.builds(bytes.__add__, starts, st.binary(max_size=300)), look_at_container, 200)


def test_read_of_changed_captures(fuzz: Fuzz) -> None:
    """What the first reader lets through is read by tshark, or refused by name of the file."""
    strategy = st.sampled_from([path.read_bytes() for path in RECORDED]).flatmap(changed)
    fuzz(strategy, read_whole, 8)


def test_read_of_changed_packets(fuzz: Fuzz) -> None:
    """Real packets with wrong bytes, hundreds in a file: tshark's fields of them are never taken on trust."""
    fuzz(changed_packets(), read_whole, 8)


def test_read_of_blocks(fuzz: Fuzz) -> None:
    """Blocks of pcapng that no program would write, as tshark takes them."""
    fuzz(blocks(), read_whole, 4)


@cache
def whole() -> tuple[bytes, dict[str, bytes]]:
    """Return a submission that was packed and signed, and the files that are in it."""
    with tempfile.TemporaryDirectory() as place:
        file = sample.packed(Path(place))
        with zipfile.ZipFile(file) as opened:
            return file.read_bytes(), {name: opened.read(name) for name in opened.namelist()}


def unpack(content: bytes) -> tuple[Submission | None, dict[str, bytes]]:
    """Unpack a file; return what it is, if it is a submission, and every file that was written for it."""
    with tempfile.TemporaryDirectory() as place:
        room = Path(place)
        file, into = room / "file", room / "deep" / "into"
        file.write_bytes(content)
        try:
            found = bundle.unpack(file, into, key_of=sample.key)
        except InputError as error:
            assert error.say(i18n.translator("fr").gettext)
            found = None
        paths = [path for path in room.rglob("*") if path != file and not path.is_dir()]
        return found, {path.relative_to(into).as_posix(): path.read_bytes() for path in paths}


def look_at_bundle(content: bytes) -> None:
    """Check that nothing lies outside, every problem is said, and a whole seal means the same content."""
    found, written = unpack(content)
    if found is None:
        return
    words = i18n.translator("fr")
    assert all(words.say(problem.reason) and problem.file.isprintable() for problem in found.problems)
    assert found.seal is not Seal.WHOLE or written == whole()[1]


def test_unpack_of_changed_bundles(fuzz: Fuzz) -> None:
    """A signed submission with wrong bytes: it is never whole unless all of it is what was signed."""
    fuzz(st.builds(lambda: whole()[0]).flatmap(changed), look_at_bundle, 250)


NAMES = st.one_of(
    st.sampled_from(
        ("answers.yml", "captures/ssh.pcap", "state/server.json", manifest.NAME, manifest.SIGNATURE)
    ),
    st.sampled_from(
        ("../x", "/x", "captures/../x", "captures", "captures/", "state/../../x.json", "a\\b", ".")
    ),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
)


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """Return an archive of files with any names and any content, with the signed manifest or another."""
    files = dict(whole()[1])
    for name in draw(st.lists(NAMES, max_size=6)):
        files[name] = draw(st.one_of(st.binary(max_size=60), st.sampled_from(list(whole()[1].values()))))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", draw(st.sampled_from((0, 8)))) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return buffer.getvalue()


def test_unpack_of_any_archive(fuzz: Fuzz) -> None:
    """Names that lead elsewhere and contents that are something else."""
    fuzz(archives(), look_at_bundle, 150)


def look_at_zip(content: bytes) -> None:
    """Check that nothing of a zip lies outside its folder, and that no more comes out than is told."""
    with tempfile.TemporaryDirectory() as place:
        room = Path(place)
        file, into = room / "file", room / "deep" / "into"
        file.write_bytes(content)
        into.mkdir(parents=True)
        try:
            size, _ = archive.extract(file, into, 1 << 20)
        except InputError as error:
            assert error.say(i18n.translator("fr").gettext)
            size = 1 << 20
        paths = [path for path in room.rglob("*") if path != file and not path.is_dir()]
        assert all(path.is_relative_to(into) and path.name.isprintable() for path in paths)
        assert sum(path.stat().st_size for path in paths) <= size


def test_extract_of_any_zip(fuzz: Fuzz) -> None:
    """Names that lead elsewhere, and wrong bytes anywhere."""
    fuzz(archives(), look_at_zip, 100)
    fuzz(st.builds(lambda: whole()[0]).flatmap(changed), look_at_zip, 150)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)
KEYS = ("schema", "lab", "student", "seat", "begun", "made", "files", "hints")


def look_at_manifest(content: dict[str, Any]) -> None:
    """Check that a manifest is taken only with names that can be folders, and times."""
    try:
        said = manifest.read(json.dumps(content).encode())
    except InputError:
        return
    assert "/" not in said["lab"] + said["student"] and not said["student"].startswith(".")
    assert 0 <= said["begun"] <= 1e11


def test_read_of_any_manifest(fuzz: Fuzz) -> None:
    """A manifest whose parts are of any kind."""
    good = {"schema": 1, "lab": "tp4", "student": "a", "seat": "0" * 8, "begun": 0, "made": 0, "files": {}}
    edits = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=3)
    fuzz(edits.map(lambda edit: {**good, **edit}), look_at_manifest, 200)


PIECES = (
    *("web", "server_port", ": ", ":", "\n", "\n  ", "- ", "[", "]", "{", "}", ", ", "? ", "| ", ">\n "),
    *(
        "&a ",
        "*a",
        "!!int ",
        "!x ",
        "<<",
        "'",
        '"',
        "# ",
        "---",
        "...",
        "%YAML 1.1\n",
        "443",
        "0x1F",
        "1e999",
    ),
    *("::1", "~", "\t", "é", "\u2028", "\\x1b", "null", "true", "=1+1", "9" * 5000),
)


def look_at_sheet(content: bytes) -> None:
    """Check that answers are plain and printable, and problems are said."""
    answers, problems = sheet.read(content)
    given = [value for questions in answers.values() for value in questions.values()]
    flat = [item for value in given for item in (value if isinstance(value, list) else [value])]
    assert all(item is None or isinstance(item, str | int | float) for item in flat)
    words = i18n.translator("fr")
    assert all(words.say(problem.reason) for problem in problems)


def test_read_of_any_answers(fuzz: Fuzz) -> None:
    """Pieces of YAML in any order, and any bytes."""
    pieces = st.lists(st.sampled_from(PIECES), max_size=40).map(lambda parts: "".join(parts).encode())
    fuzz(st.one_of(pieces, st.binary(max_size=80)), look_at_sheet, 400)


def look_at_roster(content: bytes) -> None:
    """Check that whoever is in a class can be given a seat."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "roster.csv"
        file.write_bytes(content)
        try:
            students = roster.read(file)
        except InputError:
            return
    assert len({student.id for student in students}) == len(students) > 0
    assert all(student.name.isprintable() for student in students)


def test_read_of_any_roster(fuzz: Fuzz) -> None:
    """Any lines below a heading."""
    cells = st.one_of(
        st.text(max_size=12), st.sampled_from(("alice", "Participant 3", "a@b", "=1", '"', ",", ";"))
    )
    lines = st.lists(st.lists(cells, max_size=4).map(",".join), max_size=5).map("\n".join)
    texts = lines.map(lambda text: ("student,name,email\n" + text).encode("utf-8", "replace"))
    fuzz(texts, look_at_roster, 200)
