"""Find the conversation of an exercise that a student recorded, and about which no answer says anything.

The lab itself tells the kind (`submission.service`). A capture that has conversations with one such service
alone leaves no doubt which is meant. Any other capture earns nothing without an answer.
"""

from __future__ import annotations

from collections.abc import Iterable

from sharklab.checks.context import Talk
from sharklab.grading.submission import service
from sharklab.lab.model import Exercise


def of_kind(exercise: Exercise, talks: Iterable[Talk]) -> list[Talk]:
    """Return the conversations with the one service of the exercise's kind, none if there are several.

    `talks` are those of its captures; one whose sides are not sure is in it both ways round.
    """
    wanted = service.of(exercise)
    fitting = [(name, talk) for name, talk in talks if wanted and wanted.fits(talk)]
    return fitting if len({talk.server for _, talk in fitting}) == 1 else []
