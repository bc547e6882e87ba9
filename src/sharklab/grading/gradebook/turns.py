"""Tell whose each submission is, and which of several counts: everyone of a class gets one turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sharklab import state
from sharklab.errors import InputError
from sharklab.grading.gradebook import inputs
from sharklab.grading.gradebook.inputs import Source
from sharklab.grading.gradebook.job import Seen
from sharklab.grading.gradebook.model import Entry
from sharklab.grading.gradebook.pool import Failure
from sharklab.grading.marking.model import Remark
from sharklab.grading.submission.model import Seal
from sharklab.i18n import languages
from sharklab.lab import seat
from sharklab.lab.model import Lab
from sharklab.lab.roster import Student
from sharklab.message import N_, NOTHING, Message

SPARE, STRANGER, MISFILED = "spare", "stranger", "misfiled"
"""Kinds of remarks: more than one submission, not in the roster, handed in under another's name."""
RESERVED = frozenset(
    {"gradebook.csv", "junit.xml", "results.json", *(f"class.{code}.html" for code in languages())}
)
"""What lies beside the students' folders in a gradebook."""


@dataclass(frozen=True)
class Turn:
    """The turn of a student: an entry without a result, and the submission to grade, if there is one."""

    entry: Entry
    source: Source | None = None


def lab_of(seen: Mapping[Source, Seen | Failure]) -> str:
    """Return the lab that most submissions name. Raises InputError when none does."""
    named = Counter(each.lab for each in seen.values() if isinstance(each, Seen) and each.lab)
    if not named:
        raise InputError(N_("no submission names its lab"), place="--lab", hint=N_("name it: --lab tp4"))
    return min(named, key=lambda name: (-named[name], name))


def turns_of(
    sources: Sequence[Source], roster: Sequence[Student], seen: Mapping[Source, Seen | Failure], lab: Lab
) -> Iterator[Turn]:
    """Yield every student of the class with the submission that counts, in the order of their ids."""
    whose = {source: _owner(source, found, roster) for source, found in seen.items()}
    known = {student.id: student for student in roster}
    for name in sorted({*known, *whose.values()}):
        student = known.get(name, Student(name, "", ""))
        own = [source for source in sources if whose[source] == name]
        own.sort(key=lambda source: _worth(seen[source], source), reverse=True)
        yield _turn(student, own, seen, lab, _odd(roster, student, own, seen))


def _owner(source: Source, found: Seen | Failure, roster: Sequence[Student]) -> str:
    """Return the student id: from the submission, else from its file name, else an id unique to this file."""
    if isinstance(found, Seen):
        return found.student
    named = inputs.owner(source, roster)
    if named:
        return named.id
    stem = "".join(c if state.PLAIN_NAME.fullmatch(c) else "_" for c in source.path.stem).lstrip(".-_") or "x"
    return stem[:64]


def _worth(found: Seen | Failure, source: Source) -> tuple[bool, bool, float, str]:
    """Return the sort key that decides which submission counts: readable, signed, the newest."""
    if isinstance(found, Failure):
        return False, False, 0.0, str(source.path)
    return True, found.seal is Seal.WHOLE, found.made, str(source.path)


def _turn(
    student: Student,
    own: Sequence[Source],
    seen: Mapping[Source, Seen | Failure],
    lab: Lab,
    odd: tuple[Remark, ...],
) -> Turn:
    entry = Entry(student.id, student.name, student.email, student.moodle_id)
    if not own:
        return Turn(entry)
    found = seen[own[0]]
    entry = replace(entry, file=own[0].name, remarks=odd)
    if isinstance(found, Failure):
        return Turn(replace(entry, problem=found.reason))
    entry = replace(entry, digest=found.digest)
    if problem := _refusal(student, found, lab, odd):
        return Turn(replace(entry, problem=problem))
    return Turn(entry, own[0])


def _refusal(student: Student, found: Seen, lab: Lab, odd: tuple[Remark, ...]) -> Message:
    """Return why a submission that can be read is not graded."""
    if found.lab not in ("", lab.name):
        return Message(N_("it is for the lab {lab}"), {"lab": found.lab})
    if not seat.STUDENT.fullmatch(student.id) or student.id in RESERVED:
        return Message(N_("{student!r} cannot name a seat"), {"student": student.id})
    if found.seal is not Seal.WHOLE and any(remark.kind == STRANGER for remark in odd):
        return Message(N_("its student is not in the roster, and no seat of the course signed it"))
    return NOTHING


def _odd(
    roster: Sequence[Student], student: Student, own: Sequence[Source], seen: Mapping[Source, Seen | Failure]
) -> tuple[Remark, ...]:
    """Return remarks on the way in which a student's submissions were handed in."""
    found = []
    if roster and student not in roster:
        found.append(Remark(STRANGER, Message(N_("is not in the roster"))))
    for source in own[1:]:
        said = Message(N_("another file says it is this student's: {file}"), {"file": source.name})
        found.append(Remark(SPARE, said))
    for source in own[:1]:
        other = inputs.owner(source, roster)
        if isinstance(seen[source], Seen) and other and other.id != student.id:
            said = Message(N_("{file} was handed in by {other}"), {"file": source.name, "other": other.id})
            found.append(Remark(MISFILED, said, (other.id,)))
    return tuple(found)
