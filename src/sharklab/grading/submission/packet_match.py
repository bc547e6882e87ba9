"""Tell by their packets which exercises captures are of, whose names tell nothing.

A capture is of an exercise whose answers declare a conversation in it. It is so, too, when it has the
connection of a capture of the exercise. Of an exercise that has no such capture it is one whose largest
conversation is with the service that the lab or the student's answers name. A student may record everything
in one file: it is of each exercise whose answers tell a port of a conversation in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sharklab.checks import QUESTIONS
from sharklab.checks.focus import turn
from sharklab.checks.question import End, Value
from sharklab.evidence.capture import RecordedCapture, read_few
from sharklab.evidence.packets.model import Conversation, Endpoint
from sharklab.grading.submission import service
from sharklab.grading.submission.declaration import Given, find_fitting, is_declared, without_server
from sharklab.grading.submission.model import Answers
from sharklab.grading.submission.service import AskedService
from sharklab.lab.model import Exercise

Files = Mapping[str, Path]
_Ends = frozenset[Endpoint]
"""Both ends of a connection, whichever side is the client."""
_SERVER = {(Value.ADDRESS, End.SERVER), (Value.PORT, End.SERVER)}
"""The answers that tell the endpoint of a server."""


def find(
    files: Sequence[Path], exercises: Iterable[Exercise], answers: Answers, known: Files
) -> tuple[Files, Mapping[str, list[Path]]]:
    """Return a file for each lacking capture, by id, and the files beyond the first of each capture.

    Only exercises with one capture that counts on any machine are looked at: packets do not tell which of
    two captures one is. `known` are the captures that have a file. Raises MachineryError when tshark is
    missing or broken.
    """
    wanted = [each for each in exercises if each.anywhere and len(each.captures) == 1]
    asking = [each for each in wanted if _id(each) in known or answers.get(each.id) or service.of(each)]
    every = [RecordedCapture(file.name, "", file) for file in files if asking]
    left = [*every]
    read_few(left)
    lacking = [each for each in asking if _id(each) not in known]
    shown = dict(_first(left, lacking, answers))
    first = {**known, **shown}
    further = {
        _id(each): _others(left, each, answers, first[_id(each)]) for each in asking if _id(each) in first
    }
    for name, own in _match_services(left, [each for each in lacking if _id(each) not in shown], answers):
        shown[name], *further[name] = own
    used = dict.fromkeys(known[_id(each)] for each in wanted if _id(each) in known)
    every += (RecordedCapture(file.name, "", file) for file in used)
    shown |= _share(every, [each for each in lacking if _id(each) not in shown], answers)
    return shown, further


def _share(
    every: Sequence[RecordedCapture], exercises: Iterable[Exercise], answers: Answers
) -> dict[str, Path]:
    """Return for each exercise the capture that fits its answers best, also one of another exercise.

    The answers have to tell more than a server, for several exercises may have the same one.
    """
    shared = {}
    for exercise in exercises:
        given = answers.get(exercise.id, {})
        fits = {
            each.path: _fits(each, exercise, given) for each in every if _tells_port(each, exercise, given)
        }
        if fits:
            shared[_id(exercise)] = max(fits, key=lambda path: fits[path])
    return shared


def _tells_port(capture: RecordedCapture, exercise: Exercise, given: Given) -> bool:
    """Tell whether a conversation has the client's port of the answers, or their server's endpoint."""
    fitting = (find_fitting(talk, exercise, given) for talk in capture.facts.conversations)
    asked = ({(QUESTIONS[name].value, QUESTIONS[name].end) for name in fits} for fits in fitting)
    return any((Value.PORT, End.CLIENT) in each or each >= _SERVER for each in asked)


def _match_services(
    left: list[RecordedCapture], open_ones: Sequence[Exercise], answers: Answers
) -> Iterator[tuple[str, list[Path]]]:
    """Yield an id and captures for each exercise that has some: first by its answers, then by its service."""
    matched = set()
    for exercise in (each for each in open_ones if answers.get(each.id)):
        if own := _of_answers(left, exercise, open_ones, answers):
            matched.add(exercise.id)
            yield _id(exercise), own
    for exercise in (each for each in open_ones if each.id not in matched):
        if own := _of_service(left, exercise):
            yield _id(exercise), own


def _id(exercise: Exercise) -> str:
    return exercise.captures[0].id


def _of_service(left: list[RecordedCapture], exercise: Exercise) -> list[Path]:
    """Return the captures whose largest conversation is with the service of an exercise, and take them."""
    wanted = service.of(exercise)
    chosen = [each for each in left if wanted and _is_of(wanted, _largest(each))]
    left[:] = [each for each in left if each not in chosen]
    return [each.path for each in chosen]


def _of_answers(
    left: list[RecordedCapture], exercise: Exercise, open_ones: Iterable[Exercise], answers: Answers
) -> list[Path]:
    """Return the captures with the service that answers name, no other exercise's do; and take them."""
    others = [each for each in open_ones if each is not exercise]
    chosen = [
        each
        for each in left
        if _is_answered(each, exercise, answers) and not any(_is_answered(each, o, answers) for o in others)
    ]
    left[:] = [each for each in left if each not in chosen]
    return [each.path for each in chosen]


