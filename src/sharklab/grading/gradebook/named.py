"""Find the students whom the name of a file or a folder names: one, a pair, or a group of the roster.

Students, teachers and services such as GitHub Classroom give these names: `tp4-alice-bob`, `Martin Alice`,
`TP 4 - les-pingouins`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from sharklab.grading.submission import capture_names
from sharklab.lab.roster import Student

_SHORTEST = 3
"""Characters of the shortest id that is found inside a longer name."""
_LONGEST = 24
"""Words of a name that are looked at."""
_WORD = re.compile(r"[^\W_]+")
_Words = tuple[str, ...]


class ClassNames:
    """The ids, the names and the groups of the students of a class."""

    def __init__(self, students: Iterable[Student]) -> None:
        self.students = tuple(students)
        self._ids: dict[str, list[str]] = {}
        self._names: dict[_Words, list[str]] = {}
        self._groups: dict[_Words, str] = {}
        for each in self.students:
            self._ids.setdefault(each.id.casefold(), []).append(each.id)
            for words in _turn_name(capture_names.words(each.name)):
                self._names.setdefault(words, []).append(each.id)
            if words := capture_names.words(each.group):
                self._groups.setdefault(words, each.group)

    def of(self, name: str) -> tuple[Student, ...]:
        """Return the students whom `name` (without endings) names, in the order of the roster, or none.

        The whole name may be an id. Otherwise the ids and the full names in it count, then the group with
        whose name it ends.
        """
        plain = name.casefold()
        words = capture_names.words(name)[:_LONGEST]
        ids = self._ids.get(plain) or [*self._people_in(name)]
        if ids:
            return tuple(each for each in self.students if each.id in ids)
        group = next((self._groups[w] for w in _ends(words) if w in self._groups), None)
        return tuple(each for each in self.students if group and each.group == group)

    def _people_in(self, name: str) -> Iterator[str]:
        """Yield the ids between the signs of a name, and the students whose full names are in the rest."""
        rest = 0
        for start, end in _spans(name, self._ids):
            yield from self._ids[name[start:end].casefold()]
            yield from self._names_in(name[rest:start])
            rest = end
        yield from self._names_in(name[rest:])

    def _names_in(self, text: str) -> Iterator[str]:
        """Yield the students whose full names are in a text, first name first or last."""
        words = capture_names.words(text)[:_LONGEST]
        for first in range(len(words)):
            for last in range(first + 2, len(words) + 1):
                yield from self._names.get(words[first:last], ())


def _spans(name: str, ids: Collection[str]) -> Iterator[tuple[int, int]]:
    """Yield where the ids in a name begin and end; a part of a longer id is none."""
    words = [found.span() for found in _WORD.finditer(name)][:_LONGEST]
    done = 0
    for first, (start, _) in enumerate(words):
        ends = [end for _, end in words[first:] if name[start:end].casefold() in ids]
        if start >= done and ends and ends[-1] - start >= _SHORTEST:
            done = ends[-1]
            yield start, done


def _turn_name(words: _Words) -> set[_Words]:
    """Return a full name as it is, and with its first or its last word at the other end."""
    return {words, words[1:] + words[:1], words[-1:] + words[:-1]} if len(words) > 1 else set()


def _ends(words: _Words) -> Iterator[_Words]:
    """Yield the ends of a name, the longest first."""
    return (words[start:] for start in range(len(words)))
