"""The words of a lab as types: `load` reads them, and every later step uses them.

A `Lab` is the author's text. A `Seat` has the values of one student. A `Plan` is both
together, with every template filled in. All are plain data:
no step changes them, and a plan is also a JSON file that a new process can read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path
from typing import Any

Text = Mapping[str, str]
"""Prose for students by language code: {"fr": ..., "en": ...}."""


@dataclass(frozen=True)
class Network:
    """A layer 2 segment of the lab; its name is also the interface's name on hosts.

    `internet`: its hosts reach the Internet, through a gateway.
    """

    name: str
    title: Text = field(default_factory=dict)
    internet: bool = False


@dataclass(frozen=True)
class Host:
    """A machine of a lab: the roles that set it up and the variables they take.

    `numbers` fixes the host's place in a network (1 to 250); without it the seat chooses. `needs` is what
    the host must have that not every provider gives (`sharklab.lab.needs`).
    """

    name: str
    title: Text
    networks: tuple[str, ...]
    roles: tuple[str, ...]
    vars: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Capture:
    """One tcpdump on a host's interface, around all probes of a run.

    `filter` is in pcap-filter(7) syntax; `snaplen` is in bytes, 0 for whole packets. `explain` asks the
    report to explain each packet. `names` are other names that students give its file.
    """

    id: str
    host: str
    network: str
    filter: str
    snaplen: int = 0
    explain: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Probe:
    """One command run on a host. `run` is an argv list; `timeout` is in seconds.

    The tool of an `optional` one may be missing on the host. A command that ends with none of the `exit`
    codes is run again, at most `retries` times.
    """

    id: str
    host: str
    run: tuple[str, ...]
    user: str = "root"
    timeout: float = 30.0
    exit: tuple[int, ...] = (0,)
    retries: int = 0
    after: tuple[str, ...] = ()
    stdin: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True)
class Check:
    """A check by name with its parameters; the functions are in `sharklab.checks`."""

    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """The condition that the answer to a question of `sharklab.checks.questions` is right.

    With `almost`, an answer that was right for another connection of the same program is enough.
    """

    question: str
    almost: bool = False


@dataclass(frozen=True)
class AllOf:
    """The condition that every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """The condition that one part holds at least."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """The condition that its part was looked at and does not hold."""

    part: Condition


Condition = Check | Asked | AllOf | AnyOf | Not
"""A condition that earns points."""


@dataclass(frozen=True)
class CriterionStep:
    """A step of a criterion that earns points of its own; without a title it has its condition's."""

    points: float
    condition: Condition
    title: Text = field(default_factory=dict)


@dataclass(frozen=True)
class IrrelevantCaptures:
    """A hint's trigger: the captures exist but contain nothing relevant.

    `like` is `empty` (no packets) or `elsewhere` (packets, but none of the exercise's conversation).
    """

    like: str


@dataclass(frozen=True)
class MixedUp:
    """The situation that the answer to `question` is the right one to the question `other`."""

    question: str
    other: str


@dataclass(frozen=True)
class Hint:
    """Where to look next, in the author's words; `when` says in which situation (None: in any)."""

    text: Text
    when: Condition | IrrelevantCaptures | MixedUp | None = None


@dataclass(frozen=True)
class Criterion:
    """A source of points in an exercise: one part for the whole, or steps that each earn some.

    `id` is unique in the exercise. Without a title it has its condition's: that of the `whole`, of which its
    steps are the parts, or those of its steps.
    """

    id: str
    steps: tuple[CriterionStep, ...]
    title: Text = field(default_factory=dict)
    hints: tuple[Hint, ...] = ()
    whole: Condition | None = None

    @property
    def points(self) -> float:
        """The points of all its parts."""
        return sum(step.points for step in self.steps)


@dataclass(frozen=True)
class ExpectedConversation:
    """The conversation of an exercise: its client and server, and the service's port if it is known."""

    client: str
    server: str
    transport: str = ""
    port: int = 0


@dataclass(frozen=True)
class Service:
    """A service that is to be known, as a course writes it: its port, its name, TCP or UDP or both.

    `reference` is its name in /etc/services if that is different; `own` marks a name that only the course
    uses. `use` is its purpose, `note` the reason for a difference between the course and the list.
    """

    port: int
    name: str
    transports: tuple[str, ...]
    use: Text
    note: Text = field(default_factory=dict)
    reference: str = ""
    own: bool = False


