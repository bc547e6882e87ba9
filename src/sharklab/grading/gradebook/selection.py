"""Find the student of each submission, and select the one that counts if a student has several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sharklab import state
from sharklab.errors import InputError
from sharklab.grading.gradebook import submission_source
from sharklab.grading.gradebook.model import Entry
from sharklab.grading.gradebook.named import ClassNames
from sharklab.grading.gradebook.pool import Failure
from sharklab.grading.gradebook.precedence import NEWEST, FirstInTime, Precedence
from sharklab.grading.gradebook.submission_source import SubmissionSource
from sharklab.grading.gradebook.work_item import Identity
from sharklab.grading.marking.model import Remark
from sharklab.grading.submission.model import Seal
from sharklab.i18n import languages
from sharklab.lab import seat
from sharklab.lab.exam import Window, Windows
from sharklab.lab.model import Lab
from sharklab.lab.roster import Student
from sharklab.message import N_, NOTHING, Message

SPARE, STRANGER, MISFILED, SHARED = "spare", "stranger", "misfiled", "shared"
"""Kinds of remarks: several submissions, not in the roster, under another's name, for several students."""
RESERVED = frozenset(
    {"gradebook.csv", "junit.xml", "results.json"}
    | {name for code in languages() for name in (f"class.{code}.html", f"gradebook.{code}.csv")}
)
"""Names in a gradebook that are no student's folder."""


@dataclass(frozen=True)
class Selection:
    """The selection of a student: an entry without a result, and the submission to grade, if there is one.

    `window` is the student's time in an exam.
    """

    entry: Entry
    source: SubmissionSource | None = None
    window: Window | None = None


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
    times: Windows | None = None,
) -> Iterator[Selection]:
    """Yield every student of the class with the submission that counts, in the order of their ids.

    The submission of one member of a group counts for all its members. A folder that has the names of several
    students counts for each of them. In an exam the first one counts that
    was made in the student's time, else the newest. `times` are those of the exam, if they are known.
    """
    names = ClassNames(roster)
    pairs = _pairs(identities, names)
    roster = [replace(each, group=pairs.get(each.id, each.group)) for each in roster]
    whose = {source: _owner(source, identity, names) for source, identity in identities.items()}
    known = _with_moodle_ids(roster, whose)
    members = _members(roster)
    for name in sorted({*known, *whose.values()}):
        student = known[name]
        mates = members.get(student.group, (name,)) if student.group else (name,)
        own = [source for source in sources if whose[source] in mates]
        window = times.of(*mates) if times else None
        rule: Precedence = FirstInTime(window) if lab.exam else NEWEST
        own.sort(key=lambda source: _worth(identities[source], source, rule), reverse=True)
        odd = _odd(names, student, own, identities, mates)
        odd += _together(pairs.get(name, ""), mates)
        odd += _spare(own, whose, identities, student.group if len(mates) > 1 else "", rule)
        found = _selection(student, own, identities, lab, odd)
        author = whose[own[0]] if own and whose[own[0]] != name else ""
        yield replace(found, entry=replace(found.entry, author=author), window=window)


def _pairs(identities: Mapping[SubmissionSource, Identity | Failure], names: ClassNames) -> Mapping[str, str]:
    """Return, by student, the folder or file that names several students without a group in the roster."""
    pairs: dict[str, str] = {}
    for source, identity in identities.items():
        is_signed = isinstance(identity, Identity) and identity.student
        together = () if is_signed else submission_source.owners(source, names)
        if len(together) > 1 and not any(each.group or each.id in pairs for each in together):
            pairs |= {each.id: source.name for each in together}
    return pairs


def _together(name: str, mates: Sequence[str]) -> tuple[Remark, ...]:
    """Return the remark that a folder counts for several students because its name has theirs."""
    if not name:
        return ()
    text = N_("{file} has the names of {students}: it counts for each of them")
    return (Remark(SHARED, Message(text, {"file": name, "students": list(mates)}), tuple(mates)),)


def _members(roster: Sequence[Student]) -> Mapping[str, tuple[str, ...]]:
    """Return the ids of the members of each group."""
    groups: dict[str, tuple[str, ...]] = {}
    for student in roster:
        if student.group:
            groups[student.group] = (*groups.get(student.group, ()), student.id)
    return groups


