"""The students who may log in: gateway/students.json, with each one's number and keys.

The number is the student's uid inside the jail. It is given once and never to another student. The keys that
a student stored lie in gateway/own_keys/, so that a new roster leaves them alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharklab import state
from sharklab.errors import InputError, MachineryError
from sharklab.hosts.ssh_gateway import keys
from sharklab.lab.roster import Student
from sharklab.message import N_

FIRST, LAST = 1000, 60_000
"""The uids of students inside the jail."""


@dataclass(frozen=True)
class Login:
    """A student who may log in: uid inside the jail, and public keys.

    A student of the class who has stored no key may log in once by the password.
    """

    uid: int
    keys: tuple[str, ...] = ()
    has_stored: bool = False

    @property
    def has_password(self) -> bool:
        """True as long as the password of the first login counts."""
        return bool(self.keys) and not self.has_stored


def folder() -> Path:
    """Return the gateway's folder in the state."""
    return state.root() / "gateway"


def file() -> Path:
    """Return the file of the students."""
    return folder() / "students.json"


def read() -> dict[str, Login]:
    """Return the students by id, none without a file. Raises MachineryError when the file is damaged."""
    try:
        content = json.loads(file().read_text())
        return {name: _login(name, int(own["uid"]), tuple(own["keys"])) for name, own in content.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MachineryError(
            N_("the gateway's list of students is damaged"),
            place=str(file()),
            hint=N_("remove it, and name the roster again: sharklab gateway start --roster FILE"),
        ) from error


def _login(name: str, uid: int, given: tuple[str, ...]) -> Login:
    """Return a student with the stored keys. One who left the class has none."""
    own = read_stored_keys(name) if given else ()
    return Login(uid, tuple(dict.fromkeys((*given, *own))), bool(own))


def find_key_folder() -> Path:
    """Return the folder of the keys that students stored: a file for each student."""
    return folder() / "own_keys"


def read_stored_keys(student: str) -> tuple[str, ...]:
    """Return the keys that a student stored."""
    try:
        return tuple((find_key_folder() / student).read_text().splitlines())
    except FileNotFoundError:
        return ()


def store(student: str, text: str) -> None:
    """Store the key in `text`, a line of a file `.pub`, beside those that the student stored before.

    Raises InputError when it is no key, or one too many.
    """
    found = keys.read_all("\n".join((*read_stored_keys(student), text)))
    if not text.strip():
        raise InputError(
            N_("no key came"),
            hint="ssh -p 2222 {student}@SERVER key < ~/.ssh/id_ed25519.pub",
            student=student,
        )
    state.write(state.folder(find_key_folder()) / student, "".join(f"{key}\n" for key in found), durable=True)


def enter(roster: Sequence[Student], given: Mapping[str, tuple[str, ...]]) -> dict[str, Login]:
    """Replace the list by the students of a roster, and return it.

    A student has the keys of the roster, those of `given`, and the personal key. Raises InputError for keys
    that are none, with every student who has one.
    """
    known, found, problems = read(), {}, []
    free = iter(sorted({*range(FIRST, LAST)} - {own.uid for own in known.values()}))
    for student in roster:
        own = known[student.id].uid if student.id in known else next(free)
        try:
            theirs = keys.read_all(student.ssh_key)
        except InputError as error:
            error.place = student.id
            problems.append(error)
            continue
        everything = (*theirs, *given.get(student.id, ()), keys.personal(student.id)[1])
        found[student.id] = Login(own, tuple(dict.fromkeys(everything)))
    if problems:
        raise InputError(N_("some students have no SSH key that counts"), problems=tuple(problems))
    _write({**{name: Login(own.uid) for name, own in known.items()}, **found})
    return read()


def _write(students: Mapping[str, Login]) -> None:
    content = {name: {"uid": own.uid, "keys": list(own.keys)} for name, own in students.items()}
    state.folder(folder())
    state.write(file(), json.dumps(content, indent=1), durable=True)


def _language_file() -> Path:
    return folder() / "language"


def read_language() -> str:
    """Return the code of the language of the class, "" before the first start of the gateway."""
    try:
        return _language_file().read_text().strip()
    except FileNotFoundError:
        return ""


def write_language(code: str) -> None:
    """Keep the language of the class: a student's computer may tell none."""
    state.folder(folder())
    state.write(_language_file(), code)
