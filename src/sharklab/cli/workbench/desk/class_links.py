"""The personal links of a class: derived from the course's secret, each good for one use.

A link that was used, or lost, is replaced by another one; the older one then counts no more. The instructor's
next link is always there: when it is used, the cookie of the one before ends.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.cli.workbench.site import Site
from sharklab.lab import seat
from sharklab.lab.roster import Student
from sharklab.message import N_, Message

LETTERS = 32
"""The length of a token: 160 bits."""
PATIENCE = 10.0
TEACHER = Reader("instructor", INSTRUCTOR)


def token(lab: str, student: str) -> str:
    """Return the token of a student's present link."""
    return _token(lab, student, _number(_read(), lab, student))


def teachers_token(lab: str) -> str:
    """Return the token of the instructor's next link."""
    return _token(lab, TEACHER.link_name, _number(_read(), lab, TEACHER.link_name) + 1)


def numbers(lab: str, students: Iterable[str]) -> dict[str, int]:
    """Return the number of the present link of each reader: a cookie of an older one counts no more.

    That of the instructor is the one that was used last.
    """
    known = _read()
    return {name: _number(known, lab, name) for name in (TEACHER.link_name, *students)}


def list_unused(lab: str, students: Iterable[str]) -> dict[str, Reader]:
    """Return the reader of each present link that nobody has used yet, by its token."""
    known = _read()
    readers = {}
    for student in students:
        if not known.get(_name(lab, student), {}).get("used"):
            number = _number(known, lab, student)
            own = Reader(student, seats=frozenset({(lab, student)}), epoch=number)
            readers[_token(lab, student, number)] = own
    return readers


def use(lab: str, students: Iterable[str], token: str) -> Reader | None:
    """Return the reader of a present link that nobody has used yet, and note that it is used; else None."""
    if token == teachers_token(lab):
        return _use_teachers(lab, token)
    reader = list_unused(lab, students).get(token)
    if reader is None:
        return None
    with _change() as known:
        name = _name(lab, reader.name)
        if known.get(name, {}).get("used") or _number(known, lab, reader.name) != reader.epoch:
            return None
        known[name] = {"number": reader.epoch, "used": True}
    return reader


def _use_teachers(lab: str, token: str) -> Reader | None:
    """Let the instructor's next link be the present one."""
    with _change() as known:
        number = _number(known, lab, TEACHER.link_name) + 1
        if token != _token(lab, TEACHER.link_name, number):  # somebody was quicker
            return None
        known[_name(lab, TEACHER.link_name)] = {"number": number, "used": True}
    return replace(TEACHER, epoch=number)


def renew(lab: str, student: str) -> str:
    """Give a student another link, and return its token."""
    with _change() as known:
        number = _number(known, lab, student) + 1
        known[_name(lab, student)] = {"number": number, "used": False}
    return _token(lab, student, number)


def renew_used(lab: str, students: Iterable[str]) -> None:
    """Give another link to each of `students` whose present one was used: a table has links that work."""
    with _change() as known:
        for student in students:
            if known.get(_name(lab, student), {}).get("used"):
                number = _number(known, lab, student) + 1
                known[_name(lab, student)] = {"number": number, "used": False}


def table(lab: str, students: Iterable[Student], site: Site) -> str:
    """Return the present links of a class as CSV: student, name, e-mail, link."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("student", "name", "email", "link"))
    for own in students:
        writer.writerow((own.id, own.name, own.email, site.link(token(lab, own.id))))
    return text.getvalue()


@contextmanager
def _change() -> Iterator[dict[str, Any]]:
    """Hold the file of links for one change, and write it at the end."""
    with state.lock(_file().with_suffix(".lock"), Message(N_("the links of the workbench")), PATIENCE):
        known = _read()
        yield known
        state.write(_file(), json.dumps(known))


def _file() -> Path:
    return state.folder(state.root() / "workbench") / "links.json"


def _read() -> dict[str, Any]:
    try:
        known = json.loads(_file().read_text())
        return {
            name: {"number": int(own["number"]), "used": bool(own["used"])} for name, own in known.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise state.explain_damage(_file(), error) from error


def _name(lab: str, student: str) -> str:
    return f"{lab}/{student}"


def _number(known: Mapping[str, Any], lab: str, student: str) -> int:
    number: int = known.get(_name(lab, student), {}).get("number", 0)
    return number


def _token(lab: str, student: str, number: int) -> str:
    return seat.Draw(seat.secret(), lab, student).word(f"workbench link {number}", LETTERS)
