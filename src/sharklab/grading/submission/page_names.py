"""Tell which exercises and questions of a lab the words of a page name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile

from sharklab.checks import QUESTIONS
from sharklab.checks.question import End, Question
from sharklab.grading.submission import labels
from sharklab.lab.model import Exercise

_ARTICLES = frozenset({"a", "an", "the", "un", "une", "le", "la", "les", "l"})


class PageNames:
    """The words by which a page names exercises and questions."""

    def __init__(self, exercises: Sequence[Exercise]) -> None:
        self._by_id = {each.id: each for each in exercises}
        self._words = _own_words({each.id: _names(each) for each in exercises})
        self._kinds = _own_words({each.id: _kinds(each) for each in exercises})
        self._captures = _own_words({each.id: _capture_names(each) for each in exercises})

    def near(self, text: str) -> tuple[Exercise, ...]:
        """Return the exercises that a heading may name; one name in another does not count.

        The kind of an exercise ("a call") counts where no exercise is named: "5. A call by Discord".
        """
        return self._find_exercises(text, self._words) or self._find_exercises(text, self._kinds)

    def of_capture(self, text: str) -> tuple[Exercise, ...]:
        """Return the exercise of which a heading names a capture; nothing if it names none, or several."""
        found = self._find_exercises(text, self._captures)
        return found if len(found) == 1 else ()

    def _find_exercises(self, text: str, known: Mapping[str, set[tuple[str, ...]]]) -> tuple[Exercise, ...]:
        said = labels.words(text)
        names = {(id, words) for id, own in known.items() for words in own if _holds(said, words)}
        longest = {
            id
            for id, words in names
            if not any(len(other) > len(words) and _holds(other, words) for _, other in names)
        }
        return tuple(self._by_id[id] for id in known if id in longest)

    def exact(self, text: str) -> tuple[Exercise, ...]:
        """Return the exercise of which a text is the name, and nothing else."""
        words = labels.words(text)
        return tuple(
            self._by_id[id] for id, own in self._words.items() if words in own | self._kinds.get(id, set())
        )

    def questions(self, exercise: str) -> list[str]:
        """Return the questions of an exercise that a conversation answers."""
        return [name for name in self._by_id[exercise].questions if QUESTIONS[name].of_conversation]

    def words(self, exercise: Exercise) -> set[str]:
        """Return the words of all names of an exercise."""
        return {word for name in self._words[exercise.id] for word in name}

    def find_questions(self, exercise: Exercise, label: str, text: str) -> dict[str, bool]:
        """Return the questions of an exercise that a label names: two for "IP:port server".

        The value is True for a question about a server whose label names no end.
        """
        said = {*labels.words(label)}
        names = [name for name in self.questions(exercise.id) if said == set(name.split("_"))]
        wanted = set() if names else labels.find_values(label, text, self.words(exercise))
        found = dict.fromkeys(names, False)
        for name in self.questions(exercise.id):
            value, end = of(QUESTIONS[name])
            if (value, end) in wanted or (end is End.SERVER and (value, None) in wanted):
                found[name] = (value, end) not in wanted
        return found


def of(question: Question) -> labels.Named:
    """Return the value that a question asks for, and its end."""
    return question.value, question.end


def _own_words(names: Mapping[str, Iterable[str]]) -> Mapping[str, set[tuple[str, ...]]]:
    """Return the words of the names of each exercise, without names that others have too."""
    words = {id: {found for name in own if (found := labels.words(name))} for id, own in names.items()}
    return {
        id: own - {each for other, theirs in words.items() if other != id for each in theirs}
        for id, own in words.items()
    }


def _capture_names(exercise: Exercise) -> Iterator[str]:
    return (name for capture in exercise.captures for name in (capture.id, *capture.names))


def _names(exercise: Exercise) -> Iterator[str]:
    yield exercise.id
    for title in exercise.title.values():
        yield from (title, title.partition(":")[0])


def _kinds(exercise: Exercise) -> Iterator[str]:
    """Yield the kind of an exercise in each language, without its article: "Application 1: a web site"."""
    for title in exercise.title.values():
        words = list(dropwhile(_ARTICLES.__contains__, labels.words(title.partition(":")[2])))
        if words:
            yield " ".join(words)


def _holds(said: Sequence[str], words: Sequence[str]) -> bool:
    return any(said[start : start + len(words)] == words for start in range(len(said) - len(words) + 1))
