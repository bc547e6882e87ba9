"""Find the student of each submission, and select the one that counts if a student has several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sharklab import state
from sharklab.errors import InputError
from sharklab.grading.gradebook import inputs
from sharklab.grading.gradebook.inputs import SubmissionSource
from sharklab.grading.gradebook.job import Identity
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
"""Names in a gradebook that are no student's folder."""


@dataclass(frozen=True)
class Selection:
    """The selection of a student: an entry without a result, and the submission to grade, if there is one."""

    entry: Entry
    source: SubmissionSource | None = None


def lab_of(identities: Mapping[SubmissionSource, Identity | Failure]) -> str:
    """Return the lab that most submissions name. Raises InputError when none does."""
    named = Counter(each.lab for each in identities.values() if isinstance(each, Identity) and each.lab)
    if not named:
        raise InputError(N_("no submission names its lab"), place="--lab", hint=N_("name it: --lab tp4"))
    return min(named, key=lambda name: (-named[name], name))


def select(
    sources: Sequence[SubmissionSource],
    roster: Sequence[Student],
    identities: Mapping[SubmissionSource, Identity | Failure],
    lab: Lab,
) -> Iterator[Selection]:
    """Yield every student of the class with the submission that counts, in the order of their ids."""
    whose = {source: _owner(source, identity, roster) for source, identity in identities.items()}
    known = {student.id: student for student in roster}
    for name in sorted({*known, *whose.values()}):
        student = known.get(name, Student(name, "", ""))
        own = [source for source in sources if whose[source] == name]
        own.sort(key=lambda source: _worth(identities[source], source), reverse=True)
        yield _selection(student, own, identities, lab, _odd(roster, student, own, identities))


def _owner(source: SubmissionSource, identity: Identity | Failure, roster: Sequence[Student]) -> str:
    """Return the student id: from the submission, else from its file name, else an id unique to this file."""
    if isinstance(identity, Identity) and identity.student:
        return identity.student
    named = inputs.owner(source, roster)
    if named:
        return named.id
    own = inputs.stem(source.name)
    plain = "".join(c if state.PLAIN_NAME.fullmatch(c) else "_" for c in own).lstrip(".-_") or "x"
    return plain[:64]


def _worth(
    identity: Identity | Failure, source: SubmissionSource
) -> tuple[bool, bool, float, tuple[str, ...]]:
    """Return the sort key that decides which submission counts: readable, signed, the newest."""
    if isinstance(identity, Failure):
        return False, False, 0.0, source.parts
    return True, identity.seal is Seal.WHOLE, identity.made, source.parts


def _selection(
    student: Student,
    own: Sequence[SubmissionSource],
    identities: Mapping[SubmissionSource, Identity | Failure],
    lab: Lab,
    odd: tuple[Remark, ...],
) -> Selection:
    entry = Entry(student.id, student.name, student.email, student.moodle_id)
    if not own:
        return Selection(entry)
    identity = identities[own[0]]
    entry = replace(entry, file=own[0].name, remarks=odd)
    if isinstance(identity, Failure):
        return Selection(replace(entry, problem=identity.reason))
    entry = replace(entry, digest=identity.digest)
    if problem := _refusal(student, identity, lab, odd):
        return Selection(replace(entry, problem=problem))
    return Selection(entry, own[0])


def _refusal(student: Student, identity: Identity, lab: Lab, odd: tuple[Remark, ...]) -> Message:
    """Return why a submission that can be read is not graded."""
    if identity.lab not in ("", lab.name):
        return Message(N_("it is for the lab {lab}"), {"lab": identity.lab})
    if not seat.STUDENT.fullmatch(student.id) or student.id in RESERVED:
        return Message(N_("{student!r} is not a valid student id"), {"student": student.id})
    if identity.seal is not Seal.WHOLE and any(remark.kind == STRANGER for remark in odd):
        return Message(N_("its student is not in the roster, and no seat of the course signed it"))
    return NOTHING


def _odd(
    roster: Sequence[Student],
    student: Student,
    own: Sequence[SubmissionSource],
    identities: Mapping[SubmissionSource, Identity | Failure],
) -> tuple[Remark, ...]:
    """Return remarks on the way in which a student's submissions were handed in."""
    remarks = []
    if roster and student not in roster:
        remarks.append(Remark(STRANGER, Message(N_("is not in the roster"))))
    for source in own[1:]:
        said = Message(N_("{file} is also a submission of this student"), {"file": source.name})
        remarks.append(Remark(SPARE, said))
    for source in own[:1]:
        other = inputs.owner(source, roster)
        if isinstance(identities[source], Identity) and other and other.id != student.id:
            said = Message(N_("{file} was handed in by {other}"), {"file": source.name, "other": other.id})
            remarks.append(Remark(MISFILED, said, (other.id,)))
    return tuple(remarks)