def _with_moodle_ids(
    roster: Sequence[Student], whose: Mapping[SubmissionSource, str]
) -> Mapping[str, Student]:
    """Return all students of the class by id, with Moodle's identifier from the roster or from the download.

    A folder of the download names a participant, also where marking is blind. It counts for the student whom
    its name names, else for the owner of the submission in it, unless that student has several such folders.
    """
    students = {name: Student(name, "", "") for name in whose.values()}
    students |= {student.id: student for student in roster}
    numbers: dict[str, set[str]] = {}
    for source, name in whose.items():
        if number := submission_source.participant(source):
            named = submission_source.owner(source, roster)
            numbers.setdefault(named.id if named else name, set()).add(number)
    for name, found in numbers.items():
        if len(found) == 1 and not students[name].moodle_id:
            students[name] = replace(students[name], moodle_id=f"Participant {min(found)}")
    return students


def _owner(source: SubmissionSource, identity: Identity | Failure, names: ClassNames) -> str:
    """Return the student id: from the submission, else from its file name, else an id unique to this file."""
    if isinstance(identity, Identity) and identity.student:
        return identity.student
    if named := submission_source.owners(source, names):
        return named[0].id
    own = submission_source.stem(source.name)
    plain = "".join(c if state.PLAIN_NAME.fullmatch(c) else "_" for c in own).lstrip(".-_") or "x"
    return plain[:64]


def _worth(
    identity: Identity | Failure, source: SubmissionSource, rule: Precedence
) -> tuple[bool, bool, tuple[float, ...], tuple[str, ...]]:
    """Return the sort key that decides which submission counts: readable, signed, the first by `rule`."""
    if isinstance(identity, Failure):
        return False, False, (), source.parts
    return not identity.text_only, identity.seal is Seal.WHOLE, rule.rank(identity), source.parts


def _selection(
    student: Student,
    own: Sequence[SubmissionSource],
    identities: Mapping[SubmissionSource, Identity | Failure],
    lab: Lab,
    odd: tuple[Remark, ...],
) -> Selection:
    entry = Entry(student.id, student.name, student.email, student.moodle_id, group=student.group)
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
    names: ClassNames,
    student: Student,
    own: Sequence[SubmissionSource],
    identities: Mapping[SubmissionSource, Identity | Failure],
    mates: Sequence[str],
) -> tuple[Remark, ...]:
    """Return remarks on the way in which a student's submissions were handed in."""
    remarks = []
    if names.students and all(each.id != student.id for each in names.students):
        remarks.append(Remark(STRANGER, Message(N_("is not in the roster"))))
    for source in own[:1]:
        other = submission_source.owner(source, names.students)
        together = {each.id for each in submission_source.owners(source, names)} & {*mates}
        if isinstance(identities[source], Identity) and other and other.id not in mates and not together:
            said = Message(N_("{file} was handed in by {other}"), {"file": source.name, "other": other.id})
            remarks.append(Remark(MISFILED, said, (other.id,)))
    return tuple(remarks)


def _spare(
    own: Sequence[SubmissionSource],
    whose: Mapping[SubmissionSource, str],
    identities: Mapping[SubmissionSource, Identity | Failure],
    group: str,
    rule: Precedence,
) -> tuple[Remark, ...]:
    """Return a remark for each submission that does not count, the best of `own` being the first.

    Moodle has a copy of a group's submission in the folder of each member: a copy is no other submission.
    """
    remarks = []
    for source in own[1:]:
        best, other = identities[own[0]], identities[source]
        values = {"file": source.name, "best": own[0].name, "group": group}
        if not group and rule is NEWEST:
            said = Message(N_("{file} is also a submission of this student"), {"file": source.name})
        elif _is_copy(best, other):
            continue
        elif not group:
            said = Message(_OF_EXAM, {**values, "reason": _inferiority(best, other, rule)})
        else:
            names = {"owner": whose[source], "author": whose[own[0]]}
            said = Message(_OF_GROUP, {**values, **names, "reason": _inferiority(best, other, rule)})
        remarks.append(Remark(SPARE, said))
    return tuple(remarks)


_OF_EXAM = N_("{best} counts, and {file} does not: {reason}")
_OF_GROUP = N_("for the group {group}, {best} of {author} counts, and {file} of {owner} does not: {reason}")


def _is_copy(best: Identity | Failure, other: Identity | Failure) -> bool:
    return isinstance(best, Identity) and isinstance(other, Identity) and best.digest == other.digest


def _inferiority(best: Identity | Failure, other: Identity | Failure, rule: Precedence) -> Message:
    """Return why a submission does not count beside a better one."""
    if isinstance(other, Failure) or isinstance(best, Failure):
        return Message(N_("it cannot be read"))
    if best.seal is Seal.WHOLE and other.seal is not Seal.WHOLE:
        return Message(N_("no seat of the course signed it"))
    return rule.reason(best, other)