def _is_answered(capture: RecordedCapture, exercise: Exercise, answers: Answers) -> bool:
    """Tell whether a capture's largest conversation has the port and the transport of the answers."""
    talk = _largest(capture)
    given = without_server(exercise, answers.get(exercise.id, {}))
    return talk is not None and is_declared(talk, exercise, given)


def _is_of(wanted: AskedService, talk: Conversation | None) -> bool:
    """Tell whether a conversation is with a service; one whose sides are not sure, either way round."""
    return talk is not None and (wanted.fits(talk) or (not talk.sure and wanted.fits(turn(talk))))


def _largest(capture: RecordedCapture, *transports: str) -> Conversation | None:
    """Return the conversation with the most packets, of these transports or of any."""
    talks = [each for each in capture.facts.conversations if each.transport in (transports or ("tcp", "udp"))]
    return max(talks, key=lambda talk: len(talk.packets), default=None)


def _first(
    left: list[RecordedCapture], exercises: Iterable[Exercise], answers: Answers
) -> Iterator[tuple[str, Path]]:
    """Yield for each exercise the capture that fits its answers best, and take it from those `left`."""
    for exercise in exercises:
        given = answers.get(exercise.id, {})
        fits = [_fits(each, exercise, given) for each in left]
        if any(fits):
            best = left[fits.index(max(fits))]
            left.remove(best)
            yield _id(exercise), best.path


def _others(left: list[RecordedCapture], exercise: Exercise, answers: Answers, first: Path) -> list[Path]:
    """Return the captures of an exercise beside its `first`, and take them from those `left`."""
    if not left:
        return []
    one = RecordedCapture("", "", first)
    service, connection = _service(one, exercise, answers), _connection(one)
    others = [
        each
        for each in left
        if (service and service == _service(each, exercise, answers)) or connection in _connections(each)
    ]
    left[:] = [each for each in left if each not in others]
    return [each.path for each in others]


def _service(capture: RecordedCapture, exercise: Exercise, answers: Answers) -> frozenset[str]:
    """Return the most questions whose answers fit a declared conversation, but for the port of the client."""
    given = answers.get(exercise.id, {})
    declared = (talk for talk in capture.facts.conversations if is_declared(talk, exercise, given))
    lasting = (_find_lasting(find_fitting(talk, exercise, given)) for talk in declared)
    return max(lasting, key=len, default=frozenset())


def _find_lasting(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in names if not QUESTIONS[name].changes)


def _fits(capture: RecordedCapture, exercise: Exercise, given: Given) -> int:
    """Return how many answers fit a conversation of the capture that they declare, 0 without one."""
    declared = (talk for talk in capture.facts.conversations if is_declared(talk, exercise, given))
    return max((len(find_fitting(talk, exercise, given)) for talk in declared), default=0)


def _connection(capture: RecordedCapture) -> _Ends | None:
    """Return the ends of the largest TCP connection in a capture, None without any."""
    most = _largest(capture, "tcp")
    return frozenset((most.client, most.server)) if most else None


def _connections(capture: RecordedCapture) -> set[_Ends]:
    talks = capture.facts.conversations
    return {frozenset((talk.client, talk.server)) for talk in talks if talk.transport == "tcp"}
