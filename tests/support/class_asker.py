"""The desk of a class of three, which is asked directly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sharklab.cli.workbench.client import NOBODY
from sharklab.cli.workbench.desk import class_desk
from sharklab.lab import load
from sharklab.lab.roster import Student

NAMES = {"alice": "Alice Müller", "bob": "Bob Martin", "carol": "Carol Weber"}


class ClassAsker:
    """Asks the desk of a class of three, whose work is in folders below `place`."""

    def __init__(self, lab: str, place: Path) -> None:
        self.lab = load.read_named(lab)
        students = tuple(Student(id, name, "") for id, name in NAMES.items())
        self.ended: list[str] = []
        """The students whose visits were ended."""
        self.desk = class_desk.make(
            self.lab,
            students,
            lambda lab, student: place / student / "work",
            lambda lab, student: self.ended.append(student),
        )
        self.handlers = self.desk.handlers()

    def __call__(self, want: str, student: str = "alice", **more: Any) -> Mapping[str, Any]:
        """Return the content of an answer; that of its file is `file`."""
        answer = self.handlers[want](student, {"lab": self.lab.name, "lang": "en", **more}, [])
        if answer.handle is None:
            return answer.content
        with answer.handle as file:
            return {**answer.content, "file": file.read()}  # type: ignore[union-attr]

    def rows(self, lang: str = "en") -> dict[str, dict[str, Any]]:
        """Return the rows of the table by student."""
        return {row["student"]: row for row in self("class", NOBODY, lang=lang)["rows"]}

    def wait(self) -> None:
        """Wait until each job has ended."""
        self.desk.seat_desk.jobs._pool.shutdown(wait=True)