@dataclass(frozen=True)
class HostStart:
    """The state in which a host begins an exercise: `without` these roles, with other values of `vars`."""

    without: tuple[str, ...] = ()
    vars: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Exercise:
    """A task of a lab: its captures and probes, its checks and its questions.

    `criteria` are the author's; without any they are derived (`grading.marking.defaults`). `hints` are
    those of criteria by their ids, derived ones too.
    `faults` are lists of the catalogue's (`fault_catalogue`); a seat gets one of each list.
    `services` are those that a check compares with the system's own list. The conversation may be captured
    `anywhere`, on the student's own PC too, when the answers say which conversation it is. `start` is the
    state, by host, in which the student finds the hosts; without it they are solved from the beginning.
    """

    id: str
    part: str
    title: Text
    text: Text
    conversation: ExpectedConversation | None
    captures: tuple[Capture, ...]
    probes: tuple[Probe, ...]
    checks: tuple[Check, ...]
    questions: tuple[str, ...]
    criteria: tuple[Criterion, ...] = ()
    services: tuple[Service, ...] = ()
    anywhere: bool = False
    hints: Mapping[str, tuple[Hint, ...]] = field(default_factory=dict)
    faults: tuple[tuple[str, ...], ...] = ()
    start: Mapping[str, HostStart] = field(default_factory=dict)


@dataclass(frozen=True)
class Expectation:
    """The right results of a cell of a matrix: any of these exit codes, verdicts and packet patterns."""

    exit: tuple[int, ...] = ()
    verdict: tuple[str, ...] = ()
    packets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tool:
    """A tool of a matrix. `says` are verdicts with regular expressions of its words: the first match wins.

    An `optional` tool may be missing on the client.
    """

    id: str
    title: str
    optional: bool = False
    says: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Trial:
    """One cell of a matrix: the probe that tries a tool on a port of that state, and what is expected."""

    probe: str
    tool: str
    state: str
    port: int
    expect: Expectation


@dataclass(frozen=True)
class Matrix:
    """Every tool tried by `client` on a port of every state at `server`; it runs as the exercise of its id.

    `address` is the server's on `network`; `sysctls` hold on the client while the probes run.
    """

    id: str
    transport: str
    client: str
    server: str
    network: str
    address: str
    states: tuple[str, ...]
    tools: tuple[Tool, ...]
    trials: tuple[Trial, ...]
    sysctls: Mapping[str, str] = field(default_factory=dict)

    def tool(self, id: str) -> Tool:
        """Return the tool of that id. Raises KeyError when the matrix has none."""
        return {tool.id: tool for tool in self.tools}[id]


@dataclass(frozen=True)
class Exam:
    """The exam that a lab is: students have so many `minutes`, unless the roster gives them more."""

    minutes: int


@dataclass(frozen=True)
class LabContent:
    """The common content of an author's lab and of a seat's lab. The exercises of the matrices come first.

    `exam` is None for a lab that is none. `data` is what all of it was built from: plain data with the shape
    of lab.schema.json.
    """

    name: str
    path: Path
    title: Text
    summary: Text
    networks: tuple[Network, ...]
    hosts: tuple[Host, ...]
    exercises: tuple[Exercise, ...]
    matrices: tuple[Matrix, ...] = ()
    exam: Exam | None = None
    data: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def host(self, name: str) -> Host:
        """Return the host of that name. Raises KeyError when the lab has none."""
        return {host.name: host for host in self.hosts}[name]

    def network(self, name: str) -> Network:
        """Return the network of that name. Raises KeyError when the lab has none."""
        return {network.name: network for network in self.networks}[name]


class Lab(LabContent):
    """A folder in `labs/` as its author wrote it: data and prose, no code. Texts may be templates."""


class FilledLab(LabContent):
    """A lab for one seat, with every template filled in."""


@dataclass(frozen=True)
class Address:
    """Where a host is on one network of the seat."""

    network: str
    ipv4: IPv4Interface
    ipv6: IPv6Interface
    mac: str


@dataclass(frozen=True)
class Seat:
    """One student's own instance of a lab: everything here differs between students.

    `id` is 8 hexadecimal digits and names what belongs to the seat on the machine
    (namespaces, containers); `token` shows on the wire; `folder` is its state on disk; `password` is
    for the seat's own accounts and stays off the wire, argv and reports. `faults` are those of its exercises,
    by exercise: one of each list that the exercise has.
    """

    lab: str
    student: str
    id: str
    token: str
    domain: str
    share: str
    addresses: Mapping[str, Mapping[str, Address]]
    folder: Path
    password: str = field(default="", repr=False)
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def address(self, host: str, network: str) -> Address:
        """Return where `host` is on `network`. Raises KeyError when it is not on it."""
        return self.addresses[host][network]


@dataclass(frozen=True)
class Plan:
    """A lab for one seat, for providers and playbooks.

    `source` is the lab as its author wrote it, `lab` is the same with the values of the seat. `pace` is how
    long its matrices wait: "fast" or "real". `start` names the exercises that the seat began without, and
    `solved` those of them that were solved since: the hosts of `lab` have the roles and variables of that
    state (`lab.start`).
    """

    source: Lab
    lab: FilledLab
    seat: Seat
    pace: str = "fast"
    start: tuple[str, ...] = ()
    solved: tuple[str, ...] = ()

    @property
    def hosts(self) -> Sequence[Host]:
        """The lab's hosts in the author's order."""
        return self.lab.hosts
