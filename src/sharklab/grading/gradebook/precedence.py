"""The rule for several submissions with the same seal: the newest counts, or the first in an exam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sharklab.grading.gradebook.work_item import Identity
from sharklab.lab.exam import Window
from sharklab.message import N_, Message


class Precedence(Protocol):
    """A rule for several submissions of one student."""

    def rank(self, one: Identity) -> tuple[float, ...]:
        """Return the rank of a submission; the one with the greatest counts."""

    def reason(self, best: Identity, other: Identity) -> Message:
        """Return why `other` does not count beside the `best` one."""


_EQUAL = N_("the times of packing are equal or unknown, and the last file name counts")


class Newest:
    """The rule outside exams: the newest submission counts."""

    def rank(self, one: Identity) -> tuple[float, ...]:
        """Return the time of packing."""
        return (one.made,)

    def reason(self, best: Identity, other: Identity) -> Message:
        """Return that the other is older, or was packed at the same time."""
        return Message(N_("it is older") if other.made < best.made else _EQUAL)


@dataclass(frozen=True)
class FirstInTime:
    """The rule of an exam: the first submission counts that was made in the student's time.

    One with the instructor's code comes before that. Where none was made in time, those after the `window`
    come before those before it. Without a window all are in time.
    """

    window: Window | None = None

    def rank(self, one: Identity) -> tuple[float, ...]:
        """Return whether it is in time, not too early, and with the code; then how early it is."""
        return self._is_in_time(one), not self._is_early(one), one.again, -one.made

    def reason(self, best: Identity, other: Identity) -> Message:
        """Return the first difference between the two."""
        mine, theirs = self.rank(best), self.rank(other)
        if mine[:2] != theirs[:2]:
            return Message(N_("it was not made in the time of the exam"))
        if best.again and not other.again:
            return Message(N_("the student handed in once more with the instructor's code"))
        return Message(N_("in an exam the first submission counts") if mine != theirs else _EQUAL)

    def _is_in_time(self, one: Identity) -> bool:
        return self.window is None or self.window.begin <= one.made <= self.window.end

    def _is_early(self, one: Identity) -> bool:
        return self.window is not None and one.made < self.window.begin


NEWEST = Newest()
